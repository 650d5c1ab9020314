"""What the reference room refuses, in both languages."""

from app.core.problems import ProblemType
from app.core.texts import Text

REFERENCE_FILE_INVALID = ProblemType(
    "reference-file-invalid",
    422,
    Text("Berkas acuan belum benar", "The reference file is not valid"),
    Text(
        "{count} kesalahan di {file}. Tidak ada yang diubah; perbaiki baris yang disebut lalu ulangi.",
        "{count} faults in {file}. Nothing was changed; mend the lines named and try again.",
    ),
)
REFERENCE_TABLE_UNKNOWN = ProblemType(
    "reference-table-unknown",
    422,
    Text("Tabel acuan tidak dikenal", "Unknown reference table"),
    Text(
        "Dari nama {file} tidak jelas tabel mana yang dimaksud. Pakai salah satu: {known}.",
        "The name {file} does not say which table it is. Name it as one of: {known}.",
    ),
)
REFERENCE_DATE_REFUSED = ProblemType(
    "reference-date-refused",
    422,
    Text("Tanggal mulai berlaku ditolak", "The date of effect is refused"),
    Text(
        "{valid_from} terlalu awal: paling cepat {earliest}. Masa lalu tidak diubah.",
        "{valid_from} is too early: the earliest is {earliest}. The past is not rewritten.",
    ),
)
REFERENCE_CHANGED_MEANWHILE = ProblemType(
    "reference-changed-meanwhile",
    409,
    Text("Data acuan sudah berubah", "The reference data has changed meanwhile"),
    Text(
        "Perbedaan yang ditampilkan untuk {table} tidak berlaku lagi. Lihat perbedaannya sekali lagi.",
        "The difference shown for {table} no longer holds. Look at the difference once more.",
    ),
)
UNIT_NOT_FOUND = ProblemType(
    "reference-unit-not-found",
    404,
    Text("Kesatuan tidak ditemukan", "No such police unit"),
    Text("Tidak ada kesatuan dengan kode {code}.", "There is no unit with the code {code}."),
)
VIOLATION_NOT_FOUND = ProblemType(
    "reference-violation-not-found",
    422,
    Text("Kode pelanggaran tidak dikenal", "Unknown violation code"),
    Text(
        "Tidak ada pelanggaran dengan kode {code} yang berlaku pada {on}. Lihat GET /v1/violations.",
        "No violation with the code {code} was in force on {on}. See GET /v1/violations.",
    ),
)
FEE_NOT_FOUND = ProblemType(
    "reference-fee-not-found",
    404,
    Text("Tarif tidak ditemukan", "No such fee"),
    Text("Tidak ada tarif {code} yang berlaku pada {on}.", "No fee {code} was in force on {on}."),
)
POLICY_NOT_FOUND = ProblemType(
    "reference-policy-not-found",
    404,
    Text("Kebijakan tidak ditemukan", "No such policy"),
    Text(
        "Belum ada kebijakan ETLE untuk {polda} pada {on}. Muat data acuan: `loket seed reference`.",
        "There is no ETLE policy for {polda} on {on}. Load the reference data: `loket seed reference`.",
    ),
)
