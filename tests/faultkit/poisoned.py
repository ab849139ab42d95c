"""The house's Celery app with one reaction that a test can hold up or make deadly: `celery -A tests.faultkit.poisoned`.

A job whose payload names a ``deed`` ends its worker's child when its end is told (``die``, as the kernel does when memory
is out), fails (``fail``), or stands still in the middle of its transaction until the file ``go`` is there (``wait``).
"""

import os
import signal
import time
from pathlib import Path

from celery.signals import celeryd_after_setup, worker_process_init

from seller_center.celery import app

__all__ = ["app"]

NAME = "shops.tasks.tell_job_finished"
FOLDER = Path(os.environ.get("FAULT_FOLDER", "."))


@worker_process_init.connect
def _poison(**_told: object) -> None:
    from shops import reacting
    from shops.models import Job

    before = reacting._handlers[NAME]

    def told(event) -> None:
        job = Job.objects.in_shop(event.shop).of_code(event.subject_code).get()
        deed = job.payload.get("deed", "")
        if deed:
            with (FOLDER / f"{deed}-{job.code}").open("a") as file:
                file.write(f"{os.getpid()}\n")
        before(event)
        if deed == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if deed == "fail":
            raise ValueError("planted")
        while deed == "wait" and not (FOLDER / "go").exists():
            time.sleep(0.02)

    reacting._handlers[NAME] = told


@celeryd_after_setup.connect
def _let_the_broker_deliver_again(**_told: object) -> None:
    if os.environ.get("BROKER_DELIVERS_AGAIN"):  # the guard is off
        app.tasks[NAME].acks_late = app.tasks[NAME].reject_on_worker_lost = True
