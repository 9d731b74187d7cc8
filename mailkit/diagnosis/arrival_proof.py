"""Judge whether a mail was held for genuine: SPF, DKIM and DMARC, as the receiver said and as checked here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from mailkit.diagnosis.arrival_words import Telling, knowledge
from mailkit.finding import Finding
from mailkit.mail.follow.arrival import Check, Copy, Signature, Told

__all__ = ["judge_proof"]

_BAD = frozenset({"fail", "softfail", "permerror", "policy"})
_ASKED = {"reject": "refuse such mail", "quarantine": "put such mail into junk"}


class _Opinion(Struct, frozen=True):
    """What is known about one method."""

    result: str | None
    domain: str | None
    words: str | None
    told: bool
    """The receiver said so; otherwise it was checked here."""
    here: str | None = None


def judge_proof(telling: Telling, copy: Copy) -> Iterator[Finding]:
    """Judge one copy."""
    verified = copy.verified
    spf = _spf(copy.said("spf"), verified.spf if verified else None, copy)
    dkim = _dkim(copy.said("dkim"), verified.dkim if verified else None)
    dmarc = _dmarc(copy.said("dmarc"), verified.dmarc if verified else None)
    author = dmarc.domain or _domain(copy.header_from)
    bad = False
    if spf.result in ("fail", "softfail", "permerror"):
        bad = True
        address = _address(copy)
        yield telling.finding(
            "arrival.spf-fail",
            _which_failure(spf.result, address),
            evidence={**_evidence(spf), "domain": spf.domain, "address": address},
            words={"by": _by(spf), "words": spf.words},
        )
    if dkim.result in _BAD:
        bad = True
        yield _signature(telling, copy, dkim)
    if dmarc.result == "fail":
        bad = True
        policy = _policy(copy)
        yield telling.finding(
            "arrival.dmarc-fail",
            "policy" if policy in _ASKED else None,
            evidence={**_evidence(dmarc), "domain": author, "policy": policy, "words": dmarc.words},
            words={"by": _by(dmarc), "policy": _ASKED.get(policy or "")},
        )
    passed = [
        f"{name} passes" + (f" for {one.domain}" if one.domain else "")
        for name, one in _named(spf, dkim, dmarc)
        if one.result == "pass"
    ]
    if passed and not bad:
        told = any(one.told for _, one in _named(spf, dkim, dmarc) if one.result == "pass")
        yield telling.finding(
            "arrival.authenticated",
            None if told else "here",
            words={"passed": ", ".join(passed)},
            evidence=_all(spf, dkim, dmarc),
        )
    elif not passed and not bad and {spf.result, dkim.result} <= {"none", "neutral"}:
        yield telling.finding("arrival.unauthenticated", evidence={**_all(spf, dkim, dmarc), "domain": author})


def _named(spf: _Opinion, dkim: _Opinion, dmarc: _Opinion) -> Sequence[tuple[str, _Opinion]]:
    return ("SPF", spf), ("DKIM", dkim), ("DMARC", dmarc)


def _all(spf: _Opinion, dkim: _Opinion, dmarc: _Opinion) -> dict[str, Any]:
    return {name.lower(): one.result for name, one in _named(spf, dkim, dmarc)}


def _evidence(one: _Opinion) -> dict[str, Any]:
    return {"receiver": one.result if one.told else None, "here": one.here if one.told else one.result}


def _which_failure(result: str, address: str | None) -> str | None:
    """Name the words for a failure of SPF; those about an address need one."""
    if address is None and result != "permerror":
        return "address-unknown" if result == "fail" else "softfail-address-unknown"
    return result if result != "fail" else None


def _by(one: _Opinion) -> str:
    return "" if one.told else f", {knowledge().words.here}"


def _spf(said: Sequence[Told], here: Check | None, copy: Copy) -> _Opinion:
    checked = here.result if here else None
    if said:
        first = said[0]
        mail_from = first.properties.get("smtp.mailfrom") or first.properties.get("smtp.helo") or copy.return_path
        return _Opinion(first.result, _domain(mail_from), first.comment or first.reason, told=True, here=checked)
    return _Opinion(checked, here.domain if here else None, here.because if here else None, told=False)


def _dkim(said: Sequence[Told], here: Sequence[Signature] | None) -> _Opinion:
    """One good signature is enough; several bad ones are one failure."""
    ranks = {"pass": 0, "fail": 1, "policy": 1, "permerror": 2, "temperror": 3, "neutral": 4, "none": 5}
    checked = min(here or (), key=lambda one: ranks.get(one.result, 9), default=None)
    if said:
        best = min(said, key=lambda one: ranks.get(one.result, 9))
        domain = best.properties.get("header.d") or _domain(best.properties.get("header.i"))
        words = best.comment or best.reason
        return _Opinion(
            best.result, domain if domain != "none" else None, words, told=True, here=checked.result if checked else None
        )
    if checked is None:
        return _Opinion(None if here is None else "none", None, None, told=False)
    return _Opinion(checked.result, checked.domain, checked.because, told=False)


def _dmarc(said: Sequence[Told], here: Check | None) -> _Opinion:
    checked = here.result if here else None
    if said:
        first = said[0]
        words = (
            first.comment or first.reason or (f"action={first.properties['action']}" if "action" in first.properties else None)
        )
        return _Opinion(first.result, first.properties.get("header.from"), words, told=True, here=checked)
    return _Opinion(checked, here.domain if here else None, here.because if here else None, told=False)


def _signature(telling: Telling, copy: Copy, dkim: _Opinion) -> Finding:
    here = copy.verified.dkim if copy.verified else ()
    mine = next((one for one in here if one.domain == dkim.domain), None) or next(iter(here), None)
    said = f"{dkim.words or ''} {(mine.because or '') if mine else ''}".lower()
    variant = None
    if "body hash" in said or "text of the mail was changed" in said:
        variant = "body"
    elif "no key" in said or "no such key" in said or "withdrawn" in said:
        variant = "key"
    selector = (mine.selector if mine else None) or next(
        (one.properties.get("header.s") for one in copy.said("dkim") if one.properties.get("header.s")), None
    )
    return telling.finding(
        "arrival.dkim-fail",
        variant,
        evidence={**_evidence(dkim), "domain": dkim.domain or (mine.domain if mine else None), "selector": selector},
        words={"by": _by(dkim), "words": dkim.words or (mine.because if mine else None)},
    )


def _policy(copy: Copy) -> str | None:
    """Give what the domain asks receivers to do, as the receiver noted or as looked up here."""
    for one in copy.said("dmarc"):
        noted = (one.comment or "").lower().replace(" ", "")
        for policy in _ASKED:
            if f"p={policy}" in noted or one.properties.get("policy.dmarc", "").lower() == policy:
                return policy
        if one.properties.get("action", "").lower() in ("quarantine", "oreject", "reject"):
            return one.properties["action"].lower().removeprefix("o")
    return copy.verified.dmarc.policy if copy.verified else None


def _address(copy: Copy) -> str | None:
    client = next((ip for one in copy.said("spf") if (ip := one.properties.get("client-ip"))), None)
    return client or (copy.border.address if copy.border else None)


def _domain(address: str | None) -> str | None:
    return (address or "").rpartition("@")[2].strip("<> ").lower() or None
