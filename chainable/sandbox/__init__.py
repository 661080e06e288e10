"""Shared by the sandboxes of all gateways: access to the controls, limits of requests, values of headers."""
