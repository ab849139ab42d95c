"""The answer of a view to a deed: done or refused, with htmx or without JavaScript.

Done: htmx gets the partial (200) and the sentence as an event for the frame's notice; a browser without JavaScript
is redirected and finds the sentence among the messages. Refused: htmx gets the partial with the sentence in place;
without JavaScript the full page comes with it; both with 409, or 422 where the input was wrong.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from .errors import DomainError

Context = Mapping[str, Any] | Callable[[], Mapping[str, Any]]

#: The browser event that carries the sentence of a done deed to the frame's notice.
NOTICE_EVENT = "deed-done"
#: The header by which the script knows an answer with a refusal in it, whatever its status.
REFUSED = "X-Refused"
#: What the roof tells the page after a done deed besides its sentence, as browser events: the counts of the frame.
TOLD_BESIDES: list[Callable[[HttpRequest], Mapping[str, Any]]] = []


def deed_answer(
    request: HttpRequest, *, template: str, context: Context, redirect_to: Any, message: Any = ""
) -> HttpResponse:
    """The deed was done.

    `template` is the partial that replaces the row or panel (`orders/order.html#package`, or a file of its own);
    `context` may be a function, called only if the partial is rendered. `redirect_to` is where a browser without
    JavaScript goes.
    """
    if not is_htmx(request):
        if message:
            messages.success(request, message)
        return _varying(HttpResponseRedirect(str(redirect_to)))
    response = render(request, template, {**_given(context), "message": message})
    events: dict[str, Any] = {NOTICE_EVENT: {"text": str(message)}} if message else {}
    for tell in TOLD_BESIDES:
        events.update(tell(request))
    if events:
        response["HX-Trigger"] = json.dumps(events)
    return _varying(response)


def refusal(
    request: HttpRequest, error: DomainError, template: str, context: Context, *, redirect_to: Any = ""
) -> HttpResponse:
    """The deed was refused: `error` stands in the context, and `error.message` is what the template shows.

    Without JavaScript the whole page is rendered: the template without its `#partial`. If `template` is only a
    fragment of a page, give `redirect_to`: then the sentence is shown among the messages of that page.
    """
    if redirect_to and not is_htmx(request):
        messages.error(request, str(error))
        return _varying(HttpResponseRedirect(str(redirect_to)))
    name = template if is_htmx(request) else template.partition("#")[0]
    response = render(request, name, {**_given(context), "error": error}, status=error.status)
    # A 503 may also come from before us: only one with our sentence in it is put into the page.
    response[REFUSED] = error.code or "refused"
    return _varying(response)


def explain(form: forms.BaseForm, error: DomainError) -> None:
    """Put the sentence of a refusal on the field of the form that it names, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; a boosted link or a history restore wants the whole."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def _given(context: Context) -> dict[str, Any]:
    return dict(context() if callable(context) else context)


def _varying(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response
