"""How the cameras fare, seen on a phone and on a screen, by axe, with no script fault."""

from datetime import timedelta

import pytest

from app.core.actor import SYSTEM
from app.services import cameras
from app.services.identity import credentials
from app.services.identity.roles import Role
from tests import make
from tests.browser.conftest import Site, Watcher
from tests.browser.test_counter_pages import check_both, sign_in

pytestmark = pytest.mark.browser


async def test_the_cameras_on_the_map_and_one_of_them(desk: Watcher, site: Site) -> None:
    house = site.house
    await make.demo_set(house)
    await sign_in(desk, site, Role.SUPERVISOR)
    await desk.go("/counter/kamera")
    await check_both(desk, "cameras-empty")
    async with house.db.begin(SYSTEM) as tx:
        for name, latitude, drift in (("Harmoni", -6.166, 2), ("Sarinah", -6.187, 95), ("Blok M", -6.244, None)):
            made = await credentials.add_camera(tx, name, unit="PMJ")
            place = cameras.Site(
                place=f"Simpang {name}", latitude=latitude, longitude=106.82, heading=90, accuses="287-2-APILL"
            )
            await cameras.record_site(tx, made.client_id, place)
            if drift is not None:
                await cameras.note_seen(tx, made.id, drift=timedelta(seconds=drift))
    await desk.go("/counter/kamera")
    await check_both(desk, "cameras")
    await desk.page.get_by_role("link", name="Sarinah").click()
    await check_both(desk, "camera")
