"""Files by their content: the name of an object is the SHA-256 of its bytes, so nothing is ever overwritten.

Local folder, memory or S3 by configuration (obstore). A file is stored before the transaction that names it; an orphan
does no harm.
"""

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast
from urllib.parse import urlparse

import obstore
from obstore.store import LocalStore, MemoryStore, S3Store

if TYPE_CHECKING:
    from obstore.store import RetryConfig  # a stub of its own: it has no runtime value

T = TypeVar("T")
Store = LocalStore | MemoryStore | S3Store
STORE_THREADS = 16
READ_AHEAD = 1024 * 1024
PIECE = 1024 * 1024
LISTED_AT_ONCE = 500
S3_PIECE = 5 * 1024 * 1024
"""Bytes of a streamed file that are in memory at once; S3 takes no smaller part of an upload."""
_RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=15),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}
"""The library's own are ten over three minutes: a store that is away would hold all our threads for as long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The name of an object and when it was stored last."""

    name: str
    stored_at: datetime


class ObjectMissing(Exception):
    """There is no object of this name in the store."""


class ObjectStorage:
    """Content-addressed objects.

    obstore's blocking calls run in threads of our own: its async ones hand results over from Rust threads, which aborts
    a Python process that ends at that moment (seen in every tenth short command). Threads of our own also keep a slow
    store from taking those that other work needs.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store = _open_store(url)
        self._threads = ThreadPoolExecutor(STORE_THREADS, thread_name_prefix="storage")

    async def put(self, data: bytes) -> str:
        """Keep the bytes, exactly as they are; returns their SHA-256 in hex. Doing it twice is harmless."""
        digest = hashlib.sha256(data).hexdigest() if len(data) < 65_536 else await asyncio.to_thread(_sha256, data)
        await self._call(_put, self._store, _path(digest), data)
        return digest

    async def put_file(self, source: Path | BinaryIO) -> str:
        """Keep a file that is too large for memory, by its path or open from its first byte; returns its SHA-256 in hex.
        Doing it twice is harmless."""
        digest = await self._call(sha256_of_file, source)
        await self._call(_put, self._store, _path(digest), source)
        return digest

    async def open(self, sha256: str) -> BinaryIO:
        """An object as a stream, for what is too large for memory; `ObjectMissing` when there is none.

        Reading blocks, so it belongs into a thread. Nobody has compared the bytes with the name: who needs that hashes
        what it reads.
        """
        try:
            source = await self._call(_open, self._store, _path(sha256))
        except FileNotFoundError as error:
            raise ObjectMissing(sha256) from error
        return cast(BinaryIO, io.BufferedReader(_Stream(source), READ_AHEAD))

    async def get(self, sha256: str) -> bytes:
        """The bytes of an object; `ObjectMissing` when there is none, or when what lies there is no longer the same."""
        try:
            data = await self._call(_read, self._store, _path(sha256))
        except FileNotFoundError as error:
            raise ObjectMissing(sha256) from error
        if _sha256(data) != sha256:
            raise ObjectMissing(f"{sha256} was altered in the store")
        return data

    async def exists(self, sha256: str) -> bool:
        """Whether the object is there."""
        try:
            await self._call(obstore.head, self._store, _path(sha256))
        except FileNotFoundError:
            return False
        return True

    async def delete(self, sha256: str) -> None:
        """Remove an object for good; whoever does so knows that nothing names it any more. Doing it twice is harmless."""
        try:
            await self._call(obstore.delete, self._store, _path(sha256))
        except FileNotFoundError:
            return

    async def stored_at(self, sha256: str) -> datetime | None:
        """When the object was stored last, by the store's clock; None when there is none."""
        try:
            return (await self._call(obstore.head, self._store, _path(sha256)))["last_modified"]
        except FileNotFoundError:
            return None

    async def list_names(self) -> AsyncIterator[list[Listed]]:
        """Every object, some at a time."""
        listing = iter(
            obstore.list(self._store, "sha256", chunk_size=LISTED_AT_ONCE)
        )  # asks nobody before its first step
        while (some := await self._call(next, listing, None)) is not None:
            yield [Listed(each["path"].rsplit("/", 1)[-1], each["last_modified"]) for each in some]

    async def check(self) -> None:
        """Raise when the store cannot be reached; for readiness."""
        await self.exists("0" * 64)

    async def _call(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)


class _Stream(io.RawIOBase):
    """obstore's reader as Python's own streams are: libraries that parse wrap it."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = bytes(self._source.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)


def _open(store: Store, path: str) -> Any:
    return obstore.open_reader(store, path, buffer_size=READ_AHEAD)


def sha256_of_file(source: Path | BinaryIO) -> str:
    """The SHA-256 of a file in hex, read in pieces; an open one stands at its first byte afterwards."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            return sha256_of_file(file)
    digest = hashlib.sha256()
    source.seek(0)
    while piece := source.read(PIECE):
        digest.update(piece)
    source.seek(0)
    return digest.hexdigest()


def _put(store: Store, path: str, source: bytes | Path | BinaryIO) -> None:
    piece = S3_PIECE if isinstance(store, S3Store) else PIECE
    obstore.put(store, path, source, chunk_size=piece, max_concurrency=2)
    if isinstance(store, LocalStore):
        # The store renames a whole file into place but leaves it to the system when that reaches the disk. What we
        # answer for (a capture, a payment's paper) has to outlive a power cut, as the row that names it does.
        _to_disk(Path(str(store.prefix)) / path)


def _to_disk(file: Path) -> None:
    for each in (file, file.parent, file.parent.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read(store: Store, path: str) -> bytes:
    return bytes(obstore.get(store, path).bytes())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _path(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256}"


def _open_store(url: str) -> Store:
    parsed = urlparse(url)
    if parsed.scheme == "file":
        # Photographs of people lie in here: nobody else on this machine looks in.
        Path(parsed.path).mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(parsed.path)
    if parsed.scheme == "memory":
        return MemoryStore()
    if parsed.scheme == "s3":
        return S3Store(parsed.netloc, prefix=parsed.path.strip("/") or None, retry_config=_RETRIES)
    raise ValueError(f"LOKET_STORAGE_URL: {parsed.scheme!r} is not one of file, s3, memory")
