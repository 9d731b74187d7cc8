"""Where secrets come from: typed, taken from a variable, a pipe or the keyring, or a token that its owner signs in for.

Every way ends in a :class:`~mailkit.secret.Secret`. Nothing here is imported before it is used: a run without OAuth needs no
library for it.
"""
