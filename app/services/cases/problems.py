"""What the engine refuses."""

from app.core.problems import ProblemType
from app.core.texts import Text

CASE_NOT_FOUND = ProblemType(
    "cases-not-found",
    404,
    Text("Perkara tidak ditemukan", "Case not found"),
    Text(
        "Perkara ini tidak ada, atau bukan milik Anda. Periksa nomor referensinya.",
        "There is no such case, or it is not yours. Check the reference.",
    ),
)
MOVE_NOT_ALLOWED = ProblemType(
    "cases-move-not-allowed",
    409,
    Text("Tindakan ini tidak berlaku sekarang", "This action does not apply now"),
    Text(
        "Perkara berstatus '{state}'. Tindakan yang dapat Anda lakukan: {allowed}.",
        "The case is in state '{state}'. What you can do: {allowed}.",
    ),
)
CHANGED_MEANWHILE = ProblemType(
    "cases-changed-meanwhile",
    409,
    Text("Perkara berubah sementara itu", "The case changed meanwhile"),
    Text(
        "Perkara sudah berubah sejak Anda membukanya ({changes}). Muat ulang, lalu putuskan lagi.",
        "The case has changed since you opened it ({changes}). Load it again, then decide.",
    ),
)
NOT_YOUR_ROLE = ProblemType(
    "cases-not-your-role",
    403,
    Text("Bukan wewenang Anda", "Not yours to do"),
    Text(
        "Peran atau kesatuan Anda tidak berwenang melakukan tindakan ini pada perkara ini.",
        "Your role or unit may not do this to this case.",
    ),
)
NOT_ASSIGNED = ProblemType(
    "cases-not-assigned-to-you",
    403,
    Text("Perkara ini diundi untuk petugas lain", "This case was drawn for another officer"),
    Text(
        "Hanya petugas yang terpilih dalam undian yang dapat melakukannya. Buka daftar tugas Anda.",
        "Only the officer who was drawn may do this. Open your own list of work.",
    ),
)
FOUR_EYES = ProblemType(
    "cases-four-eyes",
    403,
    Text("Harus petugas lain", "Another officer must do this"),
    Text(
        "Anda telah melakukan langkah sebelumnya pada perkara ini; keputusan ini harus diambil petugas lain.",
        "You took an earlier step in this case; somebody else must take this decision.",
    ),
)
REASON_NEEDED = ProblemType(
    "cases-reason-needed",
    422,
    Text("Alasan wajib diisi", "A reason is needed"),
    Text(
        "Tuliskan alasannya (paling banyak {limit} huruf); warga akan membacanya.",
        "Write the reason (at most {limit} characters); the citizen will read it.",
    ),
)
WORK_ITEM_NOT_FOUND = ProblemType(
    "cases-work-item-not-found",
    404,
    Text("Tugas tidak ditemukan", "Work item not found"),
    Text(
        "Tugas ini tidak ada, sudah selesai, atau bukan untuk Anda.",
        "There is no such work item, it is done already, or it is not for you.",
    ),
)
FUTURE_REFUSED = ProblemType(
    "cases-future-sweep-refused",
    409,
    Text("Waktu yang akan datang ditolak", "A time to come is refused"),
    Text(
        "Pada sistem produksi, tenggat hanya dijalankan sampai saat ini.",
        "In production, deadlines run up to the present only.",
    ),
)
DRAW_NOT_FOUND = ProblemType(
    "cases-draw-not-found",
    404,
    Text("Undian tidak ditemukan", "No such draw"),
    Text(
        "Undian ini tidak ada. Nomornya tertulis pada garis waktu perkara dan pada daftar di `/v1/transparency/draws`.",
        "There is no such draw. Its id stands in the case's timeline and in the list at `/v1/transparency/draws`.",
    ),
)
PAPER_NOT_FOUND = ProblemType(
    "cases-consent-form-not-found",
    404,
    Text("Formulir persetujuan tidak ditemukan", "Consent form not found"),
    Text(
        "Formulir ini tidak ada, atau milik kesatuan lain. Cetak formulir baru bila warga masih setuju.",
        "There is no such form, or it is another unit's. Print a new one if the citizen still agrees.",
    ),
)
PAPER_CLOSED = ProblemType(
    "cases-consent-form-closed",
    409,
    Text("Formulir persetujuan sudah ditutup", "The consent form is closed"),
    Text(
        "Formulir {number} sudah dipakai, dibenarkan, atau lewat 24 jam. Cetak formulir baru bila warga masih setuju.",
        "The form {number} was used, confirmed, or is older than 24 hours. Print a new one if the citizen still agrees.",
    ),
)
PAPER_NOT_SCANNED = ProblemType(
    "cases-consent-form-not-scanned",
    409,
    Text("Formulir belum dipindai", "The form was not scanned yet"),
    Text(
        "Pindai dahulu formulir {number} yang sudah ditandatangani warga.",
        "First scan the form {number} that the citizen has signed.",
    ),
)
PAPER_NOT_SEEN = ProblemType(
    "cases-consent-form-not-seen",
    409,
    Text("Petugas kedua belum membenarkan", "No second officer has confirmed it"),
    Text(
        "Formulir {number} baru berlaku setelah petugas kedua melihat orangnya dan membenarkan di halaman Persetujuan tertulis.",
        "The form {number} counts only after a second officer has seen the person and confirmed it on the page Consent on paper.",
    ),
)
PAPER_SECOND_PERSON = ProblemType(
    "cases-consent-form-four-eyes",
    403,
    Text("Harus petugas lain", "It must be another officer"),
    Text(
        "Formulir {number} Anda cetak atau pindai sendiri. Minta petugas lain melihat orangnya dan membenarkan.",
        "You printed or scanned the form {number} yourself. Have another officer see the person and confirm it.",
    ),
)
