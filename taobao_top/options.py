"""The keywords of a call that are no parameters of its method."""

__all__ = ["OPTIONS"]

OPTIONS = (
    "session",
    "target_app_key",
    "simplify",
    "format",
    "timeout",
    "headers",
    "stream",
    "retries",
    "repeatable",
    "decode",
)
"""In the order in which they are documented."""
