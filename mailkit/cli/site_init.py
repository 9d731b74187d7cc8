"""``mailkit site init``: a commented site file, asked for question by question."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from mailkit.errors import InputError
from mailkit.finding import PRODUCTS, Product
from mailkit.site.erp import ErpSite, User
from mailkit.site.file import dumps
from mailkit.site.file.interview import Doubt, Question, built, questions
from mailkit.site.file.words import meant
from mailkit.site.file.written import Scalar
from mailkit.site.pms import Clerk, PmsSite
from mailkit.site.table import Imported, read_clerks, read_users
from mailkit.text import visible

__all__ = ["declare_init", "run_init", "tell_import"]

_LISTED = 200

_HOW = """\
Enter alone: not known.   -: looked at, and the field is empty.   ?: what is meant.   <: back to the question before.
No password is asked for. Ctrl-C ends; what was answered until then is kept.
"""


def declare_init(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--out", metavar="FILE", default="site.toml", help="the file to write (site.toml); it must not exist yet")
    parser.add_argument("--product", choices=PRODUCTS, help="which product the site runs; else that is asked first")


def run_init(chosen: argparse.Namespace) -> int:
    """Ask, and write the file.

    Raises:
        InputError: the file exists or cannot be written, or it did not become known which product the site runs.
    """
    path = Path(chosen.out)
    if path.exists():
        raise InputError(
            f"{visible(chosen.out)} exists and is not overwritten; give another name with --out, or change it as it is"
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"{visible(chosen.out)} cannot be written: there is no such folder; make it first")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="backslashreplace")  # an answer in another encoding must not end the questions
    talk = _Talk(chosen.product)
    stopped = False
    try:
        talk.hold()
    except EOFError:
        print("\nNo more answers: the rest is not known.")
    except KeyboardInterrupt:
        stopped = True
        print("\nStopped: the rest is not known.")
    site = talk.site()
    if site is None:
        if stopped:
            return 130
        raise InputError("nobody said which product the site runs; answer maestro-erp or maestro-pms, or give --product")
    written = _write(path, dumps(site))
    print(f"{visible(str(written))} is written. Look at it in an editor, then: mailkit site check {visible(str(written))}")
    return 130 if stopped else 0


def _write(path: Path, text: str) -> Path:
    """Write a file that does not exist yet; when somebody else has just made one of that name, take another."""
    for number in count(1):
        name = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        try:
            with name.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            print(text)  # nothing that was answered is lost
            raise InputError(f"{visible(str(name))} cannot be written ({error.strerror}); it is printed above instead") from None
        return name
    raise AssertionError  # numbers do not end


class _Talk:
    """The questions and what was answered so far."""

    def __init__(self, product: Product | None) -> None:
        self._product: Product | None = product
        self._answers: dict[str, Scalar | None] = {}
        self._people: Imported[User] | Imported[Clerk] | None = None

    def site(self) -> ErpSite | PmsSite | None:
        """Give the site as far as it is known; ``None``: not even its product is."""
        if self._product is None:
            return None
        site = built(self._product, self._answers)
        if self._people is None:
            return site
        return replace(site, **{"users" if self._product == "maestro-erp" else "clerks": self._people.rows})

    def hold(self) -> None:
        """Ask everything."""
        print(_HOW)
        if self._product is None:
            self._product = self._which()
        asked = questions(self._product)
        at = 0
        while at < len(asked):
            at = max(0, at + (1 if self._answer(asked[at]) else -1))
        self._import()

    def _which(self) -> Product:
        while True:
            said = _ask("Which product does the site run?", PRODUCTS)
            word = meant(PRODUCTS, said)
            if word == "maestro-erp":
                return "maestro-erp"
            if word == "maestro-pms":
                return "maestro-pms"
            print("  maestro-erp: maestro*, for construction. maestro-pms: Maestro PMS, the hotel system by Northwind.")

    def _answer(self, question: Question) -> bool:
        """Ask until the answer can be taken; False: back."""
        doubted = None
        while True:
            said = _ask(question.text, question.choices)
            if said == "<":
                return False
            if said == "?":
                print(f"  {question.explanation}")
                continue
            try:
                self._answers[question.key] = question.value(said) if said != doubted else visible(said)
            except Doubt as doubt:
                doubted = said
                print(f"  {doubt}")
            except InputError as error:
                print(f"  {error}")
            else:
                return True

    def _import(self) -> None:
        """Take users or clerks from a table."""
        erp = self._product == "maestro-erp"
        who = "users" if erp else "clerks"
        while True:
            said = _ask(f"Is there a table of the {who} (CSV, .xlsx, .xls, .ods)? Its path", ())
            if said in {"", "-", "<"}:
                return
            if said == "?":
                print(
                    f"  One row for each of the {who}, under headers such as {'User Code' if erp else 'Clerk Code'} and E-mail."
                )
                continue
            try:
                path = said.strip("\"'")
                self._people = read_users(path) if erp else read_clerks(path)
            except InputError as error:
                print(f"  {error}")
                continue
            tell_import(self._people, who)
            return


def tell_import(found: Imported[User] | Imported[Clerk], who: str) -> None:
    """Say what reading a table came to, with everything that was not understood."""
    print(f"  {len(found.rows):,} {who} were read.")
    for note in found.notes:
        print(f"  {note}")
    for missed in found.not_understood[:_LISTED]:
        place = ", ".join(part for part in (missed.sheet and visible(missed.sheet), f"row {missed.row}", missed.column) if part)
        print(f"  {place}: {missed.text} - {missed.why}")
    if len(found.not_understood) > _LISTED:
        print(f"  and {len(found.not_understood) - _LISTED:,} more that were not understood")


def _ask(text: str, choices: Sequence[str]) -> str:
    """Ask one question; answers may come from a pipe.

    Raises:
        EOFError: there are no more answers.
    """
    shown = f" ({', '.join(choices)})" if choices else ""
    said = input(f"{text}{shown}: ")
    if not sys.stdin.isatty():
        print()  # nobody pressed Enter
    return said.strip()
