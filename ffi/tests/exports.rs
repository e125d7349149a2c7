//! The exports, called as C calls them: the frozen vectors, the library beside it, and injected panics.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is the report of a failure"
)]

use core::ptr::{null, null_mut};

use serde_json::Value;
use tenantseal::{
    Error,
    tenant::{Kek, Keyring, KeyringOptions},
};
use tenantseal_ffi::{
    biz_msg_crypt::*, bulk::tenantseal_seal_many_len, cell::*, field::*, index::*, keyring::*, mask::*,
    media::*, row::*, status::tenantseal_status, tenant::*,
};

/// Calls an export.
macro_rules! c {
    ($name:ident($($argument:expr),* $(,)?)) => {
        // SAFETY: every pointer in these tests is to a slice or a place that lives as long as the call.
        unsafe { $name($($argument),*) }
    };
}

/// What a call writes into a buffer: first asked for its length, then given that and no more.
fn buffer(call: impl Fn(*mut u8, usize, *mut usize) -> tenantseal_status) -> Result<Vec<u8>, i32> {
    let mut len = 0;
    match call(null_mut(), 0, &raw mut len) {
        0 => return Ok(Vec::new()),
        2 => {}
        status => return Err(status),
    }
    let mut out = vec![0; len];
    match call(out.as_mut_ptr(), out.len(), &raw mut len) {
        0 => {
            out.truncate(len);
            Ok(out)
        }
        status => Err(status),
    }
}

fn handle<H>(call: impl Fn(*mut *mut H) -> tenantseal_status) -> Result<*mut H, i32> {
    let mut handle = null_mut();
    let status = call(&raw mut handle);
    assert_eq!(handle.is_null(), status != 0);
    if status == 0 { Ok(handle) } else { Err(status) }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/frozen_v1.json")).unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn keyring(vectors: &Value) -> *mut tenantseal_keyring {
    let kek = bytes(&vectors["kek"]);
    let mut records = Vec::new();
    for record in vectors["records"].as_array().unwrap() {
        let record = bytes(record);
        records.extend_from_slice(&u32::try_from(record.len()).unwrap().to_be_bytes());
        records.extend_from_slice(&record);
    }
    let keys = handle(|out| {
        c!(tenantseal_keyring_from_records(kek.as_ptr(), kek.len(), records.as_ptr(), records.len(), out))
    })
    .unwrap();
    let policy = bytes(&vectors["policy"]);
    assert_eq!(c!(tenantseal_keyring_install_stored_policy(keys, policy.as_ptr(), policy.len())), 0);
    assert_eq!(buffer(|out, cap, len| c!(tenantseal_keyring_records(keys, out, cap, len))).unwrap(), records);
    keys
}

fn field(tenant: *const tenantseal_tenant, vector: &Value) -> *mut tenantseal_field {
    let label = vector["field"].as_str().unwrap();
    let field = handle(|out| c!(tenantseal_tenant_field(tenant, label.as_ptr(), label.len(), out))).unwrap();
    match vector["compartment"].as_str().unwrap_or_default() {
        "" => field,
        label => {
            let other =
                handle(|out| c!(tenantseal_field_compartment(field, label.as_ptr(), label.len(), out)))
                    .unwrap();
            assert_eq!(tenantseal_field_free(field), 0);
            other
        }
    }
}

#[test]
fn frozen_vectors_open() {
    let vectors = vectors();
    let keys = keyring(&vectors);
    let id = "t-1001";
    let acme = handle(|out| c!(tenantseal_keyring_tenant(keys, id.as_ptr(), id.len(), out))).unwrap();
    let cells = vectors["cells"].as_array().unwrap();
    assert!(cells.len() >= 8);
    for cell in cells {
        let field = field(acme, cell);
        let (row, sealed) = (cell["row"].as_i64().unwrap(), bytes(&cell["bytes"]));
        let open = |row| match cell["what"].as_str().unwrap() {
            "mask" => {
                let mask = handle(|out| c!(tenantseal_field_mask(field, out))).unwrap();
                let opened = buffer(|out, cap, len| {
                    c!(tenantseal_mask_open_i64(mask, row, sealed.as_ptr(), sealed.len(), out, cap, len))
                });
                assert_eq!(tenantseal_mask_free(mask), 0);
                opened
            }
            _ => buffer(|out, cap, len| {
                c!(tenantseal_field_open_i64(field, row, sealed.as_ptr(), sealed.len(), out, cap, len))
            }),
        };
        assert_eq!(open(row).unwrap(), cell["value"].as_str().unwrap().as_bytes(), "{}", cell["what"]);
        assert!(open(row + 1).is_err());
        assert_eq!(tenantseal_field_free(field), 0);
    }

    let mut row = Vec::new();
    for key in vectors["natural"]["keys"].as_array().unwrap() {
        let key = key.as_str().unwrap();
        row = buffer(|out, cap, len| {
            c!(tenantseal_row_natural_text(row.as_ptr(), row.len(), key.as_ptr(), key.len(), out, cap, len))
        })
        .unwrap();
    }
    let unbound = buffer(|out, cap, len| c!(tenantseal_row_unbound(out, cap, len))).unwrap();
    for (vector, row) in [(&vectors["natural"], &row), (&vectors["unbound"], &unbound)] {
        let (field, sealed) = (field(acme, vector), bytes(&vector["bytes"]));
        let opened = buffer(|out, cap, len| {
            c!(tenantseal_field_open(
                field,
                row.as_ptr(),
                row.len(),
                sealed.as_ptr(),
                sealed.len(),
                out,
                cap,
                len
            ))
        });
        assert_eq!(opened.unwrap(), bytes(&vector["value"]));
        assert_eq!(tenantseal_field_free(field), 0);
    }

    let tokens = &vectors["tokens"];
    let (value, label) = (tokens["value"].as_str().unwrap(), "exact");
    let mobile = field(acme, &vectors["cells"][0]);
    let index = handle(|out| c!(tenantseal_field_index(mobile, label.as_ptr(), label.len(), out))).unwrap();
    let mut token = 0;
    assert_eq!(c!(tenantseal_index_token(index, value.as_ptr(), value.len(), &raw mut token)), 0);
    assert_eq!(Some(token), tokens["exact"][0].as_i64());

    for status in [
        tenantseal_index_free(index),
        tenantseal_field_free(mobile),
        tenantseal_tenant_free(acme),
        tenantseal_keyring_free(keys),
    ] {
        assert_eq!(status, 0);
    }
}

#[test]
fn what_c_seals_the_library_opens_and_the_other_way_round() {
    let vectors = vectors();
    let keys = keyring(&vectors);
    let records = vectors["records"].as_array().unwrap().iter().map(bytes);
    let kek = Kek::try_from(&bytes(&vectors["kek"])[..]).unwrap();
    let core = Keyring::from_records(&kek, records, &KeyringOptions::new()).unwrap();
    core.install_policy(core.policy_from_bytes(&bytes(&vectors["policy"])).unwrap()).unwrap();
    let core = core.tenant("t-1001").unwrap().field("member.mobile").unwrap();
    let id = "t-1001";
    let acme = handle(|out| c!(tenantseal_keyring_tenant(keys, id.as_ptr(), id.len(), out))).unwrap();
    let mobile = field(acme, &vectors["cells"][0]);

    for value in ["", "1", "13800138000", "张三"] {
        let sealed = buffer(|out, cap, len| {
            c!(tenantseal_field_seal_i64(mobile, 7, value.as_ptr(), value.len(), out, cap, len))
        })
        .unwrap();
        assert_eq!(sealed.len(), tenantseal_sealed_len(value.len()));
        assert_eq!(sealed.len(), tenantseal_seal_many_len(value.len(), 1));
        assert_eq!(core.open(7, &sealed).unwrap().text(), Ok(value));
        let theirs = core.seal(7, value).unwrap();
        let opened = buffer(|out, cap, len| {
            c!(tenantseal_field_open_i64(mobile, 7, theirs.as_ptr(), theirs.len(), out, cap, len))
        });
        assert_eq!(opened.unwrap(), value.as_bytes());
        let (mut suite, mut generation) = (0, 0);
        let mut commitment = [0; TENANTSEAL_KEY_COMMITMENT_LEN];
        let mut len = 0;
        let status = c!(tenantseal_cell_header(
            sealed.as_ptr(),
            sealed.len(),
            &raw mut suite,
            &raw mut generation,
            commitment.as_mut_ptr(),
            commitment.len(),
            &raw mut len
        ));
        assert_eq!((status, suite, len), (0, 1, commitment.len()));
        assert_eq!(sealed[8..24], commitment);
    }
    assert_eq!(
        buffer(|out, cap, len| c!(tenantseal_field_open_i64(mobile, 7, null(), 0, out, cap, len))),
        Err(Error::Malformed.code())
    );
    for status in [tenantseal_field_free(mobile), tenantseal_tenant_free(acme), tenantseal_keyring_free(keys)]
    {
        assert_eq!(status, 0);
    }
}

#[test]
fn published_callbacks_are_judged_as_they_say() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/wecom_own_keys.json")).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for case in vectors["callbacks"].as_array().unwrap() {
        let part = |name: &str| case[name].as_str();
        let (
            Some(token),
            Some(key),
            Some(receive_id),
            Some(timestamp),
            Some(nonce),
            Some(encrypt),
            Some(signature),
        ) = (
            part("token"),
            part("encoding_aes_key"),
            part("receive_id"),
            part("timestamp"),
            part("nonce"),
            part("encrypt"),
            part("msg_signature"),
        )
        else {
            continue;
        };
        if ["signature_3_tokens", "encrypt_fixed_random_json_reply"].contains(&part("kind").unwrap()) {
            continue;
        }
        let crypt = handle(|out| {
            c!(tenantseal_biz_msg_crypt_new(
                token.as_ptr(),
                token.len(),
                key.as_ptr(),
                key.len(),
                receive_id.as_ptr(),
                receive_id.len(),
                out
            ))
        })
        .unwrap();
        let body = format!("<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
        let message = buffer(|out, cap, len| {
            c!(tenantseal_biz_msg_crypt_decrypt_msg(
                crypt,
                body.as_ptr(),
                body.len(),
                signature.as_ptr(),
                signature.len(),
                timestamp.as_ptr(),
                timestamp.len(),
                nonce.as_ptr(),
                nonce.len(),
                out,
                cap,
                len
            ))
        });
        assert_eq!(tenantseal_biz_msg_crypt_free(crypt), 0);
        if part("expect") == Some("ok") {
            assert!(message.is_ok(), "{case}: {message:?}");
            if let Some(plaintext) = part("plaintext") {
                assert_eq!(message.unwrap(), plaintext.as_bytes(), "{case}");
            }
            opened += 1;
        } else {
            let status = message.unwrap_err();
            assert!((-40011..=-40001).contains(&status), "{case}: {status}");
            refused += 1;
        }
    }
    assert!(opened >= 40 && refused >= 10, "only {opened} opened and {refused} refused");
}

/// A file in pieces of `step` bytes.
fn open_media(key: &str, sealed: &[u8], step: usize) -> Result<Vec<u8>, i32> {
    let media = handle(|out| c!(tenantseal_media_new(key.as_ptr(), key.len(), out))).unwrap();
    let mut file = Vec::new();
    let mut write = |room: usize, call: &dyn Fn(*mut u8, usize, *mut usize) -> tenantseal_status| {
        let (mut out, mut len) = (vec![0; room], 0);
        let status = call(out.as_mut_ptr(), room, &raw mut len);
        file.extend_from_slice(&out[..len]);
        if status == 0 { Ok(()) } else { Err(status) }
    };
    let pieces = sealed.chunks(step).try_for_each(|piece| {
        write(tenantseal_media_update_len(piece.len()), &|out, cap, len| {
            c!(tenantseal_media_update(media, piece.as_ptr(), piece.len(), out, cap, len))
        })
    });
    let end = pieces.and_then(|()| {
        write(tenantseal_media_update_len(0), &|out, cap, len| {
            c!(tenantseal_media_finish(media, out, cap, len))
        })
    });
    assert_eq!((tenantseal_media_free(media), tenantseal_media_free(media)), (0, 3));
    end.map(|()| file)
}

#[test]
fn published_media_opens_in_pieces_of_any_size() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/wecom_own_keys.json")).unwrap();
    let base64 = |text: &Value| {
        let digit = |byte: u8| {
            let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            u32::try_from(digits.iter().position(|digit| *digit == byte).unwrap()).unwrap()
        };
        let text = text.as_str().unwrap().trim_end_matches('=').as_bytes();
        let quads = text.chunks(4).flat_map(|quad| {
            let bits = quad.iter().fold(0, |bits, byte| bits << 6 | digit(*byte)) << (6 * (4 - quad.len()));
            bits.to_be_bytes()[1..quad.len()].to_vec()
        });
        quads.collect::<Vec<u8>>()
    };
    let mut opened = 0;
    for case in vectors["media"].as_array().unwrap() {
        let Some(file) = case.get("plaintext_b64").filter(|file| file.is_string()) else { continue };
        let (key, sealed, file) =
            (case["aeskey"].as_str().unwrap(), base64(&case["ciphertext_b64"]), base64(file));
        for step in [1, 31, 32, 33, 1000, 65_536, 65_537, usize::MAX] {
            if step > 30 || sealed.len() < 2000 {
                assert_eq!(open_media(key, &sealed, step).as_ref(), Ok(&file), "{} {step}", file.len());
            }
        }
        let cut = &sealed[..sealed.len() - 1];
        assert_eq!(open_media(key, cut, usize::MAX), Err(Error::Callback.code()));
        opened += 1;
    }
    assert!(opened >= 10, "only {opened} opened");
}

#[test]
fn a_media_file_over_the_limit_is_refused_in_its_last_piece() {
    let key = "MWYoQXebz/cFPx17PKICJ7FnxX/CjNvsM2+u7+lGdGA";
    let limit = 100 << 20;
    let piece = vec![0; 1 << 20];
    let media = handle(|out| c!(tenantseal_media_new(key.as_ptr(), key.len(), out))).unwrap();
    let mut out = vec![0; tenantseal_media_update_len(piece.len())];
    let (mut update, mut taken) = (0, 0);
    let mut len = 0;
    while update == 0 && taken <= limit {
        update = c!(tenantseal_media_update(
            media,
            piece.as_ptr(),
            piece.len(),
            out.as_mut_ptr(),
            out.len(),
            &raw mut len
        ));
        taken += piece.len();
    }
    assert_eq!((update, len), (Error::TooLong.code(), 0));
    let finish = c!(tenantseal_media_finish(media, out.as_mut_ptr(), out.len(), &raw mut len));
    assert_eq!((finish, len), (Error::TooLong.code(), 0));
    assert_eq!(tenantseal_media_free(media), 0);
}

#[test]
fn a_handle_may_be_released_while_others_use_it() {
    let kek = bytes(&vectors()["kek"]);
    let mut answered = [0u32; 2];
    for _ in 0..200 {
        let keys = handle(|out| c!(tenantseal_keyring_from_kek(kek.as_ptr(), kek.len(), out))).unwrap();
        let handle = keys.expose_provenance();
        let used = std::thread::spawn(move || {
            let keys: *mut tenantseal_keyring = core::ptr::with_exposed_provenance_mut(handle);
            let (mut len, mut answered) = (0, [0u32; 2]);
            loop {
                match c!(tenantseal_keyring_records(keys, null_mut(), 0, &raw mut len)) {
                    0 => answered[0] += 1,
                    status => {
                        assert_eq!(status, 3);
                        answered[1] += 1;
                        break answered;
                    }
                }
            }
        });
        assert_eq!(tenantseal_keyring_free(keys), 0);
        assert_eq!(tenantseal_keyring_free(keys), 3);
        for (all, more) in answered.iter_mut().zip(used.join().unwrap()) {
            *all += more;
        }
    }
    assert_eq!(answered[1], 200);
}

#[cfg(feature = "panic-inject")]
#[test]
fn a_panic_is_a_status_and_outputs_are_cleared() {
    use tenantseal_ffi::tenantseal_inject_panic;

    let kek = bytes(&vectors()["kek"]);
    tenantseal_inject_panic();
    let refused = handle(|out| c!(tenantseal_keyring_from_kek(kek.as_ptr(), kek.len(), out)));
    assert_eq!(refused, Err(4));
    let keys = handle(|out| c!(tenantseal_keyring_from_kek(kek.as_ptr(), kek.len(), out))).unwrap();
    let (mut out, mut len) = ([7; 8], 9);
    tenantseal_inject_panic();
    assert_eq!(c!(tenantseal_keyring_records(keys, out.as_mut_ptr(), out.len(), &raw mut len)), 4);
    assert_eq!((out, len), ([7; 8], 0));
    assert_eq!(c!(tenantseal_keyring_records(keys, out.as_mut_ptr(), out.len(), &raw mut len)), 0);
    assert_eq!(tenantseal_keyring_free(keys), 0);
}
