/*
 * Pauses at places where another process looks for the secrets in this one's memory: scripts/ctgrind.sh. The secrets are
 * computed byte by byte, are wiped here as soon as the library has them, and stand nowhere in the program.
 */
#include "check.h"

enum { KEK_SECRET = 1, VALUE_SECRET = 2, LEN = 32 };

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
    OK(tenantseal_field_free(field));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keys));
    reached("freed");
    scrub();
    reached("scrubbed");
    return 0;
}
