"""Reads the project's vectors by FORMAT.md alone, with another library's primitives.

Nothing of tenantseal is imported: records are unwrapped, keys derived, cells opened and tokens computed as the document says.
Usage: check.py VECTORS_FOLDER
"""

import datetime
import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from sessions import Session

KEK = b"\x5a" * 31 + b"\x01"
TENANT = b"t-1001"
CLASSES = {"internal": 2, "personal": 3, "sensitive": 4}
TYPES = {"bytes": 1, "text": 2, "i64": 3, "f64": 4, "bool": 5, "decimal": 6, "date": 7, "timestamp": 8, "json": 9}
EPOCH = datetime.date(1970, 1, 1)


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def info(*parts):
    """Section 1."""
    return b"tenantseal/1" + bytes([len(parts)]) + b"".join(struct.pack(">H", len(part)) + part for part in parts)


def expand(prk, purpose, suite, length, *context):
    """HKDF-Expand with SHA-256, RFC 5869 section 2.3, and the info of section 1."""
    label = info(purpose, bytes([suite]), struct.pack(">H", length), *context)
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = mac(prk, block + label + bytes([count]))
        out, count = out + block, count + 1
    return out[:length]


def xaes(key, nonce):
    """The AES-GCM key that a 24-byte nonce selects, C2SP XAES-256-GCM."""

    def encrypt(block):
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    low = int.from_bytes(encrypt(bytes(16)), "big")
    k1 = (low << 1) & (2**128 - 1) ^ (0x87 if low >> 127 else 0)
    halves = [int.from_bytes(bytes([0, i, ord("X"), 0]) + nonce[:12], "big") ^ k1 for i in (1, 2)]
    return AESGCM(b"".join(encrypt(half.to_bytes(16, "big")) for half in halves))


def roots(records):
    """Sections 3 to 5: PRK_t by kind and generation."""
    wrapping = expand(mac(sha256(info(b"kek")), KEK), b"kek/wrap", 1, 32)
    found = {1: {}, 2: {}}
    for record in map(bytes.fromhex, records):
        kind, (generation,), (n,) = record[5], struct.unpack(">I", record[10:14]), struct.unpack(">H", record[40:42])
        wrapped = record[76 + n :]
        root = xaes(wrapping, wrapped).decrypt(wrapped[12:24], wrapped[24:], record[: 74 + n])
        found[kind][generation] = mac(sha256(info(b"tenant", TENANT)), root)
    return found


def column(prk, cls, label, compartment=b"", table=b"t"):
    """Section 5."""
    node = expand(prk, b"node/class", 0, 32, bytes([cls]))
    for purpose, step in ((b"node/compartment", compartment), (b"node/table", table), (b"node/column", label)):
        node = expand(node, purpose, 0, 32, step)
    return node


def row_of(number):
    """Section 6.3."""
    return info(b"row", b"\x01" + number.to_bytes(8, "big", signed=True))


def cell_key(found, label, cls, type_id, header, table=b"t"):
    """Sections 5 and 6.1: the key that a header of suite 01 names, and the context hash."""
    assert header[0] == 0xF8 and header[1] == 1 and header[3] == 1
    node = column(found[1][struct.unpack(">I", header[4:8])[0]], cls, label, table=table)
    assert expand(node, b"field/commit", 1, 16) == header[8:24]
    context = sha256(info(b"cell", TENANT, bytes([cls]), b"", table, label, bytes([type_id])))
    return expand(node, b"field/aead", 1, 32), context


def open_cell(found, label, cls, type_id, row, cell):
    """Section 6 of a cell of suite 01."""
    key, context = cell_key(found, label, cls, type_id, cell[:24])
    nonce = cell[24:48]
    return unpad(cell, xaes(key, nonce).decrypt(nonce[12:], cell[48:], cell[:24] + context + row_of(row)))


def open_deterministic(found, domain, cell):
    """Section 6.9, of type text."""
    assert cell[0] == 0xF8 and cell[1] == 2 and cell[3] == 2
    node = expand(found[2][struct.unpack(">I", cell[4:8])[0]], b"node/domain", 0, 32, domain)
    assert expand(node, b"domain/commit", 2, 16, b"\x02") == cell[8:24]
    key = expand(node, b"domain/aead", 2, 64, b"\x02")
    context = sha256(info(b"deterministic", TENANT, domain, b"\x02"))
    if len(cell) == 40:
        return None  # The library that is used here refuses an empty plaintext.
    return unpad(cell, AESSIV(key).decrypt(cell[24:], [cell[:24] + context]))


def unpad(cell, value):
    """Section 6.8."""
    if cell[2] == 0:
        return value
    value = value.rstrip(b"\0")
    assert cell[2] == 2 and value[-1] == 0x80
    return value[:-1]


def value_bytes(kind, text):
    """Section 6.2."""
    match kind:
        case "bytes":
            return bytes.fromhex(text)
        case "i64":
            return struct.pack(">q", int(text))
        case "f64":
            return struct.pack(">d", float(text))
        case "bool":
            return bytes([text == "true"])
        case "date":
            return struct.pack(">i", (datetime.date.fromisoformat(text) - EPOCH).days)
        case "timestamp":
            moment = datetime.datetime.fromisoformat(text) - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
            return struct.pack(">q", moment // datetime.timedelta(microseconds=1))
        case _:
            return text.encode()


class Index:
    """Section 9."""

    def __init__(self, prk, cls, label, index, kind, normaliser, bits, *more, partitions=1):
        more = (*more, struct.pack(">H", partitions)) if partitions > 1 else more
        context = (index.encode(), bytes([kind]), normaliser, bytes([bits]), *more)
        self.key = expand(column(prk, cls, label), b"index", 0, 32, *context)
        self.kind, self.bits, self.partitions = kind, bits, partitions

    def tag(self, value, row):
        partition = 0
        if self.partitions > 1:
            partition = int.from_bytes(mac(self.key, b"\0" + row_of(row))[:8], "big") % self.partitions
        return mac(self.key, bytes([self.kind]) + struct.pack(">HI", partition, len(value)) + value)

    def token(self, value, row=1):
        return int.from_bytes(self.tag(value, row)[:8], "big") >> (64 - self.bits)


def prefixed(*values):
    return b"".join(struct.pack(">I", len(value)) + value for value in values)


def check_fields(vectors):
    """Every type; the tokens of values that no normaliser changes."""
    found = roots(vectors["records"])
    cells = tokens = 0
    for cell in vectors["cells"]:
        data = bytes.fromhex(cell["bytes"])
        if data[1] == 1:
            kind = cell["type"]
            value = open_cell(found, f"c_{kind}".encode(), 3, TYPES[kind], cell["row"], data)
            assert value == value_bytes(kind, cell["value"]), cell
            cells += 1
    prk = found[2][max(found[2])]
    for token in vectors["tokens"]:
        label = token["field"].removeprefix("t.")
        if label.startswith("c_"):
            index = Index(prk, 3, label.encode(), "i", 1, b"none/1", 63)
            assert index.token(value_bytes(token["type"], token["value"])) == token["token"], token
            tokens += 1
    return cells, tokens


def check_search(vectors):
    """Padded and deterministic cells, and every kind of index."""
    found = roots(vectors["records"])
    cells = tokens = 0
    for cell in vectors["cells"]:
        data, label = bytes.fromhex(cell["bytes"]), cell["column"]
        if data[1] == 0x7F:
            continue
        if label.startswith("d_"):
            domain = {"d_block": b"of_block", "d_padme": b"of_padme", "d_bare": b"bare"}[label]
            value = open_deterministic(found, domain, data)
        else:
            value = open_cell(found, label.encode(), 3, 2, 1, data)
        assert value is None or value == cell["value"].encode(), cell
        cells += value is not None
    prk = found[2][max(found[2])]
    none, fold, age = b"none/1", b"nfkc_fold/1", struct.pack(">q", 41)

    def bucket(label, cls, index, unit, width):
        return Index(prk, cls, label, index, 5, none, 63, bytes([unit]), struct.pack(">I", width))

    def city(index, kind, *more, partitions=1):
        return Index(prk, 3, b"city", index, kind, fold, 63, *more, partitions=partitions)

    days = (datetime.date(1990, 2, 28) - EPOCH).days
    text = {"shanghai": "上海".encode(), "name": "张三".encode()}
    known = {
        "week": (bucket(b"born", 3, "week", 2, 7), struct.pack(">q", days // 7)),
        "quarter": (bucket(b"born", 3, "quarter", 3, 3), struct.pack(">q", (1 - 1970) * 12 // 3)),
        "day": (bucket(b"seen", 3, "day", 2, 1), struct.pack(">q", -1)),
        "band": (bucket(b"pay", 4, "band", 1, 1000), struct.pack(">q", -1)),
        "decade": (bucket(b"age", 3, "decade", 1, 10), struct.pack(">q", 4)),
        "fives": (bucket(b"age", 3, "fives", 1, 5), struct.pack(">q", -9)),
        "spread": (city("spread", 1, partitions=8), text["shanghai"]),
        "start": (city("start", 2, b"\x01", partitions=4), "上".encode()),
        "with_age": (city("with_age", 4, b"age", none), prefixed(text["shanghai"], age)),
        "with_both": (
            city("with_both", 4, b"name", fold, b"age", none, partitions=2),
            prefixed(text["shanghai"], text["name"], age),
        ),
    }
    for token in vectors["tokens"]:
        name, row = token["index"], token["row"]
        if token["column"] == "bits":
            expected = Index(prk, 3, b"bits", name, 1, none, int(name[1:])).token(text["name"])
        elif name == "once":
            pairs = [(epoch, cls) for epoch in sorted(found[2], reverse=True) for cls in (3, 2)]
            keys = [Index(found[2][epoch], cls, b"phone", name, 6, b"mobile_cn/1", 128) for epoch, cls in pairs]
            expected = [key.tag(b"+8613800138000", 1)[:16].hex() for key in keys]
        else:
            index, value = known[name]
            expected = index.token(value, row)
        assert expected == token["token"], token
        tokens += 1
    return cells, tokens


def check_columns(vectors):
    """Section 16: values in order, and the tag of the whole."""
    found = roots(vectors["records"])
    values = tags = 0
    for vector in vectors["columns"]:
        data = bytes.fromhex(vector["bytes"])
        header, salt, (count,) = data[8:32], data[32:48], struct.unpack(">Q", data[48:56])
        assert data[:8] == b"TSSC\1\0\0\0"
        if header[1] == 0x7F:
            continue
        table, label = vector["field"].encode().split(b".")
        key, context = cell_key(found, label, 3, 2, header, table)
        validity, rest = data[56 : 56 + (count + 7) // 8], data[56 + (count + 7) // 8 :]
        lengths, rest = struct.unpack(f">{count}I", rest[: 4 * count]), rest[4 * count :]
        gcm = xaes(key, salt + bytes(8))
        stream = gcm.encrypt(salt[12:] + b"\xff" * 8, bytes(32), b"")[:32]
        assert mac(stream, context + data[: len(data) - len(rest)])[:16] == data[-16:], vector
        tags += 1
        for number, expected in enumerate(vector["values"]):
            if not validity[number // 8] >> number % 8 & 1:
                assert expected is None and lengths[number] == 0
                continue
            sealed, rest = rest[: lengths[number] + 16], rest[lengths[number] + 16 :]
            value = gcm.decrypt(salt[12:] + struct.pack(">Q", number), sealed, header + context + row_of(number))
            assert value == expected.encode(), vector
            values += 1
        assert len(rest) == 16 and len(vector["values"]) == count
    return values, tags


def check_sessions(vectors):
    """Section 17."""
    found = roots(vectors["records"])
    epoch = max(found[1])
    packets = 0
    for vector in vectors["sessions"]:
        packets += Session(vector, info, expand, xaes, found[1][epoch], TENANT, epoch).check()
    return packets, len(vectors["sessions"])


def main(folder):
    for name, check, wanted in (
        ("fields_v1.json", check_fields, (12, 12)),
        ("search_v1.json", check_search, (19, 68)),
        ("columns_v1.json", check_columns, (4, 4)),
        ("session_v1.json", check_sessions, (65, 8)),
    ):
        done = check(json.loads((folder / name).read_text()))
        print(f"{name}: {done[0]} values opened, {done[1]} tokens, tags or handshakes made, by FORMAT.md alone")
        assert done == wanted, done


if __name__ == "__main__":
    main(Path(sys.argv[1]))
