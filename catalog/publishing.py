"""The states of a listing: pre-flight, going live within the tier's limit, pausing, the archive, staff's verdicts."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from catalog import diagnosis, stock
from catalog.diagnosis import Finding, ListingFacts
from catalog.identifiers import is_gtin
from catalog.models import Media, PictureAddress, Product, ProductOption, Sku, StockItem
from catalog.remarks import sentence
from seller_center.kernel.capped import CappedCount
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import LockKind, advisory_lock, lock_row
from seller_center.kernel.prepared import prepared
from seller_center.kernel.text import number
from seller_center.kernel.transitions import move
from shops import events, restrictions
from shops.policy_book import policy_for
from shops.scope import scope

Status = Product.Status


class NotReady(DomainError):
    """The listing does not pass the pre-flight; ``findings`` say what is missing."""

    code = "not_ready"

    def __init__(self, findings: Sequence[Finding], currency: str) -> None:
        self.findings = findings
        told = " ".join(sentence(finding.code, finding.facts, currency=currency) for finding in findings[:3])
        super().__init__(_("The product cannot go live yet. %(reasons)s") % {"reasons": told})


class TierFull(DomainError):
    """The shop has as many live products as its probation tier allows."""

    code = "tier_full"

    def __init__(self, most: int) -> None:
        super().__init__(
            _(
                "Your shop may have %(most)s live products at its present tier."
                " Pause one first, or wait for the next tier."
            )
            % {"most": number(most)}
        )


class ShopNotOpen(DomainError):
    """The shop is not approved yet, or closed."""

    code = "shop_not_open"


# -- pre-flight -------------------------------------------------------------------------------------------------------


def facts_of(product: Product, skus: Sequence[Sku] | None = None) -> ListingFacts:
    """What the diagnosis looks at, read from the catalog; ``skus``, the offered ones, where they have been read."""
    category = product.category
    offered = list(offered_skus(product)) if skus is None else skus
    [(stock_total, axis_count, media_count, address_count)] = _counts(shop=product.shop_id, product=product.pk)
    return ListingFacts(
        name=product.name,
        description=product.description,
        description_signs=len(product.description),
        has_category=category is not None,
        category_prohibited=category is not None and category.prohibited,
        category_restricted=category is not None and category.restricted,
        axis_count=axis_count,
        prices_minor=[sku.price_minor for sku in offered],
        wrong_barcodes=[sku.barcode for sku in offered if sku.barcode and not is_gtin(sku.barcode)],
        picture_count=media_count,
        address_count=address_count,
        stock_total=stock_total or 0,
    )


@prepared
def _counts(*, shop: int, product: int) -> QuerySet:
    """One row: what is in stock of a product, and how many options, pictures and addresses of pictures it has."""
    stock_of = StockItem.objects.in_shop(shop).offered().filter(sku__product=product).order_by()
    counted = [
        CappedCount(rows.objects.in_shop(shop).filter(product=product).order_by().values("pk"))
        for rows in (ProductOption, Media, PictureAddress)
    ]
    total = Subquery(stock_of.values("shop").annotate(total=Sum("available")).values("total"))
    return Product.objects.in_shop(shop).filter(pk=product).values_list(total, *counted)


def offered_skus(product: Product) -> QuerySet[Sku]:
    """The SKUs of a product that are offered, as its page lists them."""
    return _offered_skus(shop=product.shop_id, product=product.pk)


@prepared
def _offered_skus(*, shop: int, product: int) -> QuerySet[Sku]:
    return Sku.objects.in_shop(shop).offered().filter(product=product).in_order()


def preflight(product: Product, at: dt.datetime, skus: Sequence[Sku] | None = None) -> list[Finding]:
    """What there is to say about the listing before it goes live, what blocks first."""
    return diagnosis.diagnose(facts_of(product, skus), policy_for(product.shop, at).catalog)


# -- going live -------------------------------------------------------------------------------------------------------


def hold_listing(shop) -> None:
    """Let nobody else put products of this shop live until the transaction ends: the limit is counted, not guessed."""
    advisory_lock(LockKind.LISTING, shop.pk)


def room(shop, at: dt.datetime) -> tuple[int | None, int | None]:
    """How many more products may go live at the shop's tier, and the tier's limit; (None, None) without a limit."""
    most = policy_for(shop, at).probation.tier(shop.tier).live_products
    if most is None:
        return None, None
    live = Product.objects.in_shop(shop).live().order_by()[: most + 1].count()
    return max(0, most - live), most


def submit(*, product: Product, by, at: dt.datetime) -> Product:
    """Send a draft to review. The pre-flight is the review for now: what passes it goes live at once.

    Raises ``NotReady`` with the findings, ``TierFull``, ``ShopNotOpen``, and ``NewListingsStopped`` where the shop's
    violation points forbid it for a while; the draft then stays as it is.
    """
    with scope(product.shop, by=by):
        restrictions.check_new_listing(product.shop, at)
        _check_may_go_live(product, at)
        move(product, Status.IN_REVIEW, changed_at=at)
        move(product, Status.LIVE, live_at=at, reason="")
        _record(product, "product.went_live", by, at)
    return product


def resume(*, product: Product, by, at: dt.datetime) -> Product:
    """Put a paused product on sale again, under the same conditions."""
    with scope(product.shop, by=by):
        _check_may_go_live(product, at)
        move(product, Status.LIVE, allowed_from=(Status.PAUSED,), live_at=at, changed_at=at)
        _record(product, "product.went_live", by, at)
    return product


def _check_may_go_live(product: Product, at: dt.datetime) -> None:
    shop = product.shop
    if not shop.selling:
        raise ShopNotOpen(_("Your shop is not open yet. Products can go live once it is approved."))
    hold_listing(shop)
    lock_row(Product.objects.filter(shop=shop, pk=product.pk))
    product.refresh_from_db()
    blocking = diagnosis.blocking(preflight(product, at))
    if blocking:
        raise NotReady(blocking, shop.currency)
    left, most = room(shop, at)
    if left == 0 and most is not None:
        raise TierFull(most)


def pause(*, product: Product, by, at: dt.datetime) -> Product:
    """Take a live product off sale; orders that exist are not touched."""
    return _go(product, Status.PAUSED, "product.paused", by, at, allowed_from=(Status.LIVE,))


def archive(*, product: Product, by, at: dt.datetime) -> Product:
    """Put a product away. It keeps its history and can come back paused."""
    return _go(product, Status.ARCHIVED, "product.archived", by, at)


def restore(*, product: Product, by, at: dt.datetime) -> Product:
    """Bring a product back from the archive, paused."""
    return _go(product, Status.PAUSED, "product.restored", by, at, allowed_from=(Status.ARCHIVED,))


def redraft(*, product: Product, by, at: dt.datetime) -> Product:
    """Take a refused product back into work."""
    return _go(product, Status.DRAFT, "product.redrafted", by, at)


def _go(product: Product, to: str, kind: str, by, at: dt.datetime, *, allowed_from=None) -> Product:
    with scope(product.shop, by=by):
        move(product, to, allowed_from=allowed_from, changed_at=at)
        _record(product, kind, by, at)
    return product


# -- staff ------------------------------------------------------------------------------------------------------------


def freeze(*, product: Product, reason: str, by, at: dt.datetime) -> Product:
    """Staff take a product off sale; only staff can release it. The seller is told why."""
    return _judge(product, Status.FROZEN, "product.frozen", reason, by, at)


def refuse(*, product: Product, reason: str, by, at: dt.datetime) -> Product:
    """Staff refuse a product in review. The seller is told why and may take it back into work."""
    return _judge(product, Status.REFUSED, "product.refused", reason, by, at)


def unfreeze(*, product: Product, by, at: dt.datetime) -> Product:
    """Staff release a frozen product; it is live again."""
    with scope(product.shop, by=by):
        move(product, Status.LIVE, allowed_from=(Status.FROZEN,), reason="", live_at=at, changed_at=at)
        _record(product, "product.released", by, at)
    return product


def _judge(product: Product, to: str, kind: str, reason: str, by, at: dt.datetime) -> Product:
    reason = reason.strip()
    if not reason:
        raise Invalid(_("Say why: the seller reads it."), field="reason")
    with scope(product.shop, by=by):
        move(product, to, reason=reason[:300], changed_at=at)
        _record(product, kind, by, at, reason=reason[:300])
    return product


# -- out of stock with one click --------------------------------------------------------------------------------------


def mark_out_of_stock(*, product: Product, by, at: dt.datetime) -> int:
    """Nothing of the product is available until the mark is taken away, whatever lies there."""
    return _mark(product, True, "stock.marked_out", by, at)


def mark_back_in_stock(*, product: Product, by, at: dt.datetime) -> int:
    """Take the mark away: what lies there is available again."""
    return _mark(product, False, "stock.marked_back", by, at)


def _mark(product: Product, off_sale: bool, kind: str, by, at: dt.datetime) -> int:
    with scope(product.shop, by=by):
        skus = Sku.objects.offered().filter(shop_id=product.shop_id, product=product).values_list("pk", flat=True)
        changed = stock.mark_off_sale(shop=product.shop, sku_ids=skus, off_sale=off_sale, by=by)
        if changed:
            _record(product, kind, by, at)
    return changed


def _record(product: Product, kind: str, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=product.shop, subject_kind="product", subject_code=product.code, by=by, at=at, **facts)
