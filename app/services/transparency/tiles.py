"""Where the tree lies: tiles of 256 hashes (the shape of C2SP tlog-tiles), which grow at the right edge.

Appending touches the last tile of each level and the new ones, so its cost goes with the new leaves; a root or
proof reads a few tiles for each 8 levels. The tree is only added to, so a reader needs no lock: hashes that
belong to an older size stay where they were.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.db import Tx
from app.services.transparency.merkle import HASH_BYTES, Hash, Node, fold, root_nodes, root_of
from app.services.transparency.models import LogTile

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

Reader = AsyncSession | AsyncConnection


async def append_hashes(tx: Tx, size: int, hashes: Sequence[Hash]) -> int:
    """Add leaf hashes to the tree of `size` leaves and give its new size. The caller is the only sequencer."""
    level, start, row = 0, size, list(hashes)
    while row:
        row = await _append_row(tx, level, start, row)
        level, start = level + 1, start // TILE_WIDTH
    return size + len(hashes)


async def root_at(reader: Reader, size: int) -> Hash:
    """The root of the first `size` leaves; that many must have been appended."""
    nodes = root_nodes(size)
    return fold(nodes, await read_nodes(reader, nodes))


async def path_of(reader: Reader, plan: Sequence[Sequence[Node]]) -> list[Hash]:
    """The hashes of a planned proof, in one read."""
    hashes = await read_nodes(reader, [node for step in plan for node in step])
    return [fold(step, hashes) for step in plan]


async def read_nodes(reader: Reader, nodes: Iterable[Node]) -> dict[Node, Hash]:
    """The hashes of complete subtrees, in one query for all their tiles. LookupError: the tree is not that large."""
    wanted = set(nodes)
    tiles = {_tile_of(node) for node in wanted}
    if not tiles:
        return {}
    found = await reader.execute(
        select(col(LogTile.level), col(LogTile.number), col(LogTile.hashes)).where(
            tuple_(col(LogTile.level), col(LogTile.number)).in_(tiles)
        )
    )
    by_place = {(level, number): bytes(hashes) for level, number, hashes in found}
    return {node: _node_in(by_place.get(_tile_of(node), b""), node) for node in wanted}


async def tile_of(reader: Reader, level: int, number: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile, joined, as C2SP tlog-tiles publishes it; None when there are fewer."""
    query = select(col(LogTile.hashes)).where(col(LogTile.level) == level, col(LogTile.number) == number)
    hashes = (await reader.execute(query)).scalar_one_or_none()
    if hashes is None or len(hashes) < width * HASH_BYTES:
        return None
    return bytes(hashes[: width * HASH_BYTES])


async def _append_row(tx: Tx, level: int, start: int, row: list[Hash]) -> list[Hash]:
    """Write one level's new hashes; gives the hashes of the tiles that became full, which are the next level's."""
    full = []
    while row:
        number, offset = divmod(start, TILE_WIDTH)
        fitting, row = row[: TILE_WIDTH - offset], row[TILE_WIDTH - offset :]
        hashes = await _grow_tile(tx, level, number, offset, b"".join(fitting))
        if offset + len(fitting) == TILE_WIDTH:
            full.append(root_of(_split(hashes)))
        start += len(fitting)
    return full


async def _grow_tile(tx: Tx, level: int, number: int, offset: int, more: bytes) -> bytes:
    if offset == 0:
        tx.session.add(LogTile(level=level, number=number, hashes=more))
        return more
    tile = await tx.session.get_one(LogTile, (level, number), populate_existing=True)
    if len(tile.hashes) != offset * HASH_BYTES:
        raise RuntimeError(f"log tile {level}/{number} has {len(tile.hashes)} bytes, expected {offset} hashes")
    tile.hashes = tile.hashes + more
    return tile.hashes


def _tile_of(node: Node) -> tuple[int, int]:
    level, index = node
    return level // TILE_HEIGHT, (index << level % TILE_HEIGHT) // TILE_WIDTH


def _node_in(tile: bytes, node: Node) -> Hash:
    level, index = node
    count = 1 << level % TILE_HEIGHT
    first = index * count % TILE_WIDTH
    hashes = _split(tile[first * HASH_BYTES : (first + count) * HASH_BYTES])
    if len(hashes) != count:
        raise LookupError(f"the log does not hold node {node}")
    return root_of(hashes)


def _split(tile: bytes) -> list[Hash]:
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]
