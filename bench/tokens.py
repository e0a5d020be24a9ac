"""Tokens that the forecast function accepts in a bench: a key pair of its own, and a server for the certificate."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, jwt

KEY_ID = "bench"
# Put before the staged main.py: the one thing that differs from what is deployed.
SIGNED_BY_BENCH = """\
from restock.gcp import identity

identity.CERTIFICATES_URL = {url!r}
"""


class TokenServer:
    """Answers any GET with the certificates, as Google's signing service does."""

    def __init__(self, project: str) -> None:
        self._project = project
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        body = json.dumps({KEY_ID: certificate.public_bytes(serialization.Encoding.PEM).decode()}).encode()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        self._signer = crypt.RSASigner.from_string(pem, KEY_ID)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "public, max-age=3600")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/certificates"

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": f"https://securetoken.google.com/{self._project}",
            "aud": self._project,
            "auth_time": now,
            "iat": now,
            "exp": now + 3600,
            "sub": "bench",
        }
        return str(jwt.encode(self._signer, claims).decode())

    def __enter__(self) -> TokenServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
