"""WeCom callbacks, verified, decrypted and recognised in one call.

>>> import time
>>> from tenantseal.wecom import Callback, Sender
>>> token, key, corp_id = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww5823bf96d3bd56c7"
>>> app = Callback.company_app(token, key, corp_id)
>>> now = int(time.time())
>>> text = f"<xml><CreateTime>{now}</CreateTime><MsgId>1</MsgId><Content>hi</Content></xml>"
>>> raw_query, body = Sender(token, key, corp_id).post(text, now, "1372623149")
>>> event = app.open(raw_query, body)
>>> event.is_fresh, event.get("Content")
(True, 'hi')
>>> event.done()
>>> app.open(raw_query, body).claim
'done'
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ._native import (
    AnyReceiveId,
    BizMsgCrypt,
    Browser,
    Callback,
    Diagnosis,
    Event,
    JsConfig,
    JsTicket,
    LoginStates,
    Media,
    MemoryGuard,
    Sender,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._native import _Readable

#: Accepts every receiveid: look at `event.receive_id` before you act.
ANY_RECEIVE_ID = AnyReceiveId()


class MediaReader(io.RawIOBase):
    """A file that an AI bot received, decrypted as it is read, in constant memory: a raw binary file of the `io` module.

    `file` is anything with `read(size)`, such as a response; it is not closed. `key` is the callback's EncodingAESKey, or
    the `aeskey` beside the address. The format has no signature: fetch the file over TLS, from the address in a message that
    was verified.

    What was read is worth nothing unless the end comes without an error. A `CallbackError`, from every read after it too, is
    what is no such file, a cut one included; what `file` raises is passed on, and reading may go on after it.

    >>> import base64, io
    >>> sealed = base64.b64decode("bC/VVMJSoDW7NGTL+XT8Kmcb5jm55I1sKPMNMx6q3OWlk5NPx5MMsz6TajDWPbzsX9KLl52P87PBNgOelpODlA==")
    >>> len(MediaReader(io.BytesIO(sealed), "xwrUChN7xkADQnjhIGzsu2/8tv9KtLJZjXSRthNQjCg").read())
    33
    """

    def __init__(self, file: _Readable, key: str) -> None:
        """Raise `CredentialsError` unless the key is 43 base64 digits, or 44 with the `=`."""
        self._media = Media(file, key)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read into a buffer and return how many bytes; 0 at the end."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        with memoryview(buffer).cast("B") as view:
            read = self._media.read(len(view))
            view[: len(read)] = read
        return len(read)

    def close(self) -> None:
        """Forget what is held. The file is the caller's to close."""
        # It is also called for an object that could not be made.
        if hasattr(self, "_media"):
            self._media.close()
        super().close()

    def __repr__(self) -> str:
        return "<tenantseal.wecom.MediaReader>"


class WXBizMsgCrypt:
    """The class of Tencent's samples, with its names and its return codes.

    Every method returns `(ret, data)`: 0 and bytes, or Tencent's code and None. `ret` is for your log; never send it to the
    peer, answer every refusal alike.

    Incoming times are compared with no clock and nothing is remembered: a request that was recorded is accepted again.
    What holds is the form of every parameter and of the echo, the exact lengths, the receiveid, and the message's own
    time, which must be within 300 seconds of `timestamp` where the message states one. New code uses `Callback`.
    """

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        """Raise `CredentialsError` for an unusable token or key. `receive_id` is the CorpID or suite id; it may be empty."""
        self._crypt = BizMsgCrypt(token, encoding_aes_key, receive_id)

    def VerifyURL(  # noqa: N802
        self, msg_signature: str | bytes, timestamp: str | bytes, nonce: str | bytes, echostr: str | bytes
    ) -> tuple[int, bytes | None]:
        """Return what the console wants to see. The parameters are decoded, as a framework gives them."""
        return self._crypt.verify_url(msg_signature, timestamp, nonce, echostr)

    def DecryptMsg(  # noqa: N802
        self, body: str | bytes, msg_signature: str | bytes, timestamp: str | bytes, nonce: str | bytes
    ) -> tuple[int, bytes | None]:
        """Return the message in a request's body, XML or JSON."""
        return self._crypt.decrypt_msg(body, msg_signature, timestamp, nonce)

    def EncryptMsg(  # noqa: N802
        self, reply: str | bytes, nonce: str, timestamp: str | int | None = None, *, json: bool = False
    ) -> tuple[int, bytes | None]:
        """Return a reply's body, XML or JSON. `timestamp=None` means now; `nonce` is the request's or your own."""
        return self._crypt.encrypt_msg(reply, nonce, None if timestamp is None else str(timestamp), json)

    def __repr__(self) -> str:
        return "<tenantseal.wecom.WXBizMsgCrypt>"


__all__ = [
    "ANY_RECEIVE_ID",
    "AnyReceiveId",
    "Browser",
    "Callback",
    "Diagnosis",
    "Event",
    "JsConfig",
    "JsTicket",
    "LoginStates",
    "MediaReader",
    "MemoryGuard",
    "Sender",
    "WXBizMsgCrypt",
]
