"""The application by which a person asks to sell: the data, the documents, and each submission as it was sent."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from seller_center.kernel.fields import EncryptedTextField, new_seal
from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

APPLICATION_MOVES = Moves(
    {
        "draft": ("submitted", "withdrawn"),
        "submitted": ("in_review", "withdrawn"),
        "in_review": ("submitted", "changes_requested", "approved", "refused"),
        "changes_requested": ("submitted", "withdrawn"),
    },
    start=("draft",),
)
DOCUMENT_MOVES = Moves(
    {
        "uploaded": ("accepted", "refused", "replaced"),
        "refused": ("replaced",),
        "accepted": ("replaced", "expired"),
        "expired": ("replaced",),
    },
    start=("uploaded",),
)


class ApplicationQuerySet(OwnedQuerySet):
    """Questions about applications."""

    def in_queue(self):
        """What staff have to decide, most urgent first."""
        return self.filter(status__in=(Application.Status.SUBMITTED, Application.Status.IN_REVIEW)).order_by(
            "review_due_at", "id"
        )

    def unfinished(self):
        """Not decided and not withdrawn."""
        return self.filter(status__in=("draft", "submitted", "in_review", "changes_requested"))


@history(exclude=("review_note",))
class Application(ShopOwned):
    """One person's wish to open this shop in its market. Tax ids are never in clear; the last four digits are shown."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class BusinessType(models.TextChoices):
        INDIVIDUAL = "individual", _("Individual")
        BUSINESS = "business", _("Registered business")

    class TaxIdKind(models.TextChoices):
        SSN = "ssn", _("Social Security number (SSN)")
        ITIN = "itin", _("Individual taxpayer number (ITIN)")
        EIN = "ein", _("Employer number (EIN)")

    MOVES = APPLICATION_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=18, choices=Status, default=Status.DRAFT)
    business_type = models.CharField(max_length=10, choices=BusinessType)
    applicant = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    given_name = models.CharField(max_length=60, blank=True)
    family_name = models.CharField(max_length=60, blank=True)
    born_on = models.DateField(null=True, blank=True)
    phone = PhoneNumberField(blank=True)
    phone_index = models.CharField(max_length=64, blank=True)

    line1 = models.CharField(max_length=120, blank=True)
    line2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=40, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)

    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    tax_id_kind = models.CharField(max_length=4, choices=TaxIdKind, blank=True)
    tax_id = EncryptedTextField(null=True, blank=True)
    tax_id_index = models.CharField(max_length=64, blank=True, help_text="Blind index: finds the same tax id again.")
    tax_id_last_four = models.CharField(max_length=4, blank=True)

    trade_classes = ArrayField(models.SlugField(max_length=40), default=list, blank=True)
    track_record = models.TextField(blank=True, help_text="What the person has sold before, and where.")

    submission_count = models.PositiveSmallIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True, blank=True)
    review_due_at = models.DateTimeField(null=True, blank=True)
    review_overdue_at = models.DateTimeField(null=True, blank=True)
    policy_version = models.ForeignKey(
        "shops.PolicyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    agreement_version = models.CharField(max_length=20, blank=True)
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_address = models.GenericIPAddressField(null=True, blank=True)

    claimed_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_code = models.CharField(max_length=30, blank=True)
    decision_text = models.TextField(blank=True, help_text="The reason in the words that the applicant reads.")
    asked_changes = models.JSONField(default=list, blank=True, help_text="[step, reason] of what must be done again.")
    review_note = models.TextField(blank=True, help_text="For staff only.")

    objects = owned_manager(ApplicationQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "code"), name="application_code_once"),
            models.UniqueConstraint(
                fields=("shop",),
                name="application_one_per_shop",
                violation_error_message=_("This shop has an application already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=("submitted", "in_review", "approved"))
                | models.Q(submitted_at__isnull=False, agreed_at__isnull=False) & ~models.Q(agreement_version=""),
                name="application_submitted_with_agreement",
                violation_error_message=_("An application is submitted with the seller agreement accepted."),
            ),
            models.CheckConstraint(
                condition=~models.Q(status="in_review") | models.Q(claimed_by__isnull=False),
                name="application_in_review_is_claimed",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=("refused", "changes_requested")) | ~models.Q(decision_text=""),
                name="application_refused_with_reason",
                violation_error_message=_("Give the applicant a reason."),
            ),
        ]
        indexes = [
            models.Index(
                fields=("review_due_at", "id"),
                name="application_queue",
                condition=models.Q(status__in=("submitted", "in_review")),
            ),
            models.Index(fields=("tax_id_index",), name="application_tax_id", condition=~models.Q(tax_id_index="")),
            models.Index(fields=("phone_index",), name="application_phone", condition=~models.Q(phone_index="")),
            models.Index(fields=("applicant", "-started_at", "-id"), name="application_of_person"),
        ]
        triggers = [moves_trigger("application_status_moves", "status", APPLICATION_MOVES)]

    def __str__(self) -> str:
        return f"{self.person or _('Application')} – {self.shop}"

    @property
    def person(self) -> str:
        """The applicant's legal name."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def open_for_changes(self) -> bool:
        """May the applicant change what is in it now?"""
        return self.status in (self.Status.DRAFT, self.Status.CHANGES_REQUESTED)

    @property
    def ended(self) -> bool:
        """Is it decided or taken back?"""
        return self.status in (self.Status.APPROVED, self.Status.REFUSED, self.Status.WITHDRAWN)

    @property
    def address_lines(self) -> list[str]:
        """The address as on an envelope."""
        place = " ".join(
            part for part in (self.city + ("," if self.city else ""), self.region, self.postal_code) if part
        )
        return [line for line in (self.line1, self.line2, place, self.country) if line]


class Submission(ShopOwned):
    """An application as it was sent: the reviewer compares the next one with it. Secrets stand as their last digits."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    number = models.PositiveSmallIntegerField()
    facts = models.JSONField()
    agreement_version = models.CharField(max_length=20)
    agreed_address = models.GenericIPAddressField(null=True, blank=True)
    submitted_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()

    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("application"),
            models.UniqueConstraint(fields=("shop", "application", "number"), name="submission_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} #{self.number}"


class DocumentQuerySet(OwnedQuerySet):
    """Questions about documents."""

    def in_force(self):
        """Not replaced by a later upload."""
        return self.exclude(status=Document.Status.REPLACED)


@history()
class Document(ShopOwned):
    """A paper that proves something, kept as encrypted page images. A new upload of a kind replaces the old one."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("Uploaded")
        ACCEPTED = "accepted", _("Accepted")
        REFUSED = "refused", _("Refused")
        REPLACED = "replaced", _("Replaced")
        EXPIRED = "expired", _("Expired")

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("Proof of identity")
        PROOF_OF_ADDRESS = "proof_of_address", _("Proof of address")

    class Paper(models.TextChoices):
        PASSPORT = "passport", _("Passport")
        DRIVERS_LICENCE = "drivers_licence", _("Driver’s licence")
        RESIDENCY = "residency", _("Proof of legal residency")
        UTILITY_BILL = "utility_bill", _("Utility bill")
        BANK_STATEMENT = "bank_statement", _("Bank statement")

    MOVES = DOCUMENT_MOVES
    PAPERS = {
        Kind.IDENTITY: (Paper.PASSPORT, Paper.DRIVERS_LICENCE, Paper.RESIDENCY),
        Kind.PROOF_OF_ADDRESS: (Paper.UTILITY_BILL, Paper.BANK_STATEMENT),
    }

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.UPLOADED)
    kind = models.CharField(max_length=30, choices=Kind)
    paper = models.CharField(max_length=20, choices=Paper)
    expires_on = models.DateField(null=True, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    original_sha256 = models.CharField(max_length=64, help_text="Of the first file as uploaded.")
    software = models.CharField(max_length=120, blank=True, help_text="The program named in the file: edited?")
    uploaded_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    refused_for = models.TextField(blank=True)

    objects = owned_manager(DocumentQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("application"),
            models.UniqueConstraint(fields=("shop", "code"), name="document_code_once"),
            models.UniqueConstraint(
                fields=("shop", "application", "kind"),
                condition=~models.Q(status="replaced"),
                name="document_one_in_force_per_kind",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="refused") | ~models.Q(refused_for=""), name="document_refused_with_reason"
            ),
        ]
        indexes = [models.Index(fields=("original_sha256",), name="document_same_file")]
        triggers = [moves_trigger("document_status_moves", "status", DOCUMENT_MOVES)]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.get_paper_display()})"


class DocumentPage(ShopOwned):
    """One page of a document, as an image in private storage."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    number = models.PositiveSmallIntegerField()
    file = models.ForeignKey("shops.StoredFile", on_delete=models.PROTECT, related_name="+", db_constraint=False)

    objects = owned_manager()
    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("document"),
            TenantFK("file"),
            models.UniqueConstraint(fields=("shop", "document", "number"), name="document_page_once"),
        ]
