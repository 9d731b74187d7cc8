"""SPF, DKIM and DMARC checked here, now: what the mail shows and what the name service says of its domains.

dkimpy checks signatures and pyspf evaluates SPF; both want to ask the name service by themselves. They are given the answers we
have instead, and where one is missing they are interrupted, the question is asked with deadlines of our own, and they begin
again: so they stay pure, and nothing of theirs waits. What cannot be told is told so: ``unknown``, and why.
"""

from __future__ import annotations

import asyncio
import logging
import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import dns.rdatatype
from msgspec.structs import replace

from mailkit.mail.follow.arrival import Check, Copy, Result, Signature, Verified
from mailkit.mail.follow.border import domain_of
from mailkit.mail.follow.header import opened
from mailkit.mail.follow.reading import address_of
from mailkit.net.names import Answer, Resolver
from mailkit.text import shorten, visible

__all__ = ["verified"]

T = TypeVar("T")

_QUESTIONS = 60
"""Look-ups for one check; SPF itself allows ten mechanisms that need some (RFC 7208, 4.6.4)."""
_SECONDS = 20.0
_SIGNATURES = 8
_LARGEST = 10 << 20
_MOST_LINES = 1500
"""Header lines up to which a signature is checked: the library's work grows with their square."""
_LONGEST_SIGNATURE = 6000
_LONGEST_BLANK = 1000
"""Blanks in a row: the library's work grows with the square of these too."""
_RESULTS: dict[str, Result] = {
    "pass": "pass",
    "fail": "fail",
    "softfail": "softfail",
    "neutral": "neutral",
    "none": "none",
    "temperror": "temperror",
    "permerror": "permerror",
}

_quiet = logging.getLogger("mailkit.dkim")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # what it says of a mail is told in our own words


class _Unasked(BaseException):
    """A question whose answer is not there yet. No ``Exception``: the libraries would take it for their own."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self.name, self.kind = name, kind


Known = dict[tuple[str, str], Answer]


async def verified(copy: Copy, raw: bytes, resolver: Resolver) -> Copy:
    """Check a copy here.

    Args:
        copy: as :func:`mailkit.mail.follow.reading.read_copy` read it.
        raw: the same mail as it came; a header alone leaves the signatures unknown.
        resolver: whom to ask.
    """
    author = address_of(copy.header_from)
    await asyncio.to_thread(domain_of, "example.com")  # its list of suffixes is read from a file, once
    domain = author.rpartition("@")[2].lower() if author else None
    known: Known = {}
    try:
        async with asyncio.timeout(_SECONDS):
            dkim = await _dkim(raw, copy, domain, known, resolver)
            spf = await _spf(copy, domain, known, resolver)
            dmarc = await _dmarc(domain, spf, dkim, known, resolver)
    except TimeoutError:
        late = Check(result="unknown", because="the name service took too long")
        return replace(copy, verified=Verified(spf=late, dkim=(), dmarc=late))
    return replace(copy, verified=Verified(spf=spf, dkim=dkim, dmarc=dmarc))


async def _answered(work: Callable[[Callable[[str, str], Answer]], T], known: Known, resolver: Resolver) -> T | None:
    """Run ``work`` until no answer is missing; ``None`` when it asks too much."""

    def ask(name: str, kind: str) -> Answer:
        try:
            return known[name.lower().rstrip("."), kind]
        except KeyError:
            raise _Unasked(name.lower().rstrip("."), kind) from None

    def attempt() -> tuple[T] | _Unasked:
        try:
            return (work(ask),)
        except _Unasked as question:
            return question

    for _ in range(_QUESTIONS):
        result = await asyncio.to_thread(attempt)
        if not isinstance(result, _Unasked):
            return result[0]
        known[result.name, result.kind] = await resolver.records(result.name, result.kind)
    return None


# ── DKIM ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _dkim(raw: bytes, copy: Copy, author: str | None, known: Known, resolver: Resolver) -> tuple[Signature, ...]:
    head = opened(raw)
    number = min(len(head.all("dkim-signature")), _SIGNATURES)
    if not number and not head.left_out:
        return ()
    if why := _not_to_be_checked(raw, copy):
        return (Signature(result="unknown", because=why),)
    found: list[Signature] = []
    for at in range(number):
        one = await _answered(lambda ask, at=at: _signature(raw, at, ask), known, resolver)  # type: ignore[misc]  # mypy: a lambda's default
        one = one or Signature(result="unknown", because="the signature asks for too much")
        found.append(replace(one, aligned=_aligned(one.domain, author)))
    return tuple(found)


def _not_to_be_checked(raw: bytes, copy: Copy) -> str | None:
    if not copy.complete:
        return "only the header is there; a signature covers the text too"
    if copy.notes:
        return "the source was changed by copying"
    if len(raw) > _LARGEST:
        return "the mail is too large"
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if head.count(b"\n") > _MOST_LINES or max(map(len, re.findall(rb"[ \t]+", raw)), default=0) > _LONGEST_BLANK:
        return "the mail is not like one of a mail program; checking it would take too long"
    return None


def _signature(raw: bytes, at: int, ask: Callable[[str, str], Answer]) -> Signature:
    import dkim  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded only where a mail bears a signature; it has no types

    mail = re.sub(rb"\r?\n", b"\r\n", raw.lstrip(b"\r\n"))
    checker = dkim.DKIM(mail, logger=_quiet, minkey=1024)
    because: str | None = None
    result: Result = "fail"
    selector = domain = None
    try:
        prepared = checker.verify_headerprep(at)
        if not prepared:
            return Signature(result="none")
        domain, selector = (visible(checker.signature_fields[key].strip())[:255].lower() for key in (b"d", b"s"))
        if len(prepared[2][at][1]) > _LONGEST_SIGNATURE or len(prepared[1]) > 200:
            return Signature(result="unknown", domain=domain, selector=selector, because="the signature is too long")
        answer = ask(f"{selector}._domainkey.{domain}", "TXT")
        key, trouble, because = _key(answer)
        if trouble:
            return Signature(result=trouble, domain=domain, selector=selector, because=because)
        good = checker.verify(at, dnsfunc=lambda _name, timeout=5: key)  # noqa: ARG005 - the library's signature
        result = "pass" if good else "fail"
        because = (
            None if good else "the signature does not fit the header: a signed line was changed on the way, or the key is another"
        )
    except dkim.DKIMException as error:
        result, because = _dkim_error(error)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's mail makes the library stumble over is no answer
        result, because = "unknown", f"the signature cannot be read ({type(error).__name__})"
    return Signature(result=result, domain=domain, selector=selector, because=because, bits=checker.keysize or None)


def _key(answer: Answer) -> tuple[bytes | None, Result | None, str | None]:
    """Give the key record, or the result that follows from there being none."""
    if answer.status in ("not-found", "no-data"):
        return None, "permerror", "the name service has no such key"
    if answer.status != "ok":
        return None, "temperror", f"the key could not be looked up ({answer.text or answer.status})"
    texts = [text for text in _texts(answer) if b"p=" in text] or _texts(answer)
    key = texts[0][:4000] if texts else b""
    if re.search(rb"(?:^|;)\s*p\s*=\s*(?:;|$)", key):
        return None, "permerror", "the key was withdrawn"
    return key, None, None


def _dkim_error(error: Exception) -> tuple[Result, str]:
    text = visible(str(error))
    for sign, result, because in (
        ("body hash mismatch", "fail", "the text of the mail was changed after it was signed"),
        ("too small", "policy", "the key is too short (under 1024 bits)"),
        ("expired", "fail", "the signature has run out"),
        ("x= value", "fail", "the signature has run out"),
        ("pynacl", "unknown", "the signature is of a kind (Ed25519) that is not checked here"),
    ):
        if sign in text.lower():
            return result, because  # type: ignore[return-value]  # each is one of the words
    return "permerror", shorten(f"the signature or its key is malformed ({text})", 200)


# ── SPF ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _spf(copy: Copy, author: str | None, known: Known, resolver: Resolver) -> Check:
    border = copy.border
    if border is None or border.address is None:
        return Check(result="unknown", because="the mail does not show from which address it came to the receiver's servers")
    if copy.return_path is None:
        return Check(result="unknown", because="the mail does not show its envelope sender (no Return-Path)")
    sender = "" if copy.return_path == "<>" else copy.return_path
    helo = border.from_ or border.name or "unknown"
    domain = sender.rpartition("@")[2].lower() or helo
    answer = await _answered(lambda ask: _evaluated(border.address or "", sender, helo, ask), known, resolver)
    result, because = answer or ("permerror", "the record asks for too many look-ups")
    record = next((text for text in _texts(known.get((domain, "TXT"))) if text.lower().startswith(b"v=spf1")), None)
    return Check(
        result=result,
        domain=domain,
        aligned=_aligned(domain, author),
        because=because,
        record=shorten(visible(record), 500) if record else None,
    )


def _evaluated(address: str, sender: str, helo: str, ask: Callable[[str, str], Answer]) -> tuple[Result, str | None]:
    spf = _pyspf()

    class Query(spf.query):  # type: ignore[misc,name-defined]  # pyspf has no types
        """An evaluation that asks nobody but us."""

        def dns(self, name: object, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002, FBT001, FBT002 - as the library has it
            plain = str(name).rstrip(".")
            if not plain or any(not 0 < len(label) < 64 for label in plain.split(".")) or len(plain) > 253:
                return []
            answer = ask(plain, qtype)
            if answer.status not in ("ok", "not-found", "no-data"):
                raise spf.TempError(f"{plain}: {answer.text or answer.status}")
            found = [value for record in answer.records if (value := _as_pyspf(record, qtype)) is not None]
            if not found and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError("more than two look-ups found nothing")
            return found

    try:
        word, _, text = Query(i=address, s=sender, h=helo, receiver="mailkit").check()
    except Exception as error:  # noqa: BLE001 - whatever a stranger's record makes the library stumble over is no answer
        return "unknown", f"the record cannot be evaluated ({type(error).__name__})"
    because = None if word in ("pass", "none") else shorten(visible(str(text)), 300)
    return _RESULTS.get(word, "unknown"), because


@cache
def _pyspf() -> Any:  # noqa: ANN401 - a module without types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its source has escapes that Python has come to warn of
        import spf  # type: ignore[import-untyped]  # noqa: PLC0415 - loaded only where a mail came from outside; it has no types
    return spf


def _as_pyspf(record: Any, kind: str) -> object | None:  # noqa: ANN401 - a record of any kind
    if dns.rdatatype.to_text(record.rdtype) != kind:
        return None
    match kind:
        case "TXT":
            return tuple(record.strings)
        case "A" | "AAAA":
            return str(record.address)
        case "MX":
            return record.preference, record.exchange.to_text(omit_final_dot=True)
        case "PTR":
            return str(record.target.to_text(omit_final_dot=True))
    return None


# ── DMARC ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _dmarc(author: str | None, spf: Check, dkim: tuple[Signature, ...], known: Known, resolver: Resolver) -> Check:
    """Evaluate DMARC (RFC 7489, 6.6): a pass of SPF or DKIM for the domain that stands in the From."""
    if author is None:
        return Check(result="unknown", because="the mail has no usable From")
    above = domain_of(author)
    record, tags = None, dict[str, str]()
    for name in dict.fromkeys((author, above or author)):
        answer = known.setdefault((f"_dmarc.{name}", "TXT"), await resolver.records(f"_dmarc.{name}", "TXT"))
        if answer.status not in ("ok", "not-found", "no-data"):
            return Check(result="temperror", domain=author, because=f"_dmarc.{name}: {answer.text or answer.status}")
        records = [text for text in _texts(answer) if re.match(rb"\s*v\s*=\s*DMARC1\s*(?:;|$)", text)]
        if len(records) == 1:
            record = visible(records[0])[:1000]
            tags = _tags(record)
            break
    if record is None:
        return Check(result="none", domain=author, because="the domain has no DMARC record")
    policy = (tags.get("sp") if author != above and name == above else None) or tags.get("p", "none")
    told = Check(result="fail", domain=author, policy=policy.lower()[:20], record=shorten(record, 500))
    strict_spf, strict_dkim = (tags.get(tag, "r").lower() == "s" for tag in ("aspf", "adkim"))
    if spf.result == "pass" and (spf.domain == author if strict_spf else spf.aligned):
        return replace(told, result="pass", because=f"SPF passes for {spf.domain}")
    for one in dkim:
        if one.result == "pass" and (one.domain == author if strict_dkim else one.aligned):
            return replace(told, result="pass", because=f"the signature of {one.domain} is good")
    if spf.result in ("unknown", "temperror") or any(one.result in ("unknown", "temperror") for one in dkim):
        return replace(told, result="unknown", because="SPF or a signature could not be checked")
    passing = [one.domain for one in (spf, *dkim) if one.result == "pass" and one.domain]
    why = f"what passes is for {', '.join(passing)}" if passing else "neither SPF nor a signature passes"
    return replace(told, because=f"{why}, not for {author}" if passing else why)


def _aligned(domain: str | None, author: str | None) -> bool | None:
    if domain is None or author is None:
        return None
    return (domain_of(domain) or domain) == (domain_of(author) or author)


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";")[:30])
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def _texts(answer: Answer | None) -> list[bytes]:
    """Give TXT records, each with its strings joined (RFC 7208, 3.3)."""
    return [b"".join(strings) for one in (answer.records if answer else ()) if (strings := getattr(one, "strings", None))]
