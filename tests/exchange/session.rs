//! Sessions between processes of two languages, over UDP on this machine.
//!
//! Usage: session FOLDER make | session FOLDER listen SESSIONS | session FOLDER call PORT
//!
//! `make` makes a key file and two private keys: it goes first. `listen` writes its port, asks every caller for a cookie, and answers as
//! many sessions; `call` makes one of each handshake. The caller sends its channel binding, and the listener, if its
//! own is the same, what it exports.
#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::{
    error::Error,
    fs,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::Path,
    time::Duration,
};

use tenantseal::{
    session::{
        Endpoint, Incoming, Initiator, KnownPeers, Listener, Load, Peer, PrivateKey, Progress, Session,
        receiver_index,
    },
    tenant::{Keyring, Passphrase, PrincipalId},
};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder, "make"] => make(Path::new(folder)),
        [folder, "listen", sessions] => listen(Path::new(folder), sessions.parse()?),
        [folder, "call", port] => call(Path::new(folder), port.parse()?),
        _ => Err("session FOLDER make|listen SESSIONS|call PORT".into()),
    }
}

fn passphrase() -> Outcome<Passphrase> {
    Ok(Passphrase::try_from("correct horse battery")?)
}

fn make(folder: &Path) -> Outcome<()> {
    let keys = Keyring::create(folder.join("keys.ts"), &passphrase()?)?;
    let acme = keys.create_tenant("t-1001")?;
    for name in ["phone", "laptop"] {
        acme.add_principal(&PrincipalId::client(name)?)?;
        fs::write(folder.join(name), PrivateKey::generate()?.expose_secret())?;
    }
    Ok(())
}

/// The endpoint of that name, which knows the other, and the other.
fn meet(keys: &Keyring, folder: &Path, own: &str, other: &str) -> Outcome<(Endpoint, Peer)> {
    let key = |name: &str| -> Outcome<PrivateKey> {
        Ok(PrivateKey::from_bytes(fs::read(folder.join(name))?.as_slice().try_into()?)?)
    };
    let (other, public) = (PrincipalId::client(other)?, key(other)?.public_key());
    let endpoint =
        Endpoint::new(&keys.tenant("t-1001")?, &PrincipalId::client(own)?, &key(own)?, "exchange")?
            .directory(KnownPeers::new().add(&other, public));
    Ok((endpoint, Peer::new(&other, public)))
}

fn export(session: &Session) -> Outcome<[u8; 32]> {
    let mut out = [0; 32];
    session.export("exchange", b"", &mut out)?;
    Ok(out)
}

fn socket() -> Outcome<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(socket)
}

fn listen(folder: &Path, sessions: usize) -> Outcome<()> {
    let keys = Keyring::open(folder.join("keys.ts"), &passphrase()?)?;
    let (endpoint, peer) = meet(&keys, folder, "laptop", "phone")?;
    let mut listener = Listener::new(&keys).load(Load::new().cookies_after(0));
    listener.add(&endpoint)?;
    listener.expect(&endpoint, &peer)?;
    let socket = socket()?;
    println!("{}", socket.local_addr()?.port());
    let (mut live, mut answered): (Option<Box<Session>>, usize) = (None, 0);
    let mut buffer = [0; 2048];
    while answered < sessions {
        let (len, source) = socket.recv_from(&mut buffer)?;
        let packet = buffer.get_mut(..len).unwrap_or_default();
        if let Some(session) = live.take_if(|session| receiver_index(packet) == Some(session.index())) {
            let (binding, exported) = (*session.channel_binding(), export(&session)?);
            let (sender, mut receiver) = session.split();
            if *receiver.open(packet)? != binding {
                return Err("rust: another channel binding".into());
            }
            let mut sealed = Vec::new();
            sender.seal(&exported, &mut sealed)?;
            socket.send_to(&sealed, source)?;
            answered += 1;
            continue;
        }
        match listener.receive(source, packet)? {
            Incoming::Send(answer) => {
                socket.send_to(&answer, source)?;
            }
            Incoming::Established(session, _) => live = Some(session),
        }
    }
    Ok(())
}

fn call(folder: &Path, port: u16) -> Outcome<()> {
    let keys = Keyring::open(folder.join("keys.ts"), &passphrase()?)?;
    let (endpoint, peer) = meet(&keys, folder, "phone", "laptop")?;
    let socket = socket()?;
    socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    for initiator in
        [endpoint.initiate(&peer)?, endpoint.initiate_ik(&peer)?, endpoint.initiate_xx(Some(peer.id()))?]
    {
        let session = handshake(&socket, initiator)?;
        let (binding, exported) = (*session.channel_binding(), export(&session)?);
        let (sender, mut receiver) = session.split();
        let (mut packet, mut buffer) = (Vec::new(), [0; 2048]);
        sender.seal(&binding, &mut packet)?;
        socket.send(&packet)?;
        let len = socket.recv(&mut buffer)?;
        if *receiver.open(buffer.get_mut(..len).unwrap_or_default())? != exported {
            return Err("rust: another export".into());
        }
    }
    println!("rust called");
    Ok(())
}

fn handshake(socket: &UdpSocket, mut initiator: Initiator) -> Outcome<Box<Session>> {
    let mut buffer = [0; 2048];
    socket.send(initiator.packet())?;
    loop {
        let len = socket.recv(&mut buffer)?;
        match initiator.receive(buffer.get(..len).unwrap_or_default())? {
            Progress::Resend => socket.send(initiator.packet())?,
            Progress::Established(session, packet) => {
                socket.send(&packet)?;
                return Ok(session);
            }
        };
    }
}
