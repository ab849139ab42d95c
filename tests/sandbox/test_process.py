"""The process: starting, ending, being killed, and what it says when it cannot start."""

import json
import random
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.sandbox import asking
from tests.sandbox.fixtures import ROOT, SECRET, SandboxProcess


def start_and_fail(*flags: str, env_secret: str = SECRET) -> str:
    words = [sys.executable, "-m", "sandbox", "--secret", env_secret, *flags]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


def test_it_is_healthy_and_ends_quickly_on_sigterm_though_a_connection_hangs(own_sandbox):
    own_sandbox.behave("bank", "slow", seconds=600)
    with socket.create_connection(("127.0.0.1", own_sandbox.port)) as hanging:
        hanging.sendall(b"GET /bank/events HTTP/1.1\r\n\r\n")
        assert own_sandbox.get("/healthz")[1]["status"] == "ok"
        begun = time.monotonic()
        assert own_sandbox.stop() == 0
        assert time.monotonic() - begun < 10
        assert hanging.recv(1) == b"", "never answered"


def test_it_imports_nothing_of_the_product():
    program = (
        "import sys, sandbox.__main__; print([m for m in ('django', 'seller_center', 'orders') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_it_says_in_a_sentence_why_it_cannot_start(own_sandbox, tmp_path):
    assert "Another sandbox already works in" in start_and_fail("--data", str(own_sandbox.data), "--port", "0")
    taken = start_and_fail("--data", str(tmp_path / "other"), "--port", str(own_sandbox.port))
    assert f"cannot listen on 127.0.0.1:{own_sandbox.port}" in taken
    assert "needs a secret" in start_and_fail("--data", str(tmp_path / "other"), env_secret="")
    (tmp_path / "file").write_text("")
    assert "cannot keep its journal" in start_and_fail("--data", str(tmp_path / "file"), "--port", "0")


def test_it_has_control_only_when_told_so(tmp_path):
    process = SandboxProcess(tmp_path / "data")
    process.stop()
    words = [sys.executable, "-m", "sandbox", "--port", "0", "--data", str(tmp_path / "data"), "--secret", SECRET]
    plain = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    process.url = plain.stdout.readline().split()[-1]
    status, _ = process.post("/control/behaviour", {"service": "bank", "mode": "down"})
    plain.terminate()
    plain.communicate(timeout=30)
    assert status == 404


def test_it_remembers_everything_after_kill_9(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(), "pay")
    own_sandbox.post("/payment/payments/pay/capture", {"amount_minor": 2500}, "capture")
    own_sandbox.post("/bank/transfers", asking.transfer(account="00019903"), "payout:1")
    own_sandbox.post("/carrier/labels", asking.label(), "label:1")
    own_sandbox.pass_time(days=3)
    paths = [
        "/payment/payments/pay",
        "/bank/transfers/payout:1",
        "/carrier/labels/label:1",
        "/carrier/tracking",
        "/payment/events",
        "/bank/events",
    ]
    before = [own_sandbox.get(path) for path in paths]
    own_sandbox.restart()
    assert [own_sandbox.get(path) for path in paths] == before
    assert own_sandbox.get("/clock")[1]["offset_seconds"] == 3 * 24 * 3600
    own_sandbox.pass_time(days=30)
    assert own_sandbox.get("/bank/transfers/payout:1")[1]["return_code"] == "R03", "what was planned still happens"


@pytest.mark.slow
def test_it_loses_and_doubles_nothing_when_killed_at_random_moments(own_sandbox):
    seed = random.randrange(10**6)
    print("seed", seed)
    dice = random.Random(seed)
    answered: dict[str, dict] = {}
    for round_number in range(6):
        killer = threading.Timer(dice.uniform(0.02, 0.25), own_sandbox.process.kill)
        killer.start()
        for number in range(2000):
            key = f"payout:{round_number}-{number}"
            try:
                answered[key] = own_sandbox.post("/bank/transfers", asking.transfer(), key)[1]
            except OSError:
                break
        killer.join()
        own_sandbox.restart()
        # the one without an answer is sent again by its key, and then is there exactly once
        answered[key] = own_sandbox.post("/bank/transfers", asking.transfer(), key)[1]
    assert len(answered) > 6
    for key, answer in answered.items():
        assert own_sandbox.post("/bank/transfers", asking.transfer(), key)[1] == answer
    lines = [json.loads(line) for line in (own_sandbox.data / "journal.jsonl").read_text().splitlines()]
    taken = [fact["key"] for line in lines for fact in line["facts"] if fact["kind"] == "transfer.taken"]
    assert sorted(taken) == sorted(answered)


def test_it_cuts_off_a_torn_last_line_and_refuses_a_damaged_one(own_sandbox):
    own_sandbox.post("/payment/payments", asking.payment(), "pay")
    own_sandbox.kill()
    journal = own_sandbox.data / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"at":1,"facts":[{"ki')
    own_sandbox.start()
    assert own_sandbox.get("/payment/payments/pay")[0] == 200
    own_sandbox.kill()
    assert journal.read_bytes().startswith(whole)
    assert b'"ki\n' not in journal.read_bytes()

    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + b"{damaged\n" + b"".join(lines[1:]))
    assert start_and_fail("--data", str(own_sandbox.data), "--port", "0").startswith("Line 2 of")
    journal.write_bytes(whole)
    own_sandbox.start()
