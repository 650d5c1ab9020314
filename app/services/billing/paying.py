"""The accounts out of which refunds are paid: one or more for each Polda, as data (`paying_accounts.yaml`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from app.core.config import Settings
from app.services.billing.bank_list import bank_list
from app.services.billing.refund_problems import NO_PAYING_ACCOUNT


class PayingAccountsError(ValueError):
    """The file of paying accounts cannot be used; the text says which account is wrong, and how."""


class Message(StrEnum):
    """Which version of ISO 20022 pain.001 a bank takes."""

    V03 = "001.001.03"
    V09 = "001.001.09"


class Charges(StrEnum):
    """Who bears the bank's charge (ISO 20022 ChargeBearerType)."""

    AS_AGREED = "SLEV"
    PAYER = "DEBT"
    SHARED = "SHAR"


_Words = Annotated[str, Field(min_length=1, max_length=70)]


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid", str_strip_whitespace=True))
class PayingAccount:
    """One account, and how its bank wants to be told. What each field means stands in the data file."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9-]{2,40}$")]
    polda: _Words
    bank: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    number: Annotated[str, Field(pattern=r"^[0-9]{5,20}$")]
    name: _Words
    initiator: _Words
    message: Message
    batch: bool
    charges: Charges


@dataclass(frozen=True, slots=True)
class PayingAccounts:
    """Every paying account by its code. Registered in the House by this type."""

    by_code: Mapping[str, PayingAccount]

    def of(self, polda: str) -> list[PayingAccount]:
        """The accounts of one Polda, in the order of the file."""
        return [each for each in self.by_code.values() if each.polda == polda]

    def get(self, polda: str, code: str) -> PayingAccount:
        """This account of this Polda. Raises NO_PAYING_ACCOUNT."""
        found = self.by_code.get(code)
        if found is None or found.polda != polda:
            raise NO_PAYING_ACCOUNT(polda=polda, account=code[:40])
        return found


def build_paying_accounts(settings: Settings) -> PayingAccounts:
    """The accounts of LOKET_PAYING_ACCOUNTS; else made-up ones, and none in production. Raises `PayingAccountsError`."""
    if settings.paying_accounts is not None:
        try:
            text = settings.paying_accounts.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PayingAccountsError(f"LOKET_PAYING_ACCOUNTS cannot be read: {error}") from error
        return read_paying_accounts(text, str(settings.paying_accounts))
    if settings.production:
        return PayingAccounts({})
    packaged = files("app") / "data" / "reference" / "paying_accounts.yaml"
    return read_paying_accounts(packaged.read_text("utf-8"), "paying_accounts.yaml")


def read_paying_accounts(text: str, name: str) -> PayingAccounts:
    """The accounts that a file names. Raises `PayingAccountsError`."""
    try:
        given = yaml.safe_load(text)["accounts"]
        rows = [{"code": code, **values} for code, values in given.items()]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise PayingAccountsError(f"{name}: it must hold `accounts:`, a mapping of code to account") from error
    return PayingAccounts({row["code"]: _account(row, name) for row in rows})


def _account(row: Mapping[str, object], name: str) -> PayingAccount:
    try:
        account = _ADAPTER.validate_python(row)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
        raise PayingAccountsError(f"{name}: account {row['code']}: {wrong}") from error
    if account.bank not in bank_list():
        raise PayingAccountsError(f"{name}: account {account.code}: bank {account.bank} is not in banks.csv")
    return account


_ADAPTER: TypeAdapter[PayingAccount] = TypeAdapter(PayingAccount)
