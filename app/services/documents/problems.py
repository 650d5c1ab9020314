"""What can be wrong with a file that somebody hands in, each with what to do next."""

from app.core.problems import ProblemType
from app.core.texts import Text

NOT_AN_IMAGE = ProblemType(
    "documents-not-an-image",
    415,
    Text("Berkas ini bukan foto", "This file is not a picture"),
    Text(
        "Isi berkas bukan JPEG, PNG atau WebP, apa pun namanya. Kirim foto dalam bentuk itu.",
        "The content is not JPEG, PNG or WebP, whatever its name says. Send a picture in one of them.",
    ),
)
NOT_AN_ATTACHMENT = ProblemType(
    "documents-not-an-attachment",
    415,
    Text("Jenis berkas tidak diterima", "This kind of file is not accepted"),
    Text(
        "Isi berkas bukan JPEG, PNG, WebP atau PDF. Kirim foto atau PDF.",
        "The content is not JPEG, PNG, WebP or PDF. Send a picture or a PDF.",
    ),
)
NOT_WANTED = ProblemType(
    "documents-type-not-wanted",
    415,
    Text("Jenis berkas tidak sesuai", "Not the kind of file that is wanted"),
    Text(
        "Isi berkas ini {found}, apa pun namanya. Kirim sebagai {wanted}.",
        "The content of this file is {found}, whatever its name says. Send it as {wanted}.",
    ),
)
IMAGE_UNREADABLE = ProblemType(
    "documents-image-unreadable",
    422,
    Text("Foto terpotong atau rusak", "The picture is cut off or damaged"),
    Text(
        "Foto tidak dapat dibuka sampai habis. Ambil atau unggah ulang; mungkin unggahan terputus.",
        "The picture cannot be opened to its end. Take or upload it again; the upload may have been cut off.",
    ),
)
IMAGE_MOVES = ProblemType(
    "documents-image-moves",
    422,
    Text("Bukan foto diam", "Not a still picture"),
    Text(
        "Berkas ini gambar bergerak dengan {frames} bingkai. Kirim satu foto diam.",
        "This file is an animation of {frames} frames. Send one still picture.",
    ),
)
TOO_MANY_PIXELS = ProblemType(
    "documents-too-many-pixels",
    422,
    Text("Foto terlalu besar untuk dibuka", "The picture is too large to open"),
    Text(
        "Foto ini melebihi batas {limit_megapixels} megapiksel. Kecilkan dan kirim lagi.",
        "The picture has more than {limit_megapixels} megapixels, which is the limit. Make it smaller and send it again.",
    ),
)
FILE_TOO_LARGE = ProblemType(
    "documents-file-too-large",
    413,
    Text("Berkas terlalu besar", "The file is too large"),
    Text(
        "Batasnya {limit_mb} MB per berkas. Kecilkan dan kirim lagi.",
        "The limit is {limit_mb} MB per file. Make it smaller and send it again.",
    ),
)
FILE_EMPTY = ProblemType(
    "documents-file-empty",
    422,
    Text("Berkas kosong", "The file is empty"),
    Text(
        "Berkas tidak berisi apa pun. Pilih berkas yang benar.",
        "The file holds nothing. Choose the right file.",
    ),
)
PDF_UNREADABLE = ProblemType(
    "documents-pdf-unreadable",
    422,
    Text("PDF terpotong, terkunci atau rusak", "The PDF is cut off, locked or damaged"),
    Text(
        "PDF tidak dapat diperiksa: {reason}. Simpan atau cetak ulang sebagai PDF biasa tanpa kata sandi.",
        "The PDF cannot be checked: {reason}. Save or print it again as a plain PDF without a password.",
    ),
)
PDF_LOCKED = ProblemType(
    "documents-pdf-locked",
    422,
    Text("PDF terkunci kata sandi", "The PDF is locked with a password"),
    Text(
        "PDF ini dilindungi kata sandi sehingga tidak dapat dibaca petugas. Buka dengan kata sandinya, cetak atau simpan "
        "ulang tanpa kata sandi, lalu kirim. Jangan kirimkan kata sandinya.",
        "The PDF is protected by a password, so that no officer can read it. Open it with its password, print or save it "
        "again without one, and send that. Do not send us the password.",
    ),
)
PDF_ACTIVE = ProblemType(
    "documents-pdf-active",
    422,
    Text("PDF berisi bagian yang dapat berjalan", "The PDF holds something that can run"),
    Text(
        "PDF ini berisi {found} (program, perintah atau berkas lain di dalamnya) dan ditolak demi keamanan. "
        "Cetak ulang sebagai PDF biasa, atau kirim fotonya.",
        "The PDF holds {found} (a script, a command or another file inside) and is refused for safety. "
        "Print it again as a plain PDF, or send a photo of it.",
    ),
)
TEMPLATE_BROKEN = ProblemType(
    "documents-not-rendered",
    500,
    Text("Dokumen gagal dibuat", "The document could not be made"),
    Text(
        "Dokumen {template} gagal dibuat. Data Anda tidak berubah; petugas sistem sudah dapat melihatnya.",
        "The document {template} could not be made. Nothing of yours was changed.",
    ),
)
NOT_A_VIDEO = ProblemType(
    "documents-not-a-video",
    415,
    Text("Bukan video MP4 yang utuh", "Not a whole MP4 video"),
    Text(
        "Kirim video sebagai MP4 yang utuh dengan indeksnya (moov), atau kirim fotonya saja.",
        "Send the film as a whole MP4 with its index (moov), or send the pictures alone.",
    ),
)
VIDEO_TOO_LONG = ProblemType(
    "documents-video-too-long",
    422,
    Text("Video terlalu panjang", "The film is too long"),
    Text(
        "Video ini {seconds} detik; batasnya {most} detik. Potong di sekitar kejadian.",
        "The film lasts {seconds} seconds; the limit is {most}. Cut it around the event.",
    ),
)
