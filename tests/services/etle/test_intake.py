"""From a capture to a case: one violation is one case, the machine errs, priority vehicles pass."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

import app
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, etle, reference
from app.services.cases import Case
from app.services.etle.models import Party, Ticket, TicketCapture
from app.services.reference.tables import POLICIES
from tests import make


async def _count(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_same_vehicle_place_and_violation_within_the_window_is_one_case(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    first = await make.case_of(house, await make.capture(house))
    again = await make.case_of(house, await make.capture(house, at=clock.now() - timedelta(minutes=4)))
    assert first is not None
    assert again is None
    assert (await _count(house, Case), await _count(house, TicketCapture)) == (1, 1)


async def test_the_window_is_that_of_the_policy_of_the_local_day(house: House, clock: FixedClock) -> None:
    """In Jakarta it is already the new policy's day; in UTC it is still the day before."""
    await make.demo_set(house)
    text = (Path(app.__file__).parent / "data" / "reference" / POLICIES.file_name).read_text("utf-8")
    wider = text.replace("same_violation_minutes: 5", "same_violation_minutes: 60")
    async with house.db.begin(make.SYSTEM) as tx:
        file = reference.read_file(POLICIES, POLICIES.file_name, wider.encode())
        assert await reference.apply(tx, file, valid_from=date(2026, 3, 2)) is not None
    midnight = datetime(2026, 3, 2, tzinfo=ZoneInfo("Asia/Jakarta"))
    first = await make.case_of(house, await make.capture(house, at=midnight + timedelta(minutes=5)))
    assert first is not None
    assert await make.case_of(house, await make.capture(house, at=midnight + timedelta(minutes=45))) is None


async def test_another_place_violation_or_day_is_another_case(house: House, clock: FixedClock) -> None:
    await make.demo_set(house)
    for options in (
        {},
        {"location": "Simpang lain"},
        {"violation": "283-PHONE"},
        {"at": clock.now() - timedelta(days=1)},
    ):
        assert await make.case_of(house, await make.capture(house, **options)) is not None
    assert await _count(house, Case) == 4


async def test_a_capture_that_is_read_twice_opens_one_case(house: House) -> None:
    await make.demo_set(house)
    taken = await make.capture(house)
    assert await make.case_of(house, taken) == await make.case_of(house, taken)
    assert await _count(house, Case) == 1


async def test_a_picture_that_nobody_can_read_goes_to_a_person(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house), None)
    assert case_id is not None
    async with house.db.begin(make.SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
        case = await tx.session.get(Case, case_id)
        tasks = await cases.tasks_of(tx.session, case_id)
    assert ticket is not None
    assert case is not None
    assert (ticket.plate, ticket.doubtful, case.state) == (None, True, "captured")
    assert case.assigned_to is not None, "an officer was drawn"
    assert [task.kind for task in tasks] == ["review"]


async def test_verifying_is_refused_without_a_registered_vehicle_or_when_the_officer_denies_it(house: House) -> None:
    await make.demo_set(house)
    unread = await make.case_of(house, await make.capture(house), None)
    known = await make.case_of(house, await make.capture(house, location="Simpang lain"))
    assert unread is not None
    assert known is not None
    for case_id, decision in (
        (unread, etle.Decision(action="verify", reason="cocok")),
        (known, etle.Decision(action="verify", reason="cocok", registry_matches=False)),
    ):
        officer = await make.officer_of(house, case_id)
        async with house.db.begin(officer) as tx:
            await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        with pytest.raises(Problem, match="etle-registry-mismatch"):
            async with house.db.begin(officer) as tx:
                await etle.decide(tx, case_id, decision)
        assert await make.state_of(house, case_id) == "in_verification"


@pytest.mark.parametrize(
    ("confidence", "doubtful", "state"),
    [(0.98, False, "exempt"), (0.06, False, "captured"), (0.98, True, "captured")],
)
async def test_a_priority_vehicle_is_let_through_by_the_machine_on_a_sure_reading_alone(
    house: House, confidence: float, doubtful: bool, state: str
) -> None:
    await make.demo_set(house)
    line = make.VEHICLE
    ambulance = type(line)(
        plate="B9111AMB", chassis_no="MHKAMBULAN0000001", engine_no="AMB0000001", make="Toyota", model="Hiace",
        colour="Putih", kind="AMBULANCE", owner_name="Rumah Sakit Contoh", owner_address="Jalan Contoh 9",
        registry_id="CONTOH-AMB",
    )  # fmt: skip
    async with house.db.begin(make.SYSTEM) as tx:
        await make.registries.enter_vehicle(tx, ambulance)
    taken = await make.capture(house)
    case_id = await make.case_of(house, taken, "B9111AMB", confidence=confidence, doubtful=doubtful)
    assert case_id is not None
    assert await make.state_of(house, case_id) == state
    async with house.db.begin(make.SYSTEM) as tx:
        case = await tx.session.get(Case, case_id)
        assert case is not None
        ticket = await tx.session.get(Ticket, case_id)
    assert ticket is not None
    assert ticket.vehicle["kind"] == "AMBULANCE"
    assert (case.assigned_to is None) == (state == "exempt"), "what the machine may not decide goes to an officer"


@pytest.mark.parametrize(
    ("plate", "kind", "confidence", "code", "by_machine"),
    [
        ("B9111AMB", "AMBULANCE", 0.3, "ambulance", True),
        ("B9222HRS", "HEARSE", 0.98, "funeral-or-convoy", False),
        (make.PLATE, None, 0.98, None, None),
    ],
)
async def test_the_officer_decides_with_the_rule_in_sight(
    house: House, plate: str, kind: str | None, confidence: float, code: str | None, by_machine: bool | None
) -> None:
    await make.demo_set(house)
    if kind is not None:
        async with house.db.begin(make.SYSTEM) as tx:
            vehicle = replace(
                make.VEHICLE, plate=plate, kind=kind, registry_id=f"CONTOH-{kind}", chassis_no="MHKCONTOH00000009"
            )
            await make.registries.enter_vehicle(tx, vehicle)
    case_id = await make.case_of(house, await make.capture(house), plate, confidence=confidence)
    assert case_id is not None
    view = await etle.open_for_review(house, await make.officer_of(house, case_id), case_id, purpose=None)
    if code is None:
        assert view.exemption is None
    else:
        assert view.exemption is not None
        assert (view.exemption.code, view.exemption.by_machine) == (code, by_machine)
        assert "UU 22/2009" in view.exemption.law


async def test_the_owner_is_sealed_and_found_by_nobody_without_the_key(house: House) -> None:
    await make.demo_set(house)
    await make.case_of(house, await make.capture(house))
    async with house.db.read() as connection:
        row = (await connection.execute(select(Party.__table__))).mappings().one()  # type: ignore[attr-defined]
    stored = " ".join(str(value) for value in row.values())
    for secret in (make.VEHICLE.owner_name, make.VEHICLE.owner_nik, make.VEHICLE.owner_phone):
        assert secret is not None
        assert secret not in stored


async def test_a_unit_without_officers_is_served_by_its_polda(house: House) -> None:
    await make.demo_set(house)
    taken = await make.capture(house, unit="PMJ-POLRESTRO-JAKARTA-BARAT")
    case_id = await make.case_of(house, taken)
    assert case_id is not None
    async with house.db.begin(make.SYSTEM) as tx:
        case = await tx.session.get(Case, case_id)
    assert case is not None
    assert case.unit == "PMJ"
    assert case.assigned_to is not None


@pytest.mark.parametrize("plate", ["WXY 1234", "SGX 1234 A", "B 9 ZZZ"])
async def test_a_plate_that_no_registry_here_knows_is_refused_and_changes_nothing(house: House, plate: str) -> None:
    """A Malaysian or Singaporean plate that an officer typed, and one of ours that nobody has."""
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house))
    assert case_id is not None
    officer = await make.officer_of(house, case_id)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
    vehicle = await etle.find_vehicle_for(house, plate)
    with pytest.raises(Problem, match="etle-plate-unknown") as refused:
        async with house.db.begin(officer) as tx:
            await etle.decide(tx, case_id, etle.Decision(action="verify", plate=plate, vehicle=vehicle))
    assert plate in refused.value.detail("en")
    async with house.db.begin(make.SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
    assert ticket is not None
    assert (ticket.plate, await make.state_of(house, case_id)) == (make.PLATE, "in_verification")


async def test_a_corrected_plate_stands_in_the_event_and_wants_a_second_look(house: House) -> None:
    await make.demo_set(house)
    case_id = await make.case_of(house, await make.capture(house), "B2468KJL")
    assert case_id is not None
    officer = await make.officer_of(house, case_id)
    vehicle = await house[make.registries.VehicleRegistry].find(make.PLATE)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        corrected = etle.Decision(action="verify", reason="salah baca", plate="B 1234 XYZ", vehicle=vehicle)
        await etle.decide(tx, case_id, corrected)
        event = (
            await tx.session.execute(
                select(cases.CaseEvent).where(cases.CaseEvent.case_id == case_id, cases.CaseEvent.action == "verify")
            )
        ).scalar_one()
        tasks = await cases.tasks_of(tx.session, case_id)
    assert (event.data["plate_before"], event.data["plate_after"]) == ("B2468KJL", "B1234XYZ")
    assert [task.kind for task in tasks] == ["second_look"]
