"""What nobody needs any more of an application is gone by the policy's days, counted; what is still of use stays."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases, transparency
from app.services.applications import assisting, issue, issuing, retention
from app.services.applications.assisting import Claim
from app.services.applications.issued_models import IssuedDocumentRow
from app.services.applications.issued_store import Revocation
from app.services.applications.models import Application, ApplicationDocument, ApplicationMessage
from app.services.applications.retention_models import RetentionCount
from app.services.appointments.queue_models import QueueEntry
from app.services.cases import paper_consents
from app.services.cases.models import CaseEvent, PaperConsent
from app.services.identity.roles import Role
from app.services.registries import demo
from app.services.transparency.models import Leaf
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.drain import drain

DAY = timedelta(days=1)
WHO = demo.PEOPLE[demo.BUDI]
BUDIS = next(each for each in demo.demo_vehicles() if each.owner_nik == WHO.nik)
CAR = {"plate": BUDIS.plate, "chassis_tail": BUDIS.chassis_no[-5:], "owner_nik": None}


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


async def test_an_issued_document_goes_by_the_days_of_its_kind_and_its_fate_stays(
    desk: Desk, house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    id = await desk.through("skck-new", purpose="private_employer")
    await drain(house, raise_errors=False)
    for action in ("print", "make_ready", "hand_over"):
        await desk.act(id, Role.COUNTER, action)
    async with house.db.begin(SYSTEM) as tx:
        [issued] = (await tx.session.execute(select(IssuedDocumentRow))).scalars()
        assert issued.valid_until is not None
        assert issued.sha256 is not None
        await tx.enqueue(retention.DROP_FILE, issued.sha256)
    await drain(house, raise_errors=False)
    assert await house.storage.exists(issued.sha256), "a file that is named stays"
    good = (issued.valid_until - clock.now().date()).days
    assert retention.DOCUMENTS not in await after(house, clock, good + 365)
    assert (await after(house, clock, 2))[retention.DOCUMENTS] == 1
    assert not await house.storage.exists(issued.sha256)
    async with house.db.begin(SYSTEM) as tx:
        [row] = (await tx.session.execute(select(IssuedDocumentRow))).scalars()
    assert row.key_id != issued.key_id, "not even the key leads back"
    assert (row.number, row.check_code, row.valid_until) == (issued.number, issued.check_code, issued.valid_until)
    await desk.sign_in()
    pdf = await client.get(f"/v1/applications/{id}/document.pdf", headers=desk.headers)
    assert (pdf.status_code, pdf.json()["code"]) == (410, "applications-issued-erased")
    assert (await desk.get(f"/v1/applications/{id}"))["issued"]["ready"] is False
    assert (await client.get(f"/v1/verify/{row.check_code}")).json()["status"] == "expired"
    await issue.finish_stuck(house)
    assert issuing.RENDER not in await drain(house, raise_errors=False), "nor is it made again"


async def test_a_revocation_outlives_the_file(
    desk: Desk, house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    id = await desk.through("stnk-annual", **CAR)
    await drain(house, raise_errors=False)
    async with house.db.begin(SYSTEM) as tx:
        [issued] = (await tx.session.execute(select(IssuedDocumentRow))).scalars()
        issued.revoked_at, issued.revoked_by, issued.revoked_why = tx.now, "petugas", Revocation.DATA_WRONG
        await transparency.check_codes.revoke(tx, issued.check_code)
    gone = await after(house, clock, 367)
    assert gone[retention.DOCUMENTS] == 1
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.session.get(IssuedDocumentRow, issued.id)
    assert row is not None
    assert (row.revoked_by, row.revoked_why) == ("petugas", Revocation.DATA_WRONG)
    assert (await client.get(f"/v1/verify/{row.check_code}")).json()["status"] == "revoked"
    assert id


async def test_a_form_of_consent_is_forgotten_and_that_it_was_used_stays(
    desk: Desk, house: House, clock: FixedClock
) -> None:
    person = await assisting.registered(house, Claim(WHO.nik, WHO.born_on, WHO.kk_no))
    counter = Actor(ActorKind.STAFF, "loket", frozenset({str(Role.COUNTER)}), unit=POLRES)
    draft = await desk.draft("sim-renewal", sim_class="A")
    files = []
    async with house.db.begin(counter) as tx:
        forms = [await assisting.print_to_begin(tx, person) for _ in range(2)]
    for each in forms:
        scan = await paper_consents.store_scan(house, counter, each.id, paper("consent"))
        async with house.db.begin(counter) as tx:
            await paper_consents.keep_scan(tx, each.id, scan)
    async with house.db.begin(replace(counter, id="kedua")) as tx:
        used = await paper_consents.confirm_seen(tx, forms[0].id)
        row = await tx.session.get(PaperConsent, used.id)
        assert row is not None
        row.used_at = tx.now
        await paper_consents.belongs_to(tx, used.id, UUID(draft["id"]))
        files = [each.scan_sha256 for each in (await tx.session.execute(select(PaperConsent))).scalars()]
    assert len(set(files)) == 2
    await desk.post(f"/v1/applications/{draft['id']}/cancel")
    assert (await after(house, clock, 32))[retention.CONSENTS] == 1, "the one that was never used"
    assert retention.CONSENTS not in await after(house, clock, 1790)
    assert (await after(house, clock, 5))[retention.CONSENTS] == 1
    async with house.db.begin(SYSTEM) as tx:
        rows = {each.id: each for each in (await tx.session.execute(select(PaperConsent))).scalars()}
    assert {(each.name_enc, each.scan_sha256) for each in rows.values()} == {(None, None)}
    kept = rows[used.id]
    assert (kept.case_id, kept.seen_by) == (UUID(draft["id"]), "kedua")
    assert kept.used_at is not None
    assert kept.scan_digest is not None, "as the log names it"
    assert [await house.storage.exists(str(each)) for each in files] == [False, False]
