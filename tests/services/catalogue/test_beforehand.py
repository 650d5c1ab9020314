"""Who says a few things of themselves is told what they must bring, and not what somebody else must."""

from collections.abc import Mapping

import pytest

from app.core.db import JsonValue
from app.services import catalogue
from app.services.catalogue import Need
from tests.services.catalogue.crowd import service_of
from tests.services.catalogue_files.worlds import service, shipped

WNI = {"citizenship": "WNI"}


def papers(code: str, answers: Mapping[str, JsonValue]) -> dict[str, Need]:
    told = catalogue.tell_beforehand(service(code), catalogue.answers_beforehand(service(code), answers))
    return {paper.name: needed.need for paper, needed in told.documents}


def of(found: Mapping[str, Need], need: Need) -> set[str]:
    return {name for name, each in found.items() if each is need}


def test_without_an_answer_each_paper_names_the_questions_that_decide_it() -> None:
    told = catalogue.tell_beforehand(service("skck-new"), {})
    open_ = {paper.name: [each.name for each in needed.open] for paper, needed in told.documents}
    assert open_["passport"] == ["purpose", "citizenship"]
    assert open_["ktp"] == ["citizenship"]
    assert of(papers("skck-new", {}), Need.IF_ASKED) == {"jkn_proof"}
    assert told.level is None


@pytest.mark.parametrize(
    ("answers", "needed", "level"),
    [
        ({**WNI, "purpose": "private_employer", "prints_on_file": False}, "ktp kk birth_certificate photo", "POLRES"),
        ({**WNI, "purpose": "work_abroad", "prints_on_file": True},
         "ktp kk birth_certificate photo passport fingerprint_card", "POLDA"),
        ({"citizenship": "WNA", "prints_on_file": False},
         "photo_foreigner passport sponsor_letter stay_permit work_permit stm", "MABES"),
    ],
)  # fmt: skip
def test_a_few_answers_leave_exactly_what_is_needed(answers: dict[str, JsonValue], needed: str, level: str) -> None:
    found = papers("skck-new", answers)
    assert of(found, Need.NEEDED) == set(needed.split())
    assert of(found, Need.DEPENDS) == set()
    assert catalogue.tell_beforehand(service("skck-new"), answers).level == level


def test_who_must_come_follows_too() -> None:
    for answer, need in ((True, Need.NOT_NEEDED), (False, Need.NEEDED)):
        told = catalogue.tell_beforehand(service("skck-new"), {"prints_on_file": answer})
        assert {each.name: needed.need for each, needed in told.presence}["fingerprints"] is need


def test_a_question_that_another_one_closes_is_not_waited_for() -> None:
    found = papers("sim-renewal", {"delivery": "post"})
    assert found["authority_letter"] is Need.NOT_NEEDED
    assert papers("sim-renewal", {"delivery": "pickup"})["authority_letter"] is Need.DEPENDS


def test_what_a_free_answer_decides_stays_open() -> None:
    found = papers("stnk-annual", {"owner_nik": "3174014503909902"})
    assert found["owner_ktp"] is Need.DEPENDS, "nobody types a NIK before beginning"
    assert of(found, Need.NEEDED) == {"ktp", "stnk"}


def test_answers_that_are_none_are_passed_over() -> None:
    given = {"citizenship": "mars", "purpose": None, "prints_on_file": "maybe", "nothing": 1, "occupation": "Guru"}
    assert catalogue.answers_beforehand(service("skck-new"), given) == {}


def test_the_questions_are_few_and_all_of_them_choices() -> None:
    for each in shipped().all():
        asked = catalogue.asked_beforehand(each)
        assert len(asked) <= 6, each.code
        assert all(field.kind == "boolean" or field.choices for field in asked)
    assert [each.name for each in catalogue.asked_beforehand(service_of())] == ["scale"]
