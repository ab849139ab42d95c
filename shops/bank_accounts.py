"""Bank accounts: the first one of an applicant, and a change by the owner, which is held and told (rulebook §5)."""

import datetime as dt

from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.fields import blind_index
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import events
from shops.identity import normal_account_number, normal_routing_number, same_name
from shops.models import Application, BankAccount, Shop
from shops.onboarding import editable
from shops.policy_book import policy_for
from shops.scope import scope


class WrongBankAccount(Invalid):
    """No such account can exist, or it belongs to somebody else."""


class SameAccount(DomainError):
    """The account given is the one that is in use."""


def set_first(
    *,
    application: Application,
    holder: str,
    bank_name: str,
    account_type: str,
    routing_number: str,
    number: str,
    by,
    at: dt.datetime,
) -> BankAccount:
    """The account of an applicant; given again it replaces the earlier one. It must be in the person's own name."""
    with scope(application.shop, by=by):
        fresh = editable(application)
        if fresh.person and not same_name(holder, fresh.person):
            raise WrongBankAccount(
                _("The account must be in your own name (%(name)s), as the bank writes it.") % {"name": fresh.person},
                field="holder",
            )
        try:
            account = _add(
                fresh.shop, holder, bank_name, account_type, routing_number, number, by=by, at=at, usable_from=at
            )
        except SameAccount:  # saved twice, or gone back and forth: it stays as it is
            return BankAccount.objects.in_shop(fresh.shop).current().get()
        events.record(
            "application.saved",
            shop=fresh.shop,
            subject_kind="application",
            subject_code=fresh.code,
            by=by,
            at=at,
            step="bank",
        )
    return account


def change(
    *,
    shop: Shop,
    holder: str,
    bank_name: str,
    account_type: str,
    routing_number: str,
    number: str,
    by,
    at: dt.datetime,
) -> BankAccount:
    """Another account for payouts. Nothing is paid out for the policy's hours; owner and contact are told.

    The door has asked for the owner and a fresh second factor.
    """
    hold = dt.timedelta(hours=policy_for(shop, at).payouts.bank_change_hold_hours)
    person = Application.objects.in_shop(shop).first()
    with scope(shop, by=by):
        if person is not None and not same_name(holder, person.person):
            raise WrongBankAccount(
                _("The account must be in the name of the registration (%(name)s).") % {"name": person.person},
                field="holder",
            )
        old = BankAccount.objects.in_shop(shop).current().first()
        account = _add(
            shop, holder, bank_name, account_type, routing_number, number, by=by, at=at, usable_from=at + hold
        )
        events.record(
            "bank_account.changed",
            shop=shop,
            subject_kind="bank_account",
            subject_code=str(account.pk),
            by=by,
            at=at,
            last_four=account.last_four,
            old_last_four=old.last_four if old else "",
            usable_from=account.usable_from.isoformat(),
        )
    return account


def _add(
    shop: Shop,
    holder: str,
    bank_name: str,
    account_type: str,
    routing_number: str,
    number: str,
    *,
    by,
    at: dt.datetime,
    usable_from: dt.datetime,
) -> BankAccount:
    routing = normal_routing_number(routing_number)
    if routing is None:
        raise WrongBankAccount(
            _("This is not a routing number: it has nine digits, the first of two numbers on a cheque."),
            field="routing_number",
        )
    digits = normal_account_number(number)
    if digits is None:
        raise WrongBankAccount(_("An account number has 4 to 17 digits."), field="number")
    if account_type not in BankAccount.AccountType.values:
        raise WrongBankAccount(_("Choose checking or savings."), field="account_type")
    index = blind_index(f"{routing}:{digits}", "bank_account")
    lock_row(Shop.objects.filter(pk=shop.pk))  # two changes at a time are one after the other
    old = BankAccount.objects.in_shop(shop).current().first()
    if old is not None:
        if old.number_index == index and old.holder == holder.strip() and old.account_type == account_type:
            raise SameAccount(_("This account is in use already."))
        move(old, BankAccount.Status.RETIRED)
    return BankAccount.objects.create(
        shop=shop,
        holder=" ".join(holder.split()),
        bank_name=" ".join(bank_name.split()),
        account_type=account_type,
        routing_number=routing,
        number=digits,
        number_index=index,
        last_four=digits[-4:],
        added_by=by,
        added_at=at,
        usable_from=usable_from,
    )
