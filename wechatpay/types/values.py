"""The kinds of values that the generated types are made of."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from typing_extensions import NotRequired, TypedDict

from chainable.file_sources import UploadedFile
from wechatpay.sensitive import Sensitive

__all__ = [
    "Any",
    "Day",
    "Decimal",
    "File",
    "Mapping",
    "NotRequired",
    "Number",
    "Secret",
    "Text",
    "Time",
    "TypedDict",
]

Time = str | datetime
"""A moment: an aware datetime, or text as the platform writes it."""

Day = str | date
"""A date, or text as the platform writes it."""

Number = int | float | Decimal
"""A number that the platform does not call an integer."""

Text = str | int | Decimal
"""A number of APIv2, which is text on the wire."""

Secret = str | Sensitive
"""A person's data: :class:`wechatpay.Sensitive`, or a :class:`wechatpay.Ciphertext`, which is text."""

File = str | os.PathLike[str] | IO[bytes] | UploadedFile | tuple[str, bytes | IO[bytes] | UploadedFile]
"""A file to upload: its path, an open file, the uploaded file of a web framework, or its name with the content."""
