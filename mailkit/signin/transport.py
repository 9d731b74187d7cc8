"""The HTTPS connection to a sign-in service, for the libraries that speak OAuth: what is trusted, and for how long is waited.

Both libraries use requests. It trusts a list of its own and waits for ever; here the machine's authorities count too, so that a
company's proxy works as in a browser, and every wait ends. What the libraries would write into a debug log is switched off: two
of them write tokens there.
"""

from __future__ import annotations

import logging
import os
import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

__all__ = ["adapted", "quiet", "reason"]

_CONNECT, _READ = 10.0, 20.0
_LOGGERS = ("google", "google_auth_oauthlib", "msal", "msal_extensions", "oauthlib", "requests_oauthlib", "urllib3")


class _Adapter(HTTPAdapter):
    """An adapter with authorities and limits of its own."""

    def __init__(self, ca_file: str | None) -> None:
        self._ca_file = ca_file
        self._context = None if ca_file else ssl.create_default_context()
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - theirs
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - theirs
        return super().proxy_manager_for(proxy, **kwargs, ssl_context=self._context)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - theirs
        kwargs["timeout"] = (_CONNECT, _READ)
        if self._ca_file:
            kwargs["verify"] = self._ca_file  # whatever a variable of the environment says
        return super().send(request, *args, **kwargs)


def adapted(session: requests.Session, ca_file: str | os.PathLike[str] | None = None) -> requests.Session:
    """Make a session trust the machine's authorities, or only those of a PEM file, and never wait for ever."""
    session.mount("https://", _Adapter(os.fspath(ca_file) if ca_file is not None else None))
    return session


def quiet() -> None:
    """Keep the libraries from writing requests and answers into a debug log."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def reason(error: BaseException) -> tuple[str, str | None]:
    """Say in short why no answer came, and the variant of the finding: no address with a query, no body."""
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS handshake failed: " + _innermost(error), "certificate"
    if isinstance(error, requests.exceptions.Timeout | TimeoutError):
        return "no answer in time", "slow"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused the connection", None
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection: " + _innermost(error), None
    return f"the answer could not be used ({type(error).__name__})", None


def _innermost(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__)
