"""A citizen's own consent to one step that somebody else takes for them: a one-time code, told to an officer at a counter, or
to somebody of their own family card.

What somebody may do with proof of their own, staff may do only with a code that went to that person's phone or e-mail
on record (`etle.md` 7: 'accepts with his own code'). A code is good for one person, one case and one step, once; what
the code is for stands in the message, so that nobody agrees to something else.

Use: `ask_consent` in one transaction; in the transaction that takes the step `use_consent`, whose id belongs into the
event. Where it gives None the caller lets that transaction commit, for the failed try to count, and refuses after it
with CONSENT_REFUSED. A guard may ask `was_given`.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.contacts import parse_email, parse_mobile
from app.core.db import Tx
from app.core.texts import Text
from app.services.identity.codes import GOOD_FOR, CodePurpose, new_code, redeem_latest
from app.services.identity.contacts import Contact, ContactKind
from app.services.identity.models import OneTimeCode


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the code went, covered so far that only its owner knows it, and until when it is good."""

    sent_to: str
    good_until: datetime


def contact_on_record(phone: str | None, email: str | None) -> Contact | None:
    """How somebody can be sent a code: by the phone on record, else by e-mail; None where neither can be used."""
    mobile = parse_mobile(phone) if phone else None
    if mobile is not None:
        return Contact(ContactKind.PHONE, mobile)
    address = parse_email(email) if email else None
    return Contact(ContactKind.EMAIL, address) if address is not None else None


async def ask_consent(
    tx: Tx,
    *,
    about: UUID,
    step: str,
    of: UUID,
    send_to: Contact,
    what: Text,
    purpose: CodePurpose = CodePurpose.CONSENT,
) -> Asked:
    """Send this person (`of`, the room's own id) a code for one step of a case; an earlier code for it ends here.

    `what` completes 'the officer wants to ...' in the message, without anybody's name; for CodePurpose.FAMILY it is the whole
    sentence, with the name of who asks.
    """
    # A key of its own: codes are forgotten with their key after a day, and the person's must outlive them.
    key_id = await vault.key_for_person(tx, None)
    await new_code(tx, purpose, _about(about, step, of), key_id=key_id, send_to=send_to, what=what)
    return Asked(send_to.masked, tx.now + GOOD_FOR)


async def use_consent(
    tx: Tx, *, about: UUID, step: str, of: UUID, code: str, purpose: CodePurpose = CodePurpose.CONSENT
) -> UUID | None:
    """Use the person's code up; its id, or None when it is wrong, old, used, for something else, or tried too often."""
    redeemed = await redeem_latest(tx, purpose, _about(about, step, of), code)
    return redeemed.id if redeemed else None


async def was_given(
    tx: Tx, *, about: UUID, step: str, consent: UUID, purpose: CodePurpose = CodePurpose.CONSENT
) -> bool:
    """Whether this consent was used in this very transaction for this step: a guard trusts no caller's word."""
    query = select(col(OneTimeCode.about)).where(
        col(OneTimeCode.id) == consent,
        col(OneTimeCode.purpose) == purpose,
        col(OneTimeCode.used_at) == tx.now,
        col(OneTimeCode.tries) > 0,  # one that a newer code ended was never tried
    )
    found = (await tx.session.execute(query)).scalar_one_or_none()
    return found is not None and found.startswith(_about(about, step, ""))


def _about(case_id: UUID, step: str, person: UUID | str) -> str:
    return f"{case_id} {step} {person}"
