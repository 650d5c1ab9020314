"""Bank profiles: how each bank bends the standard, as data (`app/data/reference/bank_profiles.yaml`)."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from app.services.billing.settlement.columns import column_map
from app.services.billing.settlement.lines import ColumnMap

MAX_TOLERANCE_S = 900
MAX_TIME_BUDGET_S = 7.0
"""Banks wait 8 to 10 seconds; what is said later is lost."""


class SignatureType(StrEnum):
    """ASPI's signature types of a transaction: 1 is symmetric, 2 asymmetric."""

    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"


class SignatureEncoding(StrEnum):
    """How a bank wants to read our signatures, when we call it; of what it sends, both are taken."""

    BASE64 = "base64"  # BCA, BRI, DOKU, Midtrans, Winpay
    HEX = "hex"  # ASPI's own samples


class DuplicateAnswer(StrEnum):
    """What a bank wants to hear when it repeats a payment that was booked."""

    SUCCESS = "success"
    INCONSISTENT = "inconsistent"


class TimeForm(StrEnum):
    """How a bank wants to read X-TIMESTAMP in our answers; of what it sends, every form is taken."""

    SECONDS = "seconds"  # 2026-11-23T10:15:30+07:00, the standard's 25 characters
    MILLISECONDS = "milliseconds"  # 2026-11-23T10:15:30.000+07:00
    UTC = "utc"  # 2026-11-23T03:15:30Z


@dataclass(frozen=True, slots=True)
class BankProfile:
    """One bank's way of speaking SNAP BI.

    `time_budget_s` is how long it may wait for an answer. `path_prefix` stands in front of the paths that it signs; None
    is the one of LOKET_SNAP_PATH_PREFIX. `settlement` is how it writes its statement files, and `settlement_fee` what it keeps of each
    payment by contract, in rupiah.
    """

    name: str
    tolerance_s: int
    time_form: TimeForm
    time_budget_s: float
    path_prefix: str | None
    signature: SignatureType
    signature_encoding: SignatureEncoding
    duplicate_answer: DuplicateAnswer
    partner_service_id: str | None
    settlement: ColumnMap
    settlement_fee: int


def bank_profile(name: str | None) -> BankProfile:
    """The profile of this name; the default for None and for a name that the data no longer has."""
    known = bank_profiles()
    return known.get(name or "default", known["default"])


@cache
def bank_profiles() -> dict[str, BankProfile]:
    """Every profile by name, `default` among them. ValueError says what is wrong with the file."""
    text = (files("app") / "data" / "reference" / "bank_profiles.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    profiles = {"default": {}, **data["profiles"]}
    return {name: _profile(name, _merged(data["default"], values)) for name, values in profiles.items()}


def _merged(default: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    return {**default, **values, "settlement": {**default["settlement"], **values.get("settlement", {})}}


def _profile(name: str, values: dict[str, Any]) -> BankProfile:
    tolerance_s = int(values["tolerance_s"])
    if not 0 < tolerance_s <= MAX_TOLERANCE_S:
        raise ValueError(f"bank profile {name}: tolerance_s must be 1 to {MAX_TOLERANCE_S}, not {tolerance_s}")
    time_budget_s = float(values["time_budget_s"])
    if not 0 < time_budget_s <= MAX_TIME_BUDGET_S:
        raise ValueError(f"bank profile {name}: time_budget_s must be at most {MAX_TIME_BUDGET_S}, not {time_budget_s}")
    prefix = values.get("path_prefix")
    if prefix is not None and prefix != "" and not (prefix.startswith("/") and not prefix.endswith("/")):
        raise ValueError(f"bank profile {name}: path_prefix begins with / and does not end with it, not {prefix!r}")
    return BankProfile(
        name=name,
        tolerance_s=tolerance_s,
        time_form=TimeForm(values["time_form"]),
        time_budget_s=time_budget_s,
        path_prefix=prefix,
        signature=SignatureType(values["signature"]),
        signature_encoding=SignatureEncoding(values["signature_encoding"]),
        duplicate_answer=DuplicateAnswer(values["duplicate_answer"]),
        partner_service_id=values.get("partner_service_id"),
        settlement=column_map(name, values["settlement"]),
        settlement_fee=int(values["settlement_fee"]),
    )
