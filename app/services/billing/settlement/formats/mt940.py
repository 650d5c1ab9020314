"""SWIFT MT940 (customer statement), read field by field.

A library would read a whole statement at once, a thousand bytes of memory for each line; this reads one field (tag
with its continuation lines) and forgets it. Tests hold it against mt-940.

What is taken: ``:20:`` ``:25:`` ``:28C:`` ``:60F:`` (or ``60M``, a page), ``:61:`` with its ``:86:``, ``:62F:`` (``62M``).
``RC`` and ``RD`` are reversals. A fee stands as ``/CHGS/IDR1500,`` in the supplementary details of ``:61:``; the line's
amount is then net. Our own references stand in ``:86:`` as ``/EREF/...`` or are the customer's reference of ``:61:``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from app.services.billing.settlement.formats.values import (
    NO_REFERENCE,
    Capped,
    at_place,
    balance,
    expect_idr,
    find_virtual_account,
    printable,
    reference,
    remittance,
    rupiah,
    shown,
    unnamed,
)
from app.services.billing.settlement.lines import (
    BadStatement,
    ColumnMap,
    Direction,
    StatementFoot,
    StatementHead,
    StatementLine,
    StatementPart,
)

MAX_LINE_BYTES = 4096
MAX_FIELD_LINES = 50
"""The standard has 6 lines in ``:86:``; banks write more."""

_TAG = re.compile(r":([0-9]{2}[A-Z]?|NS):(.*)", re.ASCII)
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]+,[0-9]*)", re.ASCII)
_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R?[CD])[A-Z]?(?P<amount>[0-9]+,[0-9]*)"
    r"[A-Z][A-Z0-9]{3}(?P<customer>.*?)(?://(?P<bank>.*))?",
    re.ASCII,
)
_CHARGES = re.compile(r"/CHGS/([A-Z]{3})([0-9]+,[0-9]*)", re.ASCII)
_END_TO_END = re.compile(r"(?:/EREF/|EREF\+)([^/+?\s]{1,128})")
_SUBFIELD = re.compile(r"\?[0-9]{2}")


@dataclass(frozen=True, slots=True)
class _Field:
    """A field of the file: the number of its first line, its tag, and its text, a line each."""

    line: int
    tag: str
    text: list[str]

    @property
    def place(self) -> str:
        return f"line {self.line}"


@dataclass(slots=True)
class _Statement:
    """What is known of the statement that is being read."""

    names: dict[str, str] = field(default_factory=dict)
    opened: bool = False
    closed: bool = False
    pending: _Field | None = None


def read(source: BinaryIO, columns: ColumnMap) -> Iterator[StatementPart]:
    """The statements of an MT940 file."""
    statement = _Statement(closed=True)
    for each in _fields(source):
        match each.tag:
            case "20":
                _refuse_unclosed(statement, each.place)
                statement = _Statement(names={"20": printable(each.text[0])})
            case "25" | "25P" | "28" | "28C":
                statement.names[each.tag[:2]] = printable(each.text[0])
            case "60F" | "60M":
                yield _head(statement, each)
            case "61":
                yield from _flush(statement, columns, [])
                if not statement.opened or statement.closed:
                    raise at_place(each.place, ":61: di luar rekening koran", ":61: stands outside a statement")
                statement.pending = each
            case "86":
                yield from _flush(statement, columns, each.text)
            case "62F" | "62M":
                yield from _flush(statement, columns, [])
                yield _foot(statement, each)
            case _:
                pass
    _refuse_unclosed(statement, "the end of the file")


def _refuse_unclosed(statement: _Statement, place: str) -> None:
    if not statement.closed:
        raise BadStatement(
            f"rekening koran {statement.names['20']} tidak memiliki saldo akhir (:62F:)",
            f"{place}: statement {statement.names['20']} has no closing balance (:62F:)",
        )


def _head(statement: _Statement, each: _Field) -> StatementHead:
    if "20" not in statement.names or "25" not in statement.names or statement.opened:
        raise at_place(
            each.place,
            ":60F: tanpa :20: dan :25: di depannya",
            ":60F: stands without :20: and :25: before it",
        )
    day, opening = _balance(each)
    statement.opened = True
    account_no = statement.names["25"].replace(" ", "")
    parts = (account_no, statement.names["20"], statement.names.get("28", ""), day.isoformat())
    statement_id = reference("/".join(part.replace("/", "-") for part in parts), each.place)
    return StatementHead(
        statement_id, account_no.rpartition("/")[2] or None, first_day=day, last_day=None, opening=opening
    )


def _foot(statement: _Statement, each: _Field) -> StatementFoot:
    if not statement.opened or statement.closed:
        raise at_place(each.place, ":62F: tanpa saldo awal", ":62F: stands without an opening balance")
    statement.closed = True
    day, closing = _balance(each)
    return StatementFoot(closing=closing, last_day=day)


def _flush(statement: _Statement, columns: ColumnMap, information: list[str]) -> Iterator[StatementLine]:
    """The line that was waiting for its ``:86:``; none for a line over nothing, or when none was waiting."""
    pending, statement.pending = statement.pending, None
    if pending is not None:
        line = _line(pending, information, columns)
        if line is not None:
            yield line


def _line(each: _Field, information: list[str], columns: ColumnMap) -> StatementLine | None:
    form = _LINE.fullmatch(each.text[0].rstrip())
    if form is None:
        raise at_place(each.place, f"{shown(each.text[0])} bukan :61:", f"{shown(each.text[0])} is no :61:")
    net = rupiah(form["amount"], each.place, decimal=",")
    if net == 0:
        return None
    is_reversal = form["mark"].startswith("R")
    direction = Direction.CREDIT if form["mark"] in ("C", "RD") else Direction.DEBIT
    paid_in = (direction is Direction.CREDIT) is not is_reversal
    supplement = " ".join(each.text[1:])
    fee = _charges(supplement, each.place)
    customer, bank = printable(form["customer"]), printable(form["bank"] or "")
    joined = _joined(information)
    texts = {"86": joined, "61": f"{customer} {supplement}"}
    account = find_virtual_account(columns.virtual_account_in, lambda name: texts.get(name, ""))
    ours = _ours(columns, {"86": _end_to_end(information), "61": customer}, account)
    found = bank if bank.upper() not in NO_REFERENCE else customer
    if found.upper() in NO_REFERENCE:
        found = unnamed(*each.text, *information)
    return StatementLine(
        place=each.line,
        bank_reference=reference(found, each.place),
        ordinal=0,
        direction=direction,
        amount=net + fee if paid_in else net - fee,
        fee=fee,
        is_reversal=is_reversal,
        booked_on=_booked_on(form["value"], form["entry"], each.place),
        trx_at=None,
        virtual_account_no=account,
        payment_request_id=ours if paid_in else None,
        end_to_end_id=None if paid_in else ours,
        text=remittance(f"{joined} {supplement}"),
    )


def _ours(columns: ColumnMap, texts: dict[str, str], account: str | None) -> str | None:
    for name in columns.payment_request_in:
        text = texts.get(name, "")
        if text.upper() not in NO_REFERENCE and text != account:
            return text
    return None


def _end_to_end(information: list[str]) -> str:
    # A reference may run over the end of a line, which is 65 characters long: lines are joined without a blank here.
    found = _END_TO_END.search(_SUBFIELD.sub("", "".join(information)))
    return found[1] if found else ""


def _joined(information: list[str]) -> str:
    return _SUBFIELD.sub(" ", " ".join(line.rstrip() for line in information))


def _charges(supplement: str, place: str) -> int:
    found = _CHARGES.search(supplement)
    if found is None:
        return 0
    expect_idr(found[1], place)
    return rupiah(found[2], place, decimal=",")


def _balance(each: _Field) -> tuple[date, int]:
    form = _BALANCE.fullmatch(each.text[0].strip())
    if form is None:
        raise at_place(each.place, f"{shown(each.text[0])} bukan saldo", f"{shown(each.text[0])} is no balance")
    expect_idr(form[3], each.place)
    amount = balance(form[4], each.place, decimal=",")
    return _day(form[2], each.place), amount if form[1] == "C" else -amount


def _day(text: str, place: str) -> date:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError as error:
        raise at_place(place, f"{shown(text)} bukan tanggal", f"{shown(text)} is no date") from error


def _booked_on(value: str, entry: str | None, place: str) -> date:
    """The entry date has no year: it is the one nearest to the value date."""
    near = _day(value, place)
    if entry is None:
        return near
    years = [year for year in (near.year - 1, near.year, near.year + 1) if entry != "0229" or _is_leap(year)]
    if not years:
        raise at_place(place, f"{shown(entry)} bukan tanggal", f"{shown(entry)} is no date")
    days = [_day(f"{year % 100:02d}{entry}", place) for year in years]
    return min(days, key=lambda day: abs(day - near))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _fields(source: BinaryIO) -> Iterator[_Field]:
    """Each field with its continuation lines. SWIFT's envelope (``{1:...{4:`` and ``-}``) is left out."""
    current: _Field | None = None
    for number, text in _lines(Capped(source)):
        tagged = _TAG.fullmatch(text)
        if tagged is not None:
            if current is not None:
                yield current
            current = _Field(number, tagged[1], [tagged[2]])
        elif text.startswith(("-}", "{")) or text == "-":
            if current is not None:
                yield current
            current = None
        elif current is not None:
            if len(current.text) == MAX_FIELD_LINES:
                raise at_place(
                    f"line {number}",
                    f"lebih dari {MAX_FIELD_LINES} baris dalam satu kolom",
                    f"more than {MAX_FIELD_LINES} lines in a field",
                )
            current.text.append(text)
        elif text.strip("\x01\x03 "):
            raise at_place(f"line {number}", "bukan MT940", "this is no MT940")
    if current is not None:
        yield current


def _lines(source: Capped) -> Iterator[tuple[int, str]]:
    number = 0
    while raw := source.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            raise at_place(
                f"line {number}", f"lebih panjang dari {MAX_LINE_BYTES} byte", f"longer than {MAX_LINE_BYTES} bytes"
            )
        if b"\0" in raw:
            raise at_place(f"line {number}", "memuat byte NUL", "holds a NUL byte")
        # SWIFT's letters are ASCII; a stray one of another encoding may stand in a name, which is only shown.
        yield number, raw.decode("utf-8", "replace").rstrip("\r\n").removeprefix("\ufeff")
