"""CodeProject.AI Server with its licence plate module.

Source: github codeproject/CodeProject.AI-ALPR (module 3.4.0) and CodeProject.AI-Server. Failures come as 200 with
`success: false`, a full queue and a time-out too; 404 means that the module is not there, or not yet.
"""

from collections.abc import Iterator
from typing import Any, Literal

import httpx
from pydantic import Field

from app.services.recognition.backends.pictures import Picture
from app.services.recognition.backends.remote import (
    MIB,
    AnswerPart,
    OptionsPart,
    RemoteRecogniser,
    canonical,
    refusal,
    unavailable,
    unit,
)
from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.reading import Hints, PlateReading

_UNREAD = "charactersnotfound"
"""What the module calls a plate that it found and could not read."""


class Options(OptionsPart):
    """`path`: the route of the module; `v1/image/alpr` on old servers. `most_bytes` is the largest picture that is sent."""

    path: str = "v1/vision/alpr"
    most_bytes: int = Field(default=8 * MIB, ge=100_000, le=12 * MIB)


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """The server knows no tokens: keep it in a network of its own."""
    return RemoteRecogniser(config, CodeProjectAi(config.name, config.read_options(Options)))


class _Prediction(AnswerPart):
    plate: str = Field(max_length=80)
    confidence: float
    x_min: float
    y_min: float
    x_max: float
    y_max: float


class _Success(AnswerPart):
    success: Literal[True]
    predictions: list[_Prediction]


class _Failure(AnswerPart):
    success: Literal[False]


class _Answer(AnswerPart):
    answer: _Success | _Failure = Field(discriminator="success")


class CodeProjectAi:
    """See `Dialect`."""

    def __init__(self, name: str, options: Options) -> None:
        self._name = name
        self.path, self.most_bytes = options.path.lstrip("/"), options.most_bytes

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """Multipart; the first file counts, whatever it is called."""
        return {"files": {"upload": ("capture", picture.data, "application/octet-stream")}}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """No alternatives, region or vehicle."""
        if answer.status_code == 404:
            raise unavailable(self._name)
        if answer.status_code != 200:
            raise refusal(self._name, answer.status_code)
        told = _Answer.model_validate({"answer": answer.json()}).answer
        if isinstance(told, _Failure):
            raise unavailable(self._name)
        for each in told.predictions:
            plate = canonical(each.plate)
            if plate and plate.casefold() != _UNREAD:
                box = picture.box(each.x_min, each.y_min, each.x_max, each.y_max)
                yield PlateReading(plate, unit(each.confidence), box, "", (), each.plate)
