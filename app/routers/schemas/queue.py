"""What goes in and out of the doors of the queue."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.routers.schemas.appointments import Kind
from app.services.appointments import (
    Board,
    EntryView,
    Helped,
    Jump,
    Line,
    Outcome,
    Reason,
    Scan,
    ScanResult,
    Step,
    Waited,
)

MOST_SCANS = 100


def _of_our_time(at: datetime) -> datetime:
    if not 2020 <= at.year <= 2200:
        raise ValueError("no scan is of that time")
    return at


Counter = Annotated[
    str,
    Field(
        min_length=1, max_length=20, pattern=r"^[0-9A-Za-z -]+$", description="Its name on the wall.", examples=["3"]
    ),
]
Number = Annotated[str, Field(pattern=r"^[A-Z]\d{3}$", examples=["A012"])]
ScannedAt = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class ScanIn(BaseModel):
    """One scan of a QR. `scan_id` is made by the device and stays the same when the scan is sent again."""

    model_config = ConfigDict(extra="forbid")

    scan_id: UUID
    token: Annotated[str, Field(min_length=1, max_length=600, description="What the QR says.")]
    scanned_at: ScannedAt = Field(description="By the device's clock, with an offset.")

    def to_scan(self) -> Scan:
        """The scan as the room knows it."""
        return Scan(self.scan_id, self.token, self.scanned_at)


class ScansIn(BaseModel):
    """Scans of one device; those that were kept while the line was down come together, also twice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "scans": [
                        {
                            "scan_id": "0199f0a2-5c7e-7d44-9d0b-2f6a1f3f9a01",
                            "token": "eyJib29raW5nIjoi...",
                            "scanned_at": "2026-11-30T08:02:11+07:00",
                        }
                    ]
                }
            ]
        },
    )

    scans: Annotated[list[ScanIn], Field(min_length=1, max_length=MOST_SCANS)]


class ScanOut(BaseModel):
    """What became of one scan."""

    scan_id: UUID
    outcome: Outcome = Field(
        description="`counted`: in the queue with `number`. `again`: was already. `late`: its day is over, noted as come. "
        "`not_ours`: forged or too old. `not_booked`: the appointment was let go or is not confirmed. `other_unit`, "
        "`other_day`: see `starts_at`. Only a device that got an answer may forget the scan."
    )
    number: str | None
    starts_at: datetime | None

    @classmethod
    def of(cls, result: ScanResult) -> Self:
        """The result as JSON."""
        return cls(scan_id=result.scan_id, outcome=result.outcome, number=result.number, starts_at=result.starts_at)


class Scans(BaseModel):
    """The results, in the order in which the scans were sent."""

    results: list[ScanOut]


class TicketIn(BaseModel):
    """Somebody came. `case_id` where it is about a case of your unit, or one that is booked here today (that is a check-in
    without the QR); `helped` where they are lifted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "skck_fingerprints"}]})

    kind: Kind
    case_id: UUID | None = None
    helped: Helped | None = Field(default=None, description="Why they go earlier (UU 25/2009 art. 29).")


class CallIn(BaseModel):
    """Call to a counter: who is next, or a `number`; where that one is not next, with a `reason`, which is recorded."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"counter": "3"}]})

    counter: Counter
    kinds: Annotated[list[Kind], Field(max_length=20, description="What this counter does; empty for all.")] = []
    number: Number | None = None
    reason: Jump | None = None


class StepIn(BaseModel):
    """One step with a number. `absent`: nobody came; after three calls it counts as missed. `help` lifts who waits."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"action": "serve"}]})

    action: Step | Literal["help"]
    helped: Helped | None = Field(default=None, description="With `help`: why.")


class EntryOut(BaseModel):
    """A number of your unit's queue today, as staff see it."""

    id: UUID
    number: str
    kind: str
    case_id: UUID | None
    slot_at: datetime | None
    arrived_at: datetime
    helped: str | None
    state: Literal["waiting", "called", "serving", "done", "missed", "left"]
    counter: str | None
    calls: int

    @classmethod
    def of(cls, entry: EntryView) -> Self:
        """The entry as JSON."""
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class WaitingEntryOut(EntryOut):
    """A number that waits, with its place in the published order."""

    before: int
    expected_at: datetime
    reason: Reason

    @classmethod
    def of_line(cls, line: Line) -> Self:
        """The line as JSON."""
        entry = EntryOut.of(line.entry).model_dump()
        return cls(**entry, before=line.before, expected_at=line.expected_at, reason=line.reason)


class CounterQueue(BaseModel):
    """Your unit's queue: who is at the counters, and who waits, in the order in which they are called."""

    unit: str
    day: date
    at_counters: list[EntryOut]
    waiting: list[WaitingEntryOut]

    @classmethod
    def of(cls, board: Board) -> Self:
        """The queue as JSON."""
        return cls(
            unit=board.unit,
            day=board.day,
            at_counters=[EntryOut.of(each) for each in board.at_counters],
            waiting=[WaitingEntryOut.of_line(each) for each in board.waiting],
        )


class CalledNumber(BaseModel):
    """A number that is called or served now."""

    number: str
    counter: str | None
    state: Literal["called", "serving"]


class WaitingNumber(BaseModel):
    """A number that waits: how many go before it, and when its turn will be at today's pace."""

    number: str
    kind: str
    before: int
    expected_at: datetime
    reason: Reason = Field(
        description="Why it stands there: `booked` (its slot), `helped`, `back` (was called and absent), `late` or `arrival`."
    )


class MyTurn(BaseModel):
    """Your own number in the unit's queue. While you wait `before` and `expected_at` follow the list; then `counter` calls you."""

    unit: str
    number: str
    state: Literal["waiting", "called", "serving"]
    counter: str | None
    before: int
    expected_at: datetime | None
    reason: Reason | None

    @classmethod
    def of(cls, found: Line | EntryView) -> Self:
        """From the room's line, or from who is called."""
        entry = found if isinstance(found, EntryView) else found.entry
        line = found if isinstance(found, Line) else None
        return cls(
            unit=entry.unit,
            number=entry.number,
            state=entry.state,  # type: ignore[arg-type]  # one of these three
            counter=None if line else entry.counter,
            before=line.before if line else 0,
            expected_at=line.expected_at if line else None,
            reason=line.reason if line else None,
        )


class PaceOut(BaseModel):
    """What one person takes today, at how many counters; `measured` is false until the day has shown it."""

    minutes_per_person: float
    counters: int
    measured: bool


class PublicQueue(BaseModel):
    """The queue as the wall and every phone show it: numbers alone, no persons."""

    unit: str
    zone: str
    day: date
    now: list[CalledNumber]
    waiting: list[WaitingNumber]
    pace: PaceOut

    @classmethod
    def of(cls, board: Board) -> Self:
        """The queue as JSON, times to the minute and in the unit's zone."""
        return cls(
            unit=board.unit,
            zone=str(board.zone),
            day=board.day,
            now=[
                CalledNumber(number=each.number, counter=each.counter, state=each.state)  # type: ignore[arg-type]
                for each in board.at_counters
            ],
            waiting=[
                WaitingNumber(
                    number=each.entry.number,
                    kind=each.entry.kind,
                    before=each.before,
                    expected_at=each.expected_at.astimezone(board.zone).replace(second=0, microsecond=0),
                    reason=each.reason,
                )
                for each in board.waiting
            ],
            pace=PaceOut(
                minutes_per_person=round(board.pace.per_person.total_seconds() / 60, 1),
                counters=board.pace.counters,
                measured=board.pace.measured,
            ),
        )


class WaitedOut(BaseModel):
    """How long people really waited who were called in one hour, or on the whole day."""

    day: date
    hour: int | None = Field(description="Of the unit's zone; null for the whole day.")
    called: int
    median_minutes: int
    most_minutes: int = Field(description="What nine in ten did not exceed.")

    @classmethod
    def of(cls, waited: Waited) -> Self:
        """The figures as JSON."""
        return cls(**{name: getattr(waited, name) for name in cls.model_fields})


class WaitingTimes(BaseModel):
    """Real waiting times: from arrival (or the slot, for who booked and came early) to the first call."""

    unit: str
    times: list[WaitedOut]

    @classmethod
    def of(cls, unit: str, found: Sequence[Waited]) -> Self:
        """The figures as JSON."""
        return cls(unit=unit, times=[WaitedOut.of(each) for each in found])
