"""After a deploy: call what was deployed, as the shop would, and say what the shop should see."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

from infra.errors import CommandFailedError
from infra.google_api import identity_token, opener
from infra.parts.access import addresses
from infra.settings import InfraSettings
from infra.standing import Standing

SECONDS = 30.0
PAUSE_SECONDS, ATTEMPTS = 20.0, 16  # five minutes
StatusAndBody = tuple[int, bytes]


def get(url: str, bearer: str = "") -> StatusAndBody:
    """One GET; a status that is no success is an answer too."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        with opener().open(request, timeout=SECONDS) as answer:
            return answer.status, answer.read(100_000)
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read(2000)
    except OSError as exc:
        raise CommandFailedError(
            f"step: smoke test\n{url} does not answer: {exc}\nwhat to do: docs/runbook.md, 'Not reloading'."
        ) from exc


def smoke_patiently(
    settings: InfraSettings, standing: Standing, say: Callable[[str], None], sleep: Callable[[float], None]
) -> None:
    """The smoke test of a deploy: roles and revisions take minutes to be known everywhere, so it is given five."""
    for left in reversed(range(ATTEMPTS)):
        try:
            smoke(settings, standing, say)
            break
        except CommandFailedError as exc:
            if not left:
                raise
            say(f"  not yet: {str(exc).splitlines()[1]}; asking again in {PAUSE_SECONDS:.0f} s")
            sleep(PAUSE_SECONDS)


def smoke(
    settings: InfraSettings,
    standing: Standing,
    say: Callable[[str], None],
    fetch: Callable[..., StatusAndBody] = get,
    token: Callable[[], str] = identity_token,
) -> None:
    """Raises if the deployed functions do not answer as they must."""
    url = _address(settings, standing, "forecast")
    bearer = token() if settings.auth == "iam" else ""
    if settings.auth == "iam" and not bearer:
        _from_outside(settings, standing, say, fetch, f"{url}/health")
        say('  what forecast answers was not checked: this account has no identity token, which auth = "iam" asks for')
        return
    status, body = fetch(f"{url}/health", bearer)
    if status != 200:
        raise _wrong(f"{url}/health", "200", status, body)
    try:
        health = json.loads(body)
    except ValueError as exc:
        raise _wrong(f"{url}/health", "JSON", status, body) from exc
    say(f"  forecast answers at {url}: {health.get('status')}")
    _from_outside(settings, standing, say, fetch, f"{url}/parts")
    if settings.chain:
        say(
            "The shops should see: forecasts, each within an hour of its registration in restock_shops, once the sweep "
            "has taken it (docs/chain.md). Follow one with: python -m restock status --shop S"
        )
    elif health.get("model_loaded"):
        say("The shop should see: forecasts, from the model that was live before.")
    else:
        say(
            'The shop should see: the page, and "no forecast model yet" (503) until the first training, about 20 '
            "minutes after the first deploy. Follow it with: make status"
        )


def _from_outside(
    settings: InfraSettings,
    standing: Standing,
    say: Callable[[str], None],
    fetch: Callable[..., StatusAndBody],
    private: str,
) -> None:
    if settings.auth != "public":
        status, body = fetch(private)
        if status not in (401, 403):
            raise _wrong(f"{private} without a token", "401 or 403", status, body)
        say("  forecast refuses a caller without a token")
    url = _address(settings, standing, "retrain")
    status, body = fetch(url)
    if status not in (401, 403, 404):
        raise _wrong(f"{url} from outside", "a refusal", status, body)
    say("  retrain cannot be reached from outside")


def _address(settings: InfraSettings, standing: Standing, door: str) -> str:
    found = addresses(standing.named("run_services", settings.function(door)))
    if not found:
        raise CommandFailedError(
            f"step: smoke test\n{settings.function(door)} has no address: deploy again, or see the console."
        )
    return found[0].rstrip("/")


def _wrong(what: str, wanted: str, status: int, body: bytes) -> CommandFailedError:
    shown = body[:500].decode(errors="replace")
    return CommandFailedError(
        f"step: smoke test\n{what}: expected {wanted}, got {status}: {shown}\n"
        "what to do: gcloud functions logs read restock-forecast --gen2 --limit=20 shows why; "
        "docs/runbook.md, 'Not reloading'."
    )
