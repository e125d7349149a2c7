//! The sessions of one end with the other: the one that packets go out on, and the one before it.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tenantseal::{
    Error,
    session::{
        Counts, Endpoint, Incoming, Initiator, Listener, Peer, Progress, Receiver, Sender, Session,
        receiver_index,
    },
};

use crate::{Outcome, end::End, keys::Identity};

pub struct Sessions {
    end: Arc<End>,
    role: Role,
    /// The newest first, at most two: packets of the older one may still be on the way.
    live: Vec<Live>,
    /// Where the last genuine packet came from.
    source: Option<SocketAddr>,
    session_packets: u64,
    count: u64,
    /// Of the sessions that are over.
    past: Counts,
    /// Packets that were of no session, and led to none.
    stray: u64,
}

enum Role {
    Answers(Box<Listener>),
    Calls(Box<Caller>),
}

struct Caller {
    endpoint: Endpoint,
    peer: Peer,
    to: SocketAddr,
    /// One that waits for its answer, and since when.
    handshake: Option<(Initiator, Instant)>,
    /// Since when the newest session is there without a word from the other side, and when it was last told of it.
    unheard: Option<(Instant, Instant)>,
}

struct Live {
    sender: Arc<Sender>,
    receiver: Receiver,
}

/// When something that may be lost is sent again.
const RETRY: Duration = Duration::from_millis(250);
/// When a session that the other side says nothing on is given up.
const PATIENCE: Duration = Duration::from_secs(5);

impl Sessions {
    /// Calls `to`, or answers.
    pub fn new(
        end: Arc<End>,
        identity: Identity,
        to: Option<SocketAddr>,
        session_packets: u64,
    ) -> Outcome<Self> {
        let Identity { keyring, endpoint, peer } = identity;
        let role = match to {
            Some(to) => Role::Calls(Box::new(Caller { endpoint, peer, to, handshake: None, unheard: None })),
            None => {
                let mut listener = Listener::new(&keyring);
                listener.add(&endpoint)?;
                listener.expect(&endpoint, &peer)?;
                Role::Answers(Box::new(listener))
            }
        };
        let (live, past) = (Vec::new(), Counts::default());
        Ok(Self { end, role, live, source: None, session_packets, count: 0, past, stray: 0 })
    }

    /// Handles a packet of the network.
    pub fn take(&mut self, packet: &mut [u8], source: SocketAddr) -> Outcome<()> {
        let index = receiver_index(packet);
        if let Some(position) = self.live.iter().position(|live| Some(live.receiver.index()) == index) {
            return self.open(position, packet, source);
        }
        match &mut self.role {
            Role::Answers(listener) => match listener.receive(source, packet) {
                Ok(Incoming::Send(answer)) => self.end.send(&answer, source),
                Ok(Incoming::Established(session, first)) => {
                    self.begin(*session);
                    self.use_newest();
                    self.opened(&first, source)?;
                }
                // Silence, whatever it was.
                Err(Error::Open) => self.stray += 1,
                Err(error) => return Err(error.into()),
            },
            Role::Calls(caller) => {
                let Some((initiator, since)) = &mut caller.handshake else {
                    self.stray += 1;
                    return Ok(());
                };
                match initiator.receive(packet) {
                    Ok(Progress::Established(session, confirmation)) => {
                        self.end.send(&confirmation, caller.to);
                        caller.handshake = None;
                        caller.unheard = Some((Instant::now(), Instant::now()));
                        self.begin(*session);
                    }
                    Ok(Progress::Resend) => {
                        *since = Instant::now();
                        self.end.send(initiator.packet(), caller.to);
                    }
                    Err(Error::Open) => self.stray += 1,
                    Err(Error::SessionExpired) => caller.handshake = None,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Sends what is due: once more that there is a new session, or a new handshake.
    pub fn tick(&mut self) -> Outcome<()> {
        let Role::Calls(caller) = &mut self.role else { return Ok(()) };
        if let (Some((since, told)), Some(newest)) = (&mut caller.unheard, self.live.first()) {
            if told.elapsed() < RETRY {
                return Ok(());
            }
            *told = Instant::now();
            if since.elapsed() < PATIENCE && send_empty(&self.end, newest, caller.to)? {
                return Ok(());
            }
            caller.unheard = None;
            let given_up = self.live.remove(0);
            add(&mut self.past, given_up.receiver.counts());
        }
        if caller.handshake.as_ref().is_some_and(|(_, since)| since.elapsed() < RETRY) {
            return Ok(());
        }
        // The other side never calls, so what it has sent is counted here too.
        let is_due = self.live.first().is_none_or(|newest| {
            newest.sender.rekey_due() || newest.receiver.counts().opened >= self.session_packets / 2
        });
        if is_due {
            // A new handshake each time: the same packet is answered once.
            let initiator = caller.endpoint.initiate(&caller.peer)?;
            self.end.send(initiator.packet(), caller.to);
            caller.handshake = Some((initiator, Instant::now()));
        }
        Ok(())
    }

    /// What became of everything, as `name=number`.
    pub fn text(&self) -> String {
        let mut counts = self.past;
        for live in &self.live {
            add(&mut counts, live.receiver.counts());
        }
        format!(
            "sessions={} opened={} refused={} repeated={} stray={}",
            self.count, counts.opened, counts.refused, counts.repeated, self.stray
        )
    }

    fn open(&mut self, position: usize, packet: &mut [u8], source: SocketAddr) -> Outcome<()> {
        let Some(live) = self.live.get_mut(position) else { return Ok(()) };
        match live.receiver.open(packet) {
            Ok(plaintext) => {
                if position == 0
                    && let Role::Calls(caller) = &mut self.role
                    && caller.unheard.take().is_some()
                {
                    self.use_newest();
                }
                self.opened(plaintext, source)
            }
            // The receiver counts it.
            Err(Error::Open) => Ok(()),
            Err(Error::SessionExpired) => {
                self.remove(position);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Handles what was in a genuine packet.
    fn opened(&mut self, plaintext: &[u8], source: SocketAddr) -> Outcome<()> {
        if let Role::Answers(_) = self.role {
            if self.source != Some(source) {
                self.source = Some(source);
                self.end.set_way(|way| way.to = Some(source));
            }
            // The caller asks whether its new session has arrived. It does not answer, so there is no end of it.
            if plaintext.is_empty()
                && let Some(newest) = self.live.first()
            {
                send_empty(&self.end, newest, source)?;
            }
        }
        if plaintext.is_empty() { Ok(()) } else { self.end.deliver(plaintext) }
    }

    /// Adds a session. Packets go out on the older one still.
    fn begin(&mut self, session: Session) {
        self.count += 1;
        println!("end: session {} with {}", self.count, session.peer().as_bytes().escape_ascii());
        let (sender, receiver) = session.split();
        self.live.insert(0, Live { sender: Arc::new(sender), receiver });
        while self.live.len() > 2 {
            self.remove(2);
        }
    }

    fn use_newest(&self) {
        if let Some(newest) = self.live.first() {
            self.end.set_way(|way| way.sender = Some(newest.sender.clone()));
        }
    }

    fn remove(&mut self, position: usize) {
        let over = self.live.remove(position);
        add(&mut self.past, over.receiver.counts());
    }
}

/// False if the session is over.
fn send_empty(end: &End, live: &Live, to: SocketAddr) -> Outcome<bool> {
    let mut packet = Vec::new();
    match live.sender.seal(b"", &mut packet) {
        Ok(()) => end.send(&packet, to),
        Err(Error::SessionExpired) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    Ok(true)
}

fn add(sum: &mut Counts, counts: Counts) {
    sum.opened += counts.opened;
    sum.refused += counts.refused;
    sum.repeated += counts.repeated;
}
