"""What to type after an error: one remedy for each kind, the same whichever verb met it."""

from __future__ import annotations

from restock.errors import (
    BucketMissingError,
    ConflictError,
    DamagedError,
    LeaseHeldError,
    MisplacedError,
    NoModelError,
    NotPermittedError,
    NotSignedInError,
    RestockError,
    StoreUnavailableError,
)
from restock.stored import names

RUNBOOK = "docs/runbook.md"


def remedy(problem: RestockError, bucket: str) -> str:
    """A line or two for a person; empty where the message says it all.

    >>> print(remedy(NotSignedInError("no credentials"), "b"))
    sign in, once: gcloud auth application-default login
    """
    if isinstance(problem, DamagedError):
        return _of_damage(str(problem), bucket)
    for kind, text in _REMEDIES:
        if isinstance(problem, kind):
            return text.format(bucket=bucket, runbook=RUNBOOK)
    return ""


_REMEDIES: tuple[tuple[type[RestockError], str], ...] = (
    (NotSignedInError, "sign in, once: gcloud auth application-default login"),
    (NotPermittedError, 'this account lacks a role: {runbook}, "Who may deploy"'),
    (
        BucketMissingError,
        "do not deploy, which would make an empty one in its place; look for the deleted one:\n"
        "gcloud storage ls --buckets --soft-deleted --full gs://{bucket}\n"
        'and go on with {runbook}, "The whole bucket deleted"',
    ),
    (StoreUnavailableError, "try again; if it lasts, look at the network and at https://status.cloud.google.com"),
    (LeaseHeldError, "wait until it has ended (status shows when), or, if it died: make free-lease"),
    (MisplacedError, "of a chain, and only of a chain, name the shop: make status SHOP=... (or --shop ...)"),
    (NoModelError, "ask for a first training: make retrain"),
    (ConflictError, "look again: make status"),
)


def _of_damage(message: str, bucket: str) -> str:
    """By the name of what is damaged, with which every DamagedError of something stored begins."""
    name = message.split(":", 1)[0].split(" ", 1)[0]
    whole_one = f"gcloud storage ls --all-versions gs://{bucket}/{name}\n" + f'and {RUNBOOK}, "Restore a deleted or'
    if name == names.POINTER:
        return f'put a whole one back: {whole_one} damaged object"'
    if name.startswith(names.MODELS):
        return f'roll back to a version that is whole, or put this object back: {whole_one} damaged object"'
    if name.startswith(names.HISTORIES):
        return "have it computed anew from the appointments: make rebuild"
    if name == names.STATE:
        return f"delete the document {name} in the Firebase console; the next run makes it anew"
    if name.startswith(names.RUNS):
        return "nothing rests on it; it goes by itself after 90 days"
    return ""
