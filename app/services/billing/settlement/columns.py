"""How a bank writes its statement files: the `settlement:` block of its profile, read and checked."""

import codecs
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from app.services.billing.settlement.lines import ColumnMap

FIELDS = frozenset(
    {
        "bank_reference",
        "payment_request_id",
        "end_to_end_id",
        "virtual_account_no",
        "account_no",
        "currency",
        "amount",
        "fee",
        "net",
        "mark",
        "booked_on",
        "trx_at",
        "text",
    }
)
REFERENCES = frozenset({"EndToEndId", "InstrId", "TxId", "AcctSvcrRef", "Strd", "Ustrd", "AddtlNtryInf", "61", "86"})
_DELIMITERS = (None, ",", ";", "\t")
_TUPLES = ("virtual_account_in", "payment_request_in")
_MARKS = ("credit_marks", "debit_marks", "reversal_marks")


def column_map(name: str, block: Mapping[str, Any]) -> ColumnMap:
    """The map that a profile's block describes; ValueError names the profile and what is wrong."""
    values: dict[str, Any] = dict(block)
    unknown = set(values) - {field.name for field in fields(ColumnMap)}
    if unknown:
        raise ValueError(f"bank profile {name}: settlement knows no {', '.join(sorted(unknown))}")
    for key in _MARKS:
        if key in values:
            values[key] = frozenset(mark.upper() for mark in _texts(name, key, values[key]))
    for key in _TUPLES:
        if key in values:
            values[key] = _references(name, key, values[key])
    found = ColumnMap(**{**values, "columns": _columns(name, values.get("columns"))})
    if found.decimal not in (".", ",") or found.delimiter not in _DELIMITERS:
        raise ValueError(f"bank profile {name}: decimal is . or , and delimiter , or ; or a tab")
    codecs.lookup(found.encoding)
    return found


def _columns(name: str, block: object) -> Mapping[str, str]:
    if not isinstance(block, dict) or not all(isinstance(column, str) for column in block.values()):
        raise ValueError(f"bank profile {name}: settlement.columns gives for each field the bank's column")
    if not set(block) <= FIELDS:
        raise ValueError(f"bank profile {name}: no such fields: {', '.join(sorted(set(block) - FIELDS))}")
    if "amount" not in block or not {"bank_reference", "payment_request_id"} & set(block):
        raise ValueError(f"bank profile {name}: settlement.columns must give amount and a reference")
    if not {"booked_on", "trx_at"} & set(block):
        raise ValueError(f"bank profile {name}: settlement.columns must give booked_on or trx_at")
    return dict(block)


def _references(name: str, key: str, value: object) -> tuple[str, ...]:
    found = tuple(_texts(name, key, value))
    if not set(found) <= REFERENCES:
        raise ValueError(f"bank profile {name}: {key} knows {', '.join(sorted(REFERENCES))}")
    return found


def _texts(name: str, key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(f"bank profile {name}: {key} is a list of texts")
    return value
