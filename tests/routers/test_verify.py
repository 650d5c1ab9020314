"""Was it really sent by us? Anybody may ask, and learns nothing private."""

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.texts import Text
from app.main import create_app
from app.services.transparency import check_codes
from tests.conftest import open_house

ABOUT = Text("Surat konfirmasi ETLE", "ETLE confirmation letter")
UNIT = "PMJ"


async def issued(house: House) -> str:
    async with house.db.begin(SYSTEM) as tx:
        return await check_codes.issue(tx, "letter", UNIT, ABOUT)


async def test_a_code_of_ours_is_genuine_however_it_is_typed(house: House, client: httpx.AsyncClient) -> None:
    code = await issued(house)
    for typed in (code, code.lower(), f" {code[:3]}-{code[3:9]} {code[9:]}"):
        answer = await client.get(f"/v1/verify/{typed}", headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert (body["genuine"], body["kind"], body["about"]) == (True, "letter", ABOUT.en)
        assert body["issued_at"] == "2026-03-02T03:00:00Z"
        assert body["unit"]["code"] == UNIT
        assert body["revoked_at"] is None


@pytest.mark.parametrize(
    "code", ["CEK0000000000000", "x", "CEK' OR 1=1 --", "%00", "%F0%9F%9A%97", "A" * 199, "..", "CEK%20"]
)
async def test_a_code_that_we_never_sent_gets_an_answer_of_the_same_shape(
    house: House, client: httpx.AsyncClient, code: str
) -> None:
    known = (await client.get(f"/v1/verify/{await issued(house)}")).json()
    answer = await client.get(f"/v1/verify/{code}")
    if code == "..":  # a client resolves this away before it reaches us
        assert answer.status_code == 404
        return
    assert answer.status_code == 200
    assert answer.json()["genuine"] is False
    assert answer.json()["advice"].startswith("Kami tidak pernah mengirim kode ini")
    assert answer.json().keys() == known.keys()


async def test_an_endless_code_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/verify/" + "A" * 5000)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_was_revoked_is_said_to_be(house: House, client: httpx.AsyncClient, clock: FixedClock) -> None:
    code = await issued(house)
    async with house.db.begin(SYSTEM) as tx:
        await check_codes.revoke(tx, code)
    body = (await client.get(f"/v1/verify/{code}")).json()
    assert (body["genuine"], body["revoked_at"]) == (False, "2026-03-02T03:00:00Z")
    assert body["about"] == ABOUT.id


async def test_guessing_is_slowed_down(engine_url: str, tmp_path, clock: FixedClock) -> None:  # type: ignore[no-untyped-def]
    async with open_house(engine_url, tmp_path, clock, rate_limits="on") as house:
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answers = [await client.get("/v1/verify/CEK0") for _ in range(70)]
    refused = [each for each in answers if each.status_code == 429]
    assert refused
    assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
