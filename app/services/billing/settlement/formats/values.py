"""What all formats have in common: limits on the stream, amounts, references, and the numbers found in them."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from hashlib import blake2b
from typing import BinaryIO

from app.core.money import show_rupiah
from app.services.billing.settlement.lines import (
    MAX_BALANCE,
    MAX_FILE_BYTES,
    MAX_LINES,
    MAX_REFERENCE,
    MAX_RUPIAH,
    MAX_TEXT,
    BadStatement,
    StatementFoot,
    StatementHead,
    StatementLine,
    StatementPart,
)

MAX_STATEMENTS = 100_000
"""Statements in one file; a bank may send one for each transaction (BRI's MT940)."""
CURRENCY = "IDR"
WIB = timezone(timedelta(hours=7), "WIB")
NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NOREF"})

_VIRTUAL_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{8,28}(?![0-9])")


class Capped:
    """A stream that refuses to be longer than `MAX_FILE_BYTES`."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = MAX_FILE_BYTES

    def read(self, size: int) -> bytes:
        return self._count(self._source.read(size))

    def readline(self, size: int) -> bytes:
        return self._count(self._source.readline(size))

    def _count(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            most = MAX_FILE_BYTES // (1024 * 1024)
            raise BadStatement(f"berkas lebih dari {most} MiB", f"the file is longer than {most} MiB")
        return piece


class Ordinals:
    """Numbers equal references, 0 for the first. Remembers 8 bytes of each, so that a day of a large bank fits."""

    def __init__(self) -> None:
        self._first: set[int] = set()
        self._again: dict[int, int] = {}

    def next(self, reference: str) -> int:
        key = int.from_bytes(blake2b(reference.encode(), digest_size=8).digest())
        if key not in self._first:
            self._first.add(key)
            return 0
        self._again[key] = self._again.get(key, 0) + 1
        return self._again[key]


def checked(parts: Iterable[StatementPart]) -> Iterator[StatementPart]:
    """The same parts with equal references numbered, limits kept, and each statement's closing found equal to its lines.

    Raises `BadStatement` with the difference.
    """
    statements: set[str] = set()
    count = balance = 0
    head: StatementHead | None = None
    ordinals = Ordinals()
    for part in parts:
        if isinstance(part, StatementLine):
            count += 1
            if count > MAX_LINES:
                raise BadStatement(f"lebih dari {MAX_LINES} baris", f"more than {MAX_LINES} lines")
            if part.amount <= 0 or part.fee < 0:
                raise at_place(f"line {part.place}", "biaya melebihi jumlah", "the fee is more than the amount")
            balance += part.effect
            ordinal = ordinals.next(part.bank_reference)
            yield part if ordinal == 0 else replace(part, ordinal=ordinal)
        elif isinstance(part, StatementHead):
            _once(statements, part.statement_id)
            head, balance, ordinals = part, part.opening or 0, Ordinals()
            yield part
        else:
            _agree(head, balance, part)
            yield part


def _once(statements: set[str], statement_id: str) -> None:
    if statement_id in statements:
        raise BadStatement(
            f"rekening koran {statement_id} ada dua kali dalam berkas",
            f"statement {statement_id} stands twice in the file",
        )
    if len(statements) == MAX_STATEMENTS:
        raise BadStatement(f"lebih dari {MAX_STATEMENTS} rekening koran", f"more than {MAX_STATEMENTS} statements")
    statements.add(statement_id)


def _agree(head: StatementHead | None, balance: int, foot: StatementFoot) -> None:
    if head is None or head.opening is None or foot.closing is None or balance == foot.closing:
        return
    difference = foot.closing - balance
    raise BadStatement(
        f"rekening koran {head.statement_id}: saldo awal dan baris-barisnya berjumlah {show_rupiah(balance)}, saldo akhir "
        f"{show_rupiah(foot.closing)}; selisih {show_rupiah(difference)}",
        f"statement {head.statement_id}: opening and lines come to {show_rupiah(balance, 'en')}, closing says "
        f"{show_rupiah(foot.closing, 'en')}; difference {show_rupiah(difference, 'en')}",
    )


def at_place(place: str, what_id: str, what_en: str) -> BadStatement:
    """The refusal of one place: ``line 17`` or ``entry 3``, and what is wrong there."""
    where = place.replace("line", "baris").replace("entry", "entri")
    return BadStatement(f"{where}: {what_id}", f"{place}: {what_en}")


def shown(text: str) -> str:
    """A value as an error repeats it: printable, and not too long."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def rupiah(text: str, place: str, *, decimal: str = ".", most: int = MAX_RUPIAH) -> int:
    """Whole rupiah of digits with an optional decimal part, which must be zeros; never negative."""
    whole, mark, cents = text.partition(decimal)
    if not (whole.isascii() and whole.isdigit()) or (mark and cents and not (cents.isascii() and cents.isdigit())):
        raise at_place(place, f"{shown(text)} bukan jumlah uang", f"{shown(text)} is no amount")
    if cents.strip("0"):
        raise at_place(place, f"{shown(text)} mengandung sen", f"{shown(text)} has cents; rupiah are whole")
    if len(whole) > 20 or int(whole) > most:
        raise at_place(place, f"{shown(text)} terlalu besar", f"{shown(text)} is too large")
    return int(whole)


def balance(text: str, place: str, *, decimal: str = ".") -> int:
    """As `rupiah`, for balances, which may be larger."""
    return rupiah(text, place, decimal=decimal, most=MAX_BALANCE)


def expect_idr(currency: str, place: str) -> None:
    """Refuses money that is not rupiah."""
    if currency != CURRENCY:
        raise at_place(place, f"mata uang {shown(currency)}, bukan IDR", f"currency {shown(currency)}, not IDR")


def reference(text: str, place: str) -> str:
    """A reference without outer blanks; refuses one that is longer than any that is ours to keep."""
    text = printable(text)
    if len(text) > MAX_REFERENCE:
        raise at_place(
            place,
            f"referensi {shown(text)} lebih dari {MAX_REFERENCE} karakter",
            f"reference {shown(text)} is longer than {MAX_REFERENCE} characters",
        )
    return text


def unnamed(*parts: str) -> str:
    """A reference for a line to which its bank gave none, as charges often have none: told again, it is the same one."""
    return "NONREF-" + blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def printable(text: str) -> str:
    """On one line, without control characters or outer blanks."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text.split())


def remittance(text: str) -> str:
    """The remittance text as it is kept."""
    return printable(text)[:MAX_TEXT]


def find_virtual_account(names: Iterable[str], text_of: Callable[[str], str]) -> str | None:
    """The longest number of 8 to 28 digits in the first of the named references that holds one."""
    for name in names:
        found: list[str] = _VIRTUAL_ACCOUNT.findall(text_of(name))
        if found:
            return max(found, key=len)
    return None


def wib_day(at: datetime, *, utc: bool) -> date:
    """The bank day of an instant; one without an offset is UTC or WIB, as the bank's profile says."""
    if at.tzinfo is None:
        at = at.replace(tzinfo=timezone.utc if utc else WIB)  # noqa: UP017 beside WIB's own
    return at.astimezone(WIB).date()
