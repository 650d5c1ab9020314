"""Check your answers, with what the machine finds and what it costs; hand it in; and what happens next.

Nothing is asked for before the machine has passed what it can look at: what would be refused is said here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages import application_words as words
from app.routers.pages.applying import at, mendings_of, own, place_of
from app.routers.pages.forms import Form
from app.routers.pages.questions import Line, lines_of
from app.routers.pages.services import today
from app.routers.pages.visit import TheVisit, Visit
from app.services import applications, catalogue
from app.services.applications import ApplicationView, Checked
from app.services.applications.problems import (
    CHANGED_MEANWHILE,
    INCOMPLETE,
    LIKELY_DUPLICATE,
    MENDED_PRICE,
    NOT_ELIGIBLE,
    NOT_MENDED,
    NOT_OFFERED,
    SLOT_NEEDED,
)
from app.services.catalogue import Outcome, PriceList, Section, ThirdPartyCost, Verdict

router = APIRouter(include_in_schema=False)

CHECKED_IN = ("draft", "needs_correction")
SAID_HERE = (
    CHANGED_MEANWHILE, INCOMPLETE, LIKELY_DUPLICATE, MENDED_PRICE, NOT_ELIGIBLE, NOT_MENDED, NOT_OFFERED, SLOT_NEEDED,
)  # fmt: skip
NOT_PASSED = Text(
    "Belum dapat diajukan: lihat yang harus dilengkapi di bawah.",
    "It cannot be submitted yet: see below what is missing.",
)
STILL_TO_MEND = Text(
    "Perbaiki dahulu yang masih bertanda 'Belum diperbaiki'.", "First mend what is still marked 'Not mended yet'."
)
DUPLICATE = Text(
    "Permohonan {reference} untuk hal yang sama sedang berjalan. Lanjutkan yang itu; bila memang perlu yang kedua, centang "
    "kotak di bawah lalu ajukan lagi.",
    "Application {reference} about the same thing is under way. Go on with that one; if you do want a second one, tick the box "
    "below and submit again.",
)
CHANGED = Text(
    "Permohonan ini diubah di tab atau perangkat lain sesudah Anda membuka halaman ini. Isinya yang terbaru ada di bawah: "
    "periksa sekali lagi.",
    "This application was changed in another tab or device after you opened this page. What it says now is shown below: check it "
    "once more.",
)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form with its answers in words."""

    section: Section
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What is wrong or missing, with the page where it is done."""

    message: Text
    href: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the machine found: what is missing, the conditions by how they came out, and whether it can be handed in."""

    missing: tuple[Missing, ...]
    refused: tuple[Verdict, ...]
    warned: tuple[Verdict, ...]
    to_check: tuple[Verdict, ...]
    unknown: tuple[Verdict, ...]
    good: int
    checked: Checked
    needs_slot: bool

    @property
    def ready(self) -> bool:
        """Whether nothing keeps it from being handed in."""
        return not (self.missing or self.refused or self.needs_slot)


@router.get("/permohonan/{id}/periksa")
async def check_page(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Everything once more, with the machine's verdicts and the price, before it is handed in."""
    view = await own(visit, me, id)
    if view.state not in CHECKED_IN:
        return visit.go(at(id))
    return await _show(visit, me, view, Form())


@router.post("/permohonan/{id}/periksa")
async def submit(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Hand it in, once however often it is pressed. What the room refuses is said here, and nothing is lost."""
    form = await visit.form()
    view = await own(visit, me, id)
    if view.state not in CHECKED_IN:  # pressed twice, or handed in on another device
        return visit.go(at(id, "selesai") if view.submitted_at else at(id))
    await visit.house[Limits].hit("application-person", me.id)
    checked = await applications.check(visit.house, id)
    submission = applications.Submission(_version(form, view), form.get("duplicate") == "yes")
    try:
        async with visit.house.db.begin(me) as tx:
            await applications.submit(tx, id, checked, submission)
    except Problem as problem:
        return await _not_submitted(visit, me, id, form, problem)
    return visit.go(f"{at(id)}?selesai=kirim" if view.state == "needs_correction" else at(id, "selesai"))


@router.get("/permohonan/{id}/selesai")
async def submitted(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """It is handed in: its reference, and what happens next."""
    view = await own(visit, me, id)
    if view.submitted_at is None or view.state == "draft":
        return visit.go(at(id))
    return visit.show("pages/applications/done.html", view=view, meaning=words.MEANINGS.get(view.state))


# --- below the doors ----------------------------------------------------------------------------------------------------


async def _show(visit: Visit, me: Actor, view: ApplicationView, form: Form, *, status: int | None = None) -> Response:
    if view.state == "needs_correction":
        return visit.show(
            "pages/applications/mend.html",
            status=status or (422 if form.errors else 200),
            view=view,
            mendings=mendings_of(view),
            form=form,
        )
    await visit.house[Limits].hit("application-person", me.id)
    checked = await applications.check(visit.house, view.id)
    found = _found(view, checked)
    return visit.show(
        "pages/applications/check.html",
        status=status or (422 if form.errors else 200),
        view=view,
        parts=_parts(view),
        found=found,
        result=checked.result,
        others=await _others(visit, view),
        form=form,
    )


async def _not_submitted(visit: Visit, me: Actor, case_id: UUID, form: Form, problem: Problem) -> Response:
    view = await own(visit, me, case_id)
    if view.state not in CHECKED_IN:  # another tab was faster
        return visit.go(at(case_id, "selesai"))
    if problem.type not in SAID_HERE:
        raise problem
    if problem.type is LIKELY_DUPLICATE:
        form.errors["duplicate"] = DUPLICATE.fill(reference=problem.params["reference"])
        form.values = {**form.values, "asks": "duplicate"}
    elif problem.type is CHANGED_MEANWHILE:
        form.errors["main-content"] = CHANGED
    elif problem.type in (INCOMPLETE, NOT_ELIGIBLE):
        # The page of a draft names each by itself; what was given back has no such list.
        said = [NOT_PASSED] if view.state == "draft" else [each.message for each in problem.errors]
        form.errors |= {f"missing~{number}" if number else "missing": words for number, words in enumerate(said)}
    elif problem.type is NOT_MENDED:
        form.errors["missing"] = STILL_TO_MEND
    else:
        form.take(problem, onto="main-content")
    return await _show(visit, me, view, form, status=problem.type.status)


def _found(view: ApplicationView, checked: Checked) -> Found:
    result = checked.result

    def of(outcome: Outcome) -> tuple[Verdict, ...]:
        return tuple(each for each in result.verdicts if each.outcome is outcome)

    return Found(
        missing=tuple(_missing(view, result.faults)),
        refused=of(Outcome.REFUSED),
        warned=of(Outcome.WARNED),
        to_check=of(Outcome.TO_CHECK),
        # What waits for an answer of the form is said with what is missing; here stand silent registers alone.
        unknown=tuple(each for each in of(Outcome.UNKNOWN) if each.down),
        good=len(of(Outcome.GOOD)),
        checked=checked,
        needs_slot=result.needs_slot and not view.has_slot,
    )


def _missing(view: ApplicationView, faults: Sequence[FieldError]) -> list[Missing]:
    found = []
    for fault in faults:
        place = place_of(view, fault.pointer)
        found.append(Missing(fault.message, place[1] if place else at(view.id)))
    return found


def _parts(view: ApplicationView) -> list[Part]:
    parts = [Part(each, lines_of(view.service, each, view.form)) for each in view.service.sections]
    return [part for part in parts if part.lines]


async def _others(visit: Visit, view: ApplicationView) -> tuple[ThirdPartyCost, ...]:
    """What is paid to others, not on our bill; none where the service is no longer in the catalogue."""
    services = visit.house[catalogue.Catalogue]
    async with visit.house.db.read() as connection:
        prices = await visit.house[PriceList].of_all(connection, services, today(visit.house))
    price = prices.get(view.service.code)
    return price.others if price else ()


def _version(form: Form, view: ApplicationView) -> int:
    """The version that the page showed; the present one where the page did not say."""
    sent = form.get("version")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else view.version
