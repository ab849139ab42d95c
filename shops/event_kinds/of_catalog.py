"""What happens on floor 2: products, their reviews by staff, imports, stock."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


@event("product.created", sentence=_("“{name}” was created."))
class ProductCreated:
    name: str


@event("product.edited", sentence=_("Changed: {fields}."))
class ProductEdited:
    fields: list[str]


@event("product.imported", sentence=_("Taken from import {import_code} ({outcome})."))
class ProductImported:
    import_code: str
    outcome: str


@event("product.went_live", sentence=_("Went live."))
class ProductWentLive:
    pass


@event("product.paused", sentence=_("Taken off sale."))
class ProductPaused:
    pass


@event("product.archived", sentence=_("Archived."))
class ProductArchived:
    pass


@event("product.restored", sentence=_("Brought back from the archive."))
class ProductRestored:
    pass


@event("product.refused", sentence=_("Refused by the marketplace: {reason}"))
class ProductRefused:
    reason: str


@event("product.redrafted", sentence=_("Back to draft."))
class ProductRedrafted:
    pass


@event("product.frozen", sentence=_("Frozen by the marketplace: {reason}"))
class ProductFrozen:
    reason: str


@event("product.released", sentence=_("Released by the marketplace."))
class ProductReleased:
    pass


@event("sku.priced", sentence=_("Price of {sku_code}: {before} → {after}."))
class SkuPriced:
    sku_code: str
    before: str
    after: str


@event("stock.changed", sentence=_("Stock of {sku_code}: {before} → {after}."))
class StockChanged:
    sku_code: str
    before: int
    after: int
    why: str


@event("stock.marked_out", sentence=_("Marked as out of stock."))
class StockMarkedOut:
    pass


@event("stock.marked_back", sentence=_("The mark “out of stock” was taken away."))
class StockMarkedBack:
    pass


@event("stock.low", sentence=_("Running low: {count:SKUs}."))
class StockLow:
    on_day: str
    count: int


@event("picture.added", sentence=_("Added {count:pictures}."))
class PictureAdded:
    count: int


@event("picture.removed", sentence=_("A picture was removed."))
class PictureRemoved:
    digest: str


@event("import.uploaded", sentence=_("“{file_name}” was uploaded."))
class ImportUploaded:
    file_name: str


@event("import.checked", sentence=_("Checked {rows:rows}: {new} new, {changed} changed, {refused} refused."))
class ImportChecked:
    rows: int
    new: int
    changed: int
    unchanged: int
    refused: int


@event("import.applied", sentence=_("Applied: {new} new, {changed} changed, {refused} refused."))
class ImportApplied:
    rows: int
    new: int
    changed: int
    unchanged: int
    refused: int


@event("import.stopped", sentence=_("Stopped; what was applied stays."))
class ImportStopped:
    pass


@event("import.discarded", sentence=_("Discarded without being applied."))
class ImportDiscarded:
    pass


@event("category.changed", audience="staff", sentence=_("Category “{name}” was changed: {fields}."))
class CategoryChanged:
    name: str
    fields: list[str]
