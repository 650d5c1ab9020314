"""NIK: the number's grammar, its date and its sex, without the register."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.registries.nik import PROVINCES, Nik, Sex, parse_kk, why_not

provinces = st.sampled_from(sorted(PROVINCES))
two = st.integers(1, 99).map(lambda n: f"{n:02}")


@st.composite
def niks(draw: st.DrawFn) -> tuple[str, date, Sex]:
    born = draw(st.dates(date(1925, 1, 1), date(2009, 1, 1)))
    sex = draw(st.sampled_from(Sex))
    day = born.day + (40 if sex is Sex.FEMALE else 0)
    serial = draw(st.integers(1, 9999))
    return f"{draw(provinces)}{draw(two)}{draw(two)}{day:02}{born:%m%y}{serial:04}", born, sex


@given(niks())
def test_a_wellformed_nik_is_read_and_says_date_and_sex(made: tuple[str, date, Sex]) -> None:
    text, born, sex = made
    nik = Nik.parse(text)
    assert nik is not None
    assert nik.sex is sex
    assert nik.agrees_with(born)
    read = nik.birth_date(on=date(2026, 3, 2))
    assert (read.day, read.month, read.year % 100) == (born.day, born.month, born.year % 100)


@given(niks(), st.sampled_from([" ", ".", "-"]))
def test_separators_do_not_matter(made: tuple[str, date, Sex], mark: str) -> None:
    text = made[0]
    spaced = mark.join([text[:6], text[6:12], text[12:]])
    assert Nik.parse(f" {spaced} ") == Nik(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_without_error(text: str) -> None:
    nik = Nik.parse(text)
    assert nik is None or (len(nik.text) == 16 and nik.text.isdigit())
    assert parse_kk(text) is None or len(parse_kk(text) or "") == 16


@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("360204121187000", "not 16 digits"),
        ("360204121187000a", "not 16 digits"),
        ("٣٦٠٢٠٤١٢١١٨٧٠٠٠١", "not 16 digits"),
        ("2202041211870001", "no such province"),
        ("3600041211870001", "no such regency or district"),
        ("3602001211870001", "no such regency or district"),
        ("3602041211870000", "serial number 0000"),
        ("3602043002870001", "no such day"),
        ("3602040011870001", "no such day"),
        ("3602044011870001", "no such day"),
        ("3602047211870001", "no such day"),
        ("3602041213870001", "no such day"),
        ("3602042902010001", "no such day"),
    ],
)
def test_what_cannot_be_a_nik_is_refused_with_its_reason(digits: str, why: str) -> None:
    assert why_not(digits) == why
    assert Nik.parse(digits) is None


@pytest.mark.parametrize(
    ("digits", "born", "holds_ktp"),
    [
        ("3602041211870001", date(1987, 11, 12), True),
        ("3602045211870001", date(1987, 11, 12), True),
        ("3602041211050001", date(2005, 11, 12), True),
        ("3602041211200001", date(1920, 11, 12), True),
        ("3602041211200001", date(2020, 11, 12), False),
        ("3602042902000001", date(2000, 2, 29), True),
    ],
)
def test_the_century_follows_from_the_age_of_a_ktp_holder(digits: str, born: date, holds_ktp: bool) -> None:
    nik = Nik.parse(digits)
    assert nik is not None
    assert nik.birth_date(on=date(2026, 3, 2), holds_ktp=holds_ktp) == born


def test_a_nik_does_not_show_itself_in_a_traceback() -> None:
    assert "3602041211870001" not in repr(Nik("3602041211870001"))
    assert Nik("3602041211870001").masked() == "3602**********01"
