"""From a case's page: parts of a picture are covered by hand, and evidence is held and released by two."""

import httpx
from sqlalchemy import select

from app.core.house import House
from app.services.etle.evidence_models import EvidenceHold, HandCover
from app.services.identity import staff
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser
from tests.services.etle.test_holds import heads


async def test_an_officer_covers_an_area_and_takes_it_back(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    capture = await make.capture(house)
    case_id = await make.case_of(house, capture)
    await drain(house)
    browser = Browser(client)
    await browser.sign_in_staff(house, Role.SENIOR_OFFICER)
    sha256 = capture.files[0].sha256
    page = f"/counter/cases/{case_id}/samarkan"
    await browser.get(f"/counter/cases/{case_id}")
    await browser.send({"purpose": "audit"}, to=f"/counter/cases/{case_id}")
    assert f"{page}?foto={sha256}" in browser.page.text
    assert "0 bidang" in await browser.get(f"{page}?foto={sha256}")
    area = {"picture": sha256, "act": "cover", "left": "70", "top": "10,5", "right": "80", "bottom": "25"}
    for wrong, says in (
        ({**area, "left": "x", "note": "wajah"}, "Tulis angka dari 0 sampai 100"),
        ({**area, "right": "60", "note": "wajah"}, "Kanan harus lebih besar"),
        ({**area, "note": "a"}, "paling sedikit lima huruf"),
    ):
        await browser.send(wrong, to=page, status=422)
        assert says in browser.page.text
    await browser.send({**area, "note": "wajah dari samping"}, to=page, status=303)
    assert "1 bidang" in await browser.get(browser.page.headers["location"])
    async with house.db.read() as connection:
        assert (await connection.execute(select(HandCover.areas))).scalar_one() == [[700, 105, 800, 250]]
    await browser.send({"picture": sha256, "act": "take_back", "note": "salah bidang"}, to=page, status=303)
    async with house.db.read() as connection:
        assert (await connection.execute(select(HandCover.areas))).scalar_one() == []
    await browser.get(f"{page}?foto={'0' * 64}", status=404)


async def test_heads_of_unit_hold_and_release_from_the_page(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house))
    await heads(house)
    async with house.db.begin(make.SYSTEM) as tx:
        one, two = (await staff.list_officers(tx.session, unit="PMJ", role=Role.SUPERVISOR))[:2]
    browser = Browser(client)
    page, looking = f"/counter/cases/{case_id}", {"stated": "pengawasan perkara"}

    async def send(act: str, reason: str = "diminta pengadilan", status: int = 200) -> str:
        await browser.send({**looking, "act": act, "hold_reason": reason}, to=f"{page}/penahanan", status=status)
        return browser.page.text

    await browser.sign_in_staff(house, Role.SENIOR_OFFICER)
    await browser.get(page)
    await browser.send({"purpose": "audit"}, to=page)
    assert "Tahan bukti" not in browser.page.text
    await send("place", status=403)
    await browser.sign_in_staff(house, Role.SUPERVISOR, staff_id=one.id)
    await browser.get(page)
    await browser.send({"purpose": "audit"}, to=page)
    assert "Tahan bukti" in browser.page.text
    await send("place", "a", status=422)
    assert "Minta pelepasan" in await send("place")
    assert "orang lain yang memutuskan" in await send("ask")
    assert "Perlu dua orang" in await send("release", status=409) or "orang lain" in browser.page.text
    await browser.sign_in_staff(house, Role.SUPERVISOR, staff_id=two.id)
    await browser.get(page)
    assert "Tahan bukti" in await send("release")
    async with house.db.read() as connection:
        [row] = (await connection.execute(select(EvidenceHold.released_by, EvidenceHold.release_asked_by))).all()
    assert tuple(row) == (str(two.id), str(one.id))
