"""How a form field looks: label, widget, help and errors, tied together for screen readers.

``{% field form.name %}`` renders one, ``{% form_fields form %}`` a whole form with its error summary. The widget keeps
its Django template; only its classes and the ``aria`` links are set here, so that every form of the house (and every
form of the packages we use) looks the same without a form class knowing about it.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

CHOICES = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def widget_class(widget: forms.Widget) -> str:
    """The style class of a widget."""
    if isinstance(widget, CHOICES):
        return "form-check-input"
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select):
        return "form-select"
    return "form-control"


def _widget(bound: BoundField, **attrs) -> SafeString:
    classes = [bound.field.widget.attrs.get("class", ""), widget_class(bound.field.widget)]
    if bound.errors:
        classes.append("is-invalid")
    given = {"class": " ".join(filter(None, classes)), **attrs}
    writer = WRITERS.get(type(bound.field.widget))
    return writer(bound, given) if writer else bound.as_widget(attrs=given)


def _attrs(bound: BoundField, attrs: dict) -> dict:
    """What Django would give the widget: required, described by, its id."""
    widget = bound.field.widget
    attrs = bound.build_widget_attrs(attrs, widget)
    if bound.auto_id and "id" not in widget.attrs:
        attrs.setdefault("id", bound.auto_id)
    return attrs


def _input(bound: BoundField, attrs: dict) -> SafeString:
    """A plain box, without a template."""
    made = bound.field.widget.get_context(bound.html_name, bound.value(), _attrs(bound, attrs))["widget"]
    value = format_html(' value="{}"', str(made["value"])) if made["value"] is not None else ""
    return format_html('<input type="{}" name="{}"{}{}>', made["type"], made["name"], value, flatatt(made["attrs"]))


def _select(bound: BoundField, attrs: dict) -> SafeString:
    """A plain choice, written at once: Django renders a template or two for every option of it."""
    widget = bound.field.widget
    attrs = _attrs(bound, attrs)
    chosen = set(widget.format_value(bound.value()))
    parts = []
    for value, label in widget.choices:
        if isinstance(label, (list, tuple)):
            made = "".join(_option(one, words, chosen) for one, words in label)
            parts.append(f'<optgroup label="{conditional_escape(value)}">{made}</optgroup>')
        else:
            parts.append(_option(value, label, chosen))
    return format_html(
        '<select name="{}"{}>{}</select>',
        bound.html_name,
        flatatt(widget.build_attrs(widget.attrs, attrs)),
        mark_safe("".join(parts)),  # noqa: S308 (escaped one by one)
    )


WRITERS: dict[type, Callable[[BoundField, dict], SafeString]] = {
    forms.Select: _select,
    forms.TextInput: _input,
    forms.NumberInput: _input,
    forms.EmailInput: _input,
    forms.URLInput: _input,
    forms.HiddenInput: _input,
}
"""Widgets whose HTML is written here, the same as Django's templates give."""


def _option(value: Any, label: Any, chosen: set[str]) -> str:
    """One option; the first that has the value is the one that is chosen."""
    key = "" if value is None else str(value)
    selected = ""
    if key in chosen:
        chosen.discard(key)
        selected = " selected"
    return f'<option value="{conditional_escape(key)}"{selected}>{conditional_escape(label)}</option>'


def _help(bound: BoundField) -> SafeString:
    if not bound.help_text:
        return SafeString("")
    return format_html('<div class="form-hint" id="{}_helptext">{}</div>', bound.auto_id, mark_safe(bound.help_text))  # noqa: S308


def _told(bound: BoundField) -> list[str]:
    """What is wrong with a field, in sentences; what one has to agree to is no box that is left empty."""
    told = [str(error) for error in bound.errors]
    if isinstance(bound.field.widget, forms.CheckboxInput):
        empty = str(forms.Field.default_error_messages["required"])
        told = [gettext("Please tick this box.") if words == empty else words for words in told]
    return told


def _colon(label: Any) -> str:
    """What stands between a label and a sentence: one that is a question or a sentence itself takes no colon."""
    return "" if str(label).endswith((".", "?", "!", ":")) else ":"


def _errors(bound: BoundField) -> SafeString:
    if not bound.errors:
        return SafeString("")
    lines = format_html_join(" ", "{}", ((words,) for words in _told(bound)))
    return format_html('<div class="form-error" id="{}_error">{}</div>', bound.auto_id, lines)


def _optional(bound: BoundField) -> SafeString:
    """The word, but in forms that say ``tells_optional = False``: those whose every field has a value to be changed."""
    if bound.field.required or not getattr(bound.form, "tells_optional", True):
        return SafeString("")
    return format_html(' <span class="form-optional">{}</span>', gettext("optional"))


def _check(bound: BoundField) -> SafeString:
    return format_html(
        '<div class="field field-check"><label class="form-check">{}<span class="form-check-label">{}</span></label>'
        "{}{}</div>",
        _widget(bound),
        bound.label,
        _help(bound),
        _errors(bound),
    )


def _choices(bound: BoundField) -> SafeString:
    described = bound.aria_describedby
    rows = format_html_join(
        "",
        '<label class="form-check">{}<span class="form-check-label">{}</span></label>',
        ((_choice(one), one.choice_label) for one in bound.subwidgets),
    )
    return format_html(
        '<fieldset class="field field-choices"{}><legend class="form-label">{}{}</legend>{}{}{}</fieldset>',
        format_html(' aria-describedby="{}"', described) if described else "",
        bound.label,
        _optional(bound),
        _help(bound),
        rows,
        _errors(bound),
    )


def _choice(one) -> SafeString:
    one.data["attrs"]["class"] = "form-check-input"
    return one.tag()


def render_field(bound: BoundField, *, hide_label: bool = False, prefix: str = "", suffix: str = "") -> SafeString:
    """One field: label, widget, help, errors. ``prefix``/``suffix`` stand inside the box (a currency, a unit)."""
    if bound.is_hidden:
        return bound.as_widget()
    widget = bound.field.widget
    if isinstance(widget, CHOICES):
        return _choices(bound)
    if isinstance(widget, forms.CheckboxInput):
        return _check(bound)
    box = _widget(bound)
    if prefix or suffix:
        before = format_html('<span class="input-group-text">{}</span>', prefix) if prefix else ""
        after = format_html('<span class="input-group-text">{}</span>', suffix) if suffix else ""
        box = format_html('<div class="input-group">{}{}{}</div>', before, box, after)
    return format_html(
        '<div class="field"><label class="form-label{}" for="{}">{}{}</label>{}{}{}</div>',
        " visually-hidden" if hide_label else "",
        bound.id_for_label,
        bound.label,
        _optional(bound),
        box,
        _help(bound),
        _errors(bound),
    )


def render_summary(form: forms.BaseForm) -> SafeString:
    """What is wrong with a form, on top of it, with a link to each field; nothing where nothing is wrong."""
    if not form.is_bound or not form.errors:
        return SafeString("")
    general = [(conditional_escape(str(error)),) for error in form.non_field_errors()]
    # An error of a hidden field has no box beside it, so it is told here.
    general += [
        (format_html("{}{} {}", one.label, _colon(one.label), " ".join(_told(one))),)
        for one in form.hidden_fields()
        if one.errors
    ]
    fields = [
        (one.id_for_label, one.label, _colon(one.label), " ".join(_told(one)))
        for one in form.visible_fields()
        if one.errors
    ]
    return format_html(
        '<div class="alert alert-bad error-summary" role="alert" tabindex="-1"><div>'
        '<p class="alert-title">{}</p><ul>{}{}</ul></div></div>',
        gettext("Please look at this again"),
        format_html_join("", "<li>{}</li>", general),
        format_html_join("", '<li><a href="#{}">{}</a>{} {}</li>', fields),
    )


def render_fields(form: forms.BaseForm) -> SafeString:
    """A whole form: summary, hidden fields, visible fields in order. The form tag and the buttons are the page's."""
    parts = [render_summary(form)]
    parts += [one.as_widget() for one in form.hidden_fields()]
    parts += [render_field(one) for one in form.visible_fields()]
    return mark_safe("".join(parts))  # noqa: S308
