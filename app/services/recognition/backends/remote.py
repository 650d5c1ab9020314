"""What all recognisers by HTTP have in common: one call with limits, one set of refusals, one form of answer.

A backend of this kind is a `Dialect`: how its server is asked, and how its answer is understood.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import httpx
from pydantic import BaseModel, ConfigDict, field_validator

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.upstream import RETRY_AFTER_S, Upstream
from app.services.recognition.backends.pictures import Picture, prepared
from app.services.recognition.configuration import RecogniserConfig, RecogniserFault
from app.services.recognition.failures import SAYS_NO, UNREADABLE_ANSWER
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.reading import NO_HINTS, Alternative, Hints, PlateReading, Reading
from app.services.reference.plates import parse_plate

MIB = 2**20
MOST_PLATES = 10
MOST_ALTERNATIVES = 5
MOST_PLATE_CHARACTERS = 32
MOST_WAIT_S = 3600


class AnswerPart(BaseModel):
    """Part of an answer: what is not named is ignored, for vendors add fields freely; numbers are numbers, and texts
    printable."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _text_is_printable(cls, value: object) -> object:
        return printable(value) if isinstance(value, str) else value


class OptionsPart(BaseModel):
    """A kind's options in the file: what is not named is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dialect(Protocol):
    """How one kind of server is spoken to."""

    path: str
    """Below the server's address, without a leading slash."""
    most_bytes: int
    """The largest picture that the server takes."""

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """The call, as arguments of httpx's `request`."""

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterable[PlateReading]:
        """The plates of an answer below 500. Raises a `Problem` for what is no success (`refusal` gives the usual one), and
        ValueError (pydantic's too) for what is no answer of this kind."""


class RemoteRecogniser:
    """See `Recogniser`. `elapsed_ms` is the whole call."""

    decodes_elsewhere = True

    def __init__(self, config: RecogniserConfig, dialect: Dialect, *, headers: dict[str, str] | None = None) -> None:
        if not config.url:
            raise RecogniserFault(f"recogniser {config.name}: this kind needs the server's address, `url`")
        self._name, self._dialect = config.name, dialect
        self._upstream = Upstream(
            config.name,
            config.url.rstrip("/") + "/",
            timeout_s=config.timeout_s,
            max_concurrent=config.max_concurrent,
            headers=headers,
        )

    async def warm_up(self) -> None:
        """Nothing to load here."""

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        """See `Recogniser.read`."""
        started = time.perf_counter()
        picture = await prepared(image, most_bytes=self._dialect.most_bytes)
        answer = await self._upstream.post_large(self._dialect.path, **await self._dialect.ask(picture, hints))
        try:
            plates = sorted(self._dialect.plates(answer, picture), key=lambda plate: -plate.confidence)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            # A 2xx that is not the protocol: a proxy's page, another version. Worth another try later.
            raise unavailable(self._name, UNREADABLE_ANSWER) from error
        return Reading(tuple(plates[:MOST_PLATES]), self._name, round((time.perf_counter() - started) * 1000))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


def refusal(name: str, status: int, *, retry_after: str = "") -> Problem:
    """The usual meaning of a status that is no success: 429 comes again, 400 and its like are the picture's fault,
    everything else is ours."""
    if status == 429:
        return busy(retry_after)
    if status in (400, 413, 415, 422):
        return PICTURE_NOT_READABLE()
    return RECOGNISER_REFUSED(name=name, status=status)


def busy(retry_after: str = "") -> Problem:
    """Full or throttled; `retry_after` in seconds, as the server says, if it does."""
    wait = str(min(MOST_WAIT_S, max(1, int(retry_after)))) if retry_after.isdecimal() else str(RETRY_AFTER_S)
    return RECOGNISER_BUSY(tried=False, retry_after=wait, headers={"Retry-After": wait})


def unavailable(name: str, failure: str = SAYS_NO) -> Problem:
    """The server does not do its work now; `failure` says in a word why, for who operates it."""
    return UPSTREAM_UNAVAILABLE(name=name, failure=failure, headers={"Retry-After": str(RETRY_AFTER_S)})


def printable(text: str) -> str:
    """Without control characters, which no plate has and not every database keeps."""
    return "".join(each for each in text if each.isprintable())


def canonical(text: str) -> str:
    """The plate in canonical form; what is no Indonesian plate in upper case without spaces."""
    plate = parse_plate(text)
    return plate.canonical if plate else "".join(text.upper().split())


def unit(score: float) -> float:
    """A confidence that stays within 0 and 1, whatever the server says."""
    return min(1.0, max(0.0, score))


def alternatives(guesses: Iterable[tuple[str, float]], plate: str) -> tuple[Alternative, ...]:
    """Other plates, once each, without the plate itself."""
    others: dict[str, Alternative] = {}
    for text, score in guesses:
        other = canonical(text)
        if other and other != plate:
            others.setdefault(other, Alternative(other, unit(score)))
    return tuple(others.values())[:MOST_ALTERNATIVES]


def characters(scores: Sequence[float], raw: str, plate: str) -> tuple[float, ...]:
    """Confidences per character, if there is one for each: of the plate as printed, spaces apart."""
    printed = [(character, score) for character, score in zip(raw, scores, strict=False) if not character.isspace()]
    return tuple(unit(score) for _, score in printed) if len(scores) == len(raw) and len(printed) == len(plate) else ()
