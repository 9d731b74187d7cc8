"""``mailkit probe TARGET…``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from msgspec import structs

from mailkit.cli.output import Progress, declare_output, open_save, show
from mailkit.cli.password import declare_password, read_password
from mailkit.diagnosis import diagnosed
from mailkit.errors import InputError
from mailkit.finding import Product
from mailkit.observation import UsedBy
from mailkit.probe import Credentials, ProbeSettings, parse_target, probe_many
from mailkit.report.machine import line
from mailkit.text import visible

__all__ = ["declare"]

SITE = "site:"
"""Before the name of a site file: every server the routes of that site lead to."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="host:port, host (ports 25 465 587 2525), [v6]:port, mx:domain, or site:FILE (all servers its mail leaves by)",
    )
    parser.add_argument("--targets-file", metavar="F", help="more targets, one a line (# begins a comment; - is standard input)")
    parser.add_argument(
        "--security", default="auto", choices=("auto", "none", "starttls", "implicit"), help="what the site has configured"
    )
    parser.add_argument("--user", help="log in as this user: one mechanism, one attempt")
    declare_password(parser)
    mechanisms = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 NTLM XOAUTH2 OAUTHBEARER"
    parser.add_argument("--mechanism", metavar="NAME", help=mechanisms)
    parser.add_argument("--from", dest="sender", metavar="ADDR", help="ask whether this sender is taken")
    parser.add_argument("--to", dest="recipient", metavar="ADDR", help="ask whether this recipient is taken (nothing is sent)")
    parser.add_argument("--resolver", metavar="IP[:PORT]", help="ask this name server instead of the system's")
    parser.add_argument("--ca-file", metavar="PEM", help="trust these certificate authorities instead of the system's")
    parser.add_argument("--server-name", metavar="NAME", help="compare the certificate with this name instead of the host")
    parser.add_argument("--ehlo-name", metavar="NAME", help="introduce this machine by this name instead of its address")
    parser.add_argument("--concurrency", type=int, default=100, metavar="N", help="targets at once (100)")
    parser.add_argument("--timeout", type=float, default=15.0, metavar="S", help="seconds one wait may take (15)")
    parser.add_argument("--deadline", type=float, default=60.0, metavar="S", help="seconds one target may take (60)")
    parser.add_argument("--allow-plaintext-auth", action="store_true", help="let the password go over an unencrypted connection")
    parser.add_argument("--allow-unverified", action="store_true", help="let the password go to a server whose certificate fails")
    parser.add_argument("--gentle", action="store_true", help="leave out the injection test, which some servers log as an attack")
    parser.add_argument("--save", metavar="FILE", help="also save the observations, for mailkit diagnose")
    declare_output(parser)
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.targets_file == "-" and chosen.password_stdin:
        raise InputError("standard input cannot hold both the targets and the password; use --password-env, or a file of targets")
    targets = [*chosen.targets, *(_from_file(chosen.targets_file) if chosen.targets_file else [])]
    if not targets:
        raise InputError("no target; give a host such as mail.example.com, host:port, or mx:domain")
    if chosen.concurrency < 1:
        raise InputError(f"--concurrency {chosen.concurrency} is not usable; give 1 or more")
    for target in targets:
        _check(target)
    if chosen.user is None and (chosen.password_env or chosen.password_stdin or chosen.password_keyring or chosen.mechanism):
        raise InputError("a password or mechanism without --user has no use; give --user too")
    settings = ProbeSettings(
        security=chosen.security,
        credentials=Credentials(chosen.user, read_password(chosen)) if chosen.user is not None else None,
        mechanism=chosen.mechanism,
        sender=chosen.sender,
        recipient=chosen.recipient,
        resolver=chosen.resolver,
        ca_file=chosen.ca_file,
        server_name=chosen.server_name,
        ehlo_name=chosen.ehlo_name,
        timeout=chosen.timeout,
        deadline=chosen.deadline,
        allow_plaintext_auth=chosen.allow_plaintext_auth,
        allow_unverified=chosen.allow_unverified,
        gentle=chosen.gentle,
    )
    asked = [one for target in targets for one in _asked(target, settings, chosen.product)]
    saving = open_save(chosen.save)
    try:
        return asyncio.run(_probe(asked, settings, chosen, saving))
    finally:
        if saving is not None:
            saving.close()


@dataclass(frozen=True)
class _Asked:
    """One target, how it is probed, and what a site file says of it."""

    target: str
    settings: ProbeSettings
    product: Product | None
    used_by: UsedBy | None = None


def _asked(target: str, settings: ProbeSettings, product: Product | None) -> list[_Asked]:
    if not target.startswith(SITE):
        return [_Asked(target, settings, product)]
    # Loaded here: probing a host does not need the site's room.
    from mailkit.probe.site import site_targets  # noqa: PLC0415 - only a site file needs it
    from mailkit.site.file import load  # noqa: PLC0415 - only a site file needs it

    name = target.removeprefix(SITE)
    site = load(name).site
    used = site_targets(site, settings, name)
    if not used:
        raise InputError(
            f"no mail of the site in {visible(name)} leaves by a mail server whose name is known; "
            "mailkit site route FILE tells which way it goes"
        )
    return [_Asked(one.target, one.settings, product or site.product, one.used_by) for one in used]


async def _probe(asked: list[_Asked], settings: ProbeSettings, chosen: argparse.Namespace, saving: TextIO | None) -> int:
    targets = [one.target for one in asked]
    stop = asyncio.Event()
    _stop_on_interrupt(stop)
    progress = Progress(len(targets))
    failed = False
    done = 0
    progress.say(done, f"asking {targets[0]}")
    pairs = [(one.target, one.settings) for one in asked]
    async for observed in probe_many(pairs, settings, concurrency=chosen.concurrency, stop=stop):
        one = asked[done]
        document = diagnosed(structs.replace(observed, used_by=one.used_by), one.product)
        done += 1
        failed = failed or document.verdict == "error"
        progress.clear()
        if saving is not None:
            print(line(document), file=saving, flush=True)
        show(document, chosen)
        if done < len(targets):
            progress.say(done, f"asking {targets[done]}")
    progress.clear()
    if stop.is_set():
        print("mailkit: stopped; above is what was found until then", file=sys.stderr)
        return 130
    return 1 if failed else 0


def _stop_on_interrupt(stop: asyncio.Event) -> None:
    """End kindly at the first Ctrl-C, at once at the second."""
    loop = asyncio.get_running_loop()

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        loop.call_soon_threadsafe(stop.set)

    # Not the loop's own handler: Windows has none.
    signal.signal(signal.SIGINT, interrupted)


def _check(target: str) -> None:
    if not target.startswith(SITE):
        parse_target(target)


def _from_file(name: str) -> list[str]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the targets file {name} cannot be read ({error}); give a text file with one target a line") from None
    targets: list[str] = []
    wrong: list[str] = []
    for number, row in enumerate(text.splitlines(), 1):
        target = row.partition("#")[0].strip()
        if not target:
            continue
        try:
            _check(target)
            targets.append(target)
        except InputError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise InputError(f"the targets file {name} has lines that are no targets: {'; '.join(wrong[:3])}{more}")
    if not targets:
        raise InputError(f"the targets file {name} holds no target; write one a line, for example mail.example.com:587")
    return targets
