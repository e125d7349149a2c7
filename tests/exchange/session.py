"""Sessions between processes of two languages: session.rs says what they do. Usage: session.py FOLDER listen SESSIONS | FOLDER call PORT"""

import pathlib
import socket
import sys

import tenantseal
from tenantseal import PrincipalId
from tenantseal.session import Endpoint, Listener, Peer, PrivateKey, receiver_index

folder, task, number = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
keys = tenantseal.Keyring.open(folder / "keys.ts", "correct horse battery")


def meet(own: str, other: str) -> tuple[Endpoint, Peer]:
    key, theirs = (PrivateKey.from_bytes((folder / name).read_bytes()) for name in (own, other))
    peer = Peer(PrincipalId.client(other), theirs.public_key)
    return Endpoint(keys.tenant("t-1001"), PrincipalId.client(own), key, "exchange", known=[peer]), peer


udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.settimeout(30)
if task == "listen":
    endpoint, peer = meet("laptop", "phone")
    listener = Listener(keys, cookies_after=0)
    listener.add(endpoint)
    listener.expect(endpoint, peer)
    udp.bind(("127.0.0.1", 0))
    print(udp.getsockname()[1], flush=True)
    live, answered = None, 0
    while answered < number:
        packet, source = udp.recvfrom(2048)
        if live is not None and receiver_index(packet) == live.index:
            binding, exported = live.channel_binding, live.export("exchange", b"", length=32)
            sender, receiver = live.split()
            assert receiver.open(packet) == binding
            udp.sendto(sender.seal(exported), source)
            live, answered = None, answered + 1
            continue
        session, answer = listener.receive(source, packet)
        if session is None:
            udp.sendto(answer, source)
        else:
            live = session
else:
    endpoint, peer = meet("phone", "laptop")
    udp.connect(("127.0.0.1", number))
    for initiator in (endpoint.initiate(peer), endpoint.initiate_ik(peer), endpoint.initiate_xx(peer.id)):
        session = None
        while session is None:
            udp.send(initiator.packet)
            session = initiator.receive(udp.recv(2048))
        udp.send(initiator.packet)
        exported = session.export("exchange", b"", length=32)
        binding = session.channel_binding
        sender, receiver = session.split()
        udp.send(sender.seal(binding))
        assert receiver.open(udp.recv(2048)) == exported
    print("python called")
