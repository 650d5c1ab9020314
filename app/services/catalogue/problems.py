"""What the catalogue refuses, in both languages."""

from app.core.problems import ProblemType
from app.core.texts import Text

SERVICE_NOT_FOUND = ProblemType(
    "catalogue-service-not-found",
    404,
    Text("Layanan tidak ditemukan", "No such service"),
    Text(
        "Tidak ada layanan dengan kode {code}. Daftarnya ada di GET /v1/services.",
        "There is no service with the code {code}. The list is at GET /v1/services.",
    ),
)
NOT_YOUR_UNIT = ProblemType(
    "catalogue-not-your-unit",
    403,
    Text("Bukan kesatuan Anda", "Not your unit"),
    Text(
        "Layanan suatu kesatuan hanya diatur oleh kesatuan itu sendiri atau Polda-nya.",
        "A unit's services are arranged by that unit itself or by its Polda alone.",
    ),
)
NEVER_OFFERED_THERE = ProblemType(
    "catalogue-never-offered-there",
    409,
    Text("Layanan ini bukan untuk kesatuan tersebut", "That unit cannot offer this service"),
    Text(
        "Layanan {code} diselenggarakan oleh kesatuan tingkat {levels}; {unit} bukan salah satunya.",
        "The service {code} is given by units of level {levels}; {unit} is none of them.",
    ),
)
NOT_OFFERED_YET = ProblemType(
    "catalogue-not-offered-yet",
    409,
    Text("Layanan belum dibuka", "The service has not begun there"),
    Text(
        "{unit} belum membuka layanan {code}, jadi tidak dapat ditangguhkan. Tetapkan tanggal mulainya lebih dahulu.",
        "{unit} does not offer {code} yet, so it cannot be suspended. Set the day from which it does first.",
    ),
)
OFFER_DATES = ProblemType(
    "catalogue-offer-dates",
    422,
    Text("Tanggalnya tidak cocok", "The dates do not fit"),
    Text(
        "Penangguhan berakhir paling cepat hari ini ({today}), dan penjelasannya wajib dalam kedua bahasa.",
        "A suspension ends today ({today}) at the earliest, and its notice is needed in both languages.",
    ),
)
