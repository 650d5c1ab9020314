"""Reference data changes by file, seen first, and the past stays what it was."""

import asyncio
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import reference
from app.services.reference.files import packaged_file, read_file
from app.services.reference.models import FeeRow, PolicyRow, ReferenceRevision, UnitRow, ViolationRow
from app.services.reference.tables import FEES, POLICIES, TABLES, UNITS, VIOLATIONS, ReferenceTable
from app.services.transparency.models import Leaf

TODAY = date(2026, 3, 2)
OPERATOR = Actor(kind=ActorKind.STAFF, id="staff:operator", roles=frozenset({"admin"}))
DATA = Path(reference.__file__).parents[2] / "data" / "reference"


def edited(table: ReferenceTable, *replacements: tuple[str, str]) -> reference.ReferenceFile:
    """The packaged file with some text replaced; each must occur."""
    text = (DATA / table.file_name).read_text()
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return read_file(table, table.file_name, text.encode())


RED_LIGHT_DEARER = ("Running a red light,500000", "Running a red light,750000")


async def apply(house: House, file: reference.ReferenceFile, **options: object) -> ReferenceRevision | None:
    async with house.db.begin(OPERATOR) as tx:
        return await reference.apply(tx, file, **options)  # type: ignore[arg-type]


async def test_a_first_load_holds_every_row_and_a_second_changes_nothing(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        assert await reference.load_packaged(tx) == []
    async with house.db.read() as conn:
        for model, count in ((UnitRow, 549), (ViolationRow, 42), (FeeRow, 65)):
            assert (await conn.execute(select(func.count()).select_from(model.__table__))).scalar_one() == count
        assert await reference.revision_number(conn) == 5, "one revision for each file that has rows"


async def test_a_load_gives_back_nothing_that_an_operator_changed(house: House) -> None:
    await apply(house, edited(VIOLATIONS, RED_LIGHT_DEARER))
    async with house.db.begin(SYSTEM) as tx:
        assert await reference.load_packaged(tx) == []
    async with house.db.read() as conn:
        assert (await reference.violation(conn, "287-2-APILL", TODAY)).max_fine == 750_000


async def test_a_load_adds_only_codes_that_were_never_there(house: House) -> None:
    whole = packaged_file(VIOLATIONS)
    without = (DATA / "violations.csv").read_text().splitlines(keepends=True)
    file = read_file(VIOLATIONS, "violations.csv", "".join(without[:-1]).encode())
    await apply(house, file)
    async with house.db.begin(SYSTEM) as tx:
        assert await reference.load_packaged(tx) == [], "what an operator removed does not come back by itself"
    revision = await apply(house, whole)
    assert revision is not None
    assert (revision.added, revision.changed, revision.removed) == (1, 0, 0)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_the_packaged_files_differ_in_nothing_from_what_they_loaded(house: House, table: ReferenceTable) -> None:
    async with house.db.read() as conn:
        assert (await reference.difference(conn, packaged_file(table))).changes == ()


async def test_a_difference_names_added_changed_and_removed_with_only_what_differs(house: House) -> None:
    text = (DATA / "pnbp_fees.csv").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("SIM_B")]
    lines = [line.replace("120000", "130000") if line.startswith("SIM_A_NEW,") else line for line in lines]
    lines.append("SIM_A_TEST,SIM,Try-out,1000,per tes,PNBP,test,low,")
    file = read_file(FEES, "fees-2027.csv", "\n".join(lines).encode())
    async with house.db.read() as conn:
        found = await reference.difference(conn, file)
        listed = await reference.difference(conn, file, scope=reference.Scope.LISTED)
    by_code = {change.code: change for change in found.changes}
    assert by_code["SIM_A_NEW"].before == {"amount": 120_000}
    assert by_code["SIM_A_NEW"].after == {"amount": 130_000}
    assert by_code["SIM_A_TEST"].kind is reference.ChangeKind.ADDED
    assert by_code["SIM_BI_NEW"].kind is reference.ChangeKind.REMOVED
    assert {change.code for change in listed.changes} == {"SIM_A_NEW", "SIM_A_TEST"}


async def test_a_change_closes_the_old_row_and_past_dates_keep_the_old_value(house: House, clock: FixedClock) -> None:
    from_april = date(2026, 4, 1)
    revision = await apply(house, edited(VIOLATIONS, RED_LIGHT_DEARER), valid_from=from_april)
    assert revision is not None
    assert revision.actor == OPERATOR.id
    clock.advance(timedelta(days=60))
    async with house.db.read() as conn:
        last_old_day = await reference.violation(conn, "287-2-APILL", from_april - timedelta(days=1))
        first_new_day = await reference.violation(conn, "287-2-APILL", from_april)
        assert (last_old_day.max_fine, first_new_day.max_fine) == (500_000, 750_000)
        assert (await reference.violation_by_id(conn, last_old_day.id)).max_fine == 500_000
        rows = (await conn.execute(select(ViolationRow.__table__).where(ViolationRow.code == "287-2-APILL"))).all()
    assert sorted((row.valid_from, row.valid_until) for row in rows) == [
        (reference.OPENING_DAY, from_april),
        (from_april, None),
    ]


async def test_two_changes_on_one_day_leave_the_last_and_keep_the_first_as_history(house: House) -> None:
    await apply(house, edited(VIOLATIONS, RED_LIGHT_DEARER))
    await apply(house, edited(VIOLATIONS, ("Running a red light,500000", "Running a red light,600000")))
    async with house.db.read() as conn:
        assert (await reference.violation(conn, "287-2-APILL", TODAY)).max_fine == 600_000
        yesterday = await reference.violation(conn, "287-2-APILL", TODAY - timedelta(days=1))
        rows = (await conn.execute(select(ViolationRow.__table__).where(ViolationRow.code == "287-2-APILL"))).all()
    assert yesterday.max_fine == 500_000
    assert len(rows) == 3


async def test_a_removed_code_stays_known_for_the_days_before(house: House) -> None:
    lines = (DATA / "violations.csv").read_text().splitlines(keepends=True)
    gone = lines[-1].split(",")[0]
    await apply(house, read_file(VIOLATIONS, "violations.csv", "".join(lines[:-1]).encode()))
    async with house.db.read() as conn:
        assert (await reference.violation(conn, gone, TODAY - timedelta(days=1))).code == gone
        with pytest.raises(Problem, match="reference-violation-not-found"):
            await reference.violation(conn, gone, TODAY)


async def test_a_policy_keeps_its_values_under_its_id_whatever_follows(house: House) -> None:
    async with house.db.read() as conn:
        stamped = await reference.policy(conn, "PMJ", TODAY)
    revision = await apply(house, edited(POLICIES, ("dispatch_per_day: 800", "dispatch_per_day: 1200")))
    assert revision is not None
    assert (revision.added, revision.changed) == (0, 1)
    async with house.db.read() as conn:
        now = await reference.policy(conn, "PMJ", TODAY)
        kept = await reference.policy_by_id(conn, stamped.id)
    assert kept == stamped
    assert (kept.etle.dispatch_per_day, now.etle.dispatch_per_day) == (800, 1200)
    assert (kept.version, now.version) == (1, 2)
    assert kept.id != now.id


async def test_a_changed_default_gives_every_polda_that_inherits_it_a_new_version(house: House) -> None:
    revision = await apply(house, edited(POLICIES, ("objection_days: 14", "objection_days: 10")))
    assert revision is not None
    changed = [change for change in revision.changes if isinstance(change, dict)]
    assert sorted(str(change["code"]) for change in changed) == ["JATENG", "JATIM", "NATIONAL", "PMJ"]
    assert changed[0]["before"] == {"objection_days": 14}
    assert changed[0]["after"] == {"objection_days": 10}


async def test_a_polda_without_a_policy_of_its_own_follows_the_national_one(house: House) -> None:
    async with house.db.read() as conn:
        assert (await reference.policy(conn, "BALI", TODAY)).code == reference.NATIONAL
        assert (await reference.policy(conn, None, TODAY)).code == reference.NATIONAL
        assert (await reference.policy(conn, "JATENG", TODAY)).etle.channels[0].channel is reference.Channel.POST
        with pytest.raises(Problem, match="reference-policy-not-found"):
            await reference.policy(conn, "PMJ", reference.OPENING_DAY - timedelta(days=1))


async def test_the_past_and_what_is_planned_are_not_rewritten(house: House) -> None:
    file = edited(VIOLATIONS, RED_LIGHT_DEARER)
    with pytest.raises(Problem, match="earliest is 2026-03-02"):
        await apply(house, file, valid_from=TODAY - timedelta(days=1))
    await apply(house, file, valid_from=TODAY + timedelta(days=30))
    with pytest.raises(Problem, match="earliest is 2026-04-01"):
        await apply(house, packaged_file(VIOLATIONS), valid_from=TODAY + timedelta(days=10))
    assert await revisions(house) == 6


async def test_a_row_may_name_a_later_day_of_its_own(house: House) -> None:
    text = (DATA / "violations.csv").read_text()
    head, *rows = text.splitlines()
    own_days = ["2026-07-01" if row.startswith("287-2-APILL") else "" for row in rows]
    dearer = [row.replace(*RED_LIGHT_DEARER) for row in rows]
    lines = [head + ",valid_from", *(f"{row},{day}" for row, day in zip(dearer, own_days, strict=True))]
    await apply(house, read_file(VIOLATIONS, "violations.csv", "\n".join(lines).encode()))
    async with house.db.read() as conn:
        assert (await reference.violation(conn, "287-2-APILL", date(2026, 6, 30))).max_fine == 500_000
        assert (await reference.violation(conn, "287-2-APILL", date(2026, 7, 1))).max_fine == 750_000


async def test_what_was_seen_must_still_hold_when_it_is_applied(house: House) -> None:
    file = edited(VIOLATIONS, RED_LIGHT_DEARER)
    async with house.db.read() as conn:
        seen = (await reference.difference(conn, file)).digest
    await apply(house, edited(VIOLATIONS, ("Running a red light,500000", "Running a red light,600000")))
    with pytest.raises(Problem, match="reference-changed-meanwhile"):
        await apply(house, file, seen=seen)


async def test_two_operators_at_once_leave_one_open_row(house: House) -> None:
    start = asyncio.Barrier(2)

    async def one(file: reference.ReferenceFile) -> str:
        await start.wait()
        try:
            await apply(house, file)
        except (Problem, IntegrityError):
            return "refused"
        return "applied"

    dearer = edited(VIOLATIONS, RED_LIGHT_DEARER)
    dearest = edited(VIOLATIONS, ("Running a red light,500000", "Running a red light,900000"))
    assert "applied" in await asyncio.gather(one(dearer), one(dearest))
    async with house.db.read() as conn:
        table = ViolationRow.__table__
        still_open = select(func.count()).where(table.c.code == "287-2-APILL", table.c.valid_until.is_(None))
        assert (await conn.execute(still_open)).scalar_one() == 1


async def test_each_applied_file_is_a_leaf_of_the_public_log(house: House) -> None:
    revision = await apply(house, edited(VIOLATIONS, RED_LIGHT_DEARER))
    assert revision is not None
    async with house.db.read() as conn:
        leaf = (await conn.execute(select(Leaf.__table__).where(Leaf.id == revision.leaf_id))).one()
    body = json.loads(leaf.body)
    assert (body["kind"], body["table"], body["changed"]) == ("reference", "violations", 1)
    assert body["changes"] == [
        {"change": "changed", "code": "287-2-APILL", "before": {"max_fine": 500_000}, "after": {"max_fine": 750_000}}
    ]


async def test_a_file_that_names_what_does_not_exist_is_refused_whole(house: House) -> None:
    unknown_polda = edited(POLICIES, ("  JATIM:", "  JAWA-TIMUR:"))
    unknown_violation = edited(POLICIES, ("287-2-APILL", "287-9-APILL"))
    wrong_unit = edited(UNITS, ("Polres Nabire,PATENG", "Polres Nabire,NOWHERE"))
    for file, words in (
        (unknown_polda, "no Polda JAWA-TIMUR"),
        (unknown_violation, "no violation 287-9-APILL"),
        (wrong_unit, "no Polda NOWHERE"),
    ):
        with pytest.raises(Problem) as refused:
            await apply(house, file)
        assert words in refused.value.errors[0].message.en
        assert refused.value.errors[0].pointer.startswith(file.name + ":")
    assert await revisions(house) == 5, "nothing was applied"


async def test_a_failure_in_the_middle_leaves_nothing_behind(house: House) -> None:
    async with house.db.read() as conn:
        before = await reference.policy(conn, "PMJ", TODAY)

    async def dies() -> None:
        async with house.db.begin(OPERATOR) as tx:
            await reference.apply(tx, edited(POLICIES, ("dispatch_per_day: 800", "dispatch_per_day: 1200")))
            raise RuntimeError("the operator's machine dies here")

    with pytest.raises(RuntimeError):
        await dies()
    async with house.db.read() as conn:
        assert await reference.policy(conn, "PMJ", TODAY) == before
        rows = (await conn.execute(select(func.count()).select_from(PolicyRow.__table__))).scalar_one()
    assert rows == 4
    assert await revisions(house) == 5


async def revisions(house: House) -> int:
    async with house.db.read() as conn:
        return await reference.revision_number(conn)
