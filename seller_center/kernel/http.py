"""The only client for outgoing HTTP: https, public addresses, no redirects, short patience, small answers.

A name is resolved once, the address checked, and the connection made to that address (requests-hardened), so that a
name server cannot answer twice. `settings.HTTP_ALLOW_LOCAL` (refused in production) also allows http and loopback, for
the sandboxes. Two ways to fail: `HttpRefused`, the other side said no; `Unreachable`, whose outcome is unknown: whoever
moved money asks again by the same key and never sends twice.
"""

import ipaddress
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from requests_hardened import HTTPSession
from requests_hardened.config import Config
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.exceptions import HTTPError as TransportError

from .errors import Invalid

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
MAX_BYTES = 64 * 1024
USER_AGENT = "SellerCenter/1"


class Unreachable(Exception):
    """No answer that can be relied on. `sent` is False only where the request cannot have arrived.

    `status` is the HTTP status where there was one (5xx, or a body that was not what it should be).
    """

    def __init__(self, message: str, *, sent: bool, status: int | None = None) -> None:
        super().__init__(message)
        self.sent = sent
        self.status = status


class HttpRefused(Exception):
    """The other side answered with a status from 300 to 499: it understood and did nothing.

    `body` is its parsed JSON, or the text of its answer.
    """

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"the other side answered {status}")
        self.status = status
        self.body = body


#: The same under the shorter name, for `http.Refused`.
Refused = HttpRefused


class AddressForbidden(Invalid):
    """The address is not one that we call: not https, not public, or not an address at all."""

    code = "address_forbidden"

    def __init__(self, field: str = "") -> None:
        super().__init__(_("This address cannot be called: it must be a public https address."), field=field)


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: status 200 to 299, headers with lower-case names, the body."""

    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        """The body as JSON, None if it is empty; raises ValueError."""
        return json.loads(self.content) if self.content else None


def get_json(url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int = MAX_BYTES, **options: Any) -> Any:
    """GET; the answer's JSON. Raises `HttpRefused`, `Unreachable`, `AddressForbidden`."""
    return _json(send("GET", url, headers=headers, max_bytes=max_bytes, **options))


def post_json(
    url: str, body: Any, *, headers: Mapping[str, str] | None = None, max_bytes: int = MAX_BYTES, **options: Any
) -> Any:
    """POST a JSON body; the answer's JSON. A retry of something that must happen once carries its key in `headers`."""
    content = json.dumps(body, separators=(",", ":")).encode()
    told = {"Content-Type": "application/json", **(headers or {})}
    return _json(send("POST", url, content=content, headers=told, max_bytes=max_bytes, **options))


def get_bytes(
    url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int = MAX_BYTES, **options: Any
) -> bytes:
    """GET; the bytes of the answer (a label, a picture)."""
    return send("GET", url, headers=headers, max_bytes=max_bytes, **options).content


def send(
    method: str,
    url: str,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    connect_seconds: float = CONNECT_SECONDS,
    read_seconds: float = READ_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """One request, exactly these bytes; the answer if its status is 200 to 299.

    `read_seconds` bounds the silence as well as the whole answer; a longer body than `max_bytes` is not read on.
    """
    check_address(url)
    told = {"Accept-Encoding": "identity", **(headers or {})}
    deadline = time.monotonic() + connect_seconds + read_seconds
    with _session() as session:
        try:
            response = session.request(
                method, url, data=content, headers=told, timeout=(connect_seconds, read_seconds), stream=True
            )
        except InvalidIPAddress:
            raise AddressForbidden from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError):
            raise AddressForbidden from None
        except requests.RequestException as error:
            raise Unreachable(_told(error), sent=_may_have_arrived(error)) from error
        with response:
            return _answer(response, max_bytes, deadline)


def check_address(url: str, *, field: str = "") -> None:
    """Refuse an address by its shape alone (nothing is resolved): for forms that take one. `AddressForbidden`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressForbidden(field) from None
    local = _local_allowed()
    if url != url.strip() or any(ord(sign) <= 32 or sign == "\\" for sign in url):
        raise AddressForbidden(field)
    if parts.scheme not in (("https", "http") if local else ("https",)) or not parts.hostname:
        raise AddressForbidden(field)
    if "@" in parts.netloc or port == 0 or (port is not None and port != 443 and port < 1024 and not local):
        raise AddressForbidden(field)


class _StrictAdapter(IPFilterAdapter):
    """The library's pinning and filter, and on top of its list everything that only looks like a public address."""

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> tuple[dict, dict]:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        address = ipaddress.ip_address(str(host_params["host"]).strip("[]"))
        if not (address.is_loopback and self._allow_loopback) and not is_public(address):
            raise InvalidIPAddress(address)
        return host_params, pool_kwargs


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address lies on the public internet, and hides no other address in it (mapped, 6to4, Teredo)."""
    if address.is_reserved or address.is_multicast or address.is_unspecified or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        return not (address.ipv4_mapped or address.sixtofour or address.teredo or address.is_site_local)
    return True


def session() -> HTTPSession:
    """A session with these limits (but for the size of an answer), for a package that brings its own client code."""
    return _session()


def _session() -> HTTPSession:
    config = Config(
        ip_filter_enable=True,
        ip_filter_allow_loopback_ips=_local_allowed(),
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        user_agent_override=USER_AGENT,
    )
    session = HTTPSession(config)
    for scheme in ("https", "http"):
        session.mount(f"{scheme}://", _StrictAdapter(is_https_proto=scheme == "https", allow_loopback=_local_allowed()))
    session.trust_env = False
    return session


def _local_allowed() -> bool:
    return bool(getattr(settings, "HTTP_ALLOW_LOCAL", False))


def _answer(response: requests.Response, max_bytes: int, deadline: float) -> Answer:
    content = _body(response, max_bytes, deadline)
    if 300 <= response.status_code < 500:
        raise HttpRefused(response.status_code, _readable(content))
    if not 200 <= response.status_code < 300:
        raise Unreachable(f"answered {response.status_code}", sent=True, status=response.status_code)
    return Answer(response.status_code, {name.lower(): value for name, value in response.headers.items()}, content)


def _body(response: requests.Response, max_bytes: int, deadline: float) -> bytes:
    """The body, at most `max_bytes` of it, before the deadline: a slow drip is cut as well."""
    content = bytearray()
    try:
        while chunk := response.raw.read1(16 * 1024, decode_content=False):
            content += chunk
            if len(content) > max_bytes:
                raise Unreachable(f"answered more than {max_bytes} bytes", sent=True, status=response.status_code)
            if time.monotonic() > deadline:
                raise Unreachable("answered too slowly", sent=True, status=response.status_code)
    except (TransportError, OSError) as error:
        raise Unreachable(_told(error), sent=True, status=response.status_code) from error
    return bytes(content)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise Unreachable("answered something that is not JSON", sent=True, status=answer.status) from None


def _readable(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode("utf-8", "replace")


def _may_have_arrived(error: requests.RequestException) -> bool:
    """Whether the other side may have got the request: not if no connection came about."""
    if isinstance(error, requests.ConnectTimeout):
        return False
    text = repr(error)
    never = (
        "NewConnectionError",
        "Failed to resolve",
        "NameResolutionError",
        "SSLCertVerificationError",
        "CertificateError",
    )
    return not (isinstance(error, requests.ConnectionError) and any(word in text for word in never))


def _told(error: Exception) -> str:
    """The kind of a failure, without addresses or bodies in it."""
    return type(error).__name__
