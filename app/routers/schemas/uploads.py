"""An upload in pieces, for programs that do not read headers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.services.applications.uploads import UploadView


class UploadOut(BaseModel):
    """How much of a paper is here. `taken` means that the application has it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "019c2f6e-8a51-7cc2-9d5e-0f1a2b3c4d5e",
                "application": "019c2f6e-1111-7cc2-9d5e-0f1a2b3c4d5e",
                "document": "photo",
                "length": 734003,
                "offset": 262144,
                "state": "open",
                "expires_at": "2026-03-03T03:00:00Z",
            }
        }
    )

    id: UUID
    application: UUID
    document: str
    length: int
    offset: int
    state: Literal["open", "complete", "taken"]
    expires_at: datetime

    @classmethod
    def of(cls, upload: UploadView) -> "UploadOut":
        """The view in the words of the API."""
        return cls(
            id=upload.id,
            application=upload.case_id,
            document=upload.document,
            length=upload.length,
            offset=upload.received,
            state=upload.state.value,  # type: ignore[arg-type]  # find_upload gives none that has ended
            expires_at=upload.expires_at,
        )
