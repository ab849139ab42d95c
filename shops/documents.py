"""Documents: papers sent by applicants, kept as encrypted page images, replaced one by one, and running out."""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import Invalid
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.application_steps import needed_documents
from shops.files import store_private
from shops.images import pages_of_paper
from shops.models import Application, Deadline, Document, DocumentPage
from shops.onboarding import editable, today
from shops.policy import Policy
from shops.policy_book import policy_for
from shops.scope import scope

MOST_FILES = 4


class WrongDocument(Invalid):
    """This paper cannot be used."""


def upload(
    *,
    application: Application,
    kind: str,
    paper: str,
    files: Sequence[tuple[str, bytes]],
    expires_on: dt.date | None = None,
    issued_on: dt.date | None = None,
    by,
    at: dt.datetime,
) -> Document:
    """Take in a paper (``files``: name and content of its sides or pages), replacing an earlier one of its kind.

    Refuses expired or too old papers, and pictures that nobody could read, with a sentence that says what to do.
    """
    policy = policy_for(application.shop, at)
    _refuse_wrong_paper(application, kind, paper, policy)
    _refuse_dates(kind, expires_on, issued_on, today(application.shop, at), policy)
    if not files or len(files) > MOST_FILES:
        raise WrongDocument(_("Send one to %(most)d files.") % {"most": MOST_FILES}, field="files")
    rules = policy.onboarding
    papers = [
        pages_of_paper(
            content,
            least_pixels=rules.least_image_pixels,
            bytes_at_most=rules.document_bytes_at_most,
            field="files",
        )
        for _name, content in files
    ]
    with scope(application.shop, by=by):
        fresh = editable(application)
        for old in Document.objects.in_shop(fresh.shop).in_force().filter(application=fresh, kind=kind):
            move(old, Document.Status.REPLACED)
        document = Document.objects.create(
            shop=fresh.shop,
            application=fresh,
            code=new_code(10),
            kind=kind,
            paper=paper,
            expires_on=expires_on,
            issued_on=issued_on,
            original_sha256=papers[0].sha256,
            software=papers[0].software,
            uploaded_by=by,
            uploaded_at=at,
        )
        _store_pages(document, papers, files[0][0], by, at)
        events.record(
            "document.uploaded",
            shop=fresh.shop,
            subject_kind="application",
            subject_code=fresh.code,
            by=by,
            at=at,
            document_code=document.code,
            document_kind=kind,
            paper=paper,
        )
    return document


def _store_pages(document: Document, papers, name: str, by, at: dt.datetime) -> None:
    pages = [page for paper in papers for page in paper.pages]
    stem = name.rpartition(".")[0] or name
    for number, page in enumerate(pages, 1):
        file = store_private(
            shop=document.shop,
            kind="document",
            content=page.content,
            name=f"{stem[:150]}-{number}.jpg",
            media_type="image/jpeg",
            by=by,
            at=at,
        )
        DocumentPage.objects.create(shop=document.shop, document=document, number=number, file=file)


def _refuse_wrong_paper(application: Application, kind: str, paper: str, policy: Policy) -> None:
    if kind not in needed_documents(application, policy) or kind not in Document.PAPERS:
        raise WrongDocument(_("This document is not asked for."), field="kind")
    if paper not in Document.PAPERS[Document.Kind(kind)]:
        raise WrongDocument(_("Choose which paper this is."), field="paper")


def _refuse_dates(
    kind: str, expires_on: dt.date | None, issued_on: dt.date | None, day: dt.date, policy: Policy
) -> None:
    if kind == Document.Kind.IDENTITY:
        if expires_on is None:
            raise WrongDocument(_("Say until when this paper is valid; it is printed on it."), field="expires_on")
        if expires_on <= day:
            raise WrongDocument(_("This paper has expired. Send one that is still valid."), field="expires_on")
    if kind == Document.Kind.PROOF_OF_ADDRESS:
        days = policy.onboarding.proof_of_address_days
        if issued_on is None:
            raise WrongDocument(_("Give the date printed on the paper."), field="issued_on")
        if issued_on > day:
            raise WrongDocument(_("This date lies in the future."), field="issued_on")
        if issued_on < day - dt.timedelta(days=days):
            raise WrongDocument(
                _("This paper is older than %(days)s. Send a newer one.") % {"days": counted(days, "days")},
                field="issued_on",
            )


def accept_all(application: Application, policy: Policy, *, by, at: dt.datetime) -> None:
    """The reviewer has accepted the papers; those that run out get their clock with its reminders."""
    for document in Document.objects.in_shop(application.shop).filter(application=application, status="uploaded"):
        move(document, Document.Status.ACCEPTED)
        if document.expires_on:
            _watch_expiry(document, policy, at)


def _watch_expiry(document: Document, policy: Policy, at: dt.datetime) -> None:
    assert document.expires_on is not None
    midnight = dt.datetime.combine(document.expires_on, dt.time(), tzinfo=ZoneInfo(document.shop.zone))
    due_at = midnight.astimezone(dt.UTC)
    deadlines.set_deadline(
        shop=document.shop,
        kind="document.expiry",
        subject_kind="document",
        subject_code=document.code,
        due_at=due_at,
        at=at,
        label=str(document),
        policy_version_id=policy.version_id,
        warn_hours=[days * 24 for days in policy.onboarding.document_reminder_days],
    )


def expire(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The day has come on which papers run out: mark those that are still in force, and end the clocks."""
    expired: list[Deadline] = []
    replaced: list[Deadline] = []
    for deadline in rows:
        document = Document.objects.in_shop(deadline.shop).of_code(deadline.subject_code).get()
        in_force = document.status == Document.Status.ACCEPTED
        (expired if in_force else replaced).append(deadline)
        if in_force:
            move(document, Document.Status.EXPIRED)
            events.record(
                "document.expired",
                shop=deadline.shop,
                subject_kind="document",
                subject_code=document.code,
                by=None,
                at=at,
                document_kind=document.kind,
                paper=document.paper,
            )
    deadlines.end_all(expired, outcome=Deadline.Ended.MISSED, at=at)
    deadlines.end_all(replaced, outcome=Deadline.Ended.VOID, at=at)
