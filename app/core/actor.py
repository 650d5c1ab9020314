"""Who is acting. Every transaction and every event names one `Actor`; its `id` is opaque and never personal data."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """Through which kind of door somebody came."""

    PUBLIC = "public"
    CITIZEN = "citizen"
    STAFF = "staff"
    CAMERA = "camera"
    BANK = "bank"
    APP = "app"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, device or program that acts, with what it may do.

    `roles` are lifecycle roles (``owner``, ``officer``, ``bank``, ...); `unit` is the police unit a member of staff or
    a device belongs to; `case_id` binds a ticket holder's token to one case.
    """

    kind: ActorKind
    id: str
    roles: frozenset[str] = field(default_factory=frozenset)
    unit: str | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    case_id: UUID | None = None


SYSTEM = Actor(kind=ActorKind.SYSTEM, id="system", roles=frozenset({"system"}))
PUBLIC = Actor(kind=ActorKind.PUBLIC, id="public")
