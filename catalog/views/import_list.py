"""The list of imports."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog.models import ImportRun
from shops import lists
from shops.access import for_shop
from shops.views.lists import show


class Imports(lists.List):
    """Every file that was uploaded, newest first."""

    name, area, url_name, title, noun = "imports", "products", "catalog:import_list", _("Imports"), "import"
    sorts = {
        "-uploaded": lists.Sort(_("Newest first"), ("-id",)),
        "uploaded": lists.Sort(_("Oldest first"), ("id",)),
    }
    columns = (
        lists.Column(
            "file", _("File"), lambda run, beside: ("two", run.file_name, run.code), "main", below=_("Number")
        ),
        lists.Column("state", _("State"), lambda run, beside: ("state", run.status, "import"), "tag"),
        lists.Column("by", _("Uploaded by"), lambda run, beside: str(run.uploaded_by or ""), "extra"),
        lists.Column("uploaded", _("Uploaded"), lambda run, beside: ("moment", run.uploaded_at), sort="uploaded"),
        lists.Column("applied", _("Applied"), lambda run, beside: ("moment", run.applied_at), shown=False),
        lists.Column("rows", _("Rows"), lambda run, beside: run.row_count, "end"),
    )

    def rows(self, question: lists.Question, *, similar: bool = False):
        return ImportRun.objects.in_shop(question.shop).select_related("uploaded_by")

    def url(self, shop, row: ImportRun) -> str:
        return reverse("catalog:import", kwargs={"shop": shop.code, "code": row.code})

    def empty(self, question: lists.Question) -> dict:
        return {
            "icon": "file-import",
            "title": _("No imports yet"),
            "text": _(
                "Upload a CSV file: Shopify's product export is recognised as it is, and there is a template of our"
                " own. You see what it would do before anything happens."
            ),
            "url": reverse("catalog:import_new", kwargs={"shop": question.shop.code}),
            "action": _("Upload a file"),
        }


IMPORTS = Imports()


@require_safe
@for_shop(area="products", may="view")
def import_list(request: HttpRequest, shop) -> HttpResponse:
    """Every import of the shop, newest first."""
    return show(request, IMPORTS, "catalog/import_list.html", {"may_edit": request.membership.may("products", "edit")})
