//! One connection to the server, made when it is needed and made anew when it broke.

use core::time::Duration;
use std::sync::Arc;

use tenantseal::{Error, StoreError};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::Client;

use super::server::{Server, engine};

/// A connection that may or may not stand.
pub(crate) struct Line {
    server: Arc<Server>,
    read_only: bool,
    connection: Option<Connection>,
    /// Whether a transaction has begun on this connection and has not ended.
    pub(super) in_transaction: bool,
}

pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) driver: Driver,
}

/// What moves bytes between client and server. Dropped, it stops at once, and the connection is cut.
pub(super) struct Driver(pub(super) JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Line {
    pub(crate) fn new(server: Arc<Server>, read_only: bool) -> Self {
        Self { server, read_only, connection: None, in_transaction: false }
    }

    /// A connection that stands, as far as can be known.
    pub(super) async fn client(&mut self) -> Result<&Client, Error> {
        if self.connection.as_ref().is_none_or(|connection| connection.client.is_closed()) {
            self.close();
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.server.connect(self.read_only).await?,
        };
        Ok(&self.connection.insert(connection).client)
    }

    /// The connection on which a transaction has begun: never another one.
    pub(super) fn transaction(&self) -> Result<&Client, Error> {
        let connection = self.connection.as_ref().filter(|_| self.in_transaction);
        connection.map(|connection| &connection.client).ok_or(Error::Store(StoreError::Closed))
    }

    /// Runs what changes nothing, and once more on a new connection if an old one has broken unnoticed.
    pub(crate) async fn repeatable<T>(
        &mut self,
        act: impl AsyncFn(&Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let old = self.connection.is_some();
        match act(self.client().await?).await {
            Err(Error::Store(StoreError::Closed)) if old => {
                self.close();
                act(self.client().await?).await
            }
            result => result,
        }
    }

    pub(super) async fn roll_back(&mut self) -> Result<(), Error> {
        let Ok(client) = self.transaction() else { return Ok(()) };
        let result = client.batch_execute("ROLLBACK").await.map_err(engine);
        if result.is_err() {
            self.close();
        }
        self.in_transaction = false;
        result
    }

    /// Cuts the connection; the server rolls back what was open.
    pub(super) fn close(&mut self) {
        self.in_transaction = false;
        self.connection = None;
    }

    /// Says goodbye.
    pub(super) async fn end(self) {
        if let Some(Connection { client, mut driver }) = self.connection {
            drop(client);
            let _ = timeout(Duration::from_millis(200), &mut driver.0).await;
        }
    }
}
