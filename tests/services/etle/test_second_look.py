"""Where a camera, a place or an officer errs often, every open case of that cause is looked at again, and nobody asks for it."""

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.actor import SYSTEM
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, etle, reference
from app.services.billing.models import Bill, Refund
from app.services.cases.models import WorkItem
from app.services.etle import second_look
from app.services.etle.cause_models import CauseReview, CauseReviewCase
from app.services.etle.letters import CAUSE_REVIEW
from app.services.etle.second_look import Cause, Passed, Verified, passed_rate
from app.services.identity.roles import Role
from tests import make
from tests.routers.pages.world import Browser


def some(count: int, *, annulled: int, device: str = "d", place: str = "p", officer: str = "o") -> list[Verified]:
    return [
        Verified(uuid4(), "annulled" if number < annulled else "letter_sent", device, place, officer)
        for number in range(count)
    ]


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_the_rate_counts_each_cause_by_itself_and_only_among_enough_cases(house: House) -> None:
    async with house.db.read() as connection:
        policy = (await reference.policy(connection, "PMJ", house.clock.now().date())).etle
    assert (policy.second_look_rate, policy.second_look_least) == (0.10, 20)
    good = some(100, annulled=0, device="other", place="other", officer="other")
    assert passed_rate(good + some(20, annulled=1), policy) == []
    found = passed_rate(good + some(20, annulled=2), policy)
    assert found == [Passed(cause, key, 2, 20) for cause, key in zip(Cause, ("d", "p", "o"), strict=True)]
    assert passed_rate(some(19, annulled=19), policy) == []
    # One bad officer at many places and cameras is found as an officer alone.
    spread = [each for n in range(10) for each in some(4, annulled=1, device=f"d{n}", place=f"p{n}", officer="bad")]
    assert passed_rate(spread, policy) == [Passed(Cause.OFFICER, "bad", 10, 40)]
    # A case that was verified twice counts once.
    twice = some(20, annulled=2)
    assert passed_rate(twice + twice, policy)[0] == Passed(Cause.CAMERA, "d", 2, 20)


async def let_few_be_enough(house: House) -> None:
    """The packaged policies, with a rate that two cases can reach."""
    table = next(each for each in reference.TABLES if each.name == "policies")
    text = (
        (files("app") / "data" / "reference" / table.file_name)
        .read_text("utf-8")
        .replace("second_look_least: 20", "second_look_least: 3")
    )
    file = reference.read_file(table, table.file_name, text.encode())
    async with house.db.begin(SYSTEM) as tx:
        await reference.apply(tx, file, valid_from=house.clock.now().date())


async def annul(house: House, case_id: UUID) -> None:
    senior = await make.other_officer(house, await make.officer_of(house, case_id), Role.SENIOR_OFFICER)
    async with house.db.begin(senior) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="annul", reason="Kamera salah arah."))


async def looked_at(house: House) -> set[UUID]:
    async with house.db.read() as connection:
        query = select(WorkItem.case_id).where(WorkItem.kind == CAUSE_REVIEW, WorkItem.closed_at.is_(None))
        return set((await connection.execute(query)).scalars())


async def test_open_cases_of_a_bad_place_are_looked_at_again_and_the_paid_one_is_paid_back(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    await let_few_be_enough(house)
    bad, good = "Simpang Buruk", "Simpang Baik"
    times = [house.clock.now() - timedelta(hours=2 + number) for number in range(5)]
    paid = await make.tilang_issued(house, at=times[0], location=bad)
    await make.pay(house, paid)
    sent = await make.letter_sent(house, at=times[1], location=bad)
    wrong = await make.letter_sent(house, at=times[2], location=bad)
    elsewhere = await make.letter_sent(house, at=times[3], location=good)
    await second_look.look_again(house)
    assert await looked_at(house) == set()
    await annul(house, wrong)
    await second_look.look_again(house)
    await second_look.look_again(house)  # the next night adds nothing
    async with house.db.read() as connection:
        reviews = (await connection.execute(select(CauseReview.kind, CauseReview.key))).all()
    assert ("place", bad) in [tuple(each) for each in reviews]
    assert good not in [each.key for each in reviews]
    # The draw may have given three of them to the officer of the wrong one: that is a cause of its own.
    by = await verifiers(house)
    mine = {case_id for case_id in by if by[case_id] == by[wrong]}
    assert await looked_at(house) == {paid, sent} | (mine - {wrong} if len(mine) >= 3 else set())

    # Whoever verified it does not judge himself.
    verifier = await make.officer_of(house, sent)
    with pytest.raises(Problem):
        async with house.db.begin(replace(verifier, roles=verifier.roles | {"senior_officer"})) as tx:
            await second_look.stands(tx, sent, "Foto jelas.")
    desk = Browser.of(client._transport.app)  # type: ignore[attr-defined]
    await desk.sign_in_staff(house, Role.SENIOR_OFFICER)
    assert "semua perkaranya diperiksa ulang" in await desk.get(f"/counter/cases/{sent}")
    await desk.send({"stands": ""}, to=f"/counter/cases/{sent}/second-look", status=422)
    senior = await make.staff_headers(house, Role.SENIOR_OFFICER)
    path = f"/v1/counter/cases/{sent}/second-look"
    answer = await client.post(path, headers=senior, json={"reason": "Foto dan arah jelas."})
    assert (answer.status_code, answer.json()["state"]) == (200, "letter_sent")
    assert (await client.post(path, headers=senior, json={"reason": "Lagi saja."})).status_code == 404
    await annul(house, paid)
    async with house.db.begin(SYSTEM) as tx:
        owed = await refunds_of(tx.session, paid)
        stood = await tx.session.execute(select(CauseReviewCase.stood_at).where(CauseReviewCase.case_id == sent))
        assert all(stood.scalars())
        events = [each for each in await cases.timeline(tx.session, sent) if each.action == "close_task"]
    assert sum(owed) == 500_000, "the whole deposit, and nobody asked for it"
    assert events[0].reason == "Foto dan arah jelas."
    await second_look.look_again(house)
    again = await looked_at(house)
    assert paid not in again
    # It stood: only an officer who by the second annulment became a cause of its own has it looked at anew.
    assert (sent in again) == (by[paid] == by[sent] == by[elsewhere] != by[wrong])
    told = (await client.get("/v1/transparency/second-looks")).json()
    rates = {each["polda"]: (each["rate"], each["least"], each["days"]) for each in told["rates"]}
    assert rates[None] == rates["PMJ"] == (0.10, 3, 90), "the rate is published, the national one and each Polda's own"
    shown = told["second_looks"]
    assert ("PMJ", "place", 1, 3) in [(s["polda"], s["cause"], s["annulled"], s["verified"]) for s in shown]


async def verifiers(house: House) -> dict[UUID, str | None]:
    """Who verified each case."""
    async with house.db.read() as connection:
        query = select(cases.CaseEvent.case_id, cases.CaseEvent.actor_id).where(cases.CaseEvent.action == "verify")
        return {row.case_id: row.actor_id for row in await connection.execute(query)}


async def refunds_of(session: AsyncSession, case_id: UUID) -> list[int]:
    """What is owed back of a case."""
    query = select(Refund.amount).join(Bill, Bill.id == Refund.bill_id).where(Bill.case_id == case_id)
    return list((await session.execute(query)).scalars())
