"""Expected refusals: the one family of exceptions that a door translates into a sentence on the screen.

A refusal is defined beside the verb that speaks it, as a subclass of `DomainError`, and is caught by the door
(view, API, admin action, command, task). Every other exception is a bug or a fault and crashes loudly.
"""

from typing import Any


class DomainError(Exception):
    """The deed was understood and refused; nothing was changed.

    `message` is a sentence fit for the screen (it may be a lazy translation), `code` a word for machines
    (API, tests), `field` the name of the form field the sentence belongs to, if it belongs to one.
    A subclass may set `code`, `field` and `status` once for all its instances; `status` is the HTTP status
    of the answer.
    """

    status = 409
    code = ""
    field = ""

    def __init__(self, message: Any, *, code: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code
        if field:
            self.field = field

    def __str__(self) -> str:
        return str(self.message)


class Invalid(DomainError):
    """The input itself is wrong, whatever the state of things (HTTP 422).

    `row` and `column` say where, when the input was a table: `row` as a spreadsheet numbers it, the header being
    row 1; `column` is the name in the header or the number of the column.
    """

    status = 422
    code = "invalid"

    def __init__(
        self, message: Any, *, code: str = "", field: str = "", row: int | None = None, column: str = ""
    ) -> None:
        super().__init__(message, code=code, field=field)
        self.row = row
        self.column = column


class Stale(DomainError):
    """Somebody was faster (HTTP 409): the thing is no longer as the page showed it.

    `now` is the value found in the database, if one was looked up, so that the door can show how it stands now.
    """

    code = "stale"

    def __init__(self, message: Any, *, code: str = "", field: str = "", now: Any = None) -> None:
        super().__init__(message, code=code, field=field)
        self.now = now
