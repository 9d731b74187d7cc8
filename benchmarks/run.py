"""Measure mailkit beside bare scripts and other programs, each pair in one run.

``python benchmarks/run.py`` runs everything, ``python benchmarks/run.py sending traces`` a part; ``--write`` also puts the tables
into ``benchmarks/results/``, ``--no-peers`` leaves programs out that have to be installed. What counts are the ratios: times
depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable
from pathlib import Path

import explain
import history
import importing
import journal
import outboxes
import probing
import routes
import sending
import traces

RESULTS = Path(__file__).with_name("results")


def parts(*, with_peers: bool) -> dict[str, tuple[Callable[[], str], ...]]:
    """Give what can be measured, by name."""
    return {
        "probing": (lambda: probing.probing(with_peers=with_peers),),
        "routes": (routes.of_many_users,),
        "explain": (explain.bounces,),
        "journal": (journal.recording, journal.claiming, journal.importing),
        "sending": (sending.of_sending,),
        **({"outboxes": (outboxes.of_outboxes,)} if with_peers else {}),
        "traces": (traces.of_many_traces,),
        "importing": (importing.importing,),
        "history": (history.of_history,),
    }


def main() -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(parts(with_peers=True)))
    parser.add_argument("--write", action="store_true", help="also write benchmarks/results/NAME.md")
    parser.add_argument("--no-peers", action="store_true", help="leave the programs out that have to be installed")
    options = parser.parse_args()
    known = parts(with_peers=not options.no_peers)
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"nothing is called {unknown[0]}; there are {', '.join(known)}")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    for name in options.names or known:
        told = [f"# {name.capitalize()}\n\n{machine}\n", *(measure() for measure in known[name])]
        print("\n".join(told), flush=True)
        if options.write:
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / f"{name}.md").write_text("\n".join(told), encoding="utf-8")


if __name__ == "__main__":
    main()
