"""The panel "choose a mode": a site is described step by step, and becomes a site file and a sheet.

* :mod:`.draft`: what is known at a moment, frozen; :mod:`.paths`: single values in it
* :mod:`.walk` (with ``walk.toml``): the steps and their fields; :mod:`.outline`: how far each is; :mod:`.form`: fields as shown
* :mod:`.steps`: the widgets; :mod:`.panel`: all of it together
"""

from mailkit.panels.site.panel import SitePanel

__all__ = ["SitePanel"]
