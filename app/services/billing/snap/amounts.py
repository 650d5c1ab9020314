"""Amounts of SNAP: text such as ``"250000.00"``, read as whole rupiah or refused, never rounded."""

import re

from app.core.money import Rupiah

# ASPI: (16,2). Midtrans documents one decimal and none as valid too: the same money.
_AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,2}))?", re.ASCII)


class NotAnAmount(ValueError):
    """The text is no amount of the standard's form (SNAP 400xx01)."""


class NotWholeRupiah(ValueError):
    """The text is a number, but there are no cents in a fine or a fee (SNAP 404xx13)."""


def parse_amount(value: object) -> Rupiah:
    """Whole rupiah of an amount's `value`; raises `NotAnAmount` or `NotWholeRupiah`.

    Refused are sign, exponent, grouping, blanks, other scripts' digits, JSON numbers, 17 digits and three decimals.
    """
    found = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise NotAnAmount(value)
    if (found[2] or "0").strip("0"):
        raise NotWholeRupiah(value)
    return Rupiah(int(found[1]))


def is_blank(amount: object) -> bool:
    """Whether an optional amount says nothing: left out, or an object with nothing in it, which some banks write as ``[]``,
    others with ``""`` in each member."""
    members = amount.values() if isinstance(amount, dict) else [] if amount == [] else [amount]
    return all(each in (None, "") for each in members)


def write_amount(rupiah: int) -> str:
    """The standard's form, with two decimals."""
    return f"{rupiah}.00"
