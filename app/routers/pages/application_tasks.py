"""A draft as a list of tasks: each part of the form, each paper, the appointment, and the check at the end.

What is done and what is missing is told from the draft alone; registers are asked at the check.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.texts import Text
from app.routers.pages.applying import at, wants_appointment
from app.routers.pages.visit import Visit
from app.services import catalogue
from app.services.applications import ApplicationView, DocumentView

DONE = Text("Selesai", "Completed")
TO_DO = Text("Belum diisi", "Not done yet")
NOT_GIVEN = Text("Belum ada", "Not there yet")
NOT_CHOSEN = Text("Belum dipilih", "Not chosen yet")
STARTED = Text("Belum lengkap", "Not complete")
OPTIONAL = Text("Boleh kosong", "Optional")
LATER = Text("Boleh nanti", "Can wait")
HELD = Text("Dipilih", "Chosen")


@dataclass(frozen=True, slots=True)
class Task:
    """One line: what, where, how it stands (`colour` of its tag, empty for done), and a word of help."""

    title: Text
    href: str
    status: Text
    colour: str
    done: bool
    hint: Text | None = None


@dataclass(frozen=True, slots=True)
class Tasks:
    """All of them by group, how many are needed and done, and the one to go on with."""

    form: tuple[Task, ...]
    papers: tuple[Task, ...]
    more: tuple[Task, ...]
    done: int
    needed: int
    next: Task | None


def tasks_of(visit: Visit, view: ApplicationView) -> Tasks:
    """What is to be done before the draft can be handed in."""
    form, papers = tuple(_sections(view)), tuple(_paper(view, each) for each in view.documents)
    appointment = (_appointment(view),) if wants_appointment(visit, view) else ()
    needed = [*form, *(task for task in papers if task.status is not OPTIONAL), *appointment]
    left = [task for task in needed if not task.done]
    return Tasks(
        form=form,
        papers=papers,
        more=(*appointment, *_extras(view)),
        done=len(needed) - len(left),
        needed=len(needed),
        next=left[0] if left else None,
    )


def _sections(view: ApplicationView) -> Iterator[Task]:
    service = view.service
    asked = {each.name for each in catalogue.asked_fields(service, view.form)}
    faulty = {fault.pointer.split("/")[2] for fault in catalogue.form_faults(service, view.form, complete=True)}
    for section in service.sections:
        names = {each.name for each in section.fields} & asked
        if not names:
            continue
        wrong, given = names & faulty, [name for name in names if catalogue.answered(view.form.get(name))]
        status, colour = (DONE, "") if not wrong else (STARTED, "yellow") if given else (TO_DO, "blue")
        if not given and not wrong:
            status, colour = OPTIONAL, "grey"
        yield Task(section.title, at(view.id, f"isian/{section.name}"), status, colour, not wrong)


def _paper(view: ApplicationView, paper: DocumentView) -> Task:
    given = paper.state == "accepted"
    status, colour = (DONE, "") if given else (NOT_GIVEN, "blue") if paper.required else (OPTIONAL, "grey")
    return Task(paper.rule.title, at(view.id, f"berkas/{paper.rule.name}"), status, colour, given)


def _appointment(view: ApplicationView) -> Task:
    held = view.has_slot
    status, colour = (HELD, "") if held else (NOT_CHOSEN, "blue")
    title = Text("Hari dan jam datang", "Day and time to come")
    return Task(title, at(view.id, "jadwal"), status, colour, held)


def _extras(view: ApplicationView) -> Iterator[Task]:
    if view.service.exemptions and view.service.fees:
        claimed = view.exemption is not None
        status, colour = (HELD, "") if claimed else (OPTIONAL, "grey")
        hint = Text("Bila Anda berhak atas tarif Rp 0", "If you are entitled to pay nothing")
        yield Task(
            Text("Pembebasan biaya", "Exemption from the fee"),
            at(view.id, "pembebasan"),
            status,
            colour,
            claimed,
            hint,
        )
    hint = Text("Ke sini uang kembali bila permohonan ditolak", "Money comes back here if it is refused")
    title = Text("Rekening Anda", "Your bank account")
    yield Task(title, at(view.id, "rekening"), LATER, "grey", False, hint)
    if any(each.per_vehicle for each in view.service.sections):
        title = Text("Kendaraan lain dengan isian yang sama", "Another vehicle with the same answers")
        yield Task(title, at(view.id, "kendaraan-lain"), OPTIONAL, "grey", False)
