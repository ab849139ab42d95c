"""Text: what people write is shown, what it could do is not."""

from collections import Counter
from html.parser import HTMLParser

import pytest
from django.utils.safestring import SafeString
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seller_center.kernel import text
from seller_center.kernel.text import MAX_SIGNS, markdown_from_html, rarest_first, render_markdown
from tests.dice import SEED
from tests.figures import at_figures

# -- Markdown to the page ---------------------------------------------------------------------------------------------


def test_it_renders_what_people_write():
    html = render_markdown(
        "# Big\n\nA **bold** *move*, ~~not~~ so.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    assert isinstance(html, SafeString)
    assert "<h3>Big</h3>" in html, "the page has its own h1 and h2"
    assert "<strong>bold</strong>" in html
    assert "<li>one</li>" in html
    assert "<td>1</td>" in html


def test_its_links_vouch_for_nothing():
    html = render_markdown("[here](https://example.com/a?b=1 'there')")
    assert 'href="https://example.com/a?b=1"' in html
    assert 'rel="noopener noreferrer nofollow ugc"' in html


@pytest.mark.parametrize(
    "target", ["/accounts/logout/", "//evil.example", "orders/", "?delete=1", "#x", "\\\\evil.example"]
)
def test_it_links_nowhere_into_our_own_pages(target):
    assert "href" not in render_markdown(f"[x]({target})")


def test_html_is_shown_as_text():
    assert render_markdown("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "![x](https://tracker.example/p.png)",
    "![x](javascript:alert(1))",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '[x](https://example.com/"onmouseover="alert(1))',
    '[x](https://example.com "t" onclick="alert(1)")',
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "<style>*{display:none}</style>",
    "<iframe src=https://example.com>",
    "<form action=https://example.com><input name=p></form>",
    "\u0000<script>",
    "<!--><script>alert(1)</script>-->",
    "<details open ontoggle=alert(1)>",
]
ALIVE = ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<input", "<details", "<math", 'href="javascript')
ALIVE += ('href="data', 'href="vbscript', 'href="file')


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_comes_alive(attack):
    for html in (render_markdown(attack), render_markdown(markdown_from_html(attack))):
        assert not [word for word in ALIVE if word in html.lower()]
        # handlers survive at most as text, never inside a tag
        inside = [part.split(">")[0] for part in html.split("<")[1:]]
        assert not [tag for tag in inside if " on" in tag and "href" not in tag]


#: Pieces of documents: what people write, what attackers write, and what makes parsers disagree.
PIECES = (
    *ATTACKS,
    *(
        "# ",
        "\n\n",
        "\n",
        "- ",
        "1. ",
        "> ",
        "    ",
        "\t",
        "```",
        "`",
        "~~",
        "**",
        "_",
        "|",
        "|---|---|\n",
        "---",
        "[x]: ",
    ),
    *("</", "<!--", "-->", "<![CDATA[", "]]>", "<?php ", "<!DOCTYPE", "&lt;", "&#60;", "&#x3c;", "&amp;lt;", "\\"),
    *("<p>", "</p>", "<table>", "<td>", "<svg>", "<math>", "<style>", "<title>", "<noscript>", "<template>", "<xmp>"),
    *(" href=", " onclick=", " style=", "'", '"', "`", "=", "/", ">", "javascript:", "data:", "https://example.com/"),
    *("\u0000", "\u202e", "\u2028", "\ufeff", "\u00a0", "\U0001f600", "\u212a", "\u017f", "\r"),
)
DOCUMENTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=25).map("".join)


class Seen(HTMLParser):
    """Every element, attribute and link of a page, as a browser's parser would meet them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.tags = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        self.tags += 1
        if tag not in KNOWN:
            self.faults.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, ()):
                self.faults.append(f"{tag} {name}")
            if name == "href" and not (value or "").lower().startswith(("https://", "http://", "mailto:")):
                self.faults.append(f"href {value}")

    def handle_comment(self, data) -> None:
        self.faults.append("comment")

    def handle_decl(self, decl) -> None:
        self.faults.append("declaration")

    handle_pi = unknown_decl = handle_decl


KNOWN = {
    *("p", "br", "hr", "strong", "em", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title", "rel"}, "ol": {"start"}}


@at_figures("documents", 1_000, deep=20_000)
def test_any_document_renders_to_what_is_allowed_and_stays_as_it_is(figure, documents):
    """K2: nothing but the list, whatever is written or imported; cleaning what is clean changes nothing."""
    counted = Counter()

    @seed(SEED)
    @settings(max_examples=documents, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(DOCUMENTS)
    def look(document: str) -> None:
        shown = render_markdown(document)
        imported = render_markdown(markdown_from_html(document))
        for html in (shown, imported):
            seen = Seen(html)
            assert seen.faults == []
            assert text._clean(html, text._TAGS) == html
            counted["tags"] += seen.tags
        counted["documents"] += 1

    look()
    figure("K2", "documents", counted["documents"])
    assert counted["documents"] >= documents
    assert counted["tags"] >= documents


def test_control_without_cleaning_and_without_escaping_attacks_come_alive(monkeypatch):
    """Each of the two guards alone is enough; with both away the same look finds what it looks for."""
    bare = MarkdownIt("commonmark", {"html": True})
    bare.validateLink = lambda url: True
    assert not any(Seen(render_markdown(attack)).faults for attack in ATTACKS)
    monkeypatch.setattr(text, "_markdown", lambda: bare)
    text._remembered.cache_clear()
    assert not any(Seen(render_markdown(attack)).faults for attack in ATTACKS), "what nh3 cleans is clean"
    monkeypatch.setattr(text, "_clean", lambda html, tags: html)
    text._remembered.cache_clear()
    assert sum(bool(Seen(render_markdown(attack)).faults) for attack in ATTACKS) >= len(ATTACKS) // 2
    text._remembered.cache_clear()


def test_too_much_text_is_cut():
    assert len(render_markdown("x" * (MAX_SIGNS + 10))) < MAX_SIGNS + 20
    assert render_markdown("") == render_markdown(None) == ""


# -- imported HTML to Markdown ----------------------------------------------------------------------------------------


def test_it_keeps_the_words_of_an_imported_description():
    text = markdown_from_html(
        "<h1>Road bike</h1><p>Light &amp; <b>fast</b>,&nbsp;see <a href='https://example.com'>here</a>.</p>"
        "<ul><li>one</li><li>two</li></ul><table><tr><th>a</th></tr><tr><td>1</td></tr></table>"
    )
    assert text.startswith("# Road bike\n\nLight & **fast**, see [here](https://example.com).\n\n- one\n- two")
    assert "| a |" in text
    assert "<td>1</td>" in render_markdown(text)


def test_it_drops_scripts_styles_pictures_and_layout():
    text = markdown_from_html(
        "<style>p{color:red}</style><script>alert(1)</script><div class='x' style='color:red'><p>Words</p>"
        "<img src='https://tracker.example/p.png' alt='pic'><font color=red>more</font></div>"
    )
    assert "Words" in text
    assert "more" in text
    assert not [word for word in ("alert", "color", "tracker", "<", "div") if word in text]


def test_it_leaves_no_heaps_of_empty_lines():
    assert "\n\n\n" not in markdown_from_html("<p>a</p>" + "<br>" * 20 + "<p>b</p>")
    assert markdown_from_html("") == markdown_from_html(None) == markdown_from_html("<p> </p>") == ""


def test_plain_text_stays_plain_text():
    assert markdown_from_html("just words") == "just words"
    assert render_markdown(markdown_from_html("5 * 3 _x_ AT&amp;T")) == "<p>5 * 3 _x_ AT&amp;T</p>\n"


def test_a_search_asks_for_the_rarest_word_first():
    assert rarest_first(["BUYER", "319EB5"]) == ["319EB5", "BUYER"]
    assert rarest_first(["LI", "ANNEMARIE", "OF"]) == ["ANNEMARIE", "LI", "OF"]
    assert rarest_first([]) == []


@pytest.mark.parametrize(("bp", "words"), [(600, "6%"), (725, "7.25%"), (0, "0%"), (10_000, "100%")])
def test_a_rate_is_written_as_in_the_market(bp, words):
    assert text.percent(bp) == words
