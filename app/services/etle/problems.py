"""What the ticket refuses, in words for the person who asked."""

from app.core.problems import ProblemType
from app.core.texts import Text

TICKET_NOT_FOUND = ProblemType(
    "etle-ticket-not-found",
    404,
    Text("Perkara tidak ditemukan", "Ticket not found"),
    Text("Perkara ini tidak ada, atau bukan milik Anda.", "There is no such ticket, or it is not yours."),
)
NOT_EXEMPT = ProblemType(
    "etle-not-exempt",
    409,
    Text("Tidak termasuk pengecualian", "Not exempt"),
    Text("Kendaraan ini tidak dikecualikan untuk pelanggaran ini.", "This vehicle is not exempt from this violation."),
)
REGISTRY_MISMATCH = ProblemType(
    "etle-registry-mismatch",
    409,
    Text("Kendaraan belum cocok dengan data registrasi", "The vehicle does not match the registry"),
    Text(
        "Verifikasi hanya bila kendaraan pada foto ada dan cocok dengan data registrasi; bila mesin salah baca, kirim "
        "pelat (plate) yang benar. Bila tidak cocok, laporkan dugaan pelat palsu.",
        "Verify only where the vehicle in the picture is in the registry and matches it; if the machine misread it, send "
        "the right plate. If it does not match, report a suspected false plate.",
    ),
)
PLATE_UNKNOWN = ProblemType(
    "etle-plate-unknown",
    422,
    Text("Pelat nomor tidak ada di data registrasi", "The plate is not in the registry"),
    Text(
        "Tidak ada kendaraan terdaftar dengan pelat {plate}. Periksa hurufnya.",
        "No vehicle is registered with plate {plate}. Check the letters.",
    ),
)
QUOTA_REACHED = ProblemType(
    "etle-dispatch-quota-reached",
    409,
    Text("Kuota surat hari ini habis", "Today's letter quota is used up"),
    Text(
        "Polda {polda} sudah mengirim {sent} surat hari ini; sisanya besok, yang terlama lebih dahulu.",
        "Polda {polda} has sent {sent} letters today; the rest goes tomorrow, oldest first.",
    ),
)
SECOND_LOOK_WANTED = ProblemType(
    "etle-second-look-wanted",
    409,
    Text("Perlu petugas kedua", "A second officer is needed"),
    Text(
        "Pembacaan pelat meragukan; petugas kedua harus sependapat sebelum surat dikirim.",
        "The reading is doubtful; a second officer must agree before the letter leaves.",
    ),
)
ASKED_SOMEBODY_ELSE = ProblemType(
    "etle-asked-somebody-else",
    409,
    Text("Pertanyaan ini sudah dialihkan kepada pembeli", "The buyer has been asked instead"),
    Text(
        "Pemilik menyatakan kendaraan sudah dijual, jadi surat konfirmasi dikirim kepada pembelinya. Yang dapat menjawab hanya "
        "pembeli, dengan nomor referensi pada suratnya.",
        "The owner said that the vehicle was sold, so the letter went to the buyer. Only the buyer can answer, with the "
        "reference on that letter.",
    ),
)
ANSWER_INCOMPLETE = ProblemType(
    "etle-answer-incomplete",
    422,
    Text("Jawaban belum lengkap", "The answer is not complete"),
    Text("Lengkapi: {missing}.", "Please add: {missing}."),
)
NOT_AT_COUNTER = ProblemType(
    "etle-not-at-counter",
    409,
    Text("Bukan langkah loket", "Nothing that a counter can do"),
    Text(
        "Langkah {action} tidak dapat dilakukan di loket pada keadaan perkara ini. Yang dapat: {allowed}.",
        "The step {action} cannot be taken at a counter as the case stands. What can: {allowed}.",
    ),
)
ATTACHMENT_UNKNOWN = ProblemType(
    "etle-attachment-unknown",
    422,
    Text("Lampiran tidak dikenal", "Unknown attachment"),
    Text("Unggah lampiran lebih dahulu, lalu sebutkan id-nya.", "Upload the attachment first, then name its id."),
)
TOO_MANY_ATTACHMENTS = ProblemType(
    "etle-too-many-attachments",
    409,
    Text("Lampiran terlalu banyak", "Too many attachments"),
    Text("Paling banyak {limit} lampiran untuk satu perkara.", "At most {limit} attachments for one case."),
)
NOT_DELIVERED = ProblemType(
    "etle-delivery-not-proven",
    409,
    Text("Penyampaian surat belum terbukti", "Delivery is not proven"),
    Text(
        "Waktu pemilik baru berjalan setelah surat terbukti sampai.", "The owner's time runs only from proven delivery."
    ),
)
SILENCE_IS_NOT_ADMISSION = ProblemType(
    "etle-silence-is-not-admission",
    409,
    Text("Diam bukan pengakuan", "Silence is not admission"),
    Text(
        "Kebijakan Polda ini tidak menganggap diam sebagai pengakuan, atau waktunya belum tiba.",
        "This Polda's policy does not take silence for admission, or it is too early.",
    ),
)
VERDICT_MISSING = ProblemType(
    "etle-verdict-missing",
    409,
    Text("Putusan belum dicatat", "No verdict on record"),
    Text(
        "Catat denda dan biaya perkara dari putusan lebih dahulu.",
        "Enter the fine and the court cost of the verdict first.",
    ),
)
VERDICT_DIFFERS = ProblemType(
    "etle-verdict-differs",
    409,
    Text("Putusan tidak cocok dengan titipan", "The verdict leads elsewhere"),
    Text("Hitungan titipan dan putusan tidak sesuai langkah ini.", "Deposit and verdict do not lead to this step."),
)
VERDICT_FILE_NOT_FOUND = ProblemType(
    "etle-verdict-file-not-found",
    404,
    Text("Berkas putusan tidak ditemukan", "No such file of verdicts"),
    Text("Berkas ini tidak ada, atau bukan milik kesatuan Anda.", "There is no such file, or it is not your unit's."),
)
VERDICT_FILE_FAULTY = ProblemType(
    "etle-verdict-file-faulty",
    409,
    Text("Berkas putusan masih salah", "The file of verdicts has faults"),
    Text(
        "Tidak ada yang dicatat dari berkas yang salah. Perbaiki barisnya lalu kirim lagi.",
        "Nothing is entered from a file with faults. Mend its lines and send it again.",
    ),
)
NO_BILL = ProblemType(
    "etle-no-bill",
    404,
    Text("Belum ada tagihan", "There is no bill yet"),
    Text("Tagihan dibuat setelah tilang diterbitkan.", "The bill is made when the ticket is issued."),
)
BILL_NOT_LAPSED = ProblemType(
    "etle-bill-not-lapsed",
    409,
    Text("Tidak perlu nomor pembayaran baru", "No new payment number is needed"),
    Text(
        "Hanya tagihan yang waktunya lewat yang diganti. Tagihan ini masih bisa dibayar, sudah lunas, atau dibatalkan.",
        "Only a bill whose time is over is replaced. This one can still be paid, is paid, or was cancelled.",
    ),
)
NO_RECEIPT = ProblemType(
    "etle-no-receipt",
    404,
    Text("Belum ada bukti pembayaran", "There is no receipt yet"),
    Text(
        "Bukti pembayaran tersedia setelah bank memberitahukan pembayaran.",
        "The receipt is there once the bank has told us of the payment.",
    ),
)
NO_LETTER = ProblemType(
    "etle-no-letter",
    404,
    Text("Belum ada surat", "There is no letter yet"),
    Text("Surat konfirmasi belum dikirim.", "The confirmation letter has not been sent."),
)
PROOF_NOT_READY = ProblemType(
    "etle-proof-not-ready",
    503,
    Text("Bukti sedang dibuat", "The proof is being made"),
    Text(
        "Peristiwa ini sedang dimasukkan ke log. Coba lagi dalam {retry_after} detik.",
        "This event is being added to the log. Try again in {retry_after} seconds.",
    ),
)
BLOCK_NOT_FOUND = ProblemType(
    "etle-block-not-found",
    404,
    Text("Usulan blokir tidak ditemukan", "No such block proposal"),
    Text("Usulan ini tidak ada atau sudah diputuskan.", "There is no such proposal, or it was decided already."),
)
ORIGINAL_NOT_YOURS = ProblemType(
    "etle-original-not-yours",
    403,
    Text("Foto asli bukan untuk Anda", "The original is not for you to open"),
    Text(
        "Foto asli dibuka hanya oleh petugas yang memeriksa perkara ini; permintaan pengadilan dan pemilik oleh penyidik.",
        "Only those who judge this case open its originals; for a court or the owner, a senior officer does.",
    ),
)
ORIGINAL_MISSING = ProblemType(
    "etle-original-missing",
    404,
    Text("Foto asli tidak tersedia", "The original is not available"),
    Text(
        "Waktu membukanya sudah lewat, atau foto sudah dihapus menurut kebijakan. Bila perlu, buka lagi dari halaman perkara.",
        "The time to look at it has ended, or it was deleted by policy. Open it again from the case if you need it.",
    ),
)
EVIDENCE_MISSING = ProblemType(
    "etle-evidence-missing",
    404,
    Text("Gambar tidak tersedia", "The picture is not available"),
    Text(
        "Tautan sudah tidak berlaku, atau foto sudah dihapus menurut kebijakan. Buka halaman perkara lagi untuk melihatnya.",
        "The link is no longer good, or the picture was deleted by policy. Open the ticket again to see which.",
    ),
)
UNKNOWN_VIOLATION = ProblemType(
    "etle-violation-unknown",
    422,
    Text("Kode pelanggaran tidak dikenal", "Unknown violation code"),
    Text(
        "Kode {code} tidak ada. Daftar kode: GET /v1/violations.",
        "There is no code {code}. The codes: GET /v1/violations.",
    ),
)
PURPOSE_NEEDED = ProblemType(
    "etle-purpose-needed",
    422,
    Text("Sebutkan tujuan", "Say what for"),
    Text(
        "Anda tidak sedang bertugas pada perkara ini. Sebutkan tujuan membukanya (purpose); pemilik perkara akan membacanya.",
        "You have no work on this case. Say what you open it for (purpose); the citizen will read it.",
    ),
)
NOT_UNDELIVERED = ProblemType(
    "etle-not-undelivered",
    409,
    Text("Surat tidak berstatus gagal sampai", "The letter is not undelivered"),
    Text(
        "Alamat hanya diperbaiki untuk surat yang tidak sampai.",
        "An address is corrected only for a letter that did not arrive.",
    ),
)
ADDRESS_MISSING = ProblemType(
    "etle-address-missing",
    422,
    Text("Alamat belum diisi", "No address given"),
    Text("Isi alamat atau nomor telepon yang baru.", "Give a new address or phone number."),
)

NOT_YOUR_REFUND = ProblemType(
    "etle-not-your-refund",
    403,
    Text("Pengembalian untuk orang lain", "The refund is another person's"),
    Text(
        "Uang ini dikembalikan kepada orang yang dituju perkara ini. Rekening hanya dapat diberikan orang itu.",
        "This money goes to the person to whom the case is addressed. Only that person can give an account.",
    ),
)
PAYOUT_UNDER_WAY = ProblemType(
    "etle-payout-under-way",
    409,
    Text("Pengembalian sedang dibayarkan", "The refund is on its way"),
    Text(
        "Pengembalian perkara ini ada dalam perintah bayar; tunggu hasilnya, atau tarik dahulu perintah itu.",
        "A payment order has this case's refund; wait for what becomes of it, or withdraw that order first.",
    ),
)
CASH_NOT_NOTED = ProblemType(
    "etle-cash-not-noted",
    409,
    Text("Pengembalian tunai belum dicatat", "The refund in cash is not noted"),
    Text(
        "Seorang petugas kejaksaan mencatat pengembalian tunai lebih dahulu; petugas lain memastikannya.",
        "One clerk of the prosecutor's office notes a refund in cash first; another one confirms it.",
    ),
)
CAMERA_LINE_FULL = ProblemType(
    "etle-camera-line-full",
    429,
    Text("Antrean kamera ini penuh", "This camera's line is full"),
    Text(
        "{most} tangkapan kamera ini masih menunggu dibaca. Simpan, lalu kirim lagi setelah {retry_after} detik.",
        "{most} captures of this camera still wait to be read. Keep this one and send it again in {retry_after} seconds.",
    ),
)
LINE_FULL = ProblemType(
    "etle-line-full",
    503,
    Text("Antrean bacaan penuh", "The line is full"),
    Text(
        "Terlalu banyak tangkapan menunggu dibaca. Simpan, lalu kirim lagi setelah {retry_after} detik.",
        "Too many captures wait to be read. Keep this one and send it again in {retry_after} seconds.",
    ),
)
NOT_DEAD = ProblemType(
    "etle-reading-not-dead",
    404,
    Text("Tidak ada bacaan yang terhenti", "No such reading has stopped"),
    Text(
        "Tangkapan ini tidak terhenti, sudah dibaca ulang, atau bukan milik Polda Anda. Muat ulang daftarnya.",
        "This capture has not stopped, is being read again, or is not your Polda's. Load the list again.",
    ),
)
SECTION_NOT_FOUND = ProblemType(
    "etle-section-not-found",
    404,
    Text("Ruas tidak ditemukan", "No such section"),
    Text(
        "Ruas ini tidak ada, sudah ditutup, atau bukan milik Polda Anda.",
        "There is no such section, it is closed, or it is not your Polda's.",
    ),
)
SECTION_IS_OPEN = ProblemType(
    "etle-section-is-open",
    409,
    Text("Ruas ini sudah ada", "This section is there already"),
    Text(
        "Di antara kedua kamera ini sudah ada ruas yang berlaku; tutup dahulu, lalu masukkan yang baru.",
        "A section between these two cameras is open; close it first, then enter the new one.",
    ),
)
SECTION_FOUR_EYES = ProblemType(
    "etle-section-four-eyes",
    409,
    Text("Perlu orang kedua", "A second person is needed"),
    Text(
        "Anda yang memasukkan ruas ini; panjang dan batasnya disahkan orang lain.",
        "You entered this section; somebody else confirms its length and limit.",
    ),
)
NO_SECOND_LOOK = ProblemType(
    "etle-no-second-look",
    404,
    Text("Tidak ada pemeriksaan ulang", "No second look is wanted"),
    Text(
        "Perkara ini tidak sedang diperiksa ulang, atau Anda yang dahulu memverifikasinya.",
        "This case is not being looked at again, or you are the one who verified it.",
    ),
)
SHIELD_NOT_YOURS = ProblemType(
    "etle-shield-not-yours",
    422,
    Text("Kendaraan tidak dapat didaftarkan", "The vehicle cannot be registered"),
    Text(
        "Hanya pemilik yang tercatat di STNK dapat mendaftarkannya. Periksa pelatnya, dan hubungkan akun dengan NIK Anda.",
        "Only the owner on the STNK can register it. Check the plate, and bind your account to your NIK.",
    ),
)
SHIELD_NOT_FOUND = ProblemType(
    "etle-shield-not-found",
    404,
    Text("Perisai pelat tidak ditemukan", "No such plate shield"),
    Text("Perisai ini tidak ada atau sudah dicabut.", "There is no such shield, or it was withdrawn."),
)
SHIELD_NOT_COMPARED = ProblemType(
    "etle-shield-not-compared",
    409,
    Text("Bandingkan dengan kendaraan pemilik", "Compare with the owner's vehicle"),
    Text(
        "Pemilik telah mendaftarkan kendaraannya. Bandingkan warna, ciri-ciri, dan fotonya, lalu nyatakan hasilnya.",
        "The owner has registered the vehicle. Compare colour, marks and photographs, then say what you found.",
    ),
)
SHIELD_MISMATCH = ProblemType(
    "etle-shield-mismatch",
    409,
    Text("Bukan kendaraan pemilik", "Not the owner's vehicle"),
    Text(
        "Kendaraan di foto bukan milik pemilik pelat ini: laporkan dugaan pelat palsu, jangan kirim surat.",
        "The vehicle in the picture is not the plate owner's: report a suspected false plate; no letter is sent.",
    ),
)
HOLD_STANDS = ProblemType(
    "etle-hold-stands",
    409,
    Text("Bukti sudah ditahan", "The evidence is held already"),
    Text("Bukti perkara ini sudah disimpan sampai dilepas.", "The evidence of this case is kept until it is released."),
)
HOLD_NOT_FOUND = ProblemType(
    "etle-hold-not-found",
    404,
    Text("Bukti tidak ditahan", "The evidence is not held"),
    Text("Tidak ada penahanan bukti pada perkara ini.", "Nobody holds the evidence of this case."),
)
HOLD_FOUR_EYES = ProblemType(
    "etle-hold-four-eyes",
    409,
    Text("Perlu dua orang", "Two persons are needed"),
    Text(
        "Yang satu meminta pelepasan, orang lain yang memutuskan. Muat ulang perkara ini untuk melihat keadaannya.",
        "One person asks for the release and another decides. Load the case again to see how it stands.",
    ),
)
COVER_NOT_YOURS = ProblemType(
    "etle-cover-not-yours",
    403,
    Text("Bukan perkara Anda", "Not your case"),
    Text(
        "Hanya petugas yang memeriksa perkara ini, atau perwira unitnya, dapat menyamarkan bagian fotonya.",
        "Only the officer who reviews this case, or a senior officer of its unit, can cover parts of its pictures.",
    ),
)
COVERED_MEANWHILE = ProblemType(
    "etle-covered-meanwhile",
    409,
    Text("Foto baru saja disamarkan", "The picture was covered just now"),
    Text("Salinan foto sedang dibuat ulang; coba lagi.", "The copy of the picture is being made anew; try again."),
)
COVERS_ENOUGH = ProblemType(
    "etle-covers-enough",
    409,
    Text("Terlalu banyak bidang", "Too many areas"),
    Text(
        "Paling banyak dua puluh bidang pada satu foto; hapus dahulu, lalu samarkan dengan bidang yang lebih besar.",
        "At most twenty areas in one picture; take them back first, and cover with larger ones.",
    ),
)
