"""Is a citizen's PDF only paper? A careful refusal, not a virus scanner.

PDF hides names in two ways that a plain search misses: ``#xx`` escapes (``/Java#53cript``, ISO 32000-1
7.3.5) and compressed object streams (7.5.7). Both are undone here; what cannot be undone (encryption, other
filters, more than `MAX_INFLATED_BYTES`) is refused, so the check fails closed. Doors still send attachments
as downloads, never inline.
"""

import re
import zlib

from app.core.texts import Text
from app.services.documents.problems import PDF_ACTIVE, PDF_LOCKED, PDF_UNREADABLE

MAX_INFLATED_BYTES = 32 * 1024 * 1024

# Names of ISO 32000-1: 12.6.4.5 launch, 12.6.4.16 script, 7.11.4 embedded files, 12.6.4.13 renditions, 13
# rich media, 12.7.8 forms in XML, 12.6.4.11 and 12.7.5.4 data sent and loaded by forms.
ACTIVE_NAMES = (
    b"JavaScript",
    b"Launch",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"RichMedia",
    b"Rendition",
    b"XFA",
    b"SubmitForm",
    b"ImportData",
    b"GoToE",
)
_ACTIVE = re.compile(rb"/(" + b"|".join(ACTIVE_NAMES) + rb")(?![A-Za-z0-9])")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_UNUSUAL_FILTER = re.compile(rb"/(?:ASCIIHex|ASCII85|LZW|RunLength)Decode")
_DICTIONARY_WINDOW = 4096
PACKED = Text("isinya dimampatkan dengan cara yang tidak lazim", "its content is packed in an unusual way")
_OBJECT = re.compile(rb"\d+\s+\d+\s+obj(?![A-Za-z0-9])")
NOT_WHOLE = Text("tidak ada halaman di dalamnya", "there are no pages in it")
TOO_MUCH = Text("isinya terlalu besar", "its content is too large")


def check_pdf(data: bytes) -> None:
    """Refuses a PDF that is cut off, empty or encrypted, or in which anything runs, opens or hides: scripts,
    launched programs, embedded files, forms that send data.

    Problems: documents-pdf-unreadable, documents-pdf-locked (a password), documents-pdf-active (422), the last naming
    what was found.
    """
    if b"%%EOF" not in data[-1024:]:
        raise PDF_UNREADABLE(reason=Text("bagian akhirnya hilang", "its end is missing"))
    plain = _unescaped(data)
    # ISO 32000-1 7.5: every PDF has objects, says where their table begins, and in its trailer which one is the root.
    if not (_OBJECT.search(plain) and re.search(rb"/Root(?![A-Za-z0-9])", plain) and b"startxref" in data[-1024:]):
        raise PDF_UNREADABLE(reason=NOT_WHOLE)
    if re.search(rb"/Encrypt(?![A-Za-z0-9])", plain):
        raise PDF_LOCKED()
    _refuse_active(plain)
    if b"/ObjStm" in plain:
        _check_object_streams(data, plain)


def _check_object_streams(data: bytes, plain: bytes) -> None:
    """Opens every stream whose dictionary may say ``/ObjStm`` and looks inside."""
    if _UNUSUAL_FILTER.search(plain):
        raise PDF_UNREADABLE(reason=PACKED)
    left, unopened = MAX_INFLATED_BYTES, plain.count(b"/ObjStm")
    for keyword in _STREAM.finditer(data):
        window = _unescaped(data[max(0, keyword.start() - _DICTIONARY_WINDOW) : keyword.start()])
        if b"/ObjStm" not in window:
            continue
        # The window is wide on purpose: a string in the dictionary could feign the end of the object before
        # it. Only what is surely an object stream *must* open; its neighbours, mostly pictures, are looked
        # at as far as they do.
        own = re.split(rb"endobj|endstream", window)[-1]
        surely = b"/ObjStm" in own
        objects = _inflated(data, keyword.end(), limit=left)
        if surely and (b"/DecodeParms" in own or (objects is None and b"/Filter" in own)):
            raise PDF_UNREADABLE(reason=PACKED)
        if surely:
            left -= len(objects or b"")
            unopened -= own.count(b"/ObjStm")
        if left <= 0:
            raise PDF_UNREADABLE(reason=TOO_MUCH)
        _refuse_active(_unescaped(objects or b""))
    # Readers forgive a keyword that is not followed as the standard wants; what we did not find we did not look into.
    if unopened > 0:
        raise PDF_UNREADABLE(reason=PACKED)


def _refuse_active(plain: bytes) -> None:
    if found := _ACTIVE.search(plain):
        raise PDF_ACTIVE(found=found.group().decode("ascii"))


def _unescaped(data: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes.fromhex(match.group(1).decode("ascii")), data)


def _inflated(data: bytes, start: int, *, limit: int) -> bytes | None:
    """What unpacks from `start`, at most `limit` bytes; None where nothing does."""
    try:
        return zlib.decompressobj().decompress(data[start:], limit)
    except zlib.error:
        return None
