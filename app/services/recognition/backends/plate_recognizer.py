"""Plate Recognizer Snapshot: the cloud (v1) and the on-premise SDK.

Source: the vendor's API reference (guides.platerecognizer.com, docs/snapshot) and its own clients. The cloud answers 201, the
SDK 200; plates come in lower case; the cloud wants a token, the SDK none. `results` come in two shapes: with
`detection_mode: vehicle` the plate is an object inside the vehicle, or null. A file may have 3 MB.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import httpx
import orjson
from pydantic import Field, JsonValue

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
from app.services.recognition.reading import Box, Hints, PlateReading, VehicleTraits

_MOST_REGIONS = 4
_SECONDS = re.compile(r"(\d{1,4}) second")
Words = Annotated[str, Field(max_length=80)]


class Options(OptionsPart):
    """`path` below the address; `regions` to expect, instead of those that the camera's hint names; `mmc` asks for make, model and colour
    (a licence of its own); `config` is the vendor's engine configuration, sent as it is."""

    path: str = "v1/plate-reader/"
    regions: list[str] = Field(default=[], max_length=_MOST_REGIONS)
    mmc: bool = False
    config: dict[str, JsonValue] = Field(default={})


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """A Snapshot server; the token is sent only when there is one."""
    headers = {"Authorization": f"Token {config.token}"} if config.token else None
    return RemoteRecogniser(config, Snapshot(config.name, config.read_options(Options)), headers=headers)


class _Corners(AnswerPart):
    xmin: float
    ymin: float
    xmax: float
    ymax: float


class _Guess(AnswerPart):
    plate: str = Field(max_length=MOST_PLATE_CHARACTERS)
    score: float = 0.0


class _Region(AnswerPart):
    code: str = Field(default="", max_length=16)


class _Vehicle(AnswerPart):
    type: Words = ""


class _Model(AnswerPart):
    make: Words = ""
    model: Words = ""


class _Colour(AnswerPart):
    color: Words


class _Orientation(AnswerPart):
    orientation: Words


class _Result(_Guess):
    box: _Corners
    region: _Region = _Region()
    candidates: list[_Guess] = Field(default=[])
    vehicle: _Vehicle | None = None
    model_make: list[_Model] = Field(default=[])
    color: list[_Colour] = Field(default=[])
    orientation: list[_Orientation] = Field(default=[])


class _Value(AnswerPart):
    value: str = Field(max_length=80)
    score: float = 0.0


class _PlateProps(AnswerPart):
    plate: list[_Value] = Field(min_length=1)
    region: list[_Value] = Field(default=[])


class _PlateObject(AnswerPart):
    box: _Corners
    props: _PlateProps


class _VehicleProps(AnswerPart):
    make_model: list[_Model] = Field(default=[])
    color: list[_Value] = Field(default=[])
    orientation: list[_Value] = Field(default=[])


class _VehicleObject(AnswerPart):
    type: Words = ""
    props: _VehicleProps = _VehicleProps()


class _VehicleResult(AnswerPart):
    plate: _PlateObject | None
    vehicle: _VehicleObject | None = None


class _Answer(AnswerPart):
    results: list[_Result | _VehicleResult]


class Snapshot:
    """See `Dialect`."""

    most_bytes = 3 * MIB

    def __init__(self, name: str, options: Options) -> None:
        self._name, self._options, self.path = name, options, options.path.lstrip("/")

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """Multipart; `regions` is repeated."""
        options = self._options
        fields: dict[str, str | list[str]] = {"regions": list(options.regions or hints.regions)[:_MOST_REGIONS]}
        if hints.camera:
            fields["camera_id"] = hints.camera
        if hints.captured_at:
            fields["timestamp"] = hints.captured_at.isoformat()
        if options.mmc:
            fields["mmc"] = "true"
        if options.config:
            fields["config"] = orjson.dumps(options.config).decode()
        return {"files": {"upload": ("capture", picture.data, "application/octet-stream")}, "data": fields}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """A 2xx with an `error` and no results is a failure too."""
        if answer.status_code not in (200, 201):
            raise _refusal(self._name, answer)
        for result in _Answer.model_validate_json(answer.content).results:
            reading = _plain(result, picture) if isinstance(result, _Result) else _of_vehicle(result, picture)
            if reading is not None:
                yield reading


def _refusal(name: str, answer: httpx.Response) -> Exception:
    if answer.status_code != 429:
        return refusal(name, answer.status_code)
    told = _SECONDS.search(answer.text[:500])  # "Request was throttled. Expected available in 1 second."
    return busy(answer.headers.get("Retry-After", "") or (told[1] if told else ""))


def _plain(result: _Result, picture: Picture) -> PlateReading | None:
    model = next(iter(result.model_make), _Model())
    traits = VehicleTraits(
        kind=(result.vehicle.type if result.vehicle else "") or None,
        make=model.make or None,
        model=model.model or None,
        colour=next((each.color for each in result.color), None),
        orientation=_lower(each.orientation for each in result.orientation),
    )
    guesses = [(each.plate, each.score) for each in result.candidates]
    return _reading(
        (result.plate, result.score), guesses, region=result.region.code, box=_box(result.box, picture), traits=traits
    )


def _of_vehicle(result: _VehicleResult, picture: Picture) -> PlateReading | None:
    if result.plate is None:
        return None
    vehicle = result.vehicle or _VehicleObject()
    model = next(iter(vehicle.props.make_model), _Model())
    traits = VehicleTraits(
        kind=vehicle.type or None,
        make=model.make or None,
        model=model.model or None,
        colour=next((each.value for each in vehicle.props.color), None),
        orientation=_lower(each.value for each in vehicle.props.orientation),
    )
    best, *others = [(each.value, each.score) for each in result.plate.props.plate]
    region = next((each.value for each in result.plate.props.region), "")
    return _reading(best, others, region=region, box=_box(result.plate.box, picture), traits=traits)


def _reading(
    best: tuple[str, float],
    others: Iterable[tuple[str, float]],
    *,
    region: str,
    box: Box,
    traits: VehicleTraits,
) -> PlateReading | None:
    plate = canonical(best[0])
    if not plate:
        return None
    return PlateReading(
        plate=plate,
        confidence=unit(best[1]),
        box=box,
        region=region.lower(),
        alternatives=alternatives(others, plate),
        raw=best[0],
        vehicle=None if traits == VehicleTraits() else traits,
    )


def _box(box: _Corners, picture: Picture) -> Box:
    return picture.box(box.xmin, box.ymin, box.xmax, box.ymax)


def _lower(words: Iterator[str]) -> str | None:
    return next((word.lower() for word in words), None)
