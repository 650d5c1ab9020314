"""What goes in and out of the door of verdict files."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.texts import Lang
from app.services.etle.verdict_files import Looked, VerdictFileView
from app.services.etle.verdicts import Outcome, VerdictLine

MOST_LINES = 200
"""Lines that are shown one by one: those that will not be entered, first of all."""


class FaultOut(BaseModel):
    """What is wrong on a line of the file."""

    line: int
    message: str


class VerdictLineOut(BaseModel):
    """One line and what it would do. `stands_fine` and `stands_cost` are the verdict on record, where one is. Rupiah."""

    line: int
    register_no: str
    fine: int
    cost: int
    outcome: Outcome
    stands_fine: int | None
    stands_cost: int | None

    @classmethod
    def of(cls, line: VerdictLine) -> Self:
        """The line as JSON."""
        stands = line.stands or (None, None)
        return cls(
            line=line.line,
            register_no=line.register_no,
            fine=line.fine,
            cost=line.cost,
            outcome=line.outcome,
            stands_fine=stands[0],
            stands_cost=stands[1],
        )


class VerdictFileOut(BaseModel):
    """A file of verdicts: ``checked`` was looked at and can be applied, ``applying`` and ``applied`` is being and was
    entered, ``refused`` has faults. The counts are of its last look, or of what was entered."""

    id: UUID
    file_name: str
    sha256: str
    state: str
    lines: int
    done: int
    ready: int
    decided: int = Field(description="The same verdict stands already.")
    differs: int = Field(description="Another verdict stands; a file never changes it.")
    unknown: int = Field(description="No ticket of your unit has the number.")
    imported: int
    refused: int = Field(description="The case cannot be decided.")
    faults: list[FaultOut]
    uploaded_at: datetime
    uploaded_by: str
    applied_at: datetime | None
    applied_by: str | None
    finished_at: datetime | None

    @classmethod
    def of(cls, view: VerdictFileView, lang: Lang) -> Self:
        """The view as JSON."""
        told = {name: getattr(view, name) for name in VerdictFileOut.model_fields if name != "faults"}
        return cls(**told, faults=[FaultOut(line=line, message=text.say(lang)) for line, text in view.faults])


class VerdictPreview(VerdictFileOut):
    """A file with its lines: at most 200, those that will not be entered first."""

    shown: list[VerdictLineOut]

    @classmethod
    def of_looked(cls, looked: Looked, lang: Lang) -> Self:
        """What somebody looked at, as JSON."""
        return cls(
            **VerdictFileOut.of(looked.file, lang).model_dump(),
            shown=[VerdictLineOut.of(each) for each in worth_showing(looked)],
        )


class VerdictFiles(BaseModel):
    """A page of files, the newest first."""

    files: list[VerdictFileOut]
    next: str | None


def worth_showing(looked: Looked) -> list[VerdictLine]:
    """The lines that a person should see: what will not be entered, then the rest, each in the file's order."""
    return sorted(looked.lines, key=lambda each: each.outcome in (Outcome.READY, Outcome.DECIDED))[:MOST_LINES]
