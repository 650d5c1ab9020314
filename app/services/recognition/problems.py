"""What can go wrong when a plate is read."""

from app.core.problems import ProblemType
from app.core.texts import Text

RECOGNISER_BUSY = ProblemType(
    "recognition-busy",
    503,
    Text("Pembaca pelat sedang penuh", "The plate reader is full"),
    Text(
        "Terlalu banyak foto menunggu dibaca. Kirim lagi setelah {retry_after} detik; kiriman captures tetap "
        "diterima dan dibaca belakangan.",
        "Too many pictures are waiting to be read. Send it again in {retry_after} seconds; captures are still "
        "taken and read later.",
    ),
)
PICTURE_NOT_READABLE = ProblemType(
    "recognition-picture-not-readable",
    422,
    Text("Foto tidak dapat dibuka", "The picture cannot be opened"),
    Text(
        "Berkas ini bukan JPEG, PNG, atau WebP yang utuh. Kirim foto aslinya dari kamera.",
        "This file is not a whole JPEG, PNG or WebP. Send the camera's original picture.",
    ),
)
RECOGNISER_REFUSED = ProblemType(
    "recognition-refused",
    502,
    Text("Pembaca pelat menolak permintaan", "The plate reader refused the request"),
    Text(
        "Pembaca pelat {name} menjawab {status}. Periksa alamat, token, dan lisensinya.",
        "The plate reader {name} answered {status}. Check its address, token and licence.",
    ),
)
DEADLINE_PASSED = ProblemType(
    "recognition-deadline-passed",
    504,
    Text("Tidak terbaca dalam batas waktu", "Not read before the deadline"),
    Text(
        "Foto tidak selesai dibaca dalam {deadline_ms} milidetik yang Anda minta. Kirim lagi, atau beri waktu lebih lama.",
        "The picture was not read within the {deadline_ms} milliseconds that you asked for. Send it again, or allow more time.",
    ),
)
