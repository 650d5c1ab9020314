"""The papers that applications end in: what each says, and the PDF of it before it is sealed.

A paper shows of its holder what its kind names in ``app/data/issued_documents.yaml`` and nothing else: whatever more a case
knows never reaches the template. Indonesian comes first; English stands beside it, because a licence or a police record is
shown to people abroad.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from app.core.db import JsonValue
from app.core.texts import Text
from app.services.documents.issued_kinds import IssuedKind, issued_kind
from app.services.documents.rendering import qr_svg, render_pdf
from app.services.documents.templates import CheckCode
from app.services.documents.words import short_date

MAX_ROWS = 24
MAX_NOTES = 4
MAX_VALUE, MAX_ADDRESS, MAX_SENTENCE = 90, 160, 400
NIK_TAIL, MAX_NIK = 4, 16
PHOTO = "photo"

Row: TypeAlias = tuple[Text, str]
"""What a line is called, and what it says."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """The unit that issues. `level` is MABES, POLDA, POLRES or POLSEK; `polda` the name of the Polda above it."""

    name: str
    level: str
    polda: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What a case knows about the paper that it ends in.

    `mark` is set large: a plate, the class of a SIM. `period` is what an annual paper is for, such as the tax year.
    `rows` are facts in the order of the paper, `purpose` what it was asked for, `statement` the sentence that it
    certifies (a SKCK says another one of somebody with a record). `photo` is JPEG or PNG that `check_image` accepted.
    `title` names a `certificate`; the other kinds have their own. `valid_until` counts where the paper was issued without
    one, because a register alone knows it.
    """

    holder_name: str
    nik: str | None = None
    born_on: date | None = None
    born_at: str | None = None
    address: str | None = None
    photo: bytes | None = None
    mark: str | None = None
    period: str | None = None
    rows: tuple[Row, ...] = ()
    purpose: Text | None = None
    statement: Text | None = None
    notes: tuple[Text, ...] = ()
    title: Text | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class IssuedData:
    """A paper to be made. `issued_at` is aware and in the zone of the unit; `valid_until` the last day, None for good."""

    kind: str
    number: str
    issuer: Issuer
    issued_at: datetime
    valid_until: date | None
    check: CheckCode
    facts: PaperFacts


async def issued_paper(data: IssuedData) -> bytes:
    """The paper as PDF/A, tagged, on one page, not sealed yet. The same data gives the same bytes.

    Raises `UnknownKind`; Problems: documents-not-rendered.
    """
    kind = issued_kind(data.kind)
    return await render_pdf(f"documents/{kind.name}", issued_values(data), issued_pictures(data))


def issued_values(data: IssuedData) -> dict[str, JsonValue]:
    """What the templates show, as plain JSON."""
    kind, facts = issued_kind(data.kind), data.facts
    title = facts.title if facts.title and kind.name == "certificate" else kind.title
    issued_on = data.issued_at.date()
    return {
        "created_at": data.issued_at.replace(microsecond=0).isoformat(),
        "number": data.number,
        **_both("title", title, MAX_VALUE),
        "law": kind.law,
        **_issuer(data.issuer, kind),
        "written_on": short_date(issued_on),
        "written_on_en": short_date(issued_on, "en"),
        "valid_until": short_date(data.valid_until) if data.valid_until else None,
        "valid_until_en": short_date(data.valid_until, "en") if data.valid_until else None,
        "check_code": data.check.code,
        "check_url": data.check.url,
        "check_qr_svg": qr_svg(data.check.url),
        "holder": _holder(facts, kind),
        "mark": _cut(facts.mark),
        "month_mark": f"{data.valid_until:%m·%y}" if data.valid_until else None,
        "period": _cut(facts.period),
        "rows": _rows(facts.rows),
        **_both("purpose", facts.purpose, MAX_SENTENCE),
        **_both("statement", facts.statement, MAX_SENTENCE),
        "notes": [[_cut(each.id, MAX_SENTENCE), _cut(each.en, MAX_SENTENCE)] for each in facts.notes[:MAX_NOTES]],
        "photo_alt": "Pasfoto pemegang dokumen ini",
        "prints": kind.prints.id if kind.prints else None,
    }


def issued_pictures(data: IssuedData) -> dict[str, bytes]:
    """The photograph, where this kind of paper shows one."""
    shown = "photo" in issued_kind(data.kind).shows and data.facts.photo
    return {PHOTO: shown} if shown else {}


def seal_name(issuer: Issuer) -> str:
    """The unit as it stands in the seal: ``KEPOLISIAN RESOR METRO JAKARTA SELATAN``."""
    return f"KEPOLISIAN {_in_full(issuer.name)}" if issuer.level != "MABES" else NATIONAL


NATIONAL = "KEPOLISIAN NEGARA REPUBLIK INDONESIA"
_FULL_NAMES = (
    ("polda ", "DAERAH "),
    ("polrestabes ", "RESOR KOTA BESAR "),
    ("polresta ", "RESOR KOTA "),
    ("polres ", "RESOR "),
    ("polsek ", "SEKTOR "),
)
"""How a letterhead spells units out: Polda is *Kepolisian Daerah*, Polresta *Kepolisian Resor Kota*."""


def _in_full(unit_name: str) -> str:
    for short, full in _FULL_NAMES:
        if unit_name.lower().startswith(short):
            return full + unit_name[len(short) :].upper()
    return unit_name.upper()


def _issuer(issuer: Issuer, kind: IssuedKind) -> dict[str, JsonValue]:
    """Letterhead, place, and who answers: the office below the head of the unit, in the head's name."""
    lines = [NATIONAL]
    if issuer.polda and issuer.polda != issuer.name:
        lines.append(_in_full(issuer.polda))
    if issuer.level != "MABES" or issuer.name.upper() != NATIONAL:
        lines.append(_in_full(issuer.name))
    head = "KEPALA KEPOLISIAN NEGARA REPUBLIK INDONESIA" if issuer.level == "MABES" else f"KEPALA {seal_name(issuer)}"
    return {
        "letterhead": [_cut(line) for line in lines],
        "unit": _cut(issuer.name),
        "seal": _cut(seal_name(issuer)),
        "city": _cut(issuer.city) or _cut(issuer.name),
        "head": _cut(head),
        "signatory": _cut(kind.signatory.get(issuer.level, "Kepala Kesatuan")),
    }


def _holder(facts: PaperFacts, kind: IssuedKind) -> dict[str, JsonValue]:
    """What of the holder this kind of paper shows."""
    born = ", ".join(filter(None, (facts.born_at, short_date(facts.born_on) if facts.born_on else None)))
    tail = f"…{facts.nik[-NIK_TAIL:]}" if facts.nik else None
    known: dict[str, JsonValue] = {
        "name": _cut(facts.holder_name),
        "nik": _cut(facts.nik, MAX_NIK),
        "nik_tail": tail,
        "born": _cut(born) or None,
        "address": _cut(facts.address, MAX_ADDRESS),
    }
    return {name: value if name in kind.shows else None for name, value in known.items()}


def _rows(rows: Sequence[Row]) -> list[JsonValue]:
    kept = [(name, value) for name, value in rows if value.strip()][:MAX_ROWS]
    return [[_cut(name.id), _cut(name.en), _cut(value, MAX_ADDRESS)] for name, value in kept]


def _both(name: str, text: Text | None, limit: int) -> dict[str, JsonValue]:
    return {name: _cut(text.id, limit) if text else None, f"{name}_en": _cut(text.en, limit) if text else None}


def _cut(text: str | None, limit: int = MAX_VALUE) -> str | None:
    if text is None:
        return None
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
