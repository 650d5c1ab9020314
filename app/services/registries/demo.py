"""Made-up people and vehicles for demonstrations. Every name says that it is an example; no number belongs to anybody.

E-mail addresses end in example.test; phones, family cards and serial numbers are zeros or nines and a counter.
"""

from dataclasses import dataclass
from datetime import date

from app.core.db import Tx
from app.services.registries.imports import enter_person, enter_vehicle
from app.services.registries.lines import PersonLine, VehicleLine


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up person with what they need to prove themselves."""

    name: str
    nik: str
    born_on: date
    kk_no: str
    phone: str
    address: str


def _person(number: int, name: str, born_on: date, *, woman: bool) -> DemoPerson:
    day = born_on.day + (40 if woman else 0)
    return DemoPerson(
        name=name,
        nik=f"317401{day:02}{born_on:%m%y}99{number:02}",
        born_on=born_on,
        kk_no=f"31740101012199{number:02}",
        phone=f"+6281200000{number:03}",
        address=f"Jalan Contoh No. {number}, RT 001/RW 002, Kelurahan Rekaan, Jakarta Selatan",
    )


PEOPLE: tuple[DemoPerson, ...] = (
    _person(1, "Budi Contoh", date(1987, 11, 12), woman=False),
    _person(2, "Siti Misal", date(1990, 3, 5), woman=True),
    _person(3, "Agus Umpama", date(1979, 7, 23), woman=False),
    _person(4, "Dewi Rekaan", date(1995, 1, 30), woman=True),
    _person(5, "Joko Andaikan", date(1968, 9, 17), woman=False),
    _person(6, "Rina Karangan", date(2001, 12, 1), woman=True),
)

_VEHICLES: tuple[tuple[str, int, str, str, str, str, int], ...] = (
    # plate, owner, make, model, colour, kind, year
    ("B1234XYZ", 0, "Toyota", "Avanza 1.3 G", "Hitam", "Mobil penumpang", 2018),
    ("B5678ABC", 1, "Honda", "Beat", "Merah", "Sepeda motor", 2020),
    ("B2468KJL", 2, "Daihatsu", "Xenia 1.3 R", "Putih", "Mobil penumpang", 2016),
    ("D1357EFG", 3, "Suzuki", "Ertiga GX", "Abu-abu", "Mobil penumpang", 2019),
    ("AB4321CD", 4, "Yamaha", "NMAX", "Biru", "Sepeda motor", 2021),
    ("L8765MN", 5, "Mitsubishi", "Colt Diesel", "Kuning", "Mobil barang", 2015),
)


def demo_vehicles() -> list[VehicleLine]:
    """The made-up vehicles, each with its owner; chassis numbers have the shape of ISO 3779."""
    lines = []
    for number, (plate, owner, make, model, colour, kind, year) in enumerate(_VEHICLES, start=1):
        person = PEOPLE[owner]
        lines.append(
            VehicleLine(
                plate=plate,
                chassis_no=f"MHKCNTH1JKK{number:06}",
                engine_no=f"CNTH{number:07}",
                make=make,
                model=model,
                colour=colour,
                kind=kind,
                owner_name=person.name,
                owner_address=person.address,
                owner_nik=person.nik,
                owner_phone=person.phone,
                owner_email=f"{person.name.split()[0].lower()}@example.test",
                year=year,
                registry_id=f"CONTOH-{number:03}",
            )
        )
    return lines


async def seed_demo(tx: Tx) -> None:
    """Enter the made-up people and vehicles; doing it twice changes nothing."""
    for person in PEOPLE:
        await enter_person(
            tx,
            PersonLine(
                nik=person.nik,
                name=person.name,
                born_on=person.born_on,
                kk_no=person.kk_no,
                address=person.address,
                phone=person.phone,
            ),
        )
    for line in demo_vehicles():
        await enter_vehicle(tx, line)
