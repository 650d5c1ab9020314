"""What a file of verdicts says and would do: what the court read out on the session day, by register number (PERMA 12/2016).

CSV with the header ``register_no,fine,cost`` (or with semicolons or tabs); whole rupiah. Nothing is taken from a file with a fault in it. Keeping a
file, and applying what was looked at, is in `verdict_files.py`.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, or_, select
from sqlmodel import col

from app.core.texts import Text
from app.services.cases import Case
from app.services.etle.models import Ticket
from app.services.identity.credentials import Reader

COLUMNS = ("register_no", "fine", "cost")
DELIMITERS = (",", ";", "\t")
"""A spreadsheet of an Indonesian office writes semicolons."""
MAX_BYTES = 8 * 1024 * 1024
MAX_LINES = 100_000
MAX_FAULTS = 50
MAX_RUPIAH = 1_000_000_000
LOOKED_UP_AT_ONCE = 500
DECIDABLE = ("tilang_issued", "payment_overdue", "deposit_paid")
_REGISTER = re.compile(r"^[A-Z][0-9]{7}$")


class Outcome(StrEnum):
    """What a line would do, or did.

    `READY`: it can be entered. `DECIDED`: this very verdict stands already. `DIFFERS`: another verdict stands; the file
    does not change it. `OVER`: the case cannot be decided (not issued, annulled). `ABOVE`: the fine is more than the article's
    maximum, as by a nought too many; a person may enter it, a file does not. `UNKNOWN`: no ticket of this unit has the number. `IMPORTED`, `REFUSED`: what an import made of a line that was ready.
    """

    READY = "ready"
    DECIDED = "decided"
    DIFFERS = "differs"
    OVER = "over"
    ABOVE = "above"
    UNKNOWN = "unknown"
    IMPORTED = "imported"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One line of the file and what it would do; `stands` is the verdict (fine, cost) on record, where one is."""

    line: int
    register_no: str
    fine: int
    cost: int
    outcome: Outcome
    case_id: UUID | None = None
    stands: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One line as the court wrote it."""

    line: int
    register_no: str
    fine: int
    cost: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on a line of the file."""

    line: int
    text: Text

    def __str__(self) -> str:
        return f"line {self.line}: {self.text.en}"


class BadVerdictFile(ValueError):
    """The file cannot be taken; the text names each line and what is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(each) for each in faults))
        self.faults = tuple(faults)


def read_file(data: bytes) -> list[Told]:
    """The lines of a file. Raises `BadVerdictFile` with its faults, at most `MAX_FAULTS`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadVerdictFile([Fault(line, Text("bukan UTF-8", "this is no UTF-8"))]) from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=max(DELIMITERS, key=first.count))
    try:
        return _read(reader)
    except csv.Error as error:
        raise BadVerdictFile([Fault(reader.line_num, Text("bukan CSV", f"this is no CSV ({error})"))]) from error


async def look(source: Reader, lines: Sequence[Told], *, unit: str | None) -> list[VerdictLine]:
    """What each line would do now; changes nothing. `unit`: only tickets of this unit or Polda count, None for all."""
    found: list[VerdictLine] = []
    for start in range(0, len(lines), LOOKED_UP_AT_ONCE):
        chunk = lines[start : start + LOOKED_UP_AT_ONCE]
        tickets = await _tickets(source, [each.register_no for each in chunk], unit)
        found += [_judged(each, tickets.get(each.register_no)) for each in chunk]
    return found


def _read(reader: "csv.DictReader[str]") -> list[Told]:
    if tuple(reader.fieldnames or ()) != COLUMNS:
        wanted = ",".join(COLUMNS)
        raise BadVerdictFile([Fault(1, Text(f"judul kolom harus {wanted}", f"the header must be {wanted}"))])
    faults: list[Fault] = []
    lines: list[Told] = []
    seen: dict[str, int] = {}
    for count, row in enumerate(reader, start=1):
        number = reader.line_num  # empty lines count, as an editor counts them
        if count > MAX_LINES:
            most = Text(f"paling banyak {MAX_LINES} baris sekali kirim", f"at most {MAX_LINES} lines at once")
            raise BadVerdictFile([Fault(number, most)])
        told = _line(number, row, seen)
        if isinstance(told, Fault):
            faults.append(told)
        else:
            seen[told.register_no] = number
            lines.append(told)
    if faults:
        raise BadVerdictFile(faults[:MAX_FAULTS])
    return lines


def _line(number: int, row: Mapping[str | None, Any], seen: Mapping[str, int]) -> Told | Fault:
    register = str(row.get("register_no") or "").replace(" ", "").upper()
    fine, cost = _rupiah(row.get("fine")), _rupiah(row.get("cost"))
    if not _REGISTER.match(register):
        what = Text("register_no harus satu huruf dan tujuh angka", "register_no must be one letter and seven digits")
        return Fault(number, what)
    if register in seen:
        there = seen[register]
        return Fault(
            number, Text(f"{register} sudah ada di baris {there}", f"{register} stands on line {there} already")
        )
    if fine is None or cost is None:
        what = Text(
            "fine dan cost harus rupiah bulat tanpa pemisah", "fine and cost must be whole rupiah, without separators"
        )
        return Fault(number, what)
    return Told(number, register, fine, cost)


def _rupiah(text: object) -> int | None:
    digits = text.strip() if isinstance(text, str) else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        return None
    return int(digits) if int(digits) <= MAX_RUPIAH else None


async def _tickets(source: Reader, registers: Sequence[str], unit: str | None) -> Mapping[str, RowMapping]:
    query = (
        select(
            col(Ticket.register_no),
            col(Ticket.case_id),
            col(Ticket.fine),
            col(Ticket.verdict_fine),
            col(Ticket.verdict_cost),
            col(Case.state),
        )
        .join(Case, col(Case.id) == col(Ticket.case_id))
        .where(col(Ticket.register_no).in_(registers))
    )
    if unit is not None:
        query = query.where(or_(col(Case.unit) == unit, col(Ticket.polda_code) == unit))
    return {row["register_no"]: row for row in (await source.execute(query)).mappings()}


def _judged(told: Told, ticket: RowMapping | None) -> VerdictLine:
    said = (told.line, told.register_no, told.fine, told.cost)
    if ticket is None:
        return VerdictLine(*said, Outcome.UNKNOWN)
    stands = None
    if ticket["verdict_fine"] is not None:
        stands = (int(ticket["verdict_fine"]), int(ticket["verdict_cost"] or 0))
    if stands is not None:
        outcome = Outcome.DECIDED if stands == (told.fine, told.cost) else Outcome.DIFFERS
    elif ticket["state"] not in DECIDABLE:
        outcome = Outcome.OVER
    else:
        outcome = Outcome.READY if told.fine <= int(ticket["fine"]) else Outcome.ABOVE
    return VerdictLine(*said, outcome, ticket["case_id"], stands)
