"""What a run with secrets leaves behind or shows while it runs: no secret is in files, logs, output, tracebacks, arguments."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("msal", reason="the extra oauth is not installed")

from mailkit.practice import practice_site
from mailkit.practice.issuer import Issuer
from mailkit.practice.oauth import OAuthServer
from mailkit.secret import Secret
from mailkit.signin.ask import Ask
from mailkit.signin.own import OwnCase, write_case

from .person import Person

PROGRAM = Path(__file__).with_name("leaky.py")
USER, PASSWORD = "frontdesk@hotel.test", "practice-frontdesk"
REFUSED, REFUSED_PASSWORD = "reservations@hotel.test", "practice-reservations"
TYPED, IN_VARIABLE = 'MARKER-typed "pässword"\\', "MARKER-in-a-variable"


class Remembering(Issuer):
    """Remembers all it ever gave, so that it can be looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.given: set[str] = set()

    def code(self, grant: Any) -> str:
        self.given.add(code := super().code(grant))
        return code

    def device(self, grant: Any) -> tuple[str, str]:
        code, letters = super().device(grant)
        self.given.add(code)
        return code, letters

    def redeem(self, code: str, *, client: str, redirect: str, verifier: str) -> Any:
        self.given.add(verifier)
        return super().redeem(code, client=client, redirect=redirect, verifier=verifier)

    def tokens(self, grant: Any, *, refresh: bool = True) -> dict[str, Any]:
        answer = super().tokens(grant, refresh=refresh)
        self.given |= {answer[name] for name in ("access_token", "refresh_token", "id_token") if name in answer}
        return answer


def arguments_of_all() -> Iterator[str]:
    """Give the command line of every process of this machine."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue  # it has ended


def traces_of(secrets: set[str], texts: dict[str, str]) -> list[str]:
    """Name the places where a secret is found, in any of its forms."""
    found = []
    for secret in secrets:
        forms = (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])
        for where, text in texts.items():
            if any(Secret(form).scrub(text) != text for form in forms):
                found.append(f"{secret[:12]}… in {where}")
    return found


async def accompanied(child: asyncio.subprocess.Process, issuer: Issuer, ca_file: Path, folder: Path) -> tuple[str, str, str]:
    """Give the program its passwords and its person; return its output, its errors, and the process lists seen meanwhile."""
    assert child.stdin
    assert child.stdout
    assert child.stderr
    rows = [{"user": name, "password": word} for name, word in ((USER, TYPED), ("practice-service", "practice-client-secret"))]
    child.stdin.write("".join(f"{json.dumps(row)}\n" for row in rows).encode())
    child.stdin.close()
    errors = asyncio.create_task(child.stderr.read())
    out, arguments = "", ""
    people = {USER: PASSWORD, REFUSED: REFUSED_PASSWORD}
    persons = []
    while line := (await child.stdout.readline()).decode():
        out += line
        said = json.loads(line)
        arguments += "\n".join(await asyncio.to_thread(lambda: list(arguments_of_all())))
        if "pause" in said:
            if said["pause"] == "revoke":
                issuer.revoke(USER)
            await asyncio.to_thread((folder / said["pause"]).touch)
            continue
        person = Person(ca_file, said["login"], people[said["login"]])
        persons.append(person)
        person.browser(Ask(said["login"], said["url"], datetime.now(UTC), code=said["code"]))
    err = (await errors).decode()
    await child.wait()
    return out, err, arguments


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the process list is read from /proc")
async def test_a_run_with_secrets_leaves_none_behind(service: OAuthServer, ca_file: Path, tmp_path: Path) -> None:
    service.issuer = issuer = Remembering()
    issuer.url = service.url
    issuer.lifetime = 200  # a token that ends so soon is replaced each time one is needed
    home = tmp_path / "home"
    for folder in (home, home / "tmp", home / "work"):
        folder.mkdir()
    async with practice_site(plays=["auth-accepted"]) as site:
        server = site.server("auth-accepted")
        case = OwnCase(
            product="maestro-erp", user="frontdesk", mailing="standard", rule="R3", host=server.host, port=server.port,
            security="starttls", login=USER, server_name=server.name,
        )  # fmt: skip
        await asyncio.to_thread(write_case, case, home / "case.json")
        both = home / "anchors.pem"
        anchors = [await asyncio.to_thread(file.read_bytes) for file in (ca_file, site.ca_file)]
        await asyncio.to_thread(both.write_bytes, b"".join(anchors))
        settings = {
            "logins": [USER, REFUSED], "url": service.url, "ca_file": str(both), "google": service.google_client,
            "case": str(home / "case.json"),
        }  # fmt: skip
        # The Google client's secret is no secret; the program's argument holds it, as it would hold a file's name.
        surroundings = {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "TMPDIR": str(home / "tmp"),
            "PYTHONASYNCIODEBUG": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
            "MARKED_FRONTDESK_HOTEL_TEST": IN_VARIABLE,
        }
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), json.dumps(settings), cwd=home / "work", env=os.environ | surroundings,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(90):
                out, err, arguments = await accompanied(child, issuer, ca_file, home / "work")
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        assert child.returncode == 0, err[-3000:]
    texts = {"standard output": out, "standard error": err, "the process list": arguments}
    texts |= await asyncio.to_thread(
        lambda: {str(file): file.read_bytes().decode(errors="replace") for file in home.rglob("*") if file.is_file()}
    )
    assert any(name.endswith("debug.log") for name in texts)
    assert any(name.endswith("own.result.json") for name in texts)
    assert "Traceback" in err
    assert len(issuer.given) > 10
    assert str(PROGRAM) in arguments
    secrets = issuer.given | {TYPED, IN_VARIABLE, "practice-client-secret", PASSWORD, REFUSED_PASSWORD}
    assert traces_of({"MARKER-x"}, {"a text": "aGVsbG8gTUFSS0VSLXg="}), "what is looked for would be found"
    assert not traces_of(secrets, texts)
