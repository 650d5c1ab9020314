"""What applications refuse, in words for the person who asked."""

from app.core.problems import ProblemType
from app.core.texts import Text

APPLICATION_NOT_FOUND = ProblemType(
    "applications-not-found",
    404,
    Text("Permohonan tidak ditemukan", "Application not found"),
    Text("Permohonan ini tidak ada, atau bukan milik Anda.", "There is no such application, or it is not yours."),
)
IDENTITY_NEEDED = ProblemType(
    "applications-identity-needed",
    403,
    Text("NIK belum dikonfirmasi", "Your NIK is not confirmed yet"),
    Text(
        "Konfirmasikan NIK akun ini dahulu (Akun saya, Konfirmasi NIK), lalu mulai permohonan.",
        "Confirm the NIK of this account first (My account, Confirm NIK), then begin the application.",
    ),
)
NOT_OFFERED = ProblemType(
    "applications-not-offered",
    409,
    Text("Layanan belum tersedia di kesatuan ini", "This unit does not offer the service"),
    Text(
        "{unit} belum melayani layanan ini secara daring. Pilih kesatuan lain. {notice}",
        "{unit} does not offer this service online. Choose another unit. {notice}",
    ),
)
TOO_MANY_DRAFTS = ProblemType(
    "applications-too-many-drafts",
    409,
    Text("Terlalu banyak draf", "Too many drafts"),
    Text(
        "Anda sudah punya {limit} draf. Lanjutkan atau batalkan salah satu.",
        "You have {limit} drafts already. Go on with one of them, or cancel one.",
    ),
)
LIKELY_DUPLICATE = ProblemType(
    "applications-likely-duplicate",
    409,
    Text("Permohonan serupa sedang berjalan", "A similar application is under way"),
    Text(
        "Permohonan {reference} untuk hal yang sama sedang berjalan. Lanjutkan yang itu; bila memang perlu yang kedua, kirim lagi "
        "dengan confirm_duplicate.",
        "Application {reference} about the same thing is under way. Go on with that one; if you do want a second one, send it "
        "again with confirm_duplicate.",
    ),
)
FORM_INVALID = ProblemType(
    "applications-form-invalid",
    422,
    Text("Isian belum benar", "The form is not right yet"),
    Text(
        "Perbaiki isian yang disebut di bawah. Yang lain tetap tersimpan.",
        "Mend the fields named below. Everything else is kept.",
    ),
)
INCOMPLETE = ProblemType(
    "applications-incomplete",
    422,
    Text("Belum lengkap", "Not complete yet"),
    Text(
        "Lengkapi isian dan berkas yang disebut di bawah. Semua yang sudah diisi tersimpan.",
        "Complete the fields and papers named below. Everything that you gave is kept.",
    ),
)
NOT_ELIGIBLE = ProblemType(
    "applications-not-eligible",
    422,
    Text("Belum memenuhi syarat", "A condition is not met"),
    Text(
        "Permohonan ini akan ditolak, jadi belum ada yang perlu dibayar. {why}",
        "This application would be refused, so there is nothing to pay yet. {why}",
    ),
)
MENDED_PRICE = ProblemType(
    "applications-mended-price",
    422,
    Text("Jawaban ini mengubah biaya", "This answer changes the price"),
    Text(
        "Dengan jawaban itu biayanya lain dari yang sudah dibayar. Kembalikan jawabannya, atau tulis pesan kepada petugas: bila "
        "permohonan ini memang salah, petugas menolaknya dan semua uang kembali.",
        "With this answer it would cost something else than was paid. Take the answer back, or write to the officer: if this "
        "application is wrong, the officer refuses it and all money goes back.",
    ),
)
NOTHING_DOWN = ProblemType(
    "applications-nothing-to-check",
    409,
    Text("Tidak perlu diperiksa petugas", "Nothing for an officer to check"),
    Text("Semua data rujukan menjawab dan sesuai.", "Every register answers and agrees."),
)
REGISTER_DISAGREES = ProblemType(
    "applications-register-disagrees",
    409,
    Text("Data rujukan belum sesuai", "A register does not agree"),
    Text(
        "Data rujukan menyatakan lain. Mintakan perbaikannya kepada pemilik data: permohonan lalu diteruskan sendiri. Bila data "
        "itu benar, kembalikan kepada pemohon.",
        "A register says otherwise. Have its owner mend it: the application then goes on by itself. If the register is right, hand "
        "the application back.",
    ),
)
PRICE_UNKNOWN = ProblemType(
    "applications-price-unknown",
    409,
    Text("Biaya belum diketahui", "The price is not known yet"),
    Text(
        "Data rujukan yang menentukan biaya belum menjawab. Permohonan diteruskan sendiri begitu data itu terjangkau lagi.",
        "A register that decides the price does not answer. The application goes on by itself as soon as it does.",
    ),
)
SLOT_NEEDED = ProblemType(
    "applications-slot-needed",
    422,
    Text("Pilih jadwal dahulu", "Choose a date first"),
    Text(
        "Layanan ini perlu Anda datang. Pilih hari dan jam sebelum mengajukan; tempatnya ditahan sampai batas bayar.",
        "This service needs you to come. Choose day and time before you submit; the place is held until the bill ends.",
    ),
)
SLOT_ELSEWHERE = ProblemType(
    "applications-slot-elsewhere",
    422,
    Text("Jadwal di kesatuan lain", "The appointment is at another unit"),
    Text(
        "Keperluan Anda diputus kesatuan lain, jadi Anda datang ke {unit}. Pilih lagi hari dan jam di sana; tempat yang lama "
        "lalu dilepas.",
        "Your purpose is decided by another unit, so you come to {unit}. Choose day and time there; the old place is let go "
        "then.",
    ),
)
NOT_OPEN = ProblemType(
    "applications-not-open",
    409,
    Text("Tidak dapat diubah sekarang", "It cannot be changed now"),
    Text(
        "Permohonan dalam keadaan {state} hanya dapat diubah pada bagian yang diminta petugas.",
        "An application that is {state} can only be changed where the officer asked for it.",
    ),
)
CHANGED_MEANWHILE = ProblemType(
    "applications-changed-meanwhile",
    412,
    Text("Sudah berubah di tempat lain", "It was changed elsewhere meanwhile"),
    Text(
        "Permohonan ini sudah diubah dari tab atau perangkat lain (versi {version}). Muat ulang; yang tersimpan tidak hilang.",
        "This application was changed in another tab or device (version {version}). Load it again; nothing stored is lost.",
    ),
)
VERSION_NEEDED = ProblemType(
    "applications-version-needed",
    428,
    Text("If-Match diperlukan", "If-Match is needed"),
    Text(
        "Kirim ETag dari permohonan yang Anda lihat di header If-Match.",
        "Send the ETag of the application that you saw in the header If-Match.",
    ),
)
DOCUMENT_UNKNOWN = ProblemType(
    "applications-document-unknown",
    404,
    Text("Berkas tidak dikenal", "Unknown document"),
    Text("Layanan ini tidak meminta berkas {name}.", "This service does not ask for a document {name}."),
)
DOCUMENT_REFUSED = ProblemType(
    "applications-document-refused",
    422,
    Text("Berkas belum dapat diterima", "The document cannot be taken"),
    Text("{why}", "{why}"),
)
DOCUMENT_NOT_GIVEN = ProblemType(
    "applications-document-not-given",
    404,
    Text("Berkas belum ada", "There is no such document yet"),
    Text("Berkas {name} belum diserahkan.", "The document {name} has not been handed in."),
)
NO_RECEIPT = ProblemType(
    "applications-no-receipt",
    404,
    Text("Belum ada bukti pembayaran", "There is no receipt yet"),
    Text(
        "Bukti pembayaran tersedia setelah bank memberitahukan pembayaran.",
        "The receipt is there once the bank has told us of the payment.",
    ),
)
NO_BILL = ProblemType(
    "applications-no-bill",
    404,
    Text("Belum ada tagihan", "There is no bill yet"),
    Text(
        "Tagihan dibuat setelah permohonan diajukan dan lolos pemeriksaan.",
        "A bill is made once the application is submitted and has passed the checks.",
    ),
)
MARKS_OPEN = ProblemType(
    "applications-marks-open",
    409,
    Text("Masih ada yang ditandai", "Something is marked still"),
    Text("Selesaikan atau cabut tanda pada {pointers}.", "Settle or withdraw the marks on {pointers}."),
)
MARKS_NEEDED = ProblemType(
    "applications-marks-needed",
    422,
    Text("Tandai yang harus diperbaiki", "Mark what is to be mended"),
    Text(
        "Tandai isian atau berkas yang harus diperbaiki, masing-masing dengan alasan dari daftar.",
        "Mark the fields or papers to be mended, each with a reason from the list.",
    ),
)
MARK_UNKNOWN = ProblemType(
    "applications-mark-unknown",
    422,
    Text("Tanda tidak dikenal", "Unknown mark"),
    Text(
        "{pointer} bukan isian atau berkas layanan ini, atau {code} bukan alasan dari daftar.",
        "{pointer} is no field or paper of this service, or {code} is no reason from the list.",
    ),
)
NOT_MENDED = ProblemType(
    "applications-not-mended",
    422,
    Text("Belum semua diperbaiki", "Not everything is mended"),
    Text("Perbaiki dahulu: {pointers}.", "Mend first: {pointers}."),
)
REFUSAL_CODE_NEEDED = ProblemType(
    "applications-refusal-code-needed",
    422,
    Text("Sebutkan kode alasan", "Name the reason's code"),
    Text("Pilih alasan penolakan dari daftar: {codes}.", "Choose the reason for refusing from the list: {codes}."),
)
REVIEW_BEGUN = ProblemType(
    "applications-review-begun",
    409,
    Text("Petugas sudah memeriksa", "An officer has begun"),
    Text(
        "Permohonan sudah dibuka petugas, jadi tidak dapat dibatalkan sendiri. Tulis pesan kepada petugas.",
        "An officer has opened it already, so it cannot be cancelled by yourself. Write to the officer.",
    ),
)
PRESENCE = ProblemType(
    "applications-presence",
    409,
    Text("Kehadiran belum sesuai", "Attendance does not fit"),
    Text(
        "Layanan ini memerlukan kedatangan sebelum disetujui, atau justru tidak memerlukannya.",
        "This service needs the person to come before it is approved, or does not need it at all.",
    ),
)
NOT_EXEMPTED = ProblemType(
    "applications-not-exempted",
    409,
    Text("Tidak ada pembebasan biaya", "No exemption was claimed"),
    Text("Permohonan ini membayar biaya penuh.", "This application pays the full fee."),
)
NO_RETEST = ProblemType(
    "applications-no-retest",
    409,
    Text("Kesempatan uji habis", "No further test"),
    Text("Layanan ini tidak memberi uji ulang lagi.", "This service gives no further test."),
)
NOT_REBOOKABLE = ProblemType(
    "applications-not-rebookable",
    409,
    Text("Jadwal tidak dapat diganti", "No other date"),
    Text(
        "Pilih jadwal baru dahulu, tidak sebelum {after}; jadwal yang ditinggalkan hanya dapat diganti sekali.",
        "Choose a new date first, not before {after}; a date that was not kept can be replaced once.",
    ),
)
NOBODY_ELSE = ProblemType(
    "applications-nobody-else",
    409,
    Text("Tidak ada petugas lain", "There is no other officer"),
    Text(
        "Tidak ada petugas lain di kesatuan ini yang dapat diundi sekarang. Sampaikan kepada atasan Anda.",
        "No other officer of this unit can be drawn now. Tell your superior.",
    ),
)
ONE_LOT = ProblemType(
    "applications-one-lot",
    409,
    Text("Sudah ikut undian", "You take part already"),
    Text(
        "Permohonan {reference} milik orang yang sama sudah ikut undian hari itu untuk urusan yang sama. Satu urusan satu undian.",
        "Application {reference} of the same person takes part in that day's draw for the same thing. One thing, one lot.",
    ),
)
ONE_PLACE = ProblemType(
    "applications-one-place",
    409,
    Text("Satu draf satu tempat", "One draft, one place"),
    Text(
        "Permohonan {reference} milik orang yang sama sudah menahan, menunggu, atau meminta tempat seperti ini. Ajukan yang itu dahulu, atau "
        "lepaskan tempatnya; setelah itu permohonan ini bisa memilih.",
        "Application {reference} of the same person holds, waits for or asks for a place like this already. Hand that one in first, or "
        "let its place go; then this one can choose.",
    ),
)
ENOUGH_PLACES = ProblemType(
    "applications-enough-places",
    409,
    Text("Tempat yang belum pasti sudah cukup banyak", "Enough places that are not firm yet"),
    Text(
        "Permohonan milik orang yang sama sudah menahan, menunggu, atau meminta {limit} tempat seperti ini yang belum dibayar. Bayar dahulu, "
        "atau lepaskan salah satunya.",
        "Applications of the same person hold, wait for or ask for {limit} places like this that nobody has paid for yet. Pay first, or "
        "let one of them go.",
    ),
)
DAY_NOT_OVER = ProblemType(
    "applications-day-not-over",
    409,
    Text("Harinya belum lewat", "The day is not over"),
    Text(
        "Bahwa pemohon tidak datang baru dapat dicatat setelah hari jadwalnya lewat.",
        "That the applicant did not come can be noted once the day of the appointment is over.",
    ),
)
NOTHING_TO_PRINT = ProblemType(
    "applications-nothing-to-print",
    409,
    Text("Tidak ada yang dicetak", "Nothing to print"),
    Text("Layanan ini hanya menerbitkan dokumen digital.", "This service issues a digital document only."),
)
COSTS_NOTHING = ProblemType(
    "applications-costs",
    409,
    Text("Biaya tidak sesuai", "The price does not fit"),
    Text("Langkah ini bergantung pada ada tidaknya biaya.", "This step depends on whether there is something to pay."),
)
EXEMPTION_UNKNOWN = ProblemType(
    "applications-exemption-unknown",
    422,
    Text("Alasan pembebasan tidak dikenal", "Unknown ground of exemption"),
    Text("Layanan ini mengenal alasan: {grounds}.", "This service knows the grounds: {grounds}."),
)
MESSAGE_EMPTY = ProblemType(
    "applications-message-empty",
    422,
    Text("Pesan kosong", "The message is empty"),
    Text(
        "Tulis pesan paling banyak {limit} huruf, atau lampirkan berkas.",
        "Write up to {limit} characters, or attach a file.",
    ),
)
MESSAGES_CLOSED = ProblemType(
    "applications-messages-closed",
    409,
    Text("Percakapan sudah ditutup", "The conversation is closed"),
    Text("Permohonan ini sudah selesai.", "This application has ended."),
)
PURPOSE_NEEDED = ProblemType(
    "applications-purpose-needed",
    403,
    Text("Sebutkan keperluannya", "Say what for"),
    Text(
        "Anda tidak punya tugas pada permohonan ini. Sebutkan keperluan (purpose); pemohon membacanya.",
        "You have no work on this application. State a purpose; the applicant reads it.",
    ),
)
PROOF_NOT_READY = ProblemType(
    "applications-proof-not-ready",
    503,
    Text("Bukti sedang dibuat", "The proof is being made"),
    Text(
        "Peristiwa ini sedang dimasukkan ke log. Coba lagi dalam {retry_after} detik.",
        "This event is being added to the log. Try again in {retry_after} seconds.",
    ),
)
NO_DOCUMENT = ProblemType(
    "applications-no-document",
    404,
    Text("Dokumen belum terbit", "Nothing is issued yet"),
    Text("Dokumen belum terbit, atau sedang ditandatangani.", "The document is not issued yet, or is being signed."),
)
APPLICANTS_STEP = ProblemType(
    "applications-applicants-step",
    403,
    Text("Langkah ini milik pemohon", "This step is the applicant's"),
    Text(
        "Hanya pemohon yang dapat melakukannya. Untuk membantunya, minta kode persetujuan pemohon.",
        "Only the applicant can do it. To help, ask for the applicant's consent code.",
    ),
)
PERSON_UNKNOWN = ProblemType(
    "applications-person-unknown",
    422,
    Text("Data kependudukan tidak cocok", "The population register does not agree"),
    Text(
        "NIK, tanggal lahir, dan nomor KK tidak cocok satu sama lain. Periksa KTP dan KK.",
        "NIK, date of birth and family card number do not belong together. Check the KTP and the family card.",
    ),
)
NOT_HELPED_HERE = ProblemType(
    "applications-not-helped-here",
    403,
    Text("Pemohon belum minta dibantu di sini", "The applicant has not asked for help here"),
    Text(
        "Minta kode persetujuan pemohon untuk langkah help, lalu lanjutkan isiannya.",
        "Ask for the applicant's consent code for the step help, then go on with the form.",
    ),
)
NOT_FAMILY = ProblemType(
    "applications-not-family",
    422,
    Text("Bukan anggota kartu keluarga yang sama", "Not of the same family card"),
    Text(
        "Anda hanya dapat mengajukan untuk anggota kartu keluarga (KK) Anda sendiri.",
        "You can apply only for members of your own family card (KK).",
    ),
)
NOT_OF_AGE = ProblemType(
    "applications-not-of-age",
    422,
    Text("Belum cukup umur untuk mewakili", "Too young to apply for others"),
    Text(
        "Untuk anggota keluarga hanya orang berumur 17 tahun ke atas dapat mengajukan. Minta orang dewasa di KK Anda.",
        "Only somebody of 17 or more can apply for a member of the family. Ask an adult of your family card.",
    ),
)
CHASSIS_TAKEN = ProblemType(
    "applications-chassis-taken",
    409,
    Text("Kendaraan itu sudah didaftarkan lewat permohonan lain", "That vehicle was registered by another application"),
    Text(
        "Permohonan {reference} untuk nomor rangka yang sama sudah disetujui. Periksa nomornya di faktur: jika salah ketik, kembalikan "
        "untuk diperbaiki; jika tidak, usulkan penolakan.",
        "Application {reference} for the same chassis number was approved. Look at the number on the invoice: where it was mistyped, give "
        "it back to be mended; else propose a refusal.",
    ),
)
NOT_GUARDIAN = ProblemType(
    "applications-not-guardian",
    422,
    Text("Bukan orang tua atau wali yang tercatat", "Not a registered parent or guardian"),
    Text(
        "Untuk anak di bawah 17 tahun hanya ayah, ibu, atau wali yang tercatat di Dukcapil dapat mengajukan. Minta orang tua atau "
        "wali anak itu mengajukan dengan akunnya. Jika data Dukcapil belum benar, datang ke loket dengan KK dan akta kelahiran "
        "atau penetapan wali.",
        "For a child under 17 only the father, mother or guardian whom Dukcapil has on record can apply. Ask the child's parent or "
        "guardian to apply with their account. If Dukcapil's record is not right, come to a counter with the family card and the "
        "birth certificate or the guardianship ruling.",
    ),
)
FAMILY_CONSENT_NEEDED = ProblemType(
    "applications-family-consent-needed",
    422,
    Text("Persetujuan anggota keluarga diperlukan", "The family member's consent is needed"),
    Text(
        "Anggota keluarga berumur 17 tahun ke atas menyetujui sendiri. Kirim kode ke HP-nya (POST /v1/applications/family-consents), "
        "lalu sertakan kode yang ia berikan (family_member.consent). Draf dari sebelum ia berumur 17 tahun tidak dapat dilanjutkan: "
        "buat permohonan baru.",
        "A member of the family of 17 or more agrees in person. Send a code to their phone (POST "
        "/v1/applications/family-consents), then send along the code that they give you (family_member.consent). A draft from before they "
        "were 17 cannot go on: begin a new application.",
    ),
)
FAMILY_UNREACHABLE = ProblemType(
    "applications-family-unreachable",
    409,
    Text("Tidak ada HP atau surel anggota keluarga di Dukcapil", "Dukcapil has no phone or e-mail of this person"),
    Text(
        "Kode persetujuan tidak dapat dikirim. Ia dapat mengajukan dengan akunnya sendiri, atau di loket dengan formulir yang "
        "ditandatanganinya.",
        "No consent code can be sent. They can apply with an account of their own, or at a counter with a form that they sign.",
    ),
)
