"""The seed of everything that is random in a test: `SEED=7 pytest …` replays what a run has printed."""

import os

SEED = int(os.environ.get("SEED") or 20261024)
