"""Figures and the lines that tell them. Pure."""

import dataclasses
import statistics
from collections.abc import Iterable, Sequence

#: How often each thing is measured, in turn with its reference.
ROUNDS = 5


@dataclasses.dataclass(frozen=True)
class Figure:
    """A value beside its reference. The ratio must be at most ``most`` or at least ``least``; neither: for information."""

    name: str
    value: str
    reference: str = ""
    ratio: float | None = None
    most: float | None = None
    least: float | None = None
    aim: float | None = None

    @property
    def short(self) -> bool:
        """Does it miss its must?"""
        if self.ratio is None:
            return False
        return (self.most is not None and self.ratio > self.most) or (
            self.least is not None and self.ratio < self.least
        )

    @property
    def aimed(self) -> bool | None:
        """Does it reach what is aimed at? None where nothing is."""
        if self.aim is None or self.ratio is None:
            return None
        return self.ratio >= self.aim if self.least is not None else self.ratio <= self.aim

    @property
    def must(self) -> str:
        """What it must reach, in words; empty where it is for information."""
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        """``ok``, ``SHORT``, or nothing where there is no must or no value."""
        if self.short:
            return "SHORT"
        return "ok" if self.must and self.ratio is not None else ""

    @property
    def line(self) -> str:
        """One line: name, value, reference, ratio, must, verdict."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        told = (
            f"{self.name:<36} {self.value:>22}  {self.reference:<32} {ratio:>8}  {self.must or '–':>7}  {self.verdict}"
        )
        return told.rstrip()


def absent(name: str, why: str) -> Figure:
    """Something that is not there yet."""
    return Figure(name, "absent", why)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def ratio_of(values: Sequence[float], references: Sequence[float]) -> float:
    """The median of the rounds' ratios: each round was measured with its reference."""
    return median(value / reference for value, reference in zip(values, references, strict=True) if reference)
