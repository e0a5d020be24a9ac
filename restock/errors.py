"""The vocabulary of what can go wrong, one line each. Adapters raise these from the vendors' errors."""


class RestockError(Exception):
    """Anything Restock itself raises on purpose."""


class SettingsError(RestockError):
    """One or more settings are missing or wrong; the message lists all of them with their remedies."""


class BadEventError(RestockError):
    """An event that no redelivery can mend."""


class BadRequestError(RestockError):
    """The caller's mistake; the message names the field and the remedy."""


class MisplacedError(BadRequestError):
    """It names a shop where there is one root, or none where there are many."""


class UnknownShopError(RestockError):
    """No ``restock_shops`` document says that there is such a shop."""


class StoreUnavailableError(RestockError):
    """Firestore, Cloud Storage or Cloud Tasks did not answer, or asked to try again; a retry may help."""


class NotSignedInError(StoreUnavailableError):
    """There are no credentials to speak to Google with, or they have ended."""


class NotPermittedError(StoreUnavailableError):
    """The account lacks a role; nothing but granting it helps."""


class BucketMissingError(StoreUnavailableError):
    """The bucket itself is gone, not merely an object in it."""


class StoreRefusedError(RestockError):
    """The store refused what was sent and always will: too large, malformed, or not permitted."""


class ConflictError(RestockError):
    """A precondition did not hold: somebody else wrote first."""


class LeaseHeldError(RestockError):
    """Another retrain is at work, or died before it let the lease go; it ends by itself."""


class OvertakenError(RestockError):
    """Another run, or an operator, wrote the pointer first; this run changes nothing."""


class ForeignError(RestockError):
    """The bucket, or what is live in it, belongs to another Restock than the one that runs."""


class RefusedError(RestockError):
    """What this run found looks broken; it publishes nothing and says what to look at."""


class OutOfTimeError(RestockError):
    """This retrain stopped itself before the platform would have."""


class DamagedError(RestockError):
    """A stored object is missing, truncated, altered, or in a layout this release does not read."""


class NoModelError(RestockError):
    """Nothing has been published yet, or nothing readable."""


class TokenRefusedError(RestockError):
    """A caller's token proves nothing; the reason is for the log, the caller gets one answer for all reasons."""
