"""Members of staff: who they are, which unit and roles, and how they prove it (password and second factor).

Every change of a role, unit, absence or number of lots is a leaf of the public log, by opaque id: who could decide what,
and since when, must be provable later. External identity providers keep their own passwords; their people get a row here on first sign-in, so
that cases can be drawn to them.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from app.core import vault
from app.core.actor import Actor, ActorKind
from app.core.contacts import parse_email
from app.core.crypto import KeyRing
from app.core.db import JsonValue, Tx
from app.core.ids import new_id
from app.services import reference, transparency
from app.services.identity import totp
from app.services.identity.credentials import Reader
from app.services.identity.models import StaffAbsence, StaffMember
from app.services.identity.passwords import hash_password
from app.services.identity.problems import STAFF_EXISTS, STAFF_INVALID, STAFF_NOT_FOUND
from app.services.identity.roles import KNOWN, Role, expand, scopes_of_staff
from app.services.identity.sessions import SubjectKind, close_all_of

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
ABSENT_AT_MOST = timedelta(days=366)
MAX_WEIGHT = 100
ISSUER_NAME = "Loket"


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A member of staff who was just added; the temporary password is shown once and must be changed at first sign-in."""

    id: UUID
    email: str
    temporary_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffView:
    """A member of staff as an administrator sees them."""

    id: UUID
    email: str | None
    unit: str
    roles: tuple[str, ...]
    enrolled: bool
    disabled_at: datetime | None
    draw_weight: int
    absences: tuple[tuple[date, date], ...]


@dataclass(frozen=True, slots=True)
class InPool:
    """Somebody among whom a case is drawn: opaque id, number of lots, and whether they are away on that day."""

    id: UUID
    weight: int
    absent: bool


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody to whom a case can be drawn: opaque id, unit, roles (expanded)."""

    id: UUID
    unit: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """What the password step needs. Made for unknown addresses too, so that they cost the same."""

    staff_id: UUID | None
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The next step after a right password: `enrol_secret` is set until a second factor was confirmed."""

    staff_id: UUID
    email: str
    enrol_secret: str | None = field(repr=False)
    must_change_password: bool


async def add(tx: Tx, email: str, *, roles: Sequence[str], unit: str) -> NewStaff:
    """Give somebody a place: address, at least one role, a unit. Raises STAFF_INVALID, STAFF_EXISTS."""
    password = secrets.token_urlsafe(12)
    password_hash = await hash_password(password)
    address = await _check_new(tx, email, roles, unit)
    row = await _insert(tx, address, roles, unit)
    row.password_hash = password_hash
    await _publish(tx, row, "added")
    return NewStaff(row.id, address, password)


async def know_external(tx: Tx, subject: str, *, roles: Sequence[str], unit: str) -> UUID:
    """The row of somebody whom an external identity provider vouches for, made or brought up to date.

    `subject` is ``issuer|sub``. Roles and unit follow the provider. Raises STAFF_INVALID for an unknown unit.
    """
    query = select(StaffMember).where(col(StaffMember.external_subject) == subject).with_for_update()
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        await _check_place(tx, roles, unit)
        row = StaffMember(
            id=new_id(),
            key_id=await vault.key_for_person(tx, None),
            external_subject=subject,
            unit=unit,
            roles=sorted(set(roles)),
            created_at=tx.now,
        )
        tx.session.add(row)
        await tx.session.flush()
        await _publish(tx, row, "added")
    elif (row.unit, row.roles) != (unit, sorted(set(roles))):
        await _check_place(tx, roles, unit)
        row.unit, row.roles = unit, sorted(set(roles))
        await _publish(tx, row, "changed")
    return row.id


async def disable(tx: Tx, email: str) -> None:
    """Shut somebody out: sessions and grants end now. Doing it twice changes nothing. Raises STAFF_NOT_FOUND."""
    row = await _lock_known(tx, email)
    if row.disabled_at is None:
        row.disabled_at = tx.now
        await close_all_of(tx, SubjectKind.STAFF, row.id, why="account disabled")
        await _publish(tx, row, "disabled")


async def set_absent(tx: Tx, email: str, *, first: date, last: date) -> None:
    """No case is drawn to them on these days, both included, counted in their unit's zone; a leaf tells it.

    Raises STAFF_NOT_FOUND, STAFF_INVALID for days in the wrong order, all past, or more than a year.
    """
    row = await _lock_known(tx, email)
    today = await _today(tx, row.unit)
    if not first <= last or last < today or last > today + ABSENT_AT_MOST:
        raise STAFF_INVALID(why=f"the days go from the first to the last, which lies within a year from {today}")
    tx.session.add(StaffAbsence(staff_id=row.id, first_on=first, last_on=last, noted_at=tx.now))
    await _publish(tx, row, "absent", first_on=first.isoformat(), last_on=last.isoformat())


async def set_present(tx: Tx, email: str) -> int:
    """Take back every absence that has not ended; how many. A leaf tells it. Raises STAFF_NOT_FOUND."""
    row = await _lock_known(tx, email)
    standing = await tx.session.execute(
        select(StaffAbsence).where(
            col(StaffAbsence.staff_id) == row.id,
            col(StaffAbsence.cancelled_at).is_(None),
            col(StaffAbsence.last_on) >= await _today(tx, row.unit),
        )
    )
    absences = standing.scalars().all()
    for each in absences:
        each.cancelled_at = tx.now
    if absences:
        await _publish(tx, row, "present")
    return len(absences)


async def set_weight(tx: Tx, email: str, weight: int) -> None:
    """How many lots they have when a case is drawn; none with 0. A leaf tells it. Raises STAFF_NOT_FOUND, STAFF_INVALID."""
    row = await _lock_known(tx, email)
    if not 0 <= weight <= MAX_WEIGHT:
        raise STAFF_INVALID(why=f"lots are 0 to {MAX_WEIGHT}")
    if row.draw_weight != weight:
        row.draw_weight = weight
        await _publish(tx, row, "lots", lots=weight)


async def list_(source: Reader, keys: KeyRing) -> list[StaffView]:
    """Everybody, by unit and time of joining. For operators: it opens addresses."""
    query = select(
        col(StaffMember.id),
        col(StaffMember.key_id),
        col(StaffMember.email_enc),
        col(StaffMember.unit),
        col(StaffMember.roles),
        col(StaffMember.totp_confirmed_at),
        col(StaffMember.disabled_at),
        col(StaffMember.draw_weight),
    ).order_by(col(StaffMember.unit), col(StaffMember.created_at), col(StaffMember.id))
    away = await _absences(source)
    views = []
    for row in (await source.execute(query)).all():
        opened = await vault.open_(source, keys, row.key_id, {"email": row.email_enc})
        views.append(
            StaffView(
                id=row.id,
                email=opened["email"],
                unit=row.unit,
                roles=tuple(row.roles),
                enrolled=row.totp_confirmed_at is not None,
                disabled_at=row.disabled_at,
                draw_weight=row.draw_weight,
                absences=tuple(away.get(row.id, ())),
            )
        )
    return views


async def list_officers(source: Reader, *, unit: str, role: Role) -> list[Officer]:
    """Who in this unit holds the role now, by id."""
    query = (
        select(col(StaffMember.id), col(StaffMember.unit), col(StaffMember.roles))
        .where(col(StaffMember.unit) == unit, col(StaffMember.disabled_at).is_(None))
        .order_by(col(StaffMember.id))
    )
    everybody = [Officer(row.id, row.unit, expand(row.roles)) for row in (await source.execute(query)).all()]
    return [each for each in everybody if role in each.roles]


async def pool_of(source: Reader, *, unit: str, role: Role, now: datetime) -> list[InPool]:
    """The pool of a draw at an instant: who in this unit holds the role, with their lots, and who of them is away.

    Raises `reference-unit-not-found`.
    """
    officers = [each.id for each in await list_officers(source, unit=unit, role=role)]
    day = now.astimezone(reference.zone_of(await reference.unit(source, unit))).date()
    away = exists().where(
        col(StaffAbsence.staff_id) == col(StaffMember.id),
        col(StaffAbsence.cancelled_at).is_(None),
        col(StaffAbsence.first_on) <= day,
        col(StaffAbsence.last_on) >= day,
    )
    query = select(col(StaffMember.id), col(StaffMember.draw_weight), away).where(col(StaffMember.id).in_(officers))
    rows = (await source.execute(query.order_by(col(StaffMember.id)))).all()
    return [InPool(id_, weight, bool(absent)) for id_, weight, absent in rows]


async def find_actor(source: Reader, staff_id: UUID) -> Actor | None:
    """The member of staff as an actor with today's unit and roles; None once disabled."""
    query = select(col(StaffMember.unit), col(StaffMember.roles)).where(
        col(StaffMember.id) == staff_id, col(StaffMember.disabled_at).is_(None)
    )
    row = (await source.execute(query)).one_or_none()
    if row is None:
        return None
    roles = expand(row.roles)
    return Actor(ActorKind.STAFF, str(staff_id), roles=roles, unit=row.unit, scopes=scopes_of_staff(roles))


async def password_check(source: Reader, keys: KeyRing, email: str, now: datetime) -> PasswordCheck:
    """What to compare a password with. A locked or disabled account looks like one that does not exist."""
    query = select(col(StaffMember.id), col(StaffMember.password_hash), col(StaffMember.locked_until)).where(
        col(StaffMember.email_bidx) == keys.blind_index("email", parse_email(email) or ""),
        col(StaffMember.disabled_at).is_(None),
    )
    row = (await source.execute(query)).one_or_none()
    if row is None:
        return PasswordCheck(None, None)
    locked = row.locked_until is not None and now < row.locked_until
    return PasswordCheck(row.id, None if locked else row.password_hash)


async def after_password(tx: Tx, staff_id: UUID, *, right: bool) -> SecondStep | None:
    """Count the try and give the next step; None after a wrong password. Five failures lock the account for a while."""
    row = await tx.lock(StaffMember, staff_id)
    if row is None or row.disabled_at is not None:
        return None
    if not right:
        _count_failure(row, tx.now)
        return None
    if row.totp_enc is None:
        row.totp_enc = _seal_totp(tx.house.keys, staff_id, totp.new_secret())
    return await _second_step(tx, row)


async def second_step(tx: Tx, staff_id: UUID) -> SecondStep | None:
    """The same next step again, for showing the form once more; None once disabled."""
    row = await tx.one(StaffMember, staff_id)
    return None if row is None or row.disabled_at is not None else await _second_step(tx, row)


async def confirm_second_factor(tx: Tx, staff_id: UUID, code: str, *, new_password_hash: str | None = None) -> bool:
    """Whether the authenticator's code is right (each works once); enrols at the first, and changes a temporary password.

    On False the caller must let the transaction commit, for the failed try to count.
    """
    row = await tx.lock(StaffMember, staff_id)
    locked = row is not None and row.locked_until is not None and tx.now < row.locked_until
    if row is None or row.disabled_at is not None or row.totp_enc is None or locked:
        return False
    if row.password_temporary and new_password_hash is None:
        return False
    secret = _open_totp(tx.house.keys, staff_id, row.totp_enc)
    step = totp.matching_step(secret, code.strip(), tx.now, after=row.totp_last_step)
    if step is None:
        _count_failure(row, tx.now)
        return False
    row.totp_last_step, row.failures, row.locked_until = step, 0, None
    if row.totp_confirmed_at is None:
        row.totp_confirmed_at = tx.now
    if row.password_temporary and new_password_hash is not None:
        row.password_hash, row.password_temporary = new_password_hash, False
    return True


async def plant(tx: Tx, email: str, *, roles: Sequence[str], unit: str, password_hash: str, totp_secret: str) -> UUID:
    """Add a ready-to-use member of staff with known secrets (demonstrations, tests); an existing one is left alone."""
    found = await _lock_by_email(tx, email)
    if found is not None:
        return found.id
    address = await _check_new(tx, email, roles, unit)
    row = await _insert(tx, address, roles, unit)
    row.password_hash, row.password_temporary = password_hash, False
    row.totp_enc, row.totp_confirmed_at = _seal_totp(tx.house.keys, row.id, totp_secret), tx.now
    await _publish(tx, row, "added")
    return row.id


def _count_failure(row: StaffMember, now: datetime) -> None:
    row.failures += 1
    if row.failures >= MAX_FAILURES:
        row.failures, row.locked_until = 0, now + LOCKED_FOR


async def _second_step(tx: Tx, row: StaffMember) -> SecondStep:
    opened = await vault.open_(tx.session, tx.house.keys, row.key_id, {"email": row.email_enc})
    waiting = row.totp_confirmed_at is None and row.totp_enc is not None
    secret = _open_totp(tx.house.keys, row.id, row.totp_enc or "") if waiting else None
    return SecondStep(row.id, opened["email"] or "", secret, row.password_temporary)


async def _insert(tx: Tx, address: str, roles: Sequence[str], unit: str) -> StaffMember:
    key_id = await vault.key_for_person(tx, None)
    row = StaffMember(
        id=new_id(),
        key_id=key_id,
        email_enc=(await vault.seal(tx, key_id, {"email": address}))["email"],
        email_bidx=tx.house.keys.blind_index("email", address),
        unit=unit,
        roles=sorted(set(roles)),
        created_at=tx.now,
    )
    tx.session.add(row)
    try:
        await tx.session.flush()
    except IntegrityError as error:
        raise STAFF_EXISTS() from error
    return row


async def _check_new(tx: Tx, email: str, roles: Sequence[str], unit: str) -> str:
    address = parse_email(email)
    if address is None:
        raise STAFF_INVALID(why="that is no e-mail address")
    await _check_place(tx, roles, unit)
    if await _lock_by_email(tx, address) is not None:
        raise STAFF_EXISTS()
    return address


async def _check_place(tx: Tx, roles: Sequence[str], unit: str) -> None:
    unknown = [role for role in roles if role not in KNOWN]
    if unknown or not roles:
        raise STAFF_INVALID(why=f"roles are: {', '.join(Role)}")
    if await reference.find_unit(tx.session, unit) is None:
        raise STAFF_INVALID(why=f"there is no unit {unit[:40]!r}")


async def _lock_known(tx: Tx, email: str) -> StaffMember:
    row = await _lock_by_email(tx, email)
    if row is None:
        raise STAFF_NOT_FOUND()
    return row


async def _today(tx: Tx, unit: str) -> date:
    return tx.now.astimezone(reference.zone_of(await reference.unit(tx.session, unit))).date()


async def _absences(source: Reader) -> dict[UUID, list[tuple[date, date]]]:
    """Every absence that was not taken back, by member of staff, the earliest first."""
    rows = await source.execute(
        select(col(StaffAbsence.staff_id), col(StaffAbsence.first_on), col(StaffAbsence.last_on))
        .where(col(StaffAbsence.cancelled_at).is_(None))
        .order_by(col(StaffAbsence.first_on))
    )
    found: dict[UUID, list[tuple[date, date]]] = {}
    for staff_id, first, last in rows:
        found.setdefault(staff_id, []).append((first, last))
    return found


async def _lock_by_email(tx: Tx, email: str) -> StaffMember | None:
    bidx = tx.house.keys.blind_index("email", parse_email(email) or "")
    query = select(StaffMember).where(col(StaffMember.email_bidx) == bidx).with_for_update()
    return (await tx.session.execute(query)).scalar_one_or_none()


async def _publish(tx: Tx, row: StaffMember, change: str, **more: JsonValue) -> None:
    body: dict[str, JsonValue] = {
        **more,
        "change": change,
        "staff": str(row.id),
        "unit": row.unit,
        "roles": list(row.roles),
        "at": tx.now.isoformat(),
    }
    await transparency.append(tx, "role", body)


def _seal_totp(keys: KeyRing, staff_id: UUID, secret: str) -> str:
    return keys.seal("tokens", secret.encode(), b"totp:" + staff_id.bytes)


def _open_totp(keys: KeyRing, staff_id: UUID, sealed: str) -> str:
    return keys.open("tokens", sealed, b"totp:" + staff_id.bytes).decode()
