"""What the conditions of a service are judged by: the form, and what registers say of the applicant and the vehicle.

Registers are asked between transactions, each once, and only those that the service names. One that does not answer is
named in `down`; conditions that need it are then unknown, and an officer checks by hand.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from app.core.db import JsonValue
from app.core.house import House
from app.core.problems import Problem
from app.services import reference
from app.services.catalogue import Facts, Record, Service
from app.services.reference import Unit, parse_plate, zone_of
from app.services.registries import (
    Found,
    PopulationRegistry,
    Registers,
    Vehicle,
    VehicleRegistry,
    means_down,
    normalise_number,
    number_matches,
)

T = TypeVar("T")
BY_PERSON = ("health", "psychology", "jkn", "records")
BY_PLATE = ("tax", "insurance")


class OpenTickets(Protocol):
    """How many electronic tickets are open on a vehicle; wired to the tickets' room, which this one does not know."""

    async def count(self, registry_id: str) -> int:
        """Open tickets on this vehicle of the register."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and what an application is about, as far as registers must be asked. `handed_in_at`: by the terms of that day it is
    judged, whatever day it is now; None for a draft."""

    nik: str | None = field(repr=False)
    unit: str
    form: Mapping[str, JsonValue] = field(repr=False)
    handed_in_at: datetime | None = None


async def gather(house: House, service: Service, subject: Subject) -> Facts:
    """Every fact that the service's conditions may read. Asks registers; never call it inside a transaction."""
    async with house.db.read() as connection:
        unit = await reference.unit(connection, subject.unit)
    today = (subject.handed_in_at or house.clock.now()).astimezone(zone_of(unit)).date()
    asked, down = {*service.asks, *service.other_lines}, set[str]()
    known: dict[str, Any] = {}
    if subject.nik is not None:
        known |= await _about_person(house, asked, subject.nik, today, down)
    if asked & {"vehicles", *BY_PLATE}:
        known |= await _about_vehicle(house, asked, subject.form, down)
    if "vehicles" in asked:
        known["chassis"] = await _about_chassis(house, subject.form, down)
    return Facts(today=today, form=dict(subject.form), unit=unit_facts(unit), down=frozenset(down), **known)


async def _about_person(house: House, asked: set[str], nik: str, today: date, down: set[str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if "population" in asked:
        person = await _ask("population", down, lambda: house[PopulationRegistry].find(nik))
        known["applicant"] = person.as_facts(today=today) if person else None
    registers = house[Registers]
    if "licences" in asked:
        licences = await _ask("licences", down, lambda: registers.find("licences", nik))
        known["licences"] = tuple(each.as_facts() for each in licences or ())
    for name in BY_PERSON:
        if name in asked:
            known[name] = await _record(registers, name, nik, down)
    return known


async def _about_vehicle(
    house: House, asked: set[str], form: Mapping[str, JsonValue], down: set[str]
) -> dict[str, Any]:
    """The vehicle that the form names, if the end of its chassis number was given too: a plate alone proves nothing, for it
    hangs on the vehicle for all to read (SIGNAL asks for the same)."""
    plate = parse_plate(str(form.get("plate") or ""))
    if plate is None:
        return {}
    vehicle = await _ask("vehicles", down, lambda: house[VehicleRegistry].find(plate.canonical))
    if vehicle is None or not number_matches(vehicle.chassis_no, str(form.get("chassis_tail") or "")):
        return {}
    known: dict[str, Any] = {"vehicle": await _vehicle(house, vehicle)}
    for name in BY_PLATE:
        if name in asked:
            known[name] = await _record(house[Registers], name, plate.canonical, down)
    return known


async def _about_chassis(house: House, form: Mapping[str, JsonValue], down: set[str]) -> Record | None:
    """Whether the number of a vehicle that is to be registered has been registered before."""
    number = normalise_number(str(form.get("chassis_no") or ""))
    if not number:
        return None
    registered = await _ask("vehicles", down, lambda: house[VehicleRegistry].has_chassis(number))
    return None if registered is None else {"registered": registered}


async def _record(registers: Registers, name: str, key: str, down: set[str]) -> Record | None:
    found: Found = await _ask(name, down, lambda: registers.find(name, key))
    if found is None or isinstance(found, tuple):
        return None
    return found.as_facts()


async def _ask(name: str, down: set[str], question: Callable[[], Awaitable[T | None]]) -> T | None:
    try:
        return await question()
    except Problem as problem:
        if not means_down(problem):
            raise
        down.add(name)
        return None


async def _vehicle(house: House, vehicle: Vehicle) -> Record:
    return {**vehicle.as_facts(), "open_tickets": await house[OpenTickets].count(vehicle.registry_id)}


def unit_facts(unit: Unit) -> Record:
    """A unit as conditions read it."""
    return {
        "code": unit.code,
        "name": unit.name,
        "level": unit.level,
        "polda": unit.polda_code,
        "province": unit.province,
        "seat": unit.seat,
        "zone": unit.zone,
    }
