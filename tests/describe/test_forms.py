"""The first form of every operation, as it stands, against the sandbox, which checks it in full."""

import re
from pathlib import Path

import pytest

from chainable import APIError
from wechatpay import catalogue
from wechatpay.describe import described
from wechatpay.sandbox import Sandbox

FAMILIES = sorted({"/".join(operation.path.split("/")[:2]) for operation in catalogue.operations()})
ANOTHERS = "is not the merchant that signed the request"  # the examples are of several merchants


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as started:
        yield started


@pytest.fixture(scope="module")
def client(sandbox):
    return sandbox.client(retries=0)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_form_of_every_operation_is_taken(family, sandbox, client, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for operation in catalogue.operations():
        if not operation.path.startswith(f"{family}/") and operation.path != family:
            continue
        code = described(operation.key).forms[0].code
        for name in re.findall(r"'(文件\.\w+)'", code):
            Path(name).write_bytes(b"\xff\xd8\xff\xe0" + bytes(100))
        sandbox.reset()
        try:
            exec(compile(code, operation.key, "exec"), {"client": client})
        except APIError as error:
            # What the examples name is not there: that is as it should be, and shows that the request was read.
            assert error.code not in {"PARAM_ERROR", "SIGN_ERROR"} or ANOTHERS in str(error), str(error)
            assert error.code not in {"404", "405"}, str(error)
        if operation.answer != "redirect":
            assert sandbox.journal
