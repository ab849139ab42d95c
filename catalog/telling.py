"""What sellers are told about their catalog: the low-stock digest, and verdicts of the marketplace."""

import datetime as dt

from django.utils.translation import gettext, ngettext

from catalog import alerts
from catalog.models import Product
from seller_center.kernel.text import number
from shops.models import ShopEvent
from shops.notifying import members, notify, send_mail

#: SKUs that a digest names; the rest are on the page.
NAMED = 10


def low_stock(event: ShopEvent) -> None:
    """The digest: a notice and a mail to those who see the products, naming the emptiest SKUs."""
    shop, count = event.shop, event.facts["count"]
    on_day = dt.date.fromisoformat(event.facts["on_day"])
    rows = alerts.raised_on(shop, on_day, most=NAMED)
    title = ngettext("%(count)s SKU is running low", "%(count)s SKUs are running low", count) % {"count": number(count)}
    people = notify(
        shop=shop,
        kind=event.kind,
        title=title,
        body="\n".join(f"{row.sku.product.name} ({row.sku.code}): {number(row.available)}" for row in rows),
        url=f"/s/{shop.code}/stock/low/",
        at=event.at,
        area="products",
        once_key=f"low-stock:{on_day}:{event.pk}",
    )
    for person in people:
        send_mail(
            "low_stock",
            to=person.email or "",
            context={"shop": shop, "rows": rows, "count": count, "more": max(0, count - len(rows)), "person": person},
            message_id=f"event-{event.pk}-{person.pk}",
        )


def product_judged(event: ShopEvent) -> None:
    """Staff froze, refused or released a product: those who see the products hear of it with the reason."""
    product = Product.objects.in_shop(event.shop).of_code(event.subject_code).get()
    words = {"name": product.name}
    title = {
        "product.frozen": gettext("“%(name)s” was frozen"),
        "product.refused": gettext("“%(name)s” was refused"),
        "product.released": gettext("“%(name)s” was released"),
    }[event.kind] % words
    url = f"/s/{event.shop.code}/products/{product.code}/"
    notify(
        shop=event.shop,
        kind=event.kind,
        title=title[:160],
        body=event.facts.get("reason", ""),
        url=url,
        at=event.at,
        area="products",
        once_key=f"{event.kind}:{event.pk}",
    )
    for person in members(event.shop, area="products"):
        send_mail(
            "product_judged",
            to=person.email or "",
            context={"shop": event.shop, "title": title, "reason": event.facts.get("reason", ""), "url": url},
            message_id=f"event-{event.pk}-{person.pk}",
        )
