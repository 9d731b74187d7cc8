"""``mailkit site workstation``: files in, a verdict out; the script for the site; one line when there is nothing to read."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from mailkit.cli.site_workstation import declare_workstation, run_workstation
from mailkit.errors import InputError
from mailkit.site.workstation import SCRIPT

from .workstation_exports import healthy, reg, use_new_outlook


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    declare_workstation(parser)
    return run_workstation(parser.parse_args([str(one) for one in arguments]))


def test_the_verdict_comes_first_and_the_status_says_that_something_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine, user = tmp_path / "machine.reg", tmp_path / "user.reg"
    machine.write_bytes(reg(*healthy()))
    user.write_bytes(reg(use_new_outlook(1)))
    assert run(machine, user) == 1
    assert capsys.readouterr().out.startswith("ERROR  The user works with the new Outlook")
    assert run(machine, "--mode", "other", "--program-bits", "64", "--account", "frontdesk@builder.test") == 0
    assert capsys.readouterr().out.startswith("OK  Nothing wrong was found.")


def test_json_is_one_finding_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.reg"
    file.write_bytes(reg(*healthy(), use_new_outlook(1)))
    assert run(file, "--json") == 1
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["schema"] for one in documents} == {"mailkit.finding/1"}
    assert documents[0]["code"] == "workstation.new-outlook"


def test_the_script_comes_out_as_it_is_to_be_saved(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--script") == 0
    assert capsys.readouterr().out == SCRIPT


@pytest.mark.skipif(sys.platform == "win32", reason="there it reads the registry")
def test_without_a_file_it_says_how_to_get_one() -> None:
    with pytest.raises(InputError, match="--script") as refused:
        run()
    assert "reg export" in str(refused.value)
    assert "\n" not in str(refused.value)
