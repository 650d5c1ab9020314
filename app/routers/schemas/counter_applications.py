"""An application on the officer's desk."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue

from app.core.texts import Lang
from app.routers.schemas.applications import VerdictOut
from app.services.applications import Mark, MarkView, PaperView, ReviewView
from app.services.catalogue import Facts

MAX_WORDS = 500


class MarkIn(BaseModel):
    """What is to be mended: ``/form/NAME`` or ``/documents/NAME``, a reason from the list, and words if they help."""

    pointer: Annotated[str, Field(max_length=80, pattern=r"^/(form|documents)/[a-z0-9_-]+$")]
    code: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]
    words: Annotated[str | None, Field(max_length=MAX_WORDS, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")] = None

    def to_mark(self) -> Mark:
        """As the room takes it."""
        return Mark(self.pointer, self.code, self.words)


class MarkOut(BaseModel):
    """A mark that stands."""

    pointer: str
    code: str
    says: str
    words: str | None
    changed: bool

    @classmethod
    def of(cls, view: MarkView, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            pointer=view.pointer, code=view.code, says=view.says.say(lang), words=view.words, changed=view.changed
        )


class PaperOut(BaseModel):
    """A paper; the picture itself is at `url`. `warnings` are what the machine was unsure of."""

    name: str
    title: str
    media_type: str
    size: int
    warnings: list[str]
    given_at: datetime
    url: str

    @classmethod
    def of(cls, view: PaperView, case_id: UUID, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            name=view.name,
            title=view.title.say(lang),
            media_type=view.media_type,
            size=view.size,
            warnings=list(view.warnings),
            given_at=view.given_at,
            url=f"/v1/counter/cases/{case_id}/documents/{view.name}",
        )


class ApplicationReview(BaseModel):
    """Everything for one decision: form, papers and what registers say, side by side."""

    id: UUID
    reference: str
    lifecycle: str
    service: str
    service_title: str
    unit: str
    state: str
    version: int
    assigned_to_me: bool
    applicant: dict[str, str | None]
    form: dict[str, JsonValue]
    papers: list[PaperOut]
    missing: list[str]
    eligibility: list[VerdictOut]
    registers: dict[str, JsonValue]
    marks: list[MarkOut]
    exemption: str | None
    appointment_at: datetime | None
    actions: list[str]
    tasks: list[str]
    service_due: datetime | None

    @classmethod
    def of(cls, view: ReviewView, actor_id: str, lang: Lang) -> Self:
        """The view as JSON."""
        return cls(
            id=view.case.id,
            reference=view.case.reference,
            lifecycle=view.case.lifecycle,
            service=view.service.code,
            service_title=view.service.title.say(lang),
            unit=view.case.unit,
            state=view.case.state,
            version=view.case.version,
            assigned_to_me=view.case.assigned_to == actor_id,
            applicant=dict(view.applicant),
            form=view.form,
            papers=[PaperOut.of(each, view.case.id, lang) for each in view.papers],
            missing=[each.say(lang) for each in view.missing],
            eligibility=[VerdictOut.of(each, lang) for each in view.verdicts],
            registers=registers_json(view.facts),
            marks=[MarkOut.of(each, lang) for each in view.marks],
            exemption=view.exemption,
            appointment_at=view.booking.starts_at if view.booking else None,
            actions=list(view.actions),
            tasks=[each.kind for each in view.tasks],
            service_due=view.service_due,
        )


def registers_json(facts: Facts) -> dict[str, JsonValue]:
    """What registers said, for an officer's eyes; days as ``YYYY-MM-DD``."""
    named = {
        "applicant": facts.applicant,
        "vehicle": facts.vehicle,
        "chassis": facts.chassis,
        "tax": facts.tax,
        "insurance": facts.insurance,
        "health": facts.health,
        "psychology": facts.psychology,
        "jkn": facts.jkn,
        "records": facts.records,
    }
    said: dict[str, JsonValue] = {name: plain_record(each) for name, each in named.items() if each is not None}
    if facts.licences:
        said["licences"] = [plain_record(each) for each in facts.licences]
    said["down"] = [*sorted(facts.down)]
    return said


def plain_record(record: Mapping[str, JsonValue | datetime]) -> dict[str, JsonValue]:
    """A record with its days as text."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: JsonValue | datetime) -> JsonValue:
    if isinstance(value, datetime):
        day: date = value.date()
        return day.isoformat()
    return value


class Reasons(BaseModel):
    """Codes with what the applicant reads."""

    marks: dict[str, str]
    refusals: dict[str, str]
    revocations: dict[str, str]
