//! End-to-end sessions between two clients of one tenant: docs/sessions.md is the guide.

// In the order of the header.

pub mod key;

pub mod peer;

pub mod endpoint;

pub mod initiator;

pub mod listener;

pub mod established;

pub mod receiver;
pub mod sender;
