"""How an operation is described to people: tables, code to paste, search; no vendor in it."""

from chainable.describe.description import CallStyle, Description, Row, Sample, Table
from chainable.describe.glossary import Glossary, Meaning
from chainable.describe.python_source import Code, arguments, placeholder, python
from chainable.describe.search import Candidate, Index

__all__ = [
    "CallStyle",
    "Candidate",
    "Code",
    "Description",
    "Glossary",
    "Index",
    "Meaning",
    "Row",
    "Sample",
    "Table",
    "arguments",
    "placeholder",
    "python",
]
