"""A call of mailkit that blocks the event loop is an error here; knowledge is read before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

from mailkit.explain import explain


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop() -> Iterator[None]:
    explain("250 2.0.0 Ok")
    with blockbuster_ctx(["mailkit.mail", "mailkit.net"]):  # a test itself may ask the store
        yield
