"""A real `loket serve` in a process of its own, for what only a process can show."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from scripts.wait_ready import wait_ready

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``with Server(home, url) as server``: serves until the block ends."""

    def __init__(self, home: Path, database_url: str, *options: str, **settings: str) -> None:
        self.port, self.home, self.database_url = free_port(), home, database_url
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = (home / "serve.log").open("wb")
        self._log_path = home / "serve.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        environment |= {
            "LOKET_HOME": str(home),
            "LOKET_DATABASE_URL": database_url,
            "PYTHONPATH": str(ROOT),
            **settings,
        }
        command = "from app.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", command, "serve", "--port", str(self.port), *options],
            cwd=home, env=environment, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def __enter__(self) -> Self:
        if not wait_ready(self.url, lambda: self.process.poll() is None, longest_s=120):
            self._end()
            raise AssertionError(f"the server did not become ready:\n{self.log()}")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end()

    def log(self) -> str:
        """What it has printed so far."""
        return self._log_path.read_text("utf-8", errors="replace")

    def _end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self._log.close()
