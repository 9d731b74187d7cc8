"""What the pages for people promise exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailkit.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted(page.name for page in ROOT.glob("*.md"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", PAGES)
def test_every_make_target_named_exists(document: str) -> None:
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(code(document))))
    assert named <= TARGETS


@pytest.mark.parametrize("document", PAGES)
def test_every_command_named_exists(document: str) -> None:
    named = set(re.findall(r"^(?:\$ )?(?:\.venv/bin/)?mailkit ([a-z]+)", "\n".join(code(document)), re.MULTILINE))
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("document", PAGES)
def test_every_file_linked_exists(document: str) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", (ROOT / document).read_text(encoding="utf-8"))
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_readme_names_the_two_commands() -> None:
    assert {"make demo", "make lab"} <= set(re.findall(r"make [a-z]+", "\n".join(code("README.md"))))


def code(document: str) -> list[str]:
    """Return what stands in code marks: fenced blocks, indented lines, and words in a line."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    return [*blocks, *indented, *re.findall(r"`([^`\n]+)`", text)]
