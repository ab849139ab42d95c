"""The catalog's pages: who may see and change what, the deeds by HTTP with and without htmx, and bounded queries."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from catalog import importing, listing, publishing
from catalog.models import Category, ImportRun, Media, PictureAddress, Product, Sku
from seller_center import reactions
from shops.models import Job
from tests.catalog.test_importing import BOARDS, file_of, real_files
from tests.catalog.test_sheets import REAL
from tests.factories.catalog import item_of, make_choices, make_product, sku_of
from tests.factories.shops import make_member

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
IMAGES = Path(REAL).parent / "product-images"


@pytest.fixture(autouse=True)
def moment(at, monkeypatch):
    monkeypatch.setattr("seller_center.kernel.clock.now", lambda: at)


@pytest.fixture
def seller(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def product(shop):
    return make_product(shop, name="Walnut bread board")


def url(shop, path: str = "") -> str:
    return f"/s/{shop.code}/{path}"


def words(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# -- who may --------------------------------------------------------------------------------------------------------


def places(shop, owner, at) -> dict[str, list[str]]:
    """Every address of the floor with a real subject behind it, by method."""
    product = make_product(shop)
    picture = Media.objects.create(
        shop=shop, product=product, digest="a" * 40, width=9, height=9, size_bytes=9, added_at=at
    )
    run = importing.upload(shop=shop, content=file_of(*BOARDS), name="x.csv", by=owner, at=at)
    one, image = f"products/{product.code}/", f"products/{product.code}/pictures/{picture.pk}/"
    deeds = ["publication", "pause", "archive", "restoration", "draft", "sold-out", "back-in-stock", "skus", "pictures"]
    return {
        "get": [
            *("products/", "products/export/", one, "stock/", "stock/low/", "stock/journal/"),
            *("imports/", "imports/template.csv", f"imports/{run.code}/", f"imports/{run.code}/rows.csv"),
        ],
        "edit": ["products/new/", f"{one}words/", f"{one}options/", "imports/new/"],
        "post": [
            *(f"{one}{deed}/" for deed in deeds),
            *(f"{image}{deed}/" for deed in ("removal", "first-place", "words")),
            *("stock/counts/", "products/new/", f"{one}words/", f"{one}options/", "imports/new/"),
            *(f"imports/{run.code}/{deed}/" for deed in ("application", "discard", "check")),
        ],
    }


def test_a_stranger_finds_nothing(client, shop, other_shop, owner, at):
    client.force_login(make_member(other_shop))
    probes = places(shop, owner, at)
    for path in probes["get"] + probes["edit"]:
        assert client.get(url(shop, path)).status_code == 404, path
    for path in probes["post"]:
        assert client.post(url(shop, path), {"sku": 1}).status_code == 404, path


def test_a_member_finds_nothing_of_another_shop_under_his_own(seller, shop, other_shop, owner, at):
    foreign = places(other_shop, make_member(other_shop), at)
    own = {
        "products/",
        "products/export/",
        "stock/",
        "stock/low/",
        "stock/journal/",
        "imports/",
        "imports/template.csv",
    }
    own |= {"products/new/", "imports/new/"}
    probes = [path for path in foreign["get"] + foreign["edit"] if path not in own]
    for path in probes:
        assert seller.get(url(shop, path)).status_code == 404, path
    for path in foreign["post"]:
        if path not in own:
            sku = Sku.objects.filter(shop=other_shop).first()
            assert seller.post(url(shop, path), {"sku": sku.pk, "on_hand": 1}).status_code == 404, path
    assert len(probes) >= 5


def test_who_may_only_look_changes_nothing(client, shop, owner, packer, at):
    client.force_login(packer)
    probes = places(shop, owner, at)
    for path in probes["get"]:
        assert client.get(url(shop, path)).status_code in (200, 302), path
    for path in probes["edit"]:
        assert client.get(url(shop, path)).status_code == 403, path
    for path in probes["post"]:
        assert client.post(url(shop, path), {"sku": 1}).status_code == 403, path
    assert "Save table" not in words(client.get(url(shop, probes["get"][2])))


def test_without_the_area_there_is_no_page(client, shop, owner, at):
    client.force_login(make_member(shop, "finance"))
    assert client.get(url(shop, "products/")).status_code == 403


# -- the list ---------------------------------------------------------------------------------------------------------


def test_it_lists_products_with_picture_price_and_stock(seller, shop, at):
    board = make_choices(shop, {"Size": ["S", "M"]}, name="Walnut board", on_hand=2)
    Sku.objects.filter(product=board, option_values=["M"]).update(price_minor=2999)
    Media.objects.create(shop=shop, product=board, digest="ab" * 20, width=9, height=9, size_bytes=9, added_at=at)
    text = words(seller.get(url(shop, "products/")))
    assert "$19.99 – $29.99" in text
    assert "4 left" in text
    assert f"/pictures/{'ab' * 20}-thumb.webp" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Walnut board", "Clay cup"}),
        ("?q=walnut", {"Walnut board"}),
        ("?q=board+WALNUT", {"Walnut board"}),
        ("?q=cup-1", {"Clay cup"}),
        ("?q=wallnut", {"Walnut board"}),
        ("?q=zebra", set()),
        ("?category=tableware", {"Clay cup"}),
        ("?status=draft", {"Clay cup"}),
        ("?stock=out", {"Clay cup"}),
        ("?sort=name", {"Walnut board", "Clay cup"}),
        ("?status=nonsense&category=nonsense&page=nonsense&q=", {"Walnut board", "Clay cup"}),
    ],
)
def test_it_finds_products_by_what_stands_in_the_url(seller, shop, other_shop, query, found):
    make_product(shop, name="Walnut board", code="WB-1")
    make_product(shop, name="Clay cup", code="CUP-1", category="tableware", status="draft", on_hand=0)
    make_product(other_shop, name="Walnut board of others")
    text = words(seller.get(url(shop, f"products/{query}")))
    assert {name for name in ("Walnut board", "Clay cup") if name in text} == found
    assert "of others" not in text


def test_it_has_two_words_for_few_units_and_for_running_low(seller, shop):
    make_product(shop, on_hand=2)
    page = words(seller.get(url(shop, "stock/"), {"level": "low"}))
    tabs = [re.sub(r"<[^>]+>", " ", nav).split("Out of")[0] for nav in re.findall(r'<nav class="tabs.*?</nav>', page)]
    assert len(tabs) == 2
    assert ["Running low" in tab for tab in tabs] == [True, False], "by number and pace; here by number only"
    assert "Few left" in tabs[1]
    assert page.count("Few left") == 2, "the tab and the SKU's state say the same"


def test_it_pages_without_losing_or_repeating_a_product(seller, shop):
    codes = {make_product(shop).code for _ in range(30)}
    seen: list[str] = []
    query = "products/"
    for _page in range(2):
        text = words(seller.get(url(shop, query)))
        seen += re.findall(r'id="product-([A-Z0-9]+)"', text)
        following = re.search(r'href="\?page=([^"]+)"[^>]*>\s*Next', text)
        query = f"products/?page={following[1]}" if following else ""
    assert sorted(seen) == sorted(codes)


@pytest.mark.parametrize(
    "path", ["products/", "products/?q=board", "products/{code}/", "stock/", "stock/low/", "stock/journal/", "imports/"]
)
def test_each_page_opens_with_few_queries_whatever_its_rows(
    seller, shop, owner, at, path, django_assert_max_num_queries
):
    board = make_choices(shop, {"Size": ["S", "M", "L"], "Colour": ["Red", "Blue"]}, name="A board", on_hand=3)
    for number in range(12):
        make_product(shop, name=f"Board number {number}", on_hand=2)
    seller.get(url(shop, path.format(code=board.code)))  # what is kept per process is read
    with django_assert_max_num_queries(17 if "code" in path else 12):
        assert seller.get(url(shop, path.format(code=board.code))).status_code == 200


# -- search uses its indexes ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_search_uses_the_trigram_indexes(shop, other_shop, at, owner_cursor):
    for place in (shop, other_shop):
        products = Product.objects.bulk_create(
            Product(shop=place, code=f"P{n}", name=NAME % (n, n * 7919), slug=f"t-{n}", created_at=at, changed_at=at)
            for n in range(5_000)
        )
        Sku.objects.bulk_create(
            Sku(shop=place, product=row, code=f"CODE-{row.code}-{n * 104729}", price_minor=1, created_at=at)
            for n, row in enumerate(products)
        )
    owner_cursor.execute("VACUUM ANALYZE catalog_product, catalog_sku")
    for query in (Product.objects.found_by(shop, "nr2991z"), Product.objects.in_shop(shop).resembling(shop, "nr2991z")):
        plan = query.order_by("-id")[:25].explain()
        assert "product_search" in plan, plan
    plan = Product.objects.found_by(shop, "CODE-P2991").order_by("-id")[:25].explain()
    assert "sku_search" in plan, plan
    assert Product.objects.found_by(shop, "nr2991z").count() == 1
    assert Product.objects.found_by(shop, "code-p2991-").count() == 1


NAME = "Thing nr%sz of the kind %s"


# -- writing a product ------------------------------------------------------------------------------------------------

NEW = {"name": "Walnut bread board", "category": "kitchen-tools", "price": "19.99", "on_hand": "7", "code": "WB"}


def test_it_writes_a_product_from_draft_to_live(seller, shop):
    answer = seller.post(url(shop, "products/new/"), {**NEW, "option1": "Size", "values1": "S, M"})
    product = Product.objects.get()
    assert answer.headers["Location"] == url(shop, f"products/{product.code}/")
    page = words(seller.get(answer.headers["Location"]))
    assert "There is no picture." in page
    assert Sku.objects.filter(product=product).count() == 2

    refused = seller.post(url(shop, f"products/{product.code}/publication/"))
    assert refused.status_code == 409
    assert "cannot go live yet" in words(refused)

    answer = seller.post(url(shop, f"products/{product.code}/pictures/"), {"pictures": [picture(), picture(800)]})
    assert answer.status_code == 302
    assert product.media.count() == 2
    served = seller.get(product.media.first().large_url)
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"

    assert seller.post(url(shop, f"products/{product.code}/publication/")).status_code == 302
    product.refresh_from_db()
    assert product.status == "live"


def picture(size: int = 700):
    content = io.BytesIO()
    Image.effect_mandelbrot((size, size), (-3, -2.5, 2, 2.5), 60).convert("RGB").save(content, "JPEG")
    content.seek(0)
    content.name = "board.jpg"
    return content


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("price", "19,99"), ("price", ""), ("price", "9999999"), ("on_hand", "-1"), ("values1", "S, s")],
)
def test_it_says_beside_the_field_what_is_wrong(seller, shop, field, value):
    answer = seller.post(
        url(shop, "products/new/"), {**NEW, "option1": "Size" if "values" in field else "", field: value}
    )
    assert answer.status_code == 422
    assert "Please look at this again" in words(answer)
    assert not Product.objects.exists()


def test_it_saves_the_table_of_skus(seller, shop, product):
    sku = sku_of(product)
    table = {
        "code": sku.code,
        "price": "24.99",
        "compare_at": "30",
        "cost": "",
        "barcode": "",
        "weight": "",
        "on_hand": "4",
    }
    data = {f"sku-{sku.pk}-{name}": value for name, value in table.items()}
    answer = seller.post(url(shop, f"products/{product.code}/skus/"), data, **HTMX)
    assert answer.status_code == 200
    assert 'id="product"' in words(answer)
    assert "<html" not in words(answer)
    sku.refresh_from_db()
    assert (sku.price_minor, sku.compare_at_minor, item_of(sku).on_hand) == (2499, 3000, 4)

    answer = seller.post(url(shop, f"products/{product.code}/skus/"), {**data, f"sku-{sku.pk}-price": "x"}, **HTMX)
    assert answer.status_code == 422
    assert "Write an amount like 19.99." in words(answer)
    answer = seller.post(url(shop, f"products/{product.code}/skus/"), {**data, f"sku-{sku.pk}-compare_at": "1"})
    assert answer.status_code == 422
    assert "must be higher than the price" in words(answer)


def test_it_leaves_stock_alone_that_was_sold_while_the_table_was_open(seller, shop, product):
    sku = sku_of(product)
    data = {f"sku-{sku.pk}-code": sku.code, f"sku-{sku.pk}-price": "19.99", f"sku-{sku.pk}-on_hand": "10"}
    listing.stock.write_off(sku=sku, quantity=4, by=None, at=product.created_at)
    seller.post(url(shop, f"products/{product.code}/skus/"), {**data, f"initial-sku-{sku.pk}-on_hand": "10"})
    assert item_of(sku).on_hand in (6, 10)


def test_it_does_each_deed_without_javascript_and_with_htmx(seller, shop, product):
    path = url(shop, f"products/{product.code}/")
    for deed, status in (
        ("pause", "paused"),
        ("archive", "archived"),
        ("restoration", "paused"),
        ("archive", "archived"),
    ):
        answer = seller.post(f"{path}{deed}/")
        assert (answer.status_code, answer.headers["Location"]) == (302, path)
        product.refresh_from_db()
        assert product.status == status
    assert seller.post(f"{path}restoration/", **HTMX).status_code == 200
    refused = seller.post(f"{path}pause/", **HTMX)
    assert refused.status_code == 409
    assert "is now “Paused”" in words(refused)


def test_it_is_out_of_stock_and_back_by_one_click(seller, shop, product):
    path = url(shop, f"products/{product.code}/")
    seller.post(f"{path}sold-out/")
    assert item_of(product).available == 0
    assert "Out of stock" in words(seller.get(path))
    seller.post(f"{path}back-in-stock/")
    assert item_of(product).available == 10


def test_it_refuses_pictures_that_are_none(seller, shop, product):
    path = url(shop, f"products/{product.code}/pictures/")
    small, text = picture(300), io.BytesIO(b"<svg onload=alert(1)>")
    text.name = "x.jpg"
    for file in (small, text):
        answer = seller.post(path, {"pictures": [file]}, **HTMX)
        assert answer.status_code == 422
    assert not product.media.exists()
    assert seller.post(path, {}).status_code == 302


def test_it_asks_to_try_again_where_a_picture_could_not_be_looked_at(seller, shop, product, monkeypatch):
    monkeypatch.setattr("shops.images.CHILD", ("/nowhere/python",))
    path = url(shop, f"products/{product.code}/pictures/")
    for more in (HTMX, {}):
        answer = seller.post(path, {"pictures": [picture(700), picture(800)]}, **more)
        assert (answer.status_code, answer["X-Refused"]) == (503, "reader_away")
        assert "could not be looked at just now" in words(answer)
        assert "not a picture" not in words(answer)
    assert not product.media.exists()


def test_it_keeps_the_last_picture_of_a_live_product(seller, shop, product, at):
    media = Media.objects.create(
        shop=shop, product=product, digest="a" * 40, width=9, height=9, size_bytes=9, added_at=at
    )
    PictureAddress.objects.create(shop=shop, product=product, url="https://example.com/a.jpg", recorded_at=at)
    path = url(shop, f"products/{product.code}/pictures/{media.pk}/removal/")
    assert seller.post(path).status_code == 409  # an address is no picture
    publishing.pause(product=product, by=None, at=at)
    assert seller.post(path).status_code == 302
    assert not product.media.exists()


def test_it_puts_a_picture_first_and_says_what_it_shows(seller, shop, product, at):
    first, second = (
        Media.objects.create(
            shop=shop, product=product, digest=sign * 40, position=place, width=9, height=9, size_bytes=9, added_at=at
        )
        for place, sign in enumerate("ab")
    )
    path = url(shop, f"products/{product.code}/pictures/{second.pk}/")
    seller.post(f"{path}first-place/")
    seller.post(f"{path}words/", {"alt": "The board from above"})
    assert list(product.media.values_list("pk", flat=True)) == [second.pk, first.pk]
    assert 'alt="The board from above"' in words(seller.get(url(shop, f"products/{product.code}/")))


def test_it_shows_names_and_descriptions_as_text_never_as_html(seller, shop):
    evil = "<script>alert(1)</script>"
    product = make_product(shop, name=evil, brand=evil, description=f"{evil} **bold** [x](javascript:alert(1))")
    PictureAddress.objects.create(shop=shop, product=product, url=f"https://x/{evil}", recorded_at=product.created_at)
    for path in ("products/", f"products/{product.code}/", "stock/"):
        text = words(seller.get(url(shop, path)))
        assert evil not in text
        assert "javascript:alert" not in text.replace("(javascript:alert(1))", "") or 'href="javascript' not in text


# -- stock ------------------------------------------------------------------------------------------------------------


def test_it_counts_a_sku_in_its_row(seller, shop, product):
    sku = sku_of(product)
    answer = seller.post(url(shop, "stock/counts/"), {"sku": sku.pk, "on_hand": 3}, **HTMX)
    assert answer.status_code == 200
    assert words(answer).strip().startswith(f'<tr id="stock-{sku.pk}"')
    assert item_of(sku).on_hand == 3
    listing.stock.reserve(
        shop=shop, wants={sku.pk: 2}, subject_kind="order", subject_code="A", until=None, at=product.created_at
    )
    answer = seller.post(url(shop, "stock/counts/"), {"sku": sku.pk, "on_hand": 1}, **HTMX)
    assert answer.status_code == 409
    assert "belong to orders" in words(answer)
    box = words(answer).partition('name="on_hand"')[2].partition(">")[0]
    assert 'value="1"' in box  # what was typed, to be mended
    assert 'aria-invalid="true"' in box
    described = box.partition('aria-describedby="')[2].partition('"')[0]
    assert f'role="alert" id="{described}"' in words(answer)
    assert seller.post(url(shop, "stock/counts/"), {"sku": sku.pk, "on_hand": "x"}, **HTMX).status_code == 422
    assert seller.post(url(shop, "stock/counts/"), {"sku": "x", "on_hand": "1"}).status_code == 404


def test_it_shows_what_runs_low_and_what_has_moved(seller, shop):
    product = make_product(shop, name="Nearly gone", on_hand=2)
    assert "Nearly gone" in words(seller.get(url(shop, "stock/low/")))
    assert "Counted" in words(seller.get(url(shop, f"stock/journal/?q={sku_of(product).code}")))
    assert "Nothing fits" in words(seller.get(url(shop, "stock/journal/?q=nothing")))
    seller.post(url(shop, "stock/counts/"), {"sku": sku_of(product).pk, "on_hand": 1})
    page = words(seller.get(url(shop, f"stock/journal/?q={sku_of(product).code}")))
    assert ">−1<" in page, "one minus everywhere"
    assert ">-1<" not in page


# -- imports ----------------------------------------------------------------------------------------------------------


def upload(seller, shop, content: bytes, name: str = "products.csv", **more):
    file = io.BytesIO(content)
    file.name = name
    return seller.post(url(shop, "imports/new/"), {"file": file, **more})


def test_it_takes_a_file_from_upload_to_applied(seller, shop, at):
    answer = upload(seller, shop, file_of(*BOARDS))
    run = ImportRun.objects.get()
    path = url(shop, f"imports/{run.code}/")
    assert answer.headers["Location"] == path
    assert "Checking" in words(seller.get(path))

    reactions.run_jobs(at)
    page = words(seller.get(path))
    assert "This is a dry run" in page
    assert "What it would do" in page
    assert "See the drafts" not in page
    assert "“9,99” is not a price" in page
    assert seller.post(f"{path}application/").status_code == 302
    assert "Applying" in words(seller.get(path))
    reactions.run_jobs(at)
    page = words(seller.get(path))
    assert "2 new products" in page
    assert "What it did" in page
    assert f'href="{url(shop, "products/")}?status=draft"' in page, "what it made waits there for pictures"
    assert Product.objects.in_shop(shop).count() == 2
    refused = seller.get(f"{path}rows.csv?outcome=refused")
    assert b"".join(refused.streaming_content).count(b"\r\n") == 3
    assert seller.post(f"{path}application/").status_code == 409


def test_it_shows_the_difference_row_by_row(seller, shop, owner, at):
    for price in ("19.99", "24.00"):
        lines = [dict(BOARDS[3], Price=price)]
        importing.upload(shop=shop, content=file_of(*lines), name="x.csv", by=owner, at=at)
        reactions.run_jobs(at)
        run = ImportRun.objects.latest("id")
        importing.confirm(run=run, by=owner, at=at)
        reactions.run_jobs(at)
    page = words(seller.get(url(shop, f"imports/{run.code}/?outcome=changed")))
    assert "<del>$19.99</del> → <ins>$24.00</ins>" in page


def test_it_says_why_a_file_cannot_be_read(seller, shop, at):
    upload(seller, shop, b"Colour\nred\n")
    reactions.run_jobs(at)
    run = ImportRun.objects.get()
    assert "has no column" in words(seller.get(url(shop, f"imports/{run.code}/")))
    assert upload(seller, shop, b"").status_code == 422


def test_it_checks_again_with_another_category_and_discards(seller, shop, at):
    upload(
        seller,
        shop,
        file_of({"Handle": "a", "Title": "A", "Variant Price": "5"}, header=["Handle", "Title", "Variant Price"]),
    )
    reactions.run_jobs(at)
    run = ImportRun.objects.get()
    path = url(shop, f"imports/{run.code}/")
    seller.post(f"{path}check/", {"category": "storage"})
    reactions.run_jobs(at)
    run.refresh_from_db()
    assert (run.status, run.default_category) == ("checked", Category.objects.get(code="storage"))
    assert seller.post(f"{path}discard/").status_code == 302
    assert not Product.objects.exists()
    page = words(seller.get(path))
    assert "The file was discarded: nothing was changed." in page
    assert "comes in as a draft" not in page


def test_the_page_of_a_file_is_fetched_anew_once_the_work_has_stopped(seller, shop, at):
    upload(seller, shop, file_of(*BOARDS))
    run = ImportRun.objects.get()
    here, job = url(shop, f"imports/{run.code}/"), url(shop, f"jobs/{run.check_job}/")
    on_it = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{here}"}
    assert "HX-Refresh" not in seller.get(job, headers=on_it).headers, "still at work"
    Job.objects.filter(code=run.check_job).update(status="running")
    Job.objects.filter(code=run.check_job).update(status="cancelled")
    assert seller.get(job, headers=on_it).headers["HX-Refresh"] == "true"
    on_its_own = {**on_it, "HX-Current-URL": f"http://testserver{job}"}
    assert "HX-Refresh" not in seller.get(job, headers=on_its_own).headers


def test_it_offers_to_go_on_when_the_work_stopped(seller, shop, at):
    upload(seller, shop, file_of(*BOARDS))
    run = ImportRun.objects.get()
    Job.objects.filter(code=run.check_job).update(status="running")
    Job.objects.filter(code=run.check_job).update(status="failed", error="Something went wrong.")
    ImportRun.objects.update(status="checking")
    path = url(shop, f"imports/{run.code}/")
    assert "The work stopped" in words(seller.get(path))
    assert seller.post(f"{path}check/").status_code == 302
    reactions.run_jobs(at)
    run.refresh_from_db()
    assert run.status == "checked"


def test_the_template_imports_as_it_is(seller, shop, at):
    content = b"".join(seller.get(url(shop, "imports/template.csv")).streaming_content)
    upload(seller, shop, content)
    reactions.run_jobs(at)
    run = ImportRun.objects.get()
    assert (run.status, run.planned["new"], run.planned["refused"]) == ("checked", 1, 0)


@real_files
def test_it_shows_a_real_file_within_bounded_queries(seller, shop, at, django_assert_max_num_queries):
    upload(seller, shop, (REAL / "bicycles.csv").read_bytes(), "bicycles.csv")
    reactions.run_jobs(at)
    run = ImportRun.objects.get()
    path = url(shop, f"imports/{run.code}/")
    seller.get(path)
    with django_assert_max_num_queries(12):
        page = words(seller.get(path))
    assert "1,399 rows in all: 284 new products" in page


@pytest.mark.skipif(not IMAGES.is_dir(), reason="the real product images are not on this machine")
def test_it_takes_real_photographs(seller, shop, product):
    files = [path.open("rb") for path in sorted(IMAGES.glob("*.jpg"))[6:9]]
    answer = seller.post(url(shop, f"products/{product.code}/pictures/"), {"pictures": files})
    assert answer.status_code == 302
    assert product.media.count() == 3
    for media in product.media.all():
        for size in ("thumb", "medium", "large"):
            content = b"".join(seller.get(media.url(size)).streaming_content)
            assert content[:4] == b"RIFF"
            assert b"Exif" not in content


def test_a_live_product_leads_to_what_buyers_see_of_it(seller, client, shop, product):
    public = f'href="/shop/{shop.slug}/p/{product.slug}/"'
    assert public in words(seller.get(url(shop, f"products/{product.code}/")))
    paused = words(seller.post(url(shop, f"products/{product.code}/pause/"), **HTMX))
    assert "Paused" in paused
    assert public not in paused
