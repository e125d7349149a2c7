/* Sessions between processes of two languages: session.rs says what they do. Usage: session FOLDER listen SESSIONS | FOLDER call PORT */

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "exchange.h"

#define CLIENT(name) TENANTSEAL_PRINCIPAL_CLIENT, BYTES(name)

static uint8_t packet[TENANTSEAL_HANDSHAKE_MAX_LEN], answer[TENANTSEAL_HANDSHAKE_MAX_LEN];

static void read_key(const char *folder, const char *name, uint8_t key[TENANTSEAL_PRIVATE_KEY_LEN])
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    must(file && fread(key, 1, TENANTSEAL_PRIVATE_KEY_LEN, file) == TENANTSEAL_PRIVATE_KEY_LEN && fclose(file) == 0, path);
}

/* The endpoint of that name, which knows the other, and the other. */
static void meet(tenantseal_keyring *keys, const char *folder, const char *own, const char *other,
                 tenantseal_endpoint **endpoint, tenantseal_peer **peer)
{
    uint8_t key[TENANTSEAL_PRIVATE_KEY_LEN], public_key[TENANTSEAL_PUBLIC_KEY_LEN];
    size_t len;
    tenantseal_tenant *tenant;
    read_key(folder, other, key);
    check(tenantseal_private_key_public(key, sizeof key, public_key, sizeof public_key, &len), "public key");
    check(tenantseal_peer_new(CLIENT(other), public_key, len, peer), "peer");
    read_key(folder, own, key);
    check(tenantseal_keyring_tenant(keys, BYTES("t-1001"), &tenant), "tenant");
    check(tenantseal_endpoint_new(tenant, CLIENT(own), key, sizeof key, BYTES("exchange"), endpoint), "endpoint");
    check(tenantseal_endpoint_know(*endpoint, *peer), "know");
    check(tenantseal_tenant_free(tenant), "free");
}

/* Whose channel binding and export these are, and the halves for datagrams. */
static void take_apart(tenantseal_session *session, uint8_t binding[32], uint8_t exported[32],
                       tenantseal_session_sender **sender, tenantseal_session_receiver **receiver)
{
    size_t len;
    check(tenantseal_session_channel_binding(session, binding, 32, &len), "channel binding");
    check(tenantseal_session_export(session, BYTES("exchange"), NULL, 0, 32, exported, 32, &len), "export");
    check(tenantseal_session_split(session, sender, receiver), "split");
    check(tenantseal_session_free(session), "free");
}

static void listen_for(tenantseal_keyring *keys, const char *folder, int udp, int sessions)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t from_len = sizeof from;
    uint8_t binding[32], exported[32], opened[2048];
    size_t len;
    tenantseal_endpoint *endpoint;
    tenantseal_peer *peer;
    tenantseal_listener *listener;
    tenantseal_session *live = NULL, *session;
    meet(keys, folder, "laptop", "phone", &endpoint, &peer);
    check(tenantseal_listener_new(keys, &listener), "listener");
    check(tenantseal_listener_set_load(listener, 0, 4096, 32), "load");
    check(tenantseal_listener_add(listener, endpoint), "add");
    check(tenantseal_listener_expect(listener, endpoint, peer), "expect");
    must(bind(udp, (struct sockaddr *)&from, sizeof from) == 0, "bind");
    must(getsockname(udp, (struct sockaddr *)&from, &from_len) == 0, "getsockname");
    printf("%d\n", ntohs(from.sin_port));
    fflush(stdout);
    while (sessions > 0) {
        uint32_t named, index;
        int32_t progress;
        from_len = sizeof from;
        ssize_t received = recvfrom(udp, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len);
        must(received > 0, "nothing came");
        if (live) {
            check(tenantseal_session_index(live, &index), "index");
            if (tenantseal_receiver_index(packet, (size_t)received, &named) == TENANTSEAL_OK && named == index) {
                tenantseal_session_sender *sender;
                tenantseal_session_receiver *receiver;
                take_apart(live, binding, exported, &sender, &receiver);
                check(tenantseal_session_receiver_open(receiver, packet, (size_t)received, opened, sizeof opened, &len), "open");
                must(len == 32 && memcmp(opened, binding, 32) == 0, "another channel binding");
                check(tenantseal_session_sender_seal(sender, exported, 32, answer, sizeof answer, &len), "seal");
                must(sendto(udp, answer, len, 0, (struct sockaddr *)&from, from_len) == (ssize_t)len, "send");
                check(tenantseal_session_sender_free(sender), "free");
                check(tenantseal_session_receiver_free(receiver), "free");
                live = NULL;
                sessions--;
                continue;
            }
        }
        check(tenantseal_listener_receive(listener, (const uint8_t *)&from.sin_addr, 4, ntohs(from.sin_port), packet,
                                          (size_t)received, &progress, &session, answer, sizeof answer, &len), "receive");
        if (progress == TENANTSEAL_HANDSHAKE_ESTABLISHED)
            live = session;
        else
            must(sendto(udp, answer, len, 0, (struct sockaddr *)&from, from_len) == (ssize_t)len, "send");
    }
    check(tenantseal_listener_free(listener), "free");
    check(tenantseal_endpoint_free(endpoint), "free");
    check(tenantseal_peer_free(peer), "free");
}

static void call(tenantseal_keyring *keys, const char *folder, int udp, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    tenantseal_endpoint *endpoint;
    tenantseal_peer *peer;
    meet(keys, folder, "phone", "laptop", &endpoint, &peer);
    must(connect(udp, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    for (int pattern = 0; pattern < 3; pattern++) {
        tenantseal_initiator *initiator;
        tenantseal_session *session = NULL;
        tenantseal_session_sender *sender;
        tenantseal_session_receiver *receiver;
        uint8_t binding[32], exported[32], opened[2048];
        size_t len;
        int32_t progress = TENANTSEAL_HANDSHAKE_SEND;
        ssize_t received;
        check(pattern == 0   ? tenantseal_endpoint_initiate(endpoint, peer, &initiator)
              : pattern == 1 ? tenantseal_endpoint_initiate_ik(endpoint, peer, &initiator)
                             : tenantseal_endpoint_initiate_xx(endpoint, CLIENT("laptop"), &initiator), "initiate");
        for (;;) {
            check(tenantseal_initiator_packet(initiator, packet, sizeof packet, &len), "packet");
            must(send(udp, packet, len, 0) == (ssize_t)len, "send");
            if (progress == TENANTSEAL_HANDSHAKE_ESTABLISHED)
                break;
            received = recv(udp, packet, sizeof packet, 0);
            must(received > 0, "nothing came");
            check(tenantseal_initiator_receive(initiator, packet, (size_t)received, &progress, &session), "receive");
        }
        take_apart(session, binding, exported, &sender, &receiver);
        check(tenantseal_session_sender_seal(sender, binding, 32, packet, sizeof packet, &len), "seal");
        must(send(udp, packet, len, 0) == (ssize_t)len, "send");
        received = recv(udp, packet, sizeof packet, 0);
        must(received > 0, "nothing came");
        check(tenantseal_session_receiver_open(receiver, packet, (size_t)received, opened, sizeof opened, &len), "open");
        must(len == 32 && memcmp(opened, exported, 32) == 0, "another export");
        check(tenantseal_session_sender_free(sender), "free");
        check(tenantseal_session_receiver_free(receiver), "free");
        check(tenantseal_initiator_free(initiator), "free");
    }
    check(tenantseal_endpoint_free(endpoint), "free");
    check(tenantseal_peer_free(peer), "free");
    printf("c called\n");
}

int main(int argc, char **argv)
{
    char path[4096];
    struct timeval patience = {.tv_sec = 30};
    tenantseal_keyring *keys;
    if (argc != 4)
        return 2;
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    must(udp >= 0 && setsockopt(udp, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0, "socket");
    snprintf(path, sizeof path, "%s/keys.ts", argv[1]);
    check(tenantseal_keyring_open(BYTES(path), BYTES("correct horse battery"), &keys), "key file");
    if (strcmp(argv[2], "listen") == 0)
        listen_for(keys, argv[1], udp, atoi(argv[3]));
    else
        call(keys, argv[1], udp, atoi(argv[3]));
    check(tenantseal_keyring_free(keys), "free");
    return close(udp);
}
