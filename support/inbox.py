"""Messages of buyers: they ask, the shop answers within the policy's hours, and silence is counted."""

import datetime as dt

from django.utils.translation import gettext as _

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import Invalid
from seller_center.kernel.locking import lock_rows
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy_book import policy_for
from shops.scope import scope
from support import targets
from support.models import BuyerMessage, Conversation

MOST_CHARACTERS = 4_000


def ask(*, shop, buyer, body: str, at: dt.datetime, order=None, by=None) -> Conversation:
    """A buyer writes. The shop's clock starts with the first message that waits, not anew with each further one."""
    text = _text(body)
    policy = policy_for(shop, at)
    answer_by = targets.buyer_answer_by(policy, at)
    with scope(shop, by=by):
        conversation, made = Conversation.objects.get_or_create(
            shop=shop,
            buyer=buyer,
            order=order,
            defaults={
                "code": new_code(8),
                "started_at": at,
                "last_message_at": at,
                "waiting_since": at,
                "answer_by": answer_by,
            },
        )
        if not made:
            conversation = _locked(conversation)
        waited_already = not made and conversation.status == Conversation.Status.AWAITING_SHOP
        if waited_already:
            Conversation.objects.in_shop(shop).filter(pk=conversation.pk).update(last_message_at=at)
        elif not made:
            move(
                conversation,
                Conversation.Status.AWAITING_SHOP,
                last_message_at=at,
                waiting_since=at,
                answer_by=answer_by,
            )
        BuyerMessage.objects.create(shop=shop, conversation=conversation, from_buyer=True, by=by, body=text, at=at)
        if not waited_already:
            deadlines.set_deadline(
                shop=shop,
                kind="message.answer",
                subject_kind="conversation",
                subject_code=conversation.code,
                due_at=conversation.answer_by,
                at=at,
                policy_version_id=policy.version_id,
                label=text[:80],
                warn_hours=policy.sla.warn_hours,
            )
        _record("message.received", conversation, by, at)
    return conversation


def answer(*, conversation: Conversation, body: str, by, at: dt.datetime) -> Conversation:
    """The shop answers; how long the buyer waited is kept with the message."""
    text = _text(body)
    with scope(conversation.shop, by=by):
        conversation = _locked(conversation)
        waiting = conversation.status == Conversation.Status.AWAITING_SHOP
        BuyerMessage.objects.create(
            shop=conversation.shop,
            conversation=conversation,
            from_buyer=False,
            by=by,
            body=text,
            at=at,
            waited_seconds=int((at - conversation.waiting_since).total_seconds()) if waiting else None,
            in_time=at <= conversation.answer_by if waiting else None,
        )
        if waiting:
            move(
                conversation, Conversation.Status.AWAITING_BUYER, last_message_at=at, waiting_since=None, answer_by=None
            )
            deadlines.meet(shop=conversation.shop, subject_kind="conversation", subject_code=conversation.code, at=at)
        else:
            Conversation.objects.in_shop(conversation.shop).filter(pk=conversation.pk).update(last_message_at=at)
        _record("message.answered", conversation, by, at)
    return conversation


def answer_is_late(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The sweep: nobody answered in time. The clock is lost by silence; the buyer still waits."""
    deadlines.end_all(rows, outcome=Deadline.Ended.LOST_BY_SILENCE, at=at)
    events.record_many(
        "message.answer_late",
        by=None,
        at=at,
        shop_ids=[row.shop_id for row in rows],
        subjects=[("conversation", row.subject_code, {}) for row in rows],
    )


def _locked(conversation: Conversation) -> Conversation:
    return lock_rows(Conversation.objects.in_shop(conversation.shop).filter(pk=conversation.pk))[0]


def _text(body: str) -> str:
    text = body.strip()
    if not text:
        raise Invalid(_("Write a message first."), field="body")
    if len(text) > MOST_CHARACTERS:
        raise Invalid(_("A message may have up to %(most)d characters.") % {"most": MOST_CHARACTERS}, field="body")
    return text


def _record(kind: str, conversation: Conversation, by, at: dt.datetime) -> None:
    events.record(
        kind,
        shop=conversation.shop,
        subject_kind="conversation",
        subject_code=conversation.code,
        by=by,
        at=at,
    )
