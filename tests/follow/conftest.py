"""What tests of following share: the practice zone with records of their own; a blocking call of mailkit is an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from blockbuster import blockbuster_ctx

from mailkit.diagnosis.arrival import arrival_codes
from mailkit.diagnosis.knowledge import knowledge
from mailkit.explain import explain
from mailkit.mail.follow.reading import read_copy
from mailkit.net.names import Resolver
from mailkit.practice.nameserver import NameServer
from mailkit.practice.zone import PracticeZone
from mailkit.report.page import style

from .dialects import GMAIL


@pytest.fixture(autouse=True)
def nothing_blocks() -> Iterator[None]:
    """Make a blocking call of mailkit on the event loop an error; what tests judge and render with is read before."""
    explain("250 2.0.0 Ok")
    read_copy(GMAIL), knowledge(), arrival_codes(), style()
    with blockbuster_ctx("mailkit"):
        yield


@pytest.fixture
def names() -> PracticeZone:
    """Read the zone, before there is a loop to block."""
    return PracticeZone()


@pytest.fixture
async def zone(names: PracticeZone) -> AsyncIterator[tuple[PracticeZone, Resolver]]:
    """Give a zone to put records into, and a resolver that asks its name server."""
    server = NameServer(names)
    await server.start()
    yield server.zone, Resolver(server.endpoint)
    await server.close()
