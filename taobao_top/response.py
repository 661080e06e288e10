"""The answer of a call of TOP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chainable.masking import safe_repr
from chainable.response import Response
from taobao_top.errors import TopError
from taobao_top.response_parsing import business_failure

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["TopResponse"]

T = TypeVar("T")


@safe_repr
class TopResponse(Response[T]):
    """
    What the gateway answered; ``.data`` is the inside of ``…_response``.

    Attributes:
        method: The method that was called.
    """

    method = ""

    @classmethod
    def of(cls, response: Response[Any], method: str) -> Self:
        """Take over an answer as the pipeline received it."""
        answer = cls.__new__(cls)
        answer.__dict__.update(response.__dict__)
        answer.method = method
        # The query of an upload holds the session.
        answer.url = (response.url or "").partition("?")[0]
        return answer

    def raise_for_business(self) -> None:
        """
        Raise where the answer itself says that the business failed.

        That is: ``is_success`` or ``success`` is false, in the answer or in an
        object directly in it (``result`` mostly).  What the method tells
        besides stands in ``error.detail``, the decoded answer.

        Raises:
            TopError: It does; ``code`` is empty, for there is no code that all methods share.
        """
        failure = business_failure(self.data)
        if failure is None:
            return
        msg = f"{self.method}: the call was carried out, and its answer says {failure} = false: see .detail for why"
        raise TopError(
            msg,
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
        return state | {"method": self.method}
