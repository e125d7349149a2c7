"""Per-tenant keys and sealed fields that stay searchable.

>>> import secrets, tenantseal
>>> keys = tenantseal.Keyring.from_kek(secrets.token_bytes(32))
>>> keys.install_policy('''{"tenantseal_policy": 1, "version": 1, "fields": [
...     {"table": "member", "column": "mobile", "type": "text", "content": "mobile_cn", "storage": "cell",
...      "class": ["personal"], "bind": "row", "mask": {"kind": "mobile_cn", "class": "internal"},
...      "indexes": [{"label": "exact", "kind": "exact", "normaliser": "mobile_cn/1", "bits": 15}]}]}''')
>>> mobile = keys.create_tenant("t-1001").field("member.mobile")
>>> sealed = mobile.seal("13800138000", row=42)
>>> mobile.open(sealed, row=42)
'13800138000'
>>> mobile.index("exact").token("13800138000") in mobile.index("exact").lookup("+86 138 0013 8000")
True
>>> mobile.open_masked(sealed, row=42)
'138****8000'

`tenantseal.wecom` has callbacks, `tenantseal.store` a vault on SQLite, `tenantseal.session` sessions between two clients.
Whatever `str` and `bytes` a call returns stays in memory until Python frees it, and cannot be wiped.
"""

from ._errors import (
    AlreadyExistsError,
    CallbackError,
    ClaimExpiredError,
    CredentialsError,
    ForkedError,
    FormatError,
    InvalidValueError,
    KeyFileError,
    NotFoundError,
    OpenError,
    PolicyError,
    RetryLaterError,
    SessionExpiredError,
    StateError,
    StoreError,
    SystemRefusedError,
    TenantsealError,
    WrongTypeError,
)
from ._native import (
    BlindIndex,
    Field,
    Keyring,
    Mask,
    PrincipalId,
    Tenant,
    Unbound,
    __version__,
    cell_header,
    check_policy,
)

#: The row of a field whose policy says `unbound`.
UNBOUND = Unbound()

__all__ = [
    "UNBOUND",
    "AlreadyExistsError",
    "BlindIndex",
    "CallbackError",
    "ClaimExpiredError",
    "CredentialsError",
    "Field",
    "ForkedError",
    "FormatError",
    "InvalidValueError",
    "KeyFileError",
    "Keyring",
    "Mask",
    "NotFoundError",
    "OpenError",
    "PolicyError",
    "PrincipalId",
    "RetryLaterError",
    "SessionExpiredError",
    "StateError",
    "StoreError",
    "SystemRefusedError",
    "Tenant",
    "TenantsealError",
    "Unbound",
    "WrongTypeError",
    "__version__",
    "cell_header",
    "check_policy",
]
