"""What processes hold after a long day: a web worker after every page in turn, a Celery child after every periodic task."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figures import Figure
from benchmarks.ground import Ground
from benchmarks.machine import children, resident_megabytes
from benchmarks.pages import pages
from benchmarks.web import Browser, gunicorn, session_cookie
from seller_center.embedded import ROOT

REQUESTS = 10_000
TASKS = 10_000
MOST_MEGABYTES = 180
#: How many tasks may wait: the queue is filled while it is worked off.
WAITING = 500


def of_a_web_worker(ground: Ground) -> Iterator[Figure]:
    """Every page in turn, again and again."""
    cookie = session_cookie()
    asked = [page for page in pages() if not page.floor]
    with gunicorn(ground) as (port, pid):
        known, stranger = Browser(port, Cookie=cookie), Browser(port)
        done = 0
        while done < REQUESTS:
            for page in asked:
                (stranger if page.anonymous else known).get(page.path)
                done += 1
        held = max(resident_megabytes(child) for child in children(pid))
    yield _figure(f"web worker after {done:,} requests", held)


def of_a_celery_child(ground: Ground) -> Iterator[Figure]:
    """Every periodic task once, monthly ones included, then the frequent ones again and again."""
    from seller_center.celery import PERIODIC

    frequent = [line for line in PERIODIC if line.queue == "celery"]
    with worker(ground) as (queue, pid):
        for line in PERIODIC:
            queue.send(line.task)
        queue.wait_for_less_than(1)
        done = len(PERIODIC)
        while done < TASKS:
            for line in frequent:
                queue.send(line.task)
                done += 1
            queue.wait_for_less_than(WAITING)
        queue.wait_for_less_than(1)
        held = max(resident_megabytes(child) for child in children(pid))
    yield _figure(f"Celery child after {done:,} tasks", held)


def _figure(name: str, held: float) -> Figure:
    return Figure(name, f"{held:.0f} MB", "resident, shared pages included", held, most=MOST_MEGABYTES)


class Queue:
    """The broker's lists, and the worker that empties them."""

    def __init__(self, process: subprocess.Popen) -> None:
        import redis

        from seller_center.celery import app

        self.app, self.process = app, process
        self.broker = redis.Redis.from_url(app.conf.broker_url)

    def send(self, task: str) -> None:
        """To the one worker, whichever queue it has in life."""
        self.app.send_task(task, queue="celery", time_limit=3_600, soft_time_limit=3_540)

    def wait_for_less_than(self, number: int) -> None:
        """Until fewer than these wait or are under way."""
        while self.broker.llen("celery") + self.broker.hlen("unacked") >= number:
            if self.process.poll() is not None:
                raise SystemExit("the Celery worker ended; see celery.log in the bench's folder")
            time.sleep(0.2)


@contextlib.contextmanager
def worker(ground: Ground) -> Iterator[tuple[Queue, int]]:
    """A worker with one child, as production runs it. Gives its queue and process id."""
    words = ["--quiet", "-A", "seller_center", "worker", "-Q", "celery", "-c", "1", "-n", "bench@%h"]
    words += ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
    with (ground.folder / "celery.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "celery", *words], cwd=ROOT, stdout=log, stderr=log)
        try:
            yield Queue(process), process.pid
        finally:
            process.terminate()
            process.wait(60)
