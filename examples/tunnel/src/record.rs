//! Packets in a file, as pcap.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufWriter, Write},
    path::Path,
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::Outcome;

/// Writes packets that several threads see.
pub struct Recorder(Mutex<BufWriter<File>>);

/// What the packets are. Numbers of the registry of link types of pcap.
#[derive(Clone, Copy)]
pub enum Kind {
    /// LINKTYPE_RAW.
    Ip = 101,
    /// LINKTYPE_USER0: what is in UDP, without headers.
    Payload = 147,
}

impl Recorder {
    pub fn create(path: &Path, kind: Kind) -> Outcome<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        // The magic number of microseconds, version 2.4, two fields of no use, the longest packet.
        for field in [0xa1b2_c3d4, 0x0004_0002, 0, 0, 0xffff, kind as u32] {
            file.write_all(&u32::to_le_bytes(field))?;
        }
        Ok(Self(Mutex::new(file)))
    }

    pub fn write(&self, packet: &[u8]) -> Outcome<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let len = u32::try_from(packet.len())?;
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for field in [u32::try_from(now.as_secs())?, now.subsec_micros(), len, len] {
            file.write_all(&field.to_le_bytes())?;
        }
        Ok(file.write_all(packet)?)
    }

    /// A thread that waits for a packet still has the file when the program ends.
    pub fn flush(&self) -> Outcome<()> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()?)
    }
}

/// That every packet of `written` is in `read`, and at least as often.
pub fn compare(read: &Path, written: &Path) -> Outcome<()> {
    let (read, written) = (fs::read(read)?, fs::read(written)?);
    let mut counts: HashMap<&[u8], u64> = HashMap::new();
    for packet in packets(&read)? {
        *counts.entry(packet).or_default() += 1;
    }
    let (mut foreign, mut repeated, mut good) = (0, 0, 0);
    for packet in packets(&written)? {
        match counts.get_mut(packet) {
            None => foreign += 1,
            Some(0) => repeated += 1,
            Some(count) => {
                *count -= 1;
                good += 1;
            }
        }
    }
    println!("compare: good={good} repeated={repeated} foreign={foreign}");
    if good == 0 || repeated + foreign > 0 { Err("not what was sent".into()) } else { Ok(()) }
}

fn packets(file: &[u8]) -> Outcome<Vec<&[u8]>> {
    let (_, mut rest) = file.split_at_checked(24).ok_or("no pcap file")?;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_first_chunk::<16>().ok_or("a cut pcap file")?;
        let len = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let (packet, after) = after.split_at_checked(usize::try_from(len)?).ok_or("a cut pcap file")?;
        packets.push(packet);
        rest = after;
    }
    Ok(packets)
}
