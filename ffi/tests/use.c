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
