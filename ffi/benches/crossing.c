/*
 * What a call from C costs, beside OpenSSL's AES-GCM and WeCom's algorithm written in C with OpenSSL. Everything runs in turn,
 * several rounds, in this one process; the table has the median of each row and its ratio to its peer.
 */

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tenantseal.h"

#define BYTES(text) (const uint8_t *)(text), strlen(text)
#define TOKEN "QDG6eK"
#define KEY "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
#define CORP "wx5823bf96d3bd56c7"
#define TIME "1409659813"
#define NONCE "1372623149"
#define VALUE "13800138000"
#define VALUE_LEN 11
#define MANY 10000
#define ROUNDS 15

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "crossing: %s\n", what);
        exit(1);
    }
}

static tenantseal_field *field;
static tenantseal_index *blind_index;
static tenantseal_callback *callback;
static tenantseal_biz_msg_crypt *crypt_;
static uint8_t key[32], cell[128], body[4096], query[512], many[MANY * VALUE_LEN], cells[MANY * (VALUE_LEN + 64)];
static uint8_t many_out[MANY * (VALUE_LEN + 64)], gcm_out[64];
static size_t cell_len, body_len, query_len, cells_len;
static int64_t rows[MANY];
static uint64_t ends[MANY + 1], cell_ends[MANY + 1], out_ends[MANY + 1];
static char signature[41];

static void gcm_seal(void)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;
    RAND_bytes(gcm_out, 12);
    EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, gcm_out);
    EVP_EncryptUpdate(context, NULL, &len, (const uint8_t *)"42", 2);
    EVP_EncryptUpdate(context, gcm_out + 12, &len, (const uint8_t *)VALUE, VALUE_LEN);
    EVP_EncryptFinal_ex(context, gcm_out + 12 + len, &len);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, gcm_out + 12 + VALUE_LEN);
    EVP_CIPHER_CTX_free(context);
}

static void gcm_open(void)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t out[64];
    int len;
    EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, gcm_out);
    EVP_DecryptUpdate(context, NULL, &len, (const uint8_t *)"42", 2);
    EVP_DecryptUpdate(context, out, &len, gcm_out + 12, VALUE_LEN);
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, 16, gcm_out + 12 + VALUE_LEN);
    must(EVP_DecryptFinal_ex(context, out + len, &len) == 1, "gcm");
    EVP_CIPHER_CTX_free(context);
}

static void gcm_many(void)
{
    for (int n = 0; n < MANY; n++)
        gcm_seal();
}

static void seal(void)
{
    must(tenantseal_field_seal_i64(field, 42, BYTES(VALUE), cell, sizeof cell, &cell_len) == 0, "seal");
}

static void open_one(void)
{
    uint8_t out[64];
    size_t len;
    must(tenantseal_field_open_i64(field, 42, cell, cell_len, out, sizeof out, &len) == 0, "open");
}

static void seal_many(void)
{
    size_t position;
    must(tenantseal_field_seal_many_i64(field, rows, MANY, many, sizeof many, ends, cells, sizeof cells, &cells_len,
                                        cell_ends, &position) == 0, "seal_many");
}

static void open_many(void)
{
    size_t len, position;
    must(tenantseal_field_open_many_i64(field, rows, MANY, cells, cells_len, cell_ends, many_out, sizeof many_out, &len,
                                        out_ends, &position) == 0, "open_many");
}

static void token(void)
{
    int64_t out;
    must(tenantseal_index_token(blind_index, BYTES(VALUE), &out) == 0, "token");
}

static void version(void)
{
    must(tenantseal_abi_version() == TENANTSEAL_ABI_VERSION, "version");
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The published algorithm: sort, SHA-1, base64, AES-CBC, cut. None of our checks but the receiveid. */
static void published(void)
{
    char text[4096], joined[4096] = "";
    uint8_t digest[20], aes[64], raw[4096], plain[4096];
    char hex[41];
    char *start = strstr((char *)memcpy(text, body, body_len), "<Encrypt><![CDATA[") + 18;
    *strstr(start, "]]") = '\0';
    const char *parts[] = {TOKEN, TIME, NONCE, start};
    qsort(parts, 4, sizeof *parts, by_bytes);
    for (int n = 0; n < 4; n++)
        strcat(joined, parts[n]);
    SHA1((uint8_t *)joined, strlen(joined), digest);
    for (int n = 0; n < 20; n++)
        sprintf(hex + 2 * n, "%02x", digest[n]);
    must(strcmp(hex, signature) == 0, "signature");
    EVP_DecodeBlock(aes, (const uint8_t *)KEY "=", 44);
    int len = EVP_DecodeBlock(raw, (uint8_t *)start, (int)strlen(start)), out;
    len -= start[strlen(start) - 1] == '=' ? start[strlen(start) - 2] == '=' ? 2 : 1 : 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    EVP_DecryptInit_ex(context, EVP_aes_256_cbc(), NULL, aes, aes);
    EVP_CIPHER_CTX_set_padding(context, 0);
    EVP_DecryptUpdate(context, plain, &out, raw, len);
    EVP_CIPHER_CTX_free(context);
    size_t message = (size_t)plain[16] << 24 | (size_t)plain[17] << 16 | (size_t)plain[18] << 8 | plain[19];
    must(memcmp(plain + 20 + message, CORP, strlen(CORP)) == 0, "receiveid");
}

static void decrypt_msg(void)
{
    uint8_t out[4096];
    size_t len;
    must(tenantseal_biz_msg_crypt_decrypt_msg(crypt_, body, body_len, BYTES(signature), BYTES(TIME), BYTES(NONCE), out,
                                              sizeof out, &len) == 0, "decrypt_msg");
}

static void callback_open(void)
{
    tenantseal_event *event;
    uint8_t out[4096];
    size_t len;
    must(tenantseal_callback_open(callback, query, query_len, body, body_len, &event) == 0, "callback");
    must(tenantseal_event_message(event, out, sizeof out, &len) == 0, "message");
    must(tenantseal_event_free(event) == 0, "free");
}

static struct {
    const char *name;
    int count, peer;
    void (*call)(void);
    double times[ROUNDS];
} table[] = {
    {"OpenSSL AES-256-GCM seal, random nonce", 1, -1, gcm_seal, {0}},
    {"tenantseal_field_seal_i64", 1, 0, seal, {0}},
    {"OpenSSL AES-256-GCM open", 1, -1, gcm_open, {0}},
    {"tenantseal_field_open_i64", 1, 2, open_one, {0}},
    {"OpenSSL AES-256-GCM in a loop", MANY, -1, gcm_many, {0}},
    {"tenantseal_field_seal_many_i64", MANY, 4, seal_many, {0}},
    {"tenantseal_field_open_many_i64", MANY, 4, open_many, {0}},
    {"tenantseal_index_token", 1, -1, token, {0}},
    {"tenantseal_abi_version, nothing inside", 1, -1, version, {0}},
    {"the published algorithm in C with OpenSSL", 1, -1, published, {0}},
    {"tenantseal_biz_msg_crypt_decrypt_msg", 1, 9, decrypt_msg, {0}},
    {"tenantseal_callback_open and message", 1, 9, callback_open, {0}},
};

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
    static uint8_t policy[1 << 16];
    must(argc == 2, "usage: crossing POLICY");
    FILE *file = fopen(argv[1], "rb");
    must(file != NULL, argv[1]);
    size_t policy_len = fread(policy, 1, sizeof policy, file);
    fclose(file);

    tenantseal_keyring *keys;
    tenantseal_tenant *tenant;
    tenantseal_sender *sender;
    RAND_bytes(key, sizeof key);
    must(tenantseal_keyring_from_kek(key, sizeof key, &keys) == 0, "keyring");
    must(tenantseal_keyring_install_policy(keys, policy, policy_len) == 0, "policy");
    must(tenantseal_keyring_create_tenant(keys, BYTES("t-1001"), &tenant) == 0, "tenant");
    must(tenantseal_tenant_field(tenant, BYTES("member.mobile"), &field) == 0, "field");
    must(tenantseal_field_index(field, BYTES("exact"), &blind_index) == 0, "index");
    must(tenantseal_sender_new(BYTES(TOKEN), BYTES(KEY), BYTES(CORP), &sender) == 0, "sender");
    char text[512] = "<xml><CreateTime>" TIME "</CreateTime><MsgId>1</MsgId><Content>";
    memset(text + strlen(text), 'h', 180);
    strcat(text, "</Content></xml>");
    must(tenantseal_sender_post(sender, BYTES(text), 1409659813, BYTES(NONCE), query, sizeof query, &query_len, body,
                                sizeof body, &body_len) == 0, "post");
    memcpy(signature, query + 14, 40);
    must(tenantseal_callback_company_app(BYTES(TOKEN), BYTES(KEY), BYTES(CORP), &callback) == 0, "callback");
    must(tenantseal_callback_set_fixed_time(callback, 1409659813000) == 0, "time");
    must(tenantseal_callback_remove_guard(callback) == 0, "guard");
    must(tenantseal_biz_msg_crypt_new(BYTES(TOKEN), BYTES(KEY), BYTES(CORP), &crypt_) == 0, "crypt");
    for (size_t n = 0; n < MANY; n++) {
        rows[n] = (int64_t)n;
        memcpy(many + n * VALUE_LEN, VALUE, VALUE_LEN);
        ends[n + 1] = (n + 1) * VALUE_LEN;
    }

    size_t lines = sizeof table / sizeof *table;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t line = 0; line < lines; line++) {
            int repeat = table[line].count > 1 ? 1 : 20000;
            double start = now();
            for (int turn = 0; turn < repeat; turn++)
                table[line].call();
            table[line].times[round] = (now() - start) / repeat / table[line].count;
        }
    }
    for (size_t line = 0; line < lines; line++)
        qsort(table[line].times, ROUNDS, sizeof(double), by_value);
    printf("| call | ns per value | ratio to its peer |\n|---|---:|---:|\n");
    for (size_t line = 0; line < lines; line++) {
        double median = table[line].times[ROUNDS / 2];
        printf("| %s | %.0f | ", table[line].name, median);
        if (table[line].peer >= 0)
            printf("%.2f", median / table[table[line].peer].times[ROUNDS / 2]);
        printf(" |\n");
    }
    return 0;
}
