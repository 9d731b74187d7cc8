"""The JSON Schemas that are shipped fit the documents that are printed."""

from __future__ import annotations

import json

import jsonschema
import pytest

from mailkit.cli.main import main
from mailkit.cli.schema import KINDS


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    main(arguments)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def validator(capsys: pytest.CaptureFixture[str], kind: str) -> jsonschema.Draft202012Validator:
    assert main(["schema", kind]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_document_has_a_schema(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    validator(capsys, kind)
