/*
 * Whether time depends on secrets: they are marked undefined, and valgrind reports every branch and every address that
 * comes of them. scripts/ctgrind.sh runs it. What is public again is marked defined by hand: sealed bytes, tokens.
 */
#include <valgrind/memcheck.h>

#include "check.h"

#define POLICY                                                                                               \
    "{\"tenantseal_policy\": 1, \"version\": 1, \"fields\": ["                                               \
    "{\"table\": \"member\", \"column\": \"photo\", \"type\": \"bytes\", \"storage\": \"cell\","             \
    " \"class\": [\"personal\"], \"bind\": \"row\"},"                                                        \
    "{\"table\": \"member\", \"column\": \"note\", \"type\": \"text\", \"storage\": \"cell\","               \
    " \"class\": [\"personal\"], \"bind\": \"row\","                                                         \
    " \"indexes\": [{\"label\": \"exact\", \"kind\": \"exact\", \"normaliser\": \"none/1\", \"bits\": 32}]}]}"

static void hide(void *bytes, size_t len) { VALGRIND_MAKE_MEM_UNDEFINED(bytes, len); }

static void show(void *bytes, size_t len) { VALGRIND_MAKE_MEM_DEFINED(bytes, len); }

/* Whether something of it comes of what is hidden: if not, nothing would be followed. Another tool than memcheck hides
 * nothing. */
static int is_hidden(void *bytes, size_t len) {
    unsigned char mask, any = 0;
    for (size_t i = 0; i < len; i++) {
        if (VALGRIND_GET_VBITS((uint8_t *)bytes + i, &mask, 1) == 0) {
            return 1;
        }
        any |= mask;
    }
    return any != 0;
}

/* Records that a keyring under the key opens, made with the key in clear. */
static size_t records_of(const uint8_t *kek, uint8_t *records, size_t cap) {
    tenantseal_keyring *keys;
    tenantseal_tenant *tenant;
    size_t len;
    OK(tenantseal_keyring_from_kek(kek, TENANTSEAL_KEK_LEN, &keys));
    OK(tenantseal_keyring_create_tenant(keys, TEXT("t-1001"), &tenant));
    OK(tenantseal_keyring_records(keys, records, cap, &len));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keys));
    return len;
}

static void cells(void) {
    uint8_t kek[TENANTSEAL_KEK_LEN], records[2048], value[100], cell[256], opened[256], text[512];
    size_t records_len, cell_len, opened_len, text_len;
    tenantseal_keyring *keys;
    tenantseal_tenant *tenant, *second;
    tenantseal_field *photo, *note;
    tenantseal_index *index;
    uint32_t generation;
    memcpy(kek, TEST_KEK, sizeof kek);
    records_len = records_of(kek, records, sizeof records);

    /* From here on every key is hidden: the roots are unwrapped by it. */
    hide(kek, sizeof kek);
    OK(tenantseal_keyring_from_records(kek, sizeof kek, records, records_len, &keys));
    OK(tenantseal_keyring_install_policy(keys, TEXT(POLICY)));
    OK(tenantseal_keyring_tenant(keys, TEXT("t-1001"), &tenant));
    OK(tenantseal_tenant_field(tenant, TEXT("member.photo"), &photo));
    OK(tenantseal_tenant_field(tenant, TEXT("member.note"), &note));
    OK(tenantseal_field_index(note, TEXT("exact"), &index));

    /* Bytes: keys and value are hidden. */
    for (size_t len = 0; len <= sizeof value; len += 20) {
        memset(value, 'v', sizeof value);
        hide(value, sizeof value);
        OK(tenantseal_field_seal_i64(photo, 42, value, len, OUT(cell, cell_len)));
        CHECK(is_hidden(cell + cell_len - 16, 16));
        show(cell, cell_len);
        OK(tenantseal_field_open_i64(photo, 42, cell, cell_len, OUT(opened, opened_len)));
        CHECK(opened_len == len && (len == 0 || is_hidden(opened, len)));
        cell[cell_len - 1] ^= 1;
        STATUS(TENANTSEAL_ERROR_OPEN,
               tenantseal_field_open_i64(photo, 42, cell, cell_len, OUT(opened, opened_len)));
    }
    /* As text, the same bytes in base64. */
    OK(tenantseal_field_seal_text_i64(photo, 42, value, sizeof value, OUT(text, text_len)));
    show(text, text_len);
    OK(tenantseal_field_open_i64(photo, 42, text, text_len, OUT(opened, opened_len)));
    CHECK(opened_len == sizeof value);

    /* Many at once. */
    int64_t rows[3] = {1, 2, 3};
    uint64_t offsets[4] = {0, 33, 66, 100}, cell_offsets[4], opened_offsets[4];
    size_t position;
    uint8_t many[1024];
    size_t many_len;
    OK(tenantseal_field_seal_many_i64(photo, rows, 3, value, sizeof value, offsets, OUT(many, many_len),
                                      cell_offsets, &position));
    show(many, many_len);
    OK(tenantseal_field_open_many_i64(photo, rows, 3, many, many_len, cell_offsets, OUT(opened, opened_len),
                                      opened_offsets, &position));
    CHECK(opened_len == sizeof value);

    /* A text must be UTF-8, and whether it is, is looked at: here the value is in clear and the keys are hidden. */
    OK(tenantseal_field_seal_i64(note, 42, TEXT("a note"), OUT(cell, cell_len)));
    show(cell, cell_len);
    int64_t token, tokens[4];
    size_t found;
    OK(tenantseal_index_token(index, TEXT("a note"), &token));
    CHECK(is_hidden(&token, sizeof token));
    show(&token, sizeof token);
    OK(tenantseal_index_lookup(index, TEXT("a note"), tokens, 4, &found));
    show(tokens, sizeof tokens);
    CHECK(found == 1 && tokens[0] == token);

    /* Wrapping, with the key hidden. */
    OK(tenantseal_keyring_rotate_tenant(keys, TEXT("t-1001"), &generation));
    OK(tenantseal_keyring_create_tenant(keys, TEXT("t-2002"), &second));
    OK(tenantseal_keyring_stored_policy(keys, OUT(many, many_len)));
    show(many, many_len);
    OK(tenantseal_keyring_records(keys, OUT(records, records_len)));

    OK(tenantseal_index_free(index));
    OK(tenantseal_field_free(note));
    OK(tenantseal_field_free(photo));
    OK(tenantseal_tenant_free(second));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keys));
}

static void callbacks(void) {
    char token[] = SAMPLE_TOKEN, key[] = SAMPLE_KEY;
    uint8_t query[512], body[2048], out[512];
    size_t query_len, body_len, out_len;
    tenantseal_callback *app;
    tenantseal_event *event;
    tenantseal_sender *sender;
    hide(token, sizeof token - 1);
    hide(key, sizeof key - 1);
    OK(tenantseal_callback_company_app((uint8_t *)token, sizeof token - 1, (uint8_t *)key, sizeof key - 1,
                                       TEXT(SAMPLE_CORP), &app));
    OK(tenantseal_callback_set_fixed_time(app, SAMPLE_POST_TIME * 1000ull));
    /* What came from outside, and is refused or taken. */
    STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_callback_open(app, TEXT(SAMPLE_GET), TEXT(SAMPLE_BODY), &event));
    /* Decrypted with the hidden key, after a signature that is right. It was encrypted with another key, so that what is
     * decrypted is refused before it is parsed: a message that was taken is its receiver's to look at. */
    OK(tenantseal_sender_new(TEXT(SAMPLE_TOKEN), TEXT("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPA"), TEXT(SAMPLE_CORP),
                             &sender));
    OK(tenantseal_sender_get(sender, TEXT("echo"), SAMPLE_POST_TIME, TEXT("n1"), OUT(query, query_len)));
    OK(tenantseal_sender_free(sender));
    STATUS(TENANTSEAL_ERROR_CALLBACK, tenantseal_callback_verify_url(app, query, query_len, OUT(out, out_len)));
    /* What is sent. */
    OK(tenantseal_sender_new((uint8_t *)token, sizeof token - 1, (uint8_t *)key, sizeof key - 1,
                             TEXT(SAMPLE_CORP), &sender));
    OK(tenantseal_sender_post(sender, TEXT("<xml></xml>"), SAMPLE_POST_TIME, TEXT("n1"), OUT(query, query_len),
                              OUT(body, body_len)));
    CHECK(is_hidden(query, query_len) && is_hidden(body, body_len));
    OK(tenantseal_sender_free(sender));
    OK(tenantseal_callback_free(app));
}

/* Both sides of a session. The tenant's key is hidden for the first message alone: from it comes the hint by which a listener
 * finds who is called, which is sent in clear. Then the endpoints' keys, the ticket and the texts are. */
static void sessions(void) {
    static const uint8_t address[4] = {192, 0, 2, 1};
    static const char *const ids[2] = {"phone", "laptop"};
    static uint8_t room[TENANTSEAL_HANDSHAKE_MAX_LEN];
    uint8_t kek[TENANTSEAL_KEK_LEN], records[2048], packet[1024], text[100], out[1024];
    size_t records_len, len, packet_len, out_len;
    memcpy(kek, TEST_KEK, sizeof kek);
    records_len = records_of(kek, records, sizeof records);
    for (int hidden = 1; hidden >= 0; hidden--) {
        uint8_t private_keys[2][TENANTSEAL_PRIVATE_KEY_LEN] = {{1, 2, 3}, {4, 5, 6}}, public_key[TENANTSEAL_PUBLIC_KEY_LEN];
        uint8_t ticket[TENANTSEAL_TICKET_KEY_LEN] = {7, 8};
        tenantseal_keyring *keys;
        tenantseal_tenant *tenant;
        tenantseal_endpoint *endpoints[2];
        tenantseal_peer *peers[2];
        tenantseal_listener *listener;
        tenantseal_initiator *initiator;
        if (hidden) {
            hide(kek, sizeof kek);
        } else {
            show(kek, sizeof kek);
        }
        OK(tenantseal_keyring_from_records(kek, sizeof kek, records, records_len, &keys));
        OK(tenantseal_keyring_tenant(keys, TEXT("t-1001"), &tenant));
        hide(ticket, sizeof ticket);
        for (int i = 0; i < 2; i++) {
            OK(tenantseal_tenant_add_principal(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT(ids[i])));
            hide(private_keys[i], sizeof private_keys[i]);
            OK(tenantseal_private_key_public(private_keys[i], sizeof private_keys[i], OUT(public_key, len)));
            CHECK(is_hidden(public_key, sizeof public_key));
            show(public_key, sizeof public_key);
            OK(tenantseal_peer_new(TENANTSEAL_PRINCIPAL_CLIENT, TEXT(ids[i]), public_key, len, &peers[i]));
            OK(tenantseal_endpoint_new(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT(ids[i]), private_keys[i],
                                       sizeof private_keys[i], TEXT("chat"), &endpoints[i]));
        }
        OK(tenantseal_listener_new(keys, &listener));
        if (!hidden) {
            OK(tenantseal_listener_add(listener, endpoints[1]));
        }
        for (int with_ticket = 0; with_ticket < 2; with_ticket++) {
            tenantseal_session *mine, *theirs;
            tenantseal_session_sender *senders[2];
            tenantseal_session_receiver *receivers[2];
            int32_t progress;
            for (int i = 0; i < 2 && with_ticket; i++) {
                OK(tenantseal_peer_set_ticket(peers[i], TEXT("7"), ticket, sizeof ticket));
            }
            OK(tenantseal_endpoint_initiate(endpoints[0], peers[1], &initiator));
            OK(tenantseal_initiator_packet(initiator, OUT(packet, packet_len)));
            CHECK(is_hidden(packet, packet_len));
            if (hidden) {
                OK(tenantseal_initiator_free(initiator));
                continue;
            }
            OK(tenantseal_listener_expect(listener, endpoints[1], peers[0]));
            show(packet, packet_len);
            packet[packet_len - 60] ^= 1;
            STATUS(TENANTSEAL_ERROR_OPEN,
                   tenantseal_listener_receive(listener, address, 4, 5000, packet, packet_len, &progress, &theirs, OUT(room, len)));
            packet[packet_len - 60] ^= 1;
            OK(tenantseal_listener_receive(listener, address, 4, 5000, packet, packet_len, &progress, &theirs, OUT(room, len)));
            CHECK(is_hidden(room, len));
            show(room, len);
            OK(tenantseal_initiator_receive(initiator, room, len, &progress, &mine));
            OK(tenantseal_initiator_packet(initiator, OUT(packet, packet_len)));
            CHECK(is_hidden(packet, packet_len));
            show(packet, packet_len);
            OK(tenantseal_listener_receive(listener, address, 4, 5000, packet, packet_len, &progress, &theirs, OUT(room, len)));
            CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED);
            OK(tenantseal_session_export(mine, TEXT("files"), NULL, 0, 32, OUT(out, out_len)));
            CHECK(is_hidden(out, out_len));
            OK(tenantseal_session_split(mine, &senders[0], &receivers[0]));
            OK(tenantseal_session_split(theirs, &senders[1], &receivers[1]));
            for (int i = 0; i < 2; i++) {
                for (size_t length = 0; length <= sizeof text; length += 20) {
                    memset(text, 'v', sizeof text);
                    hide(text, sizeof text);
                    OK(tenantseal_session_sender_seal(senders[i], text, length, OUT(packet, packet_len)));
                    CHECK(is_hidden(packet + packet_len - 16, 16));
                    show(packet, packet_len);
                    packet[packet_len - 1] ^= 1;
                    STATUS(TENANTSEAL_ERROR_OPEN,
                           tenantseal_session_receiver_open(receivers[1 - i], packet, packet_len, OUT(out, out_len)));
                    packet[packet_len - 1] ^= 1;
                    OK(tenantseal_session_receiver_open(receivers[1 - i], packet, packet_len, OUT(out, out_len)));
                    CHECK(out_len == length && (length == 0 || is_hidden(out, length)));
                }
            }
            for (int i = 0; i < 2; i++) {
                OK(tenantseal_session_sender_free(senders[i]));
                OK(tenantseal_session_receiver_free(receivers[i]));
            }
            OK(tenantseal_session_free(mine));
            OK(tenantseal_session_free(theirs));
            OK(tenantseal_initiator_free(initiator));
        }
        for (int i = 0; i < 2; i++) {
            OK(tenantseal_endpoint_free(endpoints[i]));
            OK(tenantseal_peer_free(peers[i]));
        }
        OK(tenantseal_listener_free(listener));
        OK(tenantseal_tenant_free(tenant));
        OK(tenantseal_keyring_free(keys));
    }
}

/* The controls: each must be reported, by its name. */
__attribute__((noinline)) static int compare_naively(const uint8_t *left, const uint8_t *right, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (left[i] != right[i]) {
            return 0;
        }
    }
    return 1;
}

static const uint8_t TABLE[256] = {7, 1, 2, 3};

__attribute__((noinline)) static uint8_t look_up(const uint8_t *secret) {
    return *(volatile const uint8_t *)&TABLE[*secret];
}

int main(int argc, char **argv) {
    const char *part = argc == 2 ? argv[1] : "";
    uint8_t secret[16] = {1, 2, 3}, known[16] = {1, 2, 3};
    if (RUNNING_ON_VALGRIND == 0) {
        fprintf(stderr, "ct: not under valgrind, so nothing is looked at\n");
        return 2;
    }
    if (strcmp(part, "cells") == 0) {
        cells();
    } else if (strcmp(part, "callbacks") == 0) {
        callbacks();
    } else if (strcmp(part, "sessions") == 0) {
        sessions();
    } else if (strcmp(part, "compare_naively") == 0) {
        hide(secret, sizeof secret);
        return compare_naively(secret, known, sizeof secret) == 2;
    } else if (strcmp(part, "look_up") == 0) {
        hide(secret, sizeof secret);
        return look_up(secret) == 8;
    } else {
        return 2;
    }
    printf("%s: %zu checks\n", part, checks);
    return 0;
}
