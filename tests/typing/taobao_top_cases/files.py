"""Files go in as bytes, as open files, as paths, or as frameworks have them."""

from pathlib import Path
from typing import IO

from starlette.datastructures import UploadFile
from werkzeug.datastructures import FileStorage

from taobao_top import TaobaoTop


def good(top: TaobaoTop, opened: IO[bytes], flask: FileStorage, fastapi: UploadFile) -> None:
    upload = top.taobao.picture.upload
    upload(picture_category_id=0, img=b"...", image_input_title="tea.png")
    upload(picture_category_id=0, img=Path("tea.png"), image_input_title="tea.png")
    upload(picture_category_id=0, img=opened, image_input_title="tea.png")
    upload(picture_category_id=0, img=("tea.png", b"..."), image_input_title="tea.png")
    upload(picture_category_id=0, img="tea.png", image_input_title="tea.png")
    upload(picture_category_id=0, img=flask, image_input_title="tea.png")
    upload(picture_category_id=0, img=fastapi, image_input_title="tea.png")
    upload(picture_category_id=0, img=("tea.png", fastapi), image_input_title="tea.png")


def wrong(top: TaobaoTop) -> None:
    top.taobao.picture.upload(picture_category_id=0, img=5, image_input_title="tea.png")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
