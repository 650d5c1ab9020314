"""The sandbox bank's statement of a day, as CSV in the documented form, MT940 or ISO 20022 camt.053.

A statement holds the whole day, so that sending it again is the same statement; its references never change. With
`spoil` it is a statement as the biller fears it: lines missing, invented, doubled, taken back, of another amount.
"""

import csv
import io
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from xml.sax.saxutils import escape

from app.sandbox.bank_books import Belief, Payment

ACCOUNT_NO = "0123456789"
CLOSINGS = "statements.json"
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
HEADER = (
    "BANK_REFERENCE", "PAYMENT_REQUEST_ID", "TRX_DATE_TIME", "SETTLEMENT_DATE", "VIRTUAL_ACCOUNT_NO", "CURRENCY",
    "AMOUNT", "FEE", "MARK", "END_TO_END_ID", "DESCRIPTION",
)  # fmt: skip


class Form(StrEnum):
    """How a statement is written."""

    CSV = "csv"
    MT940 = "mt940"
    CAMT053 = "camt053"


MEDIA_TYPES = {Form.CSV: "text/csv", Form.MT940: "text/plain", Form.CAMT053: "application/xml"}
ENDINGS = {Form.CSV: "csv", Form.MT940: "sta", Form.CAMT053: "xml"}


@dataclass(frozen=True)
class Line:
    """One movement on the biller's account, in rupiah: money paid in, or with `taken_back` the same taken out again."""

    reference: str
    request_id: str
    number: str
    amount: int
    fee: int
    trx_at: str
    taken_back: bool = False

    @property
    def effect(self) -> int:
        """What it does to the balance."""
        net = self.amount - self.fee
        return -net if self.taken_back else net


def lines_of(payments: Iterable[Payment], fee: int = 0) -> list[Line]:
    """A day's lines: each payment, and after those that the bank took back their reversal."""
    lines: list[Line] = []
    for each in payments:
        line = Line(
            each.reference_no, each.request_id, each.number, each.amount, min(fee, each.amount - 1), each.trx_at
        )
        lines.append(line)
        if each.belief is Belief.REVERSED:
            lines.append(replace(line, taken_back=True))
    return lines


def spoil(lines: Sequence[Line], rng: random.Random) -> tuple[list[Line], list[str]]:
    """The lines with one fault of each kind, as far as there are lines, and what was done, in words."""
    spoilt, done = list(lines), []
    whole = [line for line in lines if sum(other.request_id == line.request_id for other in lines) == 1]
    chosen = rng.sample(whole, min(4, len(whole)))
    for fault, line in zip(("missing", "double", "reversed", "amount differs"), chosen, strict=False):
        place = spoilt.index(line)
        if fault == "missing":
            spoilt.remove(line)
        elif fault == "double":
            spoilt.insert(place, line)
        elif fault == "reversed":
            spoilt.insert(place + 1, replace(line, taken_back=True))
        else:
            spoilt[place] = replace(line, amount=line.amount + 500)
        done.append(f"{fault}: {line.request_id}")
    if whole:
        number = rng.randrange(10**10, 10**11)
        extra = replace(whole[0], reference=str(number), request_id=f"EXTRA{number}", amount=123_000, fee=0)
        spoilt.append(extra)
        done.append(f"extra: {extra.request_id}")
    return spoilt, done


def write(form: Form, day: date, lines: Sequence[Line], folder: Path) -> bytes:
    """The statement file. MT940 and camt.053 carry balances: each day opens with what the day before closed with."""
    folder.mkdir(parents=True, exist_ok=True)
    if form is Form.CSV:
        return _csv(day, lines)
    opening = _opening(folder, form, day)
    closing = opening + sum(line.effect for line in lines)
    _note_closing(folder, form, day, closing)
    return (_mt940 if form is Form.MT940 else _camt053)(day, lines, opening, closing)


def _csv(day: date, lines: Sequence[Line]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(HEADER)
    for line in lines:
        mark = "R" if line.taken_back else "C"
        facts = (line.reference, line.request_id, line.trx_at, day.isoformat(), line.number, "IDR")
        table.writerow((*facts, line.amount, line.fee, mark, "", f"VA {line.number}"))
    return text.getvalue().encode()


def _mt940(day: date, lines: Sequence[Line], opening: int, closing: int) -> bytes:
    date_ = f"{day:%y%m%d}"
    out = [f":20:LOKET{date_}", f":25:{ACCOUNT_NO}", f":28C:{day:%j}/1", f":60F:{_balance(date_, opening)}"]
    for line in lines:
        mark = "RC" if line.taken_back else "C"
        out.append(f":61:{date_}{day:%m%d}{mark}{line.amount - line.fee},NTRF{line.request_id}//{line.reference}")
        if line.fee:
            out.append(f"/CHGS/IDR{line.fee},")
        out.append(f":86:VA {line.number}")
    out.append(f":62F:{_balance(date_, closing)}")
    return ("\r\n".join(out) + "\r\n-\r\n").encode()


def _balance(date_: str, amount: int) -> str:
    return f"{'C' if amount >= 0 else 'D'}{date_}IDR{abs(amount)},"


def _camt053(day: date, lines: Sequence[Line], opening: int, closing: int) -> bytes:
    balances = "".join(_camt_balance(kind, day, amount) for kind, amount in (("OPBD", opening), ("CLBD", closing)))
    entries = "\n".join(_camt_entry(day, line) for line in lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NAMESPACE}"><BkToCstmrStmt>
<GrpHdr><MsgId>LOKET-{day}</MsgId><CreDtTm>{day}T23:59:59+07:00</CreDtTm></GrpHdr>
<Stmt><Id>LOKET-{day}</Id><CreDtTm>{day}T23:59:59+07:00</CreDtTm>
<Acct><Id><Othr><Id>{ACCOUNT_NO}</Id></Othr></Id><Ccy>IDR</Ccy></Acct>
{balances}
{entries}
</Stmt></BkToCstmrStmt></Document>
""".encode()


def _camt_balance(kind: str, day: date, amount: int) -> str:
    mark = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="IDR">{abs(amount)}.00</Amt>'
        f"<CdtDbtInd>{mark}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _camt_entry(day: date, line: Line) -> str:
    mark, reversal = ("DBIT", "<RvslInd>true</RvslInd>") if line.taken_back else ("CRDT", "")
    charge = (
        f'<Chrgs><Rcrd><Amt Ccy="IDR">{line.fee}.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>'
        if line.fee
        else ""
    )
    reference, request_id = escape(line.reference), escape(line.request_id)
    return (
        f'<Ntry><NtryRef>{reference}</NtryRef><Amt Ccy="IDR">{line.amount - line.fee}.00</Amt><CdtDbtInd>{mark}</CdtDbtInd>'
        f"{reversal}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{reference}</AcctSvcrRef><BkTxCd><Prtry><Cd>VA</Cd></Prtry></BkTxCd>{charge}<NtryDtls><TxDtls>"
        f"<Refs><AcctSvcrRef>{reference}</AcctSvcrRef><EndToEndId>{request_id}</EndToEndId></Refs>"
        f"<RmtInf><Strd><CdtrRefInf><Ref>{line.number}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _opening(folder: Path, form: Form, day: date) -> int:
    before = [(when, amount) for when, amount in _closings(folder, form).items() if when < day.isoformat()]
    return max(before)[1] if before else 0


def _note_closing(folder: Path, form: Form, day: date, closing: int) -> None:
    path = folder / CLOSINGS
    kept: dict[str, dict[str, int]] = json.loads(path.read_text()) if path.exists() else {}
    kept.setdefault(form.value, {})[day.isoformat()] = closing
    path.write_text(json.dumps(kept, indent=1))


def _closings(folder: Path, form: Form) -> dict[str, int]:
    path = folder / CLOSINGS
    kept: dict[str, dict[str, int]] = json.loads(path.read_text()) if path.exists() else {}
    return kept.get(form.value, {})
