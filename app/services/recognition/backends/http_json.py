"""Any server that takes a picture by HTTP and answers in JSON; how its answer becomes plates is configuration.

The mapping is written in CEL, like the conditions of service files (github.com/google/cel-spec): `answer` is the JSON that came, and every
number in it is a double. docs/recognisers.md has examples.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import cel
import httpx
from pydantic import AfterValidator, Field, TypeAdapter

from app.services.recognition.backends.pictures import Picture
from app.services.recognition.backends.remote import (
    MIB,
    MOST_PLATE_CHARACTERS,
    AnswerPart,
    OptionsPart,
    RemoteRecogniser,
    alternatives,
    canonical,
    characters,
    refusal,
    unavailable,
    unit,
)
from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.reading import Hints, PlateReading, VehicleTraits

_MOST_CHARACTERS = 2000


def _compiles(source: str) -> str:
    try:
        cel.compile(source)
    except ValueError as error:
        raise ValueError(f"is not CEL: {str(error).splitlines()[0][:160]}") from None
    return source


Cel = Annotated[str, Field(min_length=1, max_length=_MOST_CHARACTERS), AfterValidator(_compiles)]


class Options(OptionsPart):
    """`send`: a file part named `field`, base64 text in the JSON member `field`, or the bare bytes. `fields` are sent beside it (as form fields or JSON
    members), `headers` with the call; `token_header` and `token_prefix` say how the token goes. `plates` gives a list with, for each plate,
    `plate`, `confidence` (0 to 1) and `box` [x_min, y_min, x_max, y_max] in pixels, and where known `region`, `alternatives` (each with `plate` and
    `confidence`), `characters` and `vehicle` (`kind`, `make`, `model`, `colour`, `orientation`). `failed` is true for an answer that says that it is none."""

    path: str = ""
    send: Literal["multipart", "base64", "bytes"] = "multipart"
    field: str = "image"
    fields: dict[str, str] = Field(default={})
    headers: dict[str, str] = Field(default={})
    token_header: str = "Authorization"  # noqa: S105 - a header's name
    token_prefix: str = "Bearer "  # noqa: S105
    plates: Cel
    failed: Cel = "false"
    most_bytes: int = Field(default=8 * MIB, ge=100_000, le=12 * MIB)


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """The token goes in the header that the options name."""
    options = config.read_options(Options)
    token = {options.token_header: options.token_prefix + config.token} if config.token else {}
    return RemoteRecogniser(config, HttpJson(config.name, options), headers={**options.headers, **token})


class _Guess(AnswerPart):
    plate: str = Field(max_length=MOST_PLATE_CHARACTERS)
    confidence: float


class _Traits(AnswerPart):
    kind: str | None = None
    make: str | None = None
    model: str | None = None
    colour: str | None = None
    orientation: str | None = None


class _Plate(_Guess):
    box: tuple[float, float, float, float]
    region: str = Field(default="", max_length=16)
    alternatives: list[_Guess] = Field(default=[])
    characters: list[float] = Field(default=[])
    vehicle: _Traits | None = None


_PLATES = TypeAdapter(list[_Plate])


class HttpJson:
    """See `Dialect`."""

    def __init__(self, name: str, options: Options) -> None:
        self._name, self._options = name, options
        self._plates, self._failed = cel.compile(options.plates), cel.compile(options.failed)
        self.path, self.most_bytes = options.path.lstrip("/"), options.most_bytes

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """As `send` says."""
        options = self._options
        match options.send:
            case "multipart":
                image = ("capture", picture.data, "application/octet-stream")
                return {"files": {options.field: image}, "data": options.fields}
            case "base64":
                return {"json": {**options.fields, options.field: base64.b64encode(picture.data).decode()}}
            case "bytes":
                return {"content": picture.data, "params": options.fields}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """What the expression makes of it; what it cannot make sense of is no answer of this server."""
        if not answer.is_success:
            raise refusal(self._name, answer.status_code, retry_after=answer.headers.get("Retry-After", ""))
        told = json.loads(answer.content, parse_int=float)
        if _value(self._failed, {"answer": told}) is not False:
            raise unavailable(self._name)
        for each in _PLATES.validate_python(_value(self._plates, {"answer": told})):
            plate = canonical(each.plate)
            if plate:
                yield _reading(each, plate, picture)


def _value(program: cel.Program, variables: Mapping[str, object]) -> object:
    try:
        value: object = program.execute(cel.Context(variables=dict(variables)))
    except (KeyError, IndexError, TypeError, RuntimeError, ArithmeticError) as error:
        raise ValueError(f"the mapping does not fit: {type(error).__name__}") from None
    return value


def _reading(each: _Plate, plate: str, picture: Picture) -> PlateReading:
    return PlateReading(
        plate=plate,
        confidence=unit(each.confidence),
        box=picture.box(*each.box),
        region=each.region.lower(),
        alternatives=alternatives(((other.plate, other.confidence) for other in each.alternatives), plate),
        raw=each.plate,
        characters=characters(each.characters, each.plate, plate),
        vehicle=VehicleTraits(**each.vehicle.model_dump()) if each.vehicle else None,
    )
