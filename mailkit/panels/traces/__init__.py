"""The panel "traces": what trace mail would send, switching it on, sending, and how every mail stands.

* :mod:`.case`: hotel, source, store, and :mod:`.choice`: what counts; frozen, what everything is asked of
* :mod:`.deeds`: what is done with them (blocking); :mod:`.round`: sending, watched; :mod:`.look`: how things stand in the store
* :mod:`.model`: what is known at a moment, frozen; :mod:`.results`, :mod:`.pieces`, :mod:`.setup`: that in words and markup
* :mod:`.practice`: the practice hotel; :mod:`.export`: to take along; :mod:`.code`: the same thing as code
* :mod:`.fields`, :mod:`.saving`, :mod:`.panel`: the widgets
"""

from mailkit.panels.traces.panel import TracesPanel

__all__ = ["TracesPanel"]
