"""Virtual account numbers: many spellings, one canonical number.

The standard pads `partnerServiceId` to 8 characters with blanks on the left; DOKU forwards it unpadded, Bank Neo pads
with zeros, one sample's `customerNo` already holds the prefix, and two banks' samples send bare JSON numbers.
"""

import re
from dataclasses import dataclass

PARTNER_WIDTH = 8
_PARTNER = re.compile(r" *[0-9]{1,8} *", re.ASCII)
_CUSTOMER = re.compile(r"[0-9]{1,28}", re.ASCII)
_ACCOUNT = re.compile(r" *[0-9]{1,28} *", re.ASCII)


class MalformedNumber(ValueError):
    """A field that is no number of the standard's form; `field` is its SNAP name."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class VirtualAccount:
    """One account: `partner` without padding, and `customer_no`; `canonical` is how both are compared."""

    partner: str
    customer_no: str

    @property
    def canonical(self) -> str:
        return self.partner + self.customer_no


def read_virtual_account(partner: object, customer_no: object, account_no: object) -> VirtualAccount:
    """The account that the three fields name together; raises `MalformedNumber` when they disagree."""
    prefix = canonical_partner(partner)
    customer = _text("customerNo", customer_no, _CUSTOMER)
    account = _text("virtualAccountNo", account_no, _ACCOUNT).strip(" ").lstrip("0")
    if account == prefix + customer:
        return VirtualAccount(prefix, customer)
    if account == customer.lstrip("0") and account.startswith(prefix) and len(account) > len(prefix):
        return VirtualAccount(prefix, account.removeprefix(prefix))  # the customer number holds the prefix
    # A bare JSON number has lost its leading zeros; the account number still has them.
    rest = account.removeprefix(prefix)
    if isinstance(customer_no, int) and account.startswith(prefix) and rest and rest.lstrip("0") == customer:
        return VirtualAccount(prefix, rest)
    raise MalformedNumber("virtualAccountNo")


def canonical_partner(partner: object) -> str:
    """`partnerServiceId` without its padding of blanks or zeros; raises `MalformedNumber`."""
    digits = _text("partnerServiceId", partner, _PARTNER).strip(" ").lstrip("0")
    if not digits:
        raise MalformedNumber("partnerServiceId")
    return digits


def pad_partner(partner: str) -> str:
    """`partnerServiceId` as the standard writes it: 8 characters, blanks on the left."""
    return partner.strip(" ").rjust(PARTNER_WIDTH)


def _text(field: str, value: object, form: re.Pattern[str]) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value) if value < 10**28 else ""
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise MalformedNumber(field)
    return value
