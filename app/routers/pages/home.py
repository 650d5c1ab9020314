"""The front page and the pages that hold only words."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from app.routers.http.guards import public
from app.routers.pages.visit import TheVisit

router = APIRouter(include_in_schema=False, dependencies=[public()])


@router.get("/")
async def home(visit: TheVisit) -> Response:
    """What Loket is, and the three things that people come for."""
    return visit.show("pages/home.html")


@router.get("/aksesibilitas")
async def accessibility(visit: TheVisit) -> Response:
    """The accessibility statement (WCAG 2.2)."""
    return visit.show("pages/accessibility.html")


@router.get("/robots.txt")
async def robots() -> Response:
    """Search engines may show the open pages; nothing that belongs to a person or to staff."""
    closed = ("/tilang/", "/permohonan", "/akun", "/periksa/", "/counter", "/masuk", "/oauth", "/v1", "/sandbox")
    return PlainTextResponse("User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in closed))
