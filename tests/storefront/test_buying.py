"""Buying: browse, basket, coupon, checkout, order page. As a guest, without JavaScript, and never another shop's."""

import re
from html import unescape

import pytest
from django.core import mail
from django.urls import reverse
from django.utils.html import strip_tags

from catalog import stock
from catalog.models import Media, Sku, StockItem
from orders import intake, refunds, returns
from orders.buyer_links import buyer_path, read_token, token_of
from orders.models import Order, Refund, ReturnRequest
from seller_center import inbox, reactions
from seller_center.kernel import clock
from seller_center.kernel.money import format_money
from shops.models import Deadline
from shops.policy_book import policy_for
from storefront import browsing
from storefront.models import Basket, BasketLine
from support.models import BuyerMessage, Conversation, Review
from tests.factories.catalog import make_choices, make_product, set_status, sku_of
from tests.factories.marketing import make_coupon
from tests.factories.orders import DAY, HOUR, fresh, make_delivered_order, make_open_order, make_order, pay, scan, ship

ADDRESS = {
    "name": "Buyer One",
    "email": "buyer@example.org",
    "phone": "",
    "line1": "1 Sample Road",
    "line2": "",
    "city": "Albany",
    "region": "ny",
    "postal_code": "12207",
}


@pytest.fixture
def here(at, monkeypatch):
    """The pages' clock stands at the moment of the tests."""
    from seller_center.kernel import clock

    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def mug(shop):
    return make_product(shop, price_minor=1_999, on_hand=5)


def place(name: str, shop, **more: str) -> str:
    return reverse(f"storefront:{name}", kwargs={"slug": shop.slug, **more})


def told(answer) -> str:
    """What a page says, in one line."""
    return " ".join(unescape(strip_tags(answer.content.decode())).split())


def refuse(**_given):
    raise intake.DailyLimitReached("Not today.")


def put_in(client, shop, product, quantity=1):
    return client.post(place("put_in", shop), {"sku": sku_of(product).code, "quantity": str(quantity)})


def test_it_shows_the_shop_and_its_products_to_anybody(client, shop, mug, here):
    draft = make_product(shop)
    set_status(draft, "draft") if draft.status != "draft" else None
    page = client.get(place("shop", shop)).content.decode()
    assert mug.name in page
    product = client.get(place("product", shop, product=mug.slug))
    assert product.status_code == 200
    assert "$19.99" in product.content.decode()


def test_the_name_of_a_page_says_the_shop_once(client, shop, mug, here):
    def title(page: str) -> str:
        return unescape(re.search("<title>(.*?)</title>", client.get(page).content.decode())[1])

    assert title(place("shop", shop)) == shop.name
    assert title(place("shop", shop) + "?q=mug") == f"“mug” · {shop.name}"
    assert title(place("product", shop, product=mug.slug)) == f"{mug.name} · {shop.name}"
    assert title(place("basket", shop)) == f"Basket · {shop.name}"


def test_it_says_one_price_once_and_several_beside_their_choices(client, shop, here):
    jersey = make_choices(shop, {"Size": ["S", "M", "L"]})
    Sku.objects.filter(product=jersey).update(price_minor=8_990)

    def shown():
        page = client.get(place("product", shop, product=jersey.slug)).content.decode()
        buy = page[page.index('<div class="product-buy">') : page.index('<ul class="promises">')]
        return " ".join(strip_tags(buy).split())

    assert shown().count("$89.90") == 1
    assert "from" not in shown()
    small = Sku.objects.get(product=jersey, option_values=["S"])
    Sku.objects.filter(pk=small.pk).update(price_minor=7_990)
    assert "from $79.90" in shown()
    assert "S · $79.90 M · $89.90 L · $89.90" in shown()
    stock.count(sku=small, quantity=0, by=None, at=here)
    assert "from" not in shown(), "what is sold out is no offer"
    assert shown().count("$89.90") == 1


def test_it_looks_at_further_pictures_on_the_page(client, shop, owner, here):
    product = make_product(shop, status="live")
    for position in (0, 1):
        Media.objects.create(
            shop=shop, product=product, digest=f"{product.pk:039d}{position}", position=position,
            width=9, height=9, size_bytes=1, added_by=owner, added_at=here,
        )  # fmt: skip
    page = client.get(place("product", shop, product=product.slug)).content.decode()
    for number in (1, 2):
        assert f'href="#picture-{number}"' in page
        assert f'id="picture-{number}"' in page
    assert '<a href="/pictures/' not in page, "no way out to a bare file"


def test_it_answers_404_for_shops_and_products_that_are_not_public(client, shop, other_shop, mug, here):
    assert client.get(place("shop", shop).replace(shop.slug, "nobody")).status_code == 404
    assert client.get(place("product", other_shop, product=mug.slug)).status_code == 404


def test_it_buys_with_a_coupon_and_shows_the_exact_total_first(client, shop, mug, here):
    make_coupon(shop, "TENOFF", percent=10, at=here)
    put_in(client, shop, mug, 2)
    assert client.post(place("coupon", shop), {"code": "tenoff"}).status_code == 302
    shown = client.post(place("checkout", shop), ADDRESS)
    total = shown.context["shown_total"]
    assert "place" not in Order.objects.values_list("code", flat=True)
    assert not Order.objects.exists(), "looking at the total orders nothing"
    done = client.post(place("checkout", shop), {**ADDRESS, "shown_total": total, "place": "1"})
    order = Order.objects.get()
    assert done.headers["Location"] == place("payment", shop, token=token_of(order))
    assert (order.total_minor, order.seller_discount_minor, order.channel) == (total, 400, "storefront")
    assert StockItem.objects.get(sku=sku_of(mug)).reserved == 2
    assert not BasketLine.objects.exists()


def test_it_refuses_a_used_up_coupon_before_the_total_and_says_so_once(client, shop, mug, here):
    make_coupon(shop, "ONCE", percent=10, at=here, per_buyer_limit_count=1)
    for _order in range(2):
        put_in(client, shop, mug, 1)
        client.post(place("coupon", shop), {"code": "once"})
        shown = client.post(place("checkout", shop), ADDRESS)
        total = shown.context.get("shown_total")
        client.post(place("checkout", shop), {**ADDRESS, "shown_total": total or "", "place": "1"})
    assert Order.objects.count() == 1
    assert shown.status_code == 409
    page = shown.content.decode()
    assert page.count("as often as it allows") == 1
    assert "Order for" not in page


def test_it_refuses_a_zip_code_of_another_state(client, shop, mug, here):
    put_in(client, shop, mug, 1)
    answer = client.post(place("checkout", shop), {**ADDRESS, "postal_code": "90210"})
    assert answer.status_code == 422
    assert "does not belong to that state" in answer.content.decode()


def test_it_never_calls_a_sum_with_tax_one_before_tax(client, shop, mug, here, monkeypatch):
    put_in(client, shop, mug, 1)
    total = client.post(place("checkout", shop), ADDRESS).context["shown_total"]
    monkeypatch.setattr(intake, "place_order", refuse)
    page = client.post(place("checkout", shop), {**ADDRESS, "shown_total": total, "place": "1"}).content.decode()
    assert page.count("Not today.") == 1
    assert "Before tax" not in page


def test_it_orders_once_however_often_the_button_is_pressed(client, shop, mug, here):
    put_in(client, shop, mug)
    total = client.post(place("checkout", shop), ADDRESS).context["shown_total"]
    twice = {**ADDRESS, "shown_total": total, "place": "1"}
    lines = list(BasketLine.objects.values("shop_id", "basket_id", "sku_id", "quantity", "seen_price_minor"))
    client.post(place("checkout", shop), twice)
    # the second click left before the first had answered: the basket was still full then
    Basket.objects.update(order_code="")
    BasketLine.objects.bulk_create([BasketLine(**line) for line in lines])
    client.post(place("checkout", shop), twice)
    assert Order.objects.count() == 1


def test_it_never_charges_a_price_that_was_not_shown(client, shop, mug, here):
    put_in(client, shop, mug)
    total = client.post(place("checkout", shop), ADDRESS).context["shown_total"]
    Sku.objects.update(price_minor=2_999)
    answer = client.post(place("checkout", shop), {**ADDRESS, "shown_total": total, "place": "1"})
    assert not Order.objects.exists()
    assert answer.context["shown_total"] > total, "the new total is shown and has to be confirmed"


def test_it_says_how_many_are_left_and_keeps_the_basket(client, shop, mug, here):
    answer = put_in(client, shop, mug, 6)
    assert answer.status_code == 409
    assert "Only 5 of" in answer.content.decode()
    assert not BasketLine.objects.exists()


@pytest.mark.parametrize("quantity", ["-1", "0", "1000", "two"])
def test_it_refuses_strange_quantities(client, shop, mug, here, quantity):
    assert put_in(client, shop, mug, quantity).status_code == 422
    assert not BasketLine.objects.exists()


def test_it_says_why_a_coupon_does_not_fit_and_forgets_it(client, shop, mug, here):
    put_in(client, shop, mug)
    answer = client.post(place("coupon", shop), {"code": "NOTHING"})
    assert answer.status_code == 409
    assert "no coupon" in answer.content.decode()
    assert Basket.objects.get().coupon_code == ""


def test_it_names_what_the_checkout_lacks(client, shop, mug, here):
    put_in(client, shop, mug)
    answer = client.post(place("checkout", shop), {**ADDRESS, "email": "nowhere", "city": ""})
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"email", "city"}


def test_it_keeps_a_basket_per_shop(client, shop, other_shop, mug, here):
    put_in(client, shop, mug)
    assert client.get(place("basket", other_shop)).context["lines"] == []


def test_it_says_until_when_an_order_has_to_be_paid(client, shop, here):
    order = make_order(shop)
    until = Deadline.objects.get(kind="order.payment", subject_code=order.code).due_at
    for path in (buyer_path(order), place("payment", shop, token=token_of(order))):
        page = client.get(path)
        assert page.context["pay_by"] == until
        assert "Your order is reserved for you until" in page.content.decode()


def test_it_opens_an_order_by_its_secret_link_only(client, shop, other_shop, here):
    order = make_order(shop)
    assert client.get(buyer_path(order)).status_code == 200
    assert read_token(token_of(order)) == (shop.pk, order.code)
    for path in (
        place("order", shop, token=order.code),
        place("order", other_shop, token=token_of(order)),
        buyer_path(order)[:-2] + "x/",
    ):
        assert client.get(path).status_code == 404


def test_what_was_ordered_leads_back_to_it_while_it_is_on_sale(client, shop, here):
    order = pay(make_order(shop))
    product = order.lines.get().sku.product
    page = f'href="{place("product", shop, product=product.slug)}"'
    assert page in client.get(buyer_path(order)).content.decode()
    set_status(product, "archived")
    assert page not in client.get(buyer_path(order)).content.decode()


def test_it_keeps_the_order_page_out_of_caches_and_referrers(client, shop, here):
    answer = client.get(buyer_path(make_order(shop)))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "same-origin"


def test_it_cancels_freely_for_an_hour_and_then_no_longer(client, shop, here):
    order = pay(make_order(shop))
    path = place("cancellation", shop, token=token_of(order))
    assert client.post(path, {"reason": "changed_mind"}).status_code == 302
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELLED
    again = client.post(path, {"reason": "changed_mind"})
    assert again.status_code == 409


def test_it_says_why_an_order_ended_and_leads_back_to_the_shop(client, shop, here, at):
    order = make_order(shop)
    deadline = Deadline.objects.get(kind="order.payment", subject_code=order.code)
    inbox.sweep(deadline.due_at)
    page = client.get(buyer_path(order)).content.decode()
    assert "Reason: Not paid in time." in page
    assert "Nothing was charged." in page
    assert f'href="{place("shop", shop)}"' in page
    paid = pay(make_order(shop))
    client.post(place("cancellation", shop, token=token_of(paid)), {"reason": "changed_mind"})
    page = client.get(buyer_path(paid)).content.decode()
    assert "Reason: Changed my mind." in page
    assert "Nothing was charged." not in page


def test_it_sends_a_message_that_the_shop_owes_an_answer_to(client, shop, here):
    order = pay(make_order(shop))
    path = place("message", shop, token=token_of(order))
    assert client.post(path, {"body": "When will it come?"}).status_code == 302
    assert client.post(path, {"body": "  "}).status_code == 422
    conversation = Conversation.objects.get()
    assert conversation.status == Conversation.Status.AWAITING_SHOP
    assert BuyerMessage.objects.get().body == "When will it come?"


def test_it_reviews_what_has_arrived_and_only_once(client, shop, here):
    waiting = pay(make_order(shop))
    path = place("review", shop, token=token_of(waiting))
    line = waiting.lines.get() if hasattr(waiting, "lines") else None
    refused = client.post(path, {"line": line.pk, "stars": "5", "body": ""})
    assert refused.status_code == 409
    order = make_delivered_order(shop)
    path = place("review", shop, token=token_of(order))
    wanted = {"line": order.lines.get().pk, "stars": "4", "body": "Good."}
    assert client.post(path, wanted).status_code == 302
    assert client.post(path, wanted).status_code == 409
    assert Review.objects.get().stars == 4
    page = client.get(place("shop", shop))
    assert [one.rating for one in page.context["page"].rows if one.rating] == [browsing.Rating(1, 40)]
    assert "4 stars of 5" in page.content.decode()


def test_it_shows_every_shop_with_its_newest_picture(client, shop, other_shop, owner, mug, here):
    older = make_product(shop, status="live")
    newer = make_product(shop, status="live")
    draft = make_product(shop, status="draft")
    for product in (older, newer, draft):
        for position in (1, 0):
            Media.objects.create(
                shop=shop, product=product, digest=f"{product.pk:039d}{position}", position=position,
                width=9, height=9, size_bytes=1, added_by=owner, added_at=here,
            )  # fmt: skip
    shown = {one.pk: one.picture for one in client.get(reverse("storefront:shops")).context["page"].rows}
    assert (shown[shop.pk].product, shown[shop.pk].position) == (newer, 0)
    assert shown[other_shop.pk] is None


def test_it_does_not_review_a_line_of_another_order(client, shop, here):
    order, other = make_delivered_order(shop), make_delivered_order(shop)
    path = place("review", shop, token=token_of(order))
    assert client.post(path, {"line": other.lines.get().pk, "stars": "1"}).status_code == 404
    assert not Review.objects.exists()


def test_it_asks_for_a_return_with_reason_and_units(client, shop, here):
    order = make_delivered_order(shop)
    path = place("return", shop, token=token_of(order))
    line = order.lines.get()
    wanted = {f"units-{line.pk}": "1", "kind": "return_and_refund", "reason": "damaged", "note": "A crack."}
    assert client.post(path, {**wanted, f"units-{line.pk}": "x"}).status_code == 422
    assert client.post(path, wanted).status_code == 302
    assert ReturnRequest.objects.get().reason == "damaged"


def test_a_buyer_reads_what_they_said_and_not_what_the_seller_said(client, shop, packer, here):
    order = make_delivered_order(shop, quantity=2)
    returns.request(
        order=order,
        kind="return_and_refund",
        reason="damaged",
        units={order.lines.get().pk: 1},
        note="A crack.",
        at=here + HOUR,
    )
    assert "Arrived damaged: A crack." in told(client.get(buyer_path(order)))
    given = make_delivered_order(shop)
    returns.grant(
        order=given, reason="damaged", units={given.lines.get().pk: 1}, note="Ours.", by=packer, at=here + HOUR
    )
    page = told(client.get(buyer_path(given)))
    assert "Your return" in page
    assert "Arrived damaged" not in page
    assert "Ours." not in page


def wish(order, **more: str) -> dict[str, str]:
    """What the form of a return sends."""
    return {
        f"units-{order.lines.get().pk}": "1", "kind": "return_and_refund", "reason": "damaged", "note": "A crack.", **more
    }  # fmt: skip


def test_it_keeps_what_was_typed_where_a_return_is_refused(client, shop, here):
    order = make_delivered_order(shop)
    path = place("return", shop, token=token_of(order))
    nothing = client.post(path, wish(order, **{f"units-{order.lines.get().pk}": "0"}))
    assert nothing.status_code == 422
    page = nothing.content.decode()
    assert "A crack." in page
    assert "Choose what you want to return." in page
    assert '<option value="damaged" selected>' in page
    emptied = client.post(path, wish(order, **{f"units-{order.lines.get().pk}": ""}))
    assert "Choose what you want to return." in emptied.content.decode()
    unreasoned = client.post(path, wish(order, reason=""))
    assert unreasoned.status_code == 422
    assert "A crack." in unreasoned.content.decode()
    assert not ReturnRequest.objects.exists()


def test_it_blames_nobody_before_a_reason_is_chosen(client, shop, here):
    order = make_delivered_order(shop)
    assert client.get(buyer_path(order)).context["return_form"]["reason"].value() is None
    assert client.post(place("return", shop, token=token_of(order)), wish(order, reason="")).status_code == 422


def test_it_offers_a_return_only_of_what_is_left_and_while_there_is_time(client, shop, packer, here, monkeypatch):
    order = make_delivered_order(shop)
    assert client.get(buyer_path(order)).context["may_return"]
    found = returns.request(order=order, kind="refund_only", reason="damaged", units={order.lines.get().pk: 1}, at=here)
    assert not client.get(buyer_path(order)).context["may_return"], "one waits for the shop"
    again = client.post(place("return", shop, token=token_of(order)), wish(order))
    assert again.status_code == 409
    assert "0 units can be returned" in again.content.decode(), "said although the form is gone"
    returns.approve(return_request=found, by=packer, at=here)
    assert not client.get(buyer_path(order)).context["may_return"], "all of it was given back"
    late = make_delivered_order(shop)
    monkeypatch.setattr(clock, "now", lambda: here + 60 * DAY)
    assert not client.get(buyer_path(late)).context["may_return"]


def test_it_offers_the_money_of_a_lost_parcel(client, shop, here):
    order = make_open_order(shop)
    scan(ship(order, at=here + HOUR), "lost", at=here + DAY)
    assert client.get(buyer_path(order)).context["may_return"]


def test_it_tells_the_buyer_until_when_and_how_much(client, shop, packer, here):
    order = make_delivered_order(shop)
    found = returns.request(
        order=order, kind="return_and_refund", reason="damaged", units={order.lines.get().pk: 1}, at=here
    )
    page = client.get(buyer_path(order)).content.decode()
    assert "The shop answers by" in page
    assert f"1 × {order.lines.get().title}" in page
    returns.approve(return_request=found, by=packer, at=here)
    page = client.get(buyer_path(order)).content.decode()
    [asked] = client.get(buyer_path(order)).context["returns"]
    assert asked.due_at == here + policy_for(shop, here).returns.ship_back_days * DAY
    assert "tell us its number, by" in page
    returns.receive(return_request=found, by=packer, at=here)
    assert "The shop looks at it by" in client.get(buyer_path(order)).content.decode()
    returns.refund(return_request=found, by=packer, at=here)
    page = client.get(buyer_path(order)).content.decode()
    back = format_money(order.total_minor, order.currency)
    assert f"{back} goes back to you." in page
    assert f"<dt>Back to you</dt><dd>−{back}</dd>" in page


def test_it_tells_the_buyer_why_the_shop_refused(client, shop, packer, here):
    order = make_delivered_order(shop)
    found = returns.request(
        order=order, kind="return_and_refund", reason="damaged", units={order.lines.get().pk: 1}, at=here
    )
    returns.refuse(return_request=found, reason="used", justification="Mud on the soles.", by=packer, at=here)
    page = client.get(buyer_path(order)).content.decode()
    assert "The item was used or worn" in page
    assert "Mud on the soles." in page


def test_it_takes_a_request_back_until_the_parcel_is_on_its_way(client, shop, packer, here):
    order = make_delivered_order(shop)
    units = {order.lines.get().pk: 1}
    path = place("withdrawal", shop, token=token_of(order))
    found = returns.request(order=order, kind="return_and_refund", reason="damaged", units=units, at=here)
    assert path in client.get(buyer_path(order)).content.decode()
    assert client.post(path, {"return": found.code}).status_code == 302
    found.refresh_from_db()
    assert found.status == "withdrawn"
    assert client.post(path, {"return": "NONE"}).status_code == 404
    sent = returns.request(order=order, kind="return_and_refund", reason="damaged", units=units, at=here)
    returns.approve(return_request=sent, by=packer, at=here)
    for nothing in ("", " ", "?", "--"):
        answer = client.post(
            place("send_back", shop, token=token_of(order)),
            {"return": sent.code, "carrier": "sandbox", "tracking_number": nothing},
        )
        assert answer.status_code == 422, nothing
        assert "Enter the tracking number." in told(answer)
    sent.refresh_from_db()
    assert sent.status == "awaiting_return", "the clock runs on"
    returns.send_back(return_request=sent, carrier="ups", tracking_number="1Z", at=here)
    assert path not in client.get(buyer_path(order)).content.decode()
    assert client.post(path, {"return": sent.code}).status_code == 409


def test_it_keeps_a_message_and_a_review_that_were_refused(client, shop, here):
    waiting = pay(make_order(shop))
    line = waiting.lines.get()
    refused = client.post(
        place("review", shop, token=token_of(waiting)), {"line": line.pk, "stars": "4", "body": "Not yet here."}
    )
    assert refused.status_code == 409
    [one] = refused.context["lines"]
    assert one["refused"] == {"stars": 4, "body": "Not yet here."}
    long = client.post(place("message", shop, token=token_of(waiting)), {"body": "Where? " * 1_500})
    assert long.status_code == 422
    assert "Where? Where?" in long.content.decode()


def paid_meanwhile(order, packer, here, *, units: int, asked: int):
    """A return of so many units, while the seller gives the money of some back for another reason; then it ends."""
    wanted = {order.lines.get().pk: asked}
    found = returns.request(order=order, kind="return_and_refund", reason="damaged", units=wanted, at=here)
    returns.approve(return_request=found, by=packer, at=here)
    given = {"reason": "damaged", "fault": "seller", "by": packer, "at": here + HOUR}
    refunds.pay_back(order=fresh(order), units={order.lines.get().pk: units}, **given)
    return found


def test_a_return_that_gave_back_nothing_more_says_so_and_why(client, shop, packer, here, monkeypatch):
    """The badge says that it was refunded, and no money came by it: the buyer reads what had come before, and when."""
    order = make_delivered_order(shop, quantity=2)
    found = paid_meanwhile(order, packer, here, units=2, asked=2)
    before = Refund.objects.get()
    waiting = told(client.get(buyer_path(order)))
    assert "has gone back to you already; nothing more is due" in waiting
    assert "you get your money back" not in waiting
    returns.receive(return_request=found, by=packer, at=here + 2 * HOUR)
    assert "you get your money back" not in told(client.get(buyer_path(order)))
    returns.refund(return_request=found, by=packer, at=here + 3 * HOUR)
    Refund.objects.update(status="sent", sent_at=here + 2 * HOUR)
    page = told(client.get(buyer_path(order)))
    assert "Nothing more was due: the money for these units had gone back to you before this return ended." in page
    assert f"{format_money(before.total_minor, 'USD')} went back before. Sent " in page
    assert "goes back to you." not in page
    assert "nothing more is due" not in page
    ReturnRequest.objects.update(status="closed")
    assert "Nothing more was due" in told(client.get(buyer_path(order)))


def test_a_return_that_gave_back_a_part_says_what_is_not_in_it(client, shop, packer, here):
    order = make_delivered_order(shop, quantity=3)
    found = paid_meanwhile(order, packer, here, units=2, asked=2)
    assert "nothing more is due" not in told(client.get(buyer_path(order))), "one unit's money is still there"
    returns.receive(return_request=found, by=packer, at=here + 2 * HOUR)
    returns.refund(return_request=found, by=packer, at=here + 3 * HOUR)
    page = told(client.get(buyer_path(order)))
    assert "For 1 unit the money had gone back to you before; it is not in this amount." in page
    assert "goes back to you." in page
    assert "Nothing more was due" not in page


def test_a_return_that_was_paid_says_nothing_of_before(client, shop, packer, here):
    """Control: and neither does the mail."""
    order = make_delivered_order(shop)
    found = returns.request(order=order, kind="refund_only", reason="damaged", units={order.lines.get().pk: 1}, at=here)
    returns.approve(return_request=found, by=packer, at=here)
    page = told(client.get(buyer_path(order)))
    assert "gone back to you" not in page
    assert "goes back to you." in page
    reactions.deliver_all(here)
    [mail_] = [one for one in mail.outbox if "approved" in one.body]
    assert "The money is on its way to you." in mail_.body


def test_the_mail_about_a_return_promises_no_money_twice(client, shop, packer, here):
    order = make_delivered_order(shop, quantity=2)
    wanted = {order.lines.get().pk: 2}
    found = returns.request(order=order, kind="refund_only", reason="damaged", units=wanted, at=here)
    given = {"reason": "damaged", "fault": "seller", "by": packer, "at": here}
    refunds.pay_back(order=fresh(order), units=wanted, **given)
    returns.approve(return_request=found, by=packer, at=here + HOUR)
    reactions.deliver_all(here + HOUR)
    [mail_] = [one for one in mail.outbox if "has approved your return" in one.body]
    assert "The money has gone back to you already; nothing more is due." in mail_.body
    assert "on its way" not in mail_.body


def test_it_costs_the_same_queries_for_one_product_and_for_twenty(
    client, shop, mug, here, django_assert_max_num_queries
):
    client.get(place("shop", shop))
    for _number in range(20):
        make_product(shop)
    with django_assert_max_num_queries(8):
        client.get(place("shop", shop))
    with django_assert_max_num_queries(12):
        client.get(place("product", shop, product=mug.slug))


@pytest.mark.parametrize("given", ["NY", "ny", "New York", " new york "])
def test_it_takes_a_state_by_code_or_name(given, shop):
    from storefront.forms import CheckoutForm

    form = CheckoutForm({"region": given}, shop=shop)
    form.is_valid()
    assert form.cleaned_data["region"] == "NY"


def test_it_refuses_a_state_that_is_none_for_it_decides_about_the_tax(shop):
    from storefront.forms import CheckoutForm

    assert "region" in CheckoutForm({"region": "Nowhere"}, shop=shop).errors
