"""The coupon form: of percent and amount only the one that is given, on the screen and on the server."""

import pytest
from django.urls import reverse

from marketing.models import Coupon
from tests import axe
from tests.factories.marketing import make_coupon

TYPED = {
    "code": "SPRING",
    "name": "Spring",
    "least_spend": "0",
    "audience": "all",
    "starts_at": "2026-10-15T08:00",
}


def new(shop) -> str:
    return reverse("marketing:coupon_new", kwargs={"shop": shop.code})


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        ({"kind": "percent", "percent": "10", "amount": "-3"}, (10, None)),
        ({"kind": "fixed", "amount": "2.50", "percent": "500"}, (None, 250)),
    ],
)
def test_what_stands_in_the_field_of_the_other_kind_is_left_aside(client, shop, owner, typed, given):
    client.force_login(owner)
    assert client.post(new(shop), TYPED | typed).status_code == 302
    coupon = Coupon.objects.in_shop(shop).get()
    assert (coupon.percent, coupon.amount_minor) == given


@pytest.mark.parametrize(
    ("kind", "missed", "other"), [("percent", "percent", "amount"), ("fixed", "amount", "percent")]
)
def test_the_value_of_the_chosen_kind_is_asked_for(client, shop, owner, kind, missed, other):
    client.force_login(owner)
    answer = client.post(new(shop), TYPED | {"kind": kind})
    assert answer.status_code == 422
    assert missed in answer.context["form"].errors
    assert other not in answer.context["form"].errors
    assert not Coupon.objects.in_shop(shop).exists()


def test_a_live_coupon_is_changed_where_it_still_may(client, shop, owner):
    coupon = make_coupon(shop)
    client.force_login(owner)
    address = reverse("marketing:coupon_change", kwargs={"shop": shop.code, "code": coupon.code})
    assert client.post(address, {"name": "New name"}).status_code == 302
    coupon.refresh_from_db()
    assert coupon.name == "New name"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("script", [True, False])
def test_the_form_shows_the_field_of_the_kind_that_is_chosen(sit_down, live_server, shop, owner, script):
    page = sit_down(owner, java_script_enabled=script)
    page.goto(live_server.url + new(shop))
    percent, amount = page.get_by_label("Percent off", exact=True).nth(1), page.get_by_label("Amount off").nth(1)
    assert (percent.is_visible(), amount.is_visible()) == (True, False)
    page.get_by_role("radio", name="Percent off").focus()
    page.keyboard.press("ArrowDown")  # the other kind, by keyboard; Tab leads to its field and not to the hidden one
    assert (percent.is_visible(), amount.is_visible()) == (False, True)
    page.keyboard.press("Tab")
    page.keyboard.type("7.50")
    assert amount.input_value() == "7.50"
    if script:
        assert axe.violations(page) == []
    for name, value in {"code": "SPRING", "name": "Spring"}.items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url("**/coupons/SPRING/")
    assert Coupon.objects.in_shop(shop).get().amount_minor == 750
