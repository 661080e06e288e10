"""Bodies as people read them."""

from __future__ import annotations

import json

__all__ = ["readable"]


def readable(body: bytes) -> str:
    """JSON with a member to each line, XML with an element to each line, everything else as it is."""
    text = body.decode(errors="replace")
    if text.lstrip().startswith("<"):
        return text.replace("><", ">\n<")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text
