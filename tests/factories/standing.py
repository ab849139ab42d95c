"""Cases against shops for tests, opened by the real verb over evidence that is there."""

from shops import enforcement, events
from shops.scope import scope
from tests.factories.shops import AT, make_staff


def make_evidence(shop, code: str = "ORDER1", *, at=AT) -> str:
    """Something that happened to an order of this shop, so that a case can name it."""
    with scope(shop, by=None):
        subject = {"subject_kind": "order", "subject_code": code}
        events.record("order.completed", shop=shop, by=None, at=at, delivered_at=at.isoformat(), **subject)
    return code


def make_case(shop, *, by=None, at=AT, kind: str = "misleading_listing", points: int = 4, evidence: str = ""):
    """A pending case."""
    charge = enforcement.Charge(
        kind=kind,
        reason="The picture shows two, one was sent.",
        evidence_kind="order",
        evidence_code=evidence or make_evidence(shop, at=at),
        points=points,
    )
    return enforcement.open_case(shop=shop, charge=charge, by=by or make_staff("moderator"), at=at)
