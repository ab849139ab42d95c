"""Releasing a batch: two different people of the finance staff look at the numbers, then the worker may send (DEC14).

The second release is the last moment at which a changed bank account holds a payout back; what is released then goes to
the account that both people saw, and its file is fixed by its digest.
"""

import datetime as dt
import hashlib

from django.db.models import Sum
from django.utils.translation import gettext as _

from payouts import bank_file
from payouts.drafting import platform_shop
from payouts.models import Payout, PayoutBatch
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import BankAccount, Deadline
from shops.scope import scope


class SamePerson(DomainError):
    """The second release must come from somebody else."""

    code = "same_person"


class NothingToRelease(DomainError):
    """Every payout of the batch is held; there is nothing to send."""

    code = "nothing_to_release"


class FileChanged(DomainError):
    """What would be given out differs from what two people released (DEC26)."""

    code = "file_changed"


def approve(*, batch: PayoutBatch, by, at: dt.datetime) -> PayoutBatch:
    """The first of the two: drafted → approved once."""
    platform = platform_shop(batch.market)
    with scope(platform, by=by):
        batch = lock_row(PayoutBatch.objects.filter(pk=batch.pk))
        move(batch, PayoutBatch.Status.APPROVED_ONCE, approved_by=by, approved_at=at)
        _record(
            "payout_batch.approved", batch, platform, by, at, total_minor=batch.total_minor, currency=batch.currency
        )
    return batch


def release(*, batch: PayoutBatch, by, at: dt.datetime) -> PayoutBatch:
    """The second of the two: approved once → released. Payouts to accounts changed meanwhile are held back first.

    Raises ``SamePerson``, ``NothingToRelease``.
    """
    platform = platform_shop(batch.market)
    with scope(platform, by=by):
        batch = lock_row(PayoutBatch.objects.filter(pk=batch.pk))
        if batch.approved_by_id == by.pk:
            raise SamePerson(_("You released this batch first. The second release must come from somebody else."))
        _hold_changed_accounts(batch, at)
        _count_again(batch)
        if not batch.payout_count:
            raise NothingToRelease(_("Every payout of this batch is held."))
        move(
            batch,
            PayoutBatch.Status.RELEASED,
            released_by=by,
            released_at=at,
            payout_count=batch.payout_count,
            total_minor=batch.total_minor,
        )
        digest = bank_file.digest(batch)
        PayoutBatch.objects.filter(pk=batch.pk).update(file_sha256=digest)
        batch.file_sha256 = digest
        deadlines.meet(shop=platform, subject_kind="payout_batch", subject_code=batch.code, at=at)
        _record(
            "payout_batch.released", batch, platform, by, at, total_minor=batch.total_minor, currency=batch.currency
        )
    return batch


def take_file(*, batch: PayoutBatch, by, at: dt.datetime) -> bytes:
    """The bank file of a released batch, with a row about who took it. Raises ``NoBankFile``, ``FileChanged``."""
    if batch.status in (PayoutBatch.Status.DRAFTED, PayoutBatch.Status.APPROVED_ONCE):
        raise bank_file.NoBankFile(_("The file is made when the batch is released."))
    content = bank_file.render(batch)
    digest = hashlib.sha256(content).hexdigest()
    if digest != batch.file_sha256:
        raise FileChanged(_("The file is no longer the one that was released. Nothing was given out."))
    platform = platform_shop(batch.market)
    with scope(platform, by=by):
        _record("payout_batch.file_taken", batch, platform, by, at, sha256=digest)
    return content


def hold(*, payout: Payout, reason: str, by, at: dt.datetime) -> Payout:
    """Keep one payout back, with the reason that the seller reads. Only before it is sent."""
    if not reason.strip():
        raise Invalid(_("Say why the payout is held; the seller reads it."), field="reason")
    with scope(payout.shop, by=by):
        _refuse_released(payout)
        _hold(payout, Payout.Hold.STAFF, reason.strip()[:200], by, at)
    return payout


def put_back(*, payout: Payout, by, at: dt.datetime) -> Payout:
    """Let a held payout go: it joins the next batch of its market."""
    with scope(payout.shop, by=by):
        move(payout, Payout.Status.READY, hold=Payout.Hold.NONE, hold_reason="")
        events.record(
            "payout.put_back", shop=payout.shop, subject_kind="payout", subject_code=payout.code, by=by, at=at
        )
    return payout


def release_overdue(rows: list[Deadline], at: dt.datetime) -> None:
    """Nobody released the batch in time: the clock ends as missed and staff are told (the batch stays where it is)."""
    deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)
    for row in rows:
        events.record(
            "payout_batch.overdue",
            shop=row.shop,
            subject_kind="payout_batch",
            subject_code=row.subject_code,
            by=None,
            at=at,
        )


def _refuse_released(payout: Payout) -> None:
    if payout.batch and payout.batch.status not in (PayoutBatch.Status.DRAFTED, PayoutBatch.Status.APPROVED_ONCE):
        raise DomainError(_("This payout has been released and can no longer be held."), code="released")


def _hold(payout: Payout, kind: str, reason: str, by, at: dt.datetime) -> None:
    batch = payout.batch
    move(payout, Payout.Status.HELD, hold=kind, hold_reason=reason, batch=None)
    if batch:
        _count_again(batch)
        PayoutBatch.objects.filter(pk=batch.pk).update(payout_count=batch.payout_count, total_minor=batch.total_minor)
    events.record(
        "payout.held",
        shop=payout.shop,
        subject_kind="payout",
        subject_code=payout.code,
        by=by,
        at=at,
        reason=reason,
    )


def _hold_changed_accounts(batch: PayoutBatch, at: dt.datetime) -> None:
    rows = Payout.objects.filter(batch=batch, status=Payout.Status.READY).exclude(
        bank_account__status=BankAccount.Status.CURRENT, bank_account__usable_from__lte=at
    )
    for payout in rows.select_related("shop", "batch").order_by("pk"):
        _hold(payout, Payout.Hold.BANK, _("The bank account was changed."), None, at)


def _count_again(batch: PayoutBatch) -> None:
    rows = Payout.objects.filter(batch=batch)
    batch.payout_count = rows.count()
    batch.total_minor = rows.aggregate(total=Sum("amount_minor"))["total"] or 0


def _record(kind: str, batch: PayoutBatch, platform, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=platform, subject_kind="payout_batch", subject_code=batch.code, by=by, at=at, **facts)
