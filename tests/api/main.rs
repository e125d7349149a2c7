//! What a user may rely on, through the public API alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

#[cfg(feature = "arrow")]
mod arrow;
mod cells;
mod columns;
mod credentials;
mod ddl;
mod deterministic;
mod fixture;
mod frozen;
mod frozen_fields;
mod frozen_life;
mod frozen_search;
mod hostile;
mod index_kinds;
mod indexes;
mod keyfile;
mod lifecycle;
mod model;
mod mongo;
mod padded_columns;
mod planner;
mod policies;
mod records;
mod reseal;
mod rotation;
mod sessions;
mod shred;
mod streams;
mod typed;
