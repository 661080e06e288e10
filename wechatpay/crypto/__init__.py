"""Keys, certificates and the two ciphers of WeChat Pay: bytes in, bytes out, nothing of HTTP."""
