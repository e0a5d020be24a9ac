"""Where this machine gets packages from: a company's mirror is usually told to pip alone, so uv is told what pip is.

Nothing here is ever printed: the address of a mirror may hold a password.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path

SECTIONS = ("global", "install", ":env:")  # a later one overrides an earlier one, as in pip
# Of pip's settings only those that say where packages are and how to get there. The others (user, prefix, target,
# require-virtualenv, constraint, ...) say where or what to install, and would break or change this one installation.
KEPT = (
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
    "keyring-provider",
    "cache-dir",
    "no-cache-dir",
)
UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": ("UV_NO_INDEX",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE", "SSL_CERT_DIR"),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"),
}
# Likewise of uv's own: UV_VENV_SEED, UV_SYSTEM_PYTHON, UV_EXCLUDE_NEWER and others would change what is made.
UV_KEPT = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_NO_INDEX",
    "UV_FIND_LINKS",
    "UV_OFFLINE",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_CREDENTIALS_DIR",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_",
    "UV_REQUEST_TIMEOUT",
    "UV_CONCURRENT_",
    "UV_CACHE_DIR",
    "UV_NO_CACHE",
    "UV_LINK_MODE",
    "UV_CONFIG_FILE",
    "UV_NO_CONFIG",
)
NOT_UVS = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH")


def read_pip_settings(listing: str) -> dict[str, str]:
    """What `pip config list` says about where packages are.

    >>> read_pip_settings("global.index-url='https://a/simple'\\nglobal.user='true'\\n:env:.index-url='https://b/simple'")
    {'index-url': 'https://b/simple'}
    """
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in listing.splitlines():
        name, _, quoted = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found and key in KEPT:
            try:
                found[section][key] = str(ast.literal_eval(quoted))
            except (ValueError, SyntaxError):
                continue
    return {key: value for section in SECTIONS for key, value in found[section].items() if value}


def pip_environment(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which pip knows these settings and no others, neither of variables nor of files."""
    ours = {f"PIP_{key.upper().replace('-', '_')}": " ".join(value.split()) for key, value in settings.items()}
    others = {name: value for name, value in environ.items() if not name.upper().startswith("PIP_")}
    return {**others, **ours, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def uv_environment(settings: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which uv looks where pip looks, unless it is told itself, and makes what it is asked for."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in NOT_UVS and (not name.startswith("UV_") or name.startswith(UV_KEPT))
    }
    for key, names in UV_NAMES.items():
        value = as_uv_wants_it(key, settings.get(key, ""))
        if value and not any(name in kept for name in names):
            kept[names[0]] = value
    if "extra-index-url" in settings:
        kept.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip looks; hashes say what is installed
    return kept


def as_uv_wants_it(key: str, value: str) -> str:
    """uv stops at a folder that is not there, where pip goes on; and it divides places by commas."""
    words = value.split()
    if key == "find-links":
        return ",".join(word for word in words if is_there(word))
    if key == "no-index":
        return "1" if value.lower() in {"1", "true", "yes", "on"} else ""
    return " ".join(words) if key in {"extra-index-url", "trusted-host"} else value


def is_there(place: str) -> bool:
    if place.startswith("file:"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return Path(url2pathname(urlsplit(place).path)).exists()
    return "://" in place or Path(place).exists()
