"""What a person filled in, as a frozen value: the target and the settings of a probe, or the reason why it cannot start.

Also the same thing as code: the Python and the command line that do what the panel does. A password is no part of it: both
versions ask for it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.observation import Asked
from mailkit.probe import Credentials, ProbeSettings, parse_target
from mailkit.secret import Secret

__all__ = ["Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to one host. Empty text means: not filled in.

    Attributes:
        host: a host, ``host:port`` or ``mx:domain``.
        ports: port numbers with commas or spaces between them; empty: the usual ones.
        practice: the question goes to the practice site in this process.
    """

    host: str = ""
    ports: str = ""
    security: Asked = "auto"
    user: str = ""
    product: Product | None = None
    sender: str = ""
    recipient: str = ""
    resolver: str = ""
    ca_file: str = ""
    allow_plaintext_auth: bool = False
    allow_unverified: bool = False
    practice: bool = False

    def targets(self) -> tuple[str, ...]:
        """Return what to probe, one target per port where ports are given.

        Raises:
            InputError: the host or a port cannot be used.
        """
        host = self.host.strip()
        if not host:
            raise InputError("give the host, for example mail.example.com")
        ports = [port for port in re.split(r"[,;\s]+", self.ports) if port]
        target = parse_target(host)
        if not ports:
            return (target.text,)
        if target.kind == "endpoint":
            raise InputError(f"the host already names port {target.ports[0]}; leave the port empty, or take it out of the host")
        if ":" in target.host:
            host = f"[{target.host}]"
        return tuple(dict.fromkeys(parse_target(f"{host}:{port}").text for port in ports))

    def settings(self, password: Secret | None = None) -> ProbeSettings:
        """Return how to probe.

        Raises:
            InputError: a field cannot be used.
        """
        user = self.user.strip()
        return ProbeSettings(
            security=self.security,
            credentials=Credentials(user, password) if user and password else None,
            sender=self.sender.strip() or None,
            recipient=self.recipient.strip() or None,
            resolver=self.resolver.strip() or None,
            ca_file=self.ca_file.strip() or None,
            allow_plaintext_auth=self.allow_plaintext_auth,
            allow_unverified=self.allow_unverified,
        )

    def obstacle(self, *, password: bool) -> str | None:
        """Return why this cannot start, in one sentence; ``None`` when it can. ``password``: one was typed."""
        try:
            self.targets()
            self.settings()
        except InputError as error:
            return str(error)
        if self.user.strip() and not password:
            return "type the password for the log-in, or empty the user"
        if password and not self.user.strip():
            return "give the user the password belongs to, or forget the password"
        return None

    def as_python(self) -> str:
        """Return a cell for a notebook that does the same."""
        options = [f"{name}={value!r}" for name, value in self._options().items()]
        logs_in = bool(self.user.strip())
        if logs_in:
            options.append(f'credentials=Credentials({self.user.strip()!r}, Secret(getpass("Password: ")))')
        if self.practice:
            options += ["resolver=site.resolver", "ca_file=site.ca_file"]
        several = len(self._targets_or_host()) > 1 and not self.practice
        names = [*(["Credentials"] if logs_in else []), "ProbeSettings", "probe_many" if several else "probe"]
        imports = (
            "from getpass import getpass\n" if logs_in else "",
            "from mailkit.diagnosis import diagnosed",
            "from mailkit.panels import show",
            "from mailkit.practice import practice_site" if self.practice else "",
            f"from mailkit.probe import {', '.join(names)}",
            "from mailkit.secret import Secret" if logs_in else "",
        )
        body = self._python_body(options, several=several)
        if self.practice:
            body = ["async with practice_site() as site:", *(f"    {line}" for line in body)]
        return "\n".join([*(line for line in imports if line), "", *body, f"show({'*documents' if several else 'document'})"])

    def as_command(self) -> str:
        """Return the command line that does the same; it asks for the password."""
        words = ["mailkit", "probe", *self._targets_or_host()]
        for name, value in self._options().items():
            option = {"sender": "--from", "recipient": "--to"}.get(name, "--" + name.replace("_", "-"))
            words += [option] if value is True else [option, str(value)]
        if self.practice:
            words += ["--resolver", self.resolver.strip(), "--ca-file", self.ca_file.strip()]
        if self.user.strip():
            words += ["--user", self.user.strip()]
        if self.product:
            words += ["--product", self.product]
        return shlex.join(words)

    def _targets_or_host(self) -> tuple[str, ...]:
        try:
            return self.targets()
        except InputError:
            return (self.host.strip() or "HOST",)

    def _options(self) -> dict[str, str | bool]:
        """Every setting that differs from the default, under its Python name, without those of the practice site."""
        given: dict[str, str | bool] = {
            "security": "" if self.security == "auto" else self.security,
            "sender": self.sender.strip(),
            "recipient": self.recipient.strip(),
            "resolver": "" if self.practice else self.resolver.strip(),
            "ca_file": "" if self.practice else self.ca_file.strip(),
            "allow_plaintext_auth": self.allow_plaintext_auth,
            "allow_unverified": self.allow_unverified,
        }
        return {name: value for name, value in given.items() if value}

    def _python_body(self, options: list[str], *, several: bool) -> list[str]:
        """The lines that set up, ask and judge. A practice server has another port each time: there it goes by its name."""
        targets = self._targets_or_host()
        product = f", {self.product!r}" if self.product else ""
        lines = [f"server = site.server({self.host.strip()!r})"] if self.practice else []
        target = 'f"{server.name}:{server.port}"' if self.practice else repr(targets[0])
        lines += (
            ["settings = ProbeSettings(", *(f"    {option}," for option in options), ")"]
            if options
            else ["settings = ProbeSettings()"]
        )
        if several:
            return [*lines, f"documents = [diagnosed(seen{product}) async for seen in probe_many({list(targets)!r}, settings)]"]
        return [*lines, f"document = diagnosed(await probe({target}, settings){product})"]
