"""Example papers with made-up people, for the tests of this room."""

import io
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw

from app.core.money import Rupiah
from app.core.texts import Text
from app.services.documents import (
    CheckCode,
    LetterData,
    Post,
    Reading,
    ReceiptData,
    Sender,
    TicketData,
    Vehicle,
    Violation,
    VirtualAccount,
)

JAKARTA = ZoneInfo("Asia/Jakarta")
CONFIRM_URL = "https://loket.example/tiket?ref=ETL7K3M9QXT4"
CHECK = CheckCode("CEK7K3M9QXT4V2PA", "https://loket.example/periksa/CEK7K3M9QXT4V2PA")
PROOF = b'{"leaf": {"kind": "payment_posted"}, "index": 7}'


def photo(size: tuple[int, int] = (800, 500)) -> bytes:
    image = Image.new("RGB", size, "#456")
    ImageDraw.Draw(image).rectangle((size[0] // 3, size[1] // 2, size[0] // 2, size[1] * 2 // 3), fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


SENDER = Sender(
    name="Direktorat Lalu Lintas",
    parent="Kepolisian Daerah Contoh",
    signatory="Kepala Subdirektorat Penegakan Hukum",
    city="Kotacontoh",
    address="Jl. Contoh No. 1, Kotacontoh",
    phone="(021) 500-000",
)
VEHICLE = Vehicle("B 1234 XYZ", "Toyota", "Avanza", "Hitam", "Mobil penumpang", "MHFM1BA3JAK123456", "DA12345678")
VIOLATIONS = (Violation("Pasal 287 ayat (1) UU 22/2009", Text("Melanggar rambu", "Disobeying a sign")),)
ADDRESS = ("Jl. Melati No. 12 RT 03 RW 05", "Kel. Contoh, Kec. Contoh", "Kotacontoh 12430")


def letter(**changes: Any) -> LetterData:
    made = LetterData(
        written_at=datetime(2026, 3, 2, 10, 0, tzinfo=JAKARTA),
        zone_name="WIB",
        sender=SENDER,
        reference="ETL7K3M9QXT4",
        addressee_name="Siti Contohwati",
        addressee_address=ADDRESS,
        vehicle=VEHICLE,
        occurred_at=datetime(2026, 3, 1, 7, 42, 13, tzinfo=JAKARTA),
        place="Jl. Contoh Raya, simpang Contoh arah utara",
        violations=VIOLATIONS,
        photo=photo(),
        confirm_url=CONFIRM_URL,
        check=CHECK,
        days_from_violation=8,
        days_from_delivery=5,
        crop=photo((200, 60)),
        reading=Reading("B 1234 XYZ", 0.987),
        camera="KM-021, sertifikat 2025/118",
        speed_kmh=92,
        limit_kmh=60,
        post=Post("Posko Gakkum, Jl. Contoh No. 2", "Sen-Jum 08.00-16.00", "(021) 500-001"),
    )
    return replace(made, **changes)


def ticket(**changes: Any) -> TicketData:
    made = TicketData(
        written_at=datetime(2026, 3, 6, 10, 0, tzinfo=JAKARTA),
        zone_name="WIB",
        sender=SENDER,
        reference="ETL7K3M9QXT4",
        register_no="G1234567",
        driver_name="Siti Contohwati",
        driver_address=ADDRESS,
        driver_nik="9999010101010001",
        driver_sim="SIM A 1234-5678-901234",
        vehicle=VEHICLE,
        occurred_at=datetime(2026, 3, 1, 7, 42, 13, tzinfo=JAKARTA),
        place="Jl. Contoh Raya, simpang Contoh arah utara",
        violations=VIOLATIONS,
        amount=Rupiah(500_000),
        accounts=(VirtualAccount("Bank Contoh", "779000012345678901"),),
        pay_until=datetime(2026, 3, 16, 23, 59, tzinfo=JAKARTA),
        court_name="Pengadilan Negeri Contoh",
        court_at=datetime(2026, 3, 27, 8, 0, tzinfo=JAKARTA),
        photo=photo(),
        ticket_url=CONFIRM_URL,
        check=CHECK,
    )
    return replace(made, **changes)


def receipt(**changes: Any) -> ReceiptData:
    made = ReceiptData(
        written_at=datetime(2026, 3, 7, 10, 0, tzinfo=JAKARTA),
        zone_name="WIB",
        sender=SENDER,
        receipt_no="RCP8M2K4T6W0",
        reference="ETL7K3M9QXT4",
        register_no="G1234567",
        virtual_account_no="779000012345678901",
        bank="Bank Contoh",
        bank_reference="202603071012345678",
        paid_at=datetime(2026, 3, 7, 9, 58, tzinfo=JAKARTA),
        amount=Rupiah(500_000),
        purpose="fine",
        title=Text("Titipan denda tilang", "Traffic fine deposit"),
        check=CHECK,
        proof=PROOF,
        plate="B 1234 XYZ",
        violations=VIOLATIONS,
        court_name="Pengadilan Negeri Contoh",
        court_on=date(2026, 3, 27),
    )
    return replace(made, **changes)
