"""The register: a camera hands in what it may, a speed only under a certificate that is valid that day; and how it fares."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import cameras
from app.services.cameras.health import measure_pictures, note_seen
from app.services.cameras.models import CameraHour
from tests import make
from tests.services.cameras.test_captures import TOLD, accept, camera

SPEED = replace(TOLD, violation_code="287-5-SPEED", speed_kmh=81.0, limit_kmh=60.0)
ON_SQLITE = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
SITE = cameras.Site(place=make.LOCATION, latitude=-6.18, longitude=106.82, heading=90, lens="25 mm", zone="WIB")


async def client_id_of(house: House, id: str) -> str:
    async with house.db.read() as connection:
        found = await cameras.find_registered(connection, UUID(id))
    assert found is not None
    return found.client_id


async def refusal(house: House, *arguments: object) -> str:
    with pytest.raises(Problem) as refused:
        await accept(house, *arguments)  # type: ignore[arg-type]
    assert refused.value.type.status == 422
    return f"{refused.value.type.code}: {refused.value.detail('en')}"


@ON_SQLITE
async def test_a_measured_speed_needs_a_certificate_that_is_valid_that_day(house: House) -> None:
    device = await camera(house)
    client_id = await client_id_of(house, device.id)
    assert (await accept(house, device))[1]  # what is seen needs none
    valid = cameras.Certificate("KAL/1", date(2026, 3, 2), "Model", date(2025, 3, 2), date(2026, 3, 2))
    for certificate, why in [
        (None, "no certificate"),
        (replace(valid, number=None), "no certificate"),
        (replace(valid, valid_until=None), "no certificate"),
        (replace(valid, valid_until=date(2026, 3, 1)), "certificate ended on 2026-03-01"),
        (replace(valid, calibrated_until=date(2026, 3, 1)), "calibration ended on 2026-03-01"),
    ]:
        if certificate is not None:
            async with house.db.begin(SYSTEM) as tx:
                await cameras.record_certificate(tx, client_id, certificate)
        words = await refusal(house, device, SPEED)
        assert words.startswith("cameras-not-certified")
        assert why in words
        assert client_id in words
    async with house.db.begin(SYSTEM) as tx:
        await cameras.record_certificate(tx, client_id, valid)
    assert (await accept(house, device, replace(SPEED, capture_id="2")))[1]


async def test_a_camera_hands_in_only_what_it_may_and_is_registered_rightly_or_not_at_all(house: House) -> None:
    device = await camera(house)
    client_id = await client_id_of(house, device.id)
    async with house.db.begin(SYSTEM) as tx:
        shown = await cameras.record_site(
            tx, client_id, replace(SITE, allowed=("287-1-RAMBU",), accuses="287-1-RAMBU", confidence_of=100)
        )
    assert (shown.site.heading, shown.site.allowed, shown.unit) == (90, ("287-1-RAMBU",), "PMJ")
    assert shown.site.confidence_of == 100
    words = await refusal(house, device)
    assert words.startswith("cameras-violation-not-allowed")
    assert "287-1-RAMBU" in words
    for wrong in (
        replace(SITE, latitude=None),
        replace(SITE, latitude=91.0),
        replace(SITE, longitude=181.0),
        replace(SITE, heading=360),
        replace(SITE, zone="GMT"),
        replace(SITE, confidence_of=10),
        replace(SITE, place="x" * 201),
        replace(SITE, limit_kmh=0.0),
        replace(SITE, place=None, accuses="287-1-RAMBU"),
        replace(SITE, accuses="287-5-SPEED"),
        replace(SITE, accuses="287-1-RAMBU", allowed=("287-2-APILL",)),
        replace(SITE, allowed=("999",)),
    ):
        with pytest.raises(Problem):
            async with house.db.begin(SYSTEM) as tx:
                await cameras.record_site(tx, client_id, wrong)
    async with house.db.begin(SYSTEM) as tx:
        assert (await cameras.get_registered(tx.session, client_id)).site == shown.site
        with pytest.raises(Problem):
            await cameras.record_site(tx, "cam-none", SITE)


async def test_the_least_late_message_of_an_hour_tells_the_clock(house: House, clock: FixedClock) -> None:
    device = await camera(house)
    id = UUID(device.id)
    for late in (-40.0, -3.5, -90.0, None):
        async with house.db.begin(SYSTEM) as tx:
            await note_seen(tx, id, drift=None if late is None else timedelta(seconds=late), refused=1)
    clock.advance(timedelta(hours=1))
    async with house.db.begin(SYSTEM) as tx:
        await note_seen(tx, id, messages=0)
    async with house.db.read() as connection:
        health = (await cameras.health_of(connection, [id], now=clock.now()))[id]
        hours = await cameras.hours_of(connection, id, since=clock.now() - timedelta(days=1))
    assert (health.messages, health.refused, health.drift_s, health.last_at) == (4, 4, -3.5, clock.now())
    assert [(each.messages, each.drift_s) for each in hours] == [(4, -3.5), (0, None)]


@ON_SQLITE
async def test_a_picture_of_each_camera_is_measured_once_an_hour(house: House) -> None:
    device = await camera(house)
    sharp = make.photograph()
    image = cameras.Image(await house.storage.put(sharp), "image/jpeg", 1280, 960)
    told = replace(TOLD, sent_at=house.clock.now() + timedelta(seconds=12))
    await accept(house, device, told, [image])
    await measure_pictures(house)
    async with house.db.begin(SYSTEM) as tx:
        (row,) = [await tx.session.get(CameraHour, (UUID(device.id), house.clock.now().replace(minute=0)))]
    assert row is not None
    assert (row.messages, row.drift_s) == (1, 12.0)
    assert row.sharpness is not None
    assert row.brightness is not None
    assert row.sharpness > 1
    assert 20 < row.brightness < 235
