"""What is written without a template is what Django's templates give."""

import itertools

import pytest
from django import forms
from django.test.html import parse_html
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy

from seller_center.form_look import WRITERS, _widget, render_field, render_summary, widget_class

CHOICES = [
    ("", gettext_lazy("All")),
    (None, "None"),
    ("a", "A & B"),
    ('"quoted"', "<b>bold</b>"),
    (7, "Seven"),
    ("Group & more", [("g1", "One"), ("g2", "Two <2>"), ("a", "A again")]),
]
VALUES = ["", None, "a", "g2", 7, '"quoted"', "nothing of it", "<script>", "50%", "{x}", "Äpfel"]


class Everything(forms.Form):
    pick = forms.ChoiceField(choices=CHOICES, required=False, help_text="Choose one")
    must = forms.ChoiceField(choices=CHOICES)
    words = forms.CharField(max_length=20, widget=forms.TextInput(attrs={"placeholder": "<Find>", "class": "wide"}))
    number = forms.IntegerField(min_value=0, max_value=9, required=False)
    mail = forms.EmailField()
    place = forms.URLField(disabled=True)
    kept = forms.CharField(widget=forms.HiddenInput)


@pytest.mark.parametrize("bound", [True, False])
def test_every_widget_that_is_written_here_is_as_django_renders_it(bound):
    seen = set()
    for value, number in itertools.product(VALUES, (3, "", "no number")):
        given = dict.fromkeys(Everything.base_fields, value) | {"number": number}
        form = Everything(given) if bound else Everything(initial=given)
        for one in form:
            attrs = {
                "class": " ".join(
                    filter(None, [one.field.widget.attrs.get("class", ""), widget_class(one.field.widget)])
                )
            }
            if one.errors:
                attrs["class"] += " is-invalid"
            assert parse_html(_widget(one)) == parse_html(one.as_widget(attrs=attrs)), (one.name, value)
            seen.add(type(one.field.widget))
    assert seen == set(WRITERS)


def test_control_another_choice_is_another_html():
    form = Everything(initial={"pick": "a"})
    assert parse_html(_widget(form["pick"])) != parse_html(Everything(initial={"pick": 7})["pick"].as_widget())


def test_a_widget_of_a_kind_of_its_own_keeps_its_template():
    class Mine(forms.TextInput):
        template_name = "django/forms/widgets/textarea.html"

    class Form(forms.Form):
        one = forms.CharField(widget=Mine)

    assert "<textarea" in _widget(Form()["one"])


class Agreeing(forms.Form):
    agreed = forms.BooleanField(label="I have read it and accept it.")
    why = forms.CharField(label="Why?")
    name = forms.CharField(label="Name")


def test_what_is_wrong_is_told_in_sentences_that_can_be_read():
    form = Agreeing({})
    said = " ".join(strip_tags(render_summary(form)).split())
    assert "I have read it and accept it. Please tick this box." in said
    assert "Why? This field is required." in said
    assert "Name: This field is required." in said
    assert "Please tick this box." in strip_tags(render_field(form["agreed"]))
