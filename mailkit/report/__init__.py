"""What was found, on paper: documents in, text out.

Every module here is a pure function from a :class:`~mailkit.observation.ProbeDocument` to one kind of text. :mod:`.outline`
decides what comes first and what belongs together, once, for all of them; :mod:`.words` holds the names that people read.

* :mod:`.terminal`: plain or coloured text of a given width
* :mod:`.page`: HTML fragments for a notebook or a file
* :mod:`.ticket`: text to paste into a ticket, with names masked on request
* :mod:`.machine`: one line of JSON
* :mod:`.table`: a pandas ``DataFrame``, or CSV

Import the module you need: the terminal must not wait for pandas.
"""
