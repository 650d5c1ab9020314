"""What citizens and the counter do over JSON has its effect once: every door that changes something takes an Idempotency-Key."""

from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from app.core.house import House
from app.main import create_app
from app.routers.http import idempotency
from app.services.identity.roles import Role
from tests import make

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
OF_OTHERS = (
    ("/v1/anpr/", "cameras: a capture's own bytes and `capture_id` are its key"),
    ("/k/{key}/", "the same doors of cameras that can be given an address alone"),
    ("/v1/plate-reader", "Plate Recognizer's API, which knows no such header"),
    ("/v1/settlements", "banks' files: the same bytes again are the same file"),
    ("/v1/messages/receipts", "the message gateway: `webhook-id` is its key"),
)
NEED_NONE = {
    "POST /v1/tickets/lookup": "a question",
    "POST /v1/applications/status": "a question",
    "POST /v1/applications/{id}/check": "a question",
    "POST /v1/counter/assisted/applications/{id}/check": "a question",
    "POST /v1/counter/remittances/preview": "a question",
    "POST /v1/counter/verdict-files": "a question; the file is kept by its bytes, the same again is the same file",
    "POST /v1/counter/queue/scans": "each scan carries a key of its own, `scan_id`",
    "POST /v1/applications/{id}/documents/{name}/uploads": "tus: what nobody goes on with expires",
    "PATCH /v1/uploads/{upload_id}": "tus: `Upload-Offset` says which bytes they are",
    "DELETE /v1/uploads/{upload_id}": "tus: what is ended stays ended",
}
TAKES = {"begin_once", "answer_once", "do_once", "answer_repeatably"}


def doors(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every door of citizens and the counter that is not only asked."""
    for route in iter_route_contexts(app.routes):
        path, original = route.path or "", route.original_route
        if not isinstance(original, APIRoute) or not path.startswith(("/v1/", "/k/")):
            continue
        if path.startswith(tuple(start for start, _ in OF_OTHERS)):
            continue
        for method in sorted((route.methods or set()) & UNSAFE):
            yield f"{method} {path}", original


def names_in(endpoint: Callable[..., Any], depth: int = 2) -> set[str]:
    """What a door calls by name, and what those functions of its own module's kind call in turn."""
    code: CodeType = endpoint.__code__
    found = set(code.co_names)
    if depth:
        for name in code.co_names:
            called = endpoint.__globals__.get(name)
            if getattr(called, "__module__", "").startswith("app.routers.") and hasattr(called, "__code__"):
                found |= names_in(called, depth - 1)
    return found


def declared(route: APIRoute) -> bool | None:
    """Whether the door's description says that it needs a key; None where it says nothing of one."""
    for each in (route.openapi_extra or {}).get("parameters", []):
        if each["name"] == idempotency.HEADER:
            return bool(each["required"])
    return None


def without_a_key(app: FastAPI) -> list[str]:
    """Doors that take no key, or do not say so."""
    return [
        door
        for door, route in doors(app)
        if door not in NEED_NONE and (declared(route) is None or not names_in(route.endpoint) & TAKES)
    ]


async def test_every_unsafe_door_of_citizens_and_counter_takes_a_key_and_says_so(house: House) -> None:
    app = create_app(house)
    found = dict(doors(app))
    assert len(found) > 60
    assert without_a_key(app) == []
    assert [door for door in NEED_NONE if door not in found] == [], "an exception for a door that is gone"
    assert [door for door in NEED_NONE if declared(found[door]) is not None] == [], "no exception any more"


async def test_a_door_without_a_key_is_found(house: House) -> None:
    app = create_app(house)

    @app.post("/v1/counter/forgotten")
    async def forgotten() -> None: ...

    @app.put("/v1/me/promised", openapi_extra=idempotency.KEY_OPTIONAL)
    async def promised() -> None: ...

    assert without_a_key(app) == ["POST /v1/counter/forgotten", "PUT /v1/me/promised"]


async def test_the_same_key_with_another_question_or_a_long_one_is_refused(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    headers = await make.staff_headers(house, Role.SUPERVISOR)
    day = (house.clock.now().date()).replace(day=20).isoformat()
    path = f"/v1/counter/closures/{day}"
    key = {"Idempotency-Key": uuid4().hex}
    closed = await client.put(path, json={"why": "Pindah gedung"}, headers=headers | key)
    assert closed.status_code == 200, closed.text
    other = await client.put(path, json={"why": "Upacara"}, headers=headers | key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    opened = {"Idempotency-Key": uuid4().hex}
    for _ in range(2):
        again = await client.delete(path, headers=headers | opened)
        assert (again.status_code, again.content) == (204, b"")
    asked = await client.delete(f"{path}?x=1", headers=headers | opened)
    assert asked.json()["code"] == "idempotency-key-reused", "the question behind the path counts"
    long = await client.delete(path, headers=headers | {"Idempotency-Key": "x" * 129})
    assert (long.status_code, long.json()["code"]) == (400, "idempotency-key-missing")
