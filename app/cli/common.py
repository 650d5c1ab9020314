"""What commands share: a house for one command, output for people or programs, exit codes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError, ProgrammingError

from app.core.config import Settings
from app.core.house import House
from app.core.logs import configure_logs
from app.core.problems import Problem
from app.wiring import RefusedToStart, build_house

T = TypeVar("T")
console = Console()
errors = Console(stderr=True)

DONE, REFUSED, WRONG_USAGE = 0, 1, 2


@asynccontextmanager
async def open_house() -> AsyncIterator[House]:
    """The house of this command's settings; closed at the end."""
    settings = Settings()
    configure_logs("warning", "console")
    house = build_house(settings)
    try:
        yield house
    finally:
        await house.close()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine to its end."""
    return asyncio.run(work)


def emit(value: Any, *, as_json: bool, human: Callable[[], None]) -> None:
    """Print for a program (one JSON document) or for a person."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    else:
        human()


def refuse(message: str) -> typer.Exit:
    """Say why not, and end with exit status 1: ``raise refuse("...")``."""
    errors.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(REFUSED)


def refuse_in_production(settings: Settings, what: str) -> None:
    """Sandbox commands exist for testers alone."""
    if settings.production:
        raise refuse(f"{what} is refused in production.")


def report(app: typer.Typer) -> int:
    """Run the app and turn what stops it into a sentence and an exit status."""
    try:
        app(standalone_mode=True)
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else REFUSED
    except RefusedToStart as error:
        errors.print(f"Loket does not start:\n{error}", style="red", highlight=False, markup=False, soft_wrap=True)
        return REFUSED
    except Problem as problem:
        errors.print(problem.detail("en"), style="red", highlight=False, markup=False, soft_wrap=True)
        for fault in problem.errors:
            errors.print(
                f"  {fault.pointer}: {fault.message.en}", style="red", highlight=False, markup=False, soft_wrap=True
            )
        return REFUSED
    except (OperationalError, ProgrammingError) as error:
        errors.print(
            f"The database refuses: {error.orig}\nHas `loket migrate` been run?",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        return REFUSED
    except (FileNotFoundError, PermissionError) as error:
        errors.print(f"{error.strerror}: {error.filename}", style="red", markup=False, soft_wrap=True)
        return REFUSED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    return DONE
