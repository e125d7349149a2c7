//! After a rotation: what is old is found without a key, and sealed anew.

use core::ops::ControlFlow;

use tenantseal::{Error, field::CellHeader, tenant::Suite};

use crate::fixture::{keyring, keyring_of};

#[test]
fn what_a_rotation_left_behind_is_found_by_its_prefix_and_resealed() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let tenant = keys.create_tenant("t-1001").unwrap();
        let field = tenant.field("member.name").unwrap();
        let (binary, text) = (field.seal(1, "张三").unwrap(), field.seal_text(1, "张三").unwrap());
        let old = (field.current_prefix().unwrap(), field.current_text_prefix().unwrap());
        assert!(binary.starts_with(&old.0) && text.starts_with(&old.1) && old.1.len() == 36);
        assert_eq!(CellHeader::parse(&binary).unwrap().to_bytes(), old.0);
        assert_eq!((field.reseal(1, &binary), field.reseal(1, &text)), (Ok(None), Ok(None)));
        keys.rotate_tenant("t-1001").unwrap();
        let now = (field.current_prefix().unwrap(), field.current_text_prefix().unwrap());
        assert!(!binary.starts_with(&now.0) && !text.starts_with(&now.1));
        let (opened, resealed) = field.open_and_reseal(1, &binary).unwrap();
        let resealed = resealed.unwrap();
        assert_eq!(opened.text(), Ok("张三"));
        assert!(resealed.starts_with(&now.0) && resealed.len() == binary.len());
        assert_eq!(field.open(1, &resealed).unwrap().text(), Ok("张三"));
        // The form is kept, and what is current is left alone.
        let as_text = field.reseal(1, &text).unwrap().unwrap();
        assert!(as_text.starts_with(now.1.as_bytes()) && as_text.len() == text.len());
        assert_eq!(field.reseal(1, &resealed), Ok(None));
        assert!(field.open_and_reseal(1, &resealed).unwrap().1.is_none());
        // Of another row, altered, or of nobody: an error, and nothing to write.
        assert_eq!(field.reseal(2, &binary).err(), Some(Error::Open));
        let mut altered = binary.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(field.reseal(1, &altered).err(), Some(Error::Open));
        for bad in [&b""[..], b"ts1.", b"ts1.AAAA", b"plain", &[0xf8; 24]] {
            assert!(field.reseal(1, bad).is_err(), "{bad:?}");
        }
    }
}

#[test]
fn many_are_resealed_in_order_and_a_stop_keeps_what_was_done() {
    let keys = keyring();
    let field = keys.create_tenant("t-1001").unwrap().field("member.name").unwrap();
    let old: Vec<_> = (0..10i64).map(|row| (row, field.seal(row, "a").unwrap())).collect();
    keys.rotate_tenant("t-1001").unwrap();
    let mut cells = old.clone();
    cells[3].1 = field.seal(3, "b").unwrap();
    let mut told = Vec::new();
    let resealed = field
        .reseal_many(cells.iter().map(|(row, cell)| (*row, cell)), |done| {
            told.push(done);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((resealed.len(), told), (10, (1..=10).collect()));
    for ((row, _), resealed) in cells.iter().zip(&resealed) {
        assert_eq!(resealed.is_none(), *row == 3);
        if let Some(cell) = resealed {
            assert_eq!(field.open(*row, cell).unwrap().text(), Ok("a"));
        }
    }
    let stop = |done| if done == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    let some = field.reseal_many(cells.iter().map(|(row, cell)| (*row, cell)), stop).unwrap();
    assert_eq!(some.len(), 4);
    cells[5].1[30] ^= 1;
    let failed =
        field.reseal_many(cells.iter().map(|(row, cell)| (*row, cell)), |_| ControlFlow::Continue(()));
    assert_eq!(failed.map(|_| ()).map_err(|failed| failed.position), Err(Some(5)));
}

#[test]
fn lengths_are_as_stated() {
    for suite in Suite::ALL {
        let field = keyring_of(*suite).create_tenant("t-1001").unwrap().field("member.name").unwrap();
        for len in [0, 1, 2, 3, 11, 64, 1000] {
            let value = "a".repeat(len);
            assert_eq!(field.sealed_len(len).unwrap(), field.seal(1, &value).unwrap().len());
            assert_eq!(field.text_len(len).unwrap(), field.seal_text(1, &value).unwrap().len());
        }
        assert_eq!(field.sealed_len(usize::MAX).err(), Some(Error::TooLong));
        assert_eq!(field.text_len(usize::MAX / 2).err(), Some(Error::TooLong));
    }
}
