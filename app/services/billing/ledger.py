"""The books: double entries that balance, are never changed, and are undone only by another entry.

A positive amount is a debit, a negative one a credit; the lines of an entry sum to zero. That is asserted here before
writing, by the database at commit (migration 0002, PostgreSQL), and again when `loket ledger check` reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Table, Tx
from app.core.ids import new_id
from app.core.money import Rupiah
from app.core.prepared import Prepared, Statement
from app.services.billing.accounts import kind_of
from app.services.billing.models import EntryKind, LedgerAccount, LedgerEntry, LedgerLine

Reader = AsyncConnection | AsyncSession


# Built once: making a statement anew for each payment costs more than running it (`make bench`).
_INSERT_ENTRY = Prepared(insert(LedgerEntry.__table__))  # type: ignore[attr-defined]  # SQLModel's own lack
_LINE = ("id", "entry_id", "account", "amount", "bill_id")
_KNOWN_ACCOUNTS = select(col(LedgerAccount.code), col(LedgerAccount.opened_at)).where(
    col(LedgerAccount.code).in_(bindparam("codes", expanding=True))
)


class UnbalancedEntry(Exception):
    """A booking that would not balance: a fault of ours, nothing is written."""


@dataclass(frozen=True, slots=True)
class Line:
    """One account's part in an entry, in rupiah: debit positive, credit negative."""

    account: str
    amount: int
    bill_id: UUID | None = None


def transfer(amount: int, *, debit: str, credit: str, bill_id: UUID | None = None) -> tuple[Line, Line]:
    """The two lines of ``debit -> credit``."""
    return Line(debit, amount, bill_id), Line(credit, -amount, bill_id)


async def post(tx: Tx, kind: EntryKind, memo: str, lines: Sequence[Line], *, reverses: UUID | None = None) -> UUID:
    """Write one entry with its lines, and return its id. Raises `UnbalancedEntry` before anything is written."""
    entry_id, statements = await entry(tx, kind, memo, lines, reverses=reverses)
    await tx.run_all(*statements)
    return entry_id


async def entry(
    tx: Tx, kind: EntryKind, memo: str, lines: Sequence[Line], *, reverses: UUID | None = None
) -> tuple[UUID, Sequence[Statement]]:
    """`post` as statements, to go with others: the entry's id, and what writes it. Raises `UnbalancedEntry`."""
    if len(lines) < 2 or sum(line.amount for line in lines) != 0 or any(line.amount == 0 for line in lines):
        raise UnbalancedEntry(f"{kind}: {[(line.account, line.amount) for line in lines]}")
    await _open_accounts(tx, {line.account for line in lines})
    entry_id = new_id()
    head = {"id": entry_id, "at": tx.now, "kind": kind, "memo": memo, "actor": tx.actor.id, "reverses": reverses}
    rows: dict[str, object] = {}
    for place, line in enumerate(lines):
        values = (new_id(), entry_id, line.account, line.amount, line.bill_id)
        rows |= {f"{name}_{place}": value for name, value in zip(_LINE, values, strict=True)}
    return entry_id, [(_INSERT_ENTRY, head), (_insert_lines(len(lines)), rows)]


@lru_cache
def _insert_lines(count: int) -> Prepared:
    table = LedgerLine.__table__  # type: ignore[attr-defined]
    places = range(count)
    rows = [{name: bindparam(f"{name}_{place}", type_=table.c[name].type) for name in _LINE} for place in places]
    return Prepared(insert(table).values(rows))


async def reverse(tx: Tx, entry_id: UUID, memo: str) -> UUID:
    """Undo an entry by its mirror image. The database refuses a second reversal of the same entry."""
    query = select(LedgerLine).where(col(LedgerLine.entry_id) == entry_id)
    lines = (await tx.session.execute(query)).scalars().all()
    mirrored = [Line(line.account, -line.amount, line.bill_id) for line in lines]
    return await post(tx, EntryKind.REVERSAL, memo, mirrored, reverses=entry_id)


async def balances(source: Reader) -> Mapping[str, int]:
    """Each account's balance in rupiah (debit positive), over the whole ledger."""
    query = select(col(LedgerLine.account), func.sum(LedgerLine.amount)).group_by(col(LedgerLine.account))
    return {account: int(amount) for account, amount in (await source.execute(query)).all()}


async def held_for_bill(source: Reader, bill_id: UUID, account: str) -> Rupiah:
    """What a liability account still holds for one bill, as a positive amount."""
    query = select(func.coalesce(func.sum(LedgerLine.amount), 0)).where(
        col(LedgerLine.bill_id) == bill_id, col(LedgerLine.account) == account
    )
    return Rupiah(-int((await source.execute(query)).scalar_one()))


async def held_by_account(source: Reader, bill_id: UUID) -> Mapping[str, int]:
    """What each account still holds for one bill, credit positive, zeros left out; in the order of their codes."""
    query = (
        select(col(LedgerLine.account), func.sum(LedgerLine.amount))
        .where(col(LedgerLine.bill_id) == bill_id)
        .group_by(col(LedgerLine.account))
        .order_by(col(LedgerLine.account))
    )
    return {account: -int(amount) for account, amount in (await source.execute(query)).all() if amount != 0}


async def insert_once(tx: Tx, model: type[Table], **values: object) -> bool:
    """Insert a row unless a unique constraint finds it there already; True when this call wrote it.

    On PostgreSQL it waits for a rival that has inserted the same and not yet committed. Defaults of the model apply.
    """
    return bool(await tx.run(*once(tx, model, **values)))


def once(tx: Tx, model: type[Table], **values: object) -> Statement:
    """`insert_once` as a statement, to go with others: it has a row if it wrote one."""
    statement, defaults = _insert_once(model, tx.house.db.dialect)
    return statement, {name: make() for name, make in defaults.items() if name not in values} | values


@lru_cache
def _insert_once(model: type[Table], dialect: str) -> tuple[Prepared, Mapping[str, Callable[[], object]]]:
    """The statement, built once, and what makes each value that the caller leaves out."""
    table = model.__table__  # type: ignore[attr-defined]
    insert_into = insert_postgresql if dialect == "postgresql" else insert_sqlite
    statement = insert_into(table).on_conflict_do_nothing().returning(table.primary_key.columns[0])
    defaults = {
        name: partial(field.get_default, call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }
    return Prepared(statement), defaults


class OpenAccounts(set[str]):
    """Accounts that are open for good, as far as this process has seen. Registered in the House by this type."""


async def _open_accounts(tx: Tx, codes: set[str]) -> None:
    seen = tx.house[OpenAccounts]
    unseen = codes - seen
    if not unseen:
        return
    found = (await tx.session.execute(_KNOWN_ACCOUNTS, {"codes": list(unseen)})).all()
    # One that this very transaction has opened may yet be rolled back with it.
    seen |= {code for code, opened_at in found if opened_at < tx.now}
    for code in sorted(
        unseen - {code for code, _ in found}
    ):  # one order for all, so that two first payments cannot deadlock
        await insert_once(tx, LedgerAccount, code=code, kind=kind_of(code), opened_at=tx.now)
