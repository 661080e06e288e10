"""A person's data goes in as text, as Sensitive, or as Ciphertext."""

from wechatpay import Ciphertext, Sensitive, WeChatPay


def three_ways(client: WeChatPay, sealed: Ciphertext) -> None:
    add = client.v3.profitsharing.receivers.add
    add.post(json={"appid": "wx", "type": "MERCHANT_ID", "account": "1", "relation_type": "STORE", "name": sealed})
    add.post(
        json={
            "appid": "wx",
            "type": "MERCHANT_ID",
            "account": "1",
            "relation_type": "STORE",
            "name": Sensitive("张三"),
        }
    )
    add.post(json={"appid": "wx", "type": "MERCHANT_ID", "account": "1", "relation_type": "STORE", "name": "…"})


def only_where_it_is_encrypted(client: WeChatPay) -> None:
    client.v3.pay.transactions.id._transaction_id_.get(transaction_id="1", params={"mchid": Sensitive("1")})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
