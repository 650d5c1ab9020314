"""What the registers refuse."""

from app.core.problems import ProblemType
from app.core.texts import Text

REGISTRY_FILE_INVALID = ProblemType(
    "registries-file-invalid",
    422,
    Text("Berkas register tidak dapat dipakai", "The register file cannot be used"),
    Text(
        "Ada {count} baris yang salah; tidak ada yang diubah. Perbaiki baris di bawah lalu ulangi.",
        "{count} lines are wrong; nothing was changed. Mend the lines below and try again.",
    ),
)
VEHICLE_UNKNOWN = ProblemType(
    "registries-vehicle-unknown",
    404,
    Text("Kendaraan tidak ada di register", "The vehicle is not in the register"),
    Text("Register tidak mengenal kendaraan itu.", "The register does not know that vehicle."),
)
REGISTRY_ANSWER_WRONG = ProblemType(
    "registries-answer-wrong",
    502,
    Text("Jawaban register tidak dapat dibaca", "The register's answer cannot be read"),
    Text(
        "Register kendaraan menjawab dengan bentuk yang tidak dikenal (status {status}).",
        "The vehicle register answered in an unknown form (status {status}).",
    ),
)
