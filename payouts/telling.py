"""What sellers are told about their money: notices to those who may see finance, mail where money moved or did not."""

from django.utils.translation import gettext as _

from seller_center.kernel.money import format_money
from shops.models import ShopEvent
from shops.notifying import notify, send_mail


def payout_paid(event: ShopEvent) -> None:
    """Money arrived."""
    _tell(event, _("%(amount)s arrived on your bank account") % {"amount": _amount(event)}, mail="payout_paid")


def payout_failed(event: ShopEvent) -> None:
    """The bank did not make it; the money is available again."""
    _tell(event, _("Your payout of %(amount)s could not be made") % {"amount": _amount(event)}, mail="payout_failed")


def payout_returned(event: ShopEvent) -> None:
    """It came back; the money is available again."""
    _tell(event, _("Your bank returned the payout of %(amount)s") % {"amount": _amount(event)}, mail="payout_failed")


def payout_held(event: ShopEvent) -> None:
    """It is held, with the reason."""
    _tell(event, _("A payout is held: %(reason)s") % {"reason": event.facts["reason"]})


def statement_published(event: ShopEvent) -> None:
    """The statement of the payday can be read."""
    _tell(event, _("Statement %(code)s is ready") % {"code": event.subject_code}, place="statements")


def terms_decided(event: ShopEvent) -> None:
    """Staff decided on other settlement terms, with the reason."""
    _tell(event, _("Your settlement terms were changed"), body=event.facts["reason"], place="")


def _tell(event: ShopEvent, title: str, *, body: str = "", place: str = "payouts", mail: str = "") -> None:
    path = f"{place}/{event.subject_code}/" if place else ""
    people = notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        body=body,
        url=f"/s/{event.shop.code}/finance/{path}",
        at=event.at,
        area="finance",
        once_key=f"{event.kind}:{event.subject_code}:{event.pk}"[:100],
    )
    for person in people if mail else ():
        send_mail(
            mail,
            to=person.email or "",
            context={"shop": event.shop, "amount": _amount(event), "facts": event.facts, "code": event.subject_code},
            message_id=f"event-{event.pk}-{person.pk}",
        )


def _amount(event: ShopEvent) -> str:
    return format_money(event.facts["amount_minor"], event.facts["currency"])
