//! UDP between clients and one server, through a network that is as bad as it is told to be.
//!
//! It keeps no key and knows nothing of what it carries. To the server each client is a port of the relay, as behind NAT.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use tenantseal_harness::Random;

use crate::{
    Outcome,
    end::socket,
    record::{Kind, Recorder},
};

#[derive(Args)]
pub struct Options {
    /// Where clients send to
    #[arg(long)]
    bind: SocketAddr,
    /// The server
    #[arg(long)]
    to: SocketAddr,
    /// What everything random follows from: the n-th packet of a direction has the same fate again
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    rates: Rates,
    /// Write what arrives to a pcap file
    #[arg(long)]
    record: Option<PathBuf>,
}

/// In percent of the packets.
#[derive(Args, Clone, Copy)]
struct Rates {
    /// Dropped
    #[arg(long, default_value_t = 0)]
    loss: usize,
    /// One bit changed
    #[arg(long, default_value_t = 0)]
    corrupt: usize,
    /// Sent, and sent again behind others
    #[arg(long, default_value_t = 0)]
    duplicate: usize,
    /// Held back until others have gone
    #[arg(long, default_value_t = 0)]
    reorder: usize,
}

/// One direction of one client.
struct Line {
    random: Random,
    rates: Rates,
    held: Vec<Held>,
    counts: Counts,
}

/// A packet that goes when `behind` others have gone, or when it is time.
struct Held {
    packet: Vec<u8>,
    behind: usize,
    until: Instant,
}

#[derive(Default)]
struct Counts {
    received: u64,
    lost: u64,
    corrupted: u64,
    duplicated: u64,
    reordered: u64,
    sent: u64,
}

/// How long a thread waits before it looks for what else there is to do.
const TICK: Duration = Duration::from_millis(10);
/// How long a packet is held back at most: the next may be a second away.
const HELD: Duration = Duration::from_millis(50);
/// How many packets overtake one at most.
const BEHIND: usize = 8;
/// A datagram is never longer.
const LONGEST: usize = 65_535;

pub fn run(options: &Options, stop: &AtomicBool) -> Outcome<()> {
    let public = socket(options.bind, TICK)?;
    let recorder = options.record.as_deref().map(|path| Recorder::create(path, Kind::Payload)).transpose()?;
    let (public, recorder) = (&public, recorder.as_ref());
    thread::scope(|scope| {
        let mut clients = BTreeMap::new();
        let mut buffer = vec![0; LONGEST];
        while !stop.load(Ordering::Relaxed) {
            if let Some((len, client)) = received(public.recv_from(&mut buffer))? {
                // The other direction of a client is a thread of its own, from its first packet on.
                if !clients.contains_key(&client) {
                    let seed = options.seed.wrapping_add(2 * u64::try_from(clients.len())?);
                    let server = socket((Ipv4Addr::UNSPECIFIED, 0).into(), TICK)?;
                    server.connect(options.to)?;
                    let way = Line::new(seed, options.rates);
                    let back = Line::new(seed.wrapping_add(1), options.rates);
                    let its = server.try_clone()?;
                    let thread = scope.spawn(move || answers(&its, public, client, back, recorder, stop));
                    clients.insert(client, (server, way, thread));
                }
                let Some((server, way, _)) = clients.get_mut(&client) else { continue };
                recorder.map_or(Ok(()), |recorder| recorder.write(&buffer[..len]))?;
                way.pass(&buffer[..len], |packet| server.send(packet))?;
            }
            for (server, way, _) in clients.values_mut() {
                way.release(|packet| server.send(packet))?;
            }
        }
        for (client, (_, way, thread)) in clients {
            let back = thread.join().map_err(|_| "a thread panicked")??;
            println!("relay: way {client} {}", way.counts.text());
            println!("relay: back {client} {}", back.counts.text());
        }
        recorder.map_or(Ok(()), Recorder::flush)
    })
}

/// What the server sends to one client.
fn answers(
    server: &UdpSocket,
    public: &UdpSocket,
    client: SocketAddr,
    mut line: Line,
    recorder: Option<&Recorder>,
    stop: &AtomicBool,
) -> Outcome<Line> {
    let mut buffer = vec![0; LONGEST];
    while !stop.load(Ordering::Relaxed) {
        if let Some(len) = received(server.recv(&mut buffer))? {
            recorder.map_or(Ok(()), |recorder| recorder.write(&buffer[..len]))?;
            line.pass(&buffer[..len], |packet| public.send_to(packet, client))?;
        }
        line.release(|packet| public.send_to(packet, client))?;
    }
    Ok(line)
}

impl Line {
    fn new(seed: u64, rates: Rates) -> Self {
        Self { random: Random::new(seed), rates, held: Vec::new(), counts: Counts::default() }
    }

    /// Decides what becomes of a packet, and sends what goes now.
    fn pass(&mut self, packet: &[u8], mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        self.counts.received += 1;
        // All are drawn, so that what one packet draws does not depend on the rates.
        let rates = self.rates;
        let [loss, corrupt, duplicate, reorder] = [rates.loss, rates.corrupt, rates.duplicate, rates.reorder]
            .map(|rate| self.random.below(100) < rate);
        let (place, behind) = (self.random.below(packet.len() * 8), 1 + self.random.below(BEHIND));
        if loss {
            self.counts.lost += 1;
            return Ok(());
        }
        let mut altered = Vec::new();
        let mut packet = packet;
        if corrupt && !packet.is_empty() {
            self.counts.corrupted += 1;
            altered.extend_from_slice(packet);
            altered[place / 8] ^= 1 << (place % 8);
            packet = &altered;
        }
        self.counts.duplicated += u64::from(duplicate);
        self.counts.reordered += u64::from(reorder);
        if !reorder {
            self.send(packet, &mut send)?;
        }
        for held in &mut self.held {
            held.behind = held.behind.saturating_sub(1);
        }
        if reorder || duplicate {
            let until = Instant::now() + HELD;
            self.held.push(Held { packet: packet.to_vec(), behind, until });
            if reorder && duplicate {
                self.held.push(Held { packet: packet.to_vec(), behind: behind + 1, until });
            }
        }
        Ok(())
    }

    /// Sends what was held back long enough.
    fn release(&mut self, mut send: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let now = Instant::now();
        let is_due = |held: &mut Held| held.behind == 0 || held.until <= now;
        for held in self.held.extract_if(.., is_due).collect::<Vec<_>>() {
            self.send(&held.packet, &mut send)?;
        }
        Ok(())
    }

    fn send(&mut self, packet: &[u8], send: &mut impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<()> {
        self.counts.sent += u64::from(received(send(packet))?.is_some());
        Ok(())
    }
}

impl Counts {
    fn text(&self) -> String {
        format!(
            "received={} lost={} corrupted={} duplicated={} reordered={} sent={}",
            self.received, self.lost, self.corrupted, self.duplicated, self.reordered, self.sent
        )
    }
}

/// `None` where there was nothing: in time, for a signal, or because nobody listens yet at the other side.
fn received<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::ConnectionRefused
                    | ErrorKind::Interrupted
                    | ErrorKind::TimedOut
                    | ErrorKind::WouldBlock
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
