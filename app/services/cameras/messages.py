"""Messages in a vendor's form: kept as they came before the camera is answered, understood afterwards.

A raw message lies in storage sealed under a key of its own, as originals do (`originals`), behind a head that names device and
content type. Once it was understood its key is destroyed and it goes: its pictures are evidence by themselves then, and what it
said stands in `passage`. A camera that only sees who passes accuses nobody, so what it saw is forgotten within the policy's hours
(`keep_no_case_hours`), and what could not be understood is kept for whoever mends the camera, as long as a capture that
the machine gave up (`keep_unread_hours`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM, Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.storage import ObjectMissing
from app.core.texts import Text
from app.services import reference
from app.services.cameras.deletions import KeptFor, delete_messages, finish_deletions
from app.services.cameras.files import Sealed
from app.services.cameras.health import note_seen
from app.services.cameras.models import CameraMessage, Capture
from app.services.cameras.originals import keep_sealed
from app.services.cameras.vendors import Passage, Vendor
from app.services.identity.models import Credential
from app.services.reference import EtlePolicy

Reader = AsyncConnection | AsyncSession

SHOWN_REFUSED = 20
WAITING_AT_ONCE = 500
FORGOTTEN_AT_ONCE = 2_000
SEALED_AS = "camera message"
_END_OF_HEAD = b"\r\n\r\n"

MESSAGES = Counter("loket_camera_messages_total", "What cameras pushed, by what became of it.", ("vendor", "outcome"))


class MessageState(StrEnum):
    """What became of a message: `taken` made a capture, `repeated` told of one again, `passed` accuses nobody, `refused`
    says why."""

    RECEIVED = "received"
    TAKEN = "taken"
    REPEATED = "repeated"
    PASSED = "passed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Message:
    """A message and how far it is."""

    id: UUID
    device_id: UUID
    vendor: Vendor
    sha256: str
    stored_as: str | None
    key_id: UUID | None
    received_at: datetime
    state: MessageState
    why: Text | None
    capture_id: UUID | None


def head_of(device: Actor, content_type: str) -> bytes:
    """What stands before the body in storage."""
    printable = "".join(each for each in content_type[:200] if each.isprintable())
    return f"Device: {device.id}\r\nContent-Type: {printable}".encode("ascii", "replace") + _END_OF_HEAD


async def store_message(house: House, file: Path) -> Sealed:
    """Seal a message behind its head, and store it; `keep_message` names it."""
    with file.open("rb") as source:
        return await keep_sealed(house, source, SEALED_AS)


async def read_message(house: House, message: Message) -> tuple[str, bytes]:
    """Content type and body of a kept message. Raises ObjectMissing where it is not kept any more."""
    stored = await house.storage.get(message.stored_as or message.sha256)
    if message.stored_as is not None:
        if message.key_id is None:
            raise ObjectMissing(f"message {message.id} was understood already")
        async with house.db.read() as connection:
            opened = await vault.open_bytes(connection, house.keys, message.key_id, stored, name=SEALED_AS)
        if opened is None:
            raise ObjectMissing(f"message {message.id} was understood already")
        stored = opened
    head, _, body = stored.partition(_END_OF_HEAD)
    return head.decode("ascii", "replace").partition("Content-Type: ")[2], body


async def keep_message(tx: Tx, device: Actor, vendor: Vendor, stored: Sealed) -> tuple[Message, bool]:
    """Note a message that lies in storage, with its key; True when it is new. The very same bytes again are the same message, and
    what was stored of them the second time is an orphan without a key."""
    await tx.serialise(f"camera-message:{device.id}:{stored.sha256}")
    mine = (col(CameraMessage.device_id) == UUID(device.id)) & (col(CameraMessage.sha256) == stored.sha256)
    known = (await tx.session.execute(select(CameraMessage).where(mine))).scalar_one_or_none()
    if known is not None:
        MESSAGES.labels(vendor, "same bytes").inc()
        return _view(known), False
    await vault.keep_keys(tx, [stored.key])
    row = CameraMessage(
        device_id=UUID(device.id),
        vendor=vendor,
        sha256=stored.sha256,
        stored_as=stored.stored_as,
        key_id=stored.key.id,
        received_at=tx.now,
        state=MessageState.RECEIVED,
    )
    tx.session.add(row)
    await tx.session.flush()
    await note_seen(tx, row.device_id, messages=0)
    return _view(row), True


async def find_message(source: Reader, id: UUID) -> Message | None:
    """The message of this id, unless it was forgotten."""
    query = select(CameraMessage.__table__).where(col(CameraMessage.id) == id)  # type: ignore[attr-defined]
    row = (await source.execute(query)).mappings().one_or_none()
    return None if row is None else _view(CameraMessage(**row))


async def list_waiting(source: Reader, *, before: datetime) -> list[Message]:
    """The oldest messages that came before then and nobody has understood yet."""
    query = (
        select(CameraMessage.__table__)  # type: ignore[attr-defined]
        .where(col(CameraMessage.state) == MessageState.RECEIVED, col(CameraMessage.received_at) < before)
        .order_by(col(CameraMessage.received_at), col(CameraMessage.id))
        .limit(WAITING_AT_ONCE)
    )
    return [_view(CameraMessage(**row)) for row in (await source.execute(query)).mappings()]


async def list_refused(source: Reader, device_id: UUID) -> list[Message]:
    """The newest messages of a camera that could not be used, for whoever mends it."""
    query = (
        select(CameraMessage.__table__)  # type: ignore[attr-defined]
        .where(col(CameraMessage.device_id) == device_id, col(CameraMessage.state) == MessageState.REFUSED)
        .order_by(col(CameraMessage.received_at).desc(), col(CameraMessage.id).desc())
        .limit(SHOWN_REFUSED)
    )
    return [_view(CameraMessage(**row)) for row in (await source.execute(query)).mappings()]


async def reopen_refused(tx: Tx, device_id: UUID) -> Sequence[UUID]:
    """Have the newest messages of a camera that could not be used stand as received again, at most `SHOWN_REFUSED`; which."""
    mine = (col(CameraMessage.device_id) == device_id) & (col(CameraMessage.state) == MessageState.REFUSED)
    newest = (
        select(col(CameraMessage.id))
        .where(mine)
        .order_by(col(CameraMessage.received_at).desc(), col(CameraMessage.id).desc())
        .limit(SHOWN_REFUSED)
    )
    again = update(CameraMessage).where(col(CameraMessage.id).in_(newest), mine)
    changed = again.values(state=MessageState.RECEIVED, why=None).returning(col(CameraMessage.id))
    return (await tx.session.execute(changed)).scalars().all()


async def settle_message(
    tx: Tx,
    message: Message,
    state: MessageState,
    *,
    why: Text | None = None,
    passage: Passage | None = None,
    capture_id: UUID | None = None,
) -> None:
    """Write down what became of a message, and what it says of the camera's clock. One that is of no more use loses its key here;
    its bytes go by `drop_message`."""
    told = None if passage is None else said(passage)
    reason = None if why is None else {"id": why.id, "en": why.en}
    await tx.session.execute(
        update(CameraMessage)
        .where(col(CameraMessage.id) == message.id)
        .values(state=state, why=reason, passage=told, capture_id=capture_id)
    )
    if state is not MessageState.REFUSED:
        await _destroy_keys(tx, [message.id])
    drift = None if passage is None or passage.late else passage.captured_at - message.received_at
    counted = int(state is not MessageState.TAKEN)  # a capture was counted when it was accepted
    await note_seen(tx, message.device_id, drift=drift, messages=counted, refused=int(state is MessageState.REFUSED))
    MESSAGES.labels(message.vendor, state).inc()


async def drop_message(house: House, message: Message) -> None:
    """Take the bytes of a message that was understood from the store; if somebody is killed just before, they are an orphan that
    nobody can open."""
    await house.storage.delete(message.stored_as or message.sha256)


async def captured_by(source: Reader, device: Actor, capture_id: str) -> UUID | None:
    """The capture that this device made under this id of its own, if it did."""
    query = select(col(Capture.id)).where(
        col(Capture.device_id) == UUID(device.id), col(Capture.capture_id) == capture_id
    )
    found: UUID | None = (await source.execute(query)).scalar_one_or_none()
    return found


def said(passage: Passage) -> dict[str, JsonValue]:
    """What the camera told, without its pictures."""
    vehicle = passage.vehicle
    return {
        "captured_at": passage.captured_at.isoformat(),
        "plate": passage.plate,
        "confidence": passage.confidence,
        "characters": list(passage.characters),
        "alternatives": [[plate, sure] for plate, sure in passage.alternatives],
        "box": list(passage.box) if passage.box else None,
        "region": passage.region,
        "vehicle": {
            "kind": vehicle.kind,
            "make": vehicle.make,
            "model": vehicle.model,
            "colour": vehicle.colour,
            "view": vehicle.view,
        },
        "camera": passage.camera,
        "direction": passage.direction,
        "lane": passage.lane,
        "speed_kmh": passage.speed_kmh,
        "pictures": len(passage.pictures),
    }


async def forget_messages(house: House) -> None:
    """Job: forget, with a proof, passages that accuse nobody, and messages that nobody could use with what is left of their bytes."""
    for kind in _FORGOTTEN:
        mine = col(CameraMessage.device_id) == col(Credential.id)
        units = select(col(Credential.unit)).join(CameraMessage, mine).where(col(CameraMessage.state) == kind.state)
        async with house.db.read() as connection:
            found = list((await connection.execute(units.distinct())).scalars())
        for unit in found:
            while await _forget(house, kind, unit) == FORGOTTEN_AT_ONCE:
                pass
    await finish_deletions(house)


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """Messages that are forgotten, under what name the proof tells it, and how long a policy keeps them."""

    state: MessageState
    kind: str
    hours: Callable[[EtlePolicy], int]


_FORGOTTEN = (
    _Forgotten(MessageState.PASSED, "passage", lambda policy: policy.keep_no_case_hours),
    _Forgotten(MessageState.REFUSED, "message", lambda policy: policy.keep_unread_hours),
)


async def _forget(house: House, kind: _Forgotten, unit: str | None) -> int:
    async with house.db.begin(SYSTEM) as tx:
        owner = await reference.find_unit(tx.session, unit or "")
        polda = (reference.polda_of(owner) or owner.code) if owner else unit or reference.NATIONAL
        policy = await reference.policy(tx.session, polda, tx.now.astimezone(reference.NATIONAL_ZONE).date())
        hours = kind.hours(policy.etle)
        of_unit = select(col(Credential.id)).where(
            col(Credential.unit).is_(None) if unit is None else col(Credential.unit) == unit
        )
        due = (
            select(CameraMessage)
            .where(
                col(CameraMessage.state) == kind.state,
                col(CameraMessage.device_id).in_(of_unit),
                col(CameraMessage.received_at) <= tx.now - timedelta(hours=hours),
            )
            .order_by(col(CameraMessage.received_at))
            .limit(FORGOTTEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        going = (await tx.session.execute(due)).scalars().all()
        await _destroy_keys(tx, [each.id for each in going])
        await delete_messages(tx, KeptFor(kind.kind, polda, policy.id, hours), going)
        return len(going)


async def _destroy_keys(tx: Tx, ids: Sequence[UUID]) -> None:
    mine = col(CameraMessage.id).in_(ids) & col(CameraMessage.key_id).is_not(None)
    keys = (await tx.session.execute(select(col(CameraMessage.key_id)).where(mine))).scalars().all()
    await tx.session.execute(update(CameraMessage).where(mine).values(key_id=None))
    for key_id in keys:
        if key_id is not None:
            await vault.destroy(tx, key_id)
            await vault.forget(tx, key_id)


def _view(row: CameraMessage) -> Message:
    return Message(
        row.id,
        row.device_id,
        Vendor(row.vendor),
        row.sha256,
        row.stored_as,
        row.key_id,
        row.received_at,
        MessageState(row.state),
        Text(str(row.why["id"]), str(row.why["en"])) if row.why else None,
        row.capture_id,
    )
