"""What the transparency doors answer."""

from pydantic import BaseModel, Field


class LogKey(BaseModel):
    """One public key of the log."""

    key: str = Field(
        description="C2SP verifier key: name+hash+base64. Pin it: `loket verify FILE --key KEY`.",
        examples=["loket.example/etle+1d2ff5a7+AbFQvcX6tQ5ZkBq0Xv6lQ9o6m0v0Vtq2m2VQ8mHn0e3t"],
    )


class LogKeys(BaseModel):
    """The log's public keys, newest first; older ones verify older checkpoints."""

    origin: str = Field(description="The first line of every checkpoint of this log.")
    keys: list[LogKey]


class Inclusion(BaseModel):
    """Where a record stands in the log now, and the proof of it (RFC 9162 2.1.3)."""

    commitment: str = Field(description="SHA-256 of salt and canonical body, in hex: the leaf's data.")
    leaf_index: int
    tree_size: int
    path: list[str] = Field(description="Hashes in base64, from the leaf up.")
    checkpoint: str = Field(description="The signed checkpoint that the path leads to.")


class Consistency(BaseModel):
    """That the log was only added to between two sizes (RFC 9162 2.1.4)."""

    old: int
    new: int
    path: list[str] = Field(description="Hashes in base64.")
