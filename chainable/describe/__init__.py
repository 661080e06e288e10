"""Descriptions of operations as values: tables, code to paste, search. The command line prints them."""

from chainable.describe.description import CallStyle, Description, KnownError, Reference, Row, Sample, Table
from chainable.describe.glossary import Glossary, Meaning
from chainable.describe.label import Label
from chainable.describe.python_source import ANY_JSON, FILE, Code, arguments, in_both_languages, placeholder, python
from chainable.describe.search import Candidate, Index, fold

__all__ = [
    "ANY_JSON",
    "FILE",
    "CallStyle",
    "Candidate",
    "Code",
    "Description",
    "Glossary",
    "Index",
    "KnownError",
    "Label",
    "Meaning",
    "Reference",
    "Row",
    "Sample",
    "Table",
    "arguments",
    "fold",
    "in_both_languages",
    "placeholder",
    "python",
]
