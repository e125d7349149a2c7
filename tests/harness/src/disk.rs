//! Folders: temporary ones, copies, and what is in them.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// What stands under each name, relative to the folder: bytes, or `None` for a folder.
pub(crate) type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A folder that goes away when it is dropped: in memory where that is possible, since nothing here needs a disk.
///
/// # Panics
///
/// If none can be made.
#[must_use]
pub fn temporary_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).unwrap_or_else(|error| panic!("no temporary folder: {error}"))
}

pub(crate) fn read_tree(folder: &Path) -> io::Result<Tree> {
    let mut tree = Tree::new();
    let mut left = vec![PathBuf::new()];
    while let Some(below) = left.pop() {
        for entry in fs::read_dir(folder.join(&below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                left.push(name.clone());
                tree.insert(name, None);
            } else {
                tree.insert(name, Some(fs::read(entry.path())?));
            }
        }
    }
    Ok(tree)
}

/// Makes `folder`, which is emptied, hold `tree`.
pub(crate) fn write_tree(folder: &Path, tree: &Tree) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    // A folder's name sorts before the names in it.
    for (name, content) in tree {
        match content {
            Some(bytes) => fs::write(folder.join(name), bytes)?,
            None => fs::create_dir(folder.join(name))?,
        }
    }
    Ok(())
}
