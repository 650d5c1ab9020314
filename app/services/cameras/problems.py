"""Why a capture is refused, in words that an engineer at the camera can act on."""

from app.core.problems import ProblemType
from app.core.texts import Text

METADATA_NOT_JSON = ProblemType(
    "cameras-metadata-not-json",
    422,
    Text("Metadata bukan JSON", "The metadata is not JSON"),
    Text(
        "Bagian metadata harus satu objek JSON dalam UTF-8, paling besar {limit_kb} KB. {why}",
        "The part metadata must be one JSON object in UTF-8 of at most {limit_kb} KB. {why}",
    ),
)
METADATA_INVALID = ProblemType(
    "cameras-metadata-invalid",
    422,
    Text("Metadata belum benar", "The metadata is not valid"),
    Text(
        "Perbaiki isian metadata yang disebut di bawah, lalu kirim lagi.",
        "Mend the metadata fields named below and send it again.",
    ),
)
CAPTURE_IN_FUTURE = ProblemType(
    "cameras-capture-in-future",
    422,
    Text("Waktu kejadian ada di masa depan", "The capture lies in the future"),
    Text(
        "captured_at {ahead} di depan jam server ({now}); batasnya {limit_minutes} menit. Setel jam kamera (NTP). {hint}",
        "captured_at is {ahead} ahead of the server's clock ({now}); the limit is {limit_minutes} minutes. Set the "
        "camera's clock (NTP). {hint}",
    ),
)
CAPTURE_TOO_OLD = ProblemType(
    "cameras-capture-too-old",
    422,
    Text("Kejadian terlalu lama", "The capture is too old"),
    Text(
        "captured_at {behind} di belakang jam server ({now}); menurut kebijakan Polda batasnya {limit_days} hari. "
        "Bila jam kamera salah, setel dahulu.",
        "captured_at is {behind} behind the server's clock ({now}); the policy of the Polda takes {limit_days} days. "
        "If the camera's clock is wrong, set it first.",
    ),
)
CLOCK_OFF = ProblemType(
    "cameras-clock-off",
    422,
    Text("Jam kamera meleset", "The camera's clock is off"),
    Text(
        "sent_at meleset {off} dari jam server ({now}); batasnya {limit_minutes} menit. Setel jam kamera (NTP). {hint}",
        "sent_at is {off} off the server's clock ({now}); the limit is {limit_minutes} minutes. Set the camera's clock "
        "(NTP). {hint}",
    ),
)
CAPTURE_DIFFERS = ProblemType(
    "cameras-capture-differs",
    409,
    Text("Nomor capture sudah dipakai", "The capture id is taken"),
    Text(
        "Kamera ini sudah mengirim capture_id {capture_id} dengan isi lain. Yang pertama tetap berlaku; beri nomor baru "
        "untuk kejadian baru.",
        "This camera has sent capture_id {capture_id} with another content. The first one stands; give a new capture a "
        "new id.",
    ),
)
CAPTURE_DELETED = ProblemType(
    "cameras-capture-deleted",
    410,
    Text("Rekaman sudah dihapus menurut kebijakan", "The capture was deleted by policy"),
    Text(
        "Rekaman ini tidak lagi disimpan. Buktinya ada di /v1/transparency/deletions/{deletion}.",
        "This capture is no longer kept. The proof is at /v1/transparency/deletions/{deletion}.",
    ),
)
CAPTURE_NOT_FOUND = ProblemType(
    "cameras-capture-not-found",
    404,
    Text("Capture tidak ditemukan", "No such capture"),
    Text(
        "Tidak ada capture dengan nomor ini dari kamera ini.",
        "This camera has sent no capture of this id.",
    ),
)
IMAGE_COUNT = ProblemType(
    "cameras-image-count",
    422,
    Text("Jumlah foto tidak sesuai", "The number of pictures is wrong"),
    Text(
        "Kirim 1 sampai {most} bagian image; yang datang {count}.",
        "Send 1 to {most} parts named image; {count} came.",
    ),
)
DEVICE_NOT_FOUND = ProblemType(
    "cameras-device-not-found",
    404,
    Text("Kamera tidak ditemukan", "No such camera"),
    Text(
        "Tidak ada kamera dengan client_id {client_id}. Lihat `loket client list`.",
        "There is no camera with the client id {client_id}. See `loket client list`.",
    ),
)
DEVICE_INVALID = ProblemType(
    "cameras-device-invalid",
    422,
    Text("Data kamera belum benar", "The camera's data are not right"),
    Text("Perbaiki lalu simpan lagi: {why}.", "Mend this and save again: {why}."),
)
VIOLATION_NOT_ALLOWED = ProblemType(
    "cameras-violation-not-allowed",
    422,
    Text("Kamera ini tidak untuk pelanggaran itu", "This camera is not there for that violation"),
    Text(
        "Pelanggaran {code} tidak diizinkan untuk kamera ini; yang diizinkan: {allowed}. Bila kamera memang bertugas "
        "untuk itu, admin menambahkannya dengan `loket anpr camera`.",
        "The violation {code} is not allowed for this camera; allowed are {allowed}. If the camera is there for it, an "
        "administrator adds it with `loket anpr camera`.",
    ),
)
NOT_CERTIFIED = ProblemType(
    "cameras-not-certified",
    422,
    Text("Kamera kecepatan tanpa sertifikat yang berlaku", "A speed camera without a valid certificate"),
    Text(
        "Bukti {code} ditolak karena hasil ukur tanpa sertifikat tidak membuktikan apa pun. {why} Catat sertifikat yang "
        "berlaku dengan `loket anpr certificate {client_id}`, lalu kirim lagi.",
        "Evidence of {code} is refused, as a measurement without a certificate proves nothing. {why} Enter the valid one "
        "with `loket anpr certificate {client_id}` and send again.",
    ),
)
