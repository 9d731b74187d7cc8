"""The panel "delivery history": what became of the mails, in sentences, charts and tables, and the whole story of each.

* :mod:`.choice`: what is chosen, frozen; :mod:`.form`: its fields
* :mod:`.source`: where the events are, and files made into events; :mod:`.asking`: the questions, one after the other
* :mod:`.model`: what is known at a moment, frozen
* :mod:`.charts`, :mod:`.tables`, :mod:`.deliveries`, :mod:`.told`, :mod:`.results`: that in pictures, markup and words
* :mod:`.exports`: tables as files; :mod:`.code`: the same thing as code; :mod:`.panel`: the widgets
"""

from mailkit.panels.history.panel import HistoryPanel

__all__ = ["HistoryPanel"]
