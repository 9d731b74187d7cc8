"""A discovery as text for people: what to enter, where that comes from, and what could not be asked.

Panels use :func:`to_enter` for the same words. Text of strangers was made harmless when it was read, and is once more here: a
document may come from a file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from mailkit.probe.discovery import ANSWERED, Candidate, Discovery, Inquiry, InquirySource
from mailkit.report.words import SECURITY
from mailkit.site.providers import Limits, Provider, providers, secret_words, sender_words, sources
from mailkit.text import visible

__all__ = ["SOURCE", "render_discovery", "to_enter", "warnings"]

SOURCE: dict[InquirySource, str] = {
    "table": "presets of mailkit, by the address",
    "exchangers": "mail exchangers (MX)",
    "submissions": "SRV record, TLS from the start",
    "submission": "SRV record, STARTTLS",
    "autoconfig": "the domain's autoconfig page",
    "well-known": "the domain's well-known page",
    "ispdb": "database of Thunderbird",
    "exchanger-autoconfig": "autoconfig page of the exchanger's domain",
    "exchanger-ispdb": "database of Thunderbird, for the exchanger's domain",
}

_ABSENT = ("not-found", "no-data")
_WIDEST = 110
_LABEL = 15
_FORMS = {
    "%EMAILADDRESS%": "the whole e-mail address",
    "%EMAILLOCALPART%": "the part of the address before the @",
}
_METHODS = {
    "OAuth2": secret_words()["oauth"],
    "client-IP-address": secret_words()["address"],
    "none": secret_words()["none"],
}
_ANY_PASSWORD = "the password of the mailbox, or an app password where the provider wants one"  # noqa: S105 - words about one


def to_enter(discovery: Discovery, candidate: Candidate | None = None) -> tuple[tuple[str, str], ...]:
    """Give label and value of everything to enter for a candidate, the first when none is given; empty: nothing is known."""
    chosen = candidate or (discovery.candidates[0] if discovery.candidates else None)
    if chosen is None:
        return ()
    provider = providers().get(chosen.provider or "")
    rows = [
        ("Server", visible(chosen.host)),
        ("Port", str(chosen.port)),
        ("Security", SECURITY[chosen.security]),
        ("User name", _user_name(chosen, provider)),
        ("Password", _password(chosen, provider)),
        ("From", _sender(provider)),
    ]
    if provider is not None and (limits := _limits(provider.limits)):
        rows.append(("Limits", limits))
    return tuple(rows)


def warnings(discovery: Discovery) -> tuple[str, ...]:
    """Give what a person should know before using what was found."""
    return (*_of_the_asking(discovery), *_of_the_first(discovery))


def render_discovery(discovery: Discovery, *, width: int = 80) -> str:
    """Return the document as text, ending with a line end."""
    return "\n".join(_lines(discovery, max(44, min(width, _WIDEST)))) + "\n"


def _lines(discovery: Discovery, width: int) -> Iterator[str]:
    provider = providers().get(discovery.provider or "")
    about = visible(discovery.address or discovery.domain)
    yield f"{about}: {visible(provider.name)}" if provider else about
    rows = to_enter(discovery)
    yield ""
    yield "To enter (as others say it; nothing was tried yet):" if rows else "Nobody named a server for sending."
    for label, value in rows:
        yield from _hanging(f"  {label}", value, width)
    if told := warnings(discovery):
        yield ""
        yield "What to know:"
        for text in told:
            yield from _wrapped(text, width, "  - ", "    ")
    if others := discovery.candidates[1:]:
        yield ""
        yield "Also named:"
        for other in others[:10]:
            words = (
                f"{other.host} port {other.port}, {SECURITY[other.security]} ({', '.join(SOURCE[one] for one in other.sources)})"
            )
            yield from _wrapped(visible(words), width, "  ", "    ")
    yield ""
    yield "Who was asked:"
    for inquiry in discovery.asked:
        yield from _asked(inquiry, width)
    if provider is not None:
        yield f"The presets are of {provider.checked}, from:"
        for one in sources(provider):
            yield from _wrapped(one, width, "  ", "    ")


def _of_the_asking(discovery: Discovery) -> Iterator[str]:
    if not discovery.online and discovery.candidates:
        yield f"Nobody could be asked from here: what is above comes from the presets of {discovery.presets_from} alone."
    elif not discovery.online:
        yield "Nobody could be asked from here, and the presets do not know the domain. Try again where the network works."
    if discovery.stopped == "user":
        yield "It was stopped before everybody had answered."
    elif discovery.stopped:
        yield "The time was over before everybody had answered."
    if discovery.agreed is False:
        yield "The sources name different servers. The mail exchangers say where the mailboxes are today; other pages may be old."
    if discovery.filter:
        yield f"Mail for the domain comes in through {discovery.filter}, which hides where the mailboxes are: ask the site."
    for inquiry in discovery.asked:
        about = SOURCE[inquiry.source]
        for advice in inquiry.advice:
            yield f"{about[0].upper()}{about[1:]} says: {visible(advice)}"


def _of_the_first(discovery: Discovery) -> Iterator[str]:
    first = discovery.candidates[0] if discovery.candidates else None
    provider = providers().get((first.provider if first else discovery.provider) or "")
    if provider is not None and provider.status == "unconfirmed":
        yield f"What is known of {provider.name} is not confirmed by a source: try it with mailkit probe first."
    if provider is not None and provider.hint:
        yield provider.hint
    if first is None:
        return
    if not first.authenticated and not set(first.sources) & {"table", "exchangers"}:
        yield "Nothing proves that this is the domain's own word: compare the name of the server before a password is typed."
    if first.security == "none":
        yield "The server is named without encryption: a password would go over the wire in the clear."


def _asked(inquiry: Inquiry, width: int) -> Iterator[str]:
    word = "found" if inquiry.result == "found" else "none" if inquiry.result in (*_ABSENT, "not-offered") else "unusable"
    if inquiry.result not in ANSWERED:
        word = "no answer"
    about = SOURCE[inquiry.source]
    if inquiry.exchangers:
        about += f": {', '.join(inquiry.exchangers[:3])}"
    told = None if inquiry.result in (*_ABSENT, "found") and not inquiry.servers else inquiry.text
    yield from _hanging(f"  {word}", visible(f"{about}{f' - {told}' if told else ''}"), width)


def _user_name(candidate: Candidate, provider: Provider | None) -> str:
    if candidate.login:
        return visible(candidate.login)
    if candidate.user_name:
        return _FORMS.get(candidate.user_name, visible(candidate.user_name))
    if provider is not None and provider.user == "given":
        return "the one the provider gave out with the password"
    if provider is not None and provider.user == "none":
        return "none: leave it empty"
    return "not known: try the whole e-mail address first"


def _password(candidate: Candidate, provider: Provider | None) -> str:
    if provider is not None and provider.secrets:
        words = [secret_words()[kind] for kind in provider.secrets]
    elif candidate.authentication:
        words = [_METHODS.get(method, _ANY_PASSWORD) for method in candidate.authentication]
    else:
        words = [_ANY_PASSWORD]
    return "; or ".join(dict.fromkeys(words))


def _sender(provider: Provider | None) -> str:
    rule = provider.sender if provider is not None else None
    if rule is None:
        return "not known: use the address that logs in"
    allowed = sender_words()[rule.rule]
    if rule.breach is None:
        return allowed
    if rule.breach == "rewritten":
        return f"{allowed}; {rule.words or 'another one is replaced'}"
    replies = f" ({', '.join(rule.replies)})" if rule.replies else ""
    return f"{allowed}; another one is refused{replies}{f': {rule.words}' if rule.words else ''}"


def _limits(limits: Limits) -> str:
    words = [
        (limits.per_minute, "{:,} messages a minute"),
        (limits.per_hour, "{:,} messages an hour"),
        (limits.per_day, "{:,} messages a day"),
        (limits.recipients_per_day, "{:,} recipients a day"),
        (limits.connections, "{:,} connections at once"),
        (limits.size and limits.size // 1_000_000, "{:,} MB a message"),
    ]
    return ", ".join(text.format(number) for number, text in words if number)


def _hanging(label: str, text: str, width: int) -> list[str]:
    return _wrapped(text, width, f"{label:<{_LABEL}}", " " * _LABEL)


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    """Break a text into lines; addresses of pages and names of servers stay in one piece."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
