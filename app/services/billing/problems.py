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
LINES_DIFFER = ProblemType(
    "billing-lines-differ",
    422,
    Text("Rincian tidak sama dengan jumlah tagihan", "The lines are not the bill's amount"),
    Text(
        "Rincian berjumlah {lines}, tagihan {amount}; keduanya harus sama.",
        "The lines sum to {lines}, the bill says {amount}; both must be the same.",
    ),
)
LINES_REFUSED = ProblemType(
    "billing-lines-refused",
    422,
    Text("Rincian tagihan tidak dapat dipakai", "The lines cannot be taken"),
    Text(
        "Tagihan paling banyak {most} rincian, masing-masing lebih dari Rp0, untuk PNBP, Bapenda atau Jasa Raharja.",
        "A bill has at most {most} lines, each more than Rp0, for PNBP, Bapenda or Jasa Raharja.",
    ),
)
BILL_CANCELLED = ProblemType(
    "billing-bill-cancelled",
    409,
    Text("Tagihan sudah dibatalkan", "The bill was cancelled"),
    Text(
        "Tagihan ini sudah dibatalkan atau diganti; ubah tagihan penggantinya.",
        "This bill was cancelled or replaced; change the one in its place.",
    ),
)
REFUND_LINE_NEEDED = ProblemType(
    "billing-refund-line-needed",
    422,
    Text("Sebutkan rincian yang dikembalikan", "Say which line is refunded"),
    Text(
        "Tagihan ini terdiri atas beberapa rincian. Kembalikan seluruhnya, atau sebutkan pos yang dikembalikan: {accounts}.",
        "This bill has several lines. Refund all of it, or name the account that the money comes from: {accounts}.",
    ),
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
STATEMENT_BANK_UNKNOWN = ProblemType(
    "billing-statement-bank-unknown",
    404,
    Text("Bank tidak dikenal", "No such bank"),
    Text(
        "Tidak ada bank bernama atau ber-client-id {bank}. Lihat `loket client list`.",
        "There is no bank with the name or client id {bank}. See `loket client list`.",
    ),
)
STATEMENT_NO_SUCH_DAY = ProblemType(
    "billing-statement-no-such-day",
    422,
    Text("Hari itu tidak ada dalam buku", "The books do not have that day"),
    Text(
        "{day} masih akan datang, atau sebelum buku ini dimulai; pilih hari ini atau sebelumnya.",
        "{day} is still to come, or before these books began; choose today or earlier.",
    ),
)
