"""Letters, tickets and receipts: one page, the right facts, the proof inside, and never a stranger's code."""

import io
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.core.money import Rupiah
from app.core.problems import Problem
from app.services.documents import Vehicle, etle_letter, etle_ticket, payment_receipt, qr_svg, render_pages, render_pdf
from app.services.documents.rendering import TEMPLATES, drawable
from app.services.documents.templates import (
    PROOF_NAME,
    answer_rule,
    grouped,
    letter_values,
    receipt_values,
    ticket_values,
)
from app.services.documents.words import long_moment, rupiah_in_words
from tests.services.documents import papers

HOSTILE = (
    '#import "/etc/passwd"',
    '#eval("1/0")',
    "#panic()",
    "$ x^2 $ *bold* _it_ `raw` <label> @ref",
    '"); #read("common.typ")',
    "]]] }}} \\ // /* ",
    "line\nbreak\0nul\x1b[31m",
    "\u202eevil\u202c \u200b\ufeff",
    "名前 🚗 اسم",
    "x" * 10_000,
    "A" + "\u0301" * 500,
    "",
)
PICTURES = {"photo.jpg": papers.photo(), "crop.jpg": papers.photo((200, 60))}


def streams(pdf: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S):
        try:
            found.append(zlib.decompress(match.group(1)))
        except zlib.error:
            found.append(match.group(1))
    return found


@pytest.mark.parametrize("role", ["owner", "driver", "buyer"])
async def test_the_letter_is_a_tagged_archive_pdf_in_indonesian(role: str) -> None:
    pdf = await etle_letter(papers.letter(role=role))
    metadata = b"\n".join([pdf, *streams(pdf)])
    assert pdf.startswith(b"%PDF-1.7")
    for mark in (b"/Marked true", b"/Lang(id)", b"pdfaid:part>3<", b"pdfuaid:part>1<", b"/StructTreeRoot", b"/Alt"):
        assert mark in metadata, mark


async def test_the_same_letter_is_the_same_bytes() -> None:
    assert await etle_letter(papers.letter()) == await etle_letter(papers.letter())
    assert await payment_receipt(papers.receipt()) == await payment_receipt(papers.receipt())


async def test_the_receipt_carries_its_proof_inside() -> None:
    pdf = await payment_receipt(papers.receipt())
    assert papers.PROOF in streams(pdf)
    assert PROOF_NAME.encode() in pdf or any(PROOF_NAME.encode() in each for each in streams(pdf))


@pytest.mark.parametrize("purpose", ["fine", "fee", "rest"])
async def test_a_receipt_for_every_purpose_has_one_page(purpose: str) -> None:
    receipt = papers.receipt(purpose=purpose, register_no=None if purpose == "fee" else "G1", plate=None, violations=())
    assert len(await render_pages("receipts/payment", receipt_values(receipt), {PROOF_NAME: b"{}"})) == 1


@pytest.mark.parametrize(
    ("template", "values", "files", "leads_to"),
    [
        ("letters/etle_confirmation", letter_values(papers.letter()), PICTURES, papers.CONFIRM_URL),
        ("receipts/payment", receipt_values(papers.receipt()), {PROOF_NAME: b"{}"}, papers.receipt().check.url),
    ],
    ids=["letter", "receipt"],
)
async def test_a_person_with_a_telephone_can_scan_letter_and_receipt(
    template: str, values: dict[str, Any], files: dict[str, bytes], leads_to: str
) -> None:
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    (page,) = await render_pages(template, values, files)
    read, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_COLOR))
    assert read == leads_to


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_stays_text_on_one_page(text: str) -> None:
    vehicle = Vehicle("B 1 X", text, text, text, text, text, text)
    hostile: dict[str, Any] = {"vehicle": vehicle, "place": text}
    letter = papers.letter(addressee_name=text or "-", addressee_address=(text,) * 6, camera=text, **hostile)
    ticket = papers.ticket(driver_name=text, driver_address=(text,) * 6, driver_sim=text, court_name=text, **hostile)
    receipt = papers.receipt(bank=text, bank_reference=text, receipt_no=text, court_name=text, plate=text)
    for template, values, files in (
        ("letters/etle_confirmation", letter_values(letter), PICTURES),
        ("letters/etle_driver", letter_values(letter), PICTURES),
        ("letters/etle_ticket", ticket_values(ticket), PICTURES),
        ("receipts/payment", receipt_values(receipt), {PROOF_NAME: b"{}"}),
    ):
        assert len(await render_pages(template, values, files)) == 1
    assert (await etle_letter(letter)).startswith(b"%PDF")
    assert (await payment_receipt(receipt)).startswith(b"%PDF")


async def test_code_in_a_name_is_printed_and_not_run() -> None:
    one, other = [
        await render_pages("letters/etle_confirmation", letter_values(papers.letter(addressee_name=name)), PICTURES)
        for name in ('#{"ab" * 2}', "abab")
    ]
    assert one != other


def test_no_template_evaluates_data() -> None:
    for path in Path(TEMPLATES).rglob("*.typ"):
        assert not re.search(r"\b(eval|plugin|read)\s*\(", path.read_text()), path


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=80), st.text(max_size=80))
async def test_any_name_and_place_can_be_printed(name: str, place: str) -> None:
    assert (await etle_ticket(papers.ticket(driver_name=name, place=place))).startswith(b"%PDF")


async def test_a_tall_photograph_and_nothing_optional_still_fit() -> None:
    bare = papers.letter(
        photo=papers.photo((300, 900)), crop=None, reading=None, camera=None, speed_kmh=None, post=None
    )
    files = {"photo.jpg": bare.photo}
    assert len(await render_pages("letters/etle_confirmation", letter_values(bare), files)) == 1


async def test_a_missing_value_is_our_problem_and_names_the_template() -> None:
    with pytest.raises(Problem) as caught:
        await render_pdf("letters/etle_ticket", {"created_at": "2026-03-02T10:00:00+07:00"})
    assert caught.value.type.code == "documents-not-rendered"


def test_the_letter_says_what_the_law_wants_said() -> None:
    values = letter_values(papers.letter())
    assert values["occurred_at"] == "Minggu, 1 Maret 2026, pukul 07.42 WIB"
    assert values["numbers"] == "...23456 dan ...45678"
    assert values["reading"] == "Terbaca mesin: B 1234 XYZ, keyakinan 99%. Sudah diperiksa petugas."
    assert values["speed"] == "92 km/jam, batas 60 km/jam"
    by_two_cameras = letter_values(replace(papers.letter(), speed_kmh=118, limit_kmh=100, over_metres=10_000))
    assert by_two_cameras["speed"] == "118 km/jam rata-rata sepanjang 10000 m, batas 100 km/jam"
    assert "8 hari sejak kejadian, dan tidak kurang dari 5 hari" in str(values["answer_rule_id"])


def test_a_driver_has_his_own_time() -> None:
    assert answer_rule(None, 5).id.startswith("5 hari sejak surat ini terbukti sampai")


def test_the_ticket_shows_both_numbers_and_hides_most_of_the_nik() -> None:
    values = ticket_values(papers.ticket())
    assert (values["register_no"], values["nik"]) == ("G1234567", "0001")
    assert values["accounts"] == [["Bank Contoh", "7790 0001 2345 6789 01"]]
    assert values["amount_words"] == "lima ratus ribu rupiah"


def test_numbers_are_grouped_for_reading() -> None:
    assert grouped(" 77900001 ") == "7790 0001"
    assert grouped("82024-12") == "82024-12"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "nol"),
        (11, "sebelas"),
        (17, "tujuh belas"),
        (21, "dua puluh satu"),
        (100, "seratus"),
        (115, "seratus lima belas"),
        (1_000, "seribu"),
        (1_100, "seribu seratus"),
        (21_001, "dua puluh satu ribu satu"),
        (100_000, "seratus ribu"),
        (750_000, "tujuh ratus lima puluh ribu"),
        (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"),
        (24_000_000, "dua puluh empat juta"),
        (3_000_000_000, "tiga miliar"),
    ],
)
def test_amounts_in_words(amount: int, words: str) -> None:
    assert rupiah_in_words(Rupiah(amount)) == f"{words} rupiah"


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_no_two_amounts_have_the_same_words(one: int, other: int) -> None:
    same = rupiah_in_words(Rupiah(one)) == rupiah_in_words(Rupiah(other))
    assert same == (one == other)


def test_amounts_without_words_are_refused() -> None:
    with pytest.raises(ValueError, match="no words"):
        rupiah_in_words(Rupiah(-1))


def test_moments_in_both_languages() -> None:
    at = papers.letter().occurred_at
    assert long_moment(at, "WIB", "en") == "Sunday, 1 March 2026, 07:42 WIB"


@given(st.text())
def test_what_is_drawn_has_no_controls_and_no_change_of_direction(text: str) -> None:
    shown = drawable(text)
    assert not set(shown) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200f\0\n\r\x1b")
    assert drawable(shown) == shown


def test_a_qr_code_is_plain_svg() -> None:
    svg = qr_svg("https://loket.example/<script>&")
    assert svg.startswith("<svg xmlns=")
    assert "script" not in svg


async def test_previews_are_pictures() -> None:
    (page,) = await render_pages("letters/etle_confirmation", letter_values(papers.letter()), PICTURES)
    assert Image.open(io.BytesIO(page)).format == "PNG"
