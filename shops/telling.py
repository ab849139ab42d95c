"""What floor 1 tells people after its events."""

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from shops import jobs
from shops.deadline_kinds import KINDS
from shops.eligibility import CRITERIA
from shops.models import EligibilityReview, Job, ShopEvent
from shops.notifying import members, notify, send_mail


def deadline_approaches(event: ShopEvent) -> None:
    """A notice to the members of the deadline's area, once per rung."""
    facts = event.facts
    hours = facts["hours"]
    notify(
        shop=event.shop,
        kind=event.kind,
        title=hours_left(facts["deadline_kind"], facts["label"], hours),
        url=f"/s/{event.shop.code}/inbox/",
        at=event.at,
        area=KINDS[facts["deadline_kind"]].area,
        once_key=f"{facts['deadline_kind']}:{event.subject_code}:{hours}"[:100],
    )


def hours_left(kind: str, label: str, hours: int) -> str:
    """How a rung of the ladder is told: "6 hours left – Ship by: BRTS64G93NJ6"."""
    told = ngettext("%(hours)d hour left – %(what)s: %(label)s", "%(hours)d hours left – %(what)s: %(label)s", hours)
    return told % {"hours": hours, "what": KINDS[kind].name, "label": label}


def job_finished(event: ShopEvent) -> None:
    """A notice to the person who asked for the job, with the way to its page."""
    job = Job.objects.in_shop(event.shop).of_code(event.subject_code).select_related("by").get()
    if job.by is None:
        return
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("%(what)s: %(status)s")
        % {"what": jobs.title_of(job.kind), "status": job.get_status_display().lower()},
        url=f"/s/{event.shop.code}/jobs/{job.code}/",
        at=event.at,
        users=[job.by],
        once_key=f"job:{job.code}",
    )


def eligibility_reviewed(event: ShopEvent) -> None:
    """Notice and mail to the owners: the verdict, each criterion with its number, and how to get there."""
    review = EligibilityReview.objects.in_shop(event.shop).standing().get(month=f"{event.facts['month']}-01")
    verdict = gettext("eligible") if review.eligible else gettext("not eligible yet")
    people = notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("Evaluation for %(month)s: %(verdict)s")
        % {"month": date_format(review.month, "F Y"), "verdict": verdict},
        url=f"/s/{event.shop.code}/health/",
        at=event.at,
        users=members(event.shop, owners=True),
        once_key=f"eligibility:{review.pk}",
    )
    lines = [{**one, "name": CRITERIA[one["code"]][0], "advice": CRITERIA[one["code"]][1]} for one in review.criteria]
    for person in people:
        send_mail(
            "eligibility_reviewed",
            to=person.email or "",
            context={"shop": event.shop, "review": review, "verdict": verdict, "criteria": lines},
            message_id=f"event-{event.pk}-{person.pk}",
        )
