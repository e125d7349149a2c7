/* Normal use of every part, as docs/c.md teaches it. */
#include <unistd.h>

#include "check.h"

static tenantseal_keyring *keyring;
static tenantseal_tenant *acme, *other;

static void versions(void) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", TENANTSEAL_VERSION_MAJOR, TENANTSEAL_VERSION_MINOR,
             TENANTSEAL_VERSION_PATCH);
    CHECK(strcmp(text, tenantseal_version()) == 0);
    CHECK(tenantseal_abi_version() == TENANTSEAL_ABI_VERSION);
    CHECK(tenantseal_kek_len() == TENANTSEAL_KEK_LEN);
    CHECK(tenantseal_sealed_overhead() == TENANTSEAL_SEALED_OVERHEAD);
    CHECK(tenantseal_echo_max_len() == TENANTSEAL_ECHO_MAX_LEN);
    CHECK(tenantseal_key_commitment_len() == TENANTSEAL_KEY_COMMITMENT_LEN);
    CHECK(strcmp(tenantseal_status_name(TENANTSEAL_ERROR_OPEN), "OPEN") == 0);
    CHECK(strcmp(tenantseal_status_message(TENANTSEAL_OK), "success") == 0);
    CHECK(strcmp(tenantseal_status_name(4711), "UNKNOWN") == 0);
    CHECK(tenantseal_sealed_len(SIZE_MAX) == 0 && tenantseal_sealed_text_len(SIZE_MAX) == 0);
    CHECK(tenantseal_seal_many_len(1, SIZE_MAX) == 0 && tenantseal_event_reply_len(SIZE_MAX) == 0);
}

static void policies(void) {
    uint8_t out[2048];
    size_t len;
    int64_t field;
    const char *bad = "{\"tenantseal_policy\":1,\"version\":1,\"fields\":[{\"table\":\"m\",\"column\":\"a\","
                      "\"type\":\"text\",\"storage\":\"cell\",\"class\":[\"internal\"],\"bind\":\"row\"},"
                      "{\"table\":\"m\",\"column\":\"A\",\"type\":\"text\",\"storage\":\"cell\","
                      "\"class\":[\"internal\"],\"bind\":\"row\"}]}";
    OK(tenantseal_policy_check(TEXT(TEST_POLICY), &field));
    CHECK(field == -1);
    STATUS(TENANTSEAL_ERROR_POLICY, tenantseal_policy_check(TEXT(bad), &field));
    CHECK(field == 1);
    OK(tenantseal_policy_explain(TEXT(bad), OUT(out, len)));
    CHECK(len > 20 && memcmp(out, "policy field 1", 14) == 0);
    OK(tenantseal_policy_explain(TEXT(TEST_POLICY), OUT(out, len)));
    CHECK(len == 0);
    OK(tenantseal_policy_canonical(TEXT(TEST_POLICY), OUT(out, len)));
    CHECK(len > 100 && out[0] == '{');
}

static void keys(void) {
    uint8_t out[4096];
    size_t len;
    uint32_t generation;
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keyring));
    OK(tenantseal_keyring_install_policy(keyring, TEXT(TEST_POLICY)));
    OK(tenantseal_keyring_policy(keyring, OUT(out, len)));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-1001"), &acme));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-2002"), &other));
    tenantseal_tenant *again = acme;
    STATUS(TENANTSEAL_ERROR_ALREADY_EXISTS, tenantseal_keyring_create_tenant(keyring, TEXT("t-1001"), &again));
    CHECK(again == NULL);
    OK(tenantseal_keyring_tenant(keyring, TEXT("t-1001"), &again));
    OK(tenantseal_tenant_free(again));
    OK(tenantseal_tenant_id(acme, OUT(out, len)));
    CHECK(is_text(out, len, "t-1001"));

    OK(tenantseal_keyring_add_alias(keyring, TEXT("ww1"), TEXT("t-1001")));
    OK(tenantseal_keyring_tenant_by_alias(keyring, TEXT("ww1"), &again));
    OK(tenantseal_tenant_free(again));
    OK(tenantseal_keyring_remove_alias(keyring, TEXT("ww1")));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_TENANT, tenantseal_keyring_tenant_by_alias(keyring, TEXT("ww1"), &again));
    OK(tenantseal_keyring_rotate_tenant(keyring, TEXT("t-1001"), &generation));
    CHECK(generation == 2);
    OK(tenantseal_keyring_rotate_index(keyring, TEXT("t-1001"), &generation));
    CHECK(generation == 2);
    OK(tenantseal_keyring_reload(keyring));

    tenantseal_keyring *copy;
    OK(tenantseal_keyring_records(keyring, OUT(out, len)));
    OK(tenantseal_keyring_from_records(TEST_KEK, sizeof TEST_KEK, out, len, &copy));
    OK(tenantseal_keyring_tenant(copy, TEXT("t-2002"), &again));
    OK(tenantseal_tenant_free(again));
    uint8_t policy[4096], ids[64];
    size_t policy_len, ids_len;
    OK(tenantseal_keyring_stored_policy(keyring, OUT(policy, policy_len)));
    OK(tenantseal_keyring_install_stored_policy(copy, policy, policy_len));
    policy[policy_len - 40] ^= 1;
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_keyring_install_stored_policy(copy, policy, policy_len));
    OK(tenantseal_keyring_tenant_ids(copy, OUT(ids, ids_len)));
    CHECK(ids_len == 20 && memcmp(ids, "\0\0\0\6t-1001\0\0\0\6t-2002", 20) == 0);
    OK(tenantseal_keyring_free(copy));
    STATUS(TENANTSEAL_ERROR_MALFORMED,
           tenantseal_keyring_from_records(TEST_KEK, sizeof TEST_KEK, out, len - 1, &copy));
}

static void key_file(const char *folder) {
    char path[4096];
    tenantseal_keyring *file;
    snprintf(path, sizeof path, "%s/keys.ts", folder);
    OK(tenantseal_keyring_create(TEXT(path), TEXT("a long passphrase"), &file));
    OK(tenantseal_keyring_free(file));
    STATUS(TENANTSEAL_ERROR_ALREADY_EXISTS,
           tenantseal_keyring_create(TEXT(path), TEXT("a long passphrase"), &file));
    STATUS(TENANTSEAL_ERROR_PASSPHRASE, tenantseal_keyring_open(TEXT(path), TEXT("another phrase"), &file));
    OK(tenantseal_keyring_open(TEXT(path), TEXT("a long passphrase"), &file));
    OK(tenantseal_keyring_free(file));
    unlink(path);
}

static void cells(void) {
    tenantseal_field *mobile, *board, *photo, *note, *theirs;
    uint8_t cell[256], text[256], value[256], row[64], more[64];
    size_t cell_len, text_len, value_len, row_len, more_len;
    OK(tenantseal_tenant_field(acme, TEXT("member.mobile"), &mobile));
    OK(tenantseal_field_seal_i64(mobile, 42, TEXT("13800138000"), OUT(cell, cell_len)));
    CHECK(cell_len == tenantseal_sealed_len(11));
    OK(tenantseal_field_open_i64(mobile, 42, cell, cell_len, OUT(value, value_len)));
    CHECK(is_text(value, value_len, "13800138000") && value_len <= tenantseal_opened_len(cell_len));
    for (size_t len = 0; len < 9; len++) {
        OK(tenantseal_field_seal_text_i64(mobile, 42, (const uint8_t *)"12345678", len, OUT(text, text_len)));
        CHECK(text_len == tenantseal_sealed_text_len(len));
        OK(tenantseal_field_open_i64(mobile, 42, text, text_len, OUT(value, value_len)));
        CHECK(value_len == len);
    }
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_field_open_i64(mobile, 43, cell, cell_len, OUT(value, value_len)));
    CHECK(value_len == 0);

    /* The encoded form of the same row. */
    OK(tenantseal_row_i64(42, OUT(row, row_len)));
    OK(tenantseal_field_open(mobile, row, row_len, cell, cell_len, OUT(value, value_len)));
    OK(tenantseal_field_seal(mobile, row, row_len, TEXT("1"), OUT(text, text_len)));
    OK(tenantseal_field_open_i64(mobile, 42, text, text_len, OUT(value, value_len)));
    OK(tenantseal_field_seal_text(mobile, row, row_len, TEXT("1"), OUT(text, text_len)));
    OK(tenantseal_row_text(TEXT("42"), OUT(row, row_len)));
    STATUS(TENANTSEAL_ERROR_OPEN,
           tenantseal_field_open(mobile, row, row_len, cell, cell_len, OUT(value, value_len)));
    OK(tenantseal_row_bytes(TEXT("42"), OUT(row, row_len)));
    OK(tenantseal_row_unbound(OUT(row, row_len)));
    STATUS(TENANTSEAL_ERROR_WRONG_BINDING,
           tenantseal_field_open(mobile, row, row_len, cell, cell_len, OUT(value, value_len)));
    OK(tenantseal_tenant_field(acme, TEXT("member.photo"), &photo));
    OK(tenantseal_field_seal(photo, row, row_len, (const uint8_t *)"\xff\0\xfe", 3, OUT(text, text_len)));
    OK(tenantseal_field_open(photo, row, row_len, text, text_len, OUT(value, value_len)));
    CHECK(value_len == 3 && memcmp(value, "\xff\0\xfe", 3) == 0);
    OK(tenantseal_tenant_field(acme, TEXT("member.note"), &note));
    OK(tenantseal_row_natural_text(NULL, 0, TEXT("zhangsan"), OUT(row, row_len)));
    OK(tenantseal_row_natural_i64(row, row_len, 30, OUT(more, more_len)));
    OK(tenantseal_field_seal(note, more, more_len, TEXT("x"), OUT(text, text_len)));
    OK(tenantseal_field_open(note, more, more_len, text, text_len, OUT(value, value_len)));
    OK(tenantseal_row_natural_bytes(row, row_len, TEXT("30"), OUT(more, more_len)));
    STATUS(TENANTSEAL_ERROR_OPEN,
           tenantseal_field_open(note, more, more_len, text, text_len, OUT(value, value_len)));

    /* Another place: another compartment, another tenant. */
    OK(tenantseal_field_compartment(mobile, TEXT("board"), &board));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_KEY,
           tenantseal_field_open_i64(board, 42, cell, cell_len, OUT(value, value_len)));
    OK(tenantseal_tenant_field(other, TEXT("member.mobile"), &theirs));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_KEY,
           tenantseal_field_open_i64(theirs, 42, cell, cell_len, OUT(value, value_len)));

    uint32_t suite, generation;
    uint8_t commitment[TENANTSEAL_KEY_COMMITMENT_LEN];
    size_t commitment_len;
    OK(tenantseal_cell_header(cell, cell_len, &suite, &generation, OUT(commitment, commitment_len)));
    CHECK(suite == 1 && generation == 2 && commitment_len == sizeof commitment);
    STATUS(TENANTSEAL_ERROR_MALFORMED,
           tenantseal_cell_header(TEXT("no cell"), &suite, &generation, OUT(commitment, commitment_len)));

    tenantseal_index *index;
    tenantseal_mask *mask;
    int64_t token, tokens[4];
    size_t tokens_len;
    int32_t same;
    OK(tenantseal_field_index(mobile, TEXT("exact"), &index));
    OK(tenantseal_index_token(index, TEXT("13800138000"), &token));
    OK(tenantseal_index_lookup(index, TEXT("+86 138 0013 8000"), tokens, 4, &tokens_len));
    CHECK(tokens_len == 2 && tokens[0] == token);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_index_lookup(index, TEXT("+86 138 0013 8000"), tokens, 1, &tokens_len));
    CHECK(tokens_len == 2);
    OK(tenantseal_index_matches(index, TEXT("13800138000"), TEXT("+8613800138000"), &same));
    CHECK(same == 1);
    OK(tenantseal_field_mask(mobile, &mask));
    OK(tenantseal_mask_seal_i64(mask, 42, TEXT("13800138000"), OUT(text, text_len)));
    OK(tenantseal_mask_open_i64(mask, 42, text, text_len, OUT(value, value_len)));
    CHECK(is_text(value, value_len, "138****8000"));
    OK(tenantseal_row_i64(42, OUT(row, row_len)));
    OK(tenantseal_mask_seal(mask, row, row_len, TEXT("13800138000"), OUT(text, text_len)));
    OK(tenantseal_mask_open(mask, row, row_len, text, text_len, OUT(value, value_len)));

    OK(tenantseal_index_free(index));
    OK(tenantseal_mask_free(mask));
    OK(tenantseal_field_free(board));
    OK(tenantseal_field_free(theirs));
    OK(tenantseal_field_free(photo));
    OK(tenantseal_field_free(note));
    OK(tenantseal_field_free(mobile));
}

static void bulk(void) {
    enum { COUNT = 100 };
    tenantseal_field *mobile;
    int64_t rows[COUNT];
    uint64_t offsets[COUNT + 1], sealed_offsets[COUNT + 1], opened_offsets[COUNT + 1];
    char values[COUNT * 8];
    uint8_t sealed[COUNT * 80], opened[COUNT * 80];
    size_t sealed_len, opened_len, position;
    offsets[0] = 0;
    for (int i = 0; i < COUNT; i++) {
        rows[i] = i;
        offsets[i + 1] = offsets[i] + (uint64_t)snprintf(values + offsets[i], 8, "v%d", i);
    }
    OK(tenantseal_tenant_field(acme, TEXT("member.mobile"), &mobile));
    OK(tenantseal_field_seal_many_i64(mobile, rows, COUNT, (uint8_t *)values, offsets[COUNT], offsets,
                                      OUT(sealed, sealed_len), sealed_offsets, &position));
    CHECK(sealed_len == tenantseal_seal_many_len(offsets[COUNT], COUNT) && position == SIZE_MAX);
    OK(tenantseal_field_open_many_i64(mobile, rows, COUNT, sealed, sealed_len, sealed_offsets,
                                      OUT(opened, opened_len), opened_offsets, &position));
    CHECK(opened_len == offsets[COUNT] && memcmp(opened, values, opened_len) == 0);
    CHECK(memcmp(opened_offsets, offsets, sizeof offsets) == 0);
    /* In place: inputs are read to the end before anything is written. */
    OK(tenantseal_field_open_many_i64(mobile, rows, COUNT, sealed, sealed_len, sealed_offsets,
                                      OUT(sealed, opened_len), sealed_offsets, &position));
    CHECK(memcmp(sealed, values, opened_len) == 0);

    OK(tenantseal_field_seal_many_i64(mobile, rows, COUNT, (uint8_t *)values, offsets[COUNT], offsets,
                                      OUT(sealed, sealed_len), sealed_offsets, &position));
    sealed[sealed_offsets[37] + 60] ^= 1;
    STATUS(TENANTSEAL_ERROR_OPEN,
           tenantseal_field_open_many_i64(mobile, rows, COUNT, sealed, sealed_len, sealed_offsets,
                                          OUT(opened, opened_len), opened_offsets, &position));
    CHECK(position == 37 && opened_len == 0);
    values[offsets[51]] = (char)0xff;
    STATUS(TENANTSEAL_ERROR_VALUE,
           tenantseal_field_seal_many_i64(mobile, rows, COUNT, (uint8_t *)values, offsets[COUNT], offsets,
                                          OUT(sealed, sealed_len), sealed_offsets, &position));
    CHECK(position == 51);
    offsets[3] = UINT64_MAX;
    STATUS(TENANTSEAL_ERROR_ARGUMENT,
           tenantseal_field_seal_many_i64(mobile, rows, COUNT, (uint8_t *)values, offsets[COUNT], offsets,
                                          OUT(sealed, sealed_len), sealed_offsets, &position));
    OK(tenantseal_field_seal_many_i64(mobile, NULL, 0, NULL, 0, offsets, NULL, 0, &sealed_len, sealed_offsets,
                                      &position));
    CHECK(sealed_len == 0 && sealed_offsets[0] == 0);
    OK(tenantseal_field_free(mobile));
}

static void callbacks(void) {
    tenantseal_callback *app, *bot, *none;
    tenantseal_event *event;
    tenantseal_guard *guard;
    tenantseal_sender *sender;
    uint8_t query[512], body[4096], out[4096];
    size_t query_len, body_len, out_len;
    int32_t claim, code;
    uint64_t seconds;
    OK(tenantseal_callback_company_app(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &app));
    OK(tenantseal_callback_diagnose(app, TEXT(SAMPLE_GET), NULL, 0, &code, OUT(out, out_len)));
    CHECK(code == -40001 && out_len > 20);
    OK(tenantseal_callback_set_fixed_time(app, SAMPLE_GET_TIME * 1000ull));
    OK(tenantseal_callback_verify_url(app, TEXT(SAMPLE_GET), OUT(out, out_len)));
    CHECK(is_text(out, out_len, SAMPLE_ECHO));
    OK(tenantseal_callback_set_fixed_time(app, SAMPLE_POST_TIME * 1000ull));
    OK(tenantseal_guard_in_memory(1000, &guard));
    OK(tenantseal_callback_set_guard(app, guard, TEXT("sample")));
    OK(tenantseal_guard_free(guard));
    OK(tenantseal_callback_set_window(app, 300));
    OK(tenantseal_callback_set_lease(app, 4000));
    OK(tenantseal_callback_set_binding(app, TENANTSEAL_BINDING_REQUIRED));
    OK(tenantseal_callback_add_previous(app, TEXT("old"), TEXT(SAMPLE_KEY)));

    OK(tenantseal_callback_open(app, TEXT(SAMPLE_POST), TEXT(SAMPLE_BODY), &event));
    OK(tenantseal_event_message(event, OUT(out, out_len)));
    CHECK(out_len > 100 && memcmp(out, "<xml>", 5) == 0);
    OK(tenantseal_event_child(event, TEXT("Content"), OUT(out, out_len)));
    CHECK(is_text(out, out_len, "hello"));
    STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_event_child(event, TEXT("Nothing"), OUT(out, out_len)));
    OK(tenantseal_event_receive_id(event, OUT(out, out_len)));
    CHECK(is_text(out, out_len, SAMPLE_CORP));
    OK(tenantseal_event_timestamp(event, &seconds));
    CHECK(seconds == SAMPLE_POST_TIME);
    OK(tenantseal_event_claim(event, &claim));
    CHECK(claim == TENANTSEAL_CLAIM_FRESH);

    /* A reply needs its room before it is made: nothing is remembered of one that does not fit. */
    OK(tenantseal_sender_new(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &sender));
    size_t room = tenantseal_event_reply_len(5);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_event_reply(event, TEXT("hello"), TENANTSEAL_REPLY_SAME, out, room - 1, &out_len));
    CHECK(out_len == room);
    for (int32_t format = TENANTSEAL_REPLY_SAME; format <= TENANTSEAL_REPLY_JSON; format++) {
        OK(tenantseal_event_reply(event, TEXT("hello"), format, out, room, &out_len));
        CHECK(out_len <= room);
        OK(tenantseal_sender_open_reply(sender, out, out_len, OUT(body, body_len)));
        CHECK(is_text(body, body_len, "hello"));
    }
    OK(tenantseal_event_done(event));
    OK(tenantseal_event_free(event));
    OK(tenantseal_callback_open(app, TEXT(SAMPLE_POST), TEXT(SAMPLE_BODY), &event));
    OK(tenantseal_event_claim(event, &claim));
    CHECK(claim == TENANTSEAL_CLAIM_DONE);
    STATUS(TENANTSEAL_ERROR_CLAIM_EXPIRED, tenantseal_event_done(event));
    OK(tenantseal_event_free(event));

    /* A claim that is not settled comes back after its lease. */
    const char *chat = "<xml><CreateTime>1409659813</CreateTime><MsgId>7</MsgId><Content>x</Content></xml>";
    OK(tenantseal_sender_post(sender, TEXT(chat), SAMPLE_POST_TIME, TEXT("n1"), OUT(query, query_len),
                              OUT(body, body_len)));
    static const int32_t expected[] = {TENANTSEAL_CLAIM_FRESH, TENANTSEAL_CLAIM_IN_PROGRESS,
                                       TENANTSEAL_CLAIM_FRESH};
    for (int i = 0; i < 3; i++) {
        OK(tenantseal_callback_set_fixed_time(app, SAMPLE_POST_TIME * 1000ull + (i == 2 ? 4000 : 0)));
        OK(tenantseal_callback_open(app, query, query_len, body, body_len, &event));
        OK(tenantseal_event_claim(event, &claim));
        CHECK(claim == expected[i]);
        OK(tenantseal_event_free(event));
    }
    body[body_len - 100] = body[body_len - 100] == 'A' ? 'B' : 'A';
    STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_callback_open(app, query, query_len, body, body_len, &event));
    CHECK(event == NULL);
    OK(tenantseal_callback_remove_guard(app));

    /* An AI bot: JSON, an empty receiveid. */
    OK(tenantseal_callback_custom(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TENANTSEAL_RECEIVE_ID_EMPTY, NULL, 0,
                                  TENANTSEAL_RECEIVE_ID_ONE_OF, TEXT("ww1\n" SAMPLE_CORP), &bot));
    OK(tenantseal_callback_set_fixed_time(bot, SAMPLE_POST_TIME * 1000ull));
    OK(tenantseal_sender_post_json(sender, TEXT("{\"a\":\"b\"}"), SAMPLE_POST_TIME, TEXT("n2"),
                                   OUT(query, query_len), OUT(body, body_len)));
    OK(tenantseal_callback_open(bot, query, query_len, body, body_len, &event));
    OK(tenantseal_event_child(event, TEXT("a"), OUT(out, out_len)));
    CHECK(is_text(out, out_len, "b"));
    OK(tenantseal_event_free(event));
    OK(tenantseal_sender_get(sender, TEXT("echo"), SAMPLE_POST_TIME, TEXT("n3"), OUT(query, query_len)));
    STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_callback_verify_url(bot, query, query_len, OUT(out, out_len)));
    OK(tenantseal_callback_diagnose(bot, query, query_len, NULL, 0, &code, OUT(out, out_len)));
    CHECK(code == -40005);
    STATUS(TENANTSEAL_ERROR_ARGUMENT,
           tenantseal_callback_custom(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), 5, NULL, 0,
                                      TENANTSEAL_RECEIVE_ID_ANY, NULL, 0, &none));
    CHECK(none == NULL);

    OK(tenantseal_sender_free(sender));
    OK(tenantseal_callback_free(bot));
    OK(tenantseal_callback_free(app));
}

/* The first of tests/vectors/wecom_own_keys.json that is longer than a block. */
#define MEDIA_KEY "xwrUChN7xkADQnjhIGzsu2/8tv9KtLJZjXSRthNQjCg"
static const uint8_t MEDIA_SEALED[] = {
    0x6c, 0x2f, 0xd5, 0x54, 0xc2, 0x52, 0xa0, 0x35, 0xbb, 0x34, 0x64, 0xcb, 0xf9, 0x74, 0xfc, 0x2a,
    0x67, 0x1b, 0xe6, 0x39, 0xb9, 0xe4, 0x8d, 0x6c, 0x28, 0xf3, 0x0d, 0x33, 0x1e, 0xaa, 0xdc, 0xe5,
    0xa5, 0x93, 0x93, 0x4f, 0xc7, 0x93, 0x0c, 0xb3, 0x3e, 0x93, 0x6a, 0x30, 0xd6, 0x3d, 0xbc, 0xec,
    0x5f, 0xd2, 0x8b, 0x97, 0x9d, 0x8f, 0xf3, 0xb3, 0xc1, 0x36, 0x03, 0x9e, 0x96, 0x93, 0x83, 0x94};
static const uint8_t MEDIA_FILE[] = {
    0xad, 0xea, 0xa7, 0xfe, 0xb3, 0x1d, 0x66, 0xd2, 0x11, 0x4c, 0x32, 0x99, 0xf8, 0x52, 0x42, 0x11,
    0x7a, 0x75, 0x36, 0x7c, 0xf4, 0x0b, 0x63, 0xe3, 0xd3, 0x41, 0x82, 0xfc, 0x29, 0x21, 0xc3, 0xb4,
    0xe9};

/* Callbacks of every kind of app, and which answer each wants. */
static void kinds(void) {
    tenantseal_callback *kinds[6], *none;
    tenantseal_event *event;
    tenantseal_sender *sender;
    uint8_t query[512], body[4096], out[4096], type[TENANTSEAL_CONTENT_TYPE_MAX_LEN];
    size_t query_len, body_len, out_len, type_len, place;
    uint64_t now = SAMPLE_POST_TIME * 1000ull;
    OK(tenantseal_callback_suite_commands(TEXT("t0"), TEXT(SAMPLE_KEY), TEXT("wwprovider"), TEXT("suite"), &kinds[0]));
    OK(tenantseal_callback_suite_data(TEXT("t1"), TEXT(SAMPLE_KEY), TEXT("wwprovider"), TENANTSEAL_RECEIVE_ID_ONE_OF,
                                      TEXT("wwa\nwwb"), &kinds[1]));
    OK(tenantseal_callback_ai_bot(TEXT("t2"), TEXT(SAMPLE_KEY), &kinds[2]));
    OK(tenantseal_callback_official_account(TEXT("t3"), TEXT(SAMPLE_KEY), TEXT("wxapp"), &kinds[3]));
    OK(tenantseal_callback_open_platform(TEXT("t4"), TEXT(SAMPLE_KEY), TEXT("wxplatform"), &kinds[4]));
    OK(tenantseal_callback_company_app(TEXT("t5"), TEXT(SAMPLE_KEY), TEXT("wwcorp"), &kinds[5]));
    static const struct {
        const char *token, *receive_id, *acknowledgement, *type;
    } expected[] = {
        {"t0", "suite", "success", "application/xml"}, {"t1", "wwb", "", "application/xml"},
        {"t2", "", "", "application/json"},            {"t3", "wxapp", "success", "application/xml"},
        {"t4", "wxplatform", "success", "application/xml"}, {"t5", "wwcorp", "", "application/xml"},
    };
    const char *xml = "<xml><CreateTime>1409659813</CreateTime><MsgId>7</MsgId><A><B>x</B></A></xml>";
    const char *json = "{\"msgid\":\"7\",\"A\":{\"B\":\"x\"}}";
    for (size_t i = 0; i < 6; i++) {
        OK(tenantseal_callback_set_fixed_time(kinds[i], now));
        OK(tenantseal_sender_new(TEXT(expected[i].token), TEXT(SAMPLE_KEY), TEXT(expected[i].receive_id), &sender));
        if (i == 2) {
            OK(tenantseal_sender_post_json(sender, TEXT(json), SAMPLE_POST_TIME, TEXT("n"), OUT(query, query_len),
                                           OUT(body, body_len)));
        } else {
            OK(tenantseal_sender_post(sender, TEXT(xml), SAMPLE_POST_TIME, TEXT("n"), OUT(query, query_len),
                                      OUT(body, body_len)));
        }
        /* Behind one URL: the one that is meant is found, and no other opens it. */
        const tenantseal_callback *const *all = (const tenantseal_callback *const *)kinds;
        OK(tenantseal_callback_open_one_of(all, 6, query, query_len, body, body_len, &place, &event));
        CHECK(place == i);
        OK(tenantseal_event_receive_id(event, OUT(out, out_len)));
        CHECK(is_text(out, out_len, expected[i].receive_id));
        OK(tenantseal_event_acknowledgement(event, OUT(out, out_len)));
        CHECK(is_text(out, out_len, expected[i].acknowledgement));
        OK(tenantseal_event_nested_child(event, TEXT("A"), TEXT("B"), OUT(out, out_len)));
        CHECK(is_text(out, out_len, "x"));
        STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
               tenantseal_event_nested_child(event, TEXT("A"), TEXT("B"), NULL, 0, &out_len));
        CHECK(out_len == 1);
        STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_event_nested_child(event, TEXT("A"), TEXT("C"), OUT(out, out_len)));
        STATUS(TENANTSEAL_ERROR_CALLBACK_FORMAT,
               tenantseal_event_nested_child(event, TEXT("C"), TEXT("B"), OUT(out, out_len)));

        /* A reply and its type need their room before anything is remembered. */
        size_t room = tenantseal_event_reply_len(5);
        STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
               tenantseal_event_reply_with_type(event, TEXT("hello"), out, room - 1, &out_len, OUT(type, type_len)));
        CHECK(out_len == room);
        STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
               tenantseal_event_reply_with_type(event, TEXT("hello"), out, room, &out_len, type, sizeof type - 1, &type_len));
        CHECK(type_len == tenantseal_content_type_max_len());
        OK(tenantseal_event_reply_with_type(event, TEXT("hello"), out, room, &out_len, OUT(type, type_len)));
        CHECK(is_text(type, type_len, expected[i].type) && out[0] == (i == 2 ? '{' : '<'));
        OK(tenantseal_sender_open_reply(sender, out, out_len, OUT(body, body_len)));
        CHECK(is_text(body, body_len, "hello"));
        OK(tenantseal_event_free(event));
        OK(tenantseal_sender_free(sender));
    }

    /* The URL check of one of them. */
    const tenantseal_callback *all[9];
    for (size_t i = 0; i < 9; i++) {
        all[i] = kinds[i % 6];
    }
    OK(tenantseal_sender_new(TEXT("t1"), TEXT(SAMPLE_KEY), TEXT("wwprovider"), &sender));
    OK(tenantseal_sender_get(sender, TEXT("echo"), SAMPLE_POST_TIME, TEXT("n"), OUT(query, query_len)));
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_callback_verify_url_one_of(all, 6, query, query_len, &place, NULL, 0, &out_len));
    CHECK(out_len == 4 && place == 0);
    OK(tenantseal_callback_verify_url_one_of(all, 6, query, query_len, &place, OUT(out, out_len)));
    CHECK(is_text(out, out_len, "echo") && place == 1);
    STATUS(TENANTSEAL_ERROR_CALLBACK,
           tenantseal_callback_verify_url_one_of(all + 2, 4, query, query_len, &place, OUT(out, out_len)));
    STATUS(TENANTSEAL_ERROR_CALLBACK,
           tenantseal_callback_verify_url_one_of(NULL, 0, query, query_len, &place, OUT(out, out_len)));
    STATUS(TENANTSEAL_ERROR_CALLBACK,
           tenantseal_callback_verify_url_one_of(all, 8, query, query_len, &place, OUT(out, out_len)));
    STATUS(TENANTSEAL_ERROR_VALUE,
           tenantseal_callback_verify_url_one_of(all, 9, query, query_len, &place, OUT(out, out_len)));
    all[5] = NULL;
    STATUS(TENANTSEAL_ERROR_HANDLE,
           tenantseal_callback_open_one_of(all, 6, query, query_len, body, body_len, &place, &event));
    CHECK(event == NULL && place == 0);
    OK(tenantseal_sender_free(sender));

    STATUS(TENANTSEAL_ERROR_VALUE,
           tenantseal_callback_suite_commands(TEXT("t"), TEXT(SAMPLE_KEY), TEXT("ww"), NULL, 0, &none));
    STATUS(TENANTSEAL_ERROR_ARGUMENT,
           tenantseal_callback_suite_data(TEXT("t"), TEXT(SAMPLE_KEY), TEXT("ww"), 5, NULL, 0, &none));
    STATUS(TENANTSEAL_ERROR_CALLBACK_CREDENTIALS, tenantseal_callback_ai_bot(TEXT("t"), TEXT("short"), &none));
    CHECK(none == NULL);
    for (size_t i = 0; i < 6; i++) {
        OK(tenantseal_callback_free(kinds[i]));
    }
}

/* A file in pieces of every size; nothing of its last block comes before the end was looked at. */
static void media(void) {
    tenantseal_media *file;
    uint8_t out[256];
    size_t len, total;
    CHECK(tenantseal_media_update_len(10) == 42 && tenantseal_media_update_len(SIZE_MAX) == 0);
    for (size_t step = 1; step <= sizeof MEDIA_SEALED; step++) {
        OK(tenantseal_media_new(TEXT(MEDIA_KEY), &file));
        total = 0;
        for (size_t at = 0; at < sizeof MEDIA_SEALED; at += step) {
            size_t piece = sizeof MEDIA_SEALED - at < step ? sizeof MEDIA_SEALED - at : step;
            size_t room = tenantseal_media_update_len(piece);
            STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
                   tenantseal_media_update(file, MEDIA_SEALED + at, piece, out + total, room - 1, &len));
            CHECK(len == room);
            OK(tenantseal_media_update(file, MEDIA_SEALED + at, piece, out + total, room, &len));
            total += len;
            CHECK(total <= 32);
        }
        CHECK(total == 32);
        STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL, tenantseal_media_finish(file, NULL, 0, &len));
        CHECK(len == tenantseal_media_update_len(0));
        OK(tenantseal_media_finish(file, out + total, len, &len));
        CHECK(total + len == sizeof MEDIA_FILE && memcmp(out, MEDIA_FILE, sizeof MEDIA_FILE) == 0);
        OK(tenantseal_media_finish(file, OUT(out, len)));
        CHECK(len == 0);
        STATUS(TENANTSEAL_ERROR_ARGUMENT, tenantseal_media_update(file, TEXT("x"), OUT(out, len)));
        OK(tenantseal_media_free(file));
        STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_media_free(file));
    }
    /* Cut, and cut where a block ends: one answer, and always the same. */
    for (size_t cut = 0; cut < sizeof MEDIA_SEALED; cut++) {
        OK(tenantseal_media_new(TEXT(MEDIA_KEY "="), &file));
        OK(tenantseal_media_update(file, MEDIA_SEALED, cut, OUT(out, len)));
        STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_media_finish(file, OUT(out, len)));
        CHECK(len == 0);
        STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_media_finish(file, OUT(out, len)));
        OK(tenantseal_media_free(file));
    }
    STATUS(TENANTSEAL_ERROR_CALLBACK_CREDENTIALS, tenantseal_media_new(TEXT("short"), &file));
    CHECK(file == NULL);
}

static void js_tickets(void) {
    tenantseal_js_ticket *ticket;
    uint8_t nonce[TENANTSEAL_JS_NONCE_LEN], signature[TENANTSEAL_JS_SIGNATURE_LEN], first[TENANTSEAL_JS_NONCE_LEN];
    size_t nonce_len, signature_len;
    uint64_t timestamp;
    CHECK(tenantseal_js_nonce_len() == sizeof nonce && tenantseal_js_signature_len() == sizeof signature);
    OK(tenantseal_js_ticket_new(TEXT("sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3"), &ticket));
    OK(tenantseal_js_ticket_sign(ticket, TEXT("https://app.example.com/?a=1#top"), &timestamp, OUT(first, nonce_len),
                                 OUT(signature, signature_len)));
    CHECK(timestamp > 1700000000 && nonce_len == sizeof first && signature_len == sizeof signature);
    OK(tenantseal_js_ticket_sign(ticket, TEXT("https://app.example.com/?a=1"), &timestamp, OUT(nonce, nonce_len),
                                 OUT(signature, signature_len)));
    CHECK(memcmp(first, nonce, sizeof nonce) != 0);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_js_ticket_sign(ticket, TEXT("https://a/"), &timestamp, nonce, sizeof nonce - 1, &nonce_len,
                                     signature, sizeof signature - 1, &signature_len));
    CHECK(nonce_len == sizeof nonce && signature_len == sizeof signature && timestamp == 0);
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_js_ticket_sign(ticket, TEXT("javascript:1"), &timestamp,
                                                             OUT(nonce, nonce_len), OUT(signature, signature_len)));
    OK(tenantseal_js_ticket_free(ticket));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_js_ticket_free(ticket));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_js_ticket_new(TEXT("a=b"), &ticket));
    CHECK(ticket == NULL);
}

static void logins(void) {
    tenantseal_login_states *one, *two;
    tenantseal_browser *browser, *again, *stranger, *none;
    tenantseal_guard *guard;
    uint8_t cookie[TENANTSEAL_BROWSER_COOKIE_LEN], state[TENANTSEAL_LOGIN_STATE_LEN];
    uint8_t secret[TENANTSEAL_LOGIN_SECRET_LEN] = {1, 2, 3};
    size_t len;
    CHECK(tenantseal_login_secret_len() == sizeof secret && tenantseal_login_state_len() == sizeof state);
    CHECK(tenantseal_browser_cookie_len() == sizeof cookie);
    OK(tenantseal_browser_generate(&browser));
    OK(tenantseal_browser_generate(&stranger));
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL, tenantseal_browser_to_cookie(browser, cookie, sizeof cookie - 1, &len));
    CHECK(len == sizeof cookie);
    OK(tenantseal_browser_to_cookie(browser, OUT(cookie, len)));
    OK(tenantseal_browser_from_cookie(cookie, len, &again));
    cookie[0] = 'G';
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_browser_from_cookie(cookie, len, &none));
    CHECK(none == NULL);

    OK(tenantseal_login_states_from_secret(secret, sizeof secret, &one));
    OK(tenantseal_login_states_from_secret(secret, sizeof secret, &two));
    OK(tenantseal_guard_in_memory(100, &guard));
    OK(tenantseal_login_states_set_guard(one, guard, TEXT("crm")));
    OK(tenantseal_login_states_set_guard(two, guard, TEXT("crm")));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_login_states_set_guard(two, guard, NULL, 0));
    OK(tenantseal_guard_free(guard));
    OK(tenantseal_login_states_issue(one, browser, TEXT("/contacts"), OUT(state, len)));
    CHECK(len == sizeof state);
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_login_states_accept(two, state, len, stranger, TEXT("/contacts")));
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_login_states_accept(two, state, len, again, TEXT("/")));
    OK(tenantseal_login_states_accept(two, state, len, again, TEXT("/contacts")));
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_login_states_accept(one, state, len, browser, TEXT("/contacts")));
    OK(tenantseal_login_states_set_lifetime(one, 3600));
    OK(tenantseal_login_states_issue(one, browser, NULL, 0, OUT(state, len)));
    OK(tenantseal_login_states_accept(one, state, len, browser, NULL, 0));
    OK(tenantseal_login_states_free(two));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_login_states_free(two));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_login_states_accept(two, state, len, browser, NULL, 0));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_login_states_from_secret(secret, sizeof secret - 1, &two));
    memset(secret, 0, sizeof secret);
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_login_states_from_secret(secret, sizeof secret, &two));
    OK(tenantseal_login_states_generate(&two));
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_login_states_accept(two, state, len, browser, NULL, 0));
    OK(tenantseal_login_states_free(two));
    OK(tenantseal_login_states_free(one));
    OK(tenantseal_browser_free(again));
    OK(tenantseal_browser_free(stranger));
    OK(tenantseal_browser_free(browser));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_browser_free(browser));
}

/* Credentials that are derived, after a rotation: the newest make the callback, the older ones stay. */
static void derived_credentials(void) {
    tenantseal_keyring *keys;
    tenantseal_tenant *tenant;
    tenantseal_callback *app = NULL;
    uint8_t token[TENANTSEAL_CALLBACK_TOKEN_LEN], key[TENANTSEAL_CALLBACK_KEY_LEN];
    size_t token_len, key_len;
    uint32_t generation, found = 0, below = UINT32_MAX;
    tenantseal_status status;
    CHECK(tenantseal_callback_token_len() == sizeof token && tenantseal_callback_key_len() == sizeof key);
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keys));
    OK(tenantseal_keyring_create_tenant(keys, TEXT("t-1"), &tenant));
    OK(tenantseal_keyring_rotate_tenant(keys, TEXT("t-1"), &generation));
    while ((status = tenantseal_tenant_callback_credentials(tenant, TEXT("contacts"), below, &below, OUT(token, token_len),
                                                            OUT(key, key_len))) == TENANTSEAL_OK) {
        CHECK(token_len == sizeof token && key_len == sizeof key && below == generation - found);
        if (app == NULL) {
            OK(tenantseal_callback_company_app(token, token_len, key, key_len, TEXT("ww1"), &app));
        } else {
            OK(tenantseal_callback_add_previous(app, token, token_len, key, key_len));
        }
        found++;
    }
    CHECK(status == TENANTSEAL_ERROR_ABSENT && found == 2 && below == 0 && token_len == 0);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_tenant_callback_credentials(tenant, TEXT("contacts"), UINT32_MAX, &generation, NULL, 0, &token_len,
                                                  OUT(key, key_len)));
    CHECK(token_len == sizeof token && generation == 0);
    STATUS(TENANTSEAL_ERROR_VALUE,
           tenantseal_tenant_callback_credentials(tenant, NULL, 0, UINT32_MAX, &generation, OUT(token, token_len),
                                                  OUT(key, key_len)));
    OK(tenantseal_callback_free(app));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keys));
}

static void biz_msg_crypt(void) {
    tenantseal_biz_msg_crypt *crypt;
    tenantseal_sender *sender;
    uint8_t out[4096], opened[256];
    size_t len, opened_len;
    const char *signature = "477715d11cdb4164915debcba66cb864d751f3e6";
    OK(tenantseal_biz_msg_crypt_new(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &crypt));
    OK(tenantseal_biz_msg_crypt_decrypt_msg(crypt, TEXT(SAMPLE_BODY), TEXT(signature), TEXT("1409659813"),
                                            TEXT("1372623149"), OUT(out, len)));
    CHECK(len > 100 && memcmp(out, "<xml>", 5) == 0);
    STATUS(-40001, tenantseal_biz_msg_crypt_decrypt_msg(crypt, TEXT(SAMPLE_BODY), TEXT(signature),
                                                        TEXT("1409659814"), TEXT("1372623149"), OUT(out, len)));
    CHECK(len == 0);
    OK(tenantseal_biz_msg_crypt_verify_url(
        crypt, TEXT("5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"), TEXT("1409659589"), TEXT("263014780"),
        TEXT("P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="),
        OUT(out, len)));
    CHECK(is_text(out, len, SAMPLE_ECHO));
    OK(tenantseal_sender_new(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &sender));
    OK(tenantseal_biz_msg_crypt_encrypt_msg(crypt, TEXT("reply"), TEXT("n"), NULL, 0, TENANTSEAL_REPLY_XML,
                                            OUT(out, len)));
    OK(tenantseal_sender_open_reply(sender, out, len, OUT(opened, opened_len)));
    CHECK(is_text(opened, opened_len, "reply"));
    OK(tenantseal_biz_msg_crypt_encrypt_msg(crypt, TEXT("reply"), TEXT("n"), TEXT("1409659813"),
                                            TENANTSEAL_REPLY_JSON, OUT(out, len)));
    CHECK(out[0] == '{');
    STATUS(-40011, tenantseal_biz_msg_crypt_encrypt_msg(crypt, TEXT("reply"), TEXT("a b"), NULL, 0,
                                                        TENANTSEAL_REPLY_XML, OUT(out, len)));
    OK(tenantseal_sender_free(sender));
    OK(tenantseal_biz_msg_crypt_free(crypt));
}

static void vaults(const char *folder) {
    char path[4096];
    tenantseal_vault *vault;
    tenantseal_tenant_vault *rows_of_acme;
    tenantseal_transaction *transaction;
    tenantseal_fields *fields;
    tenantseal_rows *rows;
    uint8_t out[256];
    size_t len, count;
    int64_t id, second, age;
    int32_t there;
    double number;
    snprintf(path, sizeof path, "%s/vault.db", folder);
    OK(tenantseal_vault_open(TEXT(path), keyring, &vault));
    OK(tenantseal_vault_tenant(vault, TEXT("t-1001"), &rows_of_acme));
    OK(tenantseal_fields_new(&fields));
    OK(tenantseal_fields_set_text(fields, TEXT("mobile"), TEXT("13800138000")));
    OK(tenantseal_fields_set_text(fields, TEXT("userid"), TEXT("zhangsan")));
    OK(tenantseal_fields_set_i64(fields, TEXT("age"), 30));
    OK(tenantseal_fields_set_bytes(fields, TEXT("photo"), (const uint8_t *)"\xff\0", 2));
    OK(tenantseal_tenant_vault_insert(rows_of_acme, TEXT("member"), fields, &id));
    /* Writing does not use the fields up. */
    OK(tenantseal_fields_set_compartment(fields, TEXT("board")));
    OK(tenantseal_tenant_vault_insert(rows_of_acme, TEXT("member"), fields, &second));
    CHECK(second != id);
    OK(tenantseal_fields_free(fields));

    OK(tenantseal_tenant_vault_get(rows_of_acme, TEXT("member"), second, &rows));
    OK(tenantseal_rows_count(rows, &count));
    CHECK(count == 1);
    OK(tenantseal_rows_compartment(rows, 0, OUT(out, len)));
    CHECK(is_text(out, len, "board"));
    OK(tenantseal_rows_value(rows, 0, TEXT("mobile"), OUT(out, len)));
    CHECK(is_text(out, len, "13800138000"));
    OK(tenantseal_rows_value(rows, 0, TEXT("photo"), OUT(out, len)));
    CHECK(len == 2 && out[0] == 0xff);
    OK(tenantseal_rows_value(rows, 0, TEXT("userid"), OUT(out, len)));
    OK(tenantseal_rows_i64(rows, 0, TEXT("age"), &age));
    CHECK(age == 30);
    STATUS(TENANTSEAL_ERROR_WRONG_TYPE, tenantseal_rows_value(rows, 0, TEXT("age"), OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_WRONG_TYPE, tenantseal_rows_f64(rows, 0, TEXT("age"), &number));
    STATUS(TENANTSEAL_ERROR_WRONG_TYPE, tenantseal_rows_bool(rows, 0, TEXT("mobile"), &there));
    STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_rows_value(rows, 0, TEXT("note"), OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_rows_id(rows, 1, &id));
    OK(tenantseal_rows_free(rows));

    OK(tenantseal_tenant_vault_find(rows_of_acme, TEXT("member.mobile"), TEXT("exact"),
                                    TEXT("+86 138 0013 8000"), &rows));
    OK(tenantseal_rows_count(rows, &count));
    CHECK(count == 2);
    OK(tenantseal_rows_free(rows));
    OK(tenantseal_tenant_vault_list_masked(rows_of_acme, TEXT("member"), 0, 10, &rows));
    OK(tenantseal_rows_value(rows, 1, TEXT("mobile"), OUT(out, len)));
    CHECK(is_text(out, len, "138****8000"));
    OK(tenantseal_rows_free(rows));

    /* A transaction that is dropped leaves nothing, a committed one all. */
    for (int commit = 0; commit < 2; commit++) {
        OK(tenantseal_tenant_vault_begin(rows_of_acme, &transaction));
        OK(tenantseal_fields_new(&fields));
        OK(tenantseal_fields_set_null(fields, TEXT("mobile")));
        OK(tenantseal_transaction_update(transaction, TEXT("member"), second, fields, &there));
        CHECK(there == 1);
        OK(tenantseal_transaction_insert(transaction, TEXT("member"), fields, &id));
        OK(tenantseal_transaction_get(transaction, TEXT("member"), id, &rows));
        OK(tenantseal_rows_free(rows));
        OK(tenantseal_transaction_find(transaction, TEXT("member.mobile"), TEXT("exact"), TEXT("13800138000"),
                                       &rows));
        OK(tenantseal_rows_count(rows, &count));
        CHECK(count == 1);
        OK(tenantseal_rows_free(rows));
        OK(tenantseal_transaction_delete(transaction, TEXT("member"), id, &there));
        if (commit) {
            OK(tenantseal_transaction_commit(transaction));
            STATUS(TENANTSEAL_ERROR_STORE, tenantseal_transaction_commit(transaction));
        }
        OK(tenantseal_transaction_free(transaction));
        OK(tenantseal_fields_free(fields));
        OK(tenantseal_tenant_vault_find(rows_of_acme, TEXT("member.mobile"), TEXT("exact"), TEXT("13800138000"),
                                        &rows));
        OK(tenantseal_rows_count(rows, &count));
        CHECK(count == (commit ? 1u : 2u));
        OK(tenantseal_rows_free(rows));
    }
    OK(tenantseal_fields_new(&fields));
    OK(tenantseal_fields_set_f64(fields, TEXT("age"), 1.5));
    OK(tenantseal_fields_set_bool(fields, TEXT("userid"), 1));
    /* What a cell of the row may be bound to does not change. */
    STATUS(TENANTSEAL_ERROR_WRONG_BINDING,
           tenantseal_tenant_vault_update(rows_of_acme, TEXT("member"), second, fields, &there));
    OK(tenantseal_fields_free(fields));
    OK(tenantseal_tenant_vault_delete(rows_of_acme, TEXT("member"), second, &there));
    CHECK(there == 1);
    OK(tenantseal_tenant_vault_delete(rows_of_acme, TEXT("member"), second, &there));
    CHECK(there == 0);

    OK(tenantseal_vault_free(vault));
    OK(tenantseal_tenant_vault_free(rows_of_acme));
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        char file[4200];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        unlink(file);
    }
}

/* `use FOLDER [quick]`: quick leaves out what is slow on purpose, the passphrases. */
int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : ".";
    versions();
    policies();
    keys();
    if (argc < 3) {
        key_file(folder);
    }
    cells();
    bulk();
    callbacks();
    kinds();
    media();
    js_tickets();
    logins();
    derived_credentials();
    biz_msg_crypt();
    vaults(folder);
    OK(tenantseal_tenant_free(acme));
    OK(tenantseal_tenant_free(other));
    OK(tenantseal_keyring_free(keyring));
    OK(tenantseal_keyring_free(NULL));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_keyring_free(keyring));
    /* The vault's threads end by themselves; what they hold is given back before memory is looked through. */
    usleep(300000);
    printf("use: %zu checks\n", checks);
    return 0;
}
