"""What the registers refuse."""

from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem, ProblemType
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
VEHICLE_REGISTERED = ProblemType(
    "registries-vehicle-registered",
    409,
    Text("Kendaraan sudah terdaftar", "The vehicle is registered already"),
    Text("Nomor rangka itu sudah ada di register.", "The register has a vehicle with that chassis number."),
)
REGISTRY_ANSWER_WRONG = ProblemType(
    "registries-answer-wrong",
    502,
    Text("Jawaban register tidak dapat dibaca", "The register's answer cannot be read"),
    Text(
        "{name} menjawab dengan bentuk yang tidak dikenal (status {status}).",
        "{name} answered in an unknown form (status {status}).",
    ),
)
REGISTRY_REQUEST_REUSED = ProblemType(
    "registries-request-reused",
    409,
    Text("Permintaan kepada register sudah dipakai", "The request to the register was used before"),
    Text(
        "{name} sudah mencatat hal lain dengan nomor permintaan ini. Tidak ada yang berubah.",
        "{name} has entered something else under this request id. Nothing was changed.",
    ),
)


def means_down(problem: Problem) -> bool:
    """Whether a register gave no answer that can be used: then a case goes on by hand (``MANUAL_CHECK``)."""
    return problem.type in (UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG)
