"""Is this text a QRIS that may be shown for a bill? (EMVCo QR Code Specification, Merchant-Presented Mode, and QRIS)

Two digits of tag, two of length, the value; 26 to 51 and 62 hold such elements again. The last element is the checksum
over everything before it. Nothing here can write one: what we would make ourselves is not payable.
"""

import binascii
import re

from app.services.billing.snap.amounts import NotAnAmount, NotWholeRupiah, parse_amount

MAX_PAYLOAD = 512
DYNAMIC, RUPIAH, INDONESIA = "12", "360", "ID"
NATIONAL = "ID.CO.QRIS.WWW"

_PRINTABLE = re.compile(r"[\x20-\x7e]+", re.ASCII)
_HEAD = re.compile(r"([0-9]{2})([0-9]{2})", re.ASCII)
_REQUIRED = {"00": "01", "01": DYNAMIC, "53": RUPIAH, "58": INDONESIA}
_NAMED = ("52", "59", "60")
_EXTRA = ("55", "56", "57")


class QrisFault(ValueError):
    """Why a payload is not shown, in words."""


def check_payload(payload: str, amount: int) -> None:
    """Raise `QrisFault` unless this is a sound dynamic QRIS over exactly so many rupiah."""
    if len(payload) > MAX_PAYLOAD or _PRINTABLE.fullmatch(payload) is None:
        raise QrisFault("it is empty, too long, or not printable ASCII")
    root = _elements(payload)
    if next(iter(root)) != "00" or list(root)[-1] != "63" or len(root["63"]) != 4:
        raise QrisFault("it does not begin with 00 and end with 63")
    if root["63"] != crc(payload[:-4]):
        raise QrisFault("the checksum is wrong")
    wrong = [tag for tag, value in _REQUIRED.items() if root.get(tag) != value]
    wrong += [tag for tag in _NAMED if not root.get(tag)]
    # A tip or a fee of the merchant's choice would have the payer pay something else than the bill.
    wrong += [tag for tag in _EXTRA if tag in root]
    if wrong:
        raise QrisFault(f"element {wrong[0]} is missing, wrong, or must not be there")
    for tag, value in root.items():
        if "26" <= tag <= "51" or tag == "62":
            _elements(value)
    if _elements(root.get("51", "")).get("00") != NATIONAL:
        raise QrisFault("it names no merchant of QRIS (51)")
    if _rupiah(root.get("54", "")) != amount:
        raise QrisFault("the amount is not the bill's")


def crc(text: str) -> str:
    """CRC-16/CCITT-FALSE as four upper-case hex digits; of a payload over everything up to and including ``6304``."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def _elements(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        head = _HEAD.match(text, place)
        end = head.end() + int(head[2]) if head else 0
        if head is None or end > len(text) or head[1] in found:
            raise QrisFault(f"at character {place} there is no element, or one that was there before")
        found[head[1]] = text[head.end() : end]
        place = end
    return found


def _rupiah(text: str) -> int | None:
    try:
        return parse_amount(text)
    except (NotAnAmount, NotWholeRupiah):
        return None
