"""A door that a crowd uses: its ordinary requests go straight to the endpoint, all others the ordinary way.

The nest of FastAPI's layers, its finding of the route and of parameters, costs more than the database does (`make
bench`). A request in good order (JSON of a known and modest length, in one piece, right by the schema, from no page of
another origin) needs none of it: the front of the house answers it at once. Whatever else comes is handed on as it came,
so refusals are the same in every word, and the API document is drawn from the same route.
"""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Message, Receive, Scope, Send

from app.core.problems import Problem
from app.routers.http.problems import problem_response

MODEST_BODY = 16 * 1024
"""Bytes; a longer body is no ordinary one."""


class ShortWay(APIRoute):
    """A route that can be reached past the framework: its requests in good order, or all of them."""

    async def answer_at_once(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer the request, and give None; or touch nothing and give what the ordinary way receives by."""
        raise NotImplementedError


class HotDoor(ShortWay):
    """A route whose endpoint takes `body`, a schema, and `request`, answers a `Response`, and is open to everybody."""

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        guards = [each.call for each in self.dependant.dependencies]
        if [getattr(each, "is_open", False) for each in guards] != [True]:
            raise ValueError(f"{path}: a hot door is open to everybody; any other guard would be passed over")
        schema = endpoint.__annotations__["body"]
        if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
            raise ValueError(f"{path}: a hot door takes one schema as its body")
        self._read = schema.__pydantic_validator__.validate_json

    async def answer_at_once(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Answer a request in good order, and give None; or touch nothing and give what the ordinary way receives by."""
        if not _in_good_order(scope):
            return receive
        first = await receive()
        try:
            body = self._read(_whole(first))
        except ValidationError:
            return _again(first, receive)
        scope["route"] = self
        request = Request(scope, receive)
        try:
            response = await self.endpoint(body=body, request=request)
        except Problem as problem:
            response = problem_response(request, problem)
        await response(scope, receive, send)
        return None


def hot_doors(routers: Iterable[APIRouter]) -> dict[str, ShortWay]:
    """The doors with a short way among all doors, by path."""
    routes = (route for router in routers for route in router.routes if isinstance(route, ShortWay))
    return {route.path: route for route in routes if "POST" in (route.methods or ())}


def _in_good_order(scope: Scope) -> bool:
    length = kind = b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"content-type":
            kind = value
        elif name == b"origin":  # whether that page may call us is decided further in
            return False
    short = length.isdigit() and len(length) <= len(str(MODEST_BODY)) and int(length) <= MODEST_BODY
    return scope["method"] == "POST" and short and kind == b"application/json"


def _whole(message: Message) -> bytes:
    """The body, where it came in one piece; nothing, which no schema accepts, where more follows."""
    return b"" if message.get("more_body") else bytes(message.get("body", b""))


def _again(first: Message, receive: Receive) -> Receive:
    """`receive`, beginning with the message that was already taken."""
    taken = False

    async def once_more() -> Message:
        nonlocal taken
        if taken:
            return await receive()
        taken = True
        return first

    return once_more
