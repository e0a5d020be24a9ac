"""What stops a command of this tool. Each carries what a person needs next; none is shown with a traceback."""

from __future__ import annotations


class InfraError(Exception):
    """Anything that ends a command with exit status 1."""


class SettingsFileError(InfraError):
    """The settings file is missing or wrong; the message lists every mistake with its remedy."""


class PrerequisiteError(InfraError):
    """Something that must hold before anything is changed does not; the message lists all of it."""


class CommandFailedError(InfraError):
    """One command failed; the message names the step, the command, gcloud's own words and the remedy."""
