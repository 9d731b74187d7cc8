"""Run the command as a user does: another process, its own streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(row) for row in self.out.splitlines()]


def mailkit(*arguments: str, stdin: str = "", **environment: str) -> Ran:
    done = subprocess.run(
        [sys.executable, "-m", "mailkit", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session", name="mailkit")
def _mailkit() -> Callable[..., Ran]:
    return mailkit


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The practice site as `mailkit practice` describes it in its first line."""
    log = tmp_path_factory.mktemp("practice") / "errors"
    with log.open("w") as errors:
        site = subprocess.Popen([sys.executable, "-m", "mailkit", "practice"], stdout=subprocess.PIPE, stderr=errors, text=True)
        assert site.stdout is not None
        with site:
            try:
                yield json.loads(site.stdout.readline())
            finally:
                site.terminate()
                site.wait(10)


@pytest.fixture(scope="session")
def server(practice: dict[str, Any]) -> Any:
    """Find a practice server by the id of its play."""

    def find(name: str) -> dict[str, Any]:
        return next(one for one in practice["servers"] if one["name"] == name)

    return find


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path
