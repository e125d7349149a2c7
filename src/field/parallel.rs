//! The bulk calls on all threads of rayon's pool.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator as _};

use crate::{
    error::Error,
    field::{BulkError, Field, Opened, Row, Value, bulk::CellSealer, cell::Opener, each},
    primitive::rng::Os,
};

impl Field {
    /// [`Field::seal_many`] on the threads of rayon's pool that this is called in. The cells are the same as its: one salt
    /// for the call, and each value's number is its position.
    ///
    /// # Errors
    ///
    /// As [`Field::seal_many`]: the position is that of the first value that cannot be sealed, whichever thread met it.
    ///
    /// # Example
    ///
    /// ```
    /// # use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
    /// # use tenantseal::tenant::{Kek, Keyring, Policy};
    /// # let keys = Keyring::in_memory(&Kek::generate()?)?;
    /// # keys.install_policy(Policy::from_json(br#"{"tenantseal_policy": 1, "version": 1, "fields": [
    /// #     {"table": "member", "column": "note", "type": "text", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#)?)?;
    /// # let note = keys.create_tenant("t-1001")?.field("member.note")?;
    /// let rows = [(1, "one"), (2, "two")];
    /// let cells = note.par_seal_many(rows)?;
    /// let opened = note.par_open_many([(1, &cells[0]), (2, &cells[1])])?;
    /// assert_eq!(opened[1].text()?, "two");
    /// # Ok::<(), tenantseal::Error>(())
    /// ```
    pub fn par_seal_many<'r, 'v, R, V, I>(&self, cells: I) -> Result<Vec<Vec<u8>>, BulkError>
    where
        I: IntoParallelIterator<Item = (R, V), Iter: IndexedParallelIterator>,
        R: Into<Row<'r>> + Send,
        V: Into<Value<'v>> + Send,
    {
        let column = self.column.current()?;
        let rule = column.rule()?;
        let sealer = CellSealer::new(column.keys()?, rule.padding, &mut Os)?;
        let sealed = par_each(
            cells,
            || sealer.cells(),
            |sealer, number, (row, value)| {
                let row = row.into();
                row.check(&rule.bind)?;
                sealer.cell(number, row, &value.into().bytes_of(rule.value_type)?)
            },
        )?;
        self.column.current()?;
        Ok(sealed)
    }

    /// [`Field::open_many`] on the threads of rayon's pool that this is called in.
    ///
    /// # Errors
    ///
    /// As [`Field::open_many`]: the position is that of the first cell that does not open, whichever thread met it.
    pub fn par_open_many<'r, R, S, I>(&self, cells: I) -> Result<Vec<Opened>, BulkError>
    where
        I: IntoParallelIterator<Item = (R, S), Iter: IndexedParallelIterator>,
        R: Into<Row<'r>> + Send,
        S: AsRef<[u8]> + Send,
    {
        let column = self.column.current()?;
        let keys = column.keys()?;
        let opened = par_each(
            cells,
            || Opener::bulk(keys),
            |opener, _, (row, sealed)| {
                let (row, sealed) = (row.into(), sealed.as_ref());
                match column.open(opener, row, sealed) {
                    // Of a generation that another process made meanwhile, perhaps.
                    Err(Error::UnknownKey) => self.column.open(row, sealed),
                    other => other,
                }
            },
        )?;
        self.column.current()?;
        Ok(opened)
    }
}

/// Does `act` with every item and its number. All are done, so that which error is the first does not depend on the threads.
fn par_each<I, S, T>(
    items: I,
    start: impl Fn() -> S + Send + Sync,
    act: impl Fn(&mut S, u64, I::Item) -> Result<T, Error> + Send + Sync,
) -> Result<Vec<T>, BulkError>
where
    I: IntoParallelIterator<Iter: IndexedParallelIterator>,
    T: Send,
{
    let done: Vec<Result<T, Error>> = items
        .into_par_iter()
        .with_min_len(MIN_LEN)
        .enumerate()
        .map_init(start, |state, (position, item)| {
            act(state, u64::try_from(position).map_err(|_| Error::TooLong)?, item)
        })
        .collect();
    each(done, |done| done)
}

/// Fewer values than this are not worth another thread's keys.
const MIN_LEN: usize = 64;
