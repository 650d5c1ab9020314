"""What the public check of a code answers."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from app.core.texts import Lang, Text
from app.services.reference import Unit
from app.services.transparency.check_codes import CheckedItem

_KNOWN = Text(
    "Kode ini milik surat atau pesan asli. Cocokkan isi di atas dengan yang Anda pegang; bila berbeda, kodenya disalin.",
    "This code belongs to a genuine letter or message. Compare the above with yours; if it differs, the code was copied.",
)
_REVOKED = Text(
    "Pernah kami kirim, tetapi sudah tidak berlaku lagi.",
    "We did send this, but it is no longer valid.",
)
_UNKNOWN = Text(
    "Kami tidak pernah mengirim kode ini. Jangan membayar, jangan membuka berkasnya. Periksa lagi ejaan kodenya.",
    "We never sent this code. Do not pay, and do not open its files. Check the spelling of the code once more.",
)


class VerifiedUnit(BaseModel):
    """The unit that sent it."""

    code: str
    name: str


class Verification(BaseModel):
    """The same members for every code, so that an answer tells nothing by its shape."""

    genuine: bool = Field(description="True: sent by us and still valid.")
    kind: str | None = Field(description="letter, message, receipt or document.", examples=["letter"])
    issued_at: datetime | None = Field(description="When it was sent or issued.")
    unit: VerifiedUnit | None
    about: str | None = Field(description="Its subject; never a person.")
    revoked_at: datetime | None = Field(description="Since when it is no longer valid.")
    advice: str = Field(description="What to do now.")

    @classmethod
    def of(cls, item: CheckedItem | None, unit: Unit | None, lang: Lang) -> Self:
        """From what was found."""
        if item is None:
            nothing = {"kind": None, "issued_at": None, "unit": None, "about": None, "revoked_at": None}
            return cls(genuine=False, advice=_UNKNOWN.say(lang), **nothing)
        return cls(
            genuine=item.revoked_at is None,
            kind=item.kind,
            issued_at=item.issued_at,
            unit=VerifiedUnit(code=item.unit, name=unit.name if unit else item.unit),
            about=item.about.say(lang),
            revoked_at=item.revoked_at,
            advice=(_KNOWN if item.revoked_at is None else _REVOKED).say(lang),
        )
