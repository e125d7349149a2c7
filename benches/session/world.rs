//! Two endpoints of a tenant that know each other, and a listener for the second.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::net::SocketAddr;

use tenantseal::{
    session::{Endpoint, Incoming, KnownPeers, Listener, Load, Peer, PrivateKey, Progress, Session},
    tenant::{Kek, Keyring, PrincipalId},
};

pub struct World {
    phone: Endpoint,
    peer: Peer,
    listener: Listener,
    source: SocketAddr,
}

impl World {
    pub fn new() -> Self {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let tenant = keys.create_tenant("t-1001").unwrap();
        let endpoint = |name| {
            let id = PrincipalId::client(name).unwrap();
            tenant.add_principal(&id).unwrap();
            Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "bench").unwrap()
        };
        let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
        let laptop = laptop.directory(KnownPeers::new().add(phone.id(), phone.public_key()));
        let load = Load::new().cookies_after(u32::MAX).most(u32::MAX).per_peer(u32::MAX);
        let mut listener = Listener::new(&keys).load(load);
        listener.add(&laptop).unwrap();
        listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key())).unwrap();
        let peer = Peer::new(laptop.id(), laptop.public_key());
        Self { phone, peer, listener, source: "192.0.2.1:5000".parse().unwrap() }
    }

    /// Both sides, until both may send.
    pub fn handshake(&mut self, ik: bool) -> (Box<Session>, Box<Session>) {
        let mut initiator =
            if ik { self.phone.initiate_ik(&self.peer) } else { self.phone.initiate(&self.peer) }.unwrap();
        let Incoming::Send(answer) = self.listener.receive(self.source, initiator.packet()).unwrap() else {
            panic!()
        };
        let Progress::Established(mine, packet) = initiator.receive(&answer).unwrap() else { panic!() };
        let Incoming::Established(theirs, _) = self.listener.receive(self.source, &packet).unwrap() else {
            panic!()
        };
        (mine, theirs)
    }
}
