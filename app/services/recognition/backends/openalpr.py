"""Servers that speak OpenALPR's (Rekor's) web API, versions 2 and 3.

Source: github openalpr/doc, `source/cloudapiv3.yaml`. Confidence is in percent, the box a polygon. 401 is the key, 402 the monthly quota, and
403 (not 429) too many calls; `X-RateLimit-Reset` says when that ends, in seconds.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import httpx
from pydantic import Field

from app.services.recognition.backends.pictures import Picture
from app.services.recognition.backends.remote import (
    MIB,
    MOST_PLATE_CHARACTERS,
    AnswerPart,
    OptionsPart,
    RemoteRecogniser,
    alternatives,
    busy,
    canonical,
    refusal,
    unit,
)
from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.reading import Hints, PlateReading, VehicleTraits

_MOST_SECONDS = 86_400


class Options(OptionsPart):
    """`path`: `v3/recognize`, or `v2/recognize`. `country`: which plates to expect. `vehicle` asks for colour, make and model (one more credit).
    `most_bytes` is the largest picture that this server takes."""

    path: str = "v3/recognize"
    country: str = "id"
    vehicle: bool = False
    topn: int = Field(default=5, ge=1, le=20)
    most_bytes: int = Field(default=8 * MIB, ge=100_000, le=12 * MIB)


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """The token is the vendor's `secret_key`."""
    return RemoteRecogniser(config, OpenAlpr(config.name, config.token, config.read_options(Options)))


class _Point(AnswerPart):
    x: float
    y: float


class _Guess(AnswerPart):
    plate: str = Field(max_length=MOST_PLATE_CHARACTERS)
    confidence: float = 0.0


class _Named(AnswerPart):
    name: Annotated[str, Field(max_length=80)]


class _Vehicle(AnswerPart):
    color: list[_Named] = Field(default=[])
    make: list[_Named] = Field(default=[])
    make_model: list[_Named] = Field(default=[])
    body_type: list[_Named] = Field(default=[])
    orientation: list[_Named] = Field(default=[])


class _Result(_Guess):
    region: str = Field(default="", max_length=16)
    coordinates: list[_Point] = Field(min_length=3, max_length=16)
    candidates: list[_Guess] = Field(default=[])
    vehicle: _Vehicle = _Vehicle()


class _Answer(AnswerPart):
    results: list[_Result]


class OpenAlpr:
    """See `Dialect`."""

    def __init__(self, name: str, secret_key: str, options: Options) -> None:
        self._name, self._secret_key, self._options = name, secret_key, options
        self.path, self.most_bytes = options.path.lstrip("/"), options.most_bytes

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """Multipart `image`; everything else in the query, the key too, as the vendor wants it."""
        options = self._options
        query = {"country": options.country, "recognize_vehicle": int(options.vehicle), "topn": options.topn}
        key = {"secret_key": self._secret_key} if self._secret_key else {}
        image = ("capture", picture.data, "application/octet-stream")
        return {"files": {"image": image}, "params": {**query, "return_image": 0, **key}}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """403 is the rate limit here."""
        if answer.status_code == 403:
            reset = answer.headers.get("X-RateLimit-Reset", "")
            # Some give an instant and not a span: too large to be waited for.
            raise busy(reset if reset.isdecimal() and int(reset) < _MOST_SECONDS else "")
        if answer.status_code != 200:
            raise refusal(self._name, answer.status_code)
        for result in _Answer.model_validate_json(answer.content).results:
            plate = canonical(result.plate)
            if plate:
                yield _reading(result, plate, picture)


def _reading(result: _Result, plate: str, picture: Picture) -> PlateReading:
    across, down = [point.x for point in result.coordinates], [point.y for point in result.coordinates]
    seen = result.vehicle
    traits = VehicleTraits(
        _first(seen.body_type), _first(seen.make), _first(seen.make_model), _first(seen.color), _first(seen.orientation)
    )
    return PlateReading(
        plate=plate,
        confidence=unit(result.confidence / 100),
        box=picture.box(min(across), min(down), max(across), max(down)),
        region=result.region.lower(),
        alternatives=alternatives(((each.plate, each.confidence / 100) for each in result.candidates), plate),
        raw=result.plate,
        vehicle=None if traits == VehicleTraits() else traits,
    )


def _first(names: list[_Named]) -> str | None:
    return names[0].name if names else None
