"""Reading a reference file, whole or not at all: every fault is named with its file and line, none is skipped."""

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources

import yaml
from pydantic import ValidationError

from app.core.db import JsonValue
from app.core.problems import FieldError, Problem
from app.core.texts import Text
from app.services.reference.policy import etle_policy, policy_text
from app.services.reference.problems import REFERENCE_FILE_INVALID, REFERENCE_TABLE_UNKNOWN
from app.services.reference.tables import (
    CONFIDENCES,
    NATIONAL,
    POLICIES,
    TABLES,
    Reader,
    ReferenceTable,
    Values,
    one_of,
    words,
)

MOST_BYTES = 5_000_000
MOST_FAULTS = 50
_COMMON: Mapping[str, tuple[str, Reader]] = {
    "source": ("source", words(1000)),
    "confidence": ("confidence", one_of(*CONFIDENCES)),
}


@dataclass(frozen=True)
class FileRow:
    """One row of a file: its line, its code, the day from which it says to hold (if it does), and its values."""

    line: int
    code: str
    valid_from: date | None
    values: Values


@dataclass(frozen=True)
class ReferenceFile:
    """A file that was read without fault."""

    table: ReferenceTable
    name: str
    sha256: str
    rows: tuple[FileRow, ...]


@dataclass(frozen=True)
class Fault:
    """What is wrong on one line."""

    line: int
    message: str


class _Faults(Exception):
    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults


def table_of(file_name: str) -> ReferenceTable:
    """The table that a file is for, by its name (``fees-2027.csv`` is fees). `Problem`: reference-table-unknown."""
    stem = file_name.lower()
    for table in TABLES:
        if stem.startswith((table.name, table.file_name.rsplit(".", 1)[0])):
            return table
    known = ", ".join(sorted({f"{table.name}*" for table in TABLES} | {table.file_name for table in TABLES}))
    raise REFERENCE_TABLE_UNKNOWN(file=file_name, known=known)


def packaged_file(table: ReferenceTable) -> ReferenceFile:
    """The file of this table that comes with the release."""
    data = (resources.files("app") / "data" / "reference" / table.file_name).read_bytes()
    return read_file(table, table.file_name, data)


def read_file(table: ReferenceTable, name: str, data: bytes) -> ReferenceFile:
    """Read a CSV file, or the YAML file of policies. `Problem`: reference-file-invalid, naming each faulty line."""
    try:
        text = _decoded(data)
        rows = _policy_rows(text) if table is POLICIES else _csv_rows(table, text)
    except _Faults as found:
        raise invalid_file(name, found.faults) from None
    return ReferenceFile(table, name, hashlib.sha256(data).hexdigest(), tuple(rows))


def invalid_file(name: str, faults: list[Fault]) -> Problem:
    """The problem that names each fault as ``file:line``."""
    errors = [FieldError(f"{name}:{each.line}", Text(each.message, each.message)) for each in faults[:MOST_FAULTS]]
    return REFERENCE_FILE_INVALID(count=len(faults), file=name, errors=errors)


def _decoded(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise _Faults([Fault(1, f"the file is larger than {MOST_BYTES} bytes")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _Faults([Fault(line, "is not UTF-8 text")]) from None
    if "\0" in text:
        raise _Faults([Fault(text[: text.index("\0")].count("\n") + 1, "holds a NUL byte")])
    return text


# Tables (CSV)


def _csv_rows(table: ReferenceTable, text: str) -> list[FileRow]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    faults: list[Fault] = []
    rows: list[FileRow] = []
    first_line: dict[str, int] = {}
    headings = _headings(table, reader)
    for line, cells in _lines(reader):
        try:
            row = _csv_row(table, headings, line, cells)
        except _Faults as found:
            faults += found.faults
            continue
        if row.code in first_line:
            faults.append(Fault(line, f"{row.code} stands on line {first_line[row.code]} already"))
        first_line.setdefault(row.code, line)
        rows.append(row)
    if faults:
        raise _Faults(faults)
    return rows


def _headings(table: ReferenceTable, reader: Iterator[list[str]]) -> list[str]:
    try:
        headings = [each.strip() for each in next(reader)]
    except StopIteration:
        raise _Faults([Fault(1, "the file is empty; it needs a line of headings")]) from None
    except csv.Error as error:
        raise _Faults([Fault(1, str(error))]) from None
    wanted = {*table.columns, *_COMMON}
    faults = [Fault(1, f"the column {each} is missing") for each in sorted(wanted - set(headings))]
    faults += [Fault(1, f"the column {each!r} is unknown") for each in sorted(set(headings) - wanted - {"valid_from"})]
    if len(set(headings)) != len(headings):
        faults.append(Fault(1, "a column stands there twice"))
    if faults:
        raise _Faults(faults)
    return headings


def _lines(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each ends (``csv`` counts them), empty ones left out."""
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _Faults([Fault(reader.line_num, str(error))]) from None  # type: ignore[attr-defined]
        if cells:
            yield reader.line_num, cells  # type: ignore[attr-defined]


def _csv_row(table: ReferenceTable, headings: list[str], line: int, cells: list[str]) -> FileRow:
    if len(cells) != len(headings):
        raise _Faults([Fault(line, f"has {len(cells)} cells where the headings name {len(headings)}")])
    cell = {heading: value.strip() for heading, value in zip(headings, cells, strict=True)}
    values: dict[str, JsonValue] = {}
    faults = []
    for heading, (column, read) in {**table.columns, **_COMMON}.items():
        try:
            values[column] = read(cell[heading])
        except ValueError as error:
            faults.append(Fault(line, f"{heading}: {error}"))
    try:
        starts = date.fromisoformat(cell["valid_from"]) if cell.get("valid_from") else None
        code = table.code_of(cell)
    except ValueError as error:
        faults.append(Fault(line, str(error)))
    if faults:
        raise _Faults(faults)
    values.pop("code", None)
    return FileRow(line, code, starts, values)


# Policies (YAML)


def _policy_rows(text: str) -> list[FileRow]:
    tree, lines = _yaml_with_lines(text)
    national, poldas = tree.get("national"), tree.get("poldas", {})
    unknown = sorted(set(tree) - {"national", "poldas"})
    if unknown or not isinstance(national, dict) or not isinstance(poldas, dict):
        message = "wants the keys `national` and `poldas`, each a mapping" + (
            f"; {unknown} is unknown" if unknown else ""
        )
        raise _Faults([Fault(1, message)])
    default = national.get("values")
    rows, faults = [], []
    for path, code, entry in [
        (("national",), NATIONAL, national),
        *((("poldas", str(code)), str(code), entry) for code, entry in poldas.items()),
    ]:
        try:
            rows.append(_policy_row(path, code, entry, default, lines))
        except _Faults as found:
            faults += found.faults
    if faults:
        raise _Faults(faults)
    return rows


def _policy_row(
    path: tuple[str, ...], code: str, entry: object, default: object, lines: Mapping[tuple[str, ...], int]
) -> FileRow:
    line = lines.get(path, 1)
    if not isinstance(entry, dict) or not isinstance(entry.get("values"), dict) or not isinstance(default, dict):
        raise _Faults([Fault(line, f"{code} needs `source`, `confidence` and `values`")])
    unknown = sorted(set(entry) - {"source", "confidence", "values", "valid_from"})
    faults = [Fault(lines.get((*path, each), line), f"{each} is unknown") for each in unknown]
    if entry.get("confidence") not in CONFIDENCES:
        faults.append(Fault(lines.get((*path, "confidence"), line), f"confidence: is none of {', '.join(CONFIDENCES)}"))
    if not isinstance(entry.get("source"), str) or not entry["source"].strip():
        faults.append(Fault(line, "source: must not be empty"))
    starts = entry.get("valid_from")
    if starts is not None and not isinstance(starts, date):
        faults.append(Fault(lines.get((*path, "valid_from"), line), "valid_from: is no date (YYYY-MM-DD)"))
    try:
        policy = etle_policy({**default, **entry["values"]})
    except ValidationError as error:
        faults += [_policy_fault((*path, "values"), each["loc"], each["msg"], lines) for each in error.errors()]
        raise _Faults(faults) from None
    for rule in policy.exemptions:
        faults += [
            Fault(
                lines.get((*path, "values", "exemptions"), line), f"{rule.code}: {pattern!r} is no regular expression"
            )
            for pattern in rule.plates
            if not _is_pattern(pattern)
        ]
    if faults:
        raise _Faults(faults)
    values: Values = {"body": policy_text(policy), "source": entry["source"].strip(), "confidence": entry["confidence"]}
    return FileRow(line, code, starts, values)


def _policy_fault(
    path: tuple[str, ...], place: tuple[int | str, ...], message: str, lines: Mapping[tuple[str, ...], int]
) -> Fault:
    """The fault at the nearest line: a value inherited from the national default has none under its Polda."""
    steps = tuple(str(step) for step in place)
    for length in range(len(steps), -1, -1):
        line = lines.get((*path, *steps[:length]))
        if line is not None:
            return Fault(line, f"{'.'.join(steps)}: {message}")
    return Fault(1, f"{'.'.join(steps)}: {message}")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _yaml_with_lines(text: str) -> tuple[dict[str, object], dict[tuple[str, ...], int]]:
    """The tree, and the line of each of its keys. Aliases are refused, because they can grow without limit."""
    lines: dict[tuple[str, ...], int] = {}
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise _Faults([Fault(1, "aliases (`*name`) are not taken")])
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Faults([Fault(mark.line + 1 if mark else 1, error.problem or "is no YAML")]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _Faults([Fault(1, f"is no YAML: {error}")]) from None
    if not isinstance(tree, dict) or root is None:
        raise _Faults([Fault(1, "wants the keys `national` and `poldas`")])
    _note_lines(root, (), lines)
    return tree, lines


def _note_lines(node: yaml.Node, path: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            if here in lines:
                raise _Faults([Fault(key.start_mark.line + 1, f"{key.value} stands on line {lines[here]} already")])
            lines[here] = key.start_mark.line + 1
            _note_lines(value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            lines[(*path, str(place))] = value.start_mark.line + 1
            _note_lines(value, (*path, str(place)), lines)
