"""Staff judge products through the same verbs."""

import pytest
from django.db import connection
from django.urls import reverse

from catalog import tree
from catalog.models import Category, Product
from seller_center import reactions
from seller_center.kernel import clock
from seller_center.kernel.errors import Invalid
from shops.models import Notice, ShopEvent
from tests.factories.accounts import verified_client
from tests.factories.catalog import make_product, set_status, sku_of
from tests.factories.shops import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def moment(at, monkeypatch):
    monkeypatch.setattr("seller_center.kernel.clock.now", lambda: at)


@pytest.fixture
def moderator():
    return verified_client(make_staff("moderator"))


def verdict(product) -> str:
    return reverse("admin:catalog_product_verdict", args=[product.pk])


def test_a_moderator_freezes_and_releases_with_a_reason(moderator, shop, owner, at):
    product = make_product(shop)
    assert moderator.get(verdict(product)).status_code == 200
    assert moderator.post(verdict(product), {"deed": "freeze", "reason": " "}).status_code == 409
    assert moderator.post(verdict(product), {"deed": "freeze", "reason": "Counterfeit report"}).status_code == 302
    product.refresh_from_db()
    assert (product.status, product.reason) == ("frozen", "Counterfeit report")

    reactions.deliver_all(at)
    notice = Notice.objects.get(kind="product.frozen", to=owner)
    assert (notice.body, notice.url) == ("Counterfeit report", f"/s/{shop.code}/products/{product.code}/")

    assert moderator.post(verdict(product), {"deed": "release"}).status_code == 302
    product.refresh_from_db()
    assert product.status == "live"
    assert ShopEvent.objects.about(shop, "product", product.code).count() == 2


def test_a_moderator_freezes_several_for_one_reason_and_hears_of_those_that_cannot_be(moderator, shop, other_shop):
    live, paused, draft = (
        make_product(shop),
        make_product(other_shop, status="paused"),
        make_product(shop, status="draft"),
    )
    listing = reverse("admin:catalog_product_changelist")
    rows = [live.pk, paused.pk, draft.pk]
    answer = moderator.post(listing, {"action": "freeze_selected", "_selected_action": rows})
    assert answer.status_code == 302
    page = moderator.get(answer.headers["Location"])
    assert page.content.decode().count("<li>") >= 3
    answer = moderator.post(answer.headers["Location"], {"reason": "Recall"}, follow=True)
    text = answer.content.decode()
    assert "2 products frozen." in text
    assert "cannot become" in text
    for product, status in ((live, "frozen"), (paused, "frozen"), (draft, "draft")):
        product.refresh_from_db()
        assert product.status == status


def test_it_refuses_a_product_in_review(moderator, shop):
    product = make_product(shop, status="draft")
    set_status(product, "in_review")
    assert moderator.post(verdict(product), {"deed": "refuse", "reason": "Wrong category"}).status_code == 302
    product.refresh_from_db()
    assert product.status == "refused"


@pytest.mark.parametrize("group", ["finance", "support", "reviewer"])
def test_other_staff_judge_nothing(shop, group):
    product = make_product(shop)
    client = verified_client(make_staff(group))
    assert client.get(verdict(product)).status_code == 403
    assert client.post(verdict(product), {"deed": "freeze", "reason": "x"}).status_code == 403
    product.refresh_from_db()
    assert product.status == "live"


def test_every_list_opens_and_changes_nothing(moderator, shop):
    product = make_product(shop)
    names = ("product", "sku", "category", "stockitem", "stockmovement", "reservation", "importrun", "lowstockalert")
    for name in names:
        assert moderator.get(reverse(f"admin:catalog_{name}_changelist")).status_code == 200, name
        assert moderator.get(reverse(f"admin:catalog_{name}_add")).status_code == 403, name
    change = reverse("admin:catalog_product_change", args=[product.pk])
    assert moderator.get(change).status_code == 200
    moderator.post(change, {"name": "Hacked", "status": "archived"})
    product.refresh_from_db()
    assert (product.name != "Hacked", product.status) == (True, "live")


def test_who_changes_a_category_leaves_a_row_and_who_changes_nothing_none():
    staff = make_staff("admin")
    category = Category.objects.choosable().exclude(restricted=True)[0]
    page = reverse("admin:catalog_category_change", args=[category.pk])
    typed = {"name": category.name, "fee_class": category.fee_class, "words": ",".join(category.words)}
    for _twice in range(2):
        assert verified_client(staff).post(page, {**typed, "restricted": "on"}).status_code == 302
    told = ShopEvent.objects.get(kind="category.changed")
    assert (told.shop.is_platform, told.by, told.audience) == (True, staff, "staff")
    assert told.sentence == f"Category “{category.full_name}” was changed: restricted."


def change_category(category: Category, **changes: str):
    """What staff get who save a category's page with these changes."""
    typed = {"name": category.name, "fee_class": category.fee_class, "words": ",".join(category.words)}
    page = reverse("admin:catalog_category_change", args=[category.pk])
    return verified_client(make_staff("admin")).post(page, {**typed, **changes})


def test_a_branch_with_another_name_gives_it_to_everything_below():
    branch, other = Category.objects.filter(is_leaf_category=False).order_by("path")[:2]
    below = Category.objects.filter(path__descendants=branch.path, is_leaf_category=True)
    before = dict(Category.objects.filter(path__descendants=other.path).values_list("pk", "full_name"))
    assert change_category(branch, name="House and hearth").status_code == 302
    assert below.count() > 1
    assert {one.full_name for one in below} == {f"House and hearth › {one.name}" for one in below}
    leaf = below[0]
    assert change_category(leaf, name="Pots").status_code == 302
    leaf.refresh_from_db()
    assert leaf.full_name == "House and hearth › Pots"
    assert dict(Category.objects.filter(path__descendants=other.path).values_list("pk", "full_name")) == before


def test_a_fee_class_is_one_that_a_policy_has_a_rate_for():
    leaf = Category.objects.choosable()[0]
    page = change_category(leaf, fee_class="standrad")
    assert page.status_code == 200
    assert "standrad is not one of the available choices" in page.content.decode()
    leaf.refresh_from_db()
    assert leaf.fee_class == "standard"
    boss = make_staff("admin")
    leaf.fee_class = "standrad"
    with pytest.raises(Invalid, match="No policy has a rate"):
        tree.change(leaf, ["fee_class"], by=boss, at=clock.now())


def test_the_words_of_a_category_are_compared_in_lower_case():
    leaf = Category.objects.choosable()[0]
    assert change_category(leaf, words="Mug, mug , Big  Mug").status_code == 302
    leaf.refresh_from_db()
    assert leaf.words == ["mug", "big mug"]


def test_staff_without_a_second_factor_see_nothing(client, shop):
    client.force_login(make_staff("moderator"))
    assert client.get(verdict(make_product(shop))).status_code in (302, 403)


def test_staff_find_products_of_every_shop_and_are_forgiven_slips(moderator, shop, other_shop):
    for place in (shop, other_shop):
        make_product(place, name="Rain jacket", brand="Bright Street")
    make_product(shop, name="Desk lamp")

    def told(words: str) -> str:
        page = moderator.get(reverse("admin:catalog_product_changelist"), {"q": words})
        return page.content.decode().partition("<main")[2]

    lamp = Product.objects.get(name="Desk lamp")
    for words in ("jacket", "bright jacket", "jaket", "jakcet"):
        page = told(words)
        assert page.count(">Rain jacket</a>") == 2, words
        assert "Desk lamp" not in page, words
        assert ("these are similar" in page) == (words in ("jaket", "jakcet"))
    for words in (lamp.code.lower(), sku_of(lamp).code):
        assert "Desk lamp" in told(words), words
    page = told(shop.code)
    assert (page.count(">Rain jacket</a>"), "Desk lamp" in page) == (1, True)
    assert "Desk lamp" not in told("umbrella")
    assert "these are similar" not in told("umbrella")


def test_the_search_of_staff_asks_the_trigram_indexes(shop):
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):  # so few rows are read along their keys
            cursor.execute(f"SET LOCAL enable_{way} = off")
    found = Product.objects.found_anywhere("jacket").order_by().explain()
    assert "product_search" in found
    assert "sku_search" in found
    assert "product_search" in Product.objects.like_anywhere("jaket").order_by().explain()
