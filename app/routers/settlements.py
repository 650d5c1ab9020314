"""The door of banks' statement files: CSV, MT940 or camt.053, taken as a stream, read and booked in the background."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile

from app.core.actor import Actor, ActorKind
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import FORBIDDEN, INVALID_REQUEST, UNAUTHENTICATED, FieldError
from app.core.texts import Text
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import SignInScheme, bearer_of, guard, signed_in
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.settlements import SettlementFileOut, SettlementFiles, SettlementFileSent
from app.services.billing.settlement import queries, receiving
from app.services.billing.settlement.lines import MAX_FILE_BYTES
from app.services.billing.settlement.scope import seated
from app.services.billing.snap import tokens
from app.services.identity import credentials
from app.services.identity.credentials import CredentialKind
from app.services.identity.roles import SETTLEMENTS_WRITE

router = APIRouter(tags=["banks"], prefix="/v1/settlements")
FORM_AROUND_A_FILE = 64 * 1024
FORM = "multipart/form-data"
FILE_MISSING = Text("Kirim berkasnya dalam kolom `file`.", "Send the file in the field `file`.")
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The file itself, at most 300 MiB; what it is its bytes say. Or a form with the field `file`.",
        "content": {
            "text/csv": _BYTES,
            "text/plain": _BYTES,
            "application/xml": _BYTES,
            "application/octet-stream": _BYTES,
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}
BankName = Annotated[
    str | None,
    Query(
        max_length=80,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Its client id or name; a bank's own bearer needs none.",
    ),
]
UnitCode = Annotated[
    str | None,
    Query(
        max_length=60,
        pattern="^[A-Z0-9-]+$",
        description="The Polda whose payments the file holds; your own by default.",
    ),
]
FileName = Annotated[str | None, Query(max_length=200, description="What the file is called, for lists.")]


@guard
async def settlement_sender(request: Request, house: TheHouse, _scheme: SignInScheme) -> Actor:
    """A bank by its SNAP access token (service 73), or staff by sign-in, with the scope `settlements:write`.

    Raises UNAUTHENTICATED, FORBIDDEN.
    """
    token = bearer_of(request)
    client_id = await tokens.owner_of(house.db, token, house.clock.now()) if token else None
    actor = await signed_in(request, house) if client_id is None else await _bank(house, client_id)
    if SETTLEMENTS_WRITE not in actor.scopes or actor.kind not in (ActorKind.BANK, ActorKind.STAFF):
        raise FORBIDDEN()
    if actor.kind is ActorKind.BANK:
        return actor
    async with house.db.read() as connection:
        return await seated(connection, actor)


Sender = Annotated[Actor, Depends(settlement_sender)]


@router.post(
    "",
    status_code=202,
    response_model=SettlementFileSent,
    responses={200: {"model": SettlementFileSent, "description": "These very bytes had come before."}},
    openapi_extra=_FILE,
    max_body_size=MAX_FILE_BYTES + FORM_AROUND_A_FILE,
)
async def send_file(
    request: Request,
    actor: Sender,
    house: TheHouse,
    lang: TheLang,
    bank: BankName = None,
    unit: UnitCode = None,
    name: FileName = None,
) -> JSONResponse:
    """Send a statement file. It is kept and read in the background; ask for its `id` to see how far it is.

    The same bytes again change nothing (200, `already`). Nothing is kept of what is refused: another bank's or Polda's
    lines (403), or a file that cannot be read (422, with the line).
    """
    await house[Limits].hit("settlement-file", actor.id)
    async with _received(request) as (path, own_name):
        sent = await receiving.receive(house, actor, path, bank=bank, unit=unit, name=name or own_name)
    async with house.db.read() as connection:
        view = await queries.get_file(connection, actor, sent.id)
    body = SettlementFileSent.of(view, lang, already=sent.already)
    return JSONResponse(body.model_dump(mode="json"), 200 if sent.already else 202)


@router.get("")
async def list_files(
    actor: Sender, house: TheHouse, lang: TheLang, limit: PageLimit = 50, after: PageAfter = None
) -> SettlementFiles:
    """The files of your bank or Polda, the newest first."""
    async with house.db.read() as connection:
        found = await queries.list_files(connection, actor, limit=limit + 1, after=read_time_and_id(after))
    page = found[:limit]
    return SettlementFiles(
        files=[SettlementFileOut.of(each, lang) for each in page],
        next=cursor_of(page[-1].received_at.isoformat(), str(page[-1].id)) if len(found) > limit else None,
    )


@router.get("/{id}")
async def get_file(id: UUID, actor: Sender, house: TheHouse, lang: TheLang) -> SettlementFileOut:
    """How far a file is, what its lines turned out to be, and why it was refused."""
    async with house.db.read() as connection:
        return SettlementFileOut.of(await queries.get_file(connection, actor, id), lang)


async def _bank(house: House, client_id: str) -> Actor:
    async with house.db.read() as connection:
        banks = await credentials.list_(connection, kind=CredentialKind.BANK)
    found = next((each for each in banks if each.client_id == client_id and each.disabled_at is None), None)
    if found is None:
        raise UNAUTHENTICATED()
    return Actor(ActorKind.BANK, client_id, roles=frozenset({"bank"}), unit=found.unit, scopes=frozenset(found.scopes))


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[tuple[Path, str | None]]:
    """The file on our disk for as long as it is looked at, and its name; memory holds a piece of it at a time."""
    with TemporaryDirectory(prefix="loket-settlement-") as folder:
        path = Path(folder) / "file"
        if not request.headers.get("content-type", "").lower().startswith(FORM):
            with path.open("wb") as out:
                async for piece in request.stream():
                    await asyncio.to_thread(out.write, piece)
            yield path, None
            return
        async with request.form(max_files=1, max_fields=5) as form:
            given = form.get("file")
            if not isinstance(given, UploadFile):
                raise INVALID_REQUEST(errors=[FieldError("/file", FILE_MISSING)])
            with path.open("wb") as out:
                await asyncio.to_thread(shutil.copyfileobj, given.file, out)
            yield path, given.filename
