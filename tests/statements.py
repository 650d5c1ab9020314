"""Statement files as banks write them, for tests: the same movements as CSV, MT940 or camt.053, written line by line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from app.services.billing.settlement.lines import Direction, FileKind

DAY = date(2026, 11, 23)
CSV_HEADER = (
    "BANK_REFERENCE,PAYMENT_REQUEST_ID,TRX_DATE_TIME,SETTLEMENT_DATE,VIRTUAL_ACCOUNT_NO,CURRENCY,AMOUNT,FEE,MARK,"
    "END_TO_END_ID,DESCRIPTION\n"
)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement on the account; `amount` gross, `fee` kept by the bank out of it."""

    reference: str
    amount: int
    fee: int = 0
    direction: Direction = Direction.CREDIT
    is_reversal: bool = False
    account: str = "777201234567890"
    ours: str = "REQ-1"
    text: str = "denda"

    @property
    def paid_in(self) -> bool:
        return (self.direction is Direction.CREDIT) is not self.is_reversal

    @property
    def net(self) -> int:
        """What the balance moves by, without its sign."""
        return self.amount - self.fee if self.paid_in else self.amount + self.fee

    @property
    def effect(self) -> int:
        return self.net if self.direction is Direction.CREDIT else -self.net


def closing_of(movements: Iterable[Movement], opening: int) -> int:
    return opening + sum(movement.effect for movement in movements)


def written(
    kind: FileKind, movements: Iterable[Movement], *, opening: int = 0, closing: int = 0, name: str = "STMT-1"
) -> Iterator[str]:
    """The file, in pieces."""
    if kind is FileKind.CSV:
        return written_csv(movements)
    if kind is FileKind.MT940:
        return written_mt940(movements, opening=opening, closing=closing, name=name)
    return written_camt053(movements, opening=opening, closing=closing, name=name)


def written_csv(movements: Iterable[Movement]) -> Iterator[str]:
    yield CSV_HEADER
    for each in movements:
        mark = "R" if each.is_reversal else "C" if each.direction is Direction.CREDIT else "D"
        request, payout = (each.ours, "") if each.paid_in else ("", each.ours)
        yield (
            f"{each.reference},{request},{DAY}T10:15:30+07:00,{DAY},{each.account},IDR,{each.amount}.00,{each.fee},{mark},"
            f'{payout},"{each.text}"\n'
        )


def written_mt940(movements: Iterable[Movement], *, opening: int, closing: int, name: str) -> Iterator[str]:
    yield f":20:{name}\r\n:25:0012345\r\n:28C:326/1\r\n:60F:{_swift(opening)}\r\n"
    for each in movements:
        mark = ("R" if each.is_reversal else "") + (
            "C" if (each.direction is Direction.CREDIT) is not each.is_reversal else "D"
        )
        yield f":61:{DAY:%y%m%d}{DAY:%m%d}{mark}{each.net},00NTRF{each.ours[:16]}//{each.reference[:16]}\r\n"
        if each.fee:
            yield f"/CHGS/IDR{each.fee},\r\n"
        yield f":86:VA {each.account} {each.text}\r\n/EREF/{each.ours}\r\n"
    yield f":62F:{_swift(closing)}\r\n-\r\n"


def _swift(amount: int) -> str:
    return f"{'C' if amount >= 0 else 'D'}{DAY:%y%m%d}IDR{abs(amount)},00"


def written_camt053(
    movements: Iterable[Movement], *, opening: int, closing: int, name: str, version: str = "08"
) -> Iterator[str]:
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>{DAY}T23:59:59+07:00</CreDtTm></GrpHdr><Stmt><Id>{name}</Id>"
        f"<Acct><Id><Othr><Id>0012345</Id></Othr></Id><Ccy>IDR</Ccy></Acct>{_bal('OPBD', opening)}{_bal('CLBD', closing)}\n"
    )
    for each in movements:
        yield (
            f"<Ntry><Amt Ccy='IDR'>{each.net}.00</Amt><CdtDbtInd>{_side(each.direction)}</CdtDbtInd>"
            f"<RvslInd>{str(each.is_reversal).lower()}</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{DAY}</Dt></BookgDt>"
            f"<ValDt><Dt>{DAY}</Dt></ValDt><AcctSvcrRef>{escape(each.reference)}</AcctSvcrRef>"
            f"<NtryDtls>{transaction(each)}</NtryDtls></Ntry>\n"
        )
    yield "</Stmt></BkToCstmrStmt></Document>\n"


def transaction(each: Movement) -> str:
    """The ``TxDtls`` of a movement."""
    charges = (
        f"<Chrgs><Rcrd><Amt Ccy='IDR'>{each.fee}</Amt><CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd></Chrgs>"
        if each.fee
        else ""
    )
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{escape(each.reference)}</AcctSvcrRef><EndToEndId>{escape(each.ours)}</EndToEndId></Refs>"
        f"<Amt Ccy='IDR'>{each.net}.00</Amt><CdtDbtInd>{_side(each.direction)}</CdtDbtInd>{charges}"
        f"<RmtInf><Ustrd>VA {each.account} {escape(each.text)}</Ustrd></RmtInf></TxDtls>"
    )


def batch(
    movements: Iterable[Movement], total: int, *, entry: str = "B1", direction: Direction = Direction.CREDIT
) -> str:
    """One ``Ntry`` over `total` that batches all these."""
    return (
        f"<Ntry><Amt Ccy='IDR'>{total}</Amt><CdtDbtInd>{_side(direction)}</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><DtTm>{DAY}T17:00:00Z</DtTm></BookgDt><AcctSvcrRef>{entry}</AcctSvcrRef>"
        f"<NtryDtls><Btch/>{''.join(transaction(each) for each in movements)}</NtryDtls></Ntry>"
    )


def _side(direction: Direction) -> str:
    return "CRDT" if direction is Direction.CREDIT else "DBIT"


def _bal(kind: str, amount: int) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='IDR'>{abs(amount)}.00</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )
