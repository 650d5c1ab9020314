"""Multipart as cameras write it: read by hand, because strict parsers refuse what they send.

Known from the field: doubled or bogus boundary lines, bare line feeds, a boundary that is not the declared one, header
lines without a colon, a part with Content-Length 0, no closing line. So: cut at boundary lines, keep what has content.
"""

import re
from dataclasses import dataclass, field

MOST_PARTS = 32
LONGEST_HEADERS = 8 * 1024

_DECLARED = re.compile(r'boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,]{1,200}))', re.IGNORECASE)
_FIRST_LINE = re.compile(rb"\s*--([^\r\n]{1,200}?)[ \t]*\r?\n")
_PARAMETER = re.compile(r'\b(name|filename)\s*=\s*(?:"([^"]*)"|([^\s;]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One part; names are empty where none was given."""

    name: str
    filename: str
    media_type: str
    data: bytes = field(repr=False)


def read_parts(content_type: str, body: bytes) -> list[Part]:
    """The parts that hold something, in order, at most `MOST_PARTS`; none where no boundary can be found."""
    declared = _DECLARED.search(content_type)
    boundary = (declared[1] or declared[2]).encode("latin-1", "replace") if declared else b""
    if not boundary or b"--" + boundary not in body:
        first = _FIRST_LINE.match(body)
        if first is None:
            return []
        boundary = first[1]
    line = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?=\r?\n|$)|\r?\n\Z")
    pieces = line.split(body, MOST_PARTS * 2)[1:]
    parts = [part for piece in pieces if (part := _part(piece)) is not None]
    return parts[:MOST_PARTS]


def _part(piece: bytes) -> Part | None:
    head, data = _split(piece.lstrip(b"\r\n") if piece[:4].strip() else piece)
    headers = _headers(head)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) <= len(data):
        data = data[: int(length)]
    if not data.strip():
        return None
    named = {
        found[1].lower(): found[2] or found[3] or ""
        for found in _PARAMETER.finditer(headers.get("content-disposition", ""))
    }
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Part(named.get("name", "")[:120], named.get("filename", "")[:120], kind, data)


def _split(piece: bytes) -> tuple[bytes, bytes]:
    """Headers and content, at the first empty line, whichever line ends the camera uses."""
    ends = [(place, len(end)) for end in (b"\r\n\r\n", b"\n\n") if 0 <= (place := piece.find(end)) <= LONGEST_HEADERS]
    if not ends:
        return piece[:LONGEST_HEADERS], b""
    place, length = min(ends)
    return piece[:place], piece[place + length :]


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "replace").splitlines()
    return {
        name.strip().lower(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon
    }
