"""The five answers, a question to a page: yours? - how? - details - documents - check - sent (`etle`, section 4).

Between pages the answer lives in the browser's sealed draft; the room hears of it when it is sent. The fields are
checked by the same schema as the JSON door, so that page and API can never want different things.
"""

from dataclasses import replace
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import Response

from app.core.limits import Limits
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.routers.http.problems import field_error
from app.routers.pages import words
from app.routers.pages.desk import AnswerLine
from app.routers.pages.drafts import Draft, DraftFile, drop_draft, keep_draft, read_draft
from app.routers.pages.forms import MAX_UPLOAD_BYTES, Form
from app.routers.pages.render import show_day
from app.routers.pages.tickets import TicketOnPage
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.tickets import AnswerIn
from app.services import etle
from app.services.etle import TicketView

router = APIRouter(include_in_schema=False)

STEPS = 5
FORM_AROUND_A_FILE = 64 * 1024
"""Bytes that the form of an upload may have beside its file."""
MAX_FILES = 5
CHOOSE = Text("Pilih salah satu jawaban.", "Choose one of the answers.")
FILE_MISSING = Text("Pilih berkas dahulu.", "Choose a file first.")
TOO_MANY_FILES = Text("Paling banyak lima berkas.", "At most five files.")
BRANCHES = {"yes": ("self", "other_driver", "object"), "no": ("sold", "not_mine")}
WITH_DOCUMENTS = ("sold", "not_mine", "object")
HEADINGS = {
    "self": Text("Data Anda sebagai pengemudi", "Your details as the driver"),
    "other_driver": Text("Siapa yang mengemudi?", "Who was driving?"),
    "sold": Text("Kepada siapa dijual?", "To whom was it sold?"),
    "not_mine": Text("Mengapa bukan kendaraan Anda?", "Why is it not your vehicle?"),
    "object": Text("Mengapa Anda menyanggah?", "Why do you object?"),
}
LABELS = {
    "driver-name": Text("Nama pengemudi", "Driver's name"),
    "driver-nik": Text("NIK pengemudi", "Driver's NIK"),
    "driver-address": Text("Alamat pengemudi", "Driver's address"),
    "driver-phone": Text("Nomor HP pengemudi", "Driver's mobile number"),
    "driver-email": Text("E-mail pengemudi", "Driver's e-mail"),
    "driver-sim_class": Text("Golongan SIM", "Licence class"),
    "driver-sim_no": Text("Nomor SIM", "Licence number"),
    "buyer-name": Text("Nama pembeli", "Buyer's name"),
    "buyer-address": Text("Alamat pembeli", "Buyer's address"),
    "buyer-phone": Text("Nomor HP pembeli", "Buyer's mobile number"),
    "buyer-nik": Text("NIK pembeli", "Buyer's NIK"),
    "sold_on": Text("Tanggal jual", "Date of the sale"),
    "reason": Text("Alasan", "Reason"),
}
_PREFIXES = {"self": "driver-", "other_driver": "driver-", "sold": "buyer-"}


# --- question 1: is it yours? -------------------------------------------------------------------------------------


@router.get("/tilang/{id}/jawab")
async def ask_yours(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Is the vehicle yours or driven by you?"""
    ticket = await etle.ticket_for(visit.house, holder, id)
    draft = read_draft(visit.request, visit.house, id)
    return _answerable(visit, ticket) or _show(visit, ticket, "yours", draft, Form({"yours": draft.yours}))


@router.post("/tilang/{id}/jawab")
async def take_yours(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Keep the answer; a changed one drops what was answered on the other branch."""
    form, draft = await visit.form(), read_draft(visit.request, visit.house, id)
    yours = form.choice("yours", tuple(BRANCHES), CHOOSE)
    if form.errors:
        ticket = await etle.ticket_for(visit.house, holder, id)
        return _show(visit, ticket, "yours", draft, form)
    kept = draft if draft.yours == yours else Draft(yours)
    return _on(visit, id, kept, "keadaan")


# --- question 2: how is it? ---------------------------------------------------------------------------------------


@router.get("/tilang/{id}/jawab/keadaan")
async def ask_kind(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Who drove, or what has become of the vehicle."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    draft = read_draft(visit.request, visit.house, id)
    if not draft.yours:
        return _from_the_start(visit, id)
    return _answerable(visit, ticket) or _show(visit, ticket, "kind", draft, Form({"kind": draft.kind}))


@router.post("/tilang/{id}/jawab/keadaan")
async def take_kind(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Keep the kind of answer; documents that belong to another kind are dropped with it."""
    form, draft = await visit.form(), read_draft(visit.request, visit.house, id)
    if not draft.yours:
        return _from_the_start(visit, id)
    kind = form.choice("kind", BRANCHES[draft.yours], CHOOSE)
    if form.errors:
        ticket = await etle.ticket_for(visit.house, holder, id)
        return _show(visit, ticket, "kind", draft, form)
    kept = draft if draft.kind == kind else Draft(draft.yours, kind)
    return _on(visit, id, kept, "data")


# --- the details of the branch ------------------------------------------------------------------------------------


@router.get("/tilang/{id}/jawab/data")
async def ask_details(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Who drove, who bought, or why."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    draft = read_draft(visit.request, visit.house, id)
    if not draft.kind:
        return _from_the_start(visit, id)
    form = Form({**draft.fields, **_date_parts(draft)}, dates={"sold_on"})
    return _answerable(visit, ticket) or _show(visit, ticket, "details", draft, form)


@router.post("/tilang/{id}/jawab/data")
async def take_details(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Check and keep the fields of this branch."""
    form, draft = await visit.form(), read_draft(visit.request, visit.house, id)
    if not draft.kind:
        return _from_the_start(visit, id)
    filled = replace(draft, fields=fields_of(form, draft.kind))
    check_answer(form, filled)
    if form.errors:
        ticket = await etle.ticket_for(visit.house, holder, id)
        return _show(visit, ticket, "details", draft, form)
    return _on(visit, id, filled, "dokumen" if draft.kind in WITH_DOCUMENTS else "periksa")


# --- documents ----------------------------------------------------------------------------------------------------


@router.get("/tilang/{id}/jawab/dokumen")
async def ask_documents(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Documents that support the answer; none is needed."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    draft = read_draft(visit.request, visit.house, id)
    if draft.kind not in WITH_DOCUMENTS:
        return _from_the_start(visit, id)
    return _answerable(visit, ticket) or _show(visit, ticket, "attachments", draft, Form())


@router.post("/tilang/{id}/jawab/dokumen", max_body_size=MAX_UPLOAD_BYTES + FORM_AROUND_A_FILE)
async def take_document(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Take a file, remove one, or go on."""
    form, draft = await visit.form(), read_draft(visit.request, visit.house, id)
    if draft.kind not in WITH_DOCUMENTS:
        return _from_the_start(visit, id)
    if removed := form.get("remove"):
        return _on(visit, id, draft.without_file(removed), "dokumen")
    if "file" not in form.files and form.get("do") == "continue":
        return _on(visit, id, draft, "periksa")
    file = await _take_file(visit, holder, id, form, draft)
    if file is None:
        ticket = await etle.ticket_for(visit.house, holder, id)
        return _show(visit, ticket, "attachments", draft, form)
    return _on(visit, id, draft.with_file(file), "periksa" if form.get("do") == "continue" else "dokumen")


# --- check and send -----------------------------------------------------------------------------------------------


@router.get("/tilang/{id}/jawab/periksa")
async def check_answers(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Everything once more before it is sent, and what it leads to."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    draft = read_draft(visit.request, visit.house, id)
    if not draft.fields:
        return _from_the_start(visit, id)
    return _answerable(visit, ticket) or _show(visit, ticket, "check", draft, Form())


@router.post("/tilang/{id}/jawab/periksa")
async def send_answer(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Send the answer. What the room refuses is said on the page, and nothing of the draft is lost."""
    form, draft = await visit.form(), read_draft(visit.request, visit.house, id)
    ticket = await etle.ticket_for(visit.house, holder, id)
    if not draft.fields:
        return _from_the_start(visit, id)
    answer = check_answer(form, draft)
    if answer is None:
        return _show(visit, ticket, "check", draft, form)
    try:
        async with visit.house.db.begin(holder) as tx:
            await etle.answer_letter(tx, id, answer.to_answer())
    except Problem as problem:
        form.take(problem, onto="main-content")
        return _show(visit, ticket, "check", draft, form, status=problem.type.status)
    response = visit.go(f"/tilang/{id}/jawab/selesai")
    drop_draft(response)
    return response


@router.get("/tilang/{id}/jawab/selesai")
async def answered(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The confirmation: the case's number, and what happens next."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    return visit.show("pages/answers/done.html", ticket=ticket, meaning=words.MEANINGS[ticket.state])


# --- the named driver ---------------------------------------------------------------------------------------------


@router.get("/tilang/{id}/pengemudi")
async def ask_driver(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Somebody was named as the driver: were they?"""
    ticket = await etle.ticket_for(visit.house, holder, id)
    if not ticket.driver_actions:
        return visit.go(f"/tilang/{id}")
    return _show(visit, ticket, "driver", Draft(), Form())


@router.post("/tilang/{id}/pengemudi")
async def take_driver(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The named driver accepts or declines."""
    form = await visit.form()
    drove = form.choice("drove", ("yes", "no"), CHOOSE)
    ticket = await etle.ticket_for(visit.house, holder, id)
    if form.errors:
        return _show(visit, ticket, "driver", Draft(), form)
    action = "accept_driving" if drove == "yes" else "decline_driving"
    async with visit.house.db.begin(holder) as tx:
        await etle.answer_as_driver(tx, id, action)
    return visit.go(f"/tilang/{id}/jawab/selesai")


# --- below the doors ----------------------------------------------------------------------------------------------

_BACK = {"yours": "", "kind": "/jawab", "details": "/jawab/keadaan", "attachments": "/jawab/data", "driver": ""}
_STEP = {"yours": 1, "kind": 2, "details": 3, "attachments": 4, "check": 5}


def _show(
    visit: Visit, ticket: TicketView, page: str, draft: Draft, form: Form, *, status: int | None = None
) -> Response:
    last = "/jawab/dokumen" if draft.kind in WITH_DOCUMENTS else "/jawab/data"
    return visit.show(
        f"pages/answers/{page}.html",
        status=status or (422 if form.errors else 200),
        ticket=ticket,
        draft=draft,
        form=form,
        step=_STEP.get(page),
        steps=STEPS,
        back_href=f"/tilang/{ticket.id}{_BACK.get(page, last)}",
        heading=HEADINGS.get(draft.kind),
        lines=_lines(visit, ticket, draft),
        consequence=words.CONSEQUENCES.get(draft.kind),
    )


def _answerable(visit: Visit, ticket: TicketView) -> Response | None:
    """Back to the ticket's page when nothing can be answered any more."""
    return None if ticket.answers else visit.go(f"/tilang/{ticket.id}")


def _from_the_start(visit: Visit, ticket_id: UUID) -> Response:
    return visit.go(f"/tilang/{ticket_id}/jawab")


def _on(visit: Visit, ticket_id: UUID, draft: Draft, page: str) -> Response:
    response = visit.go(f"/tilang/{ticket_id}/jawab/{page}")
    keep_draft(response, visit.house, ticket_id, draft)
    return response


def fields_of(form: Form, kind: str) -> dict[str, str]:
    """What was typed in the fields of this branch, and nothing else."""
    if kind not in _PREFIXES:
        return {"reason": form.get("reason").replace("\r\n", "\n")}
    fields = {name: form.get(name) for name in LABELS if name.startswith(_PREFIXES[kind])}
    if kind == "sold":
        on = form.date("sold_on")
        fields["sold_on"] = on.isoformat() if on else ""
    return fields


def check_answer(form: Form, draft: Draft) -> AnswerIn | None:
    """The answer as the JSON door takes it; None with the faults put into the form."""
    # A field left empty is missing, not null: so the schema says that it is needed.
    prefix = _PREFIXES.get(draft.kind, "")
    person = {name: value for name, value in draft.person(prefix.rstrip("-")).items() if value}
    sent: dict[str, object] = {"kind": draft.kind, "attachments": [file.id for file in draft.attachments]}
    if prefix:
        sent[prefix.rstrip("-")] = person
    if draft.kind == "sold":
        sent["sold_on"] = draft.sold_on
    if not prefix:
        sent["reason"] = draft.fields.get("reason")
    try:
        answer = AnswerIn.model_validate(sent)
    except ValidationError as invalid:
        for fault in invalid.errors():
            error = field_error(dict(fault))
            name = error.pointer.strip("/").replace("/", "-")
            form.errors.setdefault(name, _plain(error))
        return None
    return None if form.errors else answer


def _plain(error: FieldError) -> Text:
    """The fault in words that name the field: the summary shows it far from the field itself."""
    label = LABELS.get(error.pointer.strip("/").replace("/", "-"))
    return Text(f"{label.id}: {error.message.id}", f"{label.en}: {error.message.en}") if label else error.message


async def _take_file(visit: Visit, holder: TicketOnPage, ticket_id: UUID, form: Form, draft: Draft) -> DraftFile | None:
    file = form.files.get("file")
    if file is None:
        form.errors["file"] = FILE_MISSING
        return None
    if len(draft.attachments) >= MAX_FILES:
        form.errors["file"] = TOO_MANY_FILES
        return None
    try:
        await visit.house[Limits].hit("attachment-case", str(ticket_id))
        stored = await etle.attachments.store(visit.house, holder, ticket_id, file.data)
        async with visit.house.db.begin(holder) as tx:
            attachment = await etle.attachments.attach(tx, ticket_id, stored)
    except Problem as problem:
        form.take(problem, onto="file")
        return None
    return DraftFile(str(attachment.id), _name(file.filename))


def _name(filename: str) -> str:
    """A file's own name, short enough for the draft, for the person's eyes alone."""
    shown = "".join(character for character in filename if character.isprintable()).strip()
    return shown[-60:] or "berkas"


def _date_parts(draft: Draft) -> dict[str, str]:
    on = draft.sold_on
    return (
        {} if on is None else {"sold_on-day": str(on.day), "sold_on-month": str(on.month), "sold_on-year": str(on.year)}
    )


def _lines(visit: Visit, ticket: TicketView, draft: Draft) -> list[AnswerLine]:
    """The lines of 'check your answers', each with the page where it is changed."""
    if not draft.kind:
        return []
    base = f"/tilang/{ticket.id}/jawab"
    lines = [AnswerLine(Text("Jawaban", "Answer"), words.ANSWERS[draft.kind], f"{base}/keadaan")]
    for name, value in draft.fields.items():
        if value:
            shown = (
                show_day(draft.sold_on, ticket.zone_label, visit.lang) if name == "sold_on" and draft.sold_on else value
            )
            lines.append(AnswerLine(LABELS[name], Text(shown, shown), f"{base}/data"))
    if draft.kind in WITH_DOCUMENTS:
        names = ", ".join(file.name for file in draft.attachments) or None
        shown_names = Text(names, names) if names else Text("Tidak ada", "None")
        lines.append(AnswerLine(Text("Dokumen", "Documents"), shown_names, f"{base}/dokumen"))
    return lines
