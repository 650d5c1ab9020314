"""Bank profiles: how each bank bends the standard, as data (`app/data/reference/bank_profiles.yaml`)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

MAX_TOLERANCE_S = 900


class SignatureType(StrEnum):
    """ASPI's signature types of a transaction: 1 is symmetric, 2 asymmetric."""

    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"


class DuplicateAnswer(StrEnum):
    """What a bank wants to hear when it repeats a payment that was booked."""

    SUCCESS = "success"
    INCONSISTENT = "inconsistent"


@dataclass(frozen=True, slots=True)
class BankProfile:
    """One bank's way of speaking SNAP BI."""

    name: str
    tolerance_s: int
    signature: SignatureType
    duplicate_answer: DuplicateAnswer
    grace: timedelta
    partner_service_id: str | None


def bank_profile(name: str | None) -> BankProfile:
    """The profile of this name; the default for None and for a name that the data no longer has."""
    known = bank_profiles()
    return known.get(name or "default", known["default"])


@cache
def bank_profiles() -> dict[str, BankProfile]:
    """Every profile by name, `default` among them. ValueError says what is wrong with the file."""
    text = (files("app") / "data" / "reference" / "bank_profiles.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    default = data["default"]
    return {name: _profile(name, {**default, **values}) for name, values in {"default": {}, **data["profiles"]}.items()}


def _profile(name: str, values: dict[str, Any]) -> BankProfile:
    tolerance_s = int(values["tolerance_s"])
    if not 0 < tolerance_s <= MAX_TOLERANCE_S:
        raise ValueError(f"bank profile {name}: tolerance_s must be 1 to {MAX_TOLERANCE_S}, not {tolerance_s}")
    return BankProfile(
        name=name,
        tolerance_s=tolerance_s,
        signature=SignatureType(values["signature"]),
        duplicate_answer=DuplicateAnswer(values["duplicate_answer"]),
        grace=timedelta(minutes=int(values["grace_minutes"])),
        partner_service_id=values.get("partner_service_id"),
    )
