"""Runs `loket` inside the test's process: as an operator types it, without a new interpreter each time."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str


Loket = Callable[..., Said]


def speaker(home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str], url: str = "") -> Loket:
    """``loket("verify", "file")``, in an empty home and from its directory."""
    patch.chdir(home)
    for name, value in {"LOKET_HOME": str(home), "LOKET_DATABASE_URL": url, "COLUMNS": "200"}.items():
        patch.setenv(name, value)

    def loket(*arguments: str) -> Said:
        patch.setattr(sys, "argv", ["loket", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capture.readouterr()
        return Said(int(exit_.value.code or 0), out, err)

    return loket
