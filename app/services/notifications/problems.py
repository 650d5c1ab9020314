"""What can be wrong with the news that a message arrived."""

from app.core.problems import ProblemType
from app.core.texts import Text

MESSAGE_UNKNOWN = ProblemType(
    "notifications-message-unknown",
    404,
    Text("Pesan tidak dikenal", "Unknown message"),
    Text("Tidak ada pesan atau surat {message_id}.", "There is no message or letter {message_id}."),
)
PROOF_IN_FUTURE = ProblemType(
    "notifications-proof-in-future",
    422,
    Text("Waktu bukti salah", "The time of the proof is wrong"),
    Text(
        "Bukti sampai bertanggal {proven_at}, padahal belum lewat atau sebelum surat dibuat. Periksa tanggalnya.",
        "The proof of delivery is dated {proven_at}, which is in the future or before the letter was made. "
        "Check the date.",
    ),
)
LETTER_STATE = ProblemType(
    "notifications-letter-state",
    409,
    Text("Surat tidak dalam keadaan itu", "The letter is not in that state"),
    Text(
        "Surat {letter_id} berstatus {state}; langkah ini tidak berlaku lagi.",
        "The letter {letter_id} is {state}; this step does not apply.",
    ),
)
RECEIPT_FORGED = ProblemType(
    "notifications-receipt-forged",
    401,
    Text("Tanda tangan tidak sah", "The signature is not valid"),
    Text(
        "Kabar pengiriman harus ditandatangani dengan rahasia gerbang pesan (Standard Webhooks).",
        "A delivery receipt must be signed with the gateway's secret (Standard Webhooks).",
    ),
)
