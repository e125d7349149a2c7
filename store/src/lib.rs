//! A vault.
