/* Misuse of every function, argument by argument: each case must return a status, and leave memory as it was.
 *
 * The table of functions is made from the header (abuse_table.awk). The functions are called as functions of sixteen
 * words, which is sound on x86-64 for arguments that are integers and pointers; the one that takes a double reads some
 * double.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum kind { HANDLE, IN, IN_LEN, IN_ARRAY, IN_HANDLES, COUNT, OUT, CAP, OUT_LEN, OUT_ITEMS, OUT_NUMBER, OUT_DETAIL, OUT_HANDLE, NUMBER };

enum type {
    T_tenantseal_keyring, T_tenantseal_tenant, T_tenantseal_field, T_tenantseal_index, T_tenantseal_mask,
    T_tenantseal_guard, T_tenantseal_callback, T_tenantseal_event, T_tenantseal_sender, T_tenantseal_biz_msg_crypt,
    T_tenantseal_vault, T_tenantseal_tenant_vault, T_tenantseal_transaction, T_tenantseal_fields, T_tenantseal_rows,
    T_tenantseal_media, T_tenantseal_js_ticket, T_tenantseal_login_states, T_tenantseal_browser,
    T_tenantseal_endpoint, T_tenantseal_peer, T_tenantseal_initiator, T_tenantseal_listener, T_tenantseal_session,
    T_tenantseal_session_sender, T_tenantseal_session_receiver,
    TYPES
};

enum { ARGUMENTS = 16, CANARY = 64, ROOM = 20480, PAGE = 4096 };

typedef void (*any_function)(void);
typedef uint64_t (*words)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                          uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

struct function {
    const char *name;
    any_function call;
    int returns_status;
    int count;
    struct {
        enum kind kind;
        size_t detail;
    } arguments[ARGUMENTS];
};

static const struct function functions[] = {
#include "abuse_table.h"
};

enum { FUNCTIONS = sizeof functions / sizeof functions[0] };

static void *live[TYPES], *stale[TYPES];
static tenantseal_status (*const releases[TYPES])(void *) = {
#define RELEASE(type) [T_tenantseal_##type] = (tenantseal_status(*)(void *))tenantseal_##type##_free
    RELEASE(keyring), RELEASE(tenant), RELEASE(field), RELEASE(index), RELEASE(mask), RELEASE(guard),
    RELEASE(callback), RELEASE(event), RELEASE(sender), RELEASE(biz_msg_crypt), RELEASE(vault),
    RELEASE(tenant_vault), RELEASE(transaction), RELEASE(fields), RELEASE(rows), RELEASE(media),
    RELEASE(js_ticket), RELEASE(login_states), RELEASE(browser), RELEASE(endpoint), RELEASE(peer),
    RELEASE(initiator), RELEASE(listener), RELEASE(session), RELEASE(session_sender), RELEASE(session_receiver),
};

static size_t cases, by_abuse[NUMBER + 1];

/* One page with unmapped pages before and after it: what is read or written beyond an end traps. */
static uint8_t *guarded_page(void) {
    uint8_t *pages = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
    return pages + PAGE;
}

/* The arguments of one call, and the memory behind them, with canaries around every output. */
struct frame {
    uint64_t words[ARGUMENTS];
    uint8_t memory[ARGUMENTS][CANARY + ROOM + CANARY];
};

static struct frame frame;
static const uint64_t offsets_in[3] = {0, 1, 1};
static const int64_t rows_in[2] = {1, 2};

static uint8_t *place(int argument) { return frame.memory[argument] + CANARY; }

static int is_output(enum kind kind) { return kind >= OUT && kind != CAP && kind != NUMBER; }

static size_t room_of(const struct function *function, int argument) {
    switch (function->arguments[argument].kind) {
    case OUT: return ROOM;
    case OUT_LEN: return sizeof(size_t);
    case OUT_ITEMS: return 2 * sizeof(uint64_t);
    case OUT_HANDLE: return sizeof(void *);
    case OUT_NUMBER:
    case OUT_DETAIL: return function->arguments[argument].detail;
    default: return 0;
    }
}

/* Arguments that are sound, so that one of them can be spoilt. */
static void prepare(const struct function *function) {
    memset(frame.words, 0, sizeof frame.words);
    for (int i = 0; i < function->count; i++) {
        size_t detail = function->arguments[i].detail;
        if (is_output(function->arguments[i].kind)) {
            memset(frame.memory[i], 0xa5, CANARY + room_of(function, i) + CANARY);
        }
        switch (function->arguments[i].kind) {
        case HANDLE: frame.words[i] = (uintptr_t)live[detail]; break;
        case IN: frame.words[i] = (uintptr_t) "x"; break;
        case IN_LEN: frame.words[i] = 1; break;
        case IN_ARRAY:
            frame.words[i] = function->arguments[i + 1].kind == COUNT ? (uintptr_t)rows_in : (uintptr_t)offsets_in;
            break;
        case IN_HANDLES: frame.words[i] = (uintptr_t)&live[detail]; break;
        case COUNT: frame.words[i] = 1; break;
        case CAP: frame.words[i] = ROOM / function->arguments[i - 1].detail; break;
        case NUMBER: frame.words[i] = 1; break;
        default: frame.words[i] = (uintptr_t)place(i); break;
        }
    }
}

static void fail(const struct function *function, int argument, const char *abuse, tenantseal_status status,
                 const char *why) {
    fprintf(stderr, "%s, argument %d, %s: status %d: %s\n", function->name, argument, abuse, status, why);
    exit(1);
}

static int is_zero(const uint8_t *bytes, size_t count) {
    while (count > 0 && bytes[count - 1] == 0) {
        count--;
    }
    return count == 0;
}

static int is_canary(const uint8_t *bytes, size_t count) {
    while (count > 0 && bytes[count - 1] == 0xa5) {
        count--;
    }
    return count == 0;
}

/* Whether another output was put into the place of this one. */
static int is_shared(const struct function *function, int argument) {
    for (int i = 0; i < function->count; i++) {
        uint64_t start = (uintptr_t)frame.memory[argument];
        if (i != argument && is_output(function->arguments[i].kind) && frame.words[i] - start < sizeof frame.memory[0]) {
            return 1;
        }
    }
    return 0;
}

/* Calls, and looks at the status and at everything that might have been written. */
static tenantseal_status run(const struct function *function, int argument, const char *abuse) {
    const uint64_t *w = frame.words;
    uint64_t returned = ((words)function->call)(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10],
                                                w[11], w[12], w[13], w[14], w[15]);
    cases++;
    by_abuse[argument < 0 ? NUMBER : function->arguments[argument].kind]++;
    if (!function->returns_status) {
        return TENANTSEAL_OK;
    }
    tenantseal_status status = (tenantseal_status)(uint32_t)returned;
    int tencent = status <= -40001 && status >= -40011;
    if (!tencent && strcmp(tenantseal_status_name(status), "UNKNOWN") == 0) {
        fail(function, argument, abuse, status, "is no status");
    }
    if (status == TENANTSEAL_ERROR_INTERNAL) {
        fail(function, argument, abuse, status, "a panic");
    }
    for (int i = 0; i < function->count; i++) {
        enum kind kind = function->arguments[i].kind;
        /* Outputs that were moved elsewhere by the abuse are looked at where that is done. */
        if (!is_output(kind) || frame.words[i] != (uintptr_t)place(i) || is_shared(function, i)) {
            continue;
        }
        size_t room = room_of(function, i);
        if (!is_canary(frame.memory[i], CANARY) || !is_canary(place(i) + room, CANARY)) {
            fail(function, argument, abuse, status, "wrote beside an output");
        }
        if (kind == OUT_HANDLE && status == TENANTSEAL_OK) {
            void *handle;
            memcpy(&handle, place(i), sizeof handle);
            if (releases[function->arguments[i].detail](handle) != TENANTSEAL_OK) {
                fail(function, argument, abuse, status, "a handle that cannot be released");
            }
        }
        if (status != TENANTSEAL_OK) {
            if ((kind == OUT || kind == OUT_ITEMS) && !is_canary(place(i), room)) {
                fail(function, argument, abuse, status, "wrote to a buffer");
            }
            if ((kind == OUT_NUMBER || kind == OUT_HANDLE) && !is_zero(place(i), room)) {
                fail(function, argument, abuse, status, "left a number or a handle");
            }
            if (kind == OUT_LEN && status != TENANTSEAL_ERROR_BUFFER_TOO_SMALL && !is_zero(place(i), room)) {
                fail(function, argument, abuse, status, "left a length");
            }
        }
    }
    return status;
}

static void expect(const struct function *function, int argument, const char *abuse, tenantseal_status expected) {
    tenantseal_status status = run(function, argument, abuse);
    if (function->returns_status && status != expected) {
        fail(function, argument, abuse, status, "another status was expected");
    }
}

static uint64_t next_random(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void abuse_handle(const struct function *function, int i, int is_release) {
    size_t type = function->arguments[i].detail;
    const tenantseal_status wrong = TENANTSEAL_ERROR_HANDLE;
    static int on_the_heap;
#define WITH(text, value)                        \
    do {                                         \
        prepare(function);                       \
        frame.words[i] = (uint64_t)(value);      \
        expect(function, i, text, wrong);        \
    } while (0)
    if (!is_release) {
        WITH("NULL", 0);
    }
    WITH("released", (uintptr_t)stale[type]);
    for (int other = 0; other < TYPES; other++) {
        if (other != (int)type) {
            WITH("another type", (uintptr_t)live[other]);
        }
    }
    for (int bit = 0; bit < 64; bit++) {
        WITH("one bit changed", (uintptr_t)live[type] ^ 1ull << bit);
    }
    for (int n = 0; n < 16; n++) {
        WITH("made up", next_random());
        WITH("made up, with the tag", (next_random() >> 8) | 0x5aull << 56);
    }
    WITH("an address", (uintptr_t)&on_the_heap);
    WITH("a function", (uintptr_t)function->call);
    WITH("all ones", UINT64_MAX);
    WITH("one", 1);
#undef WITH
}

static void abuse_input(const struct function *function, int i) {
    static uint8_t *page;
    if (page == NULL) {
        page = guarded_page();
    }
    static const struct {
        const char *name, *bytes;
        size_t length;
    } contents[] = {
        {"not UTF-8", "\xff\xfe", 2}, {"a cut character", "\xe4\xb8", 2}, {"a surrogate", "\xed\xa0\x80", 3},
        {"an embedded NUL", "a\0b", 3}, {"a byte order mark", "\xef\xbb\xbf", 3}, {"digits", "0123456789", 10},
        {"braces", "{\"a\":{\"a\":[[[[", 14}, {"markup", "<xml><a><![CDATA[", 17}, {"the head of a cell", "\xf8\x01\0\x01\0\0\0\x01", 8},
        {"a text cell", "ts1.AAAA", 8}, {"a row", "Ii\0\0\0\0\0\0\0\x01", 10}, {"a length of 4 GiB", "It\xff\xff\xff\xff", 6},
    };
    prepare(function);
    frame.words[i] = 0;
    expect(function, i, "NULL with a length", TENANTSEAL_ERROR_ARGUMENT);
    static const uint64_t lengths[] = {SIZE_MAX, (uint64_t)PTRDIFF_MAX + 1, SIZE_MAX - 7, 1ull << 63};
    for (size_t n = 0; n < sizeof lengths / sizeof lengths[0]; n++) {
        prepare(function);
        frame.words[i + 1] = lengths[n];
        expect(function, i, "an impossible length", TENANTSEAL_ERROR_ARGUMENT);
    }
    prepare(function);
    frame.words[i + 1] = PTRDIFF_MAX;
    frame.words[i] = UINT64_MAX - 100;
    expect(function, i, "a length beyond the address space", TENANTSEAL_ERROR_ARGUMENT);
    prepare(function);
    frame.words[i] = frame.words[i + 1] = 0;
    run(function, i, "NULL and 0");
    prepare(function);
    frame.words[i + 1] = 0;
    run(function, i, "empty");
    for (size_t n = 0; n < sizeof contents / sizeof contents[0]; n++) {
        size_t length = contents[n].length;
        prepare(function);
        memcpy(page + PAGE - length, contents[n].bytes, length);
        frame.words[i] = (uintptr_t)(page + PAGE - length);
        frame.words[i + 1] = length;
        run(function, i, contents[n].name);
        prepare(function);
        memcpy(page, contents[n].bytes, length);
        frame.words[i] = (uintptr_t)page;
        frame.words[i + 1] = length;
        run(function, i, contents[n].name);
    }
    static const size_t sizes[] = {128, 129, 255, 256, PAGE};
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
        prepare(function);
        memset(page, 'a', PAGE);
        frame.words[i] = (uintptr_t)(page + PAGE - sizes[n]);
        frame.words[i + 1] = sizes[n];
        run(function, i, "long");
    }
    /* The input is one of the outputs. */
    for (int out = 0; out < function->count; out++) {
        if (is_output(function->arguments[out].kind)) {
            prepare(function);
            frame.words[i] = (uintptr_t)place(out);
            frame.words[i + 1] = room_of(function, out);
            run(function, i, "overlaps an output");
        }
    }
}

static void abuse_array(const struct function *function, int i) {
    prepare(function);
    frame.words[i] = 0;
    expect(function, i, "NULL with a count", TENANTSEAL_ERROR_ARGUMENT);
    for (uint64_t shift = 1; shift < 8; shift++) {
        static uint8_t unaligned[32];
        prepare(function);
        memcpy(unaligned + shift, (void *)(uintptr_t)frame.words[i], 16);
        frame.words[i] = (uintptr_t)(unaligned + shift);
        run(function, i, "misaligned");
    }
    static const uint64_t bad[][2] = {{1, 0}, {0, 2}, {0, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {2, 2}};
    if (function->arguments[i + 1].kind != COUNT) {
        for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
            prepare(function);
            frame.words[i] = (uintptr_t)bad[n];
            expect(function, i, "offsets out of order or range", TENANTSEAL_ERROR_ARGUMENT);
        }
    }
}

/* An array of handles in which one is wrong. */
static void abuse_handles(const struct function *function, int i) {
    size_t type = function->arguments[i].detail;
    void *handles[2] = {live[type], NULL};
    uint8_t unaligned[32];
    prepare(function);
    frame.words[i] = 0;
    expect(function, i, "NULL with a count", TENANTSEAL_ERROR_ARGUMENT);
    for (size_t n = 0; n <= TYPES; n++) {
        handles[1] = n == TYPES ? stale[type] : n == type ? NULL : live[n];
        prepare(function);
        frame.words[i] = (uintptr_t)handles;
        frame.words[i + 1] = 2;
        expect(function, i, "a wrong handle among them", TENANTSEAL_ERROR_HANDLE);
    }
    for (int bit = 0; bit < 64; bit++) {
        handles[0] = (void *)((uintptr_t)live[type] ^ (uintptr_t)1 << bit);
        prepare(function);
        frame.words[i] = (uintptr_t)handles;
        expect(function, i, "one bit of the first changed", TENANTSEAL_ERROR_HANDLE);
    }
    prepare(function);
    tenantseal_status sound = run(function, i, "sound");
    for (size_t shift = 1; shift < 8; shift++) {
        memcpy(unaligned + shift, &live[type], sizeof live[type]);
        prepare(function);
        frame.words[i] = (uintptr_t)(unaligned + shift);
        expect(function, i, "misaligned", sound);
    }
    prepare(function);
    frame.words[i] = frame.words[i + 1] = 0;
    run(function, i, "NULL and 0");
}

static void abuse_count(const struct function *function, int i) {
    static const uint64_t counts[] = {UINT64_MAX, UINT64_MAX / 8, UINT64_MAX / 8 + 1, 1ull << 61, 1ull << 60};
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        prepare(function);
        frame.words[i] = counts[n];
        expect(function, i, "an impossible count", TENANTSEAL_ERROR_ARGUMENT);
    }
}

static void abuse_buffer(const struct function *function, int i) {
    static uint8_t *page;
    if (page == NULL) {
        page = guarded_page();
    }
    size_t item = function->arguments[i].detail;
    prepare(function);
    frame.words[i] = 0;
    expect(function, i, "NULL with a capacity", TENANTSEAL_ERROR_ARGUMENT);
    static const uint64_t capacities[] = {SIZE_MAX, (uint64_t)PTRDIFF_MAX + 1};
    for (size_t n = 0; n < sizeof capacities / sizeof capacities[0]; n++) {
        prepare(function);
        frame.words[i + 1] = capacities[n];
        expect(function, i, "an impossible capacity", TENANTSEAL_ERROR_ARGUMENT);
    }
    prepare(function);
    frame.words[i + 2] = frame.words[i];
    expect(function, i, "its length inside it", TENANTSEAL_ERROR_ARGUMENT);
    prepare(function);
    frame.words[i + 2] = frame.words[i] + ROOM - 1;
    expect(function, i, "its length across its end", TENANTSEAL_ERROR_ARGUMENT);

    /* How much it needs, and then one less, the same, and one more. */
    prepare(function);
    frame.words[i] = frame.words[i + 1] = 0;
    tenantseal_status status = run(function, i, "NULL without a capacity");
    if (status != TENANTSEAL_ERROR_BUFFER_TOO_SMALL) {
        return;
    }
    size_t needed;
    memcpy(&needed, place(i + 2), sizeof needed);
    /* A URL check's query is of another length each time: its ciphertext is percent-encoded. */
    if (needed == 0 || needed * item > PAGE - 1 || strcmp(function->name, "tenantseal_sender_get") == 0) {
        return;
    }
    for (int more = -1; more <= 1; more++) {
        size_t capacity = needed + (size_t)more;
        prepare(function);
        memset(page, 0xa5, PAGE);
        frame.words[i] = (uintptr_t)(page + PAGE - capacity * item);
        frame.words[i + 1] = capacity;
        status = run(function, i, "room to the byte");
        if ((more < 0) != (status == TENANTSEAL_ERROR_BUFFER_TOO_SMALL)) {
            fail(function, i, "room to the byte", status, "the length that was asked for is not the one that is needed");
        }
        if (!is_canary(page, PAGE - (more < 0 ? 0 : capacity * item))) {
            fail(function, i, "room to the byte", status, "wrote before the buffer");
        }
        prepare(function);
        frame.words[i] = (uintptr_t)page;
        frame.words[i + 1] = capacity;
        memset(page, 0xa5, PAGE);
        run(function, i, "room at the start of a page");
        if (!is_canary(page + needed * item, PAGE - needed * item)) {
            fail(function, i, "room at the start of a page", status, "wrote after what it needs");
        }
    }
}

static void abuse_output(const struct function *function, int i) {
    prepare(function);
    frame.words[i] = 0;
    expect(function, i, "NULL", TENANTSEAL_ERROR_ARGUMENT);
    for (uint64_t shift = 1; shift < 8; shift++) {
        prepare(function);
        uint8_t *moved = place(i) + 8 + shift;
        frame.words[i] = (uintptr_t)moved;
        tenantseal_status status = run(function, i, "misaligned");
        size_t room = room_of(function, i);
        if (!is_canary(place(i), 8 + shift) || !is_canary(moved + room, 32)) {
            fail(function, i, "misaligned", status, "wrote beside an output");
        }
        if (function->arguments[i].kind == OUT_HANDLE && status == TENANTSEAL_OK) {
            void *handle;
            memcpy(&handle, moved, sizeof handle);
            OK(releases[function->arguments[i].detail](handle));
        }
    }
    for (int other = 0; other < function->count; other++) {
        if (other != i && is_output(function->arguments[other].kind)) {
            prepare(function);
            frame.words[i] = frame.words[other];
            expect(function, i, "the same place as another output", TENANTSEAL_ERROR_ARGUMENT);
        }
    }
}

static void abuse_number(const struct function *function, int i) {
    static const uint64_t numbers[] = {0, 4, 5, 127, 128, INT32_MAX, (uint64_t)(int64_t)INT32_MIN, INT64_MAX,
                                       (uint64_t)INT64_MIN, UINT64_MAX, UINT64_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 3};
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        prepare(function);
        frame.words[i] = numbers[n];
        run(function, i, "a number at an edge");
    }
}

static void abuse(const struct function *function) {
    size_t length = strlen(function->name);
    int is_release = strcmp(function->name + length - 5, "_free") == 0;
    if (is_release) {
        abuse_handle(function, 0, 1);
        prepare(function);
        frame.words[0] = 0;
        expect(function, 0, "NULL", TENANTSEAL_OK);
        return;
    }
    prepare(function);
    run(function, -1, "nothing");
    /* All pointers NULL at once. */
    prepare(function);
    int pointers = 0;
    for (int i = 0; i < function->count; i++) {
        enum kind kind = function->arguments[i].kind;
        if (kind != IN_LEN && kind != CAP && kind != COUNT && kind != NUMBER) {
            frame.words[i] = 0;
            pointers++;
        }
    }
    tenantseal_status status = run(function, -1, "all pointers NULL");
    if (pointers > 0 && status != TENANTSEAL_ERROR_ARGUMENT && status != TENANTSEAL_ERROR_HANDLE) {
        fail(function, -1, "all pointers NULL", status, "another status was expected");
    }
    for (int i = 0; i < function->count; i++) {
        switch (function->arguments[i].kind) {
        case HANDLE: abuse_handle(function, i, 0); break;
        case IN: abuse_input(function, i); break;
        case IN_ARRAY: abuse_array(function, i); break;
        case IN_HANDLES: abuse_handles(function, i); break;
        case COUNT: if (function->returns_status) abuse_count(function, i); break;
        case OUT: abuse_buffer(function, i); break;
        case OUT_LEN: case OUT_ITEMS: case OUT_NUMBER: case OUT_DETAIL: case OUT_HANDLE: abuse_output(function, i); break;
        case NUMBER: abuse_number(function, i); break;
        default: break;
        }
    }
}

/* A session that came about between an endpoint and a listener that expects it. */
static tenantseal_session *meet(tenantseal_endpoint *endpoint, tenantseal_peer *peer, tenantseal_listener *listener) {
    static uint8_t packet[TENANTSEAL_HANDSHAKE_MAX_LEN];
    static const uint8_t address[4] = {192, 0, 2, 1};
    tenantseal_initiator *initiator;
    tenantseal_session *session, *none;
    size_t len;
    int32_t progress;
    OK(tenantseal_endpoint_initiate(endpoint, peer, &initiator));
    OK(tenantseal_initiator_packet(initiator, OUT(packet, len)));
    OK(tenantseal_listener_receive(listener, address, 4, 5000, packet, len, &progress, &none, OUT(packet, len)));
    OK(tenantseal_initiator_receive(initiator, packet, len, &progress, &session));
    CHECK(none == NULL && session != NULL);
    OK(tenantseal_initiator_free(initiator));
    return session;
}

/* One live object of every type, and one that was released. */
static void make_objects(void **objects, const char *vault_path) {
    tenantseal_keyring *keyring;
    tenantseal_tenant *tenant;
    tenantseal_field *field;
    tenantseal_index *index;
    tenantseal_mask *mask;
    tenantseal_guard *guard;
    tenantseal_callback *callback;
    tenantseal_event *event;
    tenantseal_sender *sender;
    tenantseal_biz_msg_crypt *crypt;
    tenantseal_vault *vault;
    tenantseal_tenant_vault *tenant_vault, *other_tenant_vault;
    tenantseal_transaction *transaction;
    tenantseal_fields *fields;
    tenantseal_rows *rows;
    tenantseal_media *media;
    tenantseal_js_ticket *js_ticket;
    tenantseal_login_states *login_states;
    tenantseal_browser *browser;
    tenantseal_endpoint *endpoint;
    tenantseal_peer *peer;
    tenantseal_initiator *initiator;
    tenantseal_listener *listener;
    tenantseal_session *session, *halves;
    tenantseal_session_sender *session_sender;
    tenantseal_session_receiver *session_receiver;
    static const uint8_t private_key[TENANTSEAL_PRIVATE_KEY_LEN] = {1, 2, 3};
    uint8_t public_key[TENANTSEAL_PUBLIC_KEY_LEN];
    size_t public_key_len;
    char other[256];
    int64_t id;
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keyring));
    OK(tenantseal_keyring_install_policy(keyring, TEXT(TEST_POLICY)));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-1"), &tenant));
    OK(tenantseal_tenant_field(tenant, TEXT("member.mobile"), &field));
    OK(tenantseal_field_index(field, TEXT("exact"), &index));
    OK(tenantseal_field_mask(field, &mask));
    OK(tenantseal_guard_in_memory(100000, &guard));
    OK(tenantseal_callback_company_app(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &callback));
    OK(tenantseal_callback_set_fixed_time(callback, SAMPLE_POST_TIME * 1000ull));
    OK(tenantseal_callback_open(callback, TEXT(SAMPLE_POST), TEXT(SAMPLE_BODY), &event));
    OK(tenantseal_sender_new(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &sender));
    OK(tenantseal_biz_msg_crypt_new(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &crypt));
    OK(tenantseal_vault_open(TEXT(vault_path), keyring, &vault));
    OK(tenantseal_vault_tenant(vault, TEXT("t-1"), &tenant_vault));
    OK(tenantseal_fields_new(&fields));
    OK(tenantseal_fields_set_text(fields, TEXT("mobile"), TEXT("13800138000")));
    OK(tenantseal_tenant_vault_insert(tenant_vault, TEXT("member"), fields, &id));
    OK(tenantseal_tenant_vault_get(tenant_vault, TEXT("member"), id, &rows));
    /* A transaction holds up every other write of its vault, so it has one of its own. */
    tenantseal_vault *other_vault;
    snprintf(other, sizeof other, "%s-other", vault_path);
    OK(tenantseal_vault_open(TEXT(other), keyring, &other_vault));
    OK(tenantseal_vault_tenant(other_vault, TEXT("t-1"), &other_tenant_vault));
    OK(tenantseal_tenant_vault_begin(other_tenant_vault, &transaction));
    OK(tenantseal_vault_free(other_vault));
    OK(tenantseal_tenant_vault_free(other_tenant_vault));
    OK(tenantseal_media_new(TEXT(SAMPLE_KEY), &media));
    OK(tenantseal_js_ticket_new(TEXT("ticket"), &js_ticket));
    OK(tenantseal_login_states_generate(&login_states));
    OK(tenantseal_browser_generate(&browser));
    /* It speaks with itself. */
    OK(tenantseal_tenant_add_principal(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone")));
    OK(tenantseal_private_key_public(private_key, sizeof private_key, OUT(public_key, public_key_len)));
    OK(tenantseal_endpoint_new(tenant, TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone"), private_key, sizeof private_key,
                               TEXT("chat"), &endpoint));
    OK(tenantseal_peer_new(TENANTSEAL_PRINCIPAL_CLIENT, TEXT("phone"), public_key, public_key_len, &peer));
    OK(tenantseal_listener_new(keyring, &listener));
    OK(tenantseal_listener_add(listener, endpoint));
    OK(tenantseal_listener_expect(listener, endpoint, peer));
    session = meet(endpoint, peer, listener);
    halves = meet(endpoint, peer, listener);
    OK(tenantseal_session_split(halves, &session_sender, &session_receiver));
    OK(tenantseal_session_free(halves));
    OK(tenantseal_endpoint_initiate(endpoint, peer, &initiator));
    void *all[TYPES] = {keyring, tenant, field, index, mask, guard, callback, event, sender, crypt, vault,
                        tenant_vault, transaction, fields, rows, media, js_ticket, login_states, browser,
                        endpoint, peer, initiator, listener, session, session_sender, session_receiver};
    memcpy(objects, all, sizeof all);
}

static void release_objects(void **objects) {
    for (int type = 0; type < TYPES; type++) {
        OK(releases[type](objects[type]));
        STATUS(TENANTSEAL_ERROR_HANDLE, releases[type](objects[type]));
        cases++;
    }
}

/* What would use a session's nonces twice, and what is derived from it. */
static int is_of_session(const char *name) {
    return strcmp(name, "tenantseal_session_sender_seal") == 0 || strcmp(name, "tenantseal_session_receiver_open") == 0 ||
           strcmp(name, "tenantseal_initiator_receive") == 0 || strcmp(name, "tenantseal_peer_set_resumption") == 0 ||
           strcmp(name, "tenantseal_session_export") == 0;
}

/* In a child: what needs the parent's threads is refused, and what is of a session; everything else goes on. */
static void after_fork(void) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        size_t before = cases;
        for (int n = 0; n < FUNCTIONS; n++) {
            const struct function *function = &functions[n];
            if (strstr(function->name, "_free") != NULL || strstr(function->name, "keyring_create") != NULL) {
                continue;
            }
            prepare(function);
            tenantseal_status status = run(function, -1, "after a fork");
            size_t type = function->arguments[0].detail;
            int refused = is_of_session(function->name);
            refused |= function->count > 0 && function->arguments[0].kind == HANDLE &&
                           (type == T_tenantseal_vault || type == T_tenantseal_tenant_vault || type == T_tenantseal_transaction);
            if (refused && status != TENANTSEAL_ERROR_FORKED &&
                /* `x` is no `table.column`, which is seen before the database is asked. */
                !(status == TENANTSEAL_ERROR_UNKNOWN_FIELD && strstr(function->name, "_find") != NULL)) {
                fail(function, -1, "after a fork", status, "FORKED was expected");
            }
            if (!refused && status == TENANTSEAL_ERROR_FORKED) {
                fail(function, -1, "after a fork", status, "FORKED was not expected");
            }
        }
        for (int type = 0; type < TYPES; type++) {
            OK(releases[type](live[type]));
            STATUS(TENANTSEAL_ERROR_HANDLE, releases[type](live[type]));
        }
        _exit(cases - before >= 100 ? 0 : 2);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    cases += FUNCTIONS;
}

/* `abuse FOLDER [only-fork|no-fork]`: in a child the threads of vaults are missing, and a leak check takes that for leaks. */
int main(int argc, char **argv) {
    CHECK(argc > 1 && chdir(argv[1]) == 0);
    const char *part = argc > 2 ? argv[2] : "all";
    make_objects(stale, "stale.db");
    release_objects(stale);
    make_objects(live, "live.db");
    if (strcmp(part, "no-fork") != 0) {
        after_fork();
    }
    for (int n = 0; n < FUNCTIONS && strcmp(part, "only-fork") != 0; n++) {
        abuse(&functions[n]);
    }
    release_objects(live);
    usleep(300000);
    printf("abuse: %zu cases over %d functions (handles %zu, inputs %zu, buffers %zu, other outputs %zu)\n", cases,
           FUNCTIONS, by_abuse[HANDLE], by_abuse[IN] + by_abuse[IN_ARRAY] + by_abuse[IN_HANDLES] + by_abuse[COUNT], by_abuse[OUT],
           by_abuse[OUT_LEN] + by_abuse[OUT_ITEMS] + by_abuse[OUT_NUMBER] + by_abuse[OUT_DETAIL] + by_abuse[OUT_HANDLE]);
    if ((cases < 20000 && strcmp(part, "only-fork") != 0) || FUNCTIONS < 200) {
        fprintf(stderr, "abuse: there were more cases before\n");
        return 1;
    }
    return 0;
}
