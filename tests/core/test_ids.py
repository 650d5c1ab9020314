"""References that people type."""

from app.core import ids


def test_a_reference_checks_itself() -> None:
    made = ids.new_reference("PMH")
    assert ids.reference_is_valid(made)
    assert not ids.reference_is_valid(made[:-1] + ("2" if made[-1] != "2" else "3"))


def test_a_scanned_token_is_no_reference_even_if_its_last_character_checks_the_rest() -> None:
    token = "A" * 63
    assert not ids.reference_is_valid(token + ids.check_character(token))
