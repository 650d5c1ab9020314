"""The tree against an independent implementation (pymerkle) and against RFC 9162's own definition."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion
from pymerkle.proof import InclusionProof

from app.services.transparency.merkle import (
    EMPTY_ROOT,
    Hash,
    Node,
    consistency_holds,
    consistency_plan,
    fold,
    inclusion_holds,
    inclusion_plan,
    leaf_hash,
    node_hash,
    root_nodes,
    root_of,
)

SIZES = st.integers(1, 300)


def data(size: int) -> list[bytes]:
    return [f"leaf {each}".encode() for each in range(size)]


def hashes(size: int) -> list[Hash]:
    return [leaf_hash(each) for each in data(size)]


def peer(size: int) -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for each in data(size):
        tree.append_entry(each)
    return tree


def stored(leaves: Sequence[Hash]) -> dict[Node, Hash]:
    """Every complete subtree, computed without the code under test."""
    nodes: dict[Node, Hash] = {(0, place): each for place, each in enumerate(leaves)}
    level = 0
    while (level, 1) in nodes:
        place = 0
        while (level, 2 * place + 1) in nodes:
            pair = nodes[level, 2 * place] + nodes[level, 2 * place + 1]
            nodes[level + 1, place] = hashlib.sha256(b"\x01" + pair).digest()
            place += 1
        level += 1
    return nodes


def defined_root(leaves: Sequence[Hash]) -> Hash:
    """MTH of RFC 9162 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def path(plan: list[list[Node]], nodes: dict[Node, Hash]) -> list[Hash]:
    return [fold(step, nodes) for step in plan]


def test_the_vectors_of_certificate_transparency() -> None:
    # The reference vectors of certificate-transparency-go, merkle/testonly: eight leaves and their roots.
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(each)) for each in inputs]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_of(leaves[:2]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert root_of(leaves[:3]).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
    assert root_of(leaves[:5]).hex() == "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"
    assert root_of(leaves[:7]).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    assert root_of(leaves[:8]).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(SIZES)
def test_roots_agree_with_the_definition_and_with_pymerkle(size: int) -> None:
    leaves = hashes(size)
    root = root_of(leaves)
    assert root == defined_root(leaves) == peer(size).get_root()
    assert fold(root_nodes(size), stored(leaves)) == root


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_pymerkle_and_verify_there(size: int, draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    ours = path(inclusion_plan(index, size), stored(leaves))
    proof = peer(size).prove_inclusion(index + 1, size)
    handed_over = InclusionProof("sha256", True, size, index + 1, proof.rule, [leaves[index], *ours])
    verify_inclusion(leaves[index], root_of(leaves), handed_over, index=index + 1, size=size)
    assert inclusion_holds(leaf=leaves[index], index=index, size=size, path=ours, root=root_of(leaves))
    assert len(ours) <= (size - 1).bit_length()


@given(SIZES, st.data())
def test_consistency_proofs_hold_and_pymerkle_agrees(new: int, draw: st.DataObject) -> None:
    old = draw.draw(st.integers(1, new))
    leaves = hashes(new)
    ours = path(consistency_plan(old, new), stored(leaves))
    old_root, new_root = root_of(leaves[:old]), root_of(leaves)
    assert consistency_holds(old=old, new=new, old_root=old_root, new_root=new_root, path=ours)
    verify_consistency(old_root, new_root, peer(new).prove_consistency(old, new))


@given(SIZES, st.data())
def test_nothing_else_is_included(size: int, draw: st.DataObject) -> None:
    index = draw.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    proof = path(inclusion_plan(index, size), stored(leaves))
    root = root_of(leaves)
    stranger = leaf_hash(b"another")
    assert not inclusion_holds(leaf=stranger, index=index, size=size, path=proof, root=root)
    assert not inclusion_holds(leaf=leaves[index], index=index, size=size, path=[*proof, stranger], root=root)
    assert not inclusion_holds(leaf=leaves[index], index=size, size=size, path=proof, root=root)
    assert not inclusion_holds(leaf=leaves[index], index=-1, size=size, path=proof, root=root)
    if proof:
        assert not inclusion_holds(leaf=leaves[index], index=index, size=size, path=proof[:-1], root=root)
        place = draw.draw(st.integers(0, len(proof) - 1))
        altered = [stranger if each == place else step for each, step in enumerate(proof)]
        assert not inclusion_holds(leaf=leaves[index], index=index, size=size, path=altered, root=root)
    if size > 1:
        other = (index + 1) % size
        assert not inclusion_holds(leaf=leaves[index], index=other, size=size, path=proof, root=root)


@given(st.integers(2, 300), st.data())
def test_a_rewritten_history_is_not_consistent(new: int, draw: st.DataObject) -> None:
    old = draw.draw(st.integers(1, new - 1))
    altered = draw.draw(st.integers(0, old - 1))
    honest = hashes(new)
    rewritten = [leaf_hash(b"rewritten") if place == altered else each for place, each in enumerate(honest)]
    forged = path(consistency_plan(old, new), stored(rewritten))
    roots = {"old_root": root_of(honest[:old]), "new_root": root_of(rewritten)}
    assert not consistency_holds(old=old, new=new, path=forged, **roots)
    assert not consistency_holds(old=old, new=new, path=[], **roots)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_path(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_plan(index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3)])
def test_no_consistency_from_nothing_or_backwards(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_plan(old, new)
