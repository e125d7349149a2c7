/* From a WeCom callback to a sealed, searchable contact, in C: an SQLite file, two tenants, and what attackers try.
 *
 * `make demo-c` runs it: demo FOLDER POLICY. Every step says what it expects and what it got; the exit code is 1 if one
 * differs. The network is left out: query strings and bodies are handed over as an HTTP server would.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenantseal.h>

/* Texts as pointer and length, and buffers as pointer, capacity and length. */
#define TEXT(text) (const uint8_t *)(text), strlen(text)
#define BYTES(buffer) (buffer).bytes, (buffer).length
#define INTO(buffer) (buffer).bytes, sizeof (buffer).bytes - 1, &(buffer).length

typedef struct {
    uint8_t bytes[8192];
    size_t length;
} buffer;

/* The official documented sample, developer.work.weixin.qq.com/document/path/90968. */
static const char OFFICIAL_TOKEN[] = "QDG6eK";
static const char OFFICIAL_KEY[] = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
static const char OFFICIAL_CORP[] = "wx5823bf96d3bd56c7";
static const char OFFICIAL_GET[] =
    "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780"
    "&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D";
static const uint64_t OFFICIAL_GET_TIME = 1409659589;
static const char OFFICIAL_POST[] =
    "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149";
static const uint64_t OFFICIAL_POST_TIME = 1409659813;
static const char OFFICIAL_BODY[] =
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA["
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu"
    "JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG"
    "c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9"
    "EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0"
    "lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>";

/* A client of this provider: its id, its CorpID, the credentials of its callback; and what is made of them. */
struct client {
    const char *id, *corp, *token, *key;
    tenantseal_callback *callback;
    tenantseal_sender *sender;
    tenantseal_tenant_vault *rows;
};

static struct client acme = {.id = "t-1001",
                             .corp = "ww1000000000000001",
                             .token = "zTokenOfAcme",
                             .key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"};
static struct client other = {.id = "t-2002",
                              .corp = "ww2000000000000002",
                              .token = "aTokenOfOther",
                              .key = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"};

/* When the demo takes place. */
static const uint64_t NOW = 1750000000;

static tenantseal_keyring *keyring;
static tenantseal_vault *vault;
static int failed;

/* The table. */

static void heading(const char *text) { printf("\n%s\n", text); }

static void step(const char *name, const char *expected, const char *got) {
    if (strcmp(expected, got) == 0) {
        printf("  ok  %s: %s\n", name, got);
    } else {
        failed++;
        printf("  !!  %s: expected %s, got %s\n", name, expected, got);
    }
}

static void step_number(const char *name, long expected, long got) {
    char left[24], right[24];
    snprintf(left, sizeof left, "%ld", expected);
    snprintf(right, sizeof right, "%ld", got);
    step(name, left, right);
}

/* Ends the demo where a call that must work does not. */
static void must(tenantseal_status status, const char *what) {
    if (status != TENANTSEAL_OK) {
        printf("\nthe demo broke off: %s: %s\n", what, tenantseal_status_message(status));
        exit(1);
    }
}

static const char *as_text(buffer *buffer) {
    buffer->bytes[buffer->length] = 0;
    return (const char *)buffer->bytes;
}

/* The service: what a provider writes. */

/* Acts on a fresh event and settles it: a create_user event becomes a sealed contact, other messages get a reply. */
static int handle(const tenantseal_event *event, buffer *answer) {
    static const char *const columns[][2] = {{"userid", "UserID"}, {"department", "Department"}, {"name", "Name"},
                                             {"email", "Email"},   {"mobile", "Mobile"}};
    buffer kind, receive_id, id, text, reply;
    tenantseal_tenant *tenant;
    tenantseal_tenant_vault *rows;
    tenantseal_fields *fields;
    int64_t row;
    answer->length = 0;
    if (tenantseal_event_child(event, TEXT("ChangeType"), INTO(kind)) == TENANTSEAL_OK &&
        strcmp(as_text(&kind), "create_user") == 0) {
        /* The CorpID is an alias; the receiveid was authenticated. */
        must(tenantseal_event_receive_id(event, INTO(receive_id)), "receive_id");
        must(tenantseal_keyring_tenant_by_alias(keyring, BYTES(receive_id), &tenant), "tenant_by_alias");
        must(tenantseal_tenant_id(tenant, INTO(id)), "id");
        must(tenantseal_vault_tenant(vault, BYTES(id), &rows), "vault_tenant");
        must(tenantseal_fields_new(&fields), "fields");
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
            if (tenantseal_event_child(event, TEXT(columns[i][1]), INTO(text)) == TENANTSEAL_OK) {
                must(tenantseal_fields_set_text(fields, TEXT(columns[i][0]), BYTES(text)), "set_text");
            }
        }
        tenantseal_status inserted = tenantseal_tenant_vault_insert(rows, TEXT("member"), fields, &row);
        must(tenantseal_fields_free(fields), "free");
        must(tenantseal_tenant_vault_free(rows), "free");
        must(tenantseal_tenant_free(tenant), "free");
        if (inserted != TENANTSEAL_OK) {
            return 500;
        }
    } else {
        must(tenantseal_event_child(event, TEXT("Content"), INTO(text)), "Content");
        reply.length = (size_t)snprintf((char *)reply.bytes, sizeof reply.bytes,
                                        "<xml><MsgType>text</MsgType><Content>%.2000s!</Content></xml>", as_text(&text));
        if (tenantseal_event_reply(event, BYTES(reply), TENANTSEAL_REPLY_SAME, INTO(*answer)) != TENANTSEAL_OK) {
            return 500;
        }
    }
    return tenantseal_event_done(event) == TENANTSEAL_OK ? 200 : 500;
}

/* `POST`: an event. One answer for every reason to refuse. */
static int post(const tenantseal_callback *callback, const buffer *query, const buffer *body, buffer *answer) {
    tenantseal_event *event;
    int32_t claim;
    answer->length = 0;
    tenantseal_status status = tenantseal_callback_open(callback, query->bytes, query->length, body->bytes,
                                                        body->length, &event);
    if (status != TENANTSEAL_OK) {
        return status == TENANTSEAL_ERROR_GUARD_FULL ? 503 : 403;
    }
    must(tenantseal_event_claim(event, &claim), "claim");
    int code = claim == TENANTSEAL_CLAIM_FRESH ? handle(event, answer) : claim == TENANTSEAL_CLAIM_DONE ? 200 : 503;
    must(tenantseal_event_free(event), "free");
    return code;
}

/* `GET`: the console saves the URL. */
static int check_url(const tenantseal_callback *callback, const buffer *query, buffer *answer) {
    return tenantseal_callback_verify_url(callback, query->bytes, query->length, INTO(*answer)) == TENANTSEAL_OK ? 200
                                                                                                                : 403;
}

/* The other side. */

static void create_user(const struct client *client, const char *user, const char *name, const char *mobile,
                        uint64_t time, buffer *message) {
    message->length = (size_t)snprintf(
        (char *)message->bytes, sizeof message->bytes,
        "<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        "<CreateTime>%llu</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
        "<ChangeType>create_user</ChangeType><UserID><![CDATA[%s]]></UserID><Name><![CDATA[%s]]></Name>"
        "<Department><![CDATA[1,2,3]]></Department><Mobile>%s</Mobile><Email><![CDATA[%s@example.com]]></Email></xml>",
        client->corp, (unsigned long long)time, user, name, mobile, user);
}

static void send_as_wecom(const struct client *client, const buffer *message, uint64_t time, const char *nonce, buffer *query,
                          buffer *body) {
    must(tenantseal_sender_post(client->sender, message->bytes, message->length, time, TEXT(nonce), INTO(*query),
                                INTO(*body)),
         "post");
}

static size_t members(const struct client *client) {
    tenantseal_rows *rows;
    size_t count;
    must(tenantseal_tenant_vault_list_masked(client->rows, TEXT("member"), 0, 1000, &rows), "list_masked");
    must(tenantseal_rows_count(rows, &count), "count");
    must(tenantseal_rows_free(rows), "free");
    return count;
}

/* What a lookup by mobile finds: the names, with a space after each. */
static const char *find(const struct client *client, const char *mobile) {
    static char names[1024];
    tenantseal_rows *rows;
    size_t count;
    buffer name;
    must(tenantseal_tenant_vault_find(client->rows, TEXT("member.mobile"), TEXT("exact"), TEXT(mobile), &rows), "find");
    must(tenantseal_rows_count(rows, &count), "count");
    snprintf(names, sizeof names, "%zu:", count);
    for (size_t i = 0; i < count; i++) {
        must(tenantseal_rows_value(rows, i, TEXT("name"), INTO(name)), "value");
        strncat(names, " ", sizeof names - strlen(names) - 1);
        strncat(names, as_text(&name), sizeof names - strlen(names) - 1);
    }
    must(tenantseal_rows_free(rows), "free");
    return names;
}

/* Whether a text stands in one of the database's files. */
static int stands_in_clear(const char *folder, const char *text) {
    int found = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = strncmp(entry->d_name, "contacts.db", 11) == 0 ? fopen(path, "rb") : NULL;
        if (file == NULL) {
            continue;
        }
        size_t matched = 0;
        for (int byte; (byte = fgetc(file)) != EOF && !found;) {
            matched = byte == (uint8_t)text[matched] ? matched + 1 : byte == (uint8_t)text[0] ? 1 : 0;
            found = text[matched] == 0;
        }
        fclose(file);
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return found;
}

/* The steps. */

static void official_sample(void) {
    tenantseal_callback *callback;
    tenantseal_sender *sender;
    buffer query = {.length = sizeof OFFICIAL_GET - 1}, body = {.length = sizeof OFFICIAL_BODY - 1}, answer, said;
    heading("(a) the official documented sample, at its own time");
    must(tenantseal_callback_company_app(TEXT(OFFICIAL_TOKEN), TEXT(OFFICIAL_KEY), TEXT(OFFICIAL_CORP), &callback), "app");
    must(tenantseal_sender_new(TEXT(OFFICIAL_TOKEN), TEXT(OFFICIAL_KEY), TEXT(OFFICIAL_CORP), &sender), "sender");
    memcpy(query.bytes, OFFICIAL_GET, query.length);
    must(tenantseal_callback_set_fixed_time(callback, OFFICIAL_GET_TIME * 1000), "time");
    step_number("GET: the URL check", 200, check_url(callback, &query, &answer));
    step("GET: the echo is answered as it is", "1616140317555161061", as_text(&answer));

    query.length = sizeof OFFICIAL_POST - 1;
    memcpy(query.bytes, OFFICIAL_POST, query.length);
    memcpy(body.bytes, OFFICIAL_BODY, body.length);
    must(tenantseal_callback_set_fixed_time(callback, OFFICIAL_POST_TIME * 1000), "time");
    step_number("POST: the text message is received", 200, post(callback, &query, &body, &answer));
    must(tenantseal_sender_open_reply(sender, BYTES(answer), INTO(said)), "open_reply");
    step("POST: its text, as the reply repeats it, opened as Tencent would",
         "<xml><MsgType>text</MsgType><Content>hello!</Content></xml>", as_text(&said));
    must(tenantseal_sender_free(sender), "free");
    must(tenantseal_callback_free(callback), "free");
}

static void contacts(const char *folder) {
    buffer message, query, body, answer, text;
    heading("(b, c) create_user events of two tenants become sealed contacts");
    create_user(&acme, "zhangsan", "张三", "13800138000", NOW, &message);
    send_as_wecom(&acme, &message, NOW, "1372623149", &query, &body);
    step_number("t-1001: 张三 is received", 200, post(acme.callback, &query, &body, &answer));
    create_user(&other, "lisi", "李四", "13900139000", NOW, &message);
    send_as_wecom(&other, &message, NOW, "1372623149", &query, &body);
    step_number("t-2002: 李四 is received", 200, post(other.callback, &query, &body, &answer));
    step_number("the plain user id stands in the files (the search works)", 1, stands_in_clear(folder, "zhangsan"));
    step_number("the mobile number does not", 0, stands_in_clear(folder, "13800138000"));
    step_number("the name does not", 0, stands_in_clear(folder, "张三"));
    step_number("the mask does not", 0, stands_in_clear(folder, "138****8000"));

    tenantseal_rows *rows;
    must(tenantseal_tenant_vault_list_masked(acme.rows, TEXT("member"), 0, 10, &rows), "list_masked");
    must(tenantseal_rows_value(rows, 0, TEXT("name"), INTO(text)), "value");
    step("the masked listing shows of the name", "****", as_text(&text));
    must(tenantseal_rows_value(rows, 0, TEXT("mobile"), INTO(text)), "value");
    step("and of the mobile number", "138****8000", as_text(&text));
    must(tenantseal_rows_free(rows), "free");

    step("lookup by +86 138 0013 8000 finds", "1: 张三", find(&acme, "+86 138 0013 8000"));
    step("the same lookup by the other tenant finds", "0:", find(&other, "+86 138 0013 8000"));
    must(tenantseal_tenant_vault_get(other.rows, TEXT("member"), 1, &rows), "get");
    size_t count;
    must(tenantseal_rows_count(rows, &count), "count");
    must(tenantseal_rows_free(rows), "free");
    step_number("the other tenant reads the row by its id", 0, (long)count);
}

static void cells(void) {
    buffer cell, text;
    tenantseal_tenant *tenant, *thief;
    tenantseal_field *field, *theirs;
    heading("a cell of one tenant, field and row opens nowhere else");
    must(tenantseal_keyring_tenant(keyring, TEXT("t-1001"), &tenant), "tenant");
    must(tenantseal_keyring_tenant(keyring, TEXT("t-2002"), &thief), "tenant");
    must(tenantseal_tenant_field(tenant, TEXT("member.mobile"), &field), "field");
    must(tenantseal_tenant_field(thief, TEXT("member.mobile"), &theirs), "field");
    must(tenantseal_field_seal_i64(field, 42, TEXT("13800138000"), INTO(cell)), "seal");
    must(tenantseal_field_open_i64(field, 42, BYTES(cell), INTO(text)), "open");
    step("opened in its place", "13800138000", as_text(&text));
    step("in another row", "OPEN",
         tenantseal_status_name(tenantseal_field_open_i64(field, 43, BYTES(cell), INTO(text))));
    step("by the other tenant", "UNKNOWN_KEY",
         tenantseal_status_name(tenantseal_field_open_i64(theirs, 42, BYTES(cell), INTO(text))));
    int opened = 0;
    for (size_t bit = 0; bit < cell.length * 8; bit++) {
        cell.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        opened += tenantseal_field_open_i64(field, 42, BYTES(cell), INTO(text)) == TENANTSEAL_OK;
        cell.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    step_number("with one of its bits changed, each in turn", 0, opened);
    must(tenantseal_field_free(field), "free");
    must(tenantseal_field_free(theirs), "free");
    must(tenantseal_tenant_free(tenant), "free");
    must(tenantseal_tenant_free(thief), "free");
}

static void attacks(void) {
    buffer message, query, body, answer, cause;
    int32_t code;
    heading("(d) refused, with one answer for every reason");
    size_t before = members(&acme);
    create_user(&acme, "wangwu", "王五", "13700137000", NOW, &message);
    send_as_wecom(&acme, &message, NOW, "1750000007", &query, &body);
    uint8_t *digit = &body.bytes[body.length - 100], genuine = *digit;
    *digit = genuine == 'A' ? 'B' : 'A';
    step_number("a tampered body", 403, post(acme.callback, &query, &body, &answer));
    must(tenantseal_callback_diagnose(acme.callback, BYTES(query), BYTES(body), &code, INTO(cause)), "diagnose");
    step_number("  (what the operator's log says)", -40001, code);
    *digit = genuine;
    step_number("one tenant's message sent to the other", 403, post(other.callback, &query, &body, &answer));
    must(tenantseal_callback_set_fixed_time(acme.callback, (NOW + 301) * 1000), "time");
    step_number("a message that is 301 seconds old", 403, post(acme.callback, &query, &body, &answer));
    must(tenantseal_callback_set_fixed_time(acme.callback, NOW * 1000), "time");

    /* Our own reply, sent back to us. */
    buffer reply = {.length = 0}, signature, time, nonce;
    message.length = (size_t)snprintf((char *)message.bytes, sizeof message.bytes,
                                      "<xml><CreateTime>%llu</CreateTime><MsgId>77</MsgId><Content>hi</Content></xml>",
                                      (unsigned long long)NOW);
    send_as_wecom(&acme, &message, NOW, "n2", &query, &body);
    step_number("  (a passive reply is sent)", 200, post(acme.callback, &query, &body, &reply));
    const char *parts[] = {"<MsgSignature><![CDATA[", "<TimeStamp>", "<Nonce><![CDATA["};
    buffer *found[] = {&signature, &time, &nonce};
    for (int i = 0; i < 3; i++) {
        const char *start = strstr(as_text(&reply), parts[i]) + strlen(parts[i]);
        found[i]->length = strcspn(start, "]<");
        memcpy(found[i]->bytes, start, found[i]->length);
    }
    query.length = (size_t)snprintf((char *)query.bytes, sizeof query.bytes,
                                    "msg_signature=%.64s&timestamp=%.16s&nonce=%.64s", as_text(&signature),
                                    as_text(&time), as_text(&nonce));
    step_number("our own reply, reflected", 403, post(acme.callback, &query, &reply, &answer));
    step_number("contacts that the attacks added", 0, (long)(members(&acme) - before));
}

static void replays(void) {
    buffer message, query, body, answer;
    heading("(d) recognised: nothing is processed twice");
    size_t before = members(&acme);
    create_user(&acme, "sunqi", "孙七", "13500135000", NOW, &message);
    send_as_wecom(&acme, &message, NOW, "1111111111", &query, &body);
    step_number("an event", 200, post(acme.callback, &query, &body, &answer));
    step_number("the same, byte for byte", 200, post(acme.callback, &query, &body, &answer));
    send_as_wecom(&acme, &message, NOW + 5, "2222222222", &query, &body);
    step_number("a retry, encrypted again", 200, post(acme.callback, &query, &body, &answer));
    step_number("contacts that were added", 1, (long)(members(&acme) - before));
}

static void set_up(const char *folder, const char *policy_path) {
    static uint8_t policy[1 << 16];
    uint8_t kek[TENANTSEAL_KEK_LEN];
    char path[4096];
    FILE *file = fopen("/dev/urandom", "rb");
    must(file != NULL && fread(kek, sizeof kek, 1, file) == 1 ? TENANTSEAL_OK : TENANTSEAL_ERROR_RANDOM, "a key");
    fclose(file);
    file = fopen(policy_path, "rb");
    must(file != NULL ? TENANTSEAL_OK : TENANTSEAL_ERROR_IO, policy_path);
    size_t policy_length = fread(policy, 1, sizeof policy, file);
    fclose(file);

    must(tenantseal_keyring_from_kek(kek, sizeof kek, &keyring), "keyring");
    must(tenantseal_keyring_install_policy(keyring, policy, policy_length), "policy");
    snprintf(path, sizeof path, "%s/contacts.db", folder);
    must(tenantseal_vault_open(TEXT(path), keyring, &vault), "vault");
    tenantseal_guard *guard;
    must(tenantseal_guard_in_memory(1000000, &guard), "guard");
    struct client *const clients[] = {&acme, &other};
    for (int i = 0; i < 2; i++) {
        struct client *client = clients[i];
        tenantseal_tenant *tenant;
        must(tenantseal_keyring_create_tenant(keyring, TEXT(client->id), &tenant), "create_tenant");
        must(tenantseal_tenant_free(tenant), "free");
        must(tenantseal_keyring_add_alias(keyring, TEXT(client->corp), TEXT(client->id)), "add_alias");
        must(tenantseal_callback_company_app(TEXT(client->token), TEXT(client->key), TEXT(client->corp),
                                             &client->callback),
             "callback");
        must(tenantseal_callback_set_guard(client->callback, guard, TEXT(client->id)), "guard");
        must(tenantseal_callback_set_fixed_time(client->callback, NOW * 1000), "time");
        must(tenantseal_sender_new(TEXT(client->token), TEXT(client->key), TEXT(client->corp), &client->sender),
             "sender");
        must(tenantseal_vault_tenant(vault, TEXT(client->id), &client->rows), "rows");
    }
    must(tenantseal_guard_free(guard), "free");
}

static void tear_down(void) {
    struct client *const clients[] = {&acme, &other};
    for (int i = 0; i < 2; i++) {
        must(tenantseal_callback_free(clients[i]->callback), "free");
        must(tenantseal_sender_free(clients[i]->sender), "free");
        must(tenantseal_tenant_vault_free(clients[i]->rows), "free");
    }
    must(tenantseal_vault_free(vault), "free");
    must(tenantseal_keyring_free(keyring), "free");
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: demo FOLDER POLICY\n");
        return 2;
    }
    printf("tenantseal %s, ABI %u\n", tenantseal_version(), tenantseal_abi_version());
    set_up(argv[1], argv[2]);
    official_sample();
    contacts(argv[1]);
    cells();
    attacks();
    replays();
    tear_down();
    if (failed > 0) {
        printf("\n%d steps differ\n", failed);
    }
    return failed > 0;
}
