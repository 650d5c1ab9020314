"""A citizen's own account, in and out."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from app.services.identity.people import PersonView

Nik = Annotated[str, StringConstraints(strip_whitespace=True, min_length=16, max_length=24)]


class IdentityClaim(BaseModel):
    """What somebody says about themselves; the population register has the last word."""

    nik: Nik = Field(description="NIK, 16 digits", examples=["3174011211879901"])
    born_on: date = Field(description="Date of birth, as on the KTP", examples=["1987-11-12"])
    kk_no: Nik = Field(description="Family card number (KK), 16 digits", examples=["3174010101219901"])


class IdentityCode(BaseModel):
    """The code that the phone in the population register got."""

    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=12)]


class CodeSent(BaseModel):
    """The answer to every claim, right or wrong: a code was sent if register and claim agree."""

    state: str = "code_sent_if_registered"
    expires_in: int = Field(description="Seconds that the code is good for")


class Me(BaseModel):
    """The account as its holder sees it. The NIK is masked."""

    id: UUID
    phone: str | None
    email: str | None
    name: str | None
    nik: str | None
    identity_confirmed_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, view: PersonView) -> Self:
        return cls(
            id=view.id,
            phone=view.phone,
            email=view.email,
            name=view.name,
            nik=view.nik_masked,
            identity_confirmed_at=view.bound_at,
            created_at=view.created_at,
        )
