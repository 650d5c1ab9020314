"""Kinds of appointments and of places in the queue, as a unit has them, in words."""

from collections.abc import Iterable, Mapping

from app.core.house import House
from app.core.texts import Text
from app.routers.pages.application_words import APPOINTMENTS
from app.services import catalogue
from app.services.catalogue import Catalogue
from app.services.reference import Unit

GENERAL = "counter"
GENERAL_NAME = Text("Loket umum (mengambil dokumen, bertanya)", "General counter (pick up, ask)")


def booked_kinds(house: House, unit: Unit, also: Iterable[str] = ()) -> Mapping[str, Text]:
    """What people book at this unit, by the services that it can offer, and what else it has hours for."""
    titles: dict[str, list[Text]] = {}
    for service in house[Catalogue].all():
        if service.appointment is not None and catalogue.can_offer(service, unit):
            titles.setdefault(service.appointment.kind, []).append(service.title)
    for kind in also:
        titles.setdefault(kind, [])
    return {kind: APPOINTMENTS.get(kind) or _of_services(kind, found) for kind, found in sorted(titles.items())}


def queue_kinds(house: House, unit: Unit, also: Iterable[str] = ()) -> Mapping[str, Text]:
    """What people come for: a booked kind, or the counter itself."""
    return {GENERAL: GENERAL_NAME, **booked_kinds(house, unit, (each for each in also if each != GENERAL))}


def _of_services(kind: str, titles: list[Text]) -> Text:
    """A kind that a service file brought along is called by the services that book it."""
    if not titles:
        return Text(kind.replace("_", " "), kind.replace("_", " "))
    return Text(", ".join(each.id for each in titles), ", ".join(each.en for each in titles))
