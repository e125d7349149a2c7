//! Callback credentials that are derived: they rotate, stop and go with the tenant.

use std::time::{Duration, SystemTime};

use tenantseal::{
    Error,
    tenant::{CallbackCredentials, Keyring, NoGrants},
    wecom::{Callback, sender::Sender},
};

use crate::fixture::{kek, pairs};

fn texts(pairs: &[CallbackCredentials]) -> Vec<(String, String)> {
    pairs.iter().map(|pair| (pair.token().into(), pair.encoding_aes_key().into())).collect()
}

#[test]
fn credentials_rotate_stop_and_go_with_the_tenant() {
    pairs(|one, other| {
        one.create_tenant("t-2002").unwrap();
        let acme = one.tenant("t-1001").unwrap();
        let first = texts(&acme.callback_credentials("contacts").unwrap());
        assert_eq!(first.len(), 1);
        assert_ne!(first, texts(&acme.callback_credentials("crm").unwrap()));
        assert_ne!(first, texts(&one.tenant("t-2002").unwrap().callback_credentials("contacts").unwrap()));
        // Nothing is stored: another process derives the same.
        other.refresh().unwrap();
        let there = other.tenant("t-1001").unwrap();
        assert_eq!(first, texts(&there.callback_credentials("contacts").unwrap()));
        one.rotate_tenant("t-1001").unwrap();
        let rotated = acme.callback_credentials("contacts").unwrap();
        assert!(rotated[0].generation() > rotated[1].generation());
        assert_eq!(&texts(&rotated)[1..], first);
        // What the console still has opens, and the new pair too.
        let app = Callback::company_app(rotated[0].token(), rotated[0].encoding_aes_key(), "ww1").unwrap();
        let app = app.previous(rotated[1].token(), rotated[1].encoding_aes_key()).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        for (number, (token, key)) in texts(&rotated).iter().enumerate() {
            let message = format!("<xml><CreateTime>{now}</CreateTime><MsgId>{number}</MsgId></xml>");
            let sender = Sender::new(token, key, "ww1").unwrap();
            let (query, body) = sender.post(message.as_bytes(), now, "n").unwrap();
            assert!(app.open(&query, &body).unwrap().is_fresh());
        }
        one.suspend_tenant("t-1001", Some(SystemTime::now() - Duration::from_secs(60))).unwrap();
        assert_eq!(acme.callback_credentials("contacts").err(), Some(Error::Suspended));
        one.shred_tenant("t-1001", &NoGrants).unwrap();
        assert_eq!(acme.callback_credentials("contacts").err(), Some(Error::Shredded));
    });
}

#[test]
fn an_applications_name_is_bounded() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    let acme = keys.create_tenant("t-1001").unwrap();
    for name in ["a".to_owned(), "通讯录".to_owned(), "a".repeat(128)] {
        assert_eq!(acme.callback_credentials(&name).unwrap().len(), 1);
    }
    for name in [String::new(), "a".repeat(129)] {
        assert_eq!(acme.callback_credentials(&name).err(), Some(Error::Value));
    }
    let shown = format!("{:?}", acme.callback_credentials("a").unwrap());
    assert!(!shown.contains(acme.callback_credentials("a").unwrap()[0].token()));
}
