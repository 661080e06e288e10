"""The engine of every gateway's sandbox: server, TLS authority, faults, journal, store, clock, control API, inspector."""
