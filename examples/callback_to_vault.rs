//! From a WeCom callback to a sealed, searchable contact: a real HTTP server and client, an SQLite file, two tenants.
//!
//! `make demo` runs it. Every step says what it expects and what it got; the exit code is 1 if one differs.
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error as StdError,
    path::Path,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path as UrlPath, RawQuery, State},
    http::StatusCode,
    routing::get,
};
use rusqlite::Connection;
use tenantseal::{
    Error,
    tenant::{Kek, Keyring, Policy},
    wecom::{Callback, Claim, Event, sender::Sender},
};
use tenantseal_store::{Fields, SqliteGuard, Vault};

type AnyError = Box<dyn StdError + Send + Sync>;

/// The official documented sample: public facts, recomputed.
mod official {
    pub(crate) const TOKEN: &str = "QDG6eK";
    pub(crate) const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    pub(crate) const CORP: &str = "wx5823bf96d3bd56c7";
    pub(crate) const GET: &str = "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780\
        &echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
    pub(crate) const GET_TIME: u64 = 1_409_659_589;
    pub(crate) const ECHO: &str = "1616140317555161061";
    pub(crate) const POST: &str =
        "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
    pub(crate) const POST_TIME: u64 = 1_409_659_813;
    pub(crate) const BODY: &str = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[\
        RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu\
        JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG\
        c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9\
        EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0\
        lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>";
}

/// The clients of this provider: id, CorpID, and the credentials of their callback.
struct Client {
    id: &'static str,
    corp: &'static str,
    token: &'static str,
    key: &'static str,
}

const ACME: Client = Client {
    id: "t-1001",
    corp: "ww1000000000000001",
    token: "zTokenOfAcme",
    key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
};
const OTHER: Client = Client {
    id: "t-2002",
    corp: "ww2000000000000002",
    token: "aTokenOfOther",
    key: "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba",
};
/// When the demo takes place, in seconds since 1970.
const NOW: u64 = 1_750_000_000;

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(failed) => {
            println!("\n{failed} steps differ");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("\nthe demo broke off: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, AnyError> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("contacts.db");
    let keys = Keyring::in_memory(&Kek::generate()?)?;
    keys.install_policy(Policy::from_json(include_bytes!("contacts.policy.json"))?)?;
    for client in [&ACME, &OTHER] {
        keys.create_tenant(client.id)?;
        keys.add_alias(client.corp, client.id)?;
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let vault = runtime.block_on(Vault::open(&database, &keys))?;
    let clock = Arc::new(AtomicU64::new(NOW * 1_000));
    let app = Arc::new(App {
        callbacks: callbacks(&clock, &database)?,
        keys,
        vault,
        clock,
        dies_next: AtomicBool::new(false),
    });
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
    let base = format!("http://{}/callback", listener.local_addr()?);
    let router =
        Router::new().route("/callback/{client}", get(check_url).post(receive)).with_state(app.clone());
    runtime.spawn(async move { axum::serve(listener, router).await });

    let mut demo = Demo { app, base, database, runtime, table: Table::default() };
    demo.official_sample()?;
    demo.contacts()?;
    demo.attacks()?;
    demo.replays()?;
    demo.passive_reply()?;
    Ok(demo.table.failed)
}

// The server: what a provider writes.

struct App {
    callbacks: BTreeMap<&'static str, Callback>,
    keys: Keyring,
    vault: Vault,
    /// Milliseconds since 1970.
    clock: Arc<AtomicU64>,
    dies_next: AtomicBool,
}

/// `GET`: the console saves the URL.
async fn check_url(
    State(app): State<Arc<App>>,
    UrlPath(client): UrlPath<String>,
    RawQuery(query): RawQuery,
) -> (StatusCode, Vec<u8>) {
    let Some(callback) = app.callbacks.get(client.as_str()) else {
        return (StatusCode::FORBIDDEN, Vec::new());
    };
    match callback.verify_url(query.as_deref().unwrap_or_default()) {
        Ok(echo) => (StatusCode::OK, echo.as_bytes().to_vec()),
        Err(_) => (StatusCode::FORBIDDEN, Vec::new()),
    }
}

/// `POST`: an event.
async fn receive(
    State(app): State<Arc<App>>,
    UrlPath(client): UrlPath<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> (StatusCode, Vec<u8>) {
    let Some(callback) = app.callbacks.get(client.as_str()) else {
        return (StatusCode::FORBIDDEN, Vec::new());
    };
    let (callback, query) = (callback.clone(), query.unwrap_or_default());
    // A guard in a database blocks: not on a thread that other requests need.
    let opened = tokio::task::spawn_blocking(move || callback.open(&query, &body)).await;
    let event = match opened {
        Ok(Ok(event)) => event,
        // One answer for every reason.
        Ok(Err(Error::Callback | Error::CallbackFormat | Error::TooLong)) => {
            return (StatusCode::FORBIDDEN, Vec::new());
        }
        // The guard is busy or away: the sender comes back.
        _ => return (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
    };
    match event.claim() {
        Claim::Done => return (StatusCode::OK, Vec::new()),
        Claim::InProgress => return (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        Claim::Fresh => {}
    }
    match app.handle(event).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    }
}

impl App {
    /// Acts on an event, then settles it.
    async fn handle(&self, event: Event) -> Result<Vec<u8>, AnyError> {
        if self.dies_next.swap(false, Ordering::SeqCst) {
            return Err("the handler dies between claim and done".into());
        }
        let message = event.inner()?;
        let mut answer = Vec::new();
        if message.get("ChangeType") == Some("create_user") {
            // The CorpID is an alias; the receiveid was authenticated.
            let tenant = self.keys.tenant_by_alias(core::str::from_utf8(event.receive_id())?)?;
            let mut fields = Fields::new();
            for (column, element) in [
                ("userid", "UserID"),
                ("department", "Department"),
                ("name", "Name"),
                ("email", "Email"),
                ("mobile", "Mobile"),
            ] {
                if let Some(text) = message.get(element) {
                    fields = fields.set(column, text);
                }
            }
            let mut transaction = self.vault.tenant(tenant.id().as_bytes())?.begin().await?;
            transaction.insert("member", fields).await?;
            // The event is done exactly if this row is there. If the claim has expired, another worker has the event.
            transaction.settle(&event).await?;
            transaction.commit().await?;
        } else {
            let text = message.get("Content").unwrap_or_default();
            let time = self.clock.load(Ordering::SeqCst) / 1_000;
            let reply = format!(
                "<xml><CreateTime>{time}</CreateTime><MsgType>text</MsgType><Content>{text}!</Content></xml>"
            );
            drop(message);
            let settle = move || {
                let answer = event.reply(reply.as_bytes())?.to_body().into_bytes();
                event.done().map(|()| answer)
            };
            answer = tokio::task::spawn_blocking(settle).await??;
        }
        Ok(answer)
    }
}

/// A callback for each client, over one guard in the vault's file, and two for the official sample at the times it was made.
fn callbacks(clock: &Arc<AtomicU64>, database: &Path) -> Result<BTreeMap<&'static str, Callback>, Error> {
    let guard = Arc::new(SqliteGuard::open(database)?);
    let mut callbacks = BTreeMap::new();
    for client in [&ACME, &OTHER] {
        let clock = clock.clone();
        let callback = Callback::company_app(client.token, client.key, client.corp)?
            .guard(guard.clone(), client.id)?
            .clock(move || Duration::from_millis(clock.load(Ordering::SeqCst)));
        callbacks.insert(client.id, callback);
    }
    let official = || Callback::company_app(official::TOKEN, official::KEY, official::CORP);
    callbacks.insert("official-get", official()?.clock(|| Duration::from_secs(official::GET_TIME)));
    callbacks.insert("official-post", official()?.clock(|| Duration::from_secs(official::POST_TIME)));
    Ok(callbacks)
}

// The other side, and the table.

struct Demo {
    app: Arc<App>,
    base: String,
    database: std::path::PathBuf,
    runtime: tokio::runtime::Runtime,
    table: Table,
}

type Answer = (u16, String);

impl Demo {
    fn official_sample(&mut self) -> Result<(), AnyError> {
        self.table.heading("(a) the official documented sample, at its own time");
        let echo = self.get("official-get", official::GET)?;
        self.table.step("GET: the echo is answered as it is", (200, official::ECHO.to_owned()), echo);
        let (status, reply) = self.post("official-post", official::POST, official::BODY.as_bytes())?;
        self.table.step("POST: the text message is received", 200, status);
        let opened = Sender::new(official::TOKEN, official::KEY, official::CORP)?.open_reply(&reply)?;
        let said = between(core::str::from_utf8(opened.expose_secret())?, "<Content>", "</Content>")?;
        self.table.step("POST: its text, as the reply repeats it", "hello!", said);
        Ok(())
    }

    fn contacts(&mut self) -> Result<(), AnyError> {
        self.table.heading("(b, c) create_user events of two tenants become sealed contacts");
        for (client, name, mobile) in [(&ACME, "张三", "13800138000"), (&OTHER, "李四", "13900139000")] {
            let (query, body) =
                sender(client)?.post(create_user(client, name, mobile).as_bytes(), NOW, "1372623149")?;
            let answer = self.post(client.id, &query, &body)?;
            self.table.step(&format!("{}: {name} is received", client.id), (200, String::new()), answer);
        }
        let connection = Connection::open(&self.database)?;
        let sql = "SELECT userid, hex(name), hex(mobile), hex(mobile__mask), mobile__ix_exact FROM member WHERE id = 1";
        connection.query_row(sql, [], |row| {
            println!(
                "      the raw row: userid {}, index token {}",
                row.get::<_, String>(0)?,
                row.get::<_, i64>(4)?
            );
            for (column, label) in [(1, "name"), (2, "mobile"), (3, "mask")] {
                let hex: String = row.get(column)?;
                println!("        {label:<7}{}... ({} bytes)", hex.get(..64).unwrap_or(&hex), hex.len() / 2);
            }
            Ok(())
        })?;
        let clear = holds_clear_text(&self.database, &["张三", "13800138000", "138****8000"])?;
        self.table.step("no sealed value stands in the files in clear", false, clear);

        let (acme, other) = (self.app.vault.tenant(ACME.id)?, self.app.vault.tenant(OTHER.id)?);
        let listed = self.runtime.block_on(acme.list_masked("member", 0, 10))?;
        let shown: Vec<_> =
            listed.iter().map(|row| (row.shown("userid"), row.shown("name"), row.shown("mobile"))).collect();
        let expected = vec![(Some("zhangsan"), Some("****"), Some("138****8000"))];
        self.table.step("the masked listing opens no value", expected, shown);

        let find = |vault: &tenantseal_store::TenantVault| -> Result<Vec<String>, AnyError> {
            let rows = self.runtime.block_on(vault.find("member.mobile", "exact", "+86 138 0013 8000"))?;
            rows.iter().map(|row| Ok(row.text("name")?.unwrap_or_default().to_owned())).collect()
        };
        let (ours, theirs) = (find(&acme)?, find(&other)?);
        self.table.step("lookup by +86 138 0013 8000 finds", vec!["张三".to_owned()], ours);
        self.table.step("the same lookup by the other tenant finds", Vec::<String>::new(), theirs);

        let tenant = OTHER.id.as_bytes();
        connection.execute("UPDATE member SET tenant = ?1 WHERE id = 1", [tenant])?;
        let stolen = self.runtime.block_on(other.get("member", 1)).map(|row| row.is_some());
        self.table.step("a stolen row does not open for its thief", Err(Error::UnknownKey), stolen);
        connection.execute("UPDATE member SET tenant = ?1 WHERE id = 1", [ACME.id.as_bytes()])?;
        Ok(())
    }

    fn attacks(&mut self) -> Result<(), AnyError> {
        self.table.heading("(d) refused, with one answer for every reason");
        let mut answers = BTreeSet::new();
        let before = self.members()?;
        let now = self.now();
        let acme = sender(&ACME)?;
        let mut attack = |demo: &mut Self, name: &str, answer: Answer| {
            demo.table.step(name, 403, answer.0);
            answers.insert(answer);
        };

        let text = create_user(&ACME, "王五", "13700137000").replace(&NOW.to_string(), &now.to_string());
        let (query, body) = acme.post(text.as_bytes(), now, "1750000007")?;
        let mut tampered = body.clone();
        if let Some(byte) = tampered.iter_mut().rev().nth(40) {
            *byte ^= 1;
        }
        let answer = self.post(ACME.id, &query, &tampered)?;
        attack(self, "a tampered body", answer);

        let (spliced_query, spliced_body) = splice(&acme, &text, now)?;
        let answer = self.post(ACME.id, &spliced_query, &spliced_body)?;
        attack(self, "a spliced message, its signature still valid", answer);

        // A message with a nonce that is a later time; when that time comes, the two are swapped.
        let later = now + 1_000;
        let (query, body) = acme.post(text.as_bytes(), now, &later.to_string())?;
        let answer = self.post(ACME.id, &query, &body)?;
        self.table.step("  (the genuine message is received)", 200, answer.0);
        self.advance(Duration::from_secs(1_000));
        let swapped = query
            .replace(&format!("timestamp={now}"), "timestamp=@")
            .replace(&format!("nonce={later}"), &format!("nonce={now}"))
            .replace("timestamp=@", &format!("timestamp={later}"));
        let answer = self.post(ACME.id, &swapped, &body)?;
        attack(self, "timestamp and nonce swapped, 1000 s later", answer);

        let now = self.now();
        let text = create_user(&ACME, "赵六", "13600136000").replace(&NOW.to_string(), &now.to_string());
        let (query, body) = acme.post(text.as_bytes(), now, "n1")?;
        let as_get = format!("{query}&echostr={}", percent(encrypt_of(&body)?));
        let answer = self.get(ACME.id, &as_get)?;
        attack(self, "a POST replayed as a GET", answer);

        let chat = format!("<xml><CreateTime>{now}</CreateTime><MsgId>77</MsgId><Content>hi</Content></xml>");
        let (query, body) = acme.post(chat.as_bytes(), now, "n2")?;
        let (status, reply) = self.post(ACME.id, &query, &body)?;
        self.table.step("  (a passive reply is sent)", 200, status);
        let part = |name: &str| between(&reply, &format!("<{name}>"), &format!("</{name}>"));
        let reflected = format!(
            "msg_signature={}&timestamp={}&nonce={}",
            cdata(part("MsgSignature")?),
            part("TimeStamp")?,
            cdata(part("Nonce")?)
        );
        let answer = self.post(ACME.id, &reflected, reply.as_bytes())?;
        attack(self, "our own reply, reflected", answer);

        let answer = self.post(OTHER.id, &query, &body)?;
        attack(self, "one tenant's message sent to the other", answer);
        self.table.step("different answers that an attacker saw", 1, answers.len());
        let after = self.members()?;
        self.table.step("contacts that the attacks added (the genuine one did)", 1, after - before);
        Ok(())
    }

    fn replays(&mut self) -> Result<(), AnyError> {
        self.table.heading("(d) recognised: nothing is processed twice, and nothing is lost");
        let acme = sender(&ACME)?;
        let now = self.now();
        let event = |name: &str, mobile: &str| {
            create_user(&ACME, name, mobile).replace(&NOW.to_string(), &now.to_string())
        };
        let first = event("孙七", "13500135000");
        let (query, body) = acme.post(first.as_bytes(), now, "1111111111")?;
        for (name, added) in [("an event", 1), ("the same, byte for byte", 0)] {
            self.expect_added(name, &query, &body, 200, added)?;
        }
        let (query, body) = acme.post(first.as_bytes(), now + 5, "2222222222")?;
        self.expect_added("a retry, encrypted again", &query, &body, 200, 0)?;
        for (name, mobile) in [("周八", "13400134000"), ("吴九", "13300133000")] {
            let (query, body) = acme.post(event(name, mobile).as_bytes(), now, "3333333333")?;
            self.expect_added(&format!("{name}, in the same second"), &query, &body, 200, 1)?;
        }
        let (query, body) = acme.post(event("郑十", "13200132000").as_bytes(), now, "4444444444")?;
        self.app.dies_next.store(true, Ordering::SeqCst);
        self.expect_added("a handler that dies after its claim", &query, &body, 500, 0)?;
        self.expect_added("a retry while the lease runs", &query, &body, 503, 0)?;
        self.advance(Duration::from_secs(5));
        self.expect_added("a retry after the lease", &query, &body, 200, 1)?;
        self.expect_added("and once more", &query, &body, 200, 0)
    }

    fn passive_reply(&mut self) -> Result<(), AnyError> {
        self.table.heading("(e) a passive reply, opened as WeCom would");
        let now = self.now();
        let text =
            format!("<xml><CreateTime>{now}</CreateTime><MsgId>88</MsgId><Content>你好</Content></xml>");
        let (query, body) = sender(&ACME)?.post(text.as_bytes(), now, "5555555555")?;
        let (status, reply) = self.post(ACME.id, &query, &body)?;
        self.table.step("the answer", 200, status);
        let opened = sender(&ACME)?.open_reply(&reply)?;
        let opened = core::str::from_utf8(opened.expose_secret())?;
        self.table.step("the reply says", "你好!", between(opened, "<Content>", "</Content>")?);
        Ok(())
    }

    fn expect_added(
        &mut self,
        name: &str,
        query: &str,
        body: &[u8],
        status: u16,
        added: usize,
    ) -> Result<(), AnyError> {
        let before = self.members()?;
        let answer = self.post(ACME.id, query, body)?;
        let now = self.members()?;
        self.table.step(
            name,
            (status, format!("{added} added")),
            (answer.0, format!("{} added", now - before)),
        );
        Ok(())
    }

    fn members(&self) -> Result<usize, AnyError> {
        Ok(self.runtime.block_on(self.app.vault.tenant(ACME.id)?.list_masked("member", 0, 1_000))?.len())
    }

    fn now(&self) -> u64 {
        self.app.clock.load(Ordering::SeqCst) / 1_000
    }

    fn advance(&self, by: Duration) {
        self.app.clock.fetch_add(u64::try_from(by.as_millis()).unwrap_or(0), Ordering::SeqCst);
    }

    fn get(&self, client: &str, query: &str) -> Result<Answer, AnyError> {
        answer(agent().get(format!("{}/{client}?{query}", self.base)).call()?)
    }

    fn post(&self, client: &str, query: &str, body: &[u8]) -> Result<Answer, AnyError> {
        answer(agent().post(format!("{}/{client}?{query}", self.base)).send(body)?)
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, AnyError> {
    Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
}

fn sender(client: &Client) -> Result<Sender, Error> {
    Sender::new(client.token, client.key, client.corp)
}

/// A `change_contact`/`create_user` event as WeCom sends it.
fn create_user(client: &Client, name: &str, mobile: &str) -> String {
    let user = match name {
        "张三" => "zhangsan",
        "李四" => "lisi",
        other => other,
    };
    format!(
        "<xml><ToUserName><![CDATA[{corp}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>\
         <CreateTime>{NOW}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>\
         <ChangeType>create_user</ChangeType><UserID><![CDATA[{user}]]></UserID><Name><![CDATA[{name}]]></Name>\
         <Department><![CDATA[1,2,3]]></Department><Mobile>{mobile}</Mobile>\
         <Email><![CDATA[{user}@example.com]]></Email></xml>",
        corp = client.corp
    )
}

/// Moves the first 64 characters of the ciphertext to the end of the nonce. The signature covers the joined strings
/// without delimiters, so it stays valid wherever the order of the parts stays.
fn splice(acme: &Sender, text: &str, now: u64) -> Result<(String, Vec<u8>), AnyError> {
    for _ in 0..1_000 {
        let nonce = format!("{}", now + 7);
        let (query, body) = acme.post(text.as_bytes(), now, &nonce)?;
        let encrypt = encrypt_of(&body)?.to_owned();
        let (head, rest) = encrypt.split_at(64);
        let (long_nonce, time) = (format!("{nonce}{head}"), now.to_string());
        let joined = |nonce: &str, encrypt: &str| {
            let mut parts = [ACME.token, &time, nonce, encrypt];
            parts.sort_unstable();
            parts.concat()
        };
        if joined(&nonce, &encrypt) == joined(&long_nonce, rest) {
            let query = query.replace(&format!("nonce={nonce}"), &format!("nonce={}", percent(&long_nonce)));
            return Ok((query, core::str::from_utf8(&body)?.replace(&encrypt, rest).into_bytes()));
        }
    }
    Err("no message could be spliced".into())
}

fn encrypt_of(body: &[u8]) -> Result<&str, AnyError> {
    between(core::str::from_utf8(body)?, "<Encrypt>", "</Encrypt>").map(cdata)
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Result<&'t str, AnyError> {
    let (_, rest) = text.split_once(start).ok_or("the element is not there")?;
    Ok(rest.split_once(end).ok_or("the element does not end")?.0)
}

fn cdata(text: &str) -> &str {
    text.trim_start_matches("<![CDATA[").trim_end_matches("]]>")
}

fn percent(text: &str) -> String {
    text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Whether any of the texts stands in the database's files. Reading them drops the vault's locks, which nobody but this
/// program needs.
fn holds_clear_text(database: &Path, texts: &[&str]) -> Result<bool, AnyError> {
    for file in std::fs::read_dir(database.parent().ok_or("no folder")?)? {
        let bytes = std::fs::read(file?.path())?;
        let holds = |text: &&&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        if texts.iter().any(|text| holds(&text)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Prints each step and counts those that differ.
#[derive(Default)]
struct Table {
    failed: usize,
}

impl Table {
    fn heading(&mut self, text: &str) {
        println!("\n{text}");
    }

    fn step<T: PartialEq + core::fmt::Debug>(&mut self, name: &str, expected: T, got: T) {
        if expected == got {
            println!("  ok  {name}: {got:?}");
        } else {
            self.failed += 1;
            println!("  !!  {name}: expected {expected:?}, got {got:?}");
        }
    }
}
