"""Which questions to ask a server, and what was seen. No opinion in here: :mod:`mailkit.diagnosis` has those.

* :func:`observe` yields observations as they happen, :func:`probe` waits for all and gives the document.
* :class:`ProbeSettings` says how; a target is ``host``, ``host:port``, ``[v6]:port`` or ``mx:domain``.
"""

from mailkit.probe.batch import probe_many
from mailkit.probe.document import assemble
from mailkit.probe.run import observe, probe
from mailkit.probe.settings import Credentials, ProbeSettings
from mailkit.probe.target import Target, parse_target

__all__ = ["Credentials", "ProbeSettings", "Target", "assemble", "observe", "parse_target", "probe", "probe_many"]
