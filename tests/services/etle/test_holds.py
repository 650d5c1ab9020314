"""The head of a unit holds evidence beyond the policy's time, and two persons are needed to let it go."""

from datetime import timedelta
from uuid import UUID

import httpx

from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from app.services import cameras
from app.services.cameras.models import EvidenceDeletion
from app.services.etle import evidence, expiry, retention
from app.services.etle.evidence_models import EvidenceHold
from app.services.etle.models import Ticket
from app.services.identity import staff
from app.services.identity.roles import Role
from tests import make
from tests.services.etle.test_expiry import count, rejected

WHY = {"reason": "diminta pengadilan untuk perkara lain"}


async def heads(house: House) -> tuple[dict[str, str], dict[str, str]]:
    """Two heads of the unit, with sessions of now."""
    async with house.db.begin(make.SYSTEM) as tx:
        found = await staff.list_officers(tx.session, unit="PMJ", role=Role.SUPERVISOR)
        if len(found) < 2:
            await staff.add(tx, "kepala-dua@polda.example", roles=["supervisor"], unit="PMJ")
            found = await staff.list_officers(tx.session, unit="PMJ", role=Role.SUPERVISOR)
    one, two = [await make.staff_headers(house, Role.SUPERVISOR, staff_id=each.id) for each in found[:2]]
    return one, two


async def asked(client: httpx.AsyncClient, case_id: UUID, headers: dict[str, str], path: str, **more: str) -> int:
    answer = await client.post(f"/v1/counter/cases/{case_id}/hold{path}", headers=headers, json=WHY | more)
    return answer.status_code


async def test_held_evidence_outlives_the_policy_until_two_have_released_it(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await rejected(house)
    one, two = await heads(house)
    officer = await make.staff_headers(house, Role.SENIOR_OFFICER)
    assert await asked(client, case_id, officer, "") == 403
    assert await asked(client, case_id, one, "/release-request") == 404, "there is none yet"
    assert await asked(client, case_id, one, "") == 201
    assert await asked(client, case_id, two, "") == 409, "one hold is enough"

    clock.advance(timedelta(days=2000))
    await expiry.forget_evidence(house)
    assert await retention.forget_tickets(house) == 0
    async with house.db.begin(make.SYSTEM) as tx:
        [capture] = (await evidence.exhibits_of(tx.session, case_id)).captures
    assert await cameras.read_original(house, capture.files[0])

    one, two = await heads(house)
    assert await asked(client, case_id, two, "/release", outcome="release") == 409, "nobody has asked for it"
    assert await asked(client, case_id, one, "/release-request") == 200
    work = [(await client.get("/v1/counter/tasks", headers=each)).json()["tasks"] for each in (one, two)]
    assert [["release_hold" in [task["kind"] for task in tasks] for tasks in work]] == [[False, True]]
    assert await asked(client, case_id, one, "/release", outcome="release") == 409, "not by the one who asked"
    assert await asked(client, case_id, two, "/release", outcome="keep") == 200
    await expiry.forget_evidence(house)
    assert await count(house, EvidenceDeletion) == 0

    assert await asked(client, case_id, two, "/release-request") == 200
    assert await asked(client, case_id, one, "/release", outcome="release") == 200
    owner = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    told = (await client.get(f"/v1/tickets/{case_id}/timeline", headers=owner)).json()["items"]
    assert [each["action"] for each in told if each["reason"] == WHY["reason"]] == [
        "hold_evidence",
        "ask_evidence_release",
        "keep_evidence_held",
        "ask_evidence_release",
        "release_evidence",
    ]
    await expiry.forget_evidence(house)
    assert await count(house, EvidenceDeletion) == 1
    assert await asked(client, case_id, one, "") == 404, "what is gone cannot be held"
    assert await retention.forget_tickets(house) == 1
    assert [await count(house, model) for model in (Ticket, EvidenceHold)] == [0, 0]


async def test_a_hold_that_was_placed_after_the_list_was_made_is_kept(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await rejected(house)
    one, _ = await heads(house)
    assert await asked(client, case_id, one, "") == 201
    # The nightly run made its list before: the case is on it.
    assert not await retention._forget_unless_held(house, case_id)
    assert await count(house, Ticket) == 1
