"""What a search of products finds, and what it does not put in the way of it."""

import pytest

from catalog.models import Product
from catalog.views.product_list import PRODUCTS
from shops import lists
from storefront import browsing
from tests.factories.catalog import make_product
from tests.factories.shops import AT
from tests.lists.first_pages import same_page

pytestmark = pytest.mark.django_db


def found(shop, words: str) -> set[str]:
    return {row.name for row in browsing.on_sale(shop, words)}


def near(shop, words: str) -> set[str]:
    return {row.name for row in Product.objects.in_shop(shop).like(shop, words)}


@pytest.fixture
def shelf(shop):
    for name in ("Touring bicycle with rack", "Desk lamp", "Rain jacket", "Pannier of canvas"):
        make_product(shop, name=name, brand="Bright Street Bicycles")
    make_product(shop, name="Fuel 5", brand="Trek")


def test_a_name_that_holds_the_words_stands_before_every_brand_that_does(shop, shelf):
    assert found(shop, "bicycle") == {"Touring bicycle with rack"}


def test_where_no_name_holds_them_the_brand_answers_alone_or_with_the_name(shop, shelf):
    assert found(shop, "trek") == found(shop, "trek fuel") == {"Fuel 5"}
    assert len(found(shop, "bright street")) == 4


@pytest.mark.parametrize(
    ("words", "name"),
    [("jaket", "Rain jacket"), ("pannyer", "Pannier of canvas"), ("lammp", "Desk lamp")],
)
def test_one_wrong_letter_is_forgiven(shop, shelf, words, name):
    assert found(shop, words) == set()
    assert near(shop, words) == {name}


def test_control_another_word_is_like_nothing(shop, shelf):
    assert near(shop, "umbrella") == near(shop, "xxxxx") == set()


def test_another_shop_is_never_like_it(shop, other_shop, shelf):
    make_product(other_shop, name="Leather jacket")
    assert near(shop, "jaket") == {"Rain jacket"}
    assert near(other_shop, "pannyer") == set()


def test_buyers_are_forgiven_as_well(client, shop, shelf):
    page = client.get(f"/shop/{shop.slug}/", {"q": "jaket"}).content.decode()
    assert "Rain jacket" in page
    assert "these are similar" in page
    assert "Desk lamp" not in page
    assert "these are similar" not in client.get(f"/shop/{shop.slug}/", {"q": "jacket"}).content.decode()


def test_the_sellers_list_and_the_search_over_everything_forgive_it_too(client, shop, shelf, owner):
    client.force_login(owner)
    for place in ("products", "search"):
        page = client.get(f"/s/{shop.code}/{place}/", {"q": "jaket"}).content.decode()
        assert "Rain jacket" in page, place
        assert "Desk lamp" not in page, place


def test_sellers_see_what_is_called_so_before_what_is_only_of_that_brand(client, shop, shelf, owner):
    """The desk lamp is the newest product of Bright Street Bicycles; the bicycle is older."""
    client.force_login(owner)
    for place, query in (("search", {}), ("products", {})):
        page = client.get(f"/s/{shop.code}/{place}/", {"q": "bicycle", **query}).content.decode()
        assert 0 < page.index("Touring bicycle with rack") < page.index("Pannier of canvas"), place
    newest = client.get(f"/s/{shop.code}/products/", {"q": "bicycle", "sort": "-added"}).content.decode()
    assert newest.index("Pannier of canvas") < newest.index("Touring bicycle with rack")


def test_names_first_is_paged_like_every_order(client, shop, shelf, owner):
    for number in range(30):
        make_product(shop, name=f"Lamp {number}", brand="Bicycle Parts" if number % 2 else "")
        make_product(shop, name=f"Bicycle {number}")
    question, _form = lists.ask(PRODUCTS, {"q": "bicycle"}, shop=shop, at=AT, user=owner, areas=frozenset({"products"}))
    names, token = [], ""
    while token or not names:
        page, _similar = lists.page(PRODUCTS, question, token=token, size=7)
        names += [one.name for one in page.rows]
        token = page.next_token
    called = [name for name in names if "icycle" in name]
    assert names[: len(called)] == called
    assert (len(called), len(names)) == (31, 49)
    assert len(set(names)) == 49
    assert "match" not in PRODUCTS.sorts_of("")


@pytest.mark.parametrize("words", ["", "bicycle", "bright lamp", "LAMP_1", "50% off", "SKU-1", "a b c d e f g h"])
def test_the_prepared_first_page_is_the_page_that_is_worked_out(shop, other_shop, owner, monkeypatch, words):
    for place in (shop, other_shop):
        for number in range(6):
            make_product(place, name=f"Bright lamp {number} 50% off", brand="Trek")
            make_product(place, name=f"LAMP_{number} a b c d e f g", code=f"SKU-1{number}", status="paused")
            make_product(place, name=f"Bicycle lamp {number}", status="archived")
    for tab in PRODUCTS.tabs:
        for sort in PRODUCTS.sorts_of(tab, words):
            asked = {"q": words, "status": tab, "sort": sort}
            question, _form = lists.ask(PRODUCTS, asked, shop=shop, at=AT, user=owner, areas=frozenset({"products"}))
            same_page(PRODUCTS, question, monkeypatch, size=5)


@pytest.mark.parametrize("more", [{"category": "bicycle-parts"}, {"stock": "low"}])
def test_what_filters_the_list_further_is_worked_out(shop, owner, more):
    question, _form = lists.ask(PRODUCTS, more, shop=shop, at=AT, user=owner, areas=frozenset({"products"}))
    assert PRODUCTS.first(question, 6) is None
