"""What staff read: the work items, and each decision with what it leads to. Kinds and actions belong to the lifecycle."""

from dataclasses import dataclass

from app.core.texts import Text

TASKS: dict[str, Text] = {
    "review": Text("Periksa foto dan data", "Review picture and registry"),
    "late_review": Text("Pemeriksaan terlambat", "The review is late"),
    "second_look": Text("Pemeriksaan kedua", "Second look"),
    "late_letter": Text("Surat belum dikirim", "A letter has not left"),
    "correct_address": Text("Surat tidak sampai: cari alamat", "Letter not delivered: find an address"),
    "decide_objection": Text("Putuskan sanggahan", "Decide on an objection"),
    "late_objection": Text("Keputusan sanggahan terlambat", "The decision on an objection is late"),
    "issue": Text("Terbitkan tilang", "Issue the ticket"),
    "issue_unanswered": Text("Terbitkan tilang tanpa jawaban", "Issue the ticket without an answer"),
    "chase_verdict": Text("Tanyakan putusan pengadilan", "Ask the court for its verdict"),
    "confirm_cash": Text("Pastikan pengembalian tunai", "Confirm a refund in cash"),
    "field_alert": Text("Dugaan pelat palsu di lapangan", "Suspected false plate on the road"),
    "clone_alert": Text("Pelat yang sama di dua tempat sekaligus", "One plate at two places at once"),
    "cause_review": Text("Pemeriksaan ulang sebab yang sama", "Second look at cases of one cause"),
    "show_original": Text("Pemilik meminta foto asli diperiksa", "The owner asks for the original picture"),
    "release_hold": Text("Putuskan pelepasan bukti yang ditahan", "Decide on releasing held evidence"),
    "unexpected_payment": Text("Pembayaran yang tidak ditagih", "A payment that was not due"),
    "payment_reversed": Text("Pembayaran ditarik kembali bank", "The bank took a payment back"),
    "mend": Text("Perbaiki hal yang gagal diproses", "Mend what could not be processed"),
    "review_application": Text("Periksa permohonan", "Review an application"),
    "late_application": Text("Permohonan melewati waktu layanan", "An application is over its time"),
    "check_by_hand": Text("Periksa data rujukan dengan tangan", "Check by hand what a register could not say"),
    "decide_refusal": Text("Putuskan usul penolakan", "Decide on a proposed refusal"),
    "decide_revocation": Text("Putuskan pencabutan dokumen", "Decide on revoking a document"),
    "record_attendance": Text("Pemohon datang: selesaikan", "The applicant came: finish the application"),
}


@dataclass(frozen=True)
class Choice:
    """A decision as staff see it. `reason`: whether the lifecycle wants a written reason."""

    value: str
    text: Text
    hint: Text | None = None
    reason: bool = True


_DECISIONS = (
    Choice("start_review", Text("Mulai memeriksa", "Begin the review"), reason=False),
    Choice(
        "verify",
        Text("Pelanggaran benar dan kendaraannya cocok", "The violation is real and the vehicle matches"),
        Text("Surat konfirmasi dikirim kepada pemilik", "The confirmation letter goes to the owner"),
        reason=False,
    ),
    Choice(
        "reject",
        Text("Tolak: tidak dilanjutkan", "Reject: not pursued"),
        Text("Perkara selesai tanpa surat", "The case ends without a letter"),
    ),
    Choice(
        "report_fake_plate",
        Text("Dugaan pelat palsu", "Suspected false plate"),
        Text(
            "Kendaraan di foto bukan yang terdaftar; tidak ada surat, unit lapangan diberi tahu",
            "The vehicle is not the registered one; no letter, the field unit is told",
        ),
    ),
    Choice(
        "release",
        Text("Kembalikan perkara", "Give the case back"),
        Text(
            "Misalnya Anda mengenal kendaraan ini; petugas lain diundi",
            "For example you know this vehicle; another is drawn",
        ),
    ),
    Choice(
        "endorse",
        Text("Saya sependapat dengan pemeriksa pertama", "I agree with the first reviewer"),
        Text("Surat konfirmasi boleh dikirim", "The confirmation letter may leave"),
        reason=False,
    ),
    Choice(
        "accept_objection",
        Text("Terima sanggahan", "Accept the objection"),
        Text("Perkara dibatalkan dan blokir dibuka", "The case is annulled and blocks are lifted"),
    ),
    Choice(
        "refuse_objection",
        Text("Tolak sanggahan", "Refuse the objection"),
        Text("Tilang akan diterbitkan", "The ticket will be issued"),
    ),
    Choice(
        "issue_tilang",
        Text("Terbitkan tilang", "Issue the ticket"),
        Text("Nomor register dan nomor pembayaran dibuat", "Register number and payment number are made"),
        reason=False,
    ),
    Choice(
        "annul",
        Text("Batalkan perkara karena kekeliruan", "Annul the case because of an error"),
        Text(
            "Hanya penyidik senior; yang sudah dibayar dikembalikan",
            "Senior officers only; what was paid is owed back",
        ),
    ),
    Choice("return_letter", Text("Surat kembali ke pengirim", "The letter was returned"), reason=False),
    Choice("record_payment", Text("Catat pembayaran di kejaksaan", "Record a payment at the prosecutor's")),
    Choice(
        "note_cash",
        Text("Catat pengembalian tunai di kejaksaan", "Note a refund in cash at the prosecutor's"),
        Text(
            "Hanya untuk penerima tanpa rekening; petugas lain memastikannya",
            "Only for who has no account; another clerk confirms it",
        ),
    ),
    Choice(
        "confirm_cash",
        Text("Pastikan: uang sudah diserahkan tunai", "Confirm: the cash was handed over"),
        Text("Bukan oleh petugas yang mencatatnya", "Not by the clerk who noted it"),
        reason=False,
    ),
)
DECISIONS = {choice.value: choice for choice in _DECISIONS}
"""What the case page offers. Moves that need other data (a verdict, an answer taken at the desk) have their own doors."""

_FOR_CITIZENS = (
    Choice("confirm_self", Text("Pemilik mengemudi sendiri", "The owner drove"), reason=False),
    Choice(
        "name_driver",
        Text("Orang lain yang mengemudi", "Somebody else drove"),
        Text("Orang itu mendapat surat dan nomor sendiri", "That person gets a letter and a reference of their own"),
        reason=False,
    ),
    Choice(
        "report_sold",
        Text("Kendaraan sudah dijual", "The vehicle was sold"),
        Text("Surat baru dikirim kepada pembeli", "A new letter goes to the buyer"),
        reason=False,
    ),
    Choice("object", Text("Keberatan, atau bukan kendaraannya", "An objection, or not their vehicle"), reason=False),
    Choice(
        "accept_driving",
        Text("Pengemudi yang disebut menerima", "The named driver accepts"),
        Text("Kode dikirim kepada pengemudi itu", "The code goes to that driver"),
        reason=False,
    ),
)
FOR_CITIZENS = {choice.value: choice for choice in _FOR_CITIZENS}
"""What a counter officer may do for a citizen who is there, with the citizen's own code."""

_APPLICATION_DECISIONS = (
    Choice(
        "pass_by_hand",
        Text("Data rujukan sesuai", "The register's data fit"),
        Text("Anda memeriksanya sendiri; tagihan lalu dibuat", "You looked yourself; the bill is made then"),
    ),
    Choice(
        "hand_back",
        Text("Kembalikan sebelum pembayaran", "Hand it back before any payment"),
        Text("Isian tetap tersimpan; pemohon membaca alasannya", "What was typed is kept; the applicant reads why"),
    ),
    Choice(
        "approve",
        Text("Setujui", "Approve"),
        Text("Dokumen terbit dengan nomornya", "The document is issued with its number"),
        reason=False,
    ),
    Choice(
        "call_in",
        Text("Berkas baik: panggil sesuai jadwal", "The papers are good: ask them to come"),
        Text("Pemohon diberi tahu untuk datang pada jamnya", "The applicant is told to come at the time booked"),
        reason=False,
    ),
    Choice(
        "ask_correction",
        Text("Minta perbaikan", "Ask for something to be mended"),
        Text(
            "Hanya yang Anda tandai di atas yang terbuka; jam layanan berhenti",
            "Only what you have marked above is opened; the service clock stops",
        ),
        reason=False,
    ),
    Choice(
        "deny_exemption",
        Text("Pembebasan biaya tidak dapat diberikan", "The exemption from the fee cannot be given"),
        Text("Pemohon mendapat tagihan", "The applicant gets a bill"),
    ),
    Choice(
        "propose_refusal",
        Text("Usulkan penolakan", "Propose to refuse"),
        Text("Orang kedua yang memutuskan; semua uang kembali", "A second person decides; all money goes back"),
    ),
    Choice(
        "confirm_refusal",
        Text("Tolak permohonan", "Refuse the application"),
        Text("Semua uang kembali tanpa diminta", "All money goes back without being asked for"),
    ),
    Choice(
        "overrule_refusal",
        Text("Usul penolakan tidak disetujui", "Do not agree to the refusal"),
        Text("Permohonan kembali ke petugas yang diundi", "It goes back to the officer who was drawn"),
    ),
    Choice(
        "release",
        Text("Kembalikan permohonan", "Give the application back"),
        Text(
            "Misalnya Anda mengenal pemohon; petugas lain diundi",
            "For example you know the applicant; another officer is drawn",
        ),
    ),
    Choice("attend", Text("Pemohon datang", "The applicant came"), reason=False),
    Choice(
        "miss",
        Text("Pemohon tidak datang", "The applicant did not come"),
        Text("Hanya setelah harinya lewat", "Only when the day is over"),
        reason=False,
    ),
    Choice(
        "fail_test",
        Text("Uji belum lulus", "The test was not passed"),
        Text("Dapat diulang tanpa biaya setelah waktu tunggu", "It may be repeated at no cost after a while"),
    ),
    Choice("print", Text("Dokumen sudah dicetak", "The document is printed"), reason=False),
    Choice(
        "make_ready",
        Text("Siap diambil di loket", "Ready for pick-up at the counter"),
        Text("Pemohon diberi tahu", "The applicant is told"),
        reason=False,
    ),
    Choice(
        "ship",
        Text("Dikirim ke alamat pemohon", "Sent to the applicant's address"),
        Text("Pemohon menerima nomor kirimannya", "The applicant gets the parcel's number"),
        reason=False,
    ),
    Choice("hand_over", Text("Dokumen diterima pemohon", "The applicant has the document"), reason=False),
    Choice(
        "return_shipment",
        Text("Kiriman kembali", "The parcel came back"),
        Text("Menunggu di loket; pemohon diberi tahu", "It waits at the counter; the applicant is told"),
    ),
)
APPLICATION_DECISIONS = {choice.value: choice for choice in _APPLICATION_DECISIONS}
"""What staff decide on an application. The applicant's own steps are not among them."""

PURPOSES: dict[str, Text] = {
    "task": Text("Tugas yang diundikan", "A task that was drawn"),
    "help": Text("Membantu warga", "Helping a citizen"),
    "audit": Text("Pengawasan", "Supervision"),
}
"""What is recorded and shown to the citizen; any other purpose is written out by the officer."""
