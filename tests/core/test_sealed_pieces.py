"""Large files, sealed piece by piece: what comes out is what went in, or nothing of the piece that was touched."""

import io
import secrets

import pytest

from app.core.crypto import CannotOpen, open_pieces_with, seal_pieces_with

MIB = 1024 * 1024
OVERHEAD = 28  # nonce and tag
KEY = secrets.token_bytes(32)


def sealed(data: bytes, *, aad: bytes = b"uji") -> bytes:
    target = io.BytesIO()
    seal_pieces_with(KEY, io.BytesIO(data), target, aad)
    return target.getvalue()


def opened(data: bytes, *, key: bytes = KEY, aad: bytes = b"uji") -> bytes:
    return open_pieces_with(key, io.BytesIO(data), aad).read()


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 7])
def test_what_was_sealed_comes_back(size: int) -> None:
    data = secrets.token_bytes(size)
    lies = sealed(data)
    assert opened(lies) == data
    assert len(lies) == size + max(1, -(-size // MIB)) * OVERHEAD
    stream = open_pieces_with(KEY, io.BytesIO(lies), b"uji")
    assert b"".join(iter(lambda: stream.read(100_003), b"")) == data


def test_lines_are_read_across_pieces() -> None:
    lines = [b"%d" % n * 1000 + b"\n" for n in range(2_000)]
    assert list(open_pieces_with(KEY, io.BytesIO(sealed(b"".join(lines))), b"uji")) == lines


PIECE = MIB + OVERHEAD


@pytest.mark.parametrize(
    "touch",
    [
        lambda lies: b"",
        lambda lies: lies[:-1],
        lambda lies: lies[:PIECE],
        lambda lies: lies[: 2 * PIECE],
        lambda lies: lies[PIECE:],
        lambda lies: lies[PIECE : 2 * PIECE] + lies[:PIECE] + lies[2 * PIECE :],
        lambda lies: lies[:PIECE] + lies[:PIECE] + lies[2 * PIECE :],
        lambda lies: lies + lies[-100:],
        lambda lies: lies[:50] + bytes([lies[50] ^ 1]) + lies[51:],
        lambda lies: lies[:-1] + bytes([lies[-1] ^ 1]),
    ],
)
def test_what_was_touched_does_not_open(touch) -> None:
    lies = sealed(secrets.token_bytes(2 * MIB + 100))
    with pytest.raises(CannotOpen):
        opened(touch(lies))
    for wrong in ({"key": secrets.token_bytes(32)}, {"aad": b"lain"}):
        with pytest.raises(CannotOpen):
            opened(lies, **wrong)


def test_nothing_of_a_touched_piece_is_given_out() -> None:
    data = secrets.token_bytes(2 * MIB + 100)
    lies = bytearray(sealed(data))
    lies[PIECE + 50] ^= 1
    stream = open_pieces_with(KEY, io.BytesIO(bytes(lies)), b"uji")
    assert stream.read(MIB) == data[:MIB]
    with pytest.raises(CannotOpen):
        stream.read(1)


def test_closing_closes_what_lies_below() -> None:
    below = io.BytesIO(sealed(b"x"))
    with open_pieces_with(KEY, below, b"uji") as stream:
        assert stream.read() == b"x"
    assert below.closed
