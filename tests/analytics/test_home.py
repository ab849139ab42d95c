"""Home: widgets that stand where their member put them, figures that lead to what they are made of, few queries."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from analytics import figures, layout, widgets
from analytics.models import HomeLayout, Score, Tour
from catalog.models import Product
from orders import fulfilment, returns
from orders.models import Buyer
from seller_center.kernel import clock
from seller_center.kernel.errors import Invalid
from shops import deadlines
from shops.models import PolicyVersion
from support import inbox
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_member, make_shop

CARD = re.compile(r'data-widget="(\w+)"')


@pytest.fixture
def here(at, monkeypatch):
    """The pages' clock stands at the moment of the tests."""
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


def as_member(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def home_of(client, shop, **query) -> str:
    return client.get(reverse("analytics:home", kwargs={"shop": shop.code}), query).content.decode()


def cards(client, shop) -> list[str]:
    return CARD.findall(home_of(client, shop))


def post(client, shop, name, *, query="", headers=None, data=None, **more):
    url = reverse(f"analytics:{name}", kwargs={"shop": shop.code, **more}) + query
    return client.post(url, data or {}, headers=headers or {})


# -- where the widgets stand ------------------------------------------------------------------------------------------


def test_it_keeps_a_widget_where_its_member_put_it_and_leaves_everybody_else_alone(shop, owner, here):
    other = make_shop("OTHR")
    make_member(other, user=owner)
    colleague = make_member(shop, "manager")
    before = cards(as_member(owner), shop)
    assert before == [name for name in layout.STANDARD if name != "setup" or "setup" in before]
    client = as_member(owner)
    assert post(client, shop, "widget_place", widget=before[-1], query="?to=up").status_code == 302
    moved = [*before[:-2], before[-1], before[-2]]
    assert cards(as_member(owner), shop) == moved, "still moved after a new log-in"
    assert cards(as_member(colleague), shop) == before
    assert cards(as_member(owner), other) == before
    post(client, shop, "home_standard")
    assert cards(client, shop) == before
    assert not HomeLayout.objects.exists()


def test_it_takes_a_dragged_order_and_refuses_one_that_is_none(shop, owner, here):
    client = as_member(owner)
    before = cards(client, shop)
    wanted = before[::-1]
    assert post(client, shop, "home_order", headers={"X-Quiet": "1"}, data={"order": wanted}).status_code == 204
    assert cards(client, shop) == wanted
    for wrong in ([*wanted, "treasure"], [wanted[0], wanted[0]]):
        answer = post(client, shop, "home_order", headers={"X-Quiet": "1"}, data={"order": wrong})
        assert answer.status_code == 422
        assert "Reload the page" in answer.content.decode()
    assert cards(client, shop) == wanted


def test_it_removes_a_widget_offers_it_again_and_puts_it_back_twice_as_once(shop, owner, here):
    client = as_member(owner)
    before = cards(client, shop)
    answer = post(client, shop, "widget_removal", widget="due")
    assert cards(client, shop) == [name for name in before if name != "due"]
    page = client.get(answer["Location"]).content.decode()
    undo = reverse("analytics:widget_addition", kwargs={"shop": shop.code, "widget": "due"})
    assert page.count(f'action="{undo}"') == 2, "the undo above, and the offer below"
    for _twice in range(2):
        client.post(undo)
    assert cards(client, shop) == [*(name for name in before if name != "due"), "due"]
    post(client, shop, "widget_removal", widget="due")
    again = client.post(reverse("analytics:widget_removal", kwargs={"shop": shop.code, "widget": "due"}), follow=True)
    assert "not on your Home any more" in again.content.decode()


def test_a_stale_window_loses_nothing(shop, owner, here):
    """What another window removed stays away; what it added stays."""
    may = set(layout.STANDARD)
    layout.remove(shop=shop, by=owner, at=here, name="due")
    seen = list(layout.STANDARD)  # as the old window shows it
    layout.arrange(shop=shop, by=owner, at=here, offered=may, order=seen[::-1])
    assert layout.kept(shop, owner) == [name for name in reversed(layout.STANDARD) if name != "due"]
    layout.add(shop=shop, by=owner, at=here, offered=may, name="due", place=1)
    assert layout.kept(shop, owner)[1] == "due"
    layout.arrange(shop=shop, by=owner, at=here, offered=may, order=["notices", "sales"])
    kept = layout.kept(shop, owner)
    assert kept.index("notices") < kept.index("sales")
    assert set(kept) == may


def test_it_keeps_the_places_of_what_a_role_does_not_see(shop, owner, here):
    full = layout.kept(shop, owner)
    seen = {"orders", "notices"}
    layout.move(shop=shop, by=owner, at=here, offered=seen, name="notices", steps=-1)
    kept = layout.kept(shop, owner)
    assert [name for name in kept if name not in seen] == [name for name in full if name not in seen]
    assert kept.index("notices") < kept.index("orders")
    with pytest.raises(Invalid):
        layout.add(shop=shop, by=owner, at=here, offered=seen, name="payouts")


@pytest.mark.parametrize("role", ["owner", "packing", "finance", "service", "catalog", "analyst"])
def test_it_offers_only_what_a_role_may_see(shop, here, role):
    figures.add(shop.pk, here, order_count=1, gross_minor=98_765)
    user = make_member(shop, role)
    client = as_member(user)
    member = user.memberships.get(shop=shop)
    may = {name for name, one in widgets.WIDGETS.items() if member.may(one.area, "view")}
    page = home_of(client, shop)
    assert set(CARD.findall(page)) | {"setup"} == may | {"setup"}
    assert ("$987.65" in page) == member.may("analytics", "view")
    for name in widgets.WIDGETS:
        answer = client.get(reverse("analytics:widget", kwargs={"shop": shop.code, "widget": name}))
        assert (answer.status_code == 200) == (name in may and name != "setup") or name == "setup"
        post(client, shop, "widget_addition", widget=name)
    assert set(CARD.findall(home_of(client, shop))) <= may, "nothing is added that the role does not show"


# -- what they show ---------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(shop, owner, here):
    """A shop with something in every widget."""
    product = make_product(shop, on_hand=3, price_minor=2_000)
    orders = [
        make.make_open_order(shop, at=here - dt.timedelta(hours=3 + n), product=make_product(shop)) for n in range(7)
    ]
    held = min(orders, key=lambda order: order.ship_by)
    old = make.make_delivered_order(shop, at=here - dt.timedelta(days=8), product=make_product(shop, on_hand=9))
    asked = returns.request(
        order=old,
        units={make.line_of(old).pk: 1},
        kind="return_and_refund",
        reason="defective",
        at=here - dt.timedelta(hours=2),
    )
    said = inbox.ask(
        shop=shop,
        buyer=Buyer.objects.get(pk=old.buyer_id),
        order=old,
        body="Is it <b>blue</b>?",
        at=here - dt.timedelta(minutes=9),
    )
    figures.add(shop.pk, here, order_count=7, gross_minor=14_000, visit_count=20)
    version = PolicyVersion.objects.filter(market=shop.market).first()
    for back, tenths in ((1, 43), (20, 40)):
        Score.objects.create(
            shop=shop,
            day=here.date() - dt.timedelta(days=back),
            sps_tenths=tenths,
            delivered_count=31,
            metrics={},
            policy_version=version,
            measured_at=here,
        )
    return {"orders": orders, "first": held, "return": asked, "conversation": said, "product": product}


def test_it_leads_to_the_most_urgent_of_each_kind(shop, owner, busy, here):
    stats = {
        one["label"]: one
        for one in as_member(owner).get(reverse("analytics:home", kwargs={"shop": shop.code})).context["stats"]
    }
    shown = stats["Orders to ship"]
    assert (shown["value"], shown["url"]) == ("7", f"/s/{shop.code}/orders/{busy['first'].code}/")
    assert stats["Returns to decide"]["url"] == f"/s/{shop.code}/returns/{busy['return'].code}/"
    assert stats["Buyers to answer"]["url"] == f"/s/{shop.code}/support/messages/{busy['conversation'].code}/"
    assert stats["Sales today"]["value"] == "$140.00"


def test_it_passes_over_what_is_on_hold(shop, owner, busy, here):
    from orders import holds

    holds.place(order=busy["first"], kind="staff", reason="Checked", by=None, at=here)
    urgent = sorted(busy["orders"], key=lambda order: order.ship_by)[1]
    stats = as_member(owner).get(reverse("analytics:home", kwargs={"shop": shop.code})).context["stats"]
    [shown] = [one for one in stats if one["label"] == "Orders to ship"]
    assert (shown["value"], shown["url"]) == ("7", f"/s/{shop.code}/orders/{urgent.code}/")


def test_every_figure_leads_somewhere_that_exists(shop, owner, busy, here):
    client = as_member(owner)
    pages = [home_of(client, shop)]
    for name in widgets.WIDGETS:
        answer = client.get(reverse("analytics:widget", kwargs={"shop": shop.code, "widget": name}))
        if name != "setup":
            assert answer.status_code == 200, name
            pages.append(answer.content.decode())
    assert "&lt;b&gt;blue" in "".join(pages)
    assert "<b>blue" not in "".join(pages)
    links = {
        link.partition("#")[0].replace("&amp;", "&")
        for page in pages
        for link in re.findall(r'<a [^>]*href="(/[^"]+)"', page)
    }
    assert len(links) > 25
    dead = {link: status for link in links if (status := client.get(link).status_code) not in (200, 302)}
    assert dead == {}


def test_it_costs_at_most_twelve_queries_however_busy_it_is(shop, owner, busy, here, django_assert_max_num_queries):
    client = as_member(owner)
    home_of(client, shop)
    with django_assert_max_num_queries(12):
        page = home_of(client, shop)
    assert page.count('class="home-row"') >= 5 + 1 + 1
    for name in ("stock", "payouts", "products"):
        with django_assert_max_num_queries(12):
            client.get(reverse("analytics:widget", kwargs={"shop": shop.code, "widget": name}))


def test_it_counts_in_the_frame_what_the_lists_show(shop, owner, busy, here):
    """The numbers beside the menu, the inbox's, and the lists behind them are the same; and by role."""
    client = as_member(owner)
    page = client.get(reverse("orders:return_list", kwargs={"shop": shop.code}))
    frame = page.context["frame"]
    assert (frame.count("to_ship"), frame.count("to_decide"), frame.count("to_answer")) == ("7", "1", "1")
    listed = client.get(reverse("orders:order_list", kwargs={"shop": shop.code}), {"tab": "to_ship"}).content.decode()
    assert len(set(re.findall(r'id="order-(\w+)"', listed))) == 7
    midnight = dt.datetime(2026, 10, 15, 4, tzinfo=dt.UTC)
    due = [one for one in deadlines.Deadline.objects.in_shop(shop).running() if one.due_at < midnight]
    assert frame.due_today == (str(len(due)) if due else "")
    packer = make_member(shop, "packing")
    seen = as_member(packer).get(reverse("analytics:home", kwargs={"shop": shop.code})).context["frame"]
    mine = [one for one in due if one.area in ("home", "orders", "products")]
    assert seen.due_today == (str(len(mine)) if mine else "")
    assert seen.count("to_answer") == ""


# -- the tour ---------------------------------------------------------------------------------------------------------


def test_the_tour_ticks_what_this_member_did_since_the_start_and_nothing_else(shop, owner, busy, here, monkeypatch):
    client, colleague = as_member(owner), make_member(shop, "manager")
    inbox.answer(conversation=busy["conversation"], body="Yes.", by=owner, at=here - dt.timedelta(minutes=1))

    def ticked() -> set[str]:
        page = client.get(reverse("analytics:tour", kwargs={"shop": shop.code}))
        return {str(one["title"]) for one in page.context["items"] if one["done"]}

    assert ticked() == set()
    post(client, shop, "tour_start")
    assert Tour.objects.get().started_at == here
    assert ticked() == set(), "what was done before does not count"
    later = here + dt.timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    returns.approve(return_request=busy["return"], by=colleague, at=later)
    assert ticked() == set(), "a colleague's deed is not mine"
    fulfilment.mark_shipped(
        package=make.package_of(busy["first"]),
        carrier="sandbox",
        tracking_number=make.tracking_number(),
        by=owner,
        at=later,
    )
    post(client, shop, "widget_place", widget="notices", query="?to=up")
    make.make_order(shop, at=later, product=Product.objects.in_shop(shop).first())
    assert ticked() == {"Ship the most urgent order", "Make Home yours", "Be your own buyer"}
    monkeypatch.setattr(clock, "now", lambda: later + dt.timedelta(minutes=1))
    post(client, shop, "tour_start")
    assert ticked() == set(), "begun anew"


def test_the_tour_shows_a_packer_only_what_a_packer_may_do(shop, packer, here):
    page = as_member(packer).get(reverse("analytics:tour", kwargs={"shop": shop.code}))
    titles = {str(one["title"]) for one in page.context["items"]}
    assert "Ship the most urgent order" in titles
    assert titles.isdisjoint({"Start a coupon", "Answer a buyer", "Change a price or a stock"})
    assert {str(one.title) for one in page.context["looks"]} == {"See what is due"}
    assert b"What the numbers mean" in as_member(packer).get(reverse("help", kwargs={"shop": shop.code})).content
