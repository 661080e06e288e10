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
    _version call chain chain_root client codecs connections decoding environment_proxies errors forking headers hooks
    i18n keywords lazy loopback masking mock_guard path pipeline record_file resolution response signing spelling times
    tls_contexts transport validation
"""
OWN = {
    "taobao_top": """
        call_options catalogue chain chain_root client errors parameters reading request response response_parsing
        response_shapes signing
    """,
    "wechatpay": "apiv3 apiv3.field_encryption apiv3.protocol catalogue chain_root client request sensitive",
}


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_an_import_loads_what_a_plain_call_needs(package):
    """
    A module that is missing here makes every import slower: import it where it is needed.

    The list holds all modules beyond the libraries, those of the standard library as well.
    """
    allowed = {"chainable", package}
    allowed |= {f"chainable.{name}" for name in KIT.split()} | {f"{package}.{name}" for name in OWN[package].split()}
    code = f"{LIBRARIES[package]}; import sys; before = set(sys.modules); import {package}; print(*set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(found.stdout.split()) == allowed


@pytest.mark.parametrize("package", ["wechatpay", "taobao_top"])
def test_public_names_are_found_at_first_use(package):
    code = f"import {package}; print(*[name for name in {package}.__all__ if not hasattr({package}, name)])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
