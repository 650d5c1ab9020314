"""Assembles the application. Importing this module does nothing; `create_app` is called by `loket serve` and by tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from app import __version__
from app.core.house import House
from app.core.jobs import Worker
from app.routers import anpr, ops, reference, snap, transparency
from app.routers.http.middleware import RequestContext
from app.routers.http.problems import install_problem_handlers
from app.routers.http.security import SecurityHeaders

STATIC = Path(__file__).parent / "static"
SMALL_BODY = 1 * 1024 * 1024
"""Bytes that a door takes when it does not say otherwise."""

DOORS: tuple[APIRouter, ...] = (ops.router, anpr.router, reference.router, snap.router, transparency.router)


def create_app(house: House, *, worker: Worker | None = None) -> FastAPI:
    """The application for this house; with `worker`, background work runs in the same process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        if worker is not None:
            await worker.start()
        try:
            yield
        finally:
            if worker is not None:
                await worker.stop(house.settings.stop_grace_s)
            await house.close()

    app = FastAPI(
        title="Loket",
        version=__version__,
        summary="Loket daring layanan lalu lintas dan kepolisian / the online counter of traffic and civil police services",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.house = house
    # The last added is the outermost.
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestContext)
    install_problem_handlers(app)
    for door in DOORS:
        app.include_router(door)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
