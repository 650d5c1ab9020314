"""Money comes home: told, an account given once, ordered by two people, closed by the bank's statement."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app.core import vault
from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.ids import new_id
from app.core.jobs import GIVEN_UP_AFTER
from app.core.problems import Problem
from app.services import billing, cases, etle, notifications
from app.services.billing import refund_asking
from app.services.billing.account_names import Holder, NameAnswer
from app.services.billing.refund_models import PaymentOrder, Payout, PayoutState, RefundAccount
from app.services.cases.models import CaseEvent
from app.services.etle.reminders import remind
from app.services.transparency.models import Leaf
from tests import make
from tests.drain import drain
from tests.refunds import (
    DRAFTER,
    HOLDER,
    NUMBER,
    OWED,
    PAYING,
    RELEASER,
    came_back,
    debit,
    draft,
    give,
    ordered,
    payout_rows,
    payouts,
    refund_due,
    refunds,
    release,
    sound,
)


@pytest.fixture
async def case_id(house: House) -> UUID:
    await make.demo_set(house)
    return await refund_due(house)


async def told(house: House, case_id: UUID, template: str) -> int:
    async with house.db.read() as connection:
        return sum(each.template == template for each in await notifications.messages_of(connection, case_id))


async def events(house: House, case_id: UUID) -> list[CaseEvent]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(CaseEvent.seq)
        return list((await tx.session.execute(query)).scalars())


async def due(house: House, case_id: UUID) -> bool:
    async with house.db.read() as connection:
        return "etle.refund_claim_due" in await cases.due_times(connection, case_id)


async def code_of(work: object) -> str:
    """The code of the problem that this refuses with."""
    with pytest.raises(Problem) as raised:
        await work  # type: ignore[misc]
    return raised.value.type.code


async def test_the_whole_journey_of_a_refund(house: House, case_id: UUID) -> None:
    assert await make.state_of(house, case_id) == "refund_due"
    assert await told(house, case_id, "etle_refund_due") == 1
    view = await give(house, case_id)
    assert (view.state, view.bank, view.masked) == (billing.AccountState.CHECKED, "BRI", "••••••7890")

    order = await draft(house)
    assert (order.state, order.count, order.total, order.open) == ("draft", 1, OWED, 1)
    order = await release(house, order.id)
    assert order.released_by == RELEASER.id
    async with house.db.begin(DRAFTER) as tx:
        file = await billing.download(tx, order.id)
    assert hashlib.sha256(file.content).hexdigest() == order.sha256 == file.sha256
    assert NUMBER.encode() in file.content
    assert HOLDER.encode() in file.content

    [payout] = await payouts(house, order.id)
    line = new_id()
    assert await debit(house, payout.end_to_end_id, line=line) is billing.Outcome.BOOKED
    assert await make.state_of(house, case_id) == "refunded"
    assert [each.state for each in await refunds(house, case_id)] == [billing.RefundState.PAID_OUT]
    assert await told(house, case_id, "etle_refund_paid") == 1
    last = (await events(house, case_id))[-1]
    assert (last.action, last.cause) == ("pay_out", "signal:refund_paid")
    assert last.data["amount"] == OWED
    report = await sound(house)
    assert report.balances["RF"] == 0

    entries = report.entries  # the same line told again changes nothing
    assert await debit(house, payout.end_to_end_id, line=line) is billing.Outcome.ALREADY
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.NOT_EXPECTED
    assert (await sound(house)).entries == entries
    assert await told(house, case_id, "etle_refund_paid") == 1


async def test_a_later_case_of_the_same_person_reuses_the_account(
    house: House, clock: FixedClock, case_id: UUID
) -> None:
    await ordered(house, case_id)
    clock.advance(timedelta(days=1))
    second = await refund_due(house, location="Jalan Lain")
    account = await etle.account_of(house, second)
    assert account is not None
    assert account.masked.endswith(NUMBER[-4:])
    order = await draft(house)
    assert [each.case_id for each in await payouts(house, order.id)] == [second]


async def test_money_never_goes_where_nobody_gave_an_account(house: House, case_id: UUID) -> None:
    assert await code_of(draft(house)) == "billing-nothing-to-pay"
    async with house.db.read() as connection:
        waiting = await billing.tally(connection, ["PMJ"])
    assert waiting[billing.Waiting.ACCOUNT] == billing.Tally(1, OWED)


@pytest.mark.parametrize(
    ("at_bank", "state", "reason"),
    [
        ("CONTOH BUDI SH", "checked", None),
        ("BUDI CONTOHH", "doubtful", "names_alike"),
        ("SITI RAHAYU", "refused", "other_holder"),
    ],
)
async def test_the_bank_s_name_decides(house: House, case_id: UUID, at_bank: str, state: str, reason: str) -> None:
    view = await give(house, case_id, at_bank=at_bank)
    assert (view.state, view.reason) == (state, reason)
    if state != "checked":
        assert await code_of(draft(house)) == "billing-nothing-to-pay"


async def test_somebody_else_s_account_is_refused_even_under_its_right_name(house: House, case_id: UUID) -> None:
    """Whoever holds a stolen letter cannot lead the money to an account of their own."""
    view = await give(house, case_id, holder="Siti Rahayu", at_bank="SITI RAHAYU")
    assert (view.state, view.reason) == ("refused", "other_holder")


async def test_alike_names_go_to_a_person_and_the_outcome_is_told(house: House, case_id: UUID) -> None:
    view = await give(house, case_id, at_bank="BUDI CONTOHH")
    async with house.db.read() as connection:
        names = await billing.names_of(connection, house.keys, view.id)
    assert (names.given, names.at_bank, names.person) == (HOLDER, "BUDI CONTOHH", "Budi Contoh")
    async with house.db.begin(DRAFTER) as tx:
        assert (await etle.decide_account(tx, view.id, accept=True)).state is billing.AccountState.CHECKED
    await drain(house)
    assert await told(house, case_id, "etle_refund_account") == 1

    async def again() -> None:
        async with house.db.begin(DRAFTER) as tx:
            await etle.decide_account(tx, view.id, accept=False)

    assert await code_of(again()) == "billing-account-decided"
    assert (await draft(house)).count == 1


async def test_an_account_that_no_bank_answered_for_is_asked_until_one_does(
    house: House, case_id: UUID, clock: FixedClock
) -> None:
    view = await give(house, case_id, at_bank=None)
    assert view.state is billing.AccountState.UNCHECKED
    await drain(replace(house, parts={}), raise_errors=False)  # nobody answers at all
    house.db.move_in(house)
    async with house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="002", number=NUMBER, name="CONTOH, BUDI")
    await refund_asking.ask_banks_again(house)
    assert "billing.check_refund_account" not in await drain(house), "its own job has still tries left"
    clock.advance(GIVEN_UP_AFTER)
    await refund_asking.ask_banks_again(house)
    assert "billing.check_refund_account" in await drain(house)
    account = await etle.account_of(house, case_id)
    assert account is not None
    assert account.state is billing.AccountState.CHECKED
    assert await told(house, case_id, "etle_refund_account") == 1


async def test_who_drafted_does_not_release_and_the_database_holds_it(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    order = await draft(house)
    assert await code_of(release(house, order.id, by=DRAFTER)) == "billing-payment-order-four-eyes"

    async def by_hand() -> None:
        async with house.db.begin(SYSTEM) as tx:
            row = await tx.lock(PaymentOrder, order.id)
            assert row is not None
            row.released_by = row.drafted_by
            await tx.session.flush()

    with pytest.raises(IntegrityError, match="four_eyes"):
        await by_hand()

    async def file() -> None:
        async with house.db.begin(RELEASER) as tx:
            await billing.download(tx, order.id)

    assert await code_of(file()) == "billing-payment-order-not-released"
    stranger = Actor(ActorKind.STAFF, "finance-x", frozenset({"finance"}), unit="JATIM")
    assert await code_of(release(house, order.id, by=stranger)) == "billing-payment-order-not-found"


async def test_a_refund_is_in_one_live_order(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    await draft(house)
    assert await code_of(draft(house, by=RELEASER)) == "billing-nothing-to-pay"
    [row] = await payout_rows(house)

    async def twice() -> None:
        async with house.db.begin(SYSTEM) as tx:
            copied = row.model_dump(exclude={"id", "end_to_end_id"})
            tx.session.add(Payout(**copied, end_to_end_id="RFTWICE"))
            await tx.session.flush()

    with pytest.raises(IntegrityError):
        await twice()


async def test_two_drafts_at_once_share_nothing(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    barrier = asyncio.Barrier(2)

    async def one(actor: Actor) -> str:
        await barrier.wait()
        try:
            return (await draft(house, by=actor)).state
        except Problem as problem:
            return problem.type.code

    outcomes = sorted(await asyncio.gather(one(DRAFTER), one(RELEASER)))
    assert outcomes == ["billing-nothing-to-pay", "draft"]
    assert len(await payout_rows(house)) == 1


async def test_two_releases_at_once_make_one(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    order = await draft(house)
    barrier = asyncio.Barrier(2)
    third = Actor(ActorKind.STAFF, "chief", frozenset({"supervisor"}), unit="PMJ")

    async def one(actor: Actor) -> str:
        await barrier.wait()
        try:
            return (await release(house, order.id, by=actor)).state
        except Problem as problem:
            return problem.type.code

    outcomes = sorted(await asyncio.gather(one(RELEASER), one(third)))
    assert outcomes == ["billing-payment-order-not-open", "released"]
    async with house.db.begin(SYSTEM) as tx:
        leaves = (await tx.session.execute(select(Leaf.body).where(Leaf.kind == "payment_order"))).scalars().all()
    assert len(leaves) == 1
    assert order.number in leaves[0]
    assert HOLDER not in leaves[0]


async def test_a_withdrawn_order_lets_its_refunds_go(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    order = await draft(house)
    [payout] = await payouts(house, order.id)
    assert not await due(house, case_id)

    async def withdraw(why: str) -> billing.OrderView:
        async with house.db.begin(DRAFTER) as tx:
            return await billing.withdraw_order(tx, order.id, why)

    assert await code_of(withdraw(" ")) == "billing-why-needed"
    assert (await withdraw("salah tanggal")).state == "withdrawn"
    assert await due(house, case_id)
    assert await code_of(release(house, order.id)) == "billing-payment-order-not-open"
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.NOT_EXPECTED
    again = await draft(house)
    [fresh] = await payouts(house, again.id)
    assert fresh.end_to_end_id != payout.end_to_end_id
    assert (await sound(house)).balances["RF"] == -OWED


async def test_a_released_order_that_the_bank_refused_is_declared_void_by_another(house: House, case_id: UUID) -> None:
    order = await ordered(house, case_id)

    async def void(actor: Actor) -> billing.OrderView:
        async with house.db.begin(actor) as tx:
            return await billing.void_order(tx, order.id, "bank menolak berkas")

    assert await code_of(void(RELEASER)) == "billing-payment-order-four-eyes"
    assert (await void(DRAFTER)).state == "void"
    assert (await draft(house)).count == 1


async def test_what_the_bank_paid_of_a_void_order_closes_the_refund_and_goes_out_once(
    house: House, case_id: UUID
) -> None:
    order = await ordered(house, case_id)
    [payout] = await payouts(house, order.id)
    async with house.db.begin(DRAFTER) as tx:
        await billing.void_order(tx, order.id, "bank menolak berkas")
    again = await draft(house)
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.NOT_EXPECTED  # the new order has it
    async with house.db.begin(DRAFTER) as tx:
        await billing.withdraw_order(tx, again.id, "berkas lama ternyata dibayar")
    [never_left] = [each for each in await payout_rows(house) if each.order_id == again.id]
    assert await debit(house, never_left.end_to_end_id) is billing.Outcome.NOT_EXPECTED  # no file was ever written
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.BOOKED
    assert await make.state_of(house, case_id) == "refunded"
    assert await code_of(draft(house)) == "billing-nothing-to-pay"
    assert (await sound(house)).balances["RF"] == 0


async def test_what_the_bank_pays_otherwise_than_ordered_books_nothing(house: House, case_id: UUID) -> None:
    order = await ordered(house, case_id)
    [payout] = await payouts(house, order.id)
    before = (await sound(house)).entries
    assert await debit(house, "RFUNKNOWN") is billing.Outcome.UNKNOWN
    assert await debit(house, payout.end_to_end_id, amount=OWED - 1) is billing.Outcome.AMOUNT_DIFFERS
    assert await came_back(house, payout.end_to_end_id) is billing.Outcome.NOT_EXPECTED
    assert (await sound(house)).entries == before
    assert await make.state_of(house, case_id) == "refund_due"


async def test_what_comes_back_is_owed_again_and_asked_for(house: House, clock: FixedClock, case_id: UUID) -> None:
    order = await ordered(house, case_id)
    [payout] = await payouts(house, order.id)
    await debit(house, payout.end_to_end_id)
    line = new_id()
    assert await came_back(house, payout.end_to_end_id, line=line) is billing.Outcome.BOOKED
    assert await came_back(house, payout.end_to_end_id, line=line) is billing.Outcome.ALREADY
    assert await make.state_of(house, case_id) == "refund_due"
    assert await told(house, case_id, "etle_refund_returned") == 1
    assert (await sound(house)).balances["RF"] == -OWED
    account = await etle.account_of(house, case_id)
    assert account is not None
    assert account.state is billing.AccountState.RETURNED
    assert await code_of(draft(house)) == "billing-nothing-to-pay"
    assert await code_of(give(house, case_id)) == "billing-account-came-back"

    await give(house, case_id, number="5550001112")
    second = await release(house, (await draft(house)).id)
    [again] = await payouts(house, second.id)
    assert again.end_to_end_id != payout.end_to_end_id
    assert await debit(house, again.end_to_end_id) is billing.Outcome.BOOKED
    assert await make.state_of(house, case_id) == "refunded"
    assert (await sound(house)).balances["RF"] == 0
    assert [each.state for each in await payout_rows(house)] == [PayoutState.RETURNED, PayoutState.PAID]


async def test_an_account_stays_while_money_is_on_its_way_to_it(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    await draft(house)
    assert await code_of(give(house, case_id, number="5550001112")) == "billing-account-in-use"
    assert (await give(house, case_id)).masked.endswith(NUMBER[-4:])  # the same again is no change


async def test_nothing_is_forfeited_while_an_order_has_it(house: House, clock: FixedClock, case_id: UUID) -> None:
    clock.advance(timedelta(days=364))
    order = await ordered(house, case_id)
    clock.advance(timedelta(days=30))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    [payout] = await payouts(house, order.id)
    on = clock.now().date()
    assert await debit(house, payout.end_to_end_id, on=on) is billing.Outcome.BOOKED
    # It comes back after the year: there is time for another account, and then the year is over.
    assert await came_back(house, payout.end_to_end_id, on=on) is billing.Outcome.BOOKED
    clock.advance(timedelta(days=29))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    clock.advance(timedelta(days=3))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "forfeited"
    assert (await sound(house)).balances["RF"] == 0


async def test_the_year_runs_on_when_an_order_is_withdrawn(house: House, clock: FixedClock, case_id: UUID) -> None:
    await give(house, case_id)
    order = await draft(house)
    clock.advance(timedelta(days=400))
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "refund_due"
    async with house.db.begin(DRAFTER) as tx:
        await billing.withdraw_order(tx, order.id, "uji batas waktu")
    await cases.sweep(house)
    assert await make.state_of(house, case_id) == "forfeited"


async def test_cash_is_refused_while_an_order_has_it(house: House, case_id: UUID) -> None:
    await give(house, case_id)
    await draft(house)
    clerk = Actor(ActorKind.STAFF, "prosecutor", frozenset({"prosecutor"}), unit="PMJ")

    async def note() -> None:
        async with house.db.begin(clerk) as tx:
            await cases.move(tx, case_id, "note_cash", reason="minta tunai")

    assert await code_of(note()) == "etle-payout-under-way"


async def test_who_gave_an_account_is_not_reminded(house: House, clock: FixedClock, case_id: UUID) -> None:
    await give(house, case_id)
    clock.advance(timedelta(days=40))
    await remind(house)
    assert await told(house, case_id, "etle_refund_due") == 1


async def test_a_deposit_of_an_annulled_ticket_goes_home_beside_the_case(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    chief = Actor(ActorKind.STAFF, "senior", frozenset({"senior_officer"}), unit="PMJ")
    async with house.db.begin(chief) as tx:
        await cases.move(tx, case_id, "annul", reason="pelat salah baca")
    assert await told(house, case_id, "etle_refund_due") == 1
    clock.advance(timedelta(days=31))
    await remind(house)
    await remind(house)
    assert await told(house, case_id, "etle_refund_due") == 2
    clock.advance(timedelta(days=900))  # art. 268 speaks of the rest of a deposit, not of our error: this never lapses
    await cases.sweep(house)
    order = await ordered(house, case_id)
    [payout] = await payouts(house, order.id)
    assert await debit(house, payout.end_to_end_id, amount=500_000) is billing.Outcome.BOOKED
    assert await make.state_of(house, case_id) == "annulled"
    assert (await events(house, case_id))[-1].cause == "signal:refund_paid"
    assert await told(house, case_id, "etle_refund_paid") == 1
    await sound(house)


async def test_a_refund_of_which_nobody_was_named_is_found_and_told(house: House) -> None:
    """Whatever else owes money back, such as a line that the bank kept: the payee is named, told and asked."""
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    async with house.db.begin(SYSTEM) as tx:
        await billing.owe_all(tx, case_id, "uji")
    await remind(house)
    await remind(house)
    assert await told(house, case_id, "etle_refund_due") == 1
    await give(house, case_id)
    assert (await draft(house)).count == 1


async def test_the_account_is_sealed_and_gone_with_the_person_s_key(house: House, case_id: UUID) -> None:
    view = await give(house, case_id)
    order = await release(house, (await draft(house)).id)
    async with house.db.begin(SYSTEM) as tx:
        stored = (await tx.session.execute(text("SELECT * FROM refund_accounts"))).mappings().one()
        assert not any(secret in str(value) for value in stored.values() for secret in (NUMBER, HOLDER, "Contoh"))
        await vault.destroy(tx, view.key_id)
    assert await etle.account_of(house, case_id) is None
    [payout] = await payouts(house, order.id)
    assert payout.account is None

    async def file() -> None:
        async with house.db.begin(DRAFTER) as tx:
            await billing.download(tx, order.id)

    assert await code_of(file()) == "billing-payment-order-changed"
    assert await debit(house, payout.end_to_end_id) is billing.Outcome.BOOKED  # the money went all the same
    await sound(house)


async def test_an_order_for_another_day_or_out_of_another_s_account(house: House, case_id: UUID) -> None:
    await give(house, case_id)

    async def order(account: str, day: date) -> None:
        async with house.db.begin(DRAFTER) as tx:
            await billing.draft_order(tx, account, day)

    today = house.clock.now().date()
    assert await code_of(order("JATIM-BNI", today)) == "billing-no-paying-account"
    assert await code_of(order(PAYING, today - timedelta(days=1))) == "billing-day-not-possible"
    assert await code_of(order(PAYING, today + timedelta(days=15))) == "billing-day-not-possible"


async def test_a_release_finds_that_an_account_went_bad(house: House, case_id: UUID) -> None:
    view = await give(house, case_id)
    order = await draft(house)
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(RefundAccount, view.id)
        assert row is not None
        row.state = billing.AccountState.RETURNED
    assert await code_of(release(house, order.id)) == "billing-payment-order-changed"
    async with house.db.read() as connection:
        assert (await billing.get_order(connection, "PMJ", order.id)).state == "draft"


def test_what_a_bank_may_say_and_what_follows() -> None:
    def judge(holder: Holder, name: str | None = None, person: str | None = "Budi Contoh") -> tuple[str, str | None]:
        return billing.refund_accounts.judge(NameAnswer(holder, name), given="BUDI CONTOH", person=person)

    assert judge(Holder.NO_ACCOUNT) == ("refused", "no_account")
    assert judge(Holder.NOT_SAID) == ("doubtful", "not_confirmed")
    assert judge(Holder.KNOWN, "BUDI CONTOH") == ("checked", None)
    assert judge(Holder.KNOWN, "BUDI CONTOH", person=None) == ("doubtful", "not_confirmed")
