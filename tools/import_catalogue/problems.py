"""What could not be read, by file and line: reading goes on with the rest."""

from __future__ import annotations

from attrs import define, field, frozen

__all__ = ["Problem", "Problems"]


@frozen(order=True)
class Problem:
    """
    One thing that could not be read.

    Attributes:
        file: The file, relative to the checkout.
        line: The line, from 1; 0 for the file as a whole.
        text: What is wrong, and what to do.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.line else f"{self.file}: {self.text}"


@define
class Problems:
    """
    The problems found so far.

    Attributes:
        file: The file that is being read.
        found: All problems, in the order they were found.
    """

    file: str = ""
    found: list[Problem] = field(factory=list)

    def add(self, line: int, text: str) -> None:
        """Note a problem of the file that is being read; one of a section that is read twice is noted once."""
        problem = Problem(self.file, line, text)
        if problem not in self.found:
            self.found.append(problem)
