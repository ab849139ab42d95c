"""Everybody who sends something, around one of the twins."""

import dataclasses

from django.test import Client

from orders.models import Order
from seller_center.kernel import clock
from shops.models import Shop, User
from tests.factories import orders as trade
from tests.factories.accounts import verified_client
from tests.factories.shops import make_member, make_staff, make_user
from tests.proof.senders.shots import Visitor
from tests.proof.twins import DAY, Twin


@dataclasses.dataclass(frozen=True)
class Cast:
    """Everybody, around one of the twins."""

    twin: Twin
    owner: Visitor
    applicant: Visitor
    newcomer: Visitor
    invited: Visitor
    member: Visitor
    stranger: Visitor
    buyer: Visitor
    staff: Visitor
    program: Visitor

    @property
    def shop(self) -> Shop:
        return self.twin.shop


def make_cast(twin: Twin) -> Cast:
    """Log them in; what staff find on their desks is put there."""

    def visitor(name: str, person: User | None, shop: Shop = twin.shop, *, at_home: bool = True) -> Visitor:
        client = verified_client(person) if person is not None else Client()
        client.raise_request_exception = False
        return Visitor(name, client, person, shop, at_home)

    member = make_member(twin.shop, "analyst", user=make_user("colleague@example.com", name="A colleague"))
    return Cast(
        twin,
        owner=visitor("owner", twin.people["owner"]),
        applicant=visitor("applicant", twin.applicant, twin.applying),
        newcomer=visitor("newcomer", make_user("newcomer@example.com"), at_home=False),
        invited=visitor("invited", make_user(twin.rows.invitation.email)),
        member=visitor("member", member),
        stranger=visitor("stranger", None),
        buyer=visitor("buyer", None),
        staff=visitor("staff", make_staff("admin", name="Staff of every desk"), at_home=False),
        program=visitor("program", None),
    )


def arrived(cast: Cast) -> Order:
    """Another order that was delivered a while ago."""
    return trade.make_delivered_order(cast.shop, at=clock.real_now() - 9 * DAY, product=cast.twin.rows.product)
