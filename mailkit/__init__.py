"""mailkit finds out why the mail does not go out.

In a notebook or a program::

    import mailkit

    document = await mailkit.examine("mail.example.com:587")
    print(document.headline)

:func:`examine` asks and judges. The parts are in :mod:`mailkit.probe` (asks), :mod:`mailkit.diagnosis` (judges),
:mod:`mailkit.report` (shows), :mod:`mailkit.practice` (a fake site to try it on) and :mod:`mailkit.panels` (for Jupyter).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailkit.errors import InputError, MailkitError
from mailkit.secret import Secret
from mailkit.version import __version__

if TYPE_CHECKING:
    from mailkit.finding import Product
    from mailkit.observation import ProbeDocument
    from mailkit.probe.settings import ProbeSettings

__all__ = ["InputError", "MailkitError", "Secret", "__version__", "examine"]


async def examine(target: str, settings: ProbeSettings | None = None, *, product: Product | None = None) -> ProbeDocument:
    """Probe a target and judge what was seen.

    Args:
        target: ``host``, ``host:port``, ``[v6]:port``, ``mx:domain`` or ``mx:domain:port``.
        settings: how to probe.
        product: the product whose screens the fixes should name: ``maestro-erp`` or ``maestro-pms``.

    Raises:
        InputError: the target or a setting cannot be used; nothing was contacted.
    """
    # Loaded here so that importing mailkit costs nothing.
    from mailkit.diagnosis import diagnosed  # noqa: PLC0415 - importing mailkit costs nothing
    from mailkit.probe import probe  # noqa: PLC0415 - importing mailkit costs nothing

    return diagnosed(await probe(target, settings), product)
