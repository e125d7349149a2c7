//! Callbacks of every kind of app that has rules of its own.

use tenantseal::wecom::Callback;

use crate::{
    callback::{Settable, receive_id, tenantseal_callback},
    input::{bytes, text},
    output::{Handle, call},
    status::tenantseal_status,
};

/// Makes the callback of a third-party suite's command URL: suite tickets, authorisations, changes of
/// contacts. The URL check is for the provider's CorpID, messages are for the suite id, and an answer
/// that says nothing is `success`. The rest is as in tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param provider_corp_id, provider_corp_id_len  the provider's CorpID
/// @param suite_id, suite_id_len  the suite id
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE for an empty id and for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_suite_commands(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    provider_corp_id: *const u8,
    provider_corp_id_len: usize,
    suite_id: *const u8,
    suite_id_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let provider_corp_id = bytes(provider_corp_id, provider_corp_id_len)?;
            let suite_id = bytes(suite_id, suite_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let provider_corp_id = text(provider_corp_id)?;
            let suite_id = text(suite_id)?;
            Ok(Settable::new(Callback::suite_commands(token, encoding_aes_key, provider_corp_id, suite_id)?))
        })
    }
}

/// Makes the callback of a third-party suite's data URL: what the members of every client company send.
/// The URL check is for the provider's CorpID, messages are for the clients. The rest is as in
/// tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param provider_corp_id, provider_corp_id_len  the provider's CorpID
/// @param clients  which receiveids messages may have: a TENANTSEAL_RECEIVE_ID_*, ONE_OF the
///     clients' CorpIDs, or ANY if you look the CorpID up among your tenants
/// @param client_ids, client_ids_len  the receiveid for EXACT, one on each line for ONE_OF, else
///     nothing
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return ARGUMENT for a number that is no policy, or ids with one that takes none;
///     CALLBACK_CREDENTIALS; VALUE for an empty CorpID, for EXACT and ONE_OF without an id, and for
///     what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_suite_data(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    provider_corp_id: *const u8,
    provider_corp_id_len: usize,
    clients: i32,
    client_ids: *const u8,
    client_ids_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let provider_corp_id = bytes(provider_corp_id, provider_corp_id_len)?;
            let client_ids = bytes(client_ids, client_ids_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let provider_corp_id = text(provider_corp_id)?;
            let client_ids = text(client_ids)?;
            let clients = receive_id(clients, client_ids)?;
            Ok(Settable::new(Callback::suite_data(token, encoding_aes_key, provider_corp_id, clients)?))
        })
    }
}

/// Makes the callback of an AI bot in API mode: JSON, an empty receiveid, a message that states its own
/// time must be near it, and replies that repeat the request's nonce. The rest is as in
/// tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_ai_bot(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            Ok(Settable::new(Callback::ai_bot(token, encoding_aes_key)?))
        })
    }
}

/// Makes the callback of a WeChat Official Account or mini-program, in secure or compatible mode: XML or
/// JSON, its AppID as the receiveid, and `success` as the answer that says nothing. The echo of its URL
/// check comes in clear. In compatible mode the message in clear is never read. The rest is as in
/// tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param app_id, app_id_len  the AppID
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE for an empty AppID and for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_official_account(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    app_id: *const u8,
    app_id_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let app_id = bytes(app_id, app_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let app_id = text(app_id)?;
            Ok(Settable::new(Callback::official_account(token, encoding_aes_key, app_id)?))
        })
    }
}

/// Makes the callback of a third-party platform of WeChat's: tickets and authorisations, and what the
/// accounts that it serves receive. Its own AppID is the receiveid, and an answer that says nothing is
/// `success`. The rest is as in tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param component_app_id, component_app_id_len  the platform's AppID
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE for an empty AppID and for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_open_platform(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    component_app_id: *const u8,
    component_app_id_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let component_app_id = bytes(component_app_id, component_app_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let component_app_id = text(component_app_id)?;
            Ok(Settable::new(Callback::open_platform(token, encoding_aes_key, component_app_id)?))
        })
    }
}
