"""The answer to a deed: done or refused, with htmx or without JavaScript."""

import json

import pytest
from django import forms
from django.contrib.messages import get_messages
from django.contrib.messages.storage.cookie import CookieStorage
from django.utils.translation import gettext_lazy as _
from django_htmx.middleware import HtmxDetails

from seller_center.kernel.deeds import NOTICE_EVENT, deed_answer, explain, is_htmx, refusal
from seller_center.kernel.errors import DomainError, Invalid


class Away(DomainError):
    """Somebody else does not answer."""

    code, status = "away", 503


PAGE = (
    "<main>{% partialdef row inline %}<tr>{{ order }}{% if error %}<b>{{ error.message }}</b>{% endif %}"
    "{% if message %}<i>{{ message }}</i>{% endif %}</tr>{% endpartialdef %}</main>"
)


@pytest.fixture(autouse=True)
def templates(settings):
    loader = ("django.template.loaders.locmem.Loader", {"page.html": PAGE, "row.html": "<tr>{{ order }}</tr>"})
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": [loader]}}
    ]


@pytest.fixture
def request_by(rf):
    def make(*, htmx: bool, **headers):
        told = {"HX-Request": "true"} if htmx else {}
        request = rf.post("/deed/", headers={**told, **headers})
        request.htmx = HtmxDetails(request)
        request._messages = CookieStorage(request)
        return request

    return make


def sentences(request):
    return [(message.level_tag, str(message)) for message in get_messages(request)]


def done(request, **more):
    given = {"template": "page.html#row", "context": {"order": "A-1"}, "redirect_to": "/orders/", **more}
    return deed_answer(request, **given)


# -- done -------------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_partial_and_the_sentence(request_by):
    request = request_by(htmx=True)
    response = done(request, message=_("Marked as shipped – “now”."))
    assert response.status_code == 200
    assert response.text == "<tr>A-1<i>Marked as shipped – “now”.</i></tr>"
    assert json.loads(response["HX-Trigger"]) == {NOTICE_EVENT: {"text": "Marked as shipped – “now”."}}
    assert response["HX-Trigger"].isascii()
    assert sentences(request) == []


def test_a_browser_without_javascript_is_sent_on_and_finds_the_sentence(request_by):
    request = request_by(htmx=False)
    response = done(request, message="Marked as shipped.", context=lambda: pytest.fail("nothing is rendered"))
    assert (response.status_code, response["Location"]) == (302, "/orders/")
    assert sentences(request) == [("success", "Marked as shipped.")]


def test_a_deed_may_be_done_in_silence(request_by):
    assert "HX-Trigger" not in done(request_by(htmx=True))
    request = request_by(htmx=False)
    done(request)
    assert sentences(request) == []


def test_a_partial_may_be_a_file_of_its_own(request_by):
    assert done(request_by(htmx=True), template="row.html").text == "<tr>A-1</tr>"


def test_a_context_is_made_only_when_needed(request_by):
    assert done(request_by(htmx=True), context=lambda: {"order": "late"}).text.startswith("<tr>late")


# -- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"), [(DomainError("On hold."), 409), (Invalid("On hold."), 422), (Away("On hold."), 503)]
)
def test_htmx_gets_the_sentence_in_place(request_by, error, status):
    response = refusal(request_by(htmx=True), error, "page.html#row", {"order": "A-1"})
    assert (response.status_code, response.text) == (status, "<tr>A-1<b>On hold.</b></tr>")
    assert "HX-Trigger" not in response
    assert response["X-Refused"] == (
        error.code or "refused"
    )  # by which the script puts a 503 with our sentence in place


def test_without_javascript_the_whole_page_comes_with_the_sentence(request_by):
    response = refusal(request_by(htmx=False), DomainError("On hold."), "page.html#row", lambda: {"order": "A-1"})
    assert (response.status_code, response.text) == (409, "<main><tr>A-1<b>On hold.</b></tr></main>")


def test_without_a_page_the_sentence_stands_where_the_browser_is_sent(request_by):
    request = request_by(htmx=False)
    response = refusal(request, DomainError("On hold."), "row.html", {}, redirect_to="/orders/")
    assert (response.status_code, response["Location"]) == (302, "/orders/")
    assert sentences(request) == [("error", "On hold.")]


def test_htmx_is_not_sent_anywhere(request_by):
    response = refusal(request_by(htmx=True), DomainError("x"), "row.html", {}, redirect_to="/orders/")
    assert response.status_code == 409


def test_a_sentence_is_escaped(request_by):
    response = refusal(request_by(htmx=True), DomainError("<script>"), "page.html#row", {})
    assert "&lt;script&gt;" in response.text


# -- who asks ---------------------------------------------------------------------------------------------------------


def test_a_boosted_link_and_a_history_restore_want_the_whole_page(request_by):
    assert is_htmx(request_by(htmx=True))
    assert not is_htmx(request_by(htmx=True, **{"HX-Boosted": "true"}))
    assert not is_htmx(request_by(htmx=True, **{"HX-History-Restore-Request": "true"}))
    assert not is_htmx(request_by(htmx=False))


def test_a_request_without_the_middleware_is_plain(rf):
    assert not is_htmx(rf.post("/deed/"))


@pytest.mark.parametrize("htmx", [True, False])
def test_no_cache_mixes_the_two(request_by, htmx):
    for response in (
        done(request_by(htmx=htmx)),
        refusal(request_by(htmx=htmx), DomainError("x"), "page.html#row", {}),
    ):
        assert "HX-Request" in response["Vary"]


# -- forms ------------------------------------------------------------------------------------------------------------


class ShipmentForm(forms.Form):
    number = forms.CharField()


def test_a_refusal_stands_at_its_field_or_above_the_form():
    form = ShipmentForm({"number": "x"})
    explain(form, Invalid("No such number.", field="number"))
    assert form.errors == {"number": ["No such number."]}
    form = ShipmentForm({"number": "x"})
    explain(form, DomainError("On hold.", field="elsewhere"))
    explain(form, DomainError("Late."))
    assert form.non_field_errors() == ["On hold.", "Late."]
