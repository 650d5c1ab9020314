"""From the approval to the paper: what it is called, until when it holds, what it says, and which register learns of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from app.core.actor import SYSTEM
from app.core.contacts import parse_email, parse_mobile
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.texts import Text
from app.services import cases, catalogue, reference
from app.services.applications import drafts, papers
from app.services.applications.drafts import Checked
from app.services.applications.issued_models import IssuedDocument
from app.services.applications.issued_store import (
    list_not_entered,
    list_unsealed,
    name_subject,
    note_entered,
    note_tried,
)
from app.services.applications.issuing import RENDER, issued_of, prepare_issue
from app.services.applications.models import Application
from app.services.applications.store import find_application, form_of, papers_of, person_of, service_of, vehicle_of
from app.services.cases import MEND, Case
from app.services.catalogue import DocumentKind, Enters, Facts, Field, Service
from app.services.documents.issued import PaperFacts, Row
from app.services.registries import (
    REGISTRY_REQUEST_REUSED,
    VEHICLE_REGISTERED,
    VEHICLE_UNKNOWN,
    Licence,
    LicenceStatus,
    NewVehicle,
    Nik,
    Owner,
    Registers,
    Sale,
    SimClass,
    Stnk,
    Vehicle,
    VehicleRegistry,
)

FINISH_STUCK = "applications.finish_stuck"
STUCK_AT_ONCE = 200
MOST_ROWS = 20
_QUOTED = frozenset({"applicant", "licence", "vehicle", "tax", "records"})
"""What `PapersOfServices` takes from registers, by the name in `Facts`."""
TOLD_AT_ONCE = timedelta(minutes=20)
"""So long the job itself tries; after it the schedule does."""
TOLD_AT_A_TIME = 50
STNK = "stnk"
"""The document of which the vehicle register learns the number."""
NO_REGION = "B"
"""The plate's region where no list says what a unit gives: that of the units of Mabes."""
SUPERVISOR_AFTER = timedelta(days=1)
_OF_VEHICLE = frozenset({"stnk", "stnk_pengesahan"})
_OF_PERSON = {"sim": "sim_class"}
"""Papers of which a vehicle, or a person for each of these, has one good one; of an SKCK there may be several, for several
purposes."""
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
        subject_bidx=_subject(tx, service.issues.document, application.key_id, form),
    )


def _subject(tx: Tx, kind: str, key_id: UUID, form: Mapping[str, JsonValue]) -> str | None:
    """Of what there is one good paper of this kind: a person's licence of a class, or a vehicle's STNK, whoever owns it. The
    vehicle is told by plate and end of the chassis number, since a plate may move to another one."""
    if kind in _OF_VEHICLE and (vehicle := vehicle_of(form)) is not None:
        about = vehicle
    elif kind in _OF_PERSON and form.get(_OF_PERSON[kind]) is not None:
        about = f"{key_id}|{form[_OF_PERSON[kind]]}"
    else:
        return None
    return tx.house.keys.blind_index("issued", f"{kind}|{about}")


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
            issued = await issued_of(connection, case_id)
        facts, service, holder = checked.facts, checked.service, None
        if issued is not None and person["nik"] is not None:
            told = _Told(house, person["nik"], person["contact"], checked, issued)
            if told.enters is Enters.REGISTRATION:
                facts = replace(facts, vehicle=(await _first_registered(told, application.key_id)).as_facts())
            holder = await _owner_named(told)
        photos = [each.name for each in service.documents if each.kind is DocumentKind.PHOTO]
        photo = next((given[name] for name in photos if name in given), None)
        return PaperFacts(
            holder_name=holder.name if holder else person["name"] or "-",
            nik=holder.nik if holder else person["nik"],
            born_on=_born_on(facts, person["nik"]),
            born_at=_text(facts.form.get("birth_place")),
            address=holder.address if holder else _address(facts),
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
    """Job: the registers learn of what was issued, once it is sealed, and that they have is noted; of a licence also that it
    was taken back.

    May run twice: the case's id is the request's. A register that is down raises, and is told later (`tell_registers`);
    nobody waits for it.
    """
    checked = await drafts.check(house, UUID(case_id))
    async with house.db.read() as connection:
        application = await find_application(connection, UUID(case_id))
        person = await person_of(connection, house.keys, application)
        issued = await issued_of(connection, UUID(case_id))
    if issued is None or not issued.ready:
        return  # what took its place has a job of its own
    if issued.revoked_at is not None:
        if issued.kind == "sim" and person["nik"] is not None:
            await _enter_licence(_Told(house, person["nik"], None, checked, issued))
        return
    if person["nik"] is not None:
        told = _Told(house, person["nik"], person["contact"], checked, issued)
        registry_id = None
        if told.enters is Enters.REGISTRATION:
            registry_id = (await _register(told)).registry_id
        elif told.enters is not None:
            await _enter_vehicle(told, told.enters)
        if issued.kind == STNK:
            await _enter_stnk(told, registry_id)
        if issued.kind in _ENTERED:
            await _ENTERED[issued.kind](told)
    async with house.db.begin(SYSTEM) as tx:
        await note_entered(tx, issued.id)


async def finish_stuck(house: House) -> None:
    """Schedule: make again the papers that jobs have given up in a long outage. The newest first, so that one which fails
    for a reason of its own stands in nobody's way."""
    async with house.db.begin(SYSTEM) as tx:
        for document_id in await list_unsealed(tx.session, before=tx.now - GIVEN_UP_AFTER, limit=STUCK_AT_ONCE):
            await tx.enqueue(RENDER, str(document_id))


async def tell_registers(house: House) -> None:
    """Schedule: tell again what a register has not taken, for as long as it takes; after a day a supervisor is told, too."""
    now = house.clock.now()
    async with house.db.read() as connection:
        waiting = await list_not_entered(connection, before=now - TOLD_AT_ONCE, limit=TOLD_AT_A_TIME)
    for issued in waiting:
        async with house.db.begin(SYSTEM) as tx:
            # To the end of the line first, so that one that no register takes does not keep the others waiting.
            await note_tried(tx, issued.id)
        try:
            await enter_register(house, str(issued.case_id))
        except Problem as problem:
            if now - issued.issued_at > SUPERVISOR_AFTER:
                await _tell_supervisor(house, issued, problem)


@dataclass(frozen=True)
class _Told:
    """What a register is told of: the holder, what the case knows, and the paper."""

    house: House
    nik: str = field(repr=False)
    contact: str | None = field(repr=False)
    checked: Checked
    issued: IssuedDocument

    @property
    def enters(self) -> Enters | None:
        """What the vehicle register learns."""
        return self.checked.service.issues.enters if self.checked.service.issues is not None else None

    def request(self, part: str = "") -> str:
        return f"{self.issued.case_id}{part}"

    def plate(self) -> str | None:
        """The vehicle's plate. Raises UPSTREAM_UNAVAILABLE where a register that says it is down."""
        if self.checked.facts.down:
            raise UPSTREAM_UNAVAILABLE(name=", ".join(sorted(self.checked.facts.down)))
        return _text((self.checked.facts.vehicle or {}).get("plate"))


async def _enter_vehicle(told: _Told, enters: Enters) -> None:
    """The vehicle register learns who the owner is now, or to whom the owner has sold the vehicle."""
    plate, register = told.plate(), told.house[VehicleRegistry]
    vehicle = await register.find(plate) if plate is not None else None
    if vehicle is None:
        raise VEHICLE_UNKNOWN()
    if enters is Enters.OWNER:
        facts = told.checked.facts.applicant or {}
        owner = Owner(
            _text(facts.get("name")) or "-",
            _text(facts.get("address")) or "-",
            told.nik,
            parse_mobile(told.contact or ""),
            parse_email(told.contact or ""),
        )
        await _once(register.change_owner(vehicle.registry_id, told.request(":owner"), owner))
        return
    if vehicle.owner.nik not in (None, told.nik):
        return  # renamed in the meantime: what is told late must not block the buyer's vehicle
    form = told.checked.facts.form
    buyer = Owner(
        str(form["buyer_name"]),
        str(form["buyer_address"]),
        str(Nik.parse(str(form.get("buyer_nik") or "")) or "") or None,
        parse_mobile(str(form.get("buyer_phone") or "")),
    )
    sale = Sale(date.fromisoformat(str(form["sold_on"])), buyer)
    await _once(register.report_sale(vehicle.registry_id, told.request(":sale"), sale))


async def _owner_named(told: _Told) -> Owner | None:
    """In whose name a vehicle's paper is where that is not the applicant: a dealer stands for the owner of a new vehicle, and
    whoever has a power of attorney for a company. None for the applicant's own."""
    if told.enters is Enters.REGISTRATION:
        return _new_owner(told)
    vehicle = told.checked.facts.vehicle
    if vehicle is None or vehicle["owner_nik"] is not None or told.enters is Enters.OWNER:
        return None
    found = await told.house[VehicleRegistry].find(str(vehicle["plate"]))
    return None if found is None else found.owner


def _new_owner(told: _Told) -> Owner:
    """The first owner of a new vehicle, as the form names them."""
    form = told.checked.facts.form
    nik = str(Nik.parse(str(form.get("owner_nik") or "")) or "") or None
    own = nik == told.nik  # a dealer's telephone is not the owner's
    return Owner(
        str(form["owner_name"]),
        str(form["owner_address"]),
        nik,
        parse_mobile(told.contact or "") if own else None,
        parse_email(told.contact or "") if own else None,
    )


async def _first_registered(told: _Told, key_id: UUID) -> Vehicle:
    """A new vehicle with the plate that the register has given it, which its STNK shows and by which a later one takes that
    one's place. A number that is registered by now is for a person, and nothing is sealed."""
    try:
        vehicle = await _register(told)
    except Problem as problem:
        if problem.type is VEHICLE_REGISTERED:
            await _tell_supervisor(told.house, told.issued, problem)
        raise
    named: dict[str, JsonValue] = {"plate": vehicle.plate, "chassis_tail": str(vehicle.as_facts()["chassis_tail"])}
    async with told.house.db.begin(SYSTEM) as tx:
        subject = _subject(tx, told.issued.kind, key_id, named)
        if subject is not None:
            await name_subject(tx, told.issued.id, subject)
    return vehicle


async def _register(told: _Told) -> Vehicle:
    """The vehicle register learns of a new vehicle, and gives it its plate."""
    form, house = told.checked.facts.form, told.house
    async with house.db.read() as connection:
        unit = await reference.unit(connection, told.issued.unit)
        region = await reference.plate_letters(connection, unit, told.checked.facts.today)
    kinds = next(each for each in told.checked.service.fields if each.name == "vehicle_kind")
    new = NewVehicle(
        region=region or NO_REGION,
        chassis_no=str(form["chassis_no"]).upper(),
        engine_no=str(form["engine_no"]).upper(),
        make=str(form["make"]),
        model=str(form["model"]),
        colour=str(form["colour"]),
        kind=kinds.label(form["vehicle_kind"]).id,
        year=int(str(form["year"])),
        owner=_new_owner(told),
    )
    return await house[VehicleRegistry].register_vehicle(told.request(":new"), new)


async def _enter_stnk(told: _Told, registry_id: str | None) -> None:
    """The vehicle register learns the number of the STNK that is good now; and, where the form says that the one before was
    lost, that whoever shows that one shows a lost paper."""
    register, issued, form = told.house[VehicleRegistry], told.issued, told.checked.facts.form
    if registry_id is None:
        plate = told.plate()
        vehicle = await register.find(plate) if plate is not None else None
        if vehicle is None:
            raise VEHICLE_UNKNOWN()
        registry_id = vehicle.registry_id
    lost = form.get("reason") == "lost"
    stnk = Stnk(
        number=issued.number,
        issued_on=issued.issued_at.date(),
        valid_until=issued.valid_until,
        lost_on=date.fromisoformat(str(form["lost_on"])) if lost and form.get("lost_on") else None,
        loss_report_no=_text(form.get("police_report_no")) if lost else None,
    )
    await _once(register.enter_stnk(registry_id, f"{issued.id}:stnk", stnk))


async def _tell_supervisor(house: House, issued: IssuedDocument, problem: Problem) -> None:
    """One work item, however often a register refuses."""
    async with house.db.begin(SYSTEM) as tx:
        case = await cases.get_locked(tx, issued.case_id)
        if not any(each.kind == MEND for each in await cases.tasks_of(tx.session, issued.case_id)):
            await cases.tell_supervisor(tx, case, f"register not told of {issued.number}: {problem.type.code}")


async def _once(call: Awaitable[None]) -> None:
    """A run that was cut off after the register had taken this, and comes again with what is true by now, is done."""
    try:
        await call
    except Problem as problem:
        if problem.type is not REGISTRY_REQUEST_REUSED:
            raise


async def _enter_licence(told: _Told) -> None:
    """A SIM is registered under the NIK of its holder, which has been its number since July 2024."""
    sim_class, issued = _text(told.checked.facts.form.get("sim_class")), told.issued
    if sim_class is None or issued.valid_until is None:
        return
    status = LicenceStatus.ACTIVE if issued.revoked_at is None else LicenceStatus.REVOKED
    licence = Licence(SimClass(sim_class), told.nik, issued.issued_at.date(), issued.valid_until, status)
    await told.house[Registers].record("licences", told.nik, licence, request_id=f"{issued.id}:{status}")


async def _enter_tax(told: _Told) -> None:
    """What was paid on the same bill for province and Jasa Raharja is due again in a year. An STNK ends when the paper says."""
    plate, registers, lines = told.plate(), told.house[Registers], told.checked.service.other_lines
    if plate is None:
        return
    tax = await registers.find("tax", plate) if "tax" in lines else None
    if tax is not None:
        ends = told.issued.valid_until if told.issued.kind == "stnk" else None
        after = replace(tax.paid(), stnk_valid_until=ends or tax.stnk_valid_until)
        await _once(registers.record("tax", plate, after, request_id=told.request(":tax")))
    insurance = await registers.find("insurance", plate) if "insurance" in lines else None
    if insurance is not None:
        await _once(registers.record("insurance", plate, insurance.paid(), request_id=told.request(":insurance")))


_ENTERED: Mapping[str, Callable[[_Told], Awaitable[None]]] = {
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
    """The vehicle where there is one, then every answer of the form that the service has printed."""
    rows: list[Row] = []
    if facts.vehicle is not None:
        rows += [(title, str(facts.vehicle[name])) for name, title in _VEHICLE_ROWS if facts.vehicle.get(name)]
    rows += [
        (field.title, _answer(field, value))
        for field in service.fields
        if field.printed and (value := facts.form.get(field.name)) is not None and field.name != "purpose"
    ]
    return tuple(rows[:MOST_ROWS])


def _answer(field: Field, value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(field.label(each).id for each in value)
    return field.label(value).id if field.choices else str(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
