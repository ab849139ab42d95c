"""A request for every address that may change something, by somebody who may: what N1 sends.

Most of it are the forms of the pages that each person sees. What no form reaches is written down here: the partner API,
callbacks, the steps of one's own account, deeds of staff on several rows, and what needs something to be there first.
"""

from tests.proof.probing import PART, Address
from tests.proof.senders.accounts import as_member, at_the_door
from tests.proof.senders.buyers import as_buyer
from tests.proof.senders.people import Cast, make_cast
from tests.proof.senders.programs import as_program, connected
from tests.proof.senders.sellers import as_applicant, as_owner
from tests.proof.senders.shots import Sending, Shot, Visitor, unsafe_routes
from tests.proof.senders.staff import as_staff, staff_path

__all__ = ["Cast", "Sending", "Visitor", "connected", "make_cast", "sendings", "unsafe_routes"]


def sendings(cast: Cast) -> list[Sending]:
    """All of them, and for each address that none of them reaches an empty request by whoever would come there."""
    found = [
        *as_owner(cast),
        *as_applicant(cast),
        *as_buyer(cast),
        *as_staff(cast),
        *as_member(cast),
        *at_the_door(cast),
        *as_program(cast),
    ]
    reached = {one.route for one in found}
    return found + [_empty(cast, one) for route, one in unsafe_routes().items() if route not in reached]


def _empty(cast: Cast, address: Address) -> Sending:
    route = address.route
    if route.startswith("admin/"):
        path = staff_path(cast.twin, route)
        return Sending(route, cast.staff, lambda: Shot(path))
    visitors = {
        "s/<str:shop>/application/": cast.applicant,
        "s/": cast.owner,
        "shop/": cast.buyer,
        "api/": cast.program,
    }
    visitor = next((one for begins, one in visitors.items() if route.startswith(begins)), cast.member)
    path = address.path(address.of(cast.twin)) if not address.unknown() else "/" + PART.sub("1", route)
    return Sending(route, visitor, lambda: Shot(path))
