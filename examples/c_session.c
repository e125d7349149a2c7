#include <stdio.h>
#include <string.h>

#include <tenantseal.h>

#define TRY(call)                                                                \
    do {                                                                         \
        tenantseal_status status = (call);                                       \
        if (status != TENANTSEAL_OK) {                                           \
            fprintf(stderr, "%s: %s\n", #call, tenantseal_status_message(status)); \
            return 1;                                                            \
        }                                                                        \
    } while (0)
#define TEXT(text) (const uint8_t *)(text), strlen(text)
#define PHONE TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone")
#define LAPTOP TENANTSEAL_PRINCIPAL_CLIENT, TEXT("laptop")

static uint8_t packet[TENANTSEAL_HANDSHAKE_MAX_LEN];

int main(void) {
    const uint8_t kek[TENANTSEAL_KEK_LEN] = "of this example alone";
    const uint8_t source[4] = {192, 0, 2, 1};          /* where a packet came from: always given */
    uint8_t phone_key[TENANTSEAL_PRIVATE_KEY_LEN], laptop_key[TENANTSEAL_PRIVATE_KEY_LEN];
    uint8_t phone_public[TENANTSEAL_PUBLIC_KEY_LEN], laptop_public[TENANTSEAL_PUBLIC_KEY_LEN], text[64];
    size_t len, text_len;
    int32_t progress;
    tenantseal_keyring *keys;
    tenantseal_tenant *acme;
    tenantseal_endpoint *calling, *called;
    tenantseal_peer *phone, *laptop;
    tenantseal_listener *listener;
    tenantseal_initiator *initiator;
    tenantseal_session *none, *mine, *theirs;
    tenantseal_session_sender *sender, *back;
    tenantseal_session_receiver *receiver, *answers;

    TRY(tenantseal_keyring_from_kek(kek, sizeof kek, &keys));
    TRY(tenantseal_keyring_create_tenant(keys, TEXT("t-1001"), &acme));
    TRY(tenantseal_tenant_add_principal(acme, PHONE));
    TRY(tenantseal_tenant_add_principal(acme, LAPTOP));

    /* Each side has a private key and knows the other's public one. */
    TRY(tenantseal_private_key_generate(phone_key, sizeof phone_key, &len));
    TRY(tenantseal_private_key_generate(laptop_key, sizeof laptop_key, &len));
    TRY(tenantseal_private_key_public(phone_key, sizeof phone_key, phone_public, sizeof phone_public, &len));
    TRY(tenantseal_private_key_public(laptop_key, sizeof laptop_key, laptop_public, sizeof laptop_public, &len));
    TRY(tenantseal_peer_new(PHONE, phone_public, sizeof phone_public, &phone));
    TRY(tenantseal_peer_new(LAPTOP, laptop_public, sizeof laptop_public, &laptop));
    TRY(tenantseal_endpoint_new(acme, PHONE, phone_key, sizeof phone_key, TEXT("chat"), &calling));
    TRY(tenantseal_endpoint_new(acme, LAPTOP, laptop_key, sizeof laptop_key, TEXT("chat"), &called));
    TRY(tenantseal_listener_new(keys, &listener));
    TRY(tenantseal_listener_add(listener, called));
    TRY(tenantseal_listener_expect(listener, called, phone));

    /* Three packets, here without a network. */
    TRY(tenantseal_endpoint_initiate(calling, laptop, &initiator));
    TRY(tenantseal_initiator_packet(initiator, packet, sizeof packet, &len));
    TRY(tenantseal_listener_receive(listener, source, sizeof source, 5000, packet, len, &progress, &none, packet,
                                    sizeof packet, &len));
    TRY(tenantseal_initiator_receive(initiator, packet, len, &progress, &mine));
    TRY(tenantseal_initiator_packet(initiator, packet, sizeof packet, &len));
    TRY(tenantseal_listener_receive(listener, source, sizeof source, 5000, packet, len, &progress, &theirs, packet,
                                    sizeof packet, &len));

    /* Datagrams, in any order, each opened once. */
    TRY(tenantseal_session_split(mine, &sender, &answers));
    TRY(tenantseal_session_split(theirs, &back, &receiver));
    TRY(tenantseal_session_sender_seal(sender, TEXT("hello"), packet, sizeof packet, &len));
    TRY(tenantseal_session_receiver_open(receiver, packet, len, text, sizeof text, &text_len));
    printf("%.*s, %zu bytes sealed\n", (int)text_len, text, len);

    TRY(tenantseal_session_sender_free(sender));
    TRY(tenantseal_session_sender_free(back));
    TRY(tenantseal_session_receiver_free(receiver));
    TRY(tenantseal_session_receiver_free(answers));
    TRY(tenantseal_session_free(mine));
    TRY(tenantseal_session_free(theirs));
    TRY(tenantseal_initiator_free(initiator));
    TRY(tenantseal_listener_free(listener));
    TRY(tenantseal_peer_free(phone));
    TRY(tenantseal_peer_free(laptop));
    TRY(tenantseal_endpoint_free(calling));
    TRY(tenantseal_endpoint_free(called));
    TRY(tenantseal_tenant_free(acme));
    TRY(tenantseal_keyring_free(keys));
    return 0;
}
