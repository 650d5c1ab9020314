"""The public log: signed checkpoints, the keys to check them with, and proofs for who already holds a record.

Nothing here says what a record is about: leaves are salted commitments, and a look-up needs the commitment.
"""

import base64
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse

from app.routers.http.deps import TheHouse
from app.routers.http.guards import public
from app.routers.schemas.transparency import Consistency, Inclusion, LogKey, LogKeys
from app.services import transparency

router = APIRouter(prefix="/v1/transparency", tags=["transparency"], dependencies=[public()])

Commitment = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The `commitment` of a proof, in hex.")]
Size = Annotated[int, Query(ge=1, le=2**53 - 1, description="A number of leaves.")]


@router.get("/checkpoint", response_class=PlainTextResponse)
async def checkpoint(house: TheHouse) -> PlainTextResponse:
    """The newest signed checkpoint, as a C2SP tlog-checkpoint note."""
    return PlainTextResponse(await transparency.checkpoint(house), headers={"Cache-Control": "no-cache"})


@router.get("/keys")
async def keys(house: TheHouse) -> LogKeys:
    """The log's public keys. They are printed and published elsewhere too: compare before you trust them."""
    origin = house.settings.transparency_origin
    published = transparency.verifier_keys(house.keys, origin)
    return LogKeys(origin=origin, keys=[LogKey(key=each) for each in published])


@router.get("/leaves/{commitment}/proof")
async def prove_inclusion(commitment: Commitment, house: TheHouse) -> Inclusion:
    """A fresh inclusion proof for a record whose commitment the caller holds. Problems: `transparency-not-recorded`."""
    async with house.db.read() as connection:
        found = await transparency.inclusion_of(connection, bytes.fromhex(commitment))
    return Inclusion(
        commitment=commitment,
        leaf_index=found.index,
        tree_size=found.tree_size,
        path=[base64.b64encode(each).decode() for each in found.path],
        checkpoint=found.checkpoint,
    )


@router.get("/consistency")
async def prove_consistency(old: Size, new: Size, house: TheHouse) -> Consistency:
    """The proof that the log of `new` leaves begins with that of `old` ones. Problems: `transparency-no-such-size`."""
    async with house.db.read() as connection:
        path = await transparency.consistency_between(connection, old, new)
    return Consistency(old=old, new=new, path=[base64.b64encode(each).decode() for each in path])
