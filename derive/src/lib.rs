//! `#[derive(Record)]` of tenantseal, which exports it as `tenantseal::field::Record` with the feature `derive`: what it
//! makes is documented there.
//!
//! A struct is read once, and everything that is wrong with it is told where it stands. What was read is written down
//! twice: as entries of a policy document, and as Rust. What the policy's rules say beyond that (a class too low for its
//! content, the domains of several tables) they say when the policy is made of the records.
#![forbid(unsafe_code)]

mod attribute;
mod expand;
mod policy;
mod record;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields a record: a table of the policy whose columns are the struct's fields.
///
/// The attributes of a struct and its fields are documented at the trait, `tenantseal::field::Record`.
#[proc_macro_derive(Record, attributes(record))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = record::read(&input).map(|record| expand::expand(&record));
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
