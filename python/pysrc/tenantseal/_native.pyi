"""The extension module. Import from `tenantseal`, `tenantseal.wecom` and `tenantseal.store` instead."""

import datetime
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, Protocol, SupportsIndex, TypeAlias, final

from typing_extensions import Buffer

__version__: str
__all__ = [
    "AnyReceiveId",
    "BizMsgCrypt",
    "BlindIndex",
    "Browser",
    "Callback",
    "Diagnosis",
    "Endpoint",
    "Event",
    "Field",
    "Initiator",
    "JsConfig",
    "JsTicket",
    "Keyring",
    "Listener",
    "LoginStates",
    "Mask",
    "Masked",
    "Media",
    "MemoryGuard",
    "Peer",
    "PrincipalId",
    "PrivateKey",
    "Record",
    "Sender",
    "Session",
    "SessionReceiver",
    "SessionSender",
    "Tenant",
    "TenantVault",
    "Ticket",
    "Transaction",
    "Unbound",
    "Vault",
    "__version__",
    "cell_header",
    "check_policy",
    "receiver_index",
]

_Text: TypeAlias = str | Buffer
_Key: TypeAlias = SupportsIndex | str | Buffer
_Row: TypeAlias = _Key | tuple[_Key, ...] | Unbound
_Value: TypeAlias = str | Buffer | int | float | bool | None

@final
class Unbound:
    """The type of `tenantseal.UNBOUND`, the row of a field that is bound to none."""

    def __new__(cls) -> Unbound: ...

@final
class Keyring:
    """The keys of every tenant under one key-encryption key. Use it from as many threads and forks as you like."""

    @staticmethod
    def create(path: str | os.PathLike[str], passphrase: _Text) -> Keyring:
        """Make a new key file, readable by its owner alone. The passphrase has 12 bytes at least."""
    @staticmethod
    def open(path: str | os.PathLike[str], passphrase: _Text) -> Keyring:
        """Open a key file."""
    @staticmethod
    def from_kek(kek: Buffer, records: Iterable[Buffer] | None = None) -> Keyring:
        """A keyring that is stored nowhere: a key-encryption key of 32 random bytes, and the records you kept."""
    def create_tenant(self, tenant_id: _Text, /) -> Tenant:
        """Create a tenant under your own id of 1 to 128 bytes, which never changes."""
    def tenant(self, tenant_id: _Text, /) -> Tenant:
        """The keys of a tenant."""
    def tenant_by_alias(self, alias: str, /) -> Tenant:
        """The keys of the tenant that has this alias: a CorpID, a suite id, an open id."""
    def add_alias(self, alias: str, tenant_id: _Text) -> None:
        """Give a tenant another name. No key changes."""
    def remove_alias(self, alias: str) -> None:
        """Take a name away. No key changes."""
    def rotate_tenant(self, tenant_id: _Text) -> int:
        """Give a tenant a new root and return its generation. What older generations sealed still opens."""
    def rotate_index(self, tenant_id: _Text) -> int:
        """Give a tenant a new index root and return its epoch. Lookups ask for the tokens of every epoch."""
    def install_policy(self, document: _Text) -> None:
        """Put a policy document (JSON) in force for every tenant; the one that is in force changes nothing."""
    def policy(self) -> str:
        """The policy in force, in its canonical form."""
    def reload(self) -> None:
        """Read the key file again, so that what other processes changed is seen."""
    def records(self) -> list[bytes]:
        """Every record, wrapped, to be kept by you."""
    def tenant_ids(self) -> list[bytes]:
        """Every tenant's id."""

@final
class Tenant:
    """One tenant's keys."""

    @property
    def id(self) -> bytes:
        """Whose keys these are."""
    def field(self, label: str, /) -> Field:
        """The field of that permanent label, `table.column`."""
    def callback_credentials(self, application: str, /) -> list[tuple[int, str, str]]:
        """The generation, token and EncodingAESKey of one application's callback, derived from the tenant's root.

        The newest first, then what the console may still have, for `Callback(previous=...)`. `application` is your own
        permanent name for it, 1 to 128 bytes.
        """
    def add_principal(self, principal: PrincipalId, /) -> None:
        """Make a principal known, and active: nobody has a session whom the tenant does not know."""
    def suspend_principal(self, principal: PrincipalId, /, *, until: datetime.datetime | None = None) -> None:
        """Take everything away from a principal at once; its sessions end. `until` says when to look at it again."""
    def restore_principal(self, principal: PrincipalId, /) -> None:
        """Give a suspended principal everything back, but for its sessions."""
    def remove_principal(self, principal: PrincipalId, /) -> None:
        """Remove a suspended principal for good. Its id stays known, so that nobody else gets it."""
    def principal_state(self, principal: PrincipalId, /) -> Literal["active", "suspended", "removed"]:
        """Where in its life a principal is."""

@final
class PrincipalId:
    """A member, client or service of a tenant: a kind, and your own id of 1 to 128 bytes."""

    @staticmethod
    def member(id: _Text, /) -> PrincipalId:
        """A person."""
    @staticmethod
    def client(id: _Text, /) -> PrincipalId:
        """A device or program of a member, with keys of its own."""
    @staticmethod
    def service(id: _Text, /) -> PrincipalId:
        """A program of the operator or of the tenant."""
    @property
    def kind(self) -> Literal["member", "client", "service"]:
        """What it is."""
    @property
    def id(self) -> bytes:
        """Your own id of it."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Field:
    """A field of one tenant, in one compartment.

    A row is an int of 64 bits, a str or bytes; a tuple of them for natural keys; or `UNBOUND`. The policy says which.
    Many values are sealed in one call with one read of randomness; the interpreter is released meanwhile.
    """

    @property
    def label(self) -> str:
        """The permanent label, `table.column`."""
    def compartment(self, label: str, /) -> Field:
        """The same field in a compartment of the policy."""
    def seal(self, value: _Text, *, row: _Row) -> bytes:
        """Seal a value for a row. The result is 64 bytes longer than the value."""
    def seal_text(self, value: _Text, *, row: _Row) -> str:
        """As `seal`, for columns that hold only text."""
    def open(self, sealed: _Text, *, row: _Row) -> Any:
        """Open what `seal` made for this row: a str for a text field, bytes for a bytes field."""
    def open_masked(self, sealed: _Text, *, row: _Row) -> str:
        """What may be shown of a sealed value, `138****8000`."""
    def seal_many(self, values: Iterable[_Text | None], *, rows: Iterable[_Row]) -> list[bytes | None]:
        """Seal many values; None stays None, and NaN is refused. An error has the `position` of the value that failed."""
    def open_many(self, cells: Iterable[_Text | None], *, rows: Iterable[_Row]) -> list[Any]:
        """Open many cells; None stays None. An error has the `position` of the cell that failed."""
    def index(self, label: str, /) -> BlindIndex:
        """The blind index of that label."""
    def mask(self) -> Mask:
        """The mask of this field: a sealed column of its own."""

@final
class BlindIndex:
    """A blind index of a field: equal values share a token."""

    def token(self, value: _Text, /) -> int:
        """The token to store beside a sealed value."""
    def token_many(self, values: Iterable[_Text | None], /) -> list[int | None]:
        """A token for each value; None stays None."""
    def lookup(self, value: _Text, /) -> list[int]:
        """Every token that rows with this value may have, for `WHERE column IN (...)`. Open what is found and compare."""
    def matches(self, left: _Text, right: _Text, /) -> bool:
        """Whether two values are the same to this index."""

@final
class Mask:
    """The sealed mask column of a field."""

    def seal(self, value: str, *, row: _Row) -> bytes:
        """Mask a value and seal the result."""
    def open(self, sealed: _Text, *, row: _Row) -> str:
        """Open a sealed mask, for display."""

def cell_header(cell: _Text, /) -> tuple[int, int, bytes]:
    """The suite, generation and key commitment of a cell, read without a key."""

def check_policy(document: _Text) -> str:
    """Check a policy document and return its canonical form."""

@final
class AnyReceiveId:
    """The type of `tenantseal.wecom.ANY_RECEIVE_ID`."""

    def __new__(cls) -> AnyReceiveId: ...

@final
class MemoryGuard:
    """A memory of callbacks that several callbacks of one process share: at most `capacity` live entries (1,000,000)."""

    def __new__(cls, capacity: int | None = None) -> MemoryGuard: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...

_Guard: TypeAlias = tuple[MemoryGuard, str] | bool
_ReceiveId: TypeAlias = str | Iterable[str] | AnyReceiveId

@final
class Callback:
    """One callback URL: its credentials, whom it is for, and what it remembers.

    `previous` are pairs of token and key that were in use before; `window` (300) and `lease` (4) are seconds; `guard` is
    a `MemoryGuard` with the callback's name, or False for none; `clock` returns seconds since 1970.
    """

    @staticmethod
    def company_app(
        token: str,
        encoding_aes_key: str,
        corp_id: str,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """A company's own app: XML, its CorpID as the receiveid, every message states its time."""
    @staticmethod
    def suite_commands(
        token: str,
        encoding_aes_key: str,
        provider_corp_id: str,
        suite_id: str,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """The command URL of a third-party suite: tickets, authorisations, changes of contacts."""
    @staticmethod
    def suite_data(
        token: str,
        encoding_aes_key: str,
        provider_corp_id: str,
        clients: _ReceiveId,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """The data URL of a third-party suite: what the members of every client company send."""
    @staticmethod
    def ai_bot(
        token: str,
        encoding_aes_key: str,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """An AI bot in API mode: JSON, an empty receiveid."""
    @staticmethod
    def official_account(
        token: str,
        encoding_aes_key: str,
        app_id: str,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """A WeChat Official Account or mini-program, in secure or compatible mode. What comes in clear is never read."""
    @staticmethod
    def open_platform(
        token: str,
        encoding_aes_key: str,
        component_app_id: str,
        *,
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """A third-party platform of WeChat's, with its own AppID as the receiveid."""
    @staticmethod
    def custom(
        token: str,
        encoding_aes_key: str,
        *,
        url_check: _ReceiveId,
        messages: _ReceiveId,
        binding: Literal["if_present", "off", "required"] = "if_present",
        previous: Iterable[tuple[str, str]] | None = None,
        window: float | None = None,
        lease: float | None = None,
        guard: _Guard | None = None,
        clock: Callable[[], float] | None = None,
    ) -> Callback:
        """Any other kind of app. A receiveid policy is a str, a list of them, "" for none, or `ANY_RECEIVE_ID`."""
    def open(self, raw_query: str, body: Buffer, /) -> Event:
        """Verify, decrypt and recognise a message. `raw_query` is the query string as it came, not decoded."""
    def verify_url(self, raw_query: str, /) -> bytes:
        """The body of the answer to the console's URL check."""
    @staticmethod
    def open_one_of(candidates: Iterable[Callback], raw_query: str, body: Buffer, /) -> tuple[int, Event]:
        """As `open`, where several callbacks, eight at most, share a URL: which of them it was, and the event."""
    @staticmethod
    def verify_url_one_of(candidates: Iterable[Callback], raw_query: str, /) -> tuple[int, bytes]:
        """As `verify_url`, where several callbacks share a URL: which of them it was, and the body of the answer."""
    def diagnose(self, raw_query: str, body: Buffer | None = None, /) -> Diagnosis:
        """Why a request is refused, for your log and never for the peer."""

@final
class Event:
    """A message from WeCom: authentic, fresh, for this receiver, and claimed by this worker if it is new."""

    @property
    def message(self) -> bytes:
        """The decrypted message, as it was sent."""
    @property
    def receive_id(self) -> bytes:
        """Whom the message is for."""
    @property
    def timestamp(self) -> int:
        """The timestamp of the request, in seconds since 1970."""
    @property
    def claim(self) -> Literal["done", "fresh", "in_progress"]:
        """Who holds the event: answer 200 to done, 503 to in_progress."""
    @property
    def is_fresh(self) -> bool:
        """Whether this worker is to act on the event."""
    @property
    def acknowledgement(self) -> str:
        """The body of an answer of 200 that says nothing: `success` where the product wants to read that, else empty."""
    def done(self) -> None:
        """Settle the event, after its effects are safe. `ClaimExpiredError`: take them back."""
    def get(self, name: str) -> str | None:
        """The text of the first child of that name."""
    def children(self) -> list[tuple[str, str]]:
        """All children in order, as name and text."""
    def nested(self, name: str) -> list[tuple[str, str]]:
        """The children of the first element of that name that has children, as name and text; `CallbackError` if none has."""
    def reply(self, plaintext: _Text, /) -> str:
        """The body of an encrypted passive reply."""
    def reply_with_type(self, plaintext: _Text, /) -> tuple[str, str]:
        """As `reply`, with the value of the response's Content-Type."""

@final
class Diagnosis:
    """What was wrong with a callback."""

    @property
    def code(self) -> int:
        """Tencent's code: 0, or -40001 to -40011."""
    @property
    def cause(self) -> str:
        """The likely cause, in one sentence."""
    @property
    def receive_id(self) -> bytes | None:
        """With -40005, the receiveid that the message is meant for."""

@final
class Sender:
    """What WeCom's servers send, for tests and simulators."""

    def __new__(cls, token: str, encoding_aes_key: str, receive_id: str) -> Sender: ...
    def post(self, plaintext: _Text, timestamp: int, nonce: str, *, json: bool = False) -> tuple[str, bytes]:
        """A message as query string and body."""
    def get(self, echo: str, timestamp: int, nonce: str) -> str:
        """The query string of a URL check."""
    def open_reply(self, body: str) -> bytes:
        """Verify and decrypt a reply's body."""

@final
class BizMsgCrypt:
    """What `tenantseal.wecom.WXBizMsgCrypt` is made of."""

    def __new__(cls, token: str, encoding_aes_key: str, receive_id: str) -> BizMsgCrypt: ...
    def verify_url(
        self, msg_signature: _Text, timestamp: _Text, nonce: _Text, echostr: _Text
    ) -> tuple[int, bytes | None]:
        """Tencent's code, and the echo."""
    def decrypt_msg(
        self, body: _Text, msg_signature: _Text, timestamp: _Text, nonce: _Text
    ) -> tuple[int, bytes | None]:
        """Tencent's code, and the message."""
    def encrypt_msg(
        self, reply: _Text, nonce: str, timestamp: str | None, json: bool
    ) -> tuple[int, bytes | None]:
        """Tencent's code, and the reply's body."""

@final
class JsTicket:
    """A ticket of WeCom's JS-SDK, a `jsapi_ticket` or that of type `agent_config`.

    It is secret: the page gets signatures, never the ticket.
    """

    def __new__(cls, ticket: str, /) -> JsTicket: ...
    def sign(self, url: str, /) -> JsConfig:
        """Sign the address of a page, for now. Only of your own pages: compare what a request states with a list before."""

@final
class JsConfig:
    """What a page passes to `wx.config` or `wx.agentConfig`. Nothing in it is secret."""

    @property
    def timestamp(self) -> int:
        """`timestamp`, in seconds since 1970."""
    @property
    def nonce_str(self) -> str:
        """`nonceStr`."""
    @property
    def signature(self) -> str:
        """`signature`, 40 hexadecimal digits."""

@final
class LoginStates:
    """The `state` of WeCom's OAuth login: for one browser, good once, and for ten minutes.

    `lifetime` (600) is in seconds; `guard` is a `MemoryGuard` with your own name for these states, which is no callback's.
    """

    @staticmethod
    def generate(*, lifetime: float | None = None, guard: tuple[MemoryGuard, str] | None = None) -> LoginStates:
        """States of this process alone, under a random key."""
    @staticmethod
    def from_secret(
        secret: Buffer, *, lifetime: float | None = None, guard: tuple[MemoryGuard, str] | None = None
    ) -> LoginStates:
        """States of every process that has the same 32 random bytes, which serve nothing else; good once in each."""
    def issue(self, browser: Browser, context: _Text) -> str:
        """Make a state. `context` is what else must be the same when the browser comes back: the tenant, the page."""
    def accept(self, state: str, browser: Browser, context: _Text) -> None:
        """Accept a state that came back, once. `OpenError`: begin the login anew."""

@final
class Browser:
    """One browser, known again by a cookie. It is secret; a new login may keep it."""

    @staticmethod
    def generate() -> Browser:
        """A browser that was not seen before."""
    @staticmethod
    def from_cookie(value: str, /) -> Browser:
        """The browser of a cookie's value; `OpenError` if it is none."""
    def to_cookie(self) -> str:
        """The cookie's value. Set it Secure, HttpOnly and SameSite=Lax, under a name that starts with `__Host-`."""

class _Readable(Protocol):
    def read(self, size: int, /) -> Buffer | None: ...

@final
class Media:
    """What `tenantseal.wecom.MediaReader` is made of."""

    def __new__(cls, file: _Readable, key: str) -> Media: ...
    def read(self, size: int, /) -> bytes:
        """At most so many bytes of the file, 65,536 at most; none at its end."""
    def close(self) -> None:
        """Forget what is held."""

@final
class Vault:
    """A vault of sealed records on an SQLite file. `with` closes it; closing it again is no error."""

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        keyring: Keyring,
        *,
        names: Iterable[tuple[str, str]] | None = None,
        busy_timeout: float | None = None,
    ) -> Vault:
        """Open the file, make it if it is not there, and add what the policy in force needs.

        `names` are pairs of a permanent label and the SQL name that it has now; `busy_timeout` (5) is in seconds.
        """
    def tenant(self, tenant_id: _Text, /) -> TenantVault:
        """One tenant's rows."""
    def close(self) -> None:
        """Close the vault."""
    def __enter__(self) -> Vault: ...
    def __exit__(self, *_exception: object) -> None: ...

@final
class TenantVault:
    """One tenant's rows. A str is text, bytes are bytes, None is NULL; int, float and bool are for plain columns."""

    def insert(self, table: str, values: dict[str, _Value], *, compartment: str | None = None) -> int:
        """Insert a row and return its id, which is never used again."""
    def get(self, table: str, row: int) -> Record | None:
        """The row of that id, opened; None if this tenant has none."""
    def find(self, field: str, index: str, value: str) -> list[Record]:
        """The rows of which `field` has this value, by that index."""
    def list_masked(self, table: str, *, after: int = 0, limit: int = 100) -> list[Masked]:
        """Rows as a listing may show them: no sealed value is opened, only masks."""
    def update(self, table: str, row: int, values: dict[str, _Value]) -> bool:
        """Change columns of a row; return whether it is there."""
    def delete(self, table: str, row: int) -> bool:
        """Delete a row; return whether it was there."""
    def begin(self) -> Transaction:
        """Start a transaction: `with` commits it, an exception takes it back.

        While it is open every other write to this vault waits, those of its own thread for ever: write through it.
        """

@final
class Transaction:
    """What was written is seen by the transaction alone until it is committed. Dropped, it leaves nothing."""

    def insert(self, table: str, values: dict[str, _Value], *, compartment: str | None = None) -> int:
        """As `TenantVault.insert`."""
    def get(self, table: str, row: int) -> Record | None:
        """As `TenantVault.get`; sees what this transaction wrote."""
    def find(self, field: str, index: str, value: str) -> list[Record]:
        """As `TenantVault.find`; sees what this transaction wrote."""
    def update(self, table: str, row: int, values: dict[str, _Value]) -> bool:
        """As `TenantVault.update`."""
    def delete(self, table: str, row: int) -> bool:
        """As `TenantVault.delete`."""
    def commit(self) -> None:
        """Make everything durable, all at once."""
    def rollback(self) -> None:
        """Take everything back."""
    def __enter__(self) -> Transaction: ...
    def __exit__(self, kind: object, *_exception: object) -> None: ...

@final
class Record:
    """A row, opened: a mapping from column label to value."""

    @property
    def id(self) -> int:
        """The row's id."""
    @property
    def compartment(self) -> str:
        """The row's compartment; empty for the default one."""
    def keys(self) -> list[str]:
        """The columns that are not NULL."""
    def values(self) -> list[Any]:
        """Their values."""
    def items(self) -> list[tuple[str, Any]]:
        """Both."""
    def __iter__(self) -> Iterator[str]: ...
    def get(self, column: str, default: Any = None) -> Any:
        """The value of a column, or `default`."""
    def __getitem__(self, key: str, /) -> Any: ...
    def __contains__(self, key: str, /) -> bool: ...
    def __len__(self) -> int: ...

@final
class Masked:
    """A row as a listing may show it: a mapping from column label to text."""

    @property
    def id(self) -> int:
        """The row's id."""
    @property
    def compartment(self) -> str:
        """The row's compartment; empty for the default one."""
    def keys(self) -> list[str]:
        """The columns that are not NULL."""
    def values(self) -> list[str]:
        """Their values."""
    def items(self) -> list[tuple[str, str]]:
        """Both."""
    def __iter__(self) -> Iterator[str]: ...
    def get(self, column: str, default: str | None = None) -> str | None:
        """What may be shown of a column, or `default`."""
    def __getitem__(self, key: str, /) -> str: ...
    def __contains__(self, key: str, /) -> bool: ...
    def __len__(self) -> int: ...

@final
class PrivateKey:
    """The static key of one endpoint, 32 bytes of X25519. It is made where it is used and stays there."""

    @staticmethod
    def generate() -> PrivateKey:
        """Make a fresh key."""
    @staticmethod
    def from_bytes(key: Buffer, /) -> PrivateKey:
        """Take the 32 bytes that were stored; `InvalidValueError` for another length, and for equal bytes."""
    def expose_secret(self) -> bytes:
        """The 32 bytes, to be stored sealed."""
    @property
    def public_key(self) -> bytes:
        """What the others know it by: 32 bytes, no secret."""

@final
class Ticket:
    """A secret that two endpoints share for their handshakes: from a key server, or left by an earlier session.

    `id` has 1 to 64 bytes and is no secret; `key` has 32 random ones.
    """

    def __new__(cls, id: _Text, key: Buffer) -> Ticket: ...
    @property
    def id(self) -> bytes:
        """By which both name it."""

@final
class Peer:
    """An endpoint whose static key of 32 bytes is known beforehand, from where nobody could put in another one."""

    def __new__(cls, id: PrincipalId, key: Buffer, *, ticket: Ticket | None = None) -> Peer: ...
    @property
    def id(self) -> PrincipalId:
        """Who it is."""
    @property
    def key(self) -> bytes:
        """Its public key."""

@final
class Endpoint:
    """One principal of one tenant that has sessions for one purpose. Share it freely between threads.

    Two endpoints meet only if tenant, `purpose` (your own permanent name, 1 to 64 bytes) and `context` (at most 1,024
    bytes) are the same on both sides. `known` is whom this one believes where it does not know the other side's key
    beforehand; without it, it has no session with such. `certificate` is shown to those that ask for one.

    The limits can be lowered, and neither raised nor switched off: a key phase ends after `phase_packets` (2^28,
    65,536 at least), `phase_bytes` (64 GiB, 64 MiB at least) or `phase_time` (60 seconds, 10 at least), a session after `packets` (2^29), `lifetime` (180 seconds) or
    `failures` to open (2^36); `window` (2,048) is how many packets before the latest may still arrive.

    Raises `InvalidValueError`; `NotFoundError` and `StateError` for a principal that is not known, or may not act.
    """

    def __new__(
        cls,
        tenant: Tenant,
        id: PrincipalId,
        key: PrivateKey,
        purpose: str,
        *,
        context: _Text | None = None,
        certificate: Buffer | None = None,
        known: Iterable[Peer] | None = None,
        phase_packets: int | None = None,
        phase_bytes: int | None = None,
        phase_time: float | None = None,
        packets: int | None = None,
        lifetime: float | None = None,
        failures: int | None = None,
        window: int | None = None,
    ) -> Endpoint: ...
    def initiate(self, peer: Peer, /) -> Initiator:
        """Call a peer that expects it: `Listener.expect`. Nobody on the way learns who speaks with whom."""
    def initiate_ik(self, peer: Peer, /) -> Initiator:
        """Call a peer that does not know this endpoint's key and has it among its `known`."""
    def initiate_xx(self, peer: PrincipalId | None, /) -> Initiator:
        """Call somebody whose key is among `known`; with None, whoever of those answers. Each side looks there for the other.

        `StateError` without those.
        """
    @property
    def id(self) -> PrincipalId:
        """Who this is."""
    @property
    def public_key(self) -> bytes:
        """What the others know it by."""

@final
class Initiator:
    """A handshake that waits for the answer. If none comes within some seconds, make a new one."""

    @property
    def packet(self) -> bytes:
        """The packet to send now: the first, the same with a cookie, or the one that confirms."""
    @property
    def index(self) -> int | None:
        """The number in the packets that answer this one; None once the session is there."""
    def receive(self, packet: Buffer, /) -> Session | None:
        """Read a packet that came back: the session, or None while there is more to do. Send `packet` in both cases.

        `OpenError` for what is not the genuine answer: drop it silently and go on waiting. `SessionExpiredError` after
        15 seconds; `StateError` or `NotFoundError` if one of the two may not speak; `ForkedError`.
        """

@final
class Listener:
    """Answers the handshakes of others, for any number of endpoints of one keyring.

    In each second and for one endpoint, a cookie is asked for after `cookies_after` first packets (64), `most` (4,096) are
    looked at, and `per_peer` (32) of one peer are answered.
    """

    def __new__(
        cls,
        keys: Keyring,
        *,
        cookies_after: int | None = None,
        most: int | None = None,
        per_peer: int | None = None,
    ) -> Listener: ...
    def add(self, endpoint: Endpoint, /) -> None:
        """Answer for an endpoint. `AlreadyExistsError` if it is there, or another one of the same place has `known`."""
    def remove(self, endpoint: Endpoint, /) -> None:
        """No longer answer for an endpoint; `NotFoundError` if it was not added. Its unfinished handshakes end; sessions go on."""
    def expect(self, endpoint: Endpoint, peer: Peer) -> None:
        """Have an endpoint expect a peer; `NotFoundError` if the endpoint was not added."""
    def forget(self, endpoint: Endpoint, peer: Peer) -> None:
        """Have an endpoint no longer expect a peer. Its unfinished handshakes end; sessions that are there go on.

        `NotFoundError` if the endpoint was not added or the peer was not expected.
        """
    def receive(self, source: tuple[Any, ...], packet: Buffer) -> tuple[Session | None, bytes]:
        """Take a packet that is of no session you know, and where it came from, as `socket.recvfrom` gives it.

        With None come the bytes to send to the source. With a session comes what its first packet held: nothing,
        unless the packet that confirms was lost. `OpenError` for whatever is not to be answered: drop it silently.
        `ForkedError`.
        """
    @property
    def pending(self) -> int:
        """How many handshakes are answered and not confirmed."""

@final
class Session:
    """A session between two endpoints: each has proved to the other who it is. After `split` the rest is `StateError`."""

    @property
    def peer(self) -> PrincipalId:
        """Who is on the other side."""
    @property
    def peer_key(self) -> bytes:
        """The static key of the other side, 32 bytes."""
    @property
    def index(self) -> int:
        """The number in the packets for this session: `receiver_index`."""
    @property
    def channel_binding(self) -> bytes:
        """32 bytes, the same on both sides and of this session alone. No secret."""
    def export(self, label: str, context: _Text, *, length: int) -> bytes:
        """A secret of 1 to 8,160 bytes for something else, the same on both sides. `label` says what for.

        `StateError` if the session was ended; `ForkedError`. So of `resumption`.
        """
    def resumption(self) -> Ticket:
        """The ticket for the next session of the same two, the same on both sides; use it once."""
    def split(self) -> tuple[SessionSender, SessionReceiver]:
        """The halves for datagrams."""

@final
class SessionSender:
    """Seals datagrams. Share it freely between threads. From 2 KiB on the interpreter is released meanwhile.

    `SessionExpiredError` when the session has reached a limit; `StateError` when it was ended; `ForkedError`.
    """

    #: How much longer a packet is than what is in it, in bytes.
    OVERHEAD: int
    #: The longest packet, in bytes.
    MAX_PACKET: int
    def seal(self, data: Buffer, /) -> bytes:
        """Seal a datagram. `InvalidValueError` for what is too long."""
    def seal_into(self, data: Buffer, out: Buffer, /) -> int:
        """Seal into a writable buffer of bytes and return the length; `ValueError` if it has no room, before anything is done."""
    @property
    def rekey_due(self) -> bool:
        """Whether it is time for a new handshake. This session goes on until the new one is there, or it has expired."""
    @property
    def sealed(self) -> int:
        """How many packets were sealed."""

@final
class SessionReceiver:
    """Opens datagrams, each once. What does not open changes nothing but a count. Threads wait for each other."""

    def open(self, packet: Buffer, /) -> bytes:
        """Open a datagram. `OpenError` if it is not genuine, was opened before, or is too old: drop it silently.

        Otherwise as `Sender.seal`.
        """
    def open_into(self, packet: Buffer, out: Buffer, /) -> int:
        """Open into a writable buffer of bytes and return the length; it has room for all but 32 bytes of the packet."""
    @property
    def index(self) -> int:
        """The number in the packets for this session: `receiver_index`."""
    @property
    def counts(self) -> tuple[int, int, int]:
        """How many packets opened, were refused, and were repeated or too old."""

def receiver_index(packet: Buffer, /) -> int | None:
    """The number that a packet's receiver gave to its session. Nothing is authenticated yet.

    None for the first packet of a handshake, which a listener takes, and for what is no packet of a session.
    """
