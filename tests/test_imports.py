"""What importing a package may load beyond the libraries that it stands on."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIBRARIES = {
    "taobao_top": "import attrs, requests",
    "wechatpay": "import attrs, requests; from cryptography.hazmat.primitives import hashes, serialization; "
    "from cryptography.hazmat.primitives.asymmetric import padding, rsa; "
    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM",
}
KIT = """
    call chain chain_root client codecs errors forking i18n keywords lazy loopback masking path record_file resolution
    spelling times validation
"""
OWN = {
    "taobao_top": """
        taobao_top.call_options taobao_top.catalogue taobao_top.chain taobao_top.chain_root taobao_top.client
        taobao_top.errors taobao_top.parameters taobao_top.reading taobao_top.request taobao_top.response
        taobao_top.response_parsing taobao_top.response_shapes taobao_top.signing
        chainable.headers chainable.response chainable.signing
    """,
    "wechatpay": """
        wechatpay.apiv3 wechatpay.apiv3.field_encryption wechatpay.apiv3.protocol wechatpay.catalogue
        wechatpay.chain_root wechatpay.client wechatpay.request wechatpay.sensitive
    """,
}


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_an_import_loads_no_other_modules(package):
    """
    A module that is missing from the lists makes every import slower: import it where it is needed.

    They hold all modules beyond the libraries, those of the standard library as well.
    """
    allowed = {"chainable", package, *OWN[package].split(), *(f"chainable.{name}" for name in KIT.split())}
    code = f"{LIBRARIES[package]}; import sys; before = set(sys.modules); import {package}; print(*set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(found.stdout.split()) == allowed


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_public_names_are_found_at_first_use(package):
    code = f"import {package}; print(*[name for name in {package}.__all__ if not hasattr({package}, name)])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
