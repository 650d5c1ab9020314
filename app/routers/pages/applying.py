"""What the pages of an application share: whose it is, and where its pages stand."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from app.core.actor import Actor
from app.core.texts import Text
from app.routers.pages.render import ZONES
from app.routers.pages.visit import Visit
from app.services import applications, catalogue
from app.services.applications import ApplicationView, MarkView
from app.services.catalogue import Facts, Section, Service

Done = Annotated[str, Query(alias="selesai", max_length=20)]
"""What was just done, for the notice of the page that follows."""


@dataclass(frozen=True, slots=True)
class Mending:
    """What an officer wants mended: where it is done, why, and whether it was changed since."""

    title: Text
    href: str
    says: Text
    words: str
    changed: bool


async def own(visit: Visit, me: Actor, case_id: UUID) -> ApplicationView:
    """The citizen's application. Raises APPLICATION_NOT_FOUND."""
    return await applications.application_for(visit.house, me, case_id)


def at(case_id: UUID, page: str = "") -> str:
    """The address of one of an application's pages."""
    return f"/permohonan/{case_id}" + (f"/{page}" if page else "")


def facts_of(visit: Visit, view: ApplicationView) -> Facts:
    """What can be told from the form alone, without asking any register."""
    return Facts(today=local_day(visit, view.zone), form=view.form)


def local_day(visit: Visit, zone: str) -> date:
    """Today in a zone by its name, such as WIB."""
    return visit.now.astimezone(ZONES[zone]).date()


def wants_appointment(visit: Visit, view: ApplicationView) -> bool:
    """Whether somebody must come at an appointed time, as far as the form tells."""
    return catalogue.appointment_for(view.service, facts_of(visit, view)) is not None


def section_of(service: Service, name: str) -> Section | None:
    """The section of this name."""
    return next((each for each in service.sections if each.name == name), None)


def section_with(service: Service, field: str) -> Section | None:
    """The section in which a question is asked."""
    return next((each for each in service.sections if any(one.name == field for one in each.fields)), None)


def marks_in(view: ApplicationView, section: Section) -> tuple[MarkView, ...]:
    """The marks on questions of this section."""
    names = {f"/form/{each.name}" for each in section.fields}
    return tuple(each for each in view.marks if each.pointer in names)


def mendings_of(view: ApplicationView) -> tuple[Mending, ...]:
    """Everything that an officer has marked, with the page where just that is mended."""
    found = []
    for mark in view.marks:
        place = place_of(view, mark.pointer)
        if place is not None:
            title, href = place
            found.append(Mending(title, href, mark.says, mark.words or "", mark.changed))
    return tuple(found)


def place_of(view: ApplicationView, pointer: str) -> tuple[Text, str] | None:
    """What a pointer names, and the page on which it can be changed; None for what no page asks."""
    kind, _, name = pointer.lstrip("/").partition("/")
    name = name.partition("/")[0]
    if kind == "documents":
        rule = view.service.find_document(name)
        return None if rule is None else (rule.title, at(view.id, f"berkas/{name}"))
    section, question = section_with(view.service, name), view.service.find_field(name)
    if kind != "form" or section is None or question is None:
        return None
    return question.title, at(view.id, f"isian/{section.name}#form-{name}")
