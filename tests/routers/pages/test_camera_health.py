"""The cameras' pages: what needs a person comes first, every figure of map and plots stands in words, and only one's own units."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core import vault
from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.pages.camera_drawing import Place, draw_curve, draw_map
from app.services import cameras
from app.services.identity import credentials
from app.services.identity.roles import Role
from app.services.reference.models import ViolationRow
from tests import make
from tests.routers.pages.world import Browser


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_the_cameras_of_a_unit_and_their_trend(house: House, browser: Browser, clock: FixedClock) -> None:
    await make.demo_set(house)
    places = {"Alfa": -6.18, "Beta": -6.21, "Gamma": None}
    made: dict[str, credentials.NewCredential] = {}
    async with house.db.begin(SYSTEM) as tx:
        for name, latitude in places.items():
            made[name] = await credentials.add_camera(tx, name, unit="PMJ")
            site = cameras.Site(place=f"Simpang {name}", latitude=latitude, longitude=latitude and 106.8, heading=45)
            await cameras.record_site(tx, made[name].client_id, site)
        made["Jauh"] = await credentials.add_camera(tx, "Jauh", unit="PABAR")
        speed = cameras.Site(place="Tol", accuses="287-5-SPEED", limit_kmh=100, allowed=("287-5-SPEED", "287-2-APILL"))
        await cameras.record_site(tx, made["Gamma"].client_id, speed)
    clock.advance(-timedelta(days=1))
    async with house.db.begin(SYSTEM) as tx:
        await cameras.note_seen(tx, made["Beta"].id, messages=7)
    clock.advance(timedelta(days=1))
    async with house.db.begin(SYSTEM) as tx:
        await cameras.note_seen(tx, made["Alfa"].id, messages=5, drift=timedelta(seconds=-2))
        await cameras.note_seen(tx, made["Gamma"].id, messages=3, drift=timedelta(seconds=95), refused=2)
        other = await credentials.add_camera(tx, "Delta", unit="PMJ")
        stored = cameras.Sealed("a" * 64, "b" * 64, vault.fresh_key(house.keys))
        message = await cameras.keep_message(tx, _actor(made["Gamma"].id), cameras.Vendor.AXIS, stored)
        why = cameras.BadPush("jam salah", "wrong clock").why
        await cameras.settle_message(tx, message[0], cameras.MessageState.REFUSED, why=why)
        repealed = update(ViolationRow).where(ViolationRow.code == "287-2-APILL")
        await tx.session.execute(repealed.values(valid_until=tx.now.date()))
    await browser.sign_in_staff(house, Role.SUPERVISOR)
    text = await browser.get("/counter/kamera")
    assert "Jauh" not in text
    assert text.index("Gamma") < text.index("Alfa")
    for words in (
        "Jam meleset +95 detik",
        "tidak punya sertifikat",
        "Tidak terdengar",
        "Baik 1",
        "Perlu dilihat 1",
        "Diam 2",
    ):
        assert words in text, words
    page = browser.page.text
    assert page.count('role="img"') == 1
    assert "Peta kamera" in page
    assert "<circle" in page
    one = await browser.get(f"/counter/kamera/{made['Gamma'].client_id}")
    for words in ("95.0", "jam salah", "batas 100 km/jam", "287-2-APILL", "Angka dalam tabel"):
        assert words in one, words
    assert browser.page.text.count('role="img"') == 2  # messages and drift; no picture was measured
    assert "Tidak ada yang datang" in await browser.get(f"/counter/kamera/{other.client_id}")
    english = await browser.get(f"/counter/kamera/{made['Gamma'].client_id}?lang=en")
    assert "This camera has no certificate" in english
    await browser.get(f"/counter/kamera/{made['Jauh'].client_id}", 404)
    await browser.sign_in_staff(house, Role.OFFICER)
    await browser.get("/counter/kamera", 403)


def test_the_map_is_north_up_and_a_curve_parts_where_nothing_was_measured() -> None:
    drawn = draw_map(
        [Place(1, -6.1, 106.8, 0, "well"), Place(2, -6.3, 106.9, 90, "look"), Place(3, -6.2, 106.7, None, "silent")]
    )
    assert drawn is not None
    north, south, west = drawn.spots
    assert north.y < west.y < south.y
    assert west.x < north.x < south.x
    assert north.tip_y is not None
    assert south.tip_x is not None
    assert north.tip_y < north.y
    assert south.tip_x > south.x
    assert all(0 <= each.x <= drawn.width and 0 <= each.y <= drawn.height for each in drawn.spots)
    assert len(drawn.across) <= 7
    alone = draw_map([Place(1, -6.1, 106.8, None, "well")])
    assert alone is not None
    assert (alone.spots[0].x, alone.spots[0].y) == (alone.width / 2, alone.height / 2)
    assert draw_map([]) is None
    curve = draw_curve([1.0, 2.0, None, 3.0, 3.5])
    assert curve is not None
    assert (len(curve.pieces), len(curve.dots)) == (2, 4)
    assert curve.dots[0][1] > curve.dots[-1][1]
    assert draw_curve([None, None]) is None
    flat = draw_curve([0.0], zero=True)
    assert flat is not None
    assert flat.zero is not None


def _actor(id: UUID) -> Actor:
    return Actor(ActorKind.CAMERA, str(id), frozenset({"camera"}), unit="PMJ")
