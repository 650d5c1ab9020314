"""Waits until a server answers /readyz with 200: ``python -m scripts.wait_ready URL PID``; fails when it ends before."""

import os
import sys
import time

import httpx

LONGEST_S = 120.0


def wait_ready(url: str, pid: int, *, longest_s: float = LONGEST_S) -> bool:
    """Whether the server of this process became ready in time."""
    until = time.monotonic() + longest_s
    while time.monotonic() < until:
        try:
            if httpx.get(f"{url}/readyz", timeout=3).status_code == 200:
                return True
        except httpx.HTTPError:
            pass
        if not _alive(pid):
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
    sys.exit(0 if wait_ready(sys.argv[1], int(sys.argv[2])) else 1)
