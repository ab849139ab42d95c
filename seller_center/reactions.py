"""What follows what: the one file that knows both sides.

``REACTIONS``: event kind → reactions (Celery tasks declared with ``shops.reacting.reaction``), in the order they are
started. Every kind has a line, if need be an empty one. ``JOB_KINDS``: job kind → the verb that does it,
called as ``verb(job, at=…)``.
"""

import datetime as dt
import logging
from importlib import import_module

from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import jobs, reacting
from shops.models import Job

log = logging.getLogger(__name__)

REACTIONS: dict[str, tuple[str, ...]] = {
    # floor 1: shops
    "deadline.approaching": ("shops.tasks.tell_deadline_approaches",),
    "job.finished": ("shops.tasks.tell_job_finished",),
    "policy.scheduled": (),
    "application.started": (),
    "application.saved": (),
    "application.submitted": ("shops.tasks.tell_application_submitted",),
    "application.withdrawn": (),
    "application.claimed": (),
    "application.released": (),
    "application.delayed": ("shops.tasks.tell_application_delayed",),
    "application.approved": ("shops.tasks.tell_application_approved",),
    "application.changes_requested": ("shops.tasks.tell_changes_requested",),
    "application.refused": ("shops.tasks.tell_application_refused",),
    "document.uploaded": (),
    "document.expired": ("shops.tasks.tell_document_expired",),
    "shop.opened": ("marketing.tasks.open_new_seller_coupon",),
    "shop.profile_changed": (),
    "shop.contact_changed": ("shops.tasks.tell_contact_changed",),
    "bank_account.changed": ("shops.tasks.tell_bank_account_changed",),
    "member.invited": ("shops.tasks.tell_member_invited",),
    "member.joined": ("shops.tasks.tell_member_joined",),
    "member.role_changed": ("shops.tasks.tell_role_changed",),
    "member.removed": ("shops.tasks.tell_member_removed",),
    "invitation.withdrawn": (),
    "api_key.created": ("shops.tasks.tell_api_key_created",),
    "api_key.revoked": (),
    "deadline.delegated": ("shops.tasks.tell_deadline_delegated",),
    "eligibility.reviewed": ("shops.tasks.tell_eligibility",),
    "violation.opened": ("shops.tasks.tell_violation",),
    "violation.confirmed": (),
    "violation.correction_reported": (),
    "violation.corrected": ("shops.tasks.tell_violation",),
    "violation.withdrawn": ("shops.tasks.tell_violation",),
    "violation.enforced": ("shops.tasks.tell_violation",),
    "violation.lapsed": ("shops.tasks.tell_violation",),
    "violation.overturned": (),  # told with the appeal that was won
    "appeal.filed": ("shops.tasks.tell_violation",),
    "appeal.claimed": (),
    "appeal.released": (),
    "appeal.delayed": ("shops.tasks.tell_violation",),
    "appeal.upheld": ("shops.tasks.tell_violation",),
    "appeal.overturned": ("shops.tasks.tell_violation",),
    "restriction.imposed": ("shops.tasks.tell_restriction",),
    "restriction.lifted": ("shops.tasks.tell_restriction",),
    "shop.closed": (),  # told with the restriction
    "shop.reopened": (),
    "shop.tier_raised": ("shops.tasks.tell_tier_raised",),
    "shop.viewed_by_staff": ("shops.tasks.tell_viewed_by_staff",),
    "agreement.accepted": (),
    "access.restored": ("shops.tasks.tell_access_restored",),
    "member.factor_removed": ("shops.tasks.tell_factor_removed",),
    "access.readdressed": (),
    "member.readdressed": ("shops.tasks.tell_readdressed",),
    "access.changed": (),
    "account.password_changed": (),  # the person is told by mail at once, as with each of these
    "account.email_changed": (),
    "account.phone_changed": (),
    "account.factor_added": (),
    "account.factor_removed": (),
    "account.recovery_codes_made": (),
    "account.login_connected": (),
    "account.login_removed": (),
    # floor 2: catalog
    "product.created": (),
    "product.edited": (),
    "product.imported": (),
    "product.went_live": (),
    "product.paused": (),
    "product.archived": (),
    "product.restored": (),
    "product.refused": ("catalog.tasks.tell_product_judged",),
    "product.redrafted": (),
    "product.frozen": ("catalog.tasks.tell_product_judged",),
    "product.released": ("catalog.tasks.tell_product_judged",),
    "sku.priced": (),
    "stock.changed": (),
    "stock.marked_out": (),
    "stock.marked_back": (),
    "stock.low": ("catalog.tasks.tell_low_stock",),
    "picture.added": (),
    "picture.removed": (),
    "import.uploaded": (),
    "import.checked": (),
    "import.applied": (),
    "import.stopped": (),
    "import.discarded": (),
    "category.changed": (),
    # floor 3: marketing
    "coupon.created": (),
    "coupon.changed": (),
    "coupon.scheduled": (),
    "coupon.went_live": (),
    "coupon.paused": (),
    "coupon.ended": (),
    # floor 4: orders
    "order.placed": (),
    "order.paid": ("orders.tasks.mail_order_paid", "payouts.tasks.keep_books", "analytics.tasks.count_paid"),
    "order.opened": (),
    "order.cancelled": (
        "orders.tasks.mail_order_cancelled",
        "payouts.tasks.keep_books",
        "analytics.tasks.count_cancelled",
    ),
    "order.partly_cancelled": ("orders.tasks.mail_order_partly_cancelled",),
    "order.completed": (),
    "order.held": ("orders.tasks.tell_order_held",),
    "order.released": (),
    "payment.declined": (),
    "payment.came_late": ("payouts.tasks.keep_books",),
    "label.bought": (),
    "package.shipped": ("orders.tasks.mail_package_shipped",),
    "package.renumbered": (),
    "package.late": ("orders.tasks.tell_package_late",),
    "package.collected": (),
    "package.delivered": ("orders.tasks.mail_package_delivered", "payouts.tasks.keep_books"),
    "package.lost": ("orders.tasks.tell_package_lost",),
    "package.returned_to_sender": ("orders.tasks.tell_package_lost",),
    "return.requested": ("orders.tasks.tell_return_requested",),
    "return.approved": ("orders.tasks.mail_return_decided",),
    "return.refused": ("orders.tasks.mail_return_decided",),
    "return.withdrawn": (),
    "return.shipped_back": (),
    "return.received": (),
    "return.rejected": ("orders.tasks.mail_return_decided",),
    "return.expired": (),
    "return.refund_released": (),
    "return.refunded_before": (),
    "return.closed": (),
    "refund.made": ("orders.tasks.mail_refund_made", "payouts.tasks.keep_books", "analytics.tasks.count_refund"),
    "refund.sent": (),
    "refund.failed": ("orders.tasks.tell_refund_failed",),
    "refund.sent_again": (),
    # floor 5: payouts
    "earning.booked": (),
    "earning.reversed": (),
    "earning.settled": (),
    "settlement_terms.decided": ("payouts.tasks.tell_terms_decided",),
    "payout.drafted": (),
    "payout.held": ("payouts.tasks.tell_payout_held",),
    "payout.put_back": (),
    "payout.sent": (),
    "payout.unknown": (),
    "payout.paid": ("payouts.tasks.tell_payout_paid",),
    "payout.failed": ("payouts.tasks.tell_payout_failed",),
    "payout.returned": ("payouts.tasks.tell_payout_returned",),
    "payout.disagrees": (),
    "payout.bank_silent": (),
    "payout_batch.drafted": (),
    "payout_batch.approved": (),
    "payout_batch.released": (),
    "payout_batch.overdue": (),
    "payout_batch.sent": (),
    "payout_batch.reconciled": (),
    "payout_batch.file_taken": (),
    "statement.published": ("payouts.tasks.tell_statement_published",),
    # floor 6: support
    "ticket.opened": ("support.tasks.tell_ticket_opened",),
    "ticket.replied": ("support.tasks.tell_ticket_opened",),
    "ticket.answered": ("support.tasks.tell_ticket_answered",),
    "ticket.claimed": (),
    "ticket.released": (),
    "ticket.solved": (),
    "ticket.answer_late": ("support.tasks.tell_ticket_late",),
    "message.received": ("support.tasks.tell_message_received",),
    "message.answered": ("support.tasks.mail_message_answered",),
    "message.answer_late": ("support.tasks.tell_message_late",),
    "review.written": ("support.tasks.tell_review_written",),
    "review.replied": (),
    "review.hidden": ("support.tasks.tell_review_hidden",),
    "review.shown": (),
    # floor 7: analytics
    # floor 8: storefront
}

JOB_KINDS: dict[str, str] = {
    # the roof: the demo
    "demo.further_shops": "seller_center.demo.load_rest_job",
    # floor 2: catalog
    "catalog.import.check": "catalog.importing.check",
    "catalog.import.apply": "catalog.importing.apply",
    # the roof: files of long lists
    "lists.export": "seller_center.lists.export",
}


def resolve(name: str):
    """The function with this dotted name."""
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def deliver(at: dt.datetime, *, inline: bool = False, limit: int = 200) -> int:
    """Hand due events to their reactions; returns how many events were claimed.

    Each reaction becomes a Celery task of its own; ``inline`` runs them here instead (``pass_time``, tests). A
    reaction that fails is tried again later, five times, and never holds up another event.
    """
    claimed = reacting.claim(at, limit)
    for event in claimed:
        for name in reacting.handlers_of(event.kind):
            task = resolve(name)
            if not inline:
                task.delay(event_id=event.pk, shop_id=event.shop_id)
                continue
            try:
                reacting.run_reaction(name, event_id=event.pk, shop_id=event.shop_id, at=at)
            except Exception as error:
                log.exception("Reaction %s to event %s failed", name, event.pk)
                reacting.note_failure(event, error)
    return len(claimed)


def deliver_all(at: dt.datetime, *, rounds: int = 50) -> int:
    """Run reactions here, and the reactions to what they caused, until nothing is due."""
    total = 0
    for _round in range(rounds):
        delivered = deliver(at, inline=True)
        if not delivered:
            break
        total += delivered
    return total


def run_jobs(at: dt.datetime | None = None, *, most: int = 20) -> int:
    """Take waiting jobs one after the other and do them. Returns how many were taken."""
    for number in range(most):
        job = jobs.claim(at or clock.now())
        if job is None:
            return number
        run_job(job, at or clock.now())
    return most


def run_job(job: Job, at: dt.datetime) -> None:
    """Do one claimed job and write how it ended. A refusal becomes its sentence; anything else is a bug, said so."""
    try:
        resolve(JOB_KINDS[job.kind])(job, at=at)
        if not job.ended:
            jobs.finish(job, at=at, result=job.result, url=job.result_url)
    except jobs.JobCancelled:
        jobs.cancelled(job, at=at)
    except DomainError as error:
        jobs.fail(job, error.message, at=at)
    except Exception:
        log.exception("Job %s (%s) failed", job.code, job.kind)
        jobs.fail(job, "Something went wrong on our side. The log of the server has the details.", at=at)
