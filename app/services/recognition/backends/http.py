"""A recogniser reached by HTTP that speaks Plate Recognizer's Snapshot protocol (cloud v1 and on-premise
SDK).

Source: the vendor's API reference (guides.platerecognizer.com, docs/snapshot) and its own clients. The cloud
answers 201, the SDK 200; plates come in lower case; a token is sent only when there is one, for the SDK wants
none.
"""

import secrets
import time
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.config import Settings
from app.core.problems import UPSTREAM_UNAVAILABLE
from app.core.upstream import RETRY_AFTER_S, Upstream
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import Alternative, Box, PlateReading, Reading
from app.services.reference.plates import parse_plate

NAME = "plate-recognizer"
_PATH = "v1/plate-reader/"
_BOUNDARY = f"loket-{secrets.token_hex(16)}"
"""Random, so that no picture holds it; the form around the picture is the same each time and is written once."""
_FORM = f"multipart/form-data; boundary={_BOUNDARY}"
_REGION_HINT = "id"
_BEFORE = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="regions"\r\n\r\n{_REGION_HINT}\r\n'
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="upload"; filename="capture"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
_AFTER = f"\r\n--{_BOUNDARY}--\r\n".encode()
_TIMEOUT_S = 15.0
_MOST_CONCURRENT = 32
_MOST_PLATES = 10
_MOST_ALTERNATIVES = 5


def build(settings: Settings) -> "HttpRecogniser":
    """The recogniser at the address that LOKET_RECOGNISER holds."""
    token = settings.recogniser_token
    return HttpRecogniser(
        Upstream(
            NAME,
            settings.recogniser.rstrip("/") + "/",
            timeout_s=_TIMEOUT_S,
            max_concurrent=_MOST_CONCURRENT,
            headers={"Authorization": f"Token {token}"} if token else None,
        )
    )


class _Corners(BaseModel):
    xmin: int
    ymin: int
    xmax: int
    ymax: int


class _Guess(BaseModel):
    plate: str = Field(max_length=32)
    score: float = 0.0


class _Region(BaseModel):
    code: str = Field(default="", max_length=16)


class _Result(_Guess):
    box: _Corners
    region: _Region = _Region()
    candidates: list[_Guess] = []


class _Answer(BaseModel):
    """What we need of an answer; the vendor adds fields freely, so the rest is ignored."""

    model_config = ConfigDict(extra="ignore")

    results: list[_Result]


class HttpRecogniser:
    """See `Recogniser`."""

    decodes_elsewhere = True

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def warm_up(self) -> None:
        """Nothing to load here."""

    async def read(self, image: bytes) -> Reading:
        """See `Recogniser.read`. `elapsed_ms` is the whole call."""
        started = time.perf_counter()
        body = b"".join((_BEFORE, image, _AFTER))
        answer = await self._upstream.post_bytes(_PATH, body, content_type=_FORM)
        if answer.status_code not in (200, 201):
            raise _refusal(self._upstream.name, answer.status_code, answer.headers.get("Retry-After", ""))
        plates = _plates(self._upstream.name, answer.content)
        return Reading(plates, NAME, round((time.perf_counter() - started) * 1000))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def _refusal(name: str, status: int, retry_after: str) -> Exception:
    if status == 429:
        wait = retry_after if retry_after.isdigit() else str(RETRY_AFTER_S)
        return RECOGNISER_BUSY(tried=False, retry_after=wait, headers={"Retry-After": wait})
    if status in (400, 413, 415, 422):
        return PICTURE_NOT_READABLE()
    return RECOGNISER_REFUSED(name=name, status=status)


def _plates(name: str, body: bytes) -> tuple[PlateReading, ...]:
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        # A 2xx that is not the protocol: a proxy's page, or an `error` beside no results. Worth another try
        # later.
        raise UPSTREAM_UNAVAILABLE(name=name, headers={"Retry-After": str(RETRY_AFTER_S)}) from error
    readings = [_reading(result) for result in answer.results[:_MOST_PLATES] if result.plate]
    return tuple(sorted(readings, key=lambda reading: -reading.confidence))


def _reading(result: _Result) -> PlateReading:
    plate = _canonical(result.plate)
    return PlateReading(
        plate=plate,
        confidence=_unit(result.score),
        box=Box(*(max(0, edge) for edge in (result.box.xmin, result.box.ymin, result.box.xmax, result.box.ymax))),
        region=result.region.code.lower(),
        alternatives=tuple(_alternatives(result.candidates, plate)),
        raw=result.plate,
    )


def _alternatives(guesses: Iterable[_Guess], plate: str) -> list[Alternative]:
    others = [Alternative(_canonical(guess.plate), _unit(guess.score)) for guess in guesses]
    return [other for other in others if other.plate != plate][:_MOST_ALTERNATIVES]


def _canonical(text: str) -> str:
    plate = parse_plate(text)
    return plate.canonical if plate else "".join(text.upper().split())


def _unit(score: float) -> float:
    return min(1.0, max(0.0, score))
