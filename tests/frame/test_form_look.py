"""Fields and their errors as people and screen readers meet them."""

from django import forms

from seller_center.form_look import render_field, render_fields, render_summary


class Sample(forms.Form):
    name = forms.CharField(help_text="What buyers read.")
    note = forms.CharField(required=False)
    agree = forms.BooleanField()
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect)
    version = forms.IntegerField(widget=forms.HiddenInput)


def test_it_ties_label_help_and_error_to_the_widget():
    html = render_field(Sample({})["name"])
    assert '<label class="form-label" for="id_name">' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html


def test_it_says_what_is_optional():
    assert "optional" in render_field(Sample()["note"])
    assert "optional" not in render_field(Sample()["name"])


def test_it_groups_choices_under_a_legend():
    html = render_field(Sample()["size"])
    assert html.startswith('<fieldset class="field field-choices"')
    assert html.count('class="form-check-input"') == 2


def test_it_lists_all_errors_on_top_with_links():
    form = Sample({"version": "x"})
    form.add_error(None, "Both together <cannot> be.")
    html = render_summary(form)
    assert '<a href="#id_name">Name</a>' in html
    assert "Both together &lt;cannot&gt; be." in html
    assert "Version" in html, "an error of a hidden field has no box beside it"


def test_it_says_nothing_where_nothing_is_wrong():
    assert render_summary(Sample()) == ""


def test_it_renders_every_field_once():
    html = render_fields(Sample())
    assert all(html.count(f'name="{name}"') == 1 for name in ("name", "note", "agree", "version"))
    assert html.count('name="size"') == 2
