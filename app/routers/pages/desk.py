"""The member of staff in front of a counter page, and what the frame and the lists show of their work."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.actor import Actor
from app.core.texts import Text
from app.routers.pages.visit import Visit
from app.services import reference
from app.services.cases.paper_consents import SECONDS
from app.services.identity.roles import ROLE_NAMES, Role

CAMERA_WATCHERS = (Role.SENIOR_OFFICER, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR)


@dataclass(frozen=True)
class Desk:
    """Who sits here: unit and role in words, and which pages beside the task list are theirs."""

    unit: str
    unit_name: str
    zone_label: str
    role_name: Text
    signs_blocks: bool
    pays_refunds: bool = False
    remits: bool = False
    sees_statements: bool = False
    reconciles: bool = False
    takes_verdicts: bool = False
    keeps_queue: bool = False
    prints: bool = False
    helps_applicants: bool = False
    sees_consents: bool = False
    arranges_offers: bool = False
    sees_late: bool = False
    keeps_readings: bool = False
    sees_cameras: bool = False


@dataclass(frozen=True)
class TaskLine:
    """One line of the task list."""

    case_id: UUID
    reference: str
    title: Text
    since: datetime
    zone_label: str
    mine: bool
    role_name: Text
    service: Text | None = None
    due_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True)
class UndrawnLine:
    """One case of the unit that nobody was drawn for yet."""

    reference: str
    title: Text
    since: datetime
    zone_label: str
    announced: bool


@dataclass(frozen=True)
class AnswerLine:
    """One line of 'check your answers', with the address where it is changed."""

    label: Text
    value: Text
    href: str


@dataclass(frozen=True)
class NextStep:
    """A button or link that leads on."""

    text: Text
    href: str


async def desk_of(visit: Visit, actor: Actor) -> Desk:
    """Who sits here, in words."""
    async with visit.house.db.read() as connection:
        unit = await reference.find_unit(connection, actor.unit or "")
    held = [role for role in Role if str(role) in actor.roles]
    names = [ROLE_NAMES[role] for role in held] or [Text("Petugas", "Officer")]
    return Desk(
        unit=actor.unit or "",
        unit_name=unit.name if unit else actor.unit or "",
        zone_label=unit.zone if unit else "WIB",
        role_name=Text(", ".join(name.id for name in names), ", ".join(name.en for name in names)),
        signs_blocks=str(Role.INVESTIGATOR) in actor.roles,
        pays_refunds=not actor.roles.isdisjoint({str(Role.FINANCE), str(Role.SUPERVISOR)}),
        remits=not actor.roles.isdisjoint({str(Role.FINANCE), str(Role.SUPERVISOR)}),
        sees_statements=not actor.roles.isdisjoint({str(Role.FINANCE), str(Role.SUPERVISOR), str(Role.AUDITOR)}),
        reconciles=not actor.roles.isdisjoint({str(Role.FINANCE), str(Role.SUPERVISOR)}),
        takes_verdicts=not actor.roles.isdisjoint({str(Role.COURT), str(Role.FINANCE)}),
        keeps_queue=not actor.roles.isdisjoint({str(Role.COUNTER), str(Role.OFFICER), str(Role.SUPERVISOR)}),
        prints=not actor.roles.isdisjoint({str(Role.COUNTER), str(Role.SUPERVISOR)}),
        helps_applicants=str(Role.COUNTER) in actor.roles,
        sees_consents=bool(actor.roles & SECONDS),
        arranges_offers=not actor.roles.isdisjoint({str(Role.SUPERVISOR), str(Role.ADMIN)}),
        keeps_readings=not actor.roles.isdisjoint({str(Role.SUPERVISOR), str(Role.ADMIN)}),
        sees_late=str(Role.SENIOR_OFFICER) in actor.roles,
        sees_cameras=not actor.roles.isdisjoint({str(role) for role in CAMERA_WATCHERS}),
    )
