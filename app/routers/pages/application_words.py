"""What each state of an application means for the person who applied, and the other words of its pages.

States and their titles belong to the lifecycle (`data/lifecycles/application.yaml`); here is only how a page explains them.
A test holds this list against the lifecycle.
"""

from app.core.texts import Text

MEANINGS: dict[str, Text] = {
    "draft": Text(
        "Belum diajukan. Isi bagian yang kurang, lalu periksa dan ajukan. Semua yang sudah diisi tersimpan.",
        "Not submitted yet. Fill in what is missing, then check and submit. Everything that you gave is kept.",
    ),
    "manual_check": Text(
        "Petugas memeriksa dahulu hal yang tidak dapat dipastikan mesin. Anda belum perlu membayar apa pun.",
        "An officer first looks at what a machine cannot be sure of. There is nothing to pay yet.",
    ),
    "submitted": Text("Permohonan Anda sudah kami terima.", "We have your application."),
    "awaiting_payment": Text(
        "Pemeriksaan awal lolos. Bayar sebelum batas waktu, lalu petugas mulai memeriksa.",
        "The first check is passed. Pay before the deadline; then an officer begins.",
    ),
    "expired": Text(
        "Kode bayar tidak dipakai pada waktunya. Isian Anda masih ada: buka lagi, lalu ajukan untuk mendapat kode baru.",
        "The payment code was not used in time. What you filled in is still there: open it again and submit for a new code.",
    ),
    "paid": Text("Pembayaran Anda sudah diterima.", "Your payment has come in."),
    "in_review": Text(
        "Petugas yang dipilih dengan undian sedang memeriksa. Anda tidak perlu berbuat apa-apa.",
        "An officer who was drawn by lot is looking at it. You need not do anything.",
    ),
    "needs_correction": Text(
        "Petugas meminta Anda memperbaiki bagian yang ditandai di bawah. Bagian lain tidak perlu diisi ulang.",
        "The officer asks you to mend what is marked below. Nothing else needs to be filled in again.",
    ),
    "refusal_proposed": Text(
        "Seorang petugas mengusulkan penolakan. Petugas kedua memeriksanya; belum ada keputusan.",
        "One officer proposes to refuse it. A second one looks at that; nothing is decided yet.",
    ),
    "appointment": Text(
        "Berkas Anda baik. Datang sesuai jadwal dan tunjukkan kode QR di bawah.",
        "Your papers are good. Come at the appointed time and show the QR code below.",
    ),
    "attended": Text(
        "Anda sudah datang. Petugas mencatat hasilnya.", "You have been there. The officer records the result."
    ),
    "no_show": Text(
        "Anda tidak datang pada jadwalnya. Pilih jadwal baru satu kali lagi, tanpa biaya.",
        "You did not come at the appointed time. You may choose another one once, at no cost.",
    ),
    "retest": Text(
        "Uji belum lulus. Pilih jadwal ulang setelah masa tunggu, tanpa biaya.",
        "The test was not passed. Choose a date for another try after the waiting time, at no cost.",
    ),
    "approved": Text("Permohonan disetujui. Dokumen sedang dibuat.", "It was approved. The document is being made."),
    "issued": Text(
        "Dokumen sudah terbit. Unduh di bawah; keasliannya dapat diperiksa siapa pun.",
        "The document is issued. Download it below; anybody can check that it is genuine.",
    ),
    "printed": Text("Dokumen sudah dicetak.", "The document has been printed."),
    "ready": Text(
        "Dokumen dapat diambil di loket. Bawa KTP asli.",
        "The document can be picked up at the counter. Bring your identity card.",
    ),
    "shipped": Text("Dokumen sedang dikirim ke alamat Anda.", "The document is on its way to your address."),
    "handed_over": Text("Dokumen sudah Anda terima. Selesai.", "You have the document. It is done."),
    "completed": Text("Semua selesai.", "Everything is done."),
    "rejected": Text(
        "Permohonan ditolak oleh dua petugas. Semua uang kembali kepada Anda tanpa perlu diminta.",
        "Two officers have refused it. All money comes back to you without your asking.",
    ),
    "cancelled": Text(
        "Permohonan berakhir. Bila sudah dibayar, semua uang kembali tanpa perlu diminta.",
        "The application has ended. If it was paid, all money comes back without your asking.",
    ),
}

NO_MORE_DATES = Text(
    "Anda dua kali tidak datang pada jadwalnya, jadi tidak ada jadwal lain. Semua uang kembali tanpa perlu diminta.",
    "You did not come at the appointed time twice, so there is no other date. All money comes back without your asking.",
)
MONEY_BACK_ON = Text("Permohonan berakhir pada", "The application ends on")
"""For who has missed too many dates to choose another one."""

DUE_LABELS: dict[str, Text] = {
    "draft": Text("Draf disimpan sampai", "The draft is kept until"),
    "awaiting_payment": Text("Bayar paling lambat", "Pay before"),
    "expired": Text("Isian disimpan sampai", "What you filled in is kept until"),
    "manual_check": Text("Selesai paling lambat", "Done before"),
    "in_review": Text("Selesai paling lambat", "Done before"),
    "refusal_proposed": Text("Selesai paling lambat", "Done before"),
    "attended": Text("Selesai paling lambat", "Done before"),
    "needs_correction": Text("Perbaiki paling lambat", "Mend it before"),
    "appointment": Text("Datang paling lambat", "Come before"),
    "no_show": Text("Pilih jadwal baru paling lambat", "Choose another date before"),
    "retest": Text("Pilih jadwal ulang paling lambat", "Choose the date before"),
    "issued": Text("Perkara ditutup sendiri pada", "The case closes by itself on"),
}
DUE = Text("Batas waktu", "Deadline")

_WAITING_FOR_PERSON = frozenset(
    ["draft", "awaiting_payment", "needs_correction", "appointment", "no_show", "retest", "ready"]
)
_OVER = frozenset(["issued", "printed", "shipped", "handed_over", "completed"])
_LATE = frozenset(["expired", "rejected"])

FAMILIES: dict[str, Text] = {
    "stnk": Text("STNK dan kendaraan", "STNK and vehicles"),
    "sim": Text("SIM", "Driving licences (SIM)"),
    "skck": Text("SKCK", "Police record certificate (SKCK)"),
}
GROUNDS: dict[str, Text] = {
    "social": Text("Kegiatan sosial", "Social work"),
    "religious": Text("Kegiatan keagamaan", "Religious work"),
    "state_event": Text("Kegiatan kenegaraan", "An event of the state"),
    "force_majeure": Text("Keadaan kahar (bencana)", "Force majeure (a disaster)"),
    "poor": Text("Masyarakat tidak mampu", "People without means"),
    "student": Text("Pelajar atau mahasiswa", "Pupils and students"),
    "msme": Text("Usaha mikro, kecil, dan menengah", "Micro, small and medium enterprises"),
}
DELIVERIES: dict[str, Text] = {
    "digital": Text("dokumen digital", "digital document"),
    "pickup": Text("diambil di loket", "picked up at the counter"),
    "post": Text("dikirim lewat pos", "sent by post"),
}
APPOINTMENTS: dict[str, Text] = {
    "skck_fingerprints": Text("Sidik jari untuk SKCK", "Fingerprints for the SKCK"),
    "sim_test": Text("Uji SIM", "Driving test"),
    "sim_biometrics": Text("Foto dan tanda tangan SIM", "Photo and signature for the licence"),
    "vehicle_check": Text("Cek fisik kendaraan", "Check of the vehicle"),
}
MEDIA: dict[str, Text] = {
    "image/jpeg": Text("JPEG", "JPEG"),
    "image/png": Text("PNG", "PNG"),
    "image/heic": Text("HEIC (iPhone)", "HEIC (iPhone)"),
    "application/pdf": Text("PDF", "PDF"),
}
REASONS_IN_QUEUE: dict[str, Text] = {
    "booked": Text("janji temu", "appointment"),
    "helped": Text("didahulukan", "helped first"),
    "back": Text("dipanggil lagi", "called again"),
    "late": Text("janji temu, terlambat", "appointment, late"),
    "arrival": Text("urutan datang", "by arrival"),
}


def state_colour(state: str) -> str:
    """The colour of a state's tag: yellow asks the applicant to act, red has lapsed or was refused, green is done."""
    if state in _LATE:
        return "red"
    if state in _WAITING_FOR_PERSON:
        return "yellow"
    if state == "cancelled":
        return "grey"
    return "green" if state in _OVER else "blue"


def family_name(family: str) -> Text:
    """How a family of services is headed; one that nobody has put into words shows as itself."""
    return FAMILIES.get(family) or Text(family.replace("_", " ").title(), family.replace("_", " ").title())
