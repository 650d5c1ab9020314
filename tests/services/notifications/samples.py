"""Example values for every message template, a way to send one, and what is waiting in the queue."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core import vault
from app.core.actor import SYSTEM
from app.core.house import House
from app.core.texts import Text
from app.services.notifications import Channel, Channels, Medium, Recipient, send
from app.services.notifications.wording import Value

LINK = "http://127.0.0.1:8000/tilang"
PHONE, MAIL = "+6281230000001", "siti@example.test"
PAPER = "ab" * 32
ABOUT = Text("Surat konfirmasi ETLE", "ETLE confirmation letter")
WHEN = Text("Senin, 2 Maret 2026, pukul 07.42 WIB", "Monday, 2 March 2026, 07:42 WIB")
SHARED: dict[str, Value] = {"reference": "ETL7K3M9QXT4", "plate": "B 1234 XYZ", "link": LINK}

SAMPLES: dict[str, dict[str, Value]] = {
    "etle_letter_sent": {
        **SHARED,
        "violation": Text("Melanggar rambu", "Disobeying a sign"),
        "occurred_at": WHEN,
        "place": "Jl. Contoh Raya",
        "answer_rule": Text("8 hari sejak kejadian.", "8 days from the event."),
    },
    "etle_reminder": {**SHARED, "due_at": WHEN},
    "etle_driver_named": {
        **SHARED,
        "role": Text("pengemudi", "driver"),
        "occurred_at": WHEN,
        "answer_rule": Text("5 hari sejak sampai.", "5 days from delivery."),
    },
    "etle_ticket_issued": {
        **SHARED,
        "register_no": "G1234567",
        "amount": 500_000,
        "bank": "Bank Contoh",
        "va_no": "7790 0001 2345",
        "pay_until": WHEN,
    },
    "etle_payment_received": {**SHARED, "amount": 500_000, "paid_at": WHEN, "receipt_no": "RCP8M2K4T6W0"},
    "etle_payment_reversed": {**SHARED, "amount": 500_000},
    "etle_annulled": {**SHARED, "reason": "pelat salah baca"},
    "etle_block_requested": {**SHARED, "reason": Text("surat tidak dijawab", "the letter was not answered")},
    "etle_block_lifted": {**SHARED},
    "etle_objection_decided": {**SHARED, "decision": Text("diterima", "accepted"), "reason": "kendaraan ambulans"},
    "etle_refund_due": {
        **SHARED,
        "amount": 400_000,
        "register_no": "G1234567",
        "why": Text("Putusan hakim lebih rendah dari titipan Anda.", "The court decided on less than your deposit."),
        "what_next": Text("Beri tahu kami rekening Anda.", "Tell us of your account."),
    },
    "etle_refund_paid": {**SHARED, "amount": 400_000, "account": "BRI ••••••1234"},
    "etle_refund_returned": {**SHARED, "amount": 400_000, "account": "BRI ••••••1234"},
    "etle_refund_account": {**SHARED, "result": Text("Rekening cocok dan dipakai.", "The account fits and is used.")},
    "one_time_code": {"code": "493817", "purpose": Text("masuk", "signing in"), "minutes": 5},
}


async def sent(
    house: House,
    *,
    medium: Medium = Medium.SMS,
    address: str = PHONE,
    template: str = "etle_letter_sent",
    params: dict[str, Value] | None = None,
    lang: Any = "id",
    case_id: UUID | None = None,
    tell: str | None = None,
    valid_until: datetime | None = None,
    nik: str | None = None,
) -> UUID:
    """One message queued in a transaction of its own."""
    async with house.db.begin(SYSTEM) as tx:
        return await send(
            tx,
            to=Recipient(await vault.key_for_person(tx, nik), medium, address, lang),
            template=template,
            params=SAMPLES[template] if params is None else params,
            unit="POLDA-CONTOH",
            about=ABOUT,
            case_id=case_id,
            document=PAPER if medium is Medium.POST else None,
            tell=tell,
            valid_until=valid_until,
        )


def with_channel(house: House, channel: Channel | None) -> House:
    """The same house with one channel for everything, or with none at all."""
    by_medium = {} if channel is None else dict.fromkeys(Medium, channel)
    return replace(house, parts={**house.parts, Channels: Channels(by_medium)})


async def queued(house: House) -> list[tuple[str, list[Any]]]:
    """The jobs that wait, as (name, arguments), in order."""
    schema = "dbos." if house.db.dialect == "postgresql" else ""
    query = text(
        f"SELECT s.name, coalesce(i.inputs, s.inputs) FROM {schema}workflow_status s "
        f"LEFT JOIN {schema}workflow_input i ON i.workflow_uuid = s.workflow_uuid "
        "WHERE s.status = 'ENQUEUED' ORDER BY s.created_at, s.workflow_uuid"
    )
    async with house.db.read() as connection:
        rows = (await connection.execute(query)).all()
    return [(name, json.loads(inputs).get("positionalArgs") or []) for name, inputs in rows]
