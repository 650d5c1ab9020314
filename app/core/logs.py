"""Structured logs: one line per request, with ids and never a person's data.

What may stand in a line is a short list of safe things (ids, route templates, codes, durations). Bodies, query strings,
plates, names and numbers never do; exceptions are logged with their place in the code and their type, not their text,
because database and validation errors quote values.
"""

import asyncio
import logging
import sys
import traceback
from collections.abc import MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import orjson
import structlog

REQUEST_ID: ContextVar[str | None] = ContextVar("loket_request_id", default=None)
"""The request that is being answered; each of its lines tells it. The server gives each request a context of its own."""


def configure_logs(level: str, form: str) -> None:
    """Set up logging for this process; everything goes to standard error."""
    lines = form == "json"
    processors: list[Any] = [*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    # As JSON our own lines go straight to the stream: by way of `logging` each cost as much as half a database query.
    structlog.configure(
        processors=[_json_line] if lines else processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=Lines() if lines else structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "dbos", "uvicorn.access", "sqlalchemy.engine"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def formatter(form: str) -> logging.Formatter:
    """How a line of `logging`, ours or a library's, is written: as ours, with whatever its request is known by."""
    renderer: Any = structlog.processors.JSONRenderer()
    if form != "json":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


class Lines:
    """Lines for standard error; those of one round of the event loop leave together, errors and all others at once.

    A system call a line cost the look-up as much as its query. What a killed process loses is the last round's.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None  # that will flush by the end of its round

    def __call__(self, *_names: object) -> Self:
        return self  # structlog asks for a logger by name; there is one stream

    def later(self, line: bytes) -> None:
        """Write the line by the end of this round."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.at_once(line)
            return
        sys.stderr.buffer.write(line + b"\n")
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._flush)

    def at_once(self, line: bytes) -> None:
        """Write the line now."""
        sys.stderr.buffer.write(line + b"\n")
        self._flush()

    def _flush(self) -> None:
        self._loop = None
        sys.stderr.buffer.flush()  # looked up each time: loggers live longer than a stream that somebody put in its place

    log = debug = info = later
    warn = warning = err = error = exception = critical = fatal = failure = msg = at_once


def _json_line(logger: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    """What `_SHARED` and a renderer make, in one go: as steps of their own they took twice as long."""
    if "exc_info" in event:
        event = _place_of_exception(logger, method, event)
    level = "error" if method == "exception" else method
    line = {**_with_request(logger, method, event), "level": level, "timestamp": datetime.now(UTC)}
    return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z)


def _with_request(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (request_id := REQUEST_ID.get()) is not None:
        event["request_id"] = request_id
    return event


def _place_of_exception(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace an exception by its type and where it was raised: its text may quote a person's data."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["exception"] = info[0].__name__
        event["at"] = _frames(info[2])
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-8:]]


_SAFE = ("capture", "failure", "problem", "recogniser", "times", "tried")
"""What a line of `logging` may bring beside its words, by name; a library's own extras stay out."""
_SHARED: tuple[Any, ...] = (
    _with_request,
    structlog.stdlib.ExtraAdder(_SAFE),
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _place_of_exception,
)
