"""Objects by their content: kept byte for byte, never overwritten, and noticed when altered."""

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from app.core.storage import ObjectMissing, ObjectStorage
from tests.s3 import FakeS3

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["file", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStorage]:
    if request.param != "s3":
        yield ObjectStorage((tmp_path / "objects").as_uri() if request.param == "file" else "memory:///")
        return
    with FakeS3() as s3:
        for name, value in credentials_for(s3).items():
            monkeypatch.setenv(name, value)
        yield ObjectStorage("s3://loket/evidence")
        assert s3.signed
        assert all(path.startswith("/loket/evidence/sha256/") for path in s3.objects), "bucket and prefix of the URL"


def credentials_for(s3: FakeS3) -> dict[str, str]:
    """What an operator sets beside the URL (docs/operations.md)."""
    return {
        "AWS_ENDPOINT_URL": s3.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "ap-southeast-3",
        "AWS_ACCESS_KEY_ID": "loket",
        "AWS_SECRET_ACCESS_KEY": "rahasia",
    }


@pytest.mark.parametrize("data", [b"", b"\xff\xd8 not a picture", bytes(200_000)])
async def test_what_is_put_comes_back_byte_for_byte_under_its_digest(storage: ObjectStorage, data: bytes) -> None:
    name = await storage.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert await storage.put(data) == name
    assert await storage.get(name) == data
    assert await storage.exists(name)
    await storage.delete(name)
    assert not await storage.exists(name)
    await storage.delete(name)


async def test_a_store_that_is_away_is_said_and_not_taken_for_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeS3() as s3:
        there = credentials_for(s3)
    for name, value in there.items():  # nobody listens there any more
        monkeypatch.setenv(name, value)
    storage = ObjectStorage("s3://loket/evidence")
    with pytest.raises(BaseError):
        await asyncio.wait_for(storage.check(), 30)
    with pytest.raises(BaseError):
        await asyncio.wait_for(storage.put(b"evidence"), 30)


async def test_what_was_never_put_is_missing(storage: ObjectStorage) -> None:
    assert not await storage.exists("0" * 64)
    with pytest.raises(ObjectMissing):
        await storage.get("0" * 64)


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    ObjectStorage((tmp_path / "objects").as_uri())
    assert (tmp_path / "objects").stat().st_mode & 0o777 == 0o700


async def test_an_altered_object_is_not_handed_out(tmp_path: Path) -> None:
    storage = ObjectStorage(tmp_path.as_uri())
    name = await storage.put(b"evidence")
    next(path for path in tmp_path.rglob(name)).write_bytes(b"evidenc3")
    with pytest.raises(ObjectMissing, match="altered"):
        await storage.get(name)


def test_a_command_that_ends_right_after_storing_ends_well(tmp_path: Path) -> None:
    for _ in range(5):
        command = [sys.executable, "-m", "scripts.some_objects", tmp_path.as_uri()]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode == 0


async def test_a_large_file_is_kept_and_read_as_a_stream(storage: ObjectStorage, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"a line\n" * 400_000)
    name = await storage.put_file(file)
    assert name == hashlib.sha256(file.read_bytes()).hexdigest()
    with await storage.open(name) as stream:
        assert sum(1 for line in stream if line == b"a line\n") == 400_000
    with pytest.raises(ObjectMissing):
        await storage.open("0" * 64)
