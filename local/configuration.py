"""What the functions are told on this machine, and where the forecast answers."""

from __future__ import annotations

import os
from collections.abc import Mapping

from local.processes import ProcessError, free_port, is_taken

USUAL_FORECAST_PORT = 5057  # where the existing app looks


def forecast_port_from(env: Mapping[str, str]) -> int:
    """FORECAST_PORT, which must be free, else 5057, else any free port."""
    if not env.get("FORECAST_PORT"):
        return free_port() if is_taken(USUAL_FORECAST_PORT) else USUAL_FORECAST_PORT
    try:
        port = int(env["FORECAST_PORT"])
        if not 0 < port < 65_536:
            raise ValueError(port)
    except ValueError:
        raise ProcessError(
            f"FORECAST_PORT={env['FORECAST_PORT']!r} is not a port; write a number below 65536"
        ) from None
    if is_taken(port):
        raise ProcessError(f"FORECAST_PORT={port} is taken; name another, or leave it unset to use any free port")
    return port


LOCAL_DEFAULTS = {
    "SHOP_TIME_ZONE": "Europe/London",
    "FORECAST_AUTH": "public",
    "RESTOCK_CHAIN": "false",
    "ORDERS": "callers",
    "RELOAD_SECONDS": "1",
    # A retrain killed on this machine should not block the next one for half an hour.
    "RETRAIN_DEADLINE_SECONDS": "240",
    "TASK_DEADLINE_SECONDS": "300",
    "LEASE_SECONDS": "330",
}
"""What a setting is on this machine unless the environment says otherwise."""


def settings_for(  # noqa: PLR0913  # one address for each stand-in, all named
    *, project: str, bucket: str, storage_url: str, tasks_host: str, queue: str, retrain_url: str
) -> dict[str, str]:
    """The functions' settings for stand-ins at these addresses."""
    return {
        **{name: os.environ.get(name) or value for name, value in LOCAL_DEFAULTS.items()},
        "GOOGLE_CLOUD_PROJECT": project,
        "RESTOCK_BUCKET": bucket,
        "STORAGE_EMULATOR_HOST": storage_url,
        "TASKS_EMULATOR_HOST": tasks_host,
        "RETRAIN_QUEUE": queue,
        "RETRAIN_URL": retrain_url,
        "RETRAIN_INVOKER": f"restock-invoker@{project}.iam.gserviceaccount.com",
    }
