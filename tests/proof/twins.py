"""Two shops with identical shapes, one canary word in every text of each: what one sees must not hold the other's."""

import dataclasses
import datetime as dt
import json
from types import SimpleNamespace

from catalog import importing
from catalog.models import Media, Product
from orders import buyer_links, returns
from orders.models import Label, Order, OrderLine
from payouts.models import Payout, Statement, Transaction
from seller_center.kernel import clock
from shops import api_keys, deadlines, jobs, notifying, team
from shops.models import Deadline, EligibilityReview, Job, Membership, Notice, SavedView, Shop, User
from shops.policy_book import policy_for
from shops.reference import preset_role
from support import desk, inbox, reviewing
from tests.factories import orders as trade
from tests.factories.catalog import make_product
from tests.factories.marketing import make_coupon
from tests.factories.payouts import make_available, make_bank_account, make_batch
from tests.factories.shops import make_application, make_member, make_shop, make_staff, make_user
from tests.factories.standing import make_case

DAY = dt.timedelta(days=1)
ROLES = ("owner", "manager", "catalog", "packing", "finance", "service", "analyst")


@dataclasses.dataclass
class Twin:
    """A shop in full life, its people, and one row of everything that has an address."""

    letter: str
    shop: Shop
    people: dict[str, User]
    rows: SimpleNamespace
    applicant: User
    applying: Shop
    key: str
    weak_key: str

    @property
    def canary(self) -> str:
        """The word that stands in every text of this shop and nowhere else."""
        return f"TENANT-{self.letter}"


def make_twins() -> tuple[Twin, Twin]:
    """Both, paid out on one payday."""
    twins = make_twin("A"), make_twin("B")
    pay_out(*twins)
    return twins


def pay_out(*twins: Twin) -> None:
    """One payday for all of them."""
    for twin in twins:
        make_available(twin.shop)
    make_batch(*(twin.shop for twin in twins))
    for twin in twins:
        twin.rows.payout = Payout.objects.in_shop(twin.shop).get()
        twin.rows.statement = Statement.objects.in_shop(twin.shop).get()
        twin.rows.transaction = (
            Transaction.objects.in_shop(twin.shop).filter(order__isnull=False).order_by("id").first()
        )


def make_twin(letter: str) -> Twin:
    """Build one of the twins; two of them differ in their letter only."""
    now = clock.real_now()
    word = f"TENANT-{letter}"
    born = now - 40 * DAY
    shop = make_shop(
        f"TWN{letter}",
        at=born,
        name=f"{word}-Shop",
        slug=f"tenant-{letter.lower()}",
        description=f"{word}-about",
    )
    people = {role: make_member(shop, role, user=_person(f"{word}-{role}"), at=born) for role in ROLES}
    rows = SimpleNamespace()
    _shelve(rows, shop, word, born)
    _sell(rows, shop, word, now)
    _talk(rows, shop, word, people, now)
    _keep_house(rows, shop, word, people, now)
    applicant = _person(f"{word}-applicant")
    application = make_application(by=applicant, at=now - 2 * DAY, shop_name=f"{word}-Applying")
    scopes = sorted(api_keys.SCOPES)
    _key, text = api_keys.create(shop=shop, name=f"{word}-key", scopes=scopes, by=people["owner"], at=now)
    rows.key, weak = api_keys.create(shop=shop, name=f"{word}-weak", scopes=scopes[:1], by=people["owner"], at=now)
    return Twin(letter, shop, people, rows, applicant, application.shop, text, weak)


def _person(name: str) -> User:
    """Somebody without a password: nobody logs in here by typing one, and hashing it would be most of the twins' time."""
    return make_user(name=name, password=None)


def _shelve(rows: SimpleNamespace, shop: Shop, word: str, at: dt.datetime) -> None:
    rows.product = make_product(shop, name=f"{word}-Product", description=f"{word}-words", on_hand=50, at=at)
    rows.picture = Media.objects.create(
        shop=shop,
        product=rows.product,
        digest=f"{word.lower()}-digest",
        alt=f"{word}-picture",
        width=10,
        height=10,
        size_bytes=10,
        added_at=at,
    )
    make_product(shop, name=f"{word}-Draft", status=Product.Status.DRAFT, at=at)
    rows.coupon = make_coupon(shop, f"SAVE{word[-1]}", name=f"{word}-coupon", at=at)
    sheet = f"Handle,Title,Vendor,Variant SKU,Variant Price\nx,{word}-Row,V,{word}-SKU,9.99\n".encode()
    rows.run = importing.upload(shop=shop, content=sheet, name=f"{word}.csv", by=None, at=at)
    rows.run.refresh_from_db()
    rows.job = Job.objects.in_shop(shop).get(code=rows.run.check_job)
    importing.check(jobs.claim(at), at=at)


def _sell(rows: SimpleNamespace, shop: Shop, word: str, now: dt.datetime) -> None:
    placed = {"product": rows.product, "name": f"{word}-Buyer", "email": f"{word.lower()}@example.com"}
    rows.unpaid = trade.make_order(shop, at=now - DAY / 48, **placed)
    rows.order = trade.make_open_order(shop, at=now - DAY, **placed)
    rows.package = trade.package_of(rows.order)
    shipped = trade.make_open_order(shop, at=now - 4 * DAY, **placed)
    rows.shipped = trade.ship(shipped)
    rows.delivered = trade.make_delivered_order(shop, at=now - 9 * DAY, **placed)
    line = trade.line_of(rows.delivered)
    rows.asked = returns.request(
        order=rows.delivered,
        kind="return_and_refund",
        reason="does_not_fit",
        units={line.pk: 1},
        note=f"{word}-note",
        at=now - 2 * DAY,
    )
    line = OrderLine.objects.select_related("order", "shop", "sku").get(pk=line.pk)
    delivered_at = Order.objects.get(pk=rows.delivered.pk).delivered_at
    rows.review = reviewing.write(line=line, stars=4, body=f"{word}-review", delivered_at=delivered_at, at=now - DAY)
    Label.objects.create(
        shop=shop, package=rows.package, carrier="sandbox", service=f"{word}-service", weight_grams=500, wanted_at=now
    )


def _talk(rows: SimpleNamespace, shop: Shop, word: str, people: dict[str, User], now: dt.datetime) -> None:
    rows.ticket = desk.open_ticket(
        shop=shop, topic="money", subject=f"{word}-subject", body=f"{word}-body", by=people["owner"], at=now - DAY
    )
    order = trade.fresh(rows.order)
    rows.conversation = inbox.ask(shop=shop, buyer=order.buyer, order=order, body=f"{word}-question", at=now - DAY)
    notifying.notify(shop=shop, kind="test", title=f"{word}-notice", at=now, users=[people["owner"]])
    rows.notice = Notice.objects.get(shop=shop, title=f"{word}-notice")


def _keep_house(rows: SimpleNamespace, shop: Shop, word: str, people: dict[str, User], now: dt.datetime) -> None:
    rows.place = Membership.objects.get(shop=shop, user=people["packing"])
    owner = people["owner"]
    rows.invitation = team.invite(
        shop=shop, email=f"{word.lower()}-new@example.com", role=preset_role("packing"), by=owner, at=now
    )
    rows.deadline = deadlines.set_deadline(
        shop=shop,
        kind="order.ship_by",
        subject_kind="order",
        subject_code=f"{word}-X",
        due_at=now + DAY,
        at=now,
        label=f"{word}-deadline",
    )
    assert isinstance(rows.deadline, Deadline)
    make_bank_account(shop)
    rows.case = make_case(shop, by=make_staff("moderator", name=f"{word}-moderator"), at=now)
    rows.view = SavedView.objects.create(
        shop=shop, list_name="products", name=f"{word}-view", query="status=live", saved_by=owner, saved_at=now
    )
    EligibilityReview.objects.create(
        shop=shop,
        month=dt.date(2026, 9, 1),
        eligible=True,
        criteria=[],
        scorecard={},
        policy_version_id=policy_for(shop, now).version_id,
        reviewed_at=now,
    )


# -- the addresses ----------------------------------------------------------------------------------------------------

#: What stands behind a part of an address: (the word before it, its name) → the twin's value.
OBJECTS = {
    ("products", "code"): lambda t: t.rows.product.code,
    ("p", "product"): lambda t: t.rows.product.slug,
    ("pictures", "picture"): lambda t: t.rows.picture.pk,
    ("imports", "code"): lambda t: t.rows.run.code,
    ("coupons", "code"): lambda t: t.rows.coupon.code,
    ("orders", "code"): lambda t: t.rows.order.code,
    ("orders", "token"): lambda t: buyer_links.token_of(t.rows.delivered),
    ("packages", "code"): lambda t: t.rows.package.code,
    ("packages", "package"): lambda t: t.rows.package.code,
    ("returns", "code"): lambda t: t.rows.asked.code,
    ("tickets", "code"): lambda t: t.rows.ticket.code,
    ("messages", "code"): lambda t: t.rows.conversation.code,
    ("reviews", "code"): lambda t: t.rows.review.code,
    ("api-keys", "prefix"): lambda t: t.rows.key.prefix,
    ("invitations", "number"): lambda t: t.rows.invitation.pk,
    ("team", "number"): lambda t: t.rows.place.pk,
    ("notices", "number"): lambda t: t.rows.notice.pk,
    ("inbox", "number"): lambda t: t.rows.deadline.pk,
    ("views", "number"): lambda t: t.rows.view.pk,
    ("jobs", "code"): lambda t: t.rows.job.code,
    ("files", "code"): lambda t: t.rows.run.file.code,
    ("payouts", "code"): lambda t: t.rows.payout.code,
    ("statements", "code"): lambda t: t.rows.statement.code,
    ("ledger", "source"): lambda t: t.rows.transaction.source_code,
    ("violations", "code"): lambda t: t.rows.case.code,
}
#: Parts that name no row: the same words in every shop.
WORDS = {
    ("health", "month"): lambda t: "2026-09",
    ("widgets", "widget"): lambda t: "sales",
    ("documents", "kind"): lambda t: "identity",
    ("application", "step"): lambda t: "person",
    ("lists", "name"): lambda t: "products",
    ("deeds", "key"): lambda t: "pause",
    ("ledger", "kind"): lambda t: t.rows.transaction.kind,
    ("ledger", "step"): lambda t: t.rows.transaction.step,
}
#: Parts that name the shop.
SHOPS = {("s", "shop"): lambda t: t.shop.code, ("shop", "slug"): lambda t: t.shop.slug}


def nothing_like(value) -> str | int:
    """An id of the same shape that nothing has."""
    if isinstance(value, int):
        return 10**12 + 7
    turned = value.translate(str.maketrans("BCDFGHJK23456789abcdefgh", "DFGHJKCB42356897bcdefgha"))
    return turned if turned != value else value + "x"


def as_json(**fields: object) -> str:
    """A body for the API."""
    return json.dumps(fields)
