"""The states of a listing."""

import dataclasses

import pytest
from django.db import DatabaseError, transaction

from catalog import publishing, stock
from catalog.models import Category, PictureAddress, Product, Sku
from catalog.publishing import NotReady, ShopNotOpen, TierFull
from seller_center.kernel.errors import Invalid, Stale
from shops import policy_book
from shops.models import Shop, ShopEvent
from tests.factories.catalog import give_picture, item_of, make_product, sku_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(shop, at):
    product = make_product(shop, status="draft", name="A board of walnut wood")
    give_picture(product)
    return product


def only_an_address(product):
    """What an import leaves: it noted where a picture is."""
    product.media.all().delete()
    PictureAddress.objects.create(
        shop=product.shop, product=product, url="https://example.com/a.jpg", recorded_at=product.created_at
    )


def kinds(product) -> list[str]:
    return [event.kind for event in ShopEvent.objects.about(product.shop, "product", product.code)]


def test_it_goes_live_through_review(draft, owner, at):
    publishing.submit(product=draft, by=owner, at=at)
    draft.refresh_from_db()
    assert (draft.status, draft.live_at) == ("live", at)
    assert kinds(draft) == ["product.went_live"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda product: product.media.all().delete(), "There is no picture"),
        (only_an_address, "no picture here yet"),
        (lambda product: Product.objects.filter(pk=product.pk).update(category=None), "No category"),
        (
            lambda product: Product.objects.filter(pk=product.pk).update(category=Category.objects.get(code="rings")),
            "needs a qualification",
        ),
        (lambda product: Sku.objects.filter(product=product).update(price_minor=0), r"below \$0.01"),
        (lambda product: Sku.objects.filter(product=product).update(barcode="123"), "not a barcode"),
        (lambda product: Sku.objects.filter(product=product).update(retired_at=product.created_at), "no SKU"),
        (
            lambda product: Product.objects.filter(pk=product.pk).update(description="x" * 10_001),
            "10,001 characters; at most 10,000",
        ),
    ],
)
def test_it_stays_a_draft_and_says_what_is_missing(draft, owner, at, spoil, sentence):
    spoil(draft)
    with pytest.raises(NotReady, match=sentence):
        publishing.submit(product=draft, by=owner, at=at)
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert kinds(draft) == []


def test_it_holds_the_limit_of_the_tier(draft, shop, owner, at, small_tier):
    for _ in range(2):
        make_product(shop)
    with pytest.raises(TierFull, match="2 live products"):
        publishing.submit(product=draft, by=owner, at=at)
    publishing.pause(product=Product.objects.live().first(), by=owner, at=at)
    publishing.submit(product=draft, by=owner, at=at)


def test_it_knows_no_limit_at_the_top_tier(draft, shop, owner, at, small_tier):
    Shop.objects.filter(pk=shop.pk).update(tier="pro")
    draft.shop.refresh_from_db()
    for _ in range(3):
        make_product(shop)
    publishing.submit(product=draft, by=owner, at=at)


@pytest.fixture
def small_tier(monkeypatch):
    """A policy whose lowest tier takes two live products."""
    real = policy_book.policy_for

    def smaller(market_or_shop, at):
        policy = real(market_or_shop, at)
        beginner = dataclasses.replace(policy.probation.beginner, live_products=2)
        return dataclasses.replace(policy, probation=dataclasses.replace(policy.probation, beginner=beginner))

    monkeypatch.setattr(publishing, "policy_for", smaller)


def test_it_waits_for_the_shop_to_open(draft, owner, at):
    draft.shop.status = Shop.Status.APPLYING
    with pytest.raises(ShopNotOpen):
        publishing.submit(product=draft, by=owner, at=at)


def test_it_pauses_resumes_archives_and_restores(draft, owner, at):
    publishing.submit(product=draft, by=owner, at=at)
    publishing.pause(product=draft, by=owner, at=at)
    publishing.resume(product=draft, by=owner, at=at)
    publishing.archive(product=draft, by=owner, at=at)
    publishing.restore(product=draft, by=owner, at=at)
    draft.refresh_from_db()
    assert draft.status == "paused"
    assert kinds(draft)[1:] == ["product.paused", "product.went_live", "product.archived", "product.restored"]


def test_it_says_how_things_stand_when_somebody_was_faster(draft, owner, at):
    publishing.submit(product=draft, by=owner, at=at)
    stale = Product.objects.get(pk=draft.pk)
    publishing.archive(product=draft, by=owner, at=at)
    with pytest.raises(Stale, match="Archived"):
        publishing.pause(product=stale, by=owner, at=at)


def test_it_is_frozen_and_released_by_staff_with_a_reason(draft, owner, at):
    publishing.submit(product=draft, by=owner, at=at)
    with pytest.raises(Invalid):
        publishing.freeze(product=draft, reason=" ", by=owner, at=at)
    publishing.freeze(product=draft, reason="Counterfeit report", by=owner, at=at)
    with pytest.raises(Stale):
        publishing.resume(product=draft, by=owner, at=at)
    with pytest.raises(Stale):
        publishing.pause(product=draft, by=owner, at=at)
    draft.refresh_from_db()
    assert draft.reason == "Counterfeit report"
    publishing.unfreeze(product=draft, by=owner, at=at)
    draft.refresh_from_db()
    assert (draft.status, draft.reason) == ("live", "")


@pytest.mark.parametrize("to", ["live", "paused", "frozen", "refused"])
def test_it_cannot_be_moved_by_sql_where_the_table_does_not_allow(draft, to):
    with pytest.raises(DatabaseError, match="no move from draft"), transaction.atomic():
        Product.objects.filter(pk=draft.pk).update(status=to)


def test_it_is_out_of_stock_with_one_click_and_back_with_another(draft, owner, at):
    sku = sku_of(draft)
    assert publishing.mark_out_of_stock(product=draft, by=owner, at=at) == 1
    assert publishing.mark_out_of_stock(product=draft, by=owner, at=at) == 0
    stock.receive(sku=sku, quantity=5, by=owner, at=at)
    assert item_of(sku).available == 0
    publishing.mark_back_in_stock(product=draft, by=owner, at=at)
    assert item_of(sku).available == 15
    assert kinds(draft) == ["stock.marked_out", "stock.changed", "stock.marked_back"]
