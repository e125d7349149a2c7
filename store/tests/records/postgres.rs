//! What only PostgreSQL can show, on a server that `scripts/postgres.sh` starts.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::{ChildStdin, ChildStdout},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
};

use tenantseal::tenant::{Kek, Keyring, KeyringOptions, NoGrants, TenantState};
use tenantseal_store::{PostgresOptions, PostgresRecords};

use super::*;

pub(super) fn open(config: &str, patience: Duration) -> Result<Box<dyn Records>, Error> {
    let options = PostgresOptions::new().busy_timeout(patience).deadline(patience + Duration::from_secs(30));
    Ok(Box::new(PostgresRecords::connect_with(config, options)?))
}

impl Records for PostgresRecords {
    fn events(&self, after_serial: u64, limit: usize) -> Result<Vec<StoredEvent>, Error> {
        Self::events(self, after_serial, limit)
    }
}

/// The server to use; a line for each test that is skipped, and a failure where everything must run.
fn server() -> Option<String> {
    let server = env::var("TENANTSEAL_POSTGRES").ok();
    if server.is_none() {
        assert!(env::var("CI").as_deref() != Ok("true"), "no PostgreSQL: run by scripts/postgres.sh");
        let test = thread::current().name().unwrap_or_default().to_owned();
        // Not by `println`, which the harness keeps to itself.
        let mut out = std::io::stdout();
        writeln!(out, "SKIPPED {test}: no PostgreSQL; run by scripts/postgres.sh").unwrap();
    }
    server
}

/// A database of its own.
pub(super) struct Postgres {
    server: String,
    name: String,
}

impl Postgres {
    pub(super) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = server()?;
        let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        query(&server, &format!("CREATE DATABASE {name} TEMPLATE template0"));
        Some(Self { server, name })
    }

    fn config(&self) -> String {
        format!("{} dbname={}", self.server, self.name)
    }

    /// The same database, reached in another way.
    fn config_at(&self, host: &str) -> String {
        let config = self.config();
        let rest = config.split(' ').filter(|part| !part.starts_with("host=") && !part.starts_with("port="));
        format!("{} {host}", rest.collect::<Vec<_>>().join(" "))
    }

    /// As somebody else, who has the password `p`.
    fn config_of(&self, role: &str) -> String {
        format!("{} user={role} password=p", self.config())
    }

    fn query(&self, sql: &str) -> String {
        query(&self.config(), sql)
    }

    fn role(&self, suffix: &str) -> String {
        let role = format!("{}_{suffix}", self.name);
        self.query(&format!("CREATE ROLE {role} LOGIN PASSWORD 'p'"));
        role
    }

    /// One with the rights that are documented for who writes.
    fn writer(&self) -> String {
        let role = self.role("writer");
        for grant in [
            "USAGE ON SCHEMA public",
            "SELECT ON tenantseal_keys, tenantseal_key_state, tenantseal_key_events",
            "INSERT, UPDATE, DELETE ON tenantseal_keys",
            "UPDATE ON tenantseal_key_state",
            "INSERT ON tenantseal_key_events",
        ] {
            self.query(&format!("GRANT {grant} TO {role}"));
        }
        role
    }

    fn store(&self) -> PostgresRecords {
        PostgresRecords::connect(&self.config()).unwrap()
    }

    /// Ends what the store has of connections, as an operator would.
    fn terminate(&self) {
        self.query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'tenantseal'",
        );
    }

    /// Which files of the database hold the needle, after everything was written to them.
    fn files_with(&self, needle: &[u8]) -> Vec<PathBuf> {
        self.query("CHECKPOINT");
        let folder = self.query("SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()");
        let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files.filter(|file| contains(&fs::read(file).unwrap(), needle)).collect()
    }
}

impl Place for Postgres {
    fn spec(&self) -> String {
        format!("postgres:{}", self.config())
    }

    fn sql(&self, sql: &str) {
        self.query(sql);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if !thread::panicking() {
            query(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

fn query(config: &str, sql: &str) -> String {
    let psql =
        Command::new("psql").args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, config]).output().unwrap();
    assert!(psql.status.success(), "{sql}: {}", String::from_utf8_lossy(&psql.stderr));
    String::from_utf8(psql.stdout).unwrap().trim().to_owned()
}

/// A session of somebody else, for as long as the test holds it.
struct Session(Child, ChildStdin, BufReader<ChildStdout>);

impl Session {
    fn new(config: &str, sql: &str) -> Self {
        let mut psql = Command::new("psql")
            .args(["-XAtq", config])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (psql.stdin.take().unwrap(), BufReader::new(psql.stdout.take().unwrap()));
        let mut session = Self(psql, stdin, stdout);
        session.run(sql);
        session
    }

    /// Runs SQL to its end.
    fn run(&mut self, sql: &str) {
        writeln!(self.1, "{sql};\n\\echo done").unwrap();
        let mut line = String::new();
        while line.trim_end() != "done" {
            line.clear();
            assert!(self.2.read_line(&mut line).unwrap() > 0, "psql has ended");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What comes in the end: other tests have transactions of their own on this server.
fn patiently<T>(act: impl Fn() -> Result<T, Error>) -> T {
    let start = Instant::now();
    loop {
        match act() {
            Err(Error::Store(StoreError::Busy)) if start.elapsed() < Duration::from_secs(30) => {}
            result => return result.unwrap(),
        }
    }
}

fn denied<T>(result: Result<T, Error>) {
    assert_eq!(result.err(), Some(Error::Io(ErrorKind::PermissionDenied)));
}

fn closed<T>(result: Result<T, Error>) {
    assert_eq!(result.err(), Some(Error::Store(StoreError::Closed)));
}

#[test]
fn scrub_leaves_nothing_of_deleted_entries_in_relation_files() {
    let Some(place) = Postgres::new() else { return };
    // Patient with the transactions that other tests have on this server.
    let options =
        PostgresOptions::new().busy_timeout(Duration::from_secs(30)).deadline(Duration::from_secs(60));
    let store = PostgresRecords::connect_with(&place.config(), options).unwrap();
    let mut random = Random::new();
    let (small, large) = (random.bytes(32), random.bytes(50_000));
    let within_large = &large[100..132];
    for n in 0..50_u64 {
        commit(&store, &[put(&n.to_be_bytes(), &random.bytes(150))]);
    }
    commit(&store, &[put(b"small", &small), put(b"large", &large)]);
    commit(&store, &[delete(b"small"), delete(b"large")]);
    // The control: deleted rows are still there, in the table and in what holds its large values.
    assert_eq!(place.files_with(&small).len(), 1);
    assert_eq!(place.files_with(within_large).len(), 1);
    assert_eq!(store.scrub(), Ok(vec![StorageAction::DatabaseRewritten]));
    assert_eq!(place.files_with(&small), Vec::<PathBuf>::new());
    assert_eq!(place.files_with(within_large), Vec::<PathBuf>::new());
    assert_eq!(store.scan(b"", b"", usize::MAX).unwrap().len(), 50);
}

#[test]
fn scrub_is_busy_while_somebody_may_see_what_was_deleted() {
    let Some(place) = Postgres::new() else { return };
    let options = PostgresOptions::new().busy_timeout(Duration::from_millis(300));
    let store = PostgresRecords::connect_with(&place.config(), options).unwrap();
    let needle = Random::new().bytes(32);
    commit(&store, &[put(b"a", b"1"), put(b"secret", &needle)]);
    // A moment that is held by somebody who has not touched the table, so that no lock is in the way.
    let mut reader =
        Session::new(&place.config(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
    commit(&store, &[delete(b"secret")]);
    busy(store.scrub());
    assert_eq!(place.files_with(&needle).len(), 1, "it was kept for the reader");
    reader.run("SELECT * FROM tenantseal_keys");
    busy(store.scrub());
    reader.run("COMMIT");
    // Somebody who has written, and not yet ended.
    reader.run("CREATE TABLE other (a int); BEGIN; INSERT INTO other VALUES (1)");
    busy(store.scrub());
    reader.run("COMMIT");
    let transaction = store.begin().unwrap();
    busy(store.scrub());
    drop(transaction);
    // Other tests have transactions of their own on this server.
    let start = Instant::now();
    while store.scrub() == Err(Error::Store(StoreError::Busy)) {
        assert!(start.elapsed() < Duration::from_secs(30), "it stays busy");
    }
    assert_eq!(place.files_with(&needle), Vec::<PathBuf>::new());
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
}

#[test]
fn a_role_that_may_only_select_reads() {
    let Some(place) = Postgres::new() else { return };
    let owner = place.store();
    commit(&owner, &[put(b"a", b"1")]);
    let role = place.role("reader");
    denied(PostgresRecords::connect(&place.config_of(&role)));
    place.query(&format!("GRANT USAGE ON SCHEMA public TO {role}"));
    place.query(&format!(
        "GRANT SELECT ON tenantseal_keys, tenantseal_key_state, tenantseal_key_events TO {role}"
    ));
    let store = PostgresRecords::connect(&place.config_of(&role)).unwrap();
    for _ in 0..2 {
        assert_eq!((store.serial(), store.get(b"a")), (Ok(1), Ok(Some(b"1".to_vec()))));
        assert_eq!(store.scan(b"", b"", 9).unwrap().len(), 1);
        assert_eq!(store.events(0, 9).unwrap().len(), 1);
        denied(store.begin());
        denied(store.scrub());
    }
    place.query(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    // Who may write, but asks for sessions that do not.
    let config = format!("{} options='-c default_transaction_read_only=on'", place.config());
    let store = PostgresRecords::connect(&config).unwrap();
    denied(store.begin());
    assert_eq!(store.serial(), Ok(1));
}

#[test]
fn a_role_with_the_documented_rights_writes() {
    let Some(place) = Postgres::new() else { return };
    drop(place.store());
    let role = place.writer();
    let store = PostgresRecords::connect(&place.config_of(&role)).unwrap();
    commit(&store, &[put(b"a", b"1"), put(b"b", b"1")]);
    commit(&store, &[put(b"a", b"2"), delete(b"b")]);
    assert_eq!(store.scan(b"", b"", 9).unwrap().len(), 1);
    // To whoever is not the owner, PostgreSQL only gives a warning.
    denied(store.scrub());
    denied(store.check_scrub());
    assert_eq!(place.store().check_scrub(), Ok(()));
    // Whoever is a member of the owner may, and so may the owner of the database.
    let owned = format!("ALTER DATABASE {} OWNER TO", place.name);
    for allowed in [format!("GRANT postgres TO {role}"), format!("{owned} {role}")] {
        place.query(&allowed);
        assert_eq!(store.check_scrub(), Ok(()), "{allowed}");
        patiently(|| store.scrub());
        place.query(&format!("REVOKE postgres FROM {role}; {owned} postgres"));
        denied(store.check_scrub());
    }
    place.query(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_role_that_could_not_finish_destroys_nothing_and_the_owner_finishes() {
    let Some(place) = Postgres::new() else { return };
    let kek = Kek::generate().unwrap();
    let over = |config: &str| {
        let options = PostgresOptions::new().busy_timeout(Duration::from_millis(300));
        let store = PostgresRecords::connect_with(config, options).unwrap();
        Keyring::over(&kek, Arc::new(store), &KeyringOptions::new()).unwrap()
    };
    let owner = over(&place.config());
    let role = place.writer();
    let writer = over(&place.config_of(&role));
    for id in ["leaves", "follows"] {
        writer.create_tenant(id).unwrap();
        writer.suspend_tenant(id, Some(SystemTime::UNIX_EPOCH)).unwrap();
    }
    denied(writer.shred_tenant("leaves", &NoGrants));
    assert!(matches!(writer.tenant_state("leaves"), Ok(TenantState::Suspended { .. })));
    writer.restore_tenant("leaves").unwrap();
    assert!(writer.tenant("leaves").is_ok(), "nothing was destroyed");
    writer.suspend_tenant("leaves", Some(SystemTime::UNIX_EPOCH)).unwrap();
    // Half done: somebody may still see what was deleted, so the table cannot be cleaned.
    let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class";
    let session = Session::new(&place.config(), sql);
    busy(owner.shred_tenant("leaves", &NoGrants));
    assert_eq!(owner.tenant_state("leaves"), Ok(TenantState::Shredding));
    drop(session);
    writer.reload().unwrap();
    denied(writer.shred_tenant("leaves", &NoGrants));
    for keys in [&writer, &owner] {
        assert_eq!(keys.tenants_due(SystemTime::now()).unwrap().len(), 2);
    }
    for tenant in owner.tenants_due(SystemTime::now()).unwrap() {
        patiently(|| owner.shred_tenant(tenant.clone(), &NoGrants));
    }
    assert!(owner.tenants_due(SystemTime::now()).unwrap().is_empty());
    assert!(owner.receipt("leaves").is_ok() && owner.receipt("follows").is_ok());
    drop(writer);
    place.query(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn what_cannot_be_reached_is_a_typed_error() {
    let Some(place) = Postgres::new() else { return };
    let config = place.config();
    denied(PostgresRecords::connect(&format!("{config} password=wrong")));
    let not_there = PostgresRecords::connect(&format!("{config} dbname=not_there"));
    assert_eq!(not_there.err(), Some(Error::Io(ErrorKind::NotFound)));
    assert_eq!(PostgresRecords::connect("host=").err(), Some(Error::Value));
    let nobody = "host=127.0.0.1 port=1 user=a password=b";
    assert_eq!(PostgresRecords::connect(nobody).err(), Some(Error::Io(ErrorKind::ConnectionRefused)));
    let nothing = "host=/nonexistent user=a password=b";
    assert_eq!(PostgresRecords::connect(nothing).err(), Some(Error::Io(ErrorKind::NotFound)));
    let shown = format!("{:?} {:?}", place.store(), PostgresOptions::new());
    assert!(!shown.contains("password"), "{shown}");
}

#[test]
fn a_connection_that_broke_is_made_anew() {
    let Some(place) = Postgres::new() else { return };
    let store = place.store();
    commit(&store, &[put(b"a", b"1")]);
    for _ in 0..5 {
        place.terminate();
        assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
        place.terminate();
        drop(store.begin().unwrap());
        assert_eq!(store.serial(), Ok(1));
    }
    let transaction = store.begin().unwrap();
    place.terminate();
    closed(transaction.get(b"a"));
    closed(transaction.commit(&[put(b"a", b"2")], b"event"));
    assert_eq!((store.serial(), store.get(b"a")), (Ok(1), Ok(Some(b"1".to_vec()))));
    let transaction = store.begin().unwrap();
    place.terminate();
    closed(transaction.commit(&[put(b"a", b"2")], b"event"));
    commit(&store, &[put(b"a", b"3")]);
    assert_eq!((store.serial(), store.get(b"a")), (Ok(2), Ok(Some(b"3".to_vec()))));
}

#[test]
fn a_server_may_restart_and_crash() {
    if server().is_none() {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
    let run = |arguments: &[&str]| {
        let output = Command::new(&script).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let parent = tempfile::tempdir().unwrap();
    // The server is another user.
    let passable = std::os::unix::fs::PermissionsExt::from_mode(0o711);
    fs::set_permissions(parent.path(), passable).unwrap();
    let folder = parent.path().join("server").display().to_string();
    let variables = run(&["start", &folder]);
    let config = variables.lines().find_map(|line| line.strip_prefix("TENANTSEAL_POSTGRES=")).unwrap();
    // As an operator may set it who wants speed: a commit is answered before it is flushed. Not ours.
    for setting in ["ALTER SYSTEM SET synchronous_commit = off", "ALTER SYSTEM SET wal_writer_delay = '10s'"]
    {
        query(config, setting);
    }
    run(&["restart", &folder]);
    let store = PostgresRecords::connect(config).unwrap();
    for (round, mode) in ["fast", "immediate", "fast", "immediate"].into_iter().enumerate() {
        let serial = u64::try_from(round).unwrap() * 20;
        for n in 1..=20 {
            commit(&store, &[put(&(serial + n).to_be_bytes(), b"1")]);
        }
        let transaction = store.begin().unwrap();
        run(&["restart", &folder, mode]);
        closed(transaction.commit(&[put(b"lost", b"1")], b"event"));
        assert_eq!(store.serial(), Ok(serial + 20));
        assert_eq!(u64::try_from(store.scan(b"", b"", 1000).unwrap().len()).unwrap(), serial + 20);
    }
    run(&["stop", &folder]);
    assert!(matches!(store.serial(), Err(Error::Io(_) | Error::Store(StoreError::Closed))));
}

#[test]
fn a_lock_on_the_table_is_busy() {
    let Some(place) = Postgres::new() else { return };
    let options = PostgresOptions::new().busy_timeout(Duration::from_millis(200));
    let store = PostgresRecords::connect_with(&place.config(), options).unwrap();
    commit(&store, &[put(b"a", b"1")]);
    let mut other =
        Session::new(&place.config(), "BEGIN; LOCK TABLE tenantseal_keys IN ACCESS EXCLUSIVE MODE");
    busy(store.get(b"a"));
    busy(store.begin().unwrap().commit(&[put(b"a", b"2")], b"event"));
    other.run("COMMIT");
    assert_eq!((store.serial(), store.get(b"a")), (Ok(1), Ok(Some(b"1".to_vec()))));
    // What takes long is ended by the deadline, here and at the server.
    let options =
        PostgresOptions::new().busy_timeout(Duration::from_secs(60)).deadline(Duration::from_millis(300));
    let store = PostgresRecords::connect_with(&place.config(), options).unwrap();
    other.run("BEGIN; LOCK TABLE tenantseal_keys IN ACCESS EXCLUSIVE MODE");
    let start = Instant::now();
    busy(store.get(b"a"));
    assert!(start.elapsed() < Duration::from_secs(5));
    other.run("COMMIT");
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
}

/// Something between a store and its server that can fall silent.
struct Between {
    port: u16,
    mode: Arc<AtomicU8>,
}

impl Between {
    const PASS: u8 = 0;
    /// The server's answers are swallowed.
    const SILENT: u8 = 1;
    /// From the next COMMIT on, the server's answers are swallowed.
    const SILENT_AT_COMMIT: u8 = 2;
    /// After the next COMMIT has been passed on, the client's connection is cut.
    const CUT_AT_COMMIT: u8 = 3;
    /// The client's connection is cut at whatever it says next.
    const CUT: u8 = 4;

    fn new(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mode = Arc::new(AtomicU8::new(Self::PASS));
        let shared = mode.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let mode = shared.clone();
                thread::spawn(move || Self::requests(from, to, &mode));
                let mode = shared.clone();
                thread::spawn(move || Self::answers(server, client, &mode));
            }
        });
        Self { port, mode }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
    }

    fn requests(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
        let mut buffer = [0; 65536];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            if mode.compare_exchange(Self::CUT, Self::PASS, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                let _ = from.shutdown(Shutdown::Both);
                break;
            }
            if contains(&buffer[..len], b"COMMIT\0") {
                match mode.load(Ordering::SeqCst) {
                    Self::SILENT_AT_COMMIT => mode.store(Self::SILENT, Ordering::SeqCst),
                    Self::CUT_AT_COMMIT => {
                        mode.store(Self::SILENT, Ordering::SeqCst);
                        to.write_all(&buffer[..len]).unwrap();
                        // The server has done it before the client learns that it is alone.
                        thread::sleep(Duration::from_millis(300));
                        mode.store(Self::PASS, Ordering::SeqCst);
                        let _ = from.shutdown(Shutdown::Both);
                        break;
                    }
                    _ => {}
                }
            }
            if to.write_all(&buffer[..len]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }

    fn answers(mut from: TcpStream, mut to: TcpStream, mode: &AtomicU8) {
        let mut buffer = [0; 65536];
        while let Ok(len @ 1..) = from.read(&mut buffer) {
            if mode.load(Ordering::SeqCst) != Self::SILENT && to.write_all(&buffer[..len]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    }
}

fn tcp_port(place: &Postgres) -> u16 {
    place.query("SHOW port").parse().unwrap()
}

#[test]
fn a_commit_whose_answer_is_lost_is_an_error() {
    let Some(place) = Postgres::new() else { return };
    let between = Between::new(tcp_port(&place));
    let config = place.config_at(&format!("host=127.0.0.1 port={}", between.port));
    let options = PostgresOptions::new().deadline(Duration::from_secs(2));
    let store = PostgresRecords::connect_with(&config, options).unwrap();
    commit(&store, &[put(b"a", b"1")]);

    between.set(Between::CUT_AT_COMMIT);
    closed(store.begin().unwrap().commit(&[put(b"a", b"2")], b"event"));
    // It was done, and the serial number says so to whoever waits for its end.
    assert_eq!(store.begin().unwrap().serial(), Ok(2));
    assert_eq!((store.serial(), store.get(b"a")), (Ok(2), Ok(Some(b"2".to_vec()))));

    between.set(Between::SILENT_AT_COMMIT);
    let start = Instant::now();
    busy(store.begin().unwrap().commit(&[put(b"a", b"3")], b"event"));
    assert!((1..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    between.set(Between::PASS);
    assert_eq!(store.begin().unwrap().serial(), Ok(3));
    assert_eq!((store.serial(), store.get(b"a")), (Ok(3), Ok(Some(b"3".to_vec()))));
    commit(&store, &[put(b"a", b"4")]);
    assert_eq!(store.serial(), Ok(4));
}

#[test]
fn what_changes_nothing_is_tried_again_on_a_new_connection() {
    let Some(place) = Postgres::new() else { return };
    let between = Between::new(tcp_port(&place));
    let config = place.config_at(&format!("host=127.0.0.1 port={}", between.port));
    let store = PostgresRecords::connect(&config).unwrap();
    commit(&store, &[put(b"a", b"1")]);
    between.set(Between::CUT);
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    between.set(Between::CUT);
    let transaction = store.begin().unwrap();
    between.set(Between::CUT);
    closed(transaction.commit(&[put(b"a", b"2")], b"event"));
    let transaction = store.begin().unwrap();
    between.set(Between::CUT);
    closed(transaction.get(b"a"));
    closed(transaction.commit(&[put(b"a", b"2")], b"event"));
    assert_eq!((store.serial(), store.get(b"a")), (Ok(1), Ok(Some(b"1".to_vec()))));
}

#[test]
fn a_server_that_does_not_answer_is_waited_for_until_the_deadline() {
    let Some(place) = Postgres::new() else { return };
    let between = Between::new(tcp_port(&place));
    let config = place.config_at(&format!("host=127.0.0.1 port={}", between.port));
    let options = PostgresOptions::new().deadline(Duration::from_millis(500));
    let store = PostgresRecords::connect_with(&config, options.clone()).unwrap();
    commit(&store, &[put(b"a", b"1")]);
    between.set(Between::SILENT);
    let start = Instant::now();
    busy(store.get(b"a"));
    busy(store.begin());
    busy(store.serial());
    busy(PostgresRecords::connect_with(&config, options));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    between.set(Between::PASS);
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    commit(&store, &[put(b"a", b"2")]);
    assert_eq!(store.serial(), Ok(2));
}

#[test]
fn tls_is_of_a_known_root_and_of_the_name_of_the_host() {
    let Some(place) = Postgres::new() else { return };
    let tls = env::var("TENANTSEAL_POSTGRES_TLS").unwrap();
    let roots = env::var("TENANTSEAL_POSTGRES_CA").unwrap();
    let config = place.config_at(&format!("{tls} application_name=tls"));
    let trusting = PostgresOptions::new().root_certificates(&roots);
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name = 'tls' AND datname = current_database()";

    let store =
        PostgresRecords::connect_with(&format!("{config} sslmode=require"), trusting.clone()).unwrap();
    commit(&store, &[put(b"a", b"1")]);
    assert_eq!(place.query(encrypted), "t");
    drop(store);
    let bound = format!("{config} sslmode=require channel_binding=require");
    assert_eq!(PostgresRecords::connect_with(&bound, trusting.clone()).unwrap().serial(), Ok(1));
    // To this machine itself, nothing said is none, and the query above can tell.
    let store = PostgresRecords::connect(&config).unwrap();
    assert_eq!(place.query(encrypted), "f");
    drop(store);

    let invalid = Some(Error::Io(ErrorKind::InvalidData));
    // The platform does not know the root.
    let unknown = PostgresRecords::connect(&format!("{config} sslmode=require"));
    assert!(matches!(unknown.err(), Some(Error::Io(ErrorKind::InvalidData | ErrorKind::NotFound))));
    // The certificate is another host's; nothing said is TLS, as the name is not this machine's.
    for mode in ["", "sslmode=prefer", "sslmode=require"] {
        let host = format!("host=db.example.com hostaddr=127.0.0.1 port={} {mode}", tcp_port(&place));
        let other = place.config_at(&host);
        assert_eq!(PostgresRecords::connect_with(&other, trusting.clone()).err(), invalid);
    }
    // Files that hold no root.
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    fs::write(&empty, "").unwrap();
    let bad = folder.path().join("bad.pem");
    fs::write(&bad, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (file, kind) in [
        (folder.path().join("none.pem"), ErrorKind::NotFound),
        (empty, ErrorKind::NotFound),
        (bad, ErrorKind::InvalidData),
    ] {
        let options = PostgresOptions::new().root_certificates(file);
        let store = PostgresRecords::connect_with(&format!("{config} sslmode=require"), options);
        assert_eq!(store.err(), Some(Error::Io(kind)));
    }
}

#[test]
fn nobody_in_between_can_talk_tls_away() {
    if server().is_none() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        // SSLRequest, and the answer of a server that has none.
        let mut request = [0; 8];
        client.read_exact(&mut request).unwrap();
        client.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        rest
    });
    let config = format!("host=db.example.com hostaddr=127.0.0.1 port={port} user=keys password=secret");
    let options = PostgresOptions::new().root_certificates(env::var("TENANTSEAL_POSTGRES_CA").unwrap());
    let store = PostgresRecords::connect_with(&config, options);
    assert_eq!(store.err(), Some(Error::Io(ErrorKind::ConnectionRefused)));
    assert_eq!(seen.join().unwrap(), b"", "it went on without");
}
