"""The numbers of a payment into the state's account: billing code, NTB and NTPN, in their checked forms.

SIMPONI gives the billing code (15 digits), the bank its NTB (12 digits), the treasury its NTPN (16 letters and digits).
Only the NTPN proves that the state has the money. It is copied by hand from receipts, where 0 and O are mixed up.
"""

import re
from dataclasses import dataclass

from app.core.texts import Text

_BLANKS = re.compile(r"[\s.\-]+")
_BILLING_CODE = re.compile(r"[0-9]{15}", re.ASCII)
_NTB = re.compile(r"[0-9]{12}", re.ASCII)
_NTPN = re.compile(r"[A-Z0-9]{16}", re.ASCII)
_TRANSFER = re.compile(r"[A-Z0-9/]{6,40}", re.ASCII)
MAX_TYPED = 60


class BadNumber(ValueError):
    """A number that cannot be what it should; `field` says which, the text what it has to look like."""

    def __init__(self, field: str, wanted: Text) -> None:
        super().__init__(f"{field}: {wanted.en}")
        self.field, self.wanted = field, wanted


@dataclass(frozen=True, slots=True)
class Ntpn:
    """An NTPN as we compare it: upper case, each letter O read as the digit 0. `mended` says that there was one."""

    text: str
    mended: bool


def read_billing_code(typed: str) -> str:
    """15 digits; blanks, dots and dashes between them do not matter. Raises `BadNumber`."""
    return _read("billing_code", typed, _BILLING_CODE, Text("15 angka", "15 digits"))


def read_ntb(typed: str) -> str:
    """12 digits. Raises `BadNumber`."""
    return _read("ntb", typed, _NTB, Text("12 angka", "12 digits"))


def read_ntpn(typed: str) -> Ntpn:
    """16 letters and digits. Raises `BadNumber`."""
    text = _read("ntpn", typed, _NTPN, Text("16 huruf dan angka", "16 letters and digits"))
    return Ntpn(text.replace("O", "0"), "O" in text)


def read_transfer_no(typed: str) -> str:
    """A bank's number of a transfer to an office that gives no NTPN. Raises `BadNumber`."""
    return _read(
        "transfer_no",
        typed,
        _TRANSFER,
        Text("6 sampai 40 huruf, angka dan garis miring", "6 to 40 letters, digits and strokes"),
    )


def _read(field: str, typed: str, form: re.Pattern[str], wanted: Text) -> str:
    text = _BLANKS.sub("", typed[:MAX_TYPED].upper())
    if not form.fullmatch(text):
        raise BadNumber(field, wanted)
    return text
