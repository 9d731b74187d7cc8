"""The panel "what does it mean": a reply, an error, a session, a bounce or many, and what each means.

* :mod:`.given`: what was pasted or dropped, taken apart; :mod:`.model`: what is known at a moment, frozen, and the work
* :mod:`.results`: that in words and markup; :mod:`.code`: the same thing as code; :mod:`.panel`: the widgets
"""

from mailkit.panels.explain.panel import ExplainPanel

__all__ = ["ExplainPanel"]
