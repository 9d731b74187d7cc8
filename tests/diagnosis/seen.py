"""Observations made by hand: a conversation with a good server, in which each test changes what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from mailkit.diagnosis import Diagnosis, diagnose
from mailkit.finding import Finding, Product
from mailkit.observation import (
    AddressResult,
    Asked,
    AuthFacts,
    AuthStage,
    Certificate,
    ClearMailStage,
    DnsStage,
    DnsStatus,
    EhloStage,
    EndpointResult,
    Exchanger,
    GreetingStage,
    InjectionStage,
    Observation,
    ProbeDocument,
    Problem,
    QuitStage,
    RecipientStage,
    Reply,
    Security,
    SenderStage,
    StarttlsStage,
    TcpStage,
    TlsaRecord,
    TlsFacts,
    TlsStage,
    VerifyError,
    answered,
)

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOST = "mail.example.org"
ADDRESS = "198.51.100.7"
SECOND = "2001:db8::7"
KEYWORDS = ("PIPELINING", "SIZE 10240000", "8BITMIME")
AUTH = "AUTH PLAIN LOGIN"


def reply(line: str) -> Reply:
    """Make a reply of its first line, ``"550 5.1.1 no such user"``; further lines after a newline."""
    first, *rest = line.split("\n")
    code, _, text = first.partition(" ")
    enhanced = text.split(" ")[0] if text[:1].isdigit() and text.count(".") >= 2 else None
    return Reply(code=int(code), enhanced_code=enhanced, text=" ".join([text, *rest]), lines=(text, *rest))


def said(line: str | None) -> dict[str, Any]:
    return answered(reply(line) if line else None)


def ok(line: str | None, problem: Problem | None) -> bool | None:
    if line is not None:
        return line[0] in "23"
    return None if problem in ("timeout", "deadline") else problem is None


def tcp(problem: Problem | None = None, address: str = ADDRESS, duration_ms: float = 12) -> TcpStage:
    family = 6 if ":" in address else 4
    return TcpStage(ok=ok(None, problem), started=NOW, duration_ms=duration_ms, address=address, family=family, problem=problem)


def greeting(line: str | None = "220 mail.example.org ESMTP", problem: Problem | None = None, **more: Any) -> GreetingStage:
    facts = {"encrypted": False, "duration_ms": 20, **more}
    return GreetingStage(ok=ok(line, problem), started=NOW, problem=problem, **facts, **said(line))


def ehlo(
    *keywords: str,
    line: str | None = "250 mail.example.org",
    problem: Problem | None = None,
    encrypted: bool = False,
    **more: Any,
) -> EhloStage:
    facts = {"verb": "EHLO", "name": "client.example.net", "duration_ms": 10, "keywords": keywords, "lines_received": 1, **more}
    return EhloStage(ok=ok(line, problem), started=NOW, problem=problem, encrypted=encrypted, **facts, **said(line))


def starttls(
    line: str | None = "220 2.0.0 ready", problem: Problem | None = None, *, offered: bool = True, **more: Any
) -> StarttlsStage:
    return StarttlsStage(
        ok=ok(line, problem), started=NOW, duration_ms=10, problem=problem, offered=offered, **more, **said(line)
    )


def tls(facts: TlsFacts | None = None, *, problem: Problem | None = None, mode: Any = "starttls", **more: Any) -> TlsStage:
    if problem is None and facts is None:
        facts = session()
    return TlsStage(ok=ok(None, problem), started=NOW, duration_ms=30, problem=problem, mode=mode, tls=facts, **more)


def certificate(**changes: Any) -> Certificate:
    good: dict[str, Any] = {
        "subject": f"CN={HOST}",
        "issuer": "CN=Public Issuing CA,O=Public Authority",
        "serial": "a1",
        "not_before": NOW - timedelta(days=30),
        "not_after": NOW + timedelta(days=60),
        "names": (HOST,),
        "key_type": "EC",
        "key_bits": 256,
        "signature": "sha256",
        "is_ca": False,
        "self_signed": False,
        "server_auth": True,
        "issuer_urls": ("http://ca.example.net/issuing.crt",),
        "sha256": "a" * 64,
        "public_key_sha256": "b" * 64,
        "tlsa": {"1-1": "b" * 64, "0-1": "a" * 64},
    }
    return Certificate(**{**good, **changes})


INTERMEDIATE = certificate(
    subject="CN=Public Issuing CA,O=Public Authority",
    issuer="CN=Public Root",
    serial="b2",
    names=(),
    is_ca=True,
    server_auth=None,
    sha256="c" * 64,
    public_key_sha256="d" * 64,
    tlsa={"1-1": "d" * 64},
)

OBJECTIONS = {
    10: "certificate has expired",
    9: "certificate is not yet valid",
    18: "self-signed certificate",
    19: "self-signed certificate in certificate chain",
    20: "unable to get local issuer certificate",
    21: "unable to verify the first certificate",
    26: "unsuitable certificate purpose",
    28: "certificate rejected",
    66: "EE certificate key too weak",
}


def session(*objections: int, chain: Iterable[Certificate] = (), **changes: Any) -> TlsFacts:
    """Make the facts of a TLS session; objections are OpenSSL's numbers, all about the server's own certificate."""
    good: dict[str, Any] = {
        "version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "chain": tuple(chain) or (certificate(), INTERMEDIATE),
        "errors": tuple(VerifyError(number=number, depth=0, text=OBJECTIONS[number]) for number in objections),
        "verified": not objections and changes.get("name_matches", True),
        "server_name": HOST,
        "name_matches": True,
        "trust": "system",
        "issuer_known": not set(objections) & {18, 19, 20, 21},
    }
    return TlsFacts(**{**good, **changes})


def mail_in_clear(line: str = "530 5.7.0 Must issue a STARTTLS command first") -> ClearMailStage:
    return ClearMailStage(ok=ok(line, None), started=NOW, duration_ms=5, **said(line))


def injection(*, executed: bool | None) -> InjectionStage:
    return InjectionStage(ok=not executed, started=NOW, duration_ms=5, executed=executed)


def auth(line: str | None = "235 2.7.0 Authentication successful", problem: Problem | None = None, **more: Any) -> AuthStage:
    result = "not_tried" if line is None else {"2": "accepted", "4": "temporary"}.get(line[0], "rejected")
    facts: dict[str, Any] = {
        "encrypted": True,
        "verified": True,
        "user": "frontdesk@example.org",
        "tried": "PLAIN",
        "offered": ("PLAIN", "LOGIN"),
        "result": result,
        **more,
    }
    return AuthStage(ok=ok(line, problem), started=NOW, duration_ms=40, problem=problem, **facts, **said(line))


def no_log_in(why: str, **more: Any) -> AuthStage:
    facts: dict[str, Any] = {"encrypted": True, "verified": True, "user": "frontdesk@example.org", "why_not": why, **more}
    return AuthStage(ok=False, started=NOW, duration_ms=1, **facts)


def sender(line: str | None = "250 2.1.0 Ok", problem: Problem | None = None, **more: Any) -> SenderStage:
    facts: dict[str, Any] = {"encrypted": True, "authenticated": True, "sender": "frontdesk@example.org", **more}
    return SenderStage(ok=ok(line, problem), started=NOW, duration_ms=10, problem=problem, **facts, **said(line))


def recipient(line: str | None = "250 2.1.5 Ok", problem: Problem | None = None, **more: Any) -> RecipientStage:
    facts: dict[str, Any] = {
        "encrypted": True,
        "authenticated": True,
        "sender": "frontdesk@example.org",
        "recipient": "guest@elsewhere.test",
        **more,
    }
    return RecipientStage(ok=ok(line, problem), started=NOW, duration_ms=10, problem=problem, **facts, **said(line))


def end(line: str | None = "221 2.0.0 Bye", problem: Problem | None = None, **more: Any) -> QuitStage:
    return QuitStage(ok=ok(line, problem), started=NOW, duration_ms=5, problem=problem, **more, **said(line))


def look_up(what: Any = "address", name: str = HOST, status: DnsStatus = "ok", **more: Any) -> DnsStage:
    facts: dict[str, Any] = {"resolver": "192.0.2.53", **more}
    if status == "ok" and what == "address":
        facts.setdefault("answers", (ADDRESS,))
    return DnsStage(ok=status == "ok", started=NOW, duration_ms=8, what=what, name=name, status=status, **facts)


def mx(*hosts: str, domain: str = "example.org", status: DnsStatus = "ok") -> DnsStage:
    exchangers = tuple(Exchanger(preference=10 * number, host=host) for number, host in enumerate(hosts, 1))
    return look_up("mx", domain, status, exchangers=exchangers, answers=hosts)


def tlsa(usage: int = 3, data: str = "b" * 64, port: int = 25, *, authenticated: bool = True, matching_type: int = 1) -> DnsStage:
    record = TlsaRecord(usage=usage, selector=1, matching_type=matching_type, data=data)
    return look_up("tlsa", f"_{port}._tcp.{HOST}", records=(record,), authenticated=authenticated)


def good(*changes: Observation, until: str | None = None, mode: Security = "starttls") -> list[Observation]:
    """Make a conversation with a good server.

    Args:
        changes: observations that take the place of those of their kind; what has no place yet comes at the end.
        until: the last kind of stage there is (``"greeting"``).
        mode: how the server protects the connection.
    """
    clear: list[Observation] = [greeting(), ehlo(*KEYWORDS, "STARTTLS"), starttls()] if mode == "starttls" else []
    stages: list[Observation] = [tcp(), *clear, tls(mode=mode if mode != "none" else "starttls")]
    if mode == "implicit":
        stages.append(greeting(encrypted=True))
    stages += [ehlo(*KEYWORDS, AUTH, encrypted=True), end()]
    for change in changes:
        place = next((number for number, stage in enumerate(stages) if _same_place(stage, change)), None)
        if place is None:
            stages.insert(len(stages) - 1, change)
        else:
            stages[place] = change
    if until is not None:
        last = max(number for number, stage in enumerate(stages) if stage.__struct_config__.tag == until)
        stages = stages[: last + 1]
    return stages


def _same_place(one: Observation, other: Observation) -> bool:
    return type(one) is type(other) and getattr(one, "encrypted", None) == getattr(other, "encrypted", None)


def endpoint(
    *stages: Observation,
    host: str = HOST,
    port: int = 587,
    asked: Asked = "auto",
    security: Security | None = "starttls",
    preference: int | None = None,
    address: str = ADDRESS,
    names: Iterable[DnsStage] = (),
) -> EndpointResult:
    """Make an endpoint with one address from the stages seen there."""
    return endpoint_of(
        {address: stages}, host=host, port=port, asked=asked, security=security, preference=preference, names=names
    )


def endpoint_of(
    addresses: dict[str, Iterable[Observation]],
    *,
    host: str = HOST,
    port: int = 587,
    asked: Asked = "auto",
    security: Security | None = "starttls",
    preference: int | None = None,
    names: Iterable[DnsStage] = (),
) -> EndpointResult:
    """Make an endpoint with several addresses, each with its own stages."""
    results = [_result(address, list(stages), security) for address, stages in addresses.items()]
    placed = [_placed(stage, host, port, address) for address, stages in addresses.items() for stage in stages]
    leading = max(results, key=lambda one: (bool(one.ok), one.ehlo_after_tls is not None), default=None)
    return EndpointResult(
        host=host,
        port=port,
        asked=asked,
        preference=preference,
        addresses=tuple(results),
        leading_address=leading.address if leading else None,
        security=leading.security if leading else None,
        tls=leading.tls if leading else None,
        ehlo_before_tls=leading.ehlo_before_tls if leading else None,
        ehlo_after_tls=leading.ehlo_after_tls if leading else None,
        auth=leading.auth if leading else AuthFacts(),
        stages=(*names, *placed),
    )


def _result(address: str, stages: list[Observation], security: Security | None) -> AddressResult:
    connection = next((stage for stage in stages if isinstance(stage, TcpStage)), None)
    hellos = [stage for stage in stages if isinstance(stage, EhloStage) and stage.ok]
    clear = next((stage.keywords for stage in hellos if not stage.encrypted), None)
    inside = next((stage.keywords for stage in hellos if stage.encrypted), None)
    attempt = next((stage for stage in stages if isinstance(stage, AuthStage)), None)
    last = inside if inside is not None else clear
    return AddressResult(
        address=address,
        family=6 if ":" in address else 4,
        ok=connection.ok if connection else None,
        connect_ms=connection.duration_ms if connection and connection.ok else None,
        error=connection.problem if connection else None,
        security=security,
        tls=next((stage.tls for stage in stages if isinstance(stage, TlsStage)), None),
        ehlo_before_tls=clear,
        ehlo_after_tls=inside,
        auth=AuthFacts(
            offered_before_tls=None if clear is None else _mechanisms(clear),
            offered=None if last is None else _mechanisms(last),
            tried=attempt.tried if attempt else None,
            result=attempt.result if attempt else "not_tried",
        ),
        connections=1,
    )


def _mechanisms(keywords: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for line in keywords if line.startswith("AUTH ") for name in line.split()[1:])


def _placed(stage: Observation, host: str, port: int, address: str) -> Observation:
    return replace(stage, host=host, port=port, address=address, connection=1)


def document(*endpoints: EndpointResult, kind: Any = "endpoint", target: str = f"{HOST}:587", **more: Any) -> ProbeDocument:
    return ProbeDocument(target=target, kind=kind, started=NOW, duration_ms=300, endpoints=endpoints, **more)


def judge(*stages: Observation, product: Product | None = None, wanted: tuple[str, ...] = (), **more: Any) -> Diagnosis:
    """Diagnose one endpoint at which these stages were seen."""
    return judged(document(endpoint(*stages, **more), wanted=wanted), product)


def judged(of: ProbeDocument, product: Product | None = None) -> Diagnosis:
    """Diagnose a document; whatever it is, every sentence must be complete."""
    diagnosis = diagnose(of, product)
    for one in diagnosis.findings:
        for text in (one.summary, one.detail or "", *(fix.action for fix in one.fix)):
            assert "{" not in text, one
            assert "not known" not in text.replace("is not known", ""), one
        assert one.evidence, one
        assert one.refs, one
        assert one.severity == "ok" or one.fix, one
    return diagnosis


def troubles(diagnosis: Diagnosis) -> dict[str, str]:
    """Give code and severity of all warnings and errors, in order."""
    return {one.code: one.severity for one in diagnosis.findings if one.severity in ("error", "warning")}


def finding(diagnosis: Diagnosis, code: str) -> Finding:
    """Give the one finding with this code."""
    (found,) = [one for one in diagnosis.findings if one.code == code]
    return found
