"""What appointments and the queue refuse, in both languages."""

from collections.abc import Mapping

from app.core.problems import ProblemType
from app.core.texts import Text

SLOT_TAKEN = ProblemType(
    "appointments-slot-taken",
    409,
    Text("Waktu ini baru saja terisi", "This time was just taken"),
    Text(
        "Pilih waktu lain; yang terdekat dan masih kosong ada pada `nearest`. Isian Anda tetap tersimpan.",
        "Choose another time; the nearest free ones stand in `nearest`. Nothing that you typed is lost.",
    ),
)
NO_SUCH_SLOT = ProblemType(
    "appointments-no-such-slot",
    409,
    Text("Waktu ini tidak dilayani", "Nobody is taken at this time"),
    Text(
        "Kesatuan {unit} tidak melayani '{kind}' pada waktu itu, atau waktunya sudah lewat. Waktu yang kosong ada pada `nearest`.",
        "The unit {unit} takes nobody for '{kind}' at that time, or it has passed. Free times stand in `nearest`.",
    ),
)
DAY_NOT_OPEN = ProblemType(
    "appointments-day-not-open",
    409,
    Text("Hari ini belum dibuka", "This day is not open yet"),
    Text(
        "Hari itu baru dapat dipesan mulai {opens_at}.",
        "That day can be booked from {opens_at}.",
    ),
)
DAY_IS_DRAWN = ProblemType(
    "appointments-day-is-drawn",
    409,
    Text("Hari ini dibagi lewat undian", "This day is given out by lot"),
    Text(
        "Daftarkan permintaan antara {opens_at} dan {closes_at}; siapa yang mendaftar lebih cepat tidak diuntungkan.",
        "Ask for it between {opens_at} and {closes_at}; whoever asks faster gains nothing.",
    ),
)
NOT_ASKING = ProblemType(
    "appointments-not-asking",
    409,
    Text("Permintaan tidak dibuka sekarang", "No asks are taken now"),
    Text(
        "Permintaan untuk hari itu diterima antara {opens_at} dan {closes_at}.",
        "Asks for that day are taken between {opens_at} and {closes_at}.",
    ),
)
NOT_DRAWN = ProblemType(
    "appointments-day-is-not-drawn",
    409,
    Text("Hari ini tidak diundi", "This day is not drawn"),
    Text(
        "Hari itu tidak dibagi lewat undian. Pilih waktunya langsung.",
        "That day is not given out by lot. Choose a time directly.",
    ),
)
ALREADY_BOOKED = ProblemType(
    "appointments-already-booked",
    409,
    Text("Janji temu sudah ada", "There is an appointment already"),
    Text(
        "Permohonan ini sudah punya janji temu pada {starts_at}. Pindahkan atau batalkan dahulu.",
        "This application has an appointment at {starts_at}. Move it or give it up first.",
    ),
)
NO_BOOKING = ProblemType(
    "appointments-no-booking",
    409,
    Text("Tidak ada janji temu", "There is no appointment"),
    Text(
        "Permohonan ini tidak punya janji temu yang masih berlaku. Pilih waktu dahulu.",
        "This application has no appointment that still holds. Choose a time first.",
    ),
)
HOLD_ENDED = ProblemType(
    "appointments-hold-ended",
    409,
    Text("Waktu yang disimpan untuk Anda sudah dilepas", "The time held for you was let go"),
    Text(
        "Waktu itu dilepas pada {ended_at} karena tidak dikonfirmasi. Yang terdekat dan masih kosong ada pada `nearest`.",
        "It was let go at {ended_at} because nobody confirmed it. The nearest free times stand in `nearest`.",
    ),
)
NOT_WAITING = ProblemType(
    "appointments-not-waiting",
    409,
    Text("Tidak ada dalam daftar tunggu", "Not on the waiting list"),
    Text(
        "Permohonan ini tidak sedang menunggu waktu kosong.",
        "This application does not wait for a place.",
    ),
)
NOT_ASKED = ProblemType(
    "appointments-not-asked",
    409,
    Text("Tidak ikut undian", "Not in any draw"),
    Text(
        "Permohonan ini tidak sedang ikut undian. Lihat hari yang diundi, lalu ikut dalam jamnya.",
        "This application takes part in no draw. Look for a drawn day, and ask in its hour.",
    ),
)
WAIT_RANGE = ProblemType(
    "appointments-wait-range",
    422,
    Text("Rentang hari tidak dapat dipakai", "The range of days cannot be used"),
    Text(
        "Pilih hari mulai hari ini, paling banyak {days} hari, dengan hari terakhir tidak sebelum hari pertama.",
        "Choose days from today on, at most {days} of them, the last one not before the first.",
    ),
)
WINDOWS_INVALID = ProblemType(
    "appointments-windows-invalid",
    422,
    Text("Jam layanan belum benar", "The hours are not right"),
    Text(
        "Tidak ada yang diubah. Perbaiki baris yang disebut lalu simpan lagi.",
        "Nothing was changed. Mend the lines named and save again.",
    ),
)
WINDOW_FAULTS: Mapping[str, Text] = {
    "hours": Text("Jam tutup harus sesudah jam buka.", "It must close after it opens."),
    "too_short": Text(
        "Satu janji temu lebih panjang dari jam bukanya.", "One appointment is longer than the time that it is open."
    ),
    "order": Text("Hari terakhir mendahului hari pertama.", "The last day is before the first."),
    "overlap": Text(
        "Bertumpuk dengan baris lain pada hari yang sama. Satukan dan tambahkan ruang atau petugas di sana.",
        "It overlaps with another line of the same day. Make it one and add rooms or staff there.",
    ),
}
WINDOWS_CHANGED = ProblemType(
    "appointments-windows-changed",
    409,
    Text("Jam layanan sudah diubah orang lain", "Somebody else has changed the hours"),
    Text(
        "Muat ulang, lihat perubahannya, lalu simpan lagi.",
        "Load them again, look at what changed, and save again.",
    ),
)
CLOSURE_REFUSED = ProblemType(
    "appointments-closure-refused",
    422,
    Text("Hari libur ini tidak dapat dicatat", "This closure cannot be recorded"),
    Text(
        "Hari yang sudah lewat tidak ditutup lagi, dan tidak lebih dari {days} hari ke depan.",
        "A day that has passed is not closed any more, nor one more than {days} days ahead.",
    ),
)
DRAW_NOT_FOUND = ProblemType(
    "appointments-draw-not-found",
    404,
    Text("Undian tidak ditemukan", "No such draw"),
    Text(
        "Undian hari ini tidak ada. Daftarnya ada di `/v1/transparency/slot-draws`.",
        "There is no such draw. The list is at `/v1/transparency/slot-draws`.",
    ),
)
KIND_UNKNOWN = ProblemType(
    "appointments-no-appointment",
    404,
    Text("Layanan ini tanpa janji temu", "This service has no appointment"),
    Text(
        "Tidak ada layanan '{service}' yang memerlukan janji temu.",
        "There is no service '{service}' that needs an appointment.",
    ),
)
DAYS_REFUSED = ProblemType(
    "appointments-days-refused",
    422,
    Text("Rentang hari tidak dapat dipakai", "The range of days cannot be used"),
    Text(
        "Minta paling banyak {days} hari, dengan hari terakhir tidak sebelum hari pertama.",
        "Ask for at most {days} days, the last one not before the first.",
    ),
)
QUEUE_EMPTY = ProblemType(
    "queue-nobody-waits",
    409,
    Text("Tidak ada yang menunggu", "Nobody waits"),
    Text(
        "Tidak ada orang dalam antrean yang dapat dipanggil sekarang.",
        "There is nobody in the queue who could be called now.",
    ),
)
COUNTER_BUSY = ProblemType(
    "queue-counter-busy",
    409,
    Text("Loket masih melayani orang lain", "The counter still serves somebody"),
    Text(
        "Loket {counter} masih memanggil atau melayani {number}. Selesaikan dahulu, atau catat bahwa orangnya tidak ada.",
        "Counter {counter} still calls or serves {number}. Finish that first, or note that nobody came.",
    ),
)
QUEUE_ENTRY_NOT_FOUND = ProblemType(
    "queue-number-not-found",
    404,
    Text("Nomor antrean tidak ditemukan", "No such number in the queue"),
    Text(
        "Nomor ini tidak ada dalam antrean kesatuan Anda hari ini.",
        "There is no such number in your unit's queue today.",
    ),
)
QUEUE_STEP_REFUSED = ProblemType(
    "queue-step-refused",
    409,
    Text("Langkah ini tidak berlaku sekarang", "This step does not apply now"),
    Text(
        "Nomor {number} berstatus '{state}'. Yang dapat dilakukan: {allowed}.",
        "Number {number} is '{state}'. What can be done: {allowed}.",
    ),
)
JUMP_NEEDS_REASON = ProblemType(
    "queue-jump-needs-reason",
    422,
    Text("Memanggil di luar urutan perlu alasan", "Calling out of order needs a reason"),
    Text(
        "Giliran berikutnya adalah {number}. Pilih alasan dari daftar: {reasons}. Alasannya dicatat dalam log.",
        "Next is {number}. Choose a reason from the list: {reasons}. It is recorded in the log.",
    ),
)
QUEUE_FULL = ProblemType(
    "queue-full",
    409,
    Text("Nomor antrean hari ini habis", "No numbers are left today"),
    Text(
        "Kesatuan ini sudah memberikan {most} nomor hari ini. Datanglah besok, atau pesan janji temu.",
        "The unit has given out {most} numbers today. Come tomorrow, or book an appointment.",
    ),
)
