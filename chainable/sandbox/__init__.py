"""The engine of every gateway's sandbox: TLS authority, faults, journal, store, clock, control API, inspector."""
