"""Export → import → export: the same bytes, whatever stands in the catalog (I3), and no cell that is a formula (I4)."""

import csv
import io

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import exporting, importing, listing
from catalog.listing import Details, SkuLine
from catalog.models import Category, Media, PictureAddress, Product
from seller_center import reactions
from tests.factories.shops import make_member

pytestmark = pytest.mark.django_db

NASTY = ["=1+1", "+1", "-1", "@x", "'quoted", "\t=x", " - list", "Ünïcode 漢字", '"quoted"', "a,b;c", "☃", "'=x", "1e3"]
words = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30),
).map(lambda text: " ".join(text.split()))
named = words.filter(lambda text: bool(text.strip()))
product = st.fixed_dictionaries(
    {
        "name": named,
        "brand": words,
        "description": st.lists(words, max_size=3).map(lambda lines: "\r\n".join(lines).strip()),
        "axes": st.lists(
            st.tuples(named, st.lists(named, min_size=1, max_size=3, unique_by=str.casefold)),
            max_size=2,
            unique_by=lambda pair: pair[0].casefold(),
        ),
        "price": st.integers(1, 760_000),
        "compare_at": st.none() | st.integers(760_001, 10**6),
        "on_hand": st.integers(0, 99),
        "pictures": st.lists(named.map(lambda text: f"https://example.com/{text}"), max_size=3, unique=True),
    }
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(product, min_size=1, max_size=4))
def test_it_exports_imports_and_exports_the_same_bytes(shop, other_shop, owner, at, products):
    with transaction.atomic():
        stranger = make_member(other_shop)
        for told in products:
            write(shop, told, owner, at)
        first = b"".join(exporting.products(shop))
        no_formula(first)
        again = bring(shop, first, owner, at)
        assert {name: again.done[name] for name in ("new", "changed", "refused")} == {
            "new": 0,
            "changed": 0,
            "refused": 0,
        }
        assert b"".join(exporting.products(shop)) == first
        bring(other_shop, first, stranger, at)
        assert without_state(b"".join(exporting.products(other_shop))) == without_state(first)
        transaction.set_rollback(True)


def write(shop, told: dict, owner, at) -> None:
    details = Details(
        name=told["name"],
        brand=told["brand"],
        description=told["description"],
        category=Category.objects.get(code="storage"),
    )
    line = SkuLine(price_minor=told["price"], compare_at_minor=told["compare_at"], on_hand=told["on_hand"])
    made = listing.create(shop=shop, details=details, line=line, axes=told["axes"], by=owner, at=at)
    PictureAddress.objects.bulk_create(
        PictureAddress(shop=shop, product=made, url=url, alt="x", position=place, recorded_at=at)
        for place, url in enumerate(told["pictures"])
    )


def bring(shop, content: bytes, owner, at):
    run = importing.upload(shop=shop, content=content, name="export.csv", by=owner, at=at)
    reactions.run_jobs(at)
    run.refresh_from_db()
    assert run.status == "checked", run.error
    importing.confirm(run=run, by=owner, at=at)
    reactions.run_jobs(at)
    run.refresh_from_db()
    assert run.status == "applied"
    return run


def without_state(content: bytes) -> list[dict]:
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    return [{name: cell for name, cell in row.items() if name != "Status"} for row in rows]


def no_formula(content: bytes) -> None:
    for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
        for cell in row:
            stripped = cell.lstrip()
            plain = stripped[1:].replace(".", "", 1).isdigit()
            assert not stripped.startswith(("=", "+", "-", "@")) or plain, cell


def test_it_writes_its_own_pictures_as_addresses_and_knows_them_again(shop, owner, at):
    write(
        shop,
        {
            "name": "Board",
            "brand": "",
            "description": "",
            "axes": [],
            "price": 1,
            "compare_at": None,
            "on_hand": 0,
            "pictures": [],
        },
        owner,
        at,
    )
    made = Product.objects.get()
    Media.objects.create(shop=shop, product=made, digest="ab" * 20, width=9, height=9, size_bytes=9, added_at=at)
    content = b"".join(exporting.products(shop))
    assert f"/pictures/{'ab' * 20}-large.webp".encode() in content
    assert bring(shop, content, owner, at).done["unchanged"] == 1
    assert not PictureAddress.objects.exists()
