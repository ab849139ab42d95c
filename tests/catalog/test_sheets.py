"""Product files as read, and what they would change."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import matching, sheets
from catalog.matching import KnownProduct, KnownSku, plan
from catalog.sheets import DRAFT, NOTE, REFUSES, CellError, UnknownColumns, handle_of, price_minor, whole_number
from seller_center.kernel.csvio import read_table
from shops.policy import parse

LIMITS = parse({}, market="US").catalog
REAL = Path(__file__).resolve().parents[3] / "shared/data/shopify-exports"
HEADER = [names[0] for names in sheets.COLUMNS["own"].values()]


def read(*rows: dict, header=HEADER):
    cells = [[str(row.get(name, "")) for name in header] for row in rows]
    return sheets.read(header, enumerate(cells, start=2), exponent=2, code_at_most=50)


def row(**given) -> dict:
    names = {field: aliases[0] for field, aliases in sheets.COLUMNS["own"].items()}
    return {names[field]: value for field, value in {"name": "Board", "price": "19.99", **given}.items()}


def codes(product) -> dict[int, list[str]]:
    return {number: [issue.code for issue in issues] for number, issues in product.issues.items()}


# -- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minor"), [("54.95", 5495), ("54.9", 5490), ("54", 5400), ("0", 0), ("54.9500", 5495), ("0054.95", 5495)]
)
def test_it_reads_prices(text, minor):
    assert price_minor(text, 2) == minor


@pytest.mark.parametrize(
    "text",
    ["54,95", "1e3", "-1", "$54.95", "54.951", "1,299.00", "5 4", "٥٤", "", ".5", "54.", "9" * 13, "NaN", "0x10"],
)
def test_it_guesses_no_price(text):
    with pytest.raises(CellError):
        price_minor(text, 2)


def test_it_knows_currencies_without_and_with_three_decimals():
    assert price_minor("1500", 0) == 1500
    assert price_minor("1.500", 3) == 1500
    with pytest.raises(CellError):
        price_minor("1500.5", 0)


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("-3", -3), ("12.0", 12), ("0", 0)])
def test_it_reads_whole_numbers(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["1.5", "1e3", "twelve", "1,000", "2026-10-14", "--1", "9" * 10])
def test_it_guesses_no_number(text):
    with pytest.raises(CellError):
        whole_number(text)


@given(st.text(max_size=400))
def test_it_makes_a_handle_of_anything_and_of_a_handle_itself(text):
    handle = handle_of(text)
    assert handle_of(handle) == handle
    assert len(handle) <= 255
    assert not set(handle) & set(" /?#%'\"<>")


# -- rows -------------------------------------------------------------------------------------------------------------


def test_it_recognises_both_shapes_and_says_what_is_missing():
    assert sheets.recognise(HEADER)[0] == "own"
    assert sheets.recognise(["HANDLE", "title", "Variant Price", "Body (HTML)"])[0] == "shopify"
    with pytest.raises(UnknownColumns) as refused:
        sheets.recognise(["Handle", "Name", "Cost of it"])
    assert refused.value.missing == ["Price"]


def test_it_reads_a_product_with_options_from_several_rows():
    options = {"option1_name": "Size", "option2_name": "Colour"}
    [product] = read(
        row(handle="cap", name="Cap", option1_value="S", option2_value="Red", **options),
        row(handle="cap", name="", option1_value="M", option2_value="Red", picture="https://example.com/1.jpg"),
        {"Handle": "cap", "Picture": "https://example.com/2.jpg"},
    ).products
    assert product.axes == ("Size", "Colour")
    assert [variant.options for variant in product.variants] == [("S", "Red"), ("M", "Red")]
    assert [picture.row for picture in product.pictures] == [3, 4]
    assert product.rows == [2, 3, 4]
    assert not product.issues


def test_it_takes_the_lone_option_title_for_none():
    [one] = read(row(option1_name="Title", option1_value="Default Title")).products
    assert one.axes == ()
    assert one.variants[0].options == ()
    several = [row(handle="x", option1_name="Title", option1_value=value) for value in ("Left", "Right")]
    [two] = read(*several).products
    assert two.axes == ("Title",)


def test_it_refuses_the_row_and_keeps_the_product():
    [product] = read(
        row(handle="cap", option1_name="Size", option1_value="S", price="19,99"),
        row(handle="cap", option1_value="M", on_hand="many"),
        row(handle="cap", option1_value="L"),
        row(handle="cap", option1_value="L"),
        row(handle="cap", option1_value="XL", option2_value="Red"),
    ).products
    assert codes(product) == {
        2: ["not_a_price"],
        3: ["not_a_number"],
        5: ["choice_twice"],
        6: ["option_unnamed"],
    }
    assert product.refused_rows() == {2, 3, 5, 6}


def test_it_says_what_it_takes_otherwise_than_it_stands():
    reading = read(
        row(name="A", code="X" * 51, on_hand="-1"),
        row(name="B", code="SAME", barcode="30955168517"),
        row(name="C", code="SAME", barcode="123"),
        row(name="", handle=" / "),
        row(name="x" * 300),
    )
    a, b, c, long = reading.products
    assert codes(a) == {2: ["code_long", "below_zero"]}
    assert (a.variants[0].code, a.variants[0].on_hand) == ("", 0)
    assert codes(b) == {3: ["barcode_zeros"]}
    assert b.variants[0].barcode == "030955168517"
    assert codes(c) == {4: ["code_twice", "barcode_wrong"]}
    assert c.variants[0].code == ""
    assert list(reading.stray) == [5]
    assert codes(long)[6] == ["cut"]
    assert len(long.name) == 255


def test_it_names_the_columns_that_nothing_is_taken_from():
    reading = read(row() | {"Colour of the box": "red", "Empty": ""}, header=[*HEADER, "Colour of the box", "Empty"])
    assert reading.ignored == ["Colour of the box"]


# -- what a file would change -----------------------------------------------------------------------------------------


def known(**given) -> KnownProduct:
    sku = KnownSku(7, "B-1", (), 1999, None, None, "", None, 5, 0, False)
    fields = {"axes": (), "skus": {(): sku}, "category_id": 1, **given}
    return KnownProduct(1, "CODE", "live", "Board", "", "", description="", original_html="", **fields)


def compare(beside=None, taken=None, category_id=1, **given):
    [product] = read(row(**given)).products
    return plan(product, beside, category_id=category_id, taken_codes=taken or {}, limits=LIMITS)


def test_it_finds_nothing_to_change_where_the_file_says_the_same():
    made = compare(known(), code="B-1", on_hand="5")
    assert made.outcomes == {2: "unchanged"}
    assert compare(known()).outcomes == {2: "unchanged"}  # empty cells change nothing


def test_it_tells_each_change_with_before_and_after():
    made = compare(known(), price="25", on_hand="9", brand="Oak & Co", weight="300")
    assert made.outcomes == {2: "changed"}
    assert made.row_changes[2] == {
        "price_minor": [1999, 2500],
        "weight_grams": [None, 300],
        "on_hand": [5, 9],
        "brand": ["", "Oak & Co"],
    }


def test_it_leaves_stock_alone_that_belongs_to_orders():
    sku = KnownSku(7, "B-1", (), 1999, None, None, "", None, 5, 4, False)
    made = compare(known(skus={(): sku}), on_hand="3")
    assert made.skus[0].level is None
    assert codes(made.file) == {2: ["stock_promised"]}


def test_it_gives_no_code_away_that_another_sku_has():
    made = compare(taken={"B-1": 99}, code="B-1")
    assert made.skus[0].variant.code == ""
    assert codes(made.file) == {2: ["code_taken"]}
    assert made.stays_draft


def test_it_lets_nothing_beyond_the_limits_into_a_product_that_is_there():
    assert compare(known(), price="0").outcomes == {2: "refused"}
    assert compare(known(), price="7600.01").outcomes == {2: "refused"}
    made = compare(known(), description="x" * 10_001)
    assert codes(made.file) == {2: ["description_kept"]}
    assert made.outcomes == {2: "unchanged"}
    full = {f"https://example.com/{number}.jpg": "" for number in range(9)}
    made = compare(known(pictures=full), picture="https://example.com/ten.jpg")
    assert codes(made.file) == {2: ["picture_over"]}
    assert (made.outcomes, made.pictures) == ({2: "unchanged"}, [])


def test_it_refuses_rows_with_other_options_than_the_product_has():
    made = compare(known(), option1_name="Size", option1_value="S")
    assert made.outcomes == {2: "refused"}
    assert not made.changes


def test_it_keeps_compare_at_prices_above_prices():
    assert codes(compare(compare_at="19.99").file) == {2: ["compare_at_low"]}
    sku = KnownSku(7, "B-1", (), 1999, 2500, None, "", None, 5, 0, False)
    made = compare(known(skus={(): sku}), price="30")
    assert made.skus[0].changes == {"price_minor": (1999, 3000), "compare_at_minor": (2500, None)}


def test_it_says_that_a_product_without_a_price_stays_a_draft():
    made = compare(price="", code="B-1")
    assert codes(made.file) == {2: ["price_missing"]}
    assert made.stays_draft
    assert made.creates


# -- the real files ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="the real export files are not on this machine")
@pytest.mark.parametrize(
    ("name", "rows", "products", "weights"),
    [
        ("apparel.csv", 104, 25, {}),
        ("bicycles.csv", 1399, 284, {DRAFT: 49, NOTE: 98}),
        ("jewelry.csv", 30, 19, {NOTE: 1}),
        ("snowdevil.csv", 636, 278, {DRAFT: 39, NOTE: 11}),
    ],
)
def test_it_accounts_for_every_row_of_the_real_files(name, rows, products, weights):
    table = read_table((REAL / name).read_bytes())
    reading = sheets.read(table.header, zip(table.numbers, table.rows, strict=True), exponent=2, code_at_most=50)
    assert (reading.shape, reading.row_count, len(reading.products)) == ("shopify", rows, products)
    told = [issue.weight for product in reading.products for row in product.issues.values() for issue in row]
    assert {weight: told.count(weight) for weight in set(told)} == weights
    outcomes: dict[int, str] = {}
    for product in reading.products:
        made = plan(product, None, category_id=1, taken_codes={}, limits=LIMITS)
        assert not set(made.outcomes) & set(outcomes)
        outcomes |= made.outcomes
    assert sorted(outcomes) == table.numbers
    assert REFUSES not in told
    assert set(outcomes.values()) == {matching.NEW}


# -- packed -----------------------------------------------------------------------------------------------------------


def test_products_of_a_long_file_are_packed_and_come_out_as_they_went_in(monkeypatch):
    lines = [
        row(handle=f"p-{number % 50}", code=f"C-{number}", option1_name="Size", option1_value=str(number), picture="x")
        | {"Price": "1,99" if number % 7 == 0 else "1.99"}
        for number in range(150)
    ]
    held = list(read(*lines).products)
    monkeypatch.setattr(sheets.Packed, "PIECE", 4)
    monkeypatch.setattr(sheets.Packed, "OPEN_PIECES", 2)
    together = read(*sorted(lines, key=lambda line: line["Handle"])).products
    assert sum(isinstance(piece, bytes) for piece in together._pieces) == 50 // 4 - 2
    packed = read(*lines).products  # rows of one product stand far apart: pieces are opened again
    assert list(packed) == held
    assert packed[7:18] == held[7:18]
    assert (list(packed.row_counts), len(packed)) == ([3] * 50, 50)


def test_a_plan_writes_into_products_of_its_own():
    products = read(row(handle="a"), row(handle="b")).products
    [first] = products[:1]
    first.say(2, "cut", "")
    first.variants[0].code = "X"
    assert products[:1] != [first]
    assert not products[:1][0].issues
