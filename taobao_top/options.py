"""The names of a call's options: keywords that are not parameters of its method."""

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
    "unknown",
)
"""In the order of the documentation."""
