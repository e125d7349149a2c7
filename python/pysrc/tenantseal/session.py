"""End-to-end sessions between two clients of one tenant: datagrams that nobody between them reads, changes or replays.

>>> import secrets, tenantseal
>>> from tenantseal import PrincipalId
>>> from tenantseal.session import Endpoint, Listener, Peer, PrivateKey
>>> keys = tenantseal.Keyring.from_kek(secrets.token_bytes(32))
>>> acme = keys.create_tenant("t-1001")
>>> phone, laptop = PrincipalId.client("phone"), PrincipalId.client("laptop")
>>> acme.add_principal(phone)
>>> acme.add_principal(laptop)

Each side has a private key and knows the other's public one.

>>> phone_key, laptop_key = PrivateKey.generate(), PrivateKey.generate()
>>> caller = Endpoint(acme, phone, phone_key, "chat")
>>> called = Endpoint(acme, laptop, laptop_key, "chat")
>>> listener = Listener(keys)
>>> listener.add(called)
>>> listener.expect(called, Peer(phone, phone_key.public_key))

Three packets, here without a network. A packet's source is what `socket.recvfrom` gives.

>>> source = ("192.0.2.1", 5000)
>>> initiator = caller.initiate(Peer(laptop, laptop_key.public_key))
>>> session, answer = listener.receive(source, initiator.packet)
>>> mine = initiator.receive(answer)
>>> theirs, first = listener.receive(source, initiator.packet)
>>> theirs.peer == phone, mine.channel_binding == theirs.channel_binding
(True, True)

Datagrams, in any order, each opened once.

>>> sender, _ = mine.split()
>>> _, receiver = theirs.split()
>>> packet = sender.seal("你好".encode())
>>> receiver.open(packet).decode()
'你好'
>>> receiver.open(packet)
Traceback (most recent call last):
    ...
tenantseal._errors.OpenError: the sealed data does not open here

A session is of the process that made it: in a child after a fork it raises `ForkedError`, for both would use the same nonces.
There is no copy of one, and it does not pickle.
"""

from ._native import (
    Endpoint,
    Initiator,
    Listener,
    Peer,
    PrivateKey,
    Session,
    Ticket,
    receiver_index,
)
from ._native import SessionReceiver as Receiver
from ._native import SessionSender as Sender

__all__ = [
    "Endpoint",
    "Initiator",
    "Listener",
    "Peer",
    "PrivateKey",
    "Receiver",
    "Sender",
    "Session",
    "Ticket",
    "receiver_index",
]
