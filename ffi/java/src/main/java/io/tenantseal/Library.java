package io.tenantseal;

/** The C ABI. This file is generated: run scripts/java_library.py. */
final class Library {
    static final int VERSION_MAJOR = 0;
    static final int VERSION_MINOR = 1;
    static final int VERSION_PATCH = 0;
    static final int ABI_VERSION = 0;
    static final int OK = 0;
    static final int ERROR_ARGUMENT = 1;
    static final int ERROR_BUFFER_TOO_SMALL = 2;
    static final int ERROR_HANDLE = 3;
    static final int ERROR_INTERNAL = 4;
    static final int ERROR_ABSENT = 5;
    static final int ERROR_ALREADY_EXISTS = 101;
    static final int ERROR_TOO_LONG = 102;
    static final int ERROR_VALUE = 103;
    static final int ERROR_WRONG_BINDING = 104;
    static final int ERROR_WRONG_TYPE = 105;
    static final int ERROR_WRONG_STORE = 106;
    static final int ERROR_WRONG_INDEX = 107;
    static final int ERROR_UNKNOWN_TENANT = 120;
    static final int ERROR_UNKNOWN_FIELD = 121;
    static final int ERROR_UNKNOWN_INDEX = 122;
    static final int ERROR_UNKNOWN_COMPARTMENT = 123;
    static final int ERROR_UNKNOWN_PRINCIPAL = 124;
    static final int ERROR_POLICY = 130;
    static final int ERROR_HELD = 142;
    static final int ERROR_STATE = 143;
    static final int ERROR_NOT_SHREDDABLE = 144;
    static final int ERROR_OPEN = 201;
    static final int ERROR_UNKNOWN_KEY = 202;
    static final int ERROR_MALFORMED = 203;
    static final int ERROR_UNSUPPORTED = 204;
    static final int ERROR_PASSPHRASE = 205;
    static final int ERROR_ROLLED_BACK = 206;
    static final int ERROR_UNKNOWN_KEK = 207;
    static final int ERROR_SUSPENDED = 210;
    static final int ERROR_SHREDDED = 211;
    static final int ERROR_KEYS_REMAIN = 212;
    static final int ERROR_REMOVED = 213;
    static final int ERROR_CALLBACK = 301;
    static final int ERROR_CALLBACK_FORMAT = 302;
    static final int ERROR_CALLBACK_CREDENTIALS = 303;
    static final int ERROR_GUARD_FULL = 304;
    static final int ERROR_CLAIM_EXPIRED = 305;
    static final int ERROR_STORE = 401;
    static final int ERROR_IO = 501;
    static final int ERROR_RANDOM = 502;
    static final int ERROR_FORKED = 503;
    static final int ERROR_INSECURE_FOLDER = 504;
    static final int ERROR_INTERRUPTED = 505;
    static final int ERROR_SESSION_EXPIRED = 601;
    static final int ERROR_TRUNCATED = 602;
    static final int KEK_LEN = 32;
    static final int CALLBACK_TOKEN_LEN = 32;
    static final int CALLBACK_KEY_LEN = 43;
    static final int PRINCIPAL_MEMBER = 1;
    static final int PRINCIPAL_CLIENT = 2;
    static final int PRINCIPAL_SERVICE = 3;
    static final int PRINCIPAL_STATE_ACTIVE = 1;
    static final int PRINCIPAL_STATE_SUSPENDED = 2;
    static final int PRINCIPAL_STATE_REMOVED = 3;
    static final int SEALED_OVERHEAD = 64;
    static final int KEY_COMMITMENT_LEN = 16;
    static final int RECEIVE_ID_ANY = 1;
    static final int RECEIVE_ID_EMPTY = 2;
    static final int RECEIVE_ID_EXACT = 3;
    static final int RECEIVE_ID_ONE_OF = 4;
    static final int BINDING_IF_PRESENT = 1;
    static final int BINDING_OFF = 2;
    static final int BINDING_REQUIRED = 3;
    static final int ECHO_MAX_LEN = 64;
    static final int CLAIM_DONE = 1;
    static final int CLAIM_FRESH = 2;
    static final int CLAIM_IN_PROGRESS = 3;
    static final int REPLY_SAME = 1;
    static final int REPLY_XML = 2;
    static final int REPLY_JSON = 3;
    static final int CONTENT_TYPE_MAX_LEN = 32;
    static final int JS_NONCE_LEN = 32;
    static final int JS_SIGNATURE_LEN = 40;
    static final int LOGIN_SECRET_LEN = 32;
    static final int LOGIN_STATE_LEN = 112;
    static final int BROWSER_COOKIE_LEN = 32;
    static final int PRIVATE_KEY_LEN = 32;
    static final int PUBLIC_KEY_LEN = 32;
    static final int TICKET_KEY_LEN = 32;
    static final int HANDSHAKE_SEND = 1;
    static final int HANDSHAKE_ESTABLISHED = 2;
    static final int HANDSHAKE_MAX_LEN = 17408;
    static final int CHANNEL_BINDING_LEN = 32;
    static final int SESSION_OVERHEAD = 32;
    static final int SESSION_PACKET_MAX_LEN = 65507;

    static {
        Loader.load(Library.class);
    }

    private Library() {
    }

    static native String tenantseal_status_message(int status);

    static native String tenantseal_status_name(int status);

    static native String tenantseal_version();

    static native int tenantseal_abi_version();

    static native int tenantseal_keyring_create(byte[] path, long pathLen, byte[] passphrase, long passphraseLen, long[] outKeyring);

    static native int tenantseal_keyring_open(byte[] path, long pathLen, byte[] passphrase, long passphraseLen, long[] outKeyring);

    static native int tenantseal_keyring_from_kek(byte[] kek, long kekLen, long[] outKeyring);

    static native int tenantseal_keyring_from_records(byte[] kek, long kekLen, byte[] records, long recordsLen, long[] outKeyring);

    static native int tenantseal_keyring_records(long keyring, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_keyring_create_tenant(long keyring, byte[] id, long idLen, long[] outTenant);

    static native int tenantseal_keyring_tenant(long keyring, byte[] id, long idLen, long[] outTenant);

    static native int tenantseal_keyring_tenant_by_alias(long keyring, byte[] alias, long aliasLen, long[] outTenant);

    static native int tenantseal_keyring_add_alias(long keyring, byte[] alias, long aliasLen, byte[] id, long idLen);

    static native int tenantseal_keyring_remove_alias(long keyring, byte[] alias, long aliasLen);

    static native int tenantseal_keyring_rotate_tenant(long keyring, byte[] id, long idLen, int[] outGeneration);

    static native int tenantseal_keyring_rotate_index(long keyring, byte[] id, long idLen, int[] outEpoch);

    static native int tenantseal_keyring_install_policy(long keyring, byte[] json, long jsonLen);

    static native int tenantseal_keyring_policy(long keyring, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_keyring_stored_policy(long keyring, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_keyring_install_stored_policy(long keyring, byte[] stored, long storedLen);

    static native int tenantseal_keyring_tenant_ids(long keyring, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_keyring_reload(long keyring);

    static native int tenantseal_keyring_free(long keyring);

    static native long tenantseal_kek_len();

    static native int tenantseal_policy_check(byte[] json, long jsonLen, long[] outField);

    static native int tenantseal_policy_explain(byte[] json, long jsonLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_policy_canonical(byte[] json, long jsonLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_tenant_id(long tenant, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_tenant_field(long tenant, byte[] label, long labelLen, long[] outField);

    static native int tenantseal_tenant_callback_credentials(long tenant, byte[] application, long applicationLen, int below, int[] outGeneration, byte[] outToken, long outTokenCap, long[] outTokenLen, byte[] outKey, long outKeyCap, long[] outKeyLen);

    static native int tenantseal_tenant_free(long tenant);

    static native long tenantseal_callback_token_len();

    static native long tenantseal_callback_key_len();

    static native int tenantseal_tenant_add_principal(long tenant, int kind, byte[] id, long idLen);

    static native int tenantseal_tenant_suspend_principal(long tenant, int kind, byte[] id, long idLen, long until);

    static native int tenantseal_tenant_restore_principal(long tenant, int kind, byte[] id, long idLen);

    static native int tenantseal_tenant_remove_principal(long tenant, int kind, byte[] id, long idLen);

    static native int tenantseal_tenant_principal_state(long tenant, int kind, byte[] id, long idLen, int[] outState);

    static native int tenantseal_field_compartment(long field, byte[] label, long labelLen, long[] outField);

    static native int tenantseal_field_index(long field, byte[] label, long labelLen, long[] outIndex);

    static native int tenantseal_field_mask(long field, long[] outMask);

    static native int tenantseal_field_seal_i64(long field, long row, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_seal(long field, byte[] row, long rowLen, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_seal_text_i64(long field, long row, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_seal_text(long field, byte[] row, long rowLen, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_open_i64(long field, long row, byte[] sealed, long sealedLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_open(long field, byte[] row, long rowLen, byte[] sealed, long sealedLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_field_free(long field);

    static native long tenantseal_sealed_overhead();

    static native long tenantseal_sealed_len(long valueLen);

    static native long tenantseal_sealed_text_len(long valueLen);

    static native long tenantseal_opened_len(long sealedLen);

    static native int tenantseal_field_seal_many_i64(long field, long[] rows, long count, byte[] values, long valuesLen, long[] offsets, byte[] out, long outCap, long[] outLen, long[] outOffsets, long[] outPosition);

    static native int tenantseal_field_open_many_i64(long field, long[] rows, long count, byte[] sealed, long sealedLen, long[] offsets, byte[] out, long outCap, long[] outLen, long[] outOffsets, long[] outPosition);

    static native long tenantseal_seal_many_len(long valuesLen, long count);

    static native int tenantseal_cell_header(byte[] cell, long cellLen, int[] outSuite, int[] outGeneration, byte[] outCommitment, long outCommitmentCap, long[] outCommitmentLen);

    static native long tenantseal_key_commitment_len();

    static native int tenantseal_index_token(long index, byte[] value, long valueLen, long[] outToken);

    static native int tenantseal_index_lookup(long index, byte[] value, long valueLen, long[] out, long outCap, long[] outLen);

    static native int tenantseal_index_matches(long index, byte[] left, long leftLen, byte[] right, long rightLen, int[] outMatches);

    static native int tenantseal_index_free(long index);

    static native int tenantseal_mask_seal_i64(long mask, long row, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_mask_seal(long mask, byte[] row, long rowLen, byte[] value, long valueLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_mask_open_i64(long mask, long row, byte[] sealed, long sealedLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_mask_open(long mask, byte[] row, long rowLen, byte[] sealed, long sealedLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_mask_free(long mask);

    static native int tenantseal_row_i64(long id, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_text(byte[] id, long idLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_bytes(byte[] id, long idLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_unbound(byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_natural_i64(byte[] keys, long keysLen, long key, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_natural_text(byte[] keys, long keysLen, byte[] next, long nextLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_row_natural_bytes(byte[] keys, long keysLen, byte[] next, long nextLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_callback_company_app(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] corpId, long corpIdLen, long[] outCallback);

    static native int tenantseal_callback_custom(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, int urlCheck, byte[] urlCheckIds, long urlCheckIdsLen, int messages, byte[] messageIds, long messageIdsLen, long[] outCallback);

    static native int tenantseal_callback_add_previous(long callback, byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen);

    static native int tenantseal_callback_set_binding(long callback, int binding);

    static native int tenantseal_callback_set_window(long callback, int seconds);

    static native int tenantseal_callback_set_lease(long callback, int milliseconds);

    static native int tenantseal_callback_set_fixed_time(long callback, long milliseconds);

    static native int tenantseal_callback_set_guard(long callback, long guard, byte[] callbackId, long callbackIdLen);

    static native int tenantseal_callback_remove_guard(long callback);

    static native int tenantseal_callback_open(long callback, byte[] query, long queryLen, byte[] body, long bodyLen, long[] outEvent);

    static native int tenantseal_callback_verify_url(long callback, byte[] query, long queryLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_callback_diagnose(long callback, byte[] query, long queryLen, byte[] body, long bodyLen, int[] outCode, byte[] outCause, long outCauseCap, long[] outCauseLen);

    static native int tenantseal_callback_free(long callback);

    static native long tenantseal_echo_max_len();

    static native int tenantseal_callback_suite_commands(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] providerCorpId, long providerCorpIdLen, byte[] suiteId, long suiteIdLen, long[] outCallback);

    static native int tenantseal_callback_suite_data(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] providerCorpId, long providerCorpIdLen, int clients, byte[] clientIds, long clientIdsLen, long[] outCallback);

    static native int tenantseal_callback_ai_bot(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, long[] outCallback);

    static native int tenantseal_callback_official_account(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] appId, long appIdLen, long[] outCallback);

    static native int tenantseal_callback_open_platform(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] componentAppId, long componentAppIdLen, long[] outCallback);

    static native int tenantseal_callback_open_one_of(long[] callbacks, long count, byte[] query, long queryLen, byte[] body, long bodyLen, long[] outPlace, long[] outEvent);

    static native int tenantseal_callback_verify_url_one_of(long[] callbacks, long count, byte[] query, long queryLen, long[] outPlace, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_message(long event, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_child(long event, byte[] name, long nameLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_nested_child(long event, byte[] element, long elementLen, byte[] name, long nameLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_receive_id(long event, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_timestamp(long event, long[] outSeconds);

    static native int tenantseal_event_claim(long event, int[] outClaim);

    static native int tenantseal_event_acknowledgement(long event, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_done(long event);

    static native int tenantseal_event_reply(long event, byte[] plaintext, long plaintextLen, int format, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_event_reply_with_type(long event, byte[] plaintext, long plaintextLen, byte[] out, long outCap, long[] outLen, byte[] outType, long outTypeCap, long[] outTypeLen);

    static native int tenantseal_event_free(long event);

    static native long tenantseal_content_type_max_len();

    static native long tenantseal_event_reply_len(long plaintextLen);

    static native int tenantseal_guard_in_memory(long capacity, long[] outGuard);

    static native int tenantseal_guard_free(long guard);

    static native int tenantseal_js_ticket_new(byte[] ticket, long ticketLen, long[] outJsTicket);

    static native int tenantseal_js_ticket_sign(long jsTicket, byte[] url, long urlLen, long[] outTimestamp, byte[] outNonce, long outNonceCap, long[] outNonceLen, byte[] outSignature, long outSignatureCap, long[] outSignatureLen);

    static native int tenantseal_js_ticket_free(long jsTicket);

    static native long tenantseal_js_nonce_len();

    static native long tenantseal_js_signature_len();

    static native int tenantseal_login_states_generate(long[] outLoginStates);

    static native int tenantseal_login_states_from_secret(byte[] secret, long secretLen, long[] outLoginStates);

    static native int tenantseal_login_states_set_lifetime(long loginStates, int seconds);

    static native int tenantseal_login_states_set_guard(long loginStates, long guard, byte[] name, long nameLen);

    static native int tenantseal_login_states_issue(long loginStates, long browser, byte[] context, long contextLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_login_states_accept(long loginStates, byte[] state, long stateLen, long browser, byte[] context, long contextLen);

    static native int tenantseal_login_states_free(long loginStates);

    static native int tenantseal_browser_generate(long[] outBrowser);

    static native int tenantseal_browser_from_cookie(byte[] value, long valueLen, long[] outBrowser);

    static native int tenantseal_browser_to_cookie(long browser, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_browser_free(long browser);

    static native long tenantseal_login_secret_len();

    static native long tenantseal_login_state_len();

    static native long tenantseal_browser_cookie_len();

    static native int tenantseal_media_new(byte[] key, long keyLen, long[] outMedia);

    static native int tenantseal_media_update(long media, byte[] input, long inputLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_media_finish(long media, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_media_free(long media);

    static native long tenantseal_media_update_len(long inputLen);

    static native int tenantseal_biz_msg_crypt_new(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] receiveId, long receiveIdLen, long[] outCrypt);

    static native int tenantseal_biz_msg_crypt_verify_url(long crypt, byte[] msgSignature, long msgSignatureLen, byte[] timestamp, long timestampLen, byte[] nonce, long nonceLen, byte[] echostr, long echostrLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_biz_msg_crypt_decrypt_msg(long crypt, byte[] body, long bodyLen, byte[] msgSignature, long msgSignatureLen, byte[] timestamp, long timestampLen, byte[] nonce, long nonceLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_biz_msg_crypt_encrypt_msg(long crypt, byte[] reply, long replyLen, byte[] nonce, long nonceLen, byte[] timestamp, long timestampLen, int format, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_biz_msg_crypt_free(long bizMsgCrypt);

    static native int tenantseal_sender_new(byte[] token, long tokenLen, byte[] encodingAesKey, long encodingAesKeyLen, byte[] receiveId, long receiveIdLen, long[] outSender);

    static native int tenantseal_sender_post(long sender, byte[] plaintext, long plaintextLen, long timestamp, byte[] nonce, long nonceLen, byte[] outQuery, long outQueryCap, long[] outQueryLen, byte[] outBody, long outBodyCap, long[] outBodyLen);

    static native int tenantseal_sender_post_json(long sender, byte[] plaintext, long plaintextLen, long timestamp, byte[] nonce, long nonceLen, byte[] outQuery, long outQueryCap, long[] outQueryLen, byte[] outBody, long outBodyCap, long[] outBodyLen);

    static native int tenantseal_sender_get(long sender, byte[] echo, long echoLen, long timestamp, byte[] nonce, long nonceLen, byte[] outQuery, long outQueryCap, long[] outQueryLen);

    static native int tenantseal_sender_open_reply(long sender, byte[] body, long bodyLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_sender_free(long sender);

    static native int tenantseal_vault_open(byte[] path, long pathLen, long keyring, long[] outVault);

    static native int tenantseal_vault_tenant(long vault, byte[] id, long idLen, long[] outTenantVault);

    static native int tenantseal_vault_free(long vault);

    static native int tenantseal_fields_new(long[] outFields);

    static native int tenantseal_fields_set_text(long fields, byte[] column, long columnLen, byte[] value, long valueLen);

    static native int tenantseal_fields_set_bytes(long fields, byte[] column, long columnLen, byte[] value, long valueLen);

    static native int tenantseal_fields_set_i64(long fields, byte[] column, long columnLen, long value);

    static native int tenantseal_fields_set_f64(long fields, byte[] column, long columnLen, double value);

    static native int tenantseal_fields_set_bool(long fields, byte[] column, long columnLen, int value);

    static native int tenantseal_fields_set_null(long fields, byte[] column, long columnLen);

    static native int tenantseal_fields_set_compartment(long fields, byte[] label, long labelLen);

    static native int tenantseal_fields_free(long fields);

    static native int tenantseal_rows_count(long rows, long[] outCount);

    static native int tenantseal_rows_id(long rows, long number, long[] outId);

    static native int tenantseal_rows_compartment(long rows, long number, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_rows_value(long rows, long number, byte[] column, long columnLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_rows_i64(long rows, long number, byte[] column, long columnLen, long[] outValue);

    static native int tenantseal_rows_f64(long rows, long number, byte[] column, long columnLen, double[] outValue);

    static native int tenantseal_rows_bool(long rows, long number, byte[] column, long columnLen, int[] outValue);

    static native int tenantseal_rows_free(long rows);

    static native int tenantseal_tenant_vault_insert(long tenantVault, byte[] table, long tableLen, long fields, long[] outId);

    static native int tenantseal_tenant_vault_get(long tenantVault, byte[] table, long tableLen, long id, long[] outRows);

    static native int tenantseal_tenant_vault_find(long tenantVault, byte[] field, long fieldLen, byte[] index, long indexLen, byte[] value, long valueLen, long[] outRows);

    static native int tenantseal_tenant_vault_list_masked(long tenantVault, byte[] table, long tableLen, long after, int limit, long[] outRows);

    static native int tenantseal_tenant_vault_update(long tenantVault, byte[] table, long tableLen, long id, long fields, int[] outThere);

    static native int tenantseal_tenant_vault_delete(long tenantVault, byte[] table, long tableLen, long id, int[] outThere);

    static native int tenantseal_tenant_vault_begin(long tenantVault, long[] outTransaction);

    static native int tenantseal_tenant_vault_free(long tenantVault);

    static native int tenantseal_transaction_insert(long transaction, byte[] table, long tableLen, long fields, long[] outId);

    static native int tenantseal_transaction_get(long transaction, byte[] table, long tableLen, long id, long[] outRows);

    static native int tenantseal_transaction_find(long transaction, byte[] field, long fieldLen, byte[] index, long indexLen, byte[] value, long valueLen, long[] outRows);

    static native int tenantseal_transaction_update(long transaction, byte[] table, long tableLen, long id, long fields, int[] outThere);

    static native int tenantseal_transaction_delete(long transaction, byte[] table, long tableLen, long id, int[] outThere);

    static native int tenantseal_transaction_commit(long transaction);

    static native int tenantseal_transaction_free(long transaction);

    static native int tenantseal_private_key_generate(byte[] out, long outCap, long[] outLen);

    static native int tenantseal_private_key_public(byte[] privateKey, long privateKeyLen, byte[] out, long outCap, long[] outLen);

    static native long tenantseal_private_key_len();

    static native long tenantseal_public_key_len();

    static native int tenantseal_peer_new(int kind, byte[] id, long idLen, byte[] publicKey, long publicKeyLen, long[] outPeer);

    static native int tenantseal_peer_set_ticket(long peer, byte[] id, long idLen, byte[] key, long keyLen);

    static native int tenantseal_peer_set_resumption(long peer, long session);

    static native int tenantseal_peer_free(long peer);

    static native long tenantseal_ticket_key_len();

    static native int tenantseal_endpoint_new(long tenant, int kind, byte[] id, long idLen, byte[] privateKey, long privateKeyLen, byte[] purpose, long purposeLen, long[] outEndpoint);

    static native int tenantseal_endpoint_set_context(long endpoint, byte[] context, long contextLen);

    static native int tenantseal_endpoint_set_certificate(long endpoint, byte[] certificate, long certificateLen);

    static native int tenantseal_endpoint_set_phase(long endpoint, long packets, long bytes, long seconds);

    static native int tenantseal_endpoint_set_session(long endpoint, long packets, long seconds, long failures);

    static native int tenantseal_endpoint_set_window(long endpoint, long packets);

    static native int tenantseal_endpoint_know(long endpoint, long peer);

    static native int tenantseal_endpoint_initiate(long endpoint, long peer, long[] outInitiator);

    static native int tenantseal_endpoint_initiate_ik(long endpoint, long peer, long[] outInitiator);

    static native int tenantseal_endpoint_initiate_xx(long endpoint, int kind, byte[] id, long idLen, long[] outInitiator);

    static native int tenantseal_endpoint_free(long endpoint);

    static native int tenantseal_initiator_packet(long initiator, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_initiator_index(long initiator, int[] outIndex);

    static native int tenantseal_initiator_receive(long initiator, byte[] packet, long packetLen, int[] outProgress, long[] outSession);

    static native int tenantseal_initiator_free(long initiator);

    static native long tenantseal_handshake_max_len();

    static native int tenantseal_listener_new(long keyring, long[] outListener);

    static native int tenantseal_listener_set_load(long listener, int cookiesAfter, int most, int perPeer);

    static native int tenantseal_listener_add(long listener, long endpoint);

    static native int tenantseal_listener_remove(long listener, long endpoint);

    static native int tenantseal_listener_expect(long listener, long endpoint, long peer);

    static native int tenantseal_listener_forget(long listener, long endpoint, long peer);

    static native int tenantseal_listener_pending(long listener, long[] outCount);

    static native long tenantseal_listener_receive_len(long packetLen);

    static native int tenantseal_listener_receive(long listener, byte[] address, long addressLen, int port, byte[] packet, long packetLen, int[] outProgress, long[] outSession, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_listener_free(long listener);

    static native int tenantseal_session_peer(long session, int[] outKind, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_peer_key(long session, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_index(long session, int[] outIndex);

    static native int tenantseal_session_channel_binding(long session, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_export(long session, byte[] label, long labelLen, byte[] context, long contextLen, long length, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_split(long session, long[] outSender, long[] outReceiver);

    static native int tenantseal_session_free(long session);

    static native int tenantseal_receiver_index(byte[] packet, long packetLen, int[] outIndex);

    static native long tenantseal_channel_binding_len();

    static native long tenantseal_session_receiver_open_len(long packetLen);

    static native int tenantseal_session_receiver_open(long receiver, byte[] packet, long packetLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_receiver_counts(long receiver, long[] outOpened, long[] outRefused, long[] outRepeated);

    static native int tenantseal_session_receiver_index(long receiver, int[] outIndex);

    static native int tenantseal_session_receiver_free(long receiver);

    static native long tenantseal_session_sender_seal_len(long plaintextLen);

    static native int tenantseal_session_sender_seal(long sender, byte[] plaintext, long plaintextLen, byte[] out, long outCap, long[] outLen);

    static native int tenantseal_session_sender_rekey_due(long sender, int[] outDue);

    static native int tenantseal_session_sender_sealed(long sender, long[] outCount);

    static native int tenantseal_session_sender_free(long sender);

    static native long tenantseal_session_overhead();

    static native long tenantseal_session_packet_max_len();
}
