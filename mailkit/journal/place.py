"""Where a store is: a file or a PostgreSQL, told from what a person typed, and whether that place can be trusted with it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from mailkit.errors import InputError
from mailkit.secret import Secret
from mailkit.text import visible

__all__ = ["Place", "place", "share_of"]

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+)://", re.IGNORECASE)

_SHARES = frozenset(
    {
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "davfs2",
        "ncpfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "ocfs2",
        "gfs2",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.rclone",
        "fuse.davfs2",
        "fuse.s3fs",
        "fuse.smbnetfs",
    }
)
"""File systems that other machines see too: their locks, and what they call written, cannot be relied on."""


@dataclass(frozen=True)
class Place:
    """A store's place; ``shown`` is its name for people, in which no password is."""

    url: URL = field(repr=False)
    shown: str
    path: Path | None = None
    """The file of SQLite; ``None``: PostgreSQL."""

    def scrub(self, text: str) -> str:
        """Take the password out of what a server or a driver said."""
        return Secret(str(self.url.password)).scrub(text) if self.url.password else text


def place(where: str | os.PathLike[str]) -> Place:
    """Read what was given: ``history.sqlite3``, ``sqlite:///history.sqlite3``, ``postgresql://user@host/database``.

    Raises:
        InputError: it is none of these. What was typed is not repeated where a password may be in it.
    """
    typed = os.fspath(where)
    scheme = _SCHEME.match(typed)
    if scheme is None:
        return _file(typed)
    name = scheme[1].lower().partition("+")[0]
    if name not in {"sqlite", "postgres", "postgresql"}:
        raise InputError(f"{name}:// is not a store; right would be a file (history.sqlite3) or postgresql://user@host/database")
    rest = typed[scheme.end() :]
    if name == "sqlite":
        return _file(rest[1:] if rest.startswith("/") else "")
    return _server(rest)


def _file(typed: str) -> Place:
    if typed in {"", ":memory:"}:
        raise InputError("a store needs a file, because what it keeps must outlive the program: history.sqlite3")
    if "\0" in typed:
        raise InputError(f"{visible(typed)} cannot be the name of a file")
    path = Path(os.path.abspath(Path(typed).expanduser()))  # noqa: PTH100 (a link stays a link: SQLite follows it by itself)
    return Place(URL.create("sqlite+pysqlite", database=str(path)), visible(typed), path)


def _server(rest: str) -> Place:
    hint = "right would be postgresql://user@host:5432/database (in a password write @ as %40, : as %3A, / as %2F, % as %25)"
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
    except (ArgumentError, ValueError):  # its words may repeat the password
        raise InputError(f"the PostgreSQL address cannot be read; {hint}") from None
    if isinstance(password := url.query.get("password"), str):  # only in its own place it is hidden by everybody
        url = url.difference_update_query(["password"]).set(password=password)
    if "@" in (url.host or ""):  # the end of a password
        raise InputError(f"the PostgreSQL address has an @ too many; {hint}")
    if not url.database and "service" not in url.query:
        raise InputError(f"the PostgreSQL address names no database; {hint}")
    host = url.host or str(url.query.get("host", "local"))
    who = f"{url.username}@" if url.username else ""
    port = f":{url.port}" if url.port else ""
    return Place(url, visible(f"postgresql://{who}{host}{port}/{url.database or ''}"))


def share_of(path: Path) -> str | None:
    """Say what kind of network share a file lies on; ``None``: on a disk of this machine, or it cannot be told."""
    real = path.resolve()
    if sys.platform == "win32":
        return _windows_share(real)
    return kind_of_mount(_mounts(), str(real))


def _mounts() -> list[tuple[str, str]]:
    """Give folder and kind of every mount, the later ones above the earlier."""
    try:
        lines = Path("/proc/self/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return _mounts_of_mac() if sys.platform == "darwin" else []
    split = [line.split(" ") for line in lines]
    # The kernel writes a blank in a name as \040.
    return [(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), words[1]), words[2]) for words in split if len(words) > 2]


def _mounts_of_mac() -> list[tuple[str, str]]:
    try:
        said = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [(found[1], found[2]) for line in said.splitlines() if (found := re.search(r" on (.*) \((\w+)", line))]


def kind_of_mount(mounts: list[tuple[str, str]], path: str) -> str | None:
    """Give the kind of share that ``path`` is on, by the longest folder that holds it.

    >>> kind_of_mount([("/", "ext4"), ("/home", "nfs4")], "/home/frontdesk/history.sqlite3")
    'nfs4'
    >>> kind_of_mount([("/", "ext4"), ("/home", "nfs4")], "/homes/history.sqlite3") is None
    True
    """
    best, kind = "", None
    for folder, of in mounts:
        if len(folder) >= len(best) and (path == folder or path.startswith(folder.rstrip("/") + "/")):
            best, kind = folder, of
    return kind if kind in _SHARES else None


def _windows_share(path: Path) -> str | None:
    if path.drive.startswith("\\\\"):
        return "SMB"
    if sys.platform == "win32":  # said again for the type checker, which does not know ctypes.windll elsewhere
        import ctypes  # noqa: PLC0415 (the drive's kind is asked of Windows only there)

        remote = 4  # DRIVE_REMOTE
        if ctypes.windll.kernel32.GetDriveTypeW(path.drive + "\\") == remote:
            return "SMB"
    return None
