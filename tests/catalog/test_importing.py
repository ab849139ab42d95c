"""Imports as objects: dry run, apply in chunks, the same file again, killed and taken up."""

import csv
import dataclasses
import io
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from django.db import connection, connections

from catalog import exporting, importing, listing, publishing, remarks, stock
from catalog.models import (
    Category,
    ImportChunk,
    ImportRow,
    ImportRun,
    PictureAddress,
    PriceHistory,
    Product,
    Sku,
    StockItem,
    StockMovement,
)
from seller_center import reactions
from seller_center.kernel.errors import Stale
from seller_center.kernel.failpoints import EXIT_STATUS
from shops import policy_book
from shops.models import Job, ShopEvent
from tests.catalog.test_sheets import HEADER, REAL, row
from tests.factories.catalog import give_picture, item_of, make_product, sku_of
from tests.factories.shops import make_member, make_shop

pytestmark = pytest.mark.django_db
real_files = pytest.mark.skipif(not REAL.is_dir(), reason="the real export files are not on this machine")
ROOT = Path(__file__).resolve().parents[2]


def file_of(*rows: dict, header=HEADER) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, header)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def work(at) -> None:
    """Let the worker do what is waiting."""
    reactions.run_jobs(at)


def dry_run(shop, content: bytes, owner, at, **given) -> ImportRun:
    run = importing.upload(shop=shop, content=content, name="products.csv", by=owner, at=at, **given)
    work(at)
    run.refresh_from_db()
    return run


def run_through(shop, content: bytes, owner, at, **given) -> ImportRun:
    run = dry_run(shop, content, owner, at, **given)
    importing.confirm(run=run, by=owner, at=at)
    work(at)
    run.refresh_from_db()
    assert run.status == "applied", (run.status, Job.objects.order_by("id").last().error)
    return run


def outcomes(counts: dict) -> dict:
    return {name: counts[name] for name in ("new", "changed", "unchanged", "refused")}


BOARDS = [
    row(handle="board", name="A walnut bread board", category="kitchen-tools", code="B-S", on_hand=5, status="live")
    | {"Option 1 name": "Size", "Option 1 value": "S", "Picture": "https://example.com/board.jpg"},
    {"Handle": "board", "Option 1 value": "M", "SKU": "B-M", "Price": "29.99", "Stock": 3},
    {"Handle": "board", "Picture": "https://example.com/board-2.jpg"},
    row(handle="cup", name="A cup of clay for tea", category="tableware", code="CUP", on_hand=8),
    row(handle="lid", name="A lid", category="tableware", price="9,99"),
    {"Price": "5"},
]


@pytest.fixture
def addresses_suffice(monkeypatch):
    """A policy for which an address that an import noted is as good as a picture."""
    real = policy_book.policy_for

    def easier(market_or_shop, at):
        policy = real(market_or_shop, at)
        return dataclasses.replace(policy, catalog=dataclasses.replace(policy.catalog, picture_addresses_suffice=True))

    monkeypatch.setattr("catalog.planning.policy_for", easier)


# -- dry run and apply ------------------------------------------------------------------------------------------------


def test_it_shows_what_it_would_do_and_does_nothing_yet(shop, owner, at):
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    assert (run.status, run.shape, run.row_count, run.separator) == ("checked", "own", 6, ",")
    assert outcomes(run.planned) == {"new": 4, "changed": 0, "unchanged": 0, "refused": 2}
    assert run.planned["products_new"] == 2
    refused = ImportRow.objects.filter(run=run, outcome="refused").order_by("number")
    assert [(line.number, line.issues[0]["code"], line.issues[0]["column"]) for line in refused] == [
        (6, "not_a_price", "Price"),
        (7, "no_product", "Handle"),
    ]
    assert not Product.objects.exists()
    assert not StockMovement.objects.exists()


@pytest.mark.usefixtures("addresses_suffice")
def test_it_does_what_it_showed(shop, owner, at):
    run = run_through(shop, file_of(*BOARDS), owner, at)
    assert outcomes(run.done) == outcomes(run.planned)
    board, cup = Product.objects.in_shop(shop).order_by("id")
    assert (board.slug, board.status, board.live_at, board.category.code) == ("board", "live", at, "kitchen-tools")
    assert (cup.status, cup.live_at) == ("draft", None)  # the file does not ask for more
    small, medium = Sku.objects.filter(product=board).in_order()
    assert (small.code, small.price_minor, small.option_values, item_of(small).on_hand) == ("B-S", 1999, ["S"], 5)
    assert (medium.code, medium.price_minor, item_of(medium).on_hand) == ("B-M", 2999, 3)
    assert PictureAddress.objects.filter(product=board).count() == 2
    assert PriceHistory.objects.count() == 3
    assert {line.reference for line in StockMovement.objects.all()} == {run.code}
    kinds = [event.kind for event in ShopEvent.objects.about(shop, "product", board.code)]
    assert kinds == ["product.imported", "product.went_live"]


def test_it_puts_nothing_on_sale_that_has_no_picture_here(shop, owner, at):
    """Control: under the policy of the test above, the same file puts the board on sale."""
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    assert run.planned["products_live"] == 0
    assert [(line.number, line.issues[0]["code"]) for line in run.rows.exclude(outcome="refused")] == [
        (2, "pictures_elsewhere"),
        (5, "no_picture"),
    ]
    assert remarks.fate_of_new(run.planned) == [
        "2 new products come in as drafts.",
        "2 have no picture here yet (addresses in a file are noted, not fetched):"
        " add one on each product's page, then publish it.",
    ]
    importing.confirm(run=run, by=owner, at=at)
    work(at)
    board = Product.objects.get(slug="board")
    assert (board.status, board.live_at, board.picture_addresses.count()) == ("draft", None, 2)
    with pytest.raises(publishing.NotReady, match="no picture here yet"):
        publishing.submit(product=board, by=owner, at=at)
    give_picture(board)
    publishing.submit(product=board, by=owner, at=at)

    # live with its picture, it stays so whatever the file brings: the same again, another price, more addresses
    before = everything(shop)
    run_through(shop, file_of(*BOARDS), owner, at)
    assert everything(shop) == before
    lines = [dict(line) for line in BOARDS]
    lines[0]["Price"], lines[2]["Picture"] = "21.00", "https://example.com/board-3.jpg"
    again = run_through(shop, file_of(*lines), owner, at)
    assert (again.done["products_changed"], again.done["products_live"]) == (1, 0)
    assert remarks.fate_of_new(again.done) == []
    board.refresh_from_db()
    assert (board.status, board.media.count()) == ("live", 1)
    assert Sku.objects.get(code="B-S").price_minor == 2100


def test_the_page_says_how_many_new_products_wait_for_a_picture(client, shop, owner, at):
    client.force_login(owner)
    run = dry_run(shop, file_of(*BOARDS[:3]), owner, at)
    page = client.get(f"/s/{shop.code}/imports/{run.code}/").content.decode()
    assert "1 new product comes in as a draft. 1 has no picture here yet (addresses in a file are noted" in page
    assert "Picture: There is no picture here yet, only where pictures are to be found (addresses: 2)." in page


def test_it_changes_nothing_when_the_same_file_comes_again(shop, owner, at):
    run_through(shop, file_of(*BOARDS), owner, at)
    before = everything(shop)
    again = run_through(shop, file_of(*BOARDS), owner, at)
    assert outcomes(again.done) == {"new": 0, "changed": 0, "unchanged": 4, "refused": 2}
    assert everything(shop) == before


def everything(shop) -> dict:
    """Every row of the catalog that an import writes, as SQL says it."""
    tables = ("product", "productoption", "sku", "stockitem", "stockmovement", "pricehistory", "pictureaddress")
    told = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT t::text FROM catalog_{table} AS t WHERE shop_id = %s ORDER BY id", [shop.pk])
            told[table] = cursor.fetchall()
    return told


def test_it_changes_only_what_differs_and_tells_the_difference(shop, owner, at):
    run_through(shop, file_of(*BOARDS), owner, at)
    lines = [dict(line) for line in BOARDS]
    lines[1]["Price"], lines[1]["Stock"] = "31.50", 7
    lines[3]["Brand"] = "Clay & Co"
    run = dry_run(shop, file_of(*lines), owner, at)
    assert outcomes(run.planned) == {"new": 0, "changed": 2, "unchanged": 2, "refused": 2}
    told = {line.number: line.changes for line in ImportRow.objects.filter(run=run, outcome="changed")}
    assert told == {3: {"price_minor": [2999, 3150], "on_hand": [3, 7]}, 5: {"brand": ["", "Clay & Co"]}}

    importing.confirm(run=run, by=owner, at=at)
    work(at)
    medium = Sku.objects.get(code="B-M")
    assert (medium.price_minor, item_of(medium).on_hand) == (3150, 7)
    assert list(PriceHistory.objects.filter(sku=medium).order_by("id").values_list("price_minor", flat=True)) == [
        2999,
        3150,
    ]
    assert Product.objects.get(slug="cup").brand == "Clay & Co"


@pytest.mark.usefixtures("addresses_suffice")
def test_it_leaves_reserved_stock_alone_and_says_so(shop, owner, at):
    run_through(shop, file_of(*BOARDS), owner, at)
    sku = Sku.objects.get(code="B-S")
    stock.reserve(shop=shop, wants={sku.pk: 4}, subject_kind="order", subject_code="A", until=None, at=at)
    lines = [dict(line) for line in BOARDS]
    lines[0]["Stock"] = 2
    run = run_through(shop, file_of(*lines), owner, at)
    assert run.done["unchanged"] == 4
    assert ImportRow.objects.get(run=run, number=2).issues[0]["code"] == "stock_promised"
    assert item_of(sku).on_hand == 5


@pytest.mark.usefixtures("addresses_suffice")
def test_it_keeps_products_beyond_the_tier_as_drafts(shop, owner, at, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_ROWS", 2)
    monkeypatch.setattr("catalog.planning.room", lambda shop, at: (max(0, 3 - live(shop)), 3))
    lines = [
        row(name=f"A board of wood number {number}", category="kitchen-tools", status="live", code=f"B{number}")
        | {"Picture": f"https://example.com/{number}.jpg"}
        for number in range(7)
    ]
    run = run_through(shop, file_of(*lines), owner, at)
    assert live(shop) == 3
    told = [line.issues[-1]["code"] for line in ImportRow.objects.filter(run=run).in_file_order()]
    assert told == ["tier_full"] * 4


def live(shop) -> int:
    return Product.objects.in_shop(shop).live().count()


def test_it_takes_a_code_from_nobody(shop, owner, at):
    other = sku_of(make_product(shop, code="CUP"))
    run = run_through(shop, file_of(*BOARDS), owner, at)
    other.refresh_from_db()
    assert other.code == "CUP"
    assert Sku.objects.get(product__slug="cup").code.startswith("cup-")
    assert ImportRow.objects.get(run=run, number=5).issues[0]["code"] == "code_taken"
    before = everything(shop)
    run_through(shop, file_of(*BOARDS), owner, at)
    assert everything(shop) == before


def test_it_knows_a_category_by_what_others_call_it_or_takes_the_chosen_one(shop, owner, at):
    header = ["Handle", "Title", "Type", "Body (HTML)", "Variant Price"]
    content = file_of(
        {"Handle": "a", "Title": "A", "Type": "Saddle", "Variant Price": "5"},
        {"Handle": "b", "Title": "B", "Type": "Thingummy", "Variant Price": "5"},
        header=header,
    )
    run_through(shop, content, owner, at, default_category=Category.objects.get(code="storage"))
    assert Product.objects.get(slug="a").category.code == "bicycle-parts"
    assert Product.objects.get(slug="b").category.code == "storage"


def test_it_turns_html_into_markdown_and_keeps_the_original(shop, owner, at):
    html = '<p onclick="x()">Good <b>wood</b></p><script>alert(1)</script>'
    header = ["Handle", "Title", "Body (HTML)", "Variant Price"]
    content = file_of({"Handle": "a", "Title": "A", "Body (HTML)": html, "Variant Price": "5"}, header=header)
    run_through(shop, content, owner, at)
    product = Product.objects.get(slug="a")
    assert (product.description, product.original_html) == ("Good **wood**", html)

    Product.objects.filter(pk=product.pk).update(description="My own words")
    again = run_through(shop, content, owner, at)
    product.refresh_from_db()
    assert (product.description, again.done["unchanged"]) == ("My own words", 1)


# -- files that are none ----------------------------------------------------------------------------------------------

BAD = {
    "a ZIP": (b"PK\x03\x04rest", "Save it as CSV"),
    "NUL": (b"Name,Price\nA,1\nB\x00,2\n", "Row 3, column 1"),
    "an open quote": (b'Name,Price\n"A,1\nB,2\n', "Row 2, column 1"),
    "other columns": (b"Colour,Size\nred,S\n", "no column “Name”, “Price”"),
    "a column twice": (b"Name,Name,Price\nA,B,1\n", "“Name” twice"),
    "a header only": (b"Name,Price\n", "no rows"),
    "more cells than names": (b"Name,Price\nA,1,2\n", "Row 2"),
}


@pytest.mark.parametrize("name", BAD)
def test_it_says_where_a_file_is_no_file_and_applies_nothing(shop, owner, at, name):
    content, sentence = BAD[name]
    run = dry_run(shop, content, owner, at)
    assert run.status == "unreadable"
    assert sentence in run.error["sentence"]
    assert run.error["row"]
    assert not Product.objects.exists()
    assert Job.objects.get(code=run.check_job).status == "succeeded"
    with pytest.raises(Stale):
        importing.confirm(run=run, by=owner, at=at)


@pytest.mark.parametrize(
    ("encoding", "separator"), [("utf-8-sig", ";"), ("utf-16", "\t"), ("cp1252", ","), ("utf-8", "|")]
)
def test_it_reads_what_spreadsheets_write(shop, owner, at, encoding, separator):
    text = separator.join(["Name", "Price", "Stock"]) + "\r\n" + separator.join(["Café Tasse", "4.50", "3"]) + "\r\n"
    run = run_through(shop, text.encode(encoding), owner, at)
    assert run.separator == separator
    assert Product.objects.get().name == "Café Tasse"


# -- states -----------------------------------------------------------------------------------------------------------


def test_it_applies_once_however_often_one_clicks(shop, owner, at):
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    importing.confirm(run=run, by=owner, at=at)
    with pytest.raises(Stale):
        importing.confirm(run=run, by=owner, at=at)
    with pytest.raises(Stale):
        importing.discard(run=run, by=owner, at=at)
    work(at)
    with pytest.raises(Stale, match="Applied"):
        importing.confirm(run=run, by=owner, at=at)


def test_it_stops_between_two_chunks_and_goes_on_later(shop, owner, at, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    importing.confirm(run=run, by=owner, at=at)
    job = Job.objects.get(code=run.apply_job)
    Job.objects.filter(pk=job.pk).update(cancel_asked_at=at)
    work(at)
    run.refresh_from_db()
    assert run.status == "stopped"
    assert [chunk.applied_at is None for chunk in run.chunks.all()] == [False, True, True]
    assert Product.objects.count() == 1

    importing.confirm(run=run, by=owner, at=at)
    work(at)
    run.refresh_from_db()
    assert run.status == "applied"
    assert outcomes(run.done) == outcomes(run.planned)


def fail_in_second_chunk(monkeypatch) -> None:
    """Everything of the second chunk is written, then the power goes."""
    real, calls = importing.put, []

    def put_and_fail(shelf, plans, live):
        calls.append(plans)
        real(shelf, plans, live)
        if len(calls) == 2:
            raise RuntimeError("the power went")

    monkeypatch.setattr(importing, "CHUNK_ROWS", 1)
    monkeypatch.setattr(importing, "put", put_and_fail)


@pytest.mark.django_db(transaction=True)
def test_it_applies_a_chunk_whole_or_not_at_all(shop, owner, at, monkeypatch):
    fail_in_second_chunk(monkeypatch)
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    importing.confirm(run=run, by=owner, at=at)
    work(at)
    assert set(Product.objects.values_list("slug", flat=True)) == {"board"}
    assert Job.objects.get(code=run.apply_job).status == "failed"

    run.refresh_from_db()
    importing.confirm(run=run, by=owner, at=at)  # the job ended, the run did not: a new job goes on
    work(at)
    run.refresh_from_db()
    assert run.status == "applied"
    assert outcomes(run.done) == outcomes(run.planned)


@pytest.mark.django_db(transaction=True)
def test_control_without_a_transaction_half_a_chunk_stays(shop, owner, at, monkeypatch):
    fail_in_second_chunk(monkeypatch)
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    importing.confirm(run=run, by=owner, at=at)
    for name in ("scope", "hold_listing"):
        monkeypatch.setattr(importing, name, lambda *args, **kwargs: nullcontext())
    monkeypatch.setattr(importing, "lock_row", lambda rows: rows.get())
    monkeypatch.setattr("catalog.shelving._record", lambda *args: None)  # an event refuses to stand alone
    work(at)
    assert set(Product.objects.values_list("slug", flat=True)) == {"board", "cup"}
    assert ImportChunk.objects.filter(run=run, applied_at__isnull=False).count() == 1


# -- out and in again -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("addresses_suffice")
def test_it_imports_its_own_export_without_changing_anything(shop, owner, at):
    run_through(shop, file_of(*BOARDS), owner, at)
    product = Product.objects.get(slug="board")
    publishing.pause(product=product, by=owner, at=at)
    sku = Sku.objects.get(code="CUP")
    line = listing.SkuLine(code="=CUP", price_minor=1999, compare_at_minor=2500, cost_minor=700, barcode="96385074")
    listing.change_skus(product=sku.product, lines={sku.pk: line}, by=owner, at=at)
    listing.edit(
        product=sku.product,
        details=listing.Details(name="+Cup", description="- one\r\n- two\n\n@three", category=sku.product.category),
        by=owner,
        at=at,
    )
    before = everything(shop)
    content = b"".join(exporting.products(shop))
    run = run_through(shop, content, owner, at)
    assert {name: count for name, count in outcomes(run.done).items() if count} == {"unchanged": 3}
    assert everything(shop) == before


def test_it_brings_an_export_into_another_shop_whole(shop, other_shop, owner, at):
    run_through(shop, file_of(*BOARDS), owner, at)
    content = b"".join(exporting.products(shop))
    run_through(other_shop, content, make_member(other_shop), at)
    assert b"".join(exporting.products(other_shop)) == content


def test_it_gives_refused_rows_back_in_the_same_columns_with_the_reason(shop, owner, at):
    run = dry_run(shop, file_of(*BOARDS), owner, at)
    content = b"".join(exporting.rows_with_remarks(run, refused_only=True)).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(content)))
    assert list(lines[0]) == [*HEADER, "error"]
    assert [line["Price"] for line in lines] == ["9,99", "5"]
    assert "“9,99” is not a price" in lines[0]["error"]
    lines[0]["Price"], lines[1]["Name"] = "9.99", "A thing"
    corrected = run_through(shop, file_of(*lines, header=[*HEADER, "error"]), owner, at)
    assert outcomes(corrected.done) == {"new": 2, "changed": 0, "unchanged": 0, "refused": 0}


# -- the real files ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
@real_files
@pytest.mark.parametrize("name", ["apparel.csv", "bicycles.csv", "jewelry.csv", "snowdevil.csv"])
def test_it_takes_a_real_file_accounts_for_each_row_and_repeats_without_change(shop, owner, at, name):
    content = (REAL / name).read_bytes()
    run = run_through(shop, content, owner, at)
    rows = outcomes(run.done)
    assert sum(rows.values()) == run.row_count
    assert rows == outcomes(run.planned) == {"new": run.row_count, "changed": 0, "unchanged": 0, "refused": 0}
    assert run.done["products_new"] == Product.objects.in_shop(shop).count()
    before = everything(shop)
    again = run_through(shop, content, owner, at)
    assert outcomes(again.done) == {"new": 0, "changed": 0, "unchanged": run.row_count, "refused": 0}
    assert everything(shop) == before
    exported = run_through(shop, b"".join(exporting.products(shop)), owner, at)
    assert {name for name, count in outcomes(exported.done).items() if count} == {"unchanged"}
    assert everything(shop) == before
    assert (live(shop), run.done["products_live"]) == (0, 0)  # its pictures are addresses


@real_files
def test_it_says_what_is_wrong_with_the_real_files(shop, owner, at):
    run = dry_run(shop, (REAL / "bicycles.csv").read_bytes(), owner, at)
    told = [issue["code"] for line in run.rows.all() for issue in line.issues]
    assert told.count("code_twice") == 41
    assert told.count("code_long") == 5
    assert told.count("below_zero") == 23
    assert told.count("price_zero") == 2
    assert told.count("too_many_pictures") >= 1
    assert "description_long" in told
    assert told.count("pictures_elsewhere") + told.count("no_picture") == run.planned["products_new"] > 100
    assert "tier_full" not in told
    assert "Tags" in run.ignored_columns


# -- killed anywhere (I2, INV24) --------------------------------------------------------------------------------------

WORKER = """
import django, sys
django.setup()
from seller_center import reactions
from seller_center.kernel import clock
reactions.run_jobs(clock.now())
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["import.in_chunk=exit:3", "import.after_chunk=exit:2"])
def test_it_goes_on_where_a_killed_worker_stood(transactional_db, at, place, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_ROWS", 100)
    shop = make_shop("ACME")
    owner = make_member(shop)
    lines = [
        row(name=f"A board of wood number {number}", category="kitchen-tools", code=f"B{number}", on_hand=number)
        for number in range(400)
    ]
    run = dry_run(shop, file_of(*lines), owner, at)
    importing.confirm(run=run, by=owner, at=at)
    connections.close_all()

    killed = worker(place)
    assert killed.returncode == EXIT_STATUS, killed.stderr
    applied = ImportChunk.objects.filter(run=run, applied_at__isnull=False)
    assert Product.objects.count() == sum(chunk.row_count for chunk in applied)
    assert 0 < Product.objects.count() < 400
    Job.objects.filter(status="running").update(lease_until=at)  # the lease of the dead runs out
    assert worker("").returncode == 0

    run.refresh_from_db()
    assert run.status == "applied"
    assert outcomes(run.done) == {"new": 400, "changed": 0, "unchanged": 0, "refused": 0}
    assert Product.objects.count() == Sku.objects.count() == StockItem.objects.count() == 400
    for item in StockItem.objects.filter(on_hand__gt=0)[:50]:
        assert sum(item.movements.values_list("quantity", flat=True)) == item.on_hand


def worker(failpoints: str) -> subprocess.CompletedProcess:
    """A worker in a process of its own, on this test's database."""
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    url = database_url(os.environ["DATABASE_URL"], user, name)
    env = {**os.environ, "DATABASE_URL": url, "FAILPOINTS": failpoints}
    return subprocess.run(
        [sys.executable, "-c", WORKER], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120
    )


def database_url(url: str, user: str, name: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts._replace(path=f"/{name}").geturl()
