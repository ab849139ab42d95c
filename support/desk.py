"""The support desk: sellers ask, staff answer; every open ticket has a promise with a moment."""

import datetime as dt

from django.utils.translation import gettext as _

from orders.models import Order
from seller_center.kernel.codes import new_code, read_code
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_rows
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy_book import policy_for
from shops.scope import scope
from support import targets
from support.models import Ticket, TicketMessage


class TicketClosed(DomainError):
    """A closed ticket takes no more messages: a new one is opened."""


class NoSuchOrder(Invalid):
    """The shop has no order with this number: what is another shop's is as unknown as what there never was."""


def open_ticket(*, shop, topic: str, subject: str, body: str, by, at: dt.datetime, about_code: str = "") -> Ticket:
    """Ask the staff. ``about_code``: the number of the order that it is about, so that nobody must ask back."""
    if topic not in Ticket.Topic.values:
        raise Invalid(_("Choose what your question is about."), field="topic")
    if not subject.strip():
        raise Invalid(_("Give your question a subject."), field="subject")
    _refuse_empty(body)
    order = _order_of(shop, about_code)
    policy = policy_for(shop, at)
    urgent = shop.programme_eligible
    with scope(shop, by=by):
        ticket = Ticket.objects.create(
            shop=shop,
            code=new_code(8),
            topic=topic,
            urgent=urgent,
            subject=subject.strip()[:140],
            about_kind="order" if order else "",
            about_code=order,
            opened_by=by,
            opened_at=at,
            last_message_at=at,
            answer_by=targets.ticket_answer_by(policy, at, urgent=urgent),
            policy_version_id=policy.version_id,
        )
        _say(ticket, body, by=by, at=at, from_staff=False)
        _promise(ticket, at)
        _record("ticket.opened", ticket, by, at)
    return ticket


def _order_of(shop, typed: str) -> str:
    """The number as the order has it, however it was typed; nothing for nothing. Raises ``NoSuchOrder``."""
    code = read_code(typed)
    if code and not Order.objects.in_shop(shop).of_code(code).exists():
        raise NoSuchOrder(
            _("Your shop has no order with this number. Copy it from the order's page, or leave the box empty."),
            field="about_code",
        )
    return code


def reply(*, ticket: Ticket, body: str, by, at: dt.datetime) -> Ticket:
    """The seller adds a message; an answered or solved ticket waits for the staff again, with a new promise."""
    with scope(ticket.shop, by=by):
        ticket = _locked(ticket)
        _refuse_closed(ticket)
        _say(ticket, body, by=by, at=at, from_staff=False)
        if ticket.status != Ticket.Status.OPEN:
            policy = policy_for(ticket.shop, at)
            answer_by = targets.ticket_answer_by(policy, at, urgent=ticket.urgent)
            move(ticket, Ticket.Status.OPEN, answer_by=answer_by, last_message_at=at, solved_at=None)
            _promise(ticket, at)
        else:
            Ticket.objects.in_shop(ticket.shop).filter(pk=ticket.pk).update(last_message_at=at)
        _record("ticket.replied", ticket, by, at)
    return ticket


def answer(*, ticket: Ticket, body: str, by, at: dt.datetime, solves: bool = False) -> Ticket:
    """A staff member answers; the promise is kept, and the seller is told."""
    with scope(ticket.shop, by=by):
        ticket = _locked(ticket)
        _refuse_closed(ticket)
        _say(ticket, body, by=by, at=at, from_staff=True)
        deadlines.meet(shop=ticket.shop, subject_kind="ticket", subject_code=ticket.code, at=at)
        changes = {"last_message_at": at, "first_answered_at": ticket.first_answered_at or at}
        if solves and ticket.status != Ticket.Status.SOLVED:
            move(ticket, Ticket.Status.SOLVED, solved_at=at, **changes)
        elif ticket.status == Ticket.Status.OPEN:
            move(ticket, Ticket.Status.ANSWERED, **changes)
        else:
            Ticket.objects.in_shop(ticket.shop).filter(pk=ticket.pk).update(**changes)
        _record("ticket.answered", ticket, by, at)
    return ticket


def claim(*, ticket: Ticket, by, at: dt.datetime) -> Ticket:
    """A staff member takes a ticket; who already has it is named."""
    with scope(ticket.shop, by=by):
        ticket = _locked(ticket)
        if ticket.claimed_by_id not in (None, by.pk):
            raise DomainError(_("This ticket is being answered by %(who)s.") % {"who": ticket.claimed_by})
        if ticket.claimed_by_id == by.pk:
            return ticket
        ticket.claimed_by, ticket.claimed_at = by, at
        ticket.save(update_fields=["claimed_by", "claimed_at"])
        _record("ticket.claimed", ticket, by, at)
    return ticket


def release(*, ticket: Ticket, by, at: dt.datetime) -> Ticket:
    """Put a claimed ticket back into the queue."""
    with scope(ticket.shop, by=by):
        ticket = _locked(ticket)
        if ticket.claimed_by_id is None:
            return ticket
        ticket.claimed_by = ticket.claimed_at = None
        ticket.save(update_fields=["claimed_by", "claimed_at"])
        _record("ticket.released", ticket, by, at)
    return ticket


def solve(*, ticket: Ticket, by, at: dt.datetime) -> Ticket:
    """The seller says that the matter is settled."""
    with scope(ticket.shop, by=by):
        move(ticket, Ticket.Status.SOLVED, solved_at=at)
        deadlines.void(shop=ticket.shop, subject_kind="ticket", subject_code=ticket.code, at=at)
        _record("ticket.solved", ticket, by, at)
    return ticket


def answer_is_late(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The sweep: the staff missed their promise. It is counted, the seller is told, the ticket stays open."""
    deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)
    events.record_many(
        "ticket.answer_late",
        by=None,
        at=at,
        shop_ids=[row.shop_id for row in rows],
        subjects=[("ticket", row.subject_code, {"subject": row.label}) for row in rows],
    )


def _locked(ticket: Ticket) -> Ticket:
    return lock_rows(Ticket.objects.in_shop(ticket.shop).filter(pk=ticket.pk))[0]


def _refuse_closed(ticket: Ticket) -> None:
    if ticket.status == Ticket.Status.CLOSED:
        raise TicketClosed(_("This ticket is closed. Open a new one; we will see them together."))


def _say(ticket: Ticket, body: str, *, by, at: dt.datetime, from_staff: bool) -> None:
    _refuse_empty(body)
    TicketMessage.objects.create(
        shop_id=ticket.shop_id, ticket=ticket, by=by, from_staff=from_staff, body=body.strip(), at=at
    )


def _refuse_empty(body: str) -> None:
    if not body.strip():
        raise Invalid(_("Write a message first."), field="body")


def _promise(ticket: Ticket, at: dt.datetime) -> None:
    deadlines.set_deadline(
        shop=ticket.shop,
        kind="ticket.answer",
        subject_kind="ticket",
        subject_code=ticket.code,
        due_at=ticket.answer_by,
        at=at,
        policy_version_id=ticket.policy_version_id,
        label=ticket.subject,
    )


def _record(kind: str, ticket: Ticket, by, at: dt.datetime) -> None:
    events.record(
        kind, shop=ticket.shop, subject_kind="ticket", subject_code=ticket.code, by=by, at=at, subject=ticket.subject
    )
