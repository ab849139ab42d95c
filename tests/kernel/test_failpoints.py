"""Failpoints: nothing unless armed; the end of the process, or an exception, at the pass that was named."""

import os
import subprocess
import sys

import pytest

from seller_center.kernel import failpoints
from seller_center.kernel.failpoints import EXIT_STATUS, FailpointReached, arm, failpoint, passes


@pytest.fixture(autouse=True)
def disarmed():
    arm("")
    yield
    arm("")


def test_it_does_nothing_unarmed():
    for __ in range(3):
        failpoint("payout.after_bank")
    assert passes("payout.after_bank") == 0


def test_it_raises_at_the_named_pass_and_only_then():
    arm("payout.after_bank=raise:2 import.after_chunk=raise")
    failpoint("payout.after_bank")
    failpoint("somewhere.else")
    with pytest.raises(FailpointReached, match=r"payout\.after_bank"):
        failpoint("payout.after_bank")
    failpoint("payout.after_bank")
    assert passes("payout.after_bank") == 3
    with pytest.raises(FailpointReached):
        failpoint("import.after_chunk")


@pytest.mark.parametrize("text", ["payout.after_bank", "x=explode", "x=exit:soon"])
def test_it_refuses_what_it_does_not_understand(text):
    with pytest.raises(ValueError):
        arm(text)


SCRIPT = """
from seller_center.kernel.failpoints import failpoint
for n in range(3):
    print("pass", n, flush=True)
    failpoint("loop")
try:
    failpoint("never")
finally:
    print("done", flush=True)
"""


def run(armed: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, failpoints.VARIABLE: armed}
    return subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=60)


def test_it_ends_the_process_as_a_kill_would():
    ended = run("loop=exit:2")
    assert ended.returncode == EXIT_STATUS
    assert ended.stdout.split("\n")[:-1] == ["pass 0", "pass 1"]


def test_an_unarmed_process_lives():
    """The control."""
    ended = run("")
    assert ended.returncode == 0
    assert ended.stdout.endswith("done\n")
