"""The response of a call of TOP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chainable.i18n import Words
from chainable.masking import safe_repr
from chainable.response import Response
from taobao_top.errors import TopError
from taobao_top.response_shapes import business_failure

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TopResponse"]

T = TypeVar("T")


@safe_repr
class TopResponse(Response[T]):
    """
    A response of the gateway; ``.data`` is the content of ``…_response``.

    Attributes:
        method: The called method.
        stored: Whether it was stored earlier, and read by :meth:`taobao_top.TaobaoTop.read`.
    """

    method = ""
    stored = False

    @classmethod
    def of(cls, response: Response[Any], method: str) -> Self:
        """Make the response of a method from the one that the pipeline received."""
        made = cls.__new__(cls)
        made.__dict__.update(response.__dict__)
        made.method = method
        # The query of an upload holds the session.
        made.url = (response.url or "").partition("?")[0]
        return made

    def raise_for_business(self) -> None:
        """
        Raise an error if the response says that the business failed.

        That is: ``is_success``, ``success``, ``succ``, ``result_success`` or
        another such member is false, or ``flag`` is ``failure``, in the
        response or at most two objects deep (mostly in ``result``).
        ``error.detail`` is the decoded response.

        Raises:
            TopError: The business failed; ``code`` and ``sub_msg`` are those of qimen's answers, and empty
                elsewhere, because other methods have no code in common.
        """
        failure = business_failure(self.data)
        if failure is None:
            return
        found: Any = self.data
        *outer, name = failure.split(".")
        for step in outer:
            found = found[step]
        said = found[name]
        shown = str(said).lower() if isinstance(said, bool) else repr(said)
        qimen = found if "flag" in found else {}
        msg = Words(
            f"{self.method}: the call was carried out, but its response says {failure} = {shown}: see .detail for the reason",
            f"{self.method}：调用已执行，但应答中 {failure} = {shown}：原因见 .detail",
        )
        raise TopError(
            msg,
            code=str(qimen.get("code") or ""),
            sub_code=str(qimen.get("sub_code") or ""),
            sub_msg=str(qimen.get("message") or ""),
            detail=self.data,
            status_code=self.status_code,
            request_id=self.request_id,
            maybe_sent=True,
            response=self,
        )

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        request = state["request"]
        if request.url is not None:
            request.url = request.url.partition("?")[0]
        return state | {"method": self.method, "stored": self.stored}
