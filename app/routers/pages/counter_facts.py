"""What registers and checks say, in words for an officer: names of facts, values that are codes, warnings about papers."""

import re
from collections.abc import Mapping

from app.core.texts import Text
from app.services.documents import photo_problems
from app.services.documents.photo_problems import PhotoProblemType

FACT_NAMES: Mapping[str, Text] = {
    "nik": Text("NIK", "NIK"),
    "name": Text("Nama", "Name"),
    "born_on": Text("Tanggal lahir", "Date of birth"),
    "age": Text("Umur", "Age"),
    "sex": Text("Jenis kelamin", "Sex"),
    "address": Text("Alamat", "Address"),
    "citizenship": Text("Kewarganegaraan", "Citizenship"),
    "plate": Text("Pelat", "Plate"),
    "make": Text("Merek", "Make"),
    "model": Text("Tipe", "Model"),
    "colour": Text("Warna", "Colour"),
    "kind": Text("Jenis", "Kind"),
    "year": Text("Tahun", "Year"),
    "owner_nik": Text("NIK pemilik", "NIK of the owner"),
    "owner_name": Text("Nama pemilik", "Name of the owner"),
    "blocked": Text("Diblokir", "Blocked"),
    "registered": Text("Nomor rangka sudah terdaftar", "Chassis number is registered already"),
    "open_tickets": Text("Tilang yang belum selesai", "Open tickets"),
    "class": Text("Golongan", "Class"),
    "number": Text("Nomor", "Number"),
    "issued_on": Text("Terbit", "Issued"),
    "valid_until": Text("Berlaku sampai", "Valid until"),
    "status": Text("Keadaan", "Status"),
    "due_on": Text("Jatuh tempo", "Due"),
    "stnk_valid_until": Text("STNK berlaku sampai", "STNK valid until"),
    "pkb": Text("PKB", "Vehicle tax (PKB)"),
    "opsen": Text("Opsen", "Opsen"),
    "bbnkb": Text("BBN-KB", "Transfer duty (BBN-KB)"),
    "penalty": Text("Denda", "Penalty"),
    "amount": Text("Jumlah", "Amount"),
    "passed": Text("Lulus", "Passed"),
    "checked_on": Text("Diperiksa", "Checked"),
    "classes": Text("Untuk golongan", "For classes"),
    "active": Text("Aktif", "Active"),
    "open_case": Text("Ada perkara yang belum selesai", "A case is open"),
    "note": Text("Catatan", "Note"),
}
"""By the name that conditions of services use; other facts are not shown."""
FACT_VALUES: Mapping[str, Text] = {
    "M": Text("Laki-laki", "Male"),
    "F": Text("Perempuan", "Female"),
    "active": Text("berlaku", "active"),
    "withheld": Text("ditahan", "withheld"),
    "revoked": Text("dicabut", "revoked"),
}
RUPIAH_FACTS = frozenset({"pkb", "opsen", "bbnkb", "penalty", "amount"})
VEHICLE_FIELDS: Mapping[str, str] = {
    "chassis_tail": "chassis_tail",
    "make": "make",
    "model": "model",
    "colour": "colour",
    "year": "year",
}
"""Questions of forms that the vehicle register answers as well, though no service file says so."""

_WARNINGS: Mapping[str, Text] = {
    each.code: each.says for each in vars(photo_problems).values() if isinstance(each, PhotoProblemType)
}
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


def warning_words(code: str) -> Text:
    """What the machine was unsure of; a code that nobody has put into words shows as itself."""
    found = _WARNINGS.get(code)
    return found if found is not None and not _PLACEHOLDER.search(found.id) else Text(code, code)
