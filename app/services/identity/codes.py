"""One-time codes: six digits, five minutes, five tries, one use. For signing in, binding a NIK, consenting at a counter.

The table keeps a keyed hash: six digits alone could be found from a plain one in no time. A row and a sending job are
made even where there is nobody to send to, so that neither the answer nor its time tells whether a match exists; the
job finds that out later.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import col

from app.core import vault
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.ids import new_id
from app.core.texts import Lang, Text
from app.services.identity.contacts import Contact, ContactKind
from app.services.identity.models import OneTimeCode
from app.services.notifications import Medium, Recipient, send

GOOD_FOR = timedelta(minutes=5)
_MEDIA = {ContactKind.PHONE: Medium.SMS, ContactKind.EMAIL: Medium.EMAIL}
MAX_TRIES = 5
DIGITS = 6


class CodePurpose(StrEnum):
    """What a code is for; a code for one purpose is none for another."""

    SIGN_IN = "sign_in"
    BIND_IDENTITY = "bind_identity"
    CONSENT = "consent"
    FAMILY = "family"
    """The consent of an adult to what somebody of their family card applies for in their name."""


_PURPOSE_WORDS = {
    CodePurpose.SIGN_IN: Text("masuk ke Loket", "signing in to Loket"),
    CodePurpose.BIND_IDENTITY: Text("memastikan data diri Anda", "confirming your identity"),
    CodePurpose.CONSENT: Text("menyetujui bantuan petugas loket", "agreeing to a counter officer's help"),
    CodePurpose.FAMILY: Text("menyetujui permohonan atas nama Anda", "agreeing to an application in your name"),
}
_TEMPLATES = {CodePurpose.CONSENT: "consent_code", CodePurpose.FAMILY: "family_consent_code"}
"""A code that is told to an officer or to the family says so; any other is for nobody's ears."""
_ABOUT = Text("Kode sekali pakai", "A one-time code")
_SENDER_UNIT = "MABES"  # an account is national: no single unit sends its codes
_TO_BE_SENT = ("code", "medium", "address", "lang", "what_id", "what_en")


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """What a right code opens: whom it was about, and what was held for that moment."""

    id: UUID
    about: str
    key_id: UUID | None
    held: Mapping[str, str | None] = field(repr=False)


async def new_code(
    tx: Tx,
    purpose: CodePurpose,
    about: str,
    *,
    key_id: UUID,
    send_to: Contact | None,
    held: Mapping[str, str | None] | None = None,
    what: Text | None = None,
    lang: Lang = "id",
) -> UUID:
    """Make a code for `about` (an opaque id or blind index) and have it sent; earlier ones of that purpose end here.

    `held` (personal data needed when it is redeemed) is sealed with the address under the data key `key_id`. `what` says
    what it is for, where the purpose alone does not. Gives the code's id, which is no secret.
    """
    earlier = (col(OneTimeCode.purpose) == purpose) & (col(OneTimeCode.about) == about)
    await tx.session.execute(
        update(OneTimeCode).where(earlier, col(OneTimeCode.used_at).is_(None)).values(used_at=tx.now)
    )
    code_id, code = new_id(), str(secrets.randbelow(10**DIGITS)).zfill(DIGITS)
    medium = _MEDIA[send_to.kind] if send_to else None
    words = what or _PURPOSE_WORDS[purpose]
    address = send_to.value if send_to else None
    to_send = {"code": code, "medium": medium, "address": address, "lang": lang}
    to_send |= {"what_id": words.id, "what_en": words.en}
    row = OneTimeCode(
        id=code_id,
        purpose=purpose,
        about=about,
        key_id=key_id,
        held_enc=await vault.seal(tx, key_id, {**(held or {}), **to_send}),
        code_hash=_hash(tx.house.keys, code_id, code),
        created_at=tx.now,
        expires_at=tx.now + GOOD_FOR,
    )
    tx.session.add(row)
    await tx.session.flush()
    await tx.enqueue("identity.send_code", str(code_id))
    return code_id


async def dispatch(tx: Tx, code_id: UUID) -> None:
    """Hand a waiting code over to the messages, once; nothing for one that was sent, used, or has nobody to go to."""
    row = await tx.lock(OneTimeCode, code_id)
    if row is None or row.key_id is None or row.used_at is not None or tx.now >= row.expires_at:
        return
    waiting = {name: row.held_enc.get(name) for name in _TO_BE_SENT}
    row.held_enc = {name: value for name, value in row.held_enc.items() if name not in _TO_BE_SENT}
    plain = await vault.open_(tx.session, tx.house.keys, row.key_id, waiting)
    code, medium, address = plain["code"], plain["medium"], plain["address"]
    if code is None or medium is None or address is None:
        return
    await send(
        tx,
        to=Recipient(row.key_id, Medium(medium), address, "en" if plain["lang"] == "en" else "id"),
        template=_TEMPLATES.get(CodePurpose(row.purpose), "one_time_code"),
        params={
            "code": code,
            "purpose": Text(plain["what_id"] or "", plain["what_en"] or ""),
            "minutes": int(GOOD_FOR.total_seconds() // 60),
        },
        unit=_SENDER_UNIT,
        about=_ABOUT,
        valid_until=row.expires_at,
    )


async def redeem(tx: Tx, purpose: CodePurpose, code_id: UUID, code: str) -> RedeemedCode | None:
    """Use a code up; None when it is wrong, old, used, or tried too often.

    The caller must let the transaction commit on None too, for the failed try to count, and refuse after it.
    """
    row = await tx.lock(OneTimeCode, code_id)
    given = _hash(tx.house.keys, code_id, code.strip()[:32])
    right = hmac.compare_digest(given, row.code_hash if row else "")
    if row is None or row.purpose != purpose or row.used_at or row.tries >= MAX_TRIES or tx.now >= row.expires_at:
        return None
    row.tries += 1
    if not right:
        return None
    row.used_at = tx.now
    sealed = {name: value for name, value in row.held_enc.items() if name not in _TO_BE_SENT}
    held = await vault.open_(tx.session, tx.house.keys, row.key_id, sealed) if row.key_id else {}
    row.held_enc = {}
    return RedeemedCode(row.id, row.about, row.key_id, held)


async def redeem_latest(tx: Tx, purpose: CodePurpose, about: str, code: str) -> RedeemedCode | None:
    """`redeem` for the newest open code about this person; for callers who hold no code id."""
    query = (
        select(col(OneTimeCode.id))
        .where(col(OneTimeCode.purpose) == purpose, col(OneTimeCode.about) == about, col(OneTimeCode.used_at).is_(None))
        .order_by(col(OneTimeCode.created_at).desc(), col(OneTimeCode.id).desc())
        .limit(1)
    )
    code_id = (await tx.session.execute(query)).scalar_one_or_none()
    return await redeem(tx, purpose, code_id or new_id(), code)


def _hash(keys: KeyRing, code_id: UUID, code: str) -> str:
    return keys.blind_index("one-time-code", f"{code_id}:{code}")
