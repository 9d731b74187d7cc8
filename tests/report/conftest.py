"""Documents as a probe and a diagnosis would leave them, small enough to be read here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailkit.finding import Finding, Fix
from mailkit.observation import (
    AddressFamilyResult,
    AddressResult,
    AuthStage,
    Certificate,
    DnsStage,
    EhloStage,
    EndpointResult,
    GreetingStage,
    Line,
    NotTested,
    ProbeDocument,
    QuitStage,
    Reply,
    StarttlsStage,
    TcpStage,
    TlsFacts,
    TlsStage,
    VerifyError,
    answered,
)

START = datetime(2026, 11, 5, 12, 0, 3, tzinfo=UTC)
HOST, PORT, GOOD, SILENT = "mail.hotel.example", 587, "192.0.2.25", "2001:db8::25"


def at(milliseconds: float) -> datetime:
    return START + timedelta(milliseconds=milliseconds)


def reply(code: int, text: str, enhanced: str | None = None) -> Reply:
    return Reply(code=code, enhanced_code=enhanced, text=text, lines=(text,))


CERTIFICATE = Certificate(
    subject="CN=mail.hotel.example,O=Grand Hotel Example",
    issuer="CN=Example Issuing CA",
    serial="0a1b",
    not_before=datetime(2025, 3, 3, tzinfo=UTC),
    not_after=datetime(2026, 3, 3, tzinfo=UTC),
    names=("mail.hotel.example",),
    key_type="RSA",
    key_bits=2048,
    signature="sha256",
    is_ca=False,
    self_signed=False,
    server_auth=True,
    issuer_urls=(),
    sha256="00",
    public_key_sha256="00",
)


@pytest.fixture
def expired() -> ProbeDocument:
    """A certificate past its end, a log-in therefore not tried, and a second address that does not answer."""
    good = {"host": HOST, "port": PORT, "address": GOOD, "connection": 1}
    facts = TlsFacts(
        version="TLSv1.3",
        cipher="AES",
        chain=(CERTIFICATE,),
        verified=False,
        errors=(VerifyError(number=10, depth=0, text="expired"),),
    )
    stages = (
        DnsStage(
            ok=True, started=at(0), duration_ms=12, what="address", name=HOST, status="ok", answers=(GOOD, SILENT), host=HOST
        ),
        TcpStage(ok=True, started=at(12), duration_ms=20, family=4, **good),
        GreetingStage(
            ok=True, started=at(32), duration_ms=31, encrypted=False, **answered(reply(220, f"{HOST} ESMTP ready")), **good
        ),
        EhloStage(
            ok=True,
            started=at(63),
            duration_ms=22,
            encrypted=False,
            verb="EHLO",
            name="desk7.hotel.example",
            **answered(reply(250, f"{HOST} Hello [198.51.100.77]")),
            keywords=("PIPELINING", "SIZE 10240000", "STARTTLS"),
            **good,
        ),
        StarttlsStage(ok=True, started=at(85), duration_ms=20, offered=True, **answered(reply(220, "Go ahead", "2.0.0")), **good),
        TlsStage(ok=True, started=at(105), duration_ms=48, mode="starttls", tls=facts, **good),
        AuthStage(
            ok=None,
            started=at(160),
            duration_ms=0,
            encrypted=True,
            verified=False,
            user="frontdesk@hotel.example",
            why_not="unverified",
            **good,
        ),
        QuitStage(ok=True, started=at(161), duration_ms=20, **answered(reply(221, "Bye", "2.0.0")), **good),
        TcpStage(
            ok=None,
            started=at(12),
            duration_ms=5000,
            family=6,
            host=HOST,
            port=PORT,
            address=SILENT,
            connection=1,
            problem="timeout",
        ),
    )
    transcript = (
        Line(direction="server", at_ms=63, line=f"220 {HOST} ESMTP ready", address=GOOD),
        Line(direction="client", at_ms=63, line="EHLO desk7.hotel.example", address=GOOD),
        Line(direction="server", at_ms=85, line=f"250-{HOST} Hello [198.51.100.77]", address=GOOD),
        Line(direction="client", at_ms=85, line="STARTTLS", address=GOOD),
        Line(direction="note", at_ms=153, line="TLSv1.3, certificate past its end", address=GOOD),
    )
    cause = Finding(
        code="tls.certificate-expired",
        severity="error",
        stage="tls",
        subject=f"{HOST}:{PORT}",
        summary="The server's certificate ended on 2026-03-03, so no careful client logs in.",
        detail="Every program that checks certificates stops here; those that do not check give the password to anyone.",
        evidence={"not_after": "2026-03-03T00:00:00Z", "days_over": 247, "openssl": "certificate has expired"},
        fix=(
            Fix(who="provider", action=f"Renew the certificate of {HOST} and restart the mail service."),
            Fix(who="support", action="Change nothing in the settings until then.", where="erp.port"),
        ),
        refs=("https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5",),
        temporary=False,
    )
    silent = Finding(
        code="tcp.address-broken",
        severity="warning",
        stage="tcp",
        subject=f"{HOST}:{PORT} [{SILENT}]",
        summary="The IPv6 address does not answer; programs that try it first wait.",
        evidence={"waited_ms": 5000},
        fix=(Fix(who="provider", action="Repair the IPv6 address or take it out of the DNS."),),
    )
    greeted = Finding(
        code="greeting.ok", severity="ok", stage="greeting", subject=f"{HOST}:{PORT}", summary="The server greets within 31 ms."
    )
    return ProbeDocument(
        target=f"{HOST}:{PORT}",
        kind="endpoint",
        started=START,
        duration_ms=5012,
        verdict="error",
        headline="The server's certificate ended on 2026-03-03: the administrator of the mail server must renew it.",
        findings=(cause, silent, greeted),
        not_tested=(NotTested(stage="auth", because="tls.certificate-expired", endpoint=f"{HOST}:{PORT}", address=GOOD),),
        address_family_results=(
            AddressFamilyResult(address=GOOD, family=4, ok=True, connect_ms=20),
            AddressFamilyResult(address=SILENT, family=6, ok=None, error="timeout"),
        ),
        endpoints=(
            EndpointResult(
                host=HOST,
                port=PORT,
                asked="auto",
                security="starttls",
                leading_address=GOOD,
                addresses=(
                    AddressResult(address=GOOD, family=4, ok=True, connect_ms=20, security="starttls", tls=facts, connections=1),
                    AddressResult(address=SILENT, family=6, ok=None, error="timeout", connections=1),
                ),
                stages=stages,
                tls=facts,
                transcript=transcript,
            ),
        ),
        connections={GOOD: 1, SILENT: 1},
        wanted=("auth",),
        tool="mailkit 0.1.0",
    )


HOSTILE = "<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07 ![x](http://evil.example/p.png) `` ``` @everyone =cmd|' /C calc'!A0"


@pytest.fixture
def hostile() -> ProbeDocument:
    """A file that somebody else wrote: every text in it tries to act."""
    where = {"host": HOSTILE, "port": 25, "address": HOSTILE, "connection": 1}
    return ProbeDocument(
        target=HOSTILE,
        kind="endpoint",
        started=START,
        duration_ms=1,
        verdict="error",
        headline=HOSTILE,
        findings=(
            Finding(
                code=HOSTILE,
                severity="error",
                stage=HOSTILE,
                subject=HOSTILE,
                summary=HOSTILE,
                detail=HOSTILE,
                evidence={HOSTILE: [HOSTILE], "nested": {HOSTILE: HOSTILE}},
                fix=(Fix(who="provider", action=HOSTILE, where=HOSTILE),),
                refs=(HOSTILE, f"javascript:{HOSTILE}"),
            ),
            Finding(code=HOSTILE, severity="ok", stage=HOSTILE, subject=HOSTILE, summary=HOSTILE),
        ),
        not_tested=(NotTested(stage=HOSTILE, because=HOSTILE, endpoint=HOSTILE, address=HOSTILE),),
        endpoints=(
            EndpointResult(
                host=HOSTILE,
                port=25,
                asked="auto",
                leading_address=HOSTILE,
                stages=(
                    GreetingStage(
                        ok=False, started=START, duration_ms=1, encrypted=False, raw=HOSTILE, problem="malformed", **where
                    ),
                ),
                transcript=(Line(direction="server", at_ms=1, line=HOSTILE, address=HOSTILE),),
            ),
        ),
        tool=HOSTILE,
    )
