"""The prepared first page of a list beside the page that is worked out from the same question."""

import pytest

from shops import lists


def same_page(which: lists.List, question: lists.Question, monkeypatch: pytest.MonkeyPatch, *, size: int) -> int:
    """Both give the same rows and the same way on. Returns how many rows."""
    assert which.first(question, size + 1) is not None
    quick, similar = lists.page(which, question, size=size)
    with monkeypatch.context() as without:
        without.setattr(which, "first", lambda *_asked: None)
        assert lists.page(which, question, size=size) == (quick, similar)
    return len(quick.rows)
