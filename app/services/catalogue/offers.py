"""Which unit offers which service: from a day on, with a target, suspended with a notice. Every change leaves a proof.

Where a unit has said nothing, the default of `offers.yaml` holds for units of the service's levels; what a unit has said
counts for more. A service that is switched off stops new applications alone: what was typed and what is under way stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import JsonValue, Tx
from app.core.texts import Text
from app.services import reference, transparency
from app.services.catalogue.defaults import OfferDefault
from app.services.catalogue.loading import Catalogue
from app.services.catalogue.models import ServiceOffer
from app.services.catalogue.problems import NEVER_OFFERED_THERE, NOT_OFFERED_YET, NOT_YOUR_UNIT, OFFER_DATES
from app.services.catalogue.service import Service
from app.services.reference import Unit

Reader = AsyncConnection | AsyncSession
LEAF = "service_offer"
MAX_NOTICE = 500
_PAGE = reference.MOST_UNITS - 1


class OfferState(StrEnum):
    """Whether somebody can begin a new application there today."""

    OFFERED = "offered"
    SUSPENDED = "suspended"
    PLANNED = "planned"
    NOT_OFFERED = "not_offered"


@dataclass(frozen=True, slots=True)
class OfferView:
    """One service at one unit, on a day. `notice` and `suspended_until` (its last day) while it is suspended.

    `own` tells what the unit has said by itself from the default.
    """

    unit: str
    service: str
    state: OfferState
    from_date: date | None
    target_on: date | None
    suspended_until: date | None
    notice: Text | None
    own: bool
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension to set: its last day (None: until it is lifted), and what people are told."""

    notice: Text
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OfferChange:
    """How a service shall stand at a unit from now on."""

    from_date: date | None
    target_on: date | None
    suspended: Suspension | None


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the country is with one service: units that can offer it, those that do, those of them suspended today."""

    service: str
    units: int
    offered: int
    suspended: int
    target_on: date | None


def can_offer(service: Service, unit: Unit) -> bool:
    """Whether the file means this unit at all: its level, the one unit of Mabes, the Poldas that it is limited to."""
    if unit.level not in service.levels or (unit.level == "MABES" and unit.code != service.mabes):
        return False
    return not service.poldas or unit.code in service.poldas or unit.polda_code in service.poldas


async def is_offered(reader: Reader, catalogue: Catalogue, unit: Unit, code: str, on: date) -> OfferView | None:
    """The offer, where the service has begun at this unit by that day; None where it has not. A suspended one has its
    notice, and takes no new applications. Raises SERVICE_NOT_FOUND."""
    found = await offer_of(reader, catalogue, unit, code, on)
    return found if found.state in (OfferState.OFFERED, OfferState.SUSPENDED) else None


async def offer_of(reader: Reader, catalogue: Catalogue, unit: Unit, code: str, on: date) -> OfferView:
    """How a service stands at a unit on a day of that unit's zone. Raises SERVICE_NOT_FOUND."""
    service = catalogue.get(code)
    row = (await _rows(reader, code=code, unit=unit.code)).get((code, unit.code))
    return _view(service, unit, catalogue.defaults.of(code), row, on)


async def offers_of_unit(reader: Reader, catalogue: Catalogue, unit: Unit, on: date) -> list[OfferView]:
    """Every service that this unit can offer, and how it stands there."""
    rows = await _rows(reader, unit=unit.code)
    return [
        _view(service, unit, catalogue.defaults.of(service.code), rows.get((service.code, unit.code)), on)
        for service in catalogue.all()
        if can_offer(service, unit)
    ]


@dataclass(frozen=True, slots=True)
class Where:
    """Which units somebody looks for: a part of the name or seat, the Polda, the level; None for any."""

    name: str | None = None
    polda: str | None = None
    level: str | None = None


async def units_offering(
    reader: Reader,
    catalogue: Catalogue,
    code: str,
    on: date,
    *,
    after: str | None = None,
    limit: int = 50,
    where: Where = Where(),
) -> list[tuple[Unit, OfferView]]:
    """Units where the service has begun, by code, those after `after`; suspended ones too. Raises SERVICE_NOT_FOUND."""
    service = catalogue.get(code)
    rows = await _rows(reader, code=code)
    found: list[tuple[Unit, OfferView]] = []
    asked = {"name": where.name, "polda": where.polda, "level": where.level or _only_level(service)}
    while len(found) < limit:
        page = await reference.list_units(reader, after=after, limit=_PAGE, on=on, **asked)
        for unit in page:
            view = _view(service, unit, catalogue.defaults.of(code), rows.get((code, unit.code)), on)
            if view.state in (OfferState.OFFERED, OfferState.SUSPENDED):
                found.append((unit, view))
        if len(page) < _PAGE:
            break
        after = page[-1].code
    return found[:limit]


async def rollout(reader: Reader, catalogue: Catalogue, on: date) -> list[Rollout]:
    """For each service, at how many of the units that can offer it people can apply on a day."""
    units, rows = await _all_units(reader, on), await _rows(reader)
    return [_rollout(service, catalogue.defaults.of(service.code), units, rows, on) for service in catalogue.all()]


async def offer(tx: Tx, unit: Unit, code: str, from_date: date | None, target: date | None = None) -> OfferView:
    """Have a unit offer a service from a day on (None: not yet), with the day by which it shall. One leaf of the log.

    Raises SERVICE_NOT_FOUND, NEVER_OFFERED_THERE.
    """
    row = await _row(tx, unit, code)
    row.from_date, row.target_on = from_date, target
    return await _write(tx, unit, row, "offered")


async def suspend(tx: Tx, unit: Unit, code: str, notice: Text, until: date | None) -> OfferView:
    """Take no new applications, up to and with the day `until` (None: until it is resumed), and say why. One leaf of the log.

    Raises SERVICE_NOT_FOUND, NEVER_OFFERED_THERE, NOT_OFFERED_YET, OFFER_DATES.
    """
    row = await _row(tx, unit, code)
    today = tx.now.astimezone(reference.zone_of(unit)).date()
    if row.from_date is None or row.from_date > today:
        raise NOT_OFFERED_YET(unit=unit.name, code=code)
    said = (notice.id.strip(), notice.en.strip())
    if (until is not None and until < today) or not all(said) or max(map(len, said)) > MAX_NOTICE:
        raise OFFER_DATES(today=today.isoformat())
    row.suspended_at, row.suspended_until = tx.now, until
    row.notice_id, row.notice_en = said
    return await _write(tx, unit, row, "suspended")


async def resume(tx: Tx, unit: Unit, code: str) -> OfferView:
    """Take applications again. One leaf of the log; nothing happens where the service is not suspended."""
    row = await _row(tx, unit, code)
    if row.suspended_at is None:
        return await offer_of(tx.session, tx.house[Catalogue], unit, code, _today(tx, unit))
    row.suspended_at = row.suspended_until = row.notice_id = row.notice_en = None
    return await _write(tx, unit, row, "resumed")


async def arrange(tx: Tx, unit: Unit, code: str, wanted: OfferChange) -> OfferView:
    """Make it stand as wanted, one leaf for each thing that changes; by staff of the unit or of its Polda.

    Raises NOT_YOUR_UNIT and what `offer` and `suspend` raise.
    """
    check_arranges(tx.actor.unit, unit)
    found = await offer_of(tx.session, tx.house[Catalogue], unit, code, _today(tx, unit))
    if (found.from_date, found.target_on) != (wanted.from_date, wanted.target_on):
        found = await offer(tx, unit, code, wanted.from_date, wanted.target_on)
    stands = Suspension(found.notice, found.suspended_until) if found.notice is not None else None
    if wanted.suspended is None:
        return await resume(tx, unit, code)
    if wanted.suspended == stands:
        return found
    return await suspend(tx, unit, code, wanted.suspended.notice, wanted.suspended.until)


def check_arranges(own_unit: str | None, unit: Unit) -> None:
    """Refuse staff of another unit: a unit's services are its own matter and its Polda's. Raises NOT_YOUR_UNIT."""
    if own_unit is None or own_unit not in (unit.code, unit.polda_code):
        raise NOT_YOUR_UNIT()


def _view(service: Service, unit: Unit, default: OfferDefault, row: ServiceOffer | None, on: date) -> OfferView:
    from_date = row.from_date if row is not None else default.from_date
    suspended = row is not None and row.suspended_at is not None and (row.suspended_until or on) >= on
    if not can_offer(service, unit) or from_date is None:
        state = OfferState.NOT_OFFERED
    elif from_date > on:
        state = OfferState.PLANNED
    else:
        state = OfferState.SUSPENDED if suspended else OfferState.OFFERED
    shown = row if state is OfferState.SUSPENDED else None
    return OfferView(
        unit=unit.code,
        service=service.code,
        state=state,
        from_date=from_date,
        target_on=row.target_on if row is not None else default.target_on,
        suspended_until=shown.suspended_until if shown is not None else None,
        notice=Text(shown.notice_id or "", shown.notice_en or "") if shown is not None else None,
        own=row is not None,
        changed_at=row.changed_at if row is not None else None,
    )


def _rollout(
    service: Service,
    default: OfferDefault,
    units: Sequence[Unit],
    rows: Mapping[tuple[str, str], ServiceOffer],
    on: date,
) -> Rollout:
    meant = [unit for unit in units if can_offer(service, unit)]
    views = [_view(service, unit, default, rows.get((service.code, unit.code)), on) for unit in meant]
    suspended = sum(view.state is OfferState.SUSPENDED for view in views)
    offered = suspended + sum(view.state is OfferState.OFFERED for view in views)
    return Rollout(service.code, len(meant), offered, suspended, default.target_on)


def _only_level(service: Service) -> str | None:
    return service.levels[0] if len(service.levels) == 1 else None


def _today(tx: Tx, unit: Unit) -> date:
    return tx.now.astimezone(reference.zone_of(unit)).date()


async def _rows(
    reader: Reader, *, code: str | None = None, unit: str | None = None
) -> dict[tuple[str, str], ServiceOffer]:
    """What units have said, by service and unit; of one service, of one unit, or all of it."""
    query = select(ServiceOffer.__table__)  # type: ignore[attr-defined]
    if code is not None:
        query = query.where(col(ServiceOffer.service_code) == code)
    if unit is not None:
        query = query.where(col(ServiceOffer.unit) == unit)
    found = (await reader.execute(query)).mappings()
    return {(row["service_code"], row["unit"]): ServiceOffer(**row) for row in found}


async def _all_units(reader: Reader, on: date) -> list[Unit]:
    units: list[Unit] = []
    after = None
    while True:
        page = await reference.list_units(reader, after=after, limit=_PAGE, on=on)
        units += page
        if len(page) < _PAGE:
            return units
        after = page[-1].code


async def _row(tx: Tx, unit: Unit, code: str) -> ServiceOffer:
    """The unit's own row, made of the default where it has none; others who change it wait.

    Raises SERVICE_NOT_FOUND, NEVER_OFFERED_THERE.
    """
    catalogue = tx.house[Catalogue]
    service = catalogue.get(code)
    if not can_offer(service, unit):
        raise NEVER_OFFERED_THERE(code=code, levels=", ".join(service.levels), unit=unit.name)
    await tx.serialise(f"offer:{code}:{unit.code}")
    query = select(ServiceOffer).where(col(ServiceOffer.service_code) == code, col(ServiceOffer.unit) == unit.code)
    row: ServiceOffer | None = (await tx.session.execute(query)).scalar_one_or_none()
    default = catalogue.defaults.of(code)
    return row or ServiceOffer(  # type: ignore[call-arg]  # its leaf is known when it is written
        unit=unit.code,
        service_code=code,
        from_date=default.from_date,
        target_on=default.target_on,
        changed_at=tx.now,
        changed_by=tx.actor.id,
    )


async def _write(tx: Tx, unit: Unit, row: ServiceOffer, change: str) -> OfferView:
    body: dict[str, JsonValue] = {
        "unit": row.unit,
        "service": row.service_code,
        "change": change,
        "from": row.from_date.isoformat() if row.from_date else None,
        "target": row.target_on.isoformat() if row.target_on else None,
        "until": row.suspended_until.isoformat() if row.suspended_until else None,
        "notice": {"id": row.notice_id, "en": row.notice_en} if row.notice_id else None,
        "at": tx.now.isoformat(),
        "actor": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
    }
    row.leaf_id = await transparency.append(tx, LEAF, body)
    row.changed_at, row.changed_by = tx.now, tx.actor.id
    tx.session.add(row)
    await tx.session.flush()
    catalogue = tx.house[Catalogue]
    return _view(catalogue.get(row.service_code), unit, catalogue.defaults.of(row.service_code), row, _today(tx, unit))
