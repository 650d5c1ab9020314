"""omni-lpr (fast-alpr behind HTTP).

Source: PyPI omni-lpr 0.3.5, run; docs/recognisers.md says how it was checked. A picture may have 5 MB. Its 500 also means that a model
cannot be fetched or that the picture cannot be decoded; and it says that it is healthy without any model: try it with `loket anpr probe`.
"""

from collections.abc import Iterator
from functools import lru_cache
from statistics import fmean
from typing import Any

import httpx
from babel import Locale
from pydantic import Field

from app.services.recognition.backends.pictures import Picture
from app.services.recognition.backends.remote import (
    MIB,
    MOST_PLATE_CHARACTERS,
    AnswerPart,
    OptionsPart,
    RemoteRecogniser,
    canonical,
    characters,
    refusal,
    unit,
)
from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.problems import RECOGNISER_REFUSED
from app.services.recognition.reading import Hints, PlateReading


class Options(OptionsPart):
    """Models by the names that the server's tool `list_models` gives; the server's own choice where they are not named.
    `most_bytes`: the server's MAX_IMAGE_SIZE_MB."""

    detector_model: str | None = None
    ocr_model: str | None = None
    most_bytes: int = Field(default=5 * MIB, ge=100_000, le=12 * MIB)


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """The server knows no tokens and can be told to fetch any address: keep it in a network of its own."""
    return RemoteRecogniser(config, OmniLpr(config.name, config.read_options(Options)))


class _Corners(AnswerPart):
    x1: float
    y1: float
    x2: float
    y2: float


class _Detection(AnswerPart):
    bounding_box: _Corners


class _Ocr(AnswerPart):
    text: str = Field(max_length=MOST_PLATE_CHARACTERS)
    confidence: float | list[float]
    region: str | None = Field(default=None, max_length=80)


class _Found(AnswerPart):
    detection: _Detection
    ocr: _Ocr | None = None


class _Block(AnswerPart):
    data: list[_Found]


class _Answer(AnswerPart):
    content: list[_Block] = Field(min_length=1)


class OmniLpr:
    """See `Dialect`."""

    path = "api/v1/tools/detect_and_recognize_plate/invoke"

    def __init__(self, name: str, options: Options) -> None:
        self._name, self.most_bytes = name, options.most_bytes
        self._fields = {
            key: value
            for key, value in (("detector_model", options.detector_model), ("ocr_model", options.ocr_model))
            if value
        }

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """Multipart; a field that the tool does not know is refused, so hints are not sent."""
        return {"files": {"image": ("capture", picture.data, "application/octet-stream")}, "data": self._fields}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """Found and not read is left out."""
        if answer.status_code == 400:
            # The picture was looked at before: this is an unknown model, an unknown field, or a smaller limit than ours.
            raise RECOGNISER_REFUSED(name=self._name, status=400)
        if answer.status_code != 200:
            raise refusal(self._name, answer.status_code)
        for block in _Answer.model_validate_json(answer.content).content:
            for found in block.data:
                plate = canonical(found.ocr.text) if found.ocr else ""
                if found.ocr and plate:
                    yield _reading(found.detection.bounding_box, found.ocr, plate, picture)


def _reading(box: _Corners, ocr: _Ocr, plate: str, picture: Picture) -> PlateReading:
    # One for each place that the model has: the places after the last character come too.
    scores = ocr.confidence[: len(ocr.text)] if isinstance(ocr.confidence, list) else []
    overall = fmean(scores) if scores else ocr.confidence if isinstance(ocr.confidence, float) else 0.0
    return PlateReading(
        plate=plate,
        confidence=unit(overall),
        box=picture.box(box.x1, box.y1, box.x2, box.y2),
        region=_country_codes().get((ocr.region or "").casefold(), ""),
        alternatives=(),
        raw=ocr.text,
        characters=characters(scores, ocr.text, plate),
    )


@lru_cache(maxsize=1)
def _country_codes() -> dict[str, str]:
    """The code of a country by its English name, as the models name it."""
    return {name.casefold(): code.lower() for code, name in Locale("en").territories.items() if len(code) == 2}
