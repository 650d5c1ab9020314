"""What an upload in pieces refuses. The statuses are those of the tus protocol, so that its clients know what to do."""

from app.core.problems import ProblemType
from app.core.texts import Text

UPLOAD_NOT_FOUND = ProblemType(
    "applications-upload-not-found",
    404,
    Text("Unggahan tidak ditemukan", "Upload not found"),
    Text("Unggahan ini tidak ada, atau bukan milik Anda.", "There is no such upload, or it is not yours."),
)
UPLOAD_ENDED = ProblemType(
    "applications-upload-ended",
    410,
    Text("Unggahan sudah berakhir", "The upload has ended"),
    Text(
        "Unggahan ini sudah dibatalkan, kedaluwarsa, atau ditolak. Mulai unggahan baru; isian lain tetap tersimpan.",
        "This upload was cancelled, ran out of time, or was refused. Begin a new one; everything else is kept.",
    ),
)
OFFSET_CONFLICT = ProblemType(
    "applications-upload-offset",
    409,
    Text("Posisi unggahan berbeda", "Another offset is expected"),
    Text(
        "Yang sudah diterima {received} byte. Lanjutkan dari sana; mungkin dua unggahan berjalan bersamaan.",
        "{received} bytes are here. Go on from there; perhaps two uploads run at once.",
    ),
)
UPLOAD_TOO_LONG = ProblemType(
    "applications-upload-too-long",
    413,
    Text("Kiriman melebihi panjangnya", "More bytes than announced"),
    Text(
        "Unggahan ini diumumkan {length} byte, tetapi lebih banyak yang dikirim. Mulai unggahan baru.",
        "This upload was announced with {length} bytes, but more were sent. Begin a new one.",
    ),
)
CHECKSUM_WRONG = ProblemType(
    "applications-upload-checksum",
    460,
    Text("Potongan rusak di jalan", "A piece was damaged on its way"),
    Text(
        "Isi potongan tidak cocok dengan Upload-Checksum dan tidak disimpan. Kirim lagi potongan yang sama.",
        "The piece does not match its Upload-Checksum and was not kept. Send the same piece again.",
    ),
)
TUS_VERSION = ProblemType(
    "applications-upload-version",
    412,
    Text("Versi tus tidak didukung", "This version of tus is not supported"),
    Text("Kirim header Tus-Resumable: {version}.", "Send the header Tus-Resumable: {version}."),
)
UPLOAD_HEADER = ProblemType(
    "applications-upload-header",
    400,
    Text("Header unggahan belum benar", "An upload header is not right"),
    Text("{header}: {wanted}", "{header}: {wanted}"),
)
TOO_MANY_UPLOADS = ProblemType(
    "applications-too-many-uploads",
    429,
    Text("Terlalu banyak unggahan terbuka", "Too many open uploads"),
    Text(
        "Permohonan ini sudah punya {limit} unggahan yang belum selesai. Lanjutkan atau batalkan salah satu.",
        "This application has {limit} unfinished uploads already. Go on with one of them, or cancel one.",
    ),
)
TOO_MANY_PIECES = ProblemType(
    "applications-upload-pieces",
    422,
    Text("Potongan terlalu kecil", "The pieces are too small"),
    Text(
        "Unggahan ini sudah terdiri dari {limit} potongan. Mulai lagi dengan potongan yang lebih besar.",
        "This upload consists of {limit} pieces already. Begin again with larger pieces.",
    ),
)
