"""What a look-up costs tells nothing: no such case and wrong data are the same work, statement for statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from app.core.db import Database
from app.core.hot import HotQuery, Rows
from app.core.house import House
from app.services.cases import Lifecycles
from app.services.etle.queries import LetterReference, StnkNumbers, find_by_letter, find_by_stnk
from app.services.etle.store import party_in_role
from tests import make

CHASSIS, ENGINE = make.VEHICLE.chassis_no, make.VEHICLE.engine_no
NOBODYS = "B9999ZZZ"


class Counted:
    """A database that notes each look, by its query, and how many rows it brought."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.looks: list[tuple[str, int]] = []

    async def look(self, query: HotQuery, **given: str) -> Rows:
        rows = await self._db.look(query, **given)
        self.looks.append((query.sql, len(rows)))
        return rows


@contextmanager
def statements() -> Iterator[list[str]]:
    """What SQLAlchemy sends meanwhile, on any engine."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("tail", [False, True])
async def test_by_the_stnk_nothing_and_wrong_are_the_same_work(house: House, tail: bool) -> None:
    await make.demo_set(house)
    await make.letter_sent(house)
    chassis, engine = (CHASSIS[-5:], ENGINE[-5:]) if tail else (CHASSIS, ENGINE)
    wrong_chassis, wrong_engine = ("X" * len(chassis), "X" * len(engine))
    costs = []
    for numbers in (
        StnkNumbers(NOBODYS, chassis, engine),  # no such vehicle
        StnkNumbers("B2468KJL", chassis, engine),  # a vehicle without a ticket
        StnkNumbers(make.PLATE, wrong_chassis, engine),
        StnkNumbers(make.PLATE, chassis, wrong_engine),
        StnkNumbers("not a plate", chassis, engine),
    ):
        db = Counted(house.db)
        with statements() as sent:
            assert await find_by_stnk(db, house.keys, house[Lifecycles], numbers) == []  # type: ignore[arg-type]
        costs.append((db.looks, sent))
    assert [len(looks) for looks, _ in costs] == [1] * 5
    assert {rows for looks, _ in costs for _, rows in looks} == {0}, (
        "rows that are thrown away would be seen in the time"
    )
    assert all(cost == costs[0] for cost in costs)
    with statements() as sent:
        db = Counted(house.db)
        right = StnkNumbers(make.PLATE, chassis, engine)
        assert len(await find_by_stnk(db, house.keys, house[Lifecycles], right)) == 1  # type: ignore[arg-type]
    assert ([sql for sql, _ in db.looks], sent) == ([sql for sql, _ in costs[0][0]], costs[0][1])


async def test_by_the_letter_nothing_and_wrong_are_the_same_work(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    async with house.db.begin(make.SYSTEM) as tx:
        owner = await party_in_role(tx, case_id, "owner")
    assert owner is not None
    costs = []
    for letter in (
        LetterReference("ETL7K3M9QXT4", make.PLATE),  # no such letter
        LetterReference(owner.code, NOBODYS),  # another vehicle's plate
        LetterReference(owner.code, "not a plate"),
        LetterReference("ETL7K3M9QXT4", NOBODYS),
    ):
        db = Counted(house.db)
        with statements() as sent:
            assert await find_by_letter(db, house[Lifecycles], letter) == []  # type: ignore[arg-type]
        costs.append((db.looks, sent))
    assert [[rows for _, rows in looks] for looks, _ in costs] == [[0]] * 4
    assert all(cost == costs[0] for cost in costs)
