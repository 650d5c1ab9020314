"""Operations: alive, ready, metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import String, bindparam, literal, select, text

from app.core import reach
from app.core.clock_check import ClockCheck
from app.core.hot import HotQuery
from app.core.house import House
from app.routers.http.deps import TheHouse
from app.routers.http.guards import public
from app.services.recognition import PlannedRecogniser

router = APIRouter(tags=["operations"])
CHECK_TIMEOUT_S = 3.0
_PROBE = HotQuery(select(literal(1).label("one")).where(bindparam("asked", type_=String) == "ready"))


@router.get("/healthz", dependencies=[public()])
async def alive() -> dict[str, str]:
    """The process lives; says nothing about what it depends on."""
    return {"status": "alive"}


@router.get("/readyz", dependencies=[public()])
async def ready(house: TheHouse) -> JSONResponse:
    """Each dependency by name; 503 when one of those without which nothing works does not answer.

    A server of somebody else that is away (a registry, the recogniser, the gateway) is named and costs its own feature
    only, as the store of rate limits costs nobody anything: it would take all of our hosts out of the pool at once.
    """
    checks: dict[str, Callable[[], Awaitable[object]]] = {
        "database": lambda: _check_database(house),
        "look-up": lambda: _check_look_up(house),
        "storage": house.storage.check,
        "clock": lambda: house[ClockCheck].look(house),
    }
    needed = set(checks)
    neighbours = reach.neighbours(house.settings) | _recognisers(house)
    if store := reach.shared_limits(house.settings):
        neighbours["rate limits"] = store
    checks |= {name: partial(reach.reach, url) for name, url in neighbours.items()}
    results = dict(zip(checks, await asyncio.gather(*(_outcome(check) for check in checks.values())), strict=True))
    healthy = all(results[name] == "ok" for name in needed)
    return JSONResponse(
        {"status": "ready" if healthy else "not ready", "dependencies": results}, 200 if healthy else 503
    )


@router.get("/metrics", dependencies=[public()])
async def metrics() -> Response:
    """Prometheus text format. Holds counts only; expose it to the monitoring network, not to the world."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _recognisers(house: House) -> dict[str, str]:
    """The servers of a file of recognisers; one that is set by its address alone is among the neighbours."""
    servers = house[PlannedRecogniser].servers
    return {f"recogniser {name}": url for name, url in servers.items() if url != house.settings.recogniser}


async def _check_database(house: House) -> None:
    async with house.db.read() as connection:
        await connection.execute(text("SELECT 1"))


async def _check_look_up(house: House) -> None:
    """The connections on which a crowd looks are others than those on which we write."""
    await house.db.look(_PROBE, asked="ready")


async def _outcome(check: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except Exception as error:  # any failure means the same: it does not answer
        return f"failed: {type(error).__name__}"
    return "ok"
