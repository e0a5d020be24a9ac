"""The page's scripts as they are sent: each with what it imports from its own folder, in one file; each address with
the digest of what it leads to, so that browsers keep files for good and yet never see an old one.

The files lie in page/ as ordinary modules; without a build, a browser would fetch them one round trip after the other.
What is understood is what these modules use: one import a line with the names as they are, and exported declarations.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re

from restock.serving.compression import HIGHEST_LEVEL, Encoded
from restock.serving.page_files import FOLDER, names

_IMPORT = re.compile(r'^import (\{[^}]*\}|\w+) from "\./([\w/.-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|function|class) ([\w$]+))", re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
_NO_CONFIG = b'<script id="config" type="application/json">{}</script>'
_ADDRESS = re.compile(r'(?<=")(\./|page/)([\w/.-]+\.\w+)(?=")')


@functools.cache
def content(name: str) -> bytes:
    """The file as it is sent."""
    data = (FOLDER / name).read_bytes()
    if name.endswith(".html"):
        return _versioned(data.decode()).encode()
    if name.endswith(".js") and not name.startswith("vendor/"):
        return _versioned(_joined(name)).encode()
    return data


@functools.cache
def packed(name: str) -> Encoded:
    """The same, compressed as well as can be: once for all who ask."""
    return Encoded(content(name), HIGHEST_LEVEL)


@functools.cache
def digest(name: str) -> str:
    """Of the file as it is sent."""
    return hashlib.sha256(content(name)).hexdigest()[:24]


@functools.cache
def page(config: bytes) -> tuple[Encoded, str]:
    """index.html with what the page has to know before it asks anything; and the digest of both."""
    whole = content("index.html").replace(_NO_CONFIG, _NO_CONFIG.replace(b"{}", config))
    return Encoded(whole, HIGHEST_LEVEL), hashlib.sha256(whole).hexdigest()[:24]


@functools.cache
def inline_script() -> str:
    """The page's one inline script, as its policy lets it run: by digest."""
    found = re.search(rb"<script>(.*?)</script>", content("index.html"), re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1] if found else b'').digest()).decode()}'"


def _versioned(text: str) -> str:
    def with_digest(found: re.Match[str]) -> str:
        return f"{found[0]}?v={digest(found[2])}" if found[2] in names() else found[0]

    return _ADDRESS.sub(with_digest, text)


def _joined(name: str) -> str:
    """What a module imports comes before it, each in a scope of its own; what comes from vendor/ stays imported.

    Comments stay here: a tenth of what a phone would wait for.
    """
    outside: dict[str, None] = {}
    modules: dict[str, str] = {}

    def add(module: str) -> None:
        if module in modules:
            return
        text = _COMMENT.sub("", (FOLDER / module).read_text(encoding="utf-8"))
        for found in _IMPORT.finditer(text):
            if found[2].startswith("vendor/"):
                outside[found[0]] = None
            else:
                add(found[2])
        modules[module] = _in_its_own_scope(module, text)

    add(name)
    exported = ", ".join(_EXPORT.findall((FOLDER / name).read_text(encoding="utf-8")))
    again = f"export const {{ {exported} }} = {_variable(name)};\n" if exported else ""
    return "".join(outside) + "".join(modules.values()) + again


def _in_its_own_scope(module: str, text: str) -> str:
    r"""
    >>> print(_in_its_own_scope("b.js", 'import { one } from "./a.js";\nexport const two = one + one;\n'))
    const b_js = (() => {
    const { one } = a_js;
    const two = one + one;
    return { two };
    })();
    <BLANKLINE>
    """

    def taken(found: re.Match[str]) -> str:
        return "" if found[2].startswith("vendor/") else f"const {found[1]} = {_variable(found[2])};\n"

    exported = ", ".join(_EXPORT.findall(text))
    body = _EXPORT.sub("", _IMPORT.sub(taken, text))
    return f"const {_variable(module)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _variable(module: str) -> str:
    return re.sub(r"\W", "_", module)
