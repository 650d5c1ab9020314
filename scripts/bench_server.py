"""The server that the bench measures: the whole application as `loket serve` runs it, and bare routes beside it.

The bare routes are Starlette's own, outside all of our middleware, in the same process: what they do per second is what
this machine can do at all, so a ratio to them says what our layers cost, whatever the machine. One more is FastAPI's, as
bare: what a framework's ordinary way would leave of it before anything is looked up.
"""

import sys

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.config import Settings
from app.core.logs import configure_logs
from app.main import create_app
from app.wiring import build_house


def application() -> ASGIApp:
    """The bare routes under `/bench`, and everything else as it is served."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    loket = create_app(build_house(settings))
    bare_routes = Starlette(
        routes=[
            Route("/bench/keep/{name}", keep, methods=["POST"]),
            Route("/bench/bare/{name}", bare, methods=["POST"]),
        ]
    )
    framework = FastAPI()
    framework.post("/bench/framework/{name}")(in_framework)

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        by_place = framework if path.startswith("/bench/framework/") else bare_routes
        await (by_place if path.startswith("/bench/") else loket)(scope, receive, send)

    return either


kept: dict[str, bytes] = {}


async def keep(request: Request) -> Response:
    """Keep these bytes, so that the bare route answers what the measured one answers."""
    kept[request.path_params["name"]] = await request.body()
    return Response(status_code=204)


async def bare(request: Request) -> Response:
    """Read the body, as any door that takes a POST must, and answer the kept bytes."""
    await request.body()
    return Response(kept[request.path_params["name"]], media_type="application/json")


async def in_framework(name: str, request: Request) -> Response:
    """`bare`, as a route of FastAPI."""
    await request.body()
    return Response(kept[name], media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(
        "scripts.bench_server:application",
        factory=True,
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
    )
