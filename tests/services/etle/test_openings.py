"""An original is opened by those who judge the case, for a reason that everybody can read, and by no link alone."""

import hashlib
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from app.services import cases
from app.services.etle import evidence, openings
from app.services.identity.roles import Role
from tests import make

NOTE = "dua pelat berdekatan pada foto"


async def case_with_original(house: House) -> tuple[UUID, str]:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house))
    assert case_id is not None
    async with house.db.begin(make.SYSTEM) as tx:
        return case_id, (await evidence.exhibits_of(tx.session, case_id)).captures[0].files[0].sha256


async def headers_of(house: House, case_id: UUID) -> dict[str, str]:
    officer = await make.officer_of(house, case_id)
    return await make.staff_headers(house, Role.OFFICER, staff_id=UUID(officer.id))


async def opened(client: httpx.AsyncClient, case_id: UUID, headers: dict[str, str], **body: str) -> httpx.Response:
    told = {"why": "plate", "note": NOTE, **body}
    return await client.post(f"/v1/counter/cases/{case_id}/originals", headers=headers, json=told)


async def timeline(house: House, client: httpx.AsyncClient, case_id: UUID) -> list[dict]:
    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    return (await client.get(f"/v1/tickets/{case_id}/timeline", headers=owner)).json()["items"]


async def test_the_drawn_officer_opens_the_original_and_the_owner_reads_why(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    case_id, sha256 = await case_with_original(house)
    headers = await headers_of(house, case_id)
    answer = await opened(client, case_id, headers, sha256=sha256)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["sha256"], made["intact"]) == (sha256, True)
    path = urlsplit(made["url"]).path
    shown = await client.get(path, headers=headers)
    assert hashlib.sha256(shown.content).hexdigest() == sha256, "byte for byte"
    assert shown.headers["cache-control"] == "private, no-store"

    [told] = [each for each in await timeline(house, client, case_id) if each["action"] == "open_original"]
    assert "Penyidik pembantu" in told["title"]
    assert "cocok" in told["title"]
    assert (told["reason"], told["unit"]) == (NOTE, "PMJ")
    async with house.db.begin(make.SYSTEM) as tx:
        [event] = [each for each in await cases.timeline(tx.session, case_id) if each.action == "open_original"]
    assert event.leaf_id, "and it is in the public log"
    figures = (await client.get("/v1/statistics")).json()["totals"]
    assert figures["originals_opened"] == 1

    async with house.db.begin(make.SYSTEM) as tx:
        other = await make.other_officer(house, await make.officer_of(house, case_id))
    theirs = await make.staff_headers(house, Role.OFFICER, staff_id=UUID(other.id))
    assert (await client.get(path, headers=theirs)).status_code == 404, "the link is nobody else's"
    assert (await client.get(path)).status_code == 401
    clock.advance(timedelta(minutes=11))
    assert (await client.get(path, headers=await headers_of(house, case_id))).status_code == 404


async def test_a_repeated_call_is_one_opening(house: House, client: httpx.AsyncClient) -> None:
    case_id, sha256 = await case_with_original(house)
    headers = {**await headers_of(house, case_id), "Idempotency-Key": "buka-1"}
    one, two = [await opened(client, case_id, headers, sha256=sha256) for _ in range(2)]
    assert one.json() == two.json()
    told = [each for each in await timeline(house, client, case_id) if each["action"] == "open_original"]
    assert len(told) == 1


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_who_does_not_judge_the_case_opens_nothing(house: House, client: httpx.AsyncClient) -> None:
    case_id, sha256 = await case_with_original(house)
    officer = await make.officer_of(house, case_id)
    other = await make.staff_headers(house, Role.OFFICER, staff_id=UUID((await make.other_officer(house, officer)).id))
    assert (await opened(client, case_id, other, sha256=sha256)).status_code == 403, "not drawn, and no work on it"
    for role in (Role.COUNTER, Role.AUDITOR, Role.FINANCE, Role.COURT):
        headers = await make.staff_headers(house, role, unit="PMJ")
        assert (await opened(client, case_id, headers, sha256=sha256)).status_code == 403, role
    mine = await headers_of(house, case_id)
    for body, status in (
        ({"why": "court"}, 403),  # a senior officer's
        ({"why": "curiosity"}, 422),
        ({"note": "a"}, 422),
        ({"sha256": "0" * 64}, 404),
    ):
        answer = await opened(client, case_id, mine, **{"sha256": sha256, **body})
        assert answer.status_code == status, answer.text
    assert [each for each in await timeline(house, client, case_id) if each["action"] == "open_original"] == []
    senior = await make.staff_headers(house, Role.SENIOR_OFFICER)
    assert (await opened(client, case_id, senior, sha256=sha256, why="court")).status_code == 201


async def test_no_signed_link_leads_to_the_original(house: House, client: httpx.AsyncClient) -> None:
    case_id, sha256 = await case_with_original(house)
    headers = await headers_of(house, case_id)
    seen = (await client.get(f"/v1/counter/cases/{case_id}", headers=headers)).json()["evidence"]["items"][0]
    for url in (seen["url"], seen["crop_url"]):
        picture = await client.get(urlsplit(url).path)
        assert picture.status_code == 200
        assert hashlib.sha256(picture.content).hexdigest() != sha256
    async with house.db.begin(make.SYSTEM) as tx:
        capture = (await evidence.exhibits_of(tx.session, case_id)).captures[0]
        claims = {"case": str(case_id), "capture": str(capture.id), "file": 0, "viewer": "staff", "kind": "original"}
        token = house.signer.issue("evidence", claims, ttl=timedelta(minutes=5), now=tx.now)
        opening = {"file": str(capture.files[0].id), "case": str(case_id), "by": "somebody"}
        forged = house.signer.issue(openings.PURPOSE, opening, ttl=timedelta(minutes=5), now=tx.now)
    assert (await client.get(f"/v1/evidence/{token}")).status_code == 404
    assert (await client.get(f"/v1/counter/originals/{forged}", headers=headers)).status_code == 404


async def test_an_owner_asks_for_the_original_and_a_senior_officer_shows_it(
    house: House, client: httpx.AsyncClient
) -> None:
    case_id, sha256 = await case_with_original(house)
    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    for _ in range(2):
        assert (await client.post(f"/v1/tickets/{case_id}/original-requests", headers=owner)).status_code == 202
    senior = await make.staff_headers(house, Role.SENIOR_OFFICER)
    tasks = (await client.get("/v1/counter/tasks", headers=senior)).json()["tasks"]
    assert [each["kind"] for each in tasks].count(openings.ASKED) == 1, "asked twice is one piece of work"
    assert (await opened(client, case_id, senior, sha256=sha256, why="owner")).status_code == 201
    tasks = (await client.get("/v1/counter/tasks", headers=senior)).json()["tasks"]
    assert openings.ASKED not in [each["kind"] for each in tasks]
    actions = [each["action"] for each in await timeline(house, client, case_id)]
    assert actions.count("ask_for_original") == actions.count("open_original") == 1


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_an_original_that_was_altered_in_the_store_is_said_to_be(house: House, client: httpx.AsyncClient) -> None:
    case_id, sha256 = await case_with_original(house)
    async with house.db.begin(make.SYSTEM) as tx:
        file = (await evidence.exhibits_of(tx.session, case_id)).captures[0].files[0]
    await house.storage.delete(file.stored_as or "")
    answer = await opened(client, case_id, await headers_of(house, case_id), sha256=sha256)
    assert (answer.status_code, answer.json()["intact"]) == (201, False)
    [told] = [each for each in await timeline(house, client, case_id) if each["action"] == "open_original"]
    assert "TIDAK cocok" in told["title"]
