"""The two ways in which a command ends other than well."""


class InputError(Exception):
    """Something the user gave cannot be used; the message names the remedy. Exit status 2."""


class RunFailedError(RuntimeError):
    """The work was started and could not be finished. Exit status 1."""
