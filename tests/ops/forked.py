"""`loket serve --no-worker` in processes that are forked from one which has imported everything, so that a start takes
tenths of a second instead of many: for tests that kill servers by the dozen, or want several."""

import multiprocessing
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.wait_ready import wait_ready
from tests.ops.server import free_port

READY_WITHIN_S = 120.0
ENDS_WITHIN_S = 30
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.ops.warm", "tests.ops.forked"])


class ForkedServer:
    """``with ForkedServer(home, url) as server``: serves until the block ends; killed, it can be started again."""

    def __init__(self, home: Path, database_url: str, *, name: str = "server", **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log_path = home / f"{name}.log"
        self._settings = {"LOKET_HOME": str(home), "LOKET_DATABASE_URL": database_url, **settings}

    def start(self) -> None:
        """Start it; whether it is ready is another question."""
        self.process = _FORKS.Process(
            target=_serve, args=(self.port, self._settings, str(self._log_path)), daemon=True, name=self._log_path.stem
        )
        self.process.start()

    def wait(self) -> None:
        """Until it answers."""
        if not wait_ready(self.url, self.process.is_alive, longest_s=READY_WITHIN_S):
            self.kill()
            raise AssertionError(f"the server did not become ready:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL: no farewell of any kind."""
        self.process.kill()
        self.process.join(ENDS_WITHIN_S)
        assert not self.process.is_alive()

    def log(self) -> str:
        """The end of what it has printed so far."""
        return self._log_path.read_text("utf-8", errors="replace")[-4000:]

    def __enter__(self) -> Self:
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()


class ForkedWorker:
    """`loket worker` in a process of its own; killed, it can be started again."""

    def __init__(self, home: Path, database_url: str, **settings: str) -> None:
        self._log_path = home / "worker.log"
        self._settings = {"LOKET_HOME": str(home), "LOKET_DATABASE_URL": database_url, **settings}

    def start(self) -> None:
        """Start it."""
        self.process = _FORKS.Process(target=_work, args=(self._settings, str(self._log_path)), daemon=True)
        self.process.start()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.join(ENDS_WITHIN_S)
        assert not self.process.is_alive()

    def peak_mib(self) -> int:
        """The most memory that it has had so far (VmHWM): all of it, the database's driver included."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) // 1024

    def log(self) -> str:
        """The end of what it has printed so far."""
        return self._log_path.read_text("utf-8", errors="replace")[-4000:]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()


def _serve(port: int, settings: dict[str, str], log: str) -> None:
    """What `loket serve --no-worker` does, in a process of its own."""
    _settle_in(settings, log)
    from app.cli.serve import serve  # imported already, in the process that this one was forked from

    serve(host="127.0.0.1", port=port, workers=1, no_worker=True)


def _work(settings: dict[str, str], log: str) -> None:
    """What `loket worker` does."""
    _settle_in(settings, log)
    from app.cli.serve import worker

    worker()


def _settle_in(settings: dict[str, str], log: str) -> None:
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    for name in [each for each in os.environ if each.startswith("LOKET_")]:
        del os.environ[name]
    os.environ.update(settings)
