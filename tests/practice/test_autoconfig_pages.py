"""The practice site's web server: one port for all names, each with its certificate, and nothing left behind."""

from __future__ import annotations

import asyncio
import ssl

import pytest

from mailkit.practice import practice_site
from mailkit.practice.autoconfig import PAGES, SERVICES, AutoconfigPage
from mailkit.practice.cast import CAST
from mailkit.practice.certificates import KINDS


async def ask(port: int, host: str, path: str, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=host)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.domain}-{page.source}")
def test_each_row_of_the_table_is_whole(page: AutoconfigPage) -> None:
    assert page.title.endswith(".")
    assert page.certificate in KINDS
    assert page.domain.endswith(".test")


def test_each_record_leads_to_a_server_that_runs() -> None:
    assert {service.host for service in SERVICES} - {"."} <= {host.name for host in CAST}


async def test_a_page_is_served_behind_a_certificate_for_its_name_and_names_the_port_of_the_running_server() -> None:
    async with practice_site(plays=[]) as site:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=str(site.ca_file))
        answer = await ask(site.web.port, "autoconfig.hotel.test", "/mail/config-v1.1.xml?x=1", context)
        assert answer.startswith(b"HTTP/1.1 200")
        assert f"<port>{site.server('mail.hotel.test').port}</port>".encode() in answer
        assert (await ask(site.web.port, "hotel.test", "/", ssl._create_unverified_context())).startswith(b"HTTP/1.1 404")
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            await ask(site.web.port, "autoconfig.expired-page.test", "/", context)


async def test_closing_the_site_ends_a_client_that_waits() -> None:
    before = asyncio.all_tasks()
    async with practice_site(plays=[]) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.web.port)
        await asyncio.sleep(0.05)
        port = site.web.port
    assert await reader.read() == b""
    writer.close()
    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_the_site_describes_where_to_try_discovery() -> None:
    async with practice_site(plays=[]) as site:
        described = site.describe()
    assert described["https_port"] == site.web.port
    assert described["ispdb"] == site.web.database
    assert {"hotel.test", "builder.test"} <= {domain["name"] for domain in described["discoveries"]}
