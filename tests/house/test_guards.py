"""No door without a decision about who may use it: every route declares a guard, or says that it is open."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.core.house import House
from app.main import create_app

# Not doors of ours: FastAPI's own documents, and the static files, which hold nothing but style.
OWN_DOCUMENTS = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
FILES = {"/static"}


def guards_of(dependant: Dependant) -> Iterator[object]:
    """Every guard among the dependencies, however deep."""
    for each in dependant.dependencies:
        if getattr(each.call, "is_guard", False):
            yield each.call
        yield from guards_of(each)


def unguarded(app: FastAPI) -> list[str]:
    """The routes that nobody decided about."""
    missing = []
    for route in iter_route_contexts(app.routes):
        path = route.path or repr(route)
        if isinstance(route.original_route, APIRoute):
            if not list(guards_of(route.dependant)):
                missing.append(f"{sorted(route.methods or ())} {path}")
        elif path not in OWN_DOCUMENTS | FILES:
            missing.append(path)
    return missing


async def test_every_route_declares_who_may_use_it(house: House) -> None:
    app = create_app(house)
    assert len(list(iter_route_contexts(app.routes))) > 40
    assert unguarded(app) == []


async def test_a_route_without_a_guard_is_found(house: House) -> None:
    app = create_app(house)

    @app.get("/forgotten")
    async def forgotten() -> None: ...

    assert unguarded(app) == ["['GET'] /forgotten"]
