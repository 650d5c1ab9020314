"""Captures are kept once, whoever repeats what and when."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.core.ids import new_id
from app.core.problems import Problem
from app.services import cameras
from app.services.cameras.models import Capture, EvidenceFile
from app.services.identity import credentials

TOLD = cameras.CaptureMetadata(
    datetime(2026, 3, 2, 2, 58, tzinfo=UTC), "287-2-APILL", "Simpang Sarinah", capture_id="1"
)
PICTURE = cameras.Image("a" * 64, "image/jpeg", 1280, 960)
OTHER = cameras.Image("b" * 64, "image/png", 640, 480)


async def camera(house: House, name: str = "Sarinah 1") -> Actor:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, name, unit="PMJ")
    return Actor(ActorKind.CAMERA, str(made.id), frozenset({"camera"}), unit="PMJ")


async def accept(
    house: House,
    device: Actor,
    told: cameras.CaptureMetadata = TOLD,
    images: Sequence[cameras.Image] = (PICTURE,),
) -> tuple[cameras.CaptureView, bool]:
    async with house.db.read() as connection:
        checked = await cameras.check_metadata(connection, device, told, now=house.clock.now())
    async with house.db.begin(device) as tx:
        return await cameras.accept_capture(tx, device, images, checked)


async def counts(house: House) -> tuple[int, int]:
    async with house.db.read() as connection:
        captures = (await connection.execute(select(func.count()).select_from(Capture))).scalar_one()
        files = (await connection.execute(select(func.count()).select_from(EvidenceFile))).scalar_one()
    return captures, files


async def test_a_capture_is_kept_with_all_that_came(house: House) -> None:
    device = await camera(house)
    told = replace(TOLD, latitude=-6.18, longitude=106.82, speed_kmh=71.5, limit_kmh=50.0, lane="2")
    capture, is_new = await accept(house, device, told, [PICTURE, OTHER])
    assert is_new
    async with house.db.read() as connection:
        assert await cameras.get_capture(connection, capture.id, device=device) == capture
    assert capture.state is cameras.CaptureState.RECEIVED
    assert (capture.unit, str(capture.device_id), capture.capture_id) == ("PMJ", device.id, "1")
    assert (capture.captured_at, capture.received_at) == (TOLD.captured_at, house.clock.now())
    assert (capture.speed_kmh, capture.limit_kmh, capture.lane) == (71.5, 50.0, "2")
    assert [(file.sha256, file.media_type, file.width) for file in capture.files] == [
        ("a" * 64, "image/jpeg", 1280),
        ("b" * 64, "image/png", 640),
    ]
    assert capture.reading is None


async def test_a_repetition_is_the_same_capture(house: House) -> None:
    device = await camera(house)
    for told in (TOLD, replace(TOLD, capture_id=None)):
        first, is_new = await accept(house, device, told)
        again, is_new_again = await accept(house, device, replace(told, sent_at=house.clock.now()))
        assert (is_new, is_new_again) == (True, False)
        assert again.id == first.id
    assert await counts(house) == (2, 2)


async def test_the_same_id_with_another_content_is_a_conflict(house: House) -> None:
    device = await camera(house)
    first, _ = await accept(house, device)
    for told, images in [(TOLD, [OTHER]), (TOLD, [PICTURE, OTHER]), (replace(TOLD, location="Harmoni"), [PICTURE])]:
        with pytest.raises(Problem) as refused:
            await accept(house, device, told, images)
        assert refused.value.type.code == "cameras-capture-differs"
        assert refused.value.type.status == 409
    assert await counts(house) == (1, 1)
    assert (await accept(house, device))[0].id == first.id


async def test_without_an_id_two_violations_in_one_picture_are_two_captures(house: House) -> None:
    device = await camera(house)
    told = replace(TOLD, capture_id=None)
    first, _ = await accept(house, device, told)
    second, is_new = await accept(house, device, replace(told, violation_code="287-1-RAMBU"))
    assert is_new
    assert first.id != second.id


async def test_two_cameras_may_use_the_same_id(house: House) -> None:
    one, other = await camera(house), await camera(house, "Sarinah 2")
    first, _ = await accept(house, one)
    second, is_new = await accept(house, other, images=[OTHER])
    assert is_new
    assert first.id != second.id
    async with house.db.read() as connection:
        for id, device in [(first.id, other), (new_id(), one)]:
            with pytest.raises(Problem) as refused:
                await cameras.get_capture(connection, id, device=device)
            assert refused.value.type.status == 404


async def test_the_same_message_many_times_at_once_is_one_capture(house: House) -> None:
    device = await camera(house)
    together = asyncio.Barrier(5)

    async def send() -> tuple[UUID, bool]:
        await together.wait()
        capture, is_new = await accept(house, device)
        return capture.id, is_new

    answers = await asyncio.gather(*(send() for _ in range(5)))
    assert len({id for id, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False, False, False, False, True]
    assert await counts(house) == (1, 1)


@pytest.mark.parametrize("count", [0, cameras.MOST_IMAGES + 1])
async def test_no_picture_or_too_many_are_refused(house: House, count: int) -> None:
    device = await camera(house)
    with pytest.raises(Problem) as refused:
        await accept(house, device, images=[PICTURE] * count)
    assert refused.value.type.code == "cameras-image-count"
    assert await counts(house) == (0, 0)


async def test_a_reading_decides_the_state(house: House) -> None:
    device = await camera(house)
    capture, _ = await accept(house, device)
    for reading, state in [
        ({"backend": "embedded", "results": []}, "unreadable"),
        ({"results": [{"plate": "B1A"}]}, "read"),
    ]:
        async with house.db.begin(SYSTEM) as tx:
            await cameras.record_reading(tx, capture.id, dict(reading))
        async with house.db.read() as connection:
            found = await cameras.get_capture(connection, capture.id)
        assert (found.state, found.reading) == (state, reading)
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem):
            await cameras.record_reading(tx, new_id(), {})


async def test_a_certificate_stands_beside_the_camera(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Sarinah 1", unit="PMJ")
    async with house.db.read() as connection:
        bare = await cameras.find_device(connection, made.id)
        assert await cameras.find_device(connection, new_id()) is None
    assert bare is not None
    assert (bare.name, bare.unit, bare.certificate_no) == ("Sarinah 1", "PMJ", None)
    for number in ("KL-1/2025", "KL-2/2026"):
        certificate = cameras.Certificate(number, date(2027, 1, 31), "Demo 3000", date(2026, 1, 31))
        async with house.db.begin(SYSTEM) as tx:
            device = await cameras.record_certificate(tx, made.client_id, certificate)
    assert (device.certificate_no, device.certificate_until, device.model) == (
        "KL-2/2026",
        date(2027, 1, 31),
        "Demo 3000",
    )
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem) as refused:
            await cameras.record_certificate(tx, "cam-nobody", cameras.Certificate())
    assert refused.value.type.code == "cameras-device-not-found"
