"""Personal data: plain in the program, encrypted in requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from chainable.i18n import Words

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Ciphertext", "Sensitive"]


class Sensitive:
    """
    A text that is only sent encrypted.

    Use it as a value in ``json``, ``xml``, ``params`` or the meta of an upload: the
    call encrypts it with the key of its ``Wechatpay-Serial``.

    Args:
        text: The plain text; at most 214 bytes in UTF-8 for a key of 2048 bits.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            msg = Words(
                f"Sensitive: a str was expected, not {type(text).__name__}",
                f"Sensitive：应为 str，不是 {type(text).__name__}",
            )
            raise TypeError(msg)
        self._text = text

    def reveal(self) -> str:
        """Return the plain text."""
        return self._text

    def __repr__(self) -> str:
        return "Sensitive(…)"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Sensitive) else NotImplemented

    def __hash__(self) -> int:
        return hash((Sensitive, self._text))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        msg = Words(
            "a Sensitive value is not written to disk: pickle what it was made from, if you must",
            "Sensitive 不能写到磁盘：如果必须，请 pickle 它的原文",
        )
        raise TypeError(msg)


class Ciphertext(str):
    """
    An encrypted text, with the serial of its key.

    Args:
        text: The ciphertext in base64.
        serial: Serial of the certificate, or id of the public key.
    """

    __slots__ = ("serial",)

    serial: str

    def __new__(cls, text: str, *, serial: str) -> Self:  # noqa: D102 (the class says it)
        made = super().__new__(cls, text)
        made.serial = serial
        return made

    def __repr__(self) -> str:
        return f"Ciphertext(…, serial={self.serial!r})"

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, str]]:
        return (str(self),), {"serial": self.serial}
