"""A vehicle is registered once: what its chassis number tells of other applications for a first registration.

Before money is asked for, the service's file refuses a number that the register has. Here is what the register cannot know
yet: applications of whoever else that name the same number. While both are open the officer is told; once one is approved, the
other cannot be, and a person refuses it or has the number mended.
"""

from sqlalchemy import Select, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import JsonValue, Tx
from app.core.texts import Text
from app.services.applications.models import Application
from app.services.applications.problems import CHASSIS_TAKEN
from app.services.applications.store import Reader
from app.services.cases import Case
from app.services.catalogue import Enters, Outcome, Service, Verdict
from app.services.registries import NumberKind, number_indexes

APPROVED = ("approved", "issued", "printed", "ready", "shipped", "handed_over", "completed")
LOOKED_AT = ("manual_check", "submitted", "awaiting_payment", "paid", "in_review", "needs_correction", "refusal_proposed",
             "appointment", "attended", "no_show", "retest", *APPROVED)  # fmt: skip
MOST_NAMED = 5
TWICE = Text(
    "Nomor rangka ini juga ada di permohonan lain: {references}. Bandingkan berkasnya; hanya satu yang dapat disetujui.",
    "Another application names this chassis number, too: {references}. Compare the papers; only one can be approved.",
)


def chassis_index(keys: KeyRing, service: Service, form: dict[str, JsonValue]) -> str | None:
    """The blind index of the vehicle that an application would have registered; None where it registers none."""
    typed = form.get("chassis_no")
    if service.issues is None or service.issues.enters is not Enters.REGISTRATION or not typed:
        return None
    return number_indexes(keys, NumberKind.CHASSIS, str(typed))[0]


async def applied_for_twice(source: Reader, application: Application) -> Verdict | None:
    """What an officer must see: other applications, of whoever, that were handed in for the same chassis number."""
    if application.chassis_bidx is None:
        return None
    found = (await source.execute(_others(application, LOOKED_AT).limit(MOST_NAMED))).scalars().all()
    if not found:
        return None
    named = TWICE.fill(references=", ".join(found))
    return Verdict("chassis-applied-for-twice", Outcome.WARNED, named, None)


async def check_first(tx: Tx, application: Application) -> None:
    """Refuse to approve the second of two. Raises CHASSIS_TAKEN; two that are approved at once pass one after the other."""
    if application.chassis_bidx is None:
        return
    await tx.serialise(f"chassis:{application.chassis_bidx}")
    other = (await tx.session.execute(_others(application, APPROVED).limit(1))).scalar_one_or_none()
    if other is not None:
        raise CHASSIS_TAKEN(reference=other, extra={"reference": other})


def _others(application: Application, states: tuple[str, ...]) -> Select[str]:
    return (
        select(col(Case.reference))
        .join(Application, col(Application.case_id) == col(Case.id))
        .where(
            col(Application.chassis_bidx) == application.chassis_bidx,
            col(Application.case_id) != application.case_id,
            col(Case.state).in_(states),
        )
        .order_by(col(Case.reference))
    )
