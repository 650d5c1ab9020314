"""A store that speaks as much S3 as we use (PUT, GET with ranges, HEAD, DeleteObjects), on loopback, whatever the signature."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class FakeS3:
    """``with FakeS3() as s3``: `s3.url` is the endpoint; `s3.objects` holds what was put, by path (`/bucket/key`)."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.signed = True
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                fake.signed &= self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=")
                fake.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(200, b"")

            def do_POST(self) -> None:
                """DeleteObjects: the keys stand in the body."""
                keys = re.findall("<Key>([^<]+)</Key>", self.rfile.read(int(self.headers["Content-Length"])).decode())
                for key in keys:
                    fake.objects.pop(f"{self.path.split('?')[0]}/{key}", None)
                gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

            def do_GET(self) -> None:
                data = fake.objects.get(self.path)
                if data is None:
                    self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                    return
                wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
                if wanted is None:
                    self._answer(200, data)
                    return
                first, last = int(wanted[1]), min(int(wanted[2] or len(data)), len(data) - 1)
                self._answer(206, data[first : last + 1], f"bytes {first}-{last}/{len(data)}")

            do_HEAD = do_GET

            def _answer(self, status: int, body: bytes, part: str | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
                self.send_header("Last-Modified", "Mon, 02 Mar 2026 03:00:00 GMT")
                if part:
                    self.send_header("Content-Range", part)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
