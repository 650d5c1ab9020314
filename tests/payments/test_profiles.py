"""What a bank's profile says is what its bank meets at the door: the form and the window of times, the prefix of paths, and
how long it may wait. Types and encodings of signatures, repetitions and statement columns have their tests where they are
used (`test_failure_cases_a`, `test_snap_client`, `test_failure_cases_b`, `test_statement_csv`)."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.core.actor import SYSTEM
from app.core.house import House
from app.routers import snap
from app.services import billing
from app.services.billing.banks import TimeForm
from tests.banks import INQUIRY, PAYMENT, STATUS, Bank, join_bank
from tests.payments.books import BOOKED, booked, heard, server_of

FORMS = {
    TimeForm.SECONDS: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00",
    TimeForm.MILLISECONDS: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+07:00",
    TimeForm.UTC: r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}


@pytest.fixture
def bent(monkeypatch: pytest.MonkeyPatch):
    """The profile `standard` with these settings for this test."""

    def bend(**settings: Any) -> None:
        standard = replace(billing.bank_profile("standard"), **settings)
        monkeypatch.setitem(billing.bank_profiles(), "standard", standard)

    return bend


async def joined(house: House, client) -> Bank:
    return await join_bank(house, client, profile="standard")


@pytest.mark.parametrize("form", list(TimeForm))
async def test_every_answer_to_a_proven_bank_has_the_time_in_its_form(house, client, bent, bill, books, form):
    bent(time_form=form)
    bank = await joined(house, client)
    token = await bank.ask_token()
    bank.access_token = token.json()["accessToken"]
    answers = [
        token,
        await bank.inquire(bill.customer_no, "R1"),
        await bank.pay(bill.customer_no, "R1", 1),
        await bank.pay(bill.customer_no, "R1"),
        await bank.status(bill.customer_no, "R1"),
        await bank.call(PAYMENT, b"nonsense"),
    ]
    codes = [answer.json()["responseCode"] for answer in answers]
    assert codes == ["2007300", "2002400", "4042513", "2002500", "2002600", "4002500"]
    for answer in answers:
        assert re.fullmatch(FORMS[form], answer.headers["x-timestamp"])
    await books.changed(**{**BOOKED, "external_ids": 4, "inquiries": 1})
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize("tolerance_s", [60, 900])
async def test_the_window_is_the_banks_own(house, client, bent, bill, books, tolerance_s):
    bent(tolerance_s=tolerance_s)
    bank = await joined(house, client)
    for skew_s in (tolerance_s + 1, -tolerance_s - 1):
        heard(await bank.ask_token(skew_s=skew_s), "4017300", about="[Timestamp]")
    await bank.sign_in()
    for skew_s in (tolerance_s + 1, -tolerance_s - 1):
        heard(await bank.inquire(bill.customer_no, "R1", skew_s=skew_s), "4012400", about="[Timestamp]")
        heard(await bank.pay(bill.customer_no, "R1", skew_s=skew_s), "4012500", about="[Timestamp]")
        heard(await bank.status(bill.customer_no, "R1", skew_s=skew_s), "4012600", about="[Timestamp]")
    await books.changed()
    for skew_s in (tolerance_s, -tolerance_s):
        heard(await bank.ask_token(skew_s=skew_s), "2007300")
        booked(await bank.pay(bill.customer_no, "R1", skew_s=skew_s))
    await books.changed(**{**BOOKED, "external_ids": 2})
    await books.hold(BC=250_000, TD=-250_000)


@pytest.mark.parametrize("proxy", ["", "/proxy"])
async def test_the_prefix_of_the_profile_stands_for_the_proxys(house, bent, bill, books, proxy):
    bent(path_prefix="/snap/polri")
    behind = replace(house, settings=house.settings.model_copy(update={"snap_path_prefix": proxy}))
    async with server_of(behind) as client:
        bank = await (await joined(house, client)).sign_in()
        for signed in (f"{proxy}{PAYMENT}", f"/proxy{PAYMENT}", f"/snap/polri{PAYMENT}/", f"/snap{PAYMENT}"):
            body = bank.payment_body(bill.customer_no, "R1")
            heard(await bank.call(PAYMENT, body, signed_path=signed), "4012500", about="[Signature]")
        await books.changed()
        for path in (INQUIRY, STATUS):
            body = bank.inquiry_body(bill.customer_no, "R1")
            answer = await bank.call(f"{path}?a=1", body, signed_path=f"/snap/polri{path}?a=1")
            assert answer.status_code in (200, 404)
        booked(await bank.call(PAYMENT, bank.payment_body(bill.customer_no, "R1"), signed_path=f"/snap/polri{PAYMENT}"))
    house.db.move_in(house)
    await books.changed(**{**BOOKED, "external_ids": 3, "inquiries": 1})
    await books.hold(BC=250_000, TD=-250_000)


async def test_a_bank_of_little_patience_hears_in_time_that_nothing_is_decided(house, client, bent, bill, books):
    """Each service wants to write what another transaction keeps from being written, for longer than this bank waits."""
    bank = await (await joined(house, client)).sign_in()
    bent(time_budget_s=0.3)
    async with house.db.begin(SYSTEM) as tx:
        await tx.session.connection()  # which on SQLite has the one write lock
        if house.db.dialect == "postgresql":
            await tx.session.execute(text("LOCK TABLE snap_tokens, snap_external_ids IN SHARE MODE"))
        answers = await asyncio.gather(
            bank.ask_token(),
            bank.inquire(bill.customer_no, "R1", external_id="7"),
            bank.pay(bill.customer_no, "R1", external_id="7"),
            bank.status(bill.customer_no, "R1", external_id="7"),
        )
        for answer, service in zip(answers, ("73", "24", "25", "26"), strict=True):
            heard(answer, f"504{service}00")
    await asyncio.gather(*snap.ENDING, *snap.NOTING, return_exceptions=True)
    bent(time_budget_s=7)
    await books.changed(questions=1)  # only of the payment the bank is to be asked
    booked(await bank.pay(bill.customer_no, "R1", external_id="7"))
    heard(await bank.inquire(bill.customer_no, "R1", external_id="7"), "4042414", flag="01")
    await books.changed(**{**BOOKED, "external_ids": 2})
    await books.hold(BC=250_000, TD=-250_000)
