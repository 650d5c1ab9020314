"""A recogniser that is only watched: reads what was taken up, decides nothing, and is compared."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import UPSTREAM_UNAVAILABLE, ProblemType
from app.services import cameras, recognition
from app.services.cameras.models import Capture
from app.services.etle import shadow
from app.services.etle.models import ShadowReading, Ticket
from app.services.etle.reading import SHADOW, read_capture
from app.services.etle.retention import forget_ticket
from app.services.recognition import Hints, PlannedRecogniser, Recogniser
from app.services.recognition.configuration import RecogniserFile
from tests import make
from tests.drain import drain

OTHER = "D1357EFG"


class Says:
    """A recogniser with one answer after the other, which notes what it was told."""

    def __init__(self, *answers: str | ProblemType | None) -> None:
        self.answers, self.hints = list(answers), list[Hints]()

    decodes_elsewhere = False

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: Hints = recognition.NO_HINTS) -> recognition.Reading:
        self.hints.append(hints)
        answer = self.answers.pop(0)
        if isinstance(answer, ProblemType):
            raise answer(name="watched")
        return make.reading(answer)


def watched(house: House, counted: Says, watcher: Says) -> House:
    """The house, where Polda Metro Jaya's captures are read in shadow as well."""
    plan = {"read": ["counted"], "shadow": "watcher"}
    file = RecogniserFile.model_validate(
        {
            "recognisers": {"counted": {"kind": "embedded"}, "watcher": {"kind": "embedded"}},
            "default": {"read": ["counted"]},
            "poldas": {"PMJ": plan},
        }
    )
    reads = PlannedRecogniser({"counted": counted, "watcher": watcher}, file)
    return replace(house, parts={**house.parts, Recogniser: reads, PlannedRecogniser: reads})


async def test_a_shadow_reads_after_the_case_is_open_and_its_differences_are_kept_with_the_capture(
    house: House,
) -> None:
    await make.demo_set(house)
    counted = Says(make.PLATE, make.PLATE, make.PLATE, None, None)
    watcher = Says(make.PLATE, OTHER, UPSTREAM_UNAVAILABLE, OTHER, None)
    ours = watched(house, counted, watcher)
    taken = [await make.capture(ours, location=f"Jalan {n}") for n in range(5)]
    for number, each in enumerate(taken):
        await read_capture(ours, str(each.id))
        assert len(watcher.hints) == number  # the case does not wait for it
        assert SHADOW in await drain(ours)
        await shadow.read_in_shadow(ours, str(each.id))  # a job may run twice
    assert [hints.polda for hints in watcher.hints] == ["PMJ"] * 5
    assert counted.hints[0] == watcher.hints[0]
    assert str(counted.hints[0].camera).startswith("cam")
    assert counted.hints[0].captured_at == taken[0].captured_at
    now = house.clock.now()
    async with house.db.read() as connection:
        (pair,) = await shadow.compared(connection, since=now - timedelta(days=1))
        differ = await shadow.disagreements(connection, since=now - timedelta(days=1), most=10)
        assert await shadow.compared(connection, since=now + timedelta(days=1)) == []
        tickets = (await connection.execute(select(Ticket.capture_id, Ticket.machine_plate))).all()
    assert pair == shadow.Compared(
        "test", "watcher", pictures=5, agree=2, differ=1, only_counted=0, only_shadow=1, away=1
    )
    assert {(each.capture_id, each.plate, each.shadow_plate) for each in differ} == {
        (taken[1].id, make.PLATE, OTHER), (taken[3].id, None, OTHER)
    }  # fmt: skip
    assert dict(tickets)[taken[1].id] == make.PLATE
    async with house.db.begin(SYSTEM) as tx:
        case_id = (
            await tx.session.execute(select(Ticket.case_id).where(Ticket.capture_id == taken[1].id))
        ).scalar_one()
        await forget_ticket(tx, case_id)
    async with house.db.read() as connection:
        left = select(func.count()).select_from(ShadowReading).where(ShadowReading.capture_id == taken[1].id)
        assert (await connection.execute(left)).scalar_one() == 0
        assert (await connection.execute(select(func.count()).where(Capture.id == taken[1].id))).scalar_one() == 0


async def test_who_has_no_shadow_is_read_once(house: House) -> None:
    await make.demo_set(house)
    counted, watcher = Says(make.PLATE), Says()
    ours = watched(house, counted, watcher)
    taken = await make.capture(ours, unit="SUMUT")
    await read_capture(ours, str(taken.id))
    assert SHADOW not in await drain(ours)
    async with house.db.begin(SYSTEM) as tx:
        kept = (await cameras.get_capture(tx.session, UUID(str(taken.id)))).reading
    assert kept is not None
    assert (kept["backend"], kept["votes"], kept["results"][0]["characters"]) == ("test", [], [0.98] * 8)
