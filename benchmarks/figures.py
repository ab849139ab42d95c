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

    @property
    def short(self) -> bool:
        """Does it miss its must?"""
        if self.ratio is None:
            return False
        return (self.most is not None and self.ratio > self.most) or (
            self.least is not None and self.ratio < self.least
        )

    @property
    def line(self) -> str:
        """One line: name, value, reference, ratio, must, verdict."""
        must = "–" if self.most is None and self.least is None else ""
        must = must or (f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}")
        verdict = "SHORT" if self.short else ("ok" if must != "–" else "")
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"{self.name:<34} {self.value:>22}  {self.reference:<28} {ratio:>7}  {must:>7}  {verdict}".rstrip()


def absent(name: str, why: str) -> Figure:
    """Something that is not there yet."""
    return Figure(name, "absent", why)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def ratio_of(values: Sequence[float], references: Sequence[float]) -> float:
    """The median of the rounds' ratios: each round was measured with its reference."""
    return median(value / reference for value, reference in zip(values, references, strict=True) if reference)
