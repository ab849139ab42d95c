"""Text messages: to a file, to the screen, or to a provider over HTTP, as ``SMS_URL`` says.

``file:`` writes one file a message to DATA_DIR/sms; ``console:`` prints; ``https://token@host/path`` posts
``{"to": …, "text": …, "from": …}`` with the token as bearer to a provider or to a small adapter before one.
Empty: no text messages, and nobody is offered to log in with a phone number.
"""

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from seller_center.kernel import clock, http
from seller_center.kernel.errors import DomainError

log = logging.getLogger(__name__)

#: What the tests would have sent: pairs of number and text.
outbox: list[tuple[str, str]] = []


class SmsNotSent(DomainError):
    """The provider did not take the message."""


def send_sms(to: str, text: str) -> None:
    """Send a text to a number in E.164 form. Raises ``SmsNotSent``."""
    scheme = urlsplit(settings.SMS_URL).scheme
    if settings.TESTING and scheme != "https":
        outbox.append((to, text))
    elif scheme == "file":
        _to_file(to, text)
    elif scheme == "console":
        log.warning("SMS to %s: %s", to, text)
    else:
        _to_provider(to, text)


def _to_file(to: str, text: str) -> None:
    folder = settings.DATA_DIR / "sms"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{clock.real_now():%Y%m%d-%H%M%S-%f}.txt").write_text(f"To: {to}\n\n{text}\n")


def _to_provider(to: str, text: str) -> None:
    parts = urlsplit(settings.SMS_URL)
    address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        http.post_json(
            address,
            {"to": to, "text": text, "from": settings.SMS_FROM},
            headers={"Authorization": f"Bearer {parts.username or ''}"},
        )
    except (http.Refused, http.Unreachable) as error:
        log.error("The text message was not taken: %s", error)
        raise SmsNotSent(_("We cannot send text messages right now. Please try again in a few minutes.")) from error
