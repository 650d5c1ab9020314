"""From the approval to the paper: what it is called, until when it holds, what it says, and which register learns of it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.texts import Text
from app.services import catalogue, reference
from app.services.applications import drafts, papers
from app.services.applications.issued_models import IssuedDocument
from app.services.applications.issued_store import lock_row, unfinished_rows
from app.services.applications.issuing import RENDER, good_ones_of, issued_of, prepare_issue
from app.services.applications.models import Application
from app.services.applications.store import find_application, form_of, papers_of, person_of, service_of
from app.services.cases import Case
from app.services.catalogue import DocumentKind, Facts, Field, Service
from app.services.documents.issued import PaperFacts, Row
from app.services.reference import parse_plate
from app.services.registries import (
    REGISTRY_REQUEST_REUSED,
    Licence,
    LicenceStatus,
    Nik,
    Record,
    Registers,
    SimClass,
)

Form: TypeAlias = Mapping[str, JsonValue]

ENTER_REGISTER = "applications.enter_register"
FINISH_STUCK = "applications.finish_stuck"
STUCK_AT_ONCE = 200
MOST_ROWS = 20
_QUOTED = frozenset({"applicant", "licence", "vehicle", "tax", "records"})
"""What `PapersOfServices` takes from registers, by the name in `Facts`."""
_ONE_AT_A_TIME = {"sim": "sim_class", "stnk": "plate", "stnk_pengesahan": "plate"}
"""Papers of which a person holds one good one for each of these; of an SKCK there may be several, for several purposes."""
_RECORDED = Text(
    "Nama tersebut tercatat dalam perkara yang belum selesai pada catatan kepolisian.",
    "The person named is recorded in a matter that is not settled in the police records.",
)
_VEHICLE_ROWS = (
    ("make", Text("Merek", "Make")),
    ("model", Text("Tipe", "Model")),
    ("colour", Text("Warna", "Colour")),
    ("kind", Text("Jenis", "Kind")),
    ("year", Text("Tahun", "Year")),
    ("chassis_tail", Text("Akhir nomor rangka", "End of the chassis number")),
)


async def issue_for(tx: Tx, case: Case, application: Application) -> None:
    """Issue what the service issues, in the transaction that approves. Nothing where it issues nothing."""
    service = await service_of(tx.session, application)
    if service.issues is None:
        return
    unit = await reference.unit(tx.session, case.unit)
    today = tx.now.astimezone(reference.zone_of(unit)).date()
    form = await form_of(tx.session, tx.house.keys, application)
    await prepare_issue(
        tx,
        case_id=case.id,
        key_id=application.key_id,
        kind=service.issues.document,
        unit=case.unit,
        valid_until=catalogue.valid_until(service, Facts(today=today, form=form), today),
        about=service.issues.title,
        on_paper=service.issues.paper,
        replaces=await _replaced(tx, service.issues.document, application.key_id, form),
    )


async def _replaced(tx: Tx, kind: str, key_id: UUID, form: Mapping[str, JsonValue]) -> UUID | None:
    """The paper that this one takes the place of: the same person's, of the same class or for the same vehicle."""
    named = _ONE_AT_A_TIME.get(kind)
    if named is None or form.get(named) is None:
        return None
    for earlier in await good_ones_of(tx.session, key_id, kind):
        before = await find_application(tx.session, earlier.case_id)
        if (await form_of(tx.session, tx.house.keys, before)).get(named) == form[named]:
            return earlier.id
    return None


class PapersOfServices:
    """`IssuedDataSource`: what a paper says, from the form, the register and the photo that was handed in."""

    async def data_for(self, house: House, case_id: UUID) -> PaperFacts:
        """See `IssuedDataSource`. Raises UPSTREAM_UNAVAILABLE while a register that the paper quotes is silent: an SKCK would
        state a clean record that nobody has looked up."""
        checked = await drafts.check(house, case_id)
        if silent := checked.facts.missing(_QUOTED):
            raise UPSTREAM_UNAVAILABLE(name=catalogue.REGISTER_TITLES[min(silent)])
        async with house.db.read() as connection:
            application = await find_application(connection, case_id)
            person = await person_of(connection, house.keys, application)
            given = await papers_of(connection, case_id)
        facts, service = checked.facts, checked.service
        photos = [each.name for each in service.documents if each.kind is DocumentKind.PHOTO]
        photo = next((given[name] for name in photos if name in given), None)
        return PaperFacts(
            holder_name=person["name"] or "-",
            nik=person["nik"],
            born_on=_born_on(facts, person["nik"]),
            born_at=_text(facts.form.get("born_at")),
            address=_address(facts),
            photo=None if photo is None else await papers.bytes_of(house, photo),
            mark=_mark(facts),
            rows=_rows(service, facts),
            period=_period(facts),
            purpose=_purpose(service, facts),
            statement=_RECORDED if facts.records is not None and facts.records["open_case"] is True else None,
            title=service.issues.title if service.issues else None,
            valid_until=catalogue.valid_until(service, facts, facts.today),
        )


async def enter_register(house: House, case_id: str) -> None:
    """Job: the register learns of what was issued, once it is sealed. May run twice: the case's id is the request's.

    What is entered follows from the application itself, not from what registers say of it: none that is silent makes it
    be forgotten. Raises UPSTREAM_UNAVAILABLE while the register itself does not answer.
    """
    async with house.db.read() as connection:
        application = await find_application(connection, UUID(case_id))
        service = await service_of(connection, application)
        form = await form_of(connection, house.keys, application)
        nik = (await person_of(connection, house.keys, application))["nik"]
        issued = await issued_of(connection, UUID(case_id))
    if nik is not None and issued is not None and issued.kind in _ENTERED:
        await _ENTERED[issued.kind](house, nik, service, form, issued)
    if issued is not None:
        async with house.db.begin(SYSTEM) as tx:
            (await lock_row(tx, issued.id)).entered_at = tx.now


async def finish_stuck(house: House) -> None:
    """Job: start again what jobs have given up in a long outage: papers without a file, and registers that do not know of
    one. The newest first, so that one which fails for a reason of its own stands in nobody's way."""
    async with house.db.begin(SYSTEM) as tx:
        for row in await unfinished_rows(tx.session, before=tx.now - GIVEN_UP_AFTER, limit=STUCK_AT_ONCE):
            if row["sha256"] is None:
                await tx.enqueue(RENDER, str(row["id"]))
            else:
                await tx.enqueue(ENTER_REGISTER, str(row["case_id"]))


async def _enter_licence(house: House, nik: str, _service: Service, form: Form, issued: IssuedDocument) -> None:
    """A SIM is registered under the NIK of its holder, which has been its number since July 2024."""
    sim_class = _text(form.get("sim_class"))
    if sim_class is None or issued.valid_until is None:
        return
    licence = Licence(SimClass(sim_class), nik, issued.issued_at.date(), issued.valid_until, LicenceStatus.ACTIVE)
    await house[Registers].record("licences", nik, licence, request_id=str(issued.case_id))


async def _enter_tax(house: House, _nik: str, service: Service, form: Form, issued: IssuedDocument) -> None:
    """What was paid on the same bill for province and Jasa Raharja is due again in a year (renewed, the STNK in five)."""
    plate, registers = parse_plate(str(form.get("plate") or "")), house[Registers]
    if plate is None:
        return
    tax = await registers.find("tax", plate.canonical) if "tax" in service.other_lines else None
    if tax is not None:
        after = tax.renewed() if issued.kind == "stnk" else tax.paid()
        await _enter_once(registers, "tax", plate.canonical, after, f"{issued.case_id}:tax")
    insurance = await registers.find("insurance", plate.canonical) if "insurance" in service.other_lines else None
    if insurance is not None:
        await _enter_once(registers, "insurance", plate.canonical, insurance.paid(), f"{issued.case_id}:insurance")


async def _enter_once(registers: Registers, name: str, plate: str, after: Record, request: str) -> None:
    """Enter what stands there after the payment. A run that died after this has entered it, and what was found now is
    already the year after: the register refuses that under the same request, and nothing is left to do."""
    try:
        await registers.record(name, plate, after, request_id=request)
    except Problem as problem:
        if problem.type is not REGISTRY_REQUEST_REUSED:
            raise


_ENTERED: Mapping[str, Callable[[House, str, Service, Form, IssuedDocument], Awaitable[None]]] = {
    "sim": _enter_licence,
    "stnk_pengesahan": _enter_tax,
    "stnk": _enter_tax,
}
"""Which papers a register must learn of, by the name of the document."""


def _born_on(facts: Facts, nik: str | None) -> date | None:
    born = facts.applicant["born_on"] if facts.applicant is not None else None
    if isinstance(born, datetime):
        return born.date()
    parsed = Nik.parse(nik or "")
    return parsed.birth_date(on=facts.today) if parsed else None


def _address(facts: Facts) -> str | None:
    return _text(facts.applicant["address"]) if facts.applicant is not None else _text(facts.form.get("address"))


def _mark(facts: Facts) -> str | None:
    return _text(facts.form.get("sim_class")) or _text((facts.vehicle or {}).get("plate"))


def _period(facts: Facts) -> str | None:
    """The tax year that an annual validation is for."""
    due = facts.tax["due_on"] if facts.tax is not None else None
    return f"{due.year}/{due.year + 1}" if isinstance(due, datetime) else None


def _purpose(service: Service, facts: Facts) -> Text | None:
    field = next((each for each in service.fields if each.name == "purpose"), None)
    value = facts.form.get("purpose")
    return None if field is None or value is None else field.label(value)


def _rows(service: Service, facts: Facts) -> tuple[Row, ...]:
    """The vehicle where there is one, then every answer of the form that is nobody's personal data."""
    rows: list[Row] = []
    if facts.vehicle is not None:
        rows += [(title, str(facts.vehicle[name])) for name, title in _VEHICLE_ROWS if facts.vehicle.get(name)]
    rows += [
        (field.title, _answer(field, value))
        for field in service.fields
        if not field.personal and (value := facts.form.get(field.name)) is not None and field.name != "purpose"
    ]
    return tuple(rows[:MOST_ROWS])


def _answer(field: Field, value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(field.label(each).id for each in value)
    return field.label(value).id if field.choices else str(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
