"""Remittances by file, seen first: which billing code, NTB and NTPN covers which bills.

CSV with the header ``billing_code,ntb,ntpn,remitted_on,customer_no,amount``; a line for each bill, lines with one NTPN are
one remittance. `customer_no` may be a whole virtual account number; `remitted_on` is ``2026-11-24``; whole rupiah. Nothing
is recorded from a file with a fault in it, and a remittance that is recorded already is passed over: the same file may
come again. A second person confirms each, as one recorded by hand.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.money import Rupiah, show_rupiah
from app.core.problems import FieldError
from app.core.texts import Text
from app.services.billing.bills import CUSTOMER_NO_DIGITS, customer_no_is_valid
from app.services.billing.ledger import Reader
from app.services.billing.snap.times import WIB
from app.services.billing.treasury import numbers, remittances
from app.services.billing.treasury.models import Remittance, RemittanceState
from app.services.billing.treasury.numbers import BadNumber
from app.services.billing.treasury.problems import REMITTANCE_FILE
from app.services.billing.treasury.waiting import MAX_PARTS, TREASURY, Part, parts_waiting

COLUMNS = ("billing_code", "ntb", "ntpn", "remitted_on", "customer_no", "amount")
MAX_BYTES = 2 * 1024 * 1024
MAX_FAULTS = 50
MAX_RUPIAH = 10**12


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong on one line of the file."""

    line: int
    message: Text


@dataclass(frozen=True, slots=True)
class FileRemittance:
    """One remittance of a file: its numbers, and the parts of bills that it covers. `known`: recorded before."""

    proof: remittances.Numbers
    remitted_on: date
    amount: Rupiah
    bills: int
    known: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would record; nothing as long as there is a fault."""

    remittances: tuple[FileRemittance, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    line: int
    proof: remittances.Numbers
    remitted_on: date
    customer_no: str
    amount: int


async def preview(source: Reader, unit: str, data: bytes, today: date) -> Preview:
    """What the file would do at this unit, and every fault with its line; changes nothing."""
    lines, faults = _read(data, today)
    known = await _known(source, unit, [line.proof.ntpn or "" for line in lines])
    fresh = [line for line in lines if line.proof.ntpn not in known]
    waiting = await _waiting(source, unit, fresh)
    grouped: dict[str, list[_Line]] = {}
    for line in lines:
        grouped.setdefault(line.proof.ntpn or "", []).append(line)
    for group in grouped.values():
        faults += _unlike(group)
    for line in fresh:
        held = sum(part.amount for part in waiting.get(line.customer_no, ()))
        if held != line.amount:
            faults.append(Fault(line.line, _why_not(held)))
    found = [_remittance(group, waiting, known=ntpn in known) for ntpn, group in grouped.items()]
    return Preview(tuple(found), tuple(sorted(faults, key=lambda fault: fault.line)))


async def import_file(tx: Tx, unit: str, data: bytes) -> list[UUID]:
    """Record every remittance of a file that is not recorded yet, all or none; returns their ids.

    Raises REMITTANCE_FILE with each faulty line, and what `record_parts` raises.
    """
    seen = await preview(tx.session, unit, data, tx.now.astimezone(WIB).date())
    if seen.faults:
        errors = [FieldError(f"/line/{fault.line}", fault.message) for fault in seen.faults[:MAX_FAULTS]]
        raise REMITTANCE_FILE(count=len(seen.faults), errors=errors)
    return [
        await remittances.record_parts(tx, unit, each.proof, each.parts, remitted_on=each.remitted_on)
        for each in seen.remittances
        if not each.known
    ]


def _read(data: bytes, today: date) -> tuple[list[_Line], list[Fault]]:
    try:
        text = data[: MAX_BYTES + 1].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = data[: error.start].count(b"\n") + 1
        return [], [Fault(place, Text("bukan teks UTF-8", "is not UTF-8 text"))]
    if len(data) > MAX_BYTES or "\0" in text:
        return [], [Fault(1, Text("terlalu besar, atau bukan teks", "is too large, or no text"))]
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(cell.strip() for cell in next(rows, [])) != COLUMNS:
            wanted = ",".join(COLUMNS)
            return [], [Fault(1, Text(f"baris judul harus {wanted}", f"the header must be {wanted}"))]
        read = [_line(rows.line_num, row, today) for row in islice(filter(None, rows), MAX_PARTS + 1)]
    except csv.Error as error:
        return [], [Fault(rows.line_num, Text(f"bukan CSV: {error}", f"is no CSV: {error}"))]
    if len(read) > MAX_PARTS:
        return [], [
            Fault(rows.line_num, Text(f"paling banyak {MAX_PARTS} baris", f"at most {MAX_PARTS} lines at once"))
        ]
    lines = [each for each in read if isinstance(each, _Line)]
    faults = [each for each in read if isinstance(each, Fault)]
    return lines, faults + _twice(lines)


def _twice(lines: Sequence[_Line]) -> list[Fault]:
    """Lines that name a bill which stands on an earlier line."""
    first: dict[str, int] = {}
    faults = []
    for line in lines:
        place = first.setdefault(line.customer_no, line.line)
        if place != line.line:
            message = Text(f"tagihan ini sudah di baris {place}", f"this bill stands on line {place} already")
            faults.append(Fault(line.line, message))
    return faults


def _line(number: int, row: Sequence[str], today: date) -> _Line | Fault:
    if len(row) != len(COLUMNS):
        return Fault(number, Text(f"harus {len(COLUMNS)} kolom", f"must have {len(COLUMNS)} columns"))
    billing_code, ntb, ntpn, day, customer_no, amount = (cell.strip() for cell in row)
    try:
        proof = numbers.read_ntpn(ntpn)
        checked = remittances.Numbers(
            numbers.read_billing_code(billing_code), numbers.read_ntb(ntb), proof.text, mended=proof.mended
        )
    except BadNumber as wrong:
        return Fault(number, Text(f"{wrong.field}: {wrong.wanted.id}", f"{wrong.field}: {wrong.wanted.en}"))
    digits = "".join(customer_no.split())[-CUSTOMER_NO_DIGITS:]
    if not customer_no_is_valid(digits):
        return Fault(number, Text("customer_no: bukan nomor kami", "customer_no: is no number of ours"))
    if not (amount.isascii() and amount.isdigit() and 0 < int(amount[:16]) <= MAX_RUPIAH):
        return Fault(number, Text("amount: rupiah bulat, angka saja", "amount: whole rupiah, in digits alone"))
    try:
        remitted_on = date.fromisoformat(day)
    except ValueError:
        return Fault(number, Text("remitted_on: contoh 2026-11-24", "remitted_on: such as 2026-11-24"))
    if remitted_on > today:
        return Fault(number, Text("remitted_on: sesudah hari ini", "remitted_on: after today"))
    return _Line(number, checked, remitted_on, digits, int(amount))


def _unlike(group: Sequence[_Line]) -> list[Fault]:
    """Lines under one NTPN that name another billing code, NTB or day than its first line."""
    first = group[0]
    message = Text(
        f"NTPN ini di baris {first.line} memuat kode billing, NTB atau tanggal lain",
        f"this NTPN names another billing code, NTB or day on line {first.line}",
    )
    same = (first.proof.billing_code, first.proof.ntb, first.remitted_on)
    return [
        Fault(line.line, message)
        for line in group[1:]
        if (line.proof.billing_code, line.proof.ntb, line.remitted_on) != same
    ]


def _why_not(held: int) -> Text:
    if held == 0:
        return Text(
            "tagihan ini tidak menunggu penyetoran di kesatuan ini", "this bill waits for no remittance at this unit"
        )
    shown = show_rupiah(Rupiah(held))
    return Text(f"amount: pembukuan mencatat {shown}", f"amount: the books say {shown}")


def _remittance(group: Sequence[_Line], waiting: dict[str, list[Part]], *, known: bool) -> FileRemittance:
    parts = tuple(part for line in group for part in waiting.get(line.customer_no, ()))
    amount = Rupiah(sum(line.amount for line in group))
    return FileRemittance(group[0].proof, group[0].remitted_on, amount, len(group), known, parts)


async def _known(source: Reader, unit: str, ntpns: Sequence[str]) -> set[str]:
    query = select(col(Remittance.ntpn)).where(
        col(Remittance.unit) == unit,
        col(Remittance.ntpn).in_(set(ntpns)),
        col(Remittance.state) != RemittanceState.WITHDRAWN,
    )
    return {str(ntpn) for ntpn in (await source.execute(query)).scalars()}


async def _waiting(source: Reader, unit: str, lines: Sequence[_Line]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    asked = [line.customer_no for line in lines]
    if asked:
        for part in await parts_waiting(source, unit, TREASURY, customer_nos=asked):
            found.setdefault(part.customer_no, []).append(part)
    return found
