"""Widgets and fields that several forms of floor 1 use."""

from typing import cast

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _


class DayInput(forms.DateInput):
    """The browser's own date picker."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    """The browser's own picker of date and time."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class UnseenInput(forms.TextInput):
    """A number that never goes back to the browser, not even when something else in the form was wrong (INV21)."""

    def get_context(self, name, value, attrs):
        return super().get_context(name, None, attrs)


class ManyFilesInput(forms.ClearableFileInput):
    """A file picker that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files; cleans to a list."""

    widget = ManyFilesInput

    def clean(self, data, initial=None):
        given = data if isinstance(data, (list, tuple)) else [data]
        return [super(ManyFilesField, self).clean(one, initial) for one in given if one or len(given) == 1]


def choice_field(form: forms.Form, name: str) -> forms.ChoiceField:
    """A field of the form that offers choices."""
    return cast(forms.ChoiceField, form.fields[name])


def contents(files: list[UploadedFile], at_most: int) -> list[tuple[str, bytes]]:
    """Name and bytes of each file; of a file larger than allowed only so much that the verb sees that it is."""
    return [(file.name or "file", file.read(at_most + 1)) for file in files if file]


SECRET_NUMBER = {"autocomplete": "off", "inputmode": "numeric", "spellcheck": "false"}
KEEP = _("Saved: ••••%(last_four)s. Leave it empty to keep it.")
