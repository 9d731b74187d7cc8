"""``mailkit lab``: JupyterLab on the notebooks, which are copied into the current folder first."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from mailkit.errors import InputError

__all__ = ["copy_notebooks", "declare", "serve"]

FIRST = "probe.ipynb"
"""The notebook that is open when JupyterLab appears."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--practice", action="store_true", help="the panels begin on the practice site")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=int, default=8888, help="port on this machine (8888, or the next free one)")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    return serve(
        "jupyterlab",
        chosen,
        [f"--ServerApp.root_dir={Path.cwd()}", f"--LabApp.default_url=/lab/tree/notebooks/{FIRST}", *_root("--allow-root")],
        extra="lab",
    )


def serve(module: str, chosen: argparse.Namespace, options: list[str], *, extra: str) -> int:
    """Copy the notebooks and run a Jupyter program on them until it ends; its exit status.

    Raises:
        InputError: the program is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise InputError(f"{module} is not installed; pip install 'maestro-mailkit[{extra}]'")
    folder = Path.cwd() / "notebooks"
    for name, state in copy_notebooks(folder):
        print(f"notebooks/{name}: {state}")
    environment = os.environ | ({"MAILKIT_PRACTICE": "1"} if chosen.practice else {})
    command = [sys.executable, "-m", module, f"--port={chosen.port}", *(["--no-browser"] if chosen.no_browser else []), *options]
    try:
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own interpreter and options
    except KeyboardInterrupt:
        return 0


def _root(option: str) -> list[str]:
    """Jupyter refuses to run as root unless told; a container has nobody else."""
    return [option] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def copy_notebooks(folder: Path) -> Iterator[tuple[str, str]]:
    """Copy the notebooks that came with the package into ``folder``; a changed one is never overwritten.

    Yields:
        Each notebook's name, and what was done with it.
    """
    source = _shipped()
    if folder.exists() and folder.samefile(source):
        return
    folder.mkdir(exist_ok=True)
    marks = folder / ".mailkit"
    known = dict(row.split("  ", 1)[::-1] for row in marks.read_text("utf-8").splitlines()) if marks.exists() else {}
    for path in sorted(source.glob("*.ipynb")):
        there = folder / path.name
        content = path.read_bytes()
        if there.exists() and there.read_bytes() == content:
            state = "is up to date"
        elif there.exists() and known.get(path.name) != _mark(there.read_bytes()):
            # Changed by somebody, or not ours: theirs stays, ours lies beside it.
            (folder / f"{path.stem}.new.ipynb").write_bytes(content)
            state = f"was changed here and is left alone; the newer one is {path.stem}.new.ipynb"
        else:
            there.write_bytes(content)
            state = "copied"
        if there.read_bytes() == content:
            known[path.name] = _mark(content)
        yield path.name, state
    marks.write_text("".join(f"{mark}  {name}\n" for name, mark in sorted(known.items())), "utf-8")


def _mark(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _shipped() -> Path:
    """The notebooks of the installed package, or of the checkout it runs from."""
    package = Path(__file__).parent.parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise InputError("the notebooks that belong to this package are missing; install it again")
