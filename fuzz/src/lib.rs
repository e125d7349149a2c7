//! What the fuzz targets run. The bodies are also compiled into the library's own tests, which replay the corpora.
pub mod bodies;
