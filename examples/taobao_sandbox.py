"""
A seller's orders, worked off against the sandbox while it misbehaves.

Run it: ``python examples/taobao_sandbox.py``.  Nothing here leaves this machine.
"""

from taobao_top.sandbox import Sandbox


def unpaid(top):
    """Read all unpaid trades from the last page to the first: what moves in front meanwhile is not missed."""
    pages = top.pages(
        top.taobao.trades.sold.get, fields="tid,status", status="WAIT_BUYER_PAY", page_size=2, backwards=True
    )
    return [trade["tid"] for page in pages for trade in page.data.get("trades", {}).get("trade", [])]


def main():
    """Close every unpaid trade but the first, over a gateway that fails now and then."""
    with Sandbox() as sandbox:
        top = sandbox.client()
        first, *rest = sandbox.trades.add(5)  # five buyers order
        sandbox.error(50, "isp.remote-service-error", method="taobao.trades.sold.get")  # one page fails: read again
        found = unpaid(top)
        sandbox.ban(1)  # throttled for a second: waited out
        for tid in found:
            if tid != first:
                top.taobao.trade.close(tid=tid, close_reason="no payment")
        states = {tid: sandbox.trades.get(tid)["status"] for tid in (first, *rest)}
        refused = [entry.sub_code for entry in sandbox.journal if entry.code]
        print(f"{len(sandbox.journal)} requests, all verified: {all(entry.verified for entry in sandbox.journal)}")
        print("refused on the way:", *refused)
        print(*(f"{tid} {state}" for tid, state in states.items()), sep="\n")
        return states, refused


if __name__ == "__main__":
    main()
