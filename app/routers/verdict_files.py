"""The court's door of verdicts by file: looked at first, and only what was looked at is entered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import staff
from app.routers.http.idempotency import KEY_REQUIRED, begin_once
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.verdict_files import VerdictFileOut, VerdictFiles, VerdictPreview
from app.services.etle import verdict_files, verdicts
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"], prefix="/v1/counter/verdict-files")
Court = Annotated[Actor, staff(Role.COURT, Role.FINANCE)]
MAX_UPLOAD = verdicts.MAX_BYTES + 65_536


@router.post("", status_code=201, max_body_size=MAX_UPLOAD)
async def look_at(
    actor: Court, house: TheHouse, lang: TheLang, file: Annotated[UploadFile, File(description="register_no,fine,cost")]
) -> VerdictPreview:
    """Keep a file, and say what applying it would do, with every faulty line; no ticket changes."""
    data = await file.read()
    looked = await verdict_files.look_at(house, actor, data, name=file.filename or "", unit=actor.unit or "")
    return VerdictPreview.of_looked(looked, lang)


@router.get("")
async def list_files(
    actor: Court, house: TheHouse, lang: TheLang, limit: PageLimit = 50, after: PageAfter = None
) -> VerdictFiles:
    """The files of your unit, the newest first."""
    async with house.db.read() as connection:
        found = await verdict_files.list_files(
            connection, actor.unit or "", limit=limit + 1, after=read_time_and_id(after)
        )
    page = found[:limit]
    return VerdictFiles(
        files=[VerdictFileOut.of(each, lang) for each in page],
        next=cursor_of(page[-1].uploaded_at.isoformat(), str(page[-1].id)) if len(found) > limit else None,
    )


@router.get("/{id}")
async def get_file(id: UUID, actor: Court, house: TheHouse, lang: TheLang) -> VerdictPreview:
    """A file, how far it is, and what its lines would do by now."""
    return VerdictPreview.of_looked(await verdict_files.look_again(house, actor, id), lang)


@router.post("/{id}/apply", status_code=202, response_model=VerdictFileOut, openapi_extra=KEY_REQUIRED)
async def apply(id: UUID, request: Request, actor: Court, house: TheHouse, lang: TheLang) -> JSONResponse:
    """Enter the verdicts that are ready, in the background. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        view = await verdict_files.apply(once.tx, id, actor.unit or "")
        return await once.keep(VerdictFileOut.of(view, lang).model_dump(mode="json"), 202)
