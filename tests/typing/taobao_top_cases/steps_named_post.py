"""``post`` is a step and the call; six names end with it."""

from typing_extensions import assert_type

from chainable import Promise
from taobao_top import TaobaoTop, TopResponse
from taobao_top.types.alibaba.icbu import QuotationPostData, QuotationPostParams


def ends_with_post(top: TaobaoTop, params: QuotationPostParams) -> None:
    assert_type(top.alibaba.icbu.quotation.post(params), TopResponse[QuotationPostData])
    assert_type(top.alibaba.icbu.quotation.post.post(params), TopResponse[QuotationPostData])
    assert_type(top.alibaba.icbu.quotation.post_async(params), Promise[TopResponse[QuotationPostData]])
    assert_type(top["alibaba.icbu.quotation.post"](params), TopResponse[QuotationPostData])


def goes_on_behind_post(top: TaobaoTop) -> None:
    top.aliexpress.feed.post.publish.post
    top.aliexpress.feed.post()  # type: ignore[operator]  # pyright: ignore[reportCallIssue]
