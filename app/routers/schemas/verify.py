"""What the public check of a code answers."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from app.core.texts import Lang, Text
from app.services.applications.issuing import CheckedDocument
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
_DOCUMENT = Text(
    "Dokumen ini asli. Cocokkan nomor, jenis, kesatuan dan masa berlakunya dengan yang Anda pegang. Isi berkas PDF dijaga segel "
    "elektronik: buka dengan pembaca PDF dan lihat tanda tangannya.",
    "This document is genuine. Compare number, kind, unit and validity with yours. The content of the PDF file is kept by an "
    "electronic seal: open it in a PDF reader and look at its signature.",
)
_EXPIRED = Text(
    "Dokumen ini asli, tetapi masa berlakunya sudah habis.",
    "This document is genuine, but its time is over.",
)
_REPLACED = Text(
    "Dokumen ini sudah diganti dengan yang baru. Minta pemegangnya menunjukkan yang baru.",
    "This document was replaced by a new one. Ask its holder for the new one.",
)
_DOCUMENT_REVOKED = Text(
    "Dokumen ini pernah kami terbitkan, tetapi sudah dicabut. Jangan diterima.",
    "We did issue this document, but it was revoked. Do not accept it.",
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

    status: Literal["valid", "expired", "revoked", "replaced", "unknown"] = Field(
        description="In one word: `revoked` and `replaced` were ours and hold no more; `unknown` never was ours."
    )
    genuine: bool = Field(description="True: sent or issued by us, and not taken back.")
    valid: bool = Field(description="True: genuine, and its time is not over.")
    kind: str | None = Field(description="letter, message, receipt or document.", examples=["document"])
    document: str | None = Field(description="Which document, where it is one.", examples=["skck"])
    number: str | None = Field(description="The document's own number, as printed on it.")
    issued_at: datetime | None = Field(description="When it was sent or issued.")
    valid_until: date | None = Field(description="The last day on which a document holds; null where it has no end.")
    unit: VerifiedUnit | None
    about: str | None = Field(description="Its subject; never a person.")
    revoked_at: datetime | None = Field(description="Since when it is no longer valid.")
    advice: str = Field(description="What to do now.")

    @classmethod
    def of(
        cls, item: CheckedItem | None, document: CheckedDocument | None, unit: Unit | None, lang: Lang, *, on: date
    ) -> Self:
        """From what was found, as of a day of the unit."""
        if item is None:
            return cls.model_validate(
                {**_NOTHING, "status": "unknown", "genuine": False, "valid": False, "advice": _UNKNOWN.say(lang)}
            )
        genuine = item.revoked_at is None
        valid = genuine and (document is None or document.good_on(on))
        return cls(
            status=_status(document, genuine=genuine, valid=valid),
            genuine=genuine,
            valid=valid,
            kind=item.kind,
            document=document.kind if document else None,
            number=document.number if document else None,
            issued_at=item.issued_at,
            valid_until=document.valid_until if document else None,
            unit=VerifiedUnit(code=item.unit, name=unit.name if unit else item.unit),
            about=item.about.say(lang),
            revoked_at=item.revoked_at,
            advice=_advice(document, genuine=genuine, valid=valid).say(lang),
        )


_NOTHING = dict.fromkeys(Verification.model_fields)


def _status(
    document: CheckedDocument | None, *, genuine: bool, valid: bool
) -> Literal["valid", "expired", "revoked", "replaced"]:
    if not genuine:
        return "replaced" if document is not None and document.replaced else "revoked"
    return "valid" if valid else "expired"


def _advice(document: CheckedDocument | None, *, genuine: bool, valid: bool) -> Text:
    if document is None:
        return _KNOWN if genuine else _REVOKED
    if not genuine:
        return _REPLACED if document.replaced else _DOCUMENT_REVOKED
    return _DOCUMENT if valid else _EXPIRED
