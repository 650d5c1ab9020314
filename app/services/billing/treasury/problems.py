"""What remitting refuses."""

from app.core.problems import ProblemType
from app.core.texts import Text

REMITTANCE_NOT_FOUND = ProblemType(
    "billing-remittance-not-found",
    404,
    Text("Setoran tidak ditemukan", "No such remittance"),
    Text("Setoran ini tidak ada, atau bukan milik kesatuan Anda.", "There is no such remittance of your unit."),
)
REMITTANCE_NUMBER = ProblemType(
    "billing-remittance-number",
    422,
    Text("Nomor setoran tidak sesuai bentuknya", "A number of the remittance has not its form"),
    Text(
        "Kode billing 15 angka, NTB 12 angka, NTPN 16 huruf dan angka, nomor transfer 6 sampai 40 huruf dan angka.",
        "A billing code has 15 digits, an NTB 12 digits, an NTPN 16 letters and digits, a transfer 6 to 40.",
    ),
)
REMITTANCE_DAY = ProblemType(
    "billing-remittance-day",
    422,
    Text("Tanggal tidak mungkin", "That day is not possible"),
    Text(
        "Tanggal setor dan penerimaan tidak boleh sesudah hari ini.", "No money was received or remitted after today."
    ),
)
REMITTANCE_KNOWN = ProblemType(
    "billing-remittance-known",
    409,
    Text("Setoran ini sudah tercatat", "This remittance is recorded already"),
    Text(
        "NTPN, kode billing atau nomor transfer ini sudah dipakai untuk setoran lain.",
        "This NTPN, billing code or transfer number stands on another remittance.",
    ),
)
REMITTANCE_EMPTY = ProblemType(
    "billing-remittance-empty",
    409,
    Text("Tidak ada yang perlu disetor", "There is nothing to remit"),
    Text("Sampai hari itu tidak ada uang yang belum disetor.", "Until that day no money waits to be remitted."),
)
REMITTANCE_DIFFERS = ProblemType(
    "billing-remittance-differs",
    409,
    Text("Jumlah setoran tidak sama dengan pembukuan", "The amount is not that of the books"),
    Text(
        "Yang belum disetor sampai hari itu {held} dari {bills} tagihan. Setor jumlah itu, atau pilih hari lain.",
        "Until that day {held} of {bills} bills wait. Remit that amount, or choose another day.",
    ),
)
REMITTANCE_TOO_MANY = ProblemType(
    "billing-remittance-too-many",
    409,
    Text("Terlalu banyak tagihan dalam satu setoran", "Too many bills in one remittance"),
    Text(
        "Satu setoran memuat paling banyak {most} tagihan; pilih hari yang lebih awal.",
        "One remittance covers at most {most} bills; choose an earlier day.",
    ),
)
REMITTANCE_TAKEN = ProblemType(
    "billing-remittance-taken",
    409,
    Text("Uang ini sudah dicakup setoran lain", "Another remittance covers this money"),
    Text(
        "Sebagian tagihan sudah dicakup setoran yang dicatat orang lain. Muat ulang halaman ini.",
        "Some of the bills are covered by a remittance that somebody else recorded. Load the page again.",
    ),
)
REMITTANCE_CLOSED = ProblemType(
    "billing-remittance-closed",
    409,
    Text("Setoran sudah selesai", "The remittance is closed"),
    Text("Setoran ini sudah disetujui atau dibatalkan.", "This remittance was confirmed or withdrawn."),
)
REMITTANCE_OWN = ProblemType(
    "billing-remittance-own",
    403,
    Text("Perlu orang kedua", "A second person is needed"),
    Text(
        "Yang mencatat setoran tidak boleh menyetujuinya sendiri.",
        "Who recorded a remittance may not confirm it.",
    ),
)
REMITTANCE_STALE = ProblemType(
    "billing-remittance-stale",
    409,
    Text("Pembukuan sudah berubah", "The books have changed"),
    Text(
        "Uang dari {bills} tagihan sudah tidak ada lagi seperti saat dicatat. Batalkan setoran ini dan catat lagi.",
        "The money of {bills} bills is no longer there as it was recorded. Withdraw this remittance and record it again.",
    ),
)
REMITTANCE_FILE = ProblemType(
    "billing-remittance-file",
    422,
    Text("Berkas setoran belum benar", "The file of remittances is not right"),
    Text(
        "{count} baris salah; tidak ada yang dicatat. Perbaiki baris yang disebut lalu kirim lagi.",
        "{count} lines are wrong; nothing was recorded. Mend the lines named and send it again.",
    ),
)
