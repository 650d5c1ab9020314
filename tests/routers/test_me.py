"""Binding an account to a NIK: only the population register and the phone registered there can do it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import identity, registries
from app.services.identity import people, sessions
from app.services.identity.models import OneTimeCode, Person
from app.services.identity.sessions import SubjectKind
from app.services.registries.demo import PEOPLE
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain
from tests.signing_in import citizen_session, last_code, submit

Client = httpx.AsyncClient
SITI, BUDI = PEOPLE[1], PEOPLE[0]


def claim(person: Any = SITI, **changes: str) -> dict[str, str]:
    return {"nik": person.nik, "born_on": person.born_on.isoformat(), "kk_no": person.kk_no, **changes}


async def post(me: Client, path: str, json: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """As an app posts: with a key of its own for each call, unless told one."""
    return await me.post(path, json=json, headers={"Idempotency-Key": uuid4().hex, **(headers or {})})


@pytest.fixture
async def me(house: House, client: Client) -> Client:
    """A citizen who signed in with a phone that no register knows."""
    async with house.db.begin(SYSTEM) as tx:
        await registries.seed_demo(tx)
    page = await client.get("/masuk")
    answer = await submit(client, page, "/masuk", contact="081399990000")
    page = await client.get(answer.headers["location"])
    await submit(client, page, "/masuk/kode", code=await last_code(house))
    return client


async def test_the_register_and_its_phone_bind_an_account(house: House, me: Client) -> None:
    sent = await post(me, "/v1/me/identity", json=claim())
    assert (sent.status_code, sent.json()) == (202, {"state": "code_sent_if_registered", "expires_in": 300})
    bound = await post(me, "/v1/me/identity/confirm", json={"code": await last_code(house)})
    assert bound.status_code == 200, bound.text
    body = bound.json()
    assert (body["name"], body["nik"], body["phone"]) == (SITI.name, f"3174{'*' * 10}02", "+6281399990000")

    assert await identity.nik_of(house, UUID(body["id"])) == SITI.nik


async def test_a_new_account_brings_along_what_the_older_one_applied_for(house: House, me: Client) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    async with Client(transport=me._transport, base_url=me.base_url) as elsewhere:
        older = await Desk(house, elsewhere, PEOPLE.index(SITI)).sign_in()
        made = await older.post("/v1/applications", {"service": "skck-new", "unit": POLRES}, status=201)
        assert (await me.get("/v1/applications")).json()["applications"] == []
        await post(me, "/v1/me/identity", json=claim())
        await post(me, "/v1/me/identity/confirm", json={"code": await last_code(house)})
        await drain(house)
        own = (await me.get("/v1/applications")).json()["applications"]
        assert [each["id"] for each in own] == [made["id"]]
        assert (await me.get(f"/v1/applications/{made['id']}")).json()["reference"] == made["reference"]
        hidden = await elsewhere.get(f"/v1/applications/{made['id']}", headers=older.headers)
        assert hidden.status_code in (401, 404), "the older account's phone may be somebody else's by now"


@pytest.mark.parametrize(
    "changes", [{"kk_no": BUDI.kk_no}, {"born_on": "1990-03-06"}, {"nik": BUDI.nik}, {"nik": "3174014503900001"}]
)
async def test_every_mismatch_answers_alike_and_sends_nothing(
    house: House, me: Client, changes: dict[str, str]
) -> None:
    right, wrong = (
        await post(me, "/v1/me/identity", json=claim()),
        await post(me, "/v1/me/identity", json=claim(**changes)),
    )
    assert (right.status_code, right.json()) == (wrong.status_code, wrong.json())
    ran = await drain(house)
    assert ran.count("identity.send_code") == 2
    for code in (await last_code(house), "000000"):
        answer = await post(me, "/v1/me/identity/confirm", json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (422, "identity-not-confirmed")


async def test_five_tries_then_the_right_code_is_too_late(house: House, me: Client) -> None:
    await post(me, "/v1/me/identity", json=claim())
    code = await last_code(house)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        assert (await post(me, "/v1/me/identity/confirm", json={"code": wrong})).status_code == 422
    assert (await post(me, "/v1/me/identity/confirm", json={"code": code})).status_code == 422


async def test_a_code_grows_old(house: House, me: Client, clock: FixedClock) -> None:
    await post(me, "/v1/me/identity", json=claim())
    code = await last_code(house)
    clock.advance(timedelta(minutes=5))
    assert (await post(me, "/v1/me/identity/confirm", json={"code": code})).status_code == 422


async def test_the_code_of_one_account_binds_no_other(house: House, me: Client) -> None:
    await post(me, "/v1/me/identity", json=claim())
    code = await last_code(house)
    _, cookie = await citizen_session(house)
    me.cookies.set("loket_session", cookie)
    assert (await post(me, "/v1/me/identity/confirm", json={"code": code})).status_code == 422


async def test_a_sign_in_code_binds_nothing(house: House, me: Client) -> None:
    await post(me, "/v1/me/identity", json=claim())
    binding = await last_code(house)
    page = await me.get("/masuk")
    await submit(me, page, "/masuk", contact="081399990000")
    sign_in = await last_code(house)
    if sign_in != binding:
        assert (await post(me, "/v1/me/identity/confirm", json={"code": sign_in})).status_code == 422
    assert (await post(me, "/v1/me/identity/confirm", json={"code": binding})).status_code == 200


async def test_the_older_account_of_the_same_person_is_unbound_and_signed_out(house: House, me: Client) -> None:
    older, cookie = await citizen_session(house, nik=SITI.nik, phone="+6281200000002")
    await post(me, "/v1/me/identity", json=claim())
    assert (await post(me, "/v1/me/identity/confirm", json={"code": await last_code(house)})).status_code == 200
    assert await identity.nik_of(house, older) is None
    async with house.db.read() as connection:
        assert await sessions.find_session(connection, cookie, house.clock.now()) is None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"nik": "1234567890123456"}, "/nik"), ({"kk_no": "x" * 16}, "/kk_no"), ({"born_on": "tomorrow"}, "/born_on")],
)
async def test_what_cannot_be_right_is_named(me: Client, changes: dict[str, str], pointer: str) -> None:
    answer = await post(me, "/v1/me/identity", json=claim(**changes))
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "1234567890123456" not in answer.text


async def test_the_same_key_gives_the_same_answer_and_one_code(house: House, me: Client) -> None:
    for _ in range(2):
        answer = await post(me, "/v1/me/identity", json=claim(), headers={"Idempotency-Key": "key-1"})
        assert answer.status_code == 202
    assert (await drain(house)).count("identity.send_code") == 1


async def test_a_binding_is_confirmed_once_for_a_key_and_a_wrong_code_counts_each_time(
    house: House, me: Client
) -> None:
    await post(me, "/v1/me/identity", json=claim())
    code, key = await last_code(house), {"Idempotency-Key": "key-2"}
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(2):
        assert (await post(me, "/v1/me/identity/confirm", json={"code": wrong}, headers=key)).status_code == 422
    first, again = [await post(me, "/v1/me/identity/confirm", json={"code": code}, headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()) == (200, 200, again.json())
    assert (await post(me, "/v1/me/identity/confirm", json={"code": code})).status_code == 422, "a code works once"


@pytest.mark.parametrize("path", ["/v1/me/identity", "/v1/me/identity/confirm"])
async def test_without_a_key_nothing_is_done(house: House, me: Client, path: str) -> None:
    body = claim() if path.endswith("identity") else {"code": "123456"}
    answer = await me.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    assert "Idempotency-Key" in answer.json()["detail"]
    assert "identity.send_code" not in (await drain(house))[1:], "one code was sent at sign-in, none for this"


async def test_nobody_is_a_stranger_here(client: Client) -> None:
    for method, path in (("GET", "/v1/me"), ("POST", "/v1/me/identity"), ("POST", "/v1/me/identity/confirm")):
        assert (await client.request(method, path, json={})).status_code in (401, 422)
    assert (await client.get("/v1/me")).json()["code"] == "sign-in-needed"


async def test_nothing_personal_lies_plain_in_the_tables(house: House, me: Client) -> None:
    await post(me, "/v1/me/identity", json=claim())
    await post(me, "/v1/me/identity/confirm", json={"code": await last_code(house)})
    await post(me, "/v1/me/identity", json=claim(BUDI))
    async with house.db.read() as connection:
        kept = repr(
            [
                (await connection.execute(select(table.__table__))).all()  # type: ignore[attr-defined]
                for table in (Person, OneTimeCode)
            ]
        )
    for secret in (SITI.nik, SITI.name, SITI.phone, BUDI.nik, BUDI.name, BUDI.phone, "81399990000"):
        assert secret not in kept


async def test_an_external_citizen_gets_one_account(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        first = await people.know_external(tx, "https://issuer.example|abc")
        assert await people.know_external(tx, "https://issuer.example|abc") == first
        assert await people.know_external(tx, "https://issuer.example|abd") != first
        token = await sessions.open_session(tx, SubjectKind.CITIZEN, first, amr=("ext",))
        assert await sessions.find_session(tx.session, token, tx.now) is not None
