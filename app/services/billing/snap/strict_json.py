"""JSON as a bank may send it, read strictly: where two readers could disagree, nobody reads.

RFC 8259 leaves open what repeated names mean; a `paidAmount` given twice would be one amount to the signature's author
and another to us. So repeated names, NaN, deep nesting, a byte order mark and broken UTF-8 are refused.
"""

import json
import re
from decimal import Decimal

MAX_DEPTH = 32
_STRING_OR_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


class UnreadableJson(ValueError):
    """The body is no JSON object that everybody reads alike."""


def parse_object(body: bytes) -> dict[str, object]:
    """The object in `body`: integers exact, other numbers as `Decimal`. Raises `UnreadableJson`."""
    _check_depth(body)
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UnreadableJson("the body is not JSON") from error
    if not isinstance(value, dict):
        raise UnreadableJson("the body is not a JSON object")
    return value


def _check_depth(body: bytes) -> None:
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(body):
        if found[0] in (b"{", b"["):
            depth += 1
        elif found[0] in (b"}", b"]"):
            depth -= 1
        if depth > MAX_DEPTH:
            raise UnreadableJson(f"nested deeper than {MAX_DEPTH}")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise UnreadableJson("a name is repeated")
    return members


def _refuse_constant(name: str) -> object:
    raise UnreadableJson(f"{name} is not JSON")
