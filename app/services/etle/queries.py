"""Reading tickets. The public look-up is the hottest path of the house: one hand-written query, rows to bytes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Over, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.hot import HotQuery
from app.core.money import Rupiah
from app.core.texts import Text
from app.services.cases import Case, Lifecycles
from app.services.cases.models import CaseDeadline, Draw
from app.services.etle.answers import ACTIONS
from app.services.etle.models import Letter, Party, Ticket, TicketReceipt
from app.services.etle.problems import TICKET_NOT_FOUND
from app.services.etle.times import ZONES
from app.services.etle.views import AnswerKind, TicketView, ViolationView
from app.services.reference import Plate, parse_plate
from app.services.registries import NumberKind, number_index

HIDDEN_STATES = (
    "captured", "in_verification", "verified", "rejected", "exempt", "fake_plate_alert", "expired_unsent",
)  # fmt: skip
"""Nobody is told of a suspicion that no officer has confirmed, or of a letter that was never sent."""
OWNER_DEADLINES = ("etle.answer_due", "etle.payment_due", "etle.driver_answer_due", "etle.refund_claim_due")
DRIVER_ACTIONS = ("accept_driving", "decline_driving")
MAX_FOUND = 100


@dataclass(frozen=True, slots=True)
class StnkNumbers:
    """What stands on the STNK: plate, chassis and engine number, each number whole or its last five characters."""

    plate: str
    chassis_no: str
    engine_no: str


@dataclass(frozen=True, slots=True)
class LetterReference:
    """What stands on the letter: its reference, and the plate."""

    reference: str
    plate: str


class Found(NamedTuple):
    """One row of a look-up: the ticket as it is shown, and whose it is (`role` owner, driver or former_owner)."""

    view: TicketView
    role: str
    party_id: UUID | None  # None where the STNK opened it: that proves no letter


Place = tuple[datetime, UUID]
"""Where a page of somebody's tickets ended: when, and as which party. Two cameras may see a vehicle in one instant."""
_DUE = (
    select(func.min(col(CaseDeadline.due_at)))
    .where(
        col(CaseDeadline.case_id) == col(Ticket.case_id),
        col(CaseDeadline.status) == "waiting",
        col(CaseDeadline.name).in_(OWNER_DEADLINES),
    )
    .scalar_subquery()
)
_COLUMNS = (
    col(Ticket.case_id), col(Case.reference), col(Case.state), col(Case.version), col(Case.unit), col(Ticket.plate),
    col(Ticket.violation_code), col(Ticket.article), col(Ticket.title_id), col(Ticket.title_en),
    col(Ticket.occurred_at), col(Ticket.zone), col(Ticket.location), col(Ticket.fine), col(Ticket.vehicle),
    col(Ticket.register_no), col(Ticket.court_name), col(Ticket.session_at), col(Ticket.issued_at),
    col(Ticket.verdict_fine), col(Ticket.verdict_cost), _DUE.label("due_at"),
)  # fmt: skip
_CODE: Any = col(Party.code).label("code")
_ROLE = case(
    (col(Party.role) == "driver", "driver"),
    (col(Party.superseded_at).is_not(None), "former_owner"),
    (and_(col(Party.role) == "owner", ~col(Party.addressee), col(Case.state) == "letter_sent"), "former_owner"),
    else_="owner",
).label("role")


def _by_stnk(*, chassis_tail: bool, engine_tail: bool) -> HotQuery:
    """By the index of each whole number, or of its last five characters where five were typed."""
    return HotQuery(
        select(*_COLUMNS)
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .where(
            col(Ticket.plate) == bindparam("asked_plate"),
            col(Ticket.chassis5_bidx if chassis_tail else Ticket.chassis_bidx) == bindparam("asked_chassis"),
            col(Ticket.engine5_bidx if engine_tail else Ticket.engine_bidx) == bindparam("asked_engine"),
            col(Case.state).not_in(HIDDEN_STATES),
        )
        .order_by(col(Ticket.occurred_at).desc())
        .limit(MAX_FOUND)
    )


BY_STNK = {
    (chassis_tail, engine_tail): _by_stnk(chassis_tail=chassis_tail, engine_tail=engine_tail)
    for chassis_tail in (True, False)
    for engine_tail in (True, False)
}
_BY_LETTER = HotQuery(
    select(*_COLUMNS, col(Party.id).label("party_id"), _CODE, _ROLE)
    .join(Case, col(Case.id) == col(Ticket.case_id))
    .join(Party, col(Party.case_id) == col(Ticket.case_id))
    .where(
        col(Party.code) == bindparam("asked_reference"),
        col(Ticket.plate) == bindparam("asked_plate"),
        col(Case.state).not_in(HIDDEN_STATES),
    )
)


async def find_by_stnk(db: Database, keys: KeyRing, lifecycles: Lifecycles, numbers: StnkNumbers) -> list[Found]:
    """The tickets of the vehicle whose STNK this is, newest first; nothing where any number differs.

    The same query with the same keyed hashes is run whatever was asked, so 'no such ticket' and 'wrong number' cost
    and look the same.
    """
    chassis, chassis_by_tail = number_index(keys, NumberKind.CHASSIS, numbers.chassis_no)
    engine, engine_by_tail = number_index(keys, NumberKind.ENGINE, numbers.engine_no)
    query = BY_STNK[chassis_by_tail, engine_by_tail]
    plate = _plate(numbers.plate)
    rows = await db.look(query, asked_plate=_canonical(plate), asked_chassis=chassis, asked_engine=engine)
    if len(rows) > 1:
        rows.sort(key=itemgetter("occurred_at"), reverse=True)
    return [Found(_view(row, lifecycles, "owner", plate=plate), "owner", None) for row in rows]


async def find_by_letter(db: Database, lifecycles: Lifecycles, letter: LetterReference) -> list[Found]:
    """The ticket whose letter this is; nothing where reference or plate differs."""
    reference = letter.reference.strip().upper()[:40]
    plate = _plate(letter.plate)
    rows = await db.look(_BY_LETTER, asked_reference=reference, asked_plate=_canonical(plate))
    return [Found(_view(row, lifecycles, row["role"], plate=plate), row["role"], row["party_id"]) for row in rows]


async def get_ticket(
    connection: AsyncConnection, lifecycles: Lifecycles, case_id: UUID, *, role: str, party_id: UUID | None = None
) -> TicketView:
    """One ticket as its owner or driver sees it; raises TICKET_NOT_FOUND.

    `reference` is what stands on the letter of `party_id`: with the owner's and the plate, which everybody sees, a named
    driver could answer as the owner.
    """
    query = (
        select(*_COLUMNS, _CODE)
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .outerjoin(Party, (col(Party.case_id) == col(Ticket.case_id)) & (col(Party.id) == party_id))
        .where(col(Ticket.case_id) == case_id)
    )
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        raise TICKET_NOT_FOUND()
    has_letter, has_receipt = await _has(connection, case_id)
    return _view(row, lifecycles, role, has_letter=has_letter, has_receipt=has_receipt)


async def get_tickets(
    connection: AsyncConnection, lifecycles: Lifecycles, roles: Mapping[UUID, str], party_ids: Collection[UUID]
) -> list[TicketView]:
    """Several tickets at once, each as this role sees it, newest first; those that are not there are left out."""
    query = (
        select(*_COLUMNS, _CODE)
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .outerjoin(Party, (col(Party.case_id) == col(Ticket.case_id)) & col(Party.id).in_(party_ids))
        .where(col(Ticket.case_id).in_(roles))
        .order_by(col(Ticket.occurred_at).desc())
    )
    rows = (await connection.execute(query)).mappings().all()
    return [_view(row, lifecycles, roles[row["case_id"]]) for row in rows]


async def tickets_of_person(
    connection: AsyncConnection, lifecycles: Lifecycles, nik_bidx: str, *, limit: int, before: Place | None
) -> list[Found]:
    """A signed-in citizen's own tickets, newest first: those where this NIK is owner, driver or buyer."""
    query = (
        select(*_COLUMNS, col(Party.id).label("party_id"), _CODE, _ROLE)
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .join(Party, col(Party.case_id) == col(Ticket.case_id))
        .where(
            col(Party.nik_bidx) == nik_bidx,
            col(Party.superseded_at).is_(None),
            col(Case.state).not_in(HIDDEN_STATES),
        )
        .order_by(col(Ticket.occurred_at).desc(), col(Party.id).desc())
        .limit(limit)
    )
    if before is not None:
        at, party_id = before
        same_time = and_(col(Ticket.occurred_at) == at, col(Party.id) < party_id)
        query = query.where(or_(col(Ticket.occurred_at) < at, same_time))
    rows = (await connection.execute(query)).mappings().all()
    return [Found(_view(row, lifecycles, row["role"]), row["role"], row["party_id"]) for row in rows]


async def waiting_for_a_draw(connection: AsyncConnection) -> dict[str, list[UUID]]:
    """By unit, the oldest captured cases without an officer for whom no draw is under way."""
    under_way = exists().where(col(Draw.case_id) == col(Case.id), col(Draw.status) == "announced")
    waiting = (
        select(col(Case.id), col(Case.unit), _place_in_unit().label("place"))
        .where(
            col(Case.lifecycle) == "etle",
            col(Case.state) == "captured",
            col(Case.assigned_to).is_(None),
            ~under_way,
        )
        .subquery()
    )
    query = select(waiting.c.id, waiting.c.unit).where(waiting.c.place <= MAX_FOUND).order_by(waiting.c.place)
    found: dict[str, list[UUID]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.unit, []).append(row.id)
    return found


async def delivery_unproven(connection: AsyncConnection, case_id: UUID, party_id: UUID) -> bool:
    """Whether a letter to this person has no proof of delivery yet."""
    query = select(col(Letter.id)).where(
        col(Letter.case_id) == case_id, col(Letter.party_id) == party_id, col(Letter.delivered_at).is_(None)
    )
    return (await connection.execute(query.limit(1))).first() is not None


def _place_in_unit() -> Over[int]:
    return func.row_number().over(partition_by=col(Case.unit), order_by=(col(Case.opened_at), col(Case.id)))


def _plate(text: str) -> Plate | None:
    return parse_plate(text[:20])


def _canonical(plate: Plate | None) -> str:
    return plate.canonical if plate else "?"


@lru_cache(maxsize=256)
def _offered(may: frozenset[str]) -> tuple[tuple[AnswerKind, ...], tuple[str, ...]]:
    """Which answers to a letter, and which moves of a named driver, are among these actions."""
    answers = tuple(kind for kind, action in ACTIONS.items() if action in may)
    return answers, tuple(action for action in DRIVER_ACTIONS if action in may)


async def _has(connection: AsyncConnection, case_id: UUID) -> tuple[bool, bool]:
    """Whether there is a letter, and a receipt."""
    letter: Select[Any] = select(col(Letter.id)).where(col(Letter.case_id) == case_id).limit(1)
    receipt: Select[Any] = select(col(TicketReceipt.bill_id)).where(col(TicketReceipt.case_id) == case_id).limit(1)
    has_letter = (await connection.execute(letter)).first() is not None
    return has_letter, (await connection.execute(receipt)).first() is not None


def _view(
    row: Mapping[Any, Any],
    lifecycles: Lifecycles,
    role: str,
    *,
    plate: Plate | None = None,
    has_letter: bool = True,
    has_receipt: bool = False,
) -> TicketView:
    """A row as its holder sees it; `plate` is the row's own, where the caller has read it already."""
    plate = plate or parse_plate(row["plate"] or "")
    lifecycle = lifecycles.by_name["etle"]
    answers, driver_actions = _offered(lifecycle.actions_of(role, row["state"]))
    return TicketView(
        id=row["case_id"],
        reference=row.get("code") or row["reference"],
        state=row["state"],
        state_title=lifecycle.states[row["state"]].title,
        version=row["version"],
        unit=row["unit"],
        plate=plate.shown if plate else (row["plate"] or ""),
        violation=ViolationView(row["violation_code"], row["article"], Text(row["title_id"], row["title_en"])),
        occurred_at=row["occurred_at"],
        zone=ZONES[row["zone"]].key,
        zone_label=row["zone"],
        location=row["location"],
        fine=Rupiah(row["fine"]),
        due_at=row["due_at"],
        answers=answers,
        driver_actions=driver_actions,
        viewer_role=role,
        vehicle=_words(row["vehicle"]),
        register_no=row["register_no"],
        court_name=row["court_name"],
        session_at=row["session_at"],
        verdict_fine=row["verdict_fine"],
        verdict_cost=row["verdict_cost"],
        has_receipt=has_receipt,
        has_bill=row["issued_at"] is not None,
        has_letter=has_letter,
    )


def _words(vehicle: Mapping[str, Any]) -> str | None:
    parts: Sequence[str] = [str(vehicle[name]) for name in ("make", "model") if vehicle.get(name)]
    if not parts:
        return None
    colour = vehicle.get("colour")
    return " ".join(parts) + (f", {colour}" if colour else "")
