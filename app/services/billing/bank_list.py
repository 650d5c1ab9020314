"""The banks of Indonesia by their three-digit code, as data (`app/data/reference/banks.csv`)."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class BankName:
    """A bank as people know it. `bic` is None where it is not known for sure; the code then names it in a file."""

    code: str
    name: str
    short: str
    bic: str | None


@cache
def bank_list() -> Mapping[str, BankName]:
    """Every bank by its code, in the order of the file."""
    text = (files("app") / "data" / "reference" / "banks.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: BankName(row["code"], row["name"], row["short"], row["bic"] or None) for row in rows}
