"""Makes the packets of `session_v1.json` anew by FORMAT.md section 17 and the Noise paper, with another library's primitives."""

import hashlib
import hmac
import ipaddress
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PATTERNS = {
    1: (b"Noise_KKpsk0+psk2_25519_AESGCM_SHA256", True, True, ("psk e es ss", "e ee se psk")),
    2: (b"Noise_IKpsk0+psk2_25519_AESGCM_SHA256", False, True, ("psk e es s ss", "e ee se psk")),
    3: (b"Noise_XXpsk0+psk3_25519_AESGCM_SHA256", False, False, ("psk e", "e ee s es", "s se psk")),
}


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def private(data):
    return X25519PrivateKey.from_private_bytes(data)


def public(key):
    return key.public_key().public_bytes_raw()


def agree(key, other):
    return key.exchange(X25519PublicKey.from_public_bytes(other))


def hkdf(ck, ikm, count):
    """Section 4.3 of the paper."""
    temp, outputs = mac(ck, ikm), [b""]
    for number in range(count):
        outputs.append(mac(temp, outputs[-1] + bytes([number + 1])))
    return outputs[1:]


def nonce(n):
    return bytes(4) + struct.pack(">Q", n)


class Noise:
    """A handshake of which both sides' private keys are known: section 5 of the paper."""

    def __init__(self, pattern, prologue, initiator, responder, psks):
        name, i_known, r_known, self.messages = PATTERNS[pattern]
        self.h = name.ljust(32, b"\0") if len(name) <= 32 else sha256(name)
        self.ck, self.k, self.n, self.psks = self.h, None, 0, list(psks)
        self.sides = (initiator, responder)
        self.mix_hash(prologue)
        for known, (static, _) in zip((i_known, r_known), self.sides, strict=True):
            if known:
                self.mix_hash(public(static))

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def mix_key(self, ikm):
        self.ck, self.k = hkdf(self.ck, ikm, 2)
        self.n = 0

    def encrypt_and_hash(self, plaintext):
        out = plaintext
        if self.k:
            out = AESGCM(self.k).encrypt(nonce(self.n), plaintext, self.h)
            self.n += 1
        self.mix_hash(out)
        return out

    def write(self, index, payload):
        (si, ei), (sr, er) = self.sides
        static, ephemeral = self.sides[index % 2]
        out = b""
        for token in self.messages[index].split():
            match token:
                case "e":
                    out += public(ephemeral)
                    self.mix_hash(public(ephemeral))
                    self.mix_key(public(ephemeral))
                case "s":
                    out += self.encrypt_and_hash(public(static))
                case "psk":
                    self.ck, temp, self.k = hkdf(self.ck, self.psks.pop(0), 3)
                    self.mix_hash(temp)
                    self.n = 0
                case _:
                    left, right = {"ee": (ei, er), "es": (ei, sr), "se": (si, er), "ss": (si, sr)}[token]
                    self.mix_key(agree(left, public(right)))
        return out + self.encrypt_and_hash(payload)


class Session:
    """One of the vectors."""

    def __init__(self, vector, info, expand, xaes, prk, tenant, epoch):
        self.info, self.expand, self.xaes = info, expand, xaes
        self.vector, self.tenant, self.epoch = vector, tenant, epoch
        self.pattern, self.purpose = vector["pattern"], vector["purpose"].encode()
        self.keys = {
            name: expand(prk, b"session/" + name.encode(), 0, 32, self.purpose)
            for name in ("psk", "no-ticket", "hint", "mac", "cookie")
        }
        self.packets = [bytes.fromhex(packet) for packet in vector["packets"]]

    def side(self, name):
        side = self.vector[name]
        return b"\x02" + side["id"].encode(), private(bytes.fromhex(side["private"])), bytes.fromhex(side["certificate"])

    def check(self):
        vector, info = self.vector, self.info
        (i_id, i_key, i_cert), (r_id, r_key, r_cert) = self.side("initiator"), self.side("responder")
        ticket_id, ticket_key = map(bytes.fromhex, vector["ticket"]) if vector["ticket"] else (b"", self.keys["no-ticket"])
        context = bytes.fromhex(vector["context"])
        kk, ik, xx = (self.pattern == number for number in (1, 2, 3))

        # Section 17.2. What is not known to both beforehand is empty.
        initiator = (i_id, public(i_key)) if kk else (b"", b"")
        responder = (b"", b"") if xx else (r_id, public(r_key))
        known_ticket = ticket_id if kk else b""
        number = bytes([self.pattern])
        epoch = struct.pack(">I", self.epoch)
        prologue = info(
            b"noise", b"\x01", self.tenant, epoch, self.purpose, initiator[0], responder[0], known_ticket, b"", b"", context
        )
        hint = mac(self.keys["hint"], info(number, *initiator, *responder, known_ticket, context))[:8]
        ephemerals = [private(bytes.fromhex(vector[side]["ephemeral"])) for side in ("initiator", "responder")]
        noise = Noise(
            self.pattern, prologue, (i_key, ephemerals[0]), (r_key, ephemerals[1]), (self.keys["psk"], ticket_key)
        )

        # Section 17.3.
        no_time = bytes(8)
        i_index, r_index = self.packets[0][4:8], self.packets[1][8:12]
        headers = (
            b"\x01\x01" + number + b"\0" + i_index + hint,
            b"\x02\x01" + number + b"\0" + i_index + r_index,
            b"\x03\x01" + number + b"\0" + r_index,
        )
        payloads = (
            (struct.pack(">Q", vector["timestamp"]), i_id, i_cert, ticket_id) if ik else
            (struct.pack(">Q", vector["timestamp"]), b"", b"", b""),
            (no_time, r_id, r_cert, b"") if xx else (no_time, b"", b"", b""),
            (no_time, i_id, i_cert, b""),
        )
        for index in range(3 if xx else 2):
            header = headers[index]
            packet = header + noise.write(index, info(header, *payloads[index]))
            packet += mac(self.keys["mac"], packet)[:16]
            if index == 0:
                packet += self.mac2(packet)
            assert packet == self.packets[index], f"packet {index} of pattern {self.pattern}"

        # Section 17.5.
        assert noise.h == bytes.fromhex(vector["handshake_hash"])
        key_i, key_r, exporter = hkdf(noise.ck, b"", 3)
        label, export_context, exported = vector["export"]
        context = (label.encode(), bytes.fromhex(export_context), noise.h)
        assert self.expand(exporter, b"session/export", 0, len(exported) // 2, *context).hex() == exported
        for name, length, expected in zip((b"id", b"key"), (16, 32), vector["resumption"], strict=True):
            assert self.expand(exporter, b"session/resumption-" + name, 0, length, noise.h).hex() == expected
        packets = [] if xx else [(True, "", vector["packets"][2])]
        opened = {True: 0, False: 0}
        for from_initiator, plaintext, packet in packets + vector["datagrams"]:
            key, receiver = (key_i, r_index) if from_initiator else (key_r, i_index)
            got = self.open(key, receiver, opened[from_initiator], 0, bytes.fromhex(packet))
            assert got == bytes.fromhex(plaintext)
            opened[from_initiator] += 1
        for plaintext, record in vector["records"]:
            record = bytes.fromhex(record)
            assert record[:2] == struct.pack(">H", len(record) - 2)
            assert self.open(key_i, r_index, opened[True], 1, record[2:]) == bytes.fromhex(plaintext)
            opened[True] += 1
        return sum(opened.values())

    def open(self, key, receiver, counter, mode, packet):
        header, phase = packet[:16], struct.unpack(">H", packet[2:4])[0]
        assert header == b"\x04" + bytes([mode]) + packet[2:4] + receiver + struct.pack(">Q", counter)
        for _ in range(phase):
            key = AESGCM(key).encrypt(nonce(2**64 - 1), bytes(32), b"")[:32]
        return AESGCM(key).decrypt(nonce(counter), packet[16:], header)

    def mac2(self, packet):
        """Section 17.4."""
        cookie = self.vector["cookie"]
        if not cookie:
            return bytes(16)
        first, reply = bytes.fromhex(cookie["first"]), bytes.fromhex(cookie["reply"])
        assert first == packet + bytes(16)
        address, port = self.vector["source"].rsplit(":", 1)
        address = ipaddress.ip_address(address.strip("[]")).packed
        expected = mac(bytes.fromhex(cookie["secret"]), self.info(address, struct.pack(">H", int(port)), packet[8:16]))
        assert reply[:8] == b"\x05\x01\0\0" + packet[4:8]
        given = self.xaes(self.keys["cookie"], reply[8:32]).decrypt(reply[20:32], reply[32:], packet[-16:])
        assert given == expected
        return mac(given, packet)[:16]
