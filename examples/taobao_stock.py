"""
Answer Taobao's question for stock (SPI) in Flask.

Run it::

    export TAOBAO_TOP_APP_KEY=… TAOBAO_TOP_APP_SECRET=…
    flask --app examples/taobao_stock run

and give ``https://…/taobao/stock`` as the address of the SPI in the console.
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from taobao_top import TaobaoTop
from taobao_top.spi import SPICall, reject
from taobao_top.spi.flask import handler

STOCK = {"sku-1": 5, "sku-2": 0}


def create_app() -> Flask:
    """Make the application; ``flask run`` and every WSGI server find it by this name."""
    app = Flask(__name__)

    @app.post("/taobao/stock")
    @handler(TaobaoTop.from_env())
    def stock(call: SPICall) -> Any:
        """Forged and stale calls never come here."""
        sku = call.parameters.get("sku", "")
        if sku not in STOCK:
            return reject("no such sku", code="isv.sku-not-exist")
        return {"sku": sku, "quantity": STOCK[sku]}

    return app
