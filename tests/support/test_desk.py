"""The support desk: every open ticket has a promise, both sides are told, nobody answers the same ticket twice."""

import datetime as dt

import pytest
from django.core import mail
from django.urls import reverse

from seller_center import inbox, reactions
from seller_center.kernel.errors import DomainError, Invalid
from shops.models import AREAS, Deadline, Membership, Notice, Role, ShopEvent
from support import desk
from support.models import Ticket, TicketMessage
from tests.factories.orders import make_open_order
from tests.factories.shops import AT, log_in_staff, make_member, make_staff

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def agent(db):
    """A member of the support staff."""
    return make_staff("support")


def opened(shop, owner, **fields) -> Ticket:
    given = {"topic": "order", "subject": "Where is it?", "body": "The parcel has not moved.", **fields}
    return desk.open_ticket(shop=shop, by=owner, at=AT, **given)


def running(ticket) -> list[Deadline]:
    return list(Deadline.objects.about(ticket.shop, "ticket", ticket.code).running())


def test_it_promises_an_answer_within_the_policys_hours(shop, owner):
    ticket = opened(shop, owner)
    assert ticket.answer_by == AT + 12 * HOUR
    [deadline] = running(ticket)
    assert (deadline.due_at, deadline.label) == (ticket.answer_by, "Where is it?")


def test_it_is_urgent_for_shops_of_the_programme(shop, owner):
    shop.programme_eligible = True
    shop.save(update_fields=["programme_eligible"])
    ticket = opened(shop, owner)
    assert ticket.urgent
    assert ticket.answer_by == AT + HOUR


def test_it_keeps_the_promise_and_tells_the_seller(shop, owner, agent):
    ticket = opened(shop, owner)
    reactions.deliver_all(AT)
    assert [one.to for one in mail.outbox] == [[agent.email]]
    ticket = desk.answer(ticket=ticket, body="It is in Memphis.", by=agent, at=AT + HOUR)
    assert ticket.status == Ticket.Status.ANSWERED
    assert not running(ticket)
    assert Deadline.objects.get(subject_code=ticket.code).ended_as == "met"
    reactions.deliver_all(AT + HOUR)
    assert mail.outbox[-1].to == [owner.email]
    assert "It is in Memphis." in mail.outbox[-1].body
    assert Notice.objects.get(to=owner).title == "Support answered: Where is it?"


def test_it_tells_each_side_once_however_often_the_event_is_delivered(shop, owner, agent):
    ticket = desk.answer(ticket=opened(shop, owner), body="Here.", by=agent, at=AT)
    reactions.deliver_all(AT)
    told = len(mail.outbox)
    ShopEvent.objects.update(delivered_at=None, next_attempt_at=AT, attempts=0)
    reactions.deliver_all(AT)
    assert len(mail.outbox) == told
    assert Notice.objects.filter(to=owner).count() == 1
    assert ticket.first_answered_at == AT


def test_it_promises_anew_when_the_seller_writes_again(shop, owner, agent):
    ticket = desk.answer(ticket=opened(shop, owner), body="Here.", by=agent, at=AT)
    ticket = desk.reply(ticket=ticket, body="Still nothing.", by=owner, at=AT + 2 * HOUR)
    assert ticket.status == Ticket.Status.OPEN
    assert running(ticket)[0].due_at == AT + 14 * HOUR


def test_it_does_not_move_the_promise_while_the_seller_waits(shop, owner):
    ticket = desk.reply(ticket=opened(shop, owner), body="One more thing.", by=owner, at=AT + 2 * HOUR)
    assert running(ticket)[0].due_at == AT + 12 * HOUR


def test_it_counts_a_missed_promise_and_leaves_the_ticket_open(shop, owner):
    ticket = opened(shop, owner)
    inbox.sweep(AT + 12 * HOUR)
    ticket.refresh_from_db()
    assert ticket.status == Ticket.Status.OPEN
    assert Deadline.objects.get(subject_code=ticket.code).ended_as == "missed"
    reactions.deliver_all(AT + 12 * HOUR)
    assert "We are late" in Notice.objects.get(to=owner).title


def test_it_names_who_is_at_a_ticket_already(shop, owner, agent):
    ticket = desk.claim(ticket=opened(shop, owner), by=agent, at=AT)
    colleague = make_staff("support")
    with pytest.raises(DomainError, match=str(agent)):
        desk.claim(ticket=ticket, by=colleague, at=AT)
    desk.release(ticket=ticket, by=agent, at=AT)
    assert desk.claim(ticket=ticket, by=colleague, at=AT).claimed_by == colleague


def test_staff_read_who_took_a_ticket_and_who_put_it_back_and_sellers_do_not(shop, owner, agent):
    ticket = opened(shop, owner)
    for _twice in range(2):
        desk.claim(ticket=ticket, by=agent, at=AT)
    for _twice in range(2):
        desk.release(ticket=ticket, by=agent, at=AT)
    ticket.refresh_from_db()
    assert (ticket.claimed_by, ticket.claimed_at) == (None, None)
    told = ShopEvent.objects.about(shop, "ticket", ticket.code).filter(kind__in=("ticket.claimed", "ticket.released"))
    assert [(one.kind, one.by) for one in told] == [("ticket.claimed", agent), ("ticket.released", agent)]
    assert not told.for_sellers()


def test_it_asks_what_a_ticket_is_about_and_assumes_nothing(client, shop, owner):
    client.force_login(owner)
    path = f"/s/{shop.code}/support/tickets/new/"
    assert client.get(path).context["form"]["topic"].value() in (None, "")
    refused = client.post(path, {"topic": "", "subject": "Payout", "body": "Where is it?"})
    assert refused.status_code == 422
    form = client.get(f"{path}?about=order:X1").context["form"]
    assert [form[name].value() for name in ("topic", "about_code", "subject")] == ["order", "X1", "Order X1"]


def test_a_ticket_about_an_order_leads_the_seller_and_the_staff_to_it(client, shop, owner, agent):
    order = make_open_order(shop, at=AT)
    client.force_login(owner)
    path = f"/s/{shop.code}/support/tickets/new/"
    assert "Which order?" in client.get(path).content.decode()
    given = {"topic": "order", "subject": "Late", "body": "Where is it?", "about_code": f" {order.code.lower()} "}
    answer = client.post(path, given)
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/s/{shop.code}/support/tickets/{ticket.code}/"
    assert (ticket.about_kind, ticket.about_code) == ("order", order.code)
    link = f'<a href="/s/{shop.code}/orders/{order.code}/">About order'
    assert link in client.get(answer["Location"]).content.decode()
    service = make_member(shop, "service")
    areas = dict.fromkeys(AREAS, "none") | {"support": "view"}
    Membership.objects.filter(user=service).update(
        role=Role.objects.create(shop=shop, code="narrow", name="Narrow", areas=areas)
    )
    client.force_login(service)
    told = client.get(answer["Location"]).content.decode()
    assert "About order" in told
    assert link not in told
    log_in_staff(client, agent)
    desk_page = client.get(reverse("admin:support_ticket_desk_page", args=[ticket.pk])).content.decode()
    assert f'<a href="{reverse("admin:orders_order_changelist")}?q={order.code}">' in desk_page


def test_an_order_of_another_shop_is_as_unknown_as_one_that_never_was(client, shop, other_shop, owner):
    """The same sentence, beside the box, and what was typed stays; nothing is written."""
    theirs = make_open_order(other_shop, at=AT)
    client.force_login(owner)
    path, said = f"/s/{shop.code}/support/tickets/new/", set()
    for code in (theirs.code, "NOSUCHORDER1", "A\x00B"):
        given = {"topic": "order", "subject": "Late", "body": "Where is it?", "about_code": code}
        answer = client.post(path, given)
        assert answer.status_code == 422
        said.add(str(answer.context["form"].errors["about_code"][0]))
        assert "data-of-topic" not in answer.content.decode(), "a box with a fault is not hidden with its topic"
    assert said == {
        "Your shop has no order with this number. Copy it from the order's page, or leave the box empty.",
        "Null characters are not allowed.",
    }
    assert not Ticket.objects.exists()


def test_a_ticket_needs_no_order(client, shop, owner):
    client.force_login(owner)
    path = f"/s/{shop.code}/support/tickets/new/"
    client.post(path, {"topic": "order", "subject": "Late", "body": "All of them are late.", "about_code": ""})
    ticket = Ticket.objects.get()
    assert (ticket.about_kind, ticket.about_code) == ("", "")
    assert "About order" not in client.get(f"/s/{shop.code}/support/tickets/{ticket.code}/").content.decode()


def test_it_refuses_an_empty_message_and_writes_nothing(shop, owner):
    with pytest.raises(Invalid) as refused:
        opened(shop, owner, body="  ")
    assert refused.value.field == "body"
    assert not Ticket.objects.exists()
    assert not TicketMessage.objects.exists()
    assert not Deadline.objects.exists()


def test_it_is_solved_by_the_seller_and_opens_again_with_a_message(shop, owner):
    ticket = desk.solve(ticket=opened(shop, owner), by=owner, at=AT)
    assert not running(ticket)
    assert desk.reply(ticket=ticket, body="Not quite.", by=owner, at=AT).status == Ticket.Status.OPEN
