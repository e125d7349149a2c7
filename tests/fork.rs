//! A session in a forked child: it counts the same nonces as its parent, so it refuses. Without a test harness, whose
//! threads a child would not have.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::process::exit;

use fork::Fork;
use tenantseal::{
    Error,
    session::{Endpoint, Incoming, Listener, Peer, PrivateKey, Progress},
    tenant::{Kek, Keyring, PrincipalId},
};

fn main() {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let endpoint = |name| {
        let id = PrincipalId::client(name).unwrap();
        tenant.add_principal(&id).unwrap();
        Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "chat").unwrap()
    };
    let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
    let mut listener = Listener::new(&keys);
    listener.add(&laptop).unwrap();
    listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key())).unwrap();
    let peer = Peer::new(laptop.id(), laptop.public_key());
    let source = "192.0.2.1:5000".parse().unwrap();
    let mut initiator = phone.initiate(&peer).unwrap();
    let Incoming::Send(answer) = listener.receive(source, initiator.packet()).unwrap() else { panic!() };
    let Progress::Established(mine, packet) = initiator.receive(&answer).unwrap() else { panic!() };
    let Incoming::Established(theirs, _) = listener.receive(source, &packet).unwrap() else { panic!() };
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let mut waiting = phone.initiate(&peer).unwrap();
    let Incoming::Send(answer) = listener.receive(source, waiting.packet()).unwrap() else { panic!() };
    let mut packet = Vec::new();
    sender.seal(b"before", &mut packet).unwrap();

    match fork::fork().unwrap() {
        Fork::Child => {
            // A panic would be told by the exit code as well.
            let mut sealed = vec![1];
            assert_eq!(sender.seal(b"in the child", &mut sealed), Err(Error::Forked));
            assert!(sealed.is_empty());
            assert_eq!(receiver.open(&mut packet).err(), Some(Error::Forked));
            assert_eq!(waiting.receive(&answer).err(), Some(Error::Forked));
            assert_eq!(listener.receive(source, &answer).err(), Some(Error::Forked));
            // What is made here is the child's own.
            phone.initiate(&peer).unwrap();
            // And what is dropped here does not wait for a thread of the parent's.
            drop((sender, receiver, waiting, listener));
            exit(77);
        }
        Fork::Parent(child) => {
            let status = fork::waitpid(child).unwrap();
            assert!(
                fork::WIFEXITED(status) && fork::WEXITSTATUS(status) == 77,
                "the child ended with {status}"
            );
        }
    }
    assert_eq!(receiver.open(&mut packet).unwrap(), b"before");
    sender.seal(b"after", &mut packet).unwrap();
    assert_eq!(receiver.open(&mut packet).unwrap(), b"after");
    assert!(matches!(waiting.receive(&answer), Ok(Progress::Established(..))));
    println!("a forked child is refused, and its parent goes on");
}
