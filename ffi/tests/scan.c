/*
 * Pauses at places where another process looks for the secrets in this one's memory: scripts/ctgrind.sh. The secrets are
 * computed byte by byte, are wiped here as soon as the library has them, and stand nowhere in the program.
 */
#include "check.h"

enum { KEK_SECRET = 1, VALUE_SECRET = 2, PRIVATE_KEY_SECRET = 3, TICKET_SECRET = 4, LEN = 32 };

/* Byte `at` of a secret; tests/harness/src/bin/scan_c.rs computes the same. */
static uint8_t secret_byte(unsigned number, unsigned at) {
    uint32_t mixed = number * 0x9e37u + at * 0x85ebu + 0x27d4u;
    for (int i = 0; i < 3; i++) {
        mixed = (mixed ^ (mixed >> 7)) * 0x2c1b3c6du;
    }
    return (uint8_t)(mixed >> 24);
}

static void fill(unsigned number, volatile uint8_t *out) {
    for (unsigned at = 0; at < LEN; at++) {
        out[at] = secret_byte(number, at);
    }
}

static void wipe(volatile uint8_t *bytes, size_t len) {
    for (size_t at = 0; at < len; at++) {
        bytes[at] = 0;
    }
}

static void reached(const char *phase) {
    printf("phase %s\n", phase);
    fflush(stdout);
    if (getchar() == EOF) {
        exit(1);
    }
}

/* Writes over what earlier calls have left on the stack. */
__attribute__((noinline)) static void scrub(void) {
    volatile uint8_t stack[128 * 1024];
    wipe(stack, sizeof stack);
}

/* A session within this process: from `phone`, which has the private key and the ticket, to `laptop`, and what it says. */
static void session(const tenantseal_keyring *keys, const tenantseal_tenant *tenant) {
    static const uint8_t address[4] = {192, 0, 2, 1};
    static uint8_t packet[TENANTSEAL_HANDSHAKE_MAX_LEN], answer[TENANTSEAL_HANDSHAKE_MAX_LEN];
    uint8_t secret[LEN], private_key[TENANTSEAL_PRIVATE_KEY_LEN], public_key[TENANTSEAL_PUBLIC_KEY_LEN];
    size_t key_len, public_len, packet_len, answer_len, opened_len;
    uint8_t opened[LEN];
    int32_t progress;
    tenantseal_endpoint *phone, *laptop;
    tenantseal_peer *to_laptop, *from_phone;
    tenantseal_listener *listener;
    tenantseal_initiator *initiator;
    tenantseal_session *mine, *theirs;
    OK(tenantseal_tenant_add_principal(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone")));
    OK(tenantseal_tenant_add_principal(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("laptop")));
    fill(PRIVATE_KEY_SECRET, secret);
    OK(tenantseal_endpoint_new(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone"), secret, LEN, TEXT("chat"), &phone));
    OK(tenantseal_private_key_public(secret, LEN, OUT(public_key, public_len)));
    OK(tenantseal_peer_new(TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone"), public_key, public_len, &from_phone));
    OK(tenantseal_private_key_generate(OUT(private_key, key_len)));
    OK(tenantseal_endpoint_new(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("laptop"), private_key, key_len, TEXT("chat"), &laptop));
    OK(tenantseal_private_key_public(private_key, key_len, OUT(public_key, public_len)));
    OK(tenantseal_peer_new(TENANTSEAL_PRINCIPAL_CLIENT, TEXT("laptop"), public_key, public_len, &to_laptop));
    fill(TICKET_SECRET, secret);
    OK(tenantseal_peer_set_ticket(from_phone, TEXT("7"), secret, LEN));
    OK(tenantseal_peer_set_ticket(to_laptop, TEXT("7"), secret, LEN));
    wipe(secret, sizeof secret);
    OK(tenantseal_listener_new(keys, &listener));
    OK(tenantseal_listener_add(listener, laptop));
    OK(tenantseal_listener_expect(listener, laptop, from_phone));
    OK(tenantseal_endpoint_initiate(phone, to_laptop, &initiator));
    OK(tenantseal_initiator_packet(initiator, OUT(packet, packet_len)));
    OK(tenantseal_listener_receive(listener, address, 4, 5000, packet, packet_len, &progress, &theirs, OUT(answer, answer_len)));
    OK(tenantseal_initiator_receive(initiator, answer, answer_len, &progress, &mine));
    OK(tenantseal_initiator_packet(initiator, OUT(packet, packet_len)));
    OK(tenantseal_listener_receive(listener, address, 4, 5000, packet, packet_len, &progress, &theirs, OUT(answer, answer_len)));
    CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED);
    tenantseal_session_sender *sender, *their_sender;
    tenantseal_session_receiver *my_receiver, *receiver;
    OK(tenantseal_session_split(mine, &sender, &my_receiver));
    OK(tenantseal_session_split(theirs, &their_sender, &receiver));
    fill(VALUE_SECRET, secret);
    OK(tenantseal_session_sender_seal(sender, secret, LEN, OUT(packet, packet_len)));
    wipe(secret, sizeof secret);
    reached("datagram sealed");
    OK(tenantseal_session_receiver_open(receiver, packet, packet_len, OUT(opened, opened_len)));
    CHECK(opened_len == LEN);
    reached("datagram opened");
    wipe(opened, sizeof opened);
    OK(tenantseal_session_sender_free(sender));
    OK(tenantseal_session_sender_free(their_sender));
    OK(tenantseal_session_receiver_free(receiver));
    OK(tenantseal_session_receiver_free(my_receiver));
    OK(tenantseal_session_free(mine));
    OK(tenantseal_session_free(theirs));
    OK(tenantseal_initiator_free(initiator));
    OK(tenantseal_listener_free(listener));
    OK(tenantseal_peer_free(to_laptop));
    OK(tenantseal_peer_free(from_phone));
    OK(tenantseal_endpoint_free(phone));
    OK(tenantseal_endpoint_free(laptop));
    reached("session freed");
}

int main(void) {
    static const char policy[] =
        "{\"tenantseal_policy\": 1, \"version\": 1, \"fields\": [{\"table\": \"member\", \"column\": \"photo\","
        " \"type\": \"bytes\", \"storage\": \"cell\", \"class\": [\"personal\"], \"bind\": \"row\"}]}";
    uint8_t secret[LEN], cell[256], opened[256];
    size_t cell_len, opened_len;
    tenantseal_keyring *keys;
    tenantseal_tenant *tenant;
    tenantseal_field *field;
    reached("before");
    fill(KEK_SECRET, secret);
    reached("control");
    OK(tenantseal_keyring_from_kek(secret, sizeof secret, &keys));
    wipe(secret, sizeof secret);
    reached("keyring");
    OK(tenantseal_keyring_install_policy(keys, TEXT(policy)));
    OK(tenantseal_keyring_create_tenant(keys, TEXT("t-1001"), &tenant));
    OK(tenantseal_tenant_field(tenant, TEXT("member.photo"), &field));
    fill(VALUE_SECRET, secret);
    OK(tenantseal_field_seal_i64(field, 1, secret, sizeof secret, OUT(cell, cell_len)));
    wipe(secret, sizeof secret);
    reached("sealed");
    OK(tenantseal_field_open_i64(field, 1, cell, cell_len, OUT(opened, opened_len)));
    CHECK(opened_len == LEN);
    reached("opened");
    wipe(opened, sizeof opened);
    reached("wiped");
    session(keys, tenant);
    OK(tenantseal_field_free(field));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keys));
    reached("freed");
    scrub();
    reached("scrubbed");
    return 0;
}
