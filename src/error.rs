//! The one error type of every language this library is used from.

use core::fmt;

/// Why a call did not succeed.
///
/// A variant tells what the caller can do: fix the input, find the key, retry, report a bug. The text of an
/// error is fixed: it never holds a key, a plaintext, a tenant's name or anything that the caller passed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// A machine word, for speed: a `Result` with 6 bytes of error in it is moved in pieces of 4 and 2 bytes, and whoever then
// reads 8 of them waits for both.
#[repr(align(8))]
pub enum Error {
    /// A tenant, an alias, a record, a key file or a value of a unique index is there already; nothing was changed.
    AlreadyExists,
    /// A callback is not authentic, not fresh, or not for this receiver.
    ///
    /// One value for every reason, so that no answer built from it tells a remote peer which check failed.
    /// `Callback::diagnose` tells the operator.
    Callback,
    /// Callback credentials cannot be used: the token or the EncodingAESKey is not of the required form.
    CallbackCredentials,
    /// A callback's query string or body cannot be parsed. What is visible without a key; answer it as
    /// [`Error::Callback`].
    CallbackFormat,
    /// A claim on an event is no longer held: its lease ran out, or another worker has it.
    ClaimExpired,
    /// A handle from before a fork was used in the child process. Open a new one there.
    Forked,
    /// A replay guard holds as many live entries as it may. Answer 503; the sender retries.
    GuardFull,
    /// The tenant is under a legal hold: nothing of it is destroyed until the hold is lifted.
    Held,
    /// A folder is writable by others than its owner: they could put files of theirs in the place of ours.
    InsecureFolder,
    /// The caller's progress function stopped the call. What was done stays; call again to go on.
    Interrupted,
    /// The operating system refused a read or a write.
    Io(std::io::ErrorKind),
    /// What a receipt says is destroyed is here: a root of a shredded tenant stands in the store of keys, which an older copy
    /// took the place of. Whoever has the KEK can open what the tenant sealed.
    KeysRemain,
    /// Stored bytes are not in the format that was expected at this place.
    Malformed,
    /// Sealed data does not open: altered, in the wrong place, or under a key that is not the right one.
    ///
    /// A single answer on purpose: which of these it was is not told apart.
    Open,
    /// The passphrase is wrong, or the key file was altered.
    Passphrase,
    /// A policy document breaks a rule.
    Policy {
        /// The position in `fields` of the field concerned, counted from 0; `None` for the document itself.
        field: Option<u16>,
        /// The rule that is broken.
        rule: PolicyRule,
    },
    /// Destroying this tenant's records would not destroy its keys: they can be derived again from a seed.
    NotShreddable,
    /// The operating system gave no random bytes.
    Random,
    /// The principal was removed, for good.
    Removed,
    /// A key file or database of keys is older than what was read from it before: somebody put an earlier copy in its
    /// place. `Keyring::restore` takes one on purpose; processes that run then must open it anew.
    RolledBack,
    /// A session has reached a limit of time, packets or failures, or a handshake was not completed in time. Make a new one:
    /// it goes on from there.
    SessionExpired,
    /// The tenant's keys are destroyed. Nothing of it opens, and its id is not used again.
    Shredded,
    /// The tenant or principal, or what is done with the keys, is not in a state that allows this: it is so already, another
    /// step comes first, or a date has not come. `Keyring::tenant_state` tells.
    State,
    /// A database refused a statement or holds a schema that does not fit.
    Store(StoreError),
    /// The tenant or principal is suspended. Nothing is lost; restore it.
    Suspended,
    /// An input is longer than its stated limit.
    TooLong,
    /// A stream ended without its authenticated end: what was read so far is genuine, and not all.
    Truncated,
    /// No compartment of that label is declared for this field.
    UnknownCompartment,
    /// The policy has no field or table of that label, or no policy was installed.
    UnknownField,
    /// The field has no index of that label.
    UnknownIndex,
    /// The stored keys are under a key-encryption key that this keyring was not given: a wrong one was, or they were moved to
    /// another since.
    UnknownKek,
    /// A key that is named, or needed, is not among this place's own: another tenant's, another field's, one that is gone,
    /// one that a list is too old for, or one that nobody made yet.
    UnknownKey,
    /// No principal of that id is known to the tenant.
    UnknownPrincipal,
    /// No tenant of that id or alias exists here.
    UnknownTenant,
    /// Stored bytes were made by a newer version, or by an algorithm that this build does not have.
    Unsupported,
    /// A value is not of the form that this call accepts: an empty id, a passphrase that is not set or too short, a KEK of 32
    /// equal bytes, a number out of range.
    Value,
    /// A row was bound in another way than the field's policy says.
    WrongBinding,
    /// The call is not for this kind of index: a compound one takes as many values as it has columns, one with partitions the
    /// row (`token_of`), a range is of a bucketed one, and 16 bytes are of a unique one.
    WrongIndex,
    /// The call is not for this kind of store of keys: passphrases are of key files, and entries of a key file are never
    /// left under an older KEK.
    WrongStore,
    /// A value is of another type than the field's.
    WrongType,
}

impl Error {
    /// Whether it says that a tenant or principal may not act: that is so until somebody changes it. Anything else says that
    /// it could not be found out.
    pub(crate) const fn forbids(&self) -> bool {
        matches!(self, Self::Removed | Self::Shredded | Self::Suspended | Self::UnknownPrincipal)
    }

    /// The stable number of this error, the same in every language. Numbers are never reused.
    ///
    /// 0 is success. 1 to 99 are kept for what only a language binding can meet, such as a buffer that is too small;
    /// they have no variant here. The C ABI has given: 1 argument, 2 buffer too small, 3 handle, 4 internal, 5 absent.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::AlreadyExists => 101,
            Self::TooLong => 102,
            Self::Value => 103,
            Self::WrongBinding => 104,
            Self::WrongType => 105,
            Self::WrongStore => 106,
            Self::WrongIndex => 107,
            Self::UnknownTenant => 120,
            Self::UnknownField => 121,
            Self::UnknownIndex => 122,
            Self::UnknownCompartment => 123,
            Self::UnknownPrincipal => 124,
            Self::Held => 142,
            Self::State => 143,
            Self::NotShreddable => 144,
            Self::Policy { .. } => 130,
            Self::Open => 201,
            Self::UnknownKey => 202,
            Self::Malformed => 203,
            Self::Unsupported => 204,
            Self::Passphrase => 205,
            Self::RolledBack => 206,
            Self::UnknownKek => 207,
            Self::Suspended => 210,
            Self::Shredded => 211,
            Self::KeysRemain => 212,
            Self::Removed => 213,
            Self::Callback => 301,
            Self::CallbackFormat => 302,
            Self::CallbackCredentials => 303,
            Self::GuardFull => 304,
            Self::ClaimExpired => 305,
            Self::Store(_) => 401,
            Self::Io(_) => 501,
            Self::Random => 502,
            Self::Forked => 503,
            Self::InsecureFolder => 504,
            Self::Interrupted => 505,
            Self::SessionExpired => 601,
            Self::Truncated => 602,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::AlreadyExists => "already exists; nothing was changed",
            Self::Callback => "the callback is refused",
            Self::CallbackCredentials => {
                "the token or the encoding AES key is malformed: expected 1 to 32 letters and digits, and 43 \
                 letters and digits copied whole from the console"
            }
            Self::CallbackFormat => "the callback's query or body cannot be parsed",
            Self::ClaimExpired => "the claim on this event has expired; do not commit its effects",
            Self::Forked => "this handle was made before a fork; open a new one in this process",
            Self::GuardFull => "the replay guard is full; answer 503 and raise its capacity",
            Self::Held => "the tenant is under a legal hold; nothing of it is destroyed until lift_hold",
            Self::InsecureFolder => {
                "the folder is writable by others; take the group's and others' right to write away"
            }
            Self::Interrupted => "stopped on request; what was done stays, and the same call goes on",
            Self::Io(kind) => return write!(f, "the operating system refused: {kind}"),
            Self::NotShreddable => {
                "the tenant's keys are derived from a seed that others share; destroying its records would not destroy them"
            }
            Self::KeysRemain => {
                "keys that were destroyed are here again; an older copy of the store of keys was put back"
            }
            Self::Malformed => "the stored bytes are not in the expected format",
            Self::Open => "the sealed data does not open here",
            Self::Passphrase => "the passphrase is wrong or the key file was altered",
            Self::Policy { field: Some(field), rule } => {
                return write!(f, "policy field {field} breaks a rule: {rule}");
            }
            Self::Policy { field: None, rule } => return write!(f, "the policy breaks a rule: {rule}"),
            Self::Random => "the operating system gave no random bytes",
            Self::Removed => "the principal was removed, for good",
            Self::RolledBack => {
                "an older copy of the keys was put back; put the newer one back, or restore this one on purpose and then open \
                 it anew in every process"
            }
            Self::SessionExpired => {
                "the session has reached a limit, or its handshake was not completed in time; make a new one"
            }
            Self::Shredded => "the tenant's keys are destroyed",
            Self::State => {
                "the present state does not allow this; it is so already, another step comes first, or a date has not come"
            }
            Self::Store(error) => return write!(f, "the database refused: {error}"),
            Self::Suspended => "the tenant or principal is suspended; restore it first",
            Self::TooLong => "the input is longer than its stated limit",
            Self::Truncated => "the stream ended without its end; what was read is genuine and not all",
            Self::UnknownCompartment => "no compartment of that label is declared for this field",
            Self::UnknownField => "no policy is installed, or it has no field or table of that label",
            Self::UnknownIndex => "the field has no index of that label",
            Self::UnknownKek => {
                "the keys are under another key-encryption key; give that one, or both while they are moved"
            }
            Self::UnknownKey => {
                "a key that is named or needed is not here; it is another place's, gone, newer than what is known, or not made \
                 yet"
            }
            Self::UnknownPrincipal => "the tenant has no principal of that id",
            Self::UnknownTenant => "no tenant of that id or alias exists here",
            Self::Unsupported => "made by a newer version or by an algorithm that this build does not have",
            Self::Value => {
                "the value is not of the form that this call accepts; it is not set, empty, too short, out of range, or a key of \
                 equal bytes"
            }
            Self::WrongBinding => "the row is bound in another way than the field's policy says",
            Self::WrongIndex => {
                "not for this kind of index; a compound one takes a value for each column and one with partitions the row \
                 (token_of), a range is of a bucketed one, and 16 bytes are of a unique one"
            }
            Self::WrongStore => {
                "not for this kind of store of keys; only a key file has a passphrase, and only a database is moved in batches"
            }
            Self::WrongType => "the value is of another type than the field's",
        };
        f.write_str(text)
    }
}

impl core::error::Error for Error {}

/// So that a value which needs no conversion can stand where one that does may.
impl From<core::convert::Infallible> for Error {
    fn from(never: core::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// A rule of the policy document, named so that its author knows what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyRule {
    /// What a field's binding names does not exist, or cannot serve as a natural key.
    Binding,
    /// The class is too low for the content, or the class history is empty or repeats itself.
    Class,
    /// A compartment is used that the document does not declare, or is declared twice.
    Compartment,
    /// A successor changes or drops something permanent, or its version is not the next one.
    Continuity,
    /// A deterministic field names no domain, another field does, or two fields of a domain differ in type or padding.
    Domain,
    /// The same label is used twice.
    Duplicate,
    /// An index is not allowed for this field, or its bits or normaliser are out of range.
    Index,
    /// A label is empty, longer than 63 bytes, or has a character outside `[a-z0-9_]`.
    Label,
    /// A mask is not allowed for this field or does not fit its content.
    Mask,
    /// A `migrating_until` date is not of the form YYYY-MM-DD, or the field is not a text cell.
    Migration,
    /// Padding is not for this field, or its block is not of 2 to 4096 bytes.
    Padding,
    /// The storage form is not allowed for the field's content or class.
    Storage,
    /// The document is not JSON of the policy schema.
    Syntax,
    /// The field's content needs the type text or bytes.
    Type,
}

impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binding => {
                {
                "bind must be row, unbound, or natural keys: plain fields of the same table, of type bytes, i64 or text; a \
                 deterministic field is unbound"
            }
            }
            Self::Class => "class must list 1 to 4 different classes, and the last must suit the content",
            Self::Compartment => "compartments must be declared once, at the top of the document",
            Self::Continuity => {
                "a successor has a higher version, keeps every field, type, binding, index and compartment, and gives a \
                 field that was there only compartments that are new"
            }
            Self::Domain => {
                "domain is for deterministic fields, and they need one; all fields of a domain have the same type and padding"
            }
            Self::Duplicate => "labels must be unique",
            Self::Index => {
                "an index needs a cell field, a kind and normaliser that suit its type, 8 to 63 bits (128 if unique) and 1 to 256 \
                 partitions; further columns are cells of the same table, of no higher class and no other compartment"
            }
            Self::Label => "a label has 1 to 63 characters out of a-z, 0-9 and _, and starts with a letter",
            Self::Mask => "the mask's kind must fit the content, and its class must not exceed the field's",
            Self::Migration => "migrating_until is a date (YYYY-MM-DD) on a cell field of type text",
            Self::Padding => "padding is for sealed fields: padme, or a block of 2 to 4096 bytes",
            Self::Storage => "this content or class may not be stored in that form",
            Self::Syntax => "not JSON of the policy schema, version 1",
            Self::Type => "a field with this content is of type text or bytes",
        })
    }
}

/// Why a database refused, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer held the database for longer than the timeout. Retry.
    Busy,
    /// The database is closed, or its worker has ended.
    Closed,
    /// A constraint of the table was violated.
    Constraint,
    /// Any other failure of the database engine.
    Engine,
    /// The database does not fit: a newer policy prepared it, or a table or column that the policy needs is not there
    /// under the name that was given for it.
    Schema,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "another writer holds it; retry",
            Self::Closed => "it is closed",
            Self::Constraint => "a constraint is violated",
            Self::Engine => "the engine failed",
            Self::Schema => {
                "its tables do not fit: a newer policy prepared them, or a table or column is missing; install that \
                 policy or pass the new name, and open the vault again"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was read by somebody whose case it did not fit.
    #[test]
    fn a_text_advises_only_what_helps_in_every_case() {
        for (error, without) in [
            (Error::State, "suspend"),
            (Error::UnknownKey, "sealed"),
            (Error::NotShreddable, "random roots"),
            (Error::WrongStore, "newer version"),
        ] {
            assert!(!error.to_string().contains(without), "{error}");
        }
        for (error, with) in
            [(Error::Held, "lift_hold"), (Error::Value, "not set"), (Error::RolledBack, "anew")]
        {
            assert!(error.to_string().contains(with), "{error}");
        }
    }
}
