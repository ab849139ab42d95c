"""What the log says of an answer that is no fault."""

import io
import logging

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.log import log_response

from seller_center.logs import logging_config


@pytest.fixture
def log():
    """A log of its own with the console's formatter and filters."""
    config = logging_config("INFO", "text", quiet=True)
    formatter = config["formatters"]["line"]
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(formatter["()"](**{name: value for name, value in formatter.items() if name != "()"}))
    for name in config["handlers"]["console"]["filters"]:
        handler.addFilter(config["filters"][name]["()"]())
    log = logging.Logger("django.request")
    log.addHandler(handler)
    return log


def told(log, status: int) -> None:
    """As Django's handler tells of an exception that it made an answer of."""
    try:
        raise PermissionDenied("Your role in this shop does not allow this.")
    except PermissionDenied as error:
        answer = HttpResponse(status=status)
        log_response("Refused: %s", "/s/ABCD/finance/", response=answer, logger=log, exception=error)


def test_a_refusal_takes_one_line(log):
    told(log, 403)
    (line,) = log.handlers[0].stream.getvalue().splitlines()
    assert "Refused: /s/ABCD/finance/" in line


def test_a_fault_keeps_its_traceback(log):
    told(log, 500)
    written = log.handlers[0].stream.getvalue()
    assert "Refused: /s/ABCD/finance/" in written
    assert "Traceback" in written


def test_the_console_is_set_up_so():
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["refusals"]
