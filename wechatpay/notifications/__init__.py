"""
Notifications to a merchant's ``notify_url``: verified, decrypted, handled once.

Official page: https://pay.weixin.qq.com/doc/v3/merchant/4012071382
"""

from __future__ import annotations

from wechatpay.notification import Notification
from wechatpay.notification_parsing import Notifications
from wechatpay.notifications.responses import accept, reject

__all__ = ["Notification", "Notifications", "accept", "reject"]
