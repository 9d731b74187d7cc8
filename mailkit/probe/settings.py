"""How to probe: everything a person may choose, checked when it is made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import get_args

from mailkit.errors import InputError
from mailkit.net.sasl import require
from mailkit.observation import Asked
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["Credentials", "ProbeSettings"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and the password or access token that goes with it (the mechanism says which it is)."""

    user: str
    password: Secret

    def __post_init__(self) -> None:
        if not self.user or _has_control(self.user):
            raise InputError(
                "the user name is empty or holds a control character; give the log-in name, often the e-mail address"
            )
        if not self.password:
            raise InputError("the password is empty; a log-in without one would only cost a failed attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """Settings of one probe.

    Attributes:
        security: what the site has configured, or ``auto`` to find out.
        credentials: log in once, with one mechanism.
        mechanism: the SASL mechanism; chosen from what is offered when ``None``.
        sender: ask ``MAIL FROM`` with this address.
        recipient: ask ``RCPT TO`` with this address; nothing is sent.
        resolver: ``IP`` or ``IP:PORT`` of a name server to ask instead of the system's.
        ca_file: PEM file of certificate authorities to trust instead of the system's.
        ehlo_name: the name to introduce this machine with; its address when ``None``.
        server_name: the name to compare the certificate with, when it is not the host asked.
        timeout: seconds one wait may take.
        deadline: seconds one target may take.
        allow_plaintext_auth: the log-in may go over an unencrypted connection.
        allow_unverified: the log-in may go to a server whose certificate fails.
        gentle: leave out the injection test, which some servers log as an attack.
    """

    security: Asked = "auto"
    credentials: Credentials | None = None
    mechanism: str | None = None
    sender: str | None = None
    recipient: str | None = None
    resolver: str | None = None
    ca_file: str | os.PathLike[str] | None = None
    ehlo_name: str | None = None
    server_name: str | None = None
    timeout: float = 15.0
    deadline: float = 60.0
    allow_plaintext_auth: bool = False
    allow_unverified: bool = False
    gentle: bool = False

    def __post_init__(self) -> None:
        if self.security not in get_args(Asked):
            raise InputError(
                f"the security {visible(str(self.security))!r} is not known; give one of {', '.join(get_args(Asked))}"
            )
        if self.mechanism is not None:
            require(self.mechanism)
        for what, address in (("sender", self.sender), ("recipient", self.recipient)):
            if address is not None and address != "" and not _usable_address(address):
                raise InputError(f"the {what} {visible(address)!r} is not an e-mail address; give one like name@example.com")
        if self.recipient == "":
            raise InputError("the recipient is empty; give an address like name@example.com")
        for what, name in (("EHLO name", self.ehlo_name), ("server name", self.server_name)):
            if name is not None and (not name or _has_control(name) or " " in name or not name.isascii()):
                raise InputError(f"the {what} {visible(name)!r} is not a host name; give one like mail.example.com")
        for what, seconds in (("timeout", self.timeout), ("deadline", self.deadline)):
            if not 0 < seconds <= 3600:
                raise InputError(f"the {what} {seconds:g} is not usable; give seconds between 0 and 3600")

    @property
    def wanted(self) -> tuple[str, ...]:
        """The stages asked for beyond the handshake."""
        wished = {
            "auth": self.credentials is not None,
            "sender": self.sender is not None or self.recipient is not None,
            "recipient": self.recipient is not None,
        }
        return tuple(stage for stage, wish in wished.items() if wish)


def _has_control(text: str) -> bool:
    return any(ord(character) < 0x20 or ord(character) == 0x7F for character in text)


def _usable_address(address: str) -> bool:
    """Only what could break the command is refused here: what else is wrong, the server shall say."""
    return len(address) <= 320 and not _has_control(address) and not any(mark in address for mark in "<> ")
