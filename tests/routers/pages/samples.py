"""Views with made-up values, for drawing templates without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.core.money import Rupiah
from app.core.texts import Text
from app.routers.pages import words
from app.routers.pages.api_docs import Answer, Field, Operation
from app.routers.pages.desk import AnswerLine, Desk, NextStep, TaskLine, UndrawnLine
from app.routers.pages.drafts import Draft, DraftFile
from app.services.etle.views import (
    AttachmentView,
    BillView,
    BlockView,
    CameraView,
    DeletedEvidence,
    EvidenceItem,
    EvidenceView,
    MachineReading,
    PersonRecord,
    ReviewView,
    TicketView,
    VehicleRecord,
    ViolationView,
    VirtualAccountView,
)
from app.services.identity.people import PersonView
from app.services.recognition import read_characters

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
READ = read_characters("B1234XYZ", [0.99, 0.99, 0.99, 0.62, *[0.99] * 4], ["B1284XYZ"])
TICKET_ID = UUID("0195f0aa-0000-7000-8000-000000000001")
VIOLATION = ViolationView(
    "287-2",
    "UU 22/2009 pasal 287 ayat (2)",
    Text("Melanggar alat pemberi isyarat lalu lintas", "Ran a red traffic light"),
)


def ticket(**changes: Any) -> TicketView:
    """A ticket whose letter was sent, with these changes."""
    made = TicketView(
        id=TICKET_ID,
        reference="ETL7K3M9QXT4",
        state="letter_sent",
        state_title=Text("Surat konfirmasi terkirim", "Confirmation letter sent"),
        version=5,
        unit="PMJ-DITLANTAS",
        plate="B 1234 XYZ",
        violation=VIOLATION,
        occurred_at=NOW,
        zone="Asia/Jakarta",
        zone_label="WIB",
        location="Simpang Contoh, Jakarta Pusat",
        fine=Rupiah(500_000),
        due_at=NOW + timedelta(days=8),
        answers=("self", "other_driver", "sold", "not_mine", "object"),
        driver_actions=(),
        viewer_role="owner",
        vehicle="Toyota Avanza, hitam",
        register_no=None,
        court_name=None,
        session_at=None,
        verdict_fine=None,
        verdict_cost=None,
        has_receipt=False,
        has_bill=False,
        has_letter=True,
    )
    return made._replace(**changes)


def issued_ticket(**changes: Any) -> TicketView:
    """A ticket that waits for its deposit."""
    return ticket(
        state="tilang_issued",
        state_title=Text("Tilang diterbitkan", "Ticket issued"),
        answers=(),
        register_no="A1234567",
        court_name="PN Jakarta Pusat",
        session_at=NOW + timedelta(days=30),
        has_bill=True,
        **changes,
    )


def evidence(**changes: Any) -> EvidenceView:
    """Two pictures, a reading with an alternative, a camera with its certificate."""
    items = tuple(
        EvidenceItem(f"/e/{at}.jpg", f"/e/{at}-crop.jpg", "ab" * 32, "cd" * 32, "image/jpeg", NOW)
        for at in ("one", "two")
    )
    made = EvidenceView(
        items=items,
        reading=MachineReading("B 1234 XYZ", 0.9731, (("B 1284 XYZ", 0.02),), "embedded", READ),
        camera=CameraView("Simpang Contoh 2", "KAL-2025-88", date(2027, 1, 1), "CamOne 4"),
        speed_kmh=78.4,
        limit_kmh=60.0,
        deleted=(DeletedEvidence("ef" * 32, NOW),),
    )
    return replace(made, **changes)


def bill(**changes: Any) -> BillView:
    """An open bill with accounts at two banks."""
    made = BillView(
        state="open",
        purpose="fine",
        amount=Rupiah(500_000),
        currency="IDR",
        virtual_accounts=(
            VirtualAccountView("BRI", "   12345", "12345678901", "1234512345678901"),
            VirtualAccountView("Mandiri", "   88771", "12345678901", "8877112345678901"),
        ),
        expires_at=NOW + timedelta(days=15),
        paid_at=None,
    )
    return replace(made, **changes)


def review(**changes: Any) -> ReviewView:
    """A case in an officer's hands."""
    made = ReviewView(
        ticket_id=TICKET_ID,
        reference="ETL7K3M9QXT4",
        state="in_verification",
        state_title=Text("Sedang diperiksa petugas", "Being reviewed by an officer"),
        version=2,
        unit="PMJ-DITLANTAS",
        occurred_at=NOW,
        zone="Asia/Jakarta",
        zone_label="WIB",
        location="Simpang Contoh, Jakarta Pusat",
        violation=VIOLATION,
        fine=Rupiah(500_000),
        plate="B 1234 XYZ",
        doubtful=True,
        evidence=evidence(),
        registry=VehicleRecord("v1", "B 1234 XYZ", "Toyota", "Avanza 1.3 G", "Hitam", "Mobil penumpang", None, False),
        actions=("verify", "reject", "report_fake_plate", "release"),
        assigned_to="staff-1",
        answer=None,
        answer_reason=None,
        attachments=(),
        parties=(),
        blind=True,
        originals=(("ab" * 32, "image/jpeg", NOW), ("cd" * 32, "video/mp4", NOW)),
        opening_reasons=("plate", "violation", "objection"),
    )
    return replace(made, **changes)


def objection(**changes: Any) -> ReviewView:
    """A case whose owner objected."""
    return review(
        state="objection",
        state_title=Text("Sanggahan diperiksa", "Objection being considered"),
        doubtful=False,
        actions=("accept_objection", "refuse_objection"),
        blind=False,
        answer="not_mine",
        answer_reason="Mobil saya berwarna putih.\nFoto terlampir.",
        attachments=(AttachmentView(TICKET_ID, "/e/a.jpg", "image/jpeg", NOW),),
        parties=(PersonRecord("owner", "Contoh Pemilik", None, "Jalan Contoh 1", "+62812000000", None, None),),
        **changes,
    )


def block(number: int) -> BlockView:
    """A proposal of a block."""
    return BlockView(
        id=UUID(int=number),
        case_id=TICKET_ID,
        reference=f"ETL7K3M9QX{number:02}",
        plate="B 1234 XYZ",
        reason="unanswered",
        state="proposed",
        proposed_at=NOW,
        signed_at=None,
        set_at=None,
        lifted_at=None,
    )


def staff() -> Desk:
    """A member of staff at a unit."""
    return Desk(
        unit="PMJ-DITLANTAS",
        unit_name="Ditlantas Polda Contoh",
        zone_label="WIB",
        role_name=Text("Penyidik pembantu", "Verifying officer"),
        signs_blocks=True,
    )


def ticket_page(entries: list[Any]) -> dict[str, Any]:
    """What the ticket page is given."""
    return {
        "ticket": ticket(),
        "unit_name": "Ditlantas Polda Contoh",
        "meaning": words.MEANINGS["letter_sent"],
        "due_label": words.DUE_LABELS["letter_sent"],
        "next_step": NextStep(Text("Jawab sekarang", "Answer now"), "/"),
        "links": [NextStep(Text("Surat (PDF)", "Letter (PDF)"), "/")],
        "evidence": evidence(),
        "entries": entries,
    }


def answer_page(kind: str) -> dict[str, Any]:
    """What the pages of an answer are given."""
    yours = "no" if kind in ("sold", "not_mine") else "yes"
    return {
        "draft": Draft(yours, kind, {}, (DraftFile("1", "foto.jpg"),)),
        "heading": Text("Siapa pengemudinya?", "Who was driving?"),
        "lines": [AnswerLine(Text("Jawaban", "Answer"), words.ANSWERS[kind], "/")],
        "consequence": words.CONSEQUENCES[kind],
    }


def tasks_page() -> dict[str, Any]:
    """What the task list is given."""
    line = TaskLine(TICKET_ID, "ETL7K3M9QXT4", Text("Periksa", "Review"), NOW, "WIB", True, Text("Petugas", "Officer"))
    waits = [
        UndrawnLine("ETL7K3M9QXT4", Text("Periksa", "Review"), NOW, "WIB", announced) for announced in (True, False)
    ]
    page = {"staff": staff(), "notice": None, "after": None, "next_href": "/counter?after=x"}
    return {**page, "tasks": [line] * 6, "undrawn": waits}


def mine_page(**changes: Any) -> dict[str, Any]:
    """What a citizen's own list is given: `tickets`, and an account with or without a NIK."""
    values = {"name": "Budi <Contoh>", "nik_masked": "3174**********01", **changes}
    account = PersonView(
        id=TICKET_ID,
        phone="+6281200000001",
        email=None,
        name=values["name"],
        nik_masked=values["nik_masked"],
        bound_at=None,
        created_at=NOW,
    )
    shown = {"account": account, "tickets": values["tickets"], "first_page": True}
    return {**shown, "next_href": values.get("next_href")}


def operation() -> Operation:
    """One operation of the API."""
    sent = (Field("plate", "string", True, "As on the STNK"),)
    return Operation("look_up", "POST", "/v1/tickets/lookup", "Find <tickets>.", sent, (Answer("200", "Found", sent),))
