"""Papers for packages: which ones, and what stands on them. Drawn by ``orders.papers``."""

from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from orders import labels, papers
from orders.carriers import PostalAddress, carrier
from orders.models import Label, Order, Package, PackageLine
from seller_center.kernel.errors import DomainError


class NothingToPrint(DomainError):
    """None of the packages has what was to be printed."""

    code = "nothing_to_print"


def label_pdf(packages: Sequence[Package]) -> bytes:
    """The labels that were bought for these packages, one 4 × 6 page each. ``NothingToPrint`` if there is none."""
    rows = Label.objects.filter(
        shop_id__in={one.shop_id for one in packages}, package__in=[one.pk for one in packages], status="bought"
    ).select_related("package__order", "shop")
    bought = {row.package_id: row for row in rows.order_by("id")}
    senders = {shop: labels.sender_of(shop) for shop in {row.shop for row in bought.values()}}
    sheets = [_sheet(row, senders[row.shop]) for one in packages if (row := bought.get(one.pk))]
    if not sheets:
        raise NothingToPrint(_("No label has been bought for this yet."))
    return papers.labels_pdf(sheets)


def _sheet(label: Label, sender: PostalAddress) -> papers.LabelSheet:
    order = label.package.order
    return papers.LabelSheet(
        package_code=label.package.code,
        carrier=carrier(label.carrier).name,
        service=label.service,
        tracking_number=label.tracking_number,
        weight_grams=label.weight_grams,
        sender=sender.lines,
        recipient=address_lines(order),
    )


def slip_pdf(packages: Sequence[Package]) -> bytes:
    """The packing slips of these packages."""
    if not packages:
        raise NothingToPrint(_("There is no package to print a slip for."))
    contents = defaultdict(list)
    rows = PackageLine.objects.filter(
        shop_id__in={one.shop_id for one in packages}, package__in=[one.pk for one in packages]
    )
    for row in rows.select_related("line").order_by("line_id"):
        contents[row.package_id].append(
            papers.SlipLine(row.quantity, row.line.title, row.line.options_text, row.line.sku_code)
        )
    return papers.slips_pdf([_slip(one, contents[one.pk]) for one in packages])


def _slip(package: Package, lines: list[papers.SlipLine]) -> papers.Slip:
    order, shop = package.order, package.shop
    return papers.Slip(
        package_code=package.code,
        order_code=order.code,
        shop=str(shop),
        market=shop.market_id,
        placed_at=order.placed_at,
        zone=shop.zone,
        recipient=address_lines(order),
        lines=lines,
        note=_("Questions? Open the link in your order confirmation."),
    )


def address_lines(order: Order) -> list[str]:
    """The delivery address as it is written on a parcel."""
    address = order.address
    place = " ".join(filter(None, [address.get("city"), address.get("region"), address.get("postal_code")]))
    lines = [order.contact_name, address.get("line1"), address.get("line2"), place, address.get("country")]
    return [line for line in lines if line]
