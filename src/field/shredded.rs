//! Checking that what a shredded tenant left behind is dead.

use crate::{
    encoding::base64url_decode,
    error::Error,
    field::{
        SealedColumn,
        cell::{CellHeader, TEXT_PREFIX},
    },
    tenant::{Keyring, LeafName, Receipt, TenantState},
};

/// What [`Keyring::verify_shredded`] found of the stored values that it was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShredCheck {
    /// Cells and sealed columns under keys that the receipt names: nobody opens them.
    pub dead: u64,
    /// Cells under other keys: of another tenant or column, or not covered by the receipt.
    pub other: u64,
    /// Values that are neither cells nor sealed columns. They were never sealed.
    pub plain: u64,
}

impl Keyring {
    /// Checks a receipt against what is stored: that this keyring has no root which the receipt says is destroyed, and
    /// which of these values are under its keys. The values may come from live tables, backups or exports, in either form.
    ///
    /// # Errors
    ///
    /// [`Error::KeysRemain`] if a root that the receipt names is in the store, whatever the state of the tenant: an older copy
    /// of the store was put back. [`Error::State`] if there is none, but the tenant is not shredded here;
    /// [`Error::UnknownTenant`]; [`Error::Io`], [`Error::Store`].
    pub fn verify_shredded<S: AsRef<[u8]>>(
        &self,
        receipt: &Receipt,
        values: impl IntoIterator<Item = S>,
    ) -> Result<ShredCheck, Error> {
        let state = self.tenant_state(receipt.tenant().clone())?;
        if self.has_record(|record| receipt.names_record(record))? {
            return Err(Error::KeysRemain);
        }
        if state != TenantState::Shredded {
            return Err(Error::State);
        }
        let mut check = ShredCheck::default();
        for value in values {
            let counter = match leaf_of(value.as_ref()) {
                Some(leaf) if receipt.leaves().binary_search(&leaf).is_ok() => &mut check.dead,
                Some(_) => &mut check.other,
                None => &mut check.plain,
            };
            *counter += 1;
        }
        Ok(check)
    }
}

/// The key that a value says it is under; `None` if it is neither a cell nor a sealed column.
fn leaf_of(value: &[u8]) -> Option<LeafName> {
    let header = match value.strip_prefix(TEXT_PREFIX) {
        None if SealedColumn::is_one(value) => SealedColumn::from_bytes(value).map(|column| column.header()),
        Some(text) => CellHeader::parse(&base64url_decode(text).ok()?),
        None => CellHeader::parse(value),
    };
    let CellHeader { suite, generation, key_commitment, .. } = header.ok()?;
    Some(LeafName { generation, key_commitment, suite: suite.id() })
}
