"""What goes in and out of the doors of appointments."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Path
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.routers.schemas.tickets import no_controls
from app.services.appointments import (
    AskView,
    Closure,
    Conflict,
    Day,
    DayState,
    SlotDrawLine,
    WaitView,
    Window,
    version_of,
)
from app.services.appointments.agenda import Visit
from app.services.appointments.slot_draw import MOST_WISHES
from app.services.appointments.waiting import WAIT_DAYS

UnitCode = Annotated[
    str,
    Path(pattern=r"^[A-Z0-9-]{2,60}$", description="Code of the unit (`GET /v1/units`).", examples=["PMJ"]),
]
Kind = Annotated[
    str,
    Field(
        max_length=40,
        pattern=r"^[a-z][a-z0-9_]*$",
        description="The kind of capacity that services share.",
        examples=["skck_fingerprints"],
    ),
]
Clock = Annotated[
    str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", description="In the unit's zone.", examples=["08:00"])
]


class SlotOut(BaseModel):
    """One start. `free` places can be held at once; on a drawn day there are none, and `places` says what is drawn."""

    starts_at: datetime = Field(description="In the unit's zone.", examples=["2026-11-30T08:00:00+07:00"])
    ends_at: datetime
    places: int
    free: int


class DayOut(BaseModel):
    """What can be done with a day."""

    day: date
    state: DayState = Field(
        description="`open`: hold a slot. `drawn`: ask until `closes_at`, then the lot decides. `not_yet`: from `opens_at` on. "
        "`closed`: nobody is taken."
    )
    opens_at: datetime | None
    closes_at: datetime | None = Field(description="Of drawn days: when the hour of asking ends.")


class Slots(BaseModel):
    """The days asked for, and all their slots, in the order of time."""

    unit: str
    zone: str = Field(examples=["Asia/Jakarta"])
    service: str
    kind: str
    minutes: int = Field(description="How long one appointment of this service takes.")
    days: list[DayOut]
    slots: list[SlotOut]

    @classmethod
    def of(cls, found: Sequence[Day], *, unit: str, zone: ZoneInfo, service: str, kind: str, minutes: int) -> Self:
        """The days as JSON, in the zone of the unit."""
        days = [
            DayOut(
                day=each.day, state=each.state, opens_at=_at(each.opens_at, zone), closes_at=_at(each.closes_at, zone)
            )
            for each in found
        ]
        slots = [
            SlotOut(
                starts_at=slot.starts_at.astimezone(zone),
                ends_at=slot.ends_at.astimezone(zone),
                places=slot.places,
                free=slot.free if each.state is DayState.OPEN else 0,
            )
            for each in found
            for slot in each.slots
        ]
        return cls(unit=unit, zone=str(zone), service=service, kind=kind, minutes=minutes, days=days, slots=slots)


class WaitIn(BaseModel):
    """Between which days a place would do, both included."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"first": "2026-12-01", "last": "2026-12-18"}]}
    )

    first: date = Field(description="Today or later, as the unit's zone counts days.")
    last: date = Field(description=f"Not before `first`; the range is at most {WAIT_DAYS} days.")


class WaitOut(BaseModel):
    """A place on the waiting list. ``offered``: a place is held for you now, and waits for your answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "PMJ-POLRESTRO-JAKARTA-SELATAN",
                    "kind": "skck_fingerprints",
                    "first": "2026-12-01",
                    "last": "2026-12-18",
                    "state": "waiting",
                    "ahead": 3,
                }
            ]
        }
    )

    unit: str
    kind: str
    first: date
    last: date
    state: Literal["waiting", "offered"]
    ahead: int = Field(description="How many wait before you for days that overlap with yours.")

    @classmethod
    def of(cls, view: WaitView) -> Self:
        """The view as JSON."""
        return cls.model_validate({name: getattr(view, name) for name in cls.model_fields})


class DayAskIn(BaseModel):
    """The drawn day, and the starts that would do on it, the dearest first; none means that any does."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"day": "2026-12-07", "wishes": ["2026-12-07T08:00:00+07:00"]}]},
    )

    day: date
    wishes: list[AwareDatetime] = Field(default_factory=list, max_length=MOST_WISHES)


class DayAskOut(BaseModel):
    """An ask for a drawn day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0199d3a0-1c2d-7e3f-8a4b-5c6d7e8f9a0b",
                    "draw": "0199d39f-2b3c-7d4e-9f5a-6b7c8d9e0f1a",
                    "day": "2026-12-07",
                    "closes_at": "2026-11-30T03:00:00Z",
                    "wishes": ["2026-12-07T01:00:00Z"],
                    "open": True,
                }
            ]
        }
    )

    id: UUID = Field(description="Your name in the public draw; nobody else can tell whose it is.")
    draw: UUID = Field(description="Its public record: `/v1/transparency/slot-draws/{id}`.")
    day: date
    closes_at: datetime = Field(description="When the hour of asking ends and the lot is drawn.")
    wishes: list[datetime]
    open: bool = Field(description="Whether the ask can still be changed or withdrawn.")

    @classmethod
    def of(cls, view: AskView) -> Self:
        """The view as JSON."""
        return cls(
            id=view.id,
            draw=view.draw_id,
            day=view.day,
            closes_at=view.closes_at,
            wishes=list(view.wishes),
            open=view.open,
        )


class WindowBody(BaseModel):
    """When people are taken on one weekday, by slots of `minutes`. A place needs a room and somebody in it."""

    model_config = ConfigDict(extra="forbid")

    weekday: Annotated[int, Field(ge=1, le=7, description="1 is Monday.")]
    opens: Clock
    closes: Clock
    minutes: Annotated[int, Field(ge=1, le=480)]
    rooms: Annotated[int, Field(ge=1, le=200)]
    staff: Annotated[int, Field(ge=1, le=200)]
    opens_days_before: Annotated[
        int, Field(ge=0, le=180, description="How many days ahead a day opens, at 09.00 of the unit's zone.")
    ] = 30
    drawn: bool = Field(default=False, description="Draw the day by lot among all who ask in its first hour.")
    valid_from: date
    valid_until: date | None = Field(default=None, description="The last day; null without an end.")

    def to_window(self) -> Window:
        """The window as the room knows it."""
        values = self.model_dump() | {"opens": _minutes(self.opens), "closes": _minutes(self.closes)}
        return Window(**values)

    @classmethod
    def of(cls, window: Window) -> Self:
        """The window as JSON."""
        values = {name: getattr(window, name) for name in cls.model_fields}
        return cls(**values | {"opens": _clock(window.opens), "closes": _clock(window.closes)})


class WindowsIn(BaseModel):
    """The hours of your unit for one kind, all of them: they take the place of those before. `version` is that of the hours
    you looked at; with it you are refused if somebody was faster."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "skck_fingerprints",
                    "windows": [
                        {
                            "weekday": 1,
                            "opens": "08:00",
                            "closes": "14:00",
                            "minutes": 10,
                            "rooms": 3,
                            "staff": 2,
                            "opens_days_before": 14,
                            "valid_from": "2026-11-30",
                        }
                    ],
                }
            ]
        },
    )

    kind: Kind
    windows: Annotated[list[WindowBody], Field(max_length=100)]
    version: Annotated[str | None, Field(max_length=40, pattern=r"^[0-9a-f]*$")] = None


class ConflictOut(BaseModel):
    """Somebody is booked where the hours no longer have a place. Nobody was dropped: move them."""

    booking: UUID
    case_id: UUID
    kind: str
    starts_at: datetime
    why: Literal["closed", "no_window", "too_many"]

    @classmethod
    def of(cls, conflict: Conflict, zone: ZoneInfo) -> Self:
        """The conflict as JSON."""
        return cls(
            booking=conflict.booking_id,
            case_id=conflict.case_id,
            kind=conflict.kind,
            starts_at=conflict.starts_at.astimezone(zone),
            why=conflict.why,  # type: ignore[arg-type]  # one of these three
        )


class KindWindows(BaseModel):
    """The hours for one kind."""

    kind: str
    version: str
    windows: list[WindowBody]


class ClosureOut(BaseModel):
    """A day that the unit has closed itself."""

    day: date
    why: str


class ClosureIn(BaseModel):
    """Why the unit takes nobody on that day; citizens read it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"why": "Apel besar"}]})

    why: Annotated[str, Field(min_length=3, max_length=120), AfterValidator(no_controls)]


class Conflicts(BaseModel):
    """Who must be moved after a change."""

    version: str | None = None
    conflicts: list[ConflictOut]


class Windows(BaseModel):
    """Your unit's hours, the days that it has closed itself, and who is booked outside of them."""

    unit: str
    zone: str
    kinds: list[KindWindows]
    closures: list[ClosureOut]
    conflicts: list[ConflictOut]

    @classmethod
    def of(
        cls,
        unit: str,
        zone: ZoneInfo,
        *,
        windows: Mapping[str, Sequence[Window]],
        closures: Sequence[Closure],
        conflicts: Sequence[Conflict],
    ) -> Self:
        """The hours as JSON."""
        kinds = [
            KindWindows(kind=kind, version=version_of(each), windows=[WindowBody.of(window) for window in each])
            for kind, each in windows.items()
        ]
        return cls(
            unit=unit,
            zone=str(zone),
            kinds=kinds,
            closures=[ClosureOut(day=each.day, why=each.why) for each in closures],
            conflicts=[ConflictOut.of(each, zone) for each in conflicts],
        )


class VisitOut(BaseModel):
    """A booking of one day. Names nobody: the application shows by its reference."""

    case_id: UUID
    reference: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    state: Literal["held", "confirmed", "attended", "missed"]

    @classmethod
    def of(cls, visit: Visit, zone: ZoneInfo) -> Self:
        """The visit as JSON."""
        return cls(
            case_id=visit.case_id,
            reference=visit.reference,
            kind=visit.kind,
            starts_at=visit.starts_at.astimezone(zone),
            ends_at=visit.ends_at.astimezone(zone),
            state=visit.state,  # type: ignore[arg-type]  # of bookings that take a place
        )


class Visits(BaseModel):
    """Who comes to your unit on a day, by time."""

    unit: str
    day: date
    visits: list[VisitOut]


class SlotDrawLineOut(BaseModel):
    """One drawn day in the list."""

    draw: UUID
    unit: str
    appointment_kind: str
    day: date
    status: Literal["asking", "announced", "drawn"]
    opens_at: datetime
    closes_at: datetime
    drawn_at: datetime | None

    @classmethod
    def of(cls, line: SlotDrawLine) -> Self:
        """The line as JSON."""
        return cls(
            draw=line.id,
            unit=line.unit,
            appointment_kind=line.kind,
            day=line.day,
            status=line.status,  # type: ignore[arg-type]  # a constraint of the table
            opens_at=line.opens_at,
            closes_at=line.closes_at,
            drawn_at=line.drawn_at,
        )


class SlotDraws(BaseModel):
    """A page of drawn days, oldest first."""

    draws: list[SlotDrawLineOut]
    next: str | None


class DrawnPlace(BaseModel):
    """One ask in drawn order."""

    ask: UUID
    starts_at: str | None = Field(
        description="The slot that it got, as the pool writes it; null where all that it wished for were gone.",
        examples=["2026-11-30T01:00:00.000000Z"],
    )
    held: bool = Field(description="False where its owner had another place by then; it went to who waits.")


class SlotDrawDocument(BaseModel):
    """All that is needed to draw the day again."""

    format: str = Field(examples=["loket-slots/1"])
    draw: UUID
    unit: str
    appointment_kind: str
    day: date
    status: Literal["asking", "announced", "drawn"]
    pool: dict[str, Any] | None = Field(
        description="The proof (`loket-proof/1`) of the pool's record under the deciding checkpoint; null until drawn, and "
        "for days for which nobody asked. Its `body` lists slots with their free places, asks with wishes, and who was left out."
    )
    drawn: list[DrawnPlace]


def _at(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at.astimezone(zone) if at else None


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
