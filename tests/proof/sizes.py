"""How much of a proof runs where: the smaller figure in CI, the one of the catalogue in ``make deep``."""

import os

import pytest

#: ``SEED=number make deep`` replays what a run has printed.
SEED = int(os.environ.get("SEED") or 20261024)


def sizes(ci: int, deep: int) -> list:
    """For ``pytest.mark.parametrize``: the same test at both sizes."""
    return [ci, pytest.param(deep, marks=pytest.mark.deep)]
