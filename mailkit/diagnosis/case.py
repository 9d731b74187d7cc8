"""What the judging modules look at and what they hand over: a place in the document, and an opinion about it.

A judge takes a :class:`Place` (one address of one endpoint) or the whole document and yields :class:`Opinion`; it chooses code,
variant and evidence. :mod:`mailkit.diagnosis.verdict` merges, orders and words the opinions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeVar

from msgspec import Struct

from mailkit.diagnosis.replies import Interpretation
from mailkit.finding import Severity
from mailkit.observation import AddressResult, EhloStage, EndpointResult, GreetingStage, Observation, ProbeDocument, Reply, Stage
from mailkit.text import shorten

__all__ = ["STEPS", "Opinion", "Place", "Step", "places", "said"]

RELAY_PORT = 25

Step = Literal["dns", "tcp", "greeting", "ehlo", "tls", "auth", "sender", "recipient", "session"]

STEPS: tuple[Step, ...] = ("dns", "tcp", "greeting", "ehlo", "tls", "auth", "sender", "recipient", "session")
"""The causal order: what broke earlier explains what is broken later."""

S = TypeVar("S", bound=Stage)

REPLY_LIMIT = 500
"""Characters of a server's text that a finding keeps; the transcript has the rest."""


class Place(Struct, frozen=True, kw_only=True):
    """Where something was seen: the target as a whole, one endpoint of it, or one address of that endpoint."""

    document: ProbeDocument
    endpoint: EndpointResult | None = None
    address: AddressResult | None = None
    stages: tuple[Observation, ...] = ()
    """What was seen here, in order."""

    @property
    def host(self) -> str | None:
        """The host, when the place is an endpoint."""
        return self.endpoint.host if self.endpoint else None

    @property
    def port(self) -> int | None:
        """The port, when the place is an endpoint."""
        return self.endpoint.port if self.endpoint else None

    @property
    def relay(self) -> bool:
        """Mail passes between servers here, nobody logs in: port 25, and whatever port a domain's exchangers are asked on."""
        return self.port == RELAY_PORT or self.document.kind == "mx"

    @property
    def other_service(self) -> str | None:
        """The kind of server the greeting betrays when it is not SMTP; what answers EHLO is SMTP, whatever it calls itself."""
        if any(stage.ok for stage in self.all(EhloStage)):
            return None
        return next((stage.service for stage in self.all(GreetingStage) if stage.service not in (None, "tls")), None)

    @property
    def name(self) -> str:
        """``host:port``, with brackets around an IPv6 address; or the target."""
        if self.endpoint is None:
            return self.document.target
        host = self.endpoint.host
        return f"[{host}]:{self.endpoint.port}" if ":" in host else f"{host}:{self.endpoint.port}"

    def all(self, kind: type[S]) -> list[S]:
        """Give the observations of one kind, in order."""
        return [stage for stage in self.stages if isinstance(stage, kind)]

    def has(self, kind: type[Stage]) -> bool:
        """Tell whether an observation of this kind was made here."""
        return any(isinstance(stage, kind) for stage in self.stages)


class Opinion(Struct, frozen=True, kw_only=True):
    """One thing to say: its code, where and at which step it was seen, and how we know."""

    code: str
    place: Place
    at: Step
    variant: str | None = None
    severity: Severity | None = None
    """Instead of the one in the table."""
    evidence: dict[str, Any] = {}
    words: dict[str, Any] = {}
    """What only the sentences need."""
    subject: str | None = None
    """Instead of ``host:port``."""
    temporary: bool | None = None
    """Instead of the one in the table."""
    confidence: Literal["sure", "likely", "guess"] = "sure"
    about: str = ""
    """Opinions with one code about one endpoint are said once, with all addresses, unless this differs."""
    blocks: bool = False
    """Nothing behind this step was reached because of it."""
    meaning: Interpretation | None = None
    """What the server's words mean, where there are words."""


def places(document: ProbeDocument) -> Iterator[Place]:
    """Give every address of every endpoint, each with its own observations."""
    for endpoint in document.endpoints:
        for address in endpoint.addresses:
            stages = tuple(stage for stage in endpoint.stages if stage.address == address.address)
            yield Place(document=document, endpoint=endpoint, address=address, stages=stages)


def said(reply: Reply | None) -> dict[str, Any]:
    """Give a reply as evidence."""
    if reply is None:
        return {}
    return {"reply_code": reply.code, "enhanced_code": reply.enhanced_code, "reply": shorten(reply.text, REPLY_LIMIT)}
