"""`loket serve`, `loket worker`, `loket migrate`."""

import asyncio
import signal
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.cli.common import console, refuse, run
from app.core.config import ADDRESS_FILE, Settings
from app.core.logs import configure_logs
from app.core.migrations import migrate as migrate_database
from app.core.migrations import pending
from app.main import create_app
from app.services import cases
from app.services.identity import demo
from app.wiring import build_house, build_worker


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Server processes; more than one needs PostgreSQL.", min=1, max=64)] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave background work to `loket worker`.")] = False,
) -> None:
    """Serve the API and the pages; background work runs along in a single process unless told not to."""
    _note_address(Settings(), host, port)
    settings = Settings()
    _ready_schema(settings)
    if workers > 1 and settings.effective_database_url.startswith("sqlite"):
        raise refuse("Several server processes need PostgreSQL: set LOKET_DATABASE_URL.")
    if workers > 1 and not no_worker:
        console.print("Several server processes leave background work to `loket worker`: start one beside this.")
    if workers > 1:
        _one_count_of_limits(settings)
    run(_ready(settings))  # refuses early, with a clear message, before any process is started
    uvicorn.run(
        "app.cli.serve:application" if no_worker or workers > 1 else "app.cli.serve:application_with_worker",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.stop_grace_s,
    )


def application() -> FastAPI:
    """The app of one server process, without background work."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    return create_app(build_house(settings))


def application_with_worker() -> FastAPI:
    """The app of a single-process server: API, pages and background work together."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    house = build_house(settings)
    return create_app(house, worker=build_worker(house))


def worker() -> None:
    """Do background work alone; start as many of these as you like."""
    settings = Settings()
    configure_logs(settings.log_level, settings.log_format)
    _ready_schema(settings)
    run(_work(settings))


def migrate() -> None:
    """Create or upgrade the schema of the database that LOKET_DATABASE_URL names."""
    settings = Settings()
    migrate_database(settings.effective_database_url)
    console.print("The schema is up to date.")


async def _work(settings: Settings) -> None:
    await _ready(settings)
    house = build_house(settings)
    worker = build_worker(house)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    await worker.start()
    await stop.wait()
    await worker.stop(settings.stop_grace_s)
    await house.close()


def _one_count_of_limits(settings: Settings) -> None:
    """Counted in each process apart, a limit is as many times as large."""
    if settings.rate_limits == "off" or not settings.rate_limit_store.startswith("memory"):
        return
    apart = (
        "Several server processes count rate limits apart, in memory. "
        "Let them count together: LOKET_RATE_LIMIT_STORE=redis://host"
    )
    if settings.production:
        raise refuse(apart)
    console.print(f"Warning: {apart}", markup=False, highlight=False)


async def _ready(settings: Settings) -> None:
    """What the database holds allows a start: no case that its lifecycle no longer knows, which would fail on each move,
    and in production nobody of the demonstration."""
    house = build_house(settings)
    try:
        async with house.db.read() as connection:
            strays = await cases.find_strays(connection, house[cases.Lifecycles])
            demonstration = await demo.list_active(connection, house.keys) if settings.production else []
    finally:
        await house.close()
    if strays:
        raise refuse(
            f"{strays[0].words} Put the state back into app/data/lifecycles, or move these cases with the old version first."
        )
    if demonstration:
        raise refuse(
            "\n".join(["This database was filled for a demonstration, whose secrets are known:", *demonstration])
        )


def _note_address(settings: Settings, host: str, port: int) -> None:
    """Where LOKET_PUBLIC_URL does not say otherwise, links and tokens lead to the server that was started last."""
    if settings.production:
        return
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - read, not bound
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / ADDRESS_FILE).write_text(f"http://{near}:{port}\n")


def _ready_schema(settings: Settings) -> None:
    """The embedded database is migrated at start; a server's is the operator's to migrate."""
    url = settings.effective_database_url
    if url.startswith("sqlite"):
        migrate_database(url)
    elif pending(url):
        raise refuse("The database lacks migrations. Run: loket migrate")
