"""A model behind the open inference protocol, version 2: KServe, Triton, OpenVINO Model Server, Seldon.

Source: github kserve/open-inference-protocol, `specification/protocol/inference_rest.md`, and its extension for binary tensors
(`Inference-Header-Content-Length`). The protocol knows nothing of plates: which tensor the picture goes into, in which form, and which
tensors hold text, confidence and box, is configuration. The model (or the ensemble) finds and reads plates: one row a plate.
"""

import base64
from collections.abc import Iterator
from statistics import fmean
from typing import Any, Literal

import httpx
import orjson
from pydantic import Field

from app.core.problems import Problem
from app.services.documents import off_loop
from app.services.documents.uploads import open_upright
from app.services.recognition.backends.pictures import Picture
from app.services.recognition.backends.remote import (
    MIB,
    MOST_PLATE_CHARACTERS,
    OptionsPart,
    RemoteRecogniser,
    canonical,
    characters,
    printable,
    refusal,
    unavailable,
    unit,
)
from app.services.recognition.backends.tensors import bytes_tensor, pixel_tensor, tensors_of
from app.services.recognition.configuration import RecogniserConfig
from app.services.recognition.problems import PICTURE_NOT_READABLE, RECOGNISER_REFUSED
from app.services.recognition.reading import Hints, PlateReading

_LENGTH_HEADER = "Inference-Header-Content-Length"


class Pixels(OptionsPart):
    """A decoded picture: squeezed to `width` x `height`, in this order of colours and axes; `scale` multiplies each value (0 to 255) of
    FP32."""

    width: int = Field(ge=16, le=4096)
    height: int = Field(ge=16, le=4096)
    datatype: Literal["UINT8", "FP32"] = "UINT8"
    colours: Literal["rgb", "bgr"] = "rgb"
    layout: Literal["nhwc", "nchw"] = "nhwc"
    scale: float = 1.0

    @property
    def shape(self) -> list[int]:
        """The tensor's, one picture in it."""
        return [1, self.height, self.width, 3] if self.layout == "nhwc" else [1, 3, self.height, self.width]


class Options(OptionsPart):
    """`image` is the input tensor; without `pixels` it holds the file as it is (BYTES). `text`, `confidence` and `box` are the output tensors: a
    row a plate; confidence one value or one a character; box x_min, y_min, x_max, y_max. `boxes` says in what: pixels of the picture as
    sent, or shares (0 to 1) of its width and height."""

    model: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    version: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]{0,40}$")
    image: str = "IMAGE"
    pixels: Pixels | None = None
    text: str = "TEXT"
    confidence: str = "CONFIDENCE"
    box: str = "BOX"
    boxes: Literal["pixels", "shares"] = "pixels"
    region: str = Field(default="", max_length=16)
    binary: bool = True
    most_bytes: int = Field(default=8 * MIB, ge=100_000, le=12 * MIB)


def build(config: RecogniserConfig) -> RemoteRecogniser:
    """The token, if there is one, goes as a bearer token: for a gateway in front of the server."""
    headers = {"Authorization": f"Bearer {config.token}"} if config.token else None
    return RemoteRecogniser(config, OpenInference(config.name, config.read_options(Options)), headers=headers)


class OpenInference:
    """See `Dialect`."""

    def __init__(self, name: str, options: Options) -> None:
        self._name, self._options, self.most_bytes = name, options, options.most_bytes
        version = f"/versions/{options.version}" if options.version else ""
        self._outputs = (options.text, options.confidence, options.box)
        self.path = f"v2/models/{options.model}{version}/infer"

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        """The JSON head, then the tensor's bytes; or all in JSON where the server knows no binary tensors (a file goes as base64 then)."""
        options = self._options
        body: bytes | list[float] | list[str]
        if options.pixels is None:
            tensor: dict[str, Any] = {"name": options.image, "shape": [1], "datatype": "BYTES"}
            body = bytes_tensor(picture.data) if options.binary else [base64.b64encode(picture.data).decode()]
        else:
            pixels = options.pixels
            tensor = {"name": options.image, "shape": pixels.shape, "datatype": pixels.datatype}
            try:
                body = await off_loop(_pixels, picture.data, pixels, binary=options.binary)
            except Problem as problem:
                raise PICTURE_NOT_READABLE() from problem
        outputs = [{"name": name, "parameters": {"binary_data": options.binary}} for name in self._outputs]
        if not isinstance(body, bytes):
            return {"json": {"inputs": [{**tensor, "data": body}], "outputs": outputs}}
        head = orjson.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(body)}}], "outputs": outputs})
        return {"content": head + body, "headers": {_LENGTH_HEADER: str(len(head))}}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        """404: no such model, or it is not loaded yet. 400: a tensor that the model does not have, so our configuration."""
        if answer.status_code == 404:
            raise unavailable(self._name)
        if answer.status_code == 400:
            raise RECOGNISER_REFUSED(name=self._name, status=400)
        if answer.status_code != 200:
            raise refusal(self._name, answer.status_code)
        outputs = tensors_of(answer.content, answer.headers.get(_LENGTH_HEADER))
        missing = [name for name in self._outputs if name not in outputs]
        if missing:
            raise ValueError(f"the answer lacks {missing}")
        texts, scores, boxes = (outputs[name] for name in self._outputs)
        for text, score, box in zip(texts, _rows(scores, len(texts)), _rows(boxes, len(texts)), strict=True):
            raw = printable(str(text))[:MOST_PLATE_CHARACTERS]
            plate = canonical(raw)
            if plate:
                yield self._reading(raw, plate, score, box, picture)

    def _reading(self, raw: str, plate: str, score: list[float], box: list[float], picture: Picture) -> PlateReading:
        across, down = self._pixels_of_one(picture)
        x_min, y_min, x_max, y_max = box
        return PlateReading(
            plate=plate,
            confidence=unit(fmean(score)),
            box=picture.box(x_min * across, y_min * down, x_max * across, y_max * down),
            region=self._options.region,
            alternatives=(),
            raw=raw,
            characters=characters(score, raw, plate) if len(score) > 1 else (),
        )

    def _pixels_of_one(self, picture: Picture) -> tuple[float, float]:
        """How many pixels of the picture as sent a one in a box means, across and down."""
        width, height = picture.width / picture.scale, picture.height / picture.scale
        if self._options.boxes == "shares":
            return width, height
        squeezed = self._options.pixels
        return (width / squeezed.width, height / squeezed.height) if squeezed else (1.0, 1.0)


def _rows(values: list[Any], count: int) -> list[list[float]]:
    """As many rows as there are texts, however the tensor is shaped."""
    if not count:
        return []
    length, rest = divmod(len(values), count)
    if rest or not length:
        raise ValueError(f"{len(values)} values are no rows for {count} texts")
    return [[float(value) for value in values[row * length : (row + 1) * length]] for row in range(count)]


def _pixels(image: bytes, pixels: Pixels, *, binary: bool) -> bytes | list[float]:
    squeezed = open_upright(image).resize((pixels.width, pixels.height))
    return pixel_tensor(
        squeezed,
        pixels.datatype,
        bgr=pixels.colours == "bgr",
        nchw=pixels.layout == "nchw",
        scale=pixels.scale,
        binary=binary,
    )
