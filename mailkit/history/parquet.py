"""Delivery events as Parquet files by day: what an existing distributed engine reads when a group of sites outgrows one machine.

``folder/day=2026-11-21/events-<first>-<last>-<part>.parquet``, the usual (Hive) layout. An export goes on where the one before
ended: events are only ever added, and a note in the folder (``_mailkit.json``) says up to which number it has them. Work with any
engine's own reader, or with :func:`mailkit.history.engine.open_history`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mailkit.errors import InputError
from mailkit.history.choice import DAY
from mailkit.history.columns import EVENT_COLUMNS, NUMBER, STORED

if TYPE_CHECKING:
    import pyarrow as pa

    from mailkit.history.engine import History, Source

__all__ = ["Exported", "export_parquet", "reading"]

_NOTE = "_mailkit.json"
_UNFINISHED = "_unfinished"
_ROWS = 250_000


class Exported(Struct, frozen=True, kw_only=True):
    """What an export wrote."""

    events: int
    last: int
    """The number of the newest event that the folder has."""
    files: int


def export_parquet(history: History, folder: str | os.PathLike[str], progress: Callable[[int], None] | None = None) -> Exported:
    """Write the events that the folder has not got yet, a file for each day (UTC) they happened on; memory is bounded.

    Args:
        history: where they come from.
        folder: made when it is not there. One export at a time.
        progress: told how many events have been written.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        after = _noted(target)
        _clear(target, after)
        return _written(history, target, after, progress)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}); give a folder you may write to") from None


def reading(path: Path) -> Source:
    """Open Parquet files of events with DuckDB: a folder made by :func:`export_parquet`, or one file.

    Raises:
        InputError: there are none.
    """
    import ibis  # noqa: PLC0415 - an optional extra

    from mailkit.history.engine import Source  # noqa: PLC0415 - that module imports this one

    files = sorted(path.glob("day=*/*.parquet")) or sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise InputError(f"there are no Parquet files of delivery events in {path}; 'mailkit history export' writes them")
    backend: Any = ibis.duckdb.connect(autoinstall_known_extensions=False, autoload_known_extensions=False)
    try:
        return Source(backend.read_parquet([str(file) for file in files], union_by_name=True), backend.disconnect)
    except InputError:
        backend.disconnect()
        raise
    except Exception as error:  # noqa: BLE001 - whatever DuckDB calls it: the file is not one
        backend.disconnect()
        raise InputError(f"{path} cannot be read as Parquet: {' '.join(str(error).split())[:200]}") from None


def _noted(target: Path) -> int:
    note = target / _NOTE
    if note.exists():
        try:
            return int(json.loads(note.read_text(encoding="utf-8"))["last"])
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{note} cannot be read; give another folder, or delete this one and export anew") from None
    if any(one.name != _UNFINISHED for one in target.iterdir()):
        raise InputError(f"{target} holds other things; give an empty folder, or one that was exported to before")
    return 0


def _clear(target: Path, after: int) -> None:
    """Take away what an export left behind that did not come to its end."""
    shutil.rmtree(target / _UNFINISHED, ignore_errors=True)
    for file in target.glob("day=*/events-*.parquet"):
        if int(file.stem.split("-")[1]) > after:
            file.unlink()


def _written(history: History, target: Path, after: int, progress: Callable[[int], None] | None) -> Exported:
    import pyarrow.dataset as ds  # noqa: PLC0415 - an optional extra

    last = max(after, int(history.one(history.events.agg(last=history.events[NUMBER].max()))["last"] or 0))
    unfinished = target / _UNFINISHED
    count = 0
    # By number, so that no engine has to hold a result open, or to sort.
    for start in range(after, last, _ROWS):
        piece = _piece(history, start, min(start + _ROWS, last))
        ds.write_dataset(
            piece,
            unfinished,
            format="parquet",
            partitioning=ds.partitioning(piece.select(["day"]).schema, flavor="hive"),
            basename_template=f"events-{after + 1}-{last}-{start:015}-{{i}}.parquet",
            existing_data_behavior="overwrite_or_ignore",
        )
        count += piece.num_rows
        if progress is not None:
            progress(count)
    files = sorted(unfinished.glob("day=*/*.parquet"))
    for file in files:
        place = target / file.parent.name
        place.mkdir(exist_ok=True)
        file.replace(place / file.name)
    shutil.rmtree(unfinished, ignore_errors=True)
    note = target / f"{_NOTE}.new"
    note.write_text(json.dumps({"schema": "mailkit.events/1", "last": last}), encoding="utf-8")
    note.replace(target / _NOTE)
    return Exported(events=count, last=last, files=len(files))


def _piece(history: History, after: int, last: int) -> pa.Table:
    """Give the events with the numbers from the first after ``after`` to ``last``, with their day."""
    import pyarrow as pa  # noqa: PLC0415 - an optional extra
    import pyarrow.compute as pc  # noqa: PLC0415 - an optional extra

    kinds = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}
    schema = pa.schema([pa.field(STORED[name], kinds[kind]) for name, kind in EVENT_COLUMNS.items()])
    events = history.events
    some = history.arrow(events.filter((events[NUMBER] > after) & (events[NUMBER] <= last)))
    table = some.select(list(EVENT_COLUMNS)).rename_columns(list(STORED.values())).cast(schema)
    days = pc.cast(pc.divide(table["moment"], DAY), pa.int32()).cast(pa.date32())
    return table.append_column("day", days)
