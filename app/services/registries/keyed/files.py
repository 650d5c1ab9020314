"""One line of a file for a register that is looked up by one key: read, checked, normalised; and how it is stored.

The columns are the record's own fields, with `nik` or `plate` before them. Filling goes by the one engine of `imports`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_origin

from pydantic import ValidationError

from app.core.crypto import KeyRing
from app.core.db import Tx
from app.services.registries.imports import Reader, Register
from app.services.registries.keyed.kinds import KINDS, RecordLine, RegisterKind
from app.services.registries.keyed.records import Money
from app.services.registries.keyed.table import enter_records, place_of, stored_digests
from app.services.registries.lines import BadLine

_FLAGS = {"true": True, "1": True, "ya": True, "yes": True, "false": False, "0": False, "tidak": False, "no": False}


def file_of(kind: RegisterKind[Any]) -> Register[RecordLine]:
    """How the files of this register are taken in."""
    columns = _columns(kind)
    return Register(
        columns=(kind.keyed_by, *columns),
        read=lambda cells: _read(kind, columns, cells),
        unique=lambda line: (f"{kind.keyed_by}={line.key}",),
        stored=_stored,
        write=_write,
    )


def _read(kind: RegisterKind[Any], columns: Mapping[str, Any], cells: Mapping[str, str]) -> RecordLine:
    about = kind.key_of(cells.get(kind.keyed_by, ""))
    if about is None:
        raise BadLine(kind.keyed_by, "cannot be a NIK" if kind.keyed_by == "nik" else "no Indonesian plate")
    values = {name: _read_cell(type_, cells[name].strip()) for name, type_ in columns.items() if name in cells}
    try:
        return RecordLine(kind, about, kind.read(json.dumps(values)))
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False, include_url=False)[0]
        column = next((str(part) for part in first["loc"]), "line")
        raise BadLine(column, first["msg"].removeprefix("Value error, ")) from None


def _read_cell(type_: Any, text: str) -> object:
    """A cell as JSON has it. What cannot be read stays as it is: the record's own check then names the column."""
    if type_ is bool:
        return _FLAGS.get(text.lower(), text)
    if type_ is Money:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else text
    if tuple in (get_origin(type_), get_origin(get_args(type_)[0]) if get_args(type_) else None):
        return text.split()
    return text


def _columns(kind: RegisterKind[Any]) -> dict[str, Any]:
    """The record's fields by the name that files and JSON use, with their types."""
    return {("class" if each.name == "sim_class" else each.name): each.type for each in fields(kind.record)}


async def _stored(source: Reader, keys: KeyRing, lines: Sequence[RecordLine]) -> dict[str, str]:
    digests = await stored_digests(source, keys, lines)
    return {line.key: digests[place] for line in lines if (place := place_of(keys, line)) in digests}


async def _write(tx: Tx, line: RecordLine, _digest: str) -> None:
    await enter_records(tx, [line])


REGISTER_FILES: Mapping[str, Register[RecordLine]] = {name: file_of(kind) for name, kind in KINDS.items()}
