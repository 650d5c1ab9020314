"""Values as cameras write them: numbers as text, local times, plates in odd alphabets, pictures as base64."""

import base64
import binascii
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

import orjson

from app.services.cameras.vendors.passage import BadPush

LONGEST_WORD = 80
LONGEST_PLATE = 20
MOST_ALTERNATIVES = 5
MOST_PICTURES = 8
_UNREAD = frozenset({"", "UNKNOWN", "UNLICENSED", "NOPLATE", "NONE", "NULL", "NOTAVAILABLE", "CHARACTERSNOTFOUND"})
# Recognisers trained abroad answer with letters that only look Latin (seen in Dahua's pushes).
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХЗІΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYX3IABEZHIKMNOPTYX")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\s*(Z|z|[+-]\d\d:?\d\d)?")
_PLATE_IN_HEX = re.compile(rb"[A-Z]{1,2}[0-9]{1,4}[A-Z]{0,3}")


def json_object(body: bytes) -> Mapping[str, object]:
    """The JSON object of a message, in UTF-8 or, as older Chinese firmware writes it, GB 18030. Raises `BadPush`."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            found = orjson.loads(body.decode(encoding).strip())
        except (UnicodeDecodeError, orjson.JSONDecodeError):
            continue
        if isinstance(found, dict):
            return found
        break
    raise BadPush("isinya bukan satu objek JSON", "the content is not one JSON object")


def mapping(value: object) -> Mapping[str, object]:
    """A nested object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """A nested list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def word(value: object) -> str:
    """Printable text of at most `LONGEST_WORD` characters; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return "".join(each for each in str(value).strip() if each.isprintable())[:LONGEST_WORD]


def number(value: object) -> float | None:
    """A number, also one written as text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def share(value: object, *, whole: float) -> float | None:
    """A confidence as 0 to 1, given on a scale up to `whole`."""
    found = number(value)
    return None if found is None else min(1.0, max(0.0, found / whole))


def speed(value: object) -> float | None:
    """A measured speed in km/h; 0 and less mean that nothing was measured."""
    found = number(value)
    return found if found is not None and 0 < found <= 500 else None


def lane(value: object) -> str | None:
    """The lane as the camera numbers it, at most 20 characters."""
    return word(value)[:20] or None


def plate(value: object) -> str | None:
    """Upper case letters and digits; None for an unread plate, whatever the vendor calls that."""
    text = word(value).upper().translate(_LOOK_ALIKE)
    text = _from_hex("".join(each for each in text if each.isalnum()))
    return None if text in _UNREAD else text[:LONGEST_PLATE]


def moment(value: object, zone: tzinfo) -> datetime:
    """An instant in UTC; a time without an offset is one in `zone`. Raises `BadPush`."""
    parts = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is not None:
        day, time, fraction, offset = parts.groups()
        try:
            found = datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{(offset or '').upper()}")
            return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadPush(f"waktu {word(value)!r} tidak terbaca", f"the time {word(value)!r} cannot be read")


def moment_of_epoch_ms(value: object) -> datetime:
    """An instant from milliseconds since 1970, as number or text. Raises `BadPush`."""
    found = number(value)
    try:
        if found is not None and found > 0:
            return datetime.fromtimestamp(found / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadPush(f"waktu {word(value)!r} tidak terbaca", f"the time {word(value)!r} cannot be read")


def picture(value: object) -> bytes | None:
    """A picture from base64, with or without a `data:` head and line breaks; None where there is none."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.partition(",")[2] if value.startswith("data:") else value
    try:
        return base64.b64decode("".join(text.split()), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def pictures(*values: object) -> tuple[bytes, ...]:
    """The pictures among base64 texts, in order, each once, at most `MOST_PICTURES`."""
    found = [each for value in values if (each := picture(value)) is not None]
    return tuple(dict.fromkeys(found))[:MOST_PICTURES]


def corners(values: Sequence[object]) -> tuple[int, int, int, int] | None:
    """A box from left, top, right, bottom; None for what is no rectangle."""
    found = [number(each) for each in values]
    if len(found) != 4 or any(each is None or abs(each) > 100_000 for each in found):
        return None
    left, top, right, bottom = (round(each) for each in found if each is not None)
    return (left, top, right, bottom) if 0 <= left < right and 0 <= top < bottom else None


def corner_and_size(values: Sequence[object]) -> tuple[int, int, int, int] | None:
    """A box from left, top, width, height; None for what is no rectangle."""
    found = [number(each) for each in values]
    if len(found) != 4 or any(each is None for each in found):
        return None
    left, top, width, height = (each for each in found if each is not None)
    return corners([left, top, left + width, top + height])


def _from_hex(text: str) -> str:
    """Some firmware writes the plate's bytes in hex; taken only where a plate comes out."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return text
    return raw.decode() if _PLATE_IN_HEX.fullmatch(raw) else text
