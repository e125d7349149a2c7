//! Seals a cell and a row, and opens those of every language that was here before. Usage: exchange FOLDER PLACE
//!
//! It makes the folder's key file if there is none: it goes first.
#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::{error::Error, fs, path::PathBuf};

use tenantseal::tenant::{Keyring, Passphrase, Policy};
use tenantseal_store::{Fields, blocking::Vault};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("no folder")?);
    let place = arguments.next().ok_or("no place")?;
    let (path, passphrase) = (folder.join("keys.ts"), Passphrase::try_from("correct horse battery")?);
    if !path.exists() {
        let keys = Keyring::create(&path, &passphrase)?;
        keys.install_policy(Policy::from_json(include_bytes!("../../examples/contacts.policy.json"))?)?;
        keys.create_tenant("t-1001")?;
    }
    let keys = Keyring::open(&path, &passphrase)?;
    let name = keys.tenant("t-1001")?.field("member.name")?;
    let text = format!("from {place}");
    fs::write(folder.join(format!("{place}.cell")), name.seal_text(place.parse::<i64>()?, &text)?)?;
    let rows = Vault::open(folder.join("vault.db"), &keys)?.tenant("t-1001")?;
    rows.insert("member", Fields::new().set("mobile", &format!("1380013800{place}")).set("name", &text))?;
    let mut opened = 0;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "cell") {
            continue;
        }
        let other = path.file_stem().and_then(|stem| stem.to_str()).ok_or("no name")?;
        let expected = format!("from {other}");
        let found = rows.find("member.mobile", "exact", &format!("+86 1380013800{other}"))?;
        let same = found.iter().all(|row| row.text("name") == Ok(Some(expected.as_str())));
        let cell = name.open(other.parse::<i64>()?, fs::read(&path)?)?;
        if found.is_empty() || !same || cell.text()? != expected {
            return Err(format!("rust does not open {other}").into());
        }
        opened += 1;
    }
    println!("rust opened {opened}");
    Ok(())
}
