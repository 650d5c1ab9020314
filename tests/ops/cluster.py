"""A PostgreSQL server of a test's own, on a free port of loopback, that can be killed as a machine without power dies."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from tests.ops.server import free_port

WITHIN_S = 60
_USERS = ("postgres", "nobody")
"""Whom it runs as where the tests are root's: PostgreSQL refuses root."""


def programs() -> Path | None:
    """Where `initdb` and `postgres` are; None on a machine without a PostgreSQL server."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Cluster:
    """``with Cluster(programs) as cluster``: a fresh server that commits durably, and one database."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="loket-cluster-", dir="/tmp"))
        self._log = (self._folder / "log").open("wb")
        self._data = self._folder / "data"
        self._user = next(_known(_USERS), None) if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        made = self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        if made.wait(WITHIN_S):
            raise AssertionError(f"initdb failed:\n{self.log()}")
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
        self._log.close()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start the server; after a kill it first recovers from its write-ahead log."""
        self._postmaster = self._run(
            "postgres", "-D", str(self._data), "-p", str(self._port), "-k", "",
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=on", "-c", "synchronous_commit=on",
        )  # fmt: skip

    def wait(self) -> None:
        """Until it takes connections."""
        until = time.monotonic() + WITHIN_S
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=3).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._postmaster.poll() is not None:
                    raise AssertionError(f"PostgreSQL did not start:\n{self.log()}") from None
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL for the postmaster and each of its processes, all in one moment."""
        doomed = [self._postmaster.pid, *_children(self._postmaster.pid)]
        for pid in doomed:
            _kill(pid)
        self._postmaster.wait(WITHIN_S)
        until = time.monotonic() + WITHIN_S
        while any(Path(f"/proc/{pid}").exists() for pid in doomed):
            assert time.monotonic() < until, "a process of PostgreSQL outlives SIGKILL"
            time.sleep(0.01)

    def log(self) -> str:
        """The end of what it has printed."""
        return (self._folder / "log").read_text("utf-8", errors="replace")[-4000:]

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        who = {} if self._user is None else {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            [self._programs / program, *arguments], cwd=self._folder, stdout=self._log, stderr=self._log, **who
        )


def _known(names: tuple[str, ...]):
    for name in names:
        try:
            yield pwd.getpwnam(name)
        except KeyError:
            continue


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
