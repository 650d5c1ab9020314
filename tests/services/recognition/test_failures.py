"""A recogniser that fails says so to whoever operates it: which one and why, and no word of what its server wrote."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.core.logs import formatter
from app.core.problems import Problem
from app.services.recognition import PlannedRecogniser, cause_of, planned
from app.services.recognition.choice import builder_of
from app.services.recognition.configuration import Entry, RecogniserConfig, RecogniserFile
from tests import make
from tests.services.recognition.vendor_servers import OPTIONS, VendorServer

PICTURE = make.photograph()
SECRET, STRANGER = "a-key-of-ours", "D1357EFG"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process writes, in the form in which it writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(formatter("json"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def told(lines: io.StringIO) -> list[tuple[str, str, int]]:
    found = [json.loads(each) for each in lines.getvalue().splitlines()]
    return [
        (each["recogniser"], each["failure"], each["times"])
        for each in found
        if each["event"] == "a recogniser did not read"
    ]


@asynccontextmanager
async def reader(kind: str, url: str, *, timeout_s: float = 5.0, at_once: int = 8) -> AsyncIterator[PlannedRecogniser]:
    options = OPTIONS.get(kind, {})
    config = RecogniserConfig("snapshot", url, SECRET, timeout_s, at_once, options)
    file = RecogniserFile.of_one("snapshot", Entry(kind=kind, url=url))
    made = PlannedRecogniser({"snapshot": builder_of(kind)(config)}, file)
    try:
        yield made
    finally:
        await made.aclose()


async def cause(recogniser: PlannedRecogniser) -> str | None:
    with pytest.raises(Problem) as refused:
        await recogniser.read(PICTURE)
    return cause_of(refused.value)


def counted(failure: str) -> float:
    return planned.FAILURES.labels("snapshot", failure)._value.get()


@pytest.mark.parametrize(
    ("kind", "answer", "failure"),
    [
        ("plate-recognizer", JSONResponse({"detail": f"{SECRET} is no key"}, 403), "refused-key"),
        ("plate-recognizer", HTMLResponse("moved", 302, headers={"Location": "/login"}), "refused-302"),
        ("openalpr", JSONResponse({"error": f"quota of {SECRET}"}, 402), "refused-402"),
        ("plate-recognizer", HTMLResponse(f"<h1>{STRANGER}</h1>", 200), "unreadable-answer"),
        ("plate-recognizer", JSONResponse({"plate": STRANGER}, 502), "server-error"),
        ("plate-recognizer", JSONResponse({"detail": f"{STRANGER} later"}, 429), "full"),
        ("codeproject-ai", JSONResponse({"success": False, "error": STRANGER}), "says-no"),
    ],
)
async def test_each_failure_has_its_word_and_none_of_its_servers(
    lines: io.StringIO, kind: str, answer: Response, failure: str
) -> None:
    before = counted(failure)
    async with (
        VendorServer(kind, lambda _image: [], token=SECRET, fails=answer) as server,
        reader(kind, server.url) as recogniser,
    ):
        assert await cause(recogniser) == f"snapshot: {failure}"
    assert told(lines) == [("snapshot", failure, 1)]
    assert counted(failure) == before + 1
    assert SECRET not in lines.getvalue()
    assert STRANGER not in lines.getvalue()


async def test_a_picture_that_is_at_fault_is_nobodys_failure(lines: io.StringIO) -> None:
    async with reader("plate-recognizer", "http://127.0.0.1:9") as recogniser:
        with pytest.raises(Problem) as refused:
            await recogniser.read(b"no picture")
    assert (cause_of(refused.value), told(lines)) == (None, [])


async def test_a_server_that_is_slow_full_or_gone_is_told_apart_and_an_open_breaker_too(lines: io.StringIO) -> None:
    async with VendorServer("codeproject-ai", lambda _image: [], holds=asyncio.Event()) as server:
        async with reader("codeproject-ai", server.url, timeout_s=0.3, at_once=1) as recogniser:
            first = asyncio.create_task(cause(recogniser))
            await asyncio.sleep(0)
            assert await cause(recogniser) == "snapshot: full"
            assert await first == "snapshot: timeout"
        assert server.holds is not None
        server.holds.set()
    async with reader("codeproject-ai", "http://127.0.0.1:9") as gone:
        said = [await cause(gone) for _ in range(7)]
    assert said == ["snapshot: no-connection"] * 5 + ["snapshot: breaker-open"] * 2
    words = [failure for _name, failure, _times in told(lines)]
    assert words == ["full", "timeout", "no-connection", "breaker-open"], "a row of failures is one line"


async def test_what_goes_on_failing_is_told_again_with_how_often(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reader("codeproject-ai", "http://127.0.0.1:9") as gone:
        for _ in range(3):
            await cause(gone)
        monkeypatch.setattr(planned, "TOLD_AGAIN_S", 0.0)
        await cause(gone)
    assert told(lines) == [("snapshot", "no-connection", 1), ("snapshot", "no-connection", 3)]
