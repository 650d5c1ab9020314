"""For people without a phone or computer of their own: the officer types, and each step needs the applicant's own code.

Begin, help, submit, open again, another date, an account and cancel each want a code that goes to the applicant's contact on record. In between the officer fills
in the same questions and hands in the same papers as the applicant's own pages ask for, checked by the same rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import NOT_FOUND, FieldError, Problem
from app.core.texts import Text
from app.routers.pages.application_check import Missing
from app.routers.pages.application_tasks import Task, tasks_of
from app.routers.pages.application_words import MEANINGS
from app.routers.pages.applying import mendings_of, place_of, wants_appointment
from app.routers.pages.consent_forms import printed
from app.routers.pages.counter_dates import DateStep, chooses_again, show_dates, step_of
from app.routers.pages.counter_helping import FILLED_IN, PAGE, AtCounter, helped, must_help
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.once import new_once, once
from app.routers.pages.questions import lines_of
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.refunds import account_words
from app.services import applications, billing, catalogue, reference
from app.services.applications import ApplicationView, assisting, worklist
from app.services.applications.problems import LIKELY_DUPLICATE
from app.services.catalogue import Catalogue, OfferState, Outcome
from app.services.identity.consents import Asked
from app.services.identity.problems import CONSENT_REFUSED
from app.services.registries import Nik, parse_kk

router = APIRouter(include_in_schema=False)
OWN_PAGES = "/permohonan/"
CANCELLED_IN = ("draft", "manual_check", "expired", "awaiting_payment", "in_review")
REOPENED_IN = ("expired", "awaiting_payment")
FIRST_BIRTH = date(1900, 1, 1)

NOT_A_NIK = Text("Bukan NIK: 16 angka, seperti di KTP.", "Not a NIK: 16 digits, as on the KTP.")
NOT_A_KK = Text("Bukan nomor KK: 16 angka.", "Not a family card number: 16 digits.")
BORN_WRONG = Text("Isi tanggal lahir dengan angka.", "Give the date of birth in digits.")
SERVICE_MISSING = Text("Pilih layanannya.", "Choose the service.")
CODE_MISSING = Text("Ketik kode yang disebutkan pemohon.", "Type the code that the applicant tells you.")
NUMBER_UNKNOWN = Text(
    "Tidak ada permohonan dengan nomor ini. Periksa huruf demi huruf.",
    "There is no application with this reference. Check it character by character.",
)
DONE: Mapping[str, Text] = {
    "begun": Text("Permohonan dimulai.", "The application was begun."),
    "saved": Text("Tersimpan.", "Saved."),
    "sent": Text("Permohonan diajukan.", "The application was submitted."),
    "cancelled": Text("Permohonan dibatalkan.", "The application was cancelled."),
    "helped": Text("Pemohon setuju dibantu di sini.", "The applicant agrees to be helped here."),
    "reopened": Text("Permohonan dibuka lagi; semua isian masih ada.", "It is open again; everything typed is there."),
    "rebooked": Text("Jadwal tersimpan.", "The appointment was saved."),
    "let-go": Text("Jadwal dilepas.", "The appointment was let go."),
    "waits": Text("Pemohon ada di daftar tunggu.", "The applicant is on the waiting list."),
    "left": Text("Pemohon keluar dari daftar tunggu.", "The applicant has left the waiting list."),
    "asked": Text("Pemohon ikut undian.", "The applicant takes part in the draw."),
    "withdrawn": Text("Pemohon batal ikut undian.", "The applicant no longer takes part in the draw."),
    "account": Text("Rekening tersimpan.", "The account was saved."),
}


@dataclass(frozen=True)
class Step:
    """What the applicant is asked to agree to, and where its code is sent with."""

    name: str
    heading: Text
    action: str


# --- begin, or go on -------------------------------------------------------------------------------------------------


@router.get(PAGE)
async def begin_page(actor: AtCounter, visit: TheVisit) -> Response:
    """Who stands here and what they want; or the reference of an application that they began elsewhere."""
    return await _show_begin(visit, actor, Form())


@router.post(PAGE)
async def ask_to_begin(actor: AtCounter, visit: TheVisit) -> Response:
    """Send the person a code for beginning, or print a form for it; then the page that takes either. Or go on with an
    application by its reference."""
    form = await visit.form()
    if form.get("go") == "on":
        async with visit.house.db.read() as connection:
            case_id = await worklist.find_by_reference(connection, form.get("reference")[:80])
        if case_id is not None:
            return visit.go(f"{PAGE}/{case_id}")
        form.errors["reference"] = NUMBER_UNKNOWN
        return await _show_begin(visit, actor, form, status=404)
    claim = _claim(visit, form)
    if claim is None:
        return await _show_begin(visit, actor, form, status=422)
    if form.get("do") == "number":
        return await _show_begin_code(visit, actor, form)
    try:
        await visit.house[Limits].hit("consent-case", visit.house.keys.blind_index("nik", claim.nik))
        person = await assisting.registered(visit.house, claim)
        if form.get("do") == "paper":
            async with visit.house.db.begin(actor) as tx:
                return visit.go(printed(await assisting.print_to_begin(tx, person)))
        async with visit.house.db.begin(actor) as tx:
            asked = await assisting.ask_to_begin(tx, person)
    except Problem as problem:
        form.take(problem, onto="nik")
        return await _show_begin(visit, actor, form, status=problem.type.status)
    return await _show_begin_code(visit, actor, Form({**form.values, "sent_to": asked.sent_to}))


@router.post(f"{PAGE}/mulai")
async def begin(actor: AtCounter, visit: TheVisit) -> Response:
    """Begin the application with the person's code; what registers know is filled in already."""
    form = await visit.form()
    claim, code = _claim(visit, form), form.need("code", CODE_MISSING, longest=14)
    if claim is None:
        return await _show_begin(visit, actor, form, status=422)
    if form.errors:
        return await _show_begin_code(visit, actor, form, status=422)
    house, unit = visit.house, actor.unit or ""
    try:
        service, person = house[Catalogue].get(form.get("service")), await assisting.registered(house, claim)
        applicant = await applications.applicant_by_nik(
            house, person.nik, name=person.name, contact=person.phone or person.email, person_id=None
        )
        known = await applications.starting_form(house, service, applicant, unit=unit, given={})

        async def work(tx: Tx) -> str:
            consent = await assisting.allowed_to_begin(tx, person, code)
            if consent is None:
                return ""  # committed, so that the failed try counts
            made = await applications.begin(
                tx, service, unit=unit, applicant=applicant, form=known, lang=visit.lang, consent=consent
            )
            return f"{PAGE}/{made.case_id}?done=begun"

        path = await once(visit, actor, form, work)
        if path:
            return visit.go(path)
        form.take(CONSENT_REFUSED(), onto="code")
        return await _show_begin_code(visit, actor, form, status=422)
    except Problem as problem:
        form.take(problem, onto="code")
        return await _show_begin_code(visit, actor, form, status=problem.type.status)


@router.get(f"{PAGE}/{{id}}")
async def tasks_page(
    id: UUID, actor: AtCounter, visit: TheVisit, done: Annotated[str, Query(max_length=12)] = ""
) -> Response:
    """What is to be filled in and handed in; or, before the applicant has agreed, the code for helping here."""
    view = await helped(visit, actor, id)
    if view is None:
        return await _show_code(visit, actor, id, HELP_STEP, Form(), asked=None)
    tasks = tasks_of(visit, view)
    return visit.show(
        "pages/counter/applications/assist_tasks.html",
        staff=await desk_of(visit, actor),
        form=Form(),
        view=view,
        form_tasks=_here(tasks.form),
        paper_tasks=_here(tasks.papers),
        slot=view.state == "draft" and wants_appointment(visit, view),
        rebooks=chooses_again(view),
        reopens=view.state in REOPENED_IN,
        mendings=[replace(each, href=_path(each.href)) for each in mendings_of(view)],
        filling=view.state in FILLED_IN,
        cancels=view.state in CANCELLED_IN,
        meaning=MEANINGS.get(view.state),
        notice=DONE.get(done),
    )


# --- codes -----------------------------------------------------------------------------------------------------------


@router.post(f"{PAGE}/{{id}}/kode")
async def ask_code(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """Send the applicant a code for one step, or print a form for it, and show the page that takes either."""
    form = await visit.form()
    step = STEPS.get(form.get("step"))
    if step is None:
        raise NOT_FOUND()
    if form.get("do") == "number":
        return await _show_step(visit, actor, id, step, Form({"sent_to": ""}))
    try:
        await visit.house[Limits].hit("consent-case", str(id))
        if form.get("do") == "paper":
            async with visit.house.db.begin(actor) as tx:
                return visit.go(printed(await assisting.print_consent(tx, id, step.name)))
        async with visit.house.db.begin(actor) as tx:
            asked = await assisting.ask(tx, id, step.name)
    except Problem as problem:
        if problem.type.status == NOT_FOUND.status:
            raise
        form.take(problem, onto="code")
        return await _show_step(visit, actor, id, step, form, status=problem.type.status)
    return await _show_step(visit, actor, id, step, Form({"sent_to": asked.sent_to}), asked=asked)


@router.post(f"{PAGE}/{{id}}/setuju")
async def use_code(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The step, with the applicant's code: help here, submit, send the mended parts, open again, another date, or cancel."""
    form = await visit.form()
    step = STEPS.get(form.get("step"))
    if step is None:
        raise NOT_FOUND()
    code = form.need("code", CODE_MISSING, longest=14)
    date_step = await _date_step(visit, actor, id, form) if step.name == "rebook" else None
    if form.errors:
        return await _show_step(visit, actor, id, step, form, status=422)
    try:
        path = await _carry_out(visit, actor, id, step, form, code, date_step)
        if path:
            return visit.go(path)
        form.take(CONSENT_REFUSED(), onto="code")
        return await _show_step(visit, actor, id, step, form, status=422)
    except Problem as problem:
        if problem.type.status == NOT_FOUND.status:
            raise
        if step.name == "account":
            form.take(problem, onto="number")
        else:
            onto = "duplicate" if problem.type is LIKELY_DUPLICATE else "code"
            form.errors.setdefault(onto, Text(problem.detail("id"), problem.detail("en")))
        return await _show_step(visit, actor, id, step, form, status=problem.type.status)


@router.get(f"{PAGE}/{{id}}/rekening")
async def account_page(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """The applicant's account for refunds, which is noted with their code."""
    return await _show_account(visit, actor, await must_help(visit, actor, id), Form())


@router.get(f"{PAGE}/{{id}}/periksa")
async def check_page(id: UUID, actor: AtCounter, visit: TheVisit) -> Response:
    """Everything once more, to be read out to the applicant, with what the machine finds and what it costs."""
    view = await must_help(visit, actor, id)
    return await _show_step(
        visit, actor, id, STEPS["resubmit" if view.state == "needs_correction" else "submit"], Form()
    )


# --- below the doors -------------------------------------------------------------------------------------------------


HELP_STEP = Step("help", Text("Pemohon minta dibantu di sini", "The applicant asks for help here"), "helped")
STEPS: Mapping[str, Step] = {
    "help": HELP_STEP,
    "submit": Step("submit", Text("Ajukan permohonan", "Submit the application"), "sent"),
    "resubmit": Step("resubmit", Text("Kirim perbaikan", "Send the mended parts"), "sent"),
    "cancel": Step("cancel", Text("Batalkan permohonan", "Cancel the application"), "cancelled"),
    "reopen": Step("reopen", Text("Buka lagi permohonan", "Open the application again"), "reopened"),
    "rebook": Step("rebook", Text("Pilih jadwal lain", "Choose another date"), "rebooked"),
    "account": Step("account", Text("Rekening untuk pengembalian", "Account for refunds"), "account"),
}


async def _date_step(visit: Visit, actor: Actor, case_id: UUID, form: Form) -> DateStep | None:
    view = await must_help(visit, actor, case_id)
    return step_of(form, reference.zone_of(view.place))


async def _carry_out(
    visit: Visit, actor: Actor, case_id: UUID, step: Step, form: Form, code: str, date_step: DateStep | None
) -> str:
    """Do the step once; gives where to go on, or nothing where the code does not hold. The failed try is committed."""
    done = step.action if date_step is None else date_step.notice
    path, submission, checked = f"{PAGE}/{case_id}?done={done}", None, None
    account, answer = None, None
    if step.name == "account":
        await visit.house[Limits].hit("refund-account-case", str(case_id))
        account = billing.parse_account(form.get("bank_code"), form.get("number"), form.get("holder"))
        answer = await billing.ask_bank(visit.house, account)
    if step.name in ("submit", "resubmit"):
        view = await must_help(visit, actor, case_id)
        if view.state not in FILLED_IN:  # pressed twice, or handed in elsewhere
            return path
        checked = await applications.check(visit.house, case_id)
        submission = applications.Submission(view.version, form.get("duplicate") == "yes")

    async def work(tx: Tx) -> str:
        consent = await assisting.use(tx, case_id, step.name, code)
        if consent is None:
            return ""
        if submission is not None:
            await applications.submit(tx, case_id, checked, replace(submission, consent=consent))
        elif step.name == "cancel":
            await applications.discard(tx, case_id, consent=consent)
        elif step.name == "reopen":
            await applications.reopen(tx, case_id, consent=consent)
        elif date_step is not None:
            await date_step.work(tx, case_id, consent)
        elif account is not None:
            await applications.give_account(tx, case_id, account, answer, consent=consent)
        return path

    return await once(visit, actor, form, work)


async def _show_begin(visit: Visit, actor: Actor, form: Form, *, status: int = 200) -> Response:
    house = visit.house
    async with house.db.read() as connection:
        where = await reference.unit(connection, actor.unit or "")
        today = visit.now.astimezone(reference.zone_of(where)).date()
        views = await catalogue.offers_of_unit(connection, house[Catalogue], where, today)
    offered = [house[Catalogue].get(each.service) for each in views if each.state is OfferState.OFFERED]
    form.dates.add("born_on")
    return visit.show(
        "pages/counter/applications/assist_begin.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        services=offered,
    )


async def _show_begin_code(visit: Visit, actor: Actor, form: Form, *, status: int = 200) -> Response:
    service = visit.house[Catalogue].services.get(form.get("service"))
    return visit.show(
        "pages/counter/applications/assist_begin_code.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        service=service,
    )


async def _show_code(
    visit: Visit, actor: Actor, case_id: UUID, step: Step, form: Form, *, asked: Asked | None, status: int = 200
) -> Response:
    return visit.show(
        "pages/counter/applications/assist_code.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        case_id=case_id,
        step=step,
        asked=asked is not None or "sent_to" in form.values,
        back=f"{PAGE}/{case_id}" if step is not HELP_STEP else PAGE,
    )


async def _show_step(
    visit: Visit, actor: Actor, case_id: UUID, step: Step, form: Form, *, asked: Asked | None = None, status: int = 200
) -> Response:
    """The page that takes the code of a step; for handing in with everything that the applicant agrees to, for another date
    with the free times."""
    if step.name == "rebook":
        view = await must_help(visit, actor, case_id)
        return await show_dates(visit, actor, view, form, asked=asked is not None, status=status)
    if step.name == "account":
        view = await must_help(visit, actor, case_id)
        return await _show_account(visit, actor, view, form, asked=asked is not None, status=status)
    if step.name not in ("submit", "resubmit"):
        return await _show_code(visit, actor, case_id, step, form, asked=asked, status=status)
    view = await must_help(visit, actor, case_id)
    if view.state not in FILLED_IN:
        return visit.go(f"{PAGE}/{case_id}")
    checked = await applications.check(visit.house, case_id)
    parts = [(each.title, lines_of(view.service, each, view.form)) for each in view.service.sections]
    needs_slot = checked.result.needs_slot and not view.has_slot and view.state == "draft"
    mended = all(mark.changed for mark in view.marks)
    ready = not (checked.faults or checked.refused or needs_slot) and mended
    return visit.show(
        "pages/counter/applications/assist_check.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        once=new_once(),
        view=view,
        step=step,
        asked=asked is not None or "sent_to" in form.values,
        parts=[part for part in parts if part[1]],
        missing=[_missing(view, each) for each in checked.faults],
        verdicts=[each for each in checked.result.verdicts if each.outcome is not Outcome.GOOD],
        result=checked.result,
        needs_slot=needs_slot,
        ready=ready,
    )


async def _show_account(
    visit: Visit, actor: Actor, view: ApplicationView, form: Form, *, asked: bool = False, status: int = 200
) -> Response:
    async with visit.house.db.begin(actor) as tx:
        _, account = await applications.refunds_of(tx, view.id)
    return visit.show(
        "pages/counter/applications/assist_account.html",
        status=status,
        staff=await desk_of(visit, actor),
        view=view,
        account=account,
        account_message=account_words(account) if account else None,
        banks=list(billing.bank_list().values()),
        asked=asked or "sent_to" in form.values,
        form=form,
        once=new_once(),
    )


def _missing(view: ApplicationView, fault: FieldError) -> Missing:
    place = place_of(view, fault.pointer)
    return Missing(fault.message, _path(place[1]) if place else "")


def _claim(visit: Visit, form: Form) -> assisting.Claim | None:
    """Who stands here, as typed; None with the faults put into the form."""
    nik, kk_no = Nik.parse(form.get("nik")), parse_kk(form.get("kk_no")[:40])
    if form.get("service") not in visit.house[Catalogue].services:
        form.errors.setdefault("service", SERVICE_MISSING)
    if nik is None:
        form.errors.setdefault("nik", NOT_A_NIK)
    born_on = form.date("born_on", BORN_WRONG)
    if born_on is not None and not FIRST_BIRTH <= born_on <= visit.now.date():
        form.errors.setdefault("born_on", BORN_WRONG)
    if kk_no is None:
        form.errors.setdefault("kk_no", NOT_A_KK)
    if nik is None or kk_no is None or born_on is None or form.errors:
        return None
    return assisting.Claim(str(nik), born_on, kk_no)


def _here(tasks: Sequence[Task]) -> list[Task]:
    """The applicant's list of tasks, leading to the counter's pages."""
    return [replace(each, href=_path(each.href)) for each in tasks]


def _path(href: str) -> str:
    return f"{PAGE}/{href.removeprefix(OWN_PAGES)}"
