"""How an operation is described to people: tables, code to paste, search; no vendor in it."""

from chainable.describe.description import Description, Form, Row, Sample, Table
from chainable.describe.glossary import Glossary, Meaning
from chainable.describe.index import Candidate, Index
from chainable.describe.source import Code, arguments, placeholder, python

__all__ = [
    "Candidate",
    "Code",
    "Description",
    "Form",
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
