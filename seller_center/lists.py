"""Every list of the seller by its name, and their rows as files: streamed, or by a job where they are many."""

from collections.abc import Iterator
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from seller_center import list_table
from seller_center.display import local
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.errors import DomainError
from seller_center.reactions import resolve
from shops import files, jobs, lists
from shops.lists import List, Question
from shops.models import Job, Membership
from shops.views.lists import areas_of

#: Name → the list, as its floor declares it.
LISTS: dict[str, str] = {
    # floor 1: shops
    "deadlines": "shops.views.inbox.DEADLINES",
    # floor 2: catalog
    "products": "catalog.views.product_list.PRODUCTS",
    "stock": "catalog.views.stock.STOCK",
    "journal": "catalog.views.stock.JOURNAL",
    "imports": "catalog.views.import_list.IMPORTS",
    # floor 3: marketing
    "coupons": "marketing.views_list.COUPONS",
    # floor 4: orders
    "orders": "orders.views.order_list.ORDERS",
    "returns": "orders.views.return_list.RETURNS",
    # floor 5: payouts
    "statements": "payouts.views.lists.STATEMENTS",
    "payouts": "payouts.views.lists.PAYOUTS",
    "ledger": "payouts.views.lists.LEDGER",
    # floor 6: support
    "tickets": "support.views_lists.TICKETS",
    "messages": "support.views_lists.MESSAGES",
}

#: A file of more rows than this is prepared by a worker, and a notice says when it is there.
MOST_AT_ONCE = 5_000


def find(name: str) -> List | None:
    """The list with this name."""
    return resolve(LISTS[name]) if name in LISTS else None


def csv_file(which: List, question: Question, *, told: Any = None) -> Iterator[bytes]:
    """Exactly what the list shows, all its pages: the same rows, order and columns. ``told(count)`` after each page."""
    zone, currency = question.shop.zone, question.shop.currency
    place = {"now": local(question.at, zone), "zone": zone, "market": question.shop.market_id}

    def rows() -> Iterator[list[Any]]:
        count = 0
        for made in lists.every_row(which, question):
            for cells in made:
                yield list_table.export_cells(question.columns, cells, place, currency)
            count += len(made)
            if told is not None:
                told(count)

    return write_rows(list_table.export_head(question.columns, currency), rows())


def file_name(which: List, question: Question) -> str:
    """What the file is called: list, shop, tab and day."""
    day = local(question.at, question.shop.zone)
    parts = (which.name, question.shop.code.lower(), question.tab.replace("_", "-"), f"{day:%Y-%m-%d}")
    return "-".join(filter(None, parts)) + ".csv"


class NoLongerAllowed(DomainError):
    """Between asking and writing, the member lost the right to see the list."""


def export(job: Job, *, at) -> None:
    """The job of a large file: asked anew with the rights that the person has now, kept as a private file."""
    which = find(job.payload["list"])
    member = Membership.objects.in_shop(job.shop).filter(user=job.by).select_related("role", "shop").first()
    if which is None or member is None or not member.may(which.area, "view"):
        raise NoLongerAllowed(_("You may not see this list any more."))
    question, _form = lists.ask(
        which,
        QueryDict(job.payload["query"]),
        shop=job.shop,
        at=at,
        user=job.by,
        areas=areas_of(member),
        chosen=job.payload["columns"],
    )
    done = {"count": 0}

    def told(count: int) -> None:
        done["count"] = count
        jobs.progress(job, count)

    content = b"".join(csv_file(which, question, told=told))
    kept = files.store_private(
        shop=job.shop,
        kind=f"export_{which.area}",
        content=content,
        name=file_name(which, question),
        by=job.by,
        at=at,
        media_type="text/csv",
    )
    job.total_count = done["count"]
    jobs.finish(job, at=at, result={"rows": done["count"]}, url=f"/s/{job.shop.code}/files/{kept.code}/")
