"""Puts a few objects into a store, for trying backup and restore: ``python -m scripts.some_objects URL``."""

import asyncio
import sys

from app.core.storage import ObjectStorage


async def main(url: str) -> None:
    """Twenty small objects."""
    storage = ObjectStorage(url)
    for number in range(20):
        await storage.put(f"evidence {number}\n".encode() * 1000)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
