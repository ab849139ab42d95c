"""Just enough HTTP/1.1 for the sandbox: requests with a Content-Length, kept-alive connections, JSON answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

BODY_LIMIT = 4 * 1024 * 1024
IDLE_SECONDS = 75


class Refused(Exception):
    """The request is answered with an error and has changed nothing."""

    def __init__(self, status: int, code: str, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = {"error": code, "sentence": sentence, **facts}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        try:
            body = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refused(400, "not_json", "The body is not JSON.") from error
        if not isinstance(body, dict):
            raise Refused(400, "not_json", "The body must be a JSON object.")
        return body


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @classmethod
    def of(cls, status: int, body: dict) -> "Answer":
        return cls(status, json.dumps(body).encode())


Handler = Callable[[Request], Awaitable[Answer | None]]
"""Answers a request; None closes the connection without a word."""


async def start_server(handler: Handler, host: str, port: int) -> asyncio.Server:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _exchange(reader, writer, handler):
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(converse, host, port, limit=32 * 1024)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> bool:
    """One request and its answer; whether the connection stays open."""
    try:
        async with asyncio.timeout(IDLE_SECONDS):
            request = await _read(reader)
    except Refused as refusal:
        await _send(writer, Answer.of(refusal.status, refusal.body))
        return False
    answer = await handler(request)
    if answer is None:
        return False
    await _send(writer, answer)
    return request.headers.get("connection", "").lower() != "close"


async def _read(reader: asyncio.StreamReader) -> Request:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.LimitOverrunError as error:
        raise Refused(431, "head_too_long", "The request's head is too long.") from error
    first, *lines = head.rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length", "0")
    if len(words) != 3 or not length.isdecimal():
        raise Refused(400, "not_http", "This is not a request.")
    if "transfer-encoding" in headers:
        raise Refused(411, "length_required", "Send the body with a Content-Length.")
    if int(length) > BODY_LIMIT:
        raise Refused(413, "body_too_long", "The body is too long.")
    target = urlsplit(words[1])
    body = await reader.readexactly(int(length))
    return Request(words[0], target.path, dict(parse_qsl(target.query)), headers, body)


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    status = HTTPStatus(answer.status)
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(answer.body)}\r\n\r\n"
    )
    writer.write(head.encode() + answer.body)
    await writer.drain()


async def post(url: str, body: bytes, headers: dict[str, str], *, seconds: float) -> int:
    """Send a body and return the status of the answer; raises OSError or TimeoutError when there is none."""
    target = urlsplit(url)
    secure = target.scheme == "https"
    async with asyncio.timeout(seconds):
        reader, writer = await asyncio.open_connection(
            target.hostname, target.port or (443 if secure else 80), ssl=secure or None
        )
        try:
            all_headers = {"Host": target.netloc, "Content-Length": str(len(body)), "Connection": "close", **headers}
            head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
            writer.write(f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode() + body)
            await writer.drain()
            words = (await reader.readline()).split(b" ")
        finally:
            writer.close()
    if len(words) < 2 or not words[1].isdigit():
        raise ConnectionError("the answer is not HTTP")
    return int(words[1])
