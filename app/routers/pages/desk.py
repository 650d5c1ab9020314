"""The member of staff in front of a counter page, and what the frame and the lists show of their work."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.texts import Text


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
