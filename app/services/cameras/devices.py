"""The register of cameras: where each stands and looks, what it may accuse of, and under which certificate it measures.

The key is the credential's business. A camera that nobody has registered further may hand in everything but measured
speeds, and what it pushes in a vendor's form accuses nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, tzinfo
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.core.texts import Text
from app.services import reference
from app.services.cameras.models import CameraDevice
from app.services.cameras.problems import (
    DEVICE_INVALID,
    DEVICE_NOT_FOUND,
    NOT_CERTIFIED,
    VIOLATION_NOT_ALLOWED,
)
from app.services.identity.models import Credential

Reader = AsyncConnection | AsyncSession

MEASURED = frozenset({"287-5-SPEED"})
"""Violations that are a measurement: without a valid certificate the number proves nothing (UU 2/1981 art. 25
forbids measuring instruments without a valid mark)."""

ZONES: Mapping[str, tzinfo] = {**reference.ZONE_INFO, "UTC": UTC}
LONGEST_PLACE, LONGEST_LENS, LONGEST_MODEL, LONGEST_CERTIFICATE = 200, 80, 120, 80
FASTEST_LIMIT = 150
CONFIDENCE_OF = (100, 255)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Under what a camera measures: its certificate with the last day on which that is valid, and its
    calibration."""

    number: str | None = None
    valid_until: date | None = None
    model: str | None = None
    calibrated_on: date | None = None
    calibrated_until: date | None = None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A camera as the owner of a ticket may see it; what was never entered is None."""

    id: UUID
    name: str
    unit: str | None
    certificate_no: str | None
    certificate_until: date | None
    model: str | None
    calibrated_on: date | None


@dataclass(frozen=True, slots=True)
class Site:
    """Where a camera stands and what it is there for. Degrees for the place and, from north clockwise, for its heading;
    `zone` is what its local times mean. `allowed`: codes of what it may hand in, empty for all. `accuses`: what a message
    in a vendor's form is about, None for a camera that only sees who passes. `confidence_of`: what its confidence is out of,
    where the vendor's form leaves that to the device; None as the form says."""

    place: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    heading: int | None = None
    lens: str | None = None
    zone: str | None = None
    limit_kmh: float | None = None
    allowed: tuple[str, ...] = ()
    accuses: str | None = None
    confidence_of: int | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """All that the register holds of one camera."""

    id: UUID
    client_id: str
    name: str
    unit: str
    disabled: bool
    certificate: Certificate
    site: Site


async def find_device(source: Reader, id: UUID) -> DeviceView | None:
    """The camera of this credential id, or None."""
    found = await find_registered(source, id)
    if found is None:
        return None
    held = found.certificate
    return DeviceView(id, found.name, found.unit, held.number, held.valid_until, held.model, held.calibrated_on)


async def find_registered(source: Reader, id: UUID) -> Registered | None:
    """The camera of this credential id with all that the register holds, or None."""
    return next(iter(await _registered(source, col(Credential.id) == id)), None)


async def get_registered(source: Reader, client_id: str) -> Registered:
    """The camera of this client id. Problem: cameras-device-not-found (404)."""
    for found in await _registered(source, col(Credential.client_id) == client_id):
        return found
    raise DEVICE_NOT_FOUND(client_id=client_id[:80])


async def list_registered(source: Reader, units: frozenset[str] | None) -> list[Registered]:
    """The cameras of these units (of all for None) that are not disabled, by name."""
    everywhere = col(Credential.disabled_at).is_(None)
    return await _registered(source, everywhere if units is None else everywhere & col(Credential.unit).in_(units))


async def record_certificate(tx: Tx, client_id: str, certificate: Certificate) -> DeviceView:
    """Enter or replace a camera's certificate. Problem: cameras-device-not-found (404)."""
    row = await _row(tx, client_id)
    row.certificate_no, row.certificate_until = certificate.number, certificate.valid_until
    row.model, row.calibrated_on = certificate.model, certificate.calibrated_on
    row.calibrated_until, row.updated_at = certificate.calibrated_until, tx.now
    await tx.session.flush()
    found = await find_device(tx.session, row.credential_id)
    assert found is not None, "its credential was read in this transaction"
    return found


async def record_site(tx: Tx, client_id: str, site: Site) -> Registered:
    """Enter or replace where a camera stands and what it is there for.

    Problems: cameras-device-not-found (404), cameras-device-invalid (422), reference-violation-not-found (422)."""
    _check(site)
    row = await _row(tx, client_id)
    for code in {*site.allowed, *([site.accuses] if site.accuses else [])}:
        await reference.violation(tx.session, code, tx.now.date())
    if site.accuses and site.allowed and site.accuses not in site.allowed:
        raise DEVICE_INVALID(why=Text("accuses harus termasuk allowed", "accuses must be among allowed"))
    for each in fields(site):
        value = getattr(site, each.name)
        setattr(row, each.name, list(value) if isinstance(value, tuple) else value)
    row.updated_at = tx.now
    await tx.session.flush()
    return await get_registered(tx.session, client_id)


def zone_of(device: Registered, unit: reference.Unit) -> tzinfo:
    """What local times of this camera mean."""
    return ZONES[device.site.zone] if device.site.zone else reference.zone_of(unit)


async def check_duty(source: Reader, device_id: UUID, code: str, day: date) -> None:
    """Whether this camera may accuse of this violation on this day.

    Problems: cameras-violation-not-allowed, and cameras-not-certified for a measured speed without a certificate and
    calibration that are valid that day (422)."""
    device = await find_registered(source, device_id)
    if device is None:
        return  # its key was good a moment ago; whoever deletes credentials deletes what they sent
    if device.site.allowed and code not in device.site.allowed:
        raise VIOLATION_NOT_ALLOWED(code=code, allowed=", ".join(device.site.allowed))
    if code in MEASURED:
        why = uncertified(device.certificate, day)
        if why is not None:
            raise NOT_CERTIFIED(code=code, why=why, client_id=device.client_id)


def uncertified(held: Certificate, day: date) -> Text | None:
    """Why a camera must not measure on this day; None when it may."""
    if not held.number or held.valid_until is None:
        return Text("Kamera ini tidak punya sertifikat.", "This camera has no certificate.")
    if held.valid_until < day:
        return Text(
            f"Sertifikatnya habis berlaku pada {held.valid_until}.", f"Its certificate ended on {held.valid_until}."
        )
    if held.calibrated_until is not None and held.calibrated_until < day:
        return Text(
            f"Kalibrasinya habis berlaku pada {held.calibrated_until}.",
            f"Its calibration ended on {held.calibrated_until}.",
        )
    return None


def _check(site: Site) -> None:
    def refuse(id: str, en: str) -> None:
        raise DEVICE_INVALID(why=Text(id, en))

    if (site.latitude is None) != (site.longitude is None):
        refuse("lintang dan bujur diisi bersama", "latitude and longitude go together")
    if site.latitude is not None and not -90 <= site.latitude <= 90:
        refuse("lintang antara -90 dan 90", "a latitude is between -90 and 90")
    if site.longitude is not None and not -180 <= site.longitude <= 180:
        refuse("bujur antara -180 dan 180", "a longitude is between -180 and 180")
    if site.heading is not None and not 0 <= site.heading < 360:
        refuse("arah antara 0 dan 359 derajat", "a heading is 0 to 359 degrees")
    if site.limit_kmh is not None and not 0 < site.limit_kmh <= FASTEST_LIMIT:
        refuse(f"batas kecepatan 1 sampai {FASTEST_LIMIT}", f"a speed limit is 1 to {FASTEST_LIMIT}")
    if site.zone is not None and site.zone not in ZONES:
        refuse("zona: WIB, WITA, WIT atau UTC", "zone is WIB, WITA, WIT or UTC")
    if site.confidence_of is not None and site.confidence_of not in CONFIDENCE_OF:
        refuse("keyakinan dari 100 atau 255", "confidence is out of 100 or 255")
    for text, most in ((site.place, LONGEST_PLACE), (site.lens, LONGEST_LENS)):
        if text is not None and not (1 <= len(text.strip()) <= most and text.isprintable()):
            refuse(f"teks 1 sampai {most} karakter", f"a text has 1 to {most} printable characters")
    if site.accuses and not site.place:
        refuse("kamera yang menuduh perlu tempat", "a camera that accuses needs a place")
    if site.accuses in MEASURED and site.limit_kmh is None:
        refuse("kamera kecepatan perlu batas kecepatan", "a camera that accuses of speeding needs a limit")


async def _row(tx: Tx, client_id: str) -> CameraDevice:
    query = select(col(Credential.id)).where(col(Credential.client_id) == client_id, col(Credential.kind) == "camera")
    device_id = (await tx.session.execute(query)).scalar_one_or_none()
    if device_id is None:
        raise DEVICE_NOT_FOUND(client_id=client_id[:80])
    row = await tx.lock(CameraDevice, device_id) or CameraDevice(credential_id=device_id, updated_at=tx.now)
    tx.session.add(row)
    return row


async def _registered(source: Reader, which: ColumnElement[bool]) -> list[Registered]:
    device = CameraDevice.__table__  # type: ignore[attr-defined]
    query = (
        select(
            col(Credential.id),
            col(Credential.client_id),
            col(Credential.name),
            col(Credential.unit),
            col(Credential.disabled_at),
            *(each for each in device.c if each.name not in {"credential_id", "updated_at"}),
        )
        .outerjoin(device, device.c.credential_id == col(Credential.id))
        .where(col(Credential.kind) == "camera", which)
        .order_by(col(Credential.name), col(Credential.id))
    )
    return [_view(row) for row in (await source.execute(query)).mappings()]


def _view(row: RowMapping) -> Registered:
    certificate = Certificate(
        row["certificate_no"],
        row["certificate_until"],
        row["model"],
        row["calibrated_on"],
        row["calibrated_until"],
    )
    site = Site(**{**{each.name: row[each.name] for each in fields(Site)}, "allowed": tuple(row["allowed"] or ())})
    disabled = row["disabled_at"] is not None
    return Registered(row["id"], row["client_id"], row["name"], row["unit"] or "", disabled, certificate, site)
