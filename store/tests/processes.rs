//! Three processes on one store: what one does to a key, the two others notice within the stated time, with handles that they
//! have kept since before.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    field::CellHeader,
    tenant::{
        Kek, Keyring, KeyringOptions, NoGrants, Passphrase, PassphraseCost, Policy, RecordStore, TenantState,
    },
};
use tenantseal_store::SqliteRecords;

/// What the processes are told to know of the store: one second old at most.
const WITHIN: Duration = Duration::from_secs(1);
/// Far above it and what a loaded machine adds; a process that does not look never gets there.
const PATIENCE: Duration = Duration::from_secs(30);

const POLICY: &[u8] = br#"{"tenantseal_policy":1,"version":1,"fields":[
    {"table":"member","column":"name","type":"text","storage":"cell","class":["personal"],"bind":"row"}]}"#;

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("--child") {
        let spec = arguments.next().unwrap_or_else(|| panic!("no store"));
        watch(&spec).unwrap_or_else(|error| panic!("the child: {error}"));
        return;
    }
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let path = |name: &str| folder.path().join(name).display().to_string();
    run(&format!("file:{}", path("keys.ts")));
    run(&format!("sqlite:{}", path("keys.db")));
    if cfg!(feature = "postgres") {
        match env::var("TENANTSEAL_POSTGRES") {
            Ok(server) => run(&format!("postgres:{server}")),
            Err(_) => {
                assert!(env::var("CI").as_deref() != Ok("true"), "no PostgreSQL: run by scripts/postgres.sh");
                println!("SKIPPED processes on PostgreSQL: no server; run by scripts/postgres.sh");
            }
        }
    }
}

/// Rotates, suspends, restores and shreds, and waits each time until both others have noticed.
fn run(spec: &str) {
    let kind = spec.split(':').next().unwrap_or_default();
    act(spec, kind).unwrap_or_else(|error| panic!("{kind}: {error}"));
}

fn act(spec: &str, kind: &str) -> Result<(), Error> {
    let keys = open(spec, true)?;
    keys.install_policy(Policy::from_json(POLICY)?)?;
    keys.create_tenant("t")?;
    let mut others = [Other::start(spec), Other::start(spec)];
    let mut expect = |told: &str, why: &str| {
        let begun = Instant::now();
        for other in &mut others {
            other.wait_for(told, &format!("{kind}: {why}"));
        }
        println!("{kind}: {why}: both others after {} ms at most", begun.elapsed().as_millis());
    };
    expect("generation 1", "begun");
    keys.rotate_tenant("t")?;
    expect("generation 2", "rotated");
    keys.suspend_tenant("t", None)?;
    expect(&Error::Suspended.code().to_string(), "suspended");
    keys.restore_tenant("t")?;
    expect("generation 2", "restored");
    keys.suspend_tenant("t", Some(UNIX_EPOCH + Duration::from_secs(1)))?;
    expect(&Error::Suspended.code().to_string(), "suspended");
    keys.shred_tenant("t", &NoGrants)?;
    expect(&Error::Shredded.code().to_string(), "shredded");
    assert_eq!(keys.tenant_state("t")?, TenantState::Shredded);
    Ok(())
}

/// Seals with one handle, over and over, and tells whenever the outcome is another.
fn watch(spec: &str) -> Result<(), Error> {
    let name = open(spec, false)?.tenant("t")?.field("member.name")?;
    let (mut last, begun) = (String::new(), Instant::now());
    while begun.elapsed() < PATIENCE * 4 {
        let outcome = match name.seal(1, "x") {
            Ok(cell) => format!("generation {}", CellHeader::parse(&cell)?.generation.to_u32()),
            Err(error) => error.code().to_string(),
        };
        if outcome != last {
            println!("{outcome}");
            std::io::stdout().flush()?;
            last = outcome;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn open(spec: &str, create: bool) -> Result<Keyring, Error> {
    let options = KeyringOptions::new().staleness(WITHIN, PATIENCE).passphrase_cost(PassphraseCost::MINIMUM);
    let (kind, place) = spec.split_once(':').unwrap_or_default();
    let store: Arc<dyn RecordStore> = match kind {
        "file" => {
            let passphrase = Passphrase::try_from("correct horse battery staple")?;
            return if create {
                Keyring::create_with(place, &passphrase, &options)
            } else {
                Keyring::open_with(place, &passphrase, &options)
            };
        }
        "sqlite" => Arc::new(SqliteRecords::open(Path::new(place))?),
        #[cfg(feature = "postgres")]
        "postgres" => {
            // A schema of its own, so that the server may be used for other tests as well.
            let schema = "processes";
            if create {
                let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
                let made = Command::new("psql")
                    .args(["-q", "-d", place, "-c", &sql])
                    .stderr(Stdio::null())
                    .status()?;
                assert!(made.success(), "psql");
            }
            let config = format!("{place} options='-c search_path={schema}'");
            Arc::new(tenantseal_store::PostgresRecords::connect(&config)?)
        }
        _ => panic!("no store of that kind: {kind}"),
    };
    let mut kek = [7; Kek::LEN];
    kek.iter_mut().zip(0..).for_each(|(byte, at)| *byte ^= at);
    Keyring::over(&Kek::from_bytes(&kek)?, store, &options)
}

/// Another process, and what it tells.
struct Other {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Other {
    fn start(spec: &str) -> Self {
        let program = env::current_exe().unwrap_or_else(|error| panic!("{error}"));
        let mut command = Command::new(program);
        let started = command.args(["--child", spec]).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{error}"));
        let told = child.stdout.take().unwrap_or_else(|| panic!("no output"));
        Self { child, told: BufReader::new(told) }
    }

    /// Waits until the process tells this next.
    fn wait_for(&mut self, expected: &str, why: &str) {
        let begun = Instant::now();
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap_or_else(|error| panic!("{why}: {error}"));
        assert_eq!(line.trim_end(), expected, "{why}");
        assert!(begun.elapsed() < PATIENCE, "{why}: noticed too late");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
