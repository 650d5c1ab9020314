"""One vehicle, one case: repetitions and lanes join, two ends of a road make a speed, a plate at two places raises an alert."""

import asyncio
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.core.migrations import downgrade, migrate
from app.core.problems import Problem
from app.routers.schemas.tickets import Evidence
from app.services import cameras, cases, etle
from app.services.cameras import CaptureView
from app.services.cameras.models import Capture
from app.services.etle import sections
from app.services.etle.models import Ticket, TicketCapture
from app.services.etle.passage_models import CloneAlert, SectionPassage
from app.services.etle.passages import SENDING_S, Instant, least_kmh, metres_between, put_right
from app.services.identity import credentials
from tests import make

PICTURE = make.photograph()
SARINAH, BLOK_M, BANDUNG = (-6.1875, 106.8237), (-6.2442, 106.7981), (-6.9175, 107.6191)
SPEED = "287-5-SPEED"


async def device(house: House, name: str = "Kamera") -> tuple[Actor, str]:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, name, unit="PMJ")
        certificate = cameras.Certificate("SKHP-1", tx.now.date() + timedelta(days=30), None, None, None)
        await cameras.record_certificate(tx, made.client_id, certificate)
    return Actor(ActorKind.CAMERA, str(made.id), frozenset({"camera"}), unit="PMJ"), made.client_id


async def taken(
    house: House,
    by: Actor,
    at: datetime,
    *,
    place: tuple[float, float] | None = None,
    ahead: timedelta | None = None,
    picture: bytes | None = None,
    violation: str = "287-2-APILL",
    location: str = make.LOCATION,
    capture_id: str | None = None,
) -> CaptureView:
    data = picture or PICTURE + secrets.token_bytes(8)
    image = await cameras.keep_original(house, data, "image/jpeg", 1280, 960)
    told = cameras.CaptureMetadata(
        at,
        violation,
        location,
        *(place or (None, None)),
        capture_id=capture_id,
        sent_at=None if ahead is None else house.clock.now() + ahead,
    )
    async with house.db.begin(by) as tx:
        checked = await cameras.check_metadata(tx.session, by, told, now=tx.now)
        return (await cameras.accept_capture(tx, by, [image], checked))[0]


async def alerts(house: House) -> list[CloneAlert]:
    async with house.db.begin(SYSTEM) as tx:
        return list((await tx.session.execute(select(CloneAlert))).scalars())


async def test_repetitions_and_lanes_join_the_case_that_is_there(house: House) -> None:
    await make.demo_set(house)
    (one, _), (two, _), at = await device(house), await device(house), house.clock.now() - timedelta(hours=1)
    first = await taken(house, one, at, place=SARINAH)
    case_id = await make.case_of(house, first)
    picture = await cameras.read_original(house, first.files[0])
    # The same bytes under another number, and unreadable this time.
    again = await taken(house, one, at, place=SARINAH, picture=picture, capture_id="after-the-outage")
    assert again.id != first.id
    assert await make.case_of(house, again, None) is None
    # The next lane's camera, 20 metres on, calls the place otherwise and took it two seconds later.
    beside = (SARINAH[0] + 0.00018, SARINAH[1])
    lane = await taken(house, two, at + timedelta(seconds=2), place=beside, location="Sarinah lajur 2")
    assert await make.case_of(house, lane) is None
    far = await taken(house, two, at + timedelta(seconds=40), place=BLOK_M, location="Blok M")
    assert await make.case_of(house, far) not in (None, case_id)
    async with house.db.read() as connection:
        joined = (await connection.execute(select(TicketCapture.capture_id, TicketCapture.case_id))).all()
    assert {(row.capture_id, row.case_id) for row in joined} == {(again.id, case_id), (lane.id, case_id)}


async def test_a_plate_at_two_places_raises_an_alert_and_wants_two_persons(house: House) -> None:
    await make.demo_set(house)
    (one, _), (two, _), at = await device(house), await device(house), house.clock.now() - timedelta(hours=3)
    await make.case_of(house, await taken(house, one, at, place=SARINAH))
    # 117 km in 50 minutes is fast, and 140 km/h is no proof of a second vehicle.
    fast = await taken(house, two, at + timedelta(minutes=50), place=BANDUNG, location="Pasteur")
    await make.case_of(house, fast)
    assert await alerts(house) == []
    # 20 minutes would be 350 km/h; with clocks that may be five minutes off each, still 234.
    clone = await taken(house, two, at + timedelta(minutes=20), place=BANDUNG, location="Dago")
    case_id = await make.case_of(house, clone)
    [alert] = await alerts(house)
    assert (alert.case_id, alert.later_capture_id) == (case_id, clone.id)
    assert 115_000 < alert.metres < 120_000
    assert (alert.seconds, 225 < alert.least_kmh < 240) == (30 * 60, True)
    async with house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
        assert ticket is not None
        assert ticket.doubtful
        assert case_id is not None
        assert "clone_alert" in [each.kind for each in await cases.tasks_of(tx.session, case_id)]


async def test_a_plate_that_was_perhaps_misread_elsewhere_raises_no_alert(house: House) -> None:
    await make.demo_set(house)
    (one, _), (two, _), at = await device(house), await device(house), house.clock.now() - timedelta(hours=3)
    unsure = await taken(house, one, at, place=SARINAH)
    assert await make.case_of(house, unsure, confidence=0.5) is not None
    await make.case_of(house, await taken(house, two, at + timedelta(minutes=20), place=BANDUNG, location="Dago"))
    assert await alerts(house) == []


@pytest.mark.parametrize("plate", [make.PLATE, None])
async def test_the_same_pictures_by_two_ways_are_one_case_though_one_way_tells_the_second_alone(
    house: House, plate: str | None
) -> None:
    await make.demo_set(house)
    (one, _), (two, _) = await device(house), await device(house)
    at, picture = house.clock.now() - timedelta(hours=1), PICTURE + b"the same"
    first = await taken(house, one, at + timedelta(milliseconds=437), picture=picture)
    case_id = await make.case_of(house, first, plate, confidence=0.5)
    assert case_id is not None
    again = await taken(house, two, at, picture=picture, location="Sarinah arah selatan")
    assert await make.case_of(house, again, plate, confidence=0.5) is None
    later = await taken(house, two, at + timedelta(hours=1), picture=picture)
    assert await make.case_of(house, later, plate, confidence=0.5) not in (None, case_id), (
        "a frozen picture is no repetition"
    )


async def section(house: House, entry: str, exit_: str, *, confirmed: bool = True, length_m: int = 10_000) -> UUID:
    new = sections.NewSection("Tol Cikampek KM 10-20", entry, exit_, length_m, 100, SPEED)
    first = Actor(ActorKind.STAFF, "one", frozenset({"supervisor"}), unit="PMJ")
    async with house.db.begin(first) as tx:
        made = await sections.open_section(tx, new)
    with pytest.raises(Problem) as refused:
        async with house.db.begin(first) as tx:
            await sections.confirm_section(tx, made.id)
    assert refused.value.type.code == "etle-section-four-eyes"
    if confirmed:
        async with house.db.begin(replace(first, id="two")) as tx:
            await sections.confirm_section(tx, made.id)
    return made.id


@pytest.mark.parametrize("entry_read_first", [True, False])
async def test_two_cameras_measure_an_average_speed_by_their_clocks(house: House, entry_read_first: bool) -> None:
    await make.demo_set(house)
    (start, start_id), (end, end_id) = await device(house), await device(house)
    await section(house, start_id, end_id)
    at = house.clock.now() - timedelta(hours=1)

    async def pair(
        begin: datetime, seconds: float, *, exit_ahead: float = 0, entry_late: float = 0
    ) -> list[UUID | None]:
        ahead = timedelta(seconds=exit_ahead)
        entry = await taken(house, start, begin, ahead=timedelta(seconds=-entry_late), violation=SPEED)
        leave = begin + timedelta(seconds=seconds) + ahead
        exit_ = await taken(house, end, leave, ahead=ahead, violation=SPEED, location="KM 20")
        both = (entry, exit_) if entry_read_first else (exit_, entry)
        # Each twice: a reader that was thought dead comes back, and changes nothing.
        found = [[await make.case_of(house, each) for _ in range(2)] for each in both]
        assert all(once == again for once, again in found)
        return [found[0][0], found[1][0], entry.id, exit_.id]

    # 10 km in 340 s is 105.9 km/h; 5 are taken off.
    assert (await pair(at, 340))[:2] == [None, None]
    # The exit's clock runs 200 s ahead: without that, 300 s would look like 500 s, and 72 km/h.
    *_cases, entry_id, exit_id = await pair(at + timedelta(minutes=20), 300, exit_ahead=200)
    # A clock 100 s behind makes no speeder of somebody who took 380 s.
    assert (await pair(at + timedelta(minutes=40), 380, exit_ahead=-100))[:2] == [None, None]
    # Nor does an entry that was sent, in vain at first, four minutes before it came: by its clock 400 s were driven.
    assert (await pair(at + timedelta(minutes=50), 400, entry_late=240))[:2] == [None, None]
    async with house.db.begin(SYSTEM) as tx:
        [ticket] = (await tx.session.execute(select(Ticket))).scalars()
        assert ticket.capture_id == exit_id
        assert (await tx.session.get(TicketCapture, entry_id)).case_id == ticket.case_id
        [event] = [
            each for each in (await tx.session.execute(select(cases.CaseEvent))).scalars() if each.action == "capture"
        ]
        assert event.data["average_kmh"] == 118  # 10 km in 304 s: what both clocks allow at least
        measured = (await tx.session.execute(select(SectionPassage.measured_kmh))).scalars().all()
        assert len([each for each in measured if each is not None]) == 4
    async with house.db.read() as connection:
        shown = await sections.average_of(connection, exit_id)
        assert await sections.average_of(connection, entry_id) is None
    assert shown is not None
    assert (shown.kmh, shown.metres, shown.limit_kmh) == (118, 10_000, 100)
    assert 10_000 / (shown.left_at - shown.entered_at).total_seconds() * 3.6 == pytest.approx(120, abs=2)
    told = await etle.evidence_for(house, ticket.case_id)
    assert told.average == shown
    out = Evidence.of(told).model_dump()["average"]
    assert (out["kmh"], out["metres"], out["left_at"]) == (118, 10_000, shown.left_at)


async def test_a_late_message_of_a_fast_clock_makes_no_speeder(house: House) -> None:
    """Its clock is 60 s ahead, and the entry's message was 50 s under way: alone it looks like a clock that is 10 s ahead."""
    await make.demo_set(house)
    (start, start_id), (end, end_id) = await device(house), await device(house)
    await section(house, start_id, end_id)
    at, fast = house.clock.now() - timedelta(hours=1), timedelta(seconds=60)
    # Somebody else's passage in the same day, in time: it shows the clock as it is.
    await make.case_of(house, await taken(house, start, at, ahead=fast, violation=SPEED), "B5678ABC")
    entry = await taken(house, start, at + fast, ahead=fast - timedelta(seconds=50), violation=SPEED)
    leave = at + timedelta(seconds=380)
    exit_ = await taken(house, end, leave, ahead=timedelta(0), violation=SPEED, location="KM 20")
    assert [await make.case_of(house, each) for each in (entry, exit_)] == [None, None]
    async with house.db.begin(SYSTEM) as tx:
        [measured] = [
            each for each in (await tx.session.execute(select(SectionPassage.measured_kmh))).scalars() if each
        ]
    assert 75 < measured < 95, "95 km/h were driven"


@pytest.mark.parametrize("order", ["012", "210", "102"])
async def test_a_camera_in_the_middle_ends_one_section_and_begins_the_next(house: House, order: str) -> None:
    await make.demo_set(house)
    (first, first_id), (middle, middle_id), (last, last_id) = [await device(house) for _ in range(3)]
    one, two = await section(house, first_id, middle_id), await section(house, middle_id, last_id)
    whole = await section(house, first_id, last_id, length_m=20_000)
    start = house.clock.now() - timedelta(hours=4)

    async def drive(begin: datetime, *seconds: float) -> tuple[list[CaptureView], set[UUID]]:
        at = [begin, begin + timedelta(seconds=seconds[0]), begin + timedelta(seconds=sum(seconds))]
        by = (first, middle, last)
        made = [
            await taken(house, who, when, ahead=timedelta(0), violation=SPEED, location=f"KM {number}0")
            for number, (who, when) in enumerate(zip(by, at, strict=True))
        ]
        for each in order:
            await make.case_of(house, made[int(each)])
        async with house.db.read() as connection:
            own = select(Ticket.case_id).where(Ticket.capture_id.in_([each.id for each in made]))
            return made, set((await connection.execute(own)).scalars())

    # Too fast in both halves, and so in the whole: one drive, one case with all three pictures, each once.
    made, opened = await drive(start, 300, 300)
    [case_id] = opened
    async with house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get_one(Ticket, case_id)
        joined = (await tx.session.execute(select(TicketCapture.capture_id))).scalars().all()
        assert sorted([ticket.capture_id, *joined]) == sorted(each.id for each in made)
        passages = (await tx.session.execute(select(SectionPassage))).scalars().all()
        assert {(each.section_id, each.capture_id) for each in passages} == {
            (one, made[0].id), (one, made[1].id), (two, made[1].id), (two, made[2].id), (whole, made[0].id), (whole, made[2].id)
        }  # fmt: skip
        assert len([each for each in passages if each.measured_kmh]) == 3
        [standing] = [each for each in passages if each.opened_case]
        shown = await sections.average_of(tx.session, ticket.capture_id)
        assert shown is not None
        assert (shown.kmh, shown.metres) == (
            int(standing.measured_kmh or 0),
            {whole: 20_000}.get(standing.section_id, 10_000),
        )
        assert all(each.idle_since is None for each in await rows_of(tx, made))

    # Too fast in the second half alone: that one, on its own two pictures; the first accuses nobody.
    made, opened = await drive(start + timedelta(hours=1), 600, 300)
    [case_id] = opened
    async with house.db.begin(SYSTEM) as tx:
        ticket = await tx.session.get_one(Ticket, case_id)
        assert (await tx.session.get_one(TicketCapture, made[1].id)).case_id == case_id
        shown = await sections.average_of(tx.session, ticket.capture_id)
        assert (ticket.capture_id, shown and shown.metres) == (made[2].id, 10_000)
        idle = [each.idle_since is not None for each in await rows_of(tx, made)]
    assert idle == [True, False, False], "what accuses nobody goes within hours; both ends of what does stay"

    made, opened = await drive(start + timedelta(hours=2), 400, 400)
    assert opened == set()


async def test_measurements_survive_an_update_and_going_back(house: House) -> None:
    await make.demo_set(house)
    (start, start_id), (end, end_id) = await device(house), await device(house)
    await section(house, start_id, end_id)
    at = house.clock.now() - timedelta(hours=1)
    exits = []
    for minutes, seconds in ((0, 300), (20, 900)):
        begin = at + timedelta(minutes=minutes)
        for by, when in ((start, begin), (end, begin + timedelta(seconds=seconds))):
            exits.append(await taken(house, by, when, ahead=timedelta(0), violation=SPEED))
            await make.case_of(house, exits[-1])

    async def told() -> list[tuple[object, ...]]:
        async with house.db.read() as connection:
            return sorted(map(tuple, (await connection.execute(select(SectionPassage.__table__))).all()))

    before = await told()
    assert [each[-1] for each in before].count(True) == 1, "one was too fast, and a case stands on it"
    await asyncio.to_thread(downgrade, house.settings.effective_database_url, "0035")
    await asyncio.to_thread(migrate, house.settings.effective_database_url)
    assert await told() == before


async def rows_of(tx: Tx, made: list[CaptureView]) -> list[Capture]:
    return [await tx.session.get_one(Capture, each.id) for each in made]


async def test_a_section_that_nobody_confirmed_measures_nothing(house: House) -> None:
    await make.demo_set(house)
    (start, start_id), (_, end_id) = await device(house), await device(house)
    first = await section(house, start_id, end_id, confirmed=False)
    with pytest.raises(Problem) as refused:
        await section(house, start_id, end_id)
    assert refused.value.type.code == "etle-section-is-open"
    async with house.db.begin(Actor(ActorKind.STAFF, "one", frozenset({"supervisor"}), unit="PMJ")) as tx:
        await sections.close_section(tx, first)
    assert await section(house, start_id, end_id, confirmed=False) != first, "after the road works, measured anew"
    capture = await taken(house, start, house.clock.now() - timedelta(hours=1), violation=SPEED)
    assert await make.case_of(house, capture) is not None, "as long as it is no section, a capture is a capture"


moments = st.floats(0, 1e6)


@given(moments, moments, st.floats(0, 300), st.floats(0, 300), st.integers(100, 100_000))
def test_doubt_about_a_clock_never_makes_anybody_faster(
    one: float, other: float, unsure: float, unsure2: float, metres: int
) -> None:
    start = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
    a, b = (Instant(start + timedelta(seconds=each), timedelta(0)) for each in (one, other))
    doubtful = least_kmh(
        metres, replace(a, unsure=timedelta(seconds=unsure)), replace(b, unsure=timedelta(seconds=unsure2))
    )
    assert doubtful <= least_kmh(metres, a, b)


@given(st.floats(-300, 300), st.floats(0, 300), st.floats(0, 300))
def test_the_truth_lies_within_the_doubt_where_one_message_of_the_day_was_in_time(
    clock_ahead: float, late: float, least_late: float
) -> None:
    """Whatever the clock and the delay of this message, if another one of its day was under way for `SENDING_S` at most."""
    truth, by_clock = datetime(2026, 3, 2, tzinfo=UTC), timedelta(seconds=clock_ahead)
    furthest = timedelta(seconds=clock_ahead - min(least_late, SENDING_S))
    found = put_right(truth + by_clock, by_clock - timedelta(seconds=late), furthest)
    assert abs(found.at - truth) <= found.unsure + timedelta(milliseconds=1)


def test_distances_over_the_earth() -> None:
    assert metres_between(SARINAH, SARINAH) == 0
    assert 116_000 < metres_between(SARINAH, BANDUNG) < 121_000
    assert abs(metres_between((0, 0), (0, 1)) - 111_195) < 10
