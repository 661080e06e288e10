"""What every call can be told."""

from taobao_top import TaobaoTop


def good(top: TaobaoTop) -> None:
    top.taobao.time.get(
        session="s",
        target_app_key="1",
        simplify=True,
        format="xml",
        timeout=(3, 30.5),
        headers={"X": "1"},
        stream=False,
        retries=0,
        repeatable=True,
        decode=("token_result",),
    )
    top.taobao.time.get(timeout=3).raise_for_business()


def wrong(top: TaobaoTop) -> None:
    top.taobao.time.get(sesion="s")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    top.taobao.time.get(format="yaml")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    top.taobao.time.get(timeout="3")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
