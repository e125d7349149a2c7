/*
 * tenantseal without preprocessor: for PHP's FFI::cdef and generators of bindings. tenantseal.h has the documentation.
 *
 * This file is generated. Change ffi/src and run `make header-c`.
 */
enum {
    TENANTSEAL_VERSION_MAJOR = 0,
    TENANTSEAL_VERSION_MINOR = 1,
    TENANTSEAL_VERSION_PATCH = 0,
    TENANTSEAL_ABI_VERSION = 0,
    TENANTSEAL_OK = 0,
    TENANTSEAL_ERROR_ARGUMENT = 1,
    TENANTSEAL_ERROR_BUFFER_TOO_SMALL = 2,
    TENANTSEAL_ERROR_HANDLE = 3,
    TENANTSEAL_ERROR_INTERNAL = 4,
    TENANTSEAL_ERROR_ABSENT = 5,
    TENANTSEAL_ERROR_ALREADY_EXISTS = 101,
    TENANTSEAL_ERROR_TOO_LONG = 102,
    TENANTSEAL_ERROR_VALUE = 103,
    TENANTSEAL_ERROR_WRONG_BINDING = 104,
    TENANTSEAL_ERROR_WRONG_TYPE = 105,
    TENANTSEAL_ERROR_WRONG_STORE = 106,
    TENANTSEAL_ERROR_WRONG_INDEX = 107,
    TENANTSEAL_ERROR_UNKNOWN_TENANT = 120,
    TENANTSEAL_ERROR_UNKNOWN_FIELD = 121,
    TENANTSEAL_ERROR_UNKNOWN_INDEX = 122,
    TENANTSEAL_ERROR_UNKNOWN_COMPARTMENT = 123,
    TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL = 124,
    TENANTSEAL_ERROR_POLICY = 130,
    TENANTSEAL_ERROR_HELD = 142,
    TENANTSEAL_ERROR_STATE = 143,
    TENANTSEAL_ERROR_NOT_SHREDDABLE = 144,
    TENANTSEAL_ERROR_OPEN = 201,
    TENANTSEAL_ERROR_UNKNOWN_KEY = 202,
    TENANTSEAL_ERROR_MALFORMED = 203,
    TENANTSEAL_ERROR_UNSUPPORTED = 204,
    TENANTSEAL_ERROR_PASSPHRASE = 205,
    TENANTSEAL_ERROR_ROLLED_BACK = 206,
    TENANTSEAL_ERROR_UNKNOWN_KEK = 207,
    TENANTSEAL_ERROR_SUSPENDED = 210,
    TENANTSEAL_ERROR_SHREDDED = 211,
    TENANTSEAL_ERROR_KEYS_REMAIN = 212,
    TENANTSEAL_ERROR_REMOVED = 213,
    TENANTSEAL_ERROR_CALLBACK = 301,
    TENANTSEAL_ERROR_CALLBACK_FORMAT = 302,
    TENANTSEAL_ERROR_CALLBACK_CREDENTIALS = 303,
    TENANTSEAL_ERROR_GUARD_FULL = 304,
    TENANTSEAL_ERROR_CLAIM_EXPIRED = 305,
    TENANTSEAL_ERROR_STORE = 401,
    TENANTSEAL_ERROR_IO = 501,
    TENANTSEAL_ERROR_RANDOM = 502,
    TENANTSEAL_ERROR_FORKED = 503,
    TENANTSEAL_ERROR_INSECURE_FOLDER = 504,
    TENANTSEAL_ERROR_INTERRUPTED = 505,
    TENANTSEAL_ERROR_SESSION_EXPIRED = 601,
    TENANTSEAL_ERROR_TRUNCATED = 602,
    TENANTSEAL_KEK_LEN = 32,
    TENANTSEAL_CALLBACK_TOKEN_LEN = 32,
    TENANTSEAL_CALLBACK_KEY_LEN = 43,
    TENANTSEAL_PRINCIPAL_MEMBER = 1,
    TENANTSEAL_PRINCIPAL_CLIENT = 2,
    TENANTSEAL_PRINCIPAL_SERVICE = 3,
    TENANTSEAL_PRINCIPAL_STATE_ACTIVE = 1,
    TENANTSEAL_PRINCIPAL_STATE_SUSPENDED = 2,
    TENANTSEAL_PRINCIPAL_STATE_REMOVED = 3,
    TENANTSEAL_SEALED_OVERHEAD = 64,
    TENANTSEAL_KEY_COMMITMENT_LEN = 16,
    TENANTSEAL_RECEIVE_ID_ANY = 1,
    TENANTSEAL_RECEIVE_ID_EMPTY = 2,
    TENANTSEAL_RECEIVE_ID_EXACT = 3,
    TENANTSEAL_RECEIVE_ID_ONE_OF = 4,
    TENANTSEAL_BINDING_IF_PRESENT = 1,
    TENANTSEAL_BINDING_OFF = 2,
    TENANTSEAL_BINDING_REQUIRED = 3,
    TENANTSEAL_ECHO_MAX_LEN = 64,
    TENANTSEAL_CLAIM_DONE = 1,
    TENANTSEAL_CLAIM_FRESH = 2,
    TENANTSEAL_CLAIM_IN_PROGRESS = 3,
    TENANTSEAL_REPLY_SAME = 1,
    TENANTSEAL_REPLY_XML = 2,
    TENANTSEAL_REPLY_JSON = 3,
    TENANTSEAL_CONTENT_TYPE_MAX_LEN = 32,
    TENANTSEAL_JS_NONCE_LEN = 32,
    TENANTSEAL_JS_SIGNATURE_LEN = 40,
    TENANTSEAL_LOGIN_SECRET_LEN = 32,
    TENANTSEAL_LOGIN_STATE_LEN = 112,
    TENANTSEAL_BROWSER_COOKIE_LEN = 32,
    TENANTSEAL_PRIVATE_KEY_LEN = 32,
    TENANTSEAL_PUBLIC_KEY_LEN = 32,
    TENANTSEAL_TICKET_KEY_LEN = 32,
    TENANTSEAL_HANDSHAKE_SEND = 1,
    TENANTSEAL_HANDSHAKE_ESTABLISHED = 2,
    TENANTSEAL_HANDSHAKE_MAX_LEN = 17408,
    TENANTSEAL_CHANNEL_BINDING_LEN = 32,
    TENANTSEAL_SESSION_OVERHEAD = 32,
    TENANTSEAL_SESSION_PACKET_MAX_LEN = 65507
};

typedef struct tenantseal_biz_msg_crypt tenantseal_biz_msg_crypt;
typedef struct tenantseal_browser tenantseal_browser;
typedef struct tenantseal_callback tenantseal_callback;
typedef struct tenantseal_endpoint tenantseal_endpoint;
typedef struct tenantseal_event tenantseal_event;
typedef struct tenantseal_field tenantseal_field;
typedef struct tenantseal_fields tenantseal_fields;
typedef struct tenantseal_guard tenantseal_guard;
typedef struct tenantseal_index tenantseal_index;
typedef struct tenantseal_initiator tenantseal_initiator;
typedef struct tenantseal_js_ticket tenantseal_js_ticket;
typedef struct tenantseal_keyring tenantseal_keyring;
typedef struct tenantseal_listener tenantseal_listener;
typedef struct tenantseal_login_states tenantseal_login_states;
typedef struct tenantseal_mask tenantseal_mask;
typedef struct tenantseal_media tenantseal_media;
typedef struct tenantseal_peer tenantseal_peer;
typedef struct tenantseal_rows tenantseal_rows;
typedef struct tenantseal_sender tenantseal_sender;
typedef struct tenantseal_session tenantseal_session;
typedef struct tenantseal_session_receiver tenantseal_session_receiver;
typedef struct tenantseal_session_sender tenantseal_session_sender;
typedef struct tenantseal_tenant tenantseal_tenant;
typedef struct tenantseal_tenant_vault tenantseal_tenant_vault;
typedef struct tenantseal_transaction tenantseal_transaction;
typedef struct tenantseal_vault tenantseal_vault;
typedef int32_t tenantseal_status;

const char *tenantseal_status_message(tenantseal_status status);

const char *tenantseal_status_name(tenantseal_status status);

const char *tenantseal_version(void);

uint32_t tenantseal_abi_version(void);

tenantseal_status tenantseal_keyring_create(const uint8_t *path, size_t path_len, const uint8_t *passphrase, size_t passphrase_len, tenantseal_keyring **out_keyring);

tenantseal_status tenantseal_keyring_open(const uint8_t *path, size_t path_len, const uint8_t *passphrase, size_t passphrase_len, tenantseal_keyring **out_keyring);

tenantseal_status tenantseal_keyring_from_kek(const uint8_t *kek, size_t kek_len, tenantseal_keyring **out_keyring);

tenantseal_status tenantseal_keyring_from_records(const uint8_t *kek, size_t kek_len, const uint8_t *records, size_t records_len, tenantseal_keyring **out_keyring);

tenantseal_status tenantseal_keyring_records(const tenantseal_keyring *keyring, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_keyring_create_tenant(tenantseal_keyring *keyring, const uint8_t *id, size_t id_len, tenantseal_tenant **out_tenant);

tenantseal_status tenantseal_keyring_tenant(const tenantseal_keyring *keyring, const uint8_t *id, size_t id_len, tenantseal_tenant **out_tenant);

tenantseal_status tenantseal_keyring_tenant_by_alias(const tenantseal_keyring *keyring, const uint8_t *alias, size_t alias_len, tenantseal_tenant **out_tenant);

tenantseal_status tenantseal_keyring_add_alias(tenantseal_keyring *keyring, const uint8_t *alias, size_t alias_len, const uint8_t *id, size_t id_len);

tenantseal_status tenantseal_keyring_remove_alias(tenantseal_keyring *keyring, const uint8_t *alias, size_t alias_len);

tenantseal_status tenantseal_keyring_rotate_tenant(tenantseal_keyring *keyring, const uint8_t *id, size_t id_len, uint32_t *out_generation);

tenantseal_status tenantseal_keyring_rotate_index(tenantseal_keyring *keyring, const uint8_t *id, size_t id_len, uint32_t *out_epoch);

tenantseal_status tenantseal_keyring_install_policy(tenantseal_keyring *keyring, const uint8_t *json, size_t json_len);

tenantseal_status tenantseal_keyring_policy(const tenantseal_keyring *keyring, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_keyring_stored_policy(const tenantseal_keyring *keyring, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_keyring_install_stored_policy(tenantseal_keyring *keyring, const uint8_t *stored, size_t stored_len);

tenantseal_status tenantseal_keyring_tenant_ids(const tenantseal_keyring *keyring, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_keyring_reload(tenantseal_keyring *keyring);

tenantseal_status tenantseal_keyring_free(tenantseal_keyring *keyring);

size_t tenantseal_kek_len(void);

tenantseal_status tenantseal_policy_check(const uint8_t *json, size_t json_len, int64_t *out_field);

tenantseal_status tenantseal_policy_explain(const uint8_t *json, size_t json_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_policy_canonical(const uint8_t *json, size_t json_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_tenant_id(const tenantseal_tenant *tenant, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_tenant_field(const tenantseal_tenant *tenant, const uint8_t *label, size_t label_len, tenantseal_field **out_field);

tenantseal_status tenantseal_tenant_callback_credentials(const tenantseal_tenant *tenant, const uint8_t *application, size_t application_len, uint32_t below, uint32_t *out_generation, uint8_t *out_token, size_t out_token_cap, size_t *out_token_len, uint8_t *out_key, size_t out_key_cap, size_t *out_key_len);

tenantseal_status tenantseal_tenant_free(tenantseal_tenant *tenant);

size_t tenantseal_callback_token_len(void);

size_t tenantseal_callback_key_len(void);

tenantseal_status tenantseal_tenant_add_principal(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len);

tenantseal_status tenantseal_tenant_suspend_principal(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len, uint64_t until);

tenantseal_status tenantseal_tenant_restore_principal(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len);

tenantseal_status tenantseal_tenant_remove_principal(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len);

tenantseal_status tenantseal_tenant_principal_state(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len, int32_t *out_state);

tenantseal_status tenantseal_field_compartment(const tenantseal_field *field, const uint8_t *label, size_t label_len, tenantseal_field **out_field);

tenantseal_status tenantseal_field_index(const tenantseal_field *field, const uint8_t *label, size_t label_len, tenantseal_index **out_index);

tenantseal_status tenantseal_field_mask(const tenantseal_field *field, tenantseal_mask **out_mask);

tenantseal_status tenantseal_field_seal_i64(const tenantseal_field *field, int64_t row, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_seal(const tenantseal_field *field, const uint8_t *row, size_t row_len, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_seal_text_i64(const tenantseal_field *field, int64_t row, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_seal_text(const tenantseal_field *field, const uint8_t *row, size_t row_len, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_open_i64(const tenantseal_field *field, int64_t row, const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_open(const tenantseal_field *field, const uint8_t *row, size_t row_len, const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_field_free(tenantseal_field *field);

size_t tenantseal_sealed_overhead(void);

size_t tenantseal_sealed_len(size_t value_len);

size_t tenantseal_sealed_text_len(size_t value_len);

size_t tenantseal_opened_len(size_t sealed_len);

tenantseal_status tenantseal_field_seal_many_i64(const tenantseal_field *field, const int64_t *rows, size_t count, const uint8_t *values, size_t values_len, const uint64_t *offsets, uint8_t *out, size_t out_cap, size_t *out_len, uint64_t *out_offsets, size_t *out_position);

tenantseal_status tenantseal_field_open_many_i64(const tenantseal_field *field, const int64_t *rows, size_t count, const uint8_t *sealed, size_t sealed_len, const uint64_t *offsets, uint8_t *out, size_t out_cap, size_t *out_len, uint64_t *out_offsets, size_t *out_position);

size_t tenantseal_seal_many_len(size_t values_len, size_t count);

tenantseal_status tenantseal_cell_header(const uint8_t *cell, size_t cell_len, uint32_t *out_suite, uint32_t *out_generation, uint8_t *out_commitment, size_t out_commitment_cap, size_t *out_commitment_len);

size_t tenantseal_key_commitment_len(void);

tenantseal_status tenantseal_index_token(const tenantseal_index *index, const uint8_t *value, size_t value_len, int64_t *out_token);

tenantseal_status tenantseal_index_lookup(const tenantseal_index *index, const uint8_t *value, size_t value_len, int64_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_index_matches(const tenantseal_index *index, const uint8_t *left, size_t left_len, const uint8_t *right, size_t right_len, int32_t *out_matches);

tenantseal_status tenantseal_index_free(tenantseal_index *index);

tenantseal_status tenantseal_mask_seal_i64(const tenantseal_mask *mask, int64_t row, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_mask_seal(const tenantseal_mask *mask, const uint8_t *row, size_t row_len, const uint8_t *value, size_t value_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_mask_open_i64(const tenantseal_mask *mask, int64_t row, const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_mask_open(const tenantseal_mask *mask, const uint8_t *row, size_t row_len, const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_mask_free(tenantseal_mask *mask);

tenantseal_status tenantseal_row_i64(int64_t id, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_text(const uint8_t *id, size_t id_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_bytes(const uint8_t *id, size_t id_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_unbound(uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_natural_i64(const uint8_t *keys, size_t keys_len, int64_t key, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_natural_text(const uint8_t *keys, size_t keys_len, const uint8_t *next, size_t next_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_row_natural_bytes(const uint8_t *keys, size_t keys_len, const uint8_t *next, size_t next_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_callback_company_app(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *corp_id, size_t corp_id_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_custom(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, int32_t url_check, const uint8_t *url_check_ids, size_t url_check_ids_len, int32_t messages, const uint8_t *message_ids, size_t message_ids_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_add_previous(tenantseal_callback *callback, const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len);

tenantseal_status tenantseal_callback_set_binding(tenantseal_callback *callback, int32_t binding);

tenantseal_status tenantseal_callback_set_window(tenantseal_callback *callback, uint32_t seconds);

tenantseal_status tenantseal_callback_set_lease(tenantseal_callback *callback, uint32_t milliseconds);

tenantseal_status tenantseal_callback_set_fixed_time(tenantseal_callback *callback, uint64_t milliseconds);

tenantseal_status tenantseal_callback_set_guard(tenantseal_callback *callback, const tenantseal_guard *guard, const uint8_t *callback_id, size_t callback_id_len);

tenantseal_status tenantseal_callback_remove_guard(tenantseal_callback *callback);

tenantseal_status tenantseal_callback_open(const tenantseal_callback *callback, const uint8_t *query, size_t query_len, const uint8_t *body, size_t body_len, tenantseal_event **out_event);

tenantseal_status tenantseal_callback_verify_url(const tenantseal_callback *callback, const uint8_t *query, size_t query_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_callback_diagnose(const tenantseal_callback *callback, const uint8_t *query, size_t query_len, const uint8_t *body, size_t body_len, int32_t *out_code, uint8_t *out_cause, size_t out_cause_cap, size_t *out_cause_len);

tenantseal_status tenantseal_callback_free(tenantseal_callback *callback);

size_t tenantseal_echo_max_len(void);

tenantseal_status tenantseal_callback_suite_commands(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *provider_corp_id, size_t provider_corp_id_len, const uint8_t *suite_id, size_t suite_id_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_suite_data(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *provider_corp_id, size_t provider_corp_id_len, int32_t clients, const uint8_t *client_ids, size_t client_ids_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_ai_bot(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_official_account(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *app_id, size_t app_id_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_open_platform(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *component_app_id, size_t component_app_id_len, tenantseal_callback **out_callback);

tenantseal_status tenantseal_callback_open_one_of(const tenantseal_callback *const *callbacks, size_t count, const uint8_t *query, size_t query_len, const uint8_t *body, size_t body_len, size_t *out_place, tenantseal_event **out_event);

tenantseal_status tenantseal_callback_verify_url_one_of(const tenantseal_callback *const *callbacks, size_t count, const uint8_t *query, size_t query_len, size_t *out_place, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_message(const tenantseal_event *event, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_child(const tenantseal_event *event, const uint8_t *name, size_t name_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_nested_child(const tenantseal_event *event, const uint8_t *element, size_t element_len, const uint8_t *name, size_t name_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_receive_id(const tenantseal_event *event, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_timestamp(const tenantseal_event *event, uint64_t *out_seconds);

tenantseal_status tenantseal_event_claim(const tenantseal_event *event, int32_t *out_claim);

tenantseal_status tenantseal_event_acknowledgement(const tenantseal_event *event, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_done(const tenantseal_event *event);

tenantseal_status tenantseal_event_reply(const tenantseal_event *event, const uint8_t *plaintext, size_t plaintext_len, int32_t format, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_event_reply_with_type(const tenantseal_event *event, const uint8_t *plaintext, size_t plaintext_len, uint8_t *out, size_t out_cap, size_t *out_len, uint8_t *out_type, size_t out_type_cap, size_t *out_type_len);

tenantseal_status tenantseal_event_free(tenantseal_event *event);

size_t tenantseal_content_type_max_len(void);

size_t tenantseal_event_reply_len(size_t plaintext_len);

tenantseal_status tenantseal_guard_in_memory(size_t capacity, tenantseal_guard **out_guard);

tenantseal_status tenantseal_guard_free(tenantseal_guard *guard);

tenantseal_status tenantseal_js_ticket_new(const uint8_t *ticket, size_t ticket_len, tenantseal_js_ticket **out_js_ticket);

tenantseal_status tenantseal_js_ticket_sign(const tenantseal_js_ticket *js_ticket, const uint8_t *url, size_t url_len, uint64_t *out_timestamp, uint8_t *out_nonce, size_t out_nonce_cap, size_t *out_nonce_len, uint8_t *out_signature, size_t out_signature_cap, size_t *out_signature_len);

tenantseal_status tenantseal_js_ticket_free(tenantseal_js_ticket *js_ticket);

size_t tenantseal_js_nonce_len(void);

size_t tenantseal_js_signature_len(void);

tenantseal_status tenantseal_login_states_generate(tenantseal_login_states **out_login_states);

tenantseal_status tenantseal_login_states_from_secret(const uint8_t *secret, size_t secret_len, tenantseal_login_states **out_login_states);

tenantseal_status tenantseal_login_states_set_lifetime(tenantseal_login_states *login_states, uint32_t seconds);

tenantseal_status tenantseal_login_states_set_guard(tenantseal_login_states *login_states, const tenantseal_guard *guard, const uint8_t *name, size_t name_len);

tenantseal_status tenantseal_login_states_issue(const tenantseal_login_states *login_states, const tenantseal_browser *browser, const uint8_t *context, size_t context_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_login_states_accept(const tenantseal_login_states *login_states, const uint8_t *state, size_t state_len, const tenantseal_browser *browser, const uint8_t *context, size_t context_len);

tenantseal_status tenantseal_login_states_free(tenantseal_login_states *login_states);

tenantseal_status tenantseal_browser_generate(tenantseal_browser **out_browser);

tenantseal_status tenantseal_browser_from_cookie(const uint8_t *value, size_t value_len, tenantseal_browser **out_browser);

tenantseal_status tenantseal_browser_to_cookie(const tenantseal_browser *browser, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_browser_free(tenantseal_browser *browser);

size_t tenantseal_login_secret_len(void);

size_t tenantseal_login_state_len(void);

size_t tenantseal_browser_cookie_len(void);

tenantseal_status tenantseal_media_new(const uint8_t *key, size_t key_len, tenantseal_media **out_media);

tenantseal_status tenantseal_media_update(tenantseal_media *media, const uint8_t *input, size_t input_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_media_finish(tenantseal_media *media, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_media_free(tenantseal_media *media);

size_t tenantseal_media_update_len(size_t input_len);

tenantseal_status tenantseal_biz_msg_crypt_new(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *receive_id, size_t receive_id_len, tenantseal_biz_msg_crypt **out_crypt);

tenantseal_status tenantseal_biz_msg_crypt_verify_url(const tenantseal_biz_msg_crypt *crypt, const uint8_t *msg_signature, size_t msg_signature_len, const uint8_t *timestamp, size_t timestamp_len, const uint8_t *nonce, size_t nonce_len, const uint8_t *echostr, size_t echostr_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_biz_msg_crypt_decrypt_msg(const tenantseal_biz_msg_crypt *crypt, const uint8_t *body, size_t body_len, const uint8_t *msg_signature, size_t msg_signature_len, const uint8_t *timestamp, size_t timestamp_len, const uint8_t *nonce, size_t nonce_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_biz_msg_crypt_encrypt_msg(const tenantseal_biz_msg_crypt *crypt, const uint8_t *reply, size_t reply_len, const uint8_t *nonce, size_t nonce_len, const uint8_t *timestamp, size_t timestamp_len, int32_t format, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_biz_msg_crypt_free(tenantseal_biz_msg_crypt *biz_msg_crypt);

tenantseal_status tenantseal_sender_new(const uint8_t *token, size_t token_len, const uint8_t *encoding_aes_key, size_t encoding_aes_key_len, const uint8_t *receive_id, size_t receive_id_len, tenantseal_sender **out_sender);

tenantseal_status tenantseal_sender_post(const tenantseal_sender *sender, const uint8_t *plaintext, size_t plaintext_len, uint64_t timestamp, const uint8_t *nonce, size_t nonce_len, uint8_t *out_query, size_t out_query_cap, size_t *out_query_len, uint8_t *out_body, size_t out_body_cap, size_t *out_body_len);

tenantseal_status tenantseal_sender_post_json(const tenantseal_sender *sender, const uint8_t *plaintext, size_t plaintext_len, uint64_t timestamp, const uint8_t *nonce, size_t nonce_len, uint8_t *out_query, size_t out_query_cap, size_t *out_query_len, uint8_t *out_body, size_t out_body_cap, size_t *out_body_len);

tenantseal_status tenantseal_sender_get(const tenantseal_sender *sender, const uint8_t *echo, size_t echo_len, uint64_t timestamp, const uint8_t *nonce, size_t nonce_len, uint8_t *out_query, size_t out_query_cap, size_t *out_query_len);

tenantseal_status tenantseal_sender_open_reply(const tenantseal_sender *sender, const uint8_t *body, size_t body_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_sender_free(tenantseal_sender *sender);

tenantseal_status tenantseal_vault_open(const uint8_t *path, size_t path_len, const tenantseal_keyring *keyring, tenantseal_vault **out_vault);

tenantseal_status tenantseal_vault_tenant(const tenantseal_vault *vault, const uint8_t *id, size_t id_len, tenantseal_tenant_vault **out_tenant_vault);

tenantseal_status tenantseal_vault_free(tenantseal_vault *vault);

tenantseal_status tenantseal_fields_new(tenantseal_fields **out_fields);

tenantseal_status tenantseal_fields_set_text(tenantseal_fields *fields, const uint8_t *column, size_t column_len, const uint8_t *value, size_t value_len);

tenantseal_status tenantseal_fields_set_bytes(tenantseal_fields *fields, const uint8_t *column, size_t column_len, const uint8_t *value, size_t value_len);

tenantseal_status tenantseal_fields_set_i64(tenantseal_fields *fields, const uint8_t *column, size_t column_len, int64_t value);

tenantseal_status tenantseal_fields_set_f64(tenantseal_fields *fields, const uint8_t *column, size_t column_len, double value);

tenantseal_status tenantseal_fields_set_bool(tenantseal_fields *fields, const uint8_t *column, size_t column_len, int32_t value);

tenantseal_status tenantseal_fields_set_null(tenantseal_fields *fields, const uint8_t *column, size_t column_len);

tenantseal_status tenantseal_fields_set_compartment(tenantseal_fields *fields, const uint8_t *label, size_t label_len);

tenantseal_status tenantseal_fields_free(tenantseal_fields *fields);

tenantseal_status tenantseal_rows_count(const tenantseal_rows *rows, size_t *out_count);

tenantseal_status tenantseal_rows_id(const tenantseal_rows *rows, size_t number, int64_t *out_id);

tenantseal_status tenantseal_rows_compartment(const tenantseal_rows *rows, size_t number, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_rows_value(const tenantseal_rows *rows, size_t number, const uint8_t *column, size_t column_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_rows_i64(const tenantseal_rows *rows, size_t number, const uint8_t *column, size_t column_len, int64_t *out_value);

tenantseal_status tenantseal_rows_f64(const tenantseal_rows *rows, size_t number, const uint8_t *column, size_t column_len, double *out_value);

tenantseal_status tenantseal_rows_bool(const tenantseal_rows *rows, size_t number, const uint8_t *column, size_t column_len, int32_t *out_value);

tenantseal_status tenantseal_rows_free(tenantseal_rows *rows);

tenantseal_status tenantseal_tenant_vault_insert(const tenantseal_tenant_vault *tenant_vault, const uint8_t *table, size_t table_len, const tenantseal_fields *fields, int64_t *out_id);

tenantseal_status tenantseal_tenant_vault_get(const tenantseal_tenant_vault *tenant_vault, const uint8_t *table, size_t table_len, int64_t id, tenantseal_rows **out_rows);

tenantseal_status tenantseal_tenant_vault_find(const tenantseal_tenant_vault *tenant_vault, const uint8_t *field, size_t field_len, const uint8_t *index, size_t index_len, const uint8_t *value, size_t value_len, tenantseal_rows **out_rows);

tenantseal_status tenantseal_tenant_vault_list_masked(const tenantseal_tenant_vault *tenant_vault, const uint8_t *table, size_t table_len, int64_t after, uint32_t limit, tenantseal_rows **out_rows);

tenantseal_status tenantseal_tenant_vault_update(const tenantseal_tenant_vault *tenant_vault, const uint8_t *table, size_t table_len, int64_t id, const tenantseal_fields *fields, int32_t *out_there);

tenantseal_status tenantseal_tenant_vault_delete(const tenantseal_tenant_vault *tenant_vault, const uint8_t *table, size_t table_len, int64_t id, int32_t *out_there);

tenantseal_status tenantseal_tenant_vault_begin(const tenantseal_tenant_vault *tenant_vault, tenantseal_transaction **out_transaction);

tenantseal_status tenantseal_tenant_vault_free(tenantseal_tenant_vault *tenant_vault);

tenantseal_status tenantseal_transaction_insert(tenantseal_transaction *transaction, const uint8_t *table, size_t table_len, const tenantseal_fields *fields, int64_t *out_id);

tenantseal_status tenantseal_transaction_get(tenantseal_transaction *transaction, const uint8_t *table, size_t table_len, int64_t id, tenantseal_rows **out_rows);

tenantseal_status tenantseal_transaction_find(tenantseal_transaction *transaction, const uint8_t *field, size_t field_len, const uint8_t *index, size_t index_len, const uint8_t *value, size_t value_len, tenantseal_rows **out_rows);

tenantseal_status tenantseal_transaction_update(tenantseal_transaction *transaction, const uint8_t *table, size_t table_len, int64_t id, const tenantseal_fields *fields, int32_t *out_there);

tenantseal_status tenantseal_transaction_delete(tenantseal_transaction *transaction, const uint8_t *table, size_t table_len, int64_t id, int32_t *out_there);

tenantseal_status tenantseal_transaction_commit(tenantseal_transaction *transaction);

tenantseal_status tenantseal_transaction_free(tenantseal_transaction *transaction);

tenantseal_status tenantseal_private_key_generate(uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_private_key_public(const uint8_t *private_key, size_t private_key_len, uint8_t *out, size_t out_cap, size_t *out_len);

size_t tenantseal_private_key_len(void);

size_t tenantseal_public_key_len(void);

tenantseal_status tenantseal_peer_new(int32_t kind, const uint8_t *id, size_t id_len, const uint8_t *public_key, size_t public_key_len, tenantseal_peer **out_peer);

tenantseal_status tenantseal_peer_set_ticket(tenantseal_peer *peer, const uint8_t *id, size_t id_len, const uint8_t *key, size_t key_len);

tenantseal_status tenantseal_peer_set_resumption(tenantseal_peer *peer, const tenantseal_session *session);

tenantseal_status tenantseal_peer_free(tenantseal_peer *peer);

size_t tenantseal_ticket_key_len(void);

tenantseal_status tenantseal_endpoint_new(const tenantseal_tenant *tenant, int32_t kind, const uint8_t *id, size_t id_len, const uint8_t *private_key, size_t private_key_len, const uint8_t *purpose, size_t purpose_len, tenantseal_endpoint **out_endpoint);

tenantseal_status tenantseal_endpoint_set_context(tenantseal_endpoint *endpoint, const uint8_t *context, size_t context_len);

tenantseal_status tenantseal_endpoint_set_certificate(tenantseal_endpoint *endpoint, const uint8_t *certificate, size_t certificate_len);

tenantseal_status tenantseal_endpoint_set_phase(tenantseal_endpoint *endpoint, uint64_t packets, uint64_t bytes, uint64_t seconds);

tenantseal_status tenantseal_endpoint_set_session(tenantseal_endpoint *endpoint, uint64_t packets, uint64_t seconds, uint64_t failures);

tenantseal_status tenantseal_endpoint_set_window(tenantseal_endpoint *endpoint, size_t packets);

tenantseal_status tenantseal_endpoint_know(tenantseal_endpoint *endpoint, const tenantseal_peer *peer);

tenantseal_status tenantseal_endpoint_initiate(const tenantseal_endpoint *endpoint, const tenantseal_peer *peer, tenantseal_initiator **out_initiator);

tenantseal_status tenantseal_endpoint_initiate_ik(const tenantseal_endpoint *endpoint, const tenantseal_peer *peer, tenantseal_initiator **out_initiator);

tenantseal_status tenantseal_endpoint_initiate_xx(const tenantseal_endpoint *endpoint, int32_t kind, const uint8_t *id, size_t id_len, tenantseal_initiator **out_initiator);

tenantseal_status tenantseal_endpoint_free(tenantseal_endpoint *endpoint);

tenantseal_status tenantseal_initiator_packet(const tenantseal_initiator *initiator, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_initiator_index(const tenantseal_initiator *initiator, uint32_t *out_index);

tenantseal_status tenantseal_initiator_receive(tenantseal_initiator *initiator, const uint8_t *packet, size_t packet_len, int32_t *out_progress, tenantseal_session **out_session);

tenantseal_status tenantseal_initiator_free(tenantseal_initiator *initiator);

size_t tenantseal_handshake_max_len(void);

tenantseal_status tenantseal_listener_new(const tenantseal_keyring *keyring, tenantseal_listener **out_listener);

tenantseal_status tenantseal_listener_set_load(tenantseal_listener *listener, uint32_t cookies_after, uint32_t most, uint32_t per_peer);

tenantseal_status tenantseal_listener_add(tenantseal_listener *listener, const tenantseal_endpoint *endpoint);

tenantseal_status tenantseal_listener_remove(tenantseal_listener *listener, const tenantseal_endpoint *endpoint);

tenantseal_status tenantseal_listener_expect(tenantseal_listener *listener, const tenantseal_endpoint *endpoint, const tenantseal_peer *peer);

tenantseal_status tenantseal_listener_forget(tenantseal_listener *listener, const tenantseal_endpoint *endpoint, const tenantseal_peer *peer);

tenantseal_status tenantseal_listener_pending(const tenantseal_listener *listener, size_t *out_count);

size_t tenantseal_listener_receive_len(size_t packet_len);

tenantseal_status tenantseal_listener_receive(tenantseal_listener *listener, const uint8_t *address, size_t address_len, uint32_t port, const uint8_t *packet, size_t packet_len, int32_t *out_progress, tenantseal_session **out_session, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_listener_free(tenantseal_listener *listener);

tenantseal_status tenantseal_session_peer(const tenantseal_session *session, int32_t *out_kind, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_peer_key(const tenantseal_session *session, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_index(const tenantseal_session *session, uint32_t *out_index);

tenantseal_status tenantseal_session_channel_binding(const tenantseal_session *session, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_export(const tenantseal_session *session, const uint8_t *label, size_t label_len, const uint8_t *context, size_t context_len, size_t length, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_split(tenantseal_session *session, tenantseal_session_sender **out_sender, tenantseal_session_receiver **out_receiver);

tenantseal_status tenantseal_session_free(tenantseal_session *session);

tenantseal_status tenantseal_receiver_index(const uint8_t *packet, size_t packet_len, uint32_t *out_index);

size_t tenantseal_channel_binding_len(void);

size_t tenantseal_session_receiver_open_len(size_t packet_len);

tenantseal_status tenantseal_session_receiver_open(tenantseal_session_receiver *receiver, const uint8_t *packet, size_t packet_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_receiver_counts(const tenantseal_session_receiver *receiver, uint64_t *out_opened, uint64_t *out_refused, uint64_t *out_repeated);

tenantseal_status tenantseal_session_receiver_index(const tenantseal_session_receiver *receiver, uint32_t *out_index);

tenantseal_status tenantseal_session_receiver_free(tenantseal_session_receiver *receiver);

size_t tenantseal_session_sender_seal_len(size_t plaintext_len);

tenantseal_status tenantseal_session_sender_seal(const tenantseal_session_sender *sender, const uint8_t *plaintext, size_t plaintext_len, uint8_t *out, size_t out_cap, size_t *out_len);

tenantseal_status tenantseal_session_sender_rekey_due(const tenantseal_session_sender *sender, int32_t *out_due);

tenantseal_status tenantseal_session_sender_sealed(const tenantseal_session_sender *sender, uint64_t *out_count);

tenantseal_status tenantseal_session_sender_free(tenantseal_session_sender *sender);

size_t tenantseal_session_overhead(void);

size_t tenantseal_session_packet_max_len(void);
