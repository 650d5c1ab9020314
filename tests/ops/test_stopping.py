"""SIGTERM: requests in flight finish, new ones are refused, and the process ends well."""

import signal
import socket
from pathlib import Path

from tests.ops.server import Server

BODY = b'{"grantType":"client_credentials"}'


def test_a_request_in_flight_finishes_after_sigterm(engine_url: str, tmp_path: Path) -> None:
    with Server(tmp_path, engine_url) as server, socket.create_connection(("127.0.0.1", server.port), 30) as caller:
        caller.settimeout(30)
        caller.sendall(
            b"POST /v1.0/access-token/b2b HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(BODY)
        )
        answer = caller.makefile("rb")
        assert b"100" in answer.readline(), "the application asks for the body: the request is in flight"
        assert answer.readline() == b"\r\n"

        server.process.send_signal(signal.SIGTERM)
        wait_until_refused(server.port)
        assert server.process.poll() is None, "it waits for the request in flight"

        caller.sendall(BODY)
        status = answer.readline()
        assert status.startswith(b"HTTP/1.1 4"), status
        assert b"responseCode" in answer.read(), "a whole answer, of the bank interface's own shape"
        assert server.process.wait(30) in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log()


def test_an_idle_server_ends_at_once(engine_url: str, tmp_path: Path) -> None:
    with Server(tmp_path, engine_url, "--no-worker") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) in (0, -signal.SIGTERM)


def wait_until_refused(port: int) -> None:
    """Return once nobody accepts new connections on the port."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as probe:
                probe.settimeout(0.2)
                try:
                    if probe.recv(1) == b"":
                        continue
                except TimeoutError:
                    continue
        except (ConnectionRefusedError, ConnectionResetError):
            return
