"""Deposit and verdict: equal, too little, too much; annulled after payment; money that nobody asked for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import billing, cases, etle
from app.services.billing import ledger_check
from app.services.cases.models import Case
from app.services.etle.times import end_of_year_after
from tests import make

COURT = Actor(ActorKind.STAFF, "court", frozenset({"court"}), unit="PMJ")
PROSECUTOR = Actor(ActorKind.STAFF, "prosecutor", frozenset({"prosecutor"}), unit="PMJ")
OTHER_PROSECUTOR = Actor(ActorKind.STAFF, "prosecutor-2", frozenset({"prosecutor"}), unit="PMJ")


async def _paid(house: House) -> UUID:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    assert await make.state_of(house, case_id) == "deposit_paid"
    return case_id


async def _verdict(house: House, case_id: UUID, fine: int, cost: int) -> None:
    async with house.db.begin(COURT) as tx:
        await etle.enter_verdict(tx, case_id, fine=fine, cost=cost)


async def _books_are_right(house: House, **expected: int) -> None:
    """Sound, and of the accounts that hold others' money these hold so much; all others nothing."""
    report = await ledger_check(house)
    assert report.faults == ()
    held = {name: -amount for name, amount in report.balances.items() if amount < 0}
    assert held == expected


async def test_deposit_equals_the_verdict(house: House) -> None:
    case_id = await _paid(house)
    await _books_are_right(house, TD=500_000)
    await _verdict(house, case_id, 499_000, 1_000)
    assert await make.state_of(house, case_id) == "settled"
    await _books_are_right(house, RV=500_000)


async def test_the_check_names_a_closed_case_whose_deposit_nobody_took(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a fault in an effect, or an older version, leaves it."""
    case_id = await _paid(house)

    async def take_nothing(*_: object) -> None:
        return None

    monkeypatch.setattr("app.services.etle.money.take_deposit", take_nothing)
    await _verdict(house, case_id, 499_000, 1_000)
    async with house.db.read() as connection:
        reference = (await connection.execute(select(Case.reference).where(col(Case.id) == case_id))).scalar_one()
    [fault] = (await ledger_check(house)).faults
    assert (
        fault
        == f"a case is closed, and its deposit is still held: no verdict took it and nobody was owed it: {reference}"
    )


async def test_deposit_is_more_the_rest_is_owed_back(house: House) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 100_000, 2_000)
    async with house.db.read() as connection:
        refunds = await billing.refunds_of(connection, case_id)
    assert [each.amount for each in refunds] == [398_000]
    assert await make.state_of(house, case_id) == "refund_due"
    await _books_are_right(house, RV=102_000, RF=398_000)


async def _act(house: House, actor: Actor, case_id: UUID, action: str, **options: str) -> str:
    """Try a move; the code of the problem that refused it, or the state that it led to."""
    try:
        async with house.db.begin(actor) as tx:
            return (await cases.move(tx, case_id, action, **options)).state
    except Problem as problem:
        return problem.type.code


async def test_a_refund_in_cash_wants_two_clerks(house: House) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 100_000, 2_000)
    assert await _act(house, OTHER_PROSECUTOR, case_id, "confirm_cash") == "etle-cash-not-noted"
    assert await _act(house, PROSECUTOR, case_id, "note_cash") == "cases-reason-needed"
    assert await _act(house, PROSECUTOR, case_id, "note_cash", reason="tidak punya rekening") == "refund_due"
    assert await _act(house, PROSECUTOR, case_id, "confirm_cash") == "cases-four-eyes"
    assert await _act(house, OTHER_PROSECUTOR, case_id, "pay_out") == "cases-not-your-role"
    assert await _act(house, OTHER_PROSECUTOR, case_id, "confirm_cash") == "refunded"
    async with house.db.read() as connection:
        refunds = await billing.refunds_of(connection, case_id)
        assert [each.state for each in refunds] == [billing.RefundState.PAID_OUT]
        assert list(await cases.tasks_of(connection, case_id)) == []
    await _books_are_right(house, RV=102_000, KS=398_000)  # the bank has not told yet that the cash was drawn


async def test_a_refund_that_nobody_claims_goes_to_the_treasury_after_a_year(house: House, clock: FixedClock) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 100_000, 2_000)
    clock.advance(timedelta(days=364))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    clock.advance(timedelta(days=3))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "forfeited"
    await _books_are_right(house, RV=102_000, TR=398_000)


async def test_no_year_is_shorter_than_the_laws(house: House, clock: FixedClock) -> None:
    """Of 5 March 2027 the year is full on 5 March 2028, 366 days later."""
    case_id = await _paid(house)
    clock.set(datetime(2027, 3, 5, 3, tzinfo=UTC))
    await _verdict(house, case_id, 100_000, 2_000)
    clock.set(datetime(2028, 3, 5, 3, tzinfo=UTC))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    clock.advance(timedelta(days=1))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "forfeited"


@pytest.mark.parametrize(
    ("start", "last"),
    [("2026-03-02", "2027-03-02"), ("2027-03-01", "2028-03-01"), ("2028-02-29", "2029-03-01")],
)
def test_a_year_ends_with_the_day_of_its_beginning(start: str, last: str) -> None:
    ends = end_of_year_after(datetime.fromisoformat(f"{start}T23:30:00+07:00"), "WIB")
    assert ends.isoformat() == f"{last}T23:59:59+07:00"


async def test_only_what_the_verdict_left_is_ever_forfeited(house: House, clock: FixedClock) -> None:
    """What was paid twice, or not asked for, stays its payer's."""
    case_id = await _paid(house)
    await _verdict(house, case_id, 100_000, 2_000)
    clock.advance(timedelta(days=360))
    async with house.db.begin(SYSTEM) as tx:
        bill = await billing.open_bill(tx, case_id=case_id, purpose="rest", unit="PMJ", amount=70_000, title="uji")
        await billing.post_payment(tx, bill.id, amount=70_000, debit="BA", memo="uji")
    clock.advance(timedelta(days=10))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "forfeited"
    await _books_are_right(house, RV=102_000, TR=398_000, RF=70_000)
    clock.advance(timedelta(days=400))
    await cases.sweep(house)
    await _books_are_right(house, RV=102_000, TR=398_000, RF=70_000)


async def test_a_case_that_owes_nothing_of_its_verdict_forfeits_nothing(house: House, clock: FixedClock) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 100_000, 2_000)
    async with house.db.begin(SYSTEM) as tx:
        bill = await billing.open_bill(tx, case_id=case_id, purpose="rest", unit="PMJ", amount=70_000, title="uji")
        await billing.post_payment(tx, bill.id, amount=70_000, debit="BA", memo="uji")
        [left, _] = await billing.refunds_of(tx.session, case_id)
        await billing.pay_out(tx, left.id)
    clock.advance(timedelta(days=400))
    async with house.db.begin(SYSTEM) as tx:
        await cases.recompute_deadlines(tx, await cases.get_locked(tx, case_id))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    await _books_are_right(house, RV=102_000, RF=70_000)


async def test_deposit_is_less_the_rest_is_billed_and_settles(house: House) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 600_000, 5_000)
    assert await make.state_of(house, case_id) == "decided"
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, case_id, at=house.clock.now())
    assert bill is not None
    assert bill.amount == 105_000
    await make.pay(house, case_id)
    assert await make.state_of(house, case_id) == "settled"
    await _books_are_right(house, RV=605_000)


async def test_no_deposit_the_verdict_replaces_the_bill(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await _verdict(house, case_id, 70_000, 2_000)
    assert await make.state_of(house, case_id) == "decided"
    async with house.db.read() as connection:
        states = [
            (each.state, each.amount) for each in await billing.bills_of(connection, case_id, at=house.clock.now())
        ]
    assert states == [("cancelled", 500_000), ("open", 72_000)]
    await make.pay(house, case_id)
    assert await make.state_of(house, case_id) == "settled"
    await _books_are_right(house, RV=72_000)


async def _ask_again(house: House, case_id: UUID) -> billing.BillView:
    owner = Actor(ActorKind.CITIZEN, str(case_id), frozenset({"owner"}), case_id=case_id)
    async with house.db.begin(owner) as tx:
        await etle.ask_bill_again(tx, case_id)
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, case_id, at=house.clock.now())
    assert bill is not None
    return bill


async def test_a_lapsed_deposit_is_asked_for_under_another_number_and_lifts_the_block(
    house: House, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    async with house.db.read() as connection:
        first = await billing.bill_of(connection, case_id)
    assert first is not None
    clock.advance(timedelta(days=120))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "payment_overdue"
    again = await _ask_again(house, case_id)
    assert (again.state, again.amount, again.purpose) == ("open", first.amount, first.purpose)
    assert again.id != first.id
    assert clock.now() + timedelta(days=29) < again.expires_at < clock.now() + timedelta(days=32)
    assert (await _ask_again(house, case_id)).id == again.id, "the open one is kept"
    async with house.db.read() as connection:
        assert (await billing.bill_by_id(connection, first.id)).state == "cancelled"
        actions = [each.action for each in await cases.timeline(connection, case_id)]
    assert actions.count("bill_again") == 1
    await make.pay(house, case_id)
    assert await make.state_of(house, case_id) == "deposit_paid"
    with pytest.raises(Problem) as refused:
        await _ask_again(house, case_id)
    assert refused.value.type.code == "etle-bill-not-lapsed"
    await _books_are_right(house, TD=500_000)


async def test_a_lapsed_bill_of_the_verdict_is_asked_for_again(house: House, clock: FixedClock) -> None:
    case_id = await _paid(house)
    await _verdict(house, case_id, 600_000, 5_000)
    for _ in range(2):
        clock.advance(timedelta(days=60))
        await cases.sweep(house)
        again = await _ask_again(house, case_id)
        assert (again.state, again.amount, again.purpose) == ("open", 105_000, "rest")
    await make.pay(house, case_id)
    assert await make.state_of(house, case_id) == "settled"
    await _books_are_right(house, RV=605_000)


async def test_nobody_asks_for_a_number_before_the_ticket(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    with pytest.raises(Problem) as refused:
        await _ask_again(house, case_id)
    assert refused.value.type.code == "etle-no-bill"


async def test_annulled_after_payment_owes_the_whole_deposit(house: House) -> None:
    case_id = await _paid(house)
    senior = Actor(ActorKind.STAFF, "senior", frozenset({"senior_officer"}), unit="PMJ")
    async with house.db.begin(senior) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="annul", reason="Kamera salah lokasi."))
    assert await make.state_of(house, case_id) == "annulled"
    async with house.db.read() as connection:
        refunds = await billing.refunds_of(connection, case_id)
    assert [each.amount for each in refunds] == [500_000]
    await _books_are_right(house, RF=500_000)


@pytest.mark.parametrize("role", ["officer", "owner", "counter"])
async def test_only_a_senior_officer_annuls(house: House, role: str) -> None:
    case_id = await _paid(house)
    somebody = Actor(ActorKind.STAFF, "somebody", frozenset({role}), unit="PMJ")
    with pytest.raises(cases.CASE_NOT_FOUND().__class__):
        async with house.db.begin(somebody) as tx:
            await etle.decide(tx, case_id, etle.Decision(action="annul", reason="Tanpa hak."))
    assert await make.state_of(house, case_id) == "deposit_paid"
