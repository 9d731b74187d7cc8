"""A small hotel and tables of traces, written as people write them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mailkit.site.pms import Clerk, Department, EmailSetup, PmsSite, Traces
from mailkit.traces.source import Source, open_source
from mailkit.traces.trace import Trace, Unusable

NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)
SETUP = EmailSetup(
    server="mail.hotel.test",
    port=587,
    trace_rep_addr="traces@hotel.test",
    mechanism="LOGIN",
    auth_meth="LOGIN",
    auth_name="traces@hotel.test",
    password="set",
    email_traces=True,
)
HOTEL = PmsSite(
    name="Lake House",
    version="5.1",
    time_zone="America/Toronto",
    email_setup=SETUP,
    clerks=(
        Clerk(code="FD", name="Front desk", email="frontdesk@hotel.test", status="active"),
        Clerk(code="HSK", name="Housekeeping", email="housekeeping@hotel.test"),
        Clerk(code="MNT", email=""),
        Clerk(code="NEW"),
        Clerk(code="OLD", email="old@hotel.test", status="inactive"),
    ),
    departments=(Department(code="SPA", email="spa@hotel.test"), Department(code="BAR", email="")),
    traces=Traces(activated=False),
)
HEADERS = "Trace ID,Clerk,Message,Created"


def hotel(**other: Any) -> PmsSite:
    return replace(HOTEL, **other)


def table(folder: Path, *lines: str, name: str = "traces.csv", headers: str = HEADERS, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("".join(f"{line}\r\n" for line in (headers, *lines)).encode(encoding))
    return path


def opened(path: Path | str, site: PmsSite = HOTEL, **how: Any) -> Source:
    return open_source(site, str(path), now=NOW, **how)


def rows(path: Path | str, site: PmsSite = HOTEL, **how: Any) -> list[Trace | Unusable]:
    return list(opened(path, site, **how))


def one(path: Path | str, site: PmsSite = HOTEL, **how: Any) -> Trace:
    (found,) = rows(path, site, **how)
    assert isinstance(found, Trace), found
    return found


def bad(path: Path | str, site: PmsSite = HOTEL, **how: Any) -> Unusable:
    (found,) = rows(path, site, **how)
    assert isinstance(found, Unusable), found
    return found
