//! IP packets through sessions: two TUN devices, and a relay between them that does what bad networks do. README.md says
//! what is shown; `scripts/tunnel.sh` runs it.
#![forbid(unsafe_code)]

mod end;
mod keys;
mod record;
mod relay;
mod sessions;

use std::{
    error::Error,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use clap::{Parser, Subcommand};
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
#[command(name = "tunnel", about = "IP packets through sessions of tenantseal")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compare what one end read from its device with what the other wrote to its own: nothing else, nothing twice
    Compare { read: PathBuf, written: PathBuf },
    /// One end: a TUN device, a UDP socket and sessions with the other end
    End(end::Options),
    /// Make the key files of the tenants acme and other, and the private and public keys of phone and laptop
    Keys { folder: PathBuf },
    /// UDP between clients and a server, with losses, repetitions, changes and another order
    Relay(relay::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tunnel: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome<()> {
    let stop = until_signal()?;
    match command {
        Command::Compare { read, written } => record::compare(&read, &written),
        Command::End(options) => end::run(&options, &stop),
        Command::Keys { folder } => keys::make(&folder),
        Command::Relay(options) => relay::run(&options, &stop),
    }
}

/// Set when the program is to end: what it counted is printed then.
fn until_signal() -> Outcome<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, stop.clone())?;
    }
    Ok(stop)
}
