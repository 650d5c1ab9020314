"""What reconciliation refuses."""

from app.core.problems import ProblemType
from app.core.texts import Text

FILE_UNREADABLE = ProblemType(
    "settlement-file-unreadable",
    422,
    Text("Berkas rekonsiliasi tidak dapat dipakai", "The settlement file cannot be used"),
    Text("{why}. Tidak ada yang dibukukan.", "{why}. Nothing of it was booked."),
)
NOT_YOUR_BANK = ProblemType(
    "settlement-not-yours",
    403,
    Text("Bukan bank atau kesatuan Anda", "Not your bank or unit"),
    Text(
        "Berkas ini dari bank {bank} untuk {unit}, atau memuat pembayaran bank atau Polda lain; akun ini tidak berwenang.",
        "This file is of the bank {bank} for {unit}, or has payments of another bank or Polda; this account may not send it.",
    ),
)
BANK_UNKNOWN = ProblemType(
    "settlement-bank-unknown",
    404,
    Text("Bank tidak dikenal", "No such bank"),
    Text(
        "Tidak ada bank aktif dengan nama atau client id {bank}. Sebutkan dalam parameter `bank`; lihat `loket client list`.",
        "There is no active bank with the name or client id {bank}. Name it in the parameter `bank`; see `loket client list`.",
    ),
)
FILE_NOT_FOUND = ProblemType(
    "settlement-file-not-found",
    404,
    Text("Berkas rekonsiliasi tidak ditemukan", "No such settlement file"),
    Text("Berkas ini tidak ada, atau bukan milik Anda.", "There is no such file, or it is not yours to see."),
)
EXCEPTION_NOT_FOUND = ProblemType(
    "settlement-exception-not-found",
    404,
    Text("Selisih tidak ditemukan", "No such difference"),
    Text(
        "Selisih ini tidak ada, atau bukan milik kesatuan Anda.",
        "There is no such difference, or it is not your unit's.",
    ),
)
NOT_YOUR_TURN = ProblemType(
    "settlement-exception-state",
    409,
    Text("Selisih sudah berubah", "The difference has changed"),
    Text(
        "Selisih ini sekarang {state}; muat ulang lalu lihat lagi.",
        "This difference is now {state}; load it again and look.",
    ),
)
FOUR_EYES = ProblemType(
    "settlement-four-eyes",
    403,
    Text("Perlu orang lain", "Another person is needed"),
    Text(
        "Anda sudah mengusulkan ini, atau pernah memutus perkaranya; orang lain harus melakukannya.",
        "You proposed this, or have decided on its case before; somebody else must do it.",
    ),
)
ACTION_NOT_POSSIBLE = ProblemType(
    "settlement-action-not-possible",
    409,
    Text("Tindakan tidak dapat dilakukan", "This cannot be done"),
    Text("{why}", "{why}"),
)
INCIDENT_NOT_FOUND = ProblemType(
    "settlement-incident-not-found",
    404,
    Text("Kejadian tidak ditemukan", "No such incident"),
    Text("Kejadian ini tidak ada, atau sudah ditutup.", "There is no such incident, or it is closed."),
)
