"""The delivery history: events of the kit and of other systems, and what a support engineer asks of them.

* :mod:`mailkit.history.importing` reads what other systems recorded.
* :func:`mailkit.history.engine.open_history` opens a store, Parquet files or a table of a distributed engine;
* :mod:`mailkit.history.questions` asks: every question is a function that gives a pandas ``DataFrame``.

Asking needs the extra ``history``; importing does not, so nothing of it is imported here.
"""
