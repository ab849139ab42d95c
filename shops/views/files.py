"""Files as answers: private ones after a logged access check, public pictures for everybody (DEC19)."""

from urllib.parse import quote

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from seller_center.kernel import clock
from seller_center.kernel.crypto import Unreadable
from shops import files
from shops.access import ShopRequest, for_shop
from shops.file_kinds import member_may_open
from shops.images import path_of
from shops.models import StoredFile

#: What may stand in a page; everything else is a download.
SHOWN = ("image/jpeg", "image/png", "image/webp")


@login_not_required  # who is not logged in gets the same 404 as a stranger: nobody learns which files exist
@require_safe
@for_shop(area="home", may="view", while_applying=True)
def private_file(request: ShopRequest, shop, code: str) -> HttpResponse:
    """A private file of the shop, for members whose area it is; for everybody else there is no such file."""
    file = StoredFile.objects.in_shop(shop).of_code(code).first()
    if file is None or not member_may_open(request.membership, file.kind):
        raise Http404(_("There is no such file."))
    return file_answer(file, by=request.user)


def file_answer(file: StoredFile, *, by, reason: str = "") -> HttpResponse:
    """The file with headers that let it do nothing. The look is written down first."""
    try:
        content = files.open_file(file=file, by=by, at=clock.now(), reason=reason)
    except Unreadable:
        raise Http404(_("This file cannot be opened any more.")) from None
    shown = file.media_type in SHOWN
    response = HttpResponse(content, content_type=file.media_type if shown else "application/octet-stream")
    kind = "inline" if shown else "attachment"
    response["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(file.name, safe='')}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@login_not_required
@require_safe
def public_picture(request: HttpRequest, name: str, size: str) -> FileResponse:
    """A public picture by the hash of its content: it never changes, so it is kept for a year."""
    path = path_of(name, size)
    if not default_storage.exists(path):
        raise Http404(_("There is no such picture."))
    response = FileResponse(default_storage.open(path, "rb"), content_type="image/webp")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response
