"""Who gets which page of floor 1: every address, every role, strangers, nobody."""

from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse

from shops import urls
from shops.models import ApiKey, Deadline, Invitation, Job, Membership, Notice, Role, StoredFile
from tests.factories.shops import make_application, make_member, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_factor")]

SHOP_URLS = [
    entry for entry in urls.urlpatterns if isinstance(entry, URLPattern) and "<str:shop>" in str(entry.pattern)
]
ROLES = ("owner", "manager", "catalog", "packing", "finance", "service", "analyst")


@pytest.fixture
def things(shop, owner, at):
    """One of each thing that an address of the shop can name."""
    role = Role.objects.get(shop=None, code="packing")
    return {
        "file": StoredFile.objects.create(
            shop=shop, code="FILE", kind="document", name="x", media_type="image/jpeg", size_bytes=1,
            path="never/stored", stored_at=at
        ),
        "job": Job.objects.create(shop=shop, code="JOB", kind="catalog.import", asked_at=at, by=owner),
        "notice": Notice.objects.create(shop=shop, to=owner, kind="x", title="x", at=at),
        "deadline": Deadline.objects.create(
            shop=shop, kind="document.expiry", area="settings", subject_kind="x", subject_code="x", due_at=at,
            next_check_at=at, set_at=at,
        ),
        "key": ApiKey.objects.create(shop=shop, name="k", prefix="KEY", secret_sha256="0", created_at=at),
        "invitation": Invitation.objects.create(
            shop=shop, email="x@example.com", role=role, token_sha256="0", invited_by=owner,
            invited_at=at, expires_at=at,
        ),
        "member": Membership.objects.get(shop=shop, user=owner),
    }  # fmt: skip


def path_of(entry, shop, things) -> str:
    route, name = str(entry.pattern), entry.name
    numbers = {"member": "member", "invitation": "invitation", "notice": "notice", "deadline": "deadline"}
    number = next((things[key].pk for word, key in numbers.items() if name.startswith(word)), 1)
    code = "JOB" if name.startswith("job") else "FILE"
    for old, new in {
        "<str:shop>": shop.code,
        "<int:number>": str(number),
        "<str:code>": code,
        "<str:prefix>": "KEY",
        "<slug:kind>": "identity",
        "<slug:step>": "person",
    }.items():
        route = route.replace(old, new)
    assert "<" not in route, route
    return f"/{route}"


@pytest.mark.parametrize("entry", SHOP_URLS, ids=lambda entry: entry.name)
def test_a_stranger_gets_404(client, entry, shop, stranger, things):
    client.force_login(stranger)
    path = path_of(entry, shop, things)
    for method in (client.get, client.post):
        answer = method(path)
        wrong_method = answer.status_code == 405
        assert answer.status_code == 404 or wrong_method, (method, answer.status_code)
    nowhere = path.replace(f"/s/{shop.code}/", "/s/NONE/")
    assert client.get(nowhere).status_code in (404, 405)


@pytest.mark.parametrize("entry", SHOP_URLS, ids=lambda entry: entry.name)
def test_nobody_is_asked_to_log_in_or_told_nothing(client, entry, shop, things):
    answer = client.get(path_of(entry, shop, things))
    if entry.name == "private_file":
        assert answer.status_code == 404
    else:
        assert answer.status_code == 302
        assert reverse("account_login") in answer["Location"]


@pytest.mark.parametrize("entry", SHOP_URLS, ids=lambda entry: entry.name)
def test_a_reader_may_not_write(client, entry, shop, analyst, things):
    """Whoever may only look is refused; a person's own things (notices read, an agreement read) are theirs."""
    if entry.name in ("notices_read", "shop_agreement"):
        return
    client.force_login(analyst)
    answer = client.post(path_of(entry, shop, things))
    assert answer.status_code in (403, 404, 405), answer.status_code


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("entry", SHOP_URLS, ids=lambda entry: entry.name)
def test_each_role_sees_its_areas_only(client, entry, role, shop, things):
    declared = entry.callback.declared
    member = make_member(shop, role)
    client.force_login(member)
    answer = client.get(path_of(entry, shop, things))
    if answer.status_code == 405:
        return
    rights = Role.objects.get(shop=None, code=role)
    allowed = rights.allows(declared["area"], declared["may"]) and (rights.is_owner or not declared["owner_only"])
    if not allowed:
        assert answer.status_code == 403
    else:
        assert answer.status_code in (200, 302, 404), answer.status_code


@pytest.mark.parametrize(
    "entry", [entry for entry in SHOP_URLS if entry.callback.declared["fresh_factor"]], ids=lambda e: e.name
)
def test_sensitive_deeds_ask_for_a_fresh_factor(client, entry, shop, owner, things, stale_factor):
    client.force_login(owner)
    for method in (client.get, client.post):
        answer = method(path_of(entry, shop, things))
        assert (answer.status_code, answer["Location"]) == (302, "/fresh-factor/")


def test_the_sensitive_deeds_are_known():
    names = {entry.name for entry in SHOP_URLS if entry.callback.declared["fresh_factor"]}
    assert names == {"contact", "bank_account_change", "api_key_new", "invitation_new", "member_role", "member_removal"}


@pytest.mark.parametrize("entry", SHOP_URLS, ids=lambda entry: entry.name)
def test_a_shop_that_applies_shows_its_application_only(client, entry, things, at):
    person = make_user()
    application = make_application(by=person, at=at, until="started")
    client.force_login(person)
    path = path_of(entry, application.shop, things)
    answer = client.get(path)
    if entry.callback.declared["while_applying"] or answer.status_code == 405:
        return
    assert (answer.status_code, answer["Location"]) == (302, f"/s/{application.shop.code}/application/")
    assert client.post(path).status_code in (403, 405)


def test_a_right_taken_away_is_gone_with_the_next_request(client, shop, packer):
    client.force_login(packer)
    assert client.get(f"/s/{shop.code}/notices/").status_code == 200
    Membership.objects.get(shop=shop, user=packer).delete()
    assert client.get(f"/s/{shop.code}/notices/").status_code == 404


def test_a_person_who_is_switched_off_gets_nothing(client, shop, owner):
    client.force_login(owner)
    owner.is_active = False
    owner.save()
    assert client.get(f"/s/{shop.code}/notices/").status_code in (302, 404)


# -- private files (H4) -----------------------------------------------------------------------------------------------


@pytest.fixture
def paper(shop, owner, at):
    from shops.files import store_private

    return store_private(
        shop=shop, kind="document", content=b"a page", name='pa"ss\nport.jpg', media_type="image/jpeg", by=owner, at=at
    )


@pytest.mark.parametrize("role", ROLES)
def test_only_the_owner_opens_a_document(client, paper, shop, role):
    client.force_login(make_member(shop, role))
    answer = client.get(f"/s/{shop.code}/files/{paper.code}/")
    assert answer.status_code == (200 if role == "owner" else 404)


@pytest.mark.parametrize("code", ["", "..%2F..%2Fetc%2Fpasswd", "AAAAAAAAAAAAAAAAAAAA", "0", "%00"])
def test_a_guessed_path_is_404(client, shop, owner, code):
    client.force_login(owner)
    assert client.get(f"/s/{shop.code}/files/{code}/").status_code == 404
    assert client.get(f"/s/{code or 'NONE'}/files/").status_code == 404


def test_a_file_of_another_shop_is_404_under_the_own_code(client, paper, other_shop, stranger):
    client.force_login(stranger)
    assert client.get(f"/s/{other_shop.code}/files/{paper.code}/").status_code == 404


@pytest.mark.parametrize("more", [{}, {"HTTP_RANGE": "bytes=0-2"}])
def test_a_file_comes_with_headers_that_let_it_do_nothing(client, paper, shop, owner, more):
    client.force_login(owner)
    answer = client.get(f"/s/{shop.code}/files/{paper.code}/", **more)
    assert (answer.status_code, answer.content) == (200, b"a page")
    kept = {
        "Content-Type": "image/jpeg",
        "Content-Disposition": "inline; filename*=UTF-8''pa%22ss%0Aport.jpg",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: answer[name] for name in kept} == kept
    from shops.models import FileAccess

    assert FileAccess.objects.get(file=paper).by == owner


def test_anything_but_a_picture_is_a_download(client, shop, owner, at):
    from shops.files import store_private

    page = store_private(
        shop=shop, kind="document", content=b"<script>", name="x.html", media_type="text/html", by=owner, at=at
    )
    client.force_login(owner)
    answer = client.get(f"/s/{shop.code}/files/{page.code}/")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


# -- who looked at them -----------------------------------------------------------------------------------------------


def looks_page(client, shop, **query) -> str:
    answer = client.get(f"/s/{shop.code}/files/", query)
    assert answer.status_code == 200
    return answer.content.decode().partition('id="looks"')[2]


def test_the_owner_reads_who_looked_when_and_what_for(client, shop, owner, paper, at):
    """Staff are the marketplace here, as everywhere; what one looked at oneself is not in the way of it."""
    from shops import files
    from shops.models import Application
    from tests.factories.shops import make_staff

    application = Application.objects.create(
        shop=shop, code="REVIEW34", business_type="individual", applicant=owner, started_at=at, country="US"
    )
    reviewer, colleague = make_staff("reviewer", name="Rita Reviewer"), make_member(shop, "manager")
    files.open_file(file=paper, by=reviewer, at=at, reason=application.code)
    files.open_file(file=paper, by=reviewer, at=at, reason="staff")
    files.open_file(file=paper, by=colleague, at=at)
    files.open_file(file=paper, by=owner, at=at)
    client.force_login(owner)
    page = looks_page(client, shop)
    assert page.count('<td class="cell-main">Document<small>pa&quot;ss') == 3
    assert page.count("the marketplace") == 2
    assert "Rita" not in page
    assert f"Review of the application {application.code}" in page
    assert "Opened by staff among the records" in page
    assert str(colleague) in page
    assert f'datetime="{at.astimezone(ZoneInfo(shop.zone)).isoformat()}"' in page
    assert looks_page(client, shop, who="all").count("<tr>") == page.count("<tr>") + 1


def test_looks_are_told_to_owners_of_the_shop_only(client, shop, owner, paper, other_shop, at):
    from shops import files
    from tests.factories.shops import make_staff

    files.open_file(file=paper, by=make_staff("reviewer"), at=at, reason="staff")
    client.force_login(make_member(other_shop))
    assert "Nobody else has looked" in looks_page(client, other_shop)
    for role in set(ROLES) - {"owner"}:
        client.force_login(make_member(shop, role))
        assert client.get(f"/s/{shop.code}/files/").status_code in (403, 404), role


def test_the_page_of_files_costs_the_same_however_often_they_were_looked_at(client, shop, owner, paper, at):
    from shops import files
    from tests.factories.shops import make_staff

    client.force_login(owner)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            looks_page(client, shop)
        return len(asked)

    files.open_file(file=paper, by=make_staff("reviewer"), at=at)
    cost()
    once = cost()
    for _number in range(30):
        files.open_file(file=paper, by=make_staff("reviewer"), at=at)
    assert cost() == once
    assert 'rel="next"' in looks_page(client, shop)
