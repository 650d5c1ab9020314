"""What goes in and out of the door of settlement files."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.texts import Lang
from app.services.billing.settlement.models import FileState
from app.services.billing.settlement.queries import FileView


class RefusalOut(BaseModel):
    """Why nothing of a file was taken; `message` names the line where one is at fault."""

    code: str = Field(
        description="`unreadable`, `not_theirs`, `gap`: a statement before it is missing; or `lost`: send it again."
    )
    message: str


class SettlementFileOut(BaseModel):
    """A settlement file. `done` is booked, `refused` has left nothing in the books, all else is on its way."""

    id: UUID
    bank: str = Field(description="The bank's client id.")
    unit: str | None = Field(description="The Polda whose payments it holds; null for all.")
    kind: str = Field(description="`csv`, `mt940` or `camt053`, as its bytes say.")
    file_name: str | None
    sha256: str
    size_bytes: int
    state: FileState
    received_at: datetime
    done_at: datetime | None
    lines_total: int | None = Field(description="null until the file was read once.")
    lines_done: int
    lines_new: int = Field(description="Lines that were not booked before.")
    counts: dict[str, int] = Field(
        description="New lines by what they are: `matched`, `amount`, `unknown`, `refused`, `duplicate`, `reversed`, "
        "`returned`, `payout`, `debit`."
    )
    refusal: RefusalOut | None

    @classmethod
    def of(cls, view: FileView, lang: Lang, **more: Any) -> Self:
        """The view as JSON."""
        told = {
            name: getattr(view, name) for name in SettlementFileOut.model_fields if name not in ("refusal", "counts")
        }
        refusal = RefusalOut(code=view.refusal_code or "", message=view.refusal.say(lang)) if view.refusal else None
        return cls(**told, counts=dict(view.counts), refusal=refusal, **more)


class SettlementFileSent(SettlementFileOut):
    """What became of a file that was sent: `already` when these very bytes had come before."""

    already: bool


class SettlementFiles(BaseModel):
    """A page of files, the newest first."""

    files: list[SettlementFileOut]
    next: str | None
