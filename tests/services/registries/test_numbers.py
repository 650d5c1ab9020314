"""Chassis and engine numbers: whole or the last five, with or without separators, equal by text and by blind index."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import KeyRing
from app.services.registries.vehicles.port import (
    NumberKind,
    index_matches,
    normalise_number,
    number_indexes,
    number_matches,
)

KEYS = KeyRing.generate()
numbers = st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=6, max_size=20)


def matches_by_index(registered: str, typed: str) -> bool:
    whole, tail = number_indexes(KEYS, NumberKind.CHASSIS, registered)
    return index_matches(KEYS, NumberKind.CHASSIS, typed, whole=whole, tail=tail)


@given(numbers)
def test_the_whole_number_and_its_last_five_match(number: str) -> None:
    for typed in (number, number.lower(), f" {number[:3]}-{number[3:]} ", number[-5:]):
        assert number_matches(number, typed)
        assert matches_by_index(number, typed)


@given(numbers, st.text(max_size=30))
def test_text_and_index_agree_on_anything_typed(number: str, typed: str) -> None:
    expected = normalise_number(typed) in (number, number[-5:]) and normalise_number(typed) != ""
    assert number_matches(number, typed) is expected
    assert matches_by_index(number, typed) is expected


@pytest.mark.parametrize("typed", ["", "     ", "00001 ' OR 1=1", "é" * 5, "x" * 10_000, "123456", "0001"])
def test_parts_of_other_lengths_and_noise_match_nothing(typed: str) -> None:
    assert not number_matches("MHKCNTH1JKK000001", typed)
    assert not matches_by_index("MHKCNTH1JKK000001", typed)


def test_an_empty_registered_number_matches_nothing() -> None:
    assert not number_matches("", "")
    assert not index_matches(KEYS, NumberKind.ENGINE, "", whole="", tail="")


def test_chassis_and_engine_have_separate_indexes() -> None:
    assert number_indexes(KEYS, NumberKind.CHASSIS, "ABCDEF") != number_indexes(KEYS, NumberKind.ENGINE, "ABCDEF")
