"""Example issued papers with made-up people, for tests."""

import io
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from app.core.texts import Text
from app.services.documents import CheckCode
from app.services.documents.issued import IssuedData, Issuer, PaperFacts

JAKARTA = ZoneInfo("Asia/Jakarta")
CHECK = CheckCode("CEK7K3M9QXT4V2PA", "https://loket.example/periksa/CEK7K3M9QXT4V2PA")
ISSUER = Issuer("Polres Metro Jakarta Selatan", "POLRES", "Polda Metro Jaya", "Jakarta Selatan")
UNIT = "PMJ-POLRESTRO-JAKARTA-SELATAN"
ISSUED_AT = datetime(2026, 3, 2, 10, 0, tzinfo=JAKARTA)
NIK = "9999015708900001"

VEHICLE = (
    (Text("Merek, tipe", "Make, type"), "TOYOTA AVANZA 1.3 G M/T"),
    (Text("Jenis, model", "Kind, model"), "MOBIL PENUMPANG, MINIBUS"),
    (Text("Tahun pembuatan", "Year made"), "2021"),
    (Text("Warna", "Colour"), "HITAM METALIK"),
)
REGISTERED = (
    *VEHICLE,
    (Text("Isi silinder", "Displacement"), "1.329 cc"),
    (Text("Bahan bakar", "Fuel"), "BENSIN"),
    (Text("Nomor rangka", "Chassis number"), "MHFM1BA3JMK123456"),
    (Text("Nomor mesin", "Engine number"), "K3MH12345"),
    (Text("Warna TNKB", "Plate colour"), "PUTIH"),
    (Text("Nomor BPKB", "BPKB number"), "Q01234567"),
)


def photo(background: str = "#b3202a", size: tuple[int, int] = (480, 640)) -> bytes:
    """A drawn person: nobody."""
    image = Image.new("RGB", size, background)
    draw, (width, height) = ImageDraw.Draw(image), size
    draw.ellipse((width * 0.05, height * 0.68, width * 0.95, height * 1.3), fill="#203048")
    draw.rectangle((width * 0.42, height * 0.55, width * 0.58, height * 0.74), fill="#b98a68")
    draw.ellipse((width * 0.3, height * 0.18, width * 0.7, height * 0.64), fill="#c89a78")
    draw.pieslice((width * 0.28, height * 0.13, width * 0.72, height * 0.62), 180, 360, fill="#151515")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def facts(kind: str, **changes: Any) -> PaperFacts:
    """What a case of each kind might know; more of the holder than some papers may show."""
    made = PaperFacts(
        holder_name="Siti Contohwati",
        nik=NIK,
        born_on=date(1990, 8, 17),
        born_at="Kotacontoh",
        address="Jl. Melati No. 12 RT 03 RW 05, Kel. Contoh, Kec. Contoh, Jakarta Selatan",
        photo=photo(),
    )
    more: dict[str, dict[str, Any]] = {
        "stnk_pengesahan": {"mark": "B 1234 XYZ", "period": "2026/2027", "rows": VEHICLE},
        "stnk": {"mark": "B 1234 XYZ", "rows": REGISTERED},
        "sale_report": {
            "mark": "B 1234 XYZ",
            "rows": (
                *VEHICLE,
                (Text("Tanggal jual", "Sold on"), "27 Februari 2026"),
                (Text("Bukti", "Evidence"), "Kuitansi"),
            ),
        },
        "sim": {
            "mark": "A",
            "photo": photo("#1f4fa3"),
            "rows": (
                (Text("Jenis kelamin, golongan darah", "Sex, blood group"), "PEREMPUAN, O"),
                (Text("Pekerjaan", "Occupation"), "GURU"),
                (Text("Satpas", "Issuing office"), "1221-JAKARTA SELATAN"),
            ),
        },
        "sim_international": {
            "mark": "A, B",
            "photo": photo("#f2f2f2"),
            "rows": (
                (Text("Kewarganegaraan", "Nationality"), "Indonesia"),
                (Text("Nomor paspor", "Passport number"), "X1234567"),
                (Text("SIM nasional", "National licence"), "A, berlaku sampai / until 17.08.2029"),
            ),
        },
        "skck": {
            "purpose": Text("Melamar pekerjaan di PT Contoh Sejahtera", "Job application at PT Contoh Sejahtera"),
            "rows": (
                (Text("Jenis kelamin", "Sex"), "Perempuan / Female"),
                (Text("Kebangsaan", "Nationality"), "Indonesia"),
                (Text("Pekerjaan", "Occupation"), "Guru"),
                (Text("Rumus sidik jari", "Fingerprint formula"), "1 U 001 10 / 1 U 001 12"),
            ),
        },
        "certificate": {
            "title": Text("Surat Keterangan Tanda Lapor Kehilangan", "Certificate of a reported loss"),
            "rows": ((Text("Barang", "Item"), "Buku tabungan"), (Text("Hilang di", "Lost at"), "Terminal Contoh")),
            "statement": Text(
                "Laporan di atas telah kami terima dan catat.", "We have received and recorded this report."
            ),
            "purpose": Text("Pengurusan pengganti", "Getting a replacement"),
        },
    }
    return replace(made, **{**more[kind], **changes})


VALID_UNTIL = {
    "stnk_pengesahan": date(2027, 3, 2),
    "stnk": date(2031, 3, 2),
    "sale_report": None,
    "sim": date(2031, 3, 2),
    "sim_international": date(2029, 3, 2),
    "skck": date(2026, 9, 2),
    "certificate": None,
}


def paper(kind: str, **changes: Any) -> IssuedData:
    """A paper of this kind, as Polres Metro Jakarta Selatan issues it."""
    prefix = {"stnk_pengesahan": "PGS", "sale_report": "LJ", "sim_international": "SIMI", "certificate": "SK"}
    made = IssuedData(
        kind=kind,
        number=f"{prefix.get(kind, kind.upper())}/7K3M9QXT/III/2026/{UNIT}",
        issuer=ISSUER,
        issued_at=ISSUED_AT,
        valid_until=VALID_UNTIL[kind],
        check=CHECK,
        facts=facts(kind),
    )
    return replace(made, **changes)
