"""The recogniser that needs nothing but this installation: three small networks on the CPU.

Reading a plate takes some hundred milliseconds of computing. It happens in one worker thread of its own, so
that the event loop keeps serving; what waits is bounded, so that a burst of pictures is refused at the door
and not in memory.
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY
from app.services.recognition.reading import NO_HINTS, Hints, PlateReading, Reading

if TYPE_CHECKING:
    from app.services.recognition.plate_reader import PlateReader

MOST_WAITING = 16
"""Pictures that wait or are being read; at the measured pace the last of them waits about four seconds."""

RETRY_AFTER_S = 5


class _NoOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")


def build(config: RecogniserConfig) -> "EmbeddedRecogniser":
    """The embedded recogniser; nothing is loaded yet."""
    config.read_options(_NoOptions)
    return EmbeddedRecogniser(config.name)


class EmbeddedRecogniser:
    """See `Recogniser`. The networks are loaded by the first picture or by `warm_up`, once per process."""

    decodes_elsewhere = False

    def __init__(self, name: str = "embedded", *, most_waiting: int = MOST_WAITING) -> None:
        self._name = name
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recogniser")
        self._places = BoundedSemaphore(most_waiting)

    async def warm_up(self) -> None:
        """Load the networks and run each once."""
        await asyncio.wrap_future(self._worker.submit(_plate_reader))

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        """See `Recogniser.read`. `elapsed_ms` is the reading alone, without the wait before it."""
        if not self._places.acquire(blocking=False):
            raise RECOGNISER_BUSY(tried=False, retry_after=RETRY_AFTER_S, headers={"Retry-After": str(RETRY_AFTER_S)})
        work = self._worker.submit(_read, image)
        # The place is free when the thread is done, not when the caller is: a caller who hangs up frees
        # nothing early.
        work.add_done_callback(lambda _: self._places.release())
        plates, elapsed_ms = await asyncio.wrap_future(work)
        if plates is None:
            raise PICTURE_NOT_READABLE()
        return Reading(plates, self._name, elapsed_ms)

    async def aclose(self) -> None:
        """Let the picture in hand be finished; what still waits is dropped."""
        await asyncio.to_thread(self._worker.shutdown, cancel_futures=True)


def _read(image: bytes) -> tuple[tuple[PlateReading, ...] | None, int]:
    reader = _plate_reader()
    started = time.perf_counter()
    plates = reader.read(image)
    return plates, round((time.perf_counter() - started) * 1000)


def _plate_reader() -> "PlateReader":
    # Heavy: OpenCV, onnxruntime and the weights. Only a process that reads pays for them, in its worker
    # thread.
    from app.services.recognition.plate_reader import the_plate_reader

    return the_plate_reader()
