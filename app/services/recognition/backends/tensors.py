"""Tensors of the open inference protocol as bytes and back. Little endian; a BYTES element is its length in four bytes, then itself."""

import struct
from typing import Any, Literal

import orjson
from PIL import Image
from pydantic import BaseModel, Field

_MOST_ELEMENTS = 100_000
_STRUCT_OF = {
    "BOOL": "?", "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "FP16": "e", "FP32": "f", "FP64": "d",
}  # fmt: skip


class _Parameters(BaseModel):
    binary_data_size: int | None = Field(default=None, ge=0)


class _Output(BaseModel):
    name: str
    datatype: str
    data: list[Any] | None = None
    parameters: _Parameters = _Parameters()


class _Head(BaseModel):
    outputs: list[_Output]


def bytes_tensor(element: bytes) -> bytes:
    """A BYTES tensor of one element."""
    return struct.pack("<I", len(element)) + element


def pixel_tensor(
    picture: Image.Image, datatype: Literal["UINT8", "FP32"], *, bgr: bool, nchw: bool, scale: float, binary: bool
) -> bytes | list[float]:
    """A picture in RGB as a tensor of one picture; as a flat list where it goes as JSON."""
    import numpy as np  # heavy: only who sends pixels pays for it

    pixels = np.asarray(picture)
    pixels = pixels[:, :, ::-1] if bgr else pixels
    pixels = pixels.transpose(2, 0, 1) if nchw else pixels
    if datatype == "FP32":
        pixels = pixels.astype("<f4") * np.float32(scale)
    flat = np.ascontiguousarray(pixels)
    return flat.tobytes() if binary else flat.ravel().tolist()


def tensors_of(content: bytes, head_length: str | None) -> dict[str, list[Any]]:
    """The output tensors of an answer by name, each flat: numbers, or text for BYTES. Raises ValueError for what does not fit."""
    length = len(content) if head_length is None else int(head_length)
    head = _Head.model_validate(orjson.loads(content[:length]))
    rest, found = memoryview(content)[length:], {}
    for output in head.outputs:
        size = output.parameters.binary_data_size
        if size is None:
            found[output.name] = _flat(output.data or [])
        else:
            if size > len(rest):
                raise ValueError(f"{output.name} is cut off")
            found[output.name] = _unpacked(output.datatype, rest[:size])
            rest = rest[size:]
    return found


def _flat(values: list[Any]) -> list[Any]:
    if len(values) > _MOST_ELEMENTS:
        raise ValueError("too many values")
    return [inner for value in values for inner in (_flat(value) if isinstance(value, list) else [value])]


def _unpacked(datatype: str, data: memoryview) -> list[Any]:
    if datatype == "BYTES":
        return _texts(data)
    form = _STRUCT_OF.get(datatype)
    if form is None:
        raise ValueError(f"{datatype} is no type of the protocol")
    count, rest = divmod(len(data), struct.calcsize(f"<{form}"))
    if rest or count > _MOST_ELEMENTS:
        raise ValueError(f"{len(data)} bytes are no {datatype} tensor")
    return list(struct.unpack(f"<{count}{form}", data))


def _texts(data: memoryview) -> list[str]:
    texts, place = [], 0
    while place < len(data):
        if place + 4 > len(data):
            raise ValueError("a BYTES tensor is cut off")
        (length,) = struct.unpack_from("<I", data, place)
        end = place + 4 + length
        if end > len(data):
            raise ValueError("a BYTES tensor is cut off")
        texts.append(bytes(data[place + 4 : end]).decode())
        place = end
    return texts
