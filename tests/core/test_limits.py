"""Rate limits: so many hits in a sliding window, whatever the moment, and never more memory than agreed."""

import contextlib
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import limits
from app.core.limits import LIMITS, Limits
from app.core.problems import Problem


class Seconds:
    """A clock for windows."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


async def hits(counter: Limits, times: int, key: str = "somebody") -> int:
    """How many of so many hits went through."""
    refusals = []
    for _ in range(times):
        try:
            await counter.hit("lookup-plate", key)
        except Problem as refused:
            refusals.append(refused)
    assert all(each.type.status == 429 and int(each.headers["Retry-After"]) >= 1 for each in refusals)
    return times - len(refusals)


async def test_the_limit_holds_within_a_window_and_for_each_key_alone(seconds: Seconds) -> None:
    counter = Limits(seconds=seconds)
    amount = LIMITS["lookup-plate"].amount
    assert await hits(counter, amount + 5) == amount
    assert await hits(counter, 1, "somebody else") == 1


async def test_who_waits_as_told_gets_in_and_not_before(seconds: Seconds) -> None:
    counter = Limits(seconds=seconds)
    seconds.now = 1_000_000 // 60 * 60 + 50.0
    await hits(counter, 10)
    with pytest.raises(Problem) as refused:
        await counter.hit("lookup-plate", "somebody")
    seconds.now += int(refused.value.headers["Retry-After"])
    while await hits(counter, 1) == 0:  # the window before still fades: each refusal names a nearer moment
        with pytest.raises(Problem) as refused:
            await counter.hit("lookup-plate", "somebody")
        seconds.now += int(refused.value.headers["Retry-After"])
    assert seconds.now <= 1_000_000 // 60 * 60 + 120


@given(pauses=st.lists(st.floats(0, 30), min_size=1, max_size=200))
async def test_never_more_than_the_limit_in_one_window(pauses: list[float]) -> None:
    seconds, through = Seconds(), []
    counter = Limits(seconds=seconds)
    for pause in pauses:
        seconds.now += pause
        if await hits(counter, 1):
            through.append(seconds.now)
    for window in {at // 60 for at in through}:
        assert sum(1 for at in through if at // 60 == window) <= LIMITS["lookup-plate"].amount


async def test_strangers_without_number_are_forgotten_but_the_newest_is_not(
    seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_KEYS", 100)
    counter = Limits(seconds=seconds)
    for stranger in range(1000):
        await counter.hit("lookup-plate", f"stranger {stranger}")
    assert len(counter._windows._counts) <= 100
    assert await hits(counter, 20, "stranger 999") == LIMITS["lookup-plate"].amount - 1


async def test_while_the_store_is_away_each_process_counts_for_itself(
    seconds: Seconds, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        counter = Limits(f"redis://127.0.0.1:{nobody.getsockname()[1]}", seconds=seconds)
        amount = LIMITS["lookup-plate"].amount
        assert await hits(counter, amount + 5) == amount
        assert await hits(counter, 1, "somebody else") == 1
    assert caplog.text.count("each process counts for itself") == 1


async def test_a_silent_store_is_asked_once_and_then_left_alone_for_a_while(
    seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STORE_ANSWERS_WITHIN_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never says a word
        silent.setblocking(False)
        counter = Limits(f"redis://127.0.0.1:{silent.getsockname()[1]}", seconds=seconds)
        assert await hits(counter, 5) == 5
        assert callers(silent) == 1
        seconds.now += limits.STORE_LEFT_ALONE_S
        assert await hits(counter, 5) == 5
        assert callers(silent) == 1


def callers(server: socket.socket) -> int:
    """How many connections wait to be taken; they are taken and closed."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


async def test_switched_off_nothing_is_counted(seconds: Seconds) -> None:
    assert await hits(Limits(on=False, seconds=seconds), 1000) == 1000


def test_every_limit_that_a_door_names_is_there() -> None:
    app = Path(limits.__file__).parents[1]
    named = {name for file in app.rglob("*.py") for name in re.findall(r'\.hit\("([a-z-]+)"', file.read_text("utf-8"))}
    assert named - set(LIMITS) == set()
