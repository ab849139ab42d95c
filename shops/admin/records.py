"""What happened and what runs: events, deadlines, jobs, batch runs, notices, files and who looked at them."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel.text import number
from shops import batches, deadline_kinds, event_kinds, file_kinds, jobs
from shops.admin.filters import among
from shops.admin.read_only import WORDS, ReadOnlyAdmin, in_words, said
from shops.models import BatchRun, Deadline, Document, FileAccess, Job, Notice, ShopEvent, StoredFile, Submission
from shops.views.files import file_answer

# A column says what its filter says.
WORDS["shops.BatchRun", "kind"] = lambda kind: batches.KINDS.get(kind, kind)
WORDS["shops.Job", "kind"] = jobs.title_of
WORDS["shops.ShopEvent", "audience"] = lambda audience: event_kinds.AUDIENCES.get(audience, audience)
WORDS["shops.ShopEvent", "subject_kind"] = lambda kind: event_kinds.SUBJECTS.get(kind, kind)
WORDS["shops.StoredFile", "kind"] = lambda kind: file_kinds.KINDS[kind].name if kind in file_kinds.KINDS else kind
WORDS["shops.Deadline", "kind"] = lambda kind: deadline_kinds.KINDS[kind].name if kind in deadline_kinds.KINDS else kind


@admin.register(ShopEvent)
class ShopEventAdmin(ReadOnlyAdmin):
    """Events: the audit trail, with what could not be delivered under "last error"."""

    titles = {"audience": gettext_lazy("Who reads it"), "attempts": gettext_lazy("Attempts to deliver")}
    list_display = ("at", "told", "shop", "subject_kind", "subject_code", "by", "audience")
    list_filter = (
        ("audience", among(lambda: event_kinds.AUDIENCES.items())),
        ("subject_kind", among(lambda: event_kinds.SUBJECTS.items())),
    )
    search_fields = ("=subject_code", "=kind", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "by")
    readonly_fields = ("told",)

    @admin.display(description=gettext_lazy("What happened"))
    def told(self, event: ShopEvent) -> str:
        """The sentence that members and staff read."""
        return event_kinds.sentence_of(event)

    def record_title(self, row: Any) -> str:
        return f"{in_words(row.kind)} {row.subject_code}"


def _deadline_kinds() -> list[tuple[str, Any]]:
    return [(code, kind.name) for code, kind in deadline_kinds.KINDS.items()]


@admin.register(Deadline)
class DeadlineAdmin(ReadOnlyAdmin):
    """Clocks."""

    list_display = ("due_at", "kind", "shop", "subject_code", "assigned_to", "ended_as", "ended_at")
    list_filter = (("kind", among(_deadline_kinds)), "ended_as")
    search_fields = ("=subject_code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "assigned_to")

    def record_title(self, row: Any) -> str:
        return f"{said(Deadline, 'kind', row.kind)}: {row.subject_code}"


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Long work that sellers asked for."""

    titles = {"by": gettext_lazy("Asked by"), "done_count": gettext_lazy("Done"), "total_count": gettext_lazy("Of")}
    list_display = ("code", "kind", "shop", "by", "status", "done_count", "total_count", "asked_at", "finished_at")
    list_filter = ("status", ("kind", among(lambda: ((kind, jobs.title_of(kind)) for kind in jobs.KINDS))))
    search_fields = ("=code", "=shop__code")
    ordering = ("-id",)
    list_select_related = ("shop", "by")

    def record_title(self, row: Any) -> str:
        return f"{jobs.title_of(row.kind)} {row.code}"


@admin.register(BatchRun)
class BatchRunAdmin(ReadOnlyAdmin):
    """Batches: when they ran, what they did, what failed."""

    titles = {"heartbeat_at": gettext_lazy("Last sign of life")}
    list_display = ("kind", "period", "status", "started_at", "finished_at", "heartbeat_at", "done")
    list_filter = (("kind", among(lambda: batches.KINDS.items())), "status")
    ordering = ("-id",)

    @admin.display(description=gettext_lazy("What it did"))
    def done(self, run: BatchRun) -> str:
        """The counts of a run, in words."""
        return ", ".join(f"{in_words(name)}: {number(count)}" for name, count in run.counts.items())

    def record_title(self, row: Any) -> str:
        return f"{said(BatchRun, 'kind', row.kind)} {row.period}"


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What members were told."""

    list_display = ("at", "kind", "shop", "to", "title", "read_at")
    search_fields = ("=shop__code", "=to__email")
    ordering = ("-id",)
    list_select_related = ("shop", "to")


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Papers, by their data; the pages are opened on the review desk."""

    list_display = ("code", "shop", "kind", "paper", "status", "expires_on", "uploaded_at")
    list_filter = ("kind", "status")
    search_fields = ("=shop__code", "=code")
    ordering = ("-id",)
    list_select_related = ("shop",)


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Applications as they were sent."""

    titles = {"number": gettext_lazy("Attempt")}
    list_display = ("submitted_at", "shop", "number", "submitted_by", "agreement_version")
    search_fields = ("=shop__code",)
    ordering = ("-id",)
    list_select_related = ("shop", "submitted_by")

    def record_title(self, row: Any) -> str:
        return _("%(application)s, attempt %(number)d") % {"application": row.application, "number": row.number}


@admin.register(StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """Private files, by their data. Opening one is written down with the reason."""

    list_display = ("stored_at", "shop", "kind", "name", "size_bytes", "stored_by")
    list_filter = (("kind", among(lambda: ((kind, one.name) for kind, one in file_kinds.KINDS.items()))),)
    search_fields = ("=shop__code", "=code")
    ordering = ("-id",)
    list_select_related = ("shop", "stored_by")
    exclude = ("path",)

    def get_urls(self):
        content = self.admin_site.admin_view(self.content)
        return [path("<int:pk>/content/", content, name="shops_storedfile_content"), *super().get_urls()]

    def content(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The clear bytes, for the groups that the kind of file names."""
        file: StoredFile = get_object_or_404(StoredFile.objects.select_related("shop"), pk=pk)
        if not file_kinds.staff_may_open(request.user, file.kind):
            raise PermissionDenied(_("Your group may not open this kind of file."))
        return file_answer(file, by=request.user, reason=request.GET.get("reason", "staff"))


@admin.register(FileAccess)
class FileAccessAdmin(ReadOnlyAdmin):
    """Who opened which private file, when and why."""

    titles = {"reason": gettext_lazy("What for")}
    list_display = ("at", "shop", "file", "by", "reason")
    search_fields = ("=shop__code", "=by__email")
    ordering = ("-id",)
    list_select_related = ("shop", "file", "by")

    def record_title(self, row: Any) -> str:
        return _("%(file)s opened by %(person)s") % {"file": row.file, "person": row.by}
