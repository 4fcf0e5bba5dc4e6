"""Webhooks: from an entry of the log to a signed request at the application, and what became of it.

`payload`, `signing` and `policy` are pure: bytes, signatures, and which URL is tried when. `sender` does the
waiting, `post` the network.
"""
