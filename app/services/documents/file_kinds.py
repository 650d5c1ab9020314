"""What a file really is, whatever its name and its sender say, in words for whoever chose it."""

from collections.abc import Collection
from typing import Literal

from app.core.problems import Problem
from app.core.texts import Text
from app.services.documents.heic import is_heic
from app.services.documents.problems import NOT_WANTED
from app.services.documents.uploads import sniff

PictureType = Literal["image/jpeg", "image/png", "image/webp", "image/heic"]
FileType = Literal["image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"]

NAMES: dict[FileType, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/heic": "HEIC",
    "application/pdf": "PDF",
}
PICTURES: frozenset[str] = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
SCANS: frozenset[str] = PICTURES | {"application/pdf"}

_OFFICE = Text("Word, Excel, ZIP atau aplikasi", "Word, Excel, ZIP or an app")
_OTHER_PICTURE = Text("gambar GIF, BMP, TIFF atau AVIF", "a GIF, BMP, TIFF or AVIF picture")
_FILM = Text("video atau suara", "a film or sound")
_WORDS = Text("teks, halaman web atau gambar SVG", "text, a web page or an SVG drawing")
_PROGRAM = Text("sebuah program", "a program")
_UNKNOWN = Text("tidak dikenal", "of an unknown kind")
_BEGINNINGS: tuple[tuple[bytes, Text], ...] = (
    (b"PK\x03\x04", _OFFICE),
    (b"PK\x05\x06", _OFFICE),
    (b"\xd0\xcf\x11\xe0", Text("Word atau Excel lama", "an old Word or Excel file")),
    (b"Rar!", _OFFICE),
    (b"7z\xbc\xaf", _OFFICE),
    (b"\x1f\x8b", _OFFICE),
    (b"GIF8", _OTHER_PICTURE),
    (b"BM", _OTHER_PICTURE),
    (b"II*\x00", _OTHER_PICTURE),
    (b"MM\x00*", _OTHER_PICTURE),
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"#!", _PROGRAM),
    (b"ID3", _FILM),
    (b"OggS", _FILM),
    (b"\x1aE\xdf\xa3", _FILM),
)


def kind_of(data: bytes) -> FileType | None:
    """The media type that the first bytes show, or None where it is none of the five that applicants may send."""
    return sniff(data) or ("image/heic" if is_heic(data) else None)


def not_wanted(data: bytes, wanted: Collection[str]) -> Problem:
    """The problem documents-type-not-wanted (415): what the file is, and which kinds are wanted."""
    kind = kind_of(data)
    names = [name for media_type, name in NAMES.items() if media_type in wanted]
    wishes = Text(" atau ".join(names), " or ".join(names))
    return NOT_WANTED(found=NAMES[kind] if kind else _foreign(data), wanted=wishes)


def _foreign(data: bytes) -> Text:
    for beginning, name in _BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[4:8] == b"ftyp":
        return _OTHER_PICTURE if data[8:12] in (b"avif", b"avis") else _FILM
    if data[:1] == b"<" or _is_text(data[:512]):
        return _WORDS
    return _UNKNOWN


def _is_text(start: bytes) -> bool:
    try:
        words = start.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # a character cut in two at the end is no reason
            return False
        words = start[: error.start].decode("utf-8")
    return all(each.isprintable() or each in "\r\n\t\f" for each in words)
