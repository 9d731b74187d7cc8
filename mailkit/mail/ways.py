"""What a route becomes as a test mail: from which address to which, by which server and log-in, or what is in the way.

One class for each product; they differ in where a person's address and the mechanism of the log-in stand.
"""

from __future__ import annotations

import msgspec

from mailkit.address import is_address
from mailkit.finding import Finding, Fix, Product
from mailkit.mail.account import Account, Pace, Wanted
from mailkit.mail.message import envelope_address
from mailkit.mail.obstacles import finding
from mailkit.mail.planned import Planned, PlanSettings, Way
from mailkit.site import ErpSite, PmsSite, Site
from mailkit.site.erp import User
from mailkit.site.mailbox import flaw_of, is_mailbox
from mailkit.site.opinion import Opinion, worded
from mailkit.site.pms import Clerk, EmailSetup
from mailkit.site.providers import Provider, plain_name, provider_of_host, providers
from mailkit.site.route import Route, RouteFields, RouteValue
from mailkit.site.screens import screens

__all__ = ["ErpWays", "PmsWays"]

_BY_HAND = frozenset({"outlook", "mapi", "notes", "modern_auth"})
_LABEL = {"server": "the server", "port": "the port", "sender": "the sender", "login": "the log-in"}
_NOT_USED = "site.route-not-used"
_HOST_LIMIT = 255


class _Ways:
    """What a product's routes become; what differs between the products is in the two below."""

    def __init__(self, site: Site, settings: PlanSettings, to: str | None) -> None:
        self._settings, self._to = settings, to
        self._product: Product = site.product
        self._site_provider = providers().get(site.provider or "")

    def planned(self, route: Route) -> Planned:
        """Plan one mail."""
        intended = self._recipient(route)
        goes_to = self._to or (envelope_address(intended) if is_mailbox(intended) and intended else None)
        sender, from_note = _taken(route.fields.sender)
        way: Way = "by-hand" if route.transport in _BY_HAND else "smtp" if route.transport == "smtp" else "none"
        planned = Planned(
            product=self._product,
            route=route,
            way=way,
            recipient=goes_to,
            intended=intended if self._to else None,
            sender=envelope_address(sender) if isinstance(sender, str) and is_mailbox(sender) else None,
            notes=(*(one for one in route.findings if one.severity in ("warning", "info")), *self._beside(route)),
        )
        obstacle = self._of_route(route) or self._of_recipient(route, intended, goes_to)
        if way == "smtp":
            account, more, missing = self._account(route)
            obstacle = obstacle or missing or self._of_sender(route, sender)
            if from_note:
                more = (*more, self._assumed("sender", str(sender), route))
            planned = msgspec.structs.replace(planned, account=account, notes=(*planned.notes, *more))
        if obstacle is not None:
            return msgspec.structs.replace(planned, way="none", obstacle=obstacle, notes=())
        return planned

    def _of_route(self, route: Route) -> Finding | None:
        """Why nothing leaves by it; an error of the configuration comes first, then that nobody sends like this."""
        unused = next((finding for finding in route.findings if finding.code == _NOT_USED), None)
        broken = next((finding for finding in route.findings if finding.severity == "error"), None)
        if unused or broken:
            return unused or broken
        if route.transport == "none":
            return self._cannot_leave(route)
        if route.transport is None:
            ways = [f"{other.transport or 'not known'} if {other.when}" for other in route.alternatives] or [route.reason]
            return finding("test.way-not-known", self._product, _subject(route), ways=ways)
        return None

    def _cannot_leave(self, route: Route) -> Finding:
        return finding("test.cannot-leave", self._product, _subject(route), reason=route.reason)

    def _of_recipient(self, route: Route, intended: str | None, goes_to: str | None) -> Finding | None:
        if goes_to is not None:
            return None
        return finding(
            "test.recipient-missing", self._product, _subject(route), None if route.user else "guest", address=intended
        )

    def _of_sender(self, route: Route, sender: str | int | None) -> Finding | None:
        if sender is None and route.fields.sender.set is not False:
            return self._missing(route, ["sender"], None)
        if sender is not None and is_mailbox(str(sender)):
            return None
        return worded(self._bad_sender(_subject(route), None if sender is None else str(sender)), self._product)

    def _account(self, route: Route) -> tuple[Account | None, tuple[Finding, ...], Finding | None]:
        """The server and the log-in; with what was taken for what is not known, and what is missing."""
        fields = route.fields
        (host, host_note), (port, port_note) = _taken(fields.server), _taken(fields.port)
        values = {"server": host, "port": port}
        if missing := [name for name, value in values.items() if value in (None, "")]:
            empty = any(getattr(fields, name).set is False for name in missing)
            return None, (), self._missing(route, missing, "empty" if empty else None)
        name = str(host).strip()
        if len(name) > _HOST_LIMIT or not (is_address(name) or plain_name(name)):
            return None, (), finding("test.server-malformed", self._product, _subject(route), server=name)
        security, unknown = self._security(fields)
        login, login_note = _taken(fields.login)
        notes = [
            *([self._assumed("server", name, route)] if host_note else []),
            *([self._assumed("port", str(port), route)] if port_note else []),
            *([finding("test.assumed", self._product, _subject(route), "encryption")] if unknown else []),
            *([self._assumed("login", str(login), route)] if login_note and login else []),
        ]
        if login is None and fields.login.set is None and (fields.login.where or fields.login.otherwise):
            return None, (), self._missing(route, ["login"], None)
        who = str(login).strip() if login else None
        if who is None and fields.login.set is False:
            notes.append(finding("test.login-empty", self._product, _subject(route)))
        account = Account(
            host=name.rstrip("."),
            port=int(port or 0),
            security=security,
            login=who,
            mechanism=self._mechanism(route) if who else None,
            ca_file=self._settings.ca_file,
            allow_plaintext_auth=self._settings.allow_plaintext_auth,
            allow_unverified=self._settings.allow_unverified,
            ehlo_name=self._settings.ehlo_name,
            resolver=self._settings.resolver,
            pace=_pace(provider_of_host(name) or self._provider(route)),
        )
        return account, tuple(notes), None

    def _security(self, fields: RouteFields) -> tuple[Wanted, bool]:
        """What the box of the screen asks for, and whether that is not known."""
        value, _ = _taken(fields.security)
        if value is not None:
            return ("none" if value == "none" else "tls"), False
        # Maestro PMS has no such box: then there is nothing to look up.
        return "auto", fields.security.where is not None

    def _missing(self, route: Route, names: list[str], variant: str | None) -> Finding:
        values = [getattr(route.fields, name) for name in names]
        labels = [_place(value.where) or _LABEL[name] for name, value in zip(names, values, strict=True)]
        found = finding("test.value-not-known", self._product, _subject(route), variant, labels=labels)
        where = next((value.where for value in values if value.where in screens()), None)
        fixes = tuple(Fix(who=fix.who, action=fix.action, where=where) for fix in found.fix)
        return msgspec.structs.replace(found, fix=fixes)

    def _assumed(self, name: str, taken: str, route: Route) -> Finding:
        value: RouteValue = getattr(route.fields, name)
        label = _place(value.where) or _LABEL[name]
        return finding("test.assumed", self._product, _subject(route), label=label[:1].upper() + label[1:], taken=taken)

    def _recipient(self, route: Route) -> str | None:
        raise NotImplementedError

    def _bad_sender(self, subject: str, sender: str | None) -> Opinion:
        raise NotImplementedError

    def _provider(self, _route: Route) -> Provider | None:
        return self._site_provider

    def _mechanism(self, _route: Route) -> str | None:
        return None

    def _beside(self, _route: Route) -> tuple[Finding, ...]:
        return ()


class ErpWays(_Ways):
    """maestro*: each user has a record."""

    def __init__(self, site: ErpSite, settings: PlanSettings, to: str | None) -> None:
        super().__init__(site, settings, to)
        self._domain = (site.code_domain or "").strip().lstrip("@")
        self._users: dict[str, User] = {}
        for user in reversed(site.users):
            for name in (str(user.number) if user.number is not None else None, user.name, user.code):
                if name and name.strip():
                    self._users[name] = user

    def _recipient(self, route: Route) -> str | None:
        user = self._users.get(route.user or "")
        if user is None:
            return None
        code = user.code or ""
        full = f"{code.strip()}@{self._domain}" if self._domain and code.strip() and "@" not in code else code
        return next(
            (one for one in (user.contact_email, user.email, user.user_name, user.from_address, full) if is_mailbox(one)), None
        )

    def _bad_sender(self, subject: str, sender: str | None) -> Opinion:
        if sender is None:
            return Opinion(code="site.from-missing", subject=subject, evidence={"users": [subject]})
        evidence = {"sender": sender, "flaw": flaw_of(sender), "users": [subject]}
        return Opinion(code="site.from-invalid", subject=subject, evidence=evidence)

    def _provider(self, route: Route) -> Provider | None:
        user = self._users.get(route.user or "")
        own = route.fields.login.source == "user" and user is not None and user.provider
        return providers().get(own) if own else self._site_provider


class PmsWays(_Ways):
    """Maestro PMS: clerks, and one Email Setup, or one for each property."""

    def __init__(self, site: PmsSite, settings: PlanSettings, to: str | None) -> None:
        super().__init__(site, settings, to)
        self._general = site.email_setup
        self._setups = {one.code.strip().casefold(): one.email_setup for one in site.properties}
        self._clerks: dict[str, list[Clerk]] = {}
        for clerk in site.clerks:
            self._clerks.setdefault(clerk.code or clerk.name or "", []).append(clerk)

    def _recipient(self, route: Route) -> str | None:
        return route.recipient

    def _bad_sender(self, subject: str, sender: str | None) -> Opinion:
        if sender is None:
            return Opinion(code="site.from-missing", variant="traces", subject=subject)
        variant = "no-domain" if flaw_of(sender) == "no-domain" else "malformed"
        # What the product would still hand over is no mail that could be composed here.
        return Opinion(
            code="site.trace-sender-not-real", variant=variant, severity="error", subject=subject, evidence={"sender": sender}
        )

    def _mechanism(self, route: Route) -> str | None:
        """The one that the property's method means, where all setups that the mail may leave by agree."""
        codes = [*route.documents, *(clerk.property for clerk in self._clerks.get(route.user or "", ()) if clerk.property)]
        setups = [self._setups.get(code.strip().casefold(), EmailSetup()) for code in codes] or [EmailSetup()]
        found = {setup.mechanism or self._general.mechanism for setup in setups}
        only = found.pop() if len(found) == 1 else None
        return None if only == "none" else only

    def _cannot_leave(self, route: Route) -> Finding:
        if route.user and not (route.recipient or "").strip():
            opinion = Opinion(code="site.clerk-without-address", subject=route.user, evidence={"clerks": [route.user]})
            return worded(opinion, self._product)
        return super()._cannot_leave(route)

    def _of_recipient(self, route: Route, intended: str | None, goes_to: str | None) -> Finding | None:
        clerks = self._clerks.get(route.user or "", ())
        if clerks and all(clerk.status == "inactive" for clerk in clerks):
            return finding("test.clerk-inactive", self._product, _subject(route))
        if goes_to is not None or not intended or not route.user:
            return super()._of_recipient(route, intended, goes_to)
        return _clerk_address(route.user, intended)

    def _beside(self, route: Route) -> tuple[Finding, ...]:
        """Say that the clerk's own address is none, where the mail goes elsewhere."""
        own = route.recipient
        return (_clerk_address(route.user, own),) if self._to and route.user and own and not is_mailbox(own) else ()


def _clerk_address(clerk: str, address: str) -> Finding:
    evidence = {"clerks": [clerk], "address": address}
    opinion = Opinion(code="site.clerk-address-invalid", subject=clerk, variant=flaw_of(address), evidence=evidence)
    return worded(opinion, "maestro-pms")


def _taken(value: RouteValue) -> tuple[str | int | None, bool]:
    """The value, or what holds while the field that is not known is empty or an untouched copy; and whether it is the latter."""
    first = value
    while value.value is None and value.otherwise is not None:
        value = value.otherwise
    return value.value, value is not first and value.value is not None


def _pace(provider: Provider | None) -> Pace:
    """What the provider lets one account send; where no number of connections is known, one."""
    if provider is None:
        return Pace()
    limits = provider.limits
    days = [number for number in (limits.per_day, limits.recipients_per_day) if number is not None]
    return Pace(per_minute=limits.per_minute, per_day=min(days, default=None), connections=limits.connections or 1)


def _subject(route: Route) -> str:
    return (
        route.user
        or {"maestro-erp": "anybody", "maestro-pms": "guests"}["maestro-pms" if route.mailing == "alert" else "maestro-erp"]
    )


def _place(where: str | None) -> str | None:
    screen = screens().get(where or "")
    return f"{screen.label} ({screen.path})" if screen else None
