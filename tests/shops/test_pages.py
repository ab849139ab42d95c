"""The pages of floor 1 in the browser's way: shown, filled in, refused, and what they leave behind."""

import datetime as dt
import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from seller_center import reactions
from seller_center.kernel import clock
from shops import deadlines, jobs
from shops.models import (
    ApiKey,
    Application,
    BankAccount,
    Deadline,
    Document,
    Invitation,
    Job,
    Membership,
    Notice,
    Shop,
    ShopEvent,
)
from shops.notifying import notify
from shops.scope import scope
from tests.factories import papers
from tests.factories.shops import ADDRESS, BANK, TAX_ID, make_application, make_member, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_factor")]


@pytest.fixture
def logged_in(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def applicant(client):
    person = make_user("applicant@example.com", name="Applicant")
    client.force_login(person)
    return person


def test_a_person_applies_from_the_first_page_to_the_last(client, applicant):
    assert b"driver" in client.get("/apply/").content
    answer = client.post("/apply/", {"market": "US", "business_type": "individual"})
    application = Application.objects.get()
    home = f"/s/{application.shop.code}/application/"
    assert answer["Location"] == f"{home}person/"
    steps = (
        ("person/", {"given_name": "Owner", "family_name": "One", "born_on": "1990-05-17", "phone": "212 555 0123"}),
        ("address/", ADDRESS),
        ("tax/", TAX_ID),
        ("selling/", {"shop_name": "Corner Bicycles", "trade_classes": ["sports", "home"], "track_record": ""}),
    )
    for step, given in steps:
        assert client.get(home + step).status_code == 200
        answer = client.post(home + step, given)
        assert answer.status_code == 302, answer.context["form"].errors
    assert answer["Location"] == f"{home}documents/"
    assert client.get(answer["Location"]).status_code == 200
    day = (clock.now() - dt.timedelta(days=10)).date().isoformat()
    for kind, given in (
        ("identity", {"paper": "passport", "expires_on": "2031-01-01", "files": papers.passport()}),
        ("proof_of_address", {"paper": "utility_bill", "issued_on": day, "files": papers.bill()}),
    ):
        file = SimpleUploadedFile("paper", given.pop("files"))
        posted = {f"{kind}-{name}": value for name, value in given.items()}
        answer = client.post(f"{home}documents/{kind}/", {**posted, f"{kind}-files": [file]})
        assert answer.status_code == 302, answer.context["parts"]
    assert b"Page 1" in client.get(f"{home}documents/").content
    assert client.post(f"{home}bank/", BANK)["Location"] == f"{home}submission/"
    page = client.get(f"{home}submission/")
    assert b"4399" in page.content
    assert b"536-90-4399" not in page.content
    assert client.post(f"{home}submission/", {"agreement_version": "2026-01", "agreed": "on"}).status_code == 422
    answer = client.post(f"{home}submission/", {"agreement_version": "2026-01", "agreed": "on", "correct": "on"})
    assert answer["Location"] == home
    application.refresh_from_db()
    assert (application.status, application.agreed_address) == ("submitted", "127.0.0.1")
    assert b"With our reviewers" in client.get(home).content


def test_it_says_what_is_missing_and_what_that_blocks(client, applicant, at):
    application = make_application(by=applicant, until="started")
    page = client.get(f"/s/{application.shop.code}/application/").content.decode()
    assert "0 of 6 done" in page
    assert "The review cannot begin." in page
    assert "48 hours, 72 hours at the most" in page


@pytest.mark.parametrize(
    ("step", "given", "sentence"),
    [
        (
            "person",
            {"given_name": "A", "family_name": "B", "born_on": "2020-01-01", "phone": "212 555 0123"},
            "at least 18",
        ),
        ("person", {"given_name": "A", "family_name": "B", "born_on": "1990-01-01", "phone": "12"}, "phone"),
        ("address", {**ADDRESS, "postal_code": "10001"}, "postal code"),
        ("tax", {"kind": "ssn", "number": "000-00-0000"}, "does not exist"),
        ("tax", {"kind": "ssn", "number": ""}, "required"),
        ("selling", {"shop_name": "X", "trade_classes": ["nonsense"]}, "not one of the"),
    ],
)
def test_it_refuses_with_a_sentence_and_keeps_what_was_typed(client, applicant, step, given, sentence):
    application = make_application(by=applicant, until="started")
    answer = client.post(f"/s/{application.shop.code}/application/{step}/", given)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_it_refuses_a_blurred_photo_in_place(client, applicant):
    application = make_application(by=applicant, until="started")
    file = SimpleUploadedFile("blurred.jpg", papers.blurred())
    posted = {"identity-paper": "passport", "identity-expires_on": "2031-01-01", "identity-files": [file]}
    answer = client.post(f"/s/{application.shop.code}/application/documents/identity/", posted)
    assert answer.status_code == 422
    assert "blurred" in answer.content.decode()
    assert not Document.objects.exists()


@pytest.mark.parametrize("size", [3_000_000, 11_000_000, 20_000_000])
def test_a_paper_never_lies_on_the_disk_in_clear(client, applicant, shop, size, monkeypatch):
    """The usual handler writes what is larger than two megabytes to a temporary file."""
    from django.core.files import uploadedfile

    def refuse(*args, **kwargs):
        raise AssertionError("a paper was written to a temporary file")

    monkeypatch.setattr(uploadedfile, "TemporaryUploadedFile", refuse)
    monkeypatch.setattr("django.core.files.uploadhandler.TemporaryUploadedFile", refuse)
    application = make_application(by=applicant, until="started")
    path = f"/s/{application.shop.code}/application/documents/identity/"
    file = SimpleUploadedFile("big.jpg", b"\xff\xd8\xff" + b"\x00" * size)
    posted = {"identity-paper": "passport", "identity-expires_on": "2031-01-01", "identity-files": [file]}
    answer = client.post(path, posted)
    assert answer.status_code == 422
    assert ("damaged" if size < 10_000_000 else "larger than 10 MB") in answer.content.decode()
    make_member(shop, "owner", user=applicant)
    logo = f"/s/{shop.code}/settings/logo/"
    with pytest.raises(AssertionError):  # the control: a page with the usual handler
        client.post(logo, {"logo": SimpleUploadedFile("big.png", b"x" * size)})


def test_the_upload_of_a_paper_asks_for_the_form_s_token(applicant):
    from django.test import Client

    application = make_application(by=applicant, until="started")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(applicant)
    path = f"/s/{application.shop.code}/application/documents/identity/"
    assert strict.post(path, {}).status_code == 403


def test_it_keeps_secrets_that_are_saved(client, applicant):
    application = make_application(by=applicant)
    home = f"/s/{application.shop.code}/application/"
    page = client.get(f"{home}tax/").content.decode()
    assert "••••4399" in page
    assert client.post(f"{home}tax/", {"kind": "ssn", "number": ""}).status_code == 302
    assert client.post(f"{home}tax/", {"kind": "itin", "number": ""}).status_code == 422
    kept = {**BANK, "number": ""}
    assert client.post(f"{home}bank/", kept).status_code == 302
    assert client.post(f"{home}bank/", {**kept, "bank_name": "Other"}).status_code == 422
    assert BankAccount.objects.count() == 1


def test_it_takes_the_application_back_after_asking(client, applicant):
    application = make_application(by=applicant, until="submitted")
    path = f"/s/{application.shop.code}/application/withdrawal/"
    assert b"Take it back" in client.get(path).content
    assert client.post(path)["Location"] == "/apply/"
    application.refresh_from_db()
    assert application.status == "withdrawn"
    assert client.post(path).status_code == 409
    assert client.get(f"/s/{application.shop.code}/application/").status_code == 200


# -- every page, cheaply ----------------------------------------------------------------------------------------------

PAGES = (
    "setup/",
    "setup/panel/",
    "settings/",
    "settings/contact/",
    "settings/bank-account/",
    "settings/bank-account/change/",
    "api-keys/",
    "api-keys/new/",
    "team/",
    "team/invitations/new/",
    "notices/",
    "inbox/",
    "inbox/?kind=document.expiry&person=me",
    "files/",
)


@pytest.mark.parametrize("place", PAGES)
def test_each_page_opens_with_few_queries(logged_in, shop, owner, place, django_assert_max_num_queries, at):
    for number in range(3):
        make_member(shop, "packing")
        notify(shop=shop, kind="x", title=f"Notice {number}", at=at, users=[owner])
        with scope(shop, by=owner):
            deadlines.set_deadline(
                shop=shop, kind="document.expiry", subject_kind="x", subject_code=str(number), due_at=at, at=at
            )
    path = f"/s/{shop.code}/{place}"
    logged_in.get(path)
    with django_assert_max_num_queries(12):
        answer = logged_in.get(path)
    assert answer.status_code == 200
    assert b"style=" not in answer.content
    assert b"onclick" not in answer.content


def test_somebody_who_logs_in_gets_to_their_place(client, shop, owner, at):
    client.force_login(owner)
    assert client.get("/my-shops/first/")["Location"] == f"/s/{shop.code}/"
    make_application(by=owner, until="started")
    assert client.get("/my-shops/first/")["Location"] == "/my-shops/"
    assert client.get("/my-shops/").status_code == 200
    client.force_login(make_user())
    assert client.get("/my-shops/first/")["Location"] == "/apply/"


# -- settings ---------------------------------------------------------------------------------------------------------


def test_it_saves_the_profile_and_the_logo(logged_in, shop):
    answer = logged_in.post(f"/s/{shop.code}/settings/", {"name": "New Name", "description": "We sell."})
    assert answer.status_code == 302
    logo = SimpleUploadedFile("logo.png", papers.as_bytes(papers.drawing(size=(300, 300)), "PNG"))
    assert logged_in.post(f"/s/{shop.code}/settings/logo/", {"logo": logo}).status_code == 302
    shop.refresh_from_db()
    assert (shop.name, len(shop.logo)) == ("New Name", 40)
    picture = logged_in.get(f"/pictures/{shop.logo}-thumb.webp")
    assert picture.status_code == 200
    assert "immutable" in picture["Cache-Control"]
    assert logged_in.get("/pictures/0000-thumb.webp").status_code == 404
    page = logged_in.get(f"/s/{shop.code}/settings/").content.decode()
    assert "Changed: name, description." in page


def test_it_refuses_a_logo_that_is_none(logged_in, shop):
    svg = SimpleUploadedFile("logo.png", b"<svg onload='x'>")
    answer = logged_in.post(f"/s/{shop.code}/settings/logo/", {"logo": svg})
    assert answer.status_code == 422
    assert "SVG" in answer.content.decode()


def test_it_changes_the_bank_account_under_a_hold_and_tells_everybody(logged_in, shop, owner, mailoutbox):
    path = f"/s/{shop.code}/settings/bank-account/change/"
    assert logged_in.post(path, {**BANK, "routing_number": "111000026"}).status_code == 422
    assert logged_in.post(path, BANK).status_code == 302
    assert logged_in.post(path, BANK).status_code == 422  # the same one again
    account = BankAccount.objects.current().get(shop=shop)
    assert account.usable_from - account.added_at == dt.timedelta(hours=72)
    reactions.deliver_all(clock.now())
    assert {mail.to[0] for mail in mailoutbox} == {owner.email, shop.contact_email}
    assert all("6789" in mail.body and BANK["number"] not in mail.body for mail in mailoutbox)
    page = logged_in.get(f"/s/{shop.code}/settings/bank-account/").content.decode()
    assert "nothing is paid out before" in page
    assert BANK["number"] not in page


def test_it_tells_the_old_and_the_new_contact(logged_in, shop, mailoutbox):
    old = shop.contact_email
    assert logged_in.post(f"/s/{shop.code}/settings/contact/", {"email": "New@Example.com"}).status_code == 302
    reactions.deliver_all(clock.now())
    assert {old, "new@example.com"} <= {mail.to[0] for mail in mailoutbox}


def test_it_shows_an_api_key_once(logged_in, shop):
    answer = logged_in.post(f"/s/{shop.code}/api-keys/new/", {"name": "Till", "scopes": ["orders:read"]})
    key = ApiKey.objects.get()
    page = answer.content.decode()
    assert f"sc_{key.prefix}_" in page
    assert "no-store" in answer["Cache-Control"]
    secret = page.split(f"sc_{key.prefix}_")[1][:43]
    assert secret not in logged_in.get(f"/s/{shop.code}/api-keys/").content.decode()
    path = f"/s/{shop.code}/api-keys/{key.prefix}/revocation/"
    assert logged_in.post(path).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at
    assert "revoked already" in logged_in.post(path, follow=True).content.decode()


# -- team -------------------------------------------------------------------------------------------------------------


def test_it_invites_by_mail_and_the_person_joins_once(logged_in, client, shop, mailoutbox):
    answer = logged_in.post(
        f"/s/{shop.code}/team/invitations/new/", {"email": "New@Example.com", "role": role("packing")}
    )
    assert answer.status_code == 302
    reactions.deliver_all(clock.now())
    [mail] = mailoutbox
    link = next(word for word in mail.body.split() if "/invitations/" in word).removeprefix("http://localhost:8000")
    wrong = make_user("other@example.com")
    client.force_login(wrong)
    assert b"Packing" in client.get(link).content
    assert client.post(link).status_code == 409
    right = make_user("new@example.com")
    client.force_login(right)
    assert client.post(link)["Location"] == f"/s/{shop.code}/"
    assert Membership.objects.get(user=right).role.code == "packing"
    assert client.post(link).status_code == 409
    assert client.get(link).status_code == 409


def test_a_link_runs_out_and_can_be_taken_back(logged_in, client, shop, settings):
    from shops.team import token_of

    path = f"/s/{shop.code}/team/invitations/new/"
    assert logged_in.post(path, {"email": "a@example.com", "role": role("packing")}).status_code == 302
    assert logged_in.post(path, {"email": "a@example.com", "role": role("packing")}).status_code == 422
    invitation = Invitation.objects.get()
    assert invitation.expires_at - invitation.invited_at == dt.timedelta(hours=120)
    logged_in.post(f"/s/{shop.code}/team/invitations/{invitation.pk}/withdrawal/")
    person = make_user("a@example.com")
    client.force_login(person)
    assert client.post(f"/invitations/{token_of(invitation)}/").status_code == 409
    assert not Membership.objects.filter(user=person).exists()


def test_it_changes_roles_and_keeps_an_owner(logged_in, shop, owner):
    packer = Membership.objects.get(shop=shop, user=make_member(shop, "packing"))
    me = Membership.objects.get(shop=shop, user=owner)
    assert logged_in.post(f"/s/{shop.code}/team/{packer.pk}/role/", {"role": role("finance")}).status_code == 302
    packer.refresh_from_db()
    assert packer.role.code == "finance"
    assert logged_in.post(f"/s/{shop.code}/team/{me.pk}/role/", {"role": role("packing")}).status_code == 422
    assert logged_in.post(f"/s/{shop.code}/team/{me.pk}/removal/").status_code == 409
    assert logged_in.post(f"/s/{shop.code}/team/{packer.pk}/removal/").status_code == 302
    assert not Membership.objects.filter(pk=packer.pk).exists()


def role(code: str) -> str:
    from shops.reference import preset_role

    return str(preset_role(code).pk)


# -- notices, clocks, jobs --------------------------------------------------------------------------------------------


def test_it_opens_a_notice_and_counts_it_as_read(logged_in, shop, owner, at):
    notify(shop=shop, kind="x", title="Look", url=f"/s/{shop.code}/team/", at=at, users=[owner])
    notify(shop=shop, kind="x", title="Evil", url="//evil.example/", at=at, users=[owner])
    assert b"Look" in logged_in.get(f"/s/{shop.code}/notices/?show=unread").content
    look, evil = Notice.objects.order_by("pk")
    assert logged_in.get(f"/s/{shop.code}/notices/{look.pk}/")["Location"] == f"/s/{shop.code}/team/"
    assert logged_in.get(f"/s/{shop.code}/notices/{evil.pk}/")["Location"] == f"/s/{shop.code}/notices/"
    assert not Notice.objects.unread().exists()
    assert b"No notices" in logged_in.get(f"/s/{shop.code}/notices/?show=unread").content


def test_a_notice_of_somebody_else_is_404(logged_in, shop, packer, at):
    notify(shop=shop, kind="x", title="Look", at=at, users=[packer])
    assert logged_in.get(f"/s/{shop.code}/notices/{Notice.objects.get().pk}/").status_code == 404


@pytest.fixture
def clock_row(shop, owner):
    with scope(shop, by=owner):
        return deadlines.set_deadline(
            shop=shop,
            kind="document.expiry",
            subject_kind="document",
            subject_code="X",
            label="Passport",
            due_at=clock.now() + dt.timedelta(days=9),
            at=clock.now(),
        )


def test_it_gives_a_clock_to_a_member_and_quietens_it(logged_in, shop, owner, clock_row):
    path = f"/s/{shop.code}/inbox/{clock_row.pk}"
    assert logged_in.post(f"{path}/person/", {"to": owner.pk}).status_code == 302
    answer = logged_in.post(f"{path}/quiet/", {"hours": "24"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert b"quiet until" in answer.content
    assert b"<html" not in answer.content
    clock_row.refresh_from_db()
    assert clock_row.assigned_to == owner
    assert clock_row.due_at > clock_row.snoozed_until
    shown = answer.content.decode()
    assert re.search(r"quiet until <time[^>]*>[A-Z][a-z]{2} \d+, [\d:]+ [AP]M", shown)  # a time of day, in no alarm
    assert 'class="due due-neutral">' in shown  # the clock's own
    assert '<option value="0">On</option>' in shown
    assert '<option value="24">Off for 1 day</option>' in shown, "said beside the choice, not by its button"
    on = logged_in.post(f"{path}/quiet/", {"hours": "0"}, headers={"HX-Request": "true"})
    assert "quiet until" not in on.content.decode()
    assert "Reminders are on." in on["HX-Trigger"]
    clock_row.refresh_from_db()
    assert clock_row.snoozed_until is None
    reactions.deliver_all(clock.now())
    assert "Passport" in Notice.objects.get().title


def test_a_quiet_that_the_clock_cuts_short_says_so(logged_in, shop, clock_row):
    Deadline.objects.filter(pk=clock_row.pk).update(due_at=clock.now() + dt.timedelta(hours=4))
    path = f"/s/{shop.code}/inbox/{clock_row.pk}/quiet/"
    answer = logged_in.post(path, {"hours": "24"}, headers={"HX-Request": "true"})
    assert "sooner than that" in answer["HX-Trigger"]
    clock_row.refresh_from_db()
    assert clock_row.snoozed_until == clock_row.due_at


def test_it_gives_no_clock_to_somebody_who_may_not_see_it(logged_in, shop, packer, clock_row):
    answer = logged_in.post(f"/s/{shop.code}/inbox/{clock_row.pk}/person/", {"to": packer.pk})
    assert answer.status_code == 422
    assert f"{packer} may not see “Passport”." in html.unescape(answer.content.decode())
    for page in (
        answer,
        logged_in.post(answer.request["PATH_INFO"], {"to": packer.pk}, headers={"HX-Request": "true"}),
    ):
        row = html.unescape(re.search(r'<tr[^>]*id="deadlines-.*?</tr>', page.content.decode(), re.S)[0])
        assert f'<option value="{packer.pk}" selected>{packer}</option>' in row
        assert "may not see “Passport”" in row
        assert page.content.decode().count('role="alert"') == 1, "the sentence stands once, in its row"
    assert f'value="{packer.pk}"' not in logged_in.get(f"/s/{shop.code}/inbox/").content.decode().partition("<tr")[2]
    clock_row.refresh_from_db()
    assert clock_row.assigned_to is None


def test_a_row_offers_only_who_may_see_it_and_who_has_it_now(logged_in, shop, owner, packer, clock_row):
    path = f"/s/{shop.code}/inbox/"
    offered = f'<option value="{packer.pk}"'
    page = logged_in.get(path).content.decode()
    assert f'<option value="{owner.pk}">' in (choice := page.partition('name="to"')[2].partition("</select>")[0])
    assert offered not in choice
    Deadline.objects.filter(pk=clock_row.pk).update(area="orders")
    assert offered in logged_in.get(path).content.decode().partition('name="to"')[2].partition("</select>")[0]
    Deadline.objects.filter(pk=clock_row.pk).update(area=clock_row.area, assigned_to=packer)
    assert f"{offered} selected" in logged_in.get(path).content.decode()  # whose role has changed since


def test_it_shows_only_clocks_of_ones_areas(client, shop, packer, clock_row):
    client.force_login(packer)
    assert b"Passport" not in client.get(f"/s/{shop.code}/inbox/").content
    assert client.post(f"/s/{shop.code}/inbox/{clock_row.pk}/quiet/", {"hours": "3"}).status_code == 404


def test_it_counts_what_was_lost_by_silence_this_month(logged_in, shop, clock_row):
    assert ">0<" in logged_in.get(f"/s/{shop.code}/inbox/").content.decode()
    deadlines.end_all([clock_row], outcome=Deadline.Ended.LOST_BY_SILENCE, at=clock.now())
    assert ">1<" in logged_in.get(f"/s/{shop.code}/inbox/").content.decode()


def test_a_job_page_follows_the_work_and_takes_it_back(logged_in, shop, owner):
    job = jobs.start_job(shop=shop, kind="catalog.import", by=owner, at=clock.now())
    path = f"/s/{shop.code}/jobs/{job.code}/"
    page = logged_in.get(path).content.decode()
    assert "every 2s" in page
    assert "Look again" in page  # without JavaScript
    part = logged_in.get(path, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<section")
    assert logged_in.post(f"{path}cancellation/").status_code == 302
    assert Job.objects.get().status == "cancelled"
    assert "every 2s" not in logged_in.get(path).content.decode()
    assert logged_in.post(f"{path}cancellation/").status_code == 409


def test_a_job_of_another_area_is_404(client, shop, owner):
    job = jobs.start_job(shop=shop, kind="payouts.export", by=owner, at=clock.now())
    client.force_login(make_member(shop, "packing"))
    assert client.get(f"/s/{shop.code}/jobs/{job.code}/").status_code == 404


def test_the_guide_knows_what_is_done(logged_in, shop, owner, at):
    Shop.objects.filter(pk=shop.pk).update(approved_at=clock.now(), description="We sell.")
    with scope(shop, by=owner):
        from shops import events

        events.record(
            "product.created", shop=shop, subject_kind="product", subject_code="P", by=owner, at=at, name="Bell"
        )
    page = logged_in.get(f"/s/{shop.code}/setup/panel/").content.decode()
    assert "First steps" in page
    assert page.count("checklist-done") >= 2 - (0 if ShopEvent.objects.exists() else 1) - 1


def test_a_choice_that_names_nobody_of_the_team_tells_nobodys_name(logged_in, shop, other_shop, clock_row):
    stranger = make_member(other_shop, "manager")
    answer = logged_in.post(f"/s/{shop.code}/inbox/{clock_row.pk}/person/", {"to": stranger.pk})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Choose a member of the team." in page
    assert str(stranger) not in page
    assert f'value="{stranger.pk}"' not in page


def test_the_settings_say_whether_the_new_seller_offer_still_runs(logged_in, shop, monkeypatch):
    page = reverse("shops:settings", kwargs={"shop": shop.code})
    for moment, words in ((shop.offer_ends_at - dt.timedelta(hours=1), "until"), (shop.offer_ends_at, "ended")):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        assert f"New-seller offer {words}" in logged_in.get(page).content.decode()
