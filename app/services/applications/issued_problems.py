"""What is refused about issued documents."""

from app.core.problems import ProblemType
from app.core.texts import Text

ISSUED_NOT_FOUND = ProblemType(
    "applications-issued-not-found",
    404,
    Text("Dokumen tidak ditemukan", "No such document"),
    Text(
        "Dokumen ini tidak ada, atau bukan milik kesatuan Anda.", "There is no such document, or it is not your unit's."
    ),
)
ALREADY_ISSUED = ProblemType(
    "applications-already-issued",
    409,
    Text("Dokumen sudah terbit", "The document is issued already"),
    Text(
        "Permohonan ini sudah menghasilkan dokumen {number}. Bila isinya keliru, ganti dokumen itu.",
        "This application has produced document {number} already. If it is wrong, replace that document.",
    ),
)
ISSUED_NOT_READY = ProblemType(
    "applications-issued-not-ready",
    503,
    Text("Dokumen sedang disegel", "The document is being sealed"),
    Text(
        "Dokumen sudah terbit dan berkasnya sedang dibuat. Coba lagi dalam {retry_after} detik.",
        "The document is issued and its file is being made. Try again in {retry_after} seconds.",
    ),
)
ISSUED_REVOKED = ProblemType(
    "applications-issued-revoked",
    410,
    Text("Dokumen sudah dicabut", "The document was revoked"),
    Text("Dokumen ini dicabut: {why}.", "This document was revoked: {why}."),
)
ISSUED_ERASED = ProblemType(
    "applications-issued-erased",
    410,
    Text("Data pemegang sudah dihapus", "The holder's data was erased"),
    Text(
        "Berkasnya tidak dapat dibuka lagi karena data pemegangnya dihapus. Nomor dan kode periksanya tetap tercatat.",
        "The file cannot be opened any more because its holder's data was erased. Its number and check code stay recorded.",
    ),
)
ALREADY_REVOKED = ProblemType(
    "applications-already-revoked",
    409,
    Text("Sudah dicabut sebelumnya", "Revoked already"),
    Text("Dokumen {number} sudah dicabut sebelumnya.", "Document {number} was revoked before."),
)
REVOCATION_REASON = ProblemType(
    "applications-revocation-reason",
    422,
    Text("Alasan pencabutan belum benar", "The reason to revoke is not right"),
    Text("Pilih salah satu: {codes}.", "Choose one of: {codes}."),
)
REVOCATION_WORDS = ProblemType(
    "applications-revocation-words",
    422,
    Text("Penjelasan belum cukup", "The explanation is not right"),
    Text("Jelaskan dengan {least} sampai {most} huruf.", "Explain it in {least} to {most} characters."),
)
ALREADY_PROPOSED = ProblemType(
    "applications-already-proposed",
    409,
    Text("Sudah diusulkan", "Proposed already"),
    Text(
        "Atas dokumen {number} sudah ada usul yang menunggu keputusan orang kedua.",
        "There is a proposal about document {number} already, which waits for a second person.",
    ),
)
PROPOSAL_NOT_FOUND = ProblemType(
    "applications-proposal-not-found",
    404,
    Text("Usul tidak ditemukan", "No such proposal"),
    Text("Usul ini tidak ada, atau sudah diputuskan.", "There is no such proposal, or it was decided."),
)
NOT_ORDERED = ProblemType(
    "applications-not-ordered",
    409,
    Text("Tidak ada perintah cetak", "Nothing is to be printed"),
    Text(
        "Dokumen {number} tidak menunggu dicetak: sudah dicetak, dicabut, atau hanya digital.",
        "Document {number} does not wait to be printed: it was printed, revoked, or is digital only.",
    ),
)
DOCUMENT_GOOD = ProblemType(
    "applications-document-good",
    409,
    Text("Dokumen masih berlaku", "The document is still good"),
    Text(
        "Permohonan ini mempunyai dokumen yang berlaku; serahkan atau cabut dahulu.",
        "This application has a document that is good; hand it over, or revoke it first.",
    ),
)
