"""Uploads of papers stay in memory: the usual handler would put what is larger than two megabytes on the disk in clear."""

import functools
import io
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

#: What is kept of one file and of one request. More is dropped, and the verb sees that the file is larger than allowed.
MOST_OF_A_FILE = 16 * 1024 * 1024
MOST_OF_A_REQUEST = 4 * MOST_OF_A_FILE


class InMemoryUploads(FileUploadHandler):
    """Holds what is uploaded in memory, up to a limit."""

    def __init__(self, request: HttpRequest | None = None):
        super().__init__(request)
        self.kept: list[bytes] = []
        self.of_file = self.of_request = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.kept, self.of_file = [], 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        room = min(MOST_OF_A_FILE - self.of_file, MOST_OF_A_REQUEST - self.of_request)
        piece = raw_data[: max(0, room)]
        self.kept.append(piece)
        self.of_file += len(piece)
        self.of_request += len(piece)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        return InMemoryUploadedFile(
            io.BytesIO(b"".join(self.kept)),
            self.field_name,
            str(self.file_name),
            self.content_type,
            self.of_file,
            self.charset,
            self.content_type_extra,
        )


def in_memory_uploads(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Take the uploads of this view in memory. Outermost decorator: the form must not have been read before."""
    protected = csrf_protect(view)

    @csrf_exempt  # asked by ``csrf_protect`` a moment later, once the handler is in place
    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.upload_handlers = [InMemoryUploads(request)]
        return protected(request, *args, **kwargs)

    return wrapped
