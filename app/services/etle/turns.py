"""Whose capture is read next: a bounded line that is fair between cameras, and what happens when a reading fails.

Each capture that waits has one job in the queue, but a job does not belong to a capture: it is a turn, and takes the first
of the line when it begins. The order is self-clocked fair queueing (Golestani, 1994): a camera's next capture stands one
behind its last one, and never before whoever is served now. So a camera that sends a thousand at once waits for itself
alone, and the others go on.

A recogniser that is away costs delay and never a capture: while its breaker is open, or all its places are taken, nothing
is counted against the capture. A try that failed is repeated after growing, randomly spread times; after the last one the
capture is a dead letter, which a person sees and has read again (`dead_letters.py`).
"""

import asyncio
import logging
import random
import secrets
from collections import Counter as Counted
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from prometheus_client import Counter, Gauge
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.problems import Problem
from app.core.upstream import was_tried
from app.services import cameras, reference
from app.services.etle.problems import CAMERA_LINE_FULL, LINE_FULL
from app.services.etle.reading import read_capture
from app.services.etle.turn_models import LEASE, ReadingTurn, TurnState
from app.services.recognition import cause_of

MOST_TRIES = 8
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
RETRY_GROWTH = 3
REST = timedelta(seconds=15)
"""How long a capture is put off whose recogniser could not even be asked; as long as a breaker stays open."""
FULL_RETRY_AFTER_S = 30
UNFORESEEN, UNFINISHED = "unexpected", "reader-did-not-come-back"
JOB = "etle.read_capture"
AT_ONCE = 200
"""Turns that are given back in one transaction."""
MOST_MORE = 4
"""Jobs that each run of `give_turns` adds while captures wait; as many as a worker process reads at once."""

Source = AsyncConnection | AsyncSession
_CHANCE = secrets.SystemRandom()
log = logging.getLogger(__name__)

TURNS = Counter("loket_reading_turns_total", "Turns of captures to be read, by result.", ["result"])
LINE = Gauge("loket_reading_line", "Captures that are not read yet, by state.", ["state"])


@dataclass(frozen=True, slots=True)
class LineRoom:
    """How long the line may grow, and how long a worker rests when its recogniser cannot be asked.

    Metro Jaya, the largest, captured about 12,000 a day (etle.md 2): the line holds a week of it. One camera's share is
    about an hour of a busy junction that sends one each second."""

    most: int = 100_000
    most_of_one: int = 4_000
    rest_s: float = 5.0


async def check_room(source: Source, device_id: UUID, room: LineRoom) -> None:
    """Refuse a capture that the line has no room for, best before its pictures are taken in.

    Problems, both with Retry-After: etle-camera-line-full (429), etle-line-full (503)."""
    alive = col(ReadingTurn.state).in_((TurnState.WAITING, TurnState.PUT_OFF))
    later = {"Retry-After": str(FULL_RETRY_AFTER_S)}
    of_one = select(col(ReadingTurn.capture_id)).where(alive, col(ReadingTurn.device_id) == device_id)
    if await _reaches(source, of_one.limit(room.most_of_one), room.most_of_one):
        raise CAMERA_LINE_FULL(most=room.most_of_one, retry_after=FULL_RETRY_AFTER_S, headers=later)
    if await _reaches(source, select(col(ReadingTurn.capture_id)).where(alive).limit(room.most), room.most):
        raise LINE_FULL(retry_after=FULL_RETRY_AFTER_S, headers=later)


async def _reaches(source: Source, query: Select[UUID], most: int) -> bool:
    counted = select(func.count()).select_from(query.subquery())
    return int((await source.execute(counted)).scalar_one()) >= most


async def line_up(tx: Tx, capture: cameras.CaptureView) -> None:
    """Put a new capture into the line; it is read exactly if this transaction commits. Problems: those of `check_room`."""
    await check_room(tx.session, capture.device_id, tx.house[LineRoom])
    unit = await reference.unit(tx.session, capture.unit)
    own = select(func.max(col(ReadingTurn.turn))).where(
        col(ReadingTurn.device_id) == capture.device_id, col(ReadingTurn.state) == TurnState.WAITING
    )
    last = (await tx.session.execute(own)).scalar_one()
    tx.session.add(
        ReadingTurn(
            capture_id=capture.id,
            device_id=capture.device_id,
            polda_code=reference.polda_of(unit) or unit.code,
            state=TurnState.WAITING,
            turn=max(await _front(tx), 0 if last is None else last + 1),
            due_at=tx.now,
            received_at=tx.now,
        )
    )
    await tx.session.flush()
    await tx.enqueue(JOB)


async def read_next(house: House, *_of_older_jobs: str) -> None:
    """Job: one turn. Reads the first capture of the line, or none where the line is empty. A problem of the recogniser is
    noted and ends there; what nobody foresaw is noted and raised."""
    capture_id = await _take_first(house)
    if capture_id is None:
        return
    try:
        await read_capture(house, str(capture_id))
    except Problem as problem:
        tried = was_tried(problem)
        await _not_read(house, capture_id, problem.type.code, tried=tried, cause=cause_of(problem))
        if not tried:
            # The worker's own place is held for a moment: a line of thousands is not turned over again and again for a
            # recogniser that is away.
            await asyncio.sleep(house[LineRoom].rest_s)
    except Exception:
        await _not_read(house, capture_id, UNFORESEEN, tried=True)
        raise
    else:
        TURNS.labels("read").inc()


@dataclass(frozen=True, slots=True)
class NotRead:
    """Captures whose last try failed for one cause (`snapshot: timeout`, or the code of a problem that is no recogniser's), and
    whether the machine has given them up."""

    cause: str
    given_up: bool
    captures: int


async def not_read(source: Source) -> list[NotRead]:
    """Why captures that were tried are not read yet, the most frequent cause first."""
    cause, state = func.coalesce(col(ReadingTurn.cause), col(ReadingTurn.problem)), col(ReadingTurn.state)
    tried = select(cause, state, func.count()).where(col(ReadingTurn.problem).is_not(None)).group_by(cause, state)
    found: Counted[tuple[str, bool]] = Counted()
    for said, where, count in await source.execute(tried):
        found[said, where == TurnState.DEAD] += count
    return [NotRead(*key, count) for key, count in found.most_common()]


async def give_turns(house: House) -> None:
    """Job: who was put off and is due stands in the line again, in front; the line is counted. While captures wait there
    are a few jobs more: one that ended before it took its capture leaves one without a turn. What is too many takes none."""
    while await _give_some(house) == AT_ONCE:
        pass
    async with house.db.read() as connection:
        query = select(col(ReadingTurn.state), func.count()).group_by(col(ReadingTurn.state))
        counts = {state: int(count) for state, count in await connection.execute(query)}
    for state in TurnState:
        LINE.labels(state).set(counts.get(state, 0))
    async with house.db.begin(SYSTEM) as tx:
        for _ in range(min(counts.get(TurnState.WAITING, 0), MOST_MORE)):
            await tx.enqueue(JOB)


async def stand_in_front(tx: Tx, row: ReadingTurn) -> None:
    """Give a row that is locked a turn again, before all others."""
    row.state, row.turn, row.due_at = TurnState.WAITING, await _front(tx), tx.now
    await tx.session.flush()
    await tx.enqueue(JOB)


async def _take_first(house: House) -> UUID | None:
    first = (
        select(ReadingTurn)
        .where(col(ReadingTurn.state) == TurnState.WAITING)
        .order_by(col(ReadingTurn.turn), col(ReadingTurn.capture_id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    async with house.db.begin(SYSTEM) as tx:
        row = (await tx.session.execute(first)).scalar_one_or_none()
        if row is None:
            return None
        # Counted before the try: a picture that kills its reader every time must come to an end as well.
        row.state, row.tries, row.due_at = TurnState.PUT_OFF, row.tries + 1, tx.now + LEASE
        return row.capture_id


async def _not_read(house: House, capture_id: UUID, problem: str, *, tried: bool, cause: str | None = None) -> None:
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(ReadingTurn, capture_id)
        if row is None or row.state != TurnState.PUT_OFF:  # read meanwhile by whoever had it after us
            return
        row.problem, row.cause = problem, cause
        if not tried:
            row.tries -= 1
            row.due_at = tx.now + REST * _CHANCE.uniform(1, 2)
        elif row.tries < MOST_TRIES:
            row.due_at = tx.now + retry_after(row.tries, _CHANCE)
        else:
            _die(tx, row)
        TURNS.labels("dead" if row.state == TurnState.DEAD else "put_off" if tried else "not_asked").inc()
    log.warning("a capture was not read", extra={"capture": str(capture_id), "problem": problem, "tried": tried})


def retry_after(tries: int, chance: random.Random) -> timedelta:
    """How long a capture waits after so many tries: three times longer each time, and spread over half of it, so that what
    failed together does not come again together."""
    longest: timedelta = min(FIRST_RETRY * RETRY_GROWTH ** (tries - 1), LONGEST_RETRY)
    return longest * chance.uniform(0.5, 1)


def _die(tx: Tx, row: ReadingTurn) -> None:
    row.state, row.due_at = TurnState.DEAD, tx.now


async def _give_some(house: House) -> int:
    due = (
        select(ReadingTurn)
        .where(col(ReadingTurn.state) == TurnState.PUT_OFF, col(ReadingTurn.due_at) <= house.clock.now())
        .order_by(col(ReadingTurn.due_at))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    async with house.db.begin(SYSTEM) as tx:
        rows = (await tx.session.execute(due)).scalars().all()
        for row in rows:
            if row.tries >= MOST_TRIES:
                row.problem = row.problem or UNFINISHED
                _die(tx, row)
            else:
                await stand_in_front(tx, row)
        return len(rows)


async def _front(tx: Tx) -> int:
    query = select(func.min(col(ReadingTurn.turn))).where(col(ReadingTurn.state) == TurnState.WAITING)
    return int((await tx.session.execute(query)).scalar_one() or 0)
