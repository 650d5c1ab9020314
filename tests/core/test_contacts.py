"""Telephone numbers and e-mail addresses: one form of each, whatever was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.contacts import mask_email, mask_phone, parse_email, parse_mobile


@pytest.mark.parametrize(
    "typed",
    ["081234567890", "6281234567890", "+6281234567890", "0812-3456-7890", " 0812 3456 7890 ", "+62 (812) 3456.7890"],
)
def test_ways_of_writing_one_number_are_one_number(typed: str) -> None:
    assert parse_mobile(typed) == "+6281234567890"


@pytest.mark.parametrize(
    "typed",
    [
        "0215251234",
        "+14155550123",
        "12345",
        "",
        "0812345",
        "08123456789012345",
        "٠٨١٢٣٤٥٦٧٨٩٠",
        "0812\x003456789",
        "9" * 500,
    ],
)
def test_landlines_foreign_numbers_and_noise_are_refused(typed: str) -> None:
    assert parse_mobile(typed) is None


@given(st.integers(81100000000, 81999999999), st.sampled_from(["0", "62", "+62"]))
def test_reading_is_idempotent(national: int, prefix: str) -> None:
    read = parse_mobile(f"{prefix}{national}")
    assert read is None or (read == f"+62{national}" and parse_mobile(read) == read)


@given(st.text(max_size=300))
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (parse_mobile(text), parse_email(text)):
        assert read is None or read.isascii()


def test_e_mail_is_lower_case_and_masked() -> None:
    assert parse_email(" Budi.Contoh@Example.TEST ") == "budi.contoh@example.test"
    assert parse_email("budi@@example.test") is None
    assert parse_email("budi..x@example.test") is None
    assert parse_email("budi@example") is None
    assert mask_email("budi@example.test") == "b***@example.test"
    assert mask_phone("+6281234567890") == "+62********890"
