"""Proofs that stand alone, and canonical JSON: what is altered is noticed, and no bad file breaks the
verifier."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.actor import SYSTEM
from app.core.db import JsonValue
from app.core.house import House
from app.services import transparency
from app.services.transparency.canonical import canonical_json, commitment

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=127)), inner),
    max_leaves=10,
)


async def proof(house: House) -> dict[str, Any]:
    async with house.db.begin(SYSTEM) as tx:
        ids = [await transparency.append(tx, "test", {"number": each, "word": "Jalan é"}) for each in range(9)]
    await transparency.sequence(house)
    async with house.db.read() as connection:
        found = await transparency.proof_of(house, connection, ids[4])
    assert found is not None
    made: dict[str, Any] = json.loads(json.dumps(found.to_json()))
    return made


async def test_a_proof_holds_and_is_pinned_only_by_a_key_from_outside(house: House) -> None:
    made = await proof(house)
    own = transparency.verify_proof(made)
    assert (own.holds, own.pinned, own.fault) == (True, False, "")
    assert own.body == {"kind": "test", "number": 4, "word": "Jalan é"}
    keys = transparency.verifier_keys(house.keys, house.settings.transparency_origin)
    pinned = transparency.verify_proof(made, keys)
    assert (pinned.holds, pinned.pinned) == (True, True)
    assert pinned.origin == house.settings.transparency_origin


async def test_another_key_does_not_verify(house: House) -> None:
    made = await proof(house)
    stranger = transparency.verifier_keys(house.keys.with_new_key("log", "2"), house.settings.transparency_origin)[0]
    verdict = transparency.verify_proof(made, [stranger])
    assert not verdict.holds
    assert "not signed" in verdict.fault


CHANGES: list[tuple[Any, str]] = [
    (lambda made: made["body"].update(number=5), "altered"),
    (lambda made: made.update(salt="00" * 16), "altered"),
    (lambda made: made.update(leaf_index=made["leaf_index"] - 1), "not in the log"),
    (lambda made: made.update(tree_size=made["tree_size"] + 1), "another size"),
    (lambda made: made["path"].pop(), "not in the log"),
    (lambda made: made.update(checkpoint=made["checkpoint"].replace("etle", "etla", 1)), "altered"),
    (lambda made: made.update(format="loket-proof/9"), "format"),
    (lambda made: made.pop("salt"), "'salt' is missing"),
    (lambda made: made.update(body=[1]), "object"),
    (lambda made: made.update(leaf_index=True), "whole number"),
    (lambda made: made.update(path="x"), "list"),
    (lambda made: made.update(path=["?"]), "base64"),
    (lambda made: made.update(checkpoint=7), "text"),
    (lambda made: made.update(keys=["mistyped"]), "verifier key"),
    (lambda made: made["body"].update(number=0.5), "float"),
]


async def test_what_was_altered_does_not_hold(house: House) -> None:
    honest = await proof(house)
    for change, fault in CHANGES:
        made = copy.deepcopy(honest)
        change(made)
        verdict = transparency.verify_proof(made)
        assert not verdict.holds
        assert fault in verdict.fault


@given(st.dictionaries(st.sampled_from(["format", "body", "salt", "commitment", "checkpoint", "path", "keys"]), JSON))
def test_no_file_breaks_the_verifier(made: dict[str, JsonValue]) -> None:
    assert not transparency.verify_proof({**made, "format": "loket-proof/1"}).holds


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), JSON))
def test_canonical_json_is_one_text_for_one_meaning(body: dict[str, JsonValue]) -> None:
    text = canonical_json(body)
    assert json.loads(text) == body
    assert canonical_json(json.loads(text)) == text
    assert canonical_json(dict(reversed(body.items()))) == text


@pytest.mark.parametrize(
    "body",
    [{"a": 1.5}, {"a": 2**53}, {"a": [{"b": 0.0}]}, {"ä": 1}, {"a": "\ud800"}, {"a": {1: 2}}, {"a": b"x"}],
)
def test_what_has_no_canonical_text_is_refused(body: dict[str, JsonValue]) -> None:
    with pytest.raises(ValueError, match="body"):
        canonical_json(body)


def test_the_commitment_hides_and_binds() -> None:
    assert commitment(bytes(16), "{}") != commitment(bytes(15) + b"\x01", "{}")
    assert commitment(bytes(16), "{}").hex() == "333b13ff02f57ae18049b82ca66f37592c5a3d8fd54e44e23ae5c7085c24fd2a"


async def test_a_leaf_says_its_kind(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(ValueError, match="kind"):
            await transparency.append(tx, "test", {"kind": "another"})
