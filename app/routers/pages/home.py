"""The front page and the pages that hold only words."""

from fastapi import APIRouter
from starlette.responses import Response

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
