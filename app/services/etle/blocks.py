"""The STNK block: proposed by the system, signed by an investigator, set and lifted at the registry (Perpol 7/2021 art. 87).

A record of its own beside the case. The registry is asked between transactions, by jobs that may run twice: asking
again for the same block changes nothing there.
"""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from prometheus_client import Histogram
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import Tx
from app.core.house import House
from app.core.jobs import GIVEN_UP_AFTER
from app.core.texts import Text
from app.services import transparency
from app.services.cases import Case
from app.services.etle import letters
from app.services.etle.models import Block, Ticket
from app.services.etle.problems import BLOCK_NOT_FOUND
from app.services.etle.store import ticket_of
from app.services.etle.views import BlockView
from app.services.reference import find_unit, parse_plate, polda_of, policy_by_id, zone_of
from app.services.reference import policy as current_policy
from app.services.registries import VehicleRegistry

UNBLOCKED = Histogram(
    "loket_unblock_seconds",
    "From the order to lift a block of an STNK until the registry has lifted it; the promise is under one minute.",
    buckets=(1, 5, 10, 30, 60, 120, 300, 900, 3600),
)
SET_BLOCK, LIFT_BLOCK = "etle.set_block", "etle.lift_block"
WITHDRAWABLE = ("proposed", "signed")
MAX_BATCH = 200
REASONS = {
    "mark_unanswered": Text("surat konfirmasi ETLE belum dijawab", "the confirmation letter was not answered"),
    "mark_overdue": Text("titipan denda tilang belum dibayar", "the deposit of the fine was not paid"),
}
"""Why a block is asked for, by the move that proposed it."""
NO_REASON = Text("penegakan hukum lalu lintas", "traffic law enforcement")


async def propose(tx: Tx, case: Case, *, reason: str) -> None:
    """Propose a block of the case's vehicle, once: a second reason adds nothing to a block that stands."""
    ticket = await ticket_of(tx, case.id)
    if ticket.vehicle_id is None or ticket.plate is None:
        return
    standing = select(col(Block.id)).where(
        col(Block.case_id) == case.id, col(Block.state).in_(("proposed", "signed", "set"))
    )
    if (await tx.session.execute(standing)).first() is not None:
        return
    tx.session.add(
        Block(
            case_id=case.id,
            vehicle_id=ticket.vehicle_id,
            plate=ticket.plate,
            unit=case.unit,
            reason=reason,
            proposed_at=tx.now,
        )
    )
    await tx.session.flush()


async def list_proposed(
    connection: AsyncConnection, unit: str, *, now: datetime, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[BlockView]:
    """The proposals that wait for this unit's investigator, oldest first: one batch a day.

    What was proposed in the night, when deadlines end, is listed from the policy's hour of the morning on.
    """
    query = _views().where(
        col(Block.state) == "proposed",
        col(Block.unit) == unit,
        col(Block.proposed_at) <= await _batch_until(connection, unit, now),
    )
    if after is not None:
        at, id_ = after
        query = query.where((col(Block.proposed_at) > at) | ((col(Block.proposed_at) == at) & (col(Block.id) > id_)))
    rows = await connection.execute(query.order_by(col(Block.proposed_at), col(Block.id)).limit(limit))
    return [_view(row) for row in rows]


async def late_lifts(connection: AsyncConnection, now: datetime) -> int:
    """How many blocks the registry has not lifted within the policy's time (under a minute, after the payment)."""
    query = (
        select(col(Block.lift_asked_at), col(Case.policy_id))
        .join(Case, col(Case.id) == col(Block.case_id))
        .where(col(Block.state) == "lifting", col(Block.lift_asked_at).is_not(None), col(Case.policy_id).is_not(None))
        .order_by(col(Block.lift_asked_at))
        .limit(MAX_BATCH)
    )
    late = 0
    for row in (await connection.execute(query)).all():
        target = (await policy_by_id(connection, row.policy_id)).etle.unblock_target_seconds
        late += now - row.lift_asked_at > timedelta(seconds=target)
    return late


async def blocks_of_case(connection: AsyncConnection, case_id: UUID) -> list[BlockView]:
    """Every block and proposal of a case, oldest first."""
    rows = await connection.execute(_views().where(col(Block.case_id) == case_id).order_by(col(Block.proposed_at)))
    return [_view(row) for row in rows]


async def sign(tx: Tx, ids: list[UUID]) -> int:
    """The investigator signs these proposals of the own unit; the registry is asked right after the commit.

    Returns how many were signed. Raises BLOCK_NOT_FOUND when one is not (or no longer) a proposal of this unit:
    then none is signed.
    """
    signed = 0
    for id_ in ids[:MAX_BATCH]:
        block = await tx.lock(Block, id_)
        if block is None or block.state != "proposed" or block.unit != tx.actor.unit:
            raise BLOCK_NOT_FOUND()
        block.state, block.signed_by, block.signed_at = "signed", tx.actor.id, tx.now
        block.leaf_id = await transparency.append(
            tx, "stnk_block_signed", {"block": str(block.id), "case": str(block.case_id), "by": tx.actor.id}
        )
        await tx.enqueue(SET_BLOCK, str(block.id))
        signed += 1
    return signed


async def lift_all(tx: Tx, case: Case) -> None:
    """Withdraw what was not set yet and lift what stands; by law and promise within a minute of the payment."""
    query = select(Block).where(col(Block.case_id) == case.id, col(Block.state).in_((*WITHDRAWABLE, "set")))
    for block in (await tx.session.execute(query.with_for_update())).scalars():
        block.lift_asked_at = tx.now
        if block.state in WITHDRAWABLE:
            block.state = "withdrawn"
        else:
            block.state = "lifting"
            await tx.enqueue(LIFT_BLOCK, str(block.id))


async def set_block(house: House, block_id: str) -> None:
    """Job: ask the registry for a signed block. If the case was settled meanwhile, the block is lifted right away."""
    block = await _load(house, UUID(block_id))
    if block is None or block.state != "signed":
        return
    await house[VehicleRegistry].request_block(block.vehicle_id, str(block.id), REASONS.get(block.reason, NO_REASON).id)
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(Block, block.id)
        if row is None:
            return
        row.set_at = tx.now
        if row.state == "signed":
            row.state = "set"
            await letters.tell_owner(
                tx, row.case_id, "etle_block_requested", {"reason": REASONS.get(row.reason, NO_REASON)}
            )
        elif row.state == "withdrawn":
            row.state = "lifting"
            await tx.enqueue(LIFT_BLOCK, str(row.id))


async def lift_block(house: House, block_id: str) -> None:
    """Job: ask the registry to lift a block, and tell the owner."""
    block = await _load(house, UUID(block_id))
    if block is None or block.state != "lifting":
        return
    await house[VehicleRegistry].lift_block(block.vehicle_id, str(block.id))
    async with house.db.begin(SYSTEM) as tx:
        row = await tx.lock(Block, block.id)
        if row is None or row.state != "lifting":
            return
        row.state, row.lifted_at = "lifted", tx.now
        if row.lift_asked_at is not None:
            UNBLOCKED.observe((tx.now - row.lift_asked_at).total_seconds())
        row.leaf_id = await transparency.append(
            tx, "stnk_block_lifted", {"block": str(row.id), "case": str(row.case_id)}
        )
        await letters.tell_owner(tx, row.case_id, "etle_block_lifted", {})


async def ask_again(house: House) -> None:
    """Job: ask the registry again for what jobs have given up in a long outage; the newest first, so that one which fails
    for a reason of its own stands in nobody's way."""
    async with house.db.begin(SYSTEM) as tx:
        for job, state, since in (
            (SET_BLOCK, "signed", col(Block.signed_at)),
            (LIFT_BLOCK, "lifting", col(Block.lift_asked_at)),
        ):
            given_up = select(col(Block.id)).where(col(Block.state) == state, since <= tx.now - GIVEN_UP_AFTER)
            for id_ in (await tx.session.execute(given_up.order_by(since.desc()).limit(MAX_BATCH))).scalars():
                await tx.enqueue(job, str(id_))


async def standing_blocks(connection: AsyncConnection, vehicle_id: str) -> int:
    """How many blocks stand on a vehicle; it is free only when all are lifted."""
    query = select(func.count()).where(col(Block.vehicle_id) == vehicle_id, col(Block.state).in_(("set", "lifting")))
    return (await connection.execute(query)).scalar_one()


async def _batch_until(connection: AsyncConnection, unit_code: str, now: datetime) -> datetime:
    """Up to when proposals are in the batch that is signed now: all, or before the morning's hour those of the days before."""
    unit = await find_unit(connection, unit_code)
    if unit is None:
        return now
    here = now.astimezone(zone_of(unit))
    policy = await current_policy(connection, polda_of(unit) or unit.code, here.date())
    if here.time() >= policy.etle.block_request_time:
        return now
    return datetime.combine(here.date(), time(), here.tzinfo)


async def _load(house: House, block_id: UUID) -> Block | None:
    async with house.db.begin(SYSTEM) as tx:
        return await tx.session.get(Block, block_id)


def _views() -> "Select[*tuple[Any, ...]]":
    return (
        select(
            col(Block.id), col(Block.case_id), col(Case.reference), col(Block.plate), col(Block.reason),
            col(Block.state), col(Block.proposed_at), col(Block.signed_at), col(Block.set_at), col(Block.lifted_at),
        )
        .join(Case, col(Case.id) == col(Block.case_id))
        .join(Ticket, col(Ticket.case_id) == col(Block.case_id))
    )  # fmt: skip


def _view(row: "Row[*tuple[Any, ...]]") -> BlockView:
    plate = parse_plate(row.plate)
    return BlockView(
        id=row.id,
        case_id=row.case_id,
        reference=row.reference,
        plate=plate.shown if plate else row.plate,
        reason=row.reason,
        state=row.state,
        proposed_at=row.proposed_at,
        signed_at=row.signed_at,
        set_at=row.set_at,
        lifted_at=row.lifted_at,
    )
