"""The practice site as a whole: it starts, says what it is, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import ssl
import subprocess
import sys

import blockbuster
import pytest

from mailkit.diagnosis.knowledge import finding_codes
from mailkit.practice import PLAYS, practice_server, practice_site
from mailkit.practice.certificates import KINDS
from mailkit.practice.play import Play

from .talk import talking


async def test_the_whole_site_runs_and_describes_itself_in_json() -> None:
    async with practice_site() as site:
        described = json.loads(json.dumps(site.describe()))
        assert described["schema"] == "mailkit.practice/1"
        assert {server["name"] for server in described["servers"]} == set(PLAYS)
        assert all(server["port"] for server in described["servers"])
        assert len({(server["address"], server["port"]) for server in described["servers"]}) == len(described["servers"])
        assert {account["user"] for account in described["accounts"]} == set(site.accounts)
        assert [fault["host"] for fault in described["planted"]] == [fault.host for fault in site.planted]
        assert ssl.create_default_context(cafile=described["ca_file"]).get_ca_certs()


async def test_the_planted_faults_are_real_servers_with_something_to_find() -> None:
    async with practice_site(plays=[]) as site:
        assert 8 <= len(site.planted) <= 10
        for fault in site.planted:
            assert site.servers[fault.host].port == fault.port
            assert fault.codes == site.servers[fault.host].expects != ()
            assert fault.sentence.endswith(".")
        healthy = [server for server in site.servers.values() if server.name not in {fault.host for fault in site.planted}]
        assert all(server.expects == () for server in healthy)


async def test_all_servers_of_a_site_share_accounts_and_mailboxes() -> None:
    async with practice_site(plays=["good-starttls"]) as site:
        for server in (site.server("good-starttls"), site.servers["mail.hotel.test"]):
            async with talking(server) as talk:
                await talk.begin()
                await talk.log_in("frontdesk@hotel.test", "practice-frontdesk")
                await talk.ask("MAIL FROM:<frontdesk@hotel.test>")
                await talk.ask("RCPT TO:<sales@hotel.test>")
                await talk.ask("DATA")
                await talk.ask("Subject: x\r\n\r\nx\r\n.")
        assert [message.server for message in site.mailboxes["Sales@hotel.test"]] == [
            "good-starttls.practice.test",
            "mail.hotel.test",
        ]
        assert site.accounts["frontdesk@hotel.test"].attempts == 2
        site.mailboxes.clear()
        assert len(site.mailboxes) == 0


@pytest.mark.parametrize("play", ["good-starttls", "good-implicit", "says-nothing", "ehlo-endless", "ehlo-flood", "no-answer"])
async def test_a_closed_server_leaves_no_task_no_socket_and_no_file(play: str) -> None:
    before = asyncio.all_tasks()
    async with practice_server(play) as server:
        folder = server.ca_file.parent
        if play != "no-answer":
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"EHLO client.test\r\n")
            await asyncio.sleep(0.05)
            assert (server.active, server.connections) == (1, 1)
    assert asyncio.all_tasks() == before
    assert server.active == 0
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(server.host, server.port)
    if play != "no-answer":
        writer.close()
        del reader, writer
    gc.collect()  # an unclosed socket would be a warning, and a warning is an error


async def test_a_site_is_closed_even_when_the_work_on_it_fails() -> None:
    async def work(ports: list[int]) -> None:
        async with practice_site(plays=["good-starttls"]) as site:
            ports.extend(server.port for server in site.servers.values())
            raise RuntimeError("half way")

    ports: list[int] = []
    with pytest.raises(RuntimeError, match="half way"):
        await work(ports)
    for port in ports:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_nothing_blocks_the_event_loop() -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    detector = blockbuster.BlockBuster()
    detector.activate()
    try:
        async with practice_site(plays=["good-starttls"]) as site, talking(site.server("good-starttls")) as talk:
            await talk.all("EHLO client.test", "STARTTLS")
            await talk.secure(context)
            assert "250-AUTH" in await talk.ask("EHLO client.test")
    finally:
        detector.deactivate()


async def test_a_hundred_clients_are_served_at_once() -> None:
    async with practice_server("good-starttls", reply_delay=0.05) as server:

        async def visit() -> str:
            async with talking(server) as talk:
                await talk.begin()
                return await talk.ask("QUIT")

        assert set(await asyncio.gather(*(visit() for _ in range(100)))) == {"221 2.0.0 Bye"}
        assert server.connections == 100


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS)
def test_each_row_of_the_table_names_its_truth_in_known_codes(play: Play) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", play.id)
    assert play.title.endswith((".", ".)"))
    assert set(play.expects) <= set(finding_codes())
    assert play.certificate in KINDS


async def test_each_domain_of_the_zone_names_its_truth_in_known_codes() -> None:
    async with practice_site(plays=[]) as site:
        assert len(site.domains) >= 10
        assert {code for domain in site.domains for code in domain.expects} <= set(finding_codes())


def test_the_package_needs_no_panel_and_no_table() -> None:
    code = "import sys, mailkit.practice; print({'pandas', 'ipywidgets', 'IPython', 'asyncssh'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
