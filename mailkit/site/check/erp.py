"""What is wrong with the mail configuration of a maestro* installation: user by user, and in what all users share.

What a mail needs is not decided here but read from the routes, so a change of the routing table changes these checks too. Users
who are inactive send nothing and are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mailkit.site.check import endpoint as of_endpoint
from mailkit.site.check.gathering import Gathering
from mailkit.site.check.password import hosted, other_server, password_ends
from mailkit.site.check.sender import mismatch
from mailkit.site.endpoint import UsedEndpoint, endpoints
from mailkit.site.erp import ErpSite, MailingRow, User
from mailkit.site.facts import facts
from mailkit.site.mailbox import domain_of, flaw_of, same
from mailkit.site.opinion import Opinion
from mailkit.site.phrases import phrase
from mailkit.site.providers import Provider, provider_of_host, providers
from mailkit.site.route import Route, RouteValue
from mailkit.site.screens import mode_words, screens

__all__ = ["cloud_without_smtp", "opinions", "user_label"]

_COPIES = (("server_name", "server"), ("port", "port"), ("use_ssl", "ssl"))


def user_label(user: User, number: int) -> str:
    """Give what to call a user, as routes do: the code, the name or the number; else the place in the list."""
    names = (user.code, user.name, None if user.number is None else str(user.number))
    return next((name for name in names if name and name.strip()), f"user {number}")


def opinions(site: ErpSite, routes: Sequence[Route], today: dt.date) -> Iterator[Opinion]:
    """Judge one installation on a day, knowing its routes."""
    users = [(user_label(user, number), user) for number, user in enumerate(site.users, 1)]
    active = [(label, user) for label, user in users if user.status != "inactive"]
    smtp = [route for route in routes if route.transport == "smtp"]
    yield from _general(site, smtp)
    seen = Gathering("users")
    for label, user in active:
        _user(seen, site, label, user)
    senders = {label: user.from_address for label, user in active}
    for route in smtp:
        _account(seen, site, route, senders.get(route.user or ""))
    _clients(seen, site, routes)
    yield from seen.opinions()
    yield from _shared_senders(site, smtp)
    yield from _servers(site, routes)
    yield from _passwords(site, smtp, today)
    yield from _rows(site, routes)
    yield from _people(users)


def cloud_without_smtp(site: ErpSite) -> Iterator[Opinion]:
    """Say that CLOUD needs SMTP, for a site whose users are not known well enough for a route to say it."""
    software = site.general_settings.mail_software
    if site.deployment == "cloud" and site.version != "new" and software not in (None, "smtp", "modern-auth"):
        words = mode_words()[software]
        evidence = {"mail_software": words.old or words.new}
        yield Opinion(code="site.cloud-needs-smtp", subject="General Settings", evidence=evidence)


# ── what all users share ──


def _general(site: ErpSite, smtp: Iterable[Route]) -> Iterator[Opinion]:
    """Say what General Settings lack of the SMTP account, and whose mail needs it."""
    missing: dict[str, None] = {}
    people: dict[str, None] = {}
    mailings: dict[str, None] = {}
    for route in smtp:
        if route.mailing == "mobile":  # the routes themselves say what maestro*MOBILE lacks
            continue
        for value in (route.fields.server, route.fields.port, route.fields.login, route.fields.password, route.fields.sender):
            if value.source == "general" and value.set is False and value.where:
                missing[value.where] = None
                mailings[route.mailing] = None
                if route.user is not None:
                    people[route.user] = None
    account = site.general_settings.smtp
    if site.deployment == "cloud":
        missing |= {
            where: None for where, value in (("erp.server_name", account.server_name), ("erp.port", account.port)) if value == ""
        }
    if missing:
        evidence = {
            "fields": list(missing),
            "missing": [screens()[where].label for where in missing if where in screens()],
            "users": list(people),
            "mailings": list(mailings),
        }
        variant = "cloud" if site.deployment == "cloud" and not people else None
        yield Opinion(code="site.general-smtp-incomplete", variant=variant, subject="General Settings", evidence=evidence)


def _servers(site: ErpSite, routes: Sequence[Route]) -> Iterator[Opinion]:
    """Judge every server in use, and the one of General Settings even if nobody uses it yet."""
    used = endpoints(routes)
    account = site.general_settings.smtp
    if account.server_name and account.server_name.strip():
        host, port = account.server_name.strip().lower(), account.port if isinstance(account.port, int) else None
        if not any((one.host, one.port) == (host, port) for one in used):
            general = UsedEndpoint(host=host, port=port, encrypted=account.use_ssl, users=(), mailings=(), certain=True)
            used = (*used, general)
    for endpoint in used:
        yield from of_endpoint.opinions(endpoint)


def _passwords(site: ErpSite, smtp: Iterable[Route], today: dt.date) -> Iterator[Opinion]:
    """Say whose password will not work much longer at the provider it is for."""
    people: dict[str, dict[str, None]] = defaultdict(dict)
    found: dict[str, Provider] = {}
    for route in smtp:
        provider = _provider(site, route)
        if provider is not None and _text(route.fields.login):
            found[provider.id] = provider
            people[provider.id] |= {route.user: None} if route.user is not None else {}
    for id_, provider in found.items():
        users = tuple(people[id_])
        subject = users[0] if len(users) == 1 else f"{len(users)} users" if users else provider.name
        yield from password_ends(provider, today, users, subject=subject)


def _provider(site: ErpSite, route: Route) -> Provider | None:
    """Give who runs the server of a route; who runs the mailboxes says it only where no server is known."""
    server = _text(route.fields.server)
    return hosted(server, None if server else providers().get(site.provider or ""), _text(route.fields.login))


def _text(value: RouteValue) -> str | None:
    return value.value.strip() or None if isinstance(value.value, str) else None


# ── each user ──


def _user(seen: Gathering, site: ErpSite, label: str, user: User) -> None:
    if user.code is not None:
        _code(seen, site, label, user.code)
    if user.group is not None and not user.group.strip():
        seen.add("site.group-missing", label)
    _copies(seen, site, label, user)


def _code(seen: Gathering, site: ErpSite, label: str, code: str) -> None:
    """In CLOUD the code is the address; where a domain is added to each code, it counts as written there."""
    if not code.strip():
        seen.add("site.user-code-not-address", label, "empty")
        return
    if site.deployment != "cloud":
        return
    domain = (site.code_domain or "").strip().lstrip("@")
    address = f"{code}@{domain}" if domain and "@" not in code else code
    if flaw_of(address) is not None and (site.code_domain is not None or "@" in code or flaw_of(code) != "no-domain"):
        seen.add("site.user-code-not-address", label, each={"code": code})
    elif flaw_of(address) is not None:
        # Whether this installation adds a domain to the codes is not known.
        seen.add("site.user-code-not-address", label, "no-domain", each={"code": code})


def _copies(seen: Gathering, site: ErpSite, label: str, user: User) -> None:
    """Compare what was copied to the user with what it was copied from."""
    if site.version != "new" and user.user_specific and user.provider in (None, site.provider):
        account = site.general_settings.smtp
        # Somebody with a server of his own provider has no copy of the general one.
        own = provider_of_host(user.server_name or "")
        if own is None or own == provider_of_host(account.server_name or "") or own.id == site.provider:
            for field, variant in _COPIES:
                now, copy = getattr(account, field), getattr(user, field)
                if now not in (None, "") and copy not in (None, "") and not same(str(now), str(copy)):
                    seen.add("site.user-copy-stale", label, variant, alike={"now": _shown(now)}, each={"old": _shown(copy)})
    code, login = user.code, user.user_name
    if site.deployment == "cloud" and code and login and flaw_of(code) is None and not same(code, login):
        seen.add("site.user-copy-stale", label, "login", each={"old": login, "now": code})


def _shown(value: str | int | bool) -> str:  # noqa: FBT001 (a value of a screen)
    return phrase("ticked" if value else "not-ticked") if isinstance(value, bool) else str(value)


def _account(seen: Gathering, site: ErpSite, route: Route, own_sender: str | None) -> None:
    """Judge the log-in, password and sender of a route that are the user's own."""
    fields, label = route.fields, route.user or phrase("no-code")
    if fields.password.source == "user" and fields.password.set is False:
        seen.add("site.password-missing", label)
    login, sender, provider = _text(fields.login), _text(fields.sender), _provider(site, route)
    if fields.login.source == "user" and login is not None:
        if login != fields.login.value:
            seen.add("site.login-blank", label, each={"login": login})
        _name(seen, label, login, provider)
        other = other_server(_text(fields.server), login)
        if other is not None and other.server is not None:
            alike = {"provider": other.name, "right": other.server.host}
            each = {"host": _text(fields.server), "login": login}
            seen.add("site.provider-differs", label, "login", alike=alike, each=each)
    if fields.sender.set is False and route.mailing == "standard":
        seen.add("site.from-missing", label)
    elif sender is not None and fields.sender.source == "user":
        if flaw_of(sender) is not None:
            seen.add("site.from-invalid", label, each={"sender": sender})
        found = mismatch(sender, login, provider)
        if found is not None and fields.login.source == "user":
            each = {"from": sender, "login": login, "from_domain": domain_of(sender), "login_domain": domain_of(login)}
            seen.add("site.from-not-login", label, found.variant, severity=found.severity, alike=found.evidence, each=each)
        if own_sender == "" and route.mailing == "standard" and fields.sender.where != "erp.from_address":
            seen.add("site.from-missing", label, "fall-back", each={"sender": sender})


def _name(seen: Gathering, label: str, login: str, provider: Provider | None) -> None:
    """Judge a log-in by what the provider wants it to be."""
    if provider is None:
        return
    if "@" not in login and provider.user == "address":
        seen.add("site.auth-name-without-domain", label, "user", alike={"provider": provider.name}, each={"login": login})
    if provider.id == "microsoft365" and login.partition("@")[0].casefold() in facts().names.shared:
        seen.add("site.shared-mailbox", label, each={"login": login})


def _clients(seen: Gathering, site: ErpSite, routes: Iterable[Route]) -> None:
    """Judge those whose mail leaves through a sign-in or through a program of the workstation."""
    authenticated = {user_label(user, number): user.authentication for number, user in enumerate(site.users, 1)}
    for route in routes:
        if route.user is None or route.mailing != "standard":
            continue
        if route.transport == "modern_auth" and authenticated.get(route.user) == "not-authenticated":
            seen.add("site.sign-in-missing", route.user)
        if route.transport in ("outlook", "mapi", "notes") and site.deployment == "terminal-server":
            seen.add("site.client-on-terminal-server", route.user)


# ── senders that are not a user's own ──


def _shared_senders(site: ErpSite, smtp: Iterable[Route]) -> Iterator[Opinion]:
    """Compare the senders of General Settings and Mailing Configuration with the account that logs in for them."""
    said: dict[tuple[str, str, str], tuple[Opinion, dict[str, None]]] = {}
    for route in smtp:
        source, sender, login = route.fields.sender.source, _text(route.fields.sender), _text(route.fields.login)
        if source not in ("general", "mailing") or sender is None or login is None:
            continue
        found = mismatch(sender, login, _provider(site, route))
        if found is None:
            continue
        key = (source, sender.casefold(), login.casefold())
        if key not in said:
            subject = "General Settings" if source == "general" else sender
            evidence = {"from": [sender], "login": [login], **found.evidence}
            opinion = Opinion(
                code="site.from-not-login",
                variant=f"{source}-provider" if found.evidence["provider"] else source,
                severity=found.severity,
                subject=subject,
                evidence=evidence,
            )
            said[key] = opinion, {}
        _, people = said[key]
        if route.user is not None:
            people[route.user] = None
        said[key][0].evidence["users"] = list(people)
    for opinion, _ in said.values():
        yield opinion


def _rows(site: ErpSite, routes: Iterable[Route]) -> Iterator[Opinion]:
    """Judge the rows of Mailing Configuration."""
    seen = Gathering("forms")
    software = site.general_settings.mail_software
    for row in site.mailing_configuration:
        _account_of_row(seen, row)
        if software == "smtp" and row.use_smtp in ("on", "off"):
            seen.add("site.use-smtp-inconsistent", row.form, "smtp", each={"box": row.use_smtp})
        elif software not in (None, "smtp") and row.use_smtp == "not-shown":
            seen.add("site.use-smtp-inconsistent", row.form, "not-smtp")
    for route in routes:
        account = _text(route.fields.sender)
        if route.transport == "outlook" and route.fields.sender.source == "mailing" and account:
            for form in route.documents:
                seen.add("site.mailing-needs-access", form, each={"account": account})
    yield from seen.opinions()


def _account_of_row(seen: Gathering, row: MailingRow) -> None:
    if row.account is None:
        return
    flaw = flaw_of(row.account)
    if flaw == "empty":
        seen.add("site.mailing-account-missing", row.form)
    elif flaw is not None:
        seen.add("site.mailing-account-invalid", row.form, each={"account": row.account})


def _people(users: Iterable[tuple[str, User]]) -> Iterator[Opinion]:
    """Say who is left out, and which codes or numbers exist twice."""
    seen, doubles = Gathering("users"), Gathering("codes")
    codes: Counter[str] = Counter()
    numbers: Counter[int] = Counter()
    for label, user in users:
        if user.status == "inactive":
            seen.add("site.user-inactive", label)
        if user.code and user.code.strip():
            codes[user.code.strip().casefold()] += 1
        if user.number is not None:
            numbers[user.number] += 1
    for code, count in (*codes.items(), *((f"number {number}", count) for number, count in numbers.items())):
        if count > 1:
            doubles.add("site.code-duplicated", code, each={"count": count})
    yield from doubles.opinions()
    yield from seen.opinions()
