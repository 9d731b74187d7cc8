"""Judge the certificate: dates, name, trust, key, purpose, and the TLSA records that may stand in for an authority.

Every fault of the one handshake is a finding of its own. On port 25 a usable TLSA record of usage 3 makes name, dates and
authority irrelevant (RFC 7672, 3.1.1); on other ports mail programs do not look at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from mailkit.diagnosis.case import Opinion, Place
from mailkit.diagnosis.dns import is_address
from mailkit.diagnosis.knowledge import knowledge
from mailkit.observation import Certificate, DnsStage, TlsaRecord, TlsFacts, TlsStage

__all__ = ["judge_certificate", "promised", "short_name"]


# Numbers of OpenSSL's objections (X509_V_ERR_*, openssl-verification-options(1)).
_NO_ISSUER = frozenset({2, 20, 21})
_SELF_SIGNED_LEAF = 18
_SELF_SIGNED_CHAIN = 19
_EXPIRED = 10
_WRONG_PURPOSE = 26
_WEAK_KEY = frozenset({66, 67})
_WEAK_HASH = 68
# Spoken of elsewhere in this module, or saying nothing of their own (27: untrusted, follows from another).
_COVERED = _NO_ISSUER | _WEAK_KEY | {9, _EXPIRED, _SELF_SIGNED_LEAF, _SELF_SIGNED_CHAIN, _WRONG_PURPOSE, 27, _WEAK_HASH, 62, 64}

_WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})

_DANE_TA, _DANE_EE = 2, 3

_SUBORDINATE = re.compile(
    r"intermediate|issuing|subordinate|\bsub[ -]?ca\b|server ca\b|\b[DOE]V\b|^W?[RE]\d{1,2}$", re.IGNORECASE
)
_ROOT = re.compile(r"\broot\b", re.IGNORECASE)


def judge_certificate(place: Place, stage: TlsStage) -> Iterator[Opinion]:
    """Judge what one handshake showed of the server's certificate."""
    facts = stage.tls
    assert facts is not None
    if not facts.chain:
        evidence = {"observed": facts.unreadable}
        yield Opinion(code="tls.certificate-unreadable", place=place, at="tls", evidence=evidence)
        return
    dane, vouched = _dane(place, facts)
    found = [*_key(place, facts)]
    # RFC 7672: a match of usage 3 settles name, dates and trust; one of usage 2 only trust.
    silenced = vouched if place.relay else None
    if silenced != _DANE_EE:
        found = [*_dates(place, facts, stage.started), *_name(place, facts), *found]
    if silenced is None:
        found = [*found, *_trust(place, facts)]
    order = ("expired", "not-yet-valid", "name-mismatch", "self-signed", "untrusted", "incomplete")
    found.sort(key=lambda one: next((n for n, word in enumerate(order) if one.code.endswith(word)), len(order)))
    yield from found
    yield from dane
    if facts.verified and not any(one.code != "tls.certificate-expires-soon" for one in found):
        leaf = facts.chain[0]
        yield _about(
            place,
            facts,
            "tls.certificate-ok",
            words={"issuer": short_name(leaf.issuer)},
            more={"days": (leaf.not_after - stage.started).days},
        )


def _about(
    place: Place,
    facts: TlsFacts,
    code: str,
    *,
    certificate: Certificate | None = None,
    variant: str | None = None,
    words: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
) -> Opinion:
    one = certificate or facts.chain[0]
    evidence: dict[str, Any] = {
        "subject": one.subject,
        "issuer": one.issuer,
        "serial": one.serial,
        "not_before": one.not_before.isoformat(),
        "not_after": one.not_after.isoformat(),
        "names": list(one.names),
        "server_name": facts.server_name,
        "trust": facts.trust,
        "sha256": one.sha256,
        **(more or {}),
    }
    dates = {"not_before": f"{one.not_before:%Y-%m-%d}", "not_after": f"{one.not_after:%Y-%m-%d}"}
    return Opinion(
        code=code,
        place=place,
        at="tls",
        variant=variant,
        evidence=evidence,
        words=dates | (words or {}),
        about=one.sha256 or one.serial,
    )


# ── dates, name, key ───────────────────────────────────────────────────────────────────────────────────────────────


def _dates(place: Place, facts: TlsFacts, now: datetime) -> Iterator[Opinion]:
    leaf = facts.chain[0]
    left = (leaf.not_after - now).days
    if leaf.not_after < now:
        yield _about(place, facts, "tls.certificate-expired", more={"days": (now - leaf.not_after).days})
    elif leaf.not_before > now:
        yield _about(
            place,
            facts,
            "tls.certificate-not-yet-valid",
            words={"now": f"{now:%Y-%m-%d %H:%M} UTC"},
            more={"now": now.isoformat()},
        )
    elif left < knowledge().thresholds.certificate_soon_days:
        yield _about(place, facts, "tls.certificate-expires-soon", more={"days": left})
    # An old certificate further up only matters when the check went through it.
    objected = {error.depth for error in facts.errors if error.number == _EXPIRED}
    for depth, one in enumerate(facts.chain):
        if depth and depth in objected and one.not_after < now:
            yield _about(
                place,
                facts,
                "tls.certificate-expired",
                certificate=one,
                variant="intermediate",
                more={"days": (now - one.not_after).days},
            )


def _name(place: Place, facts: TlsFacts) -> Iterator[Opinion]:
    if facts.name_matches is not False:
        return
    names = facts.chain[0].names
    if not names:
        variant: str | None = "no-names"
    elif place.document.kind == "mx":
        variant = "exchanger"
    else:
        variant = "address" if facts.server_name and is_address(facts.server_name) else None
    # An address in the certificate is no name to recommend.
    words = {"names": [name for name in names if not is_address(name)] or list(names)}
    yield _about(
        place, facts, "tls.certificate-name-mismatch", variant=variant, words=words, more={"expected": facts.server_name}
    )


def _key(place: Place, facts: TlsFacts) -> Iterator[Opinion]:
    limits = knowledge().thresholds
    objected = {error.number for error in facts.errors}
    for depth, one in enumerate(facts.chain):
        least = {"RSA": limits.rsa_bits, "DSA": limits.rsa_bits, "EC": limits.ec_bits}.get(one.key_type, 0)
        if one.key_bits is not None and one.key_bits < least:
            variant = "objected" if objected & _WEAK_KEY else None
            more = {"key_type": one.key_type, "key_bits": one.key_bits, "depth": depth}
            yield _about(place, facts, "tls.certificate-weak-key", certificate=one, variant=variant, more=more)
        # What signed itself is trusted or not for other reasons; nobody checks that signature.
        if not one.self_signed and (one.signature or "").lower() in _WEAK_HASHES:
            variant = "objected" if _WEAK_HASH in objected else None
            more = {"signature": one.signature, "depth": depth}
            yield _about(place, facts, "tls.certificate-weak-signature", certificate=one, variant=variant, more=more)
    leaf = facts.chain[0]
    if leaf.server_auth is False or any(error.number == _WRONG_PURPOSE and error.depth == 0 for error in facts.errors):
        yield _about(place, facts, "tls.certificate-wrong-purpose")


# ── trust ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _trust(place: Place, facts: TlsFacts) -> Iterator[Opinion]:
    leaf, last = facts.chain[0], _end(facts)
    numbers = {error.number for error in facts.errors}
    if facts.verified:
        return
    if leaf.self_signed and (facts.trust is None or _SELF_SIGNED_LEAF in numbers or facts.issuer_known is False):
        yield _about(place, facts, "tls.certificate-self-signed")
        return
    if facts.trust is None:
        yield _about(place, facts, "tls.certificate-unchecked")
        return
    if not numbers & (_NO_ISSUER | {_SELF_SIGNED_LEAF, _SELF_SIGNED_CHAIN}):
        yield from _objections(place, facts)
        return
    words = {"issuer": short_name(last.issuer), "trust": facts.trust}
    if last.self_signed or _SELF_SIGNED_CHAIN in numbers:
        yield _about(place, facts, "tls.certificate-untrusted", words=words, more={"chain": _chain(facts)})
        return
    reading, sure = _missing_or_unknown(facts)
    if reading == "missing":
        url = next((url for url in last.issuer_urls if url.lower().startswith("http")), None)
        words["fetch"] = knowledge().words.fetch.format(url=url) if url else ""
        opinion = _about(
            place,
            facts,
            "tls.chain-incomplete",
            words=words,
            more={"missing": last.issuer, "fetch_from": url, "chain": _chain(facts)},
        )
        yield _with_confidence(opinion, sure=sure)
    else:
        variant = None if reading == "unknown" else "either"
        opinion = _about(place, facts, "tls.certificate-untrusted", variant=variant, words=words, more={"chain": _chain(facts)})
        yield _with_confidence(opinion, sure=reading == "unknown" and sure)


def _missing_or_unknown(facts: TlsFacts) -> tuple[str, bool]:
    """Read an open end of the chain: a certificate is ``missing``, the authority is ``unknown``, or ``either``.

    The library reports the same in both cases: the issuer of the last certificate is not here. What else is known decides: a
    public authority must say where its certificate can be fetched (CA/Browser Forum Baseline Requirements, 7.1.2.7), and names
    tell a root from what is below one.
    """
    last = _end(facts)
    issuer = short_name(last.issuer)
    if _ROOT.search(issuer) and not _SUBORDINATE.search(issuer):
        return "unknown", True
    if _SUBORDINATE.search(issuer):
        return "missing", True
    if last is facts.chain[0] and any(url.lower().startswith("http") for url in last.issuer_urls):
        return "missing", True
    if last is facts.chain[0] and facts.issuer_related:
        # The site's own authority was given, and the issuer is of the same organisation: most likely one below it.
        return "missing", False
    # A chain that has its intermediate lacks only the root, which is never sent.
    return ("either", False) if last is facts.chain[0] else ("unknown", False)


def _end(facts: TlsFacts) -> Certificate:
    """Follow the chain from the server's own certificate to the last one that is linked to it."""
    one, rest = facts.chain[0], list(facts.chain[1:])
    while not one.self_signed and (above := next((other for other in rest if other.subject == one.issuer), None)) is not None:
        rest.remove(above)
        one = above
    return one


def _objections(place: Place, facts: TlsFacts) -> Iterator[Opinion]:
    """Say what else the check objected to, when no finding of its own covers it."""
    for error in facts.errors:
        if error.number not in _COVERED:
            certificate = facts.chain[min(error.depth, len(facts.chain) - 1)]
            words = {"objection": error.text}
            more = {"number": error.number, "depth": error.depth, "objection": error.text}
            yield _about(
                place, facts, "tls.certificate-untrusted", certificate=certificate, variant="objection", words=words, more=more
            )
            return


def _with_confidence(opinion: Opinion, *, sure: bool) -> Opinion:
    return opinion if sure else replace(opinion, confidence="likely")


def _chain(facts: TlsFacts) -> list[str]:
    return [one.subject for one in facts.chain]


def short_name(name: str) -> str:
    """Give the readable part of a distinguished name: its common name, else its organisation."""
    for attribute in ("CN", "O", "OU"):
        if match := re.search(rf"(?:^|,){attribute}=((?:[^,\\]|\\.)+)", name):
            return match[1].replace("\\", "")
    return name or "an unnamed authority"


# ── DANE ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def promised(place: Place) -> bool:
    """Tell whether the domain promises TLS for this endpoint by TLSA records that can be relied on (RFC 7672, 2.2)."""
    return any(
        stage.authenticated and any(record.usage in (_DANE_TA, _DANE_EE) for record in stage.records) for stage in _tlsa(place)
    )


def _tlsa(place: Place) -> list[DnsStage]:
    assert place.endpoint is not None
    return [stage for stage in place.endpoint.stages if isinstance(stage, DnsStage) and stage.what == "tlsa" and stage.records]


def _dane(place: Place, facts: TlsFacts) -> tuple[list[Opinion], int | None]:
    """Compare the chain with the TLSA records: the opinions, and the usage that vouches for it."""
    records = [record for stage in _tlsa(place) for record in stage.records]
    if not records:
        return [], None
    shown = [f"{record.usage} {record.selector} {record.matching_type} {record.data[:16]}…" for record in records]
    usable = [record for record in records if record.usage in (_DANE_TA, _DANE_EE)]
    if not all(stage.authenticated for stage in _tlsa(place)):
        return [_about(place, facts, "tls.dane-unusable", variant="unsigned", more={"records": shown})], None
    if not usable:
        return [_about(place, facts, "tls.dane-unusable", more={"records": shown})], None
    matching = [record for record in usable if _fits(record, facts)]
    if not matching:
        variant = None if place.relay else "submission"
        wanted = facts.chain[0].public_key_sha256
        return [_about(place, facts, "tls.dane-mismatch", variant=variant, more={"records": shown, "wanted": wanted})], None
    best = max(matching, key=lambda record: record.usage)
    name = f"{best.usage} {best.selector} {best.matching_type}"
    return [_about(place, facts, "tls.dane-ok", more={"record": name, "records": shown})], best.usage


def _fits(record: TlsaRecord, facts: TlsFacts) -> bool:
    candidates = facts.chain[:1] if record.usage == _DANE_EE else facts.chain
    key = f"{record.selector}-{record.matching_type}"
    return any(one.tlsa.get(key, "").lower() == record.data.lower() for one in candidates if record.data)
