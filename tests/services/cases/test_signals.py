"""Money that came is never refused: whatever breaks behind it, the fact stays and a person is told."""

import asyncio
import logging
from uuid import uuid4

import pytest

from app.core.house import House
from app.core.problems import Problem
from app.services import cases
from tests.services.cases.parcels import BANK, CHIEF, act, billed, events, hand_in, load, open_kinds, sent


async def tell(house: House, case_id: object, **data: object) -> cases.Case:
    async with house.db.begin(BANK) as tx:
        return await cases.signal(tx, case_id, "bill_paid", data)  # type: ignore[arg-type]


async def test_a_payment_moves_the_case_and_goes_on_by_itself(parcels: House) -> None:
    case_id = await billed(parcels)
    case = await tell(parcels, case_id, amount=100)
    assert (case.state, case.closed_at is not None) == ("done", True)
    told = (await events(parcels, case_id))[-2:]
    assert [(each.action, each.cause, each.actor_kind) for each in told] == [
        ("pay", "signal:bill_paid", "bank"),
        ("finish", "automatic", "system"),
    ]
    assert [each.seq for each in told] == [case.version - 1, case.version]


async def test_a_short_payment_is_billed_again(parcels: House) -> None:
    case_id = await billed(parcels)
    assert (await tell(parcels, case_id, amount=40)).state == "billed"
    assert "collect" in await open_kinds(parcels, case_id)
    assert (await tell(parcels, case_id, amount=60)).state == "done"


async def test_no_automatic_way_is_told_to_a_person(parcels: House) -> None:
    case_id = await billed(parcels)
    assert (await tell(parcels, case_id, amount=0)).state == "counting"
    assert "mend" in await open_kinds(parcels, case_id)


@pytest.mark.parametrize("how", ["raise", "sql", "problem"])
async def test_an_exploding_effect_leaves_the_payment_and_a_work_item(
    parcels: House, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    case_id = await billed(parcels)
    notes = (await open_kinds(parcels, case_id)).count("note")
    with caplog.at_level(logging.ERROR):
        case = await tell(parcels, case_id, amount=100, explode=how)
    # The state moved on, the event stands, what the effect had begun is undone.
    assert case.state == "done"
    kinds = await open_kinds(parcels, case_id)
    assert kinds.count("note") == notes
    assert kinds.count("mend") == 1
    [paid] = [each for each in await events(parcels, case_id) if each.action == "pay"]
    assert paid.data["amount"] == 100
    assert "a work item was opened" in caplog.text
    assert "boom" not in caplog.text


@pytest.mark.parametrize("how", [None, "raise", "sql"])
async def test_money_that_nobody_asked_for_is_an_event_and_work(parcels: House, how: str | None) -> None:
    case_id = await hand_in(parcels)
    before = await load(parcels, case_id)
    case = await tell(parcels, case_id, amount=7, explode=how)
    assert (case.state, case.version) == (before.state, before.version + 1)
    last = (await events(parcels, case_id))[-1]
    assert (last.action, last.from_state, last.to_state) == ("bill_paid", "handed_in", "handed_in")
    assert last.title_en == "Money nobody asked for"
    kinds = await open_kinds(parcels, case_id)
    assert "stray_money" in kinds
    assert ("mend" in kinds) == (how is not None)


async def test_every_state_takes_money_also_the_last(parcels: House) -> None:
    case_id = await billed(parcels)
    await act(parcels, CHIEF, case_id, "drop", reason="x")
    case = await tell(parcels, case_id, amount=100)
    assert (case.state, "stray_money" in await open_kinds(parcels, case_id)) == ("dropped", True)


async def test_stray_money_stays_a_work_item_when_the_state_is_left(parcels: House) -> None:
    case_id = await sent(parcels)
    await tell(parcels, case_id, amount=1)
    await act(parcels, CHIEF.__class__(CHIEF.kind, "r", frozenset({"receiver"}), CHIEF.unit), case_id, "accept")
    assert "stray_money" in await open_kinds(parcels, case_id)


async def test_a_signal_knows_its_case_and_name(parcels: House) -> None:
    with pytest.raises(Problem, match="cases-not-found"):
        await tell(parcels, uuid4())
    case_id = await hand_in(parcels)
    with pytest.raises(KeyError):
        async with parcels.db.begin(BANK) as tx:
            await cases.signal(tx, case_id, "birthday", {})


async def test_a_payment_and_a_person_at_the_same_time_both_end_well(parcels: House) -> None:
    case_id = await billed(parcels)
    barrier = asyncio.Barrier(2)

    async def pay() -> None:
        await barrier.wait()
        await tell(parcels, case_id, amount=100)

    async def drop() -> None:
        await barrier.wait()
        await act(parcels, CHIEF, case_id, "drop", reason="x")

    results = await asyncio.gather(pay(), drop(), return_exceptions=True)
    assert results[0] is None  # the payment is never refused
    case = await load(parcels, case_id)
    if results[1] is None:
        assert (case.state, "stray_money" in await open_kinds(parcels, case_id)) == ("dropped", True)
    else:
        assert isinstance(results[1], Problem)
        assert case.state == "done"
