"""The options of ``mailkit traces`` that say which traces count and which are left out."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import TYPE_CHECKING

from mailkit.errors import InputError
from mailkit.text import visible

if TYPE_CHECKING:
    from mailkit.site.pms import PmsSite
    from mailkit.traces.sorting import Exclusion
    from mailkit.traces.window import Reach

__all__ = ["date", "declare_choices", "exclusion", "picked", "reach"]

_KINDS = ("trace", "staff", "alert")
_STATUSES = ("open", "completed", "cancelled")
_LONGEST = 3660


def declare_choices(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    group = parser.add_argument_group("which traces", "What is not said holds as documented, or as the site file says.")
    group.add_argument("--days", type=_days, metavar="N", help="how many days back (7)")
    group.add_argument("--basis", choices=("created", "due", "business"), help="by which date they are counted (created)")
    group.add_argument(
        "--edges", choices=("both", "first", "last", "neither", "hours"), help="which of the days at the ends count (both)"
    )
    group.add_argument("--statuses", metavar="LIST", help="which statuses count (open,completed)")
    group.add_argument("--repeat", action="store_true", help="a later activation sends what is in the window too")
    group.add_argument("--property", action="append", metavar="CODE", help="activate this property only; may be repeated")
    group.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="WHAT",
        help="leave out for good: a clerk's code, trace, staff or alert, or id:NUMBER; may be repeated",
    )
    group.add_argument("--since", type=date, metavar="DATE", help="leave out for good what is of an earlier day")


def date(text: str) -> dt.date:
    """Read a day of the command line."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no date; give one as 2026-11-21") from None


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{visible(text)[:40]!r} is no number of days; give one from 0 to {_LONGEST}")
    return int(text)


def picked(chosen: argparse.Namespace) -> tuple[str, ...]:
    """Give the names of what a person chose himself."""
    names = ("days", "basis", "edges", "statuses", "repeat")
    return tuple(name for name in names if getattr(chosen, name, None) not in (None, False))


def reach(chosen: argparse.Namespace, site: PmsSite) -> Reach:
    """Read how far the back-fill is to reach.

    Raises:
        InputError: a status does not exist.
    """
    from mailkit.traces.window import Reach  # noqa: PLC0415 - loaded when the command runs

    days = getattr(chosen, "days", None)
    said = {name: value for name in ("basis", "edges", "repeat") if (value := getattr(chosen, name, None))}
    if statuses := getattr(chosen, "statuses", None):
        words = tuple(word.strip() for word in statuses.split(",") if word.strip())
        if not words or set(words) - set(_STATUSES):
            raise InputError(f"--statuses {visible(statuses)[:60]} is no list of statuses; there are {', '.join(_STATUSES)}")
        said["statuses"] = words
    return Reach(days=site.traces.days if days is None else days, **said)


def exclusion(chosen: argparse.Namespace, site: PmsSite) -> Exclusion:
    """Read what is to be left out.

    Raises:
        InputError: it is neither a kind, a clerk of the site, a department nor the number of a trace.
    """
    from mailkit.traces.sorting import Exclusion  # noqa: PLC0415 - loaded when the command runs

    clerks: list[str] = []
    kinds: list[str] = []
    traces: list[str] = []
    names = [one for clerk in site.clerks for one in (clerk.code, clerk.name) if one]
    names += [one.code for one in site.departments]
    for word in (part.strip() for one in chosen.exclude for part in one.split(",") if part.strip()):
        what, _, rest = word.partition(":")
        if word.lower() in _KINDS:
            kinds.append(word.lower())
        elif what == "id" and rest:
            traces.append(rest.strip())
        elif (rest if what == "clerk" and rest else word).strip().casefold() in {name.strip().casefold() for name in names}:
            clerks.append((rest if what == "clerk" and rest else word).strip())
        else:
            there = ", ".join(visible(name) for name in names[:12]) or "no clerk"
            raise InputError(
                f"--exclude {visible(word)[:60]!r} is no kind (trace, staff, alert), no id:NUMBER and no clerk of the site;"
                f" it has {there}"
            )
    return Exclusion(clerks=tuple(clerks), kinds=tuple(kinds), before=chosen.since, traces=tuple(traces))  # type: ignore[arg-type]  # the words were checked
