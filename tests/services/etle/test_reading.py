"""What machine and registry say together: only a sure plate that the registry knows is taken as read."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, etle, recognition
from app.services.etle.models import Party, Ticket
from app.services.etle.reading import read_capture
from tests import make

KNOWN, ANOTHER, NOBODYS = make.PLATE, "B5678ABC", "B1234XYX"


class Says:
    """A recogniser that reads one plate on every picture, and what it may be besides."""

    decodes_elsewhere = False

    def __init__(self, plate: str, confidence: float, *others: str) -> None:
        box = recognition.Box(500, 600, 760, 660)
        alternatives = tuple(recognition.Alternative(each, confidence / 2) for each in others)
        line = recognition.PlateReading(plate, confidence, box, "id", alternatives, plate)
        self._reading = recognition.Reading((line,), "test", 1)

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: recognition.Hints = recognition.NO_HINTS) -> recognition.Reading:
        return self._reading


@pytest.mark.parametrize(
    ("says", "vehicle", "doubtful"),
    [
        (Says(KNOWN, 0.98), KNOWN, False),
        (Says(KNOWN, 0.59), KNOWN, True),
        (Says(NOBODYS, 0.98), None, True),
        (Says(NOBODYS, 0.98, KNOWN), KNOWN, True),
        (Says(NOBODYS, 0.98, KNOWN, ANOTHER), None, True),
        (Says("SGX1234A", 0.98), None, True),
    ],
    ids=["sure", "unsure", "unknown", "one-other-is-known", "two-others-are-known", "foreign"],
)
async def test_a_person_decides_what_machine_and_registry_do_not_agree_on(
    house: House, says: Says, vehicle: str | None, doubtful: bool
) -> None:
    await make.demo_set(house)
    taken = await make.capture(house)
    await read_capture(replace(house, parts={**house.parts, recognition.Recogniser: says}), str(taken.id))
    await cases.draw_announced(house)
    async with house.db.begin(SYSTEM) as tx:
        ticket = (await tx.session.execute(select(Ticket))).scalar_one()
        case = await tx.session.get(cases.Case, ticket.case_id)
        owners = len((await tx.session.execute(select(Party))).scalars().all())
        tasks = [each.kind for each in await cases.tasks_of(tx.session, ticket.case_id)]
    assert case is not None
    assert (case.state, tasks, case.assigned_to is not None) == ("captured", ["review"], True), "nothing goes by itself"
    assert ticket.doubtful is doubtful
    assert (ticket.vehicle_id is not None, owners) == ((True, 1) if vehicle else (False, 0))
    if vehicle:
        assert ticket.plate == vehicle
    async with house.db.begin(await make.officer_of(house, ticket.case_id)) as tx:
        await etle.decide(tx, ticket.case_id, etle.Decision(action="start_review"))
        verify = etle.Decision(action="verify", registry_matches=True, reason="cocok dengan gambar")
        if vehicle:
            await etle.decide(tx, ticket.case_id, verify)
            return
        with pytest.raises(Problem) as refused:
            await etle.decide(tx, ticket.case_id, verify)
    assert refused.value.type.status == 409
