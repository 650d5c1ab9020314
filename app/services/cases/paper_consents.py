"""A citizen's consent on paper, for who has no phone: one officer prints and scans it, a second one has seen the person.

It stands for the one-time code of `identity.consents`, and for one step of one person in the same way. The form names the
case and the step; its signed scan is kept sealed, and named by hash in the log. Nobody can use a form that only they have
handled: whoever confirms is neither who printed nor who scanned it. Printing, scanning and confirming are an event each; the
step's own event names the form by its id.

Use: `print_form`, `store_scan` and `keep_scan`, `confirm_seen`, then `use_consent` in the transaction that takes the step, with what the officer
types: the code that the citizen tells, or the form's number.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.ids import new_id, new_reference, normalise_reference, reference_is_valid
from app.core.texts import Text
from app.services import documents, reference, transparency
from app.services.cases import engine, events, timeline
from app.services.cases.models import Case, PaperConsent, WorkItem
from app.services.cases.problems import (
    NOT_YOUR_ROLE,
    PAPER_CLOSED,
    PAPER_NOT_FOUND,
    PAPER_NOT_SCANNED,
    PAPER_NOT_SEEN,
    PAPER_SECOND_PERSON,
)
from app.services.documents import off_loop
from app.services.identity import Role, consents

Reader = AsyncConnection | AsyncSession
PREFIX = "STJ"
GOOD_FOR = timedelta(hours=24)
MAX_SCAN_BYTES = 8 * 1024 * 1024
MOST_OPEN = 100
MOST_FORGOTTEN = 500
"""Forms of one unit that one night forgets."""
SECONDS = frozenset(map(str, (Role.COUNTER, Role.OFFICER, Role.SENIOR_OFFICER, Role.SUPERVISOR)))
"""Who may confirm having seen the person."""
SEALED_AS = "paper_consent"
LOOK = "formulir persetujuan / the consent form"
PRINTED = Text("Formulir persetujuan {number} dicetak: {what}", "The consent form {number} was printed: {what}")
SCANNED = Text(
    "Formulir persetujuan {number} yang ditandatangani dipindai", "The signed consent form {number} was scanned"
)
SEEN = Text(
    "Petugas kedua melihat orangnya dan membenarkan formulir {number}",
    "A second officer saw the person and confirmed the form {number}",
)


@dataclass(frozen=True, slots=True)
class FormView:
    """A form as a list of staff shows it: nothing of the person. `may_confirm`: by whoever looks."""

    id: UUID
    reference: str
    case_id: UUID | None
    what: Text
    printed_at: datetime
    good_until: datetime
    scanned_at: datetime | None
    seen_at: datetime | None
    may_confirm: bool


async def print_form(
    tx: Tx, *, case: Case | None, about: UUID, step: str, of: UUID, key_id: UUID, name: str | None, what: Text
) -> FormView:
    """A new form for one step of one person, by a counter officer; `about` and `of` as in `identity.consents`, `what`
    completes 'the officer may ...'. Without a `case` it is for a case that is yet to begin.

    Raises NOT_YOUR_ROLE.
    """
    if str(Role.COUNTER) not in tx.actor.roles or tx.actor.unit is None:
        raise NOT_YOUR_ROLE()
    sealed = await vault.seal(tx, key_id, {"name": name})
    form = PaperConsent(
        id=new_id(),
        reference=new_reference(PREFIX),
        case_id=case.id if case else None,
        about=about,
        step=step,
        of=of,
        unit=tx.actor.unit,
        key_id=key_id,
        name_enc=sealed["name"],
        what_id=what.id,
        what_en=what.en,
        printed_by=tx.actor.id,
        printed_at=tx.now,
        expires_at=tx.now + GOOD_FOR,
    )
    tx.session.add(form)
    await tx.session.flush()
    await _note(tx, form, "consent_form_printed", PRINTED.fill(number=form.reference, what=what), {"step": step})
    return _view(form, tx.actor)


async def form_pdf(house: House, actor: Actor, form_id: UUID) -> bytes:
    """The form for the printer. The look is recorded. Raises PAPER_NOT_FOUND, PAPER_CLOSED."""
    async with house.db.begin(actor) as tx:
        form = await _open_form(tx, form_id)
        name = (await vault.open_(tx.session, house.keys, form.key_id, {"name": form.name_enc}))["name"]
        unit = await reference.unit(tx.session, form.unit)
        case = await tx.session.get(Case, form.case_id) if form.case_id else None
        await _looked(tx, form)
    zone = reference.zone_of(unit)
    values: dict[str, JsonValue] = {
        "created_at": form.printed_at.isoformat(),
        "reference": form.reference,
        "sender": {"name": unit.name, "parent": "Kepolisian Negara Republik Indonesia", "address": None, "phone": None},
        "case": case.reference if case else None,
        "name": name,
        "what": form.what_id,
        "what_en": form.what_en,
        "printed_at": documents.long_moment(form.printed_at.astimezone(zone), unit.zone),
        "good_until": documents.long_moment(form.expires_at.astimezone(zone), unit.zone),
    }
    return await documents.render_pdf("forms/consent", values)


@dataclass(frozen=True, slots=True)
class Scan:
    """A signed form that lies sealed in the store; `digest` is of what was sealed."""

    sha256: str
    digest: str
    media_type: str


async def store_scan(house: House, actor: Actor, form_id: UUID, data: bytes) -> Scan:
    """Check the picture of a signed form, and store it sealed under the person's key.

    Raises PAPER_NOT_FOUND, PAPER_CLOSED, and what `documents.check_scan` raises.
    """
    verdict = await off_loop(lambda: documents.check_scan(data, max_bytes=MAX_SCAN_BYTES))
    kept = await off_loop(documents.normalised, data, verdict.media_type)
    async with house.db.begin(actor) as tx:
        form = await _open_form(tx, form_id)
        sealed = await vault.seal_bytes(tx.session, house.keys, form.key_id, kept.data, name=SEALED_AS)
    return Scan(await house.storage.put(sealed), hashlib.sha256(kept.data).hexdigest(), kept.media_type)


async def keep_scan(tx: Tx, form_id: UUID, scan: Scan) -> FormView:
    """Note a stored scan with its form; a better one replaces it until it was confirmed.

    Raises NOT_YOUR_ROLE, PAPER_NOT_FOUND, PAPER_CLOSED. Locks the form.
    """
    if str(Role.COUNTER) not in tx.actor.roles:
        raise NOT_YOUR_ROLE()
    form = await _open_form(tx, form_id)
    if form.seen_at is not None:
        raise PAPER_CLOSED(number=form.reference)
    form.scan_sha256, form.scan_digest, form.scan_type = scan.sha256, scan.digest, scan.media_type
    form.scanned_by, form.scanned_at = tx.actor.id, tx.now
    await tx.session.flush()
    await _note(tx, form, "consent_form_scanned", SCANNED.fill(number=form.reference), {"sha256": scan.digest})
    return _view(form, tx.actor)


async def open_scan(house: House, actor: Actor, form_id: UUID) -> tuple[bytes, str]:
    """The signed form and its media type. The look is recorded. Raises PAPER_NOT_FOUND, PAPER_NOT_SCANNED."""
    async with house.db.begin(actor) as tx:
        form = await _form_of_unit(tx, form_id)
        if form.scan_sha256 is None or form.scan_type is None:
            raise PAPER_NOT_SCANNED(number=form.reference)
        await _looked(tx, form)
    sealed = await house.storage.get(form.scan_sha256)
    async with house.db.read() as connection:
        plain = await vault.open_bytes(connection, house.keys, form.key_id, sealed, name=SEALED_AS)
    if plain is None:
        raise PAPER_NOT_FOUND()  # the person was erased
    return plain, form.scan_type


async def confirm_seen(tx: Tx, form_id: UUID) -> FormView:
    """A second officer has seen the person, who says that the signature and the wish are theirs.

    Raises PAPER_NOT_FOUND, PAPER_CLOSED, PAPER_NOT_SCANNED, NOT_YOUR_ROLE, PAPER_SECOND_PERSON for who printed or scanned
    the form. Locks it.
    """
    form = await _open_form(tx, form_id)
    if not tx.actor.roles & SECONDS:
        raise NOT_YOUR_ROLE()
    if form.scan_sha256 is None:
        raise PAPER_NOT_SCANNED(number=form.reference)
    if tx.actor.id in (form.printed_by, form.scanned_by):
        raise PAPER_SECOND_PERSON(number=form.reference)
    if form.seen_at is None:
        form.seen_by, form.seen_at = tx.actor.id, tx.now
        await tx.session.flush()
        await _note(tx, form, "consent_form_seen", SEEN.fill(number=form.reference), {"sha256": form.scan_digest or ""})
    return _view(form, tx.actor)


async def list_open(house: House, actor: Actor) -> Sequence[FormView]:
    """The forms of the actor's unit that are still good and were not used, the newest first."""
    query = (
        select(PaperConsent)
        .where(
            col(PaperConsent.unit) == actor.unit,
            col(PaperConsent.used_at).is_(None),
            col(PaperConsent.expires_at) > house.clock.now(),
        )
        .order_by(col(PaperConsent.printed_at).desc(), col(PaperConsent.id))
        .limit(MOST_OPEN)
    )
    async with house.db.begin(actor) as tx:
        return [_view(each, actor) for each in (await tx.session.execute(query)).scalars()]


async def use_consent(tx: Tx, *, about: UUID, step: str, of: UUID, code: str) -> UUID | None:
    """Use the person's consent up, told as a one-time code or given on paper by the form's number; its id, or None where it
    does not hold: then let the transaction commit, for the failed try to count. Raises PAPER_NOT_SEEN."""
    number = normalise_reference(code)
    if not number.startswith(PREFIX) or not reference_is_valid(number):
        return await consents.use_consent(tx, about=about, step=step, of=of, code=code)
    query = select(PaperConsent).where(
        col(PaperConsent.reference) == number,
        col(PaperConsent.about) == about,
        col(PaperConsent.step) == step,
        col(PaperConsent.of) == of,
        col(PaperConsent.unit) == tx.actor.unit,
        col(PaperConsent.used_at).is_(None),
        col(PaperConsent.expires_at) > tx.now,
    )
    form: PaperConsent | None = (
        await tx.session.execute(query.with_for_update().execution_options(populate_existing=True))
    ).scalar_one_or_none()
    if form is None:
        return None
    if form.seen_at is None:
        raise PAPER_NOT_SEEN(number=form.reference)
    form.used_at = tx.now
    await tx.session.flush()
    return form.id


async def consent_was_given(tx: Tx, *, about: UUID, step: str, consent: UUID) -> bool:
    """Whether this consent, told or on paper, was used in this very transaction for this step."""
    if await consents.was_given(tx, about=about, step=step, consent=consent):
        return True
    form = await tx.session.get(PaperConsent, consent)
    return form is not None and (form.about, form.step, form.used_at) == (about, step, tx.now)


async def belongs_to(tx: Tx, consent: UUID, case_id: UUID) -> None:
    """A form by which a case was begun is evidence of that case from now on; a told code needs nothing."""
    form = await tx.session.get(PaperConsent, consent)
    if form is not None and form.case_id is None:
        form.case_id = case_id
        await tx.session.flush()


async def units_with_forms(source: Reader) -> Sequence[str]:
    """Units that have forms of which somebody is still known."""
    query = select(col(PaperConsent.unit)).where(col(PaperConsent.forgotten_at).is_(None)).distinct()
    return sorted((await source.execute(query)).scalars())


async def forget_forms(tx: Tx, unit: str, *, used_before: datetime, unused_before: datetime) -> list[str | None]:
    """Forget whose forms these were: used ones whose case was closed before then, others that ended before then; the sealed scan
    of each, to be removed, or None. That a form was used, by whom and when, and the digest that the log has, stay.

    A case on which somebody has work is left alone.
    """
    form = PaperConsent
    busy = exists().where(col(WorkItem.case_id) == col(form.case_id), col(WorkItem.closed_at).is_(None))
    closed = exists().where(col(Case.id) == col(form.case_id), col(Case.closed_at) < used_before)
    used = col(form.used_at).is_not(None)
    due = or_(and_(used, closed), and_(~used, col(form.expires_at) < unused_before))
    query = select(form).where(col(form.unit) == unit, col(form.forgotten_at).is_(None), due, ~busy)
    found = list((await tx.session.execute(query.order_by(col(form.printed_at)).limit(MOST_FORGOTTEN))).scalars())
    if not found:
        return []
    nobody = await vault.key_for_person(tx, None)
    await vault.destroy(tx, nobody)
    dropped = [each.scan_sha256 for each in found]
    for each in found:
        each.name_enc, each.scan_sha256, each.key_id, each.of = None, None, nobody, nobody
        each.about, each.forgotten_at = each.case_id or nobody, tx.now
    await tx.session.flush()
    return dropped


# --- below ----------------------------------------------------------------------------------------------------------


async def _form_of_unit(tx: Tx, form_id: UUID) -> PaperConsent:
    form = await tx.lock(PaperConsent, form_id)
    if form is None or form.unit != tx.actor.unit:
        raise PAPER_NOT_FOUND()
    return form


async def _open_form(tx: Tx, form_id: UUID) -> PaperConsent:
    form = await _form_of_unit(tx, form_id)
    if form.used_at is not None or form.expires_at <= tx.now:
        raise PAPER_CLOSED(number=form.reference)
    return form


async def _looked(tx: Tx, form: PaperConsent) -> None:
    if form.case_id is not None:
        await timeline.saw(tx, form.case_id, LOOK)


async def _note(tx: Tx, form: PaperConsent, action: str, title: Text, data: dict[str, JsonValue]) -> None:
    """An event of the case; before there is one, a leaf of the log alone."""
    about = {"consent": str(form.id), **data}
    if form.case_id is None:
        actor: dict[str, JsonValue] = {"kind": str(tx.actor.kind), "id": tx.actor.id, "unit": tx.actor.unit}
        await transparency.append(
            tx, "paper_consent", {"action": action, "actor": actor, "at": events.iso(tx.now), **about}
        )
        return
    case = await engine.get_locked(tx, form.case_id)
    await events.advance(tx, case)
    await events.record(
        tx, case, event_id=new_id(), action=action, title=title, cause="move", source=case.state, data=about
    )


def _view(form: PaperConsent, actor: Actor) -> FormView:
    second = bool(actor.roles & SECONDS) and actor.id not in (form.printed_by, form.scanned_by)
    return FormView(
        id=form.id,
        reference=form.reference,
        case_id=form.case_id,
        what=Text(form.what_id, form.what_en),
        printed_at=form.printed_at,
        good_until=form.expires_at,
        scanned_at=form.scanned_at,
        seen_at=form.seen_at,
        may_confirm=second and form.scan_sha256 is not None and form.seen_at is None,
    )
