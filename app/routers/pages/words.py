"""What each state of a ticket means for the person it concerns, and which step comes next.

The states and their titles belong to the lifecycle (`data/lifecycles/etle.yaml`); here is only how a page explains
them. A test holds this list against the lifecycle.
"""

from collections.abc import Mapping

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
        "Putusan lebih kecil dari titipan. Sisanya kami kirim ke rekening Anda; rekening cukup diberitahukan sekali.",
        "The verdict is lower than the deposit. We send the rest to your account; you tell us of it once.",
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
    "refund_due": Text("Beri tahu rekening paling lambat", "Tell us of an account before"),
}
DUE = Text("Batas waktu", "Deadline")

ACTORS: dict[str, Text] = {
    "public": Text("Warga", "Citizen"),
    "citizen": Text("Warga", "Citizen"),
    "staff": Text("Petugas", "Officer"),
    "camera": Text("Kamera", "Camera"),
    "bank": Text("Bank", "Bank"),
    "app": Text("Aplikasi", "App"),
    "system": Text("Sistem", "System"),
}
ANSWERS: dict[str, Text] = {
    "self": Text("Milik saya dan saya yang mengemudi", "It is mine and I was driving"),
    "other_driver": Text("Milik saya, orang lain yang mengemudi", "It is mine, somebody else was driving"),
    "sold": Text("Sudah saya jual", "I have sold it"),
    "not_mine": Text("Bukan kendaraan saya", "It is not my vehicle"),
    "object": Text("Saya menyanggah", "I object"),
}
CONSEQUENCES: dict[str, Text] = {
    "self": Text(
        "Petugas menerbitkan tilang atas nama Anda. Nomor pembayaran dikirim ke nomor HP Anda.",
        "An officer issues the ticket in your name. The payment number is sent to your mobile.",
    ),
    "other_driver": Text(
        "Orang yang Anda sebut mendapat surat dan kode sendiri. Bila dia menolak, perkara kembali kepada Anda.",
        "The person whom you named gets a letter and a code. If they decline, the case comes back to you.",
    ),
    "sold": Text(
        "Surat baru dikirim kepada pembeli. Ajukan juga lapor jual supaya STNK tidak lagi atas nama Anda.",
        "A new letter goes to the buyer. Report the sale as well, so that the STNK no longer carries your name.",
    ),
    "not_mine": Text(
        "Petugas lain, bukan yang memeriksa pertama, memutus dengan alasan tertulis. Selama itu Anda tidak perlu membayar.",
        "Another officer than the first reviewer decides, with written reasons. Until then you need not pay.",
    ),
    "object": Text(
        "Petugas lain, bukan yang memeriksa pertama, memutus dengan alasan tertulis. Selama itu Anda tidak perlu membayar.",
        "Another officer than the first reviewer decides, with written reasons. Until then you need not pay.",
    ),
}
PARTIES: dict[str, Text] = {
    "owner": Text("Pemilik menurut registrasi", "Owner as registered"),
    "driver": Text("Pengemudi yang disebut", "Named driver"),
    "buyer": Text("Pembeli yang disebut", "Named buyer"),
}
BILL_TITLES: dict[str, Text] = {
    "fine": Text("Bayar titipan denda", "Pay the deposit"),
    "rest": Text("Bayar denda putusan", "Pay the fine of the verdict"),
}
PAYEES: dict[str, Text] = {
    "treasury": Text("Kas negara (PNBP)", "The treasury (PNBP)"),
    "JR": Text("Jasa Raharja", "Jasa Raharja"),
    "TD": Text("Titipan sampai putusan", "Held until the verdict"),
}
_BAPENDA = "BP:"
BILL_STATES: dict[str, Text] = {
    "open": Text("belum dibayar", "not paid yet"),
    "paid": Text("sudah dibayar", "paid"),
    "cancelled": Text("dibatalkan", "cancelled"),
    "expired": Text("lewat waktu", "expired"),
}
BLOCK_REASONS: dict[str, Text] = {
    "mark_unanswered": Text("Surat konfirmasi tidak dijawab", "The confirmation letter was not answered"),
    "mark_overdue": Text("Tilang tidak dibayar", "The ticket was not paid"),
}
CHECKED_KINDS: dict[str, Text] = {
    "letter": Text("Surat", "Letter"),
    "message": Text("Pesan", "Message"),
    "receipt": Text("Tanda terima", "Receipt"),
    "document": Text("Dokumen", "Document"),
}


def name_of(names: Mapping[str, Text], key: str) -> Text:
    """The words for a code; a code that nobody has put into words yet shows as itself."""
    return names.get(key) or Text(key, key)


def refund_reason(memo: str) -> Text:
    """Why money is owed back: the books hold both languages in one memo, ``Indonesia / English``."""
    indonesian, _, english = memo.partition(" / ")
    return Text(indonesian, english or indonesian)


def payee_name(payee: str) -> Text:
    """Who gets a line of a bill, in words; each province's revenue office (Bapenda) by its name."""
    if payee.startswith(_BAPENDA):
        province = payee.removeprefix(_BAPENDA).replace("-", " ").title()
        return Text(f"Bapenda {province}", f"Bapenda {province} (province)")
    return PAYEES.get(payee, Text(payee, payee))
