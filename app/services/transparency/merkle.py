"""The Merkle tree of RFC 6962 and RFC 9162, section 2.1: pure functions over hashes, no storage.

A tree of n leaves is looked at as *nodes*: ``(level, index)`` stands for the complete subtree over the leaves
``index * 2**level`` up to ``(index + 1) * 2**level``. Roots and proofs are first planned as lists of such
nodes (`root_nodes`, `inclusion_plan`, `consistency_plan`), which a store then reads, O(log n) of them.
"""

import hashlib
from collections.abc import Mapping, Sequence

Hash = bytes
Node = tuple[int, int]
HASH_BYTES = 32
EMPTY_ROOT: Hash = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> Hash:
    """The hash of a leaf: ``SHA-256(0x00 || data)`` (RFC 9162 2.1.1); the prefix parts leaves from nodes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """The hash of an inner node: ``SHA-256(0x01 || left || right)`` (RFC 9162 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[Hash]) -> Hash:
    """The root over leaf hashes (RFC 9162 2.1.1); for n of them n - 1 hashes are computed."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        paired = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        # A last hash without a partner goes up unchanged: the same tree as RFC 9162's split.
        row = paired + row[len(row) - len(row) % 2 :]
    return row[0]


def root_nodes(size: int) -> list[Node]:
    """The complete subtrees whose hashes, folded from the right, give the root of a tree of `size` leaves."""
    return _complete_nodes(0, size) if size else []


def inclusion_plan(index: int, size: int) -> list[list[Node]]:
    """For each step of the path of leaf `index` in a tree of `size`, from the leaf up: the nodes to fold."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    plan, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            plan.append(_complete_nodes(middle, high))
            high = middle
        else:
            plan.append(_complete_nodes(low, middle))
            low = middle
    return plan[::-1]


def consistency_plan(old: int, new: int) -> list[list[Node]]:
    """For each step of the proof that the tree of `old` leaves begins that of `new`: the nodes to fold."""
    if not 0 < old <= new:
        raise ValueError(f"no consistency proof from {old} to {new} leaves")
    plan, low, high, whole = [], 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            plan.append(_complete_nodes(middle, high))
            high = middle
        else:
            plan.append(_complete_nodes(low, middle))
            low, whole = middle, False
    if not whole:
        plan.append(_complete_nodes(low, high))
    return plan[::-1]


def fold(nodes: Sequence[Node], hashes: Mapping[Node, Hash]) -> Hash:
    """The hash over neighbouring complete subtrees, largest first, folded from the right."""
    if not nodes:
        return EMPTY_ROOT
    result = hashes[nodes[-1]]
    for node in reversed(nodes[:-1]):
        result = node_hash(hashes[node], result)
    return result


def inclusion_holds(*, leaf: Hash, index: int, size: int, path: Sequence[Hash], root: Hash) -> bool:
    """Whether `path` proves that the leaf stands at `index` in the tree with this root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, running = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            running = node_hash(step, running)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            running = node_hash(running, step)
        at, last = at >> 1, last >> 1
    return last == 0 and running == root


def consistency_holds(*, old: int, new: int, old_root: Hash, new_root: Hash, path: Sequence[Hash]) -> bool:
    """Whether `path` proves that the tree of `old` leaves was only added to (RFC 9162 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    running_old = running_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            running_old, running_new = node_hash(step, running_old), node_hash(step, running_new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            running_new = node_hash(running_new, step)
        at, last = at >> 1, last >> 1
    return last == 0 and running_old == old_root and running_new == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (RFC 9162 2.1.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete_nodes(low: int, high: int) -> list[Node]:
    nodes = []
    while low < high:
        size = 1 << ((high - low).bit_length() - 1)
        level = size.bit_length() - 1
        nodes.append((level, low >> level))
        low += size
    return nodes
