/* A panic inside becomes a status, and the process and its objects go on. For a library built with `panic-inject`. */
#include "check.h"

extern void tenantseal_inject_panic(void);

int main(void) {
    tenantseal_keyring *keyring, *none = NULL;
    tenantseal_tenant *tenant;
    tenantseal_field *field;
    uint8_t cell[128];
    size_t len = 99;
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keyring));
    OK(tenantseal_keyring_install_policy(keyring, TEXT(TEST_POLICY)));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-1"), &tenant));
    OK(tenantseal_tenant_field(tenant, TEXT("member.mobile"), &field));

    memset(cell, 0xa5, sizeof cell);
    tenantseal_inject_panic();
    STATUS(TENANTSEAL_ERROR_INTERNAL, tenantseal_field_seal_i64(field, 1, TEXT("1"), OUT(cell, len)));
    CHECK(len == 0 && cell[0] == 0xa5);
    OK(tenantseal_field_seal_i64(field, 1, TEXT("1"), OUT(cell, len)));

    none = keyring;
    tenantseal_inject_panic();
    STATUS(TENANTSEAL_ERROR_INTERNAL, tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &none));
    CHECK(none == NULL);
    tenantseal_inject_panic();
    STATUS(TENANTSEAL_ERROR_INTERNAL, tenantseal_keyring_reload(keyring));
    OK(tenantseal_keyring_reload(keyring));

    OK(tenantseal_field_free(field));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keyring));
    printf("panic: %zu checks\n", checks);
    return 0;
}
