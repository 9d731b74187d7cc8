"""``mailkit own``: somebody tests his own e-mail password, and nobody else ever sees it.

``prepare`` writes a case for each user from the site file, without any secret; the user runs ``try`` on his own machine and sends
the result file back; ``show`` tells what is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailkit.cli.password import declare_password, password_book
from mailkit.errors import InputError
from mailkit.text import visible

if TYPE_CHECKING:
    from mailkit.finding import Finding, Fix  # for the types only: the help is quick
    from mailkit.secret import Secret  # same
    from mailkit.signin.own import OwnCase, OwnResult  # same

__all__ = ["declare"]

_RISKY = frozenset({"refused", "uncertain"})
_FIXES = 4
_BEFORE = """\
Your password goes to {where} and nowhere else. It is tried once.
It is the password of your e-mail account, not the one you open the program with.\
"""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)

    prepare = what.add_parser("prepare", help="write a case for each user of a site file; no secret is in it")
    prepare.add_argument("file", metavar="FILE", help="the site file, such as site.toml")
    prepare.add_argument("--user", action="extend", nargs="+", metavar="U", help="only these users or clerks")
    prepare.add_argument("--mailing", metavar="M", help="this kind of mail (standard; trace at Maestro PMS)")
    prepare.add_argument("--to", metavar="ADDR", help="where a mail may go, instead of the user's own address")
    prepare.add_argument("--note", metavar="TEXT", help="a sentence for the user")
    prepare.add_argument("--out", metavar="DIR", default=".", help="the folder to write to (this one)")
    prepare.set_defaults(run=_prepare)

    test = what.add_parser("try", help="try one's own password, once, and write the result")
    test.add_argument("case", metavar="CASE", help="the file that was prepared")
    test.add_argument("--send", action="store_true", help="also send one mail to oneself")
    test.add_argument("--out", metavar="FILE", help="the result (beside the case)")
    test.add_argument("--again", action="store_true", help="although an attempt was refused before: that may lock the account")
    test.add_argument("--remember", action="store_true", help="keep the password in this machine's keyring if it is accepted")
    test.add_argument("--ca-file", metavar="PEM", help="trust these certificate authorities instead of the system's")
    test.add_argument("--resolver", metavar="IP[:PORT]", help="ask this name server instead of the system's")
    test.add_argument("--allow-plaintext-auth", action="store_true", help="let the password go over an unencrypted connection")
    test.add_argument("--allow-unverified", action="store_true", help="let the password go to a server whose certificate fails")
    declare_password(test)
    test.set_defaults(run=_try)

    show = what.add_parser("show", help="tell what is in a result")
    show.add_argument("result", metavar="RESULT", help="the file that came back")
    show.set_defaults(run=_show)


def _prepare(chosen: argparse.Namespace) -> int:
    from mailkit.mail.plan import plan  # noqa: PLC0415 - one of three is needed
    from mailkit.signin.own import own_case, write_case  # noqa: PLC0415 - loaded when it is needed
    from mailkit.site.file import load  # noqa: PLC0415 - loaded when it is needed

    site = load(chosen.file).site
    mailing = chosen.mailing or ("trace" if site.product == "maestro-pms" else "standard")
    written = 0
    for one in plan(site, users=chosen.user, mailing=mailing, to=chosen.to):
        who = visible(one.user or "nobody")
        try:
            case = own_case(one, prepared=datetime.now(UTC), note=chosen.note)
        except InputError as error:
            # What is wrong with the way says more than that no password can be tried on it.
            print(f"{who}: {one.obstacle.summary if one.obstacle is not None else error}")
            continue
        file = Path(chosen.out) / f"own-{re.sub(r'[^A-Za-z0-9._-]+', '-', one.user or 'site').strip('.-') or 'user'}.json"
        write_case(case, file)
        written += 1
        print(f"{who}: {file}   ({visible(case.where)})")
    if written:
        print("Give each user the file, to be run with: mailkit own try FILE")
    return 0 if written else 1


def _try(chosen: argparse.Namespace) -> int:
    from mailkit.signin.own import read_case, write_result  # noqa: PLC0415 - one of three is needed
    from mailkit.signin.own_attempt import try_own  # noqa: PLC0415 - loaded when it is needed

    file = Path(chosen.case)
    case = read_case(file)
    if chosen.send and not case.can_send:
        raise InputError("this case says not to whom a mail may go, or from what address; leave --send out")
    out = Path(chosen.out) if chosen.out else file.with_suffix(".result.json")
    _agreed(case, out, again=chosen.again)
    if case.note:
        print(visible(case.note), file=sys.stderr)
    print(_BEFORE.format(where=visible(case.where)), file=sys.stderr)
    secret = password_book(chosen, [case.login]).secret_of(case.login, case.host)
    _warn(case, secret)
    result = asyncio.run(
        try_own(
            case,
            secret,
            send=chosen.send,
            ca_file=chosen.ca_file,
            resolver=chosen.resolver,
            allow_plaintext_auth=chosen.allow_plaintext_auth,
            allow_unverified=chosen.allow_unverified,
        )
    )
    write_result(result, out, secret)
    _tell(result)
    print(f"Written to {visible(str(out))}, without the password: send this file to who asked you.")
    if result.passed and chosen.remember:
        from mailkit.signin.keyring import Keyring  # noqa: PLC0415 - only where it is wanted

        Keyring().remember(case.login, case.host, secret)
        service = f"mailkit {visible(case.host)}"
        print(f'The password is kept in the keyring; remove it with: keyring del "{service}" {visible(case.login)}')
    return 0 if result.passed else 1


def _agreed(case: OwnCase, out: Path, *, again: bool) -> None:
    """Have a yes where an earlier attempt was refused: another one may lock the account."""
    from mailkit.signin.own import read_result  # noqa: PLC0415 - needed here only

    if again or not out.exists():
        return
    before = read_result(out)
    if before.case.login != case.login or before.outcome not in _RISKY:
        return
    why = f"the last attempt of {visible(case.login)} was not accepted, and another one may lock the account"
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(f"{why}; if the password has changed since, give --again")
    print(f"{why[0].upper()}{why[1:]}. Type yes to try again: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in ("yes", "oui"):
        raise InputError("nothing was tried")


def _warn(case: OwnCase, secret: Secret) -> None:
    """Say to its owner, and to nobody else, what is odd about the password."""
    from mailkit.signin.entry import check_secret  # noqa: PLC0415 - needed here only

    for finding in check_secret(secret, login=case.login, product=case.product):
        print(f"Note: {_line(finding)}", file=sys.stderr)


def _show(chosen: argparse.Namespace) -> int:
    from mailkit.signin.own import read_result  # noqa: PLC0415 - one of three is needed

    result = read_result(Path(chosen.result))
    _tell(result)
    print(f"Tried on {visible(result.machine)}, {result.started:%Y-%m-%d %H:%M} UTC, with {visible(result.tool)}.")
    return 0 if result.passed else 1


def _tell(result: OwnResult) -> None:
    print(visible(result.summary))
    if result.reply is not None and not result.passed:
        print(f"It said: {result.reply.code} {visible(result.reply.text)}")
    if result.explanation is not None:
        print(visible(result.explanation.summary))
        fixes = (*result.explanation.product_fix.get(result.case.product, ()), *result.explanation.fix)
        told: set[str] = set()
        for fix in fixes:
            if fix.action not in told and len(told) < _FIXES:
                print(f"  {_fix(fix)}")
            told.add(fix.action)


def _line(finding: Finding) -> str:
    return visible(" ".join([finding.summary, *(fix.action.rstrip(".") + "." for fix in finding.fix[:1])]))


def _fix(fix: Fix) -> str:
    from mailkit.report.places import place  # noqa: PLC0415 - only where something is to be done
    from mailkit.report.words import who_words  # noqa: PLC0415 - only where something is to be done

    where = place(fix.where)
    return visible(f"{who_words(fix.who, start=True)}: {fix.action}" + (f" ({where})" if where else ""))
