"""What billing refuses."""

from app.core.problems import ProblemType
from app.core.texts import Text

BILL_NOT_FOUND = ProblemType(
    "billing-bill-not-found",
    404,
    Text("Tagihan tidak ditemukan", "No such bill"),
    Text("Tagihan ini tidak ada.", "There is no such bill."),
)
BILL_ALREADY_OPEN = ProblemType(
    "billing-bill-already-open",
    409,
    Text("Masih ada tagihan yang berlaku", "There is a payable bill already"),
    Text(
        "Perkara ini masih mempunyai tagihan yang dapat dibayar; batalkan dahulu sebelum membuat yang baru.",
        "This case still has a payable bill; cancel it before opening another.",
    ),
)
BILL_ALREADY_PAID = ProblemType(
    "billing-bill-already-paid",
    409,
    Text("Tagihan sudah dibayar", "The bill is paid"),
    Text("Tagihan ini sudah lunas.", "This bill has been paid in full."),
)
BILL_NOT_PAID = ProblemType(
    "billing-bill-not-paid",
    409,
    Text("Tagihan belum dibayar", "The bill is not paid"),
    Text("Tagihan ini belum dibayar, jadi tidak ada yang dikembalikan.", "Nothing was paid on this bill."),
)
AMOUNT_DIFFERS = ProblemType(
    "billing-amount-differs",
    409,
    Text("Jumlah tidak sama dengan tagihan", "The amount is not the bill's"),
    Text(
        "Tagihan ini berjumlah {amount}, dibayar penuh dan sekali.",
        "This bill is over {amount}, paid once and in full.",
    ),
)
AMOUNT_NOT_POSITIVE = ProblemType(
    "billing-amount-not-positive",
    422,
    Text("Jumlah harus lebih dari nol", "The amount must be positive"),
    Text("Tagihan dan pengembalian selalu lebih dari Rp0.", "Bills and refunds are always more than Rp0."),
)
REFUND_TOO_LARGE = ProblemType(
    "billing-refund-too-large",
    409,
    Text("Pengembalian melebihi titipan", "The refund is more than the deposit"),
    Text("Titipan yang masih ada berjumlah {held}.", "What is still held is {held}."),
)
REFUND_NOT_OWED = ProblemType(
    "billing-refund-not-owed",
    409,
    Text("Tidak ada yang harus dikembalikan", "Nothing is owed back"),
    Text("Pengembalian ini tidak ada, atau sudah selesai.", "There is no such refund, or it is closed."),
)
MONEY_MOVED_ON = ProblemType(
    "billing-money-moved-on",
    409,
    Text("Uangnya sudah dibukukan lebih lanjut", "The money has moved on in the books"),
    Text(
        "Pembayaran ini sudah dipakai untuk putusan atau pengembalian; seorang petugas harus menyelesaikannya.",
        "This payment has been used for a verdict or a refund; a person must sort it out.",
    ),
)
