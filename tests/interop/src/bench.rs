//! The same message, verified and decrypted by each in turn.

use serde_json::{Value, json};
use tenantseal::wecom::sender::Sender;

use crate::{
    ours::{CORP, KEY, NONCE, NOW, Subject, TOKEN, message},
    peer::{Peer, open_request},
    wire::Wire,
};

/// What a size is called, and how long the content is: 5 characters give an Encrypt of 472, as the official sample has.
pub const SIZES: [(&str, usize); 2] = [("472", 5), ("64 KiB", 65_259)];

/// What is aimed at for one measurement, in nanoseconds.
const SPAN: f64 = 2e8;

struct Row {
    title: String,
    checks: &'static str,
    /// Which of the peers, and what of it.
    peer: usize,
    subject: Option<Subject>,
    times: Vec<f64>,
}

pub fn run(rounds: &str, programs: &[&str]) -> Result<(), String> {
    let rounds: usize = rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or("no number of rounds")?;
    let (mut peers, mut rows) = (Vec::new(), Vec::new());
    for program in programs {
        let row =
            |title, checks, subject| Row { title, checks, peer: peers.len(), subject, times: Vec::new() };
        if let Some((label, program)) = program.split_once('=') {
            rows.extend(
                Subject::ALL.map(|subject| {
                    row(format!("{}, {label}", subject.name()), subject.checks(), Some(subject))
                }),
            );
            peers.push(Peer::start(program)?);
        } else {
            let peer = Peer::start(program)?;
            let title = format!("{} {}, {}", peer.name, peer.version, peer.profile.language);
            rows.push(row(title, peer.profile.opens, None));
            peers.push(peer);
        }
    }
    let linked = Peer::linked()?;
    let title = format!("{} {}, {}", linked.name, linked.version, linked.profile.language);
    rows.push(Row {
        title,
        checks: linked.profile.opens,
        peer: peers.len(),
        subject: None,
        times: Vec::new(),
    });
    peers.push(linked);
    for (size, content) in SIZES {
        measure(&mut peers, &mut rows, rounds, content)?;
        print(size, &rows);
    }
    println!("\nwhat each does with a message:");
    for row in &rows {
        println!("  {:<46} {}", row.title, row.checks);
    }
    Ok(())
}

fn measure(peers: &mut [Peer], rows: &mut [Row], rounds: usize, content: usize) -> Result<(), String> {
    let text = message(1, NOW, content);
    let sender = Sender::new(TOKEN, KEY, CORP).map_err(|error| error.to_string())?;
    let (query, body) = sender.post(text.as_bytes(), NOW, NONCE).map_err(|error| error.to_string())?;
    let body = String::from_utf8(body).map_err(|error| error.to_string())?;
    let mut base = open_request(TOKEN, KEY, CORP, &Wire { query: Some(query), body: Some(body) });
    base["content"] = content.into();
    let mut counts = Vec::new();
    for row in &mut *rows {
        row.times.clear();
        // A first guess, and then as long as a compiler that works meanwhile may need.
        let guess = peers[row.peer].bench(request(&base, row), 100)? / 100.0;
        let count = whole(5.0 * SPAN / guess);
        let time = peers[row.peer].bench(request(&base, row), count)? / f64::from(count_of(count)?);
        counts.push(whole(SPAN / time));
    }
    for _ in 0..rounds {
        for (row, count) in rows.iter_mut().zip(&counts) {
            let time = peers[row.peer].bench(request(&base, row), *count)?;
            row.times.push(time / f64::from(count_of(*count)?));
        }
    }
    Ok(())
}

fn request(base: &Value, row: &Row) -> Value {
    let mut request = base.clone();
    if let Some(subject) = row.subject {
        request["subject"] = json!(subject.name());
    }
    request
}

/// A count of messages of at least 16.
fn whole(count: f64) -> u64 {
    let mut whole = 16;
    while f64::from(u32::try_from(whole * 2).unwrap_or(u32::MAX)) <= count && whole < 1 << 24 {
        whole *= 2;
    }
    whole
}

fn count_of(count: u64) -> Result<u32, String> {
    u32::try_from(count).map_err(|error| error.to_string())
}

fn print(size: &str, rows: &[Row]) {
    println!("\n{size}: ns for a message; the ratio is to {}", rows.first().map_or("", |row| &row.title));
    println!("  {:<46} {:>10} {:>10} {:>7}", "", "least", "median", "ratio");
    let mut unit = None;
    for row in rows {
        let mut times = row.times.clone();
        times.sort_by(f64::total_cmp);
        let (Some(least), Some(median)) = (times.first(), times.get(times.len() / 2)) else { continue };
        let unit = *unit.get_or_insert(*median);
        println!("  {:<46} {least:>10.0} {median:>10.0} {:>7.2}", row.title, median / unit);
    }
}
