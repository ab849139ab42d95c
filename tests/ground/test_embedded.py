"""The embedded servers: started, joined, left behind, found again, stopped by the last one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from seller_center import embedded
from tests.ground.processes import ROOT, environment, eventually, left_of, manage

pytestmark = pytest.mark.slow

HOLD = """
import sys
from pathlib import Path
from seller_center import embedded
print(embedded.start(Path(sys.argv[1]), persist=False).redis, flush=True)
sys.stdin.read()
embedded.stop(Path(sys.argv[1]))
"""


@pytest.fixture
def folder():
    """A data folder with a short path, with no process left at the end."""
    made = Path(tempfile.mkdtemp(prefix="sc-ground-"))
    yield made
    for process in left_of(made):
        process.kill()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """As if the tests had no servers of their own."""
    for name in ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the servers until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("redis://")
    return process


def ask(urls: embedded.Urls, statement: str, *, url: str = "") -> list[tuple]:
    import psycopg2

    connection = psycopg2.connect(url or urls.database)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def test_they_start_and_stop_and_keep_the_data(folder):
    urls = embedded.start(folder)
    ask(urls, "CREATE TABLE kept AS SELECT 7 AS number; GRANT SELECT ON kept TO seller_app", url=urls.owner)
    assert len(embedded.running(folder)) == 2
    embedded.stop(folder)
    assert embedded.running(folder) == []
    assert left_of(folder) == []
    urls = embedded.start(folder)
    assert ask(urls, "SELECT number, current_user FROM kept") == [(7, "seller_app")]
    embedded.stop(folder)


def test_the_last_one_to_leave_stops_them(folder):
    other = holder(folder)
    pids = embedded.running(folder)
    urls = embedded.start(folder, persist=False)
    assert embedded.running(folder) == pids, "joined, not started again"
    other.communicate("", timeout=30)
    assert embedded.running(folder) == pids, "we are still here"
    assert ask(urls, "SELECT 1") == [(1,)]
    embedded.stop(folder)
    assert left_of(folder) == []


def test_servers_left_behind_are_found_and_stopped(folder):
    other = holder(folder)
    pids = embedded.running(folder)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert embedded.running(folder) == pids, "a killed holder leaves them running"
    embedded.start(folder, persist=False)
    assert embedded.running(folder) == pids
    embedded.stop(folder)
    assert left_of(folder) == []


def test_killed_servers_start_again(folder):
    urls = embedded.start(folder)
    ask(urls, "CREATE TABLE kept AS SELECT 7 AS number", url=urls.owner)
    pids = embedded.running(folder)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not embedded.running(folder))
    embedded.stop(folder)
    assert (folder / "pg" / "postmaster.pid").exists(), "a stale lock"
    assert eventually(lambda: not left_of(folder)), "PostgreSQL's own children end themselves"
    urls = embedded.start(folder)
    assert ask(urls, "SELECT number FROM kept", url=urls.owner) == [(7,)]
    embedded.stop(folder)


def test_a_stale_lock_with_the_number_of_another_process_does_no_harm(folder):
    embedded.start(folder)
    embedded.stop(folder)
    (folder / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    (folder / "valkey.json").write_text(json.dumps({"pid": os.getpid(), "port": 1, "password": "x", "url": "x"}))
    embedded.start(folder)
    assert len(embedded.running(folder)) == 2
    embedded.stop(folder)


def test_an_interrupted_first_start_leaves_no_half_cluster(folder):
    (folder / "pg.new").mkdir()
    (folder / "pg").mkdir()
    (folder / "pg" / "rubbish").touch()
    embedded.start(folder)
    embedded.stop(folder)


def test_a_path_too_long_for_a_socket_gets_a_short_one(folder):
    deep = folder / ("d" * 60) / ("e" * 60)
    urls = embedded.start(deep)
    assert ask(urls, "SELECT 1") == [(1,)]
    assert "/tmp/seller-center-" in urls.database
    embedded.stop(deep)
    assert left_of(deep) == []
    shutil.rmtree(embedded._socket_folder(deep / "pg"))


def test_a_full_disk_is_one_sentence(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    with pytest.raises(embedded.Refused, match="is full"):
        embedded.start(folder)
    assert embedded.running(folder) == []


def test_nothing_is_embedded_where_servers_are_named(folder, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://app@db.example.com/x")
    monkeypatch.setenv("REDIS_URL", "redis://valkey.example.com")
    assert embedded.start(folder) == embedded.Urls("", "", "", "")
    assert embedded.running(folder) == []
    embedded.stop(folder)


def test_the_password_of_valkey_is_needed(folder):
    import redis

    url = embedded.start(folder).redis
    assert redis.Redis.from_url(url).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(url.replace(url[url.index(":", 8) : url.index("@")], "")).ping()
    embedded.stop(folder)


def test_no_other_user_gets_at_the_database(folder):
    embedded.start(folder)
    assert (folder / "pg").stat().st_mode & 0o077 == 0, "the socket lies in a folder of its owner"
    embedded.stop(folder)


def test_secrets_are_made_once_and_kept_private(folder):
    first = embedded.kept_secrets(folder)
    assert embedded.kept_secrets(folder) == first
    assert (folder / "secrets.json").stat().st_mode & 0o077 == 0
    assert set(first) == {"SECRET_KEY", "ENCRYPTION_KEYS", "BLIND_INDEX_KEY", "SANDBOX_SECRET"}


def test_manage_starts_them_itself_and_leaves_nothing(folder):
    done = manage(
        "shell", "--no-imports", "-v0", "-c", "from django.db import connection as c\n" + WHO, DATA_DIR=folder
    )
    assert done.stdout.strip() == "seller_app", done.stderr
    assert left_of(folder) == []


def test_manage_joins_those_that_run(folder):
    other = holder(folder)
    pids = embedded.running(folder)
    done = manage(
        "shell", "--no-imports", "-v0", "-c", "from django.db import connection as c\n" + WHO, DATA_DIR=folder
    )
    assert done.stdout.strip() == "seller_app", done.stderr
    assert embedded.running(folder) == pids
    other.communicate("", timeout=30)
    assert left_of(folder) == []


WHO = "k = c.cursor(); k.execute('SELECT current_user'); print(k.fetchone()[0])"
