"""Saved views and columns, deeds on many rows, large files, the inbox as a list, and the search over everything."""

import csv
import datetime as dt
import io
import re

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from catalog.models import Product
from orders.models import Order
from seller_center import lists as roof
from seller_center import reactions
from shops import deadlines
from shops.models import Deadline, Job, Membership, Notice, SavedView, StoredFile
from shops.scope import scope
from support.models import Ticket
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_member

DAY = make.DAY


@pytest.fixture(autouse=True)
def fixed_clock(settings, at):
    """Real time stands still a day after the orders."""
    settings.CLOCK_MAY_MOVE = False
    with time_machine.travel(at + DAY, tick=False):
        yield


def door(place, shop, /, **more):
    return reverse(place, kwargs={"shop": shop.code, **more})


def here(shop, name):
    return roof.find(name).place(shop)


# -- views and columns ------------------------------------------------------------------------------------------------


def test_a_shared_view_opens_for_a_colleague_with_its_columns_and_goes_by_who_may(client, shop, owner, packer, at):
    make.make_open_order(shop, at=at, name="Waiting Buyer")
    place, save = here(shop, "orders"), door("list_view", shop, name="orders")
    client.force_login(packer)
    client.post(door("list_columns", shop, name="orders"), {"column": ["state", "email"], "query": ""})
    answer = client.post(save, {"name": " Due  soon ", "query": "tab=to_ship&page=xyz&q=&evil=1", "shared": "on"})
    view = SavedView.objects.get()
    assert (view.name, view.query) == ("Due soon", "columns=order%2Cstate%2Cemail&tab=to_ship")
    assert answer.url == f"{place}?{view.query}"
    client.post(save, {"name": "Mine", "query": "tab=late"})
    client.post(save, {"name": "Mine", "query": "tab=on_hold"})
    assert SavedView.objects.filter(name="Mine").count() == 1
    assert "Give the view a name." in client.post(save, {"name": " "}, follow=True).content.decode()
    colleague = make_member(shop, "analyst")
    client.force_login(colleague)
    page = client.get(place).content.decode()
    assert re.search(r'title="Due soon"[^>]*>.*<span class="view-name">Due soon</span>', page)
    assert "Mine" not in page
    opened = client.get(f"{place}?{view.query}")
    assert [column.key for column in opened.context["list"].question.columns] == ["order", "state", "email"]
    assert "Waiting Buyer" in opened.content.decode()
    removal = door("list_view_removal", shop, name="orders", number=view.pk)
    assert removal not in opened.content.decode()
    assert "saved by somebody else" in client.post(removal, follow=True).content.decode()
    private = SavedView.objects.get(name="Mine")
    assert client.post(door("list_view_removal", shop, name="orders", number=private.pk)).status_code == 404
    client.force_login(owner)
    client.post(removal)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["Mine"]


def test_columns_are_kept_for_one_member_and_one_list_and_can_be_the_usual_ones_again(client, shop, owner, packer, at):
    make.make_open_order(shop, at=at)
    client.force_login(packer)
    columns = door("list_columns", shop, name="orders")
    client.post(columns, {"column": ["city", "nonsense"], "query": "tab=to_ship&columns=state"})
    client.post(door("list_columns", shop, name="returns"), {"column": ["kind"]})
    assert Membership.objects.get(user=packer).list_columns == {
        "orders": ["order", "city"],
        "returns": ["return", "kind"],
    }
    assert [one.key for one in client.get(here(shop, "orders")).context["list"].question.columns] == ["order", "city"]
    client.post(columns, {"usual": "1", "column": ["city"]})
    usual = roof.find("orders").usual
    assert client.get(here(shop, "orders")).context["list"].question.keys == usual
    client.force_login(owner)
    assert client.get(here(shop, "orders")).context["list"].question.keys == usual


def test_it_shows_and_removes_no_view_of_another_shop(client, shop, stranger, packer, at):
    view = SavedView.objects.create(
        shop=shop, list_name="orders", name="X", query="tab=late", shared=True, saved_by=packer, saved_at=at
    )
    client.force_login(stranger)
    assert client.post(f"/s/ZEBR/lists/orders/views/{view.pk}/removal/").status_code == 404
    assert SavedView.objects.count() == 1


# -- deeds on many ----------------------------------------------------------------------------------------------------


def test_a_deed_on_many_is_rehearsed_and_then_done_row_by_row(client, shop, owner, at):
    live = make_product(shop, name="Bell")
    draft = make_product(shop, name="Cup", status="draft")
    client.force_login(owner)
    deed = door("list_deed", shop, name="products", key="pause")
    picks = {"pick": [live.code, draft.code, "NONE"]}
    preview = client.post(deed, picks)
    text = preview.content.decode()
    assert "This will happen to 1" in text
    assert [one.code for one in preview.context["done"]] == [live.code]
    assert [one.code for one in preview.context["refused"]] == [draft.code]
    live.refresh_from_db()
    assert live.status == "live"  # nothing was changed by looking
    done = client.post(deed, {**picks, "confirmed": "1"})
    assert "1 done, 1 not" in done.content.decode()
    assert set(Product.objects.values_list("name", "status")) == {("Bell", "paused"), ("Cup", "draft")}
    assert client.post(deed, {**picks, "confirmed": "1"}).status_code == 409
    assert "Nothing was picked" in client.post(deed, {}).content.decode()


def test_bulk_labels_are_previewed(client, shop, packer, at):
    waiting, unpaid = make.make_open_order(shop, at=at), make.make_order(shop, at=at)
    client.force_login(packer)
    text = client.post(
        reverse("orders:label_preview", kwargs={"shop": shop.code}), {"pick": [waiting.code, unpaid.code]}
    )
    assert "These packages get a label" in text.content.decode()
    assert "These packages leave the house" not in text.content.decode()
    assert "Not paid yet." in text.content.decode()
    assert reverse("orders:buy_labels", kwargs={"shop": shop.code}) in text.content.decode()


# -- large files ------------------------------------------------------------------------------------------------------


def test_a_large_list_is_prepared_by_a_job_with_a_notice_and_the_same_rows(client, shop, owner, at, monkeypatch):
    product = make_product(shop, on_hand=50)
    orders = [make.make_open_order(shop, at=at + dt.timedelta(minutes=n), product=product) for n in range(4)]
    monkeypatch.setattr(roof, "MOST_AT_ONCE", 3)
    client.force_login(owner)
    export = door("list_export", shop, name="orders") + "?tab=to_ship&sort=placed&columns=order,total"
    page = client.get(export)
    assert "Prepare the file" in page.content.decode()
    assert not Job.objects.exists()
    client.post(export)
    reactions.run_jobs(at + DAY)
    job = Job.objects.get()
    assert (job.status, job.result) == ("succeeded", {"rows": 4}), job.error
    reactions.deliver_all(at + DAY)
    assert Notice.objects.filter(to=owner, url__contains=job.code).exists()
    content = client.get(job.result_url).content.decode("utf-8-sig")
    head, *lines = csv.reader(io.StringIO(content))
    assert head == ["Order", "Buyer", "Total (USD)"]
    assert [line[0] for line in lines] == [order.code for order in orders]
    client.force_login(make_member(shop, "catalog"))
    assert client.get(job.result_url).status_code == 404
    assert StoredFile.objects.get().kind == "export_orders"


def test_a_job_writes_nothing_for_who_lost_the_right_meanwhile(client, shop, owner, packer, at, monkeypatch):
    make.make_open_order(shop, at=at)
    monkeypatch.setattr(roof, "MOST_AT_ONCE", 0)
    client.force_login(packer)
    client.post(door("list_export", shop, name="orders"))
    Membership.objects.filter(user=packer).delete()
    reactions.run_jobs(at + DAY)
    assert Job.objects.get().status == "failed"
    assert not StoredFile.objects.exists()


# -- the inbox --------------------------------------------------------------------------------------------------------


def test_the_inbox_sorts_by_due_time_tells_what_was_lost_and_hands_over(client, shop, owner, packer, at):
    orders = [make.make_open_order(shop, at=at - n * DAY / 2) for n in (0, 2, 4)]
    with scope(shop, by=owner):
        gone = deadlines.set_deadline(
            shop=shop, kind="message.answer", subject_kind="conversation", subject_code="C1", due_at=at, at=at - DAY
        )
    Deadline.objects.filter(pk=gone.pk).update(ended_at=at, ended_as="lost_by_silence")
    client.force_login(owner)
    page = client.get(here(shop, "deadlines") + "?kind=order.ship_by")
    due = [row.due_at for row in page.context["list"].page.rows]
    assert due == sorted(due)
    assert len(due) == len(orders)
    assert page.context["lost"] == "1"
    lost = client.get(here(shop, "deadlines") + "?tab=lost").context["list"].page.rows
    assert [row.pk for row in lost] == [gone.pk]
    first = page.context["list"].page.rows[0]
    client.force_login(packer)
    take = door("list_deed", shop, name="deadlines", key="take")
    client.post(take, {"pick": [str(first.pk), str(gone.pk), "x"], "confirmed": "1"})
    assert Deadline.objects.get(pk=first.pk).assigned_to == packer
    mine = client.get(here(shop, "deadlines") + "?person=me").context["list"].page.rows
    assert [row.pk for row in mine] == [first.pk]
    client.post(door("list_deed", shop, name="deadlines", key="quiet"), {"pick": str(first.pk), "confirmed": "1"})
    quiet = Deadline.objects.get(pk=first.pk)
    assert quiet.snoozed_until is not None
    assert quiet.due_at == first.due_at  # reminders are quiet, the clock runs on


# -- search -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def findable(shop, owner, at):
    from marketing import coupons
    from support import desk

    product = make_product(shop, name="Walnut board", code="WB-900", on_hand=9)
    order = make.make_open_order(shop, at=at, product=product, name="Waldemar Buyer")
    coupons.create(
        shop=shop, by=owner, at=at, code="WALTEN", name="Ten", kind="percent", percent=10, starts_at=at, ends_at=None
    )
    ticket = desk.open_ticket(shop=shop, topic="other", subject="Payout question", body="?", by=owner, at=at)
    return {"order": order, "product": product, "ticket": ticket}


def groups(client, shop, words, **more):
    answer = client.get(door("search", shop), {"q": words}, **more)
    assert answer.status_code == 200
    return {str(group.name): [hit.title for hit in group.hits] for group in answer.context["groups"]}


def test_it_finds_everything_by_kind_slips_of_the_finger_included(client, shop, owner, findable, other_shop, at):
    make_product(other_shop, name="Walnut of others", code="WB-901")
    client.force_login(owner)
    code = findable["order"].code
    assert client.get(door("search", shop), {"q": code.lower()}).url.endswith(f"/orders/{code}/")
    assert groups(client, shop, "walnut")["Products"] == ["Walnut board"]
    for words in ("wallnut", "walnt", "wlanut"):
        assert groups(client, shop, words)["Products"] == ["Walnut board"], words
    assert groups(client, shop, "wb-9")["SKUs"] == ["WB-900"]
    for words in ("waldemar", "valdemar"):
        found = groups(client, shop, words)
        assert found["Orders"] == [code]
        assert found["Buyers"] == ["Waldemar Buyer"]
    assert groups(client, shop, "payot")["Tickets"] == ["Payout question"]
    assert groups(client, shop, "walten")["Coupons"] == ["WALTEN"]
    assert "Deadlines" in groups(client, shop, "deadlnes")["Pages"]
    assert groups(client, shop, "xyzzyqk") == {}
    assert groups(client, shop, "w") == {}  # one sign says nothing
    below = client.get(door("search", shop), {"q": "walnut"}, HTTP_HX_REQUEST="true").content.decode()
    assert "data-hit" in below
    assert "<html" not in below


def test_it_repeats_the_words_in_the_box_of_the_bar_on_the_page_of_the_search_only(client, shop, owner):
    client.force_login(owner)

    def box(address):
        page = client.get(address, {"q": "winter"}).content.decode()
        return re.search(r'<input id="frame-search"[^>]* value="([^"]*)"', page)[1]

    assert box(door("search", shop)) == "winter"
    assert box(here(shop, "orders")) == ""


def test_it_shows_only_what_the_member_may_see(client, shop, findable):
    client.force_login(make_member(shop, "catalog"))
    assert set(groups(client, shop, "walnut")) == {"Products"}
    assert "Orders" not in groups(client, shop, "waldemar")
    assert groups(client, shop, "payout").get("Tickets") is None


def test_a_search_asks_a_bounded_number_of_queries(client, shop, owner, findable, django_assert_max_num_queries):
    client.force_login(owner)
    for words in ("walnut", "wallnut", "nothing at all"):
        client.get(door("search", shop), {"q": words})
        with django_assert_max_num_queries(12):
            client.get(door("search", shop), {"q": words})
        with django_assert_max_num_queries(11):
            client.get(door("search", shop), {"q": words}, HTTP_HX_REQUEST="true")


def test_its_words_are_found_through_the_trigram_indexes(db, shop):
    """With sequential scans made dear: a query that no index can serve would still show one (the control)."""
    from catalog.models import Sku

    asked = {
        "order_search": (
            Order.objects.found_by("walde"),
            Order.objects.filter(search_text__trigram_word_similar="VALDEMAR"),
        ),
        "product_search": (Product.objects.filter(search_name__trigram_word_similar="WALLNUT"),),
        "sku_search": (Sku.objects.filter(search_code__contains="WB-9"),),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for index, questions in asked.items():
            for rows in questions:
                assert index in plan(cursor, rows), index
        assert "Seq Scan" in plan(cursor, Ticket.objects.filter(subject__icontains="payout"))


def plan(cursor, rows) -> str:
    sql, params = rows.order_by().query.sql_with_params()
    cursor.execute(f"EXPLAIN {sql}", params)
    return "\n".join(row[0] for row in cursor.fetchall())
