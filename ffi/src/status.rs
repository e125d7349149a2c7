//! What a call answers: the number of an error, the same in every language.

use core::ffi::{CStr, c_char};
use std::{ffi::CString, sync::OnceLock};

use tenantseal::{Error, PolicyRule, StoreError, field::BulkError, wecom::Diagnosis};

/// 0 is success; every other number is a TENANTSEAL_ERROR_*.
pub type tenantseal_status = i32;

/// Success.
pub(crate) const OK: tenantseal_status = 0;

/// Why an export does not succeed: an error of the library, or one that only C can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There is nothing of that name or number.
    Absent,
    /// A pointer is NULL, a length is too large, outputs overlap, or a number is none of those that are defined.
    Argument,
    /// The output does not fit.
    BufferTooSmall,
    /// An error of the library.
    Core(Error),
    /// No object of that type has this handle.
    Handle,
    /// A panic was caught.
    Internal,
    /// A code of Tencent's, from -40001 to -40011.
    Tencent(i32),
}

/// What the bodies of exports return.
pub(crate) type Result<T> = core::result::Result<T, Failure>;

impl Failure {
    pub(crate) const fn status(self) -> tenantseal_status {
        match self {
            Self::Argument => 1,
            Self::BufferTooSmall => 2,
            Self::Handle => 3,
            Self::Internal => 4,
            Self::Absent => 5,
            Self::Core(error) => error.code(),
            Self::Tencent(code) => code,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<Diagnosis> for Failure {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Tencent(diagnosis.code())
    }
}

impl From<BulkError> for Failure {
    fn from(bulk: BulkError) -> Self {
        Self::Core(bulk.error)
    }
}

/// One status: its name without the prefix, and its number.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// As in TENANTSEAL_ERROR_`NAME`.
    pub name: &'static CStr,
    /// The number.
    pub code: tenantseal_status,
    failure: Option<Failure>,
}

/// Every status, from which the header's constants are made. Numbers are the library's, none is written here.
pub const STATUSES: &[Status] = &[
    Status { name: c"OK", code: OK, failure: None },
    failure(c"ARGUMENT", Failure::Argument),
    failure(c"BUFFER_TOO_SMALL", Failure::BufferTooSmall),
    failure(c"HANDLE", Failure::Handle),
    failure(c"INTERNAL", Failure::Internal),
    failure(c"ABSENT", Failure::Absent),
    core(c"ALREADY_EXISTS", Error::AlreadyExists),
    core(c"TOO_LONG", Error::TooLong),
    core(c"VALUE", Error::Value),
    core(c"WRONG_BINDING", Error::WrongBinding),
    core(c"WRONG_TYPE", Error::WrongType),
    core(c"WRONG_STORE", Error::WrongStore),
    core(c"WRONG_INDEX", Error::WrongIndex),
    core(c"UNKNOWN_TENANT", Error::UnknownTenant),
    core(c"UNKNOWN_FIELD", Error::UnknownField),
    core(c"UNKNOWN_INDEX", Error::UnknownIndex),
    core(c"UNKNOWN_COMPARTMENT", Error::UnknownCompartment),
    core(c"UNKNOWN_PRINCIPAL", Error::UnknownPrincipal),
    core(c"POLICY", Error::Policy { field: None, rule: PolicyRule::Syntax }),
    core(c"HELD", Error::Held),
    core(c"STATE", Error::State),
    core(c"NOT_SHREDDABLE", Error::NotShreddable),
    core(c"OPEN", Error::Open),
    core(c"UNKNOWN_KEY", Error::UnknownKey),
    core(c"MALFORMED", Error::Malformed),
    core(c"UNSUPPORTED", Error::Unsupported),
    core(c"PASSPHRASE", Error::Passphrase),
    core(c"ROLLED_BACK", Error::RolledBack),
    core(c"UNKNOWN_KEK", Error::UnknownKek),
    core(c"SUSPENDED", Error::Suspended),
    core(c"SHREDDED", Error::Shredded),
    core(c"KEYS_REMAIN", Error::KeysRemain),
    core(c"REMOVED", Error::Removed),
    core(c"CALLBACK", Error::Callback),
    core(c"CALLBACK_FORMAT", Error::CallbackFormat),
    core(c"CALLBACK_CREDENTIALS", Error::CallbackCredentials),
    core(c"GUARD_FULL", Error::GuardFull),
    core(c"CLAIM_EXPIRED", Error::ClaimExpired),
    core(c"STORE", Error::Store(StoreError::Engine)),
    core(c"IO", Error::Io(std::io::ErrorKind::Other)),
    core(c"RANDOM", Error::Random),
    core(c"FORKED", Error::Forked),
    core(c"INSECURE_FOLDER", Error::InsecureFolder),
    core(c"INTERRUPTED", Error::Interrupted),
    core(c"SESSION_EXPIRED", Error::SessionExpired),
    core(c"TRUNCATED", Error::Truncated),
];

const fn failure(name: &'static CStr, failure: Failure) -> Status {
    Status { name, code: failure.status(), failure: Some(failure) }
}

const fn core(name: &'static CStr, error: Error) -> Status {
    failure(name, Failure::Core(error))
}

impl Status {
    /// The text, where the library's own would name a detail that a number does not carry.
    fn message(&self) -> String {
        let text = match self.failure {
            None => "success",
            Some(Failure::Absent) => "there is nothing of that name or number",
            Some(Failure::Argument) => {
                "a pointer is NULL, a length too large, outputs overlap, or a number is undefined"
            }
            Some(Failure::BufferTooSmall) => "the output does not fit; its length was stored",
            Some(Failure::Handle) => "this handle is of no live object of that type in this process",
            Some(Failure::Tencent(_)) => "a code of Tencent's",
            Some(Failure::Internal) => "a fault in the library was caught; please report it",
            Some(Failure::Core(Error::Io(_))) => "the operating system refused a read or a write",
            Some(Failure::Core(Error::Policy { .. })) => {
                "a policy document breaks a rule; tenantseal_policy_explain() says which"
            }
            Some(Failure::Core(Error::Store(_))) => {
                "the database refused a statement, or its schema does not fit"
            }
            Some(Failure::Core(error)) => return error.to_string(),
        };
        text.to_owned()
    }
}

/// What a status means, in one sentence. Static text that holds nothing of the call; never NULL.
///
/// @param status  what a function returned
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_status_message(status: tenantseal_status) -> *const c_char {
    static MESSAGES: OnceLock<Vec<CString>> = OnceLock::new();
    let messages = MESSAGES.get_or_init(|| {
        // Invariant: no message has a NUL in it.
        STATUSES.iter().map(|status| CString::new(status.message()).unwrap_or_default()).collect()
    });
    let known = STATUSES.iter().zip(messages).find(|(known, _)| known.code == status);
    known.map_or(c"no status of this library".as_ptr(), |(_, message)| message.as_ptr())
}

/// The name of a status without its prefix, such as `BUFFER_TOO_SMALL`. Static text; never NULL.
///
/// @param status  what a function returned
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_status_name(status: tenantseal_status) -> *const c_char {
    let known = STATUSES.iter().find(|known| known.code == status);
    known.map_or(c"UNKNOWN", |known| known.name).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_the_library_is_a_status() {
        // The enum is non-exhaustive outside its crate, so the one exhaustive match is read as text.
        let source = include_str!("../../src/error.rs");
        let mut numbers: Vec<i32> = source
            .lines()
            .filter(|line| line.trim().starts_with("Self::"))
            .filter_map(|line| line.split_once("=> ")?.1.trim_end_matches(',').parse().ok())
            .collect();
        assert!(numbers.len() >= 25, "{numbers:?}");
        assert!(numbers.iter().all(|number| *number >= 100), "below 100 is for bindings");
        numbers.sort_unstable();
        let known: Vec<i32> = STATUSES.iter().map(|status| status.code).filter(|code| *code >= 100).collect();
        assert_eq!(known, numbers);
    }

    #[test]
    fn statuses_are_in_order_and_have_one_line_messages() {
        assert!(STATUSES.is_sorted_by(|left, right| left.code < right.code || left.code == 5));
        for status in STATUSES {
            let message = status.message();
            assert!(!message.is_empty() && !message.contains('\n') && !message.ends_with('.'), "{message}");
        }
    }
}
