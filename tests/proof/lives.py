"""The journeys of the resiliency matrix: what people do with the house, each with how to see that it was done.

A journey acts through the web server of a stage and is repeatable: it makes what it needs directly in the database.
"""

import dataclasses
import io
import itertools
from collections.abc import Callable
from typing import Any

import requests
from django.contrib.auth.hashers import make_password
from django.db.models import Q
from PIL import Image

from catalog.models import ImportRun, Media
from marketing.models import Coupon
from orders import buyer_links
from orders.models import Label, Order, Package, Payment, Refund
from payouts import reconciliation, transfers
from payouts.models import Payout
from seller_center.kernel import clock
from shops import api_keys
from shops.models import Document, Shop
from support.models import BuyerMessage, Ticket
from tests.factories import orders as trade
from tests.factories import papers
from tests.factories.catalog import make_product, sku_of
from tests.factories.payouts import make_bank_account
from tests.factories.shops import PASSWORD, make_application, make_member, make_shop, make_staff, make_user
from tests.faultkit.stage import Stage, Visitor
from tests.payouts.test_kills import release_batch
from tests.proof.test_payout_points import next_one, send_one

ADDRESS = {
    "name": "Buyer One",
    "email": "buyer@example.com",
    "line1": "1 Main Street",
    "city": "Austin",
    "region": "TX",
    "postal_code": "73301",
}
#: Payouts that journeys may send.
PAYOUTS = 20
_numbers = itertools.count(1)


class World:
    """A shop with people and goods, and the visitors who use it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.at = clock.real_now()
        self.shop: Shop = make_shop("ACME", tier="pro", at=self.at - 40 * trade.DAY)
        self.owner = make_member(self.shop)
        self.owner.password = make_password(PASSWORD, hasher="argon2")
        self.owner.save(update_fields=["password"])
        self.staff = make_staff("finance", "support")
        self.staff.is_superuser = True
        self.staff.save(update_fields=["is_superuser"])
        self.product = make_product(self.shop, on_hand=10_000, at=self.at)
        self.sku = sku_of(self.product).code
        scopes = sorted(api_keys.SCOPES)
        _row, self.key = api_keys.create(shop=self.shop, name="Key", scopes=scopes, by=self.owner, at=self.at)
        self.application = make_application(at=self.at, until="started")
        self.seller = stage.visitor(self.owner)
        self.applicant = stage.visitor(self.application.applicant)
        self.desk = stage.visitor(self.staff)
        make_bank_account(self.shop)
        release_batch(self.at, PAYOUTS)

    def open_order(self, **more: Any) -> Order:
        return trade.make_open_order(self.shop, product=self.product, at=self.at - trade.DAY, **more)

    def delivered_order(self, **more: Any) -> Order:
        return trade.make_delivered_order(self.shop, product=self.product, at=self.at - 9 * trade.DAY, **more)

    def partner(self) -> Visitor:
        visitor = self.stage.visitor()
        visitor.session.headers["Authorization"] = f"Bearer {self.key}"
        return visitor

    @property
    def place(self) -> str:
        return f"/s/{self.shop.code}"

    @property
    def front(self) -> str:
        return f"/shop/{self.shop.slug}"


@dataclasses.dataclass
class Trip:
    """One journey, ready to go: ``go`` does it and returns the last answer, ``effects`` counts what came of it."""

    go: Callable[[], requests.Response | None]
    effects: Callable[[], int]
    later: Callable[[], object] = lambda: None
    """What the clock does about it when everything works again."""


# -- the columns --------------------------------------------------------------------------------------------------------


def log_in(world: World) -> Trip:
    """With password: the next page asks for the second factor."""
    visitor = world.stage.visitor()
    given = {"login": world.owner.email, "password": PASSWORD}
    answers: list[requests.Response] = []

    def go() -> requests.Response:
        answers.append(visitor.post("/account/login/", given))
        return answers[-1]

    return Trip(go, lambda: sum(one.status_code == 302 for one in answers))


def log_in_by_code(world: World) -> Trip:
    """With a code by mail."""
    before, person = len(world.stage.mailbox.mails), make_user()

    def go() -> requests.Response:
        visitor = world.stage.visitor()
        asked = visitor.post("/account/login/code/", {"contact": person.email})
        return visitor.get(asked.headers["Location"]) if asked.status_code == 302 else asked

    return Trip(go, lambda: len(world.stage.mailbox.mails) - before)


def see_orders(world: World) -> Trip:
    """The list and an order."""
    order = world.open_order()
    seen: list[bool] = []

    def go() -> requests.Response:
        answer = world.seller.get(f"{world.place}/orders/")
        if answer.ok:
            answer = world.seller.get(f"{world.place}/orders/{order.code}/")
        seen.append(order.code in answer.text)
        return answer

    return Trip(go, lambda: sum(seen))


def check_out(world: World) -> Trip:
    """A basket becomes an order."""
    visitor = world.stage.visitor()
    before = Order.objects.count()

    def go() -> requests.Response:
        answer = visitor.post(f"{world.front}/basket/lines/", {"sku": world.sku, "quantity": "1"})
        if answer.status_code >= 400:
            return answer
        shown = visitor.post(f"{world.front}/checkout/", ADDRESS)
        if shown.status_code >= 400:
            return shown
        total = shown.text.split('name="shown_total"')[1].split('value="')[1].split('"')[0]
        return visitor.post(f"{world.front}/checkout/", {**ADDRESS, "shown_total": total, "place": "1"})

    return Trip(go, lambda: Order.objects.count() - before)


def pay(world: World) -> Trip:
    """The buyer's card is charged."""
    from orders import payments

    order = trade.make_order(world.shop, product=world.product, at=clock.real_now())
    path = f"{world.front}/orders/{buyer_links.token_of(order)}/payment/"
    visitor = world.stage.visitor()
    captured = Payment.objects.filter(order=order, status="captured")

    def go() -> requests.Response:
        return visitor.post(path, {"card": "tok_ok"})

    def later() -> None:
        """The half minute's task asks; what the provider has never heard of is paid anew."""
        payments.clarify_all(clock.real_now() + trade.HOUR / 4)
        if not captured.exists():
            go()

    return Trip(go, captured.count, later)


def ship(world: World) -> Trip:
    """A package leaves with a number that the seller has."""
    package = trade.package_of(world.open_order())
    given = {"carrier": "sandbox", "tracking_number": trade.tracking_number()}
    return Trip(
        lambda: world.seller.post(f"{world.place}/packages/{package.code}/shipment/", given),
        Package.objects.filter(pk=package.pk).exclude(shipped_at=None).count,
    )


def buy_label(world: World) -> Trip:
    """A label is bought from the carrier."""
    package = trade.package_of(world.open_order())
    given = {"carrier": "sandbox", "service": "ground", "weight_grams": "500"}
    return Trip(
        lambda: world.seller.post(f"{world.place}/packages/{package.code}/label/", given),
        Label.objects.filter(package=package).exclude(tracking_number="").count,
    )


def upload_picture(world: World) -> Trip:
    """A picture of a product that has none."""
    product, content = make_product(world.shop, at=world.at), io.BytesIO()
    size = 640 + next(_numbers)
    Image.effect_mandelbrot((size, 640), (-3, -2.5, 2, 2.5), 20).convert("RGB").save(content, "JPEG")
    return Trip(
        lambda: world.seller.post(
            f"{world.place}/products/{product.code}/pictures/",
            files={"pictures": ("picture.jpg", content.getvalue(), "image/jpeg")},
        ),
        Media.objects.filter(product=product).count,
    )


def upload_paper(world: World) -> Trip:
    """A passport for the application."""
    path = f"/s/{world.application.shop.code}/application/documents/identity/"
    given = {"identity-paper": "passport", "identity-expires_on": "2031-01-01"}
    before = Document.objects.count()
    return Trip(
        lambda: world.applicant.post(path, given, files={"identity-files": ("passport.jpg", papers.passport())}),
        lambda: Document.objects.count() - before,
    )


def refund(world: World) -> Trip:
    """The seller gives money back for a unit."""
    order = world.delivered_order(quantity=2)
    given = {f"units-{trade.line_of(order).pk}": "1", "reason": "does_not_fit", "confirm": "1"}
    return Trip(
        lambda: world.seller.post(f"{world.place}/orders/{order.code}/refund/", given),
        Refund.objects.filter(order=order).count,
    )


def pay_out(world: World) -> Trip:
    """A released payout goes to the bank, as the minute's task sends it."""
    payout = next_one()
    ended = Payout.objects.filter(Q(status="failed") | Q(accepted_at__isnull=False), pk=payout)

    def later() -> None:
        at = clock.real_now() + transfers.NEVER_ARRIVED
        reconciliation.reconcile(at=at)
        if not ended.exists():
            send_one()

    return Trip(send_one, ended.count, later)


def see_payouts(world: World) -> Trip:
    """Money: balances and payouts."""
    seen: list[bool] = []

    def go() -> requests.Response:
        answer = world.seller.get(f"{world.place}/finance/")
        seen.append(answer.ok)
        return world.seller.get(f"{world.place}/finance/payouts/") if answer.ok else answer

    return Trip(go, lambda: sum(seen))


def make_coupon(world: World) -> Trip:
    """A coupon is written."""
    code = f"SAVE{next(_numbers)}"
    given = {
        "code": code,
        "name": "Ten off",
        "kind": "percent",
        "percent": "10",
        "audience": "all",
        "starts_at": f"{clock.real_now() + trade.DAY:%Y-%m-%dT%H:%M}",
        "ends_at": f"{clock.real_now() + 9 * trade.DAY:%Y-%m-%dT%H:%M}",
    }
    return Trip(
        lambda: world.seller.post(f"{world.place}/marketing/coupons/new/", given),
        Coupon.objects.filter(shop=world.shop, code=code).count,
    )


def write_ticket(world: World) -> Trip:
    """The seller asks the marketplace."""
    subject = f"Question {next(_numbers)}"
    given = {"topic": "money", "subject": subject, "body": "Where is my money?"}
    return Trip(
        lambda: world.seller.post(f"{world.place}/support/tickets/new/", given),
        Ticket.objects.filter(subject=subject).count,
    )


def write_message(world: World) -> Trip:
    """The buyer writes to the shop."""
    order = world.open_order()
    path = f"{world.front}/orders/{buyer_links.token_of(order)}/message/"
    visitor = world.stage.visitor()
    return Trip(
        lambda: visitor.post(path, {"body": "When will it come?"}),
        BuyerMessage.objects.filter(conversation__order=order).count,
    )


def csv_in(world: World) -> Trip:
    """A file of products is handed in."""
    number = next(_numbers)
    sheet = f"Handle,Title,Vendor,Variant SKU,Variant Price\nh{number},Name {number},V,CSV-{number},9.99\n"
    before = ImportRun.objects.count()
    return Trip(
        lambda: world.seller.post(f"{world.place}/imports/new/", files={"file": (f"{number}.csv", sheet, "text/csv")}),
        lambda: ImportRun.objects.count() - before,
    )


def csv_out(world: World) -> Trip:
    """The products as a file."""
    seen: list[bool] = []

    def go() -> requests.Response:
        answer = world.seller.get(f"{world.place}/products/export/")
        seen.append(answer.status_code in (200, 302))
        return answer

    return Trip(go, lambda: sum(seen))


def push_order(world: World) -> Trip:
    """A partner pushes an order."""
    number = f"API-{next(_numbers)}"
    body = {
        "external_number": number,
        "lines": [{"sku": world.sku, "quantity": 1}],
        "contact": {"name": "Buyer"},
        "address": {
            "line1": "1 Main Street",
            "city": "Austin",
            "region": "TX",
            "postal_code": "73301",
            "country": "US",
        },
    }
    partner = world.partner()
    return Trip(
        lambda: partner.post("/api/v1/orders", json=body, headers={"Idempotency-Key": number}),
        Order.objects.filter(external_number=number).count,
    )


def see_admin(world: World) -> Trip:
    """Staff look at their desks."""
    seen: list[bool] = []

    def go() -> requests.Response:
        answer = world.desk.get("/admin/")
        seen.append(answer.status_code == 200)
        return answer

    return Trip(go, lambda: sum(seen))


#: Column of the matrix → the journey.
JOURNEYS: dict[str, Callable[[World], Trip]] = {
    "log in": log_in,
    "log in by code": log_in_by_code,
    "see orders": see_orders,
    "check out": check_out,
    "pay": pay,
    "ship": ship,
    "buy a label": buy_label,
    "picture": upload_picture,
    "KYC paper": upload_paper,
    "refund": refund,
    "payout run": pay_out,
    "see payouts": see_payouts,
    "coupon": make_coupon,
    "ticket": write_ticket,
    "message": write_message,
    "CSV in": csv_in,
    "CSV out": csv_out,
    "partner API": push_order,
    "admin": see_admin,
}
