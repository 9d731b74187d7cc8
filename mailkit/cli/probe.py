"""``mailkit probe TARGET…``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import TextIO

from mailkit.cli.output import Progress, declare_output, open_save, show
from mailkit.cli.password import declare_password, read_password
from mailkit.diagnosis import diagnosed
from mailkit.errors import InputError
from mailkit.probe import Credentials, ProbeSettings, parse_target, probe_many
from mailkit.report.machine import line

__all__ = ["declare"]


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help="host:port, host (ports 25 465 587 2525), [v6]:port, or mx:domain"
    )
    parser.add_argument("--targets-file", metavar="F", help="more targets, one a line (# begins a comment; - is standard input)")
    parser.add_argument(
        "--security", default="auto", choices=("auto", "none", "starttls", "implicit"), help="what the site has configured"
    )
    parser.add_argument("--user", help="log in as this user: one mechanism, one attempt")
    declare_password(parser)
    parser.add_argument("--mechanism", metavar="NAME", help="PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER")
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
        parse_target(target)
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
    saving = open_save(chosen.save)
    try:
        return asyncio.run(_probe(targets, settings, chosen, saving))
    finally:
        if saving is not None:
            saving.close()


async def _probe(targets: list[str], settings: ProbeSettings, chosen: argparse.Namespace, saving: TextIO | None) -> int:
    stop = asyncio.Event()
    _stop_on_interrupt(stop)
    progress = Progress(len(targets))
    failed = False
    done = 0
    progress.say(done, f"asking {targets[0]}")
    async for observed in probe_many(targets, settings, concurrency=chosen.concurrency, stop=stop):
        document = diagnosed(observed, chosen.product)
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
            parse_target(target)
            targets.append(target)
        except InputError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" (and {len(wrong) - 3} more)" if len(wrong) > 3 else ""
        raise InputError(f"the targets file {name} has lines that are no targets: {'; '.join(wrong[:3])}{more}")
    if not targets:
        raise InputError(f"the targets file {name} holds no target; write one a line, for example mail.example.com:587")
    return targets
