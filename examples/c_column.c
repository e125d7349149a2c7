#include <stdio.h>
#include <string.h>

#include <tenantseal.h>

static const char POLICY[] =
    "{\"tenantseal_policy\": 1, \"version\": 1, \"fields\": ["
    "{\"table\": \"member\", \"column\": \"mobile\", \"type\": \"text\", \"content\": \"mobile_cn\","
    " \"storage\": \"cell\", \"class\": [\"personal\"], \"bind\": \"row\","
    " \"indexes\": [{\"label\": \"exact\", \"kind\": \"exact\", \"normaliser\": \"mobile_cn/1\", \"bits\": 15}]}]}";

#define TRY(call)                                                                \
    do {                                                                         \
        tenantseal_status status = (call);                                       \
        if (status != TENANTSEAL_OK) {                                           \
            fprintf(stderr, "%s: %s\n", #call, tenantseal_status_message(status)); \
            return 1;                                                            \
        }                                                                        \
    } while (0)
#define TEXT(text) (const uint8_t *)(text), strlen(text)

int main(int argc, char **argv) {
    tenantseal_keyring *keys;
    tenantseal_tenant *acme;
    tenantseal_field *mobile;
    tenantseal_index *index;
    uint8_t sealed[256], opened[256];
    size_t sealed_len, opened_len, found;
    int64_t tokens[16];

    if (argc != 2) {
        return 2;
    }
    TRY(tenantseal_keyring_create(TEXT(argv[1]), TEXT("correct horse battery staple"), &keys));
    TRY(tenantseal_keyring_install_policy(keys, TEXT(POLICY)));
    TRY(tenantseal_keyring_create_tenant(keys, TEXT("t-1001"), &acme));
    TRY(tenantseal_tenant_field(acme, TEXT("member.mobile"), &mobile));
    TRY(tenantseal_field_index(mobile, TEXT("exact"), &index));

    /* For row 42: a BLOB, and the INTEGER that finds it. */
    TRY(tenantseal_field_seal_i64(mobile, 42, TEXT("13800138000"), sealed, sizeof sealed, &sealed_len));
    TRY(tenantseal_index_lookup(index, TEXT("+86 138 0013 8000"), tokens, 16, &found));
    TRY(tenantseal_field_open_i64(mobile, 42, sealed, sealed_len, opened, sizeof opened, &opened_len));
    printf("%.*s, %zu bytes sealed, %zu token to look for\n", (int)opened_len, opened, sealed_len, found);

    TRY(tenantseal_index_free(index));
    TRY(tenantseal_field_free(mobile));
    TRY(tenantseal_tenant_free(acme));
    TRY(tenantseal_keyring_free(keys));
    return 0;
}
