"""The closing statement in words and on paper: one list of figures for the page, the PDF and whoever reads them aloud."""

from dataclasses import dataclass

from app.core.db import JsonValue
from app.core.money import show_rupiah
from app.core.texts import Text
from app.services import documents
from app.services.billing.snap.times import WIB
from app.services.billing.statements import ClosingStatement

TITLE = Text("Rekap penutupan harian", "Closing statement of the day")
_NATIONAL = "Markas Besar Polri"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the statement: what it is, how many (None where nothing is counted), and rupiah."""

    name: Text
    count: int | None
    amount: int
    is_balance: bool = False


def clearing_lines(statement: ClosingStatement) -> list[Figure]:
    """What stands on the bank's clearing account, from opening to closing; `other` only where there is any."""
    day = statement.clearing
    other = [Figure(Text("Lain-lain", "Other entries"), None, day.other)] if day.other else []
    return [
        Figure(Text("Saldo awal: belum disetorkan", "Opening: not settled yet"), None, day.opening, is_balance=True),
        Figure(Text("Pembayaran dibukukan", "Payments booked"), day.payments_count, day.payments),
        Figure(Text("Pembayaran ditarik kembali", "Payments reversed"), day.reversals_count, -day.reversals),
        Figure(Text("Disetorkan bank", "Settled by the bank"), day.settled_count, -day.settled),
        *other,
        Figure(Text("Saldo akhir: masih di bank", "Closing: still clearing"), None, day.closing, is_balance=True),
    ]


def file_lines(statement: ClosingStatement) -> list[Figure]:
    """What the bank's files brought besides."""
    files = statement.files
    return [
        Figure(Text("Biaya bank", "Bank charges"), None, files.fees),
        Figure(Text("Uang tanpa tagihan, masuk", "Money without a bill, in"), None, files.suspense_in),
        Figure(Text("Uang tanpa tagihan, keluar", "Money without a bill, out"), None, files.suspense_out),
        Figure(Text("Pengembalian dibayarkan", "Refunds paid out"), files.refunds_count, files.refunds),
        Figure(Text("Pengembalian ditolak bank penerima", "Refunds that came back"), None, files.refunds_returned),
    ]


async def statement_pdf(statement: ClosingStatement) -> bytes:
    """The statement as a tagged PDF/A of one page. Made anew each time; the figures are the ledger's."""
    return await documents.render_pdf("statements/closing", _values(statement))


def _values(statement: ClosingStatement) -> dict[str, JsonValue]:
    made_at = statement.made_at.astimezone(WIB)
    return {
        "created_at": made_at.isoformat(),
        "title": TITLE.id,
        "reference": f"{statement.day.isoformat()} {statement.client_id[:40]} {statement.unit or ''}".strip(),
        "sender": {
            "name": statement.unit_name[:90],
            "parent": "Kepolisian Negara Republik Indonesia" if statement.unit else _NATIONAL,
            "address": None,
            "phone": None,
        },
        "made_at": documents.long_moment(made_at, "WIB"),
        "final": statement.final,
        "day": documents.long_date(statement.day),
        "bank": statement.bank[:90],
        "unit": statement.unit_name[:90],
        "clearing": [_row(each) for each in clearing_lines(statement)],
        "files": [_row(each) for each in file_lines(statement)],
    }


def _row(figure: Figure) -> list[JsonValue]:
    count = "" if figure.count is None else f"{figure.count:,}".replace(",", ".")
    return [figure.name.id, figure.name.en, count, show_rupiah(figure.amount), figure.is_balance]
