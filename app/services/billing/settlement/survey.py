"""The first reading of a file: nothing is booked before the whole of it is believed.

The readers have found each statement's lines equal to its balances. Here it must be of this bank and Polda, and follow
upon the statement before it: a day that is missing, or an opening balance that is not the last closing one, means money
that nobody told us of.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.house import House
from app.core.texts import Text
from app.services import reference
from app.services.billing.ledger import Reader
from app.services.billing.models import Bill
from app.services.billing.settlement.lines import BadStatement, StatementFoot, StatementHead, StatementLine
from app.services.billing.settlement.matching import customer_no
from app.services.billing.settlement.models import SettlementFile, SettlementStatement
from app.services.billing.settlement.reading import Chunk, read_file
from app.services.billing.snap.times import bank_day
from app.services.identity import credentials
from app.services.identity.credentials import CredentialKind

MAX_STATEMENTS = 10_000
"""Statements in one file: a bank that writes one for each payment, on a busy day."""
ONE_DAY = timedelta(days=1)
AHEAD = ONE_DAY
"""How far behind the day on which its file came a statement may lie: a bank that closes its books in the evening has begun
the next day."""


class NotTheirs(Exception):
    """The file has lines of another bank, or of another Polda."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, slots=True)
class BankOf:
    """The bank of a file, and the other banks' prefixes by which a foreign line is known."""

    client_id: str
    name: str
    profile: str | None
    partner: str
    unit: str | None
    others: tuple[str, ...]


@dataclass(slots=True)
class Found:
    """One statement as the first reading found it."""

    number: str
    account_no: str
    first_day: date
    last_day: date
    opening: int | None
    closing: int | None = None
    lines: int = 0


@dataclass(slots=True)
class Survey:
    """The whole file: its statements in order."""

    statements: list[Found] = field(default_factory=list)
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a statement does not follow upon the one before it; amounts in rupiah."""

    statement: str
    first_day: date
    last_seen: date
    opening: int | None
    last_closing: int | None

    @property
    def text(self) -> Text:
        """The gap in words."""
        if self.first_day > self.last_seen + ONE_DAY:
            return Text(
                f"Rekening koran {self.statement} mulai {self.first_day}, yang terakhir {self.last_seen}: ada hari yang hilang",
                f"Statement {self.statement} begins {self.first_day}, the last one ended {self.last_seen}: a day is missing",
            )
        return Text(
            f"Saldo awal {self.statement} {self.opening}, saldo akhir sebelumnya {self.last_closing}",
            f"Opening balance of {self.statement} is {self.opening}, the last closing one was {self.last_closing}",
        )


async def bank_of(source: Reader, name: str) -> BankOf | None:
    """An active bank by its client id, or its name."""
    banks = await credentials.list_(source, kind=CredentialKind.BANK)
    active = [each for each in banks if each.disabled_at is None]
    by_id = (each for each in active if each.client_id == name)
    found = next(by_id, None) or next((each for each in active if each.name == name), None)
    if found is None:
        return None
    others = tuple(
        each.partner_service_id.strip()
        for each in banks
        if each.client_id != found.client_id and each.partner_service_id
    )
    partner = (found.partner_service_id or "").strip()
    return BankOf(found.client_id, found.name, found.profile, partner, found.unit, others)


async def survey(house: House, file: SettlementFile, bank: BankOf) -> Survey:
    """Read the whole file. Raises `BadStatement` and `NotTheirs`."""
    made = Survey()
    async for part in read_file(house, file, bank.profile):
        if isinstance(part, StatementHead):
            made.statements.append(_begun(part))
            if len(made.statements) > MAX_STATEMENTS:
                raise BadStatement(
                    f"lebih dari {MAX_STATEMENTS} rekening koran dalam satu berkas",
                    f"more than {MAX_STATEMENTS} statements in one file",
                )
        elif isinstance(part, Chunk):
            _count(made, part)
            async with house.db.read() as connection:
                await check_theirs(connection, bank, file.unit, part.lines)
        elif isinstance(part, StatementFoot):
            _end(made.statements[-1], part)
    _check_numbers(made)
    came = bank_day(file.received_at)
    for each in made.statements:
        if each.first_day == date.max:  # neither days nor lines: of the day on which it came
            each.first_day = each.last_day = came
    _check_days(made, came)
    return made


async def check_theirs(source: Reader, bank: BankOf, unit: str | None, lines: Sequence[StatementLine]) -> None:
    """Raise `NotTheirs` for a line of another bank's account, or, in a Polda's file, for one of another Polda's bill."""
    for line in lines:
        number = "".join((line.virtual_account_no or "").split())
        foreign = next((each for each in bank.others if customer_no(each, number)), None)
        if foreign is not None and customer_no(bank.partner, number) is None:
            raise NotTheirs(
                Text(
                    f"baris {line.place}: rekening virtual {foreign}... milik bank lain",
                    f"line {line.place}: the virtual account {foreign}... is another bank's",
                )
            )
    if unit is not None:
        await _check_polda(source, bank, unit, lines)


async def polda_by_unit(source: Reader) -> dict[str, str | None]:
    """The Polda of each unit; None for units of Mabes."""
    found: dict[str, str | None] = {}
    after: str | None = None
    while page := await reference.list_units(source, after=after, limit=500):
        found |= {each.code: each.polda_code or None for each in page}
        after = page[-1].code
    return found


async def gaps(source: Reader, file: SettlementFile, made: Survey) -> list[Gap]:
    """Every statement of the file that does not follow upon what is posted or stands before it in the file."""
    found = []
    before: dict[str, list[Found]] = {}
    for each in sorted(made.statements, key=lambda one: (one.account_no, one.first_day)):
        earlier = before.setdefault(each.account_no, [])
        gap = _gap(each, [*await _posted_before(source, file, each), *earlier])
        if gap is not None:
            found.append(gap)
        earlier.append(each)
    return found


def _begun(head: StatementHead) -> Found:
    first, last = head.first_day or head.last_day, head.last_day or head.first_day
    return Found(
        number=head.statement_id,
        account_no=head.account_no or "",
        first_day=first or date.max,
        last_day=last or date.min,
        opening=head.opening,
    )


def _check_numbers(made: Survey) -> None:
    """Twice the same statement would leave one line for two equal ones."""
    counts = Counter((each.account_no, each.number) for each in made.statements)
    twice = next((number for (_, number), count in counts.items() if count > 1), None)
    if twice is not None:
        raise BadStatement(
            f"rekening koran {twice} dua kali dalam satu berkas", f"the statement {twice} stands twice in one file"
        )


def _check_days(made: Survey, came: date) -> None:
    """A statement tells what has happened. One of a day to come is a slip of the pen, and would call days told, and payments
    missing, of which no file has said a word."""
    late = next((each for each in made.statements if max(each.first_day, each.last_day) > came + AHEAD), None)
    if late is not None:
        day = max(late.first_day, late.last_day)
        raise BadStatement(
            f"rekening koran {late.number} bertanggal {day}, padahal berkas datang {came}",
            f"the statement {late.number} is of {day}, but the file came on {came}",
        )


def _end(statement: Found, foot: StatementFoot) -> None:
    statement.closing = foot.closing
    if foot.last_day is not None:  # the balance before it is often of the day before
        statement.last_day = foot.last_day


def _count(made: Survey, chunk: Chunk) -> None:
    statement = made.statements[-1]
    statement.lines += len(chunk.lines)
    made.lines += len(chunk.lines)
    if statement.first_day == date.max or statement.last_day == date.min:
        days = [line.booked_on for line in chunk.lines]
        statement.first_day, statement.last_day = min(days), max(days)


async def _check_polda(source: Reader, bank: BankOf, unit: str, lines: Sequence[StatementLine]) -> None:
    numbers = {customer_no(bank.partner, line.virtual_account_no) for line in lines} - {None}
    if not numbers:
        return
    query = select(col(Bill.unit)).where(col(Bill.customer_no).in_(numbers)).distinct()
    units = set((await source.execute(query)).scalars())
    for code in sorted(units - {unit}):
        found = await reference.find_unit(source, code)
        if found is None or found.polda_code != unit:
            raise NotTheirs(Text(f"ada pembayaran untuk {code}", f"there are payments for {code}"))


async def _posted_before(source: Reader, file: SettlementFile, each: Found) -> list[Found]:
    """The statements on the last days before this one ends, in their newest posted versions, itself left out."""
    same = (
        col(SettlementStatement.bank) == file.bank,
        col(SettlementStatement.unit) == (file.unit or ""),
        col(SettlementStatement.account_no) == each.account_no,
        col(SettlementStatement.posted_at).is_not(None),
        col(SettlementStatement.statement_no) != each.number,
    )
    last = select(col(SettlementStatement.last_day)).where(*same, col(SettlementStatement.last_day) < each.first_day)
    day = (await source.execute(last.order_by(col(SettlementStatement.last_day).desc()).limit(1))).scalar_one_or_none()
    days = [each.first_day] if day is None else [day, each.first_day]
    query = select(
        col(SettlementStatement.statement_no),
        col(SettlementStatement.first_day),
        col(SettlementStatement.last_day),
        col(SettlementStatement.closing),
        col(SettlementStatement.version),
    ).where(*same, col(SettlementStatement.last_day).in_(days))
    rows = (await source.execute(query.order_by(col(SettlementStatement.version)))).all()
    newest = {row.statement_no: row for row in rows}
    return [
        Found(row.statement_no, each.account_no, row.first_day, row.last_day, None, row.closing)
        for row in newest.values()
    ]


def _gap(each: Found, earlier: list[Found]) -> Gap | None:
    before = [one for one in earlier if one.last_day <= each.first_day and one.number != each.number]
    if not before:
        return None
    last_seen = max(one.last_day for one in before)
    days_apart = last_seen + ONE_DAY < each.first_day
    nearest = [one for one in before if one.last_day in (each.first_day, last_seen)] + [
        one for one in before if one.last_day == each.first_day - ONE_DAY
    ]
    closings = [one.closing for one in nearest if one.closing is not None]
    breaks = each.opening is not None and bool(closings) and each.opening not in closings
    if not days_apart and not breaks:
        return None
    return Gap(each.number, each.first_day, last_seen, each.opening, closings[-1] if closings else None)


def series_of(statement_id: UUID, earlier: SettlementStatement | None) -> tuple[UUID, int]:
    """The series and version of a new statement, after the newest earlier version of it."""
    return (statement_id, 1) if earlier is None else (earlier.series_id, earlier.version + 1)
