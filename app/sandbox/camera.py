"""The sandbox camera: sends drawn plates at a rate, in a vendor's form, as badly as real cameras and networks do.

It speaks HTTP only and knows nothing of the server. Its clock may drift; it says things twice; its connection is cut in
the middle of a message, after which it sends the whole again, as firmware does. What it proves: every event that it has
told is answered with success in the end.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx

from app.sandbox.camera_forms import FORMS, Message
from app.sandbox.photographs import draw_photograph

NATIVE, SNAPSHOT = "native", "snapshot"
KINDS = (NATIVE, SNAPSHOT, *FORMS)
AT_ONCE = 8
TRIES = 6
LONGEST_WAIT_S = 30.0
PICTURES = 6
"""Photographs that are drawn; events beyond them use them again, with another time and number."""

_REGIONS, _SERIES = ("A", "B", "D", "F", "AB", "AD", "L", "N"), "ABCDEFGHJKLMNPRSTUVWXYZ"
_BOUNDARY = "loket-sandbox-camera"


@dataclass(frozen=True)
class Manner:
    """How the camera behaves. `rate` events a second (None: as fast as it goes); `drift` is its clock less the real one;
    `duplicates` and `cuts` are shares, 0 to 1. `violation` and `location` are what its native captures say."""

    kinds: tuple[str, ...] = KINDS
    count: int = 20
    rate: float | None = None
    drift: timedelta = timedelta()
    duplicates: float = 0.0
    cuts: float = 0.0
    seed: int = 0
    violation: str = "287-2-APILL"
    location: str = "Simpang contoh, Jakarta Pusat"


@dataclass(frozen=True)
class Door:
    """Where the camera knocks. With a key in the path every request stands below `/k/KEY`."""

    base_url: str
    key: str
    key_in_path: bool = False

    def path(self, path: str) -> str:
        """The path of a door, with the key in it if the camera can send no header."""
        return f"/k/{self.key}{path}" if self.key_in_path else path

    def headers(self, content_type: str) -> dict[str, str]:
        """The headers of a message."""
        return {"Content-Type": content_type, **({} if self.key_in_path else {"X-Api-Key": self.key})}


@dataclass
class Report:
    """What came of a run: events by kind, messages sent, repeated and cut, answers by status, events never taken."""

    events: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    repeated: int = 0
    cut: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    lost: int = 0


class SandboxCamera:
    """One camera; `client` may be given, so that tests need no port (cuts do)."""

    def __init__(self, door: Door, manner: Manner, client: httpx.AsyncClient) -> None:
        self._door, self._manner, self._client = door, manner, client
        self._chance = random.Random(manner.seed)  # noqa: S311 a simulation
        self._pictures: list[tuple[str, bytes]] = []
        self._run = f"{manner.seed}-{int(time.time())}"
        self.report = Report()

    async def run(self, *, told: Callable[[], None] = lambda: None) -> Report:
        """Send all events; `told` is called after each."""
        await asyncio.to_thread(self._draw)
        slots, started = asyncio.Semaphore(AT_ONCE), time.monotonic()

        async def one(number: int) -> None:
            try:
                await self._event(number)
            finally:
                slots.release()
                told()

        async with asyncio.TaskGroup() as group:
            for number in range(self._manner.count):
                due = started + number / self._manner.rate if self._manner.rate else started
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await slots.acquire()
                group.create_task(one(number))
        return self.report

    def _draw(self) -> None:
        for place in range(min(PICTURES, self._manner.count)):
            letters = "".join(self._chance.choice(_SERIES) for _ in range(self._chance.choice((2, 3))))
            plate = f"{self._chance.choice(_REGIONS)}{self._chance.randrange(1000, 9999)}{letters}"
            self._pictures.append((plate, draw_photograph(plate, seed=self._manner.seed * 1000 + place)))

    async def _event(self, number: int) -> None:
        kind = self._manner.kinds[number % len(self._manner.kinds)]
        plate, picture = self._pictures[number % len(self._pictures)]
        path, message = self._message(kind, number, plate, picture)
        self.report.events[kind] += 1
        # Before anything is awaited, so that the same seed misbehaves in the same way.
        cut, again = (self._chance.random() < share for share in (self._manner.cuts, self._manner.duplicates))
        if cut:
            await self._cut(path, message)
        if not await self._until_taken(path, message):
            self.report.lost += 1
        elif again:
            self.report.repeated += 1
            await self._until_taken(path, message)

    def _message(self, kind: str, number: int, plate: str, picture: bytes) -> tuple[str, Message]:
        at, event = datetime.now(UTC) + self._manner.drift, f"{self._run}-{number}"
        if kind == NATIVE:
            told = {
                "captured_at": at.isoformat(),
                "sent_at": at.isoformat(),
                "violation": self._manner.violation,
                "location": self._manner.location,
                "capture_id": event,
            }
            parts = [("image", "capture.jpg", picture), ("metadata", "metadata.json", json.dumps(told).encode())]
            return "/v1/anpr/captures", _multipart(parts)
        if kind == SNAPSHOT:
            return "/v1/plate-reader/", _multipart([("upload", "capture.jpg", picture)])
        path = f"/v1/anpr/hooks/{kind}"
        if kind == "dahua" and self._door.key_in_path:
            path = "/NotificationInfo/TollgateInfo"  # where these cameras send, whatever they are told
        return path, FORMS[kind](at, picture=picture, plate=plate, event=event)

    async def _until_taken(self, path: str, message: Message) -> bool:
        for attempt in range(TRIES):
            self.report.sent += 1
            wait = min(LONGEST_WAIT_S, 0.2 * 2**attempt)
            try:
                answer = await self._client.post(
                    self._door.base_url + self._door.path(path),
                    content=message[1],
                    headers=self._door.headers(message[0]),
                )
            except httpx.TransportError as error:
                self.report.answers[type(error).__name__] += 1
            else:
                self.report.answers[str(answer.status_code)] += 1
                if answer.is_success:
                    return True
                if answer.status_code not in {429, 500, 502, 503, 504}:
                    return False
                asked = answer.headers.get("retry-after", "")
                wait = min(LONGEST_WAIT_S, float(asked)) if asked.isdigit() else wait
            await asyncio.sleep(wait)
        return False

    async def _cut(self, path: str, message: Message) -> None:
        """Begin a message and hang up in the middle of it."""
        self.report.cut += 1
        url = urlsplit(self._door.base_url)
        head = {"Host": url.netloc, **self._door.headers(message[0]), "Content-Length": str(len(message[1]))}
        lines = [f"POST {url.path.rstrip('/')}{self._door.path(path)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in head.items()]
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            _, writer = await asyncio.open_connection(url.hostname, port, ssl=url.scheme == "https" or None)
            writer.write("\r\n".join([*lines, "", ""]).encode() + message[1][: len(message[1]) // 2])
            await writer.drain()
            writer.transport.abort()
        except OSError as error:
            self.report.answers[type(error).__name__] += 1


def _multipart(parts: list[tuple[str, str, bytes]]) -> Message:
    body = b""
    for name, filename, data in parts:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
        body += head.encode() + data + b"\r\n"
    return f"multipart/form-data; boundary={_BOUNDARY}", body + f"--{_BOUNDARY}--\r\n".encode()
