"""From observations to findings: what is wrong, how we know, who must act and what to change.

Pure: no socket, no clock (the time is that of the observations), no file but its own knowledge. Works on the documents of
:mod:`mailkit.observation`, live or read back from a file.
"""
