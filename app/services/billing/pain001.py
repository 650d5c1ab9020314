"""A payment order as the file that a bank takes: ISO 20022 customer credit transfer initiation, pain.001.001.03 or .09.

Pure: the same order gives the same bytes at any time, so that its hash can be shown, logged and checked again. What is
written follows the Common Global Implementation (CGI-MP): control sums and counts on both levels, one EndToEndId per
transfer, no IBAN (Indonesia has none), names in letters that every bank's system can store.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as ET

from app.services.billing.bank_list import bank_list
from app.services.billing.paying import Message, PayingAccount

NAME_MAX = 70
"""The standard has 140, banks store 70 and fewer."""
TEXT_MAX = 140
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_CURRENCY = "IDR"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One refund in the order: to whom, where, how much (rupiah), and what the payee reads in the statement."""

    end_to_end_id: str
    amount: int
    bank_code: str
    number: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Initiation:
    """The whole order. `number` is its message id, `created_at` the instant of its release."""

    number: str
    created_at: datetime
    execute_on: date
    account: PayingAccount
    transfers: Sequence[Transfer]

    @property
    def total(self) -> int:
        return sum(each.amount for each in self.transfers)


def write(order: Initiation) -> bytes:
    """The file, UTF-8. ValueError for an order without transfers, or with an EndToEndId twice."""
    ids = [each.end_to_end_id for each in order.transfers]
    if not ids or len(set(ids)) != len(ids):
        raise ValueError(f"order {order.number} has no transfers, or one of them twice")
    document = ET.Element("Document", xmlns=f"urn:iso:std:iso:20022:tech:xsd:pain.{order.account.message}")
    root = ET.SubElement(document, "CstmrCdtTrfInitn")
    _group_header(root, order)
    _payment(root, order)
    ET.indent(document)
    written: str = ET.tostring(document, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


def _group_header(root: ET.Element, order: Initiation) -> None:
    header = ET.SubElement(root, "GrpHdr")
    _text(header, "MsgId", order.number)
    _text(header, "CreDtTm", f"{order.created_at:%Y-%m-%dT%H:%M:%S}Z")
    _totals(header, order)
    _text(ET.SubElement(header, "InitgPty"), "Nm", plain(order.account.initiator, NAME_MAX))


def _payment(root: ET.Element, order: Initiation) -> None:
    account = order.account
    payment = ET.SubElement(root, "PmtInf")
    _text(payment, "PmtInfId", f"{order.number}-1")
    _text(payment, "PmtMtd", "TRF")
    _text(payment, "BtchBookg", "true" if account.batch else "false")
    _totals(payment, order)
    if account.message is Message.V09:
        _text(ET.SubElement(payment, "ReqdExctnDt"), "Dt", order.execute_on.isoformat())
    else:
        _text(payment, "ReqdExctnDt", order.execute_on.isoformat())
    _party(payment, "Dbtr", account.name)
    _account(payment, "DbtrAcct", account.number, currency=True)
    _bank(payment, "DbtrAgt", account.bank, account.message)
    _text(payment, "ChrgBr", account.charges)
    for each in order.transfers:
        _transfer(payment, each, account.message)


def _transfer(payment: ET.Element, transfer: Transfer, message: Message) -> None:
    one = ET.SubElement(payment, "CdtTrfTxInf")
    ids = ET.SubElement(one, "PmtId")
    _text(ids, "InstrId", transfer.end_to_end_id)
    _text(ids, "EndToEndId", transfer.end_to_end_id)
    amount = ET.SubElement(ET.SubElement(one, "Amt"), "InstdAmt", Ccy=_CURRENCY)
    amount.text = f"{transfer.amount}.00"
    _bank(one, "CdtrAgt", transfer.bank_code, message)
    _party(one, "Cdtr", transfer.name)
    _account(one, "CdtrAcct", transfer.number)
    _text(ET.SubElement(one, "RmtInf"), "Ustrd", plain(transfer.text, TEXT_MAX))


def _totals(parent: ET.Element, order: Initiation) -> None:
    _text(parent, "NbOfTxs", str(len(order.transfers)))
    _text(parent, "CtrlSum", f"{order.total}.00")


def _party(parent: ET.Element, tag: str, name: str) -> None:
    _text(ET.SubElement(parent, tag), "Nm", plain(name, NAME_MAX))


def _account(parent: ET.Element, tag: str, number: str, *, currency: bool = False) -> None:
    account = ET.SubElement(parent, tag)
    _text(ET.SubElement(ET.SubElement(account, "Id"), "Othr"), "Id", number)
    if currency:
        _text(account, "Ccy", _CURRENCY)


def _bank(parent: ET.Element, tag: str, code: str, message: Message) -> None:
    """By its BIC where that is known for sure, and always by its code in Bank Indonesia's clearing."""
    bank = ET.SubElement(ET.SubElement(parent, tag), "FinInstnId")
    bic = bank_list()[code].bic
    if bic is not None:
        _text(bank, "BICFI" if message is Message.V09 else "BIC", bic)
    _text(ET.SubElement(bank, "ClrSysMmbId"), "MmbId", code)


def _text(parent: ET.Element, tag: str, value: str) -> None:
    ET.SubElement(parent, tag).text = value


def plain(words: str, most: int) -> str:
    """The words in the letters that SWIFT's basic set has; what has no such letter becomes a space, and never nothing."""
    latin = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return " ".join(_NOT_ALLOWED.sub(" ", latin).split())[:most].strip() or "-"
