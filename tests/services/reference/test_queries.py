"""What other rooms ask the reference data."""

from datetime import date

import pytest

from app.core.house import House
from app.core.problems import Problem
from app.services import reference
from app.services.reference.files import packaged_file
from app.services.reference.policy import EtlePolicy, policy_from_text
from app.services.reference.tables import POLICIES

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("code", "zone", "polda"),
    [
        ("PMJ-POLRESTRO-JAKARTA-PUSAT", "Asia/Jakarta", "PMJ"),
        ("BALI", "Asia/Makassar", "BALI"),
        ("PAPUA-POLRES-NABIRE", "Asia/Jayapura", "PATENG"),
        ("KORLANTAS", "Asia/Jakarta", None),
    ],
)
async def test_a_unit_knows_its_zone_and_polda(house: House, code: str, zone: str, polda: str | None) -> None:
    async with house.db.read() as conn:
        unit = await reference.unit(conn, code)
    assert reference.zone_of(unit).key == zone
    assert reference.polda_of(unit) == polda


async def test_units_are_listed_by_pages_without_gap_or_repeat(house: House) -> None:
    seen: list[str] = []
    async with house.db.read() as conn:
        while page := await reference.list_units(conn, after=seen[-1] if seen else None, limit=100):
            seen += [unit.code for unit in page]
        polres = await reference.list_units(conn, polda="DIY", level="POLRES")
        by_name = await reference.list_units(conn, name="SLEMAN")
        assert await reference.list_units(conn, name="%") == []
    assert len(seen) == len(set(seen)) == 549
    assert len(polres) == 5
    assert {unit.seat for unit in by_name} == {"Sleman"}, "by name or by seat"


async def test_unknown_codes_are_named(house: House) -> None:
    async with house.db.read() as conn:
        assert await reference.find_unit(conn, "NOWHERE") is None
        for question, problem in (
            (reference.unit(conn, "NOWHERE"), "reference-unit-not-found"),
            (reference.violation(conn, "999", TODAY), "reference-violation-not-found"),
            (reference.fee(conn, "GIFT", TODAY), "reference-fee-not-found"),
        ):
            with pytest.raises(Problem, match=problem):
                await question


async def test_fees_are_rupiah_or_follow_from_elsewhere(house: House) -> None:
    async with house.db.read() as conn:
        assert (await reference.fee(conn, "SIM_A_NEW", TODAY)).amount == 120_000
        assert (await reference.fee(conn, "STNK_R2_VALIDATE", TODAY)).amount == 0
        assert (await reference.fee(conn, "SIM_REPLACE", TODAY)).amount is None


async def test_a_plate_s_region_is_as_fine_as_is_known(house: House) -> None:
    plates = [reference.parse_plate(text) for text in ("B 1234 UAB", "B 1234", "AB 1 XY", "QQ 1 A")]
    async with house.db.read() as conn:
        found = [await reference.plate_region(conn, plate, TODAY) for plate in plates if plate is not None]
    assert found[0] is not None
    assert found[0].unit_code == "PMJ-POLRESTRO-JAKARTA-UTARA"
    assert found[1] is not None
    assert (found[1].code, found[1].polda_code) == ("B", "PMJ")


async def test_the_violations_are_all_there(house: House) -> None:
    async with house.db.read() as conn:
        listed = await reference.list_violations(conn, TODAY)
    assert len(listed) == 42
    red_light = next(each for each in listed if each.code == "287-2-APILL")
    assert (red_light.max_fine, red_light.camera_detectable) == (500_000, True)
    assert red_light.title.id == "Menerobos lampu merah (APILL)"


async def test_there_are_no_holidays_until_somebody_loads_them(house: House) -> None:
    async with house.db.read() as conn:
        assert await reference.holidays(conn, date(2026, 1, 1), date(2026, 12, 31)) == frozenset()


# Policies, pure


def national() -> EtlePolicy:
    row = next(row for row in packaged_file(POLICIES).rows if row.code == reference.NATIONAL)
    return policy_from_text(str(row.values["body"]))


@pytest.mark.parametrize(
    ("plate", "kind", "violation", "rule"),
    [
        ("B9911FKA", "FIRE_ENGINE", "287-2-APILL", "fire-engine"),
        ("B9911FKA", "ambulance", "287-2-APILL", "ambulance"),
        ("B9911FKA", "AMBULANCE", "287-5-SPEED", None),
        ("B9911FKA", "CAR", "287-2-APILL", None),
        ("B9911FKA", None, "287-2-APILL", None),
        ("RI1", None, "287-2-APILL", "heads-of-state-bodies"),
        ("RI1", None, "283-PHONE", None),
        ("CD1235", None, "283-PHONE", "foreign-missions"),
        ("1234-00", None, "283-PHONE", "police-and-military"),
        ("B1234RI", "CAR", "287-2-APILL", None),
    ],
)
def test_priority_vehicles_are_let_through_for_what_the_law_names(
    plate: str, kind: str | None, violation: str, rule: str | None
) -> None:
    found = reference.exemption_for(national(), plate=plate, vehicle_kind=kind, violation=violation)
    assert (found.code if found else None) == rule


def test_only_an_officer_decides_about_missions_and_forces() -> None:
    outcomes = {rule.code: rule.outcome for rule in national().exemptions}
    assert outcomes["foreign-missions"] is reference.ExemptionOutcome.OFFICER
    assert outcomes["police-and-military"] is reference.ExemptionOutcome.OFFICER
