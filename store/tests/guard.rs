//! Guards in databases: they answer as the one in memory does, over random calls; processes that race for the same events
//! get each once; and what a killed worker held is given to the next when its lease has ended.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic is the report of a failure"
)]

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tenantseal::{
    Error, StoreError,
    tenant::{Kek, Keyring, Policy},
    wecom::{Arrival, Callback, Claim, Departure, Event, Guard, MemoryGuard, Ticket, sender::Sender},
};
use tenantseal_harness::{Random, seed, size};
use tenantseal_store::{Fields, SqliteGuard, blocking::Vault};

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "wx5823bf96d3bd56c7";
/// Short, so that the test is; long enough for a loaded machine to act within it.
const LEASE: Duration = Duration::from_secs(2);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, spec, role, now] = &arguments[..]
        && flag == "--child"
    {
        child(spec, role, now.parse().unwrap());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    run("sqlite", &format!("sqlite:{}", folder.path().join("guard.db").display()));
    event_and_effects_are_done_together();
    others_are_waited_for_and_tables_are_checked();
    if cfg!(feature = "postgres") {
        match env::var("TENANTSEAL_POSTGRES") {
            Ok(server) => run("postgres", &format!("postgres:{server}")),
            Err(_) => {
                assert!(env::var("CI").as_deref() != Ok("true"), "no PostgreSQL: run by scripts/postgres.sh");
                println!("SKIPPED guards in PostgreSQL: no server; run by scripts/postgres.sh");
            }
        }
    }
}

fn run(kind: &str, spec: &str) {
    fresh_schema(spec);
    answers_as_memory_does(kind, &*open(spec));
    fresh_schema(spec);
    callbacks_share_it(kind, spec);
    #[cfg(feature = "postgres")]
    if kind == "postgres" {
        what_is_settled_when_it_is_claimed_again_is_done(spec);
    }
    claims_and_settlements_race(kind, spec);
    processes_race(kind, spec);
    a_killed_workers_event_comes_back(kind, spec);
    let (guard, entries) = counted(spec);
    sweeps_what_ran_out(kind, &*guard, &*entries);
}

fn open(spec: &str) -> Arc<dyn Guard> {
    counted(spec).0
}

type Entries = Box<dyn Fn() -> u64>;

/// A guard, and what says how many entries it has.
fn counted(spec: &str) -> (Arc<dyn Guard>, Entries) {
    let (kind, place) = spec.split_once(':').unwrap();
    match kind {
        "sqlite" => {
            let guard = Arc::new(SqliteGuard::open(place).unwrap());
            (guard.clone(), Box::new(move || guard.entries().unwrap()))
        }
        #[cfg(feature = "postgres")]
        "postgres" => {
            let config = format!("{place} options='-c search_path=guard'");
            let guard = Arc::new(tenantseal_store::PostgresGuard::connect(&config).unwrap());
            (guard.clone(), Box::new(move || guard.entries().unwrap()))
        }
        _ => panic!("no guard of that kind: {kind}"),
    }
}

fn fresh_schema(spec: &str) {
    if let Some(place) = spec.strip_prefix("postgres:") {
        let sql = "DROP SCHEMA IF EXISTS guard CASCADE; CREATE SCHEMA guard";
        let made = Command::new("psql").args(["-q", "-d", place, "-c", sql]).stderr(Stdio::null()).status();
        assert!(made.unwrap().success(), "psql");
    } else {
        let _ = std::fs::remove_file(spec.strip_prefix("sqlite:").unwrap());
    }
}

// --- one process ---------------------------------------------------------------------------------------------------

/// By how much the numbers of a guard in memory are larger.
const IN_MEMORY: u64 = 1 << 63;

/// Random arrivals, settlements and replies over few signatures and events, at a clock that goes on.
fn answers_as_memory_does(kind: &str, guard: &dyn Guard) {
    let seed = seed();
    let mut random = Random::new(seed);
    let memory = MemoryGuard::default();
    let mut now = Duration::from_secs(1_750_000_000);
    let mut claims: Vec<([u8; 32], u64)> = Vec::new();
    let mut counts = BTreeMap::new();
    let rounds = size(3_000);
    for round in 0..rounds {
        now += Duration::from_millis(random.below(400) as u64);
        let signature = [u8::try_from(random.below(12)).unwrap(); 20];
        let event = [u8::try_from(random.below(6)).unwrap(); 32];
        let callback_id = ["a", "b"][random.below(2)];
        let until = now + Duration::from_millis(random.below(8_000) as u64);
        match random.below(10) {
            0 => {
                let reply = Departure { callback_id, signature, until, now };
                assert_eq!(guard.replied(&reply), memory.replied(&reply), "seed {seed}, round {round}");
            }
            1..4 if !claims.is_empty() => {
                let at = if random.once_in(3) { random.below(claims.len()) } else { claims.len() - 1 };
                let (event, fencing) = claims[at];
                let fencing = fencing + u64::from(random.once_in(6));
                let settled = memory.done(&event, fencing, now);
                assert_eq!(
                    guard.done(&event, fencing - IN_MEMORY, now),
                    settled,
                    "seed {seed}, round {round}"
                );
                *counts.entry(format!("done {:?}", settled.err())).or_insert(0) += 1;
            }
            _ => {
                let arrival = Arrival {
                    callback_id,
                    signature,
                    signature_until: until,
                    event,
                    event_until: now + Duration::from_millis(random.below(8_000) as u64),
                    now,
                    lease: Duration::from_millis(random.below(3_000) as u64),
                };
                let expected = memory.claim(&arrival);
                let answer = guard.claim(&arrival).map(|ticket| match ticket.claim {
                    Claim::Fresh => Ticket { fencing: ticket.fencing + IN_MEMORY, ..ticket },
                    _ => ticket,
                });
                assert_eq!(answer, expected, "seed {seed}, round {round}: {arrival:?}");
                *counts.entry(format!("claim {:?}", expected.map(|ticket| ticket.claim))).or_insert(0) += 1;
                if let Ok(Ticket { claim: Claim::Fresh, event, fencing }) = expected {
                    claims.push((event, fencing));
                }
            }
        }
    }
    println!("{kind}: {rounds} random calls answered as in memory: {counts:?}");
    assert!(counts.len() >= 6, "every answer came: {counts:?}");
}

fn callback(guard: Arc<dyn Guard>, clock: &Arc<AtomicU64>) -> Callback {
    let clock = Arc::clone(clock);
    Callback::company_app(TOKEN, KEY, CORP)
        .unwrap()
        .lease(LEASE)
        .clock(move || Duration::from_millis(clock.load(SeqCst)))
        .guard(guard, "contacts")
        .unwrap()
}

fn post(now: u64, id: &str, nonce: &str) -> (String, Vec<u8>) {
    let message = format!("<xml><CreateTime>{now}</CreateTime><MsgId>{id}</MsgId></xml>");
    Sender::new(TOKEN, KEY, CORP).unwrap().post(message.as_bytes(), now, nonce).unwrap()
}

fn claim(app: &Callback, (query, body): &(String, Vec<u8>)) -> (Claim, Event) {
    let event = app.open(query, body).unwrap();
    (event.claim(), event)
}

/// Two callbacks with a handle each, as two processes have them.
fn callbacks_share_it(kind: &str, spec: &str) {
    const NOW: u64 = 1_750_000_000;
    let clock = Arc::new(AtomicU64::new(NOW * 1000));
    let (one, two) = (callback(open(spec), &clock), callback(open(spec), &clock));
    let genuine = post(NOW, "1", "a");
    let (first, event) = claim(&one, &genuine);
    assert_eq!((first, claim(&two, &genuine).0), (Claim::Fresh, Claim::InProgress));
    // The same inner message in another envelope is the same event.
    let retried = post(NOW, "1", "b");
    assert_eq!(claim(&two, &retried).0, Claim::InProgress);
    event.done().unwrap();
    event.done().unwrap();
    assert_eq!((claim(&two, &retried).0, claim(&one, &genuine).0), (Claim::Done, Claim::Done));
    // A lease that ends.
    let late = post(NOW, "2", "a");
    let (first, stale) = claim(&one, &late);
    clock.fetch_add(1_999, SeqCst);
    assert_eq!((first, claim(&two, &late).0), (Claim::Fresh, Claim::InProgress));
    clock.fetch_add(1, SeqCst);
    assert_eq!(stale.done(), Err(Error::ClaimExpired));
    let (second, fresh) = claim(&two, &late);
    assert_eq!(second, Claim::Fresh);
    assert!(stale.settlement().unwrap().unwrap().fencing < fresh.settlement().unwrap().unwrap().fencing);
    assert_eq!(stale.done(), Err(Error::ClaimExpired));
    fresh.done().unwrap();
    // A reply that comes back.
    let reply = fresh.reply(b"<xml/>").unwrap();
    let inner = tenantseal::wecom::Inner::parse(reply.to_json().into_bytes().leak()).unwrap();
    let field = |name: &str| inner.get(name).unwrap().to_owned();
    let query = format!(
        "msg_signature={}&timestamp={}&nonce={}",
        field("msgsignature"),
        field("timestamp"),
        field("nonce")
    );
    let body = format!("<xml><Encrypt>{}</Encrypt></xml>", field("encrypt"));
    let loose = |app: &Callback| app.clone().binding(tenantseal::wecom::Binding::IfPresent);
    assert_eq!(loose(&one).open(&query, body.as_bytes()).err(), Some(Error::Callback));
    assert_eq!(loose(&two).open(&query, body.as_bytes()).err(), Some(Error::Callback));
    println!("{kind}: two handles share claims, leases and replies");
}

fn sweeps_what_ran_out(kind: &str, guard: &dyn Guard, entries: &dyn Fn() -> u64) {
    let arrival = |number: u64, now: u64| {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&(number + 1_000_000).to_be_bytes());
        let now = Duration::from_secs(now);
        let signature = *key.first_chunk().unwrap();
        let until = now + Duration::from_secs(60);
        guard
            .claim(&Arrival {
                callback_id: "sweep",
                signature,
                signature_until: until,
                event: key,
                event_until: until,
                now,
                lease: LEASE,
            })
            .unwrap()
    };
    let before = entries();
    for number in 0..100 {
        arrival(number, 1_800_000_000);
    }
    assert!(entries() >= 200);
    // An hour of slack, for clocks that are behind: nothing of it goes.
    for number in 100..150 {
        arrival(number, 1_800_003_660);
    }
    assert!(entries() >= 300);
    for number in 150..250 {
        arrival(number, 1_800_003_661);
    }
    let left = entries();
    assert!(left <= 301, "{left} after {before}");
    println!("{kind}: entries that ran out are removed as others come");
}

// --- with a vault --------------------------------------------------------------------------------------------------

/// In a vault's file an event is done exactly if what was written with it is there.
fn event_and_effects_are_done_together() {
    const NOW: u64 = 1_750_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault.db");
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let policy = br#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"member","column":"name","type":"text","storage":"cell","class":["personal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let tenant = Vault::open(&path, &keys).unwrap().tenant("t").unwrap();
    let clock = Arc::new(AtomicU64::new(NOW * 1000));
    let app = callback(Arc::new(SqliteGuard::open(&path).unwrap()), &clock);
    let one = post(NOW, "1", "a");
    let (first, event) = claim(&app, &one);
    assert_eq!(first, Claim::Fresh);
    // Dropped before its commit: neither.
    let mut transaction = tenant.begin().unwrap();
    let id = transaction.insert("member", Fields::new().set("name", "a")).unwrap();
    transaction.settle(&event).unwrap();
    drop(transaction);
    assert!(tenant.get("member", id).unwrap().is_none());
    assert_eq!(claim(&app, &one).0, Claim::InProgress);
    // Committed: both.
    let mut transaction = tenant.begin().unwrap();
    let id = transaction.insert("member", Fields::new().set("name", "a")).unwrap();
    transaction.settle(&event).unwrap();
    transaction.commit().unwrap();
    assert!(tenant.get("member", id).unwrap().is_some());
    let (again, repeated) = claim(&app, &one);
    assert_eq!(again, Claim::Done);
    let mut transaction = tenant.begin().unwrap();
    assert_eq!(transaction.settle(&repeated), Err(Error::ClaimExpired));
    drop(transaction);
    // After the lease: the effects are taken back with the transaction.
    let two = post(NOW, "2", "a");
    let (_, stale) = claim(&app, &two);
    clock.fetch_add(2_000, SeqCst);
    let mut transaction = tenant.begin().unwrap();
    let id = transaction.insert("member", Fields::new().set("name", "b")).unwrap();
    assert_eq!(transaction.settle(&stale), Err(Error::ClaimExpired));
    drop(transaction);
    assert!(tenant.get("member", id).unwrap().is_none());
    assert_eq!(claim(&app, &two).0, Claim::Fresh);
    // An event of a guard in memory is not this guard's, whatever its number.
    let by_mistake = callback(Arc::new(MemoryGuard::default()), &clock);
    let three = post(NOW + 2, "5", "a");
    let (claimed, elsewhere) = (claim(&app, &three), claim(&by_mistake, &three));
    assert_eq!((claimed.0, elsewhere.0), (Claim::Fresh, Claim::Fresh));
    let mut transaction = tenant.begin().unwrap();
    assert_eq!(transaction.settle(&elsewhere.1), Err(Error::ClaimExpired));
    drop(transaction);
    // Without a guard there is nothing to settle, and with one elsewhere it is not here.
    let free = app.clone().without_guard();
    let mut transaction = tenant.begin().unwrap();
    transaction.settle(&claim(&free, &two).1).unwrap();
    drop(transaction);
    let bare = Vault::open(folder.path().join("other.db"), &keys).unwrap().tenant("t").unwrap();
    let mut transaction = bare.begin().unwrap();
    let elsewhere = claim(&app, &post(NOW, "3", "a")).1;
    assert_eq!(transaction.settle(&elsewhere), Err(Error::Store(StoreError::Schema)));
    println!("sqlite: an event in a vault's file is done exactly if its effects are there");
}

fn others_are_waited_for_and_tables_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("guard.db");
    let guard = SqliteGuard::open_with(&path, Duration::from_millis(50)).unwrap();
    let now = Duration::from_secs(1_750_000_000);
    let reply = Departure { callback_id: "a", signature: [1; 20], until: now, now };
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(guard.replied(&reply), Err(Error::Store(StoreError::Busy)));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(guard.replied(&reply), Ok(()));
    // The patience is one for all who wait: added up it would be eight times as long.
    let patience = Duration::from_millis(500);
    let guard = SqliteGuard::open_with(&path, patience).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(guard.replied(&reply), Err(Error::Store(StoreError::Busy))));
        }
    });
    assert!(begun.elapsed() < patience * 6, "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    // Tables of another shape, and tables in part.
    other.execute_batch("DROP TABLE tenantseal_guard_fencing").unwrap();
    assert_eq!(SqliteGuard::open(&path).err(), Some(Error::Store(StoreError::Schema)));
    other.execute_batch("CREATE TABLE tenantseal_guard_fencing (other)").unwrap();
    assert_eq!(SqliteGuard::open(&path).err(), Some(Error::Store(StoreError::Schema)));
    assert_eq!(SqliteGuard::open(":memory:").err(), Some(Error::Value));
}

/// The lease ends, and the sender tries again, while the transaction that settles the event is on its way.
#[cfg(feature = "postgres")]
fn what_is_settled_when_it_is_claimed_again_is_done(spec: &str) {
    let arrival = |signature: u8, now: u64| Arrival {
        callback_id: "late",
        signature: [signature; 20],
        signature_until: Duration::from_secs(2_000),
        event: [77; 32],
        event_until: Duration::from_secs(2_000),
        now: Duration::from_millis(now),
        lease: Duration::from_millis(4_000),
    };
    let first = open(spec).claim(&arrival(1, 1_000_000)).unwrap();
    assert_eq!(first.claim, Claim::Fresh);
    let place = spec.strip_prefix("postgres:").unwrap();
    let event: String = first.event.iter().map(|byte| format!("{byte:02x}")).collect();
    let settle = tenantseal_store::SETTLE
        .replace("$1", &format!("'\\x{event}'::bytea"))
        .replace("$2", &first.fencing.to_string())
        .replace("$3", "1003900");
    let mut worker = Command::new("psql")
        .args(["-q", "-t", "-A", "-d", place])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = worker.stdin.take().unwrap();
    writeln!(said, "SET search_path = guard; BEGIN; {settle} RETURNING done; SELECT pg_sleep(0.5);").unwrap();
    let mut told = BufReader::new(worker.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert_eq!(line.trim(), "1", "one row was settled");
    let retry = thread::scope(|scope| {
        let guard = open(spec);
        let retry = scope.spawn(move || guard.claim(&arrival(2, 1_004_100)).unwrap());
        writeln!(said, "COMMIT;").unwrap();
        drop(said);
        retry.join().unwrap()
    });
    worker.wait().unwrap();
    assert_eq!(retry.claim, Claim::Done);
    println!("postgres: what was settled in time and committed late is done for whoever has waited for it");
}

/// A worker settles at the end of its lease while another claims the event.
fn claims_and_settlements_race(kind: &str, spec: &str) {
    let (one, two) = (open(spec), open(spec));
    let (rounds, mut settled, mut fresh) = (size(150), 0, 0);
    for round in 0..rounds {
        let mut event = [0x55; 32];
        event[..8].copy_from_slice(&(round as u64).to_be_bytes());
        let arrival = |signature: u8, now: u64| {
            let mut bytes = [signature; 20];
            bytes[..8].copy_from_slice(&(round as u64 + (1 << 40)).to_be_bytes());
            Arrival {
                callback_id: "race",
                signature: bytes,
                signature_until: Duration::from_secs(2_000),
                event,
                event_until: Duration::from_secs(2_000),
                now: Duration::from_millis(now),
                lease: Duration::from_millis(4_000),
            }
        };
        let ticket = one.claim(&arrival(1, 1_000_000)).unwrap();
        assert_eq!(ticket.claim, Claim::Fresh);
        let (done, again) = thread::scope(|scope| {
            let again = scope.spawn(|| two.claim(&arrival(2, 1_004_001)).unwrap());
            // So that now the one is first, now the other.
            thread::sleep(Duration::from_micros(20 * (round as u64 % 30)));
            (one.done(&event, ticket.fencing, Duration::from_millis(1_003_999)), again.join().unwrap().claim)
        });
        settled += usize::from(done.is_ok());
        fresh += usize::from(again == Claim::Fresh);
        assert!(done.is_ok() != (again == Claim::Fresh), "round {round}: {done:?} and {again:?}");
    }
    println!("{kind}: of {rounds} races {settled} were settled, {fresh} fresh again, none both");
}

// --- several processes ---------------------------------------------------------------------------------------------

struct Other {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Other {
    fn start(spec: &str, role: &str, now: u64) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--child", spec, role, &now.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, told }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn child(spec: &str, role: &str, now: u64) {
    let app =
        Callback::company_app(TOKEN, KEY, CORP).unwrap().lease(LEASE).guard(open(spec), "contacts").unwrap();
    match role {
        "race" => {
            println!("ready");
            std::io::stdout().flush().unwrap();
            std::io::stdin().read_line(&mut String::new()).unwrap();
            for number in 0..EVENTS {
                // Each process sends another envelope of the same event, as retries are.
                let posted = post(now, &format!("race-{number}"), &format!("p{}", std::process::id()));
                let (claim, event) = claim(&app, &posted);
                if claim == Claim::Fresh {
                    event.done().unwrap();
                    println!("{number}");
                }
                // Or the one that begins has everything before the others do.
                thread::sleep(Duration::from_millis(1));
            }
            println!("end");
        }
        "hold" => {
            let (claim, event) = claim(&app, &post(now, "held", "a"));
            println!("{claim:?}");
            std::io::stdout().flush().unwrap();
            thread::sleep(Duration::from_secs(60));
            drop(event);
        }
        _ => panic!("no such role: {role}"),
    }
}

const EVENTS: usize = 200;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn processes_race(kind: &str, spec: &str) {
    let now = now();
    let mut others: Vec<Other> = (0..3).map(|_| Other::start(spec, "race", now)).collect();
    let mut fresh = vec![0; EVENTS];
    let mut shares = Vec::new();
    for other in &mut others {
        assert_eq!(other.line(), "ready");
    }
    // Now all at once.
    for other in &mut others {
        other.child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }
    for other in &mut others {
        let mut share = 0;
        loop {
            match other.line().as_str() {
                "end" => break,
                number => fresh[number.parse::<usize>().unwrap()] += 1,
            }
            share += 1;
        }
        shares.push(share);
    }
    assert!(fresh.iter().all(|count| *count == 1), "each event is fresh once: {fresh:?}");
    // How evenly they shared is the scheduler's affair: it is printed and not asserted.
    println!("{kind}: three processes shared {EVENTS} events, each fresh once: {shares:?}");
}

/// Killed between claim and done.
fn a_killed_workers_event_comes_back(kind: &str, spec: &str) {
    let now = now();
    let app =
        Callback::company_app(TOKEN, KEY, CORP).unwrap().lease(LEASE).guard(open(spec), "contacts").unwrap();
    let mut other = Other::start(spec, "hold", now);
    assert_eq!(other.line(), "Fresh");
    let begun = Instant::now();
    let again = post(now, "held", "b");
    assert_eq!(claim(&app, &again).0, Claim::InProgress);
    drop(other);
    let event = loop {
        let (claim, event) = claim(&app, &again);
        match claim {
            Claim::Fresh => break event,
            Claim::InProgress => thread::sleep(Duration::from_millis(20)),
            Claim::Done => panic!("nobody settled it"),
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it never came back");
    };
    let waited = begun.elapsed().as_millis();
    event.done().unwrap();
    assert_eq!(claim(&app, &post(now, "held", "c")).0, Claim::Done);
    println!(
        "{kind}: what a killed worker held was fresh again after {waited} ms of a lease of {}",
        LEASE.as_millis()
    );
}
