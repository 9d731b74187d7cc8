"""A running sign-in service, with the accounts of the practice site."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mailkit.practice.account import Accounts
from mailkit.practice.certificates import Authority
from mailkit.practice.oauth import OAuthServer


@asynccontextmanager
async def sign_in_service(folder: Path, port: int = 0) -> AsyncIterator[OAuthServer]:
    """Run one; its root certificate is in ``folder``."""
    authority = await asyncio.to_thread(Authority, folder)
    server = await asyncio.to_thread(OAuthServer, authority, Accounts())
    await server.start(port)
    try:
        yield server
    finally:
        await server.close()
