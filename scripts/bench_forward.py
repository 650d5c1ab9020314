"""What the gateway adds to a recogniser that somebody else runs: the same picture through it and straight to the recogniser.

The recogniser here answers after 50 ms, as a good one does, in the Snapshot protocol, and does nothing else: it stands for
the network and the model. Direct and forwarded rounds take turns, so that a busy machine slows both.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.actor import SYSTEM
from app.core.config import Settings
from app.services.identity import credentials
from app.wiring import build_house
from scripts import bench_load

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 16
ROUNDS = 5
THROUGHPUT = "pictures forwarded / sent direct, 16 connections"
ADDITION = "the gateway's addition to the median answer, ms"
TAKES_S = 0.05
PICTURE_BYTES = 300_000
CAMERAS = 40
"""Keys that take turns, so that no camera reaches its limit of requests a minute."""
_BOUNDARY = "2f6c1f8d0e3b4a6f9c"
_ANSWER = json.dumps(
    {
        "processing_time": 41.2,
        "version": 1,
        "filename": "capture.jpg",
        "camera_id": None,
        "timestamp": "2026-03-02T03:00:00.000000Z",
        "results": [
            {
                "plate": "b1234xyz",
                "score": 0.901,
                "dscore": 0.74,
                "box": {"xmin": 148, "ymin": 478, "xmax": 288, "ymax": 579},
                "region": {"code": "id", "score": 0.9},
                "candidates": [{"plate": "b1234xyz", "score": 0.901}, {"plate": "b1234xy2", "score": 0.71}],
                "vehicle": {"type": "Sedan", "score": 0.8, "box": {"xmin": 60, "ymin": 200, "xmax": 640, "ymax": 700}},
            }
        ],
    }
).encode()


async def camera_keys(settings: Settings) -> list[str]:
    """Keys of as many cameras as take turns."""
    house = build_house(settings)
    try:
        async with house.db.begin(SYSTEM) as tx:
            made = [await credentials.add_camera(tx, f"Kamera {n}", unit="PMJ") for n in range(CAMERAS)]
        return [each.secret or "" for each in made]
    finally:
        await house.close()


async def ratios(port: int, backend: int, keys: list[str], picture: bytes, *, seconds: float) -> dict[str, float]:
    """Throughput against direct, and the milliseconds that the median answer takes longer."""
    direct = [_request("/v1/plate-reader/", "upload", picture, {})]
    through = [_request("/v1/anpr/recognitions", "image", picture, {"X-Api-Key": key}) for key in keys]
    rounds: list[tuple[bench_load.Measured, bench_load.Measured]] = []
    await bench_load.load(port, through, _is_read, connections=CONNECTIONS, seconds=1)
    for _ in range(ROUNDS):
        plain = await bench_load.load(backend, direct, _is_read, connections=CONNECTIONS, seconds=seconds)
        ours = await bench_load.load(port, through, _is_read, connections=CONNECTIONS, seconds=seconds)
        rounds.append((plain, ours))
    return {
        THROUGHPUT: statistics.median(ours.per_second / plain.per_second for plain, ours in rounds),
        ADDITION: statistics.median((ours.quantile(0.5) - plain.quantile(0.5)) * 1000 for plain, ours in rounds),
    }


def picture(photograph: bytes) -> bytes:
    """A photograph of the size that is measured: what follows a JPEG's end is not decoded."""
    return photograph + os.urandom(max(0, PICTURE_BYTES - len(photograph)))


@contextmanager
def backend() -> Iterator[int]:
    """The recogniser, in a process of its own; gives its port."""
    with subprocess.Popen([sys.executable, "-m", "scripts.bench_forward"], cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _request(path: str, field: str, picture: bytes, headers: dict[str, str]) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="c.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    body = head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return bench_load.post(path, body, headers | {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"})


def _is_read(status: bytes, body: bytes) -> bool:
    return status.split(b" ")[1] in (b"200", b"201") and b"1234" in body


class _Backend(asyncio.Protocol):
    """Reads a request by its length, waits, answers; over kept-alive connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head, self._missing = b"", -1

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            lowered = self._head[:end].lower()
            start = lowered.index(b"content-length:") + 15
            length = int(lowered[start:].split(b"\r\n")[0])
            self._missing = length - (len(self._head) - end - 4)
            self._head = b""
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing = -1
            asyncio.get_running_loop().call_later(TAKES_S, self._reply)

    def _reply(self) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_ANSWER)}\r\n\r\n"
        self._transport.write(head.encode() + _ANSWER)  # type: ignore[attr-defined]


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Backend, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    bench_load.run(_serve())
