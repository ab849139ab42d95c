"""The policy: parsed, refused with the key named, dated, never edited; decided under the version of the day."""

import copy
import datetime as dt

import pytest
from django.db import DatabaseError, transaction

from seller_center.kernel.errors import Invalid
from shops import policy_book, policy_text
from shops.models import PolicyVersion, ShopEvent
from shops.policy import PolicyError, difference, overlay, parse, shipped_document
from tests.factories.shops import make_staff


def changed(path: str, value):
    """The shipped document with one key changed."""
    document = copy.deepcopy(shipped_document("US"))
    *tables, key = path.split(".")
    table = document
    for name in tables:
        table = table[name]
    table[key] = value
    return document


@pytest.mark.parametrize("market", ["US", "GB"])
def test_the_shipped_documents_parse(market):
    policy = parse({}, market=market)
    assert policy.sla.ship_hours == 72
    assert policy.probation.tier("beginner").orders_per_day == 50
    assert policy.probation.tier("pro").orders_per_day is None


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("sla.ship_hour", 1, "sla.ship_hour"),
        ("nothing", {}, "nothing"),
        ("sla.ship_hours", -1, "sla.ship_hours"),
        ("sla.ship_hours", "72", "sla.ship_hours"),
        ("sla.ship_hours", True, "sla.ship_hours"),
        ("sla.ship_hours", 1.5, "sla.ship_hours"),
        ("sla", 5, "sla"),
        ("sla.warn_hours", 5, "sla.warn_hours"),
        ("sla.warn_hours", [24, "x"], "sla.warn_hours[1]"),
        ("sla.reading", "minutes", "sla.reading"),
        ("fees.referral_bp", 10_001, "referral_bp"),
        ("fees.referral_by_class_bp.jewellery", 20_000, "jewellery"),
        ("new_seller_offer.referral_fee_share_bp", 10_001, "referral_fee_share_bp"),
        ("violations.ladder_points", [24, 12, 36, 48], "ladder_points"),
        ("payouts.weekday", 7, "weekday"),
        ("sps.metrics.returns.weight_bp", 1, "sps.metrics"),
        ("onboarding.agreement_version", 2026, "agreement_version"),
    ],
)
def test_a_document_that_is_wrong_is_refused_and_the_key_named(path, value, named):
    with pytest.raises(PolicyError) as refusal:
        parse(changed(path, value), market="US")
    assert named in str(refusal.value)


def test_a_key_that_is_left_out_takes_the_shipped_value():
    assert parse({"sla": {"ship_hours": 24}}, market="US").sla.collect_hours == 48


def test_open_tables_are_replaced_whole():
    policy = parse({"fees": {"referral_by_class_bp": {"books": 800}}}, market="US")
    assert policy.fees.referral_of("books") == 800
    assert policy.fees.referral_of("jewellery") == policy.fees.referral_bp


def test_overlay_leaves_the_base_alone():
    base = {"a": {"b": 1}}
    assert overlay(base, {"a": {"b": 2}}) == {"a": {"b": 2}}
    assert base == {"a": {"b": 1}}


@pytest.mark.parametrize("market", ["US", "GB"])
def test_writing_and_reading_give_the_same_document(market):
    document = shipped_document(market)
    assert policy_text.read(policy_text.write(document)) == document


def test_it_names_what_differs():
    assert difference(shipped_document("US"), changed("sla.ship_hours", 48)) == [("sla.ship_hours", 72, 48)]


@pytest.mark.django_db
def test_a_version_holds_from_its_moment_to_the_microsecond(at):
    boss = make_staff("policy")
    start = at + dt.timedelta(days=1)
    row = policy_book.schedule(
        market="US", document={"sla": {"ship_hours": 24}}, effective_from=start, note="Faster", by=boss, at=at
    )
    assert policy_book.policy_for("US", start - dt.timedelta(microseconds=1)).sla.ship_hours == 72
    assert policy_book.policy_for("US", start).sla.ship_hours == 24
    assert policy_book.policy_for("GB", start).sla.ship_hours == 72
    assert policy_book.policy_version(row.pk).version_id == row.pk
    assert ShopEvent.objects.get(kind="policy.scheduled").shop.is_platform


@pytest.mark.django_db
def test_it_refuses_the_past_and_nonsense(at):
    boss = make_staff("policy")
    common = {"market": "US", "note": "x", "by": boss, "at": at}
    with pytest.raises(Invalid, match="past"):
        policy_book.schedule(document={}, effective_from=at - dt.timedelta(seconds=1), **common)
    with pytest.raises(Invalid, match="no key"):
        policy_book.schedule(document={"x": 1}, effective_from=at, **common)


@pytest.mark.django_db
def test_a_version_is_never_changed_or_deleted():
    row = PolicyVersion.objects.order_by("pk").first()
    with pytest.raises(DatabaseError), transaction.atomic():
        PolicyVersion.objects.filter(pk=row.pk).update(note="other")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.delete()
