"""The clock of the service level: working hours alone, and only while the police have the ball."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import FixedClock
from app.core.house import House
from app.services import cases, reference
from app.services.applications.worktime import DAY_SECONDS, worked_seconds, working_end
from app.services.catalogue import Catalogue
from app.services.identity.roles import Role
from app.services.registries import demo
from tests import make
from tests.applying import Desk, opened_unit, paper

WIB, WIT = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")
HOUR = 3600
TUESDAY = date(2026, 3, 3)


def at(text: str, zone: ZoneInfo = WIB) -> datetime:
    """An instant of March 2026: ``02 10:00`` is a Monday."""
    return datetime.strptime(f"2026-03-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("02 10:00", "02 12:00", 2),
        ("02 10:00", "02 23:00", 6),
        ("02 05:00", "02 09:00", 1),
        ("06 15:00", "09 09:00", 2),  # over a weekend
        ("07 09:00", "08 17:00", 0),  # a Saturday and a Sunday
        ("02 15:00", "04 09:00", 2),  # Tuesday is a holiday
        ("02 12:00", "02 10:00", 0),
    ],
)
def test_only_hours_in_which_the_counter_is_open_are_counted(start: str, end: str, hours: int) -> None:
    assert worked_seconds(at(start), at(end), WIB, [TUESDAY]) == hours * HOUR


def test_the_hours_are_those_of_the_units_own_zone() -> None:
    start, end = at("02 08:00", WIT), at("02 10:00", WIT)
    assert worked_seconds(start, end, WIT) == 2 * HOUR
    assert worked_seconds(start, end, WIB) == 0, "it is six in the morning there"
    assert working_end(start, 2 * HOUR, WIB) == at("02 10:00")


@given(st.integers(0, 60 * 24 * 28), st.integers(1, 20 * DAY_SECONDS))
def test_the_end_lies_so_many_working_seconds_ahead(minute: int, seconds: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=minute)
    end = working_end(start, seconds, WIB, [TUESDAY])
    assert worked_seconds(start, end, WIB, [TUESDAY]) == seconds
    assert end.astimezone(WIB).date() != TUESDAY


async def due(house: House, id: str) -> datetime | None:
    """When the service level is used up, by the case's deadline."""
    async with house.db.read() as connection:
        return (await cases.due_times(connection, UUID(id))).get("applications.service_due")


async def test_what_the_applicant_takes_to_mend_is_not_counted(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    promised = house[Catalogue].get("sim-renewal").service_level_hours * HOUR
    async with house.db.read() as connection:
        holidays = await reference.holidays(connection, date(2026, 3, 1), date(2026, 4, 30))
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    await desk.submit(draft["id"])
    assert await due(house, draft["id"]) is None, "nobody has paid yet"
    await desk.pay(draft["id"])
    begun = clock.now()
    assert await due(house, draft["id"]) == working_end(begun, promised, WIB, holidays)
    clock.advance(timedelta(hours=2))
    await desk.act(
        draft["id"], Role.OFFICER, "ask_correction", marks=[{"pointer": "/documents/photo", "code": "photo"}]
    )
    assert await due(house, draft["id"]) is None
    clock.set(at("04 09:00").astimezone(UTC))
    await cases.sweep(house)
    await desk.sign_in()
    assert (await desk.put(draft["id"], "photo", paper("other photo"))).status_code == 200
    await desk.submit(draft["id"])
    used = worked_seconds(begun, begun + timedelta(hours=2), WIB, holidays)
    assert await due(house, draft["id"]) == working_end(clock.now(), promised - used, WIB, holidays)
    headers = await desk.staff(Role.SUPERVISOR, draft["unit"])
    late = await client.get("/v1/counter/tasks", headers=headers, params={"late": True})
    assert late.json()["tasks"] == []
    clock.set(at("31 09:00").astimezone(UTC))
    await cases.sweep(house)
    headers = await desk.staff(Role.SUPERVISOR, draft["unit"])
    late = await client.get("/v1/counter/tasks", headers=headers, params={"late": True})
    assert [(each["kind"], each["case_id"]) for each in late.json()["tasks"]] == [("late_application", draft["id"])]
