"""Changing reference data: see the difference first, then apply it whole, and never rewrite the past.

A change closes the open row on the day it takes effect and adds a new one from that day. Each applied file is a
revision and a leaf of the public log, so that a tariff cannot change unseen.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.services import transparency
from app.services.reference.files import Fault, FileRow, ReferenceFile, invalid_file, packaged_file
from app.services.reference.models import ReferenceRevision
from app.services.reference.problems import REFERENCE_CHANGED_MEANWHILE, REFERENCE_DATE_REFUSED
from app.services.reference.queries import NATIONAL_ZONE
from app.services.reference.tables import (
    HOLIDAYS,
    NATIONAL,
    PLATE_REGIONS,
    POLICIES,
    TABLES,
    UNITS,
    VIOLATIONS,
    ReferenceTable,
    Values,
)

Reading = AsyncConnection | AsyncSession

OPENING_DAY = date(2021, 2, 16)
"""Rows of the first load hold from the day of the programme (12 Polres, 10 Polda), unless their file says otherwise."""

MOST_CHANGES_IN_LEAF = 100
"""A leaf spells out this many changes; of more it holds the digest, and the revision row holds them all."""

HOLIDAYS_ADDED = "appointments.holidays_added"
"""The job that tells who is booked on days (ISO dates) that became holidays."""

_APPLY_LOCK = 0x10CE8  # PostgreSQL advisory lock: one revision at a time. SQLite has one writer anyway.
_UNCOMPARED = frozenset({"id", "code", "valid_from", "valid_until", "revision_id", "version"})


class ChangeKind(StrEnum):
    """What happens to a code."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Scope(StrEnum):
    """Whether a file is the whole table, or only rows to add and change."""

    WHOLE = "whole"
    LISTED = "listed"


@dataclass(frozen=True)
class Change:
    """One code's change: only the columns that differ, before and after."""

    kind: ChangeKind
    code: str
    before: Values
    after: Values
    valid_from: date | None = None

    def as_json(self) -> dict[str, JsonValue]:
        """For programs, revisions and leaves."""
        return {"change": self.kind.value, "code": self.code, "before": dict(self.before), "after": dict(self.after)}


@dataclass(frozen=True)
class Difference:
    """What applying a file would do now."""

    file: ReferenceFile
    changes: tuple[Change, ...]

    def count(self, kind: ChangeKind) -> int:
        """How many codes are added, changed or removed."""
        return sum(1 for change in self.changes if change.kind is kind)

    @property
    def digest(self) -> str:
        """SHA-256 of the changes; two equal digests are the same difference."""
        return _digest([change.as_json() for change in self.changes])


async def difference(conn: Reading, file: ReferenceFile, *, scope: Scope = Scope.WHOLE) -> Difference:
    """Compare a file with the open rows of its table.

    With `Scope.LISTED`, codes that the file lacks stay as they are. `Problem`: reference-file-invalid when the file
    names a unit, Polda or violation that does not exist.
    """
    await _check_names(conn, file)
    open_rows = await _open_rows(conn, file.table)
    changes = [change for row in file.rows if (change := _change_of(row, open_rows.get(row.code)))]
    if scope is Scope.WHOLE:
        listed = {row.code for row in file.rows}
        gone = [code for code in open_rows if code not in listed]
        changes += [
            Change(ChangeKind.REMOVED, code, _spelled_out(_compared(open_rows[code])), {}) for code in sorted(gone)
        ]
    return Difference(file, tuple(changes))


async def apply(
    tx: Tx, file: ReferenceFile, *, valid_from: date | None = None, scope: Scope = Scope.WHOLE, seen: str | None = None
) -> ReferenceRevision | None:
    """Apply a file from a day on (default today, in Jakarta); None when there is nothing to change.

    `seen` is the digest of the difference that the operator looked at. Problems: reference-changed-meanwhile when the
    difference is another one by now, reference-date-refused for a day in the past or before a change already planned.
    """
    await _one_at_a_time(tx)
    found = await difference(tx.session, file, scope=scope)
    if seen is not None and seen != found.digest:
        raise REFERENCE_CHANGED_MEANWHILE(table=file.table.name)
    today = tx.now.astimezone(NATIONAL_ZONE).date()
    starts = valid_from or today
    if starts < today:
        raise REFERENCE_DATE_REFUSED(valid_from=starts, earliest=today)
    return await _write(tx, found, starts) if found.changes else None


async def load_packaged(tx: Tx) -> list[ReferenceRevision]:
    """Load the files of this release, as often as one likes.

    An empty table takes its file whole, from `OPENING_DAY`. A table with rows takes only codes that it never had:
    what an operator changed is not changed back, and `loket reference diff` shows where the release differs.
    """
    await _one_at_a_time(tx)
    revisions = []
    for table in TABLES:
        file = packaged_file(table)
        known = await _codes_ever(tx.session, table)
        found = await difference(tx.session, file, scope=Scope.LISTED)
        new = tuple(each for each in found.changes if each.code not in known)
        starts = tx.now.astimezone(NATIONAL_ZONE).date() if known else OPENING_DAY
        if new:
            revisions.append(await _write(tx, Difference(file, new), starts))
    return revisions


# Comparing


def _change_of(row: FileRow, open_row: Mapping[str, JsonValue] | None) -> Change | None:
    if open_row is None:
        return Change(ChangeKind.ADDED, row.code, {}, _spelled_out(row.values), row.valid_from)
    before, after = _spelled_out(_compared(open_row)), _spelled_out(row.values)
    differing = [column for column in after if before.get(column) != after[column]]
    if not differing:
        return None
    return Change(
        ChangeKind.CHANGED,
        row.code,
        {column: before.get(column) for column in differing},
        {column: after[column] for column in differing},
        row.valid_from,
    )


def _compared(row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {column: value for column, value in row.items() if column not in _UNCOMPARED}


def _spelled_out(values: Values) -> dict[str, JsonValue]:
    """A policy's values one by one, for people and for the log, which takes no floats."""
    if "body" not in values:
        return dict(values)
    policy: dict[str, JsonValue] = json.loads(str(values["body"]))
    rest = {column: value for column, value in values.items() if column != "body"}
    return rest | {name: str(value) if isinstance(value, float) else value for name, value in policy.items()}


async def _open_rows(conn: Reading, table: ReferenceTable) -> dict[str, dict[str, JsonValue]]:
    columns = table.model.__table__  # type: ignore[attr-defined]
    found = await conn.execute(select(columns).where(columns.c.valid_until.is_(None)))
    return {row["code"]: dict(row) for row in found.mappings()}


async def _codes_ever(conn: Reading, table: ReferenceTable) -> set[str]:
    columns = table.model.__table__  # type: ignore[attr-defined]
    return set((await conn.execute(select(columns.c.code).distinct())).scalars())


async def _check_names(conn: Reading, file: ReferenceFile) -> None:
    """Every unit, Polda and violation that a file names must exist: here, or in the file itself."""
    if file.table is UNITS:
        poldas = {row.code for row in file.rows if row.values["level"] == "POLDA"} | await _poldas(conn)
        names = [(row, str(row.values["polda_code"]), poldas, "Polda") for row in file.rows if row.values["polda_code"]]
    elif file.table is PLATE_REGIONS:
        units, poldas = await _codes_ever(conn, UNITS), await _poldas(conn)
        names = [(row, str(row.values["unit_code"]), units, "unit") for row in file.rows if row.values["unit_code"]]
        names += [(row, str(row.values["polda_code"]), poldas, "Polda") for row in file.rows]
    elif file.table is POLICIES:
        poldas, violations = await _poldas(conn), await _codes_ever(conn, VIOLATIONS)
        names = [(row, row.code, poldas, "Polda") for row in file.rows if row.code != NATIONAL]
        names += [(row, code, violations, "violation") for row in file.rows for code in _violations_named(row)]
    else:
        return
    faults = [Fault(row.line, f"there is no {kind} {name}") for row, name, known, kind in names if name not in known]
    if faults:
        raise invalid_file(file.name, faults)


async def _poldas(conn: Reading) -> set[str]:
    columns = UNITS.model.__table__  # type: ignore[attr-defined]
    return set((await conn.execute(select(columns.c.code).where(columns.c.level == "POLDA"))).scalars())


def _violations_named(row: FileRow) -> set[str]:
    rules = json.loads(str(row.values["body"]))["exemptions"]
    return {code for rule in rules for code in rule["violations"]}


# Writing


async def _write(tx: Tx, found: Difference, valid_from: date) -> ReferenceRevision:
    await _refuse_before_planned(tx, found, valid_from)
    revision = await _record(tx, found, valid_from)
    table = found.file.table.model.__table__  # type: ignore[attr-defined]
    for starts, codes in _closings(found, valid_from):
        closed = update(table).where(table.c.code.in_(codes), table.c.valid_until.is_(None))
        await tx.session.execute(closed.values(valid_until=starts))
    by_code = {row.code: row for row in found.file.rows}
    opening = [by_code[change.code] for change in found.changes if change.kind is not ChangeKind.REMOVED]
    versions = await _versions(tx, found.file.table)
    rows = [_row(each, revision.id, valid_from, versions) for each in opening]
    if rows:
        await tx.session.execute(insert(table), rows)
    if found.file.table is HOLIDAYS:
        await _tell_of_holidays(tx, found)
    return revision


async def _tell_of_holidays(tx: Tx, found: Difference) -> None:
    """Whoever gives out days must tell those who had one of these."""
    today = tx.now.astimezone(NATIONAL_ZONE).date().isoformat()
    added: list[JsonValue] = [
        each.code for each in found.changes if each.kind is ChangeKind.ADDED and each.code >= today
    ]
    if added:
        await tx.enqueue(HOLIDAYS_ADDED, added)


def _row(row: FileRow, revision_id: UUID, valid_from: date, versions: Mapping[str, int] | None) -> dict[str, object]:
    new: dict[str, object] = {"id": new_id(), "code": row.code, "revision_id": revision_id, **row.values}
    new["valid_from"] = _start(row.valid_from, valid_from)
    if versions is not None:
        new["version"] = versions.get(row.code, 0) + 1
    return new


def _start(own: date | None, valid_from: date) -> date:
    """A row that names a later day of its own starts then."""
    return max(own, valid_from) if own else valid_from


def _closings(found: Difference, valid_from: date) -> list[tuple[date, list[str]]]:
    """Codes whose open row ends, by the day on which its successor starts; no day is left without a value."""
    ending: dict[date, list[str]] = {}
    for change in found.changes:
        if change.kind is not ChangeKind.ADDED:
            ending.setdefault(_start(change.valid_from, valid_from), []).append(change.code)
    return [(starts, codes) for starts, all_codes in ending.items() for codes in _batches(all_codes)]


async def _versions(tx: Tx, table: ReferenceTable) -> dict[str, int] | None:
    if table is not POLICIES:
        return None
    columns = table.model.__table__  # type: ignore[attr-defined]
    newest = select(columns.c.code, func.max(columns.c.version)).group_by(columns.c.code)
    return {row[0]: row[1] for row in await tx.session.execute(newest)}


async def _refuse_before_planned(tx: Tx, found: Difference, valid_from: date) -> None:
    """A row that starts later than this change is a plan already told to the public; the change must not precede it."""
    table = found.file.table.model.__table__  # type: ignore[attr-defined]
    touched = [change.code for change in found.changes if change.kind is not ChangeKind.ADDED]
    for codes in _batches(touched):
        latest = select(func.max(table.c.valid_from)).where(table.c.code.in_(codes), table.c.valid_until.is_(None))
        planned = (await tx.session.execute(latest)).scalar_one()
        if planned is not None and planned > valid_from:
            raise REFERENCE_DATE_REFUSED(valid_from=valid_from, earliest=planned)


async def _record(tx: Tx, found: Difference, valid_from: date) -> ReferenceRevision:
    newest = (await tx.session.execute(select(func.max(ReferenceRevision.number)))).scalar_one()
    changes: list[JsonValue] = [change.as_json() for change in found.changes]
    revision = ReferenceRevision(
        id=new_id(),
        number=(newest or 0) + 1,
        table_name=found.file.table.name,
        applied_at=tx.now,
        actor=tx.actor.id,
        file_name=found.file.name,
        file_sha256=found.file.sha256,
        valid_from=valid_from,
        added=found.count(ChangeKind.ADDED),
        changed=found.count(ChangeKind.CHANGED),
        removed=found.count(ChangeKind.REMOVED),
        changes=changes,
        leaf_id=await transparency.append(tx, "reference", _leaf(tx, found, valid_from, changes)),
    )
    tx.session.add(revision)
    await tx.session.flush()
    return revision


def _leaf(tx: Tx, found: Difference, valid_from: date, changes: list[JsonValue]) -> dict[str, JsonValue]:
    """What the public log says about a revision; reference data holds nothing personal."""
    body: dict[str, JsonValue] = {
        "table": found.file.table.name,
        "applied_at": tx.now.isoformat(),
        "valid_from": valid_from.isoformat(),
        "file_sha256": found.file.sha256,
        "added": found.count(ChangeKind.ADDED),
        "changed": found.count(ChangeKind.CHANGED),
        "removed": found.count(ChangeKind.REMOVED),
        "changes_sha256": _digest(changes),
    }
    if len(changes) <= MOST_CHANGES_IN_LEAF:
        body["changes"] = changes
    return body


def _digest(changes: Sequence[JsonValue] | list[dict[str, JsonValue]]) -> str:
    text_of_changes = json.dumps(changes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text_of_changes.encode()).hexdigest()


async def _one_at_a_time(tx: Tx) -> None:
    if tx.house.db.dialect == "postgresql":
        await tx.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPLY_LOCK})


def _batches(codes: list[str], size: int = 500) -> list[list[str]]:
    return [codes[start : start + size] for start in range(0, len(codes), size)]
