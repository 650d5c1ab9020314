"""Issued papers: one page, what their kind shows and nothing more, numbers that count nobody."""

import io
import re
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from app.core.ids import ALPHABET
from app.core.texts import Text
from app.services.documents import render_pages
from app.services.documents.issued import (
    IssuedData,
    Issuer,
    PaperFacts,
    issued_paper,
    issued_pictures,
    issued_values,
    seal_name,
)
from app.services.documents.issued_kinds import (
    FILE,
    UnknownKind,
    issued_kind,
    issued_kinds,
    new_number,
    number_is_valid,
    read_kinds,
)
from app.services.documents.rendering import TEMPLATES
from tests.services.documents import issued_papers as papers
from tests.services.documents.test_papers import HOSTILE, streams

KINDS = tuple(issued_kinds())


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


@pytest.mark.parametrize("kind", KINDS)
async def test_every_paper_is_one_tagged_archive_page_and_the_same_bytes(kind: str) -> None:
    data = papers.paper(kind)
    pdf = await issued_paper(data)
    assert pdf == await issued_paper(data)
    whole = b"\n".join([pdf, *streams(pdf)])
    for mark in (b"/Marked true", b"/Lang(id)", b"pdfaid:part>3<", b"pdfuaid:part>1<", b"/StructTreeRoot"):
        assert mark in whole, mark
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    said = text_of(pdf)
    for shown in (data.number, papers.CHECK.code, "RESOR METRO JAKARTA SELATAN", "DAERAH METRO JAYA"):
        assert shown in said, shown
    assert issued_values(data)["signatory"].upper() in said  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_paper_shows_of_its_holder_what_its_kind_names_and_nothing_else(kind: str) -> None:
    data, shows = papers.paper(kind), issued_kind(kind).shows
    said = text_of(await issued_paper(data))
    facts = data.facts
    assert (facts.holder_name in said) == ("name" in shows)
    assert (papers.NIK in said) == ("nik" in shows)
    assert ("17 Agustus 1990" in said) == ("born" in shows)
    assert ("Jl. Melati" in said) == ("address" in shows)
    assert bool(issued_pictures(data)) == ("photo" in shows)
    assert papers.NIK[-4:] in said or not shows & {"nik", "nik_tail"}


async def test_the_annual_validation_names_nobody() -> None:
    said = text_of(await issued_paper(papers.paper("stnk_pengesahan")))
    assert all(each in said for each in ("B 1234 XYZ", "2026/2027", "2 Maret 2027", "TOYOTA AVANZA"))
    assert "Siti" not in said
    assert "03·27" not in said, "the plate goes on to the month of the STNK"
    assert "03·31" in text_of(await issued_paper(papers.paper("stnk")))


async def test_the_licence_bears_the_nik_as_its_number_and_the_paper_another() -> None:
    data = papers.paper("sim")
    assert papers.NIK in text_of(await issued_paper(data))
    assert papers.NIK not in data.number


async def test_a_police_record_says_what_the_case_found() -> None:
    usual = text_of(await issued_paper(papers.paper("skck")))
    assert "tidak memiliki catatan" in usual
    found = Text("memiliki catatan: putusan 12/Pid.B/2019.", "has a record: judgement 12/Pid.B/2019.")
    said = text_of(await issued_paper(papers.paper("skck", facts=papers.facts("skck", statement=found))))
    assert "putusan 12/Pid.B/2019" in said
    assert "tidak memiliki catatan" not in said


@pytest.mark.parametrize("kind", KINDS)
async def test_a_person_with_a_telephone_can_scan_it(kind: str) -> None:
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    data = papers.paper(kind)
    (page,) = await render_pages(f"documents/{kind}", issued_values(data), issued_pictures(data))
    picture = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_COLOR)
    read: set[str] = set()
    for near in (1, 2, 3):  # a camera moves until it sees the code
        closer = cv2.resize(picture, None, fx=near, fy=near, interpolation=cv2.INTER_CUBIC)
        read |= set(cv2.QRCodeDetector().detectAndDecodeMulti(closer)[1])
    assert papers.CHECK.url in read


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_is_written_stays_text_on_one_page(kind: str) -> None:
    for text in (" ".join(HOSTILE[:5]), "名前 🚗 اسم", "x" * 10_000):
        both = Text(text, text)
        facts = papers.facts(
            kind,
            holder_name=text,
            nik=text,
            born_at=text,
            address=text,
            mark=text[:40],
            period=text[:40],
            rows=((both, text),) * 40,
            purpose=both,
            statement=both,
            notes=(both,) * 9,
        )
        data = papers.paper(kind, facts=facts, issuer=Issuer(text, "POLRES", text, text))
        assert len(await render_pages(f"documents/{kind}", issued_values(data), issued_pictures(data))) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_paper_can_be_made_of_the_least_that_a_case_knows(kind: str) -> None:
    data = papers.paper(kind, facts=PaperFacts("Siti Contohwati"), valid_until=None)
    assert (await issued_paper(data)).startswith(b"%PDF-1.7")


@pytest.mark.parametrize(
    ("issuer", "seal", "head"),
    [
        (Issuer("Polda Metro Jaya", "POLDA", "Polda Metro Jaya"), "KEPOLISIAN DAERAH METRO JAYA", 2),
        (Issuer("Polrestabes Bandung", "POLRES", "Polda Jawa Barat"), "KEPOLISIAN RESOR KOTA BESAR BANDUNG", 3),
        (Issuer("Polresta Sidoarjo", "POLRES", "Polda Jawa Timur"), "KEPOLISIAN RESOR KOTA SIDOARJO", 3),
        (Issuer("Polres Kendal", "POLRES", "Polda Jawa Tengah"), "KEPOLISIAN RESOR KENDAL", 3),
        (Issuer("Korps Lalu Lintas Polri", "MABES"), "KEPOLISIAN NEGARA REPUBLIK INDONESIA", 2),
    ],
)
def test_letterhead_and_seal_spell_the_unit_out(issuer: Issuer, seal: str, head: int) -> None:
    values = issued_values(papers.paper("sim_international", issuer=issuer))
    assert seal_name(issuer) == values["seal"] == seal
    assert len(values["letterhead"]) == head  # type: ignore[arg-type]


def test_no_office_is_a_person_and_every_kind_has_a_template() -> None:
    for kind in issued_kinds().values():
        assert (TEMPLATES / "documents" / f"{kind.name}.typ").exists()
        assert all(office.startswith("Kepala") or office.startswith("Direktur") for office in kind.signatory.values())
    with pytest.raises(UnknownKind, match="there are: stnk_pengesahan"):
        issued_kind("ijazah")


def test_a_file_of_kinds_that_is_not_sound_says_where() -> None:
    text = FILE.read_text("utf-8")
    for old, new in (("{serial}/", ""), ("shows: []", "shows: [religion]"), ("law: UU 22/2009 Pasal 70", "lex: x")):
        with pytest.raises(ValueError, match="stnk_pengesahan"):
            read_kinds(text.replace(old, new, 1))


@given(
    kind=st.sampled_from(KINDS),
    unit=st.sampled_from(["PMJ", papers.UNIT, "KORLANTAS"]),
    on=st.dates(date(2021, 1, 1), date(2099, 12, 31)),
    at=st.integers(0, 200),
    other=st.sampled_from(ALPHABET),
)
def test_a_number_checks_itself_and_tells_a_wrong_character(
    kind: str, unit: str, on: date, at: int, other: str
) -> None:
    declared = issued_kind(kind)
    number = new_number(declared, unit, on)
    assert number_is_valid(declared, number)
    assert f"/{on.year}/" in number
    at %= len(number)
    same = {frozenset(pair) for pair in ("OF", "I9", "LC", "UN")}  # what the check character takes for one another
    if number[at].isalnum() and number[at] != other and frozenset((number[at], other)) not in same:
        assert not number_is_valid(declared, number[:at] + other + number[at + 1 :])


def test_numbers_of_one_day_tell_nobody_how_many_there_were() -> None:
    drawn = {new_number(issued_kind("skck"), "PMJ", date(2026, 3, 2)) for _ in range(500)}
    assert len(drawn) == 500
    serials = [re.split("/", number)[1] for number in drawn]
    assert len({serial[0] for serial in serials}) > 20


def test_every_fact_of_a_paper_is_shown_or_kept_back_on_purpose() -> None:
    """A new field of `PaperFacts` needs a place in `issued_values`: this fails where one was forgotten."""
    marks: dict[str, Any] = {
        "holder_name": "M1", "nik": "M2", "born_on": date(1991, 2, 3), "born_at": "M4", "address": "M5", "photo": b"M6",
        "mark": "M7", "period": "M8", "rows": ((Text("M9", "M9"), "M9"),), "purpose": Text("M10", "M10"),
        "statement": Text("M11", "M11"), "notes": (Text("M12", "M12"),), "title": Text("M13", "M13"),
        "valid_until": None,  # a day of the row, filled in by the job
    }  # fmt: skip
    assert set(marks) == {each.name for each in fields(PaperFacts)}
    shown = ""
    for kind in KINDS:
        data: IssuedData = replace(papers.paper(kind), facts=PaperFacts(**marks))
        shown += str(issued_values(data)) + str(issued_pictures(data))
    for mark in (
        "M1'",
        "'M2'",
        "3 Februari 1991",
        "M4",
        "'M5'",
        "M6",
        "'M7'",
        "'M8'",
        "'M9'",
        *(f"'M{n}'" for n in range(10, 14)),
    ):
        assert mark in shown, mark
