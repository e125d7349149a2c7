from __future__ import annotations

import array
import copy
import datetime
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

import tenantseal
from tenantseal import Keyring, PrincipalId, Tenant
from tenantseal.session import (
    Endpoint,
    Initiator,
    Listener,
    Peer,
    PrivateKey,
    Receiver,
    Sender,
    Session,
    Ticket,
    receiver_index,
)

PHONE, LAPTOP = PrincipalId.client("phone"), PrincipalId.client("laptop")
SOURCE = ("192.0.2.1", 5000)


@pytest.fixture
def acme(keys: Keyring) -> Tenant:
    return with_principals(keys.tenant("t-1001"))


def with_principals(tenant: Tenant) -> Tenant:
    tenant.add_principal(PHONE)
    tenant.add_principal(LAPTOP)
    return tenant


class Pair:
    """Two endpoints of a tenant, and a listener for the second."""

    def __init__(
        self, keys: Keyring, tenant: Tenant, *, known: bool = False, expect: bool = True, **options: Any
    ) -> None:
        phone, laptop = PrivateKey.generate(), PrivateKey.generate()
        self.phone_peer, self.laptop_peer = Peer(PHONE, phone.public_key), Peer(LAPTOP, laptop.public_key)
        self.phone = Endpoint(tenant, PHONE, phone, "chat", known=[self.laptop_peer] if known else None, **options)
        self.laptop = Endpoint(tenant, LAPTOP, laptop, "chat", known=[self.phone_peer] if known else None, **options)
        self.listener = Listener(keys)
        self.listener.add(self.laptop)
        if expect:
            self.listener.expect(self.laptop, self.phone_peer)

    def complete(self, initiator: Initiator) -> tuple[Session, Session]:
        none, answer = self.listener.receive(SOURCE, initiator.packet)
        assert none is None
        assert receiver_index(answer) == initiator.index
        for at in range(0, len(answer), 9):
            altered = bytearray(answer)
            altered[at] ^= 1
            with pytest.raises(tenantseal.OpenError):
                initiator.receive(altered)
        mine = initiator.receive(answer)
        assert mine is not None
        assert initiator.index is None
        theirs, first = self.listener.receive(SOURCE, memoryview(initiator.packet))
        assert theirs is not None
        assert first == b""
        assert self.listener.pending == 0
        return mine, theirs

    def meet(self) -> tuple[Session, Session]:
        return self.complete(self.phone.initiate(self.laptop_peer))

    def halves(self) -> tuple[tuple[Sender, Receiver], tuple[Sender, Receiver]]:
        mine, theirs = self.meet()
        return mine.split(), theirs.split()


PATTERNS: dict[str, Callable[[Pair], Initiator]] = {
    "kk": lambda pair: pair.phone.initiate(pair.laptop_peer),
    "ik": lambda pair: pair.phone.initiate_ik(pair.laptop_peer),
    "xx": lambda pair: pair.phone.initiate_xx(LAPTOP),
    "xx of anybody": lambda pair: pair.phone.initiate_xx(None),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_two_endpoints_meet_and_speak(keys: Keyring, acme: Tenant, pattern: str) -> None:
    pair = Pair(keys, acme, known=pattern != "kk", context="below", certificate=b"a certificate")
    mine, theirs = pair.complete(PATTERNS[pattern](pair))
    assert (mine.peer, theirs.peer) == (LAPTOP, PHONE)
    assert (mine.peer_key, theirs.peer_key) == (pair.laptop.public_key, pair.phone.public_key)
    assert mine.channel_binding == theirs.channel_binding
    assert len(mine.channel_binding) == 32
    secret = mine.export("files", b"1", length=48)
    assert secret == theirs.export("files", "1", length=48) != theirs.export("files", "2", length=48)
    assert len(secret) == 48
    left, right = mine.split(), theirs.split()
    for (sender, _), (_, receiver) in ((left, right), (right, left)):
        for data in (b"", "你好".encode(), bytes(5000)):
            packet = sender.seal(data)
            assert len(packet) == len(data) + Sender.OVERHEAD
            assert receiver_index(packet) == receiver.index
            assert receiver.open(packet) == data
            with pytest.raises(tenantseal.OpenError):
                receiver.open(packet)
        # The one that answered has opened the packet that confirms, too.
        assert receiver.counts == (4 if receiver is right[1] and not pattern.startswith("xx") else 3, 0, 3)


def test_a_session_is_split_once(keys: Keyring, acme: Tenant) -> None:
    mine, _ = Pair(keys, acme).meet()
    mine.split()
    calls: list[Callable[[], object]] = [
        mine.split,
        mine.resumption,
        lambda: mine.peer,
        lambda: mine.index,
        lambda: mine.export("a", "", length=1),
    ]
    for call in calls:
        with pytest.raises(tenantseal.StateError):
            call()


def test_what_was_altered_does_not_open_and_the_genuine_packet_still_does(keys: Keyring, acme: Tenant) -> None:
    (sender, _), (_, receiver) = Pair(keys, acme).halves()
    packet = sender.seal(b"genuine")
    for at in range(len(packet)):
        altered = bytearray(packet)
        altered[at] ^= 1
        with pytest.raises(tenantseal.OpenError) as raised:
            receiver.open(altered)
        assert raised.value.code == 201
    for cut in range(len(packet)):
        with pytest.raises(tenantseal.OpenError):
            receiver.open(packet[:cut])
    assert receiver.open(packet) == b"genuine"


def test_buffers_of_the_callers(keys: Keyring, acme: Tenant) -> None:
    (sender, _), (_, receiver) = Pair(keys, acme).halves()
    for data in (b"text", bytes(range(256)) * 20):
        for out in (bytearray(6000), memoryview(bytearray(6000)), array.array("B", bytes(6000))):
            length = sender.seal_into(memoryview(data), out)
            assert length == len(data) + Sender.OVERHEAD
            assert bytes(out)[length:] == bytes(6000 - length)
            # In place.
            assert receiver.open_into(memoryview(out)[:length], out) == len(data)
            assert bytes(out)[: len(data)] == data
    exact = bytearray(36)
    assert sender.seal_into(b"text", exact) == 36
    opened = bytearray(4)
    before = sender.sealed
    for small in (bytearray(3), bytearray()):
        with pytest.raises(ValueError, match="too small"):
            receiver.open_into(exact, small)
    with pytest.raises(ValueError, match="too small"):
        sender.seal_into(b"text", bytearray(35))
    # Nothing was used up.
    assert sender.sealed == before
    assert receiver.open_into(exact, opened) == 4
    assert opened == b"text"
    for wrong in (bytes(100), memoryview(bytes(100)), "text", 7, None, array.array("i", [0] * 100)):
        with pytest.raises(TypeError):
            sender.seal_into(b"text", wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            receiver.open_into(exact, wrong)  # type: ignore[arg-type]
    assert sender.sealed == before


def test_types_that_do_not_fit_are_type_errors(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme)
    key = PrivateKey.generate()
    mine, _ = pair.meet()
    sender, receiver = pair.meet()[0].split()
    initiator = pair.phone.initiate(pair.laptop_peer)
    anything: Any = object()
    calls: list[Callable[[], object]] = [
        lambda: Endpoint(anything, PHONE, key, "chat"),
        lambda: Endpoint(acme, "phone", key, "chat"),  # type: ignore[arg-type]
        lambda: Endpoint(acme, PHONE, bytes(32), "chat"),  # type: ignore[arg-type]
        lambda: Endpoint(acme, PHONE, key, b"chat"),  # type: ignore[arg-type]
        lambda: Endpoint(acme, PHONE, key, "chat", b"context"),  # type: ignore[call-arg]
        lambda: Endpoint(acme, PHONE, key, "chat", known=[b"peer"]),  # type: ignore[list-item]
        lambda: Endpoint(acme, PHONE, key, "chat", known=anything),
        lambda: Endpoint(acme, PHONE, key, "chat", lifetime="1"),  # type: ignore[arg-type]
        lambda: Peer("phone", key.public_key),  # type: ignore[arg-type]
        lambda: Peer(PHONE, key.public_key, ticket=anything),
        lambda: PrivateKey.from_bytes("x" * 32),  # type: ignore[arg-type]
        lambda: Ticket("7", "x" * 32),  # type: ignore[arg-type]
        lambda: Listener(acme),  # type: ignore[arg-type]
        lambda: pair.listener.receive("192.0.2.1", b""),  # type: ignore[arg-type]
        lambda: pair.listener.receive(("192.0.2.1",), b""),
        lambda: pair.listener.receive((b"192.0.2.1", 1), b""),
        lambda: pair.listener.receive(SOURCE, "packet"),  # type: ignore[arg-type]
        lambda: initiator.receive("packet"),  # type: ignore[arg-type]
        lambda: sender.seal("text"),  # type: ignore[arg-type]
        lambda: sender.seal(None),  # type: ignore[arg-type]
        lambda: receiver.open(7),  # type: ignore[arg-type]
        lambda: mine.export(b"label", b"", length=1),  # type: ignore[arg-type]
        lambda: receiver_index("packet"),  # type: ignore[arg-type]
    ]
    for number, call in enumerate(calls):
        with pytest.raises(TypeError):
            pytest.fail(f"{number}: {call()}")


def test_values_that_do_not_fit(keys: Keyring, acme: Tenant) -> None:
    key = PrivateKey.generate()
    pair = Pair(keys, acme)
    mine, _ = pair.meet()
    sender, _ = pair.meet()[0].split()
    calls: list[Callable[[], object]] = [
        lambda: PrivateKey.from_bytes(bytes(32)),
        lambda: PrivateKey.from_bytes(bytes(31)),
        lambda: Peer(PHONE, bytes(31)),
        lambda: Ticket("", bytes(31) + b"1"),
        lambda: Ticket("7", bytes(31)),
        lambda: Ticket("7" * 65, bytes(31) + b"1"),
        lambda: PrincipalId.member(""),
        lambda: PrincipalId.member("x" * 129),
        lambda: Endpoint(acme, PHONE, key, ""),
        lambda: Endpoint(acme, PHONE, key, "x" * 65),
        lambda: Endpoint(acme, PHONE, key, "chat", context=bytes(1025)),
        lambda: Endpoint(acme, PHONE, key, "chat", certificate=b""),
        lambda: Endpoint(acme, PHONE, key, "chat", certificate=bytes(16385)),
        lambda: Endpoint(acme, PHONE, key, "chat", lifetime=-1),
        lambda: Endpoint(acme, PHONE, key, "chat", lifetime=float("nan")),
        lambda: pair.listener.receive(("example.org", 1), b""),
        lambda: pair.listener.receive(("192.0.2.1", 65536), b""),
        lambda: mine.export("files", "", length=0),
        lambda: mine.export("files", "", length=8161),
        lambda: mine.export("", "", length=1),
        lambda: sender.seal(bytes(Sender.MAX_PACKET - Sender.OVERHEAD + 1)),
    ]
    for number, call in enumerate(calls):
        with pytest.raises(ValueError):
            pytest.fail(f"{number}: {call()}")
    assert len(sender.seal(bytes(Sender.MAX_PACKET - Sender.OVERHEAD))) == Sender.MAX_PACKET
    assert receiver_index(b"no packet") is None


def test_what_is_of_another_tenant_or_purpose_is_refused(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme)
    others = Pair(keys, with_principals(keys.tenant("t-2002")))
    key = PrivateKey.generate()
    pair.listener.expect(pair.laptop, Peer(PHONE, key.public_key))
    for endpoint in (
        others.phone,
        Endpoint(acme, PHONE, key, "another"),
        Endpoint(acme, PHONE, key, "chat", context="another"),
    ):
        with pytest.raises(tenantseal.OpenError):
            pair.listener.receive(SOURCE, endpoint.initiate(pair.laptop_peer).packet)
    pair.complete(Endpoint(acme, PHONE, key, "chat").initiate(pair.laptop_peer))
    with pytest.raises(tenantseal.StateError):
        pair.phone.initiate_xx(None)
    with pytest.raises(tenantseal.NotFoundError):
        Endpoint(acme, PrincipalId.member("phone"), key, "chat")


def test_a_listener_expects_and_forgets(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme, expect=False)
    with pytest.raises(tenantseal.OpenError):
        pair.listener.receive(SOURCE, pair.phone.initiate(pair.laptop_peer).packet)
    pair.listener.expect(pair.laptop, pair.phone_peer)
    pair.meet()
    pair.listener.forget(pair.laptop, pair.phone_peer)
    with pytest.raises(tenantseal.NotFoundError):
        pair.listener.forget(pair.laptop, pair.phone_peer)
    with pytest.raises(tenantseal.NotFoundError):
        pair.listener.expect(pair.phone, pair.laptop_peer)
    with pytest.raises(tenantseal.AlreadyExistsError):
        pair.listener.add(pair.laptop)
    pair.listener.remove(pair.laptop)
    with pytest.raises(tenantseal.NotFoundError):
        pair.listener.remove(pair.laptop)
    pair.listener.add(pair.laptop)
    with pytest.raises(tenantseal.InvalidValueError):
        Listener(Keyring.from_kek(os.urandom(32))).add(pair.laptop)


def test_under_load_a_cookie_is_asked_for(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme)
    pair.listener = Listener(keys, cookies_after=0)
    pair.listener.add(pair.laptop)
    pair.listener.expect(pair.laptop, pair.phone_peer)
    initiator = pair.phone.initiate(pair.laptop_peer)
    without = initiator.packet
    _, cookie = pair.listener.receive(SOURCE, without)
    assert initiator.receive(cookie) is None
    assert initiator.packet != without
    with pytest.raises(tenantseal.OpenError):
        pair.listener.receive(("2001:db8::1", 5000, 0, 0), initiator.packet)
    with pytest.raises(tenantseal.OpenError):
        pair.listener.receive(("fe80::1%eth0", 5000, 0, 2), initiator.packet)
    pair.complete(initiator)


def test_tickets(keys: Keyring, acme: Tenant) -> None:
    phone, laptop = PrivateKey.generate(), PrivateKey.generate()
    calling, called = Endpoint(acme, PHONE, phone, "chat"), Endpoint(acme, LAPTOP, laptop, "chat")
    listener = Listener(keys)
    listener.add(called)
    mine = theirs = Ticket("7", bytes(31) + b"1")
    assert mine.id == b"7"
    for _ in range(2):
        listener.expect(called, Peer(PHONE, phone.public_key, ticket=theirs))
        with pytest.raises(tenantseal.OpenError):
            listener.receive(SOURCE, calling.initiate(Peer(LAPTOP, laptop.public_key)).packet)
        initiator = calling.initiate(Peer(LAPTOP, laptop.public_key, ticket=mine))
        session = initiator.receive(listener.receive(SOURCE, initiator.packet)[1])
        other, _ = listener.receive(SOURCE, initiator.packet)
        assert session is not None
        assert other is not None
        mine, theirs = session.resumption(), other.resumption()
        assert mine.id == theirs.id
        assert len(mine.id) == 16


def test_limits_end_a_session(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme, packets=4, failures=2, window=1024, phase_packets=2, phase_bytes=10, phase_time=30, lifetime=60)
    (sender, own), (_, receiver) = pair.halves()
    assert sender.sealed == 1
    for _ in range(3):
        receiver.open(sender.seal(b"12345678"))
    assert sender.rekey_due
    with pytest.raises(tenantseal.SessionExpiredError) as raised:
        sender.seal(b"x")
    assert raised.value.code == 601
    for _ in range(2):
        with pytest.raises(tenantseal.OpenError):
            own.open(b"no packet")
    with pytest.raises(tenantseal.SessionExpiredError):
        own.open(b"no packet")


def test_principals_and_their_sessions(keys: Keyring, acme: Tenant) -> None:
    (sender, _), (other, _) = Pair(keys, acme).halves()
    assert acme.principal_state(PHONE) == "active"
    with pytest.raises(tenantseal.AlreadyExistsError):
        acme.add_principal(PHONE)
    with pytest.raises(tenantseal.StateError):
        acme.restore_principal(PHONE)
    acme.suspend_principal(PHONE, until=datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30))
    assert acme.principal_state(PHONE) == "suspended"
    acme.restore_principal(PHONE)
    for half in (sender, other):
        # Nobody looked in between, and it has ended all the same.
        with pytest.raises(tenantseal.StateError) as raised:
            half.seal(b"x")
        assert raised.value.code == 210
    acme.suspend_principal(PHONE)
    acme.remove_principal(PHONE)
    assert acme.principal_state(PHONE) == "removed"
    with pytest.raises(tenantseal.NotFoundError):
        acme.principal_state(PrincipalId.service("phone"))
    assert PrincipalId.client(b"phone") == PHONE != PrincipalId.member("phone")
    assert len({PHONE, PrincipalId.client("phone"), LAPTOP}) == 2
    assert (PHONE.kind, PHONE.id) == ("client", b"phone")


def test_threads_share_a_sender_and_a_receiver(keys: Keyring, acme: Tenant) -> None:
    (sender, _), (_, receiver) = Pair(keys, acme, window=8192).halves()
    sealed: list[list[bytes]] = [[] for _ in range(4)]
    opened: list[list[bytes]] = [[] for _ in range(4)]

    def seal(number: int) -> None:
        # Some are short and some are long, so that some are sealed without the interpreter.
        sealed[number] += [sender.seal(bytes([number]) * (10 + 4000 * (at % 2))) for at in range(250)]

    def take(number: int) -> None:
        opened[number] += [receiver.open(packet) for packet in sealed[number]]

    for act in (seal, take):
        threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    numbers = {packet[8:16] for packets in sealed for packet in packets}
    assert len(numbers) == 1000 == sender.sealed - 1
    assert all(set(data) == {number} for number in range(4) for data in opened[number])
    assert receiver.counts == (1001, 0, 0)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_is_refused(keys: Keyring, acme: Tenant) -> None:
    pair = Pair(keys, acme)
    (sender, _), (_, receiver) = pair.halves()
    initiator = pair.phone.initiate(pair.laptop_peer)
    packet = sender.seal(b"x")
    child = os.fork()
    if child == 0:
        refused = 0
        calls: list[Callable[[], object]] = [
            lambda: sender.seal(b"x"),
            lambda: sender.seal_into(b"x", bytearray(100)),
            lambda: receiver.open(packet),
            lambda: initiator.receive(packet),
            lambda: pair.listener.receive(SOURCE, packet),
        ]
        for call in calls:
            try:
                call()
            except tenantseal.ForkedError:
                refused += 1
        os._exit(refused)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 5
    assert receiver.open(packet) == b"x"


def test_nothing_is_copied_and_nothing_secret_is_shown(keys: Keyring, acme: Tenant) -> None:
    key = PrivateKey.generate()
    pair = Pair(keys, acme)
    mine, _ = pair.meet()
    objects = [key, pair.phone, pair.listener, pair.phone.initiate(pair.laptop_peer), mine, *pair.meet()[0].split()]
    objects.append(Ticket("7", bytes(range(32))))
    for held in objects:
        with pytest.raises(TypeError):
            pickle.dumps(held)
        with pytest.raises(TypeError):
            copy.deepcopy(held)
        assert key.expose_secret().hex() not in repr(held)
        assert repr(held).startswith(("<tenantseal.session.",))
    assert repr(pair.laptop_peer) == "<tenantseal.session.Peer Client(laptop)>"
    again = PrivateKey.from_bytes(bytearray(key.expose_secret()))
    assert again.public_key == key.public_key
    assert len(key.public_key) == 32
