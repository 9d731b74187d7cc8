"""The only package that opens sockets: the resolver, connections with and without TLS, SMTP conversations, log-ins.

It asks and records; what the answers mean is decided further up. Errors of sockets, OpenSSL and the resolver end here and
leave as those of :mod:`mailkit.errors`.
"""
