"""Uploads: stored, and served again where the platform serves them."""

from __future__ import annotations

import hashlib
import mimetypes
from typing import TYPE_CHECKING, Any

from chainable.i18n import Words
from wechatpay.sandbox.fake_data import letters
from wechatpay.sandbox.http import Refusal, Reply
from wechatpay.sandbox.routing import Routes

if TYPE_CHECKING:
    from wechatpay.sandbox.context import SandboxContext
    from wechatpay.sandbox.routing import ReceivedCall

__all__ = ["MEDIA", "routes", "uploaded"]

routes = Routes()

MEDIA = "media"
IMAGES = ("v3/merchant-service/images", "v3/global/merchant-service/images")
UPLOADS = (
    "POST v3/merchant/media/upload",
    "POST v3/merchant/media/video_upload",
    "POST v3/marketing/favor/media/image-upload",
    *(f"POST {path}/upload" for path in IMAGES),
    "POST v3/global/merchant-storage/file/upload",
    "POST v3/ecommerce/account/cancel-applications/media",
    "POST v2/secapi/mch/uploadmedia",
)


@routes.on(*UPLOADS)
def upload(context: SandboxContext, call: ReceivedCall) -> dict[str, Any]:
    """Store a file."""
    media_id = uploaded(context, call)
    facts = {
        "media_id": media_id,
        "media_url": f"{call.request.origin or context.base_url}_sandbox/media/{media_id}",
    }
    return context.respond(call, facts)


def uploaded(context: SandboxContext, call: ReceivedCall) -> str:
    """Store the file of a call, and return its id; the same content has the same."""
    file = call.files[0]
    if not file.content:
        raise Refusal.of_field("body", f"/{file.name}", "文件内容为空")
    media_id = letters(40, hashlib.sha256(file.content).hexdigest())
    described = {
        "filename": file.filename,
        "size": len(file.content),
        "content_type": mimetypes.guess_type(file.filename or "")[0] or "application/octet-stream",
    }
    context.store.put(MEDIA, media_id, described, content=file.content, day=context.day())
    return media_id


@routes.on(*(f"GET {path}/{{media_id}}" for path in IMAGES))
def image(context: SandboxContext, call: ReceivedCall) -> Reply:
    """Return the picture that was uploaded."""
    return stored(context, call.variables["media_id"])


def stored(context: SandboxContext, media_id: str) -> Reply:
    """Return a stored file as an answer, unsigned."""
    described = context.store.get(MEDIA, media_id)
    content = context.store.content(MEDIA, media_id)
    if described is None or content is None:
        raise Refusal(404, "RESOURCE_NOT_EXISTS", Words(f"there is no file {media_id}", f"文件不存在: {media_id}"))
    return Reply(body=content, content_type=described["content_type"], signed=False)
