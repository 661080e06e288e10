"""Parts of the sandboxes' web pages: files, security headers, comparisons of signed messages."""

from chainable.sandbox.inspector.assets import GUARDS, File, Files
from chainable.sandbox.inspector.client_code import filled
from chainable.sandbox.inspector.comparison import Comparison, Part, aligned
from chainable.sandbox.inspector.formatting import readable

__all__ = ["GUARDS", "Comparison", "File", "Files", "Part", "aligned", "filled", "readable"]
