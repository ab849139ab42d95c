"""Addresses of floor 1."""

from django.urls import path

from shops.views import api_keys, application, files, inbox, jobs, notices, settings, setup, standing, team

app_name = "shops"

urlpatterns = [
    path("apply/", application.apply, name="apply"),
    path("s/<str:shop>/application/", application.application, name="application"),
    path("s/<str:shop>/application/documents/", application.application_documents, name="application_documents"),
    path(
        "s/<str:shop>/application/documents/<slug:kind>/", application.application_document, name="application_document"
    ),
    path("s/<str:shop>/application/bank/", application.application_bank, name="application_bank"),
    path("s/<str:shop>/application/submission/", application.application_submission, name="application_submission"),
    path("s/<str:shop>/application/withdrawal/", application.application_withdrawal, name="application_withdrawal"),
    path("s/<str:shop>/application/<slug:step>/", application.application_step, name="application_step"),
    path("agreement/", setup.agreement, name="agreement"),
    path("s/<str:shop>/agreement/", standing.shop_agreement, name="shop_agreement"),
    path("s/<str:shop>/violations/", standing.violations, name="violations"),
    path("s/<str:shop>/violations/<str:code>/", standing.violation, name="violation"),
    path("s/<str:shop>/violations/<str:code>/appeal/", standing.violation_appeal, name="violation_appeal"),
    path("s/<str:shop>/violations/<str:code>/correction/", standing.violation_correction, name="violation_correction"),
    path("my-shops/", setup.mine, name="mine"),
    path("my-shops/first/", setup.first, name="first"),
    path("invitations/<str:token>/", team.invitation, name="invitation"),
    path("s/<str:shop>/setup/", setup.setup, name="setup"),
    path("s/<str:shop>/setup/panel/", setup.setup_panel, name="setup_panel"),
    path("s/<str:shop>/settings/", settings.settings, name="settings"),
    path("s/<str:shop>/settings/logo/", settings.logo, name="logo"),
    path("s/<str:shop>/settings/contact/", settings.contact, name="contact"),
    path("s/<str:shop>/settings/bank-account/", settings.bank_account, name="bank_account"),
    path("s/<str:shop>/settings/bank-account/change/", settings.bank_account_change, name="bank_account_change"),
    path("s/<str:shop>/api-keys/", api_keys.keys, name="api_keys"),
    path("s/<str:shop>/api-keys/new/", api_keys.key_new, name="api_key_new"),
    path("s/<str:shop>/api-keys/<str:prefix>/revocation/", api_keys.key_revocation, name="api_key_revocation"),
    path("s/<str:shop>/team/", team.members, name="team"),
    path("s/<str:shop>/team/invitations/new/", team.invitation_new, name="invitation_new"),
    path(
        "s/<str:shop>/team/invitations/<int:number>/withdrawal/",
        team.invitation_withdrawal,
        name="invitation_withdrawal",
    ),
    path("s/<str:shop>/team/<int:number>/role/", team.member_role, name="member_role"),
    path("s/<str:shop>/team/<int:number>/removal/", team.member_removal, name="member_removal"),
    path("s/<str:shop>/notices/", notices.notices, name="notices"),
    path("s/<str:shop>/notices/read/", notices.notices_read, name="notices_read"),
    path("s/<str:shop>/notices/<int:number>/", notices.notice, name="notice"),
    path("s/<str:shop>/inbox/", inbox.inbox, name="inbox"),
    path("s/<str:shop>/inbox/<int:number>/person/", inbox.deadline_person, name="deadline_person"),
    path("s/<str:shop>/inbox/<int:number>/quiet/", inbox.deadline_quiet, name="deadline_quiet"),
    path("s/<str:shop>/jobs/<str:code>/", jobs.job, name="job"),
    path("s/<str:shop>/jobs/<str:code>/cancellation/", jobs.job_cancellation, name="job_cancellation"),
    path("s/<str:shop>/files/", settings.files, name="files"),
    path("s/<str:shop>/files/<str:code>/", files.private_file, name="private_file"),
    path("pictures/<slug:name>-<slug:size>.webp", files.public_picture, name="picture"),
]
