"""Of which day a statement is: none of a day to come is believed, and each day without one is seen."""

from datetime import date, timedelta

import pytest

from app.core.clock import FixedClock
from app.services.billing.settlement import exceptions
from app.services.billing.settlement.jobs import find_missing
from app.services.billing.settlement.lines import FileKind
from app.services.billing.settlement.models import SettlementStatement
from tests import statements
from tests.payments.books import Books
from tests.services.billing.statement_files import file_of
from tests.settlements import DAY, Desk, join_desk
from tests.statements import Movement


@pytest.fixture
async def desk(house, client) -> Desk:
    return await join_desk(house, client)


@pytest.mark.parametrize("kind", list(FileKind))
async def test_a_statement_of_a_day_to_come_is_refused(desk: Desk, kind: FileKind, monkeypatch) -> None:
    """The very first one, too: it would call days told of which nobody has said a word."""
    line = await desk.paid("R1")
    books = await Books.open(desk.house)
    monkeypatch.setattr(statements, "DAY", date(2062, 3, 2))
    file = await desk.send(file_of(kind, [Movement("A", 250_000, account=line.account, ours="R1")]).encode())
    assert (file.state, file.refusal_code) == ("refused", "unreadable")
    assert "2062-03-02" in (file.refusal_en or "")
    assert str(DAY) in (file.refusal_en or "")
    await books.changed(files=1, jobs=1)
    assert await desk.rows(SettlementStatement, SettlementStatement.first_day) == []
    monkeypatch.setattr(statements, "DAY", DAY + timedelta(days=1))  # a bank that has begun its next day in the evening
    file = await desk.send(file_of(kind, [Movement("A", 250_000, account=line.account, ours="R1")]).encode())
    assert (file.state, file.counts) == ("done", {"matched": 1})


async def test_mt940_tells_of_the_day_of_its_closing_balance(desk: Desk, clock: FixedClock, monkeypatch) -> None:
    line = await desk.paid("R1")
    clock.advance(timedelta(days=3))
    await find_missing(desk.house)
    [difference] = await desk.differences()
    assert difference.kind == "no_statement"
    monkeypatch.setattr(statements, "DAY", DAY)
    data = file_of(FileKind.MT940, [Movement("A", 250_000, account=line.account, ours="R1")])
    before = f"{DAY - timedelta(days=1):%y%m%d}"
    file = await desk.send(data.replace(f":60F:C{DAY:%y%m%d}", f":60F:C{before}").encode())
    assert (file.state, file.counts) == ("done", {"matched": 1})
    [told] = await desk.rows(SettlementStatement, SettlementStatement.first_day)
    assert (told.first_day, told.last_day) == (DAY - timedelta(days=1), DAY)
    [difference] = await desk.differences()
    assert (difference.state, difference.closed_by) == ("closed", "system")


async def test_behind_a_day_without_a_statement_the_next_one_is_seen(
    desk: Desk, clock: FixedClock, monkeypatch
) -> None:
    monkeypatch.setattr(exceptions, "FOUND_AT_ONCE", 1)
    await desk.paid("R1", days=30)
    await desk.paid("R2", days=30)
    clock.advance(timedelta(days=1))
    await desk.bank.sign_in()
    await desk.paid("R3", days=30)
    clock.advance(timedelta(days=4))
    await find_missing(desk.house)
    found = await desk.differences()
    assert {(each.kind, each.facts["day"]) for each in found} == {
        ("no_statement", str(DAY)),
        ("no_statement", str(DAY + timedelta(days=1))),
    }
