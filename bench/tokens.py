"""Tokens that the forecast function accepts in a bench: a key pair of its own, and a server for the certificate."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from local.loopback import LoopbackServer

# Put before the staged main.py: the one thing that differs from what is deployed.
SIGNED_BY_BENCH = """\
from restock.gcp import identity

identity.CERTIFICATES_URL = {url!r}
"""


class Signer:
    """A key pair with a certificate, as Google's signing service has them."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "securetoken.system.gserviceaccount.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .sign(key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM).decode()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._signer = crypt.RSASigner.from_string(pem, key_id)

    def sign(self, claims: Mapping[str, object], key_id: str | None = None) -> str:
        """A token of these claims, by this key, whatever key it names."""
        return str(jwt.encode(self._signer, claims, key_id=key_id or self.key_id).decode())


class TokenServer:
    """Answers any GET with the certificates, as Google's signing service does."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._signer = Signer("bench")
        body = json.dumps({self._signer.key_id: self._signer.certificate}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "public, max-age=3600")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = LoopbackServer(Handler)
        self.url = f"{self._server.url}/certificates"

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": f"https://securetoken.google.com/{self._project}",
            "aud": self._project,
            "auth_time": now,
            "iat": now,
            "exp": now + 3600,
            "sub": "bench",
            "admin": True,
        }
        return self._signer.sign(claims)

    def __enter__(self) -> TokenServer:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
