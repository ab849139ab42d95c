"""The resiliency matrix: what is broken (rows of ``MATRIX``) against what people do, and what happens then (row E7).

The one declaration of it: ``tests.proof.test_resiliency`` tries its cells, docs/mechanisms/resiliency.md shows it.
`python -m tests.proof.matrix` prints that page's table.
"""

import dataclasses
import itertools
from collections.abc import Iterator

WORKS, LATER, REFUSED = "works", "later", "refused"
DOWN, SLOW, GARBAGE = "down", "slow", "garbage"


#: The columns, in the order of a life; each is a journey of ``tests.proof.lives``.
JOURNEYS = (
    "log in",
    "log in by code",
    "see orders",
    "check out",
    "pay",
    "ship",
    "buy a label",
    "picture",
    "KYC paper",
    "refund",
    "payout run",
    "see payouts",
    "coupon",
    "ticket",
    "message",
    "CSV in",
    "CSV out",
    "partner API",
    "admin",
)


@dataclasses.dataclass(frozen=True)
class Service:
    """A row: where it is broken, how (``modes``), and what each journey does that is not simply ``rest``.

    An empty cell says that the journey cannot meet the service.
    """

    name: str
    place: str
    modes: tuple[str, ...] = (DOWN, SLOW, GARBAGE)
    rest: str = WORKS
    cells: dict[str, str | dict[str, str]] = dataclasses.field(default_factory=dict)
    #: Seconds before each piece of an answer when it is slow.
    latency: float = 5.0
    words: str = ""

    def cell(self, journey: str, mode: str) -> str:
        """What the journey does then."""
        found = self.cells.get(journey, self.rest)
        return found.get(mode, self.rest) if isinstance(found, dict) else found


MATRIX = (
    Service(
        "PostgreSQL, gone or senseless",
        "database",
        modes=(DOWN, GARBAGE),
        rest=REFUSED,
        cells={"payout run": ""},
        words="503 with a time to come back; nothing is half done",
    ),
    Service(
        "PostgreSQL, slow",
        "database",
        modes=(SLOW,),
        cells={"payout run": ""},
        latency=0.02,
        words="pages take as long as their questions do",
    ),
    Service(
        "Valkey (broker and cache)",
        "valkey",
        words="pages come from the database, limits count there, events are delivered by the sweep",
    ),
    Service(
        "Celery workers and beat",
        "workers",
        modes=(DOWN,),
        words="what follows a deed follows when they are back",
    ),
    Service(
        "SMTP",
        "mail",
        cells={"log in by code": {DOWN: REFUSED, GARBAGE: REFUSED}},
        latency=1.0,
        words="mails are tried again; a code by mail cannot be had, a password still can",
    ),
    Service(
        "Payment provider",
        "neighbour",
        cells={"pay": {DOWN: REFUSED, GARBAGE: LATER}, "buy a label": "", "payout run": ""},
        words="nobody is charged twice: what is unclear is asked about, refunds are sent when it is back",
    ),
    Service(
        "Carrier",
        "neighbour",
        cells={"buy a label": {DOWN: REFUSED, GARBAGE: REFUSED}, "pay": "", "payout run": ""},
        words="a number of one's own can always be typed in",
    ),
    Service(
        "Bank",
        "neighbour",
        cells={"payout run": {DOWN: LATER, GARBAGE: LATER}, "buy a label": "", "pay": ""},
        words="a payout is sent when it answers; one that is unclear is asked about and never sent again",
    ),
    Service(
        "Media store",
        "media",
        modes=(DOWN,),
        cells={"picture": REFUSED, "KYC paper": REFUSED, "CSV in": REFUSED},
        words="no file is taken, and none is half taken",
    ),
)


def cells() -> Iterator[tuple[Service, str, str]]:
    """Every cell that says something, in each of its modes."""
    for service, journey in itertools.product(MATRIX, JOURNEYS):
        yield from ((service, journey, mode) for mode in service.modes if service.cell(journey, mode))


# -- the page -----------------------------------------------------------------------------------------------------------

TOLD = {"": "–", WORKS: "works", LATER: "works later", REFUSED: "**refused in words**"}


def told(service: Service, journey: str) -> str:
    """A cell as the page shows it: one word, or one for each way of being broken."""
    by_mode = {mode: TOLD[service.cell(journey, mode)] for mode in service.modes}
    if len(set(by_mode.values())) == 1:
        return next(iter(by_mode.values()))
    return "<br>".join(f"{mode}: {word}" for mode, word in by_mode.items())


def table() -> str:
    """The matrix in Markdown: a line for each journey, a column for each service."""
    lines = [f"| | {' | '.join(service.name for service in MATRIX)} |", f"|---|{'---|' * len(MATRIX)}"]
    lines += [f"| {journey} | {' | '.join(told(service, journey) for service in MATRIX)} |" for journey in JOURNEYS]
    return "\n".join(lines)


def notes() -> str:
    """What a row means, in a line each."""
    return "\n".join(f"- **{service.name}**: {service.words}." for service in MATRIX)


if __name__ == "__main__":
    print(f"{table()}\n\n{notes()}")
