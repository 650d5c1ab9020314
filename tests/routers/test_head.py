"""HEAD wherever GET is: the same headers, no body."""

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/violations", "/nothing-here"])
async def test_head_is_get_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    asked, got = await client.head(path), await client.get(path)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    assert asked.headers["content-type"] == got.headers["content-type"]
