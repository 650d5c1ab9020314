"""The engine on both databases: one event for each move, and every refusal in words."""

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, transparency
from app.services.cases.models import Case, CaseEvent, WorkItem
from app.services.transparency.models import Leaf
from tests.conftest import START
from tests.services.cases.parcels import (
    ANI,
    BANK,
    BUDI,
    CHIEF,
    RECEIVER,
    SENDER,
    UNIT,
    act,
    billed,
    drawn_among,
    events,
    hand_in,
    load,
    open_kinds,
    sent,
    staff,
)


async def refused(house: House, who: Actor, case_id: UUID, action: str, **rest: object) -> Problem:
    before = await load(house, case_id)
    count = len(await events(house, case_id))
    with pytest.raises(Problem) as problem:
        await act(house, who, case_id, action, **rest)
    after = await load(house, case_id)
    assert (after.state, after.version) == (before.state, before.version)
    assert len(await events(house, case_id)) == count
    return problem.value


async def test_a_case_begins_with_its_first_event(parcels: House) -> None:
    async with parcels.db.begin(SENDER) as tx:
        case = await cases.open_case(
            tx, lifecycle="parcel", unit=UNIT, reference="P1", policy_id=None, data={"size": 3}
        )
    assert (case.state, case.version, case.lifecycle_version) == ("handed_in", 1, 3)
    [event] = await events(parcels, case.id)
    assert (event.seq, event.action, event.from_state, event.to_state) == (1, "hand_in", None, "handed_in")
    assert (event.actor_kind, event.actor_id, event.at, event.data) == ("citizen", "sender", START, {"size": 3})
    assert await open_kinds(parcels, case.id) == ["look", "note"]


async def test_only_the_declared_role_may_begin(parcels: House) -> None:
    with pytest.raises(Problem, match="cases-not-your-role"):
        async with parcels.db.begin(ANI) as tx:
            await cases.open_case(tx, lifecycle="parcel", unit=UNIT, reference="P1", policy_id=None)


async def test_each_move_is_one_event_and_one_leaf(parcels: House) -> None:
    case_id = await billed(parcels)
    case = await load(parcels, case_id)
    told = await events(parcels, case_id)
    assert [each.action for each in told] == ["hand_in", "announce_draw", "draw_officer", "look", "send", "accept"]
    assert [each.seq for each in told] == [1, 2, 3, 4, 5, 6]
    assert (case.state, case.version, case.assigned_to) == ("billed", 6, "ani")
    async with parcels.db.begin(SYSTEM) as tx:
        for event in told:
            leaf = await tx.one(Leaf, event.leaf_id)
            assert leaf is not None
            body = json.loads(leaf.body)
            assert body["event"] == str(event.id)
            assert (body["seq"], body["from"], body["to"]) == (event.seq, event.from_state, event.to_state)
            assert body["actor"] == {"kind": event.actor_kind, "id": event.actor_id, "unit": event.unit}


async def test_an_event_is_proven_once_it_is_sequenced(parcels: House) -> None:
    case_id = await hand_in(parcels)
    await transparency.sequence(parcels)
    [first, *_] = await events(parcels, case_id)
    async with parcels.db.read() as connection:
        proof = await transparency.proof_of(parcels, connection, first.leaf_id)
    assert proof is not None
    assert transparency.verify_proof(proof.to_json()).holds


async def test_an_undeclared_move_names_the_allowed_ones(parcels: House) -> None:
    case_id = await sent(parcels)
    problem = await refused(parcels, RECEIVER, case_id, "look")
    assert problem.type.code == "cases-move-not-allowed"
    assert problem.extra["allowed_actions"] == ["dispute", "accept"]
    assert "dispute, accept" in problem.detail("en")
    nothing = await refused(parcels, SENDER, case_id, "look")
    assert nothing.extra["allowed_actions"] == []
    assert "nothing" in nothing.detail("en")
    assert "tidak ada" in nothing.detail("id")


async def test_an_automatic_move_is_nobodys_to_take(parcels: House) -> None:
    case_id = await billed(parcels)
    assert (await refused(parcels, SYSTEM, case_id, "finish")).type.code == "cases-move-not-allowed"


async def test_the_wrong_role_is_refused(parcels: House) -> None:
    case_id = await sent(parcels)
    problem = await refused(parcels, SENDER, case_id, "accept")
    assert (problem.type.code, problem.type.status, problem.extra) == ("cases-not-your-role", 403, {})


async def test_only_the_drawn_officer_looks(parcels: House) -> None:
    case_id = await hand_in(parcels)
    assert (await refused(parcels, BUDI, case_id, "look")).type.code == "cases-not-assigned-to-you"
    await act(parcels, ANI, case_id, "look")


async def test_an_undrawn_case_is_nobodys(parcels: House) -> None:
    async with parcels.db.begin(SENDER) as tx:
        case = await cases.open_case(tx, lifecycle="parcel", unit=UNIT, reference="P1", policy_id=None)
    assert (await refused(parcels, ANI, case.id, "look")).type.code == "cases-not-assigned-to-you"


async def test_four_eyes(parcels: House) -> None:
    case_id = await sent(parcels)
    assert (await refused(parcels, ANI, case_id, "accept")).type.code == "cases-four-eyes"
    await act(parcels, BUDI, case_id, "accept")


async def test_staff_of_another_unit_are_refused_and_those_of_the_polda_are_not(parcels: House) -> None:
    async with parcels.db.begin(SENDER) as tx:
        case = await cases.open_case(tx, lifecycle="parcel", unit="ACEH-POLRES-PIDIE", reference="P2", policy_id=None)
    await drawn_among(parcels, case.id, "ani")
    stranger = staff("ani", "clerk", unit="METRO")
    assert (await refused(parcels, stranger, case.id, "look")).type.code == "cases-not-your-role"
    nobody = Actor(ActorKind.STAFF, "ani", frozenset({"clerk"}), None)
    assert (await refused(parcels, nobody, case.id, "look")).type.code == "cases-not-your-role"
    await act(parcels, staff("ani", "clerk", unit="ACEH"), case.id, "look")


@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 2001, "a\x00b"])
async def test_a_written_reason_is_required(parcels: House, reason: str | None) -> None:
    case_id = await billed(parcels)
    problem = await refused(parcels, CHIEF, case_id, "drop", reason=reason)
    assert problem.type.code == "cases-reason-needed"
    assert problem.errors[0].pointer == "/reason"


async def test_the_reason_stands_in_the_timeline(parcels: House) -> None:
    case_id = await billed(parcels)
    case = await act(parcels, CHIEF, case_id, "drop", reason="  salah alamat ")
    assert case.closed_at == START
    async with parcels.db.read() as connection:
        last = (await cases.timeline(connection, case_id))[-1]
    assert (last.reason, last.title.en, last.state, last.actor_kind) == ("salah alamat", "Drop", "dropped", "staff")


async def test_a_guard_refuses_and_nothing_is_left(parcels: House) -> None:
    case_id = await hand_in(parcels)
    await act(parcels, ANI, case_id, "look")
    assert (await refused(parcels, ANI, case_id, "send", data={"light": True})).type.code == "test-too-light"
    assert await open_kinds(parcels, case_id) == ["note"]


async def test_a_stale_version_says_what_changed(parcels: House) -> None:
    case_id = await sent(parcels)
    seen = (await load(parcels, case_id)).version
    await act(parcels, RECEIVER, case_id, "dispute", expected_version=seen)
    problem = await refused(parcels, CHIEF, case_id, "drop", reason="x", expected_version=seen)
    assert problem.type.code == "cases-changed-meanwhile"
    assert problem.extra["version"] == seen + 1
    [change] = problem.extra["changes"]  # type: ignore[misc]
    assert (change["action"], change["state"]) == ("dispute", "disputed")
    await act(parcels, CHIEF, case_id, "drop", reason="x", expected_version=seen + 1)


async def test_what_is_rolled_back_leaves_nothing(parcels: House) -> None:
    case_id = await sent(parcels)

    async def counts() -> list[int]:
        async with parcels.db.read() as connection:
            tables = (CaseEvent, Leaf, WorkItem)
            return [(await connection.execute(select(func.count()).select_from(each))).scalar_one() for each in tables]

    before, case = await counts(), await load(parcels, case_id)

    async def accept_and_break() -> None:
        async with parcels.db.begin(RECEIVER) as tx:
            await cases.move(tx, case_id, "accept")
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        await accept_and_break()
    assert await counts() == before
    assert (await load(parcels, case_id)).version == case.version


async def test_nobody_knows_a_case_that_is_not_theirs(parcels: House) -> None:
    case_id, other = await sent(parcels), await sent(parcels, "P2")
    bound = Actor(ActorKind.CITIZEN, "receiver", frozenset({"receiver"}), case_id=other)
    assert (await refused(parcels, bound, case_id, "accept")).type.code == "cases-not-found"
    await act(parcels, bound, other, "accept")
    with pytest.raises(Problem, match="cases-not-found"):
        await act(parcels, RECEIVER, uuid4(), "accept")


async def test_a_move_within_a_state_keeps_when_it_was_entered(parcels: House, clock: FixedClock) -> None:
    case_id = await sent(parcels)
    entered = (await load(parcels, case_id)).entered_at
    clock.set(START.replace(day=4))
    case = await act(parcels, ANI, case_id, "prove_delivery")
    assert (case.state, case.entered_at) == ("sent", entered)


async def test_work_items_come_and_go_with_the_state(parcels: House) -> None:
    case_id = await sent(parcels)
    assert await open_kinds(parcels, case_id) == ["note", "note"]
    await act(parcels, RECEIVER, case_id, "dispute")
    assert await open_kinds(parcels, case_id) == ["decide", "note", "note"]
    async with parcels.db.read() as connection:
        for_ani = await cases.list_tasks(connection, roles={"clerk"}, units={UNIT}, actor_id="ani")
        for_budi = await cases.list_tasks(connection, roles={"clerk"}, units={UNIT}, actor_id="budi")
    assert [each.kind for each in for_ani] == []  # Ani sent it: four eyes
    assert [(each.kind, each.reference, each.state) for each in for_budi] == [("decide", "P1", "disputed")]
    await act(parcels, BUDI, case_id, "accept")
    assert await open_kinds(parcels, case_id) == ["collect", "note", "note"]


async def test_a_drawn_case_is_in_one_officers_list_only(parcels: House) -> None:
    await hand_in(parcels)
    async with parcels.db.read() as connection:
        for_ani = await cases.list_tasks(connection, roles={"clerk"}, units={UNIT}, actor_id="ani")
        for_budi = await cases.list_tasks(connection, roles={"clerk"}, units={UNIT}, actor_id="budi")
        elsewhere = await cases.list_tasks(connection, roles={"clerk"}, units={"ACEH"}, actor_id="ani")
    assert ([each.kind for each in for_ani], for_budi, elsewhere) == (["look"], [], [])


async def test_lists_of_work_come_in_pages(parcels: House) -> None:
    for number in range(5):
        await hand_in(parcels, f"P{number}")
    pages: list[list[str]] = []
    after = None
    async with parcels.db.read() as connection:
        while True:
            page = await cases.list_tasks(
                connection, roles={"clerk"}, units={UNIT}, actor_id="ani", limit=2, after=after
            )
            if not page:
                break
            pages.append([each.reference for each in page])
            after = page[-1].id
    assert pages == [["P0", "P1"], ["P2", "P3"], ["P4"]]


async def test_work_that_is_done_is_an_event(parcels: House) -> None:
    case_id = await hand_in(parcels)
    async with parcels.db.begin(SYSTEM) as tx:
        task = await cases.open_task(tx, case_id, "call", "chief", UNIT, exclude=["other"], lasts=cases.Lasts.DONE)
    for nobody in (ANI, staff("other", "chief")):
        with pytest.raises(Problem, match="cases-work-item-not-found"):
            async with parcels.db.begin(nobody) as tx:
                await cases.close_task(tx, task)
    async with parcels.db.begin(CHIEF) as tx:
        await cases.close_task(tx, task, reason="sudah")
    last = (await events(parcels, case_id))[-1]
    assert (last.action, last.cause, last.reason, last.data["kind"]) == ("close_task", "task", "sudah", "call")
    with pytest.raises(Problem, match="cases-work-item-not-found"):
        async with parcels.db.begin(CHIEF) as tx:
            await cases.close_task(tx, task)
    with pytest.raises(Problem, match="cases-work-item-not-found"):
        async with parcels.db.begin(CHIEF) as tx:
            await cases.close_task(tx, uuid4())


async def test_allowed_actions(parcels: House) -> None:
    case_id = await sent(parcels)
    case = await load(parcels, case_id)
    lifecycles = parcels[cases.Lifecycles]
    async with parcels.db.read() as connection:
        done = await cases.actions_of(connection, case_id, "ani")
    assert done == {"look", "send"}
    assert cases.allowed_actions(lifecycles, case, ANI, done=done) == ["prove_delivery"]
    assert cases.allowed_actions(lifecycles, case, BUDI) == ["prove_delivery", "accept"]
    assert cases.allowed_actions(lifecycles, case, BANK) == []


async def test_who_looked_is_seen_and_changes_nothing(parcels: House) -> None:
    case_id = await hand_in(parcels)
    version = (await load(parcels, case_id)).version
    async with parcels.db.begin(CHIEF) as tx:
        await cases.saw(tx, case_id, "pengawasan")
    assert (await load(parcels, case_id)).version == version
    async with parcels.db.begin(SYSTEM) as tx:
        last = (await cases.timeline(tx.session, case_id))[-1]
        assert (last.action, last.unit, last.version) == ("look", UNIT, None)
        assert "pengawasan" in last.title.id
        leaf = await tx.one(Leaf, last.leaf_id)
    assert leaf is not None
    assert json.loads(leaf.body)["purpose"] == "pengawasan"


async def test_one_reference_is_one_case(parcels: House) -> None:
    await hand_in(parcels)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await hand_in(parcels)
    async with parcels.db.read() as connection:
        assert (await connection.execute(select(func.count()).select_from(Case))).scalar_one() == 1
        assert (await connection.execute(select(col(Case.reference)))).scalars().all() == ["P1"]
