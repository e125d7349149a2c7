//! One end: what a TUN device gives goes out in UDP, and what UDP brings goes to the device.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, UdpSocket},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use socket2::SockRef;
use tenantseal::{
    Error,
    session::{Limits, Sender},
};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

use crate::{
    Outcome,
    keys::Identity,
    record::{Kind, Recorder},
    sessions::Sessions,
};

#[derive(Args)]
pub struct Options {
    /// The TUN device; one that is there keeps its addresses
    #[arg(long)]
    device: String,
    /// Where UDP is sent from and received
    #[arg(long)]
    bind: SocketAddr,
    /// The other end, which is called; without it this end listens
    #[arg(long)]
    to: Option<SocketAddr>,
    /// Send everything as it is, for comparison: no keys, no sessions
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    who: Option<Who>,
    /// How long a session lasts at most
    #[arg(long, default_value_t = 180)]
    session_seconds: u64,
    /// How many packets a session has at most
    #[arg(long, default_value_t = 1 << 29)]
    session_packets: u64,
    /// Write what is read from the device to FOLDER/read.pcap, and what is written to it to FOLDER/written.pcap
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
}

#[derive(Args)]
#[group(conflicts_with = "plain")]
struct Who {
    /// The folder that `keys` has filled
    #[arg(long, required = false)]
    folder: PathBuf,
    /// The tenant of both ends
    #[arg(long, required = false)]
    tenant: String,
    /// This end's name
    #[arg(long, required = false)]
    name: String,
    /// The other's name
    #[arg(long, required = false)]
    peer: String,
}

/// What the two threads share.
pub struct End {
    device: SyncDevice,
    socket: UdpSocket,
    way: Mutex<Way>,
    /// What was read from the device and written to it.
    recorders: Option<[Recorder; 2]>,
    /// Packets for which there was no way, or the network had no room.
    unsent: AtomicU64,
}

/// How packets go out.
#[derive(Clone, Default)]
pub struct Way {
    /// Who listens learns it from the first packet that is genuine.
    pub to: Option<SocketAddr>,
    pub sender: Option<Arc<Sender>>,
}

/// What handles packets that came in.
enum Inward {
    Plain,
    Sealed(Box<Sessions>),
}

/// How often timers are looked at.
const TICK: Duration = Duration::from_millis(50);
/// A datagram has so many bytes before what is in it, and as many behind it: [`Sender::seal_in_place`].
const AROUND: usize = Sender::HEADER;
/// What a socket holds while its thread does not run, in bytes, as far as the kernel allows: the default is some 90 packets.
const ROOM: usize = 4 << 20;

pub fn run(options: &Options, stop: &AtomicBool) -> Outcome<()> {
    let end = Arc::new(End::new(options)?);
    let mut inward = match &options.who {
        None if options.plain => Inward::Plain,
        // Never for want of an argument.
        None => return Err("--plain, or who the ends are: --folder, --tenant, --name, --peer".into()),
        Some(who) => {
            let limits =
                Limits::new().session(options.session_packets, Duration::from_secs(options.session_seconds));
            let identity = Identity::open(&who.folder, &who.tenant, &who.name, &who.peer, limits)?;
            Inward::Sealed(Box::new(Sessions::new(
                end.clone(),
                identity,
                options.to,
                options.session_packets,
            )?))
        }
    };
    let is_plain = options.plain;
    let outward = thread::spawn({
        let end = end.clone();
        move || end.outward(is_plain)
    });
    println!("end: ready");

    let mut buffer = vec![0; Sender::MAX_PACKET];
    let mut tick = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        match end.socket.recv_from(&mut buffer) {
            Ok((len, source)) => inward.take(&end, &mut buffer[..len], source)?,
            Err(error) if is_nothing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if tick.elapsed() >= TICK {
            tick = Instant::now();
            if outward.is_finished() {
                return outward.join().map_err(|_| "a thread panicked")?;
            }
            if let Inward::Sealed(sessions) = &mut inward {
                sessions.tick()?;
            }
        }
    }
    for recorder in end.recorders.iter().flatten() {
        recorder.flush()?;
    }
    let unsent = end.unsent.load(Ordering::Relaxed);
    match inward {
        Inward::Plain => println!("end: plain unsent={unsent}"),
        Inward::Sealed(sessions) => println!("end: {} unsent={unsent}", sessions.text()),
    }
    Ok(())
}

impl End {
    fn new(options: &Options) -> Outcome<Self> {
        let device = DeviceBuilder::new().name(&options.device).layer(Layer::L3).inherit_enable_state();
        let device = device.build_sync()?;
        let socket = socket(options.bind, TICK)?;
        let recorders = match &options.record {
            None => None,
            Some(folder) => Some([
                Recorder::create(&folder.join("read.pcap"), Kind::Ip)?,
                Recorder::create(&folder.join("written.pcap"), Kind::Ip)?,
            ]),
        };
        let way = Mutex::new(Way { to: options.to, sender: None });
        Ok(Self { device, socket, way, recorders, unsent: AtomicU64::new(0) })
    }

    pub fn set_way(&self, change: impl FnOnce(&mut Way)) {
        change(&mut self.way.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A packet that is lost here is like one that is lost on the way.
    pub fn send(&self, packet: &[u8], to: SocketAddr) {
        if self.socket.send_to(packet, to).is_err() {
            self.unsent.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Hands a packet to this machine. Its kernel refuses what is no IP packet.
    pub fn deliver(&self, packet: &[u8]) -> Outcome<()> {
        if let Some([_, written]) = &self.recorders {
            written.write(packet)?;
        }
        match self.device.send(packet) {
            Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The thread from the device to the network.
    fn outward(&self, is_plain: bool) -> Outcome<()> {
        let mut buffer = vec![0; Sender::MAX_PACKET];
        loop {
            // The packet is read to where it is sealed: nothing is copied, with encryption and without.
            let room = Sender::MAX_PACKET - AROUND;
            let len = self.device.recv(&mut buffer[AROUND..room])?;
            if let Some([read, _]) = &self.recorders {
                read.write(&buffer[AROUND..AROUND + len])?;
            }
            let way = self.way.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match (way.to, way.sender) {
                (Some(to), None) if is_plain => self.send(&buffer[AROUND..AROUND + len], to),
                (Some(to), Some(sender)) => {
                    let packet = &mut buffer[..len + Sender::OVERHEAD];
                    match sender.seal_in_place(packet) {
                        Ok(()) => self.send(packet, to),
                        // The other thread is about to have a new session.
                        Err(Error::SessionExpired) => self.count_unsent(),
                        Err(error) => return Err(error.into()),
                    }
                }
                _ => self.count_unsent(),
            }
        }
    }

    fn count_unsent(&self) {
        self.unsent.fetch_add(1, Ordering::Relaxed);
    }
}

impl Inward {
    fn take(&mut self, end: &End, packet: &mut [u8], source: SocketAddr) -> Outcome<()> {
        match self {
            Self::Plain => {
                end.set_way(|way| way.to = Some(source));
                end.deliver(packet)
            }
            Self::Sealed(sessions) => sessions.take(packet, source),
        }
    }
}

/// A socket that waits for so long at most.
pub fn socket(bind: SocketAddr, patience: Duration) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(bind)?;
    socket.set_read_timeout(Some(patience))?;
    SockRef::from(&socket).set_recv_buffer_size(ROOM)?;
    Ok(socket)
}

/// Nothing came in time, or a signal did.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
