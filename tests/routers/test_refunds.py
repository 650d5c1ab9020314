"""The doors of money that comes home: the payee's account by JSON, and finance's payment orders."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.routers.http.guards import issue_ticket_token
from app.services import billing, cases
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain
from tests.refunds import HOLDER, NUMBER, OWED, PAYING, debit, give, refund_due

Client = httpx.AsyncClient
ACCOUNT = {"bank_code": "002", "number": "1234-5678 90", "holder": "Budi Contoh"}


@pytest.fixture
async def case_id(house: House) -> UUID:
    await make.demo_set(house)
    async with house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="002", number=NUMBER, name=HOLDER)
    return await refund_due(house)


def holder(house: House, case_id: UUID, role: str = "owner", party: UUID | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_ticket_token(house, case_id, role, party)}"}


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


async def put(client: Client, house: House, case_id: UUID, body: Any, **headers: str) -> httpx.Response:
    return await client.put(
        f"/v1/tickets/{case_id}/refund-account", json=body, headers={**holder(house, case_id), **key(), **headers}
    )


async def test_an_account_is_given_once_and_shown_masked(client: Client, house: House, case_id: UUID) -> None:
    path = f"/v1/tickets/{case_id}/refund-account"
    assert (await client.get(path, headers=holder(house, case_id))).status_code == 404
    without = await client.put(path, json=ACCOUNT, headers=holder(house, case_id))
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key-missing")
    same = key()
    first = await put(client, house, case_id, ACCOUNT, **same)
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "checked"
    assert first.json()["masked_number"] == "••••••7890"
    assert (await put(client, house, case_id, ACCOUNT, **same)).json() == first.json()
    shown = (await client.get(path, headers=holder(house, case_id))).json()
    assert shown == first.json()
    assert NUMBER not in first.text
    page = (await client.get(f"/v1/tickets/{case_id}/refunds", headers=holder(house, case_id))).json()
    assert [each["amount"] for each in page["refunds"]] == [OWED]
    assert page["claim_until"] is not None
    assert page["account"] == shown


async def test_a_mismatch_says_what_to_do(client: Client, house: House, case_id: UUID) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="014", number="777000111", name="SITI RAHAYU")
    body = {"bank_code": "014", "number": "777000111", "holder": "Siti Rahayu"}
    said = (await put(client, house, case_id, body, **{"Accept-Language": "en"})).json()
    assert (said["state"], said["reason"]) == ("refused", "other_holder")
    assert "in your own name" in said["message"]
    assert "SITI" not in str(said)


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"bank_code": "999"}, ["/bank_code"]),
        ({"number": "12ab345"}, ["/number"]),
        ({"holder": "12345"}, ["/holder"]),
        ({"number": "1" * 21, "holder": "??"}, ["/number", "/holder"]),
        ({"holder": "Budi\x00"}, ["/holder"]),
        ({"holder": "B" * 141}, ["/holder"]),
        ({"extra": 1}, ["/extra"]),
    ],
)
async def test_what_is_no_account_is_refused_in_words(
    client: Client, house: House, case_id: UUID, change: dict[str, Any], pointers: list[str]
) -> None:
    refused = await put(client, house, case_id, {**ACCOUNT, **change})
    assert refused.status_code == 422, refused.text
    assert [each["pointer"] for each in refused.json()["errors"]] == pointers
    gone = await client.get(f"/v1/tickets/{case_id}/refund-account", headers=holder(house, case_id))
    assert gone.status_code == 404


async def test_only_the_payee_sees_and_gives_it(client: Client, house: House, case_id: UUID) -> None:
    await give(house, case_id)
    path = f"/v1/tickets/{case_id}/refunds"
    for role in ("former_owner", "driver"):
        answer = await client.get(path, headers=holder(house, case_id, role, uuid4()))
        assert (answer.status_code, answer.json()["code"]) == (403, "etle-not-your-refund")
    assert (await client.get(path)).status_code == 401


async def finance(house: House) -> tuple[dict[str, str], dict[str, str]]:
    return await make.staff_headers(house, Role.FINANCE), await make.staff_headers(house, Role.SUPERVISOR)


async def test_an_order_from_draft_to_debit_by_json(client: Client, house: House, case_id: UUID) -> None:
    drafter, releaser = await finance(house)
    orders = "/v1/counter/payment-orders"
    empty = (await client.get(orders, headers=drafter)).json()
    assert (empty["orders"], [each["code"] for each in empty["accounts"]]) == ([], [PAYING])
    body = {"account": PAYING, "execute_on": house.clock.now().date().isoformat()}
    nothing = await client.post(orders, json=body, headers={**drafter, **key()})
    assert (nothing.status_code, nothing.json()["code"]) == (409, "billing-nothing-to-pay")
    waiting = (await client.get("/v1/counter/refunds?waiting=account", headers=drafter)).json()
    assert [each["amount"] for each in waiting["refunds"]] == [OWED]

    await put(client, house, case_id, ACCOUNT)
    ready = (await client.get("/v1/counter/refunds", headers=drafter)).json()
    assert ready["totals"]["ready"] == {"count": 1, "total": OWED}
    assert ready["refunds"][0]["masked_number"] == "••••••7890"
    drafted = await client.post(orders, json=body, headers={**drafter, **key()})
    assert drafted.status_code == 201, drafted.text
    order = f"{orders}/{drafted.json()['id']}"
    assert (await client.get(f"{order}/file.xml", headers=drafter)).status_code == 409
    own = await client.post(f"{order}/release", headers={**drafter, **key()})
    assert (own.status_code, own.json()["code"]) == (403, "billing-payment-order-four-eyes")
    released = await client.post(f"{order}/release", headers={**releaser, **key()})
    assert released.json()["state"] == "released"
    file = await client.get(f"{order}/file.xml", headers=drafter)
    assert file.headers["content-type"] == "application/xml"
    assert file.headers["x-sha256"] == released.json()["sha256"]
    shown = (await client.get(order, headers=drafter)).json()
    [payout] = shown["payouts"]
    assert payout["end_to_end_id"].encode() in file.content
    assert await debit(house, payout["end_to_end_id"]) is billing.Outcome.BOOKED
    assert (await client.get(order, headers=drafter)).json()["open"] == 0


async def test_names_are_compared_by_a_person_whose_look_the_payee_reads(
    client: Client, house: House, case_id: UUID
) -> None:
    view = await give(house, case_id, at_bank="BUDI CONTOHH")
    drafter, _ = await finance(house)
    path = f"/v1/counter/refund-accounts/{view.id}"
    names = (await client.get(path, headers=drafter)).json()
    assert (names["given"], names["at_bank"], names["person"]) == (HOLDER, "BUDI CONTOHH", "Budi Contoh")
    async with house.db.read() as connection:
        looks = [each for each in await cases.timeline(connection, case_id) if each.action == "look"]
    assert any("rekening" in each.title.id for each in looks)
    taken = await client.post(f"{path}/decision", json={"accept": False}, headers={**drafter, **key()})
    assert (taken.json()["state"], taken.json()["reason"]) == ("refused", "by_person")
    again = await client.post(f"{path}/decision", json={"accept": True}, headers={**drafter, **key()})
    assert again.json()["code"] == "billing-account-decided"
    assert (await client.get(f"/v1/counter/refund-accounts/{uuid4()}", headers=drafter)).status_code == 404


async def test_orders_are_finance_s_and_their_own_polda_s(client: Client, house: House, case_id: UUID) -> None:
    await give(house, case_id)
    drafter, _ = await finance(house)
    officer = await make.staff_headers(house, Role.OFFICER)
    for path in ("/v1/counter/payment-orders", "/v1/counter/refunds", f"/v1/counter/payment-orders/{uuid4()}"):
        assert (await client.get(path, headers=officer)).status_code == 403
    assert (await client.get(f"/v1/counter/payment-orders/{uuid4()}", headers=drafter)).status_code == 404


async def test_pages_of_orders_go_on(client: Client, house: House, case_id: UUID) -> None:
    await give(house, case_id)
    drafter, _ = await finance(house)
    orders = "/v1/counter/payment-orders"
    body = {"account": PAYING, "execute_on": house.clock.now().date().isoformat()}
    for _ in range(3):
        made = (await client.post(orders, json=body, headers={**drafter, **key()})).json()
        ended = await client.post(
            f"{orders}/{made['id']}/withdraw", json={"reason": "percobaan"}, headers={**drafter, **key()}
        )
        assert ended.json()["state"] == "withdrawn"
    first = (await client.get(f"{orders}?limit=2", headers=drafter)).json()
    second = (await client.get(f"{orders}?limit=2&after={first['next']}", headers=drafter)).json()
    numbers = [each["number"] for page in (first, second) for each in page["orders"]]
    assert len(set(numbers)) == 3
    assert second["next"] is None


async def test_banks_can_be_chosen_from_a_list(client: Client, house: House) -> None:
    banks = (await client.get("/v1/banks")).json()["banks"]
    assert {"code": "002", "name": "Bank Rakyat Indonesia", "short": "BRI"} in banks


async def test_the_same_account_twice_at_once_is_one(client: Client, house: House, case_id: UUID) -> None:
    answers = await asyncio.gather(*(put(client, house, case_id, ACCOUNT) for _ in range(4)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.json()["given_at"] for each in answers}) == 1
    await drain(house)
