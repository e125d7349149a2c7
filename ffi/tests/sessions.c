/* Sessions: handshakes of every kind, datagrams both ways, and what is refused. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { THREADS = 4, EACH = 500, PACKET = 2048 };

static const uint8_t ADDRESS[4] = {192, 0, 2, 1};
static const uint8_t ADDRESS_V6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
static const uint8_t TICKET_KEY[TENANTSEAL_TICKET_KEY_LEN] = {1, 2, 3};

static tenantseal_keyring *keyring;
static tenantseal_tenant *acme, *other;

/* Two endpoints of a tenant that know each other, and a listener for the second. */
struct pair {
    tenantseal_endpoint *phone, *laptop;
    tenantseal_peer *phone_peer, *laptop_peer;
    tenantseal_listener *listener;
};

struct session {
    tenantseal_session *session;
    tenantseal_session_sender *sender;
    tenantseal_session_receiver *receiver;
};

#define PHONE TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone")
#define LAPTOP TENANTSEAL_PRINCIPAL_CLIENT, TEXT("laptop")

static tenantseal_endpoint *endpoint(tenantseal_tenant *tenant, const char *id, tenantseal_peer **peer) {
    uint8_t private_key[TENANTSEAL_PRIVATE_KEY_LEN], public_key[TENANTSEAL_PUBLIC_KEY_LEN];
    size_t len;
    tenantseal_endpoint *made;
    OK(tenantseal_private_key_generate(OUT(private_key, len)));
    CHECK(len == sizeof private_key);
    OK(tenantseal_private_key_public(private_key, sizeof private_key, OUT(public_key, len)));
    CHECK(len == sizeof public_key);
    OK(tenantseal_endpoint_new(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT(id), private_key, sizeof private_key, TEXT("chat"), &made));
    OK(tenantseal_peer_new(TENANTSEAL_PRINCIPAL_CLIENT, TEXT(id), public_key, sizeof public_key, peer));
    return made;
}

static struct pair pair(tenantseal_tenant *tenant) {
    struct pair made;
    made.phone = endpoint(tenant, "phone", &made.phone_peer);
    made.laptop = endpoint(tenant, "laptop", &made.laptop_peer);
    OK(tenantseal_listener_new(keyring, &made.listener));
    return made;
}

static void release_pair(struct pair *pair) {
    OK(tenantseal_listener_free(pair->listener));
    OK(tenantseal_peer_free(pair->phone_peer));
    OK(tenantseal_peer_free(pair->laptop_peer));
    OK(tenantseal_endpoint_free(pair->phone));
    OK(tenantseal_endpoint_free(pair->laptop));
}

static struct session split(tenantseal_session *session) {
    struct session made = {session, NULL, NULL};
    OK(tenantseal_session_split(session, &made.sender, &made.receiver));
    return made;
}

static void release_session(struct session *session) {
    OK(tenantseal_session_sender_free(session->sender));
    OK(tenantseal_session_receiver_free(session->receiver));
    OK(tenantseal_session_free(session->session));
}

static size_t packet_of(tenantseal_initiator *initiator, uint8_t *packet) {
    size_t len;
    OK(tenantseal_initiator_packet(initiator, packet, PACKET, &len));
    return len;
}

static uint8_t room[TENANTSEAL_HANDSHAKE_MAX_LEN];

#define RECEIVE(listener, packet, packet_len, progress, session, len) \
    tenantseal_listener_receive(listener, ADDRESS, sizeof ADDRESS, 5000, packet, packet_len, progress, session, OUT(room, len))

/* The answer to the first packet; it is in `room`. */
static size_t answer(tenantseal_listener *listener, tenantseal_initiator *initiator) {
    uint8_t packet[PACKET];
    size_t len = packet_of(initiator, packet);
    tenantseal_session *none;
    int32_t progress;
    OK(RECEIVE(listener, packet, len, &progress, &none, len));
    CHECK(progress == TENANTSEAL_HANDSHAKE_SEND && none == NULL && len > 0);
    return len;
}

/* The rest of a handshake. The answer is altered on its way first, and comes again. */
static void complete(tenantseal_listener *listener, tenantseal_initiator *initiator, tenantseal_session **mine, tenantseal_session **theirs) {
    uint8_t packet[PACKET];
    uint32_t index, named;
    int32_t progress;
    size_t len = answer(listener, initiator);
    OK(tenantseal_initiator_index(initiator, &index));
    OK(tenantseal_receiver_index(room, len, &named));
    CHECK(index == named);
    for (size_t at = 0; at < len; at += 7) {
        room[at] ^= 1;
        *mine = (void *)&index;
        STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_initiator_receive(initiator, room, len, &progress, mine));
        CHECK(*mine == NULL && progress == 0);
        room[at] ^= 1;
    }
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_initiator_receive(initiator, room, len - 1, &progress, mine));
    OK(tenantseal_initiator_receive(initiator, room, len, &progress, mine));
    CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED && *mine != NULL);
    tenantseal_session *none;
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_initiator_receive(initiator, room, len, &progress, &none));
    STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_initiator_index(initiator, &index));

    /* The last packet, altered, into too little room, and as it was: it is there still. */
    size_t packet_len = packet_of(initiator, packet);
    packet[packet_len - 1] ^= 1;
    STATUS(TENANTSEAL_ERROR_OPEN, RECEIVE(listener, packet, packet_len, &progress, theirs, len));
    packet[packet_len - 1] ^= 1;
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
           tenantseal_listener_receive(listener, ADDRESS, sizeof ADDRESS, 5000, packet, packet_len, &progress, theirs, room, 100, &len));
    CHECK(len == tenantseal_listener_receive_len(packet_len) && *theirs == NULL);
    OK(RECEIVE(listener, packet, packet_len, &progress, theirs, len));
    CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED && *theirs != NULL && len == 0);
    STATUS(TENANTSEAL_ERROR_OPEN, RECEIVE(listener, packet, packet_len, &progress, &none, len));
    size_t pending;
    OK(tenantseal_listener_pending(listener, &pending));
    CHECK(pending == 0);
    OK(tenantseal_initiator_free(initiator));
}

/* That both sides have the same, and who they are. */
static void compare(tenantseal_session *mine, tenantseal_session *theirs) {
    uint8_t left[256], right[256];
    size_t left_len, right_len;
    int32_t kind;
    OK(tenantseal_session_peer(mine, &kind, OUT(left, left_len)));
    CHECK(kind == TENANTSEAL_PRINCIPAL_CLIENT && is_text(left, left_len, "laptop"));
    OK(tenantseal_session_peer(theirs, &kind, OUT(left, left_len)));
    CHECK(kind == TENANTSEAL_PRINCIPAL_CLIENT && is_text(left, left_len, "phone"));
    OK(tenantseal_session_peer_key(mine, OUT(left, left_len)));
    CHECK(left_len == TENANTSEAL_PUBLIC_KEY_LEN);
    OK(tenantseal_session_channel_binding(mine, OUT(left, left_len)));
    OK(tenantseal_session_channel_binding(theirs, OUT(right, right_len)));
    CHECK(left_len == TENANTSEAL_CHANNEL_BINDING_LEN && right_len == left_len && memcmp(left, right, left_len) == 0);
    OK(tenantseal_session_export(mine, TEXT("files"), TEXT("1"), 48, OUT(left, left_len)));
    OK(tenantseal_session_export(theirs, TEXT("files"), TEXT("1"), 48, OUT(right, right_len)));
    CHECK(left_len == 48 && right_len == 48 && memcmp(left, right, 48) == 0);
    OK(tenantseal_session_export(theirs, TEXT("files"), TEXT("2"), 48, OUT(right, right_len)));
    CHECK(memcmp(left, right, 48) != 0);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL, tenantseal_session_export(mine, TEXT("files"), NULL, 0, 8160, OUT(left, left_len)));
    CHECK(left_len == 8160);
    STATUS(TENANTSEAL_ERROR_TOO_LONG, tenantseal_session_export(mine, TEXT("files"), NULL, 0, 8161, OUT(left, left_len)));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_session_export(mine, TEXT("files"), NULL, 0, 0, OUT(left, left_len)));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_session_export(mine, NULL, 0, NULL, 0, 32, OUT(left, left_len)));
}

static void pass_on(const struct session *from, const struct session *to, const char *text) {
    uint8_t packet[PACKET], opened[PACKET];
    size_t len, opened_len;
    uint64_t counts[3], before[3];
    OK(tenantseal_session_receiver_counts(to->receiver, &before[0], &before[1], &before[2]));
    OK(tenantseal_session_sender_seal(from->sender, TEXT(text), OUT(packet, len)));
    CHECK(len == strlen(text) + TENANTSEAL_SESSION_OVERHEAD && len == tenantseal_session_sender_seal_len(strlen(text)));
    uint32_t index, named;
    OK(tenantseal_session_receiver_index(to->receiver, &index));
    OK(tenantseal_receiver_index(packet, len, &named));
    CHECK(index == named);
    /* Altered anywhere. */
    for (size_t at = 0; at < len; at++) {
        packet[at] ^= 0x80;
        STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_session_receiver_open(to->receiver, packet, len, OUT(opened, opened_len)));
        CHECK(opened_len == 0);
        packet[at] ^= 0x80;
    }
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_session_receiver_open(to->receiver, packet, len - 1, OUT(opened, opened_len)));
    /* Its sender does not open it. */
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_session_receiver_open(from->receiver, packet, len, OUT(opened, opened_len)));
    /* With too little room it is not used up. */
    if (strlen(text) > 0) {
        STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL,
               tenantseal_session_receiver_open(to->receiver, packet, len, opened, strlen(text) - 1, &opened_len));
        CHECK(opened_len == strlen(text) && opened_len == tenantseal_session_receiver_open_len(len));
    }
    OK(tenantseal_session_receiver_open(to->receiver, packet, len, OUT(opened, opened_len)));
    CHECK(is_text(opened, opened_len, text));
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_session_receiver_open(to->receiver, packet, len, OUT(opened, opened_len)));
    OK(tenantseal_session_receiver_counts(to->receiver, &counts[0], &counts[1], &counts[2]));
    CHECK(counts[0] == before[0] + 1 && counts[1] >= before[1] + 2 && counts[2] >= before[2] + 1);
}

static void talk(struct session *mine, struct session *theirs) {
    pass_on(mine, theirs, "from phone to laptop");
    pass_on(theirs, mine, "and back");
    pass_on(theirs, mine, "");
    /* In place: an output may be the input. */
    uint8_t packet[PACKET] = "in place";
    size_t len;
    OK(tenantseal_session_sender_seal(mine->sender, packet, 8, OUT(packet, len)));
    OK(tenantseal_session_receiver_open(theirs->receiver, packet, len, OUT(packet, len)));
    CHECK(is_text(packet, len, "in place"));
    /* With too little room no number is taken. */
    uint64_t before, after;
    OK(tenantseal_session_sender_sealed(mine->sender, &before));
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL, tenantseal_session_sender_seal(mine->sender, TEXT("text"), packet, 35, &len));
    CHECK(len == 36);
    OK(tenantseal_session_sender_sealed(mine->sender, &after));
    CHECK(before == after);
    static uint8_t large[TENANTSEAL_SESSION_PACKET_MAX_LEN];
    STATUS(TENANTSEAL_ERROR_TOO_LONG,
           tenantseal_session_sender_seal(mine->sender, large, sizeof large - TENANTSEAL_SESSION_OVERHEAD + 1, OUT(large, len)));
    CHECK(tenantseal_session_sender_seal_len(sizeof large - TENANTSEAL_SESSION_OVERHEAD + 1) == 0);
    OK(tenantseal_session_sender_seal(mine->sender, large, sizeof large - TENANTSEAL_SESSION_OVERHEAD, OUT(large, len)));
    OK(tenantseal_session_receiver_open(theirs->receiver, large, len, OUT(large, len)));
    CHECK(len == sizeof large - TENANTSEAL_SESSION_OVERHEAD);
    int32_t due;
    OK(tenantseal_session_sender_rekey_due(mine->sender, &due));
    CHECK(due == 0);
}

/* A whole session, from the handshake to the last packet. */
static void meet(struct pair *pair, tenantseal_initiator *initiator) {
    tenantseal_session *mine, *theirs;
    complete(pair->listener, initiator, &mine, &theirs);
    compare(mine, theirs);
    struct session left = split(mine), right = split(theirs);
    /* What is split has nothing left. */
    tenantseal_session_sender *sender = (void *)&left;
    tenantseal_session_receiver *receiver = (void *)&left;
    uint8_t out[64];
    size_t len;
    uint32_t index;
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_session_split(mine, &sender, &receiver));
    CHECK(sender == NULL && receiver == NULL);
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_session_index(mine, &index));
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_session_channel_binding(mine, OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_peer_set_resumption(pair->laptop_peer, mine));
    talk(&left, &right);
    release_session(&left);
    release_session(&right);
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_session_receiver_open((void *)right.sender, TEXT("x"), OUT(out, len)));
}

static void where_both_know_the_other(void) {
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    OK(tenantseal_listener_add(p.listener, p.laptop));
    STATUS(TENANTSEAL_ERROR_ALREADY_EXISTS, tenantseal_listener_add(p.listener, p.laptop));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL, tenantseal_listener_expect(p.listener, p.phone, p.laptop_peer));
    OK(tenantseal_listener_expect(p.listener, p.laptop, p.phone_peer));
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    meet(&p, initiator);
    /* The objects that they came from are not needed. */
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    OK(tenantseal_listener_forget(p.listener, p.laptop, p.phone_peer));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL, tenantseal_listener_forget(p.listener, p.laptop, p.phone_peer));
    uint8_t packet[PACKET];
    size_t len = packet_of(initiator, packet);
    int32_t progress;
    tenantseal_session *none;
    STATUS(TENANTSEAL_ERROR_OPEN, RECEIVE(p.listener, packet, len, &progress, &none, len));
    OK(tenantseal_initiator_free(initiator));
    OK(tenantseal_listener_remove(p.listener, p.laptop));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL, tenantseal_listener_remove(p.listener, p.laptop));
    OK(tenantseal_listener_add(p.listener, p.laptop));
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_endpoint_initiate_xx(p.phone, LAPTOP, &initiator));
    CHECK(initiator == NULL);
    release_pair(&p);
}

static void where_the_caller_is_not_known(void) {
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    OK(tenantseal_endpoint_set_context(p.phone, TEXT("below")));
    OK(tenantseal_endpoint_set_context(p.laptop, TEXT("below")));
    OK(tenantseal_endpoint_set_certificate(p.phone, TEXT("a certificate")));
    OK(tenantseal_endpoint_know(p.laptop, p.laptop_peer));
    OK(tenantseal_listener_add(p.listener, p.laptop));
    /* It does not know the phone yet. */
    uint8_t packet[PACKET];
    size_t len;
    int32_t progress;
    tenantseal_session *none;
    OK(tenantseal_endpoint_initiate_ik(p.phone, p.laptop_peer, &initiator));
    len = packet_of(initiator, packet);
    STATUS(TENANTSEAL_ERROR_OPEN, RECEIVE(p.listener, packet, len, &progress, &none, len));
    OK(tenantseal_initiator_free(initiator));
    OK(tenantseal_endpoint_know(p.laptop, p.phone_peer));
    OK(tenantseal_endpoint_initiate_ik(p.phone, p.laptop_peer, &initiator));
    meet(&p, initiator);
    release_pair(&p);
}

static void where_nobody_is_known(void) {
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    OK(tenantseal_endpoint_know(p.phone, p.laptop_peer));
    OK(tenantseal_endpoint_know(p.laptop, p.phone_peer));
    OK(tenantseal_listener_add(p.listener, p.laptop));
    OK(tenantseal_endpoint_initiate_xx(p.phone, LAPTOP, &initiator));
    meet(&p, initiator);
    OK(tenantseal_endpoint_initiate_xx(p.phone, 0, NULL, 0, &initiator));
    meet(&p, initiator);
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL, tenantseal_endpoint_initiate_xx(p.phone, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("nobody"), &initiator));
    STATUS(TENANTSEAL_ERROR_ARGUMENT, tenantseal_endpoint_initiate_xx(p.phone, 0, TEXT("laptop"), &initiator));
    /* Of that principal and of nobody else, though it is genuine. */
    uint8_t packet[PACKET];
    tenantseal_session *none;
    int32_t progress;
    OK(tenantseal_endpoint_initiate_xx(p.phone, PHONE, &initiator));
    size_t len = answer(p.listener, initiator);
    STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_initiator_receive(initiator, room, len, &progress, &none));
    CHECK(packet_of(initiator, packet) > 0 && none == NULL);
    OK(tenantseal_initiator_free(initiator));
    release_pair(&p);
}

static void with_a_ticket_and_then_one_of_the_session_before(void) {
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    tenantseal_session *mine, *theirs;
    OK(tenantseal_listener_add(p.listener, p.laptop));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_peer_set_ticket(p.phone_peer, TEXT("7"), TICKET_KEY, 31));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_peer_set_ticket(p.phone_peer, NULL, 0, TICKET_KEY, sizeof TICKET_KEY));
    OK(tenantseal_peer_set_ticket(p.phone_peer, TEXT("7"), TICKET_KEY, sizeof TICKET_KEY));
    OK(tenantseal_peer_set_ticket(p.laptop_peer, TEXT("7"), TICKET_KEY, sizeof TICKET_KEY));
    OK(tenantseal_listener_expect(p.listener, p.laptop, p.phone_peer));
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    complete(p.listener, initiator, &mine, &theirs);
    OK(tenantseal_peer_set_resumption(p.laptop_peer, mine));
    OK(tenantseal_peer_set_resumption(p.phone_peer, theirs));
    OK(tenantseal_session_free(mine));
    OK(tenantseal_session_free(theirs));
    OK(tenantseal_listener_expect(p.listener, p.laptop, p.phone_peer));
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    meet(&p, initiator);
    release_pair(&p);
}

static void what_is_of_another_tenant_is_refused(void) {
    struct pair p = pair(acme), q = pair(other);
    tenantseal_initiator *initiator;
    tenantseal_session *none;
    uint8_t packet[PACKET];
    size_t len;
    int32_t progress;
    OK(tenantseal_listener_add(p.listener, p.laptop));
    OK(tenantseal_listener_expect(p.listener, p.laptop, q.phone_peer));
    OK(tenantseal_endpoint_initiate(q.phone, p.laptop_peer, &initiator));
    len = packet_of(initiator, packet);
    STATUS(TENANTSEAL_ERROR_OPEN, RECEIVE(p.listener, packet, len, &progress, &none, len));
    CHECK(none == NULL && len == 0);
    OK(tenantseal_initiator_free(initiator));
    /* A tenant of another keyring. */
    tenantseal_keyring *foreign;
    tenantseal_listener *listener;
    uint8_t kek[TENANTSEAL_KEK_LEN] = {9};
    OK(tenantseal_keyring_from_kek(kek, sizeof kek, &foreign));
    OK(tenantseal_listener_new(foreign, &listener));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_listener_add(listener, p.laptop));
    OK(tenantseal_listener_free(listener));
    OK(tenantseal_keyring_free(foreign));
    release_pair(&p);
    release_pair(&q);
}

static void under_load_a_cookie_is_asked_for(void) {
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    tenantseal_session *mine, *none;
    uint8_t packet[PACKET];
    size_t len;
    int32_t progress;
    OK(tenantseal_listener_add(p.listener, p.laptop));
    OK(tenantseal_listener_expect(p.listener, p.laptop, p.phone_peer));
    OK(tenantseal_listener_set_load(p.listener, 0, 100, 100));
    /* What was added before is there still. */
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    len = answer(p.listener, initiator);
    OK(tenantseal_initiator_receive(initiator, room, len, &progress, &mine));
    CHECK(progress == TENANTSEAL_HANDSHAKE_SEND && mine == NULL);
    /* The cookie is of one address. */
    len = packet_of(initiator, packet);
    STATUS(TENANTSEAL_ERROR_OPEN,
           tenantseal_listener_receive(p.listener, ADDRESS_V6, 16, 5000, packet, len, &progress, &none, OUT(room, len)));
    len = packet_of(initiator, packet);
    STATUS(TENANTSEAL_ERROR_VALUE,
           tenantseal_listener_receive(p.listener, ADDRESS_V6, 5, 5000, packet, len, &progress, &none, OUT(room, len)));
    len = packet_of(initiator, packet);
    STATUS(TENANTSEAL_ERROR_ARGUMENT,
           tenantseal_listener_receive(p.listener, ADDRESS, 4, 65536, packet, len, &progress, &none, OUT(room, len)));
    len = answer(p.listener, initiator);
    OK(tenantseal_initiator_receive(initiator, room, len, &progress, &mine));
    CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED);
    OK(tenantseal_session_free(mine));
    OK(tenantseal_initiator_free(initiator));
    release_pair(&p);
}

/* A session that is ready for datagrams. */
static void ready(struct pair *p, struct session *left, struct session *right) {
    tenantseal_initiator *initiator;
    tenantseal_session *mine, *theirs;
    OK(tenantseal_listener_add(p->listener, p->laptop));
    OK(tenantseal_listener_expect(p->listener, p->laptop, p->phone_peer));
    OK(tenantseal_endpoint_initiate(p->phone, p->laptop_peer, &initiator));
    complete(p->listener, initiator, &mine, &theirs);
    *left = split(mine);
    *right = split(theirs);
}

static void a_limit_ends_a_session(void) {
    struct pair p = pair(acme);
    struct session left, right;
    uint8_t packet[PACKET];
    size_t len;
    int32_t due;
    OK(tenantseal_endpoint_set_phase(p.phone, 2, UINT64_MAX, UINT64_MAX));
    OK(tenantseal_endpoint_set_session(p.phone, 5, UINT64_MAX, 10));
    OK(tenantseal_endpoint_set_window(p.phone, 1024));
    ready(&p, &left, &right);
    /* The first packet confirmed. */
    for (int n = 1; n < 5; n++) {
        OK(tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(packet, len)));
        OK(tenantseal_session_receiver_open(right.receiver, packet, len, OUT(packet, len)));
    }
    OK(tenantseal_session_sender_rekey_due(left.sender, &due));
    CHECK(due == 1);
    STATUS(TENANTSEAL_ERROR_SESSION_EXPIRED, tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(packet, len)));
    CHECK(len == 0);
    for (int n = 0; n < 10; n++) {
        STATUS(TENANTSEAL_ERROR_OPEN, tenantseal_session_receiver_open(left.receiver, TEXT("x"), OUT(packet, len)));
    }
    STATUS(TENANTSEAL_ERROR_SESSION_EXPIRED, tenantseal_session_receiver_open(left.receiver, TEXT("x"), OUT(packet, len)));
    release_session(&left);
    release_session(&right);
    release_pair(&p);
}

static void principals(void) {
    int32_t state;
    struct pair p = pair(acme);
    struct session left, right;
    tenantseal_initiator *initiator;
    uint8_t packet[PACKET];
    size_t len;
    ready(&p, &left, &right);
    STATUS(TENANTSEAL_ERROR_ARGUMENT, tenantseal_tenant_add_principal(acme, 4, TEXT("x")));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_tenant_add_principal(acme, TENANTSEAL_PRINCIPAL_MEMBER, NULL, 0));
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_tenant_restore_principal(acme, PHONE));
    STATUS(TENANTSEAL_ERROR_STATE, tenantseal_tenant_remove_principal(acme, PHONE));
    OK(tenantseal_tenant_suspend_principal(acme, PHONE, 0));
    OK(tenantseal_tenant_principal_state(acme, PHONE, &state));
    CHECK(state == TENANTSEAL_PRINCIPAL_STATE_SUSPENDED);
    STATUS(TENANTSEAL_ERROR_SUSPENDED, tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(packet, len)));
    STATUS(TENANTSEAL_ERROR_SUSPENDED, tenantseal_session_sender_seal(right.sender, TEXT("x"), OUT(packet, len)));
    STATUS(TENANTSEAL_ERROR_SUSPENDED, tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    OK(tenantseal_tenant_restore_principal(acme, PHONE));
    /* A session does not come back. */
    STATUS(TENANTSEAL_ERROR_SUSPENDED, tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(packet, len)));
    OK(tenantseal_tenant_principal_state(acme, PHONE, &state));
    CHECK(state == TENANTSEAL_PRINCIPAL_STATE_ACTIVE);
    OK(tenantseal_tenant_add_principal(acme, TENANTSEAL_PRINCIPAL_SERVICE, TEXT("bot")));
    OK(tenantseal_tenant_suspend_principal(acme, TENANTSEAL_PRINCIPAL_SERVICE, TEXT("bot"), 4102444800u));
    OK(tenantseal_tenant_remove_principal(acme, TENANTSEAL_PRINCIPAL_SERVICE, TEXT("bot")));
    OK(tenantseal_tenant_principal_state(acme, TENANTSEAL_PRINCIPAL_SERVICE, TEXT("bot"), &state));
    CHECK(state == TENANTSEAL_PRINCIPAL_STATE_REMOVED);
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL, tenantseal_tenant_principal_state(acme, TENANTSEAL_PRINCIPAL_MEMBER, TEXT("bot"), &state));
    CHECK(state == 0);
    release_session(&left);
    release_session(&right);
    release_pair(&p);
}

static void keys_that_are_none(void) {
    uint8_t zeros[TENANTSEAL_PRIVATE_KEY_LEN] = {0}, out[64];
    size_t len;
    tenantseal_endpoint *none;
    tenantseal_peer *peer;
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_private_key_public(zeros, sizeof zeros, OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_private_key_public(zeros, 31, OUT(out, len)));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_endpoint_new(acme, PHONE, zeros, sizeof zeros, TEXT("chat"), &none));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_peer_new(PHONE, zeros, 33, &peer));
    zeros[0] = 1;
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_endpoint_new(acme, PHONE, zeros, sizeof zeros, NULL, 0, &none));
    STATUS(TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL,
           tenantseal_endpoint_new(acme, TENANTSEAL_PRINCIPAL_MEMBER, TEXT("phone"), zeros, sizeof zeros, TEXT("chat"), &none));
    CHECK(none == NULL && peer == NULL);
    STATUS(TENANTSEAL_ERROR_BUFFER_TOO_SMALL, tenantseal_private_key_generate(out, 31, &len));
    CHECK(len == TENANTSEAL_PRIVATE_KEY_LEN);
    CHECK(tenantseal_private_key_len() == TENANTSEAL_PRIVATE_KEY_LEN && tenantseal_public_key_len() == TENANTSEAL_PUBLIC_KEY_LEN);
    CHECK(tenantseal_ticket_key_len() == TENANTSEAL_TICKET_KEY_LEN && tenantseal_handshake_max_len() == TENANTSEAL_HANDSHAKE_MAX_LEN);
    CHECK(tenantseal_session_overhead() == TENANTSEAL_SESSION_OVERHEAD && tenantseal_channel_binding_len() == TENANTSEAL_CHANNEL_BINDING_LEN);
    CHECK(tenantseal_session_packet_max_len() == TENANTSEAL_SESSION_PACKET_MAX_LEN);
    uint32_t index;
    STATUS(TENANTSEAL_ERROR_ABSENT, tenantseal_receiver_index(TEXT("no packet"), &index));
}

/* The longest certificate is in the longest packets. */
static void the_longest_packets_fit(void) {
    static uint8_t certificate[16385], packet[TENANTSEAL_HANDSHAKE_MAX_LEN];
    struct pair p = pair(acme);
    tenantseal_initiator *initiator;
    tenantseal_session *mine, *theirs;
    size_t len;
    int32_t progress;
    STATUS(TENANTSEAL_ERROR_TOO_LONG, tenantseal_endpoint_set_certificate(p.phone, certificate, sizeof certificate));
    STATUS(TENANTSEAL_ERROR_VALUE, tenantseal_endpoint_set_certificate(p.phone, NULL, 0));
    OK(tenantseal_endpoint_set_certificate(p.phone, certificate, sizeof certificate - 1));
    OK(tenantseal_endpoint_set_certificate(p.laptop, certificate, sizeof certificate - 1));
    OK(tenantseal_endpoint_know(p.phone, p.laptop_peer));
    OK(tenantseal_endpoint_know(p.laptop, p.phone_peer));
    OK(tenantseal_listener_add(p.listener, p.laptop));
    OK(tenantseal_endpoint_initiate_ik(p.phone, p.laptop_peer, &initiator));
    OK(tenantseal_initiator_packet(initiator, OUT(packet, len)));
    CHECK(len > sizeof certificate);
    OK(tenantseal_initiator_free(initiator));
    OK(tenantseal_endpoint_initiate_xx(p.phone, LAPTOP, &initiator));
    /* An answer that long goes to those alone that have a cookie. */
    len = answer(p.listener, initiator);
    CHECK(len < sizeof certificate);
    OK(tenantseal_initiator_receive(initiator, room, len, &progress, &mine));
    CHECK(progress == TENANTSEAL_HANDSHAKE_SEND && mine == NULL);
    len = answer(p.listener, initiator);
    CHECK(len > sizeof certificate);
    OK(tenantseal_initiator_receive(initiator, room, len, &progress, &mine));
    OK(tenantseal_initiator_packet(initiator, OUT(packet, len)));
    CHECK(len > sizeof certificate);
    OK(RECEIVE(p.listener, packet, len, &progress, &theirs, len));
    CHECK(progress == TENANTSEAL_HANDSHAKE_ESTABLISHED);
    OK(tenantseal_session_free(mine));
    OK(tenantseal_session_free(theirs));
    OK(tenantseal_initiator_free(initiator));
    release_pair(&p);
}

static void a_child_is_refused(void) {
    struct pair p = pair(acme);
    struct session left, right;
    tenantseal_initiator *initiator;
    uint8_t packet[PACKET], out[PACKET];
    size_t len, out_len;
    int32_t progress;
    tenantseal_session *none;
    ready(&p, &left, &right);
    OK(tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(packet, len)));
    OK(tenantseal_endpoint_initiate(p.phone, p.laptop_peer, &initiator));
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        STATUS(TENANTSEAL_ERROR_FORKED, tenantseal_session_sender_seal(left.sender, TEXT("x"), OUT(out, out_len)));
        CHECK(out_len == 0);
        STATUS(TENANTSEAL_ERROR_FORKED, tenantseal_session_receiver_open(right.receiver, packet, len, OUT(out, out_len)));
        STATUS(TENANTSEAL_ERROR_FORKED, tenantseal_initiator_receive(initiator, packet, len, &progress, &none));
        STATUS(TENANTSEAL_ERROR_FORKED, RECEIVE(p.listener, packet, len, &progress, &none, out_len));
        release_session(&left);
        /* It has sessions of its own. */
        OK(tenantseal_listener_free(p.listener));
        OK(tenantseal_listener_new(keyring, &p.listener));
        struct session own, others;
        ready(&p, &own, &others);
        pass_on(&own, &others, "in the child");
        release_session(&own);
        release_session(&others);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(tenantseal_session_receiver_open(right.receiver, packet, len, OUT(out, out_len)));
    OK(tenantseal_initiator_free(initiator));
    release_session(&left);
    release_session(&right);
    release_pair(&p);
}

static struct session shared;
static uint8_t sealed[THREADS][EACH][40];

static void *seal_many(void *number) {
    uint8_t (*packets)[40] = sealed[*(int *)number];
    for (int n = 0; n < EACH; n++) {
        size_t len;
        if (tenantseal_session_sender_seal(shared.sender, TEXT("12345678"), OUT(packets[n], len)) != TENANTSEAL_OK || len != 40) {
            abort();
        }
    }
    return NULL;
}

/* Bytes 8 to 15 of a packet are its number: FORMAT.md, section 17. */
static int by_number(const void *left, const void *right) { return memcmp((const uint8_t *)left + 8, (const uint8_t *)right + 8, 8); }

static void threads_that_share_a_sender_take_numbers_of_their_own(void) {
    struct pair p = pair(acme);
    struct session right;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    uint8_t *all = sealed[0][0], opened[64];
    size_t len;
    ready(&p, &shared, &right);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, seal_many, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    qsort(all, THREADS * EACH, 40, by_number);
    for (int n = 0; n < THREADS * EACH; n++) {
        CHECK(n == 0 || by_number(all + 40 * (n - 1), all + 40 * n) < 0);
        OK(tenantseal_session_receiver_open(right.receiver, all + 40 * n, 40, OUT(opened, len)));
        CHECK(is_text(opened, len, "12345678"));
    }
    uint64_t count;
    OK(tenantseal_session_sender_sealed(shared.sender, &count));
    CHECK(count == THREADS * EACH + 1);
    release_session(&shared);
    release_session(&right);
    release_pair(&p);
}

/* `sessions [only-fork|no-fork]`: a child ends with the objects of its parent, which a leak check takes for leaks. */
int main(int argc, char **argv) {
    const char *part = argc > 1 ? argv[1] : "all";
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keyring));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-1001"), &acme));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-2002"), &other));
    OK(tenantseal_tenant_add_principal(acme, PHONE));
    OK(tenantseal_tenant_add_principal(acme, LAPTOP));
    STATUS(TENANTSEAL_ERROR_ALREADY_EXISTS, tenantseal_tenant_add_principal(acme, LAPTOP));
    OK(tenantseal_tenant_add_principal(other, PHONE));
    OK(tenantseal_tenant_add_principal(other, LAPTOP));
    if (strcmp(part, "no-fork") != 0) {
        a_child_is_refused();
    }
    if (strcmp(part, "only-fork") != 0) {
        keys_that_are_none();
        where_both_know_the_other();
        where_the_caller_is_not_known();
        where_nobody_is_known();
        with_a_ticket_and_then_one_of_the_session_before();
        what_is_of_another_tenant_is_refused();
        under_load_a_cookie_is_asked_for();
        the_longest_packets_fit();
        a_limit_ends_a_session();
        threads_that_share_a_sender_take_numbers_of_their_own();
        principals();
    }
    OK(tenantseal_tenant_free(acme));
    OK(tenantseal_tenant_free(other));
    OK(tenantseal_keyring_free(keyring));
    printf("sessions: %zu checks\n", checks);
    return 0;
}
