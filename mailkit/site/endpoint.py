"""The mail servers a site's routes lead to: each once, with who sends through it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mailkit.site.route import Route, RouteValue

__all__ = ["UsedEndpoint", "endpoints"]


class UsedEndpoint(Struct, frozen=True, kw_only=True):
    """A server that routes lead to."""

    host: str
    port: int | None
    """``None``: not known, or known to be empty."""
    encrypted: bool | None
    """The box of the screen; ``None``: not known, or the product has no such box."""
    users: tuple[str, ...]
    """Who sends through it, in the order of the site."""
    mailings: tuple[str, ...]
    certain: bool
    """False: at least one of the three stands only in the place that is looked at when the first one is empty."""

    @property
    def target(self) -> str:
        """As ``mailkit probe`` takes it: ``host:port``, or ``host`` where the port is not known."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port is not None else self.host


def endpoints(routes: Iterable[Route]) -> tuple[UsedEndpoint, ...]:
    """Give every distinct server of the routes that speak SMTP, in the order they are met first."""
    users: dict[tuple[str, int | None, bool | None], dict[str, None]] = {}
    mailings: dict[tuple[str, int | None, bool | None], dict[str, None]] = {}
    certain: dict[tuple[str, int | None, bool | None], bool] = {}
    for route in routes:
        if route.transport not in ("smtp", None):
            continue
        fields = route.fields
        host, port, security = (_known(value) for value in (fields.server, fields.port, fields.security))
        if not isinstance(host, str) or not host.strip():
            continue
        key = (host.strip().lower(), port if isinstance(port, int) else None, None if security is None else security != "none")
        users.setdefault(key, {})
        if route.user is not None:
            users[key][route.user] = None
        mailings.setdefault(key, {})[route.mailing] = None
        sure = all(value.otherwise is None for value in (fields.server, fields.port, fields.security))
        certain[key] = certain.get(key, True) and sure and route.transport is not None
    return tuple(
        UsedEndpoint(
            host=key[0],
            port=key[1],
            encrypted=key[2],
            users=tuple(users[key]),
            mailings=tuple(mailings[key]),
            certain=certain[key],
        )
        for key in users
    )


def _known(value: RouteValue) -> str | int | None:
    """The value, or what it would be if the field that is not known were empty or an untouched copy."""
    while value.value is None and value.otherwise is not None:
        value = value.otherwise
    return value.value
