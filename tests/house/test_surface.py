"""What the package shows: its names, its parts, and that it loads no more than it needs."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import mailkit

HEAVY = ("IPython", "anywidget", "ipywidgets", "jupyter_core", "keyring", "notebook", "numpy", "pandas", "traitlets")
"""Parts of the extras; a probe on a server must do without them."""

PACKAGE = Path(mailkit.__file__).parent
MODULES = sorted(
    ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for file in PACKAGE.rglob("*.py")
    if file.name == "__init__.py" or not file.name.startswith("_")
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False, encoding="utf-8")


def without(missing: tuple[str, ...], arguments: list[str]) -> str:
    """Return a program that runs the command line as if some packages were not installed."""
    start = f"from mailkit.cli.main import main; sys.exit(main({arguments!r}))"
    return f"import sys; sys.modules.update(dict.fromkeys({missing!r})); {start}"


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by the alphabet."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def public_names(module: ModuleType) -> list[str]:
    """Return what a module says is public; one that says nothing must have nothing."""
    if not hasattr(module, "__all__"):
        own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__]
        assert not [name for name in own if not name.startswith("_")]
    return list(getattr(module, "__all__", []))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_is_public_in_order_and_has_it(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    names = public_names(module)
    assert names == sorted(set(names), key=order)
    assert not [public for public in names if not hasattr(module, public)]


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_is_documented(name: str) -> None:
    module = importlib.import_module(name)
    bare = [
        public
        for public in public_names(module)
        if callable(thing := getattr(module, public)) and getattr(thing, "__module__", "") == name and not thing.__doc__
    ]
    assert not bare


def test_a_probe_by_command_loads_nothing_of_the_extras(unused_tcp_port: int) -> None:
    done = run("-X", "importtime", "-m", "mailkit", "probe", f"127.0.0.1:{unused_tcp_port}", "--json")
    assert done.returncode == 1, done.stderr
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "mailkit.probe" in loaded
    assert not [name for name in loaded if name.partition(".")[0] in HEAVY]


def test_importing_the_package_loads_no_network() -> None:
    done = run("-c", "import mailkit, sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "mailkit" in loaded
    assert not {"OpenSSL", "dns", "asyncio", "cryptography", *HEAVY} & loaded


@pytest.mark.parametrize("arguments", [["demo"], ["schema", "probe"], ["--version"], ["--help"]], ids=" ".join)
def test_a_command_works_where_the_extras_are_not_installed(arguments: list[str]) -> None:
    done = run("-c", without(HEAVY, arguments))
    assert done.returncode in {0, 1}, done.stderr
    assert done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["lab", "app"])
def test_a_command_that_needs_an_extra_names_it_where_it_is_missing(command: str) -> None:
    done = run("-c", without((*HEAVY, "jupyterlab", "voila"), [command]))
    assert done.returncode == 2
    assert f"maestro-mailkit[{command}]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
