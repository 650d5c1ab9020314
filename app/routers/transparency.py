"""The public log: signed checkpoints, the keys to check them with, and proofs for who already holds a record.

Nothing here says what a record is about: leaves are salted commitments, and a look-up needs the commitment.
"""

import base64
import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse, Response

from app.routers.http.deps import TheHouse
from app.routers.http.guards import public
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, cursor_part, read_cursor
from app.routers.schemas.transparency import (
    Consistency,
    DrawDocument,
    DrawLineOut,
    Draws,
    Inclusion,
    LogKey,
    LogKeys,
    Money,
)
from app.services import cases, transparency
from app.services.billing import MoneySheets
from app.services.documents.signing import DocumentSigner
from app.services.transparency.problems import NO_SUCH_TILE

router = APIRouter(prefix="/v1/transparency", tags=["transparency"], dependencies=[public()])

PEM_CHAIN = "application/pem-certificate-chain"  # RFC 8555 9.1
Commitment = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="The `commitment` of a proof, in hex.")]
TilePath = Annotated[str, Path(max_length=80, description="`x001/x234/067`, for a partial tile with `.p/W`.")]
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


@router.get("/document-certificates", response_class=PlainTextResponse)
async def document_certificates(house: TheHouse) -> PlainTextResponse:
    """The certificates under which issued documents are sealed, old ones too, with those of the authorities above them: PEM
    (RFC 7468), our newest first. `loket verify` takes this file as its key."""
    pem = house[DocumentSigner].certificates.pem()
    return PlainTextResponse(pem, media_type=PEM_CHAIN, headers={"Cache-Control": "public, max-age=3600"})


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


@router.get("/money")
async def money(house: TheHouse, response: Response) -> Money:
    """What was received and what became of it, by month and Polda: received = fines + fees + forfeited + refunds paid +
    still open, to the rupiah, as the ledger has it."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return Money.of(await house[MoneySheets].current(house))


@router.get("/draws")
async def list_draws(house: TheHouse, limit: PageLimit = 50, after: PageAfter = None) -> Draws:
    """Every draw of an officer, oldest first, for whoever wants to draw all of them again."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with house.db.read() as connection:
        found = await cases.list_draws(connection, limit=limit + 1, after=last)
    lines = [
        DrawLineOut(
            draw=each.id,
            status=each.status,  # type: ignore[arg-type]  # a constraint of the table
            announced_at=each.announced_at,
            drawn_at=each.drawn_at,
            checkpoint_size=each.checkpoint_size,
        )
        for each in found[:limit]
    ]
    return Draws(draws=lines, next=cursor_of(str(lines[-1].draw)) if len(found) > limit else None)


@router.get("/draws/{id}")
async def get_draw(id: UUID, house: TheHouse) -> DrawDocument:
    """One draw with all that is needed to draw again. Problems: `cases-draw-not-found`."""
    async with house.db.read() as connection:
        return DrawDocument.model_validate(await cases.draw_document(house, connection, id))


_TILE = re.compile(r"((?:x\d{3}/){0,4}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_NEVER_CHANGES = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/tile/entries/{path:path}", response_class=Response)
async def entry_bundle(path: TilePath, house: TheHouse) -> Response:
    """A bundle of leaves (C2SP tlog-tiles): salted commitments alone. Problems: `transparency-no-such-tile`."""
    number, width = _tile(path)
    async with house.db.read() as connection:
        return _tile_answer(await transparency.entries_of(connection, number, width))


@router.get("/tile/{level}/{path:path}", response_class=Response)
async def tile(level: Annotated[int, Path(ge=0, le=7)], path: TilePath, house: TheHouse) -> Response:
    """A tile of hashes (C2SP tlog-tiles), from which anyone can compute every proof. Problems:
    `transparency-no-such-tile`."""
    number, width = _tile(path)
    async with house.db.read() as connection:
        return _tile_answer(await transparency.tile_of(connection, level, number, width))


def _tile(path: str) -> tuple[int, int]:
    """Number and width from the path of a tile."""
    match = _TILE.fullmatch(path)
    width = int(match[2]) if match and match[2] else transparency.TILE_WIDTH
    if match is None or (match[2] and width >= transparency.TILE_WIDTH):
        raise NO_SUCH_TILE()
    return int(match[1].replace("x", "").replace("/", "")), width


def _tile_answer(data: bytes | None) -> Response:
    if data is None:
        raise NO_SUCH_TILE()
    return Response(data, media_type="application/octet-stream", headers=_NEVER_CHANGES)
