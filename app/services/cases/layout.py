"""Places the states of a lifecycle on a drawing: layers from left to right, few crossings, no state under a line.

The layered method of Sugiyama, Tagawa and Toda (1981): cycles are opened, every state gets a layer, long lines get
a place of their own in each layer that they cross, layers are ordered by the mean place of their neighbours.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
LINE_HEIGHT = 12.0
"""Room that a passing line takes in a layer."""
GAP = 22.0
"""Room between neighbours in a layer."""

Node = str
Edge = tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Layout:
    """Layers of states; the upper edge of each; and for each line the heights at which it crosses layers between.

    Lines that lead back (to a layer further left) are those in `back`.
    """

    layer: Mapping[Node, int]
    top: Mapping[Node, float]
    crossings: Mapping[Edge, tuple[float, ...]]
    back: frozenset[Edge]
    height: float


def lay_out(start: Node, edges: Sequence[Edge], heights: Mapping[Node, float]) -> Layout:
    """Place every node of `heights` (all reachable from `start`); `edges` in the order in which they leave a node."""
    ways = list(dict.fromkeys(edge for edge in edges if edge[0] != edge[1]))
    back = _back_edges(start, ways)
    forward = [(b, a) if (a, b) in back else (a, b) for a, b in ways]
    layer = _layers(forward, heights)
    size = dict(heights)
    pieces: list[Edge] = []
    chains: dict[Edge, list[Node]] = {}
    for way, (a, b) in zip(ways, forward, strict=True):
        between = [f"{a}>{b}@{place}" for place in range(layer[a] + 1, layer[b])]
        chains[way] = between[::-1] if way in back else between
        layer = {**layer, **{name: layer[a] + 1 + place for place, name in enumerate(between)}}
        size |= dict.fromkeys(between, LINE_HEIGHT)
        stations = [a, *between, b]
        pieces += list(pairwise(stations))
    rows = _ordered(layer, pieces)
    top = _placed(rows, pieces, size)
    height = max(top[node] + size[node] for node in top)
    return Layout(
        layer={node: layer[node] for node in heights},
        top={node: top[node] for node in heights},
        crossings={way: tuple(top[each] + size[each] / 2 for each in chain) for way, chain in chains.items()},
        back=frozenset(back),
        height=height,
    )


def _back_edges(start: Node, ways: Sequence[Edge]) -> set[Edge]:
    """The edges that close a cycle when one walks from the start, in order."""
    onward: dict[Node, list[Node]] = defaultdict(list)
    for a, b in ways:
        onward[a].append(b)
    back: set[Edge] = set()
    done: set[Node] = set()
    trail: list[tuple[Node, int]] = [(start, 0)]
    open_: set[Node] = {start}
    while trail:
        node, place = trail.pop()
        if place == len(onward[node]):
            open_.discard(node)
            done.add(node)
            continue
        trail.append((node, place + 1))
        target = onward[node][place]
        if target in open_:
            back.add((node, target))
        elif target not in done:
            open_.add(target)
            trail.append((target, 0))
    return back


def _layers(forward: Iterable[Edge], heights: Mapping[Node, float]) -> dict[Node, int]:
    """The longest way from the start, so that every edge leads to the right."""
    layer = dict.fromkeys(heights, 0)
    edges = list(forward)
    for _ in heights:
        changed = False
        for a, b in edges:
            if layer[b] < layer[a] + 1:
                layer[b] = layer[a] + 1
                changed = True
        if not changed:
            break
    return layer


def _ordered(layer: Mapping[Node, int], pieces: Sequence[Edge]) -> list[list[Node]]:
    """Sort each layer by the mean place of its neighbours, to and fro; keep the order with the fewest crossings."""
    rows: list[list[Node]] = [[] for _ in range(max(layer.values()) + 1)]
    for node, place in layer.items():
        rows[place].append(node)
    left, right = _neighbours(pieces)
    best, fewest = [list(row) for row in rows], _crossings(rows, right)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for place in range(1, len(rows)) if forward else range(len(rows) - 2, -1, -1):
            fixed = {node: at for at, node in enumerate(rows[place - 1 if forward else place + 1])}
            rows[place] = _by_mean(rows[place], left if forward else right, fixed)
        crossed = _crossings(rows, right)
        if crossed < fewest:
            best, fewest = [list(row) for row in rows], crossed
    return best


def _by_mean(row: list[Node], neighbours: Mapping[Node, list[Node]], fixed: Mapping[Node, int]) -> list[Node]:
    def mean(at: int, node: Node) -> float:
        places = [fixed[each] for each in neighbours.get(node, ()) if each in fixed]
        return sum(places) / len(places) if places else at

    means = {node: mean(at, node) for at, node in enumerate(row)}
    return sorted(row, key=lambda node: means[node])


def _crossings(rows: Sequence[Sequence[Node]], right: Mapping[Node, list[Node]]) -> int:
    total = 0
    for row, following in pairwise(rows):
        place = {node: at for at, node in enumerate(following)}
        lines = [(at, place[each]) for at, node in enumerate(row) for each in right.get(node, ())]
        for one, (a, b) in enumerate(lines):
            total += sum((a - c) * (b - d) < 0 for c, d in lines[one + 1 :])
    return total


def _placed(rows: Sequence[Sequence[Node]], pieces: Sequence[Edge], size: Mapping[Node, float]) -> dict[Node, float]:
    """Heights: everybody wants to stand level with its neighbours, nobody may overlap or overtake."""
    left, right = _neighbours(pieces)
    top: dict[Node, float] = {}
    for row in rows:
        y = 0.0
        for node in row:
            top[node] = y
            y += size[node] + GAP
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            around = left if sweep % 2 == 0 else right
            wanted = [_wanted(node, around, top, size) for node in row]
            _settle(row, wanted, top, size)
    highest = min(top.values())
    return {node: y - highest for node, y in top.items()}


def _wanted(
    node: Node, around: Mapping[Node, list[Node]], top: Mapping[Node, float], size: Mapping[Node, float]
) -> float:
    near = around.get(node)
    if not near:
        return top[node]
    middle = sum(top[each] + size[each] / 2 for each in near) / len(near)
    return middle - size[node] / 2


def _settle(row: Sequence[Node], wanted: Sequence[float], top: dict[Node, float], size: Mapping[Node, float]) -> None:
    """Blocks of touching neighbours share the mean of their wishes (pool adjacent violators)."""
    blocks: list[tuple[float, int, list[Node]]] = []
    for node, wish in zip(row, wanted, strict=True):
        total, members = wish, [node]
        while blocks:
            before_total, before_count, before = blocks[-1]
            begin = before_total / before_count
            length = sum(size[each] + GAP for each in before)
            if begin + length <= total / len(members):
                break
            blocks.pop()
            # A later member's wish, told as a wish for where its block begins.
            total = before_total + sum(total / len(members) - length for _ in members)
            members = before + members
        blocks.append((total, len(members), members))
    for total, count, members in blocks:
        y = total / count
        for node in members:
            top[node] = y
            y += size[node] + GAP


def _neighbours(pieces: Iterable[Edge]) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    left: dict[Node, list[Node]] = defaultdict(list)
    right: dict[Node, list[Node]] = defaultdict(list)
    for a, b in pieces:
        right[a].append(b)
        left[b].append(a)
    return left, right
