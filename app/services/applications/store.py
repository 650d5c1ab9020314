"""Loading what a case is about: its application, its form, its applicant. Who it belongs to is asked here."""

import json
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.crypto import KeyRing
from app.core.db import JsonValue, Tx
from app.services import cases, catalogue
from app.services.applications.models import Application, ApplicationDocument
from app.services.applications.problems import APPLICATION_NOT_FOUND
from app.services.cases import Case
from app.services.catalogue import Service
from app.services.identity import people
from app.services.reference import parse_plate

Reader = AsyncConnection | AsyncSession
PERSON_FIELDS = ("nik", "name", "contact")


async def application_of(tx: Tx, case_id: UUID) -> Application:
    """The application of a case. Raises APPLICATION_NOT_FOUND."""
    found = await tx.session.get(Application, case_id)
    if found is None:
        raise APPLICATION_NOT_FOUND()
    return found


async def find_application(source: Reader, case_id: UUID) -> Application:
    """The application on a connection that only reads. Raises APPLICATION_NOT_FOUND."""
    table = Application.__table__  # type: ignore[attr-defined]
    row = (await source.execute(select(table).where(table.c.case_id == case_id))).mappings().first()
    if row is None:
        raise APPLICATION_NOT_FOUND()
    return Application(**row)


async def own_locked(tx: Tx, case_id: UUID) -> tuple[Case, Application]:
    """Case and application, locked, for the applicant or for staff of its unit. Raises APPLICATION_NOT_FOUND."""
    application = await application_of(tx, case_id)
    await check_may_see(tx.session, tx.actor, application)
    case = await cases.get_locked(tx, case_id)
    fresh = await tx.lock(Application, case_id)
    if fresh is None:
        raise APPLICATION_NOT_FOUND()
    return case, fresh


async def check_may_see(source: Reader, actor: Actor, application: Application) -> None:
    """A citizen sees their own, also what a counter began before they had an account; what staff may do, the engine and
    the desk decide. Raises APPLICATION_NOT_FOUND."""
    if actor.kind in (ActorKind.STAFF, ActorKind.SYSTEM):
        return
    own = actor.kind is ActorKind.CITIZEN and str(application.person_id) == actor.id
    if not own and actor.kind is ActorKind.CITIZEN and application.person_id is None:
        own = await people.find_nik_bidx(source, UUID(actor.id)) == application.nik_bidx
    if not own:
        raise APPLICATION_NOT_FOUND()


async def service_of(source: Reader, application: Application) -> Service:
    """The service as it was when the application was begun."""
    return await catalogue.service_version(source, application.version_id)


async def form_of(source: Reader, keys: KeyRing, application: Application) -> dict[str, JsonValue]:
    """The form in plain; empty once the person was erased."""
    plain = await vault.open_(source, keys, application.key_id, {"form": application.form_enc})
    form: dict[str, JsonValue] = json.loads(plain["form"] or "{}")
    return form


async def keep_form(tx: Tx, application: Application, form: dict[str, JsonValue]) -> None:
    """Seal the form and count the change."""
    sealed = await vault.seal(tx, application.key_id, {"form": json.dumps(form, ensure_ascii=False)})
    application.form_enc = sealed["form"]
    touch(tx, application)


def touch(tx: Tx, application: Application) -> None:
    """Form or papers have changed: whoever saw the version before must look again."""
    application.form_version += 1
    application.touched_at = tx.now


async def person_of(source: Reader, keys: KeyRing, application: Application) -> dict[str, str | None]:
    """NIK, name and contact of the applicant in plain; all None once they were erased."""
    sealed = {name: getattr(application, f"{name}_enc") for name in PERSON_FIELDS}
    return await vault.open_(source, keys, application.key_id, sealed)


async def papers_of(source: Reader, case_id: UUID) -> dict[str, ApplicationDocument]:
    """The papers that count now, by name."""
    table = ApplicationDocument.__table__  # type: ignore[attr-defined]
    query = select(table).where(col(ApplicationDocument.case_id) == case_id, table.c.replaced_at.is_(None))
    return {row["name"]: ApplicationDocument(**row) for row in (await source.execute(query)).mappings()}


def vehicle_of(form: Mapping[str, JsonValue]) -> str | None:
    """Which vehicle a form is about: by plate and end of the chassis number, since a plate may move to another one; None where it
    names none, or not both."""
    plate, tail = parse_plate(str(form.get("plate") or "")), str(form.get("chassis_tail") or "").upper()
    return f"{plate.canonical}|{tail}" if plate is not None and tail else None


def born_index(keys: KeyRing, born_on: date) -> str:
    """The blind index of a day of birth."""
    return keys.blind_index("born", born_on.isoformat())
