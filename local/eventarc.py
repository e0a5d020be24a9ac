"""Triggers: asks the Firestore emulator to send the events of a document pattern to its functions host."""

from __future__ import annotations

from local.emulators import call

WRITTEN = "google.cloud.firestore.document.v1.written"


def register_trigger(firestore_host: str, *, project: str, trigger: str, document: str) -> None:
    """From now on every write to a matching document is posted as a CloudEvent to /functions/projects/P/triggers/ID.

    The host it goes to is the `functions_host` the emulator was started with. The emulator delivers once and never
    again; Eventarc's habits are added by local/relay.py.
    """
    call(
        "POST",
        f"http://{firestore_host}/emulator/v1/projects/{project}/eventarcTrigger?eventarcTriggerId={trigger}",
        {
            "eventType": WRITTEN,
            "database": "(default)",
            "namespace": "(default)",
            "document": {"value": document, "matchType": "PATH_PATTERN"},
        },
    )
