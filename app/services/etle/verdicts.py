"""Verdicts by file, seen first: what the court read out on the session day, keyed by register number (PERMA 12/2016).

CSV with the header ``register_no,fine,cost``; whole rupiah. Nothing is imported from a file with a fault in it.
"""

import csv
import io
import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.house import House
from app.core.problems import Problem
from app.services.cases import Case
from app.services.etle.back_office import enter_verdict
from app.services.etle.models import Ticket

COLUMNS = ("register_no", "fine", "cost")
MAX_LINES = 100_000
MAX_RUPIAH = 1_000_000_000
DECIDABLE = ("tilang_issued", "payment_overdue", "deposit_paid")
COURT = Actor(ActorKind.SYSTEM, "court-file", frozenset({"court"}))
_REGISTER = re.compile(r"^[A-Z][0-9]{7}$")


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One line of the file and what it would do: `outcome` is ``ready``, ``decided`` (before) or ``unknown``."""

    line: int
    register_no: str
    fine: int
    cost: int
    outcome: str
    case_id: UUID | None


class BadVerdictFile(ValueError):
    """The file cannot be taken; the text names each line and what is wrong with it."""


def read_file(text: str) -> list[tuple[int, str, int, int]]:
    """Line number, register number, fine and cost of each line. Raises `BadVerdictFile` with every fault."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise BadVerdictFile(f"line 1: the header must be {','.join(COLUMNS)}")
    faults: list[str] = []
    lines: list[tuple[int, str, int, int]] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(reader, start=2):
        if number > MAX_LINES:
            raise BadVerdictFile(f"line {number}: at most {MAX_LINES} lines at once")
        register = (row.get("register_no") or "").replace(" ", "").upper()
        fine, cost = _rupiah(row.get("fine")), _rupiah(row.get("cost"))
        if not _REGISTER.match(register):
            faults.append(f"line {number}: register_no must be one letter and seven digits")
        elif register in seen:
            faults.append(f"line {number}: {register} stands on line {seen[register]} already")
        elif fine is None or cost is None:
            faults.append(f"line {number}: fine and cost must be whole rupiah, without separators")
        else:
            seen[register] = number
            lines.append((number, register, fine, cost))
    if faults:
        raise BadVerdictFile("\n".join(faults[:50]))
    return lines


async def preview(house: House, text: str) -> list[VerdictLine]:
    """What an import would do, line by line; changes nothing."""
    lines = read_file(text)
    found: list[VerdictLine] = []
    async with house.db.read() as connection:
        for number, register, fine, cost in lines:
            query = (
                select(col(Ticket.case_id), col(Case.state))
                .join(Case, col(Case.id) == col(Ticket.case_id))
                .where(col(Ticket.register_no) == register)
            )
            row = (await connection.execute(query)).first()
            outcome = "unknown" if row is None else "ready" if row.state in DECIDABLE else "decided"
            found.append(VerdictLine(number, register, fine, cost, outcome, row.case_id if row else None))
    return found


async def import_file(house: House, text: str) -> list[VerdictLine]:
    """Enter every verdict that is ready, each in its own transaction; doing it again changes nothing.

    Returns all lines with their outcome: ``imported``, ``decided``, ``unknown``, or ``refused: <problem>``.
    """
    done: list[VerdictLine] = []
    for line in await preview(house, text):
        outcome = line.outcome
        if outcome == "ready" and line.case_id is not None:
            try:
                async with house.db.begin(COURT) as tx:
                    await enter_verdict(tx, line.case_id, fine=line.fine, cost=line.cost)
                outcome = "imported"
            except Problem as problem:
                outcome = f"refused: {problem.type.code}"
        done.append(VerdictLine(line.line, line.register_no, line.fine, line.cost, outcome, line.case_id))
    return done


def _rupiah(text: str | None) -> int | None:
    digits = (text or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        return None
    return int(digits) if int(digits) <= MAX_RUPIAH else None
