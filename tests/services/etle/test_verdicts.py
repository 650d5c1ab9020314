"""Verdicts by file: seen first, all faults named at once, only what was seen is entered, and twice is once."""

import asyncio

import pytest

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.core.problems import Problem
from app.services import etle
from app.services.cases.models import CaseEvent
from app.services.etle import verdict_files, verdicts
from app.services.etle.models import Ticket, VerdictFile
from app.services.etle.verdict_files import ALL, COURT, VerdictFileView
from tests import make
from tests.drain import drain

CLERK = Actor(ActorKind.STAFF, "clerk-1", frozenset({"court"}), unit="PMJ")
OTHER_CLERK = Actor(ActorKind.STAFF, "clerk-2", frozenset({"court"}), unit="PMJ")
SENIOR = Actor(ActorKind.STAFF, "senior", frozenset({"senior_officer"}), unit="PMJ")
HEADER = "register_no,fine,cost\n"


async def issued(house: House) -> Ticket:
    """A ticket with its register number."""
    await make.demo_set(house)
    return await ticket_of(house, await make.tilang_issued(house))


async def ticket_of(house: House, case_id) -> Ticket:
    async with house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
    assert ticket is not None
    return ticket


async def looked(house: House, text: str, by: Actor = CLERK) -> tuple[VerdictFileView, list[str]]:
    found = await verdict_files.look_at(house, by, text.encode(), name="sidang.csv", unit=by.unit or ALL)
    return found.file, [str(each.outcome) for each in found.lines]


async def applied(house: House, file: VerdictFileView, by: Actor = CLERK) -> VerdictFileView:
    async with house.db.begin(by) as tx:
        await verdict_files.apply(tx, file.id, by.unit or ALL)
    await drain(house)
    async with house.db.read() as connection:
        return await verdict_files.get_file(connection, by.unit or ALL, file.id)


async def test_what_was_looked_at_is_entered_once_and_names_both_persons(house: House) -> None:
    ticket = await issued(house)
    text = f"{HEADER}{ticket.register_no},70000,2000\nZ0000000,1,1\n"
    file, outcomes = await looked(house, text)
    assert (file.state, file.uploaded_by, file.lines, file.ready, file.unknown) == ("checked", "clerk-1", 2, 1, 1)
    assert outcomes == ["ready", "unknown"]
    assert (await ticket_of(house, ticket.case_id)).verdict_fine is None
    again, _ = await looked(house, text, OTHER_CLERK)
    assert (again.id, again.uploaded_by) == (file.id, "clerk-1")
    done = await applied(house, file, OTHER_CLERK)
    assert (done.state, done.applied_by, done.imported, done.unknown, done.done) == ("applied", "clerk-2", 1, 1, 2)
    decided = await ticket_of(house, ticket.case_id)
    assert (decided.verdict_fine, decided.verdict_cost) == (70_000, 2_000)
    async with house.db.begin(SYSTEM) as tx:
        events = (await tx.session.execute(CaseEvent.__table__.select())).mappings().all()  # type: ignore[attr-defined]
    [entered] = [each for each in events if each["action"] == "enter_verdict"]
    assert (entered["actor_id"], entered["actor_kind"]) == ("clerk-2", "staff")
    assert (await applied(house, file, CLERK)).applied_by == "clerk-2"
    same, outcomes = await looked(house, text)
    assert (same.state, outcomes) == ("applied", ["decided", "unknown"])


async def test_another_verdict_on_record_is_told_and_never_changed(house: House) -> None:
    ticket = await issued(house)
    await applied(house, (await looked(house, f"{HEADER}{ticket.register_no},70000,2000\n"))[0])
    file, outcomes = await looked(house, f"{HEADER}{ticket.register_no},90000,2000\n")
    assert (outcomes, file.differs) == (["differs"], 1)
    again = await verdict_files.look_again(house, CLERK, file.id)
    assert again.lines[0].stands == (70_000, 2_000)
    done = await applied(house, file)
    assert (done.state, done.differs, done.imported) == ("applied", 1, 0)
    assert (await ticket_of(house, ticket.case_id)).verdict_fine == 70_000


async def test_a_fine_above_the_articles_maximum_is_not_entered_by_a_file(house: House) -> None:
    """A nought too many would bill the citizen for ten times as much."""
    ticket = await issued(house)
    file, outcomes = await looked(house, f"{HEADER}{ticket.register_no},{ticket.fine + 1},2000\n")
    assert (file.ready, file.refused, outcomes) == (0, 1, ["above"])
    done = await applied(house, file)
    assert (done.state, done.imported, done.refused) == ("applied", 0, 1)
    assert (await ticket_of(house, ticket.case_id)).verdict_fine is None
    file, outcomes = await looked(house, f"{HEADER}{ticket.register_no},{ticket.fine},2000\n")
    assert (file.ready, outcomes) == (1, ["ready"])


async def test_whose_tickets_a_file_is_about(house: House) -> None:
    ticket = await issued(house)
    text = f"{HEADER}{ticket.register_no},70000,2000\n"
    elsewhere = Actor(ActorKind.STAFF, "clerk-3", frozenset({"court"}), unit="JABAR")
    file, outcomes = await looked(house, text, elsewhere)
    assert outcomes == ["unknown"]
    with pytest.raises(Problem):
        await applied(house, file, CLERK)  # another unit's file
    assert (await looked(house, text, COURT))[1] == ["ready"]


async def test_a_case_that_is_over_is_not_decided(house: House) -> None:
    ticket = await issued(house)
    file, _ = await looked(house, f"{HEADER}{ticket.register_no},70000,2000\n")
    async with house.db.begin(SENIOR) as tx:
        await etle.decide(tx, ticket.case_id, etle.Decision(action="annul", reason="Kamera salah lokasi."))
    done = await applied(house, file)  # seen as ready, annulled since
    assert (done.state, done.imported, done.refused) == ("applied", 0, 1)


async def test_taken_up_twice_at_once_or_after_a_crash_each_line_is_through_once(house: House) -> None:
    ticket = await issued(house)
    text = f"{HEADER}A0000001,1,1\n{ticket.register_no},70000,2000\nA0000002,1,1\n"
    file, _ = await looked(house, text)
    async with house.db.begin(CLERK) as tx:
        await verdict_files.apply(tx, file.id, "PMJ")
        row = await tx.lock(VerdictFile, file.id)
        assert row is not None
        row.done, row.unknown = 1, 1  # as far as the worker came that died
    await asyncio.gather(*(verdict_files.carry_out(house, str(file.id)) for _ in range(2)))
    async with house.db.read() as connection:
        done = await verdict_files.get_file(connection, "PMJ", file.id)
    assert (done.state, done.done, done.imported, done.unknown) == ("applied", 3, 1, 2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no,fine,cost\n", "line 1"),
        ("register_no,fine,cost\nC348910,1,1\n", "line 2: register_no"),
        ("register_no,fine,cost\nC3489106,70.000,1\n", "line 2: fine and cost"),
        ("register_no,fine,cost\nC3489106,1,1\nC3489106,1,1\n", "line 3: C3489106 stands on line 2"),
        ("register_no,fine,cost\nC3489106,-1,\u0661\n", "line 2: fine and cost"),
        ("register_no,fine,cost\nC3489106,1,1\n\udcff", "line 3: this is no UTF-8"),
        ("register_no;fine;cost\n\nC3489106;1;1\nC348910;1;1\n", "line 4: register_no"),
    ],
)
def test_a_bad_file_is_refused_whole_with_its_lines(text: str, fault: str) -> None:
    with pytest.raises(verdicts.BadVerdictFile, match=fault):
        verdicts.read_file(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_what_a_spreadsheet_writes_is_read(mark: str) -> None:
    text = mark.join(("register_no", "fine", "cost")) + "\r\n" + mark.join(("c 3489106", "70000", "2000")) + "\r\n\r\n"
    assert verdicts.read_file(text.encode("utf-8-sig")) == [verdicts.Told(2, "C3489106", 70_000, 2_000)]


async def test_a_faulty_file_cannot_be_applied(house: House) -> None:
    file, outcomes = await looked(house, f"{HEADER}C348910,1,1\n")
    assert (file.state, outcomes, file.faults[0][0]) == ("refused", [], 2)
    with pytest.raises(Problem) as problem:
        await applied(house, file)
    assert problem.value.type.code == "etle-verdict-file-faulty"
