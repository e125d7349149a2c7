//! The example of an axum extractor, over real HTTP.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "a test fails by panicking")]

#[path = "../../examples/axum_extractor.rs"]
mod example;

use std::{
    sync::Arc,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use tenantseal::wecom::{Callback, sender::Sender};
use tenantseal_store::SqliteGuard;

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "wx5823bf96d3bd56c7";

#[test]
fn the_extractor_gives_a_handler_what_is_fresh_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let guard = Arc::new(SqliteGuard::open(folder.path().join("guard.db")).unwrap());
    let app = Callback::company_app(TOKEN, KEY, CORP).unwrap().guard(guard, "contacts").unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/wecom", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, example::routes(app)).await.unwrap();
        });
    });
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let post = |query: &str, body: &[u8]| {
        let mut answer = agent.post(format!("{base}?{query}")).send(body).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sender = Sender::new(TOKEN, KEY, CORP).unwrap();
    let check = sender.get("17", now, "n").unwrap();
    let mut answer = agent.get(format!("{base}?{check}")).call().unwrap();
    assert_eq!((answer.status().as_u16(), answer.body_mut().read_to_string().unwrap()), (200, "17".into()));
    let message = |id: &str, content: &str| {
        let text = format!(
            "<xml><CreateTime>{now}</CreateTime><MsgType>text</MsgType><MsgId>{id}</MsgId><Content>{content}</Content></xml>"
        );
        sender.post(text.as_bytes(), now, "n").unwrap()
    };
    let (query, body) = message("1", "hello");
    let (status, reply) = post(&query, &body);
    assert_eq!(status, 200);
    let opened = sender.open_reply(&reply).unwrap();
    assert!(core::str::from_utf8(opened.expose_secret()).unwrap().contains("hello!"));
    assert_eq!(post(&query, &body), (200, String::new()));
    let (query, body) = message("2", "else");
    assert_eq!(post(&query, &body), (200, String::new()));
    assert_eq!(post(&query.replace("nonce=n", "nonce=m"), &body), (403, String::new()));
    assert_eq!(post("", b"x"), (403, String::new()));
}
