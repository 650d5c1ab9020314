"""What a bank's statement file says, in one form for all formats: a head, its lines, a foot, and the next head.

Readers yield them one by one and never hold a file in memory. Whoever takes lines keeps them aside until the iterator
has ended: a `BadStatement` may come at the last line, and then nothing of the file counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.texts import Text

MAX_FILE_BYTES = 300 * 1024 * 1024
"""A file: some two million lines of a day. More is no statement of one bank for one Polda."""
MAX_LINES = 2_000_000
"""Lines in a file; the readers remember 8 bytes of each to number equal references."""
MAX_RUPIAH = 10**13
"""One line's amount: ten trillion, far above any fine and far below what a column of sums can hold."""
MAX_BALANCE = 10**16
MAX_REFERENCE = 128
"""Characters of a reference; SNAP BI's own longest (paymentRequestId)."""
MAX_TEXT = 200
"""Characters of the remittance text that are kept."""


class BadStatement(ValueError):
    """The file cannot be believed; nothing of it is taken. `text` says the place and what is wrong, `str` in English."""

    def __init__(self, id: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(id, en)


class FileKind(StrEnum):
    """The forms of statement files that are read."""

    CSV = "csv"
    MT940 = "mt940"
    CAMT053 = "camt053"


class Direction(StrEnum):
    """Credit: money came to our account. Debit: it left."""

    CREDIT = "credit"
    DEBIT = "debit"


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How one bank writes its files (`settlement:` of its profile). All but the last two fields are about CSV.

    `columns` gives for each of our fields (those of `StatementLine`, and `net`, `currency`, `mark`, `account_no`) the
    bank's column; the fee is what `net` has less than `amount`, where there is no column `fee`. `delimiter` None: found in the header. `time_form`: ``iso``, or as `datetime.strptime` wants it. `utc`: times
    without an offset are UTC, else WIB. Marks are compared in capitals. `virtual_account_in` and `payment_request_in`
    name the references of camt.053 (``EndToEndId``, ``InstrId``, ``TxId``, ``AcctSvcrRef``, ``Strd``, ``Ustrd``,
    ``AddtlNtryInf``) and MT940 (``61``, ``86``) in which the two numbers are looked for, in this order.
    """

    columns: Mapping[str, str]
    encoding: str = "utf-8"
    delimiter: str | None = None
    decimal: str = "."
    time_form: str = "iso"
    utc: bool = False
    credit_marks: frozenset[str] = frozenset({"C", "CR", "CRDT", "CREDIT"})
    debit_marks: frozenset[str] = frozenset({"D", "DR", "DB", "DBIT", "DEBIT"})
    reversal_marks: frozenset[str] = frozenset({"R", "RC", "REVERSAL"})
    virtual_account_in: tuple[str, ...] = ("Strd", "Ustrd", "EndToEndId", "InstrId", "TxId", "AddtlNtryInf", "86", "61")
    payment_request_in: tuple[str, ...] = ("EndToEndId", "InstrId", "86", "61")


@dataclass(frozen=True, slots=True)
class StatementHead:
    """Begins each statement of a file. `statement_id` is the bank's own; for CSV the bank's day, as ``2026-11-23``.

    `opening` in rupiah, negative where overdrawn; None where the format carries no balances (CSV).
    """

    statement_id: str
    account_no: str | None
    first_day: date | None
    last_day: date | None
    opening: int | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of money on our account at the bank, in whole rupiah.

    `place` is the line or entry in the file, from 1, for texts about it. `bank_reference` with `ordinal` (0 for its first
    line in the statement, 1 for the next equal one) is the key of the line in its statement: two payments may be equal in
    all else. `amount` is gross, what the payer paid or the payee got, > 0; `fee`, >= 0, is what the bank kept for itself.
    `is_reversal`: the line takes an earlier one back, and `direction` is that of the taking back. `trx_at` is the bank's
    own text of its time. `end_to_end_id` is that of our payment order (pain.001), on debits. `text` has at most 200
    characters.
    """

    place: int
    bank_reference: str
    ordinal: int
    direction: Direction
    amount: int
    fee: int
    is_reversal: bool
    booked_on: date
    trx_at: str | None
    virtual_account_no: str | None
    payment_request_id: str | None
    end_to_end_id: str | None
    text: str

    @property
    def effect(self) -> int:
        """What the line did to the balance, in rupiah: a fee makes less of what is paid in, more of what is paid out."""
        paid_in = (self.direction is Direction.CREDIT) is not self.is_reversal
        net = self.amount - self.fee if paid_in else self.amount + self.fee
        return net if self.direction is Direction.CREDIT else -net


@dataclass(frozen=True, slots=True)
class StatementFoot:
    """Ends each statement. `closing` in rupiah, already found equal to the opening and the lines; None for CSV. `last_day`
    where only the end of the statement tells it (MT940)."""

    closing: int | None
    last_day: date | None = None


StatementPart = StatementHead | StatementLine | StatementFoot
