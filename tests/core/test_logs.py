"""Lines of one round of the event loop leave together, with the request's id, and none stays behind."""

import asyncio
import io
import json
import logging
import sys
from types import SimpleNamespace

import pytest

from app.core.logs import REQUEST_ID, Lines, _json_line, formatter


class Counted(io.BytesIO):
    """A stream that counts how often it is flushed, and is complete only as far as that."""

    def __init__(self) -> None:
        super().__init__()
        self.flushes: list[list[str]] = []

    def flush(self) -> None:
        self.flushes.append(self.getvalue().decode().split("\n")[:-1])


def written(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Where the process writes its lines from now on; no fixture, because pytest puts its own stream before each test."""
    counted = Counted()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(buffer=counted))
    return counted


async def test_lines_of_a_round_leave_together(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch)
    lines = Lines()
    lines.info(b"one")
    lines.info(b"two")
    assert stream.flushes == []
    await asyncio.sleep(0)
    assert stream.flushes == [["one", "two"]]
    lines.info(b"three")
    await asyncio.sleep(0)
    assert stream.flushes[1:] == [["one", "two", "three"]]


async def test_an_error_leaves_at_once_and_takes_along_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch)
    lines = Lines()
    lines.info(b"one")
    lines.error(b"broken")
    assert stream.flushes == [["one", "broken"]]


def test_a_loop_that_ended_in_between_keeps_back_nothing_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch)
    lines = Lines()
    ended = asyncio.new_event_loop()
    ended.call_soon(lines.info, b"last words")
    ended.call_soon(ended.stop)
    ended.run_forever()
    ended.close()  # before the flush that it was asked for

    async def speak() -> None:
        lines.info(b"next")
        await asyncio.sleep(0)

    asyncio.run(speak())
    assert stream.flushes[-1] == ["last words", "next"]


def test_a_line_without_a_loop_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = written(monkeypatch)
    Lines().info(b"started")
    assert stream.flushes == [["started"]]


def test_a_line_names_its_request_and_no_other() -> None:
    token = REQUEST_ID.set("a-request")
    named = json.loads(_json_line(None, "info", {"event": "x"}))
    REQUEST_ID.reset(token)
    assert named["request_id"] == "a-request"
    assert "request_id" not in json.loads(_json_line(None, "info", {"event": "x"}))


def test_a_line_brings_what_is_known_to_be_safe_and_nothing_else() -> None:
    record = logging.LogRecord("app", logging.WARNING, "x.py", 1, "a capture was not read", None, None)
    vars(record).update(capture="c-1", problem="upstream-unavailable", tried=True, plate="B1234XYZ", color_message="x")
    line = json.loads(formatter("json").format(record))
    assert (line["event"], line["level"]) == ("a capture was not read", "warning")
    assert (line["capture"], line["problem"], line["tried"]) == ("c-1", "upstream-unavailable", True)
    assert {"plate", "color_message"}.isdisjoint(line)
