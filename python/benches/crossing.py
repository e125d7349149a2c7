"""What a call from Python costs, beside the platform's own AES-GCM and WeCom's algorithm written in Python.

Everything runs in turn, several rounds, in this one process; the table has the median of each row and its ratio to its peer.
Needs `cryptography` and `pycryptodome`. `make bench-python` runs it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import statistics
import struct
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

from Crypto.Cipher import AES
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import tenantseal
from tenantseal.wecom import Callback, Sender, WXBizMsgCrypt

POLICY = Path(__file__).parents[2] / "examples/contacts.policy.json"
TOKEN, KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
NOW = 1_409_659_813
MANY = 10_000
ROUNDS = 15


def published(body: bytes, signature: str, timestamp: str, nonce: str) -> bytes:
    """The published algorithm: sort, SHA-1, base64, AES-CBC, cut. None of our checks but the receiveid."""
    encrypt = ElementTree.fromstring(body).findtext("Encrypt") or ""
    if hashlib.sha1("".join(sorted([TOKEN, timestamp, nonce, encrypt])).encode()).hexdigest() != signature:
        raise ValueError("signature")
    key = base64.b64decode(KEY + "=")
    plain = AES.new(key, AES.MODE_CBC, key[:16]).decrypt(base64.b64decode(encrypt))
    plain = plain[16 : -plain[-1]]
    (length,) = struct.unpack(">I", plain[:4])
    if plain[4 + length :] != CORP.encode():
        raise ValueError("receiveid")
    return plain[4 : 4 + length]


def main() -> None:
    """Measure and print."""
    keys = tenantseal.Keyring.from_kek(secrets.token_bytes(32))
    keys.install_policy(POLICY.read_bytes())
    mobile = keys.create_tenant("t-1001").field("member.mobile")
    index = mobile.index("exact")
    gcm = AESGCM(secrets.token_bytes(32))
    value, rows = "13800138000", range(MANY)
    values = [value] * MANY
    raw = [value.encode()] * MANY
    sealed, cells = mobile.seal(value, row=42), mobile.seal_many(values, rows=rows)
    nonce = os.urandom(12)
    peer = gcm.encrypt(nonce, raw[0], b"42")

    text = f"<xml><CreateTime>{NOW}</CreateTime><MsgId>1</MsgId><Content>{'h' * 180}</Content></xml>"
    query, body = Sender(TOKEN, KEY, CORP).post(text, NOW, "1372623149")
    parameters = dict(part.split("=") for part in query.split("&"))
    signature, timestamp, number = (parameters[name] for name in ("msg_signature", "timestamp", "nonce"))
    app = Callback.company_app(TOKEN, KEY, CORP, clock=lambda: NOW, guard=False)
    crypt = WXBizMsgCrypt(TOKEN, KEY, CORP)
    assert published(body, signature, timestamp, number) == text.encode()

    # Name, how many values one call handles, the call, and the row that it is compared with.
    table: list[tuple[str, int, Callable[[], object], str | None]] = [
        ("AESGCM.encrypt of `cryptography`, random nonce", 1, lambda: gcm.encrypt(os.urandom(12), raw[0], b"42"), None),
        ("Field.seal", 1, lambda: mobile.seal(value, row=42), "AESGCM.encrypt of `cryptography`, random nonce"),
        ("AESGCM.decrypt of `cryptography`", 1, lambda: gcm.decrypt(nonce, peer, b"42"), None),
        ("Field.open", 1, lambda: mobile.open(sealed, row=42), "AESGCM.decrypt of `cryptography`"),
        (
            "AESGCM.encrypt in a loop",
            MANY,
            lambda: [gcm.encrypt(os.urandom(12), one, b"42") for one in raw],
            None,
        ),
        ("Field.seal_many", MANY, lambda: mobile.seal_many(values, rows=rows), "AESGCM.encrypt in a loop"),
        ("Field.open_many", MANY, lambda: mobile.open_many(cells, rows=rows), "AESGCM.encrypt in a loop"),
        ("BlindIndex.token", 1, lambda: index.token(value), None),
        ("Field.label, next to nothing inside", 1, lambda: mobile.label, None),
        (
            "the published algorithm in Python",
            1,
            lambda: published(body, signature, timestamp, number),
            None,
        ),
        (
            "WXBizMsgCrypt.DecryptMsg",
            1,
            lambda: crypt.DecryptMsg(body, signature, timestamp, number),
            "the published algorithm in Python",
        ),
        ("Callback.open", 1, lambda: app.open(query, body), "the published algorithm in Python"),
    ]
    times: dict[str, list[float]] = {name: [] for name, *_ in table}
    for _ in range(ROUNDS):
        for name, count, call, _ in table:
            repeat = max(1, 5_000 // count)
            start = time.perf_counter_ns()
            for _ in range(repeat):
                call()
            times[name].append((time.perf_counter_ns() - start) / repeat / count)
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    print("| call | ns per value | ratio to its peer |\n|---|---:|---:|")
    for name, _, _, other in table:
        ratio = f"{medians[name] / medians[other]:.2f}" if other else ""
        print(f"| {name} | {medians[name]:,.0f} | {ratio} |")


main()
