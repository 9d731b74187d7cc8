"""The practice sign-in service: an OAuth authority on loopback, of Microsoft's kind and of Google's, over HTTPS.

It has what the real ones have: discovery, a page to sign in on, authorization codes with PKCE, device codes, refresh tokens, keys
and introspection. Its accounts are those of the practice site; some are refused in the words of the real services. Closing it
ends every task. What it hands out is made in :mod:`mailkit.practice.issuer`.
"""

from __future__ import annotations

import asyncio
import base64
import html
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import h11

from mailkit.practice.account import Accounts
from mailkit.practice.certificates import Authority
from mailkit.practice.issuer import CLIENTS, REFUSALS, TENANTS, Client, Grant, Issuer, Refusal
from mailkit.practice.play import Play

__all__ = ["OAuthServer"]

_HOST = "127.0.0.1"
_NAME = "login.practice.test"
_LONGEST = 65_536
_PATIENCE = 30.0
_MOST_CONNECTIONS = 100
_DEVICE_SECONDS = 900
_LOOPBACK = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?/?")
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_Fields = Mapping[str, str]


class _Reply:
    """What goes back: a status, a body and its kind."""

    def __init__(self, body: str | Mapping[str, Any], status: int = 200, location: str | None = None) -> None:
        self.status, self.location = status, location
        page = isinstance(body, str)
        self.kind = "text/html; charset=utf-8" if page else "application/json"
        self.body = (str(body) if page else json.dumps(body)).encode()


class OAuthServer:
    """The running service.

    Args:
        authority: makes the certificate.
        accounts: who can sign in; each wrong password is counted there, and the tokens given here open them.
    """

    def __init__(self, authority: Authority, accounts: Accounts) -> None:
        self.port = 0
        self.issuer = Issuer()
        self.asked: list[str] = []
        """The paths that were asked for."""
        self._authority, self._accounts = authority, accounts
        accounts.owner_of = self._owner_of
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address, without a tenant."""
        return f"https://{_HOST}:{self.port}"

    @property
    def google_client(self) -> dict[str, Any]:
        """What the Google Cloud console gives as ``client_secret.json``, for this service."""
        name = "practice-google-desktop"
        return {
            "installed": {
                "client_id": name,
                "client_secret": CLIENTS[name].secret,
                "auth_uri": f"{self.url}/o/auth",
                "token_uri": f"{self.url}/o/token",
                "redirect_uris": ["http://localhost"],
            }
        }

    def _owner_of(self, token: str) -> str | None:
        claims = self.issuer.inspect(token)
        return str(claims["email"]) if claims else None

    async def start(self, port: int = 0) -> None:
        """Listen on ``port``, or on a free one."""
        context = await asyncio.to_thread(self._authority.context, Play(id="oauth", title="Sign-in service."), _NAME)
        self._server = await asyncio.start_server(self._accept, _HOST, port, ssl=context, ssl_handshake_timeout=_PATIENCE)
        self.port = self._server.sockets[0].getsockname()[1]
        self.issuer.url = self.url

    async def close(self) -> None:
        """Stop listening and end all clients."""
        if self._server is not None:
            self._server.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= _MOST_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="practice sign-in")
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST)
        try:
            with suppress(OSError, TimeoutError, h11.RemoteProtocolError):
                while True:
                    async with asyncio.timeout(_PATIENCE):
                        asked = await _request(peer, reader)
                        if asked is None:
                            return
                        head, body = asked
                        target = urlsplit(head.target.decode("ascii", "replace"))
                        fields = _named(head) | dict(parse_qsl(body or target.query))
                        self.asked.append(target.path)
                        writer.write(_bytes(peer, self._answer(head.method.decode(), target.path, fields)))
                        await writer.drain()
                    if peer.our_state is not h11.DONE or peer.their_state is not h11.DONE:
                        return
                    peer.start_next_cycle()
        finally:
            writer.transport.abort()

    def _answer(self, method: str, path: str, fields: _Fields) -> _Reply:
        tenant, _, rest = path.removeprefix("/").partition("/")
        answers = {
            "introspect": lambda: self._introspect(fields),
            "device": lambda: self._device_page(method, fields),
            "o/auth": lambda: self._authorize(method, "google", fields),
            "o/token": lambda: self._token("google", fields),
        }
        if tenant in TENANTS:
            answers |= {
                f"{tenant}/v2.0/.well-known/openid-configuration": lambda: _Reply(self._discovery(tenant)),
                f"{tenant}/discovery/v2.0/keys": lambda: _Reply(self.issuer.keys()),
                f"{tenant}/oauth2/v2.0/authorize": lambda: self._authorize(method, tenant, fields),
                f"{tenant}/oauth2/v2.0/token": lambda: self._token(tenant, fields),
                f"{tenant}/oauth2/v2.0/devicecode": lambda: self._device(tenant, fields),
            }
        elif rest.startswith(("v2.0/", "oauth2/v2.0/")):
            return _refusal(400, Refusal(error="invalid_tenant", number=90002, words=f"Tenant '{tenant}' not found.", at="token"))
        answer = answers.get(path.removeprefix("/"))
        return answer() if answer else _Reply({"error": "not_found"}, 404)

    def _discovery(self, tenant: str) -> dict[str, Any]:
        base = f"{self.url}/{tenant}"
        return {
            "issuer": self.issuer.url,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "introspection_endpoint": f"{self.url}/introspect",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "code_challenge_methods_supported": ["S256"],
        }

    def _authorize(self, method: str, tenant: str, fields: _Fields) -> _Reply:
        """Show the page to sign in on; when it comes back, send the browser to the program."""
        client = CLIENTS.get(fields.get("client_id", ""))
        if client is None or not client.public:
            return _Reply(_page("AADSTS700016: Application was not found in the directory."), 400)
        if not _LOOPBACK.fullmatch(fields.get("redirect_uri", "")):
            return _Reply(_page("AADSTS50011: The redirect URI does not match the ones configured for the application."), 400)
        if fields.get("code_challenge_method") != "S256" or fields.get("response_type") != "code":
            return _Reply(_page("AADSTS9002325: Proof Key for Code Exchange is required."), 400)
        if method != "POST":
            return _Reply(_page(None, fields, fields.get("login_hint", "")))
        if fields.get("do") == "cancel":
            return _back(fields, {"error": "access_denied", "error_description": "AADSTS65004: User declined to consent."})
        login = fields.get("user", "")
        if wrong := self._wrong(login, fields.get("password", "")):
            return _Reply(_page(wrong, fields, login))
        refusal = REFUSALS.get(login)
        if refusal is not None and refusal.at == "redirect":
            return _back(fields, _said(refusal))
        grant = Grant(
            login=login,
            client=fields["client_id"],
            scope=fields.get("scope", ""),
            tenant=tenant,
            redirect=fields["redirect_uri"],
            challenge=fields.get("code_challenge", ""),
            nonce=fields.get("nonce"),
        )
        return _back(fields, {"code": self.issuer.code(grant)})

    def _wrong(self, login: str, password: str) -> str | None:
        right = self._accounts.has_password(login, password)
        self._accounts.judge(login, "OAUTH", right=right)
        if not right:
            return "AADSTS50126: Error validating credentials due to invalid username or password."
        refusal = REFUSALS.get(login)
        return f"AADSTS{refusal.number}: {refusal.words}" if refusal is not None and refusal.at == "page" else None

    def _token(self, tenant: str, fields: _Fields) -> _Reply:
        name, kind = fields.get("client_id", ""), fields.get("grant_type")
        client = CLIENTS.get(name)
        if client is None:
            words = f"Application with identifier '{name}' was not found in the directory."
            return _refusal(400, Refusal(error="unauthorized_client", number=700016, words=words, at="token"))
        if wrong := _client_is_wrong(client, kind, fields.get("client_secret")):
            return _refusal(401, wrong)
        if kind == "client_credentials":
            grant = Grant(login=name, client=name, scope=fields.get("scope", ""), tenant=tenant)
            return _Reply(self.issuer.tokens(grant, refresh=False))
        found: Grant | None = None
        if kind == "authorization_code":
            redirect, verifier = fields.get("redirect_uri", ""), fields.get("code_verifier", "")
            found = self.issuer.redeem(fields.get("code", ""), client=name, redirect=redirect, verifier=verifier)
        elif kind == "refresh_token":
            found = self.issuer.refreshed(fields.get("refresh_token", ""), name)
        elif kind == _DEVICE_GRANT:
            waiting = self.issuer.devices.get(fields.get("device_code", ""))
            if waiting is not None and waiting.state != "granted":
                return _refusal(400, _DEVICE_ANSWERS[waiting.state])
            found = self.issuer.devices.pop(fields.get("device_code", ""), None)
        if found is None:
            return _refusal(400, _EXPIRED_GOOGLE if tenant == "google" else _EXPIRED)
        refusal = REFUSALS.get(found.login)
        if refusal is not None and refusal.at == "token":
            return _refusal(400, refusal)
        return _Reply(self.issuer.tokens(found))

    def _device(self, tenant: str, fields: _Fields) -> _Reply:
        client = CLIENTS.get(fields.get("client_id", ""))
        if client is None or not client.device:
            return _refusal(401, _NEEDS_SECRET)
        grant = Grant(login="", client=fields["client_id"], scope=fields.get("scope", ""), tenant=tenant, state="waiting")
        code, letters = self.issuer.device(grant)
        return _Reply(
            {
                "device_code": code,
                "user_code": letters,
                "verification_uri": f"{self.url}/device",
                "expires_in": _DEVICE_SECONDS,
                "interval": self.issuer.device_interval,
                "message": f"Open {self.url}/device and enter the code {letters}.",
            }
        )

    def _device_page(self, method: str, fields: _Fields) -> _Reply:
        if method != "POST":
            return _Reply(_page(None, {}, "", code=True))
        grant = self.issuer.devices.get(self.issuer.typed.get(fields.get("code", "").strip().upper(), ""))
        if grant is None:
            return _Reply(_page("That code is not known, or it has expired.", {}, "", code=True))
        if fields.get("do") == "cancel":
            grant.state = "declined"
            return _Reply(_page("You declined."))
        if wrong := self._wrong(fields.get("user", ""), fields.get("password", "")):
            return _Reply(_page(wrong, {}, fields.get("user", ""), code=True))
        grant.login, grant.state = fields["user"], "granted"
        return _Reply(_page("You are signed in on the other machine. You can close this page."))

    def _introspect(self, fields: _Fields) -> _Reply:
        """Say what a token is worth (RFC 7662)."""
        claims = self.issuer.inspect(fields.get("token", ""))
        if claims is None:
            return _Reply({"active": False})
        return _Reply({"active": True, "username": claims["email"], **claims})


_EXPIRED = Refusal(
    error="invalid_grant",
    number=50173,
    at="token",
    words="The provided grant has expired due to it being revoked, a fresh auth token is needed.",
)
_EXPIRED_GOOGLE = Refusal(error="invalid_grant", number=0, at="token", words="Token has been expired or revoked.")
_NEEDS_SECRET = Refusal(
    error="invalid_client",
    number=7000218,
    at="token",
    words="The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
)
_WRONG_SECRET = Refusal(error="invalid_client", number=7000215, at="token", words="Invalid client secret provided.")
_DEVICE_ANSWERS = {
    "waiting": Refusal(error="authorization_pending", number=70016, at="token", words="OAuth 2.0 device flow: pending."),
    "declined": Refusal(error="authorization_declined", number=70000, at="token", words="The end user denied the request."),
}


def _client_is_wrong(client: Client, kind: str | None, secret: str | None) -> Refusal | None:
    if client.secret is not None and secret != client.secret:
        return _WRONG_SECRET
    return _NEEDS_SECRET if kind == _DEVICE_GRANT and not client.device else None


def _said(refusal: Refusal) -> dict[str, Any]:
    number = f"AADSTS{refusal.number}: " if refusal.number else ""
    trace = " Trace ID: 00000000-0000-4000-8000-000000000000" if refusal.number else ""
    return {"error": refusal.error, "error_description": f"{number}{refusal.words}{trace}"}


def _refusal(status: int, refusal: Refusal) -> _Reply:
    more = {"error_codes": [refusal.number], "correlation_id": "00000000-0000-4000-8000-000000000001"} if refusal.number else {}
    return _Reply({**_said(refusal), **more}, status)


def _back(fields: _Fields, answer: Mapping[str, str]) -> _Reply:
    """Send the browser to the program: with a form, or with the answer in the address."""
    answer = {**answer, "state": fields.get("state", "")}
    target = fields["redirect_uri"]
    if fields.get("response_mode") != "form_post":
        return _Reply("", 302, f"{target}?{urlencode(answer)}")
    inputs = "".join(_hidden(name, value) for name, value in answer.items())
    return _Reply(
        f'<!doctype html><title>Practice sign-in</title><form method="post" action="{html.escape(target)}">{inputs}'
        "<button>Go back to the program</button></form><script>document.forms[0].submit()</script>"
    )


def _page(wrong: str | None, fields: _Fields | None = None, login: str = "", *, code: bool = False) -> str:
    """Give the page to sign in on; ``fields`` are carried along; ``None``: only the sentence."""
    said = f'<p role="alert">{html.escape(wrong)}</p>' if wrong else ""
    form = ""
    if fields is not None:
        kept = "".join(_hidden(name, value) for name, value in fields.items() if name not in {"user", "password", "do", "code"})
        typed = '<p><label>Code <input name="code" autocomplete="off"></label>' if code else ""
        form = (
            f'<form method="post">{kept}{typed}'
            f'<p><label>User <input name="user" value="{html.escape(login)}"></label>'
            '<p><label>Password <input name="password" type="password" autocomplete="off"></label>'
            '<p><button name="do" value="sign-in">Sign in</button> <button name="do" value="cancel">Cancel</button></form>'
        )
    return f'<!doctype html><html lang="en"><title>Practice sign-in</title><h1>Practice sign-in</h1>{said}{form}</html>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'


def _named(head: h11.Request) -> dict[str, str]:
    """Give the program that a request names in its header (RFC 6749, 2.3.1)."""
    given = next((value.decode("ascii", "replace") for name, value in head.headers if name == b"authorization"), "")
    if not given.startswith("Basic "):
        return {}
    with suppress(ValueError):
        name, _, secret = base64.b64decode(given.removeprefix("Basic "), validate=True).decode().partition(":")
        return {"client_id": unquote(name), "client_secret": unquote(secret)}
    return {}


async def _request(peer: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, str] | None:
    """Read one request: its head and its body; ``None``: the client left or says too much."""
    head: h11.Request | None = None
    body = bytearray()
    while True:
        event = peer.next_event()
        if event is h11.NEED_DATA:
            peer.receive_data(await reader.read(_LONGEST))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LONGEST:
                return None
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return head, body.decode("utf-8", "replace")
        else:
            return None


def _bytes(peer: h11.Connection, reply: _Reply) -> bytes:
    headers = [
        ("Content-Type", reply.kind),
        ("Content-Length", str(len(reply.body))),
        ("Cache-Control", "no-store"),
        *([("Location", reply.location)] if reply.location else []),
    ]
    parts = (h11.Response(status_code=reply.status, headers=headers), h11.Data(data=reply.body), h11.EndOfMessage())
    return b"".join(peer.send(part) or b"" for part in parts)
