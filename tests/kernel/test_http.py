"""Outgoing HTTP: addresses that are never called, answers that are never believed, outcomes that are unknown."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from seller_center.kernel import http
from seller_center.kernel.errors import Invalid
from seller_center.kernel.http import AddressForbidden, HttpRefused, Unreachable

# -- a server that misbehaves on demand -------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        getattr(self, "answer_" + self.path.strip("/").split("?")[0].replace("/", "_"))()

    do_POST = do_GET

    def log_message(self, *args):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_echo(self):
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "method": self.command,
            "body": self.rfile.read(length).decode(),
            "headers": {name.lower(): value for name, value in self.headers.items()},
        }
        self.say(200, json.dumps(told).encode(), X_Told="yes")

    def answer_empty(self):
        self.say(204)

    def answer_refused(self):
        self.say(422, b'{"error": "no such account"}')

    def answer_refused_text(self):
        self.say(404, b"not here")

    def answer_redirect(self):
        self.say(302, Location="/echo")

    def answer_broken(self):
        self.say(503, b"sorry")

    def answer_garbage(self):
        self.say(200, b"<html>login</html>")

    def answer_big(self):
        self.say(200, b'"' + b"x" * 100_000 + b'"')

    def answer_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"{")
        self.close_connection = True

    def answer_hang(self):
        self.server.done.wait(20)

    def answer_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        try:
            while not self.server.done.wait(0.05):
                self.wfile.write(b"x")
                self.wfile.flush()
        except OSError:
            pass

    def answer_die(self):
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *args: None  # connections that tests cut on purpose
    server.done = threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.done.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def local(settings):
    settings.HTTP_ALLOW_LOCAL = True


# -- what works -------------------------------------------------------------------------------------------------------


def test_it_posts_json_and_reads_json(server):
    told = http.post_json(f"{server}/echo", {"amount": 5}, headers={"Idempotency-Key": "k1"})
    assert told["method"] == "POST"
    assert told["body"] == '{"amount":5}'
    assert told["headers"]["content-type"] == "application/json"
    assert told["headers"]["idempotency-key"] == "k1"
    assert told["headers"]["user-agent"] == http.USER_AGENT
    assert told["headers"]["accept-encoding"] == "identity"


def test_it_gets(server):
    assert http.get_json(f"{server}/echo")["method"] == "GET"
    assert http.get_json(f"{server}/empty") is None
    assert json.loads(http.get_bytes(f"{server}/echo"))["body"] == ""


def test_it_sends_exactly_these_bytes(server):
    answer = http.send(
        "POST", f"{server}/echo", content=b'{ "signed" :1}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status, answer.headers["x-told"]) == (200, "yes")
    assert answer.json()["body"] == '{ "signed" :1}'


def test_a_larger_answer_is_read_when_asked(server):
    assert len(http.get_json(f"{server}/big", max_bytes=200_000)) == 100_000


# -- what fails -------------------------------------------------------------------------------------------------------


def test_a_refusal_carries_status_and_body(server):
    with pytest.raises(HttpRefused) as refused:
        http.post_json(f"{server}/refused", {})
    assert (refused.value.status, refused.value.body) == (422, {"error": "no such account"})
    with pytest.raises(http.Refused) as refused:
        http.get_json(f"{server}/refused_text")
    assert (refused.value.status, refused.value.body) == (404, "not here")


def test_a_redirect_is_not_followed(server):
    with pytest.raises(HttpRefused) as refused:
        http.get_json(f"{server}/redirect")
    assert refused.value.status == 302


@pytest.mark.parametrize(
    ("path", "status"), [("broken", 503), ("garbage", 200), ("big", 200), ("cut", 200), ("die", None)]
)
def test_an_answer_that_cannot_be_relied_on_has_an_unknown_outcome(server, path, status):
    with pytest.raises(Unreachable) as unknown:
        http.post_json(f"{server}/{path}", {})
    assert unknown.value.sent is True
    assert unknown.value.status == status
    assert "127.0.0.1" not in str(unknown.value)


@pytest.mark.parametrize("path", ["hang", "drip"])
def test_patience_is_short(server, path):
    began = time.monotonic()
    with pytest.raises(Unreachable) as unknown:
        http.send("GET", f"{server}/{path}", connect_seconds=0.2, read_seconds=0.3)
    assert unknown.value.sent is True
    assert time.monotonic() - began < 5


def test_a_closed_port_was_never_reached():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(Unreachable) as unknown:
        http.post_json(f"http://127.0.0.1:{port}/", {})
    assert unknown.value.sent is False


def test_a_name_that_does_not_resolve_was_never_reached(monkeypatch):
    def nowhere(*args, **kwargs):
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(Unreachable) as unknown:
        http.get_json("https://nowhere.example/")
    assert unknown.value.sent is False


def test_no_proxy_of_the_environment_is_used(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert http.get_json(f"{server}/echo")["method"] == "GET"


# -- addresses (J4) ---------------------------------------------------------------------------------------------------

PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "169.254.0.1", "100.64.0.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::1"),
    *("::", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    *("::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2002:a9fe:a9fe::", "2001::7f00:1"),
    *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "2001:10::1", "2001:20::1", "100::1", "5f00::1"),
    *("3fff::1", "::ffff:0:127.0.0.1", "10.255.255.255", "192.168.255.255", "127.255.255.255"),
    *("::ffff:192.168.0.1", "::ffff:172.16.0.1", "fe80::ffff", "::ffff:0.0.0.0"),
]
#: What only the library's list knows.
LIBRARY_ONLY = {"192.88.99.1", "2001:20::1", "3fff::1"}
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]


class Listening:
    """Counts every attempt to open a connection, and lets none through."""

    def __init__(self, monkeypatch):
        self.attempts: list = []
        monkeypatch.setattr("urllib3.util.connection.create_connection", self._refuse)

    def _refuse(self, address, *args, **kwargs):
        self.attempts.append(address)
        raise OSError("no network in tests")


@pytest.fixture
def listening(monkeypatch):
    return Listening(monkeypatch)


def resolving_to(monkeypatch, *answers):
    """A name server that gives these addresses, one answer a question, the last one for ever."""
    left = list(answers)

    def getaddrinfo(host, port, *args, **kwargs):
        address = left.pop(0) if len(left) > 1 else left[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port or 443))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("by", ["name", "literal"])
def test_no_private_address_is_called(monkeypatch, settings, listening, address, by):
    settings.HTTP_ALLOW_LOCAL = False
    if by == "name":
        resolving_to(monkeypatch, address)
        url = "https://innocent.example/"
    else:
        url = f"https://[{address}]/" if ":" in address else f"https://{address}/"
    with pytest.raises(AddressForbidden):
        http.get_json(url)
    assert listening.attempts == []


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_called(monkeypatch, settings, listening, address):
    """The control: the filter does not refuse everything, and the connection goes to the address that was checked."""
    settings.HTTP_ALLOW_LOCAL = False
    resolving_to(monkeypatch, address)
    with pytest.raises(Unreachable):
        http.get_json("https://innocent.example/")
    assert [host.strip("[]") for host, __ in listening.attempts] == [address]


def test_a_name_server_cannot_answer_twice(monkeypatch, settings, listening):
    """Rebinding: public at the check, private at the connection."""
    settings.HTTP_ALLOW_LOCAL = False
    resolving_to(monkeypatch, "93.184.216.34", "127.0.0.1")
    with pytest.raises(Unreachable):
        http.get_json("https://innocent.example/")
    assert {host for host, __ in listening.attempts} == {"93.184.216.34"}


@pytest.mark.parametrize("address", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "fd12::1", "0.0.0.0"])
def test_local_means_loopback_and_nothing_else_private(monkeypatch, listening, address):
    resolving_to(monkeypatch, address)
    with pytest.raises(AddressForbidden):
        http.get_json("http://innocent.example/")
    assert listening.attempts == []


FORBIDDEN_URLS = [
    *("http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/"),
    *("example.com", "", "https://", "https:///path", "https://user@example.com/", "https://user:pw@example.com/"),
    *("https://example.com@127.0.0.1/", "https://example.com:0/", "https://example.com:22/", "https://example.com:25/"),
    *("https://example.com:80/", "https://example.com:99999/", "https://example.com:x/", " https://example.com/"),
    *(
        "https://exa mple.com/",
        "https://example.com/\r\nHost: x",
        "https://example.com\\@127.0.0.1/",
        "javascript:alert(1)",
    ),
    *(
        "https://[::1/",
        "data:text/plain,x",
        "https://\u0000/",
        "HTTPS:example.com",
        "https://example.com:-1/",
        "ws://example.com/",
    ),
]


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
def test_a_wrong_shape_is_refused_before_anything_is_resolved(monkeypatch, settings, listening, url):
    settings.HTTP_ALLOW_LOCAL = False
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: pytest.fail("nothing is to be resolved"))
    with pytest.raises(AddressForbidden) as refused:
        http.get_json(url)
    assert isinstance(refused.value, Invalid)
    assert listening.attempts == []


SPELLINGS = [
    *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://0/"),
    *("https://localhost/", "https://localhost./", "https://[::ffff:7f00:1]/", "https://[0:0:0:0:0:0:0:1]/"),
    *("https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://0x7f.1/", "https://017700000001/"),
]


@pytest.mark.parametrize("url", SPELLINGS)
def test_other_spellings_of_loopback_are_loopback(settings, listening, url):
    """Resolved by the system itself, as a connection would be."""
    settings.HTTP_ALLOW_LOCAL = False
    with pytest.raises((AddressForbidden, Unreachable)):
        http.get_json(url)
    assert listening.attempts == []


@pytest.fixture
def tls_server(server, tmp_path, monkeypatch):
    """The same server behind TLS, with a certificate for bank.example from an authority that we trust."""
    certificate, key, authority = certificate_for("bank.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked_for = []
    context.sni_callback = lambda connection, name, context: asked_for.append(name)
    tls = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tls.daemon_threads = True
    tls.handle_error = lambda *args: None
    tls.socket = context.wrap_socket(tls.socket, server_side=True)
    threading.Thread(target=tls.serve_forever, daemon=True).start()
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(authority))
    resolving_to(monkeypatch, "127.0.0.1")
    yield tls.server_port, asked_for
    tls.shutdown()
    tls.server_close()


def certificate_for(name, folder):
    """A certificate for one name, its key, and the authority, as files."""
    now = datetime.now(UTC)

    def certificate(subject, issuer, public, signing, *extensions):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(public.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectAlternativeName))
        return builder.sign(signing, hashes.SHA256())

    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    uses = dict.fromkeys(
        [
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ],
        False,
    )
    signs = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **uses)
    authority = certificate("Test", "Test", root, root, x509.BasicConstraints(ca=True, path_length=None), signs)
    ours = certificate(name, "Test", leaf, root, x509.SubjectAlternativeName([x509.DNSName(name)]))
    pem = serialization.Encoding.PEM
    files = folder / "certificate.pem", folder / "key.pem", folder / "authority.pem"
    files[0].write_bytes(ours.public_bytes(pem))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(leaf.private_bytes(pem, *plain))
    files[2].write_bytes(authority.public_bytes(pem))
    return files


def test_the_pinned_connection_asks_for_the_name_and_checks_it(tls_server):
    port, asked_for = tls_server
    told = http.get_json(f"https://bank.example:{port}/echo")
    assert asked_for == ["bank.example"]
    assert told["headers"]["host"] == f"bank.example:{port}"


def test_a_certificate_for_another_name_is_not_believed(tls_server):
    port, __ = tls_server
    with pytest.raises(Unreachable) as unknown:
        http.post_json(f"https://payments.example:{port}/echo", {})
    assert unknown.value.sent is False


def test_a_form_gets_the_sentence_on_its_field(settings):
    settings.HTTP_ALLOW_LOCAL = False
    with pytest.raises(AddressForbidden) as refused:
        http.check_address("http://example.com/", field="url")
    assert refused.value.field == "url"
    assert str(refused.value) == "This address cannot be called: it must be a public https address."
    http.check_address("https://hooks.example.com:8443/in?x=1", field="url")


def test_enough_addresses_were_tried():
    """J4 asks for 150 at least."""
    assert 2 * len(PRIVATE) + len(FORBIDDEN_URLS) + len(SPELLINGS) >= 150


@pytest.mark.parametrize("address", sorted({*PRIVATE} - LIBRARY_ONLY))
def test_the_strict_rule_alone_refuses_too(address):
    """Not only the library's list: our own rule on top of it."""
    assert not http.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_strict_rule_lets_public_addresses_pass(address):
    assert http.is_public(ipaddress.ip_address(address))
