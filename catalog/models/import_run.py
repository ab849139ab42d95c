"""An import as an object: the file, what was found in it, and chunk by chunk what became of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class ImportRunQuerySet(OwnedQuerySet):
    """Questions about imports."""

    def newest(self):
        """Newest first."""
        return self.order_by("-id")


IMPORT_MOVES = Moves(
    {
        "uploaded": ("checking", "discarded"),
        "checking": ("checked", "unreadable", "uploaded"),
        "checked": ("checking", "applying", "discarded"),
        "applying": ("applied", "stopped"),
        "stopped": ("applying",),
    },
    start=("uploaded",),
)


class ImportRun(ShopOwned):
    """One uploaded file on its way into the catalog: read, shown as a dry run, confirmed, applied."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        CHECKING = "checking", _("Checking")
        CHECKED = "checked", _("Checked")
        UNREADABLE = "unreadable", _("Unreadable")
        APPLYING = "applying", _("Applying")
        APPLIED = "applied", _("Applied")
        STOPPED = "stopped", _("Stopped")
        DISCARDED = "discarded", _("Discarded")

    MOVES = IMPORT_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.UPLOADED)
    file = models.ForeignKey("shops.StoredFile", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    file_name = models.CharField(max_length=200)
    shape = models.CharField(max_length=20, blank=True, help_text="Whose columns they are: shopify or own.")
    encoding = models.CharField(max_length=20, blank=True)
    separator = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict, help_text="Field → name of its column in the file.")
    ignored_columns = models.JSONField(default=list, help_text="Columns with content that nothing is taken from.")
    default_category = models.ForeignKey(
        "catalog.Category",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="For new products whose kind is not recognised.",
    )
    row_count = models.PositiveIntegerField(default=0)
    planned = models.JSONField(default=dict, help_text="The dry run: rows by outcome, and how many products.")
    done = models.JSONField(default=dict, help_text="What was applied, in the same words.")
    error = models.JSONField(default=dict, help_text="Why the file could not be read: sentence, row, column.")
    check_job = models.CharField(max_length=12, blank=True)
    apply_job = models.CharField(max_length=12, blank=True)
    uploaded_by = models.ForeignKey("shops.User", null=True, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    checked_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(ImportRunQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("file"),
            models.UniqueConstraint(fields=("shop", "code"), name="import_run_code_once"),
            moves_check("import_run_status_known", "status", IMPORT_MOVES),
        ]
        indexes = [models.Index(fields=("shop", "-id"), name="import_run_newest")]
        triggers = [moves_trigger("import_run_status_moves", "status", IMPORT_MOVES)]

    def __str__(self) -> str:
        return self.file_name


class Outcome(models.TextChoices):
    """What becomes of a row of the file."""

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    UNCHANGED = "unchanged", _("Unchanged")
    REFUSED = "refused", _("Refused")


class ImportChunk(ShopOwned):
    """A unit of an import: whole products, applied in one transaction or not at all (INV24)."""

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="chunks", db_constraint=False)
    number = models.PositiveIntegerField()
    first_product = models.PositiveIntegerField(help_text="Place of its first product in the file, from 0.")
    end_product = models.PositiveIntegerField(help_text="Place after its last product.")
    row_count = models.PositiveIntegerField()
    planned = models.JSONField(default=dict)
    done = models.JSONField(default=dict)
    applied_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager()

    class Meta:
        ordering = ("run", "number")
        constraints = [
            tenant_key(),
            TenantFK("run"),
            models.UniqueConstraint(fields=("shop", "run", "number"), name="import_chunk_once"),
            models.CheckConstraint(
                condition=models.Q(end_product__gt=models.F("first_product")), name="import_chunk_holds_products"
            ),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number}"


class ImportRowQuerySet(OwnedQuerySet):
    """Questions about rows of an import."""

    def in_file_order(self):
        """As they stand in the file."""
        return self.order_by("number", "id")


class ImportRow(ShopOwned):
    """A row that there is something to say about: refused, changed, or taken with remarks.

    Rows without a line here were new or unchanged without remarks; they are in the counts of their chunk.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="rows", db_constraint=False)
    number = models.PositiveIntegerField(help_text="Of the row in the file, the header being 1.")
    handle = models.CharField(max_length=255, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome)
    issues = models.JSONField(default=list, help_text="[{code, column, facts}], rendered when read.")
    changes = models.JSONField(default=dict, help_text="Field → [before, after].")
    applied = models.BooleanField(default=False, help_text="Written when its chunk was applied, not by the dry run.")

    objects = owned_manager(ImportRowQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("run"),
            models.UniqueConstraint(fields=("shop", "run", "number"), name="import_row_once"),
        ]
        indexes = [models.Index(fields=("shop", "run", "outcome", "number"), name="import_row_by_outcome")]

    def __str__(self) -> str:
        return f"row {self.number}"
