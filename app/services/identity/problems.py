"""What identity refuses, in the words of the person who is refused."""

from app.core.problems import ProblemType
from app.core.texts import Text

CREDENTIAL_NOT_FOUND = ProblemType(
    "identity-credential-not-found",
    404,
    Text("Kredensial tidak ditemukan", "Credential not found"),
    Text(
        "Tidak ada kredensial {client_id}. Lihat daftarnya dengan `loket client list`.",
        "There is no credential {client_id}. See them with `loket client list`.",
    ),
)
CREDENTIAL_INVALID = ProblemType(
    "identity-credential-invalid",
    422,
    Text("Kredensial tidak dapat dibuat", "The credential cannot be made"),
    Text("{why}", "{why}"),
)
CREDENTIAL_DISABLED = ProblemType(
    "identity-credential-disabled",
    409,
    Text("Kredensial sudah dinonaktifkan", "The credential is disabled"),
    Text(
        "Kredensial {client_id} sudah dinonaktifkan; buat yang baru.",
        "The credential {client_id} is disabled; make a new one.",
    ),
)
CONNECTION_INVALID = ProblemType(
    "identity-connection-invalid",
    422,
    Text("Sambungan ke bank tidak benar", "The connection to the bank is not valid"),
    Text("{why}", "{why}"),
)
STAFF_NOT_FOUND = ProblemType(
    "identity-staff-not-found",
    404,
    Text("Petugas tidak ditemukan", "Staff member not found"),
    Text(
        "Tidak ada petugas dengan alamat itu. Lihat daftarnya dengan `loket staff list`.",
        "There is no member of staff with that address. See them with `loket staff list`.",
    ),
)
STAFF_EXISTS = ProblemType(
    "identity-staff-exists",
    409,
    Text("Petugas sudah terdaftar", "Staff member exists already"),
    Text("Alamat itu sudah dipakai petugas lain.", "That address belongs to a member of staff already."),
)
STAFF_INVALID = ProblemType(
    "identity-staff-invalid",
    422,
    Text("Data petugas tidak benar", "The staff data is not valid"),
    Text("{why}", "{why}"),
)
SIGN_IN_FAILED = ProblemType(
    "identity-sign-in-failed",
    401,
    Text("Tidak dapat masuk", "Could not sign in"),
    Text(
        "Alamat, kata sandi, atau kode tidak cocok, atau sudah kedaluwarsa. Periksa lalu coba lagi.",
        "The address, password or code does not match, or has expired. Check them and try again.",
    ),
)
PASSWORD_TOO_WEAK = ProblemType(
    "identity-password-too-weak",
    422,
    Text("Kata sandi terlalu lemah", "The password is too weak"),
    Text(
        "Pakai {minimum} sampai {maximum} karakter, berbeda dari kata sandi sementara.",
        "Use {minimum} to {maximum} characters, other than the temporary password.",
    ),
)
CONTACT_INVALID = ProblemType(
    "identity-contact-invalid",
    422,
    Text("Nomor atau alamat tidak dikenali", "The number or address is not understood"),
    Text(
        "Tulis nomor ponsel Indonesia, misalnya 0812 3456 7890, atau alamat surel.",
        "Give an Indonesian mobile number such as 0812 3456 7890, or an e-mail address.",
    ),
)
IDENTITY_NOT_CONFIRMED = ProblemType(
    "identity-not-confirmed",
    422,
    Text("Data diri belum dapat dipastikan", "Your identity could not be confirmed"),
    Text(
        "Kode tidak cocok atau sudah kedaluwarsa, atau data tidak sesuai catatan kependudukan. Ulangi dari awal; bila nomor "
        "ponsel di catatan sudah berganti, perbarui di Dinas Dukcapil.",
        "The code does not match or has expired, or the data differs from the population register. Start again; if the "
        "phone in the register is an old one, have it changed at the civil registry.",
    ),
)
EMBEDDED_PROVIDER_OFF = ProblemType(
    "identity-provider-elsewhere",
    404,
    Text("Masuk dilakukan di tempat lain", "Sign-in is done elsewhere"),
    Text("Penyedia identitas sistem ini adalah {issuer}.", "The identity provider of this system is {issuer}."),
)
FORM_STALE = ProblemType(
    "identity-form-stale",
    403,
    Text("Formulir kedaluwarsa", "The form has expired"),
    Text("Muat ulang halaman lalu isi lagi.", "Load the page again and fill in the form once more."),
)
CROSS_SITE = ProblemType(
    "identity-cross-site",
    403,
    Text("Permintaan dari situs lain ditolak", "A request from another site was refused"),
    Text(
        "Permintaan ini tidak berasal dari halaman kami.",
        "This request did not come from a page of ours.",
    ),
)
CONSENT_NEEDED = ProblemType(
    "identity-consent-needed",
    422,
    Text("Persetujuan warga diperlukan", "The citizen's consent is needed"),
    Text(
        "Langkah ini milik warga sendiri. Kirim kode persetujuan ke HP atau surelnya (POST .../consents), lalu sertakan kode "
        "yang ia sebutkan (consent).",
        "This step is the citizen's own. Send a consent code to their phone or e-mail (POST .../consents), then send along "
        "the code that they tell you (consent).",
    ),
)
CONSENT_REFUSED = ProblemType(
    "identity-consent-refused",
    422,
    Text("Kode persetujuan tidak berlaku", "The consent code is not valid"),
    Text(
        "Kode atau nomor formulir salah, sudah dipakai, kedaluwarsa, atau untuk langkah lain. Kirim atau cetak yang baru bila "
        "warga masih setuju.",
        "The code or the form's number is wrong, used, expired, or for another step. Send or print a new one if the citizen "
        "still agrees.",
    ),
)
CONSENT_UNREACHABLE = ProblemType(
    "identity-consent-unreachable",
    409,
    Text("Tidak ada HP atau surel di catatan", "No phone or e-mail is on record"),
    Text(
        "Kode persetujuan tidak dapat dikirim kepada orang ini. Minta ia menjawab sendiri di {link} dengan nomor referensi pada "
        "suratnya (layar umum di loket boleh dipakai), atau cetak formulir persetujuan (POST .../consent-forms).",
        "No consent code can be sent to this person. Ask them to answer by themselves at {link} with the reference on their "
        "letter (the public screen at the counter will do), or print a consent form (POST .../consent-forms).",
    ),
)
