"""Text: what people write is shown, what it could do is not."""

import pytest
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from seller_center.kernel.text import MAX_SIGNS, markdown_from_html, render_markdown

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


@settings(max_examples=300, deadline=None, database=None)
@given(st.text("<>[]()!*_`\"'=&;:/ \nabcjavascriptonload#|-", max_size=80))
def test_any_text_renders_to_known_tags_only(text):
    import re

    tags = set(re.findall(r"</?([a-z0-9]+)", render_markdown(text)))
    assert tags <= {
        *("p", "br", "hr", "strong", "em", "s", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
        *("h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
    }


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
