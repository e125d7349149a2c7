//! A WeCom callback as an axum extractor: a handler that takes a [`Fresh`] event cannot forget to verify it, and is not
//! called for what was handled before.
//!
//! `WECOM_TOKEN=... WECOM_AES_KEY=... WECOM_CORP_ID=... cargo run -p tenantseal-store --example axum_extractor`, and
//! give the console the address of `/wecom`, behind TLS.
#![allow(clippy::print_stderr, reason = "it is the log of this program")]

use std::{env, error::Error as StdError, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, RawQuery, Request, State},
    http::StatusCode,
    routing::get,
};
use tenantseal::{
    Error,
    wecom::{Callback, Claim, Event, message::Message},
};
use tenantseal_store::SqliteGuard;
use tokio::task::spawn_blocking;

/// An event that is verified, decrypted, and this worker's to act on.
#[derive(Debug)]
pub struct Fresh(Event);

impl FromRequest<Callback> for Fresh {
    /// What the sender is told: never why.
    type Rejection = (StatusCode, &'static str);

    async fn from_request(request: Request, app: &Callback) -> Result<Self, Self::Rejection> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = Bytes::from_request(request, &()).await.map_err(|_| (StatusCode::FORBIDDEN, ""))?;
        let app = app.clone();
        // A guard in a database blocks.
        let opened = spawn_blocking(move || {
            app.open(&query, &body).inspect_err(|_| eprintln!("refused: {}", app.diagnose(&query, &body)))
        });
        match opened.await {
            Ok(Ok(event)) => match event.claim() {
                Claim::Fresh => Ok(Self(event)),
                Claim::InProgress => Err((StatusCode::SERVICE_UNAVAILABLE, "")),
                Claim::Done => Err((StatusCode::OK, event.acknowledgement())),
            },
            Ok(Err(Error::Callback | Error::CallbackFormat | Error::TooLong)) => {
                Err((StatusCode::FORBIDDEN, ""))
            }
            _ => Err((StatusCode::SERVICE_UNAVAILABLE, "")),
        }
    }
}

/// The console saves the URL.
async fn check(State(app): State<Callback>, RawQuery(query): RawQuery) -> Result<Vec<u8>, StatusCode> {
    let echo = app.verify_url(&query.unwrap_or_default()).map_err(|_| StatusCode::FORBIDDEN)?;
    Ok(echo.as_bytes().to_vec())
}

/// Your handler. What it returns is the answer.
async fn receive(Fresh(event): Fresh) -> Result<String, StatusCode> {
    let handle = move || {
        let answer = match event.inner().and_then(|inner| Ok(greeting(&inner.message()?))) {
            Ok(Some(reply)) => event.reply(reply.as_bytes())?.to_body(),
            // A kind that is not handled, or a message that cannot be read, is acknowledged: it would only come again.
            _ => event.acknowledgement().to_owned(),
        };
        event.done().map(|()| answer)
    };
    match spawn_blocking(handle).await {
        Ok(Ok(answer)) => Ok(answer),
        _ => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn greeting(message: &Message<'_>) -> Option<String> {
    match message {
        Message::Text(text) if text.content == "hello" => {
            Some("<xml><MsgType>text</MsgType><Content>hello!</Content></xml>".to_owned())
        }
        _ => None,
    }
}

/// What a service merges into its own.
pub fn routes(app: Callback) -> Router {
    Router::new().route("/wecom", get(check).post(receive)).with_state(app)
}

#[tokio::main]
#[allow(dead_code, reason = "a test of the routes has no use for it")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let setting = |name: &str| env::var(name).map_err(|_| format!("set {name}"));
    let app = Callback::company_app(
        &setting("WECOM_TOKEN")?,
        &setting("WECOM_AES_KEY")?,
        &setting("WECOM_CORP_ID")?,
    )?
    .guard(Arc::new(SqliteGuard::open("callbacks.db")?), "contacts")?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, routes(app)).await?)
}
