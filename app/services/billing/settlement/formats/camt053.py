"""ISO 20022 camt.053 (bank to customer statement), read entry by entry.

A library would hold the whole document; this forgets each entry and each transaction once it is read. Tests hold it
against pycamt.

One ``Ntry`` may batch many ``TxDtls``: their amounts must come to the entry's. ``RvslInd``, or return information in a
transaction, makes a reversal. Charges that are included in the amount (``ChrgInclInd`` true) are the line's fee.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO
from xml.etree.ElementTree import Element

from app.core.money import show_rupiah
from app.services.billing.settlement.formats.camt_elements import (
    all_of,
    amount_of,
    day_of,
    direction_of,
    find_of,
    text_of,
)
from app.services.billing.settlement.formats.values import (
    CURRENCY,
    NO_REFERENCE,
    Capped,
    at_place,
    expect_idr,
    find_virtual_account,
    printable,
    reference,
    remittance,
    unnamed,
)
from app.services.billing.settlement.formats.xml_pieces import PIECE_BYTES, pieces
from app.services.billing.settlement.lines import (
    BadStatement,
    ColumnMap,
    Direction,
    StatementFoot,
    StatementHead,
    StatementLine,
    StatementPart,
)

MAX_PIECE_BYTES = 1024 * 1024
"""Between the ends of two transactions: one transaction's details, or a statement's head with its balances."""

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}\}")
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/CntrValAmt/Amt")
_OPENING = ("OPBD", "PRCD", "ITBD")
_CLOSING = ("CLBD", "ITBD")


@dataclass(slots=True)
class _Entry:
    """The entry that is being read: what holds for all its transactions, and what they come to so far."""

    element: Element
    number: int
    amount: int = 0
    direction: Direction = Direction.CREDIT
    is_reversal: bool = False
    known: bool = False
    counts: bool = True
    transactions: int = 0
    total: int = 0
    held: Element | None = None
    """The first transaction, until it is known whether it stays the only one and so stands for the whole entry."""

    @property
    def place(self) -> str:
        return f"entry {self.number}"


@dataclass(slots=True)
class _Reading:
    """Where the reader is in the document."""

    columns: ColumnMap
    space: str = ""
    statement: Element | None = None
    headed: bool = False
    closing: int | None = None
    entry: _Entry | None = None
    details: Element | None = None
    entries: int = 0
    statements: int = 0
    names: dict[str, str] = field(default_factory=dict)


def read(source: BinaryIO, columns: ColumnMap) -> Iterator[StatementPart]:
    """The statements of a camt.053 document."""
    reading = _Reading(columns)
    waiting = 0
    for events in pieces(Capped(source)):
        waiting += PIECE_BYTES
        for event, element in events:
            name = reading.names.get(element.tag)
            if name is None:
                name = _name(reading, element.tag)
            if name and event == "start":
                _start(reading, name, element)
            elif name:
                yield from _end(reading, name, element)
                waiting = 0
        if waiting > MAX_PIECE_BYTES:
            raise at_place(
                f"entry {reading.entries}",
                f"lebih dari {MAX_PIECE_BYTES} byte tanpa akhir transaksi",
                f"more than {MAX_PIECE_BYTES} bytes without the end of a transaction",
            )
    if reading.statements == 0:
        raise BadStatement("berkas tidak memuat rekening koran (Stmt)", "the file holds no statement (Stmt)")


_WATCHED = frozenset({"Stmt", "Ntry", "NtryDtls", "TxDtls"})


def _name(reading: _Reading, tag: str) -> str:
    """The element's name where the reader acts on it, else an empty text; remembered, for tags are few.

    The namespace is that of the first element that has camt.053's; an envelope around the document is passed over.
    """
    if not reading.space and (space := _NAMESPACE.match(tag)) is not None:
        reading.space = space[0]
    name = tag.removeprefix(reading.space) if reading.space and tag.startswith(reading.space) else ""
    known = name if name in _WATCHED else ""
    if reading.space and len(reading.names) < 1000:
        reading.names[tag] = known
    return known


def _start(reading: _Reading, name: str, element: Element) -> None:
    if name == "Stmt":
        if reading.statement is not None:
            raise at_place(f"entry {reading.entries}", "Stmt di dalam Stmt", "a Stmt within a Stmt")
        reading.statement, reading.headed = element, False
        reading.statements += 1
    elif name == "Ntry" and reading.statement is not None and reading.entry is None:
        reading.entries += 1
        reading.entry = _Entry(element, reading.entries)
    elif name == "NtryDtls" and reading.entry is not None:
        reading.details = element


def _end(reading: _Reading, name: str, element: Element) -> Iterator[StatementPart]:
    entry = reading.entry
    if name == "Stmt" and element is reading.statement:
        yield from _head(reading)
        yield StatementFoot(closing=reading.closing)
        element.clear()
        reading.statement = None
    elif entry is None or reading.statement is None:
        return
    elif name == "TxDtls" and reading.details is not None:
        yield from _head(reading)
        _know(reading, entry)
        if entry.counts:
            yield from _transaction(reading, entry, element)
        reading.details.clear()
    elif name == "Ntry" and element is entry.element:
        yield from _head(reading)
        _know(reading, entry)
        if entry.counts:
            yield from _whole(reading, entry)
        reading.statement.clear()
        reading.entry = reading.details = None


def _head(reading: _Reading) -> Iterator[StatementHead]:
    """The statement's head, once: all of it stands before the first entry, the closing balance too."""
    statement = reading.statement
    if reading.headed or statement is None:
        return
    reading.headed = True
    place = f"statement {reading.statements}"
    statement_id = reference(text_of(reading.space, statement, "Id"), place)
    if not statement_id:
        raise BadStatement(f"{place}: tidak memiliki Id", f"{place}: it has no Id")
    page = text_of(reading.space, statement, "StmtPgntn/PgNb")
    reading.closing = _balance_of(reading, statement, _CLOSING)
    account = text_of(reading.space, statement, "Acct/Id/Othr/Id") or text_of(reading.space, statement, "Acct/Id/IBAN")
    expect_idr(text_of(reading.space, statement, "Acct/Ccy") or "IDR", place)
    yield StatementHead(
        statement_id=reference(f"{statement_id}/{page}", place) if page not in ("", "1") else statement_id,
        account_no=reference(account, place) or None,
        first_day=_period(reading, statement, ("FrToDt/FrDtTm", "OPBD"), place),
        last_day=_period(reading, statement, ("FrToDt/ToDtTm", "CLBD"), place),
        opening=_balance_of(reading, statement, _OPENING),
    )


def _period(reading: _Reading, statement: Element, where: tuple[str, str], place: str) -> date | None:
    """An end of the statement's period; where it names none, the day of its opening or closing balance."""
    path, kind = where
    balance_at = _balances(reading, statement).get(kind)
    text = text_of(reading.space, statement, path)
    if not text and balance_at is not None:
        text = text_of(reading.space, balance_at, "Dt/Dt") or text_of(reading.space, balance_at, "Dt/DtTm")
    return day_of(text, place, utc=reading.columns.utc) if text else None


def _know(reading: _Reading, entry: _Entry) -> None:
    """Read what holds for the whole entry; it stands before its transactions."""
    if entry.known:
        return
    entry.known = True
    element = entry.element
    status = text_of(reading.space, element, "Sts/Cd") or text_of(reading.space, element, "Sts")
    entry.counts = status in ("", "BOOK")
    if not entry.counts:  # announced, not booked: it says nothing of the balance, in whatever currency
        return
    entry.amount = amount_of(reading.space, element, "Amt", entry.place)
    entry.counts = entry.amount > 0
    entry.direction = direction_of(text_of(reading.space, element, "CdtDbtInd"), entry.place)
    entry.is_reversal = text_of(reading.space, element, "RvslInd").lower() in ("true", "1")


def _transaction(reading: _Reading, entry: _Entry, details: Element) -> Iterator[StatementLine]:
    entry.transactions += 1
    if entry.transactions == 1:
        entry.held = details
        return
    if entry.held is not None:
        first, entry.held = entry.held, None
        yield from _part(reading, entry, first)
    yield from _part(reading, entry, details)


def _part(reading: _Reading, entry: _Entry, details: Element) -> Iterator[StatementLine]:
    """One transaction of a batch, which counts with its own amount."""
    path = _own_amount(reading, details) or next(
        (path for path in _AMOUNTS if find_of(reading.space, details, path) is not None), None
    )
    if path is None:
        raise at_place(
            entry.place,
            "beberapa TxDtls tanpa jumlah masing-masing (Amt)",
            "several TxDtls, and not each has its amount (Amt)",
        )
    indicator = text_of(reading.space, details, "CdtDbtInd")
    direction = direction_of(indicator, entry.place) if indicator else entry.direction
    amount = amount_of(reading.space, details, path, entry.place)
    entry.total += amount if direction is entry.direction else -amount
    if amount > 0:
        yield _line(reading, entry, details, (amount, direction, _charges(reading, details, entry.place)))


def _own_amount(reading: _Reading, details: Element) -> str | None:
    """Where a transaction says its amount in the account's currency: what was instructed may be in another one."""
    found = ((path, find_of(reading.space, details, path)) for path in _AMOUNTS)
    return next((path for path, element in found if element is not None and element.get("Ccy") == CURRENCY), None)


def _whole(reading: _Reading, entry: _Entry) -> Iterator[StatementLine]:
    """An entry's end: its one line, or the sum of its transactions held against it."""
    charges = _charges(reading, entry.element, entry.place)
    if entry.transactions > 1:
        if charges:
            raise at_place(
                entry.place,
                "biaya tertulis pada kumpulan, bukan pada tiap TxDtls",
                "charges stand at the batch; they must stand at each TxDtls",
            )
        _agree(entry)
        return
    details = entry.element if entry.held is None else entry.held
    if entry.held is not None:
        charges = charges or _charges(reading, details, entry.place)
        if _own_amount(reading, details) == "Amt":  # of one in another currency the entry alone says what it came to
            entry.total = amount_of(reading.space, details, "Amt", entry.place)
            _agree(entry)
    yield _line(reading, entry, details, (entry.amount, entry.direction, charges))


def _agree(entry: _Entry) -> None:
    if entry.total != entry.amount:
        difference = entry.amount - entry.total
        raise at_place(
            entry.place,
            f"{entry.transactions} TxDtls berjumlah {show_rupiah(entry.total)}, Ntry {show_rupiah(entry.amount)}; "
            f"selisih {show_rupiah(difference)}",
            f"{entry.transactions} TxDtls come to {show_rupiah(entry.total, 'en')}, the Ntry says "
            f"{show_rupiah(entry.amount, 'en')}; difference {show_rupiah(difference, 'en')}",
        )


def _line(reading: _Reading, entry: _Entry, details: Element, money: tuple[int, Direction, int]) -> StatementLine:
    net, direction, fee = money
    is_reversal = entry.is_reversal or find_of(reading.space, details, "RtrInf") is not None
    paid_in = (direction is Direction.CREDIT) is not is_reversal
    texts = _texts(reading, entry, details)
    account = find_virtual_account(reading.columns.virtual_account_in, lambda name: texts.get(name, ""))
    ours = _ours(reading.columns, texts, account, entry.place)
    day, trx_at = _times(reading, entry, details)
    return StatementLine(
        place=entry.number,
        bank_reference=_bank_reference(reading, entry, texts),
        ordinal=0,
        direction=direction,
        amount=net + fee if paid_in else net - fee,
        fee=fee,
        is_reversal=is_reversal,
        booked_on=day,
        trx_at=trx_at,
        virtual_account_no=account,
        payment_request_id=ours if paid_in else None,
        end_to_end_id=None if paid_in else ours,
        text=remittance(texts["Ustrd"] or texts["AddtlNtryInf"]),
    )


def _texts(reading: _Reading, entry: _Entry, details: Element) -> dict[str, str]:
    # What stands behind a batch's transactions is not read yet when they are.
    behind = text_of(reading.space, entry.element, "AddtlNtryInf") if entry.transactions <= 1 else ""
    refs = {
        name: text_of(reading.space, details, f"Refs/{name}")
        for name in ("EndToEndId", "InstrId", "TxId", "AcctSvcrRef")
    }
    return {
        **refs,
        "Strd": text_of(reading.space, details, "RmtInf/Strd/CdtrRefInf/Ref"),
        "Ustrd": " ".join(part.text or "" for part in all_of(reading.space, details, "RmtInf/Ustrd")),
        "AddtlNtryInf": text_of(reading.space, details, "AddtlTxInf") or behind,
    }


def _ours(columns: ColumnMap, texts: dict[str, str], account: str | None, place: str) -> str | None:
    for name in columns.payment_request_in:
        text = reference(texts.get(name, ""), place)
        if text.upper() not in NO_REFERENCE and text != account:
            return text
    return None


def _bank_reference(reading: _Reading, entry: _Entry, texts: dict[str, str]) -> str:
    candidates = (
        texts["AcctSvcrRef"],
        texts["TxId"],
        text_of(reading.space, entry.element, "AcctSvcrRef"),
        text_of(reading.space, entry.element, "NtryRef"),
        texts["EndToEndId"],
    )
    for text in candidates:
        if printable(text).upper() not in NO_REFERENCE:
            return reference(text, entry.place)
    element = entry.element
    facts = [text_of(reading.space, element, path) for path in ("Amt", "CdtDbtInd", "BookgDt/Dt", "BookgDt/DtTm")]
    return unnamed(*facts, *texts.values())


def _times(reading: _Reading, entry: _Entry, details: Element) -> tuple[date, str | None]:
    """The day of booking, and the bank's text of the transaction's time."""
    booked = text_of(reading.space, entry.element, "BookgDt/DtTm") or text_of(
        reading.space, entry.element, "BookgDt/Dt"
    )
    if not booked:
        raise at_place(entry.place, "tidak ada tanggal pembukuan (BookgDt)", "it has no booking date (BookgDt)")
    at = text_of(reading.space, details, "RltdDts/TxDtTm") or text_of(reading.space, details, "RltdDts/AccptncDtTm")
    if not at and "T" in booked:
        at = booked
    return day_of(booked, entry.place, utc=reading.columns.utc), reference(at, entry.place) or None


def _charges(reading: _Reading, element: Element, place: str) -> int:
    total = 0
    for record in all_of(reading.space, element, "Chrgs/Rcrd"):
        if text_of(reading.space, record, "ChrgInclInd").lower() in ("true", "1"):
            total += amount_of(reading.space, record, "Amt", place)
    return total


def _balance_of(reading: _Reading, statement: Element, kinds: tuple[str, ...]) -> int | None:
    """The balance of the first of these kinds that the statement has."""
    place = f"statement {reading.statements}"
    found = _balances(reading, statement)
    for kind in kinds:
        if kind in found:
            amount = amount_of(reading.space, found[kind], "Amt", place, is_balance=True)
            credit = direction_of(text_of(reading.space, found[kind], "CdtDbtInd"), place) is Direction.CREDIT
            return amount if credit else -amount
    return None


def _balances(reading: _Reading, statement: Element) -> dict[str, Element]:
    """The first balance of each kind."""
    return {
        text_of(reading.space, each, "Tp/CdOrPrtry/Cd"): each
        for each in reversed(all_of(reading.space, statement, "Bal"))
    }
