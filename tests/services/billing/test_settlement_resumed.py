"""An import that was interrupted goes on where it stopped, and looks for no line in the whole of its series."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.core.db import Tx
from app.core.house import House
from app.services.billing.settlement import corrections, importing, posting, reading
from app.services.billing.settlement.lines import StatementLine
from app.services.billing.settlement.posting import Place
from tests.drain import drain
from tests.settlements import Desk, Told, join_desk


@pytest.fixture
async def desk(house: House, client) -> Desk:
    return await join_desk(house, client)


async def test_what_was_booked_before_is_not_looked_at_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 3)
    lines = [await desk.unpaid(f"R{n}") for n in range(7)]
    asked: list[str] = []
    only_new, post_lines = corrections.only_new, posting.post_lines

    async def listen(tx: Tx, place: Place, lines: Sequence[StatementLine]) -> list[StatementLine]:
        asked.extend(line.bank_reference for line in lines)
        return await only_new(tx, place, lines)

    async def stop_at_the_third(tx: Tx, place: Place, lines: Sequence[StatementLine]) -> Counter[str]:
        if len(asked) > 5:
            raise OSError("the power is gone")
        return await post_lines(tx, place, lines)

    monkeypatch.setattr(corrections, "only_new", listen)
    monkeypatch.setattr(posting, "post_lines", stop_at_the_third)
    answer = await desk.post(lines)
    await drain(desk.house, raise_errors=False)
    file = await desk.file(UUID(answer.json()["id"]))
    assert (file.state, file.lines_done) == ("reading", 5)  # the statement's head is a part of the first three
    asked.clear()
    monkeypatch.setattr(posting, "post_lines", post_lines)
    await importing.import_file(desk.house, str(file.id))
    file = await desk.file(file.id)
    assert (file.state, file.lines_done, file.lines_new) == ("done", 7, 7)
    assert asked == ["REFR5", "REFR6"]
    assert Counter(row.bank_reference for row in await desk.lines()) == Counter(line.reference for line in lines)
    await desk.books()


async def test_a_corrected_statement_is_looked_at_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of another file says nothing of this one: all its lines are sought, and those that are the same stay."""
    monkeypatch.setattr(reading, "CHUNK", 3)
    lines = [await desk.unpaid(f"R{n}") for n in range(5)]
    await desk.send(lines)
    more = await desk.send([*lines, Told("REFMORE", account=lines[0].account)])
    assert (more.state, more.lines_done, more.lines_new) == ("done", 6, 1)


async def test_a_line_is_sought_in_the_index_by_its_reference(postgres_house: House) -> None:
    """Whatever PostgreSQL knows of the table: nothing at all here, as in one that is being filled."""
    asked = {"references": ["REF1", "REF2"], "series_id": uuid4()}
    async with postgres_house.db.read() as connection:
        plan = (await connection.execute(text(f"EXPLAIN {corrections._EACH.text}"), asked)).scalars().all()
    condition = next(line for line in plan if "Index Cond" in line)
    assert "series_id" in condition
    assert "bank_reference" in condition
