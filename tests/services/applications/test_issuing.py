"""Issued documents: from the decision to the sealed file; what the log, the public check, the counter and an erased person see."""

import asyncio
import dataclasses
import hashlib
import io
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.db import Enqueuer, JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id, new_reference
from app.core.problems import Problem
from app.core.texts import Text
from app.main import create_app
from app.services import cases
from app.services.applications import issuing, revoking
from app.services.applications.issued_models import IssuedDocument, IssuedDocumentRow
from app.services.applications.issuing import IssuedDataSource
from app.services.applications.revoking import Remedy, Verdict
from app.services.cases import Case, CaseEvent
from app.services.documents.issued import PaperFacts
from app.services.documents.issued_kinds import issued_kind, number_is_valid
from app.services.documents.seal_checks import verify_seal
from app.services.documents.signing import DocumentSigner
from app.services.documents.threads import off_loop
from app.services.transparency.models import Leaf
from tests.services.documents import issued_papers as papers

UNIT = papers.UNIT
NIK = papers.NIK
UNTIL = date(2026, 9, 2)
WORDS = "Salah ketik nama, diberitahu pemegang"


class Papers:
    """What a case would know; counts how often it was asked."""

    def __init__(self, facts: PaperFacts) -> None:
        self.facts, self.asked = facts, 0

    async def data_for(self, house: House, case_id: UUID) -> PaperFacts:
        self.asked += 1
        return self.facts


class Noted(Enqueuer):
    """Jobs as they would be in the queue."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, JsonValue]] = []

    async def enqueue(self, session: AsyncSession, job: str, *args: JsonValue) -> None:
        self.jobs.append((job, args[0]))


@dataclasses.dataclass
class Desk:
    """A house with a source of papers and a queue that can be looked into."""

    house: House
    source: Papers
    queue: Noted

    async def render(self) -> None:
        """Run the render jobs that wait."""
        for job, document_id in list(self.queue.jobs):
            if job == issuing.RENDER:
                await issuing.render_issued(self.house, str(document_id))


@pytest.fixture
async def desk(house: House) -> Desk:
    return equipped(house)


def equipped(house: House) -> Desk:
    source, queue = Papers(papers.facts("skck")), Noted()
    house.db.enqueuer = queue
    return Desk(dataclasses.replace(house, parts={**house.parts, IssuedDataSource: source}), source, queue)


def staff(*roles: str, unit: str = UNIT, id: str = "01-staff") -> Actor:
    return Actor(ActorKind.STAFF, id, frozenset(roles), unit)


SENIOR, COUNTER = staff("senior_officer", id="02-senior"), staff("counter")
REASON = "Sudah diperiksa oleh dua orang"


async def propose(desk: Desk, document: IssuedDocument, remedy: Remedy, why: str, actor: Actor = COUNTER) -> UUID:
    async with desk.house.db.begin(actor) as tx:
        return await revoking.propose(tx, document.id, remedy, why, WORDS)


async def take_back(desk: Desk, document: IssuedDocument, why: str, remedy: Remedy = Remedy.REVOKE) -> IssuedDocument:
    """Proposed by the counter, confirmed by a senior officer."""
    proposal = await propose(desk, document, remedy, why)
    async with desk.house.db.begin(SENIOR) as tx:
        return await revoking.decide(tx, proposal, Verdict.CONFIRM, REASON)


async def events_of(house: House, case_id: UUID) -> list[CaseEvent]:
    async with house.db.begin(SYSTEM) as tx:
        query = select(CaseEvent).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq))
        return list((await tx.session.execute(query)).scalars())


async def a_case(tx: Tx) -> UUID:
    case = Case(
        id=new_id(),
        lifecycle="application",
        lifecycle_version=1,
        reference=new_reference("APP"),
        unit=UNIT,
        state="approved",
        version=1,
        opened_at=tx.now,
        entered_at=tx.now,
    )
    tx.session.add(case)
    await tx.session.flush()
    return case.id


async def issue(desk: Desk, kind: str = "skck", **options: Any) -> IssuedDocument:
    async with desk.house.db.begin(SYSTEM) as tx:
        case_id = options.pop("case_id", None) or await a_case(tx)
        key_id = await vault.key_for_person(tx, NIK)
        values = {"kind": kind, "unit": UNIT, "valid_until": UNTIL, **options}
        return await issuing.prepare_issue(tx, case_id=case_id, key_id=key_id, **values)


async def leaves(house: House, kind: str) -> list[str]:
    async with house.db.read() as connection:
        query = select(col(Leaf.body)).where(col(Leaf.kind) == kind).order_by(col(Leaf.recorded_at), col(Leaf.id))
        return list((await connection.execute(query)).scalars())


async def row_of(house: House, document: IssuedDocument) -> IssuedDocumentRow:
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.session.get(IssuedDocumentRow, document.id)
        assert row is not None
        return row


async def checked(house: House, code: str) -> dict[str, Any]:
    transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(f"/v1/verify/{code}", headers={"Accept-Language": "en"})
        page = await client.get(f"/periksa/{code}")
    found: dict[str, Any] = answer.json()
    return {**found, "page": page.text}


async def test_from_the_decision_to_the_sealed_file(desk: Desk) -> None:
    house = desk.house
    document = await issue(desk)
    assert number_is_valid(issued_kind("skck"), document.number)
    assert document.number.endswith(f"/III/2026/{UNIT}")
    assert desk.queue.jobs == [(issuing.RENDER, str(document.id))]
    with pytest.raises(Problem, match="applications-issued-not-ready"):
        await issuing.issued_pdf(house, document.case_id)

    await desk.render()
    await desk.render()  # a job may run twice
    assert desk.source.asked == 1
    assert [job for job, _ in desk.queue.jobs] == [issuing.RENDER, issuing.TELL_ISSUED]
    assert desk.queue.jobs[-1] == (issuing.TELL_ISSUED, str(document.case_id))

    pdf = await issuing.issued_pdf(house, document.case_id)
    verdict = await off_loop(verify_seal, pdf, house[DocumentSigner].certificates.pem().encode())
    assert verdict.pinned
    assert verdict.contact == f"{house.settings.public_url}/periksa/{document.check_code}"
    said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    for shown in (document.number, document.check_code, "Siti Contohwati", NIK, "2 September 2026"):
        assert shown in said, shown

    row = await row_of(house, document)
    assert row.sha256 is not None
    assert b"%PDF" not in await house.storage.get(row.sha256), "the store holds no readable file"
    async with house.db.read() as connection:
        found = await issuing.issued_of(connection, document.case_id)
    assert found is not None
    assert found.ready
    assert found == dataclasses.replace(document, ready=True)


async def test_the_log_knows_what_was_issued_and_nobody(desk: Desk) -> None:
    document = await issue(desk)
    await desk.render()
    [issued] = await leaves(desk.house, "document_issued")
    [sealed] = await leaves(desk.house, "document_sealed")
    pdf = await issuing.issued_pdf(desk.house, document.case_id)
    assert hashlib.sha256(pdf).hexdigest() in sealed
    for body in (issued, sealed):
        assert str(document.id) in body
        assert all(secret not in body for secret in (NIK, "Contohwati", document.check_code, document.number))


async def test_the_file_is_stored_once_when_two_runs_of_the_job_meet(desk: Desk) -> None:
    document = await issue(desk)
    await asyncio.gather(*(issuing.render_issued(desk.house, str(document.id)) for _ in range(2)))
    assert len(await leaves(desk.house, "document_sealed")) == 1
    assert [job for job, _ in desk.queue.jobs].count(issuing.TELL_ISSUED) == 1


async def test_a_case_ends_in_one_good_document_of_a_kind(desk: Desk) -> None:
    document = await issue(desk)
    with pytest.raises(Problem, match="applications-already-issued") as refused:
        await issue(desk, case_id=document.case_id)
    assert document.number in refused.value.detail("en")
    assert (await issue(desk, "certificate", case_id=document.case_id)).kind == "certificate"


async def test_the_table_itself_allows_no_second_one(desk: Desk) -> None:
    document = await issue(desk)
    row = await row_of(desk.house, document)
    values = {**row.model_dump(), "id": new_id(), "number": "SKCK/X", "check_code": document.check_code}
    for wrong in (values, {**values, "revoked_at": row.issued_at}, {**values, "print_state": "lost"}):
        with pytest.raises(IntegrityError):
            async with desk.house.db.begin(SYSTEM) as tx:
                tx.session.add(IssuedDocumentRow(**wrong))


async def test_a_day_that_only_a_register_knows_comes_with_the_paper(desk: Desk) -> None:
    desk.source.facts = papers.facts("sim", valid_until=date(2029, 8, 17))
    document = await issue(desk, "sim", valid_until=None)
    await desk.render()
    said = PdfReader(io.BytesIO(await issuing.issued_pdf(desk.house, document.case_id))).pages[0].extract_text()
    assert "17 Agustus 2029" in said
    assert NIK not in document.number
    assert (await checked(desk.house, document.check_code))["valid_until"] == "2029-08-17"


async def test_anybody_may_ask_and_learns_nothing_private(desk: Desk, clock: FixedClock) -> None:
    document = await issue(desk)
    answer = await checked(desk.house, document.check_code)
    assert (answer["genuine"], answer["valid"], answer["kind"], answer["document"]) == (True, True, "document", "skck")
    assert (answer["number"], answer["valid_until"]) == (document.number, "2026-09-02")
    assert answer["unit"]["name"] == "Polres Metro Jakarta Selatan"
    assert answer["about"] == "Police record certificate"
    assert document.number in answer["page"]
    assert "2 September 2026" in answer["page"]
    assert all(secret not in str(answer) for secret in (NIK, "Contohwati", "Melati"))

    clock.set(papers.ISSUED_AT.replace(month=9, day=2, hour=23, minute=59))  # the last minute of the last day, there
    assert (await checked(desk.house, document.check_code))["valid"] is True
    clock.set(papers.ISSUED_AT.replace(month=9, day=3, hour=0, minute=0))
    answer = await checked(desk.house, document.check_code)
    assert (answer["genuine"], answer["valid"]) == (True, False)
    assert "its time is over" in answer["advice"]
    assert "masa berlakunya sudah habis" in answer["page"]


async def test_a_revoked_document_is_known_to_be_from_that_moment(desk: Desk) -> None:
    document = await issue(desk)
    await desk.render()
    proposal = await propose(desk, document, Remedy.REVOKE, "obtained_by_deceit")
    assert (await checked(desk.house, document.check_code))["status"] == "valid", "one person alone revokes nothing"
    with pytest.raises(Problem, match="applications-already-proposed"):
        await propose(desk, document, Remedy.REPLACE, "lost")
    async with desk.house.db.begin(SENIOR) as tx:
        revoked = await revoking.decide(tx, proposal, Verdict.CONFIRM, REASON)
    assert revoked.revoked_at == desk.house.clock.now()
    assert desk.queue.jobs[-1] == (issuing.TELL_REVOKED, str(document.id))
    answer = await checked(desk.house, document.check_code)
    assert (answer["status"], answer["genuine"], answer["valid"]) == ("revoked", False, False)
    assert answer["revoked_at"] == "2026-03-02T03:00:00Z"
    assert "Do not accept it" in answer["advice"]
    assert "sudah dicabut" in answer["page"]
    [leaf] = await leaves(desk.house, "document_revoked")
    assert '"why":"obtained_by_deceit"' in leaf
    asked, done = await events_of(desk.house, document.case_id)
    assert (asked.action, asked.actor_id, asked.reason) == ("propose_revocation", COUNTER.id, None)
    assert (done.action, done.actor_id, done.reason) == ("confirm_revocation", SENIOR.id, REASON)
    assert "obtained by deceit" in done.title_en
    async with desk.house.db.read() as connection:
        [view] = await revoking.proposals_of(connection, desk.house.keys, document.case_id)
        assert await cases.tasks_of(connection, document.case_id) == [], "the work is off the lists"
    assert (view.words, view.decision) == (WORDS, "confirmed")
    assert WORDS not in leaf + str(answer) + str([asked.data, done.data, asked.title_id])
    with pytest.raises(Problem, match="applications-issued-revoked") as gone:
        await issuing.issued_pdf(desk.house, document.case_id)
    assert gone.value.type.status == 410
    with pytest.raises(Problem, match="applications-already-revoked"):
        await propose(desk, document, Remedy.REVOKE, "lost")
    with pytest.raises(Problem, match="applications-proposal-not-found"):
        async with desk.house.db.begin(SENIOR) as tx:
            await revoking.decide(tx, proposal, Verdict.DECLINE, REASON)


@pytest.mark.parametrize(
    ("actor", "why", "words", "problem"),
    [
        (staff("auditor"), "lost", WORDS, "not-permitted"),
        (staff("supervisor", "senior_officer", unit="PMJ"), "lost", WORDS, "applications-issued-not-found"),
        (COUNTER, "because", WORDS, "applications-revocation-reason"),
        (COUNTER, "replaced", WORDS, "applications-revocation-reason"),
        (COUNTER, "lost", "   kurang  ", "applications-revocation-words"),
    ],
)
async def test_who_may_not_propose_and_why(desk: Desk, actor: Actor, why: str, words: str, problem: str) -> None:
    document = await issue(desk)
    with pytest.raises(Problem, match=problem):
        async with desk.house.db.begin(actor) as tx:
            await revoking.propose(tx, document.id, Remedy.REVOKE, why, words)
    assert await events_of(desk.house, document.case_id) == []


async def test_a_second_person_decides_and_may_decline(desk: Desk) -> None:
    document = await issue(desk)
    proposal = await propose(desk, document, Remedy.REVOKE, "lost", SENIOR)
    refused = [
        (SENIOR, REASON, "cases-four-eyes"),
        (COUNTER, REASON, "not-permitted"),
        (staff("senior_officer", unit="PMJ"), REASON, "applications-issued-not-found"),
        (staff("senior_officer"), "ya", "applications-revocation-words"),
    ]
    for actor, reason, problem in refused:
        with pytest.raises(Problem, match=problem):
            async with desk.house.db.begin(actor) as tx:
                await revoking.decide(tx, proposal, Verdict.CONFIRM, reason)
    async with desk.house.db.begin(staff("senior_officer")) as tx:
        kept = await revoking.decide(tx, proposal, Verdict.DECLINE, REASON)
    assert kept.revoked_at is None
    assert (await checked(desk.house, document.check_code))["status"] == "valid"
    assert [each.action for each in await events_of(desk.house, document.case_id)] == [
        "propose_revocation",
        "decline_revocation",
    ]
    assert issuing.TELL_REVOKED not in [job for job, _ in desk.queue.jobs]
    assert (await take_back(desk, document, "damaged")).revoked_at is not None, "another proposal may follow"


async def test_a_document_made_anew_names_its_successor(desk: Desk) -> None:
    old = await issue(desk, on_paper=True, about=Text("SKCK contoh", "Example record"))
    await desk.render()
    new = await take_back(desk, old, "data_wrong", Remedy.REPLACE)
    await desk.render()
    assert new.number != old.number
    assert new.check_code != old.check_code
    assert (new.valid_until, new.print_state) == (old.valid_until, "ordered")
    async with desk.house.db.read() as connection:
        first, second = await issuing.list_issued(connection, old.case_id)
        assert {first.id, second.id} == {old.id, new.id}
        assert (await issuing.get_issued(connection, old.id)).replaced_by == new.id
        assert await issuing.issued_of(connection, old.case_id) == dataclasses.replace(new, ready=True)
        [order] = await issuing.list_print_orders(connection, UNIT)
    assert order.document_id == new.id, "what was revoked is printed no more"
    assert "replaced by a new one" in (await checked(desk.house, old.check_code))["advice"]
    assert (await checked(desk.house, new.check_code))["about"] == "Example record"


async def test_a_replacement_of_another_case_ends_the_old_licence(desk: Desk) -> None:
    desk.source.facts = papers.facts("sim")
    old, other = await issue(desk, "sim", subject_bidx="a"), await issue(desk, "sim", subject_bidx="c")
    new = await issue(desk, "sim", subject_bidx="a")
    async with desk.house.db.read() as connection:
        ended = await issuing.get_issued(connection, old.id)
        assert (await issuing.get_issued(connection, other.id)).revoked_at is None, "a licence of another class"
    assert ended.replaced_by == new.id
    assert (await checked(desk.house, old.check_code))["status"] == "replaced"
    assert [each.action for each in await events_of(desk.house, old.case_id)] == ["document_replaced"]
    assert (issuing.TELL_REVOKED, str(old.id)) in desk.queue.jobs, "whoever held the old one is told"


async def test_a_card_is_printed_once(desk: Desk) -> None:
    desk.source.facts = papers.facts("sim")
    document = await issue(desk, "sim", on_paper=True)
    digital = await issue(desk, "stnk_pengesahan")
    async with desk.house.db.read() as connection:
        assert await issuing.list_print_orders(connection, UNIT) == (), "nothing is printed before it is sealed"
    await desk.render()
    async with desk.house.db.read() as connection:
        [order] = await issuing.list_print_orders(connection, UNIT)
        assert await issuing.list_print_orders(connection, "PMJ") == ()
    assert (order.document_id, order.prints.en) == (document.id, "licence card")
    for actor, problem in ((staff("officer"), "not-permitted"), (staff("counter", unit="PMJ"), "not-found")):
        with pytest.raises(Problem, match=problem):
            async with desk.house.db.begin(actor) as tx:
                await issuing.mark_printed(tx, document.id)
    async with desk.house.db.begin(COUNTER) as tx:
        assert (await issuing.mark_printed(tx, document.id)).print_state == "printed"
    for each in (document, digital):
        with pytest.raises(Problem, match="applications-not-ordered"):
            async with desk.house.db.begin(COUNTER) as tx:
                await issuing.mark_printed(tx, each.id)
    assert len(await leaves(desk.house, "document_printed")) == 1


async def test_an_erased_person_leaves_a_number_and_no_file(desk: Desk) -> None:
    document = await issue(desk)
    await desk.render()
    async with desk.house.db.begin(SYSTEM) as tx:
        await vault.destroy(tx, await vault.key_for_person(tx, NIK))
    with pytest.raises(Problem, match="applications-issued-erased"):
        await issuing.issued_pdf(desk.house, document.case_id)
    assert (await checked(desk.house, document.check_code))["genuine"] is True


async def test_what_was_revoked_before_it_was_rendered_is_never_made(desk: Desk) -> None:
    document = await issue(desk)
    await take_back(desk, document, "data_wrong")
    await desk.render()
    assert desk.source.asked == 0
    assert [job for job, _ in desk.queue.jobs] == [issuing.RENDER, issuing.TELL_REVOKED]


async def test_two_approvals_at_once_issue_one_document(postgres_house: House) -> None:
    desk = equipped(postgres_house)
    async with desk.house.db.begin(SYSTEM) as tx:
        case_id, key_id = await a_case(tx), await vault.key_for_person(tx, NIK)
    barrier = asyncio.Barrier(2)

    async def approve() -> str:
        async with desk.house.db.begin(SYSTEM) as tx:
            await tx.session.execute(text("SELECT 1"))
            await barrier.wait()
            made = await issuing.prepare_issue(
                tx, case_id=case_id, key_id=key_id, kind="skck", unit=UNIT, valid_until=UNTIL
            )
            return made.number

    outcomes = await asyncio.gather(approve(), approve(), return_exceptions=True)
    assert sorted(type(each) for each in outcomes if not isinstance(each, str)) == [IntegrityError]
    async with desk.house.db.read() as connection:
        assert len(await issuing.list_issued(connection, case_id)) == 1


async def test_the_certificates_are_published(desk: Desk) -> None:
    transport = httpx.ASGITransport(app=create_app(desk.house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/v1/transparency/document-certificates")
    assert answer.headers["content-type"].startswith("application/pem-certificate-chain")
    document = await issue(desk)
    await desk.render()
    pdf = await issuing.issued_pdf(desk.house, document.case_id)
    assert (await off_loop(verify_seal, pdf, answer.content)).pinned
