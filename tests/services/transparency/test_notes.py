"""Signed notes: the shape of C2SP signed-note and tlog-checkpoint, with a vector made by Go's own library."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.services.transparency import notes
from app.services.transparency.notes import BadNote, Checkpoint, VerifierKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "log.example/etle"
STATED = Checkpoint(ORIGIN, 20852163, bytes(32))


def test_the_example_of_gos_note_package() -> None:
    # golang.org/x/mod/sumdb/note, Example: PeterNeumann's key and signed text.
    key = VerifierKey.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert notes.signers(text, [key]) == [key]
    assert str(key).startswith("PeterNeumann+c74f20a3+")


def test_a_note_has_the_lines_of_a_checkpoint() -> None:
    note = notes.sign(STATED, ORIGIN, KEY)
    lines = note.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", base64.b64encode(bytes(32)).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert notes.read(note) == STATED
    mine = VerifierKey.of(ORIGIN, KEY.public_key())
    assert notes.signers(note, [mine]) == [mine]


def test_a_witness_may_add_its_signature_and_a_stranger_is_nobody() -> None:
    witness = VerifierKey.of("witness.example", OTHER.public_key())
    note = notes.sign(STATED, ORIGIN, KEY)
    cosigned = note + notes.sign(STATED, "witness.example", OTHER).split("\n\n")[1]
    mine = VerifierKey.of(ORIGIN, KEY.public_key())
    assert notes.signers(cosigned, [mine, witness]) == [mine, witness]
    assert notes.signers(cosigned, [VerifierKey.of("another", OTHER.public_key())]) == []


@given(st.integers(0, 10**12), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_read_back(size: int, root: bytes) -> None:
    stated = Checkpoint(ORIGIN, size, root)
    assert notes.read(notes.sign(stated, ORIGIN, KEY)) == stated


def test_an_altered_checkpoint_is_noticed() -> None:
    note = notes.sign(STATED, ORIGIN, KEY).replace("20852163", "20852164")
    with pytest.raises(BadNote, match="altered"):
        notes.signers(note, [VerifierKey.of(ORIGIN, KEY.public_key())])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no note",
        "a\n1\nAAAA\n\n",
        f"{ORIGIN}\n01\n{base64.b64encode(bytes(32)).decode()}\n\n— x AAAA\n",
        f"{ORIGIN}\n-1\n{base64.b64encode(bytes(32)).decode()}\n\n— x AAAA\n",
        f"{ORIGIN}\n1\nAAAA\n\n— x AAAA\n",
        f"{ORIGIN}\n1\n???\n\n— x AAAA\n",
        f"\n1\n{base64.b64encode(bytes(32)).decode()}\n\n— x AAAA\n",
        f"{ORIGIN}\n1\n\n— x AAAA\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        notes.read(note)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for read in (notes.read, VerifierKey.parse):
        try:
            read(text)
        except BadNote:
            continue


def test_a_mistyped_key_is_noticed() -> None:
    text = str(VerifierKey.of(ORIGIN, KEY.public_key()))
    assert str(VerifierKey.parse(text)) == text
    with pytest.raises(BadNote, match="mistyped"):
        VerifierKey.parse(text.replace(ORIGIN, "log.example/other"))
