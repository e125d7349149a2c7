//! How to reach the server, and the mapping of its errors.

use core::error::Error as _;
use std::{io, net::IpAddr, path::Path, sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem, pem::PemObject as _},
};
use tenantseal::{Error, StoreError};
use tokio_postgres::{
    Config, NoTls,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    PostgresOptions,
    line::{Connection, Driver},
};

/// Where the server is, and what a session with it is set to.
pub(crate) struct Server {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    settings: String,
}

impl Server {
    pub(crate) fn of(config: &str, options: &PostgresOptions) -> Result<Self, Error> {
        Self::new(config, options.roots.as_deref(), options.busy_timeout, options.deadline)
    }

    pub(crate) fn new(
        config: &str,
        roots: Option<&Path>,
        busy_timeout: Duration,
        deadline: Duration,
    ) -> Result<Self, Error> {
        let mut config: Config = config.parse().map_err(|_| Error::Value)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(Error::Value);
        }
        // What the server offers decides nothing: whoever is in between could offer less.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(if is_local(&config) { SslMode::Disable } else { SslMode::Require });
        }
        let tls = if config.get_ssl_mode() == SslMode::Disable { None } else { Some(tls(roots)?) };
        if config.get_application_name().is_none() {
            config.application_name("tenantseal");
        }
        // `off` answers before the commit is on the disk. Other values are the operator's choice of replicas.
        let settings = format!(
            "SET statement_timeout = {}; SET lock_timeout = {};
             SET idle_in_transaction_session_timeout = {IDLE_MAX};
             SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') = 'off'",
            milliseconds(deadline),
            milliseconds(busy_timeout)
        );
        Ok(Self { config, tls, settings })
    }

    /// A session. Until it stands, what moves its bytes is held here: whoever stops waiting cuts it.
    pub(super) async fn connect(&self, read_only: bool) -> Result<Connection, Error> {
        let connection = match &self.tls {
            None => {
                let (client, driver) = self.config.connect(NoTls).await.map_err(unreachable)?;
                Connection { client, driver: Driver(tokio::spawn(async move { drop(driver.await) })) }
            }
            Some(tls) => {
                let (client, driver) = self.config.connect(tls.clone()).await.map_err(unreachable)?;
                Connection { client, driver: Driver(tokio::spawn(async move { drop(driver.await) })) }
            }
        };
        connection.client.batch_execute(&self.settings).await.map_err(engine)?;
        if read_only {
            let sql = "SET default_transaction_read_only = on";
            connection.client.batch_execute(sql).await.map_err(engine)?;
        }
        Ok(connection)
    }
}

/// Whether no byte leaves this machine.
fn is_local(config: &Config) -> bool {
    let local = |host: &Host| match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    config.get_hosts().iter().all(local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn tls(roots: Option<&Path>) -> Result<MakeRustlsConnect, Error> {
    let mut trusted = RootCertStore::empty();
    match roots {
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                trusted.add(certificate.map_err(unreadable)?).map_err(|_| invalid())?;
            }
        }
        // One that cannot be read is one root less to trust.
        None => drop(trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if trusted.is_empty() {
        return Err(Error::Io(io::ErrorKind::NotFound));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|_| invalid())?
        .with_root_certificates(trusted)
        .with_no_client_auth();
    // PostgreSQL manual, section 55.2.10: `sslnegotiation=direct` needs it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn unreadable(error: pem::Error) -> Error {
    match error {
        pem::Error::Io(error) => error.into(),
        _ => invalid(),
    }
}

fn invalid() -> Error {
    Error::Io(io::ErrorKind::InvalidData)
}

/// As PostgreSQL's settings have it: at least 1, as 0 is no limit, and 31 bits.
fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, i32::MAX.unsigned_abs().into())
}

/// Why there is no connection.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn unreachable(error: tokio_postgres::Error) -> Error {
    match (error.code(), io_kind(&error)) {
        (Some(code), _) => by_state(code.code()),
        (None, Some(kind)) => Error::Io(kind),
        // No TLS there, or no way to authenticate that both have.
        (None, None) => Error::Io(io::ErrorKind::ConnectionRefused),
    }
}

/// What of a PostgreSQL error a caller can act on.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(crate) fn engine(error: tokio_postgres::Error) -> Error {
    match error.code() {
        Some(code) => by_state(code.code()),
        None if error.is_closed() || io_kind(&error).is_some() => Error::Store(StoreError::Closed),
        None => Error::Store(StoreError::Engine),
    }
}

/// By the codes of the PostgreSQL manual, appendix A.
fn by_state(code: &str) -> Error {
    Error::Store(match code {
        // Serialisation, deadlock, too many connections, lock timeout, statement timeout.
        "40001" | "40P01" | "53300" | "55P03" | "57014" => StoreError::Busy,
        // A right that is missing, and a transaction that may only read.
        "42501" | "25006" => return Error::Io(io::ErrorKind::PermissionDenied),
        _ if code.starts_with("28") => return Error::Io(io::ErrorKind::PermissionDenied),
        // No database of that name.
        _ if code.starts_with("3D") => return Error::Io(io::ErrorKind::NotFound),
        // A connection that is or was ended: by the network, for being idle, by an operator.
        "25P03" => StoreError::Closed,
        _ if code.starts_with("08") || code.starts_with("57P") => StoreError::Closed,
        _ if code.starts_with("23") => StoreError::Constraint,
        // The statements are ours: one that is not understood names what is not there.
        _ if code.starts_with("3F") || code.starts_with("42") => StoreError::Schema,
        _ => StoreError::Engine,
    })
}

fn io_kind(error: &tokio_postgres::Error) -> Option<io::ErrorKind> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        source = error.source();
    }
    None
}

/// Milliseconds after which the server ends a transaction that does nothing: of a process that is cut off, nobody else
/// could end it.
const IDLE_MAX: u32 = 60_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mode(config: &str) -> SslMode {
        let server = Server::new(config, None, Duration::ZERO, Duration::MAX).unwrap();
        assert_eq!(server.tls.is_some(), server.config.get_ssl_mode() == SslMode::Require);
        server.config.get_ssl_mode()
    }

    #[test]
    fn only_what_stays_on_the_machine_goes_without_tls() {
        for without in [
            "host=/run/postgresql",
            "host=localhost",
            "host=127.0.0.1",
            "host=127.1.2.3,/tmp",
            "host=::1",
            "hostaddr=127.0.0.1",
            "postgres://user@localhost/db",
            "host=localhost sslmode=prefer",
            "host=db.example.com sslmode=disable",
        ] {
            assert_eq!(mode(without), SslMode::Disable, "{without}");
        }
        for remote in [
            "host=db.example.com",
            "host=localhost.example.com",
            "host=localhost,db.example.com",
            "host=db.example.com hostaddr=127.0.0.1",
            "host=localhost hostaddr=192.0.2.1",
            "host=192.0.2.1 sslmode=prefer",
            "host=localhost sslmode=require",
        ] {
            assert_eq!(mode(remote), SslMode::Require, "{remote}");
        }
    }

    #[test]
    fn a_string_that_is_none_is_refused() {
        for config in
            ["", "host", "user=keys", "host=a sslmode=verify-full", "host=a unknown=1", "port=x host=a"]
        {
            let server = Server::new(config, None, Duration::ZERO, Duration::ZERO);
            assert_eq!(server.err(), Some(Error::Value), "{config}");
        }
    }

    #[test]
    fn states_are_mapped_to_what_a_caller_can_do() {
        for (code, error) in [
            ("23505", Error::Store(StoreError::Constraint)),
            ("25006", Error::Io(io::ErrorKind::PermissionDenied)),
            ("28P01", Error::Io(io::ErrorKind::PermissionDenied)),
            ("3D000", Error::Io(io::ErrorKind::NotFound)),
            ("42501", Error::Io(io::ErrorKind::PermissionDenied)),
            ("42P01", Error::Store(StoreError::Schema)),
            ("53100", Error::Store(StoreError::Engine)),
            ("55P03", Error::Store(StoreError::Busy)),
            ("57014", Error::Store(StoreError::Busy)),
            ("57P01", Error::Store(StoreError::Closed)),
        ] {
            assert_eq!(by_state(code), error, "{code}");
        }
    }
}
