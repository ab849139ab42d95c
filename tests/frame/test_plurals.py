"""No sentence says “1 rows”: what stands before a word in the plural is counted, or is a limit that is never one."""

import ast
import re

import pytest

from seller_center.kernel.text import COUNTED, Count, counted
from shops.event_kinds import KINDS, sentence_of
from shops.models import ShopEvent
from tests.frame.test_templates import ROOT, TEMPLATES
from tests.test_house import FLOORS

#: Words in the plural that a number may stand before.
PLURALS = """
    accounts actions amounts appeals attempts buyers cases categories cells changes characters codes columns copies coupons
    days digits documents entries errors events fields files findings hours images imports items keys labels letters lines
    links lists members messages metrics minutes months names notices numbers options orders packages pages parcels payouts
    payments people persons photos pictures pieces pixels places points positions prices products questions refunds replies
    results returns reviews roles rows sales scans seconds sellers shops signs SKUs stars statements steps tickets times
    transfers units uses values variants versions visits warehouses weeks words years
"""
NOUN = rf"(?:{'|'.join(PLURALS.split())})\b"
PLURAL = rf"(?: [a-z]+)? {NOUN}"
#: Names of numbers that the code fixes above one.
LIMITS = "most|least|advised|years|limit"
IN_TEMPLATES = re.compile(rf"{{{{\s*(?!(?:{LIMITS})\b)\w+\s*}}}}{PLURAL}")
IN_CODE = re.compile(rf"(?:%\((?!{LIMITS})\w+\)[sd]|{{(?!{LIMITS})\w+}}){PLURAL}")
#: Outside of a translated sentence: ``{{ row.days }} days``, ``{{ row.days|number }} {% translate "days" %}``.
BESIDE = re.compile(rf"{{{{[^}}]*}}}}(?: {{% trans(?:late)? ['\"](?:[a-z]+ )?{NOUN}|{PLURAL})")
SENTENCE = re.compile(r"{%\s*blocktrans(?:late)?\b([^%]*)%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
COUNTS = re.compile(r"\bcount \w+=")
SAID = {"_", "gettext", "gettext_lazy", "gettext_noop"}


def slips_of_a_template(source: str) -> list[str]:
    """Sentences that are wrong for 1."""
    found = [body for head, body in SENTENCE.findall(source) if not COUNTS.search(head) and IN_TEMPLATES.search(body)]
    return found + [one.group() for one in BESIDE.finditer(SENTENCE.sub("", source))]


def slips_of_code(source: str) -> list[str]:
    """The same in what the code says."""
    calls = (one for one in ast.walk(ast.parse(source)) if isinstance(one, ast.Call))
    said = (one.args[0] for one in calls if getattr(one.func, "id", "") in SAID and one.args)
    return [one.value for one in said if isinstance(one, ast.Constant) and IN_CODE.search(str(one.value))]


def test_no_template_says_one_rows():
    found = {name: slips_of_a_template((ROOT / "templates" / name).read_text()) for name in TEMPLATES}
    assert {name: slips for name, slips in found.items() if slips} == {}


def test_no_sentence_of_the_code_says_one_rows():
    paths = [path for floor in (*FLOORS, "seller_center") for path in (ROOT / floor).rglob("*.py")]
    found = {str(path): slips_of_code(path.read_text()) for path in paths if "migrations" not in path.parts}
    assert {path: slips for path, slips in found.items() if slips} == {}


@pytest.mark.parametrize(
    ("source", "slips"),
    [
        ("{% blocktranslate with n=rows %}{{ n }} rows in all{% endblocktranslate %}", 1),
        ("{% blocktranslate with n=rows %}{{ n }} new products{% endblocktranslate %}", 1),
        ("{{ row.days }} days", 1),
        ('{{ row.days|number }} {% translate "more days" %}', 1),
        ("{% blocktranslate count n=rows %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}", 0),
        ('{% blocktranslate with rows=n|counted:"rows" %}{{ rows }} in all{% endblocktranslate %}', 0),
        ("{% blocktranslate %}at most {{ most }} rows{% endblocktranslate %}", 0),
    ],
)
def test_a_slip_of_a_template_is_seen(source, slips):
    assert len(slips_of_a_template(source)) == slips


@pytest.mark.parametrize(
    ("source", "slips"),
    [
        ('_("%(left)d units can be returned")', 1),
        ('event("x", sentence=_("{points} points are gone"))', 1),
        ('ngettext("%(n)d row", "%(n)d rows", n)', 0),
        ('_("%(left)s can be returned")', 0),
        ('_("at most %(most)d units")', 0),
        ('_("gone: {points:points}")', 0),
    ],
)
def test_a_slip_of_the_code_is_seen(source, slips):
    assert len(slips_of_code(source)) == slips


@pytest.mark.parametrize("what", COUNTED)
def test_it_counts_one_and_many(what):
    assert counted(1_838, what) == f"1,838 {what}"
    assert counted(1, what) != f"1 {what}"
    assert counted(1, what).startswith("1 ")
    assert f"{{n:{what}}}".format(n=Count(1)) == counted(1, what)


def test_what_happened_is_right_for_one_and_for_what_an_older_event_did_not_keep():
    for facts, words in (
        ({"rows": 1, "new": 1, "changed": 0, "refused": 0}, "Checked 1 row: 1 new, 0 changed, 0 refused."),
        ({"rows": 1_399, "new": 2, "changed": 0, "refused": 0}, "Checked 1,399 rows: 2 new, 0 changed, 0 refused."),
        ({"new": 2, "changed": 0, "refused": 0}, "Checked –: 2 new, 0 changed, 0 refused."),
    ):
        assert sentence_of(ShopEvent(kind="import.checked", subject_code="X", facts=facts)) == words


def test_what_happened_counts_with_a_noun():
    slips = re.compile(rf"{NOUN}: {{\w+}}", re.IGNORECASE)
    assert slips.search("{reason_words} (units: {quantity})")
    assert [kind.name for kind in KINDS.values() if slips.search(kind.sentence)] == []
    for kind, facts, words in (
        ("order.placed", {"unit_count": 1, "channel": "storefront"}, "1 unit ordered by way of the storefront."),
        ("picture.added", {"count": 4}, "Added 4 pictures."),
        (
            "return.requested",
            {"quantity": 2, "reason_words": "too small"},
            "The buyer asks to return 2 units: too small.",
        ),
    ):
        assert sentence_of(ShopEvent(kind=kind, subject_code="X", facts=facts)) == words
