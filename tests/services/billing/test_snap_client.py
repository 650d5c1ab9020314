"""We ask a bank what became of a payment: against a bank that verifies with a third party's signing code."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import SystemClock
from app.services import billing
from app.services.billing.banks import SignatureEncoding
from app.services.billing.models import PaymentIncident
from app.services.billing.snap import client_jobs
from app.services.billing.snap.client import BankCalls
from app.services.billing.snap.client_answers import Question
from app.services.billing.snap.client_jobs import ANSWER_LOST, ASK_STATUS, SETTLEMENT, WAITS
from app.services.billing.snap.models import BankSays, BankStatusAnswer, BankStatusQuestion
from app.services.billing.snap.numbers import VirtualAccount
from app.services.identity import connections, credentials
from app.services.identity.models import BankConnection, PartnerKey
from tests.banks import join_bank, open_test_bill
from tests.drain import drain
from tests.loopback import Loopback, Reply
from tests.services.billing.fake_bank import OUR_ID, SECRET, connect, connected


@pytest.fixture
async def bank(house, client):
    return await (await join_bank(house, client)).sign_in()


@pytest.fixture
async def booked(house, bank):
    """A bill that this bank has paid under the id R1."""
    bill = await open_test_bill(house)
    assert (await bank.pay(bill.customer_no, "R1")).status_code == 200
    await drain(house)
    return bill


async def enqueue(house, *arguments):
    async with house.db.begin(SYSTEM) as tx:
        await tx.enqueue(ASK_STATUS, *arguments)
    return await drain(house)


async def rows(house, model):
    async with house.db.read() as connection:
        return (await connection.execute(select(model).order_by(model.id))).mappings().all()


async def said(house, bank, subject="R1"):
    async with house.db.read() as connection:
        return await client_jobs.latest_answer(connection, bank.client_id, subject)


async def incidents(house):
    return [(row["kind"], row["subject"]) for row in await rows(house, PaymentIncident)]


async def test_the_bank_confirms_what_we_booked(house, bank, booked):
    async with connected(house, bank.client_id, prefix="/openapi") as fake:
        fake.paid("R1", bank.account(booked.customer_no))
        assert await enqueue(house, bank.client_id, "R1", ANSWER_LOST) == [ASK_STATUS]
    assert fake.refused == []
    assert fake.stamps == ["2026-03-02T10:00:00.000+07:00"]  # as BRI writes it
    [asked] = fake.asked
    assert asked == {
        **bank.account(booked.customer_no), "inquiryRequestId": "R1", "paymentRequestId": "R1", "additionalInfo": {},
    }  # fmt: skip
    answer = await said(house, bank)
    assert (answer.status, answer.code, answer.amount) == (BankSays.PAID, "2002600", 250_000)
    assert (answer.outcome, answer.next_at, answer.times_asked) == ("paid", None, 1)
    assert answer.asked_at == answer.answered_at == house.clock.now()
    [row] = await rows(house, BankStatusAnswer)
    assert (row["payment_request_id"], row["virtual_account_no"]) == ("R1", bank.partner + booked.customer_no)
    assert row["external_id"] == fake.external_ids[0]
    assert await incidents(house) == []
    assert await client_jobs_due(house) == 0


async def client_jobs_due(house):
    async with house.db.read() as connection:
        query = select(func.count()).where(col(BankStatusQuestion.closed_at).is_(None))
        return (await connection.execute(query)).scalar_one()


@pytest.mark.parametrize(
    ("flag", "amount", "kind", "status"),
    [
        ("01", 250_000, "bank_says_not_paid", BankSays.REFUSED),
        ("00", 250_001, "bank_says_other_amount", BankSays.PAID),
        (None, 0, "bank_says_not_paid", BankSays.UNKNOWN),
    ],
)
async def test_a_bank_that_says_otherwise_is_a_persons_business(house, bank, booked, flag, amount, kind, status):
    before = await billing.ledger_check(house)
    async with connected(house, bank.client_id) as fake:
        if flag is not None:
            fake.paid("R1", bank.account(booked.customer_no), amount, flag)
        await enqueue(house, bank.client_id, "R1", ANSWER_LOST)
        await enqueue(house, bank.client_id, "R1", ANSWER_LOST)
    assert (await said(house, bank)).status is status
    assert await incidents(house) == [(kind, "R1")]  # one, however often it is asked
    [incident] = await rows(house, PaymentIncident)
    assert (incident["bill_id"], incident["facts"]["said"]) == (booked.id, status.value)
    after = await billing.ledger_check(house)
    assert (after.balances, after.entries, after.faults) == (before.balances, 1, ())


async def test_a_line_of_the_banks_file_that_we_do_not_know(house, bank):
    bill = await open_test_bill(house)
    number = bank.partner + bill.customer_no
    async with connected(house, bank.client_id) as fake:
        fake.paid("R9", bank.account(bill.customer_no))
        await enqueue(house, bank.client_id, "R9", SETTLEMENT, number)
        await enqueue(house, bank.client_id, number, SETTLEMENT)
    assert (await said(house, bank, "R9")).status is BankSays.PAID
    assert (await said(house, bank, number)).status is BankSays.PAID
    by_id, by_account = fake.asked
    assert by_id["paymentRequestId"] == "R9"
    assert "paymentRequestId" not in by_account
    assert by_account["inquiryRequestId"] == fake.external_ids[1]
    assert {row["bill_id"] for row in await rows(house, BankStatusQuestion)} == {bill.id}
    assert await incidents(house) == []  # the exception that asked has its person


async def test_the_banks_own_inquiry_names_the_payment(house, bank):
    bill = await open_test_bill(house)
    await bank.inquire(bill.customer_no, "R5")
    async with connected(house, bank.client_id) as fake:
        await enqueue(house, bank.client_id, bank.partner + bill.customer_no, SETTLEMENT)
        await enqueue(house, bank.client_id, "R5", ANSWER_LOST)
    assert [each["paymentRequestId"] for each in fake.asked] == ["R5", "R5"]
    assert await incidents(house) == []  # nothing booked, nothing known there: both agree


async def test_the_bank_took_money_that_we_do_not_have(house, bank):
    bill = await open_test_bill(house)
    await bank.inquire(bill.customer_no, "R5")
    async with connected(house, bank.client_id) as fake:
        fake.paid("R5", bank.account(bill.customer_no))
        await enqueue(house, bank.client_id, "R5", ANSWER_LOST)
    assert await incidents(house) == [("bank_says_paid", "R5")]
    assert (await billing.ledger_check(house)).entries == 0


async def test_an_id_that_nobody_knows_cannot_be_asked_about(house, bank):
    async with connected(house, bank.client_id) as fake:
        await enqueue(house, bank.client_id, "R404", ANSWER_LOST)
    assert fake.asked == []
    assert (await said(house, bank, "R404")).outcome == client_jobs.NOT_ASKABLE
    assert await incidents(house) == [("bank_cannot_be_asked", "R404")]


async def test_a_bank_that_is_not_connected(house, bank, booked):
    await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    answer = await said(house, bank)
    assert (answer.status, answer.outcome) == (BankSays.SILENT, client_jobs.NOT_CONNECTED)
    assert "loket client connect" in answer.fault
    assert await incidents(house) == []
    await enqueue(house, bank.client_id, "R1", ANSWER_LOST)
    assert await incidents(house) == [("bank_cannot_be_asked", "R1")]


async def test_a_token_serves_until_shortly_before_its_end(house, bank, booked, clock):
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(booked.customer_no))
        for minutes in (0, 14, 0.4, 0.2):
            clock.advance(timedelta(minutes=minutes))
            await enqueue(house, bank.client_id, "R1", SETTLEMENT)
        assert (len(fake.tokens), len(fake.asked)) == (2, 4)  # 14:36 is within the last half minute
        fake.expires_in = 60  # a number in the wild
        clock.advance(timedelta(minutes=15))
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
        fake.expires_in = "soon"
        clock.advance(timedelta(seconds=31))
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    assert (len(fake.tokens), fake.refused) == (5, [])


async def test_a_token_that_died_early_is_replaced_once(house, bank, booked):
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(booked.customer_no))
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
        fake.tokens.clear()  # the bank restarts
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    assert fake.refused == ["4012601"]
    assert (await said(house, bank)).status is BankSays.PAID
    assert len(set(fake.external_ids)) == 2


async def test_signature_type_2_needs_no_token(house, client):
    bank = await join_bank(house, client, profile="bnc")
    bill = await open_test_bill(house)
    async with connected(house, bank.client_id, by_token=False) as fake:
        fake.paid("R9", bank.account(bill.customer_no))
        await enqueue(house, bank.client_id, "R9", SETTLEMENT, bank.partner + bill.customer_no)
    assert (fake.tokens, fake.refused) == ([], [])
    assert (await said(house, bank, "R9")).status is BankSays.PAID


@pytest.mark.parametrize("profile", ["standard", "bnc"])
async def test_a_bank_that_reads_hex_gets_hex(house, client, monkeypatch, profile):
    in_hex = replace(billing.bank_profile(profile), signature_encoding=SignatureEncoding.HEX)
    monkeypatch.setitem(billing.bank_profiles(), profile, in_hex)
    bank = await join_bank(house, client, profile=profile)
    bill = await open_test_bill(house)
    by_token = profile == "standard"
    async with connected(house, bank.client_id, by_token=by_token, in_hex=True) as fake:
        fake.paid("R9", bank.account(bill.customer_no))
        await enqueue(house, bank.client_id, "R9", SETTLEMENT, bank.partner + bill.customer_no)
    assert (len(fake.tokens), fake.refused) == (1 if by_token else 0, [])
    assert (await said(house, bank, "R9")).status is BankSays.PAID


async def test_another_secret_is_refused_and_asked_again(house, bank, booked):
    async with connected(house, bank.client_id, secret="x" + SECRET) as fake:
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    answer = await said(house, bank)
    assert (fake.refused, answer.status, answer.code) == (["4012600"], BankSays.UNCLEAR, "4012600")
    assert answer.next_at == house.clock.now() + WAITS[0]


async def test_a_bank_that_knows_another_key_of_ours_gives_no_token(house, bank, booked):
    async with connected(house, bank.client_id) as fake:
        async with house.db.begin(SYSTEM) as tx:
            await connections.new_key(tx)
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)  # still the key that the bank was connected with
        assert len(fake.tokens) == 1
        async with house.db.read() as reading:
            url = (await connections.connections(reading, house.keys))[0].base_url
        await connect(house, bank.client_id, url)
        await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    answer = await said(house, bank)
    assert (answer.status, len(fake.tokens)) == (BankSays.SILENT, 1)
    assert "no token: HTTP 401 4017300" in answer.fault


async def test_a_silent_bank_is_asked_for_a_day_and_then_a_person_is_told(house, bank, booked, clock):
    await connect(house, bank.client_id, "http://127.0.0.1:9")
    started = clock.now()
    await enqueue(house, bank.client_id, "R1", SETTLEMENT)
    for n, wait in enumerate(WAITS, start=1):
        answer = await said(house, bank)
        assert (answer.status, answer.times_asked, answer.answered_at) == (BankSays.SILENT, n, None)
        assert answer.next_at == clock.now() + wait
        clock.advance(wait - timedelta(seconds=1))
        assert await due(house) == []
        assert await incidents(house) == []
        clock.advance(timedelta(seconds=1))
        assert await due(house) == ["billing.ask_again"]
    answer = await said(house, bank)
    assert (answer.outcome, answer.times_asked) == (client_jobs.GIVEN_UP, len(WAITS) + 1)
    assert timedelta(hours=20) < clock.now() - started < timedelta(hours=24)
    assert await incidents(house) == [("bank_does_not_answer", "R1")]
    clock.advance(timedelta(days=1))
    assert await due(house) == []


async def due(house):
    await client_jobs.ask_due(house)
    return await drain(house)


async def test_not_known_yet_then_wrong_then_paid(house, bank, booked, clock):
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(booked.customer_no))
        fake.next += [
            Reply(200, {"responseCode": "2002600", "virtualAccountData": {"paymentFlagStatus": "02"}}),
            Reply(500, {"responseCode": "5002600", "responseMessage": "General Error"}),
            Reply(200, b"<html>sign in</html>"),
        ]
        await enqueue(house, bank.client_id, "R1", ANSWER_LOST)
        for wait in WAITS[:3]:
            clock.advance(wait)
            assert await due(house) == ["billing.ask_again"]
    found = [row["status"] for row in await rows(house, BankStatusAnswer)]
    assert found == ["pending", "silent", "unclear", "paid"]
    assert await incidents(house) == []


async def test_a_worker_that_dies_while_asking_loses_an_answer_not_the_question(house, bank, booked, clock):
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(booked.customer_no))

        async def die():
            [task] = [each for each in asyncio.all_tasks() if each.get_name() == "worker"]
            task.cancel()
            return Reply(200, {})

        fake.next.append(die)
        worker = asyncio.create_task(client_jobs.ask_status(house, bank.client_id, "R1", ANSWER_LOST), name="worker")
        with pytest.raises(asyncio.CancelledError):
            await worker
        assert await rows(house, BankStatusAnswer) == []
        clock.advance(WAITS[0])
        assert await due(house) == ["billing.ask_again"]
    assert (await said(house, bank)).outcome == "paid"


async def test_a_lost_job_is_handed_to_the_queue_again(house, bank, booked, clock):
    async with house.db.begin(SYSTEM) as tx:
        await client_jobs.open_question(tx, bank.client_id, "R1", ANSWER_LOST, at=tx.now + timedelta(minutes=2))
    await client_jobs.ask_due(house)
    assert await drain(house) == []
    clock.advance(timedelta(minutes=2))
    await client_jobs.ask_due(house)
    await client_jobs.ask_due(house)  # within the lease: not a second time
    assert await drain(house) == ["billing.ask_again"]


async def test_many_who_ask_at_once_have_one_question(house, bank, booked):
    async with connected(house, bank.client_id) as fake:
        fake.paid("R1", bank.account(booked.customer_no))
        barrier = asyncio.Barrier(6)

        async def one():
            await barrier.wait()
            async with house.db.begin(SYSTEM) as tx:
                return await client_jobs.open_question(tx, bank.client_id, "R1", ANSWER_LOST)

        assert len(set(await asyncio.gather(*(one() for _ in range(6))))) == 1
    assert len(await rows(house, BankStatusQuestion)) == 1


async def test_a_slow_bank_costs_its_time_limit_and_no_more(house, bank, booked):
    async def slow(*_):
        await asyncio.sleep(30)

    async with Loopback(slow) as server:
        await connect(house, bank.client_id, server.url)
        async with house.db.read() as reading:
            to = await connections.connection_of(reading, house.keys, bank.client_id)
        calls = BankCalls(timeout_s=0.2)
        question = Question(VirtualAccount(bank.partner, booked.customer_no), "R1")
        told = [await calls.ask(to, question, str(n), SystemClock()) for n in range(6)]
        await calls.aclose()
    assert {each.status for each in told} == {BankSays.SILENT}
    assert "Time" in told[0].fault
    assert "OpenedState" in told[5].fault  # the breaker: a dead bank is left alone


@pytest.mark.parametrize(
    "url",
    ["http://bank.example", "ftp://127.0.0.1", "https://", "https://u:p@bank.example", "https://bank.example/?a=1",
     "https://bank.example:x", "bank", "https://bänk.example", "https://bank.example/a b"],
)  # fmt: skip
async def test_an_address_that_must_not_be_called(house, bank, url):
    with pytest.raises(Exception, match="identity-connection-invalid"):
        await connect(house, bank.client_id, url)


async def test_secrets_lie_sealed_and_stay_out_of_logs(house, bank):
    await connect(house, bank.client_id, "https://bank.example/openapi/")
    async with house.db.read() as reading:
        from_table = repr([(await reading.execute(select(table))).all() for table in (BankConnection, PartnerKey)])
        to = await connections.connection_of(reading, house.keys, bank.client_id)
    assert (to.base_url, to.secret, to.partner_id) == ("https://bank.example/openapi", SECRET, OUR_ID)
    assert SECRET not in from_table
    assert "PRIVATE" not in from_table
    assert SECRET not in repr(to)
    assert "PRIVATE" not in repr(to)


async def test_a_disabled_bank_is_not_called(house, bank):
    await connect(house, bank.client_id, "https://bank.example")
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, bank.client_id)
    async with house.db.read() as reading:
        assert await connections.connection_of(reading, house.keys, bank.client_id) is None
    with pytest.raises(Exception, match="identity-credential-not-found"):
        await connect(house, bank.client_id, "https://bank.example")


def test_httpx_keeps_the_prefix_that_we_sign():
    url = httpx.AsyncClient(base_url="https://bank.example/openapi").build_request("POST", "/v1.0/x").url
    assert url.raw_path == b"/openapi/v1.0/x"
