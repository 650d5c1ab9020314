"""A bank's file that tells of a payment before the bank does: the money finds its bill, once, in either order."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text, update

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import billing
from app.services.billing.models import Bill, Refund, SnapPayment
from app.services.billing.settlement import decisions
from app.services.billing.settlement.decisions import Proposal
from app.services.billing.settlement.jobs import find_missing, settle_left_behind
from app.services.billing.settlement.models import SettlementException, SettlementLine
from tests.banks import flag
from tests.payments.books import Books, server_of
from tests.settlements import DAY, Desk, decided, join_desk, two_treasurers

NEXT = DAY + timedelta(days=1)
BOOKED = ("2002500", "00")


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    return await join_desk(house, client)


async def refused(house: House, row: SettlementException, proposal: Proposal) -> str:
    first, _ = await two_treasurers(house, row.unit)
    with pytest.raises(Problem) as problem:
        async with house.db.begin(first) as tx:
            await decisions.propose(tx, row.id, proposal)
    return problem.value.type.code


@pytest.mark.parametrize("named", ["id", "reference", "account"])
async def test_a_payment_after_its_line_is_settled_by_it(desk: Desk, clock: FixedClock, named: str) -> None:
    line = await desk.unpaid("R1")
    if named == "reference":
        line = replace(line, reference="R1", request="")
    if named == "account":
        line = replace(line, request="")
    await desk.send([line])
    assert await desk.books() == {"BA": 250_000, "SU": -250_000}
    books = await Books.open(desk.house)
    answer = await desk.bank.pay(desk.bills[0].customer_no, "R1")
    assert flag(answer) == BOOKED
    await books.changed(external_ids=1, payments=1, entries=2, lines=4, settled=1, steps=1)
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    old, new = await desk.lines()
    assert (old.outcome, old.held, old.ended_by, old.ended_entry_id) == (
        "unknown", 250_000, old.statement_id, new.entry_id,
    )  # fmt: skip
    [payment] = await desk.rows(SnapPayment, SnapPayment.id)
    assert (new.outcome, new.settled, new.held, new.payment_id) == ("matched", 250_000, 0, payment.id)
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by, difference.held) == ("closed", "system", 0)
    assert difference.entry_id == new.entry_id
    # Nothing is missing later, and neither the bank's advice nor the same file again changes a thing.
    clock.advance(timedelta(days=4))
    await desk.bank.sign_in()
    await find_missing(desk.house)
    assert (await desk.bank.pay(desk.bills[0].customer_no, "R1")).content == answer.content
    again = await desk.send([line, replace(line, reference="OTHER", request="R9", account="")])
    assert again.counts == {"unknown": 1}
    assert [each.kind for each in await desk.differences()] == ["unknown", "unknown"]
    assert await desk.books() == {"BA": 500_000, "SU": -250_000, "TD": -250_000}


async def test_the_other_order_is_a_plain_match(desk: Desk) -> None:
    line = await desk.paid("R1")
    file = await desk.send([line])
    assert file.counts == {"matched": 1}
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    assert len(await desk.lines()) == 1
    assert await desk.differences() == []


async def test_a_late_payment_leaves_what_is_over_or_missing_to_a_person(desk: Desk) -> None:
    line = await desk.unpaid("R1")
    await desk.send([replace(line, amount=249_000)])
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R1")) == BOOKED
    assert await desk.books() == {"BA": 249_000, "SU": 1_000, "TD": -250_000}
    [difference] = await desk.differences()
    assert (difference.kind, difference.state, difference.held, difference.suggested) == (
        "amount", "open", -1_000, "charge",
    )  # fmt: skip
    await decided(desk.house, difference, Proposal("charge", "biaya bank"))
    assert await desk.books() == {"BA": 249_000, "BF": 1_000, "TD": -250_000}


async def test_a_proposal_on_the_line_falls_when_the_payment_comes(desk: Desk) -> None:
    await desk.send([await desk.unpaid("R1")])
    [difference] = await desk.differences()
    first, second = await two_treasurers(desk.house, difference.unit)
    async with desk.house.db.begin(first) as tx:
        await decisions.propose(tx, difference.id, Proposal("refund", "kembalikan saja"))
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R1")) == BOOKED
    with pytest.raises(Problem) as problem:
        async with desk.house.db.begin(second) as tx:
            await decisions.confirm(tx, difference.id)
    assert problem.value.type.code == "settlement-exception-state"
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    assert await desk.rows(Refund, Refund.id) == []


async def test_what_was_owed_back_meanwhile_is_the_bills_money_again(desk: Desk) -> None:
    line = await desk.unpaid("R1")
    await desk.send([line])
    [difference] = await desk.differences()
    await decided(desk.house, difference, Proposal("refund", "tidak ada kabar"))
    assert await desk.books() == {"BA": 250_000, "RF": -250_000}
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R1")) == BOOKED
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    [refund] = await desk.rows(Refund, Refund.id)
    assert (refund.state, refund.closed_entry_id is not None) == ("withdrawn", True)


async def test_what_went_back_already_is_no_payment_any_more(desk: Desk) -> None:
    line = await desk.unpaid("R1")
    await desk.send([line, replace(line, reference="X2", mark="R")])
    assert await desk.books() == {}
    books = await Books.open(desk.house)
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R1")) == ("4042512", "01")
    await books.changed(external_ids=1, incidents=1)
    assert await books.incidents() == ["paid_after_sent_back"]
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R2")) == BOOKED
    assert await desk.books() == {"BC": 250_000, "TD": -250_000}


async def test_money_that_may_be_the_payments_own_is_not_owed_back(desk: Desk) -> None:
    """The bank's file names the payment otherwise than its call did: a person says that both are one."""
    line = await desk.paid("R1")
    await desk.send([replace(line, request="R9")])
    [difference] = await desk.differences()
    assert (difference.kind, difference.suggested) == ("refused", "refund")
    assert await refused(desk.house, difference, Proposal("link", "x")) == "settlement-action-not-possible"
    assert await refused(desk.house, difference, Proposal("refund", "x")) == "settlement-action-not-possible"
    closed = await decided(desk.house, difference, Proposal("match", "bank memakai nomor lain"))
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    _, new = await desk.lines()
    assert (new.settled, new.entry_id, closed.line_id) == (250_000, closed.entry_id, new.id)
    # With its payment settled, another line is money that came twice.
    await desk.send([replace(line, request="R8", reference="X8", day=NEXT)])
    second = next(each for each in await desk.differences() if each.state == "open")
    assert await refused(desk.house, second, Proposal("match", "x")) == "settlement-action-not-possible"
    await decided(desk.house, second, Proposal("refund", "dibayar dua kali"))
    assert await desk.books() == {"BA": 500_000, "RF": -250_000, "TD": -250_000}


async def test_a_corrected_file_without_the_first_of_two_lines_leaves_the_second_to_the_payment(desk: Desk) -> None:
    line = await desk.paid("R1")
    other = replace(line, reference="OTHER")
    await desk.send([line, other])
    assert await desk.books() == {"BA": 500_000, "SU": -250_000, "TD": -250_000}
    await desk.send([other])
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}
    [difference] = await desk.differences()
    assert (difference.kind, difference.state) == ("duplicate", "closed")


async def test_ledger_check_finds_a_payment_kept_from_its_money_and_the_job_mends_it(desk: Desk) -> None:
    await desk.send([replace(await desk.unpaid("R1"), request="ELSE")])
    assert flag(await desk.bank.pay(desk.bills[0].customer_no, "R1")) == BOOKED
    async with desk.house.db.begin(SYSTEM) as tx:  # as if both had come at one moment, and neither had seen the other
        await tx.session.execute(update(SettlementLine).values(payment_request_id="R1"))
    [fault] = (await billing.ledger_check(desk.house)).faults
    assert fault.startswith("a payment is not settled while its money lies in suspense")
    await settle_left_behind(desk.house)
    await settle_left_behind(desk.house)
    assert await desk.books() == {"BA": 250_000, "TD": -250_000}


@pytest.mark.parametrize("payment_first", [True, False])
async def test_a_line_and_its_payment_at_one_moment(postgres_house: House, payment_first: bool) -> None:
    """Whoever comes second waits at the bill, and sees the first."""
    async with server_of(postgres_house) as client:
        desk = await join_desk(postgres_house, client)
        line = await desk.unpaid("R1")

        async def tell() -> None:
            await desk.send([line])

        async with postgres_house.db.begin(SYSTEM) as tx:
            await tx.lock(Bill, desk.bills[0].id)
            tasks = []
            steps = [lambda: desk.bank.pay(desk.bills[0].customer_no, "R1"), tell]
            for number, step in enumerate(steps if payment_first else reversed(steps), start=1):
                tasks.append(asyncio.create_task(step()))
                await until_waiting(postgres_house, number)
        await asyncio.gather(*tasks)
        assert await desk.books() == {"BA": 250_000, "TD": -250_000}
        current = [each for each in await desk.lines() if each.ended_by is None]
        assert [(each.outcome, each.settled) for each in current] == [("matched", 250_000)]
        assert all(each.state == "closed" for each in await desk.differences())


async def until_waiting(house: House, number: int) -> None:
    """Until so many others wait for a lock."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(600):
        async with house.db.read() as connection:
            if (await connection.execute(query)).scalar_one() >= number:
                return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{number} should wait")
