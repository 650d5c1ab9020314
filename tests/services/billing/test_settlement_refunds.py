"""The bank's own statement closes a refund that was ordered, in each of its three forms, and opens it again when it comes back."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.core.house import House
from app.services import billing
from app.services.billing.refund_models import PayoutState
from app.services.billing.settlement.lines import Direction, FileKind
from tests import make, statements
from tests.refunds import OWED, ordered, payout_rows, payouts, refund_due, refunds, sound
from tests.services.billing.statement_files import file_of
from tests.settlements import DAY, Desk, join_desk
from tests.statements import Movement


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank writes of the day of the house."""
    monkeypatch.setattr(statements, "DAY", DAY)


@pytest.fixture
async def case_id(house: House) -> UUID:
    await make.demo_set(house)
    return await refund_due(house)


@pytest.fixture
async def desk(house: House, client, case_id: UUID) -> Desk:
    return await join_desk(house, client)


def left(end_to_end_id: str, amount: int = OWED, *, reference: str = "OUT1", fee: int = 0) -> Movement:
    """Our refund leaves the account."""
    return Movement(
        reference, amount, fee=fee, direction=Direction.DEBIT, account="", ours=end_to_end_id, text="Pengembalian denda"
    )


def back(end_to_end_id: str) -> Movement:
    """The receiving bank has sent it back: the debit is reversed."""
    return Movement(
        "BACK1", OWED, direction=Direction.CREDIT, is_reversal=True, account="", ours=end_to_end_id, text="AC04"
    )


@pytest.mark.parametrize("kind", list(FileKind))
async def test_a_debit_in_the_banks_file_closes_the_refund_and_its_return_opens_it(
    house: House, desk: Desk, case_id: UUID, kind: FileKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    before = await sound(house)
    paid = file_of(kind, [left(payout.end_to_end_id)]).encode()
    file = await desk.send(paid)
    assert (file.kind, file.state, file.counts) == (kind, "done", {"payout": 1})
    assert await make.state_of(house, case_id) == "refunded"
    assert [each.state for each in await refunds(house, case_id)] == [billing.RefundState.PAID_OUT]
    report = await sound(house)
    assert (report.balances["RF"], report.balances["BA"]) == (0, before.balances.get("BA", 0) - OWED)
    assert report.entries == before.entries + 1  # RF -> BA, once, and by the payout's own entry
    assert await desk.differences() == []

    assert (await desk.send(paid, name="again")).id == file.id
    assert (await sound(house)).entries == report.entries

    monkeypatch.setattr(statements, "DAY", statements.DAY + timedelta(days=1))
    opening = 1_000_000 - OWED
    file = await desk.send("".join(
        statements.written(kind, [back(payout.end_to_end_id)], opening=opening, closing=opening + OWED, name="STMT-2")
    ).encode())  # fmt: skip
    assert (file.state, file.counts) == ("done", {"payout": 1})
    assert await make.state_of(house, case_id) == "refund_due"
    [returned] = await payout_rows(house)
    assert (returned.state, returned.return_reason is not None) == (PayoutState.RETURNED, True)
    report = await sound(house)
    assert (report.balances["RF"], report.balances.get("BA", 0)) == (-OWED, before.balances.get("BA", 0))
    assert await desk.differences() == []


async def test_the_banks_charge_for_a_refund_is_booked_as_one(house: House, desk: Desk, case_id: UUID) -> None:
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    before = (await sound(house)).balances.get("BA", 0)
    file = await desk.send(file_of(FileKind.CSV, [left(payout.end_to_end_id, fee=2_900)]).encode())
    assert file.counts == {"payout": 1}
    books = (await sound(house)).balances
    assert (books["BA"], books["BF"], books["RF"]) == (before - OWED - 2_900, 2_900, 0)


async def test_a_debit_of_another_amount_closes_nothing_and_waits_for_a_person(
    house: House, desk: Desk, case_id: UUID
) -> None:
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    file = await desk.send(file_of(FileKind.CSV, [left(payout.end_to_end_id, OWED - 1)]).encode())
    assert file.counts == {"debit": 1}
    assert await make.state_of(house, case_id) == "refund_due"
    books = (await sound(house)).balances
    assert (books["RF"], books["SU"]) == (-OWED, OWED - 1)
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("debit", -(OWED - 1))


async def test_one_refund_that_left_twice_is_closed_once(house: House, desk: Desk, case_id: UUID) -> None:
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    twice = [left(payout.end_to_end_id), left(payout.end_to_end_id, reference="OUT2")]
    file = await desk.send(file_of(FileKind.CSV, twice).encode())
    assert file.counts == {"payout": 1, "debit": 1}
    books = (await sound(house)).balances
    assert (books["RF"], books["SU"]) == (0, OWED)
    [difference] = await desk.differences()
    assert (difference.kind, difference.held) == ("debit", -OWED)


async def test_what_is_taken_back_before_it_left_closes_nothing(house: House, desk: Desk, case_id: UUID) -> None:
    """A line of the return that comes without, or before, that of the debit."""
    [payout] = await payouts(house, (await ordered(house, case_id)).id)
    file = await desk.send(file_of(FileKind.CSV, [back(payout.end_to_end_id)]).encode())
    assert file.state == "done"
    assert await make.state_of(house, case_id) == "refund_due"
    books = (await sound(house)).balances
    assert (books["RF"], books["SU"]) == (-OWED, -OWED)
    [difference] = await desk.differences()
    assert difference.held == OWED
