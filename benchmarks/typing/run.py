"""
What the types cost a program that uses three operations: time and memory of both checkers.

``python benchmarks/typing/run.py`` prints a table (about a minute); each
client is measured alone, installed as users have it.  Cold is without any
cache, warm with nothing changed, edited after a change of the program.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROGRAMS = {
    "WeChatPay": """\
from wechatpay import WeChatPay

def main(client: WeChatPay) -> str:
    order = client.v3.hire_power_bank.insurance_orders.post(
        json={"out_order_no": "1", "openid": "o", "notify_url": "https://shop.example/", "service_id": "5"}
    )
    paid = client.v3.pay.transactions.id._transaction_id_.get(transaction_id="4200", params={"mchid": "1900000109"})
    client["v3/refund/domestic/refunds"].post_async(
        json={"out_refund_no": "1", "amount": {"refund": 1, "total": 1, "currency": "CNY"}}
    ).then(lambda refund: refund.data["refund_id"])
    return order.data["order_id"] + str(paid.status_code)
""",
    "TaobaoTop": """\
from taobao_top import TaobaoTop

def main(top: TaobaoTop) -> str:
    item = top.taobao.item.seller.get(fields="num_iid,title", num_iid=123)
    now = top.taobao.time.get.post_async().result()
    top["taobao.trades.sold.get"].post({"fields": "tid", "page_no": 1})
    return item.data.get("item", {}).get("title", "") + now.data["time"]
""",
}
BUDGETS = {"pyright cold": 5, "mypy cold": 15, "mypy warm": 2, "mypy edited": 2}
MEGABYTES = 1024


def measure(*command: str | Path, folder: Path) -> tuple[float, float, float, str]:
    """Run a checker; its wall and processor seconds, its peak in megabytes, and what it said."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said


def installed(folder: Path) -> Path:
    """Make an environment that has the packages; its interpreter."""
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    places = "\n".join([str(ROOT), sysconfig.get_paths()["purelib"]])
    (Path(paths["purelib"]) / "here.pth").write_text(places + "\n", "utf-8")
    return folder / "bin" / "python"


def main() -> int:
    print(f"{'client':10} {'run':13} {'seconds':>8} {'processor':>10} {'MB':>6} {'budget':>7}")
    missed = 0
    with tempfile.TemporaryDirectory() as temporary:
        python = installed(Path(temporary) / "environment")
        mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "program.py")
        pyright = (sys.executable, "-m", "pyright", "--pythonpath", python, "program.py")
        for client, text in PROGRAMS.items():
            folder = Path(temporary) / client
            folder.mkdir()
            program = folder / "program.py"
            program.write_text(text, "utf-8")
            for name, command in (
                ("pyright cold", pyright),
                ("mypy cold", mypy),
                ("mypy warm", mypy),
                ("mypy edited", mypy),
            ):
                if name == "mypy edited":
                    program.write_text(text + "\nMORE = 1\n", "utf-8")
                seconds, processor, megabytes, _ = measure(*command, folder=folder)
                late = seconds > BUDGETS[name] or megabytes > MEGABYTES
                missed += late
                budget = f"{BUDGETS[name]:6}s{' MISSED' if late else ''}"
                print(f"{client:10} {name:13} {seconds:8.2f} {processor:10.2f} {megabytes:6.0f} {budget}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
