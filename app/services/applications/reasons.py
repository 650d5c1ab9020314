"""The reasons from the list: why something must be mended, and why an application is refused. Each says what to do.

A reason without a code could hide a favour that was not given; so there is no refusal, and no mark, without one.
"""

from app.core.texts import Text

REASONS: dict[str, Text] = {
    "photo": Text("Pasfoto belum sesuai aturan", "The photo does not follow its rule"),
    "signature": Text("Tanda tangan belum jelas", "The signature is not clear"),
    "unreadable": Text(
        "Berkas tidak terbaca; foto ulang dengan cahaya cukup",
        "The paper cannot be read; photograph it again in good light",
    ),
    "wrong_document": Text("Berkas yang diserahkan bukan yang diminta", "This is not the paper that was asked for"),
    "outdated": Text(
        "Berkas sudah kedaluwarsa; serahkan yang berlaku", "The paper is out of date; hand in a valid one"
    ),
    "data_mismatch": Text(
        "Isian berbeda dengan berkas atau data rujukan", "The entry differs from the paper or the register"
    ),
    "incomplete": Text("Isian belum lengkap", "The entry is not complete"),
    "exemption": Text("Bukti pembebasan biaya belum cukup", "The proof for the exemption is not enough"),
}
"""Codes of marks, with what the applicant reads."""

REFUSALS: dict[str, Text] = {
    "not_eligible": Text("Syarat tidak terpenuhi", "A condition is not met"),
    "false_document": Text("Berkas tidak asli", "A paper is not genuine"),
    "identity": Text("Pemohon bukan orang pada berkas", "The applicant is not the person on the papers"),
    "block": Text("Kendaraan atau data diblokir", "The vehicle or record is blocked"),
    "record": Text("Catatan kepolisian belum selesai", "A police record is not settled"),
    "test_failed": Text("Uji tidak lulus dan kesempatan habis", "The test was not passed and no try is left"),
    "level": Text("Harus diurus di tingkat kesatuan lain", "Another level of unit is in charge"),
    "withdrawn": Text("Pemohon meminta berhenti", "The applicant asked to stop"),
}
"""Codes of refusals, with what the applicant reads."""
