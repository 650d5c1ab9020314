"""The ticket's JSON door as the contract words it: ways to look up, tokens, links, answers, keys and refusals."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from tests import make

Client = httpx.AsyncClient
Answer = Callable[..., Awaitable[httpx.Response]]
SOLD = {"kind": "sold", "buyer": {"name": "Siti Misal", "address": "Jalan Contoh No. 2"}, "sold_on": "2026-02-01"}


@pytest.fixture
async def case_id(house: House) -> UUID:
    await make.demo_set(house)
    return await make.letter_sent(house)


@pytest.fixture
def answer(house: House, client: Client, case_id: UUID) -> Answer:
    async def send(body: Any, **headers: str) -> httpx.Response:
        token = issue_ticket_token(house, case_id, "owner")
        path = f"/v1/tickets/{case_id}/response"
        return await client.post(path, json=body, headers={"Authorization": f"Bearer {token}", **headers})

    return send


@pytest.mark.parametrize(
    "numbers",
    [
        (make.VEHICLE.chassis_no, make.VEHICLE.engine_no),
        (make.VEHICLE.chassis_no[-5:], make.VEHICLE.engine_no[-5:].lower()),
        (make.VEHICLE.chassis_no[-5:], make.VEHICLE.engine_no),
    ],
)
@pytest.mark.parametrize("plate", ["B1234XYZ", "b 1234 xyz"])
async def test_a_ticket_is_found_by_whole_numbers_or_their_last_five(
    client: Client, case_id: UUID, numbers: tuple[str, str], plate: str
) -> None:
    body = {"plate": plate, "chassis_no": numbers[0], "engine_no": numbers[1]}
    found = (await client.post("/v1/tickets/lookup", json=body)).json()["tickets"]
    assert [each["id"] for each in found] == [str(case_id)]
    assert {"reference", "state", "violation", "due_at", "fine", "access_token"} <= set(found[0])


async def test_a_token_opens_its_own_case_alone_and_not_for_ever(
    house: House, client: Client, case_id: UUID, clock: FixedClock
) -> None:
    other = issue_ticket_token(house, UUID(int=7), "owner")
    own = issue_ticket_token(house, case_id, "owner")
    path = f"/v1/tickets/{case_id}"

    async def status(token: str) -> int:
        return (await client.get(path, headers={"Authorization": f"Bearer {token}"})).status_code

    assert [await status(token) for token in (own, other, own[:-3] + "AAA", "")] == [200, 404, 401, 401]
    clock.advance(timedelta(minutes=31))
    assert await status(own) == 401


async def test_evidence_links_end_after_a_quarter_of_an_hour(
    house: House, client: Client, case_id: UUID, clock: FixedClock
) -> None:
    headers = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    evidence = (await client.get(f"/v1/tickets/{case_id}/evidence", headers=headers)).json()
    (item,) = evidence["items"]
    assert {"url", "sha256", "media_type", "taken_at"} <= set(item)
    path = urlsplit(item["url"]).path
    assert (await client.get(path)).status_code == 200
    clock.advance(timedelta(minutes=16))
    assert (await client.get(path)).status_code in {403, 404, 410}


async def test_a_vehicle_cannot_have_been_sold_tomorrow(answer: Answer) -> None:
    refused = await answer({**SOLD, "sold_on": "2026-03-03"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/sold_on")
    taken = await answer(SOLD)
    assert (taken.status_code, taken.json()["state"]) == (200, "redirected")


async def test_the_same_answer_twice_is_one_and_another_under_its_key_is_refused(answer: Answer) -> None:
    key = {"Idempotency-Key": "kunci-1"}
    first, again = await answer(SOLD, **key), await answer(SOLD, **key)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert (await answer({**SOLD, "sold_on": "2026-02-02"}, **key)).status_code == 422
    late = await answer(SOLD)
    assert (late.status_code, late.json()["code"]) == (409, "cases-move-not-allowed")
    assert (late.json()["state"], late.json()["allowed_actions"]) == ("redirected", [])


async def test_an_answer_to_a_version_that_is_past_is_refused(answer: Answer) -> None:
    stale = await answer({**SOLD, "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "cases-changed-meanwhile")


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"kind": "nope"}, "/kind", "One of: self, other_driver, sold, not_mine, object."),
        ({**SOLD, "buyer": "Siti"}, "/buyer", "A JSON object is needed."),
        ({**SOLD, "colour": "red"}, "/colour", "There is no such field; leave it out."),
        ({**SOLD, "attachments": ["x"]}, "/attachments/0", "An id (UUID) is needed."),
        ({"kind": "object", "reason": "a\u0000" + "b" * 20}, "/reason", "Control characters are not allowed."),
    ],
)
async def test_a_refused_field_is_told_what_would_be_right(answer: Answer, body: Any, pointer: str, words: str) -> None:
    refused = await answer(body, **{"Accept-Language": "en"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": pointer, "detail": words}]
