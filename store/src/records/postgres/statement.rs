//! What is said to the server, and what is read from its answers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tenantseal::{
    Error, StoreError,
    tenant::{Change, Entry},
};
use tokio_postgres::{
    Client, Row, SimpleQueryMessage,
    types::{FromSql, ToSql, Type},
};

use super::server::engine;
use crate::records::{Range, StoredEvent, limit, serial, unfit};

/// What stands for a `$1`, and its type.
type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// Changes of one commit, as two statements make them: of several of one name, the last.
pub(super) struct Changes {
    deleted: Vec<Vec<u8>>,
    names: Vec<Vec<u8>>,
    bytes: Vec<Vec<u8>>,
}

impl Changes {
    pub(super) fn new(changes: &[Change]) -> Self {
        let mut last = BTreeMap::new();
        for change in changes {
            match change {
                Change::Delete(name) => last.insert(name, None),
                Change::Put(entry) => last.insert(&entry.name, Some(&entry.bytes)),
            };
        }
        let mut changes = Self { deleted: Vec::new(), names: Vec::new(), bytes: Vec::new() };
        for (name, bytes) in last {
            if let Some(bytes) = bytes {
                changes.names.push(name.clone());
                changes.bytes.push(bytes.clone());
            } else {
                changes.deleted.push(name.clone());
            }
        }
        changes
    }
}

pub(super) async fn stored_serial(client: &Client) -> Result<u64, Error> {
    let row = client.query_typed_opt(SERIAL, &[]).await.map_err(engine)?;
    serial(column(&row.ok_or(unfit())?, 0)?)
}

pub(super) async fn get(client: &Client, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let row = client.query_typed_opt(GET, &[(&name, Type::BYTEA)]).await.map_err(engine)?;
    row.map(|row| column(&row, 0)).transpose()
}

pub(super) async fn scan(client: &Client, range: &Range, limit: usize) -> Result<Vec<Entry>, Error> {
    let limit = self::limit(limit);
    let rows = match &range.to {
        Some(to) => {
            let values: [Value<'_>; _] =
                [(&range.from, Type::BYTEA), (&limit, Type::INT8), (to, Type::BYTEA)];
            client.query_typed(SCAN_TO, &values).await
        }
        None => client.query_typed(SCAN, &[(&range.from, Type::BYTEA), (&limit, Type::INT8)]).await,
    };
    let entry = |row: &Row| Ok(Entry { name: column(row, 0)?, bytes: column(row, 1)? });
    rows.map_err(engine)?.iter().map(entry).collect()
}

pub(super) async fn events(client: &Client, after: i64, limit: usize) -> Result<Vec<StoredEvent>, Error> {
    let limit = self::limit(limit);
    let rows = client.query_typed(EVENTS, &[(&after, Type::INT8), (&limit, Type::INT8)]).await;
    let event = |row: &Row| {
        let (number, time, bytes) = (column(row, 0)?, column(row, 1)?, column(row, 2)?);
        Ok(StoredEvent { serial: serial(number)?, time: serial(time)?, bytes })
    };
    rows.map_err(engine)?.iter().map(event).collect()
}

/// Takes the row that every writer takes first: from then on nobody else commits. `READ COMMITTED` reads it as it is
/// after the wait, where `REPEATABLE READ` would fail; and as nobody else commits, what is read later is of the same
/// moment.
pub(super) async fn begin(client: &Client) -> Result<u64, Error> {
    let result = client.simple_query(BEGIN).await.map_err(engine).and_then(|messages| {
        let number = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0)),
            _ => None,
        });
        let number = number.flatten().and_then(|number| number.parse().ok());
        serial(number.ok_or(unfit())?)
    });
    if result.is_err() {
        // If it fails, the connection has broken, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    result
}

pub(super) async fn commit(
    client: &Client,
    changes: &Changes,
    number: i64,
    event: &[u8],
) -> Result<(), Error> {
    if !changes.deleted.is_empty() {
        let values: [Value<'_>; _] = [(&changes.deleted, Type::BYTEA_ARRAY)];
        client.execute_typed(DELETE, &values).await.map_err(engine)?;
    }
    if !changes.names.is_empty() {
        let values: [Value<'_>; _] =
            [(&changes.names, Type::BYTEA_ARRAY), (&changes.bytes, Type::BYTEA_ARRAY)];
        client.execute_typed(PUT, &values).await.map_err(engine)?;
    }
    if client.execute_typed(RAISE, &[(&number, Type::INT8)]).await.map_err(engine)? != 1 {
        return Err(unfit());
    }
    client.execute_typed(TELL, &[(&number, Type::INT8), (&event, Type::BYTEA)]).await.map_err(engine)?;
    client.batch_execute("COMMIT").await.map_err(engine)
}

pub(super) async fn tables(client: &Client) -> Result<i64, Error> {
    let row = client.query_typed_one(COUNT_TABLES, &[]).await.map_err(engine)?;
    column(&row, 0)
}

/// Makes the tables unless somebody else has made them since.
pub(super) async fn make_tables(client: &Client) -> Result<(), Error> {
    client.batch_execute(LOCK_TABLES).await.map_err(engine)?;
    let result = match tables(client).await {
        Ok(0) => client.batch_execute(TABLES).await.map_err(engine),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await.map_err(engine).and(result)
}

/// Checks that the tables are of the shape that the statements need.
pub(super) async fn check_tables(client: &Client) -> Result<(), Error> {
    // Some of them would be a serial number that starts at 0 again beside entries that are there.
    if tables(client).await? != 3 {
        return Err(unfit());
    }
    let statements: [(&str, &[Type]); 8] = [
        (GET, &[Type::BYTEA]),
        (SCAN, &[Type::BYTEA, Type::INT8]),
        (SCAN_TO, &[Type::BYTEA, Type::INT8, Type::BYTEA]),
        (DELETE, &[Type::BYTEA_ARRAY]),
        (PUT, &[Type::BYTEA_ARRAY, Type::BYTEA_ARRAY]),
        (RAISE, &[Type::INT8]),
        (TELL, &[Type::INT8, Type::BYTEA]),
        (EVENTS, &[Type::INT8, Type::INT8]),
    ];
    for (sql, types) in statements {
        client.prepare_typed(sql, types).await.map_err(engine)?;
    }
    stored_serial(client).await.map(|_| ())
}

/// Writes the table of entries anew, and makes sure that nothing deleted was taken along.
pub(super) async fn rewrite(client: &Client, patience: Duration) -> Result<(), Error> {
    let start = Instant::now();
    let before = client.query_typed_one(BEFORE_REWRITE, &[]).await.map_err(engine)?;
    let (transaction, file): (String, Option<u32>) = (column(&before, 0)?, column(&before, 1)?);
    // Whoever writes to anything on this server makes PostgreSQL keep what was deleted meanwhile.
    loop {
        let ended = client.query_typed_one(EARLIER_ENDED, &[(&transaction, Type::TEXT)]).await;
        if column(&ended.map_err(engine)?, 0)? {
            break;
        }
        if start.elapsed() >= patience {
            return Err(Error::Store(StoreError::Busy));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.batch_execute("VACUUM (FULL) tenantseal_keys").await.map_err(engine)?;
    let after = client.query_typed_one(AFTER_REWRITE, &[(&transaction, Type::TEXT)]).await.map_err(engine)?;
    let (new_file, whole): (Option<u32>, bool) = (column(&after, 0)?, column(&after, 1)?);
    // To whoever is not the owner, PostgreSQL gives a warning and does nothing.
    if new_file == file {
        return Err(Error::Io(std::io::ErrorKind::PermissionDenied));
    }
    if whole { Ok(()) } else { Err(Error::Store(StoreError::Busy)) }
}

/// Whether [`rewrite`] is allowed to this role.
pub(super) async fn check_rewrite(client: &Client) -> Result<(), Error> {
    let row = client.query_typed_one(MAY_REWRITE, &[]).await.map_err(engine)?;
    if column(&row, 0)? { Ok(()) } else { Err(Error::Io(std::io::ErrorKind::PermissionDenied)) }
}

/// A value of a row. One of another type is of a table of another shape.
fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, Error> {
    row.try_get(index).map_err(|_| unfit())
}

const TABLES: &str = "
    CREATE TABLE tenantseal_keys (name BYTEA PRIMARY KEY, bytes BYTEA NOT NULL);
    CREATE TABLE tenantseal_key_state (name TEXT PRIMARY KEY, number BIGINT NOT NULL);
    CREATE TABLE tenantseal_key_events (serial BIGINT PRIMARY KEY, time BIGINT NOT NULL, event BYTEA NOT NULL);
    INSERT INTO tenantseal_key_state (name, number) VALUES ('serial', 0)";
/// The number is `tenantse` as ASCII.
const LOCK_TABLES: &str = "BEGIN; SELECT pg_advisory_xact_lock(x'74656e616e747365'::bigint)";
const COUNT_TABLES: &str = "
    SELECT count(to_regclass(name)) FROM
    unnest(ARRAY['tenantseal_keys', 'tenantseal_key_state', 'tenantseal_key_events']) AS wanted (name)";
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED;
    SELECT number FROM tenantseal_key_state WHERE name = 'serial' FOR UPDATE";
const SERIAL: &str = "SELECT number FROM tenantseal_key_state WHERE name = 'serial'";
const GET: &str = "SELECT bytes FROM tenantseal_keys WHERE name = $1";
const SCAN: &str = "SELECT name, bytes FROM tenantseal_keys WHERE name >= $1 ORDER BY name LIMIT $2";
const SCAN_TO: &str =
    "SELECT name, bytes FROM tenantseal_keys WHERE name >= $1 AND name < $3 ORDER BY name LIMIT $2";
const PUT: &str = "INSERT INTO tenantseal_keys (name, bytes) SELECT * FROM unnest($1, $2)
                   ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes";
const DELETE: &str = "DELETE FROM tenantseal_keys WHERE name = ANY ($1)";
const RAISE: &str = "UPDATE tenantseal_key_state SET number = $1 WHERE name = 'serial'";
const TELL: &str = "INSERT INTO tenantseal_key_events (serial, time, event)
                    VALUES ($1, extract(epoch FROM clock_timestamp())::bigint, $2)";
const EVENTS: &str =
    "SELECT serial, time, event FROM tenantseal_key_events WHERE serial > $1 ORDER BY serial LIMIT $2";
/// As `vacuum_is_permitted_for_relation` of PostgreSQL decides; the right `MAINTAIN` is there from version 17 on.
const MAY_REWRITE: &str = "SELECT pg_has_role(relowner, 'USAGE') OR pg_has_role(datdba, 'USAGE')
        OR CASE WHEN current_setting('server_version_num')::int >= 170000
                THEN has_table_privilege(pg_class.oid, 'MAINTAIN') ELSE false END
    FROM pg_class, pg_database
    WHERE pg_class.oid = 'tenantseal_keys'::regclass AND datname = current_database()";
/// The number of a transaction that is later than every commit so far, and the file that the table is in.
const BEFORE_REWRITE: &str = "SELECT pg_current_xact_id()::text, pg_relation_filenode('tenantseal_keys')";
const EARLIER_ENDED: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8";
/// Writing anew sets `relfrozenxid` to the first transaction whose deletions it had to keep. Ages compare such numbers
/// across their wrapping around.
const AFTER_REWRITE: &str = "SELECT pg_relation_filenode(oid), age(relfrozenxid) <= age($1::xid8::xid)
    FROM pg_class WHERE oid = 'tenantseal_keys'::regclass";
