//! `keys.ts`: what it keeps, and that nothing altered opens.

use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _};

use tenantseal::{
    Error,
    tenant::{EventSink, KeyEvent, Keyring, Passphrase, PassphraseCost, Suite},
};

use crate::fixture::{options, passphrase, policy};

fn create(path: &std::path::Path, suite: Suite) -> Keyring {
    let keys = Keyring::create_with(path, &passphrase(), &options(suite)).unwrap();
    keys.install_policy(policy()).unwrap();
    keys
}

#[test]
fn a_key_file_keeps_tenants_aliases_and_policy() {
    for suite in Suite::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.ts");
        let keys = create(&path, *suite);
        let sealed =
            keys.create_tenant("t-1001").unwrap().field("member.name").unwrap().seal(1, "张三").unwrap();
        keys.add_alias("ww1234", "t-1001").unwrap();
        drop(keys);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = Keyring::open(&path, &passphrase()).unwrap();
        let name = again.tenant_by_alias("ww1234").unwrap().field("member.name").unwrap();
        assert_eq!(name.open(1, &sealed).unwrap().text().unwrap(), "张三");
        assert_eq!(*again.policy().unwrap(), policy());
        let wrong = Passphrase::try_from("correct horse battery stable").unwrap();
        assert_eq!(Keyring::open(&path, &wrong).err(), Some(Error::Passphrase));
        assert_eq!(Keyring::create(&path, &passphrase()).err(), Some(Error::AlreadyExists));
        assert_eq!(
            Keyring::open(&path, &passphrase()).unwrap().tenant_ids().unwrap().len(),
            1,
            "and it is still there"
        );
    }
}

#[test]
fn two_processes_see_each_others_tenants_and_lose_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let one = create(&path, Suite::default());
    let two = Keyring::open_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    std::thread::scope(|scope| {
        for (keys, prefix) in [(&one, "a"), (&two, "b")] {
            scope.spawn(move || {
                for number in 0..8 {
                    keys.create_tenant(format!("{prefix}{number}").as_str()).unwrap();
                }
            });
        }
    });
    for prefix in ["a", "b"] {
        for number in 0..8 {
            let id = format!("{prefix}{number}");
            assert!(one.tenant(id.as_str()).is_ok() && two.tenant(id.as_str()).is_ok());
        }
    }
    let name = one.tenant("a0").unwrap().field("member.name").unwrap();
    two.rotate_tenant("a0").unwrap();
    one.reload().unwrap();
    let cell = tenantseal::field::CellHeader::parse(&name.seal(1, "x").unwrap()).unwrap();
    assert_eq!(cell.generation.to_u32(), 2, "a rotation elsewhere is seen by a handle that was there before");
    assert_eq!(one.rotate_tenant("a0").unwrap().to_u32(), 3);
    assert_eq!(two.rotate_tenant("a0").unwrap().to_u32(), 4);
    let name = one.tenant("b0").unwrap().field("member.name").unwrap();
    two.tenant("b0").unwrap().field("member.name").unwrap().open(1, name.seal(1, "x").unwrap()).unwrap();
}

#[test]
fn yesterdays_file_put_back_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    let yesterday = fs::read(&path).unwrap();
    keys.create_tenant("t-1001").unwrap();
    fs::write(&path, yesterday).unwrap();
    assert_eq!(keys.reload().err(), Some(Error::RolledBack));
    assert_eq!(keys.create_tenant("t-2002").err(), Some(Error::RolledBack));
    assert!(keys.tenant("t-1001").is_ok(), "what is in memory goes on");
}

#[test]
fn a_link_to_a_key_file_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("keys.ts"), folder.path().join("link.ts"));
    let keys = create(&path, Suite::default());
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = Keyring::open_with(&link, &passphrase(), &options(Suite::default())).unwrap();
    linked.create_tenant("t-1001").unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(keys.tenant("t-1001").is_ok());
}

#[test]
fn a_writer_that_died_leaves_nothing_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    fs::write(folder.path().join("keys.ts.new"), b"half a file").unwrap();
    keys.create_tenant("t-1001").unwrap();
    let again = Keyring::open_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    assert!(again.tenant("t-1001").is_ok());
}

#[test]
fn a_link_in_the_place_of_the_new_file_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, victim) = (folder.path().join("keys.ts"), folder.path().join("victim"));
    let keys = create(&path, Suite::default());
    fs::write(&victim, b"other data").unwrap();
    std::os::unix::fs::symlink(&victim, folder.path().join("keys.ts.new")).unwrap();
    keys.create_tenant("t-1001").unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"other data");
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[test]
fn a_write_puts_another_file_in_place_and_leaves_the_old_one_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    let before = fs::read(&path).unwrap();
    let mut reader = fs::File::open(&path).unwrap();
    keys.create_tenant("t-1001").unwrap();
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == before && fs::read(&path).unwrap() != before);
    for name in ["keys.ts", "keys.ts.lock"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its lock");
}

#[test]
fn a_change_that_cannot_be_written_did_not_happen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    let before = fs::read(&path).unwrap();
    // What stands where the new file is made cannot be removed as a file.
    fs::create_dir(folder.path().join("keys.ts.new")).unwrap();
    assert!(matches!(keys.create_tenant("t-1001").err(), Some(Error::Io(_))));
    assert_eq!(keys.tenant("t-1001").err(), Some(Error::UnknownTenant));
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::remove_dir(folder.path().join("keys.ts.new")).unwrap();
    keys.create_tenant("t-1001").unwrap();
}

struct Refuses;

impl EventSink for Refuses {
    fn record(&self, _: &KeyEvent) -> Result<(), Error> {
        Err(Error::Io(std::io::ErrorKind::StorageFull))
    }
}

#[test]
fn a_change_whose_event_is_refused_is_neither_stored_nor_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    create(&path, Suite::default()).create_tenant("t-1001").unwrap();
    let before = fs::read(&path).unwrap();
    let options = options(Suite::default()).event_sink(std::sync::Arc::new(Refuses));
    let keys = Keyring::open_with(&path, &passphrase(), &options).unwrap();
    let refused = Some(Error::Io(std::io::ErrorKind::StorageFull));
    assert_eq!(keys.create_tenant("t-2002").err(), refused);
    assert_eq!(keys.rotate_tenant("t-1001").err(), refused);
    assert_eq!(keys.add_alias("ww1234", "t-1001").err(), refused);
    assert_eq!(keys.tenant("t-2002").err(), Some(Error::UnknownTenant));
    assert_eq!(keys.tenant_by_alias("ww1234").err(), Some(Error::UnknownTenant));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_writer_waits_for_the_lock_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    let lock = fs::File::open(folder.path().join("keys.ts.lock")).unwrap();
    lock.lock().unwrap();
    let (sender, done) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            keys.create_tenant("t-1001").unwrap();
            sender.send(()).unwrap();
        });
        assert!(done.recv_timeout(std::time::Duration::from_millis(300)).is_err());
        drop(lock);
        done.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    });
    assert!(keys.tenant("t-1001").is_ok());
}

#[test]
fn a_file_that_cannot_be_read_again_is_told_for_a_tenant_that_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    keys.create_tenant("t-1001").unwrap();
    keys.add_alias("ww1234", "t-1001").unwrap();
    fs::write(&path, [0; 500]).unwrap();
    assert!(keys.tenant("t-1001").is_ok() && keys.tenant_by_alias("ww1234").is_ok());
    assert_eq!(keys.tenant("t-2002").err(), Some(Error::Passphrase));
    assert_eq!(keys.tenant_by_alias("ww5678").err(), Some(Error::Passphrase));
}

#[test]
fn each_field_of_a_head_that_is_not_of_this_format_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    create(&path, Suite::default());
    let good = fs::read(&path).unwrap();
    for (at, bytes, error) in [
        (0, &b"TSKG"[..], Error::Malformed),
        (4, &[2], Error::Unsupported),
        (5, &[2], Error::Unsupported),
        (6, &[2], Error::Unsupported),
        // Costs that a reader refuses to pay: memory, passes, lanes, lanes for the memory.
        (7, &[0, 0x10, 0, 1], Error::Passphrase),
        (7, &[0, 0, 0, 7], Error::Passphrase),
        (11, &[0, 0, 0, 65], Error::Passphrase),
        (11, &[0; 4], Error::Passphrase),
        (15, &[0, 0, 0, 65], Error::Passphrase),
        (15, &[0; 4], Error::Passphrase),
        (7, &[0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 3], Error::Passphrase),
    ] {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(&path, &bad).unwrap();
        assert_eq!(Keyring::open(&path, &passphrase()).err(), Some(error), "byte {at} {bytes:?}");
    }
}

#[test]
fn another_file_in_the_place_of_the_one_that_was_opened_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("keys.ts"), folder.path().join("other.ts"));
    let keys = create(&path, Suite::default());
    create(&other, Suite::default());
    fs::rename(&other, &path).unwrap();
    assert_eq!(keys.reload().err(), Some(Error::Passphrase));
    assert_eq!(keys.create_tenant("t-1001").err(), Some(Error::Passphrase));
}

#[test]
fn a_file_past_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let file = fs::File::create(&path).unwrap();
    file.set_len((1 << 30) + 1).unwrap();
    assert_eq!(Keyring::open(&path, &passphrase()).err(), Some(Error::TooLong));
}

#[test]
fn costs_and_passphrases_have_a_floor() {
    assert!(PassphraseCost::new(19 * 1024, 2, 1).is_ok());
    assert!(PassphraseCost::new(1 << 20, 64, 64).is_ok());
    for (memory, passes, lanes) in [
        (19 * 1024 - 1, 2, 1),
        (19 * 1024, 1, 1),
        (19 * 1024, 2, 0),
        (1 << 21, 2, 1),
        (1 << 20, 2, 65),
        (1 << 20, 65, 1),
        ((1 << 20) + 1, 2, 1),
    ] {
        assert_eq!(PassphraseCost::new(memory, passes, lanes).err(), Some(Error::Value));
    }
    let folder = tempfile::tempdir().unwrap();
    let short = Passphrase::try_from("eleven char").unwrap();
    assert_eq!(Keyring::create(folder.path().join("keys.ts"), &short).err(), Some(Error::Value));
    let enough = Passphrase::try_from("twelve chars").unwrap();
    assert!(
        Keyring::create_with(folder.path().join("twelve.ts"), &enough, &options(Suite::default())).is_ok()
    );
    assert!(Passphrase::try_from("").is_err() && Passphrase::from_env("TENANTSEAL_NOT_SET").is_err());
    assert!(matches!(Keyring::open(folder.path().join("absent"), &passphrase()).err(), Some(Error::Io(_))));
}

/// Every alteration needs a run of Argon2id, so this one needs the cost that protects nothing.
#[cfg(feature = "hazmat")]
#[test]
fn every_alteration_of_a_key_file_is_refused() {
    for suite in Suite::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.ts");
        let keys = Keyring::create_with(&path, &passphrase(), &options(*suite)).unwrap();
        keys.create_tenant("t-1001").unwrap();
        keys.add_alias("ww1234", "t-1001").unwrap();
        let bytes = fs::read(&path).unwrap();
        let mut count = 0;
        for altered in crate::fixture::alterations(&bytes) {
            fs::write(&path, &altered).unwrap();
            assert!(Keyring::open(&path, &passphrase()).is_err());
            count += 1;
        }
        println!("{suite:?}: {count} alterations of a key file of {} bytes, 0 accepted", bytes.len());
        assert!(count > 4_000);
    }
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    let refused = Some(Error::InsecureFolder);
    let new = || Keyring::create_with(&path, &passphrase(), &options(Suite::default()));
    for bits in [0o770, 0o707, 0o777, 0o1777] {
        mode(bits);
        assert_eq!(new().err(), refused, "{bits:o}");
    }
    mode(0o755);
    let keys = new().unwrap();
    mode(0o775);
    assert_eq!(keys.create_tenant("t").err(), refused);
    assert_eq!(Keyring::open_with(&path, &passphrase(), &options(Suite::default())).err(), refused);
    mode(0o700);
    assert!(keys.create_tenant("t").is_ok());
}

#[test]
fn nothing_is_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (folder.path().join("keys.ts"), folder.path().join("elsewhere"));
    fs::write(&elsewhere, b"not ours").unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("keys.ts.lock")).unwrap();
    let new = || Keyring::create_with(&path, &passphrase(), &options(Suite::default()));
    assert!(matches!(new().err(), Some(Error::Io(_))));
    fs::remove_file(folder.path().join("keys.ts.lock")).unwrap();
    let keys = new().unwrap();
    // What stands where the new file is made is removed, not followed.
    std::os::unix::fs::symlink(&elsewhere, folder.path().join("keys.ts.new")).unwrap();
    keys.create_tenant("t").unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), b"not ours");
}

#[test]
fn a_lock_file_that_says_nothing_counts_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = create(&path, Suite::default());
    keys.create_tenant("t").unwrap();
    let lock = folder.path().join("keys.ts.lock");
    assert_eq!(fs::read(&lock).unwrap(), b"00000000000000000003\n");
    for content in [&b""[..], b"3", b"x\n", b"-1\n", b"99999999999999999999999\n", &[0; 21]] {
        fs::write(&lock, content).unwrap();
        assert!(Keyring::open_with(&path, &passphrase(), &options(Suite::default())).is_ok());
    }
    fs::write(&lock, b"00000000000000000004\n").unwrap();
    let open = Keyring::open_with(&path, &passphrase(), &options(Suite::default()));
    assert_eq!(open.err(), Some(Error::RolledBack));
}
