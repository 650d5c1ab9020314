"""The server that the bench measures: the whole application as `loket serve` runs it, and bare routes beside it.

The bare routes are Starlette's own, outside all of our middleware, in the same process: what they do per second is what
this machine can do at all, so a ratio to them says what our layers cost, whatever the machine.
"""

import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from app.core.config import Settings
from app.core.logs import configure_logs
from app.main import create_app
from app.wiring import build_house


def application() -> Starlette:
    """Bare routes first, then everything else."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    loket = create_app(build_house(settings))
    kept: dict[str, bytes] = {}

    async def keep(request: Request) -> Response:
        kept[request.path_params["name"]] = await request.body()
        return Response(status_code=204)

    async def bare(request: Request) -> Response:
        await request.body()  # as any door that takes a POST must
        return Response(kept[request.path_params["name"]], media_type="application/json")

    routes: list[Any] = [
        Route("/bench/keep/{name}", keep, methods=["POST"]),
        Route("/bench/bare/{name}", bare, methods=["POST"]),
        Mount("/", loket),
    ]
    return Starlette(routes=routes, lifespan=loket.router.lifespan_context)


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
