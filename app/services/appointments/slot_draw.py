"""Scarce days are drawn among all who asked in the hour, not given to the fastest.

When such a day opens, asks are collected for an hour. Then they go into the public log with the places that there are, and
the first checkpoint that covers them decides the order (`slot_lots`). A job does each step; what a killed process left is
taken up by the next.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id
from app.services import cases, transparency
from app.services.appointments import bookings, days, grid, records, waiting
from app.services.appointments.days import ASKING, Plan, Reader
from app.services.appointments.grid import DayState, Slot
from app.services.appointments.models import AppointmentBooking, AppointmentWindow, SlotAsk, SlotDraw
from app.services.appointments.problems import ALREADY_BOOKED, NO_SUCH_SLOT, NOT_ASKING, NOT_DRAWN
from app.services.appointments.slot_lots import POOL_KIND, Drawn, Pool, places_drawn, pool_of
from app.services.cases import Case
from app.services.cases.events import iso
from app.services.transparency.models import Leaf

MOST_WISHES = 12
DRAWN_HELD = timedelta(hours=24)
"""How long a drawn place is held for its owner to confirm."""
AT_ONCE = 50


async def ask(tx: Tx, case_id: UUID, *, unit: str, kind: str, day: date, wishes: Sequence[datetime] = ()) -> UUID:
    """Ask for a place on a drawn day while its hour runs; gives the ask's id, by which the public draw knows it. Again,
    it replaces the wishes: the starts that would do, the dearest first (twelve count), none for any. One day is asked for
    at a time.

    Locks the day's draw, then the case. Raises `appointments-day-is-not-drawn`, `appointments-not-asking`,
    `appointments-no-such-slot`, `appointments-already-booked`.
    """
    if not days.within_reach(day, tx.now):
        raise NOT_DRAWN()
    plan = await days.load_plan(tx.session, unit, kind, first=day, last=day, now=tx.now)
    shown, asking = plan.day(day), plan.asking_of(day)
    if asking is None or shown.state is DayState.CLOSED:
        raise NOT_DRAWN()
    if asking.drawn or not asking.opens_at <= tx.now < asking.closes_at:
        raise bookings.refused(NOT_ASKING, plan.zone, opens_at=asking.opens_at, closes_at=asking.closes_at)
    if not set(wishes) <= {each.starts_at for each in shown.slots}:
        raise NO_SUCH_SLOT(unit=unit, kind=kind, extra={"nearest": []})
    draw = await _draw_of(tx, plan, day, asking.opens_at)
    if draw.status != "asking" or not draw.opens_at <= tx.now < draw.closes_at:
        raise bookings.refused(NOT_ASKING, plan.zone, opens_at=draw.opens_at, closes_at=draw.closes_at)
    await cases.get_locked(tx, case_id)
    booked = await bookings.find_place(tx, case_id)
    if booked is not None:
        raise ALREADY_BOOKED(starts_at=booked.starts_at.astimezone(plan.zone).strftime("%d-%m-%Y %H.%M"))
    return await _write_ask(tx, draw, case_id, [iso(each.astimezone(UTC)) for each in wishes][:MOST_WISHES])


@dataclass(frozen=True, slots=True)
class AskView:
    """A case asks for a place on a drawn day, until `closes_at`; `wishes` are starts, the dearest first. `open`: it can
    still be changed. The public draw `draw_id` knows it by `id`."""

    id: UUID
    draw_id: UUID
    day: date
    closes_at: datetime
    wishes: tuple[datetime, ...]
    open: bool


async def ask_of(reader: Reader, case_id: UUID, *, now: datetime) -> AskView | None:
    """The day that a case asks for and that is not drawn yet; None where it asks for none."""
    query = (
        select(
            col(SlotAsk.id),
            col(SlotAsk.draw_id),
            col(SlotDraw.day),
            col(SlotDraw.closes_at),
            col(SlotDraw.status),
            col(SlotAsk.wishes),
        )
        .join(SlotDraw, col(SlotDraw.id) == col(SlotAsk.draw_id))
        .where(
            col(SlotAsk.case_id) == case_id,
            col(SlotAsk.withdrawn_at).is_(None),
            col(SlotDraw.status) != "drawn",
        )
        .order_by(col(SlotDraw.day))
        .limit(1)
    )
    row = (await reader.execute(query)).one_or_none()
    if row is None:
        return None
    wishes = tuple(datetime.fromisoformat(each) for each in row.wishes)
    still = row.status == "asking" and now < row.closes_at
    return AskView(row.id, row.draw_id, row.day, row.closes_at, wishes, still)


def asks_for(unit: str, kind: str, day: date) -> Select[UUID]:
    """The cases that ask for a day, to be joined by the room that knows whose they are."""
    return (
        select(col(SlotAsk.case_id))
        .join(SlotDraw, col(SlotDraw.id) == col(SlotAsk.draw_id))
        .where(
            col(SlotDraw.unit) == unit,
            col(SlotDraw.kind) == kind,
            col(SlotDraw.day) == day,
            col(SlotAsk.withdrawn_at).is_(None),
        )
    )


async def withdraw_ask(tx: Tx, case_id: UUID) -> None:
    """Ask no longer, as long as the asks are not in the log yet."""
    await cases.get_locked(tx, case_id)
    await bookings.withdraw_asks(tx, case_id)


async def draw_days(house: House) -> int:
    """Open the hours that are due, put the asks of those that are over into the log, and draw what it has covered; how
    many days were drawn. May run twice at once."""
    await _open_hours(house)
    while due := await _due(house):
        for draw_id in due:
            async with house.db.begin(SYSTEM) as tx:
                await _announce(tx, draw_id)
    if not await _any_announced(house):
        return 0
    await transparency.sequence(house)
    drawn = 0
    while ready := await _ready(house):
        for draw_id in ready:
            async with house.db.begin(SYSTEM) as tx:
                drawn += await _decide(tx, draw_id)
    return drawn


# --- the hour -------------------------------------------------------------------------------------------------------


async def _open_hours(house: House) -> None:
    """Make the rows of drawn days whose hour has begun, so that it runs from a known instant."""
    async with house.db.read() as connection:
        window = AppointmentWindow
        query = select(col(window.unit), col(window.kind), func.max(col(window.opens_days_before)))
        query = query.where(col(window.drawn)).group_by(col(window.unit), col(window.kind))
        lists = list(await connection.execute(query))
    for unit, kind, ahead in lists:
        async with house.db.begin(SYSTEM) as tx:
            first = grid.day_of(tx.now, await days.zone_of(tx.session, unit))
            last = first + timedelta(days=ahead)
            plan = await days.load_plan(tx.session, unit, kind, first=first, last=last, now=tx.now)
            for day in grid.days_between(first, last):
                asking = plan.asking_of(day)
                if asking and day not in plan.draws and day not in plan.closed and asking.opens_at <= tx.now:
                    await _draw_of(tx, plan, day, asking.opens_at)


async def _draw_of(tx: Tx, plan: Plan, day: date, opens_at: datetime) -> SlotDraw:
    """The draw of this day, locked; made when it is missing, with its hour from `opens_at`."""
    await tx.serialise(f"slot-draw:{plan.unit}:{plan.kind}:{day}")
    query = select(SlotDraw).where(
        col(SlotDraw.unit) == plan.unit, col(SlotDraw.kind) == plan.kind, col(SlotDraw.day) == day
    )
    found: SlotDraw | None = (
        await tx.session.execute(query.with_for_update().execution_options(populate_existing=True))
    ).scalar_one_or_none()
    if found is None:
        found = SlotDraw(
            id=new_id(),
            unit=plan.unit,
            kind=plan.kind,
            day=day,
            opens_at=opens_at,
            closes_at=opens_at + ASKING,
            status="asking",
        )
        tx.session.add(found)
        await tx.session.flush()
    return found


async def _write_ask(tx: Tx, draw: SlotDraw, case_id: UUID, wishes: list[str]) -> UUID:
    await bookings.withdraw_asks(tx, case_id)
    query = select(SlotAsk).where(col(SlotAsk.draw_id) == draw.id, col(SlotAsk.case_id) == case_id)
    known: SlotAsk | None = (
        await tx.session.execute(query.execution_options(populate_existing=True))
    ).scalar_one_or_none()
    if known is None:
        known = SlotAsk(id=new_id(), draw_id=draw.id, case_id=case_id, wishes=wishes, asked_at=tx.now)
        tx.session.add(known)
    else:
        known.wishes, known.withdrawn_at = wishes, None
    await tx.session.flush()
    await records.note_ask(tx, known)
    return known.id


# --- the pool -------------------------------------------------------------------------------------------------------


async def _announce(tx: Tx, draw_id: UUID) -> None:
    """Write the asks and the places of a day into the log. A day for which nobody asked is open to all from now on."""
    draw = await tx.lock(SlotDraw, draw_id)
    if draw is None or draw.status != "asking" or tx.now < draw.closes_at:
        return
    asks, excluded = await _asks_of(tx, draw)
    if not asks:
        draw.status, draw.drawn_at = "drawn", tx.now
        return
    plan = await days.load_plan(tx.session, draw.unit, draw.kind, first=draw.day, last=draw.day, now=tx.now)
    body: dict[str, JsonValue] = {
        "draw": str(draw.id),
        "unit": draw.unit,
        "appointment_kind": draw.kind,
        "day": draw.day.isoformat(),
        "at": iso(tx.now),
        "slots": [
            {"starts_at": iso(each.starts_at), "ends_at": iso(each.ends_at), "free": each.free}
            for each in plan.day(draw.day).slots
        ],
        "asks": [{"id": str(each.id), "wishes": list(each.wishes)} for each in asks],
        "excluded": [{"id": str(id_), "why": why} for id_, why in excluded],
    }
    draw.pool_leaf = await transparency.append(tx, POOL_KIND, body)
    draw.status = "announced"


async def _asks_of(tx: Tx, draw: SlotDraw) -> tuple[list[SlotAsk], list[tuple[UUID, str]]]:
    """The asks of a day in the order of their ids, and those that are left out with a code. All of them, however many:
    a limit here would be one more lot, and it would fall to who came late."""
    booking = AppointmentBooking
    has_place = (
        select(col(booking.id))
        .where(
            col(booking.case_id) == col(SlotAsk.case_id),
            col(booking.state).in_(bookings.LIVING),
            days.takes_place(tx.now),
        )
        .exists()
    )
    query = (
        select(SlotAsk, col(Case.closed_at).is_not(None), has_place)
        .join(Case, col(Case.id) == col(SlotAsk.case_id))
        .where(col(SlotAsk.draw_id) == draw.id)
        .order_by(col(SlotAsk.id))
    )
    taken, left_out = [], []
    for each, closed, booked in await tx.session.execute(query):
        why = "withdrawn" if each.withdrawn_at else "closed" if closed else "booked" if booked else None
        if why is None:
            taken.append(each)
        else:
            left_out.append((each.id, why))
    return taken, left_out


# --- the lot --------------------------------------------------------------------------------------------------------


async def _decide(tx: Tx, draw_id: UUID) -> int:
    """Draw the day from the checkpoint that decides: once, however often this is called."""
    draw = await tx.lock(SlotDraw, draw_id)
    if draw is None or draw.status != "announced" or draw.pool_leaf is None:
        return 0
    covered = await transparency.first_covering(tx.session, draw.pool_leaf)
    if covered is None:
        return 0
    pool = pool_of(json.loads(covered.body))
    drawn = places_drawn(pool, root=covered.checkpoint.root, commitment=covered.commitment)
    draw.status, draw.drawn_at, draw.checkpoint_size = "drawn", tx.now, covered.checkpoint.size
    rows = await tx.session.execute(
        select(SlotAsk, col(Case.closed_at).is_not(None))
        .join(Case, col(Case.id) == col(SlotAsk.case_id))
        .where(col(SlotAsk.draw_id) == draw.id)
    )
    asks = {each.id: (each, closed) for each, closed in rows}
    await tx.session.flush()
    plan = await days.load_locked(tx.session, draw.unit, draw.kind, day=draw.day, now=tx.now, but=None)
    left = {(each.starts_at, each.ends_at): each for each in plan.day(draw.day, for_waiting=True).slots}
    for rank, each in enumerate(drawn, start=1):
        asked, closed = asks[each.id]
        asked.rank, asked.drawn_start = rank, each.starts_at
        if not closed:
            await _carry_out(tx, draw, asked, _still_there(left, each, pool))
    await tx.session.flush()
    await bookings.tell_who_waits(tx, draw.unit, draw.kind)
    return 1


def _still_there(left: dict[tuple[datetime, datetime], Slot], drawn: Drawn, pool: Pool) -> Slot | None:
    """The drawn slot, if the unit's hours of this moment have the place: they may have changed since the pool was announced, and a
    place that cannot be kept is given to nobody. Takes it out of `left`."""
    if drawn.starts_at is None:
        return None
    key = drawn.starts_at, pool.ends[drawn.starts_at]
    slot = left.get(key)
    if slot is None or slot.free < 1:
        return None
    left[key] = replace(slot, free=slot.free - 1)
    return slot


async def _carry_out(tx: Tx, draw: SlotDraw, asked: SlotAsk, slot: Slot | None) -> None:
    """Hold the drawn place for its owner, or let them wait in drawn order; either is told. Who has got another place meanwhile
    leaves this one to those who wait."""
    if slot is None:
        if not await bookings.open_waits(tx, asked.case_id):
            about = {"unit": draw.unit, "kind": draw.kind}
            await waiting.join(tx, asked.case_id, **about, first=draw.day, last=draw.day, rank=asked.rank or 0)
        await tx.enqueue(waiting.NOTHING_DRAWN, draw.day.isoformat(), str(asked.case_id))
        return
    until = min(tx.now + DRAWN_HELD, slot.starts_at)
    booking = await bookings.give(tx, asked.case_id, unit=draw.unit, kind=draw.kind, slot=slot, until=until)
    if booking is not None:
        asked.booking_id = booking.id
        await tx.enqueue(waiting.SLOT_OFFERED, str(asked.case_id))


# --- what waits for a step ------------------------------------------------------------------------------------------


async def _due(house: House) -> list[UUID]:
    """Days whose hour is over and whose asks are not in the log yet."""
    async with house.db.read() as connection:
        query = select(col(SlotDraw.id)).where(
            col(SlotDraw.status) == "asking", col(SlotDraw.closes_at) <= house.clock.now()
        )
        return list((await connection.execute(query.order_by(col(SlotDraw.id)).limit(AT_ONCE))).scalars())


async def _any_announced(house: House) -> bool:
    async with house.db.read() as connection:
        query = select(col(SlotDraw.id)).where(col(SlotDraw.status) == "announced").limit(1)
        return (await connection.execute(query)).first() is not None


async def _ready(house: House) -> list[UUID]:
    """Announced days whose pool stands in the tree."""
    async with house.db.read() as connection:
        query = (
            select(col(SlotDraw.id))
            .join(Leaf, col(Leaf.id) == col(SlotDraw.pool_leaf))
            .where(col(SlotDraw.status) == "announced", col(Leaf.leaf_index).is_not(None))
            .order_by(col(SlotDraw.id))
            .limit(AT_ONCE)
        )
        return list((await connection.execute(query)).scalars())
