"""The ticket's JSON door as the contract words it: ways to look up, tokens, links, answers, keys and refusals."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from app.services import etle
from app.services.cases.models import CaseEvent
from app.services.etle.store import party_in_role
from tests import make
from tests.drain import drain

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


async def test_a_sale_after_the_violation_is_no_answer_to_it(answer: Answer, clock: FixedClock) -> None:
    clock.advance(timedelta(days=2))
    refused = await answer({**SOLD, "sold_on": "2026-03-03"}, **{"Accept-Language": "en"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {
            "pointer": "/sold_on",
            "detail": "The vehicle was sold after this violation, so it is still yours to answer. Choose another answer.",
        }
    ]
    assert (await answer({**SOLD, "sold_on": "2026-03-02"})).status_code == 200, "on the day itself an officer judges"


async def test_once_the_buyer_is_asked_the_stnk_answers_no_more(
    house: House, client: Client, answer: Answer, case_id: UUID
) -> None:
    assert (await answer(SOLD)).status_code == 200
    await drain(house)
    assert await make.state_of(house, case_id) == "letter_sent"
    body = {"kind": "self", "driver": make.DRIVER}
    refused = await answer(body)
    assert (refused.status_code, refused.json()["code"]) == (409, "etle-asked-somebody-else")
    assert await actions(house, case_id) == ["report_sold"]
    async with house.db.begin(SYSTEM) as tx:
        buyer = await party_in_role(tx, case_id, "buyer")
    assert buyer is not None
    letter = {"reference": buyer.code, "plate": make.PLATE}
    [found] = (await client.post("/v1/tickets/lookup", json=letter)).json()["tickets"]
    headers = {"Authorization": f"Bearer {found['access_token']}"}
    taken = await client.post(f"/v1/tickets/{case_id}/response", json=body, headers=headers)
    assert (taken.status_code, taken.json()["state"]) == (200, "confirmed")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
async def test_a_malformed_upload_is_told_what_is_wrong(
    house: House, client: Client, case_id: UUID, content_type: str
) -> None:
    headers = {
        "Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}",
        "Content-Type": content_type,
        "Accept-Language": "en",
    }
    body = b"--y\r\nnot what was announced"
    refused = await client.post(f"/v1/tickets/{case_id}/attachments", content=body, headers=headers)
    assert refused.status_code == 422
    [error] = refused.json()["errors"]
    assert error == {
        "pointer": "",
        "detail": "The body cannot be read: it does not have the form that its Content-Type says.",
    }


async def test_the_same_answer_twice_is_one_and_another_under_its_key_is_refused(answer: Answer) -> None:
    key = {"Idempotency-Key": "kunci-1"}
    first, again = await answer(SOLD, **key), await answer(SOLD, **key)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert (await answer({**SOLD, "sold_on": "2026-02-02"}, **key)).status_code == 422
    late = await answer(SOLD)
    assert (late.status_code, late.json()["code"]) == (409, "cases-move-not-allowed")
    assert (late.json()["state"], late.json()["allowed_actions"]) == ("redirected", [])


async def test_without_a_key_the_same_bytes_get_the_same_answer(house: House, answer: Answer, case_id: UUID) -> None:
    """A client that knows the published shape alone sends no header, and may send twice after a broken connection."""
    first, again = await answer(SOLD), await answer(SOLD)
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert await actions(house, case_id) == ["report_sold"]
    other = await answer({**SOLD, "sold_on": "2026-02-02"})
    assert (other.status_code, other.json()["code"]) == (409, "cases-move-not-allowed")
    assert await actions(house, case_id) == ["report_sold"]


async def test_without_a_key_what_is_asked_anew_is_answered_anew(house: House, answer: Answer, case_id: UUID) -> None:
    """The named driver declines, the owner is asked again and names the same person: that is a new answer."""
    body = {"kind": "other_driver", "driver": make.DRIVER}
    assert (await answer(body)).json()["state"] == "awaiting_driver"
    async with house.db.begin(SYSTEM) as tx:
        driver = await party_in_role(tx, case_id, "driver")
    assert driver is not None
    async with house.db.begin(Actor(ActorKind.CITIZEN, str(driver.id), frozenset({"driver"}), case_id=case_id)) as tx:
        await etle.answer_as_driver(tx, case_id, "decline_driving")
    second = await answer(body)
    assert (second.status_code, second.json()["state"]) == (200, "awaiting_driver")
    assert (await actions(house, case_id)).count("name_driver") == 2
    assert (await answer(body)).json() == second.json(), "the newest answer is the one that is kept"
    assert (await actions(house, case_id)).count("name_driver") == 2


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "kunci-2"}])
async def test_the_same_answer_at_the_same_time_is_one(
    house: House, answer: Answer, case_id: UUID, headers: dict[str, str]
) -> None:
    barrier = asyncio.Barrier(4)

    async def one() -> httpx.Response:
        await barrier.wait()
        return await answer(SOLD, **headers)

    answers = await asyncio.gather(*(one() for _ in range(4)))
    assert [each.status_code for each in answers] == [200] * 4
    assert all(each.json() == answers[0].json() for each in answers)
    assert await actions(house, case_id) == ["report_sold"]


async def test_a_driver_answers_with_a_key_or_not_at_all(house: House, client: Client, case_id: UUID) -> None:
    headers = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'driver')}"}
    path, body = f"/v1/tickets/{case_id}/driver-response", {"action": "accept_driving"}
    refused = await client.post(path, json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency-key-missing")
    assert "Idempotency-Key" in refused.json()["detail"]


async def actions(house: House, case_id: UUID) -> list[str]:
    """What citizens did to the case."""
    async with house.db.begin(SYSTEM) as tx:
        query = select(col(CaseEvent.action)).where(
            col(CaseEvent.case_id) == case_id, col(CaseEvent.actor_kind) == "citizen"
        )
        return list((await tx.session.execute(query.order_by(col(CaseEvent.seq)))).scalars())


async def test_a_reason_may_be_short(answer: Answer) -> None:
    taken = await answer({"kind": "object", "reason": "Dinas"})
    assert (taken.status_code, taken.json()["state"]) == (200, "objection")


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
        ({"kind": "object", "reason": " \n "}, "/reason", "At least 1."),
        ({"kind": "object", "reason": "b" * 10_000}, "/reason", "At most 2000."),
        ({**SOLD, "buyer": {"name": "x" * 10_000, "address": "y"}}, "/buyer/name", "At most 120."),
        ({**SOLD, "buyer": {"name": "Siti\0", "address": "y"}}, "/buyer/name", "Control characters are not allowed."),
    ],
)
async def test_a_refused_field_is_told_what_would_be_right(answer: Answer, body: Any, pointer: str, words: str) -> None:
    refused = await answer(body, **{"Accept-Language": "en"})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"pointer": pointer, "detail": words}]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"plate": "B" * 10_000}, "/plate"),
        ({"plate": "B 12\0"}, "/plate"),
        ({"chassis_no": "M" * 10_000}, "/chassis_no"),
        ({"engine_no": "1\0" * 5}, "/engine_no"),
        ({"chassis_no": None, "engine_no": None, "reference": "E" * 10_000}, "/reference"),
    ],
)
async def test_a_look_up_with_what_no_field_holds_is_told_so(
    house: House, client: httpx.AsyncClient, given: dict[str, Any], pointer: str
) -> None:
    body = {"plate": make.PLATE, "chassis_no": "MHKCNTH1JKK000001", "engine_no": "CNTH0000001", **given}
    answer = await client.post("/v1/tickets/lookup", json={name: value for name, value in body.items() if value})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert pointer in {each["pointer"] for each in answer.json()["errors"]}
