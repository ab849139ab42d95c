"""Telling the product: which callbacks are owed, and the postman who delivers them, signed.

Signatures are Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The id is the happening's, so
that a repeated delivery is recognised; the timestamp is real time, whatever the sandbox's clock says.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
import time
from collections import deque
from dataclasses import dataclass

from sandbox import web
from sandbox.world import Happening, World

DAY = 24 * 3600
LATE_SECONDS = DAY
TRIES = 12
LONGEST_PAUSE = 60.0
ANSWER_SECONDS = 10.0
POSTMEN = 6
REFRESH_SECONDS = 0.25


def signing_key(secret: str) -> bytes:
    """The bytes that a secret stands for: `whsec_` and base64, or any other text for itself."""
    prefix, _, text = secret.partition("_")
    if prefix != "whsec":
        return secret.encode()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("What follows whsec_ in the secret is not base64.") from None


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


@dataclass(frozen=True)
class Callback:
    """One delivery that is owed. `name` is unique, `id` is shared by the deliveries of one happening."""

    name: str
    id: str
    service: str
    subject: str
    due_at: float
    body: dict
    signed: bool = True


class Outbox:
    """Which callbacks are owed: a fold of the happenings and of the deliveries made."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.owed: dict[str, Callback] = {}
        self.fresh: deque[Callback] = deque()
        self._held: dict[str, Callback | None] = {}
        world.on_happening = self.owe
        world.teach({"delivered": self._fold_delivered, "callback.forged": self._fold_forged})

    def owe(self, happening: Happening, scenario: tuple[str, ...]) -> None:
        if "no_callback" in scenario:
            return
        body = happening.as_json()
        if "wrong_amount" in scenario and "amount_minor" in body["data"]:
            body["data"] = body["data"] | {"amount_minor": body["data"]["amount_minor"] + 1}
        due_at = happening.at + (LATE_SECONDS if "late_callback" in scenario else 0)
        callback = Callback(happening.id, happening.id, happening.service, happening.subject, due_at, body)
        if "reorder" in scenario and happening.subject not in self._held:
            self._held[happening.subject] = callback
            return
        self._add(callback)
        if held := self._held.get(happening.subject):
            self._held[happening.subject] = None
            self._add(held)
        if "duplicate" in scenario:
            self._add(Callback(**vars(callback) | {"name": f"{callback.name}#2"}))

    def _add(self, callback: Callback) -> None:
        self.owed[callback.name] = callback
        self.fresh.append(callback)

    def _fold_forged(self, fact: dict, at: float) -> None:
        callback = fact["callback"]
        self._add(Callback(**callback, due_at=at))

    def delivered(self, callback: Callback) -> None:
        self.world.write([{"kind": "delivered", "name": callback.name}])

    def _fold_delivered(self, fact: dict, at: float) -> None:
        self.owed.pop(fact["name"], None)


class Postman:
    """Delivers what is owed, in order for each subject, at least once.

    A refused or failed delivery is repeated after 1, 2, 4 … 60 seconds of real time; after twelve it is dropped (and
    can still be polled). Until a callback base is known, everything waits.
    """

    def __init__(self, outbox: Outbox, *, key: bytes, base: str) -> None:
        self.outbox = outbox
        self.key = key
        self.base = base
        self._lanes: dict[str, deque[Callback]] = {}
        self._resting: dict[str, float] = {}
        self._busy: set[str] = set()
        self._tries: dict[str, int] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()

    async def work(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(POSTMEN):
                group.create_task(self._carry())
            while True:
                self.outbox.world.ripen()
                self.look()
                await asyncio.sleep(REFRESH_SECONDS)

    def look(self) -> None:
        """Take over what is newly owed, and wake the lanes whose next callback is due."""
        while self.outbox.fresh:
            callback = self.outbox.fresh.popleft()
            if callback.name in self.outbox.owed:
                self._lanes.setdefault(callback.subject, deque()).append(callback)
        if not self.base:
            return
        now, real_now = self.outbox.world.now(), time.monotonic()
        for subject, lane in self._lanes.items():
            due = lane[0].due_at <= now and self._resting.get(subject, 0.0) <= real_now
            if due and subject not in self._busy:
                self._busy.add(subject)
                self._ready.put_nowait(subject)

    async def _carry(self) -> None:
        while True:
            subject = await self._ready.get()
            lane = self._lanes[subject]
            while lane and lane[0].due_at <= self.outbox.world.now() and self.base:
                if not await self._deliver(lane[0]):
                    break
                lane.popleft()
            if not lane:
                del self._lanes[subject]
                self._resting.pop(subject, None)
            self._busy.discard(subject)

    async def _deliver(self, callback: Callback) -> bool:
        """Whether the callback is done with; else its lane rests for a while."""
        if await self._accepted(callback):
            self.outbox.delivered(callback)
            self._tries.pop(callback.name, None)
            return True
        tries = self._tries[callback.name] = self._tries.get(callback.name, 0) + 1
        if tries >= TRIES:
            self.outbox.delivered(callback)
            return True
        self._resting[callback.subject] = time.monotonic() + min(2.0 ** (tries - 1), LONGEST_PAUSE)
        return False

    async def _accepted(self, callback: Callback) -> bool:
        body = json.dumps(callback.body, separators=(",", ":")).encode()
        timestamp = int(time.time())
        key = self.key if callback.signed else b"somebody else's key"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": callback.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(key, callback.id, timestamp, body),
        }
        url = f"{self.base.rstrip('/')}/callbacks/{callback.service}/"
        try:
            status = await web.post(url, body, headers, seconds=ANSWER_SECONDS)
        except (OSError, TimeoutError, ValueError):
            return False
        return 200 <= status < 300
