"""Registers that do not answer in the middle of an application: what was accepted waits, and nothing false is sealed."""

import io
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from pypdf import PdfReader

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.core.problems import Problem
from app.main import create_app
from app.services import appointments, billing, cases
from app.services.applications import issue, issuing, revoking
from app.services.applications.issued_models import IssuedDocument
from app.services.applications.issued_store import list_not_entered
from app.services.applications.jobs import recheck
from app.services.applications.revoking import Remedy, Verdict
from app.services.applications.worktime import awake_end
from app.services.identity.roles import Role
from app.services.registries import CriminalRecord, LicenceStatus, Registers, SimClass, demo
from app.services.registries.demo import demo_vehicles
from app.services.registries.keyed.records import add_years
from tests import make
from tests.applying import POLRES, Desk, opened_unit, registers_down
from tests.drain import drain

NIK = demo.PEOPLE[demo.BUDI].nik
SITIS = next(each for each in demo_vehicles() if each.owner_nik == demo.PEOPLE[demo.SITI].nik)
MOTORCYCLE = {"plate": SITIS.plate, "chassis_tail": SITIS.chassis_no[-5:], "owner_nik": None}


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, at a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def approved(desk: Desk, service: str, **form: object) -> UUID:
    """Paid, attended where somebody must come, and approved; what is issued waits to be made."""
    draft = await desk.hand_in(await desk.draft(service, **form))
    id = draft["id"]
    comes = (await desk.post(f"/v1/applications/{id}/check"))["needs_appointment"]
    if comes:
        await desk.book(id, service, POLRES)
    await desk.submit(id)
    await desk.pay(id)
    if comes:
        await desk.act(id, Role.OFFICER, "call_in")
        await desk.act(id, Role.COUNTER, "attend")
    await desk.act(id, Role.OFFICER, "approve")
    return UUID(id)


async def test_no_clean_record_is_certified_while_the_register_is_silent(desk: Desk, clock: FixedClock) -> None:
    case_id = await approved(desk, "skck-new", purpose="private_employer")
    await desk.house[Registers].record("records", NIK, CriminalRecord(True, "P21"), request_id="in-the-meantime")
    async with registers_down(desk.house, "records") as broken:
        with pytest.raises(Problem, match="upstream-unavailable"):
            await drain(broken)
    await drain(desk.house)
    with pytest.raises(Problem, match="applications-issued-not-ready"):
        await issuing.issued_pdf(desk.house, case_id)
    await issue.finish_stuck(desk.house)
    assert await drain(desk.house) == [], "its own job has still tries left"
    clock.advance(GIVEN_UP_AFTER)
    await issue.finish_stuck(desk.house)
    assert {issuing.RENDER, issuing.TELL_ISSUED, issuing.ENTER_REGISTER} <= set(await drain(desk.house))
    said = PdfReader(io.BytesIO(await issuing.issued_pdf(desk.house, case_id))).pages[0].extract_text()
    assert "tercatat dalam perkara" in said
    assert "tidak memiliki catatan" not in said


async def untold(house: House) -> list[IssuedDocument]:
    """Sealed papers of which registers have not learned."""
    async with house.db.read() as connection:
        return await list_not_entered(connection, before=datetime.max.replace(tzinfo=UTC), limit=9)


async def test_the_registers_learn_of_a_payment_once_however_often_the_job_dies(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.SITI).sign_in()
    before = [await house[Registers].find(name, SITIS.plate) for name in ("tax", "insurance")]
    case_id = str(await approved(desk, "stnk-renewal", **MOTORCYCLE))
    async with registers_down(house, "insurance") as broken:
        with pytest.raises(Problem, match="upstream-unavailable"):
            await drain(broken)
    assert len(await untold(house)) == 1
    clock.advance(GIVEN_UP_AFTER + timedelta(minutes=1))
    await issue.tell_registers(house)
    assert await untold(house) == []
    await issue.enter_register(house, case_id)  # a job may run twice
    tax, insurance = [await house[Registers].find(name, SITIS.plate) for name in ("tax", "insurance")]
    five_years_on = add_years(before[0].stnk_valid_until, 5)
    assert [tax, insurance] == [replace(before[0].paid(), stnk_valid_until=five_years_on), before[1].paid()]


async def test_nothing_goes_free_because_its_price_is_not_known(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    async with registers_down(house, "tax") as broken:
        transport = httpx.ASGITransport(app=create_app(broken), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
            desk = await Desk(broken, elsewhere, demo.SITI).sign_in()
            draft = await desk.hand_in(await desk.draft("stnk-renewal", **MOTORCYCLE))
            id = UUID(draft["id"])
            await desk.book(draft["id"], "stnk-renewal", POLRES)
            assert (await desk.submit(draft["id"]))["state"] == "manual_check"
            refused = await desk.act(draft["id"], Role.OFFICER, "pass_by_hand", status=409, reason="Data sesuai STNK")
            assert refused["code"] == "applications-price-unknown"
    clock.advance(timedelta(hours=2))
    async with house.db.read() as connection:
        waits = await appointments.booking_of(connection, id, now=clock.now())
    assert waits is not None, "the place is kept as long as the register keeps the application waiting"
    await recheck(house)
    async with house.db.read() as connection:
        bill = await billing.bill_of(connection, id)
        booking = await appointments.booking_of(connection, id, now=clock.now())
    assert await make.state_of(house, id) == "awaiting_payment"
    assert bill is not None
    assert booking is not None
    assert booking.held_until == min(bill.expires_at, booking.starts_at)


async def test_what_the_system_hands_back_at_night_keeps_its_place_for_hours_of_the_day(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    async with registers_down(house, "tax") as broken:
        transport = httpx.ASGITransport(app=create_app(broken), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as elsewhere:
            desk = await Desk(broken, elsewhere, demo.SITI).sign_in()
            draft = await desk.hand_in(await desk.draft("stnk-renewal", **MOTORCYCLE))
            id = UUID(draft["id"])
            await desk.post(f"/v1/applications/{id}/appointment", {"starts_at": "2026-03-05T08:00:00+07:00"})
            assert (await desk.submit(draft["id"]))["state"] == "manual_check"
    clock.set(datetime(2026, 3, 2, 16, 30, tzinfo=UTC))  # 23.30 in Jakarta: the register answers again, and disagrees
    async with house.db.begin(SYSTEM) as tx:
        await cases.move(tx, id, "hand_back", reason="Kendaraan diblokir")
    clock.advance(timedelta(hours=8))
    async with house.db.read() as connection:
        booking = await appointments.booking_of(connection, id, now=clock.now())
    assert booking is not None, "nobody loses a place asleep"
    assert booking.state == "held"
    assert booking.held_until == datetime(2026, 3, 3, 4, 0, tzinfo=UTC), "four hours from 07.00"


@pytest.mark.parametrize(
    ("now", "until"),
    [("02T10:00", "02T14:00"), ("02T20:00", "03T10:00"), ("02T23:59", "03T11:00"), ("03T02:00", "03T11:00")],
)
def test_only_hours_in_which_people_are_awake_are_counted(now: str, until: str) -> None:
    zone = ZoneInfo("Asia/Jakarta")
    start, expected = (datetime.fromisoformat(f"2026-03-{each}").replace(tzinfo=zone) for each in (now, until))
    assert awake_end(start, 240, zone, begins=time(7), ends=time(21)) == expected


async def test_a_licence_that_was_taken_back_is_no_longer_one_in_the_register(desk: Desk, clock: FixedClock) -> None:
    case_id = await approved(desk, "sim-renewal", sim_class="A")
    await drain(desk.house)

    async def status() -> set[LicenceStatus]:
        found = await desk.house[Registers].find("licences", NIK)
        return {each.status for each in found if each.sim_class is SimClass.A}

    assert await status() == {LicenceStatus.ACTIVE}
    async with desk.house.db.read() as connection:
        issued = await issuing.issued_of(connection, case_id)
    assert issued is not None
    words = "Surat kesehatan ternyata dipalsukan"
    async with desk.house.db.begin(Actor(ActorKind.STAFF, "01", frozenset({"counter"}), issued.unit)) as tx:
        proposal = await revoking.propose(tx, issued.id, Remedy.REVOKE, "obtained_by_deceit", words)
    async with desk.house.db.begin(Actor(ActorKind.STAFF, "02", frozenset({"senior_officer"}), issued.unit)) as tx:
        await revoking.decide(tx, proposal, Verdict.CONFIRM, words)
    await drain(desk.house)
    assert await status() == {LicenceStatus.REVOKED}
    clock.advance(GIVEN_UP_AFTER + timedelta(minutes=1))
    await issue.tell_registers(desk.house)
    assert await status() == {LicenceStatus.REVOKED}, "what is told again does not make it good"
