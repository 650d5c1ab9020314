"""Assembles the application. Importing this module does nothing; `create_app` is called by `loket serve` and by tests."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from app import __version__
from app.core.house import House
from app.core.jobs import Worker
from app.routers import (
    anpr,
    application_papers,
    application_receipts,
    application_slots,
    applications,
    appointments,
    camera_pushes,
    causes,
    consent_forms,
    counter,
    counter_applications,
    counter_assist,
    counter_dates,
    counter_revocations,
    differences,
    evidence,
    me,
    messages,
    oauth,
    ops,
    pages,
    plate_reader,
    printing,
    queue,
    readings,
    recognitions,
    reference,
    refunds,
    remittances,
    sandbox,
    services,
    settlements,
    shields,
    snap,
    statements,
    statistics,
    tickets,
    transparency,
    uploads,
    verdict_files,
    verify,
)
from app.routers.http.body_limit import TooLargeAsProblem
from app.routers.http.cors import AppOrigins
from app.routers.http.examples import add_examples
from app.routers.http.front import Front
from app.routers.http.guards import SignInFirst, sign_in_first
from app.routers.http.hot import hot_doors
from app.routers.http.problems import install_problem_handlers
from app.services.recognition import Recogniser

SMALL_BODY = 1 * 1024 * 1024
"""Bytes that a door takes when it does not say otherwise."""

CAMERA_DOORS: tuple[APIRouter, ...] = (anpr.router, recognitions.router, camera_pushes.router, plate_reader.router)
"""Doors that stand below `KEY_IN_PATH` as well, for devices that can be given an address and nothing else."""

KEY_IN_PATH = "/k/{key}"

DOORS: tuple[APIRouter, ...] = (
    tickets.router,
    applications.router,
    application_papers.router,
    application_slots.router,
    application_receipts.router,
    counter.router,
    counter_applications.router,
    counter_assist.router,
    counter_dates.router,
    consent_forms.router,
    printing.router,
    counter_revocations.router,
    causes.router,
    evidence.router,
    differences.router,
    readings.router,
    remittances.router,
    snap.router,
    settlements.router,
    shields.router,
    verdict_files.router,
    statements.router,
    statistics.router,
    reference.router,
    appointments.router,
    queue.router,
    refunds.router,
    services.router,
    transparency.router,
    uploads.router,
    verify.router,
    messages.router,
    sandbox.router,
    *CAMERA_DOORS,
    oauth.router,
    me.router,
    ops.router,
    *pages.routers,
)
"""Every door. Routes that take files carry a larger limit of their own."""


class Loket(FastAPI):
    """FastAPI with our front around all of its layers: hot doors need none of them, and crashes leave as all answers do."""

    def openapi(self) -> dict[str, Any]:
        """The framework's document, with an example for each JSON body and answer."""
        if self.openapi_schema is None:
            add_examples(super().openapi())
        return super().openapi()

    def build_middleware_stack(self) -> ASGIApp:
        """The front, then what the framework builds."""
        return Front(super().build_middleware_stack(), hot_doors=hot_doors(DOORS))


async def warm_up_recogniser(house: House) -> None:
    """Load the recogniser's networks; a recogniser that cannot be loaded says so when it is first asked."""
    with contextlib.suppress(Exception):
        await house[Recogniser].warm_up()


@cache
def _every_door() -> tuple[BaseRoute, ...]:
    # What the framework works out for each route takes a tenth of a second in all, and is the same for every house.
    gathered = APIRouter()
    for door in DOORS:
        gathered.include_router(door, max_body_size=SMALL_BODY)
    for door in (*CAMERA_DOORS, camera_pushes.at_key):
        # Told once in the OpenAPI document, at the path without the key.
        gathered.include_router(door, prefix=KEY_IN_PATH, max_body_size=SMALL_BODY, include_in_schema=False)
    return tuple(gathered.routes)


YOUNG_OBJECTS = 20_000
"""New objects after which the collector looks for cycles. Python's 700 are three look-ups, which leave none behind."""


def create_app(house: House, *, worker: Worker | None = None) -> FastAPI:
    """The application for this house; with `worker`, background work runs in the same process."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        pages.warm_up()
        if worker is not None:
            await worker.start()
            # The first photograph should not wait for the networks to be loaded; nothing else waits for them at all.
            warming = asyncio.create_task(warm_up_recogniser(house))
        # All that is built by now lives as long as the process: the collector need not walk over it again and again,
        # which stopped everybody for a tenth of a second at a time.
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS)
        try:
            yield
        finally:
            if worker is not None:
                warming.cancel()
                await worker.stop(house.settings.stop_grace_s)
            await house.close()

    app = Loket(
        title="Loket",
        version=__version__,
        summary="Loket daring layanan lalu lintas dan kepolisian / the online counter of traffic and civil police services",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        routes=[*_every_door()],
    )
    app.state.house = house
    # The last added is the outermost.
    app.add_middleware(TooLargeAsProblem, render_page=pages.render_problem_page)
    app.add_middleware(AppOrigins, house=house)
    install_problem_handlers(app, pages.render_problem_page)
    app.add_exception_handler(SignInFirst, sign_in_first)
    app.mount("/static", pages.StaticDoor(), name="static")
    return app
