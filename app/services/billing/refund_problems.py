"""What billing refuses about accounts, payment orders and payouts."""

from app.core.problems import ProblemType
from app.core.texts import Text

ACCOUNT_INVALID = ProblemType(
    "billing-account-invalid",
    422,
    Text("Rekening belum benar", "The account is not right"),
    Text(
        "Periksa bank, nomor rekening, dan nama pemilik seperti di buku tabungan atau aplikasi bank Anda.",
        "Check the bank, the number and the holder's name as they stand in your bank's book or app.",
    ),
)
ACCOUNT_IN_USE = ProblemType(
    "billing-account-in-use",
    409,
    Text("Pengembalian sedang dibayarkan", "A refund is on its way"),
    Text(
        "Uang Anda sedang dikirim ke rekening yang sudah Anda berikan. Bila ditolak bank, kami minta rekening lain.",
        "Your money is on its way to the account that you gave. If the bank sends it back, we ask you for another one.",
    ),
)
ACCOUNT_CAME_BACK = ProblemType(
    "billing-account-came-back",
    422,
    Text("Rekening ini ditolak bank penerima", "The receiving bank did not take this account"),
    Text(
        "Pembayaran ke rekening ini kembali kepada kami. Berikan rekening lain atas nama Anda sendiri.",
        "A payment to this account came back to us. Give another account in your own name.",
    ),
)
ACCOUNT_NOT_FOUND = ProblemType(
    "billing-account-not-found",
    404,
    Text("Belum ada rekening", "No account yet"),
    Text("Belum ada rekening untuk pengembalian ini.", "No account has been given for this refund."),
)
ACCOUNT_DECIDED = ProblemType(
    "billing-account-decided",
    409,
    Text("Rekening sudah diputuskan", "The account was decided on"),
    Text(
        "Rekening ini tidak menunggu keputusan lagi; muat ulang daftarnya.",
        "This account waits for no decision any more; load the list again.",
    ),
)
ACCOUNT_ANSWER_WRONG = ProblemType(
    "billing-account-answer-wrong",
    502,
    Text("Jawaban bank tidak dapat dibaca", "The bank's answer cannot be read"),
    Text(
        "Layanan nama rekening menjawab {status} dengan isi yang tidak sesuai; dicoba lagi nanti.",
        "The account inquiry answered {status} with something else than was asked; it is tried again later.",
    ),
)
NOTHING_TO_PAY = ProblemType(
    "billing-nothing-to-pay",
    409,
    Text("Tidak ada yang siap dibayar", "Nothing is ready to be paid"),
    Text(
        "Tidak ada pengembalian dengan rekening yang sudah cocok di luar perintah bayar yang berjalan.",
        "No refund with a checked account is outside a running payment order.",
    ),
)
NO_PAYING_ACCOUNT = ProblemType(
    "billing-no-paying-account",
    422,
    Text("Rekening pembayar tidak dikenal", "No such paying account"),
    Text(
        "Polda {polda} tidak mempunyai rekening pembayar {account}; lihat LOKET_PAYING_ACCOUNTS.",
        "Polda {polda} has no paying account {account}; see LOKET_PAYING_ACCOUNTS.",
    ),
)
DAY_NOT_POSSIBLE = ProblemType(
    "billing-day-not-possible",
    422,
    Text("Tanggal bayar tidak mungkin", "The day of payment is not possible"),
    Text("Pilih tanggal dari {first} sampai {last}.", "Choose a day from {first} to {last}."),
)
ORDER_NOT_FOUND = ProblemType(
    "billing-payment-order-not-found",
    404,
    Text("Perintah bayar tidak ditemukan", "No such payment order"),
    Text(
        "Perintah bayar ini tidak ada, atau milik Polda lain.",
        "There is no such payment order, or it is another Polda's.",
    ),
)
ORDER_NOT_OPEN = ProblemType(
    "billing-payment-order-not-open",
    409,
    Text("Perintah bayar tidak dalam keadaan itu", "The payment order does not stand there"),
    Text(
        "Perintah bayar ini sudah {state}; muat ulang halamannya.",
        "This payment order is {state} already; load the page again.",
    ),
)
ORDER_FOUR_EYES = ProblemType(
    "billing-payment-order-four-eyes",
    403,
    Text("Harus orang lain", "It must be somebody else"),
    Text(
        "Siapa yang menyusun perintah bayar tidak melepasnya, dan siapa yang melepasnya tidak membatalkannya.",
        "Whoever drafted a payment order does not release it, and whoever released it does not declare it void.",
    ),
)
ORDER_NOT_RELEASED = ProblemType(
    "billing-payment-order-not-released",
    409,
    Text("Perintah bayar belum dilepas", "The payment order is not released"),
    Text(
        "Berkasnya baru ada setelah orang kedua melepas perintah bayar ini.",
        "There is a file only after a second person has released this order.",
    ),
)
ORDER_CHANGED = ProblemType(
    "billing-payment-order-changed",
    409,
    Text("Isi perintah bayar berubah", "What the order is made of has changed"),
    Text(
        "Ada pengembalian atau rekening yang tidak lagi sama. Tarik perintah ini dan susun yang baru.",
        "A refund or an account is no longer the same. Withdraw this order and draft another.",
    ),
)
WHY_NEEDED = ProblemType(
    "billing-why-needed",
    422,
    Text("Alasan belum ditulis", "A reason is needed"),
    Text("Tuliskan alasannya, 5 sampai 300 huruf.", "Write the reason, 5 to 300 characters."),
)
