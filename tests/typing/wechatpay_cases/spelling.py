"""Official spellings that are no Python names have one that is."""

from wechatpay import WeChatPay


def keywords_and_verbs(client: WeChatPay) -> None:
    client.v3.global_.certificates.get()
    client.v3.funds_to_oversea.return_
    client.v3.gov.subsidy.zhejiang.authcode.try_
    client.v3.profitsharing.receivers.delete_.post
    client.v3.marketing.membercard_open.cards._card_id_.users.import_


def real_underscores(client: WeChatPay) -> None:
    client.v3.mch_operate
    client.v2.secapi.mch.uploadmedia.post
    client.v3.merchant.media.video_upload.post


def two_spellings_at_one_position(client: WeChatPay) -> None:
    client.v3.papay.insurance_sign.policy_periods.plan_id._plan_id_.out_contract_code._out_contract_code_
