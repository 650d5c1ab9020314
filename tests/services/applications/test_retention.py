"""What nobody needs any more of an application is gone by the policy's days, counted; what is still of use stays."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases
from app.services.applications import retention
from app.services.applications.models import Application, ApplicationDocument, ApplicationMessage
from app.services.applications.retention_models import RetentionCount
from app.services.appointments.queue_models import QueueEntry
from app.services.cases.models import CaseEvent
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.transparency.models import Leaf
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.drain import drain

DAY = timedelta(days=1)


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def after(house: House, clock: FixedClock, days: float) -> Counter[str]:
    """The night so many days later: deadlines run, and what is due is forgotten."""
    clock.advance(days * DAY)
    await cases.sweep(house)
    gone = await retention.forget_due(house)
    await drain(house, raise_errors=False)
    return gone


async def row(house: House, id: str) -> Application:
    async with house.db.begin(SYSTEM) as tx:
        found = await tx.session.get(Application, UUID(id))
    assert found is not None
    return found


async def papers(house: House, id: str) -> dict[str, ApplicationDocument]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(ApplicationDocument).where(ApplicationDocument.case_id == UUID(id))  # type: ignore[arg-type]
        return {each.name: each for each in (await tx.session.execute(query)).scalars()}


async def counted(house: House, model: Any) -> int:
    async with house.db.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(model))).scalar_one())


async def test_a_draft_that_was_never_handed_in_is_nobodys(desk: Desk, house: House, clock: FixedClock) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    other = await desk.draft("sim-renewal", sim_class="A")
    await desk.post(f"/v1/applications/{draft['id']}/messages", {"text": "Apakah ini cukup?"}, status=201)
    files = [each.sha256 for each in (await papers(house, draft["id"])).values()]
    assert files
    await desk.post(f"/v1/applications/{draft['id']}/cancel")
    assert await after(house, clock, 29) == {}
    assert await after(house, clock, 2) == {retention.DRAFTS: 1}
    was, kept = await row(house, draft["id"]), await row(house, other["id"])
    assert (was.person_id, was.nik_bidx, was.born_bidx, was.subject_bidx, was.form_enc) == (None,) * 5
    assert was.key_id != kept.key_id, "not even the key leads back"
    assert kept.form_enc is not None
    assert await papers(house, draft["id"]) == {}
    assert await counted(house, ApplicationMessage) == 0
    assert [await house.storage.exists(each) for each in files] == [False] * len(files)
    await desk.sign_in()
    listed = (await desk.get("/v1/applications"))["applications"]
    assert [each["id"] for each in listed] == [other["id"]]
    async with house.db.begin(SYSTEM) as tx:
        recorded = (await tx.session.execute(select(RetentionCount))).scalars().all()
        leaf = await tx.session.get(Leaf, recorded[0].leaf_id)
        events = select(CaseEvent.action).where(CaseEvent.case_id == UUID(draft["id"]))  # type: ignore[call-overload]
        assert "discard" in set((await tx.session.execute(events)).scalars()), "the history stays: it names nobody"
    assert [(each.what, each.count) for each in recorded] == [(retention.DRAFTS, 1)]
    assert leaf is not None
    assert '"drafts":1' in (leaf.body or "")
    assert await after(house, clock, 0) == {}, "and once is enough"


async def test_papers_answers_and_in_the_end_the_person(desk: Desk, house: House, clock: FixedClock) -> None:
    first = await desk.through("skck-new", purpose="private_employer")
    await drain(house, raise_errors=False)
    for action in ("print", "make_ready", "hand_over"):
        await desk.act(first, Role.COUNTER, action)
    given = await papers(house, first)
    assert {"photo", "ktp"} <= set(given)
    # The KTP is used again, in a draft that nobody goes on with.
    await desk.sign_in()
    draft = await desk.draft("skck-new", purpose="private_employer")
    await desk.post(f"/v1/applications/{draft['id']}/documents/ktp/reuse", {"document_id": str(given["ktp"].id)})

    gone = await after(house, clock, 181)
    assert gone[retention.PAPERS] > 0
    assert retention.ANSWERS not in gone
    left = await papers(house, first)
    assert "photo" not in left, "faces go first, once no other application may use them"
    assert "ktp" in left
    assert (await after(house, clock, 31))[retention.DRAFTS] == 1
    assert await papers(house, draft["id"]) == {}, "the draft was closed by its time, and then forgotten"
    assert await house.storage.exists(given["ktp"].sha256), "a file that another application names stays"
    assert (await row(house, first)).form_enc is not None, "the certificate is a renewal's base for a year more"
    await after(house, clock, 170)
    assert "ktp" not in await papers(house, first)
    assert not await house.storage.exists(given["ktp"].sha256)
    assert (await row(house, first)).form_enc is not None
    assert retention.ANSWERS in await after(house, clock, 180)
    ended = await row(house, first)
    assert (ended.form_enc, ended.name_enc is None) == (None, False)
    assert retention.APPLICATIONS in await after(house, clock, 1825 - 500)
    assert (await row(house, first)).nik_bidx is None


async def test_work_that_is_open_holds_everything_back(desk: Desk, house: House, clock: FixedClock) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    await desk.post(f"/v1/applications/{draft['id']}/cancel")
    async with house.db.begin(SYSTEM) as tx:
        await cases.open_task(tx, UUID(draft["id"]), "mend", "senior_officer", POLRES, lasts=cases.Lasts.DONE)
    assert await after(house, clock, 400) == {}


async def test_a_number_of_the_queue_leads_to_nobody(desk: Desk, house: House, clock: FixedClock) -> None:
    counter = await desk.staff(Role.COUNTER, POLRES)
    made = await desk.client.post(
        "/v1/counter/queue/tickets", headers=counter, json={"kind": "counter", "helped": "pregnant"}
    )
    assert made.status_code == 201, made.text
    assert await after(house, clock, 29) == {}
    assert await after(house, clock, 2) == {retention.NUMBERS: 1}
    async with house.db.begin(SYSTEM) as tx:
        [entry] = (await tx.session.execute(select(QueueEntry))).scalars()
    assert (entry.helped, entry.case_id, entry.booking_id) == (None, None, None)
    assert entry.number == "A001", "the day's figures stay"
