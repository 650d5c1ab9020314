"""From a message in a vendor's form to a capture: understood after the camera was answered, by a job that may run twice.

A camera in a vendor's form tells who passed, not of what it accuses: that is the register's (`Site.accuses`), and for a
measured speed the limit there decides, or both ends of a road section. Whoever is accused of nothing leaves no capture.
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta, tzinfo
from uuid import UUID

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.texts import Text
from app.services import cameras, reference, transparency
from app.services.cameras import CaptureMetadata, Message, MessageState, Passage, Registered, Vendor
from app.services.documents import check_image, off_loop
from app.services.etle import sections
from app.services.etle.intake import accept_capture

JOB = "etle.take_push"
MOST_PICTURE_BYTES = 12 * 1024 * 1024
TRIED_AGAIN_AFTER, GIVEN_UP_AFTER = timedelta(minutes=30), timedelta(days=1)
NEVER_UNDERSTOOD = Text(
    "Gagal diolah selama sehari; laporkan kepada operator, pesannya masih disimpan.",
    "It could not be taken up for a day; tell the operator, the message is still kept.",
)
NO_PICTURE = Text(
    "Tidak ada foto JPEG, PNG atau WebP yang utuh; nyalakan foto di pengaturan push kamera.",
    "There is no whole JPEG, PNG or WebP picture; switch pictures on in the camera's push settings.",
)


async def keep_push(tx: Tx, device: Actor, vendor: Vendor, stored: cameras.Sealed) -> Message:
    """Note a message that lies in storage, and have it understood; the same bytes again change nothing."""
    message, is_new = await cameras.keep_message(tx, device, vendor, stored)
    if is_new:
        await tx.enqueue(JOB, str(message.id))
    return message


async def take_push(house: House, message_id: str) -> None:
    """Job: understand a message; what accuses somebody becomes a capture. Raw bytes go when they are of no more use."""
    async with house.db.read() as connection:
        message = await cameras.find_message(connection, UUID(message_id))
        device = None if message is None else await cameras.find_registered(connection, message.device_id)
        if message is None or device is None or message.state is not MessageState.RECEIVED:
            return
        zone = cameras.zone_of(device, await reference.unit(connection, device.unit))
        accuses = device.site.accuses
        at_section = accuses is not None and await sections.ends_one(connection, device.id, accuses)
    try:
        passage = await _understood(house, device, message, zone)
        state = await _take(house, device, message, passage, at_section=at_section)
    except cameras.NotAPassage as other:
        why = Text(f"Bukan kendaraan: {other.kind}", f"No vehicle: {other.kind}")
        state = await _settle(house, message, MessageState.PASSED, why)
    except cameras.BadPush as bad:
        state = await _settle(house, message, MessageState.REFUSED, bad.why)
    if state is not MessageState.REFUSED:
        await cameras.drop_message(house, message)


async def take_waiting(house: House) -> None:
    """Job: messages whose own job ended without them (a line that was full for long, a store that was away) are tried
    again; after a day a person is told instead."""
    now = house.clock.now()
    async with house.db.read() as connection:
        waiting = await cameras.list_waiting(connection, before=now - TRIED_AGAIN_AFTER)
    for message in waiting:
        async with house.db.begin(SYSTEM) as tx:
            if message.received_at < now - GIVEN_UP_AFTER:
                await cameras.settle_message(tx, message, MessageState.REFUSED, why=NEVER_UNDERSTOOD)
            else:
                await tx.enqueue(JOB, str(message.id))


async def replay_refused(tx: Tx, device_id: UUID) -> int:
    """Have a camera's newest refused messages understood again, once its settings are mended; how many. It is in the log."""
    ids = await cameras.reopen_refused(tx, device_id)
    for each in ids:
        await tx.enqueue(JOB, str(each))
    if ids:
        told: dict[str, JsonValue] = {"camera": str(device_id), "messages": len(ids), "by": tx.actor.id}
        await transparency.append(tx, "camera_messages_replayed", told)
    return len(ids)


def accusation(
    device: Registered, message: Message, passage: Passage, *, at_section: bool = False
) -> CaptureMetadata | None:
    """What the camera hands in by this passage; None where it accuses nobody of anything. At an end of a road section every passage
    is handed in, without the speed at that place: who is accused is decided by both ends."""
    site = device.site
    if site.accuses is None or site.place is None:
        return None
    speed = None if at_section else passage.speed_kmh
    is_spot = site.accuses in cameras.MEASURED and not at_section
    if is_spot and (speed is None or site.limit_kmh is None or speed <= site.limit_kmh):
        return None
    return CaptureMetadata(
        captured_at=passage.captured_at,
        violation_code=site.accuses,
        location=site.place,
        latitude=site.latitude,
        longitude=site.longitude,
        speed_kmh=speed,
        limit_kmh=None if at_section else site.limit_kmh,
        lane=passage.lane,
        capture_id=hashlib.sha256(f"{message.vendor}|{passage.event}".encode()).hexdigest(),
    )


async def _understood(house: House, device: Registered, message: Message, zone: tzinfo) -> Passage:
    content_type, body = await cameras.read_message(house, message)
    push = cameras.Push(body, content_type, zone, device.site.confidence_of)
    return await off_loop(cameras.read_push, message.vendor, push)


async def _take(
    house: House, device: Registered, message: Message, passage: Passage, *, at_section: bool
) -> MessageState:
    told = accusation(device, message, passage, at_section=at_section)
    if told is None:
        return await _settle(house, message, MessageState.PASSED, passage=passage)
    actor = Actor(ActorKind.CAMERA, str(device.id), frozenset({"camera"}), unit=device.unit)
    async with house.db.read() as connection:
        made = await cameras.captured_by(connection, actor, told.capture_id or "")
    if made is not None:
        return await _settle(house, message, MessageState.REPEATED, passage=passage, capture_id=made)
    try:
        async with house.db.read() as connection:
            # As of its arrival: a worker that stood still must not make evidence too old.
            checked = await cameras.check_metadata(connection, actor, told, now=message.received_at)
    except Problem as refused:
        why = Text(refused.detail("id"), refused.detail("en"))
        return await _settle(house, message, MessageState.REFUSED, why, passage=passage)
    images = await _images(house, passage.pictures)
    if not images:
        return await _settle(house, message, MessageState.REFUSED, NO_PICTURE, passage=passage)
    async with house.db.begin(actor) as tx:
        await tx.serialise(f"camera-event:{device.id}:{told.capture_id}")
        made = await cameras.captured_by(tx.session, actor, told.capture_id or "")
        state = MessageState.TAKEN if made is None else MessageState.REPEATED
        if made is None:
            # These cameras send at once, and say when they took the picture: their clock is known by it, less the delay.
            ahead = None if passage.late else passage.captured_at - message.received_at
            came = cameras.Came(message.received_at, ahead)
            made = (await accept_capture(tx, actor, images, checked, came=came))[0].id
        await cameras.settle_message(tx, message, state, passage=passage, capture_id=made)
    return state


async def _images(house: House, pictures: Sequence[bytes]) -> list[cameras.Image]:
    """The whole pictures, stored; a camera sends an empty or cut one beside good ones."""
    images: list[cameras.Image] = []
    for data in pictures:
        try:
            info = await off_loop(check_image, data, max_bytes=MOST_PICTURE_BYTES)
        except Problem:
            continue
        images.append(await cameras.keep_original(house, data, info.media_type, info.width, info.height))
    return images


async def _settle(
    house: House,
    message: Message,
    state: MessageState,
    why: Text | None = None,
    *,
    passage: Passage | None = None,
    capture_id: UUID | None = None,
) -> MessageState:
    async with house.db.begin(SYSTEM) as tx:
        await cameras.settle_message(tx, message, state, why=why, passage=passage, capture_id=capture_id)
    return state
