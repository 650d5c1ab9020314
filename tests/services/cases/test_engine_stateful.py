"""A stateful test of the engine: hypothesis plays people, banks and the clock at random; the books always
agree."""

import asyncio
import json
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.core.actor import SYSTEM, Actor
from app.core.clock import FixedClock
from app.core.problems import Problem
from app.services import cases, transparency
from app.services.cases.models import CaseEvent
from app.services.transparency.models import Leaf
from tests.conftest import START, open_house
from tests.services.cases import parcels
from tests.services.cases.parcels import ANI, BANK, BUDI, CHIEF, RECEIVER, SENDER

PEOPLE = (ANI, BUDI, CHIEF, RECEIVER, SENDER, BANK, SYSTEM)
LIFECYCLE = cases.load_lifecycles(parcels.GUARDS, parcels.EFFECTS, parcels.DEADLINES, folder=parcels.FOLDER).by_name[
    "parcel"
]
ACTIONS = sorted({each.action for each in LIFECYCLE.transitions} | {"vanish"})


class Play(RuleBasedStateMachine):
    """One parcel; `template` is set by the test."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "loket.db"
        shutil.copy(self.template, path)
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(START)
        made = self.loop.run_until_complete(open_house(f"sqlite:///{path}", path.parent, self.clock).__aenter__())
        self.house = parcels.with_parcels(made)
        self.case_id: UUID | None = None
        self.state, self.version = "", 0

    def teardown(self) -> None:
        self.do(self.house.close())
        self.loop.close()
        self.folder.cleanup()

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def hand_in(self) -> None:
        self.case_id = self.do(parcels.hand_in(self.house))
        self.remember()

    def remember(self) -> None:
        assert self.case_id is not None
        case = self.do(parcels.load(self.house, self.case_id))
        self.state, self.version = case.state, case.version

    @rule(who=st.sampled_from(PEOPLE), action=st.sampled_from(ACTIONS), light=st.booleans(), stale=st.booleans())
    def move(self, who: Actor, action: str, light: bool, stale: bool) -> None:
        assert self.case_id is not None
        expected = self.version - 1 if stale else self.version
        try:
            case = self.do(
                parcels.act(
                    self.house, who, self.case_id, action,
                    reason="sebab", data={"light": light}, expected_version=expected,
                )
            )  # fmt: skip
        except Problem as problem:
            self.refused(problem, action, stale)
            return
        declared = LIFECYCLE.find_move(self.state, action)
        assert declared is not None
        assert who.roles & set(declared.by)
        assert not stale
        assert case.state == declared.target
        assert case.version == self.version + 1
        self.remember()

    def refused(self, problem: Problem, action: str, stale: bool) -> None:
        assert self.case_id is not None
        if stale:
            assert problem.type.code == "cases-changed-meanwhile"
        elif LIFECYCLE.find_move(self.state, action) is None:
            assert problem.type.code == "cases-move-not-allowed"
            assert action not in problem.extra["allowed_actions"]  # type: ignore[operator]
        case = self.do(parcels.load(self.house, self.case_id))
        assert (case.state, case.version) == (self.state, self.version)

    @rule(amount=st.integers(0, 120), explode=st.sampled_from([None, "raise", "sql", "problem"]))
    def pay(self, amount: int, explode: str | None) -> None:
        assert self.case_id is not None

        async def tell() -> None:
            async with self.house.db.begin(BANK) as tx:
                await cases.signal(tx, self.case_id, "bill_paid", {"amount": amount, "explode": explode})  # type: ignore[arg-type]

        self.do(tell())
        before = self.version
        self.remember()
        assert self.version > before

    @rule(hours=st.integers(1, 200))
    def wait_and_sweep(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.do(cases.sweep(self.house))
        assert self.do(cases.sweep(self.house)) == cases.Swept(0, 0)
        self.remember()

    @rule()
    def sequence(self) -> None:
        self.do(transparency.sequence(self.house))

    @invariant()
    def the_events_tell_the_whole_story(self) -> None:
        if self.case_id is None:
            return
        told: list[CaseEvent] = self.do(parcels.events(self.house, self.case_id))
        assert [each.seq for each in told] == list(range(1, self.version + 1))
        states = [each.to_state for each in told]
        assert [each.from_state for each in told] == [None, *states[:-1]]
        assert states[-1] == self.state
        for each in told:
            if each.from_state not in (None, each.to_state):
                declared = LIFECYCLE.find_move(each.from_state, each.action)
                assert declared is not None
                assert declared.target == each.to_state
        self.do(self.the_leaves_agree(told))

    async def the_leaves_agree(self, told: list[CaseEvent]) -> None:
        async with self.house.db.begin(SYSTEM) as tx:
            for each in told:
                leaf = await tx.one(Leaf, each.leaf_id)
                assert leaf is not None
                assert json.loads(leaf.body)["seq"] == each.seq

    @invariant()
    def open_work_fits_the_state(self) -> None:
        if self.case_id is None:
            return
        kinds = self.do(parcels.open_kinds(self.house, self.case_id))
        task = LIFECYCLE.states[self.state].task
        of_states = {each.task.kind for each in LIFECYCLE.states.values() if each.task}
        assert {kind for kind in kinds if kind in of_states} == ({task.kind} if task else set())


@pytest.mark.slow
def test_the_engine_whatever_people_do(sqlite_template: Path) -> None:
    Play.template = sqlite_template
    run_state_machine_as_test(
        Play,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
