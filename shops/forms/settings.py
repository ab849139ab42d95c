"""Forms of settings, team, API keys and the deadline inbox."""

import datetime as dt

from django import forms
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
        choice_field(self, "role").choices = [
            (key, f"{role.name} – {describe(role)}") for key, role in self.roles.items()
        ]

    def values(self) -> dict:
        """Arguments for ``team.invite``."""
        return {"email": self.cleaned_data["email"], "role": self.roles[self.cleaned_data["role"]]}


class RoleForm(InvitationForm):
    """Another role for a member."""

    email = None  # type: ignore[assignment]


def describe(role) -> str:
    """What a role may do, in a few words."""
    if role.is_owner:
        return str(_("everything, bank account and team included"))
    may_edit = [area for area, held in role.areas.items() if held == "edit" and area != "home"]
    may_view = [area for area, held in role.areas.items() if held == "view"]
    parts = []
    if may_edit:
        parts.append(str(_("changes: %(areas)s") % {"areas": ", ".join(may_edit)}))
    if may_view:
        parts.append(str(_("sees: %(areas)s") % {"areas": ", ".join(may_view)}))
    return "; ".join(parts) or str(_("home only"))


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
    CHOICES = ((ON, _("On")), ("3", _("3 hours")), ("24", _("1 day")), ("72", _("3 days")))

    hours = forms.ChoiceField(label=_("No reminders for"), choices=CHOICES)

    def until(self, at: dt.datetime) -> dt.datetime | None:
        """The moment at which reminders begin again; None for at once."""
        hours = int(self.cleaned_data["hours"])
        return at + dt.timedelta(hours=hours) if hours else None
