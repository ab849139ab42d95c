"""``{% load seller %}``: what the templates of every floor use to show money, states, moments, icons and fields.

The work is done by ``seller_center.display`` and ``seller_center.form_look``; here it only gets its name.
"""

import re

from django import template
from django.template.base import token_kwargs
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from seller_center import display, form_look, frame_html
from seller_center import list_table as tables
from seller_center.frame import place_of
from seller_center.states import state_of

register = template.Library()

register.simple_tag(frame_html.head_links, name="head_links")
register.simple_tag(display.badge, name="badge")
register.simple_tag(form_look.render_field, name="field")
register.simple_tag(form_look.render_fields, name="form_fields")
register.simple_tag(form_look.render_summary, name="error_summary")
register.filter("initials", display.initials)
register.filter("number", display.number)
register.filter("codes", display.codes)
register.filter("counted", display.counted)
register.filter("browser_words", display.browser_words)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """``{{ order.total_minor|money:order.currency }}``: an amount in minor units, as people read it."""
    return display.money(minor, currency)


@register.filter
def money_off(minor: int, currency: str) -> str:
    """``{{ order.discount_minor|money_off:order.currency }}``: the same where it is taken away: −$3.00; nothing off is $0.00."""
    return display.money(-minor, currency)


@register.filter
def drawn(chart: dict) -> dict:
    """``{{ chart|drawn|json_script:chart.id }}``: of a chart only what the script draws; the table is HTML already."""
    return {name: chart[name] for name in ("kind", "labels", "unit", "series")}


@register.filter
def table_rows(rows) -> SafeString:
    """``{{ chart.rows|table_rows }}``: rows of ready words, the first a head and the others figures."""
    return tables.figure_rows(rows)


@register.simple_tag
def icon(name: str, extra: str = "", label: str = "") -> SafeString:
    """``{% icon "package" %}``: an icon of the sprite; with ``label=`` it has a meaning of its own."""
    return display.icon(name, extra, label)


@register.simple_tag(takes_context=True)
def moment(context, at, style: str = "short") -> SafeString:
    """``{% moment order.placed_at %}``: in the shop's zone, the exact instant in its title (short, date, time, ago, zoned)."""
    return display.moment(at, style=style, **place_of(context))


@register.simple_tag(takes_context=True)
def deadline_badge(context, deadline, labelled: bool = True) -> SafeString:
    """``{% deadline_badge deadline %}``: what is left of a ``Deadline``, or how it ended."""
    return display.deadline(deadline, labelled=labelled, **place_of(context))


@register.simple_tag(takes_context=True)
def due_badge(context, at, label: str = "") -> SafeString:
    """``{% due_badge package.ship_by _("Ship by") %}``: the same from a plain moment; nothing for no moment."""
    return display.due(at, label=label, **place_of(context)) if at else SafeString("")


@register.simple_tag(takes_context=True)
def list_table(context, columns, rows, form: str = "bulk") -> SafeString:
    """``{% list_table columns rows %}``: the table of a list from plain values (``seller_center/list_table.py``)."""
    return tables.list_table(columns, rows, _place_with_token(context), form=form)


@register.simple_tag(takes_context=True)
def list_row(context, columns, row, form: str = "bulk") -> SafeString:
    """``{% list_row columns row %}``: one row of it, for a partial answer."""
    return tables.list_row(columns, row, _place_with_token(context), form=form)


def _place_with_token(context) -> dict:
    """When and where the table is read, and the token of the small forms in its rows (read only where there is one)."""
    place = tables.PlaceWithForms(place_of(context))
    place.csrf = context.get("csrf_token", "")
    return place


@register.simple_tag(takes_context=True)
def active(context, section: str) -> SafeString:
    """``{% active "orders" %}``: marks a link as the section one is in (for screen readers and for the eye)."""
    frame = context.get("frame")
    here = context.get("page_section") or (frame.section if frame else "")
    return SafeString(' aria-current="page"') if str(here).strip() == section else SafeString("")


@register.simple_tag(takes_context=True)
def frame_part(context, name: str) -> SafeString:
    """``{% frame_part "top" %}``: a part of the frame, remembered while nothing in it changes."""
    return frame_html.part(name, context.get("frame"), context)


@register.simple_tag
def staff_heads(cl, headers) -> list[dict]:
    """``{% staff_heads cl result_headers as heads %}``: the heads of a list of the admin, each in words, figures right."""
    return [_staff_head(cl, name, header) for name, header in zip(cl.list_display, headers, strict=True)]


def _staff_head(cl, name, header: dict) -> dict:
    if name == "action_checkbox":
        return header
    words = str(cl.model_admin.title_of(name) or header["text"])
    right = getattr(name, "right", False)
    attributes = SafeString(header["class_attrib"].replace('class="', 'class="num ', 1))
    found = {**header, "text": words[:1].upper() + words[1:], "right": right}
    return {**found, "class_attrib": attributes} if right else found


#: Columns whose words are states: they carry the tone of the state, as on every other screen.
STATES = {"status", "fulfilment_status"}
#: The words of a cell that holds nothing else.
WORDS = re.compile(r">([^<>]+)</td>$")


@register.simple_tag
def staff_rows(cl, rows, headers) -> list[SafeString]:
    """``{% staff_rows cl results heads as rows %}``: the rows of a list of the admin: each cell with its column's name,
    states in their tones."""
    places = [(place, name) for place, name in enumerate(cl.list_display) if name in STATES]
    noun = cl.opts.model_name
    told = []
    for row, cells in zip(cl.result_list, rows, strict=True):
        toned = list(cells)
        for place, name in places:
            tone = state_of(getattr(row, name), noun).tone
            toned[place] = WORDS.sub(rf'><span class="state state-{tone}">\1</span></td>', toned[place])
        told.append(SafeString("".join(map(_labelled, toned, headers))))
    return told


#: A cell that is a code, as a link or as it is. Django has made the cell, so that its text cannot be told apart earlier.
WHOLE_CODE = re.compile(rf">(\s*)({display.CODES.pattern})<", re.ASCII)


def _labelled(cell: str, header: dict) -> str:
    # Django has made the cell: ``<td class="…">`` or ``<th class="…">``; the first column is named by what it holds.
    cell = WHOLE_CODE.sub(r'>\1<span class="code">\2</span><', cell)
    if header.get("right"):
        cell = cell.replace('class="', 'class="num ', 1)
    if cell.startswith("<td") and "action-checkbox" not in cell[:40]:
        return f'<td data-label="{escape(header["text"])}"{cell[3:]}'
    return cell


@register.simple_tag
def avatar(name: str, image: str = "", size: str = "") -> SafeString:
    """A person or shop as a picture, or as their initials."""
    classes = f"face face-{size}" if size else "face"
    if image:
        return format_html('<img class="{}" src="{}" alt="" loading="lazy">', classes, image)
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, display.initials(str(name)))


class CaptureNode(template.Node):
    """Renders its body into a variable."""

    def __init__(self, name: str, nodelist: template.NodeList):
        self.name, self.nodelist = name, nodelist

    def render(self, context) -> str:
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return ""


@register.tag
def capture(parser, token) -> CaptureNode:
    """``{% capture page_name %}…{% endcapture %}``: renders into a variable, so that a block can show in two places."""
    try:
        _tag, name = token.split_contents()
    except ValueError:
        raise template.TemplateSyntaxError("capture takes one name.") from None
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(name, nodelist)


class ComponentNode(template.Node):
    """A template of ``templates/components/`` with exactly the parameters it was given."""

    KEPT = ("request", "frame", "csrf_token", "shop")

    def __init__(self, name, options: dict):
        self.name, self.options = name, options

    def render(self, context) -> str:
        component, given = self.name.resolve(context), {}
        if component not in frame_html.REMEMBERED:
            given = {name: context[name] for name in self.KEPT if name in context}
        given.update((name, value.resolve(context)) for name, value in self.options.items())
        if component in frame_html.REMEMBERED:
            return frame_html.component(component, given, context)
        found = context.template.engine.get_template(f"components/{component}.html")
        return found.render(context.new(given))


@register.tag
def component(parser, token) -> ComponentNode:
    """``{% component "deed" url=ship_url button=_("Ship") %}``: a component; nothing of the page leaks into it."""
    bits = token.split_contents()[1:]
    if not bits:
        raise template.TemplateSyntaxError("component takes the name of a component.")
    name = parser.compile_filter(bits.pop(0))
    options = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"component does not know {bits}; write name=value.")
    return ComponentNode(name, options)


class PanelNode(template.Node):
    """A card with a heading around its body."""

    def __init__(self, options: dict, nodelist: template.NodeList):
        self.options, self.nodelist = options, nodelist

    def render(self, context) -> str:
        given = {name: value.resolve(context) for name, value in self.options.items()}
        title, actions, ident = given.get("title", ""), given.get("actions", ""), given.get("id", "")
        head = ""
        if title:
            hint = format_html('<p class="panel-hint">{}</p>', given["hint"]) if given.get("hint") else ""
            more = format_html('<div class="panel-actions">{}</div>', actions) if actions else ""
            head = format_html('<div class="panel-head"><div><h2>{}</h2>{}</div>{}</div>', title, hint, more)
        classes = "panel panel-flush" if given.get("flush") else "panel"
        return format_html(
            '<section class="{}"{}>{}<div class="panel-body">{}</div></section>',
            classes,
            format_html(' id="{}"', ident) if ident else "",
            head,
            SafeString(self.nodelist.render(context)),
        )


@register.tag
def panel(parser, token) -> PanelNode:
    """``{% panel title=_("Packages") hint="…" actions=html id="packages" flush=True %}…{% endpanel %}``: a card."""
    bits = token.split_contents()[1:]
    options = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"panel does not know {bits}.")
    nodelist = parser.parse(("endpanel",))
    parser.delete_first_token()
    return PanelNode(options, nodelist)
