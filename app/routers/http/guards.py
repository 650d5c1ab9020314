"""Who may use which door. Every route declares one of these guards; a house test fails on a route without one."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Depends

from app.core.actor import PUBLIC, Actor

F = TypeVar("F", bound=Callable[..., Any])


def guard(function: F) -> F:
    """Mark a dependency as a decision about who may come in."""
    function.is_guard = True  # type: ignore[attr-defined]
    return function


@guard
def _anyone() -> Actor:
    return PUBLIC


def public() -> Any:
    """Declares an open door: ``@router.get(..., dependencies=[public()])``."""
    return Depends(_anyone)
