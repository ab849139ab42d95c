"""Buyers' messages and reviews: the promise, the silence that is counted, one review a line, one reply a review."""

import datetime as dt
from html import unescape

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from orders.models import Buyer
from seller_center import inbox as sweeping
from seller_center import reactions
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError, Invalid
from shops.models import Deadline, Notice
from support import inbox, reviewing
from support.models import BuyerMessage, Conversation, Review
from tests.factories.accounts import verified_client
from tests.factories.orders import fresh, line_of, make_delivered_order, make_order, pay
from tests.factories.shops import AT, make_staff

HOUR = dt.timedelta(hours=1)


def ask(shop, body="When will it come?", *, order=None, at=AT) -> Conversation:
    order = order or fresh(pay(make_order(shop)))
    return inbox.ask(shop=shop, buyer=Buyer.objects.get(pk=order.buyer_id), order=order, body=body, at=at)


def write(order, stars=5, *, at=None) -> Review:
    order = fresh(order)
    line = line_of(order)
    return reviewing.write(
        line=line, stars=stars, body="Good.", delivered_at=order.delivered_at, at=at or order.delivered_at
    )


def test_it_owes_an_answer_from_the_first_waiting_message_on(shop):
    order = fresh(pay(make_order(shop)))
    conversation = ask(shop, order=order)
    ask(shop, "Hello?", order=order, at=AT + 5 * HOUR)
    assert Conversation.objects.count() == 1
    [deadline] = Deadline.objects.about(shop, "conversation", conversation.code).running()
    assert deadline.due_at == AT + 24 * HOUR


def test_it_keeps_how_long_the_buyer_waited_and_mails_the_answer(shop, packer):
    conversation = ask(shop)
    inbox.answer(conversation=conversation, body="Tomorrow.", by=packer, at=AT + 3 * HOUR)
    answer = BuyerMessage.objects.get(from_buyer=False)
    assert (answer.waited_seconds, answer.in_time) == (3 * 3600, True)
    assert not Deadline.objects.running().filter(kind="message.answer").exists()
    reactions.deliver_all(AT + 3 * HOUR)
    letter = next(one for one in mail.outbox if "answered your message" in one.subject)
    assert "Tomorrow." in letter.body
    assert "/orders/" in letter.body


def test_it_counts_silence_and_still_takes_a_late_answer(shop, packer, owner):
    conversation = ask(shop)
    sweeping.sweep(AT + 24 * HOUR)
    assert Deadline.objects.get(kind="message.answer").ended_as == "lost_by_silence"
    reactions.deliver_all(AT + 24 * HOUR)
    assert Notice.objects.filter(to=owner, title__contains="not answered in time").exists()
    inbox.answer(conversation=Conversation.objects.get(), body="Sorry.", by=packer, at=AT + 30 * HOUR)
    assert BuyerMessage.objects.get(from_buyer=False).in_time is False
    assert conversation.code == Conversation.objects.get().code


def test_a_notice_tells_what_was_written_and_about_what(shop, owner):
    conversation = ask(shop, "Is it\n\nheavy? " + "Please say. " * 40)
    review = write(make_delivered_order(shop))
    reactions.deliver_all(AT + dt.timedelta(days=30))
    asked = Notice.objects.get(kind="message.received", to=owner)
    assert asked.title == f"{conversation.buyer} wrote to you"
    assert asked.body.startswith("Is it heavy? Please say.")
    assert len(asked.body) == 140
    assert Notice.objects.get(kind="review.written", to=owner).body == f"{review.line.title}: Good."


@pytest.mark.parametrize("body", ["", "   ", "x" * 4_001])
def test_it_refuses_messages_that_are_empty_or_endless(shop, body):
    with pytest.raises(Invalid):
        ask(shop, body)
    assert not Conversation.objects.exists()


def test_it_never_changes_what_was_said(shop):
    ask(shop)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE support_buyermessage SET body = 'something else'")


def test_it_reviews_a_delivered_line_once(shop):
    order = make_delivered_order(shop)
    review = write(order, 2)
    assert (review.stars, review.first_stars, review.author) == (2, 2, "Buyer O.")
    with pytest.raises(reviewing.NotReviewable, match="already"):
        write(order, 5)


def test_it_refuses_reviews_before_delivery_after_the_window_and_out_of_range(shop):
    waiting = fresh(pay(make_order(shop)))
    with pytest.raises(reviewing.NotReviewable, match="arrived"):
        reviewing.write(line=line_of(waiting), stars=5, body="", delivered_at=None, at=AT)
    order = make_delivered_order(shop)
    with pytest.raises(reviewing.NotReviewable, match="60 days"):
        write(order, at=fresh(order).delivered_at + dt.timedelta(days=61))
    for stars in (0, 6):
        with pytest.raises(Invalid):
            write(order, stars)


def test_it_replies_once(shop, owner):
    review = reviewing.reply(review=write(make_delivered_order(shop)), body="Thank you.", by=owner, at=AT)
    with pytest.raises(DomainError, match="already has your reply"):
        reviewing.reply(review=review, body="Again.", by=owner, at=AT)


def test_it_hides_nothing_without_a_reason(shop, reviewer):
    review = write(make_delivered_order(shop))
    with pytest.raises(Invalid):
        reviewing.hide(review=review, reason=" ", by=reviewer, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE support_review SET status = 'hidden'")
    hidden = reviewing.hide(review=review, reason="Names a person", by=reviewer, at=AT)
    assert not Review.objects.published().exists()
    assert reviewing.show(review=hidden, by=reviewer, at=AT).hidden_reason == ""


PAGES = ("support:support", "support:ticket_list", "support:messages", "support:reviews")


@pytest.mark.parametrize("page", PAGES)
def test_it_is_404_for_strangers(client, shop, stranger, page):
    client.force_login(stranger)
    assert client.get(reverse(page, kwargs={"shop": shop.code})).status_code == 404


def test_it_answers_from_the_page_and_refuses_readers(client, shop, owner, analyst, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    conversation = ask(shop)
    path = reverse("support:conversation_answer", kwargs={"shop": shop.code, "code": conversation.code})
    client.force_login(analyst)
    assert client.post(path, {"body": "No."}).status_code == 403
    client.force_login(owner)
    assert client.post(path, {"body": ""}).status_code == 422
    assert client.post(path, {"body": "Tomorrow."}).status_code == 302
    assert Conversation.objects.get().status == Conversation.Status.AWAITING_BUYER


def test_it_costs_the_same_queries_for_many_rows(client, shop, owner, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(clock, "now", lambda: AT)
    client.force_login(owner)
    for _number in range(6):
        ask(shop)
        write(make_delivered_order(shop))
    for page in PAGES[1:]:
        path = reverse(page, kwargs={"shop": shop.code})
        client.get(path)
        with django_assert_max_num_queries(9):
            client.get(path)


def test_the_list_of_messages_says_what_was_written_last_and_by_whom(client, shop, owner, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: AT)
    conversation = ask(shop)
    client.force_login(owner)
    place = reverse("support:messages", kwargs={"shop": shop.code})
    asked = conversation.messages.get().body
    assert asked in unescape(client.get(place).content.decode())
    inbox.answer(conversation=conversation, body="It comes\n" + "tomorrow " * 40, by=owner, at=AT)
    page = unescape(client.get(place).content.decode())
    assert "You: It comes tomorrow tomorrow" in page
    assert asked not in page
    assert "tomorrow " * 20 not in page, "a row has room for the beginning only"


def test_whoever_moderates_reads_the_words_in_the_list(shop):
    write(make_delivered_order(shop), 2)
    page = verified_client(make_staff("admin")).get(reverse("admin:support_review_changelist")).content.decode()
    assert ">Good.</td>" in page
