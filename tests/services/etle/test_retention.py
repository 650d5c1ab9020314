"""What the policy no longer keeps is gone, pictures and people alike; what is still wanted stays, and so do the books."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.vault import DataKey
from app.services import billing, cameras, cases, etle
from app.services.cameras.models import Capture
from app.services.cases.models import CaseEvent, CaseView
from app.services.etle import evidence, jobs, retention
from app.services.etle.models import Letter, Party, Ticket
from app.services.etle.store import add_party, party_in_role
from tests import make
from tests.drain import drain

DAY = timedelta(days=1)


async def count(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def rejected(house: House, **options: object) -> tuple[UUID, cameras.CaptureView]:
    taken = await make.capture(house, **options)  # type: ignore[arg-type]
    case_id = await make.case_of(house, taken)
    assert case_id is not None
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="reject", reason="lampu kuning", kind="no_violation"))
    return case_id, taken


async def test_what_came_to_nothing_is_deleted_after_the_policys_days(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    case_id, taken = await rejected(house)
    kept = await make.letter_sent(house, location="Simpang lain")
    async with house.db.begin(make.SYSTEM) as tx:
        still = (await evidence.exhibits_of(tx.session, kept)).captures[0].files[0]
    clock.advance(29 * DAY)
    assert await retention.forget_tickets(house) == 0
    clock.advance(2 * DAY)
    assert await retention.forget_tickets(house) == 1
    await drain(house)
    assert not await house.storage.exists(taken.files[0].stored_as or "")
    assert await cameras.read_original(house, still)
    assert (await count(house, Ticket), await count(house, Capture)) == (1, 1)
    async with house.db.begin(make.SYSTEM) as tx:
        events = await tx.session.execute(select(CaseEvent.action).where(CaseEvent.case_id == case_id))
        assert "reject" in set(events.scalars()), "the history stays: it names nobody"
        assert (await tx.session.execute(select(Party.case_id).distinct())).scalars().all() == [kept]
    assert await make.state_of(house, kept) == "letter_sent"
    assert await retention.forget_tickets(house) == 0


async def test_a_closed_ticket_goes_with_its_people_and_leaves_the_books(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    await make.pay(house, case_id)
    await drain(house)
    async with house.db.begin(Actor(ActorKind.STAFF, "court", frozenset({"court"}), unit="PMJ")) as tx:
        ticket = await tx.session.get(Ticket, case_id)
        assert ticket is not None
        await etle.enter_verdict(tx, case_id, fine=ticket.fine - 2_000, cost=2_000)
    assert await make.state_of(house, case_id) == "settled"
    async with house.db.begin(await make.officer_of(house, case_id)) as tx:
        await cases.saw(tx, case_id, "membantu warga")
    assert await count(house, CaseView) == 1
    clock.advance(1820 * DAY)
    assert await retention.forget_tickets(house) == 0
    clock.advance(10 * DAY)
    await jobs.forget(house)
    await drain(house)
    assert [await count(house, model) for model in (Ticket, Party, Letter, CaseView)] == [0, 0, 0, 0]
    report = await billing.ledger_check(house)
    assert report.faults == ()
    assert await make.state_of(house, case_id) == "settled"


async def test_the_key_of_somebody_without_a_nik_ends_with_their_last_ticket(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id, _ = await rejected(house)
    async with house.db.begin(make.SYSTEM) as tx:
        nobody = await add_party(tx, case_id, "buyer", {"name": "Agus Umpama"}, addressee=False)
        owner = await party_in_role(tx, case_id, "owner")
        assert owner is not None
    clock.advance(31 * DAY)
    await retention.forget_tickets(house)
    async with house.db.begin(make.SYSTEM) as tx:
        keys = {each: await tx.session.get(DataKey, each) for each in (nobody.key_id, owner.key_id)}
    assert [key is not None and key.wrapped is None for key in keys.values()] == [True, False]


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_a_case_on_which_somebody_has_work_is_left_alone(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    case_id, _ = await rejected(house)
    async with house.db.begin(make.SYSTEM) as tx:
        await cases.open_task(tx, case_id, "mend", role="senior_officer", unit="PMJ")
    clock.advance(400 * DAY)
    assert await retention.forget_tickets(house) == 0
