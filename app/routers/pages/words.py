"""What each state of a ticket means for the person it concerns, and which step comes next.

The states and their titles belong to the lifecycle (`data/lifecycles/etle.yaml`); here is only how a page explains
them. A test holds this list against the lifecycle.
"""

from app.core.texts import Text

MEANINGS: dict[str, Text] = {
    "captured": Text(
        "Kamera merekam dugaan pelanggaran. Petugas akan memeriksa. Anda belum perlu berbuat apa-apa.",
        "A camera recorded a suspected violation. An officer will look at it. You need not do anything yet.",
    ),
    "in_verification": Text(
        "Petugas sedang membandingkan foto dengan data kendaraan. Anda belum perlu berbuat apa-apa.",
        "An officer is comparing the picture with the registry. You need not do anything yet.",
    ),
    "verified": Text(
        "Petugas memastikan pelanggaran. Surat konfirmasi sedang disiapkan.",
        "An officer confirmed the violation. The confirmation letter is being prepared.",
    ),
    "letter_sent": Text(
        "Surat ini belum tilang dan bukan bukti kesalahan. Surat bertanya siapa yang mengemudi. Jawab sebelum batas waktu.",
        "The letter is not a ticket and no proof of guilt. It asks who was driving. Answer before the deadline.",
    ),
    "undelivered": Text(
        "Surat tidak sampai ke alamat Anda. Waktu jawab belum berjalan; kami mencari alamat atau cara lain.",
        "The letter did not reach you. Your time to answer has not begun; we look for another address or channel.",
    ),
    "awaiting_driver": Text(
        "Pengemudi yang disebut pemilik mendapat surat sendiri dan sedang ditunggu jawabannya.",
        "The driver whom the owner named has got a letter of their own, and we wait for the answer.",
    ),
    "redirected": Text(
        "Pemilik menyatakan kendaraan sudah dijual. Surat baru dikirim kepada pembeli.",
        "The owner said that the vehicle was sold. A new letter goes to the buyer.",
    ),
    "objection": Text(
        "Sanggahan Anda sedang diputus oleh petugas lain, bukan yang memeriksa pertama kali.",
        "Your objection is being decided by another officer, not the one who did the first check.",
    ),
    "unanswered": Text(
        "Batas waktu jawaban sudah lewat. Pemblokiran STNK diusulkan kepada penyidik. Anda masih bisa menjawab sekarang.",
        "The time to answer has passed. A block of the STNK was proposed to an investigator. You can still answer now.",
    ),
    "confirmed": Text(
        "Jawaban sudah diterima. Petugas akan menerbitkan tilang; setelah itu Anda mendapat nomor pembayaran.",
        "The answer is in. An officer will issue the ticket; then you get a payment number.",
    ),
    "tilang_issued": Text(
        "Tilang sudah terbit. Bayar titipan denda sekarang, atau tunggu putusan pengadilan dan bayar denda putusan.",
        "The ticket is issued. Pay the deposit now, or wait for the verdict and pay the fine that the court sets.",
    ),
    "payment_overdue": Text(
        "Batas pembayaran sudah lewat. Denda tidak bertambah, tetapi pemblokiran STNK diusulkan. Setelah dibayar, blokir dibuka sendiri.",
        "The time to pay has passed. The fine does not grow, but a block of the STNK was proposed. Payment lifts it by itself.",
    ),
    "deposit_paid": Text(
        "Titipan sudah diterima. Pengadilan memutus denda; bila lebih kecil dari titipan, sisanya hak Anda.",
        "The deposit is in. The court sets the fine; if it is lower than the deposit, the rest is yours.",
    ),
    "decided": Text(
        "Pengadilan sudah memutus. Bayar denda dan biaya perkara sesuai putusan.",
        "The court has decided. Pay the fine and the court cost as decided.",
    ),
    "decided_deposited": Text(
        "Pengadilan sudah memutus. Titipan Anda sedang diperhitungkan.",
        "The court has decided. Your deposit is being counted against it.",
    ),
    "refund_due": Text(
        "Putusan lebih kecil dari titipan. Sisanya hak Anda dan dapat diambil dalam satu tahun sejak putusan.",
        "The verdict is lower than the deposit. The rest is yours and can be taken within one year of the decision.",
    ),
    "rejected": Text(
        "Petugas menyatakan ini bukan pelanggaran. Selesai.", "An officer found no violation. It is over."
    ),
    "fake_plate_alert": Text(
        "Kendaraan di foto tidak cocok dengan data registrasi. Anda tidak ditilang; dugaan pelat palsu ditindaklanjuti.",
        "The vehicle in the picture is not the registered one. You get no ticket; the suspected false plate is followed up.",
    ),
    "exempt": Text("Kendaraan prioritas dikecualikan. Selesai.", "A priority vehicle is exempt. It is over."),
    "expired_unsent": Text(
        "Tidak ada surat yang sampai dalam batas waktu, jadi perkara ini selesai tanpa tilang.",
        "No letter reached you in time, so this case ends without a ticket.",
    ),
    "annulled": Text(
        "Perkara dibatalkan. Anda tidak perlu membayar apa pun.", "The case was annulled. You need not pay anything."
    ),
    "settled": Text("Semua kewajiban dalam perkara ini selesai.", "Everything in this case is settled."),
    "refunded": Text("Sisa titipan sudah dikembalikan. Selesai.", "The rest of the deposit was paid back. It is over."),
    "forfeited": Text(
        "Sisa titipan tidak diambil dalam satu tahun dan disetor ke kas negara (UU 22/2009 pasal 268).",
        "The rest of the deposit was not claimed within a year and went to the treasury (UU 22/2009 art. 268).",
    ),
}

_WAITING_FOR_PERSON = {"letter_sent", "unanswered", "awaiting_driver", "tilang_issued", "decided", "refund_due"}
_LATE = {"unanswered", "payment_overdue"}
_OVER = {"rejected", "exempt", "expired_unsent", "annulled", "settled", "refunded", "forfeited", "deposit_paid"}


def state_colour(state: str) -> str:
    """The colour of a state's tag: yellow asks the reader to act, red is late, green is done, blue is with us."""
    if state in _LATE or state == "fake_plate_alert":
        return "red"
    if state in _WAITING_FOR_PERSON:
        return "yellow"
    return "green" if state in _OVER else "blue"


DUE_LABELS: dict[str, Text] = {
    "letter_sent": Text("Jawab paling lambat", "Answer before"),
    "awaiting_driver": Text("Pengemudi menjawab paling lambat", "The driver answers before"),
    "objection": Text("Diputus paling lambat", "Decided before"),
    "tilang_issued": Text("Bayar paling lambat", "Pay before"),
    "refund_due": Text("Ambil paling lambat", "Claim before"),
}
DUE = Text("Batas waktu", "Deadline")
