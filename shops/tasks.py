"""Reactions and clockwork of floor 1: people are told, files that nobody names are taken away."""

from celery import shared_task

from shops import files, telling, telling_applicants, telling_owners, telling_standing
from shops.models import ShopEvent
from shops.reacting import reaction


@reaction
def tell_deadline_approaches(event: ShopEvent) -> None:
    """A rung of the warning ladder: a notice to those responsible."""
    telling.deadline_approaches(event)


@reaction
def tell_job_finished(event: ShopEvent) -> None:
    """The person who asked for a job hears how it ended."""
    telling.job_finished(event)


@reaction
def tell_eligibility(event: ShopEvent) -> None:
    """The owner hears the verdict of the month, with the numbers that decided and how to get there."""
    telling.eligibility_reviewed(event)


@reaction
def tell_application_submitted(event: ShopEvent) -> None:
    """The applicant hears that it arrived and how long the review takes."""
    telling_applicants.submitted(event)


@reaction
def tell_application_delayed(event: ShopEvent) -> None:
    """The applicant hears that the review is late."""
    telling_applicants.delayed(event)


@reaction
def tell_application_approved(event: ShopEvent) -> None:
    """The applicant hears that the shop is open."""
    telling_applicants.approved(event)


@reaction
def tell_changes_requested(event: ShopEvent) -> None:
    """The applicant hears what is to be done again."""
    telling_applicants.changes_requested(event)


@reaction
def tell_application_refused(event: ShopEvent) -> None:
    """The applicant hears why not."""
    telling_applicants.refused(event)


@reaction
def tell_document_expired(event: ShopEvent) -> None:
    """The owner hears that a paper has run out."""
    telling_applicants.document_expired(event)


@reaction
def tell_bank_account_changed(event: ShopEvent) -> None:
    """Owners and contact hear of the new account."""
    telling_owners.bank_account_changed(event)


@reaction
def tell_contact_changed(event: ShopEvent) -> None:
    """The old and the new address hear of the change."""
    telling_owners.contact_changed(event)


@reaction
def tell_api_key_created(event: ShopEvent) -> None:
    """Owners hear of a new key."""
    telling_owners.api_key_created(event)


@reaction
def tell_member_invited(event: ShopEvent) -> None:
    """The invitation goes out."""
    telling_owners.member_invited(event)


@reaction
def tell_member_joined(event: ShopEvent) -> None:
    """Owners hear who has joined."""
    telling_owners.member_joined(event)


@reaction
def tell_role_changed(event: ShopEvent) -> None:
    """The member hears of the new role."""
    telling_owners.role_changed(event)


@reaction
def tell_member_removed(event: ShopEvent) -> None:
    """Person and owners hear of it."""
    telling_owners.member_removed(event)


@reaction
def tell_deadline_delegated(event: ShopEvent) -> None:
    """Who is responsible from now on hears of it."""
    telling_owners.deadline_delegated(event)


@shared_task(name="shops.tasks.prune_files")
def prune_files() -> None:
    """Take away private files that deeds left which were undone."""
    files.prune(older_than=files.LEFT_ALONE)


@reaction
def tell_violation(event: ShopEvent) -> None:
    """Who sees the Health page hears of a case and its appeals; the owners by mail as well."""
    telling_standing.about_case(event)


@reaction
def tell_restriction(event: ShopEvent) -> None:
    """What the shop may not do, or may do again."""
    telling_standing.about_restriction(event)


@reaction
def tell_tier_raised(event: ShopEvent) -> None:
    """The shop has moved up."""
    telling_standing.tier_raised(event)


@reaction
def tell_viewed_by_staff(event: ShopEvent) -> None:
    """The owners hear that staff looked at the shop, and why."""
    telling_standing.viewed_by_staff(event)


@reaction
def tell_access_restored(event: ShopEvent) -> None:
    """The person hears by mail that the second factor is gone."""
    telling_standing.access_restored(event)


@reaction
def tell_factor_removed(event: ShopEvent) -> None:
    """The other owners hear of it."""
    telling_standing.factor_removed(event)


@reaction
def tell_readdressed(event: ShopEvent) -> None:
    """The owners hear that an account of their shop has another address."""
    telling_standing.readdressed(event)
