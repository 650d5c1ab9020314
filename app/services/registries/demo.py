"""Made-up people and vehicles for demonstrations. Every name says that it is an example; no number belongs to anybody.

E-mail addresses end in example.test; phones, family cards and serial numbers are zeros or nines and a counter. Days are
counted from the day of the seeding, so that each story stays true; what an application had entered is left alone.

Who is who, in the order of `PEOPLE`; whoever is not said to differ has a clear record, active JKN, and passed health check and
psychological test:

- Budi Contoh: SIM A ends in 60 days; car B1234XYZ, tax due in 30 days, STNK good for two years more. The one who may do
  nearly everything: annual validation, renewal of SIM A, first SKCK, international SIM.
- Siti Misal: SIM C for 13 months, so an upgrade to CI; motorcycle B5678ABC in its five-yearly year. Can buy a vehicle of others.
- Agus Umpama: SIM A ended yesterday, so a new one with tests; car B2468KJL, tax 40 days late with penalty.
- Dewi Rekaan: SIM C for 11 months, too short for CI; car D1357EFG of Bandung, with opsen.
- Joko Andaikan: an open case in the criminal records; SIM A; motorcycle AB4321CD.
- Rina Karangan: no licence, so a first SIM; truck L8765MN.
- Tono Seandainya: JKN is not active; SIM C ends in 30 days; motorcycle F2580STU.
- Wati Umpamanya: SIM BI ends in 45 days (renewed at a Satpas, not online); car B3691PQR is blocked.
- Putri Ibaratnya: Budi's child, on his family card, too young for any licence; JKN alone.
- John Perumpamaan: a foreigner (WNA) with SIM A.
- Hasan Kiranya: failed health check and psychological test; SIM A is withheld.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from app.core.db import Tx
from app.core.money import Rupiah
from app.services.registries.imports import enter_person, enter_vehicle
from app.services.registries.keyed import (
    CriminalRecord,
    HealthCheck,
    Insurance,
    JknMembership,
    Licence,
    LicenceStatus,
    PsychologyTest,
    Record,
    RecordLine,
    SimClass,
    VehicleTax,
    add_years,
    enter_records,
    kind_of,
    written_by_request,
)
from app.services.registries.lines import PersonLine, VehicleLine
from app.services.registries.models import VehicleBlockRow
from app.services.registries.population import Citizenship

ZONE = ZoneInfo("Asia/Jakarta")
NUMBER_IS_NIK_FROM = date(2024, 7, 1)
BUDI, SITI, AGUS, DEWI, JOKO, RINA, TONO, WATI, PUTRI, JOHN, HASAN = range(11)
"""Places in `PEOPLE`."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A made-up person with what they need to prove themselves."""

    name: str
    nik: str
    born_on: date
    kk_no: str
    phone: str
    address: str


def _person(number: int, name: str, born_on: date, *, woman: bool, card: int | None = None) -> DemoPerson:
    day = born_on.day + (40 if woman else 0)
    return DemoPerson(
        name=name,
        nik=f"317401{day:02}{born_on:%m%y}99{number:02}",
        born_on=born_on,
        kk_no=f"31740101012199{card or number:02}",
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
    _person(7, "Tono Seandainya", date(1993, 6, 8), woman=False),
    _person(8, "Wati Umpamanya", date(1984, 2, 21), woman=True),
    _person(9, "Putri Ibaratnya", date(2013, 4, 18), woman=True, card=1),
    _person(10, "John Perumpamaan", date(1982, 8, 3), woman=False),
    _person(11, "Hasan Kiranya", date(1975, 10, 26), woman=False),
)

_VEHICLES: tuple[tuple[str, int, str, str, str, str, int], ...] = (
    # plate, owner, make, model, colour, kind, year
    ("B1234XYZ", 0, "Toyota", "Avanza 1.3 G", "Hitam", "Mobil penumpang", 2018),
    ("B5678ABC", 1, "Honda", "Beat", "Merah", "Sepeda motor", 2020),
    ("B2468KJL", 2, "Daihatsu", "Xenia 1.3 R", "Putih", "Mobil penumpang", 2016),
    ("D1357EFG", 3, "Suzuki", "Ertiga GX", "Abu-abu", "Mobil penumpang", 2019),
    ("AB4321CD", 4, "Yamaha", "NMAX", "Biru", "Sepeda motor", 2021),
    ("L8765MN", 5, "Mitsubishi", "Colt Diesel", "Kuning", "Mobil barang", 2015),
    ("B3691PQR", 7, "Honda", "Brio RS", "Merah", "Mobil penumpang", 2021),
    ("F2580STU", 6, "Honda", "Vario 150", "Hitam", "Sepeda motor", 2022),
)
BLOCKED_PLATE = "B3691PQR"
_BLOCK_ID = "demo-block"

_LICENCES: tuple[tuple[int, SimClass, int | None, int | None, LicenceStatus], ...] = (
    # person, class, days until it ends, or months since it was issued
    (BUDI, SimClass.A, 60, None, LicenceStatus.ACTIVE),
    (SITI, SimClass.C, None, 13, LicenceStatus.ACTIVE),
    (AGUS, SimClass.A, -1, None, LicenceStatus.ACTIVE),
    (DEWI, SimClass.C, None, 11, LicenceStatus.ACTIVE),
    (JOKO, SimClass.A, 500, None, LicenceStatus.ACTIVE),
    (TONO, SimClass.C, 30, None, LicenceStatus.ACTIVE),
    (WATI, SimClass.BI, 45, None, LicenceStatus.ACTIVE),
    (JOHN, SimClass.A, 1000, None, LicenceStatus.ACTIVE),
    (HASAN, SimClass.A, 200, None, LicenceStatus.WITHHELD),
)

_DUES: tuple[tuple[str, int, int, int, int, int, int, int], ...] = (
    # plate, days until due, years from then until the STNK ends, PKB, opsen, penalty; SWDKLLJ with penalty, that penalty
    ("B1234XYZ", 30, 2, 2_100_000, 0, 0, 143_000, 0),
    ("B5678ABC", 30, 0, 260_000, 0, 0, 35_000, 0),
    ("B2468KJL", -40, 1, 1_900_000, 0, 76_000, 178_750, 35_750),
    ("D1357EFG", 45, 3, 1_600_000, 1_056_000, 0, 143_000, 0),
    ("AB4321CD", 60, 1, 290_000, 191_400, 0, 35_000, 0),
    ("L8765MN", 20, 4, 2_400_000, 1_584_000, 0, 163_000, 0),
    ("B3691PQR", 25, 2, 1_750_000, 0, 0, 143_000, 0),
    ("F2580STU", 10, 1, 310_000, 204_600, 0, 35_000, 0),
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


def demo_records(today: date) -> list[RecordLine]:
    """What the registers say of these people and vehicles on that day."""
    records = [*_licences(today), *_of_people(today), *_of_vehicles(today)]
    return [RecordLine(kind_of(register), key, record) for register, key, record in records]


async def seed_demo(tx: Tx) -> None:
    """Enter the made-up people, vehicles and what the registers say of them; doing it twice on a day changes nothing."""
    for number, person in enumerate(PEOPLE):
        await enter_person(
            tx,
            PersonLine(
                nik=person.nik,
                name=person.name,
                born_on=person.born_on,
                kk_no=person.kk_no,
                address=person.address,
                phone=person.phone,
                citizenship=Citizenship.WNA if number == JOHN else None,
                guardians=(PEOPLE[BUDI].nik,) if number == PUTRI else (),
            ),
        )
    for line in demo_vehicles():
        registry_id = await enter_vehicle(tx, line)
        if line.plate == BLOCKED_PLATE and await tx.one(VehicleBlockRow, _BLOCK_ID) is None:
            reason = "contoh: tilang elektronik belum dijawab"
            tx.session.add(VehicleBlockRow(request_id=_BLOCK_ID, registry_id=registry_id, reason=reason, set_at=tx.now))
    lines = demo_records(tx.now.astimezone(ZONE).date())
    taken = await written_by_request(tx, lines)
    await enter_records(tx, [line for line in lines if _address(tx, line) not in taken])


def _licences(today: date) -> Iterator[tuple[str, str, Record]]:
    for number, sim_class, days_left, months_held, status in _LICENCES:
        if months_held is None:
            until = today + timedelta(days=days_left or 0)
            issued_on = add_years(until, -5)
        else:
            # A few days more, so that a month counted from the last of a month is a whole one.
            issued_on = _months_before(today, months_held) - timedelta(days=3)
            until = add_years(issued_on, 5)
        licence_no = PEOPLE[number].nik if issued_on >= NUMBER_IS_NIK_FROM else f"990000000000{number:02}"
        yield "licences", PEOPLE[number].nik, Licence(sim_class, licence_no, issued_on, until, status)


def _of_people(today: date) -> Iterator[tuple[str, str, Record]]:
    checked_on, until = today - timedelta(days=10), today + timedelta(days=170)
    for number, person in enumerate(PEOPLE):
        yield "jkn", person.nik, JknMembership(active=number != TONO)
        if number == PUTRI:
            continue
        open_case, fit = number == JOKO, number != HASAN
        classes = tuple(SimClass) if fit else ()
        yield "records", person.nik, CriminalRecord(open_case, "LP-CONTOH-01" if open_case else "")
        yield "health", person.nik, HealthCheck(fit, checked_on, until, classes)
        yield "psychology", person.nik, PsychologyTest(fit, checked_on, until)


def _of_vehicles(today: date) -> Iterator[tuple[str, str, Record]]:
    for plate, days, years, pkb, opsen, penalty, swdkllj, late in _DUES:
        due_on = today + timedelta(days=days)
        tax = VehicleTax(
            due_on, add_years(due_on, years), Rupiah(pkb), Rupiah(opsen), bbnkb=Rupiah(0), penalty=Rupiah(penalty)
        )
        yield "tax", plate, tax
        yield "insurance", plate, Insurance(Rupiah(swdkllj), Rupiah(late), due_on)


def _months_before(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 - months
    return date(place // 12, place % 12 + 1, min(day.day, 28))


def _address(tx: Tx, line: RecordLine) -> tuple[str, str]:
    return line.register.name, line.register.index(tx.house.keys, line.about)
