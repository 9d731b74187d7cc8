"""What is to be said about a route: chosen here, worded in ``findings/routes.toml``.

Equal findings are one object: thousands of users share a row, and what is wrong with it is said of the row.
"""

from __future__ import annotations

import msgspec

from mailkit.finding import Finding, Product, Severity
from mailkit.knowledge import in_each_language
from mailkit.site.erp import User
from mailkit.site.opinion import Opinion, worded
from mailkit.site.phrases import phrase
from mailkit.site.route import RouteFields, RouteValue
from mailkit.site.routing.decision import Decision
from mailkit.site.routing.table import Confidence, Rules
from mailkit.site.screens import screens

__all__ = ["findings", "not_used"]

_Evidence = tuple[tuple[str, str | tuple[str, ...] | None], ...]

_ANYBODY = {"maestro-erp": "any-user", "maestro-pms": "guests"}


@in_each_language  # wording is slower than routing, and a site says few different things
def _said(  # noqa: PLR0917 (they are the key of the cache)
    code: str,
    subject: str,
    product: Product,
    variant: str | None = None,
    evidence: _Evidence = (),
    severity: Severity | None = None,
    confidence: Confidence = "sure",
) -> Finding:
    said = {name: list(value) if isinstance(value, tuple) else value for name, value in evidence if value not in (None, ())}
    opinion = Opinion(code=code, subject=subject, variant=variant, evidence=said, severity=severity, confidence=confidence)
    return worded(opinion, product)


def not_used(user: User, mailing: str, name: str | None) -> tuple[Finding, ...]:
    """Give the one thing to say about a route that nobody takes: what else is wrong with it does not matter."""
    if user.status == "inactive":
        variant = "inactive"
    elif user.access == "mobile" and mailing != "mobile":
        variant = "mobile-only"
    elif user.access == "maestro" and mailing == "mobile":
        variant = "no-mobile"
    else:
        return ()
    return (_said("site.route-not-used", name or phrase(_ANYBODY["maestro-erp"]), "maestro-erp", variant),)


def findings(
    table: Rules, decided: Decision, fields: RouteFields, name: str | None, documents: tuple[str, ...], *, certain: bool = True
) -> tuple[Finding, ...]:
    """Give what is to be said: what the row brings, what is missing, what has to be looked up, how sure the row is.

    ``certain`` is false where nobody knows whether such mail is sent at all: what would be an error is then a warning.
    """
    who = name or phrase(_ANYBODY[table.product])
    found = [_of_row(table, decided, who, documents, code, variant) for code, variant in decided.findings]
    if missing := _missing(table, decided, fields):
        found.append(_incomplete(decided.incomplete, who, table.product, missing, None if certain else "warning"))
    which = None if decided.transport is None else "values"
    found += [_not_known(table, place, which) for place in decided.unknown]
    found += [_not_known(table, place, "works") for place in decided.doubtful]
    if decided.row_confidence != "sure" and decided.transport != "none" and not decided.unknown:
        found.append(_inferred(table, decided))
    return tuple(found)


def _of_row(  # noqa: PLR0917 (one call among functions of one file)
    table: Rules, decided: Decision, who: str, documents: tuple[str, ...], code: str, variant: str | None
) -> Finding:
    evidence: _Evidence = (*decided.known, ("rule", decided.as_rule or decided.rule), ("documents", documents))
    return _said(code, who, table.product, variant, evidence, None, decided.row_confidence)


def _missing(table: Rules, decided: Decision, fields: RouteFields) -> tuple[str, ...]:
    """Give the fields, as the screens know them, that are needed and known to be empty."""
    if decided.transport is None:
        return ()
    needed: list[RouteValue] = [
        getattr(fields, "sender" if field == "from" else field) for field in table.needs.get(decided.transport, ())
    ]
    return tuple(dict.fromkeys(value.where for value in needed if value.set is False and value.where is not None))


@in_each_language  # as above
def _incomplete(code: str, who: str, product: Product, missing: tuple[str, ...], severity: Severity | None) -> Finding:
    """Say what is missing: of the user only where a field of his is, else of the screen that everybody shares."""
    shown = [screens()[where] for where in missing]
    of_user = any((screen.key or "").startswith("users.") for screen in shown)
    subject = who if of_user else shown[0].path.rpartition(" > ")[2]
    evidence: _Evidence = (("fields", missing), ("labels", tuple(screen.label for screen in shown)))
    fixes = tuple(
        msgspec.structs.replace(pattern.fix[0], who=screen.who, where=where)
        for where, screen in zip(missing, shown, strict=True)
        for pattern in [_fill_in(product, screen.label, screen.path, "press" if screen.kind == "button" else None)]
    )
    finding = _said(code, subject, product, None if of_user else "shared", evidence, severity)
    return msgspec.structs.replace(finding, fix=fixes)


def _fill_in(product: Product, label: str, path: str, variant: str | None) -> Finding:
    return _said("site.route-incomplete", "", product, variant, (("label", label), ("path", path)))


@in_each_language  # as above
def _not_known(table: Rules, place: int, variant: str | None) -> Finding:
    """Say which field to look up; not whose, so that it is one finding for everybody."""
    fact = table.facts[place]
    screen = screens().get(fact.where)
    evidence: _Evidence = (
        ("label", fact.name),
        ("taken", table.words.is_.format(name=fact.name, values=fact.saying(fact.assume))),
        ("because", fact.because),
        ("look", fact.look or (table.words.look.format(label=screen.label, path=screen.path) if screen else None)),
    )
    finding = _said("site.not-known", fact.name, table.product, variant, evidence)
    return msgspec.structs.replace(
        finding, fix=tuple(msgspec.structs.replace(fix, where=fact.where if screen else None) for fix in finding.fix)
    )


_BY_HAND = frozenset({"outlook", "mapi", "notes", "modern_auth"})


def _inferred(table: Rules, decided: Decision) -> Finding:
    rule = decided.as_rule or decided.rule
    variant = "unknown" if decided.transport is None else "by-hand" if decided.transport in _BY_HAND else None
    evidence: _Evidence = (("rule", rule), ("why", " ".join(decided.why)), ("confidence", decided.row_confidence))
    return _said("site.inferred-rule", phrase("rule", rule=rule), table.product, variant, evidence, None, decided.row_confidence)
