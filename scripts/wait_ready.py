"""Waits until a server answers /readyz with 200: ``python -m scripts.wait_ready URL PID``; fails when it ends before."""

import os
import sys
import time
from collections.abc import Callable

import httpx

LONGEST_S = 120.0


def wait_ready(url: str, alive: Callable[[], bool], *, longest_s: float = LONGEST_S) -> bool:
    """Whether the server became ready in time; gives up as soon as its process is no longer alive."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/readyz", timeout=3).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        if not alive():
            return False
        time.sleep(0.1)
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(0 if wait_ready(sys.argv[1], lambda: _alive(int(sys.argv[2]))) else 1)
