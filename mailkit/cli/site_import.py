"""``mailkit site import FILE TABLE``: users or clerks of a table taken into a site file, its remarks kept."""

from __future__ import annotations

import argparse

from msgspec.structs import replace

from mailkit.cli.site_init import tell_import
from mailkit.errors import InputError
from mailkit.site import Site
from mailkit.site.erp import ErpSite
from mailkit.site.file import load
from mailkit.site.table import read_clerks, read_users, template
from mailkit.site.table.merge import merge
from mailkit.text import visible

__all__ = ["declare_import", "run_import"]


def declare_import(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="the site file")
    parser.add_argument("table", nargs="?", metavar="TABLE", help="CSV, .xlsx, .xls or .ods; one user or one clerk a row")
    parser.add_argument("--sheet", metavar="NAME", help="the sheet of a workbook (the one with the most known headers)")
    parser.add_argument("--dry-run", action="store_true", help="only tell what would change")
    parser.add_argument("--template", choices=("users", "clerks"), help="print an empty table to fill in, as CSV, and end")


def run_import(chosen: argparse.Namespace) -> int:
    """Read the table, change the file, and list what was not understood.

    Raises:
        InputError: one of the two cannot be read, or the file cannot be written.
    """
    if chosen.template:
        print(template(chosen.template), end="")
        return 0
    if not chosen.file or not chosen.table:
        raise InputError("two files are needed: mailkit site import site.toml people.xlsx")
    file = load(chosen.file)
    after, added, changed = _grown(file.site, chosen.table, chosen.sheet)
    if chosen.dry_run:
        print(f"{added} would be added, {changed} changed; nothing was written.")
        return 0
    file.save(after)
    print(f"{added} added, {changed} changed in {visible(chosen.file)}. Next: mailkit site check {visible(chosen.file)}")
    return 0


def _grown(site: Site, table: str, sheet: str | None) -> tuple[Site, int, int]:
    """Give the site with the people of the table, how many are new, and how many learnt something."""
    if isinstance(site, ErpSite):
        read = read_users(table, sheet=sheet)
        tell_import(read, "users")
        users = merge(site.users, read.rows)
        return replace(site, users=users.rows), users.added, users.changed
    listed = read_clerks(table, sheet=sheet)
    tell_import(listed, "clerks")
    clerks = merge(site.clerks, listed.rows)
    return replace(site, clerks=clerks.rows), clerks.added, clerks.changed
