"""The log's public doors: what a stranger needs to watch it, and nothing else."""

import base64

import httpx
import pytest

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import cases, transparency
from app.services.transparency import notes
from app.services.transparency.merkle import consistency_holds, inclusion_holds, leaf_hash, root_of
from app.services.transparency.notes import VerifierKey
from tests import make


async def append(house: House, count: int) -> None:
    async with house.db.begin(SYSTEM) as tx:
        for number in range(count):
            await transparency.append(tx, "test", {"number": number})
    await transparency.sequence(house)


def unpacked(path: list[str]) -> list[bytes]:
    return [base64.b64decode(each) for each in path]


async def test_a_stranger_can_watch_the_log_grow(client: httpx.AsyncClient, house: House) -> None:
    await append(house, 5)
    published = (await client.get("/v1/transparency/keys")).json()
    keys = [VerifierKey.parse(each["key"]) for each in published["keys"]]
    first = await client.get("/v1/transparency/checkpoint")
    assert first.headers["content-type"].startswith("text/plain")
    old = notes.read(first.text)
    assert old.origin == published["origin"]
    assert notes.signers(first.text, keys) == keys
    await append(house, 30)
    new = notes.read((await client.get("/v1/transparency/checkpoint")).text)
    assert new.size == old.size + 30
    answer = await client.get("/v1/transparency/consistency", params={"old": old.size, "new": new.size})
    path = unpacked(answer.json()["path"])
    assert consistency_holds(old=old.size, new=new.size, old_root=old.root, new_root=new.root, path=path)


async def test_a_stranger_can_rebuild_the_tree_from_its_tiles(client: httpx.AsyncClient, house: House) -> None:
    await append(house, 300)
    stated = notes.read((await client.get("/v1/transparency/checkpoint")).text)
    full, rest = divmod(stated.size, 256)
    paths = [f"{number:03}" for number in range(full)] + ([f"{full:03}.p/{rest}"] if rest else [])
    leaves: list[bytes] = []
    entries: list[bytes] = []
    for path in paths:
        tile = await client.get(f"/v1/transparency/tile/0/{path}")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "application/octet-stream")
        leaves += [tile.content[at : at + 32] for at in range(0, len(tile.content), 32)]
        bundle = (await client.get(f"/v1/transparency/tile/entries/{path}")).content
        assert len(bundle) == len(tile.content) // 32 * 34
        entries += [bundle[at + 2 : at + 34] for at in range(0, len(bundle), 34)]
    assert root_of(leaves) == stated.root
    assert [leaf_hash(each) for each in entries] == leaves
    upper = await client.get(f"/v1/transparency/tile/1/000.p/{full}")
    assert upper.content[:32] == root_of(leaves[:256])


async def test_who_holds_a_record_gets_a_fresh_proof_that_says_nothing_else(
    client: httpx.AsyncClient, house: House
) -> None:
    async with house.db.begin(SYSTEM) as tx:
        leaf = await transparency.append(tx, "test", {"secret": "rahasia"})
    await transparency.sequence(house)
    async with house.db.read() as connection:
        proof = await transparency.proof_of(house, connection, leaf)
    assert proof is not None
    held = str(proof.to_json()["commitment"])
    await append(house, 9)
    answer = await client.get(f"/v1/transparency/leaves/{held}/proof")
    fresh = answer.json()
    assert "rahasia" not in answer.text
    stated = notes.read(fresh["checkpoint"])
    assert stated.size == fresh["tree_size"] == proof.tree_size + 9
    assert inclusion_holds(
        leaf=leaf_hash(bytes.fromhex(held)),
        index=fresh["leaf_index"],
        size=stated.size,
        path=unpacked(fresh["path"]),
        root=stated.root,
    )


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"leaves/{'0' * 64}/proof", 404, "transparency-not-recorded"),
        ("leaves/xyz/proof", 422, "request-invalid"),
        (f"leaves/{'A' * 64}/proof", 422, "request-invalid"),
        ("tile/0/000", 404, "transparency-no-such-tile"),
        ("tile/0/000.p/256", 404, "transparency-no-such-tile"),
        ("tile/0/000.p/0", 404, "transparency-no-such-tile"),
        ("tile/0/x001/000", 404, "transparency-no-such-tile"),
        ("tile/0/1", 404, "transparency-no-such-tile"),
        ("tile/0/..%2F..%2Fetc", 404, "transparency-no-such-tile"),
        ("tile/9/000", 422, "request-invalid"),
        ("tile/entries/000", 404, "transparency-no-such-tile"),
        ("tile/entries/x999/x999/x999/x999/999", 404, "transparency-no-such-tile"),
        ("consistency?old=2&new=1", 404, "transparency-no-such-size"),
        ("consistency?old=1&new=999999", 404, "transparency-no-such-size"),
        ("consistency?old=0&new=1", 422, "request-invalid"),
        ("consistency?old=1&new=99999999999999999999", 422, "request-invalid"),
        ("consistency", 422, "request-invalid"),
    ],
)
async def test_what_the_log_does_not_hold(client: httpx.AsyncClient, path: str, status: int, code: str) -> None:
    answer = await client.get(f"/v1/transparency/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_stranger_draws_again(client: httpx.AsyncClient, house: House) -> None:
    await make.demo_set(house)
    for place in ("Simpang A", "Simpang B", "Simpang C"):
        await make.undrawn(house, await make.capture(house, location=place))
    first = (await client.get("/v1/transparency/draws", params={"limit": 2})).json()
    rest = (await client.get("/v1/transparency/draws", params={"limit": 2, "after": first["next"]})).json()
    ids = [each["draw"] for each in first["draws"] + rest["draws"]]
    assert (len(set(ids)), rest["next"]) == (3, None)
    waiting = (await client.get(f"/v1/transparency/draws/{ids[0]}")).json()
    assert (waiting["status"], waiting["pool"], waiting["drawn"]) == ("announced", None, None)

    await cases.draw_announced(house)
    keys = [each["key"] for each in (await client.get("/v1/transparency/keys")).json()["keys"]]
    for each in ids:
        document = (await client.get(f"/v1/transparency/draws/{each}")).json()
        assert document["status"] == "drawn"
        verdict = cases.verify_draw(document, keys)
        assert (verdict.fault, verdict.pool.pinned, verdict.drawn) == ("", True, document["drawn"])
    assert (await client.get("/v1/transparency/draws/00000000-0000-7000-8000-000000000000")).status_code == 404
    assert (await client.get("/v1/transparency/draws", params={"after": "x"})).status_code == 422
