"""Turns what went wrong into an answer: problem details (RFC 9457) for programs, a page for people."""

import logging
from collections.abc import Callable
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolIsEmpty
from starlette.exceptions import HTTPException

from app.core.db import is_busy
from app.core.house import House
from app.core.problems import (
    BUSY,
    FORBIDDEN,
    INVALID_REQUEST,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNEXPECTED,
    UNSUPPORTED_MEDIA,
    FieldError,
    Problem,
    ProblemType,
)
from app.core.texts import Text
from app.routers.http.language import language_of

UNREADABLE_BODY = Text(
    "Isi kiriman tidak dapat dibaca: bentuknya tidak sesuai dengan Content-Type.",
    "The body cannot be read: it does not have the form that its Content-Type says.",
)
THE_SERVICE = Text("Layanan ini", "This service")
FULL_RETRY_S = 3
PROBLEM_JSON = "application/problem+json"
PageRenderer = Callable[[Request, Problem], Response | None]
log = logging.getLogger(__name__)

_BY_STATUS: dict[int, ProblemType] = {
    401: UNAUTHENTICATED,
    403: FORBIDDEN,
    404: NOT_FOUND,
    405: METHOD_NOT_ALLOWED,
    413: TOO_LARGE,
    415: UNSUPPORTED_MEDIA,
}


def install_problem_handlers(app: FastAPI, render_page: PageRenderer | None = None) -> None:
    """Register the handlers; `render_page` answers page routes with HTML and returns None for the rest."""

    def answer(request: Request, problem: Problem) -> Response:
        if render_page is not None and (page := render_page(request, problem)) is not None:
            page.headers.update(problem.headers)
            return page
        return problem_response(request, problem)

    async def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, error if isinstance(error, Problem) else UNEXPECTED(request_id=_request_id(request)))

    async def on_invalid(request: Request, error: Exception) -> Response:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        return answer(request, INVALID_REQUEST(errors=[field_error(fault) for fault in faults[:50]]))

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        kind = _BY_STATUS.get(status, INVALID_REQUEST if status < 500 else UNEXPECTED)
        faults = [FieldError("", UNREADABLE_BODY)] if kind is INVALID_REQUEST else []
        limit = request.scope.get("starlette.max_body_size") or 0
        problem = kind(
            limit_mb=round(limit / 1_048_576, 1) or 1,
            expected="application/json",
            request_id=_request_id(request),
            errors=faults,
            headers=dict(getattr(error, "headers", None) or {}),
        )
        return answer(request, problem)

    async def on_full(request: Request, _error: Exception) -> Response:
        return answer(request, service_is_full())

    async def on_database(request: Request, error: Exception) -> Response:
        if not isinstance(error, DBAPIError) or not is_busy(error):
            raise error
        return answer(request, crashed(request, error))

    async def on_crash(request: Request, error: Exception) -> Response:
        return answer(request, crashed(request, error))

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(PoolIsEmpty, on_full)
    app.add_exception_handler(DBAPIError, on_database)
    app.add_exception_handler(Exception, on_crash)


def crashed(request: Request, error: Exception) -> Problem:
    """What the caller of a request that failed by our fault hears; the log line says where. A database that was only busy is none:
    the caller comes again."""
    if isinstance(error, DBAPIError) and is_busy(error):
        log.warning("the database was busy for too long")
        return service_is_full()
    log.error("request failed", exc_info=error)
    return UNEXPECTED(request_id=_request_id(request))


def service_is_full() -> Problem:
    """Every connection is in use and stays so (`PoolIsEmpty`), or the database is busy: the caller comes again a little later, and nothing was
    changed."""
    return BUSY(name=THE_SERVICE, retry_after=FULL_RETRY_S, headers={"Retry-After": str(FULL_RETRY_S)})


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as ``application/problem+json`` in the caller's language."""
    house: House = request.app.state.house
    lang = language_of(request.scope)
    body = problem.body(lang, base_url=house.settings.public_url, instance=_instance(request))
    headers = {**problem.headers, "Content-Language": lang, "Cache-Control": "no-store"}
    if problem.type.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="loket"')
    return Response(orjson.dumps(body), problem.type.status, headers, PROBLEM_JSON)


def _instance(request: Request) -> str | None:
    request_id = _request_id(request)
    return f"urn:loket:request:{request_id}" if request_id else None


def _request_id(request: Request) -> str:
    return str(request.scope.get("loket_request_id", ""))


def field_error(fault: dict[str, Any]) -> FieldError:
    """Pydantic's finding in words for people: never with the value that was sent."""
    place = [str(part).replace("~", "~0").replace("/", "~1") for part in fault.get("loc", ())]
    if place and place[0] in ("body", "query", "path", "header"):
        place = place[1:]
    return FieldError(
        "/" + "/".join(place), _words(str(fault.get("type", "")), fault.get("ctx") or {}, str(fault.get("msg", "")))
    )


def _named(context: dict[str, Any]) -> str:
    return str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")


def _words(kind: str, context: dict[str, Any], message: str) -> Text:
    match kind:
        case "missing":
            return Text("Wajib diisi.", "This is required.")
        case "string_too_long" | "too_long":
            return Text(f"Paling banyak {context.get('max_length')}.", f"At most {context.get('max_length')}.")
        case "string_too_short" | "too_short":
            return Text(f"Paling sedikit {context.get('min_length')}.", f"At least {context.get('min_length')}.")
        case "json_invalid":
            return Text("Bukan JSON yang benar.", "Not valid JSON.")
        case "string_pattern_mismatch":
            return Text("Bentuknya tidak sesuai.", "It does not have the right form.")
        case "value_error" if isinstance(context.get("error"), Problem):
            return context["error"].type.detail  # type: ignore[no-any-return]
        case "value_error":
            said = message.removeprefix("Value error, ")
            return Text(f"Nilai ini tidak dapat diterima ({said}).", f"{said[:1].upper()}{said[1:]}.")
        case "literal_error" | "enum":
            return Text(f"Harus salah satu dari: {_named(context)}.", f"One of: {_named(context)}.")
        case "extra_forbidden":
            return Text("Isian ini tidak dikenal; hapus.", "There is no such field; leave it out.")
        case "model_attributes_type" | "model_type" | "dict_type":
            return Text("Harus objek JSON.", "A JSON object is needed.")
        case "uuid_parsing" | "uuid_type":
            return Text("Harus id (UUID).", "An id (UUID) is needed.")
        case "string_type":
            return Text("Harus teks.", "A text is needed.")
        case _:
            return Text(f"Tidak sesuai ({kind}).", message or f"Not valid ({kind}).")
