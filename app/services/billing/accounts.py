"""The chart of accounts. Each bank has a clearing account of its own, each province's Bapenda too; all others are these."""

import re
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
JASA_RAHARJA = "JR"
"""The compulsory contribution for accidents (SWDKLLJ), which Jasa Raharja is owed."""
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
CASH = "KS"
"""Cash drawn from the bank, for refunds that are paid in cash."""
BANK_CHARGES = "BF"
"""What banks keep for their service."""

CHART: dict[str, AccountKind] = {
    FINE_DEPOSITS: AccountKind.LIABILITY,
    FEES_DUE: AccountKind.LIABILITY,
    JASA_RAHARJA: AccountKind.LIABILITY,
    SUSPENSE: AccountKind.LIABILITY,
    REFUNDS: AccountKind.LIABILITY,
    FORFEITED: AccountKind.LIABILITY,
    FINES: AccountKind.REVENUE,
    BANK: AccountKind.ASSET,
    CASH: AccountKind.ASSET,
    BANK_CHARGES: AccountKind.EXPENSE,
}

SEVERAL = "*"
"""Stands in a bill's `account` where its lines name several; never an account itself."""

_CLEARING = "BC:"
_BAPENDA = "BP:"
_PROVINCE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,38}", re.ASCII)


def bank_clearing(client_id: str) -> str:
    """What one bank has taken from payers and not yet settled."""
    return _CLEARING + client_id


def bapenda(province: str) -> str:
    """What a province's revenue office is owed: vehicle tax (PKB), its opsen, and BBN-KB. ValueError for no name.

    `province` is the name as the units have it: ``JAWA BARAT``.
    """
    name = "-".join(province.upper().split())
    if not _PROVINCE.fullmatch(name):
        raise ValueError(f"{province!r} is no province")
    return _BAPENDA + name


def is_fee_account(code: str) -> bool:
    """Whether a line of a bill may be credited to this account: the treasury's fees, a Bapenda, Jasa Raharja."""
    return code in (FEES_DUE, JASA_RAHARJA) or (
        code.startswith(_BAPENDA) and _PROVINCE.fullmatch(code.removeprefix(_BAPENDA)) is not None
    )


def kind_of(code: str) -> AccountKind:
    """The side of an account; KeyError for one that is not in the chart."""
    if code.startswith(_CLEARING):
        return AccountKind.ASSET
    return AccountKind.LIABILITY if code.startswith(_BAPENDA) and is_fee_account(code) else CHART[code]
