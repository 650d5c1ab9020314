"""The cloned-plate shield: an owner says once what the vehicle looks like, and no letter goes before somebody has compared.

Today the innocent owner of a cloned plate must come and prove it for every letter (etle.md 9). With a shield the officer
who reviews a hit on the plate sees colour, marks and two photographs beside the camera's picture, and has to say that it
is that vehicle. Where it is not, the case ends as a false plate, joins the file of whoever drives the other vehicle, and
the owner gets no letter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.db import Tx
from app.core.house import House
from app.services import documents, transparency
from app.services.cases import Move
from app.services.documents import off_loop
from app.services.etle.problems import SHIELD_MISMATCH, SHIELD_NOT_COMPARED, SHIELD_NOT_FOUND, SHIELD_NOT_YOURS
from app.services.etle.shield_models import ForgerSighting, PlateShield
from app.services.etle.store import drop_objects, ticket_of
from app.services.etle.views import ShieldView
from app.services.identity import people
from app.services.reference import parse_plate
from app.services.registries import Vehicle, VehicleRegistry

LONGEST_MARKS = 500
MOST_PHOTO_BYTES = 10 * 2**20
PHOTO_SIDE = 1600
MOST_SHIELDS = 50
PHOTOS = ("first", "second")

Reader = AsyncConnection | AsyncSession


@dataclass(frozen=True, slots=True)
class NewShield:
    """What an owner registers; `photos` are JPEG, PNG or WebP files: the vehicle from the front and from behind."""

    plate: str
    colour: str
    marks: str
    photos: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class CheckedShield:
    """A shield that may be registered: its vehicle is the person's own, its photographs lie sealed in the store."""

    vehicle: Vehicle
    key_id: UUID
    colour: str
    marks_enc: str
    photos: tuple[str, str]


async def check(house: House, actor: Actor, new: NewShield) -> CheckedShield:
    """Check that the signed-in person is the vehicle's registered owner, and store the photographs, cleaned and sealed.

    Problems: etle-shield-not-yours (422) for a plate that is unknown or another's, and for an account without a NIK, in the
    same words; those of `documents.check_image`."""
    plate, nik = parse_plate(new.plate), await people.nik_of(house, UUID(actor.id))
    vehicle = await house[VehicleRegistry].find(plate.canonical) if plate else None
    if vehicle is None or nik is None or vehicle.owner.nik != nik:
        raise SHIELD_NOT_YOURS()
    photos = [await off_loop(_fresh, each) for each in new.photos]
    async with house.db.begin(actor) as tx:
        key_id = await vault.key_for_person(tx, nik)
        sealed = await vault.seal(tx, key_id, {"marks": new.marks})
        files = [
            await vault.seal_bytes(tx.session, house.keys, key_id, photo, name=f"shield {name}")
            for name, photo in zip(PHOTOS, photos, strict=True)
        ]
    first, second = [await house.storage.put(each) for each in files]
    return CheckedShield(vehicle, key_id, new.colour, sealed["marks"] or "", (first, second))


async def register(tx: Tx, new: CheckedShield) -> ShieldView:
    """Register a checked shield for the signed-in person; an earlier one of the vehicle is replaced."""
    await tx.serialise(f"shield:{new.vehicle.registry_id}")
    for earlier in await _active(tx.session, new.vehicle.registry_id):
        await _withdraw(tx, earlier.id)
    shield = PlateShield(
        vehicle_id=new.vehicle.registry_id,
        plate=new.vehicle.plate,
        person_id=UUID(tx.actor.id),
        key_id=new.key_id,
        colour=new.colour,
        marks_enc=new.marks_enc,
        first_sha256=new.photos[0],
        second_sha256=new.photos[1],
        registered_at=tx.now,
    )
    tx.session.add(shield)
    await tx.session.flush()
    await transparency.append(tx, "plate_shield_registered", {"shield": str(shield.id)})
    return await _view(tx.session, tx.house, shield)


async def shields_of(house: House, actor: Actor) -> Sequence[ShieldView]:
    """The shields that this person has registered and not withdrawn, newest first."""
    query = (
        select(PlateShield)
        .where(col(PlateShield.person_id) == UUID(actor.id), col(PlateShield.withdrawn_at).is_(None))
        .order_by(col(PlateShield.registered_at).desc())
        .limit(MOST_SHIELDS)
    )
    async with house.db.begin(actor) as tx:
        found = (await tx.session.execute(query)).scalars().all()
        return [await _view(tx.session, house, each) for each in found]


async def withdraw(tx: Tx, shield_id: UUID) -> None:
    """The owner takes a shield back: sold, repainted, no longer wanted. Its photographs go. Problem: etle-shield-not-found."""
    shield = await tx.lock(PlateShield, shield_id)
    if shield is None or str(shield.person_id) != tx.actor.id or shield.withdrawn_at is not None:
        raise SHIELD_NOT_FOUND()
    await _withdraw(tx, shield_id)


async def shield_of_case(tx: Tx, case_id: UUID) -> ShieldView | None:
    """The shield of the vehicle on which a case stands now, if it has one; for whoever reviews the case."""
    found = await _of_case(tx, case_id)
    return None if found is None else await _view(tx.session, tx.house, found)


async def photo_of_case(tx: Tx, case_id: UUID, which: str) -> tuple[str, UUID]:
    """Where a photograph of the case's shield lies, and under which key. Problem: etle-shield-not-found."""
    found = await _of_case(tx, case_id)
    if found is None or which not in PHOTOS:
        raise SHIELD_NOT_FOUND()
    return (found.first_sha256 if which == "first" else found.second_sha256), found.key_id


async def open_photo(house: House, place: tuple[str, UUID], which: str) -> bytes:
    """The photograph as JPEG. Problem: etle-shield-not-found, also after its owner was erased."""
    sha256, key_id = place
    sealed = await house.storage.get(sha256)
    async with house.db.read() as connection:
        data = await vault.open_bytes(connection, house.keys, key_id, sealed, name=f"shield {which}")
    if data is None:
        raise SHIELD_NOT_FOUND()
    return data


async def shield_compared(move: Move) -> None:
    """Guard: a hit on a shielded plate is verified by who has compared it with the owner's vehicle and found it the same."""
    if await _of_case(move.tx, move.case.id) is None:
        return
    matches = move.data.get("shield_matches")
    if matches is None:
        raise SHIELD_NOT_COMPARED()
    if matches is not True:
        raise SHIELD_MISMATCH()


async def note_forger(move: Move) -> None:
    """Effect: a false plate on a shielded number joins the forger's file."""
    found = await _of_case(move.tx, move.case.id)
    if found is None:
        return
    ticket = await ticket_of(move.tx, move.case.id)
    move.tx.session.add(
        ForgerSighting(
            case_id=move.case.id,
            shield_id=found.id,
            seen_at=ticket.occurred_at,
            location=ticket.location,
            noted_at=move.tx.now,
            noted_by=move.tx.actor.id,
        )
    )
    await move.tx.session.flush()


async def forgers_file(tx: Tx, case_id: UUID) -> Sequence[ForgerSighting]:
    """Where else the vehicle of this case's forger was seen, oldest first; empty where there is no file."""
    own = select(col(ForgerSighting.shield_id)).where(col(ForgerSighting.case_id) == case_id)
    query = select(ForgerSighting).where(col(ForgerSighting.shield_id).in_(own)).order_by(col(ForgerSighting.seen_at))
    return (await tx.session.execute(query)).scalars().all()


def _fresh(photo: bytes) -> bytes:
    documents.check_image(photo, max_bytes=MOST_PHOTO_BYTES)
    return documents.reencode_image(photo, max_side=PHOTO_SIDE)


async def _active(source: AsyncSession, vehicle_id: str) -> Sequence[PlateShield]:
    query = select(PlateShield).where(
        col(PlateShield.vehicle_id) == vehicle_id, col(PlateShield.withdrawn_at).is_(None)
    )
    return (await source.execute(query.order_by(col(PlateShield.registered_at).desc()))).scalars().all()


async def _of_case(tx: Tx, case_id: UUID) -> PlateShield | None:
    vehicle_id = (await ticket_of(tx, case_id)).vehicle_id
    found = await _active(tx.session, vehicle_id) if vehicle_id else []
    return found[0] if found else None


async def _withdraw(tx: Tx, shield_id: UUID) -> None:
    shield = await tx.lock(PlateShield, shield_id)
    if shield is None or shield.withdrawn_at is not None:
        return
    shield.withdrawn_at = tx.now
    await tx.session.flush()
    await drop_objects(tx, {shield.first_sha256, shield.second_sha256})
    await transparency.append(tx, "plate_shield_withdrawn", {"shield": str(shield.id)})


async def _view(source: AsyncSession, house: House, shield: PlateShield) -> ShieldView:
    opened = await vault.open_(source, house.keys, shield.key_id, {"marks": shield.marks_enc})
    file = select(col(ForgerSighting.case_id)).where(col(ForgerSighting.shield_id) == shield.id)
    sightings = len((await source.execute(file)).all())
    return ShieldView(shield.id, shield.plate, shield.colour, opened["marks"] or "", shield.registered_at, sightings)
