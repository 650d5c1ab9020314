"""Who may open what: another unit's case, another person's ticket, a token for another door."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import TICKET_TTL, issue_ticket_token
from app.services.etle.models import Block
from app.services.identity.roles import CITIZEN_SCOPES, Role
from app.services.identity.sessions import SubjectKind
from tests import make
from tests.signing_in import citizen_session, token_for

Client = httpx.AsyncClient
JABAR, JAKSEL = "JABAR", "PMJ-POLRESTRO-JAKARTA-SELATAN"


@pytest.fixture
async def case_id(house: House) -> UUID:
    """A case of PMJ whose letter is out."""
    await make.demo_set(house)
    return await make.letter_sent(house)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(("role", "unit"), [(Role.OFFICER, JABAR), (Role.COUNTER, JAKSEL)])
async def test_another_units_case_is_not_there(
    house: House, client: Client, case_id: UUID, role: Role, unit: str
) -> None:
    stranger = await make.staff_headers(house, role, unit=unit)
    seen = await client.get(f"/v1/counter/cases/{case_id}?purpose=ingin+tahu", headers=stranger)
    missing = await client.get(f"/v1/counter/cases/{UUID(int=1)}?purpose=ingin+tahu", headers=stranger)
    assert (seen.status_code, seen.json()["code"]) == (404, missing.json()["code"])
    for action in ("verify", "reject", "confirm_self", "correct_address", "enter_verdict", "annul"):
        body = {"action": action, "reason": "tidak berhak", "fine": 1, "address": "Jalan Teman 9", "plate": make.PLATE}
        done = await client.post(
            f"/v1/counter/cases/{case_id}/actions", json=body, headers={**stranger, "Idempotency-Key": action}
        )
        assert done.status_code in (403, 404), (action, done.text)
    tasks = (await client.get("/v1/counter/tasks?limit=200", headers=stranger)).json()["tasks"]
    assert str(case_id) not in {each["case_id"] for each in tasks}
    assert await make.state_of(house, case_id) == "letter_sent"


async def test_blocks_are_signed_by_the_own_units_investigator_alone(
    house: House, client: Client, case_id: UUID
) -> None:
    async with house.db.begin(SYSTEM) as tx:
        block = Block(
            case_id=case_id, vehicle_id="x", plate=make.PLATE, unit=JABAR, reason="mark_overdue", proposed_at=tx.now
        )
        tx.session.add(block)
    body = {"blocks": [str(block.id)]}
    for role, status in ((Role.OFFICER, 403), (Role.SUPERVISOR, 403), (Role.INVESTIGATOR, 404)):
        headers = {**await make.staff_headers(house, role), "Idempotency-Key": "x"}
        assert (await client.post("/v1/counter/blocks/sign", json=body, headers=headers)).status_code == status, role
    listed = await client.get("/v1/counter/blocks", headers=await make.staff_headers(house, Role.INVESTIGATOR))
    assert listed.json()["blocks"] == []
    async with house.db.begin(SYSTEM) as tx:
        assert (await tx.session.execute(select(Block.state))).scalar_one() == "proposed"


async def test_a_token_opens_the_one_door_that_it_is_for(
    house: House, client: Client, case_id: UUID, clock: FixedClock
) -> None:
    person, session = await citizen_session(house)
    citizen = await token_for(house, person, SubjectKind.CITIZEN, " ".join(CITIZEN_SCOPES))
    holder = issue_ticket_token(house, case_id, "owner")
    now, hour = clock.now(), timedelta(hours=1)
    claims = {"case": str(case_id), "role": "owner", "party": str(case_id)}
    others = [
        house.signer.issue(purpose, claims, ttl=hour, now=now)
        for purpose in ("form", "evidence", "attachment", "pages.tickets", "state /masuk/kode", "")
    ]
    for token in (citizen, session, *others):
        assert (await client.get(f"/v1/tickets/{case_id}", headers=bearer(token))).status_code == 401
    for path in ("/v1/me", "/v1/me/tickets", "/v1/counter/tasks", f"/v1/counter/cases/{case_id}"):
        assert (await client.get(path, headers=bearer(holder))).status_code == 401, path
    assert (await client.get("/v1/counter/tasks", headers=bearer(citizen))).status_code == 403
    staff = await make.staff_headers(house, Role.OFFICER)
    assert (await client.get("/v1/me", headers=staff)).status_code == 403
    for door in ("evidence", "attachments"):
        for token in (holder, *others[3:]):
            assert (await client.get(f"/v1/{door}/{token}")).status_code == 404
    assert (await client.get(f"/v1/tickets/{UUID(int=1)}", headers=bearer(holder))).status_code == 404
    assert (await client.get(f"/v1/tickets/{case_id}", headers=bearer(holder))).status_code == 200
    clock.advance(TICKET_TTL)
    assert (await client.get(f"/v1/tickets/{case_id}", headers=bearer(holder))).status_code == 401
