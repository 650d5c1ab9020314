"""The chart of accounts. Each bank has a clearing account of its own; all others are these."""

from enum import StrEnum


class AccountKind(StrEnum):
    """Which side of the balance an account stands on."""

    ASSET = "asset"
    LIABILITY = "liability"
    REVENUE = "revenue"
    EXPENSE = "expense"


FINE_DEPOSITS = "TD"
"""What was paid before the verdict: a deposit of the maximum fine (UU 22/2009 art. 267), owed until the court decides."""
FEES_DUE = "PF"
"""PNBP fees that the treasury is owed."""
SUSPENSE = "SU"
"""Money without a home, until a person finds it."""
REFUNDS = "RF"
"""What is owed back to payers."""
FINES = "RV"
"""Fines by verdict: the state's revenue."""
FORFEITED = "TR"
"""Refunds nobody claimed within a year, due to the treasury (UU 22/2009 art. 268)."""
BANK = "BA"
"""The bank account itself, where settled money lies."""
BANK_CHARGES = "BF"
"""What banks keep for their service."""

CHART: dict[str, AccountKind] = {
    FINE_DEPOSITS: AccountKind.LIABILITY,
    FEES_DUE: AccountKind.LIABILITY,
    SUSPENSE: AccountKind.LIABILITY,
    REFUNDS: AccountKind.LIABILITY,
    FORFEITED: AccountKind.LIABILITY,
    FINES: AccountKind.REVENUE,
    BANK: AccountKind.ASSET,
    BANK_CHARGES: AccountKind.EXPENSE,
}

_CLEARING = "BC:"


def bank_clearing(client_id: str) -> str:
    """What one bank has taken from payers and not yet settled."""
    return _CLEARING + client_id


def kind_of(code: str) -> AccountKind:
    """The side of an account; KeyError for one that is not in the chart."""
    return AccountKind.ASSET if code.startswith(_CLEARING) else CHART[code]
