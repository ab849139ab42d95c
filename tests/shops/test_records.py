"""The pages of records that staff read: named in words, nothing twice, and a way to where something can be done."""

from collections import Counter

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory
from django.urls import reverse

from seller_center.kernel import clock
from shops.admin.read_only import PlainWords, in_lines
from shops.models import Application, ShopEvent, Submission, Violation
from tests.factories.accounts import verified_client
from tests.factories.catalog import make_product
from tests.factories.shops import make_application, make_shop, make_staff

pytestmark = pytest.mark.django_db

RECORDS = [one for one in admin.site._registry.values() if isinstance(one, PlainWords)]


@pytest.fixture
def boss():
    return make_staff("admin")


@pytest.fixture
def staff(boss):
    return verified_client(boss)


def record_of(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: one.opts.model_name)
def test_no_two_lines_of_a_record_have_one_name(one, boss):
    request = RequestFactory().get("/admin/")
    request.user = boss
    names = [one.title_of(name) or name for name in one.get_fields(request, one.model())]
    assert [name for name, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: one.opts.model_name)
def test_every_record_has_words_for_itself(one):
    own = one.has_own_titles() or "__str__" in one.model.__dict__
    assert own, "it would be called “Redemption object (243)”"


def test_a_record_is_named_in_words_and_leads_to_its_desk(staff, boss, shop, owner):
    application = make_application(at=clock.now(), until="submitted")
    page = staff.get(record_of(application)).content.decode()
    assert reverse("admin:shops_application_desk_page", args=[application.pk]) in page
    assert "historylink" not in page, "nothing is written there"
    event = ShopEvent.objects.in_shop(application.shop).get(kind="application.submitted")
    page = staff.get(record_of(event)).content.decode()
    assert f"<h1>Application submitted {application.code}</h1>" in page.replace('<span class="code">', "")
    assert "&quot;number&quot;" not in page
    assert '<span class="record-name">Number</span> 1' in page


def test_who_may_not_act_gets_no_way_to_the_desk(shop):
    application = make_application(at=clock.now(), until="submitted")
    reader = make_staff("support")
    reader.user_permissions.add(Permission.objects.get(codename="view_application"))
    answer = verified_client(reader).get(record_of(application))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert reverse("admin:shops_application_desk_page", args=[application.pk]) not in page


def test_what_is_missing_is_a_dash_and_never_none(staff, shop):
    application = make_application(at=clock.now(), until="submitted")
    assert application.claimed_by is None
    assert ">None<" not in staff.get(record_of(application)).content.decode()


def test_no_link_leads_to_what_one_may_not_see(shop):
    application = make_application(at=clock.now(), until="submitted")
    record = record_of(Submission.objects.get(application=application))
    person = record_of(application.applicant)
    assert person in verified_client(make_staff("admin")).get(record).content.decode()
    page = verified_client(make_staff("reviewer")).get(record).content.decode()
    assert person not in page
    assert str(application.applicant) in page


def test_who_only_reads_a_form_reads_it_as_a_record(shop):
    category = make_product(shop).category
    path, there = record_of(category), record_of(category.trade_class)
    page = verified_client(make_staff("admin")).get(path).content.decode()
    assert "historylink" in page
    page = verified_client(make_staff("support")).get(path).content.decode()
    assert str(category.trade_class) in page
    assert there not in page
    assert "historylink" not in page
    assert 'name="_save"' not in page


def test_a_list_has_no_column_for_a_page_that_one_may_not_open(shop):
    make_product(shop)
    path = reverse("admin:catalog_product_changelist")
    assert ">Judge</a>" in verified_client(make_staff("moderator")).get(path).content.decode()
    answer = verified_client(make_staff("support")).get(path)
    assert answer.status_code == 200
    assert ">Judge</a>" not in answer.content.decode()


def test_a_state_in_a_list_has_its_tone(staff):
    make_application(at=clock.now(), until="submitted")
    page = staff.get(reverse("admin:shops_application_changelist")).content.decode()
    assert f'<span class="state state-info">{Application.Status.SUBMITTED.label}</span>' in page


def test_an_empty_list_says_so(staff):
    assert not Violation.objects.exists()
    path = reverse("admin:shops_violation_changelist")
    assert "There is nothing here yet." in staff.get(path).content.decode()
    assert "take a filter away" in staff.get(path, {"status__exact": "pending"}).content.decode()


def test_a_document_is_told_in_lines():
    told = in_lines({"total_minor": 1234, "currency": "USD", "fields": ["name", "logo"], "paid": True, "by": None})
    assert told.count("<li>") == 5
    for line in ("Total</span> $12.34", "Fields</span> name, logo", "Paid</span> yes", "By</span> —"):
        assert line in told
    log = in_lines([["2026-11-30T12:25:17+00:00", "Two shops to come."]])
    assert "Nov 30, 2026, 12:25 PM UTC · Two shops to come." in log
    assert in_lines({}) == ""
    assert "&lt;b&gt;" in in_lines({"note": "<b>"})


def test_the_page_of_a_shop_leads_to_its_records(shop):
    mine, other = make_product(shop), make_product(make_shop("OTHR"))
    staff = verified_client(make_staff("support"))
    page = staff.get(reverse("admin:shops_shop_standing", args=[shop.pk])).content.decode()
    address = f"{reverse('admin:catalog_product_changelist')}?shop__exact={shop.pk}"
    assert address in page
    assert reverse("admin:payouts_payout_changelist") not in page, "not for support"
    found = staff.get(address).content.decode()
    assert record_of(mine) in found
    assert record_of(other) not in found
