"""Forms of settings, team, API keys and the deadline inbox."""

import datetime as dt

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from shops import api_keys
from shops.deadline_kinds import KINDS
from shops.forms.fields import choice_field
from shops.models import Shop
from shops.team import roles_of


class ProfileForm(forms.Form):
    """What buyers read about the shop."""

    name = forms.CharField(label=_("Shop name"), max_length=120)
    description = forms.CharField(
        label=_("About the shop"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )


class LogoForm(forms.Form):
    """A picture for the shop."""

    logo = forms.FileField(
        label=_("Logo"),
        help_text=_("JPG, PNG or WebP, at least 200 × 200 pixels, at most 5 MB; square works best."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )


class ContactForm(forms.Form):
    """How the marketplace reaches the shop."""

    email = forms.EmailField(
        label=_("Contact address"), help_text=_("For mails about the shop. The old and the new address are told.")
    )


class InvitationForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args, shop: Shop, **kwargs):
        super().__init__(*args, **kwargs)
        self.roles = {str(role.pk): role for role in roles_of(shop)}
        choice_field(self, "role").choices = [(key, _choice(role)) for key, role in self.roles.items()]

    def values(self) -> dict:
        """Arguments for ``team.invite``."""
        return {"email": self.cleaned_data["email"], "role": self.roles[self.cleaned_data["role"]]}


class RoleForm(InvitationForm):
    """Another role for a member."""

    email = None  # type: ignore[assignment]


def _choice(role) -> str:
    """A role to choose: its name, and below it what it may do."""
    return format_html('<strong>{}</strong><small class="choice-note">{}</small>', role.name, describe(role))


#: The areas of a shop by the words of its menu.
AREA_NAMES = {
    "home": _("Home"),
    "products": _("Products"),
    "orders": _("Orders"),
    "marketing": _("Marketing"),
    "storefront": _("Storefront"),
    "analytics": _("Analytics"),
    "support": _("Support"),
    "finance": _("Finance"),
    "health": _("Health"),
    "settings": _("Settings"),
    "team": _("Team"),
}


def describe(role) -> str:
    """What a role may do, in a few words. Home belongs to every member and is not named."""
    if role.is_owner:
        return str(_("Changes everything, bank account and team included."))
    held = {area: role.areas.get(area, "none") for area in AREA_NAMES if area != "home"}
    sees, changes, without = (_names(held, may) for may in ("view", "edit", "none"))
    parts = [_("Sees: %(areas)s.") % {"areas": sees}] if sees else []
    if sum(may == "edit" for may in held.values()) > len(held) / 2:
        parts.append(str(_("Changes everything else.") if sees else _("Changes everything.")))
        parts += [_("Not: %(areas)s.") % {"areas": without}] if without else []
    elif changes:
        parts.insert(0, _("Changes: %(areas)s.") % {"areas": changes})
    return " ".join(parts) or str(_("Sees Home only."))


def _names(held: dict[str, str], may: str) -> str:
    return ", ".join(str(AREA_NAMES[area]) for area, how in held.items() if how == may)


class ApiKeyForm(forms.Form):
    """A key for another program."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("Which program uses it, so that you know later.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=list(api_keys.SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )


class InboxFilter(forms.Form):
    """Which clocks to show."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    person = forms.ChoiceField(label=_("Person"), required=False)

    def __init__(self, *args, areas: set[str], people: list, **kwargs):
        super().__init__(*args, **kwargs)
        kinds = [(key, kind.name) for key, kind in KINDS.items() if kind.area in areas]
        choice_field(self, "kind").choices = [("", _("All kinds")), *kinds]
        choice_field(self, "person").choices = [
            ("", _("Everybody")),
            ("me", _("Me")),
            ("nobody", _("Nobody yet")),
            *((str(person.pk), str(person)) for person in people),
        ]


class DelegateForm(forms.Form):
    """Who is responsible."""

    to = forms.ChoiceField(label=_("Responsible"), required=False)

    def __init__(self, *args, people: list, **kwargs):
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        choice_field(self, "to").choices = [
            ("", _("Everybody")),
            *((key, str(one)) for key, one in self.people.items()),
        ]

    def person(self):
        """The chosen member, None for everybody."""
        return self.people.get(self.cleaned_data["to"])


class QuietForm(forms.Form):
    """For how long reminders are quiet."""

    ON = "0"
    CHOICES = ((ON, _("On")), ("3", _("Off for 3 h")), ("24", _("Off for 1 day")), ("72", _("Off for 3 days")))

    hours = forms.ChoiceField(label=_("No reminders for"), choices=CHOICES)

    def until(self, at: dt.datetime) -> dt.datetime | None:
        """The moment at which reminders begin again; None for at once."""
        hours = int(self.cleaned_data["hours"])
        return at + dt.timedelta(hours=hours) if hours else None
