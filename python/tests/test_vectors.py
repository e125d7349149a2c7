"""The frozen vectors that every language of tenantseal runs."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

import tenantseal
from tenantseal import UNBOUND, Field, Keyring
from tenantseal.wecom import MediaReader, WXBizMsgCrypt

FOLDER = Path(__file__).parents[2] / "tests/vectors"
FROZEN: dict[str, Any] = json.loads((FOLDER / "frozen_v1.json").read_text())
REFUSED: list[dict[str, Any]] = json.loads((FOLDER / "refused_v1.json").read_text())["cells"]
WECOM: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "wecom_own_keys.json").read_text())


@pytest.fixture(scope="module")
def keys() -> Keyring:
    stored = bytes.fromhex(FROZEN["policy"])
    keys = Keyring.from_kek(bytes.fromhex(FROZEN["kek"]), [bytes.fromhex(record) for record in FROZEN["records"]])
    keys.install_policy(stored[28 : 28 + int.from_bytes(stored[24:28])])
    return keys


def field(keys: Keyring, vector: dict[str, Any]) -> Field:
    field = keys.tenant("t-1001").field(vector["field"])
    return field.compartment(vector["compartment"]) if vector.get("compartment") else field


def test_cells_open(keys: Keyring) -> None:
    assert len(FROZEN["cells"]) >= 8
    for cell in FROZEN["cells"]:
        place, sealed = field(keys, cell), bytes.fromhex(cell["bytes"])
        column = place.mask() if cell["what"] == "mask" else place
        assert column.open(sealed, row=cell["row"]) == cell["value"]
        with pytest.raises(tenantseal.OpenError):
            column.open(sealed, row=cell["row"] + 1)
    for name, row in (("natural", tuple(FROZEN["natural"]["keys"])), ("unbound", UNBOUND)):
        vector = FROZEN[name]
        opened = field(keys, vector).open(bytes.fromhex(vector["bytes"]), row=row)
        assert opened == bytes.fromhex(vector["value"])


def test_tokens_are_the_same(keys: Keyring) -> None:
    mobile, tokens = keys.tenant("t-1001").field("member.mobile"), FROZEN["tokens"]
    assert set(tokens["exact"]) <= set(mobile.index("exact").lookup(tokens["value"]))
    assert mobile.index("exact").token(tokens["value"]) == tokens["exact"][0]
    assert mobile.index("short").token(tokens["value"]) == tokens["short"]


def test_the_key_file_opens(tmp_path: Path) -> None:
    file = FROZEN["key_file"]
    path = tmp_path / "keys.ts"
    path.write_bytes(bytes.fromhex(file["bytes"]))
    keys = Keyring.open(path, file["passphrase"])
    cell = file["cell"]
    mobile = keys.tenant_by_alias(file["alias"]).field(cell["field"])
    assert mobile.open(bytes.fromhex(cell["bytes"]), row=cell["row"]) == cell["value"]


def test_what_must_be_refused_is_refused_with_its_code(keys: Keyring) -> None:
    assert len(REFUSED) >= 20
    for vector in REFUSED:
        with pytest.raises(tenantseal.TenantsealError) as raised:
            field(keys, vector).open(bytes.fromhex(vector["bytes"]), row=vector["row"])
        assert raised.value.code == vector["code"], vector["what"]


def test_callbacks_come_out_as_stated() -> None:
    opened = refused = 0
    for vector in WECOM["callbacks"]:
        if vector["kind"] in ("signature_3_tokens", "encrypt_fixed_random_json_reply"):
            continue
        crypt = WXBizMsgCrypt(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
        body = vector.get("envelope") or f"<xml><Encrypt>{vector['encrypt']}</Encrypt></xml>"
        ret, message = crypt.DecryptMsg(body, vector["msg_signature"], vector["timestamp"], vector["nonce"])
        if vector.get("expect", "ok") == "ok":
            assert (ret, message) == (0, vector["plaintext"].encode()), vector["kind"]
            opened += 1
        else:
            assert ret < 0 and message is None, vector["kind"]
            refused += 1
    assert (opened, refused) == (52, 31)


def test_media_opens_in_reads_of_any_size() -> None:
    assert len(WECOM["media"]) >= 10
    for vector in WECOM["media"]:
        sealed = base64.b64decode(vector["ciphertext_b64"])
        for size in (1, 31, 32, 1000, 100_000, -1):
            if size != 1 or len(sealed) < 2000:
                media = MediaReader(io.BytesIO(sealed), vector["aeskey"])
                file = b"".join(iter(lambda: media.read(size) or b"", b""))
                assert len(file) == vector["plaintext_len"]
                assert hashlib.sha256(file).hexdigest() == vector["plaintext_sha256"]
