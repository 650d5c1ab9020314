"""What a camera says beside its pictures: parsed strictly, and held against our clock and the Polda's policy.

A wrong time is the most dangerous thing a camera can send: the legal clocks run from it, and a right vehicle
at a wrong hour is a wrong accusation. So a time without an offset, ahead of ours or too old is refused, with
the difference.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.actor import Actor
from app.core.problems import FieldError
from app.core.texts import Text
from app.services import reference
from app.services.cameras.devices import check_duty
from app.services.cameras.problems import (
    CAPTURE_IN_FUTURE,
    CAPTURE_TOO_OLD,
    CLOCK_OFF,
    METADATA_INVALID,
    METADATA_NOT_JSON,
)

MOST_METADATA_BYTES = 16 * 1024
LONGEST_VIOLATION, LONGEST_LOCATION, LONGEST_LANE, LONGEST_CAPTURE_ID = 40, 200, 20, 64
FASTEST_KMH = 500.0

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|z|[+-]\d\d:?\d\d)?")
_ZONE_SLIPS = (7, 8, 9)
"""Hours by which a clock is off that sends WIB, WITA or WIT as if it were UTC, or the reverse."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CaptureMetadata:
    """What the camera says. Times are UTC; `sent_at` is the camera's own clock when it sent, if it tells."""

    captured_at: datetime
    violation_code: str
    location: str
    latitude: float | None = None
    longitude: float | None = None
    speed_kmh: float | None = None
    limit_kmh: float | None = None
    lane: str | None = None
    capture_id: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckedMetadata:
    """Metadata whose time and violation code hold for this device's unit; only `check_metadata` makes it."""

    metadata: CaptureMetadata
    violation: reference.Violation


def parse_metadata(text: str | bytes) -> CaptureMetadata:
    """The metadata of a capture from its JSON text. Fields that we do not know are ignored, those that we
    know are checked one by one, so that one answer names all faults.

    Problems: cameras-metadata-not-json and cameras-metadata-invalid (422)."""
    given = _json_object(text)
    fields = _Fields(given)
    captured_at = fields.take("captured_at", _moment, required=True)
    violation = fields.take("violation", _words(LONGEST_VIOLATION), required=True)
    location = fields.take("location", _words(LONGEST_LOCATION), required=True)
    rest = {
        "latitude": fields.take("latitude", _number(-90, 90)),
        "longitude": fields.take("longitude", _number(-180, 180)),
        "speed_kmh": fields.take("speed_kmh", _number(0, FASTEST_KMH)),
        "limit_kmh": fields.take("limit_kmh", _number(0, FASTEST_KMH)),
    }
    lane = fields.take("lane", _lane)
    capture_id = fields.take("capture_id", _words(LONGEST_CAPTURE_ID))
    sent_at = fields.take("sent_at", _moment)
    if fields.errors or captured_at is None or violation is None or location is None:
        raise METADATA_INVALID(errors=fields.errors)
    return CaptureMetadata(captured_at, violation, location, lane=lane, capture_id=capture_id, sent_at=sent_at, **rest)


async def check_metadata(
    source: AsyncConnection | AsyncSession, device: Actor, metadata: CaptureMetadata, *, now: datetime
) -> CheckedMetadata:
    """Hold the metadata against our clock, the policy of the device's Polda and the violations in force that
    day.

    Problems: cameras-capture-in-future, cameras-clock-off, cameras-capture-too-old, cameras-violation-not-allowed,
    cameras-not-certified, reference-violation-not-found (422); reference-unit-not-found when the device's unit is
    gone."""
    unit = await reference.unit(source, device.unit or "")
    zone = reference.zone_of(unit)
    policy = await reference.policy(source, reference.polda_of(unit), now.astimezone(zone).date())
    tolerance = timedelta(minutes=policy.etle.clock_tolerance_minutes)
    shown = now.astimezone(zone).isoformat(timespec="seconds")
    if metadata.sent_at is not None and abs(metadata.sent_at - now) > tolerance:
        off = metadata.sent_at - now
        raise CLOCK_OFF(off=_span(off), now=shown, limit_minutes=_minutes(tolerance), hint=_hint(off, tolerance))
    ahead = metadata.captured_at - now
    if ahead > tolerance:
        raise CAPTURE_IN_FUTURE(
            ahead=_span(ahead), now=shown, limit_minutes=_minutes(tolerance), hint=_hint(ahead, tolerance)
        )
    if -ahead > timedelta(days=policy.etle.capture_oldest_days):
        raise CAPTURE_TOO_OLD(behind=_span(ahead), now=shown, limit_days=policy.etle.capture_oldest_days)
    day = metadata.captured_at.astimezone(zone).date()
    violation = await reference.violation(source, metadata.violation_code, day)
    await check_duty(source, UUID(device.id), violation.code, day)
    return CheckedMetadata(metadata, violation)


class _Fields:
    """The object's fields; what is wrong with each is collected."""

    def __init__(self, given: dict[str, object]) -> None:
        self._given = given
        self.errors: list[FieldError] = []

    def take(self, name: str, read: Callable[[object], T | Text], *, required: bool = False) -> T | None:
        value = self._given.get(name)
        if value is None:
            if required:
                self.errors.append(FieldError(f"/metadata/{name}", Text("Wajib diisi.", "This is required.")))
            return None
        found = read(value)
        if isinstance(found, Text):
            self.errors.append(FieldError(f"/metadata/{name}", found))
            return None
        return found


def _json_object(text: str | bytes) -> dict[str, object]:
    try:
        data = text if isinstance(text, bytes) else text.encode()
        if len(data) > MOST_METADATA_BYTES:
            raise _not_json(Text("Yang datang lebih besar.", "What came is larger."))
        given = orjson.loads(data)
    except UnicodeEncodeError as error:
        raise _not_json(Text("Yang datang bukan UTF-8.", "What came is not UTF-8.")) from error
    except orjson.JSONDecodeError as error:
        place = Text(
            f"Salah di baris {error.lineno}, kolom {error.colno}.",
            f"Wrong at line {error.lineno}, column {error.colno}.",
        )
        raise _not_json(place) from error
    if not isinstance(given, dict):
        raise _not_json(Text("Yang datang bukan objek.", "What came is no object."))
    return given


def _not_json(why: Text) -> Exception:
    return METADATA_NOT_JSON(limit_kb=MOST_METADATA_BYTES // 1024, why=why)


def _words(most: int) -> Callable[[object], str | Text]:
    def read(value: object) -> str | Text:
        if not isinstance(value, str):
            return Text("Harus teks.", "This must be text.")
        words = value.strip()
        if not 1 <= len(words) <= most:
            return Text(f"Panjangnya 1 sampai {most} karakter.", f"It has 1 to {most} characters.")
        if not words.isprintable():
            return Text("Ada karakter kendali, misalnya NUL.", "It holds control characters such as NUL.")
        return words

    return read


def _lane(value: object) -> str | Text:
    """Some cameras number their lanes, others name them."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return _words(LONGEST_LANE)(str(value) if is_number else value)


def _number(least: float, most: float) -> Callable[[object], float | Text]:
    def read(value: object) -> float | Text:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Text("Harus angka.", "This must be a number.")
        if not least <= value <= most:
            return Text(f"Antara {least:g} dan {most:g}.", f"Between {least:g} and {most:g}.")
        return float(value)

    return read


def _moment(value: object) -> datetime | Text:
    parts = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        example = "2026-03-02T10:15:30+07:00"
        return Text(f"Tulis waktu seperti {example}.", f"Write the time like {example}.")
    day, time, fraction, offset = parts.groups()
    if offset is None:
        return Text("Selisih zona waktu wajib ada, misalnya +07:00.", "The offset is required, such as +07:00.")
    try:
        moment = datetime.fromisoformat(f"{day}T{time}.{(fraction or '0')[:6]:0<6}{offset.upper()}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return Text("Tanggal atau jam ini tidak ada.", "There is no such date or time.")


def _span(difference: timedelta) -> Text:
    """A difference in the two largest units that say something: 3 days 4 hours, 7 hours 0 minutes."""
    minutes = round(abs(difference).total_seconds() / 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return Text(f"{days} hari {hours} jam", f"{days} days {hours} hours")
    if hours:
        return Text(f"{hours} jam {rest} menit", f"{hours} hours {rest} minutes")
    return Text(f"{rest} menit", f"{rest} minutes")


def _minutes(tolerance: timedelta) -> int:
    return round(tolerance.total_seconds() / 60)


def _hint(off: timedelta, tolerance: timedelta) -> Text:
    for hours in _ZONE_SLIPS:
        if abs(abs(off) - timedelta(hours=hours)) <= tolerance:
            return Text(
                f"Selisih {hours} jam biasanya berarti waktu setempat dikirim sebagai UTC, atau sebaliknya.",
                f"{hours} hours usually mean that local time is sent as UTC, or the reverse.",
            )
    return Text("", "")
