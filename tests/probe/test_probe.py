"""The probe against the practice site: politeness, secrets, stopping, and what it calls the server's mode."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
import pytest

from mailkit.errors import InputError
from mailkit.observation import (
    AuthStage,
    DnsStage,
    EhloStage,
    GreetingStage,
    InjectionStage,
    ProbeDocument,
    RecipientStage,
    TcpStage,
)
from mailkit.practice import practice_server, practice_site
from mailkit.probe import Credentials, ProbeSettings, assemble, observe, parse_target, probe, probe_many
from mailkit.probe.policy import MAX_CONNECTIONS, Budget
from mailkit.secret import Secret

USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"


async def test_a_healthy_server_is_asked_everything_on_one_connection() -> None:
    async with practice_server("good-starttls") as server:
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(ca_file=server.ca_file))
    assert server.connections == 1
    assert document.connections == {"127.0.0.1": 1}
    endpoint = document.endpoints[0]
    assert endpoint.security == "starttls"
    assert endpoint.tls is not None
    assert endpoint.tls.verified is True
    assert "STARTTLS" in (endpoint.ehlo_before_tls or ())
    assert "STARTTLS" not in (endpoint.ehlo_after_tls or ("STARTTLS",))


@pytest.mark.parametrize("asked", ["auto", "none", "starttls", "implicit"])
@pytest.mark.parametrize(("play", "spoken"), [("good-starttls", "starttls"), ("good-implicit", "implicit"), ("no-tls", "none")])
async def test_the_mode_is_found_out_whatever_was_asked_for(asked: str, play: str, spoken: str) -> None:
    async with practice_server(play) as server:
        how = ProbeSettings(security=asked, ca_file=server.ca_file)  # type: ignore[arg-type]
        document = await probe(f"127.0.0.1:{server.port}", how)
    assert document.endpoints[0].asked == asked
    assert document.endpoints[0].security == spoken
    assert server.connections <= MAX_CONNECTIONS


async def test_a_wrong_password_costs_one_failed_log_in_however_many_addresses_there_are() -> None:
    async with practice_site() as site:
        server = site.server("good-submission")
        how = ProbeSettings(resolver=site.resolver, ca_file=site.ca_file, credentials=Credentials(USER, Secret("wrong")))
        targets = [f"{server.name}:{server.port}", f"127.0.0.1:{server.port}", f"{server.name}:{server.port}"]
        documents = [document async for document in probe_many(targets, how)]
        assert site.accounts[USER].failures == 1
    results = [stage for document in documents for stage in document.endpoints[0].stages if isinstance(stage, AuthStage)]
    assert [stage.result for stage in results].count("rejected") == 1
    assert {stage.why_not for stage in results if stage.result == "not_tried"} == {"already-rejected"}


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"])
async def test_every_mechanism_logs_in_and_leaves_no_secret_behind(mechanism: str) -> None:
    secret = "practice-token-frontdesk" if mechanism in ("XOAUTH2", "OAUTHBEARER") else PASSWORD
    async with practice_server("good-submission") as server:
        how = ProbeSettings(
            ca_file=server.ca_file,
            credentials=Credentials(USER, Secret(secret)),
            mechanism=mechanism,
            recipient="manager@hotel.test",
        )
        document = await probe(f"127.0.0.1:{server.port}", how)
    auth = document.endpoints[0].auth
    assert (auth.tried, auth.result) == (mechanism, "accepted")
    assert any(isinstance(stage, RecipientStage) and stage.authenticated for stage in document.endpoints[0].stages)
    assert secret not in msgspec.json.encode(document).decode()
    assert Secret(secret).scrub(msgspec.json.encode(document).decode()) == msgspec.json.encode(document).decode()


@pytest.mark.parametrize(
    ("play", "why_not", "allowed"),
    [("auth-in-clear-no-tls", "unencrypted", "allow_plaintext_auth"), ("certificate-expired", "unverified", "allow_unverified")],
)
async def test_a_password_goes_nowhere_unsafe_without_a_yes(play: str, why_not: str, allowed: str) -> None:
    credentials = Credentials(USER, Secret(PASSWORD))
    async with practice_server(play) as server:
        careful = await probe(f"127.0.0.1:{server.port}", ProbeSettings(ca_file=server.ca_file, credentials=credentials))
        told_to = await probe(
            f"127.0.0.1:{server.port}",
            ProbeSettings(
                ca_file=server.ca_file,
                credentials=credentials,
                allow_plaintext_auth=allowed == "allow_plaintext_auth",
                allow_unverified=allowed == "allow_unverified",
            ),
        )
    stage = next(stage for stage in careful.endpoints[0].stages if isinstance(stage, AuthStage))
    assert (stage.why_not, stage.tried) == (why_not, None)
    assert not any("AUTH " in line.line for line in careful.endpoints[0].transcript if line.direction == "client")
    assert told_to.endpoints[0].auth.result == "accepted"


async def test_observations_arrive_while_the_probe_is_still_under_way() -> None:
    async with practice_server("hang-after-220") as server:
        seen = []
        async with contextlib.aclosing(observe(f"127.0.0.1:{server.port}", ProbeSettings(timeout=30))) as observations:
            async for observation in observations:
                seen.append(observation)
                if isinstance(observation, EhloStage):
                    break
        assert [type(one) for one in seen] == [TcpStage, GreetingStage, EhloStage]
        partial = assemble(f"127.0.0.1:{server.port}", ProbeSettings(), seen, stopped="user")
    assert partial.endpoints[0].ehlo_before_tls is not None
    assert partial.stopped == "user"


async def test_stopping_keeps_what_was_found_and_says_what_was_under_way() -> None:
    stop = asyncio.Event()
    async with practice_server("says-nothing") as server:
        asyncio.get_running_loop().call_later(0.3, stop.set)
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(timeout=30), stop=stop)
    assert document.stopped == "user"
    assert document.endpoints[0].addresses[0].ok is True


async def test_the_deadline_ends_everything_and_is_not_called_a_refusal() -> None:
    async with practice_server("says-nothing") as server:
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(timeout=20, deadline=1))
    assert document.stopped == "deadline"
    greeting = next(stage for stage in document.endpoints[0].stages if isinstance(stage, GreetingStage))
    assert greeting.ok is None


@pytest.mark.parametrize(("play", "executed"), [("good-starttls", False), ("starttls-injection", True)])
async def test_what_is_injected_behind_starttls_is_noticed(play: str, executed: bool) -> None:  # noqa: FBT001 - a parameter of the case
    async with practice_server(play) as server:
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(ca_file=server.ca_file))
    stage = next(stage for stage in document.endpoints[0].stages if isinstance(stage, InjectionStage))
    assert stage.executed is executed
    assert document.endpoints[0].ehlo_after_tls


async def test_many_documents_come_in_the_order_of_their_targets() -> None:
    async with practice_server("banner-after-8s", banner_delay=0.5) as slow, practice_server("good-starttls") as quick:
        targets = [f"127.0.0.1:{slow.port}", *[f"127.0.0.1:{quick.port}"] * 3, "127.0.0.1:1"]
        documents = [document async for document in probe_many(targets, ProbeSettings(), concurrency=2)]
    assert [document.target for document in documents] == targets


async def test_both_families_are_tried_and_each_has_its_own_result() -> None:
    async with practice_site() as site:
        server = site.server("ipv6-broken")
        document = await probe(f"{server.name}:{server.port}", ProbeSettings(resolver=site.resolver, ca_file=site.ca_file))
    assert {(result.family, result.ok) for result in document.address_family_results} == {(6, False), (4, True)}
    assert document.endpoints[0].leading_address == "127.0.0.1"


async def test_a_saved_document_reads_back_as_it_was() -> None:
    async with practice_server("good-starttls") as server:
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(ca_file=server.ca_file))
    assert msgspec.json.decode(msgspec.json.encode(document), type=ProbeDocument) == document


def test_a_budget_keeps_one_connection_for_each_port_and_never_exceeds_its_limit() -> None:
    budget = Budget(3)
    assert budget.take()
    assert not budget.take()
    budget.release()
    assert budget.take()


@pytest.mark.parametrize(
    ("text", "kind", "host", "ports"),
    [
        ("mail.example.com", "host", "mail.example.com", (25, 465, 587, 2525)),
        ("mail.example.com:587", "endpoint", "mail.example.com", (587,)),
        ("Mail.Example.com.:25", "endpoint", "mail.example.com", (25,)),
        ("[::1]:2525", "endpoint", "::1", (2525,)),
        ("2001:db8::25", "host", "2001:db8::25", (25, 465, 587, 2525)),
        ("192.0.2.1:25", "endpoint", "192.0.2.1", (25,)),
        ("mx:example.com", "mx", "example.com", (25,)),
        ("mx:example.com:2525", "mx", "example.com", (2525,)),
        ("bücher.example:25", "endpoint", "xn--bcher-kva.example", (25,)),
    ],
)
def test_a_target_is_read_as_people_write_it(text: str, kind: str, host: str, ports: tuple[int, ...]) -> None:
    target = parse_target(text)
    assert (target.kind, target.host, target.ports) == (kind, host, ports)


@pytest.mark.parametrize(
    "text",
    ["", " ", ":25", "host:", "host:0", "host:65536", "host:abc", "host:\uff12\uff15", "a b", "host..com", "-host", "1.2.3.4.5",
     "1.2.3", "[::1", "[mail]:25", "::g", "a:b:c", "mx:", "mx:192.0.2.1", "https://mail.example.com", "me@example.com",
     "site:x.toml", "host\n.com", "x" * 300, "\x1b[31m"],
)  # fmt: skip
def test_an_unusable_target_gets_one_clear_line(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_target(text)
    assert "give" in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"security": "ssl"},
        {"mechanism": "GSSAPI"},
        {"sender": "a@b>\r\nRCPT TO:<x"},
        {"recipient": ""},
        {"timeout": 0},
        {"deadline": float("nan")},
        {"ehlo_name": "two words"},
    ],
)
def test_unusable_settings_are_refused_before_anything_is_asked(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ProbeSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", ["mx:silent.test", "silent.test:25"])
async def test_a_look_up_that_the_deadline_ends_is_seen(target: str) -> None:
    async with practice_site(plays=[]) as site:
        document = await probe(target, ProbeSettings(resolver=site.resolver, deadline=1))
    look_ups = [*document.stages, *(stage for endpoint in document.endpoints for stage in endpoint.stages)]
    assert [(stage.ok, stage.problem) for stage in look_ups] == [(None, "deadline")]
    assert document.stopped == "deadline"


async def test_a_name_of_the_hosts_file_needs_no_name_server() -> None:
    async with practice_server("good-starttls") as server:
        document = await probe(f"localhost:{server.port}", ProbeSettings(ca_file=server.ca_file))
    look_ups = [stage for stage in document.endpoints[0].stages if isinstance(stage, DnsStage)]
    assert [(stage.what, stage.source) for stage in look_ups] == [("address", "hosts-file")]
    assert document.endpoints[0].security == "starttls"


async def test_a_gentle_probe_sends_nothing_that_looks_like_an_attack() -> None:
    async with practice_server("good-starttls") as server:
        document = await probe(f"127.0.0.1:{server.port}", ProbeSettings(ca_file=server.ca_file, gentle=True))
    endpoint = document.endpoints[0]
    assert endpoint.security == "starttls"
    assert endpoint.ehlo_after_tls
    assert "NOOP" not in {line.line for line in endpoint.transcript}
    assert not any(isinstance(stage, InjectionStage) for stage in endpoint.stages)
