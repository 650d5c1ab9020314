"""Windows of units, bookings and who waits for one. Only this room writes these tables.

The database itself keeps a place from being given twice: one living booking for each place of a slot, and one for each
case, whatever the code does.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.db import JsonColumn, Table, UtcDateTime
from app.core.ids import new_id

_TAKES_PLACE = text("state IN ('held', 'confirmed', 'attended', 'missed')")
_LIVES = text("state IN ('held', 'confirmed')")
_HELD = text("state = 'held'")
_FIRM = text("state = 'confirmed'")
_OPEN_WAIT = text("state IN ('waiting', 'offered')")
_UNDRAWN = text("status <> 'drawn'")


class AppointmentWindow(Table, table=True):
    """When a unit takes people for one kind of appointment: a weekday (1 is Monday) from `opens` to `closes`, in minutes
    after midnight of the unit's zone, in slots of `minutes`. A slot has as many places as there are rooms with somebody
    in them. `drawn`: so scarce that the day is drawn by lot among all who ask in the hour.
    """

    __tablename__ = "appointment_windows"
    __table_args__ = (
        Index("ix_appointment_windows_unit_kind", "unit", "kind"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="hours"),
        CheckConstraint("minutes > 0 AND rooms > 0 AND staff > 0", name="places"),
        CheckConstraint("valid_until IS NULL OR valid_from <= valid_until", name="order"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    kind: str = Field(max_length=40)
    weekday: int
    opens: int
    closes: int
    minutes: int
    rooms: int
    staff: int
    opens_days_before: int
    drawn: bool = False
    valid_from: date
    valid_until: date | None = None
    set_at: datetime = Field(sa_type=UtcDateTime)


class AppointmentClosure(Table, table=True):
    """A day on which a unit takes nobody, beside days without a window and national holidays."""

    __tablename__ = "appointment_closures"
    __table_args__ = (UniqueConstraint("unit", "day"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    day: date
    why: str = Field(max_length=120)


class AppointmentBooking(Table, table=True):
    """One place of one slot, for one case. `place` counts from 1.

    `state`: ``held`` until `held_until` (whoever reads judges that by the time), ``confirmed``, then ``attended`` or
    ``missed``; ``released`` with `why`, or ``expired``, give the place back. `moves` counts how often it was moved.
    """

    __tablename__ = "appointment_bookings"
    __table_args__ = (
        Index(
            "uq_appointment_bookings_place",
            "unit",
            "kind",
            "starts_at",
            "place",
            unique=True,
            sqlite_where=_TAKES_PLACE,
            postgresql_where=_TAKES_PLACE,
        ),
        Index("uq_appointment_bookings_case_id", "case_id", unique=True, sqlite_where=_LIVES, postgresql_where=_LIVES),
        Index("ix_appointment_bookings_held", "held_until", sqlite_where=_HELD, postgresql_where=_HELD),
        Index("ix_appointment_bookings_firm", "starts_at", sqlite_where=_FIRM, postgresql_where=_FIRM),
        Index("ix_appointment_bookings_case_id_at", "case_id", "made_at"),
        CheckConstraint("state IN ('held', 'confirmed', 'attended', 'missed', 'released', 'expired')", name="state"),
        CheckConstraint("place > 0", name="place"),
        CheckConstraint("(state = 'held') = (held_until IS NOT NULL)", name="held_has_end"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    unit: str = Field(max_length=60)
    kind: str = Field(max_length=40)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    place: int
    state: str = Field(max_length=10)
    held_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    offered: bool = False
    moves: int = 0
    made_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    why: str | None = Field(default=None, max_length=40)


class AppointmentWait(Table, table=True):
    """Somebody waits for a place between two days. The first is who has the earliest `since`, then the lowest `rank`
    (a drawn day puts who got nothing here, in drawn order).

    `state`: ``waiting``, ``offered`` (a place is held for them), ``taken``, ``declined``, ``ended`` (offers that nobody
    took, or nothing left to wait for), ``left`` (they booked or stopped waiting).
    """

    __tablename__ = "appointment_waits"
    __table_args__ = (
        Index(
            "uq_appointment_waits_case_id", "case_id", unique=True, sqlite_where=_OPEN_WAIT, postgresql_where=_OPEN_WAIT
        ),
        Index(
            "ix_appointment_waits_order",
            "unit",
            "kind",
            "since",
            "rank",
            sqlite_where=_OPEN_WAIT,
            postgresql_where=_OPEN_WAIT,
        ),
        CheckConstraint("state IN ('waiting', 'offered', 'taken', 'declined', 'ended', 'left')", name="state"),
        CheckConstraint("first_on <= last_on", name="order"),
        CheckConstraint("state <> 'offered' OR booking_id IS NOT NULL", name="offer_names_booking"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    case_id: UUID = Field(foreign_key="cases.id")
    unit: str = Field(max_length=60)
    kind: str = Field(max_length=40)
    first_on: date
    last_on: date
    state: str = Field(max_length=10)
    since: datetime = Field(sa_type=UtcDateTime)
    rank: int = 0
    offers: int = 0
    booking_id: UUID | None = Field(default=None, foreign_key="appointment_bookings.id")
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SlotDraw(Table, table=True):
    """One scarce day of a unit: asks are taken from `opens_at` until `closes_at`, written into the log (`pool_leaf`), and
    drawn by the first checkpoint that covers them.

    `status`: ``asking``, ``announced``, ``drawn``. A day for which nobody asked is drawn without a leaf.
    """

    __tablename__ = "slot_draws"
    __table_args__ = (
        UniqueConstraint("unit", "kind", "day"),
        Index("ix_slot_draws_undrawn", "closes_at", sqlite_where=_UNDRAWN, postgresql_where=_UNDRAWN),
        CheckConstraint("status IN ('asking', 'announced', 'drawn')", name="status"),
        CheckConstraint("status <> 'announced' OR pool_leaf IS NOT NULL", name="announced_has_pool"),
        CheckConstraint("(checkpoint_size IS NULL) = (pool_leaf IS NULL OR status <> 'drawn')", name="drawn_by"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    unit: str = Field(max_length=60)
    kind: str = Field(max_length=40)
    day: date
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    status: str = Field(max_length=10)
    pool_leaf: UUID | None = Field(default=None, foreign_key="leaves.id", unique=True)
    checkpoint_size: int | None = Field(default=None, sa_type=BigInteger, foreign_key="checkpoints.tree_size")
    drawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SlotAsk(Table, table=True):
    """Somebody asked for a place on a drawn day. `wishes` are starts of slots (ISO, UTC), the dearest first; none means
    any. `rank` is the place in the drawn order, `drawn_start` the slot that it brought; `booking_id` is empty where that place
    was not held, because its owner had taken another one meanwhile."""

    __tablename__ = "slot_asks"
    __table_args__ = (UniqueConstraint("draw_id", "case_id"), Index("ix_slot_asks_case_id", "case_id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    draw_id: UUID = Field(foreign_key="slot_draws.id")
    case_id: UUID = Field(foreign_key="cases.id")
    wishes: list[str] = Field(sa_type=JsonColumn)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rank: int | None = None
    drawn_start: datetime | None = Field(default=None, sa_type=UtcDateTime)
    booking_id: UUID | None = Field(default=None, foreign_key="appointment_bookings.id")
