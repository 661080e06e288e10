"""What the sandboxes' web pages have in common: their files, their guards, and comparisons side by side; no vendor in it."""

from chainable.inspector.comparison import Comparison, Part
from chainable.inspector.files import GUARDS, File, Files
from chainable.inspector.text import readable

__all__ = ["GUARDS", "Comparison", "File", "Files", "Part", "readable"]
