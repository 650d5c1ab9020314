"""A citizen's applications: all of them, one at a glance, its end, its papers; and where one stands without an account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.deps import TheAddress
from app.routers.http.guards import CitizenOnPage, public
from app.routers.http.paging import cursor_of, read_time_and_id
from app.routers.pages import application_words as words
from app.routers.pages.account import account_of
from app.routers.pages.application_tasks import tasks_of
from app.routers.pages.applying import Done, at, mendings_of, own
from app.routers.pages.forms import Form
from app.routers.pages.tickets import NO_STORE, ShownProof, unit_name
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, appointments, cases, documents
from app.services.applications import ApplicationView
from app.services.applications.problems import PROOF_NOT_READY
from app.services.appointments import EntryView, Line
from app.services.documents import qr_svg

router = APIRouter(include_in_schema=False)

PAGE = 25
MAX_REFERENCE = 40
COMING = ("held", "confirmed")
BEEN_THERE = frozenset(
    [
        "attended",
        "approved",
        "issued",
        "printed",
        "ready",
        "shipped",
        "handed_over",
        "completed",
        "rejected",
        "cancelled",
    ]
)
"""States in which nobody is to come any more."""
NOTICES = {
    "simpan": Text("Tersimpan.", "Saved."),
    "pesan": Text("Pesan terkirim kepada petugas.", "Your message was sent to the officer."),
    "jadwal": Text("Jadwal tersimpan.", "The appointment was saved."),
    "lepas": Text("Jadwal dilepas.", "The appointment was let go."),
    "batal": Text("Permohonan dibatalkan.", "The application was cancelled."),
    "buka": Text(
        "Permohonan dibuka lagi. Semua isian masih ada.", "It is open again. Everything that you gave is there."
    ),
    "kirim": Text("Perbaikan terkirim.", "What you mended was sent."),
    "rekening": Text("Rekening tersimpan.", "The account was saved."),
}
REFERENCE_WRONG = Text(
    "Tulis nomor permohonan, misalnya SIM7K3M9QXT4.", "Enter the reference, for example SIM7K3M9QXT4."
)
BIRTH_WRONG = Text(
    "Isi tanggal lahir pemohon dengan angka, misalnya 12 11 1987.",
    "Give the applicant's day of birth in digits, for example 12 11 1987.",
)
NOT_FOUND_HERE = Text(
    "Tidak ditemukan. Periksa nomor permohonan dan tanggal lahir pemohon; satu huruf yang keliru juga memberi jawaban ini.",
    "Not found. Check the reference and the applicant's day of birth; a single wrong character gives this answer too.",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where somebody stands in today's queue: called to a counter, or waiting behind so many."""

    unit: str
    number: str
    counter: str | None
    before: int
    expected_at: datetime | None

    @classmethod
    def of(cls, found: Line | EntryView) -> "Turn":
        """From the room's line, or from who is called."""
        if isinstance(found, EntryView):
            return cls(found.unit, found.number, found.counter, 0, None)
        return cls(found.entry.unit, found.entry.number, None, found.before, found.expected_at)


@router.get("/permohonan")
async def my_applications(
    me: CitizenOnPage, visit: TheVisit, after: Annotated[str | None, Query(max_length=400)] = None
) -> Response:
    """The applications of this account, newest first."""
    before = read_time_and_id(after)
    found = await applications.list_own(visit.house, UUID(me.id), limit=PAGE + 1, before=before)
    page = found[:PAGE]
    following = None
    if len(found) > PAGE:
        following = f"/permohonan?after={cursor_of(page[-1].created_at.isoformat(), str(page[-1].id))}"
    return visit.show(
        "pages/applications/mine.html",
        account=await account_of(visit, me.id),
        lines=page,
        first_page=after is None,
        next_href=following,
    )


@router.get("/permohonan/status", dependencies=[public()])
async def ask_status(visit: TheVisit, ref: Annotated[str, Query(max_length=60)] = "") -> Response:
    """Where does it stand? By reference and day of birth, without an account."""
    return visit.show("pages/applications/status.html", form=Form({"reference": ref}, dates={"born_on"}), found=None)


@router.post("/permohonan/status", dependencies=[public()])
async def show_status(visit: TheVisit, address: TheAddress) -> Response:
    """An unknown reference and a wrong day get the same answer; limited as the JSON door is."""
    form = await visit.form()
    typed = form.need("reference", REFERENCE_WRONG, longest=MAX_REFERENCE)
    born_on = form.date("born_on", BIRTH_WRONG)
    found = None
    if not form.errors and born_on is not None:
        await visit.house[Limits].hit("status-address", address)
        await visit.house[Limits].hit("lookup-plate", f"application {typed.upper()}")
        found = await applications.status_of(visit.house, typed, born_on)
        if found is None:
            form.errors["reference"] = NOT_FOUND_HERE
    meaning = words.MEANINGS.get(found.state) if found else None
    status = 422 if form.errors else 200
    return visit.show("pages/applications/status.html", status=status, form=form, found=found, meaning=meaning)


@router.get("/permohonan/{id}")
async def application_page(id: UUID, me: CitizenOnPage, visit: TheVisit, done: Done = "") -> Response:
    """A draft as the list of what is to be done; anything later with where it stands and what to do next."""
    view = await own(visit, me, id)
    if view.state == "draft":
        return await _show_tasks(visit, view, done)
    return await _show_application(visit, view, done)


@router.get("/permohonan/{id}/riwayat")
async def looks_page(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Which staff opened it, when and what for."""
    view = await own(visit, me, id)
    looks = [each for each in await _timeline(visit, id) if each.action == "look"]
    return visit.show("pages/applications/looks.html", view=view, looks=list(reversed(looks)))


@router.get("/permohonan/{id}/bukti")
async def proof_page(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """What the proof says in words; the file itself is one link on."""
    view = await own(visit, me, id)
    proof: ShownProof | None = None
    try:
        proof = ShownProof.of(await applications.proof_for(visit.house, me, id))
    except Problem as problem:
        if problem.type is not PROOF_NOT_READY:
            raise
    return visit.show("pages/applications/proof.html", view=view, proof=proof)


@router.get("/permohonan/{id}/bukti.json")
async def proof_file(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """The inclusion proof for `loket verify`."""
    proof = orjson.loads(await applications.proof_for(visit.house, me, id))
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="bukti.json"'}
    return visit.finish(Response(orjson.dumps(proof), headers=headers, media_type="application/json"))


@router.get("/permohonan/{id}/bukti-bayar.pdf")
async def receipt_file(
    id: UUID, me: CitizenOnPage, visit: TheVisit, no: Annotated[str | None, Query(max_length=40)] = None
) -> Response:
    """The receipt of a payment, the newest without its number; it carries its own proof."""
    pdf = await documents.payment_receipt(await applications.receipt_for(visit.house, me, id, code=no))
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="bukti-bayar.pdf"'}
    return visit.finish(Response(pdf, headers=headers, media_type="application/pdf"))


@router.get("/permohonan/{id}/dokumen.pdf")
async def issued_file(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """The issued document, signed."""
    await applications.must_own(visit.house, me, id)
    data = await applications.issued_pdf(visit.house, id)
    headers = {**NO_STORE, "Content-Disposition": 'inline; filename="dokumen.pdf"'}
    return visit.finish(Response(data, headers=headers, media_type="application/pdf"))


# --- its end, and another beginning ----------------------------------------------------------------------------------------


@router.get("/permohonan/{id}/batal")
async def ask_cancel(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Really stop? And what becomes of the money."""
    return _show_step(visit, await own(visit, me, id), "cancel", Form())


@router.post("/permohonan/{id}/batal")
async def cancel(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Stop; before an officer has begun, all money goes back by itself."""
    form = await visit.form()
    view = await own(visit, me, id)
    if view.state == "cancelled":  # pressed twice
        return visit.go(at(id))
    try:
        async with visit.house.db.begin(me) as tx:
            await applications.discard(tx, id)
    except Problem as problem:
        return _refused(visit, view, "cancel", form, problem)
    return visit.go(f"{at(id)}?selesai=batal")


@router.get("/permohonan/{id}/buka-lagi")
async def ask_reopen(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Back to the draft? The payment code ends with that."""
    return _show_step(visit, await own(visit, me, id), "reopen", Form())


@router.post("/permohonan/{id}/buka-lagi")
async def reopen(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Open it again with everything that was filled in."""
    form = await visit.form()
    view = await own(visit, me, id)
    if view.state == "draft":  # pressed twice
        return visit.go(at(id))
    try:
        async with visit.house.db.begin(me) as tx:
            await applications.reopen(tx, id)
    except Problem as problem:
        return _refused(visit, view, "reopen", form, problem)
    return visit.go(f"{at(id)}?selesai=buka")


# --- below the doors ----------------------------------------------------------------------------------------------------


async def _show_tasks(visit: Visit, view: ApplicationView, done: str) -> Response:
    return visit.show(
        "pages/applications/tasks.html",
        view=view,
        tasks=tasks_of(visit, view),
        notice=NOTICES.get(done),
    )


async def _show_application(visit: Visit, view: ApplicationView, done: str) -> Response:
    entries = await _timeline(visit, view.id)
    booked = view.booking if view.booking is not None and view.booking.state in COMING else None
    coming = booked if view.state not in BEEN_THERE else None
    check_in = None
    if coming is not None and coming.state == "confirmed":
        check_in = Markup(qr_svg(applications.check_in_token(visit.house, coming)))  # noqa: S704 drawn here, of black and white
    async with visit.house.db.read() as connection:
        unread = await applications.count_unread(connection, view.id)
    return visit.show(
        "pages/applications/application.html",
        view=view,
        meaning=words.MEANINGS.get(view.state) if view.may_rebook else words.NO_MORE_DATES,
        due_label=words.DUE_LABELS.get(view.state, words.DUE) if view.may_rebook else words.MONEY_BACK_ON,
        mendings=mendings_of(view),
        coming=coming,
        coming_to=await unit_name(visit, coming.unit) if coming else "",
        check_in=check_in,
        turn=await _turn(visit, view),
        receipts=await applications.receipts_of(visit.house, view.id),
        unread=unread,
        entries=list(reversed(entries)),
        notice=NOTICES.get(done),
    )


async def _turn(visit: Visit, view: ApplicationView) -> Turn | None:
    async with visit.house.db.read() as connection:
        found = await appointments.line_of(connection, view.id, now=visit.now)
    return None if found is None else Turn.of(found)


async def _timeline(visit: Visit, case_id: UUID) -> list[cases.TimelineEntry]:
    async with visit.house.db.read() as connection:
        return list(await cases.timeline(connection, case_id))


def _show_step(visit: Visit, view: ApplicationView, step: str, form: Form, *, status: int = 200) -> Response:
    return visit.show(f"pages/applications/{step}.html", status=status, view=view, form=form)


def _refused(visit: Visit, view: ApplicationView, step: str, form: Form, problem: Problem) -> Response:
    form.take(problem, onto="main-content")
    return _show_step(visit, view, step, form, status=problem.type.status)
