"""The shipped photo rules: what services.md says of sizes and backgrounds."""

import pytest

from app.services.documents.photo_rules import PhotoRule, SignatureRule, load_photo_rules
from tests.services.catalogue_files.worlds import shipped


@pytest.mark.parametrize(
    ("name", "background", "size"),
    [
        ("sim", "blue", (480, 640)),
        ("skck", "red", (400, 600)),
        ("skck_foreigner", "yellow", (400, 600)),
        ("sim_international", "white", (400, 500)),
    ],
)
def test_backgrounds_and_sizes(name: str, background: str, size: tuple[int, int]) -> None:
    rule = load_photo_rules().get(name)
    assert isinstance(rule, PhotoRule)
    assert (rule.background, (rule.min_width, rule.min_height)) == (background, size)


def test_the_signature_is_a_signature_rule() -> None:
    assert isinstance(load_photo_rules().get("signature"), SignatureRule)


def test_every_rule_is_used_and_every_photo_has_one() -> None:
    used = {each.rule for service in shipped().all() for each in service.documents if each.rule is not None}
    assert used == load_photo_rules().names
    assert all(each.rule for service in shipped().all() for each in service.documents if each.kind != "scan")
