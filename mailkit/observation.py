"""What was seen: facts with a time and a duration, and the document that holds those of one target.

An observation has no opinion in it. :mod:`mailkit.probe` makes observations, :func:`mailkit.probe.document.assemble` orders them
into a :class:`ProbeDocument`, :mod:`mailkit.diagnosis` judges that document, live or read back from a file.

It is one long table on purpose: the JSON Schema of the document is made of it, and it is read from top to bottom.

Unknown is ``None`` everywhere, never an empty text. ``ok`` has three values: it worked, it did not, and ``None``: could not
tell (no answer in time). Times are UTC, durations milliseconds, text is already harmless (:func:`mailkit.text.visible`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from mailkit.finding import Finding, Severity

__all__ = [
    "AddressFamilyResult",
    "AddressResult",
    "Answered",
    "Asked",
    "AuthFacts",
    "AuthResult",
    "AuthStage",
    "Certificate",
    "ClearMailStage",
    "DnsStage",
    "DnsStatus",
    "EhloStage",
    "EndpointResult",
    "Exchanger",
    "GreetingStage",
    "InjectionStage",
    "Line",
    "NotTested",
    "Observation",
    "ProbeDocument",
    "Problem",
    "QuitStage",
    "RecipientStage",
    "Reply",
    "Security",
    "SenderStage",
    "Stage",
    "StarttlsStage",
    "TcpStage",
    "TlsFacts",
    "TlsStage",
    "TlsaRecord",
    "UsedBy",
    "VerifyError",
    "answered",
]

Security = Literal["none", "starttls", "implicit"]
"""How a connection is protected; ``implicit`` is TLS from the first byte (RFC 8314)."""

Asked = Literal["auto", "none", "starttls", "implicit"]

Problem = Literal[
    "timeout",  # no (complete) answer in the time allowed
    "refused",  # connection refused (a RST to the SYN)
    "unreachable",  # no route, network or host unreachable, or a local firewall forbids it
    "reset",  # the connection was reset
    "closed",  # the peer closed the connection in the middle
    "malformed",  # not an SMTP reply
    "too-long",  # a line or a reply beyond every sensible limit
    "tls",  # the TLS layer failed; text is OpenSSL's reason
    "cancelled",  # stopped by the user
    "deadline",  # the total time for this target was over
    "budget",  # would have needed one connection more than allowed
    "failed",
]

DnsStatus = Literal[
    "ok", "not-found", "no-data", "server-failure", "timeout", "refused", "alias-loop", "bogus", "no-resolver", "malformed"
]
"""``not-found``: the name does not exist (NXDOMAIN). ``no-data``: it exists without such a record. ``bogus``: DNSSEC validation
failed. ``refused``: the name server answered REFUSED. ``no-resolver``: this machine has no resolver configured."""

AuthResult = Literal["accepted", "rejected", "temporary", "not_tried"]


class Line(Struct, frozen=True, kw_only=True):
    """One line of a conversation. Secrets were replaced where the line was recorded."""

    direction: Literal["client", "server", "note"]
    at_ms: float
    line: str
    connection: int = 1
    address: str | None = None


class Reply(Struct, frozen=True, kw_only=True):
    """One SMTP reply (RFC 5321, 4.2): ``text`` is all lines joined without codes, ``lines`` keeps them apart."""

    code: int
    enhanced_code: str | None
    text: str
    lines: tuple[str, ...] = ()


class Stage(Struct, frozen=True, kw_only=True, tag_field="stage"):
    """Base of all observations: one step, whether it worked, when, how long, at which address and on which connection."""

    ok: bool | None
    started: datetime
    duration_ms: float
    host: str | None = None
    port: int | None = None
    address: str | None = None
    connection: int | None = None
    """Number of the connection to this address, 1 is the first; ``None`` for a look-up."""
    problem: Problem | None = None
    """Why the step did not work, when it was not the server's reply that said so."""
    problem_text: str | None = None
    transcript: tuple[Line, ...] = ()
    """The lines of this step; moved to :attr:`EndpointResult.transcript` in the document."""


class Answered(Stage, frozen=True, kw_only=True):
    """Base of the steps a reply belongs to. Give the reply as ``**answered(reply)``; read it as ``stage.reply``."""

    reply_code: int | None = None
    enhanced_code: str | None = None
    reply_text: str | None = field(default=None, name="reply")
    """All lines joined, without codes (``reply`` in JSON)."""
    reply_lines: tuple[str, ...] = ()

    @property
    def reply(self) -> Reply | None:
        """The reply; ``None`` when there was none."""
        if self.reply_code is None:
            return None
        return Reply(code=self.reply_code, enhanced_code=self.enhanced_code, text=self.reply_text or "", lines=self.reply_lines)


def answered(reply: Reply | None) -> dict[str, Any]:
    """Give the fields of :class:`Answered` that hold a reply."""
    if reply is None:
        return {}
    return {"reply_code": reply.code, "enhanced_code": reply.enhanced_code, "reply_text": reply.text, "reply_lines": reply.lines}


class Exchanger(Struct, frozen=True, kw_only=True):
    """One MX record (RFC 5321, 5.1)."""

    preference: int
    host: str


class TlsaRecord(Struct, frozen=True, kw_only=True):
    """One TLSA record (RFC 6698); ``data`` in lower-case hexadecimal."""

    usage: int
    selector: int
    matching_type: int
    data: str


class DnsStage(Stage, frozen=True, kw_only=True, tag="dns"):
    """One question to the name service."""

    what: Literal["address", "mx", "reverse", "tlsa"]
    name: str
    """The name asked for; for ``reverse`` the address."""
    status: DnsStatus
    source: Literal["dns", "hosts-file", "system"] = "dns"
    resolver: str | None = None
    answers: tuple[str, ...] = ()
    """Addresses; or exchanger names; or the names an address points back to."""
    exchangers: tuple[Exchanger, ...] = ()
    records: tuple[TlsaRecord, ...] = ()
    aliases: tuple[str, ...] = ()
    """The chain of CNAMEs followed, without the name asked for."""
    authenticated: bool | None = None
    """The resolver said it validated the answer (AD flag)."""
    confirmed: tuple[str, ...] = ()
    """For ``reverse``: those names whose own addresses include the address (forward confirmation)."""
    family_status: dict[str, DnsStatus] = {}
    """For ``address``: the status of the A and of the AAAA question, under those names."""


class TcpStage(Stage, frozen=True, kw_only=True, tag="tcp"):
    """One TCP connection."""

    family: Literal[4, 6]


class GreetingStage(Answered, frozen=True, kw_only=True, tag="greeting"):
    """What the server said first."""

    encrypted: bool
    raw: str | None = None
    """The first bytes when they were not an SMTP reply (at most 400 characters)."""
    service: str | None = None
    """The kind of server the bytes betray when it is not SMTP: ``http``, ``ssh``, ``pop3``, ``imap``, ``ftp``, ``lmtp``, …"""
    speaks_tls: bool | None = None
    """A ClientHello on a connection of its own was answered with TLS; ``None``: not tried, or no answer."""
    unasked: tuple[str, ...] = ()
    """Lines that came behind the greeting before anything was asked."""


class EhloStage(Answered, frozen=True, kw_only=True, tag="ehlo"):
    """EHLO (or HELO when EHLO was refused) and the answer."""

    encrypted: bool
    verb: Literal["EHLO", "HELO"]
    name: str
    """The name this side gave."""
    refused: Reply | None = None
    """The reply to EHLO when HELO had to be used."""
    keywords: tuple[str, ...] = ()
    """Keyword lines as sent (``"SIZE 10240000"``), without the first line."""
    lines_received: int = 0
    """Complete lines received, also of a reply that never ended."""
    unasked: tuple[str, ...] = ()


class StarttlsStage(Answered, frozen=True, kw_only=True, tag="starttls"):
    """The STARTTLS command and its reply (RFC 3207)."""

    offered: bool
    masked: str | None = None
    """A keyword or greeting that a device in between has overwritten (``XXXXXXXA``, ``250-********``)."""
    plaintext_after_reply: str | None = None
    """Bytes the server sent in the clear behind its 220, before TLS; they were thrown away."""


class VerifyError(Struct, frozen=True, kw_only=True):
    """One objection of OpenSSL to the chain: its number (``X509_V_ERR_*``), words, and the depth (0 is the server's own)."""

    number: int
    depth: int
    text: str


class Certificate(Struct, frozen=True, kw_only=True):
    """One certificate of the chain as sent, the server's own first."""

    subject: str
    issuer: str
    serial: str
    """Hexadecimal."""
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    """DNS names and addresses of the subjectAltName."""
    key_type: str
    """``RSA``, ``EC``, ``Ed25519``, …"""
    key_bits: int | None
    signature: str | None
    """Hash of the signature: ``sha256``, ``sha1``, … ; ``None`` where the scheme has none of its own."""
    is_ca: bool | None
    self_signed: bool
    server_auth: bool | None
    """May identify a server (extendedKeyUsage); ``None`` when the certificate does not say."""
    issuer_urls: tuple[str, ...]
    """Where the issuer's certificate can be fetched (authorityInfoAccess)."""
    sha256: str
    public_key_sha256: str
    tlsa: dict[str, str] = {}
    """This certificate as TLSA data: ``"<selector>-<matching type>"`` to hexadecimal, for the records that were found."""


class TlsFacts(Struct, frozen=True, kw_only=True):
    """A TLS session and the certificate chain, with every objection from the one handshake."""

    version: str | None = None
    """``TLSv1.3`` …"""
    cipher: str | None = None
    group: str | None = None
    chain: tuple[Certificate, ...] = ()
    verified: bool | None = None
    """Chain, dates, purpose and name are good for the trust store used; ``None``: no store on this machine, or no chain."""
    errors: tuple[VerifyError, ...] = ()
    server_name: str | None = None
    """The name the certificate was compared with."""
    name_matches: bool | None = None
    trust: str | None = None
    """Which trust anchors: ``"system"``, or the base name of the CA file; ``None`` when there were none to be found."""
    issuer_known: bool | None = None
    """The last certificate's issuer is among the trust anchors."""
    issuer_related: bool | None = None
    """A trust anchor of the CA file belongs to the same organisation as the unknown issuer; ``None``: not asked."""
    unreadable: str | None = None
    """Why the server's certificate could not be decoded."""
    client_certificate_requested: bool = False


class TlsStage(Stage, frozen=True, kw_only=True, tag="tls"):
    """One TLS handshake."""

    mode: Literal["starttls", "implicit"]
    tls: TlsFacts | None = None
    last_step: str | None = None
    """OpenSSL's words for the last step of the handshake that was reached."""
    received: str | None = None
    """The first bytes when the answer to the ClientHello was not TLS."""
    plaintext_before: str | None = None
    """Text lines the server sent after the ClientHello, before its TLS answer."""


class ClearMailStage(Answered, frozen=True, kw_only=True, tag="mail-in-clear"):
    """``MAIL FROM:<>`` before STARTTLS, taken back with RSET: does the server insist on TLS?"""


class InjectionStage(Stage, frozen=True, kw_only=True, tag="injection"):
    """A harmless NOOP sent in one packet with STARTTLS: does the server carry out inside TLS what came in the clear?"""

    executed: bool | None = None
    evidence: str | None = None


class AuthFacts(Struct, frozen=True, kw_only=True):
    """What was offered for a log-in and what came of the one attempt. ``None``: that EHLO was not seen."""

    offered_before_tls: tuple[str, ...] | None = None
    offered: tuple[str, ...] | None = None
    tried: str | None = None
    result: AuthResult = "not_tried"


class AuthStage(Answered, frozen=True, kw_only=True, tag="auth"):
    """The one log-in attempt, or the reason why there was none."""

    encrypted: bool
    verified: bool | None
    user: str | None
    """The user name as given."""
    tried: str | None = None
    result: AuthResult = "not_tried"
    why_not: (
        Literal[
            "not-offered",  # the server offers no AUTH here
            "mechanism-not-offered",  # not the one asked for, or none that both sides know
            "unencrypted",  # it would go over the wire in the clear, and nobody allowed that
            "unverified",  # the certificate fails, and nobody allowed that
            "already-rejected",  # the same credentials were refused elsewhere in this run
        ]
        | None
    ) = None
    offered: tuple[str, ...] = ()
    challenge: str | None = None
    """The decoded JSON of a token refusal (RFC 7628, 3.2.2; XOAUTH2 alike)."""
    server_proved: bool | None = None
    """SCRAM: the server proved to know the password too."""


class SenderStage(Answered, frozen=True, kw_only=True, tag="sender"):
    """MAIL FROM."""

    encrypted: bool
    authenticated: bool
    sender: str


class RecipientStage(Answered, frozen=True, kw_only=True, tag="recipient"):
    """RCPT TO; nothing is sent afterwards (RSET)."""

    encrypted: bool
    authenticated: bool
    sender: str
    recipient: str


class QuitStage(Answered, frozen=True, kw_only=True, tag="session"):
    """The end of a connection: QUIT and its answer, or how it ended without."""

    after: str | None = None
    """The stage in which the connection ended, when it was not with QUIT."""
    unasked: tuple[str, ...] = ()


Observation = (
    DnsStage
    | TcpStage
    | GreetingStage
    | EhloStage
    | StarttlsStage
    | TlsStage
    | ClearMailStage
    | InjectionStage
    | AuthStage
    | SenderStage
    | RecipientStage
    | QuitStage
)


class AddressFamilyResult(Struct, frozen=True, kw_only=True):
    """Whether one address of a target can be reached at all, for comparing IPv4 and IPv6."""

    address: str
    family: Literal[4, 6]
    ok: bool | None
    """A connection was made; ``None``: no answer."""
    connect_ms: float | None = None
    error: Problem | None = None


class AddressResult(AddressFamilyResult, frozen=True, kw_only=True):
    """What one address of an endpoint gave. The stages and the transcript of the endpoint name the address on each entry."""

    security: Security | None = None
    tls: TlsFacts | None = None
    ehlo_before_tls: tuple[str, ...] | None = None
    ehlo_after_tls: tuple[str, ...] | None = None
    auth: AuthFacts = AuthFacts()
    connections: int = 0


class NotTested(Struct, frozen=True, kw_only=True):
    """A stage that was wanted and not reached, and the code of the finding that stood in its way."""

    stage: str
    because: str
    endpoint: str | None = None
    address: str | None = None


class EndpointResult(Struct, frozen=True, kw_only=True):
    """One host and port. ``security`` to ``auth`` are those of the leading address: the one that got furthest."""

    host: str
    port: int
    asked: Asked
    security: Security | None = None
    """What the server really speaks; ``None``: not found out."""
    preference: int | None = None
    """The preference of the MX record that led here."""
    leading_address: str | None = None
    addresses: tuple[AddressResult, ...] = ()
    stages: tuple[Observation, ...] = ()
    tls: TlsFacts | None = None
    ehlo_before_tls: tuple[str, ...] | None = None
    ehlo_after_tls: tuple[str, ...] | None = None
    auth: AuthFacts = AuthFacts()
    transcript: tuple[Line, ...] = ()
    not_tested: tuple[NotTested, ...] = ()


class UsedBy(Struct, frozen=True, kw_only=True):
    """Who sends through an endpoint, when it was found in a site file: for them its findings matter."""

    site: str
    """The file."""
    users: tuple[str, ...]
    mailings: tuple[str, ...]
    """The kinds of mail that take this way."""
    certain: bool = True
    """False: the file leaves open whether they really do."""


class ProbeDocument(Struct, frozen=True, kw_only=True, tag_field="schema", tag="mailkit.probe/1"):
    """All that was seen at one target, and what it means once it was diagnosed."""

    target: str
    kind: Literal["endpoint", "host", "mx"]
    started: datetime
    duration_ms: float
    verdict: Severity | None = None
    headline: str | None = None
    """The verdict in one sentence."""
    findings: tuple[Finding, ...] = ()
    not_tested: tuple[NotTested, ...] = ()
    address_family_results: tuple[AddressFamilyResult, ...] = ()
    endpoints: tuple[EndpointResult, ...] = ()
    stages: tuple[DnsStage, ...] = ()
    """Look-ups about the target as a whole (its MX records)."""
    connections: dict[str, int] = {}
    """How many connections were opened, per address."""
    wanted: tuple[str, ...] = ()
    """The stages asked for beyond the handshake: ``auth``, ``sender``, ``recipient``."""
    recipient_exchangers: tuple[str, ...] | None = None
    """The mail servers of the recipient's domain, when a recipient was given and they could be looked up."""
    stopped: Literal["user", "deadline"] | None = None
    """Why the probe ended before it was complete."""
    tool: str | None = None
    """Name and version of what made the observations."""
    used_by: UsedBy | None = None
