"""Settlement files as CSV, by the columns that the bank's profile names.

A statement is one day of the bank. Where the file has a column for it (`booked_on`), each day is a statement of its own
and its lines stand together; where it has only times, the whole file is of one WIB day, as Bank Neo and DANA write it.
Cells are data: one that begins like a formula is a text, and no number.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from app.services.billing.settlement.formats.values import (
    Capped,
    at_place,
    expect_idr,
    reference,
    remittance,
    rupiah,
    shown,
    wib_day,
)
from app.services.billing.settlement.lines import (
    ColumnMap,
    Direction,
    StatementFoot,
    StatementHead,
    StatementLine,
    StatementPart,
)

MAX_LINE_BYTES = 16 * 1024
MAX_RECORD_LINES = 20
"""Lines that one record may take by line breaks within quotes; an open quote would swallow the file."""
MAX_COLUMNS = 100
MAX_DAYS = 400
DELIMITERS = (",", ";", "\t")

# 250,000.00 by one bank's habit is 250.000,00 by another's: what is not exactly the profile's form is refused.
_AMOUNT = {
    ".": re.compile(r"-?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)((?:\.[0-9]{1,2})?)", re.ASCII),
    ",": re.compile(r"-?([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)((?:,[0-9]{1,2})?)", re.ASCII),
}
_ACCOUNT = re.compile(r"[0-9]{8,28}", re.ASCII)
_PLAIN_ACCOUNT = re.compile(r"[0-9A-Z]{1,34}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Row:
    """A record: the number of its first line, its cells, and where each of our fields stands."""

    line: int
    cells: list[str]
    at: Mapping[str, int]

    @property
    def place(self) -> str:
        return f"line {self.line}"

    def get(self, field: str) -> str:
        index = self.at.get(field)
        return "" if index is None else self.cells[index].strip()


def read(source: BinaryIO, columns: ColumnMap) -> Iterator[StatementPart]:
    """The statements of a CSV file, a day each."""
    day: date | None = None
    done: set[date] = set()
    for row in _rows(source, columns):
        line = _line(row, columns)
        if line.booked_on != day:
            if day is not None:
                _refuse_other_day(row, day, line.booked_on, done)
                done.add(day)
                yield StatementFoot(closing=None)
            day = line.booked_on
            account_no = row.get("account_no").upper() or None
            if account_no is not None and not _PLAIN_ACCOUNT.fullmatch(account_no):
                raise at_place(row.place, "nomor rekening tidak sah", f"{shown(account_no)} is no account number")
            yield StatementHead(day.isoformat(), account_no, first_day=day, last_day=day, opening=None)
        yield line
    if day is not None:
        yield StatementFoot(closing=None)


def _refuse_other_day(row: _Row, day: date, other: date, done: set[date]) -> None:
    if "booked_on" not in row.at:
        raise at_place(
            row.place,
            f"tanggal {other}, padahal berkas ini tentang {day}; satu berkas untuk satu hari WIB",
            f"a payment of {other}, but the file is of {day}; send one WIB day in a file",
        )
    if other in done or len(done) == MAX_DAYS:
        raise at_place(
            row.place,
            f"tanggal {other} muncul lagi; baris satu hari harus berurutan",
            f"{other} comes again; the lines of a day must stand together",
        )


def _line(row: _Row, columns: ColumnMap) -> StatementLine:
    expect_idr(row.get("currency").upper() or "IDR", row.place)
    direction, is_reversal = _mark(row, columns)
    amount, negative = _amount(row, "amount", columns)
    if amount == 0:
        raise at_place(row.place, "jumlah nol", "the amount is zero")
    request_id = reference(row.get("payment_request_id"), row.place)
    end_to_end_id = reference(row.get("end_to_end_id"), row.place)
    if negative and direction is Direction.CREDIT:
        direction, is_reversal = Direction.DEBIT, True
    elif is_reversal and end_to_end_id and not request_id:  # what is taken back is a refund of ours: it comes home
        direction = Direction.CREDIT
    bank_reference = reference(row.get("bank_reference"), row.place) or request_id
    if not bank_reference:
        raise at_place(row.place, "tidak ada referensi", "the line has no reference")
    return StatementLine(
        place=row.line,
        bank_reference=bank_reference,
        ordinal=0,
        direction=direction,
        amount=amount,
        fee=_fee(row, amount, columns),
        is_reversal=is_reversal,
        booked_on=_booked_on(row, columns),
        trx_at=reference(row.get("trx_at"), row.place) or None,
        virtual_account_no=_virtual_account(row),
        payment_request_id=request_id or None,
        end_to_end_id=end_to_end_id or None,
        text=remittance(row.get("text")),
    )


def _mark(row: _Row, columns: ColumnMap) -> tuple[Direction, bool]:
    mark = row.get("mark").upper()
    if "mark" not in row.at or mark in columns.credit_marks:
        return Direction.CREDIT, False
    if mark in columns.debit_marks:
        return Direction.DEBIT, False
    if mark in columns.reversal_marks:
        return Direction.DEBIT, True
    raise at_place(
        row.place, f"tanda {shown(mark)} tidak dikenal", f"{shown(mark)} is no known mark of debit or credit"
    )


def _amount(row: _Row, field: str, columns: ColumnMap) -> tuple[int, bool]:
    """Rupiah, and whether a minus stood before them."""
    text = row.get(field)
    form = _AMOUNT[columns.decimal].fullmatch(text)
    if form is None:
        raise at_place(row.place, f"{field} {shown(text)} bukan jumlah uang", f"{field} {shown(text)} is no amount")
    digits = form[1].replace(",", "").replace(".", "") + form[2]
    return rupiah(digits, row.place, decimal=columns.decimal), text.startswith("-")


def _fee(row: _Row, amount: int, columns: ColumnMap) -> int:
    if "fee" in row.at and row.get("fee"):
        fee, negative = _amount(row, "fee", columns)
    elif "net" in row.at and row.get("net"):
        net, _ = _amount(row, "net", columns)
        fee, negative = amount - net, False
    else:
        return 0
    if negative or not 0 <= fee <= amount:
        raise at_place(row.place, "biaya melebihi jumlah atau negatif", "the fee is negative or more than the amount")
    return fee


def _booked_on(row: _Row, columns: ColumnMap) -> date:
    field = "booked_on" if "booked_on" in row.at else "trx_at"
    text = row.get(field)
    try:
        if field == "booked_on" and columns.time_form == "iso":
            return date.fromisoformat(text)
        at = datetime.fromisoformat(text) if columns.time_form == "iso" else _parsed(text, columns.time_form)
        return wib_day(at, utc=columns.utc)
    except (ValueError, OverflowError) as error:
        raise at_place(row.place, f"{field} {shown(text)} bukan waktu", f"{field} {shown(text)} is no time") from error


def _parsed(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 the profile says whether it is WIB or UTC


def _virtual_account(row: _Row) -> str | None:
    number = row.get("virtual_account_no").replace(" ", "")  # SNAP pads the partner's number with blanks
    if number and not _ACCOUNT.fullmatch(number):
        raise at_place(
            row.place,
            f"nomor virtual account {shown(number)} bukan 8-28 angka",
            f"virtual account number {shown(number)} is not 8 to 28 digits",
        )
    return number or None


def _rows(source: BinaryIO, columns: ColumnMap) -> Iterator[_Row]:
    lines = _Lines(source, columns.encoding)
    header = lines.first()
    reader = csv.reader(lines, delimiter=columns.delimiter or _delimiter(header), strict=True)
    names = _next(reader, lines)
    at = _places(names or [], columns)
    while True:
        line = lines.number + 1
        cells = _next(reader, lines)
        if cells is None:
            return
        if not any(cells):
            continue
        if len(cells) != len(names or []):
            raise at_place(
                f"line {line}",
                f"{len(cells)} kolom, seharusnya {len(names or [])}",
                f"{len(cells)} columns where the header has {len(names or [])}",
            )
        yield _Row(line, cells, at)


def _next(reader: Iterator[list[str]], lines: "_Lines") -> list[str] | None:
    lines.begin_record()
    try:
        return next(reader, None)
    except csv.Error as error:
        raise at_place(f"line {lines.number}", f"bukan CSV yang sah ({error})", f"no valid CSV ({error})") from error


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _places(names: list[str], columns: ColumnMap) -> dict[str, int]:
    """Where each of our fields stands. Names are compared without case and outer blanks."""
    plain = [name.strip().upper() for name in names]
    if len(plain) > MAX_COLUMNS:
        raise at_place("line 1", f"lebih dari {MAX_COLUMNS} kolom", f"more than {MAX_COLUMNS} columns")
    places: dict[str, int] = {}
    for field, name in columns.columns.items():
        count = plain.count(name.upper())
        if count != 1:
            en = "is missing" if count == 0 else f"stands {count} times"
            raise at_place(
                "line 1",
                f"kolom {name} {'tidak ada' if count == 0 else f'ada {count} kali'}",
                f"column {name} {en}; the header has {shown(' '.join(plain))}",
            )
        places[field] = plain.index(name.upper())
    return places


class _Lines:
    """The text lines of a file for `csv.reader`: decoded one by one, each within its limits."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        self._source = Capped(source)
        self._encoding = encoding
        self._ahead: str | None = None
        self._record_from = 0
        self.number = 0

    def first(self) -> str:
        """The header line, which is given out again."""
        self._ahead = self._read()
        return self._ahead

    def begin_record(self) -> None:
        self._record_from = self.number

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text, self._ahead = (self._read() if self._ahead is None else self._ahead), None
        if not text:
            raise StopIteration
        self.number += 1
        if self.number - self._record_from > MAX_RECORD_LINES:
            raise at_place(
                f"line {self._record_from + 1}",
                f"tanda kutip tidak ditutup dalam {MAX_RECORD_LINES} baris",
                f"a quote is not closed within {MAX_RECORD_LINES} lines",
            )
        return text

    def _read(self) -> str:
        place = f"line {self.number + 1}"
        raw = self._source.readline(MAX_LINE_BYTES + 1)
        if len(raw) > MAX_LINE_BYTES:
            raise at_place(place, f"lebih panjang dari {MAX_LINE_BYTES} byte", f"longer than {MAX_LINE_BYTES} bytes")
        if b"\0" in raw:
            raise at_place(place, "memuat byte NUL", "holds a NUL byte")
        if self.number == 0:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise at_place(
                place,
                f"bukan {self._encoding}; tulis berkas dalam {self._encoding} atau ubah profil bank",
                f"not {self._encoding}; write the file so, or change the encoding in the bank's profile",
            ) from error
