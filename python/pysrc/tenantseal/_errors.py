"""The exceptions. Each has the `code` that every language of tenantseal knows it by."""

from __future__ import annotations


class TenantsealError(Exception):
    """Anything that tenantseal refuses or cannot do. The text holds no key, no value and no tenant's name."""

    #: The stable number of the reason, the same in every language.
    code: int
    #: In a bulk call, the position of the value that failed, counted from 0.
    position: int | None

    def __init__(self, message: str, code: int = 0, position: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.position = position


class AlreadyExistsError(TenantsealError):
    """A tenant, an alias or a record is there already; nothing was changed."""


class InvalidValueError(TenantsealError, ValueError):
    """An input is too long, too short, or not of the form that the call accepts."""


class WrongTypeError(TenantsealError, TypeError):
    """A value is of another type than the field's."""


class NotFoundError(TenantsealError, LookupError):
    """No tenant, field, index or compartment of that name is known here."""


class PolicyError(TenantsealError, ValueError):
    """A policy document breaks a rule."""

    #: The position in `fields` of the field concerned, counted from 0; None for the document itself.
    field: int | None = None


class OpenError(TenantsealError):
    """Sealed data does not open here: altered, of another place, or under a key that is not known."""


class FormatError(OpenError):
    """Stored bytes are not in a format that this version knows."""


class KeyFileError(TenantsealError):
    """The passphrase is wrong, the key file was altered, or it is older than what was read before."""


class StateError(TenantsealError):
    """A tenant is suspended or destroyed, held, or not in a state that allows this."""


class CallbackError(TenantsealError):
    """A callback is refused. Answer every one of these alike."""


class CredentialsError(CallbackError, ValueError):
    """The token or the EncodingAESKey is malformed."""


class RetryLaterError(CallbackError):
    """The guard is full: answer 503."""


class ClaimExpiredError(CallbackError):
    """The claim on an event is not held any more: take its effects back."""


class StoreError(TenantsealError):
    """The database refused, is busy, is closed, or does not fit the policy."""


class SystemRefusedError(TenantsealError, OSError):
    """The operating system refused: a file, or random bytes."""


class ForkedError(TenantsealError):
    """A handle from before a fork was used in the child: open a new one there."""


class SessionExpiredError(TenantsealError):
    """A session or a handshake has reached a limit: make a new one."""


_BY_CODE: dict[int, type[TenantsealError]] = {
    101: AlreadyExistsError,
    102: InvalidValueError,
    103: InvalidValueError,
    104: InvalidValueError,
    105: WrongTypeError,
    106: StateError,
    120: NotFoundError,
    121: NotFoundError,
    122: NotFoundError,
    123: NotFoundError,
    124: NotFoundError,
    130: PolicyError,
    142: StateError,
    143: StateError,
    144: StateError,
    201: OpenError,
    202: OpenError,
    203: FormatError,
    204: FormatError,
    205: KeyFileError,
    206: KeyFileError,
    207: OpenError,
    210: StateError,
    211: StateError,
    212: StateError,
    213: StateError,
    301: CallbackError,
    302: CallbackError,
    303: CredentialsError,
    304: RetryLaterError,
    305: ClaimExpiredError,
    401: StoreError,
    501: SystemRefusedError,
    502: SystemRefusedError,
    503: ForkedError,
    504: SystemRefusedError,
    505: TenantsealError,
    601: SessionExpiredError,
    602: OpenError,
}


def _make(code: int, message: str, position: int | None, field: int | None) -> TenantsealError:
    error = _BY_CODE.get(code, TenantsealError)(message, code, position)
    if isinstance(error, PolicyError):
        error.field = field
    return error
