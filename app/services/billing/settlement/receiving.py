"""A settlement file comes in: who may send it, what it is by its bytes, and the promise that it will be read.

The file lies in the object storage, sealed, before a row names it. The same bytes again are the same file, whatever its
name.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.storage import sha256_of_file
from app.services import reference, transparency
from app.services.billing.ledger import Reader, insert_once
from app.services.billing.settlement import originals
from app.services.billing.settlement.formats import kind_of
from app.services.billing.settlement.lines import BadStatement, FileKind, StatementLine
from app.services.billing.settlement.models import FileState, SettlementFile
from app.services.billing.settlement.problems import BANK_UNKNOWN, FILE_UNREADABLE, NOT_YOUR_BANK
from app.services.billing.settlement.reading import first_lines
from app.services.billing.settlement.survey import BankOf, NotTheirs, bank_of, check_theirs

IMPORT = "billing.import_settlement"
"""The job that reads, believes and books a file (`importing.import_file`)."""
PEEK_LINES = 1000
"""Lines that are looked at while the sender waits: the usual mistakes are told at once."""
PEEK_BYTES = 4096
MAX_NAME = 120
ALL = "semua / all"


@dataclass(frozen=True, slots=True)
class Received:
    """The file's id and state; `already` when these very bytes had come before and are or will be booked."""

    id: UUID
    state: FileState
    already: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """For which bank and Polda a file is sent; `unit` None is all of them."""

    bank: BankOf
    unit: str | None


async def receive(
    house: House, actor: Actor, file: Path, *, bank: str | None, unit: str | None, name: str | None = None
) -> Received:
    """Keep a file and queue its import. Nothing is kept of what is refused.

    `bank` is a client id or name; a bank's own bearer needs none. Raises NOT_YOUR_BANK, BANK_UNKNOWN, FILE_UNREADABLE.
    """
    async with house.db.read() as connection:
        sender = await sender_of(connection, actor, bank, unit)
        kind = await _looked_at(connection, sender, file)
        sha256 = await asyncio.to_thread(sha256_of_file, file)
        state = (await connection.execute(_is(sender, sha256).with_only_columns(col(SettlementFile.state)))).scalar()
    kept = None
    if state in (None, FileState.REFUSED):  # one that was refused may have been lost in the store
        with file.open("rb") as source:
            kept = await originals.keep(house, source)
    values = {
        "kind": kind,
        "sha256": sha256,
        "size_bytes": await asyncio.to_thread(os.path.getsize, file),
        "file_name": _shown(name),
    }
    async with house.db.begin(actor) as tx:
        return await _keep(tx, sender, values, kept)


async def sender_of(source: Reader, actor: Actor, bank: str | None, unit: str | None) -> Sender:
    """Who may send what: a bank its own files, for its Polda if it is bound to one; staff those of their Polda.

    Staff of Mabes come without a unit and may send for all.
    """
    wanted = actor.id if actor.kind is ActorKind.BANK and bank is None else bank or ""
    found = await bank_of(source, wanted)
    if actor.kind is ActorKind.BANK and (found is None or found.client_id != actor.id):
        raise NOT_YOUR_BANK(bank=wanted[:80], unit=unit or ALL)
    if found is None:
        raise BANK_UNKNOWN(bank=wanted[:80] or "-")
    bound = [each for each in (actor.unit, found.unit) if each is not None]
    meant = unit or (bound[0] if bound else None)
    if any(each != meant for each in bound) or (meant is not None and not await _is_polda(source, meant)):
        raise NOT_YOUR_BANK(bank=found.name, unit=meant or ALL)
    return Sender(found, meant)


async def _is_polda(source: Reader, code: str) -> bool:
    found = await reference.find_unit(source, code)
    return found is not None and found.polda_code == code


async def _looked_at(source: Reader, sender: Sender, file: Path) -> FileKind:
    bank = sender.bank
    try:
        kind, lines = await asyncio.to_thread(_beginning, file, bank.profile)
        await check_theirs(source, bank, sender.unit, lines)
    except BadStatement as fault:
        raise FILE_UNREADABLE(why=fault.text) from fault
    except NotTheirs as fault:
        raise NOT_YOUR_BANK(bank=bank.name, unit=sender.unit or ALL, extra={"why": fault.text.en}) from fault
    return kind


def _beginning(file: Path, profile: str | None) -> tuple[FileKind, list[StatementLine]]:
    with file.open("rb") as stream:
        kind = kind_of(stream.read(PEEK_BYTES))
        stream.seek(0)
        return kind, first_lines(stream, kind, profile, PEEK_LINES)


def _is(sender: Sender, sha256: object) -> Select[SettlementFile]:
    bank = sender.bank.client_id
    return select(SettlementFile).where(col(SettlementFile.bank) == bank, col(SettlementFile.sha256) == sha256)


async def _keep(tx: Tx, sender: Sender, values: Mapping[str, object], kept: originals.Kept | None) -> Received:
    written = await insert_once(
        tx,
        SettlementFile,
        bank=sender.bank.client_id,
        unit=sender.unit,
        sent_by_kind=str(tx.actor.kind),
        sent_by=tx.actor.id,
        received_at=tx.now,
        touched_at=tx.now,
        **values,
    )
    file = (await tx.session.execute(_is(sender, values["sha256"]).with_for_update())).scalar_one()
    again = file.state == FileState.REFUSED
    if kept is not None and (written or again):
        await originals.name(tx, file, kept)
    if again:  # what was missing may have come since
        file.state, file.touched_at, file.done_at = FileState.RECEIVED, tx.now, None
        file.refusal_code = file.refusal_id = file.refusal_en = None
        await tx.session.flush()
    if written or again:
        await _tell_log(tx, file)
        await tx.enqueue(IMPORT, str(file.id))
    return Received(file.id, FileState(file.state), already=not written and not again)


async def _tell_log(tx: Tx, file: SettlementFile) -> None:
    body: dict[str, JsonValue] = {
        "file": str(file.id),
        "bank": file.bank,
        "unit": file.unit,
        "sha256": file.sha256,
        "state": str(file.state),
        "sent_by": {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit},
        "at": tx.now.isoformat(),
    }
    await transparency.append(tx, "settlement_file", body)


def _shown(name: str | None) -> str | None:
    """The file's name, for lists alone: never a path, never control characters."""
    last = (name or "").replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable())[:MAX_NAME] or None
