"""The team of a shop: invite by e-mail, join, change a role, remove (rulebook §2)."""

import base64
import datetime as dt
import hashlib

from allauth.account.models import EmailAddress
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import events
from shops.models import Invitation, Membership, Role, Shop
from shops.policy_book import policy_for
from shops.scope import scope


class NotOwner(DomainError):
    """Only an owner gives or takes the role of an owner."""


class AlreadyMember(Invalid):
    """The person belongs to the team already."""


class AlreadyInvited(Invalid):
    """An invitation to this address is open."""


class InvitationGone(DomainError):
    """The invitation was used, withdrawn, has run out, or never existed: all the same to whoever asks."""


class WrongAddress(DomainError):
    """The invitation is for another e-mail address than the person has confirmed."""


class LastOwner(DomainError):
    """A shop always has an owner."""


def roles_of(shop: Shop) -> list[Role]:
    """The roles that may be given in this shop: the shipped ones and its own."""
    return list(Role.objects.filter(shop=None).order_by("pk")) + list(Role.objects.filter(shop=shop).order_by("pk"))


def invite(*, shop: Shop, email: str, role: Role, by, at: dt.datetime) -> Invitation:
    """Offer a place in the team; the mail follows by reaction and is the only copy of the token."""
    email = email.strip().lower()
    hours = policy_for(shop, at).team.invitation_hours
    with scope(shop, by=by):
        _lock_team(shop)
        _only_owners_make_owners(shop, role, by)
        if Membership.objects.in_shop(shop).filter(user__email=email).exists():
            raise AlreadyMember(_("This person is in the team already."), field="email")
        for old in Invitation.objects.in_shop(shop).filter(email__iexact=email, status="open"):
            if old.expires_at > at:
                raise AlreadyInvited(_("This address has an open invitation. Withdraw that one first."), field="email")
            move(old, Invitation.Status.EXPIRED, answered_at=at)
        invitation = Invitation(
            shop=shop,
            email=email,
            role=role,
            invited_by=by,
            invited_at=at,
            expires_at=at + dt.timedelta(hours=hours),
        )
        invitation.token_sha256 = _digest(token_of(invitation))
        invitation.save()
        _record(
            "member.invited",
            shop,
            str(invitation.pk),
            by,
            at,
            email=email,
            role=role.name,
            expires_at=invitation.expires_at.isoformat(),
        )
    return invitation


def token_of(invitation: Invitation) -> str:
    """The token that stands in the mail, from the row's random number and the installation's secret."""
    digest = salted_hmac("shops.invitation", invitation.nonce, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str, at: dt.datetime) -> Invitation:
    """The open invitation behind a token, or ``InvitationGone``."""
    row = (
        Invitation.objects.filter(token_sha256=_digest(token))
        .open(at)
        .select_related("shop", "role", "invited_by")
        .first()
    )
    if row is None:
        raise InvitationGone(_("This invitation is no longer valid. Ask for a new one."))
    return row


def accept(*, token: str, by, at: dt.datetime) -> Membership:
    """Join the team. The token works once, in time, for the address it was sent to."""
    invitation = find(token, at)
    if not EmailAddress.objects.filter(user=by, verified=True, email__iexact=invitation.email).exists():
        raise WrongAddress(_("This invitation was sent to another e-mail address. Log in with that one."))
    with scope(invitation.shop, by=by):
        _lock_team(invitation.shop)
        if Membership.objects.in_shop(invitation.shop).filter(user=by).exists():
            raise AlreadyMember(_("You are in this team already."))
        move(invitation, Invitation.Status.ACCEPTED, answered_by=by, answered_at=at)
        member = Membership.objects.create(shop=invitation.shop, user=by, role=invitation.role, joined_at=at)
        _record(
            "member.joined",
            invitation.shop,
            str(member.pk),
            by,
            at,
            user_id=by.pk,
            name=str(by),
            role=invitation.role.name,
        )
    return member


def withdraw_invitation(*, invitation: Invitation, by, at: dt.datetime) -> Invitation:
    """Take an open invitation back; its link is worth nothing from now on."""
    with scope(invitation.shop, by=by):
        move(invitation, Invitation.Status.WITHDRAWN, answered_by=by, answered_at=at)
        _record("invitation.withdrawn", invitation.shop, str(invitation.pk), by, at, email=invitation.email)
    return invitation


def change_role(*, membership: Membership, role: Role, by, at: dt.datetime) -> Membership:
    """Give a member another role, effective with the next request."""
    shop = membership.shop
    with scope(shop, by=by):
        _lock_team(shop)
        fresh = _member(membership)
        old = fresh.role
        if old.pk == role.pk:
            return fresh
        _only_owners_make_owners(shop, role, by)
        _only_owners_make_owners(shop, old, by)
        if old.is_owner and not role.is_owner:
            _refuse_last_owner(shop, fresh)
        fresh.role = role
        fresh.save(update_fields=["role"])
        _record(
            "member.role_changed",
            shop,
            str(fresh.pk),
            by,
            at,
            user_id=fresh.user_id,
            name=str(fresh.user),
            role=role.name,
            old_role=old.name,
        )
    return fresh


def remove(*, membership: Membership, by, at: dt.datetime) -> None:
    """Take a member out of the team, effective with the next request. Anybody may leave; the last owner may not."""
    shop = membership.shop
    with scope(shop, by=by):
        _lock_team(shop)
        fresh = _member(membership)
        if fresh.role.is_owner:
            _only_owners_make_owners(shop, fresh.role, by)
            _refuse_last_owner(shop, fresh)
        _record(
            "member.removed",
            shop,
            str(fresh.pk),
            by,
            at,
            user_id=fresh.user_id,
            name=str(fresh.user),
            role=fresh.role.name,
        )
        fresh.delete()


def _lock_team(shop: Shop) -> None:
    """Changes of one team are made one after the other, so that two owners cannot remove each other."""
    lock_row(Shop.objects.filter(pk=shop.pk))


def _member(membership: Membership) -> Membership:
    rows = Membership.objects.in_shop(membership.shop).filter(pk=membership.pk).select_related("role", "user")
    fresh = rows.first()
    if fresh is None:
        raise DomainError(_("This person is no longer in the team."))
    return fresh


def _only_owners_make_owners(shop: Shop, role: Role, by) -> None:
    owners = Membership.objects.in_shop(shop).filter(user=by, role__is_owner=True)
    if role.is_owner and not owners.exists():
        raise NotOwner(_("Only an owner can do this."))


def _refuse_last_owner(shop: Shop, leaving: Membership) -> None:
    if not Membership.objects.in_shop(shop).filter(role__is_owner=True).exclude(pk=leaving.pk).exists():
        raise LastOwner(_("A shop always has an owner. Make somebody else an owner first."))


def _record(kind: str, shop: Shop, code: str, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=shop, subject_kind="member", subject_code=code, by=by, at=at, **facts)
