"""A sign-in service for each test, and the certificate to trust it by; a call that blocks the event loop is an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx

from mailkit.practice.oauth import OAuthServer

from .service import sign_in_service


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop() -> Iterator[None]:
    with blockbuster_ctx("mailkit"):
        yield


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[OAuthServer]:
    folder = tmp_path / "authority"
    folder.mkdir()
    async with sign_in_service(folder) as server:
        yield server


@pytest.fixture
def ca_file(tmp_path: Path, service: OAuthServer) -> Path:
    assert service.port
    return tmp_path / "authority" / "practice-root.pem"
