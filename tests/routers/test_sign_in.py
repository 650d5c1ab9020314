"""Signing in with a browser: citizens by code, staff by password and second factor, and who tries to bend it."""

import re
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services.identity import sessions, staff, totp
from app.services.identity.demo import DEMO_PASSWORD, DEMO_TOTP_SECRET
from app.services.identity.models import Person
from tests.signing_in import demo_staff, last_code, sign_in_staff, submit

Client = httpx.AsyncClient
OFFICER = "petugas1@example.test"


async def ask(client: Client, contact: str, next: str = "/v1/me") -> httpx.Response:
    page = await client.get("/masuk", params={"next": next})
    answer = await submit(client, page, "/masuk", contact=contact)
    assert answer.status_code == 303, answer.text
    return await client.get(answer.headers["location"])


async def people(house: House) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(Person))).scalar_one()


@pytest.mark.parametrize("contact", ["0812 3456 7890", "Budi@Example.test"])
async def test_a_citizen_signs_in_by_code_and_comes_back_to_the_same_account(
    house: House, client: Client, contact: str
) -> None:
    page = await ask(client, contact)
    code = await last_code(house)
    done = await submit(client, page, "/masuk/kode", code=f" {code} ")
    assert done.status_code == 200
    assert 'content="0; url=/v1/me"' in done.text
    me = (await client.get("/v1/me")).json()
    assert me["nik"] is None
    client.cookies.clear()
    page = await ask(client, contact)
    await submit(client, page, "/masuk/kode", code=await last_code(house))
    assert (await client.get("/v1/me")).json()["id"] == me["id"]
    assert await people(house) == 1


async def test_the_page_says_where_the_code_went_but_not_the_whole_address(client: Client) -> None:
    page = await ask(client, "081234567890")
    assert "+62********890" in page.text
    assert "81234567890" not in page.text


async def test_a_wrong_code_opens_nothing_and_five_are_the_end(house: House, client: Client) -> None:
    page = await ask(client, "081234567890")
    code = await last_code(house)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        answer = await submit(client, page, "/masuk/kode", code=wrong)
        assert answer.status_code == 422
    answer = await submit(client, page, "/masuk/kode", code=code)
    assert answer.status_code == 422
    assert "loket_session" not in client.cookies


async def test_a_code_is_good_for_five_minutes_once_and_only_the_newest(
    house: House, client: Client, clock: FixedClock
) -> None:
    page = await ask(client, "081234567890")
    old = await last_code(house)
    newer = await ask(client, "081234567890")
    assert (await submit(client, page, "/masuk/kode", code=old)).status_code == 422
    code = await last_code(house)
    clock.advance(timedelta(minutes=5))
    assert (await submit(client, newer, "/masuk/kode", code=code)).status_code == 422
    newest = await ask(client, "081234567890")
    code = await last_code(house)
    assert (await submit(client, newest, "/masuk/kode", code=code)).status_code == 200
    assert (await submit(client, newest, "/masuk/kode", code=code)).status_code == 422


async def test_a_contact_left_for_half_a_year_is_a_new_account(house: House, client: Client, clock: FixedClock) -> None:
    page = await ask(client, "081234567890")
    await submit(client, page, "/masuk/kode", code=await last_code(house))
    first = (await client.get("/v1/me")).json()["id"]
    client.cookies.clear()
    clock.advance(timedelta(days=181))
    page = await ask(client, "081234567890")
    await submit(client, page, "/masuk/kode", code=await last_code(house))
    assert (await client.get("/v1/me")).json()["id"] != first


@pytest.mark.parametrize("contact", ["", "021 525 1234", "+1 415 555 0123", "nobody", "x" * 190])
async def test_what_no_code_can_reach_is_said_at_the_field(client: Client, contact: str) -> None:
    page = await client.get("/masuk")
    answer = await submit(client, page, "/masuk", contact=contact)
    assert answer.status_code == 422
    assert "govuk-error-summary" in answer.text


async def test_staff_sign_in_with_password_and_second_factor(house: House, client: Client) -> None:
    await demo_staff(house)
    done = await sign_in_staff(client, house, OFFICER)
    assert done.status_code == 200, done.text
    assert 'content="0; url=/counter"' in done.text
    assert (await client.get("/counter", headers={"Accept": "text/html"})).status_code == 200


async def test_unknown_address_and_wrong_password_answer_alike(house: House, client: Client) -> None:
    await demo_staff(house)
    page = await client.get("/masuk/petugas")
    answers = [
        await submit(client, page, "/masuk/petugas", email=email, password=password)
        for email, password in ((OFFICER, "wrong"), ("nobody@example.test", DEMO_PASSWORD), ("no address", "x"))
    ]
    assert {each.status_code for each in answers} == {422}
    texts = {re.sub(r'value="[^"]*"', "", each.text) for each in answers}
    assert len(texts) == 1


async def test_five_wrong_passwords_lock_the_account_for_a_while(
    house: House, client: Client, clock: FixedClock
) -> None:
    await demo_staff(house)
    page = await client.get("/masuk/petugas")

    async def enter(password: str) -> int:
        return (await submit(client, page, "/masuk/petugas", email=OFFICER, password=password)).status_code

    for _ in range(5):
        assert await enter("wrong") == 422
    assert await enter(DEMO_PASSWORD) == 422
    clock.advance(timedelta(minutes=15))
    assert await enter(DEMO_PASSWORD) == 303


async def test_a_second_factor_works_once(house: House, client: Client, clock: FixedClock) -> None:
    await demo_staff(house)
    assert (await sign_in_staff(client, house, OFFICER)).status_code == 200
    assert (await sign_in_staff(client, house, OFFICER)).status_code == 422
    clock.advance(timedelta(seconds=30))
    assert (await sign_in_staff(client, house, OFFICER)).status_code == 200


async def test_the_first_sign_in_enrols_and_changes_the_password(house: House, client: Client) -> None:
    async with house.db.begin(SYSTEM) as tx:
        made = await staff.add(tx, "Baru@example.test", roles=["officer"], unit="PMJ")
    page = await client.get("/masuk/petugas")
    page = await submit(client, page, "/masuk/petugas", email="baru@example.test", password=made.temporary_password)
    page = await client.get(page.headers["location"])
    secret = "".join(re.findall(r"<strong>([A-Z2-7 ]+)</strong>", page.text)[0].split())
    code = totp.code_of(secret, totp.step_at(house.clock.now()))
    assert 'class="segno"' in page.text

    async def send(password: str, again: str, code: str) -> int:
        answer = await submit(client, page, "/masuk/petugas/kode", password=password, again=again, code=code)
        return answer.status_code

    assert await send("", "", code) == 422
    assert await send("sebuah kalimat sandi", "lain sekali ya pak", code) == 422
    assert await send("pendek", "pendek", code) == 422
    assert await send("sebuah kalimat sandi", "sebuah kalimat sandi", "000000") == 422
    assert await send("sebuah kalimat sandi", "sebuah kalimat sandi", code) == 200
    client.cookies.clear()
    page = await client.get("/masuk/petugas")
    old = await submit(client, page, "/masuk/petugas", email="baru@example.test", password=made.temporary_password)
    assert old.status_code == 422
    new = await submit(client, page, "/masuk/petugas", email="baru@example.test", password="sebuah kalimat sandi")
    page = await client.get(new.headers["location"])
    assert 'class="segno"' not in page.text
    assert secret not in page.text


async def test_a_disabled_member_of_staff_is_out_at_once(house: House, client: Client) -> None:
    await demo_staff(house)
    await sign_in_staff(client, house, OFFICER)
    async with house.db.begin(SYSTEM) as tx:
        await staff.disable(tx, OFFICER)
    answer = await client.get("/counter", headers={"Accept": "text/html"})
    assert answer.headers["location"] == "/masuk/petugas?next=%2Fcounter"
    assert (await sign_in_staff_fails(client, house)) == 422


async def sign_in_staff_fails(client: Client, house: House) -> int:
    page = await client.get("/masuk/petugas")
    return (await submit(client, page, "/masuk/petugas", email=OFFICER, password=DEMO_PASSWORD)).status_code


async def test_an_idle_counter_closes_and_an_old_one_too(house: House, client: Client, clock: FixedClock) -> None:
    await demo_staff(house)
    await sign_in_staff(client, house, OFFICER)
    for _ in range(3):
        clock.advance(timedelta(minutes=25))
        assert (await client.get("/counter")).status_code == 200
    clock.advance(timedelta(minutes=30))
    assert (await client.get("/counter")).status_code == 303


async def test_signing_in_again_ends_the_session_that_the_browser_had(
    house: House, client: Client, clock: FixedClock
) -> None:
    await demo_staff(house)
    await sign_in_staff(client, house, OFFICER)
    first = client.cookies["loket_session"]
    clock.advance(timedelta(minutes=1))
    await sign_in_staff(client, house, OFFICER)
    second = client.cookies["loket_session"]
    assert second != first
    async with house.db.read() as connection:
        assert await sessions.find_session(connection, first, clock.now()) is None
        assert await sessions.find_session(connection, second, clock.now()) is not None


async def test_signing_out_ends_the_session_on_the_server(house: House, client: Client) -> None:
    await demo_staff(house)
    await sign_in_staff(client, house, OFFICER)
    stolen = client.cookies["loket_session"]
    page = await client.get("/keluar")
    assert (await submit(client, page, "/keluar")).status_code == 303
    async with house.db.read() as connection:
        assert await sessions.find_session(connection, stolen, house.clock.now()) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_form_from_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    page = await client.get("/masuk")
    client.headers.update(headers)
    assert (await submit(client, page, "/masuk", contact="081234567890")).status_code == 403


async def test_a_form_token_is_bound_to_its_browser_and_time(client: Client, clock: FixedClock) -> None:
    page = await client.get("/masuk")
    clock.advance(timedelta(hours=3))
    assert (await submit(client, page, "/masuk", contact="081234567890")).status_code == 403
    page = await client.get("/masuk")
    client.cookies.set("loket_browser", "another-browser-another")
    assert (await submit(client, page, "/masuk", contact="081234567890")).status_code == 403
    assert (await client.post("/masuk", data={"contact": "081234567890"})).status_code == 403


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
async def test_sign_in_goes_on_to_our_own_pages_alone(house: House, client: Client, next: str) -> None:
    page = await ask(client, "081234567890", next)
    done = await submit(client, page, "/masuk/kode", code=await last_code(house))
    assert 'content="0; url=/"' in done.text


async def test_a_state_of_one_step_is_none_for_another(house: House, client: Client) -> None:
    await demo_staff(house)
    page = await ask(client, "081234567890")
    state = re.findall(r'name="state" value="([^"]+)"', page.text)[0]
    answer = await client.get("/masuk/petugas/kode", params={"state": state})
    assert answer.headers["location"] == "/masuk/petugas"
    answer = await client.get("/masuk/kode", params={"state": state[:-2]})
    assert answer.headers["location"] == "/masuk"


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(house: House, client: Client) -> None:
    page = await ask(client, "081234567890")
    done = await submit(client, page, "/masuk/kode", code=await last_code(house))
    cookie = next(value for value in done.headers.get_list("set-cookie") if value.startswith("loket_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_the_demo_s_second_factor_is_a_real_one() -> None:
    assert len(totp.code_of(DEMO_TOTP_SECRET, 1)) == 6
