"""Which characters a person is asked to look at again, and what is named beside them."""

from app.services.recognition.doubts import DOUBTFUL_BELOW, MOST_OTHERS, read_characters
from app.services.reference import lookalikes

SURE, UNSURE = 0.99, DOUBTFUL_BELOW - 0.01


def test_a_place_that_hangs_on_one_stroke_is_marked_with_what_else_may_stand_there() -> None:
    read = read_characters("AA1056OG", [SURE] * 6 + [UNSURE, SURE], ["AA1056QG", "AA1056DG"])
    assert [each.character for each in read if each.doubtful] == ["O"]
    assert read[6].others == ("Q", "D")
    assert "".join(each.character for each in read) == "AA1056OG"


def test_what_was_thought_possible_comes_before_what_merely_looks_alike() -> None:
    (only,) = (
        each for each in read_characters("B1238XY", [SURE] * 4 + [UNSURE, SURE, SURE], ["B123BXY"]) if each.doubtful
    )
    assert only.others == ("B", "0", "3", "6")  # the letter is another plate's series, which the reader had seen
    assert len(only.others) == MOST_OTHERS


def test_an_alternative_of_another_length_says_nothing_of_a_place() -> None:
    read = read_characters("B123CD", [SURE] * 4 + [UNSURE, SURE], ["B1230CD"])
    assert read[4].others == ("G",)


def test_a_sure_character_has_no_others_and_signs_are_no_characters() -> None:
    read = read_characters("CD12-35", [SURE] * 7, ["CD12-36"])
    assert [(each.character, each.others) for each in read] == [(sign, ()) for sign in "CD1235"]


def test_a_reader_that_says_nothing_of_characters_is_not_given_any() -> None:
    assert read_characters("B1234XYZ", [], ["B1284XYZ"]) == ()
    assert read_characters("B1234XYZ", [SURE], []) == ()


def test_letters_are_like_letters_and_digits_like_digits() -> None:
    assert set("QD") == set(lookalikes("O"))
    assert lookalikes("G") == ("C",)
    assert set(lookalikes("8")) == set("0369")
    assert lookalikes("4") == ()
