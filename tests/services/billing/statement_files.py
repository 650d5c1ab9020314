"""Reading statement files in tests: whole, their lines, or what refuses them."""

import io

import pytest

from app.services.billing import bank_profile
from app.services.billing.settlement.formats import kind_of, read_statement
from app.services.billing.settlement.lines import BadStatement, ColumnMap, FileKind, StatementLine
from tests.statements import closing_of, written

STANDARD = bank_profile("standard").settlement
KINDS = list(FileKind)


def read(data: str | bytes, columns: ColumnMap = STANDARD, kind: FileKind | None = None):
    raw = data.encode() if isinstance(data, str) else data
    return list(read_statement(io.BytesIO(raw), kind or kind_of(raw[:1000]), columns))


def lines(data, columns=STANDARD, kind=None) -> list[StatementLine]:
    return [part for part in read(data, columns, kind) if isinstance(part, StatementLine)]


def refused(data, columns=STANDARD, kind=None) -> str:
    with pytest.raises(BadStatement) as refusal:
        read(data, columns, kind)
    assert refusal.value.text.id != refusal.value.text.en
    return str(refusal.value)


def file_of(kind, movements, opening=1_000_000):
    return "".join(written(kind, movements, opening=opening, closing=closing_of(movements, opening)))
