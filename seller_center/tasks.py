"""Tasks of the roof: what the clock starts that sees every floor. Each may run twice."""

from celery import shared_task
from django.core.management import call_command

from seller_center import inbox, reactions
from seller_center.kernel import clock


@shared_task(name="seller_center.tasks.deliver_events")
def deliver_events() -> None:
    """Hand recorded events to their reactions."""
    reactions.deliver(clock.now())


@shared_task(name="seller_center.tasks.sweep_deadlines")
def sweep_deadlines() -> None:
    """Call the verbs of deadlines that are due."""
    inbox.sweep(clock.now())


@shared_task(name="seller_center.tasks.run_jobs")
def run_jobs() -> None:
    """Do the jobs that people asked for."""
    reactions.run_jobs()


@shared_task(name="seller_center.tasks.clear_sessions")
def clear_sessions() -> None:
    """Forget sessions that have ended."""
    call_command("clearsessions")
