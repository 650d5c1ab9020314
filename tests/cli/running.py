"""Runs the command line in this process, as `loket` would: arguments and environment in, exit status and words out."""

import contextlib
import io
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import structlog

from app.cli import main


@dataclass(frozen=True)
class Done:
    """What a command left: its exit status, and what it printed with lines unfolded (a terminal folds at 80)."""

    status: int
    stdout: str
    words: str


class Loket:
    """The command line against one database, with settings of its own and nothing of this machine's."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.home = home
        self.settings = {"LOKET_HOME": str(home), "LOKET_DATABASE_URL": database_url}

    def __call__(self, *arguments: str, answer: str = "") -> Done:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        stdout, stderr = io.StringIO(), io.StringIO()
        with (
            _logging_as_it_was(),
            contextlib.chdir(self.home),
            mock.patch.dict(os.environ, kept | self.settings, clear=True),
            mock.patch.object(sys, "argv", ["loket", *arguments]),
            mock.patch.object(sys, "stdin", io.StringIO(answer)),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            status = _status()
        return Done(status, stdout.getvalue(), " ".join((stdout.getvalue() + " " + stderr.getvalue()).split()))


def _status() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    raise AssertionError("main() always ends the process")


@contextlib.contextmanager
def _logging_as_it_was():
    """Commands set up logging for their process; here it is everybody's."""
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**config)
