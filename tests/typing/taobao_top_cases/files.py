"""Files go in as bytes, as open files, or as paths."""

from pathlib import Path
from typing import IO

from taobao_top import TaobaoTop


def good(top: TaobaoTop, opened: IO[bytes]) -> None:
    upload = top.taobao.picture.upload
    upload(picture_category_id=0, img=b"...", image_input_title="tea.png")
    upload(picture_category_id=0, img=Path("tea.png"), image_input_title="tea.png")
    upload(picture_category_id=0, img=opened, image_input_title="tea.png")
    upload(picture_category_id=0, img=("tea.png", b"..."), image_input_title="tea.png")


def wrong(top: TaobaoTop) -> None:
    top.taobao.picture.upload(picture_category_id=0, img="tea.png", image_input_title="tea.png")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
