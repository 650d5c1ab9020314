"""A camera's short film: an MP4 by its bytes, not longer than it may be. It is kept as it came and never decoded here.

Layout: ISO/IEC 14496-12; boxes of a length and a type, `moov/mvhd` with the duration, `moov/trak/tkhd` with the size.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.services.documents.problems import FILE_TOO_LARGE, NOT_A_VIDEO, VIDEO_TOO_LONG

VIDEO_TYPE = "video/mp4"
_MOST_BOXES = 200
_HEAD = 8


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Length in seconds; the size of the largest picture track in pixels."""

    seconds: float
    width: int
    height: int


def check_video(data: bytes, *, max_bytes: int, max_seconds: float) -> VideoInfo:
    """An MP4 whose index says how long it is. Problems: documents-file-too-large (413), documents-not-a-video (415),
    documents-video-too-long (422)."""
    if len(data) > max_bytes:
        raise FILE_TOO_LARGE(limit_mb=f"{max_bytes / 1_048_576:.3g}")
    if data[4:8] != b"ftyp" or data[8:12] in {b"avif", b"avis", b"heic", b"heix", b"mif1"}:
        raise NOT_A_VIDEO()
    moov = next((body for kind, body in _boxes(data) if kind == b"moov"), b"")
    seconds = next((_seconds(body) for kind, body in _boxes(moov) if kind == b"mvhd"), 0.0)
    tracks = [inner for kind, trak in _boxes(moov) if kind == b"trak" for inner in _boxes(trak)]
    sizes = [size for kind, body in tracks if kind == b"tkhd" and all(size := _size(body))]
    if seconds <= 0 or not sizes:
        raise NOT_A_VIDEO()
    if seconds > max_seconds:
        raise VIDEO_TOO_LONG(seconds=round(seconds), most=round(max_seconds))
    width, height = max(sizes)
    return VideoInfo(round(seconds, 3), width, height)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    for _ in range(_MOST_BOXES):
        if place + _HEAD > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        head = _HEAD
        if length == 1 and place + 16 <= len(data):
            (length,), head = struct.unpack_from(">Q", data, place + _HEAD), 16
        elif length == 0:
            length = len(data) - place
        if length < head or place + length > len(data):
            raise NOT_A_VIDEO()  # cut off on the way
        yield kind, data[place + head : place + length]
        place += length


def _seconds(mvhd: bytes) -> float:
    try:
        scale, duration = (
            struct.unpack_from(">IQ", mvhd, 20) if mvhd[:1] == b"\x01" else struct.unpack_from(">II", mvhd, 12)
        )
    except struct.error:
        return 0.0
    return duration / scale if scale else 0.0


def _size(tkhd: bytes) -> tuple[int, int]:
    """Width and height, 16.16 fixed point at the end of the box; a sound track has none."""
    if len(tkhd) < 84:
        return 0, 0
    width, height = struct.unpack(">II", tkhd[-8:])
    return width >> 16, height >> 16
