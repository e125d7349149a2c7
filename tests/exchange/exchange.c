/* Seals a cell and a row, and opens those of every language that was here before. Usage: exchange FOLDER PLACE */

#include <dirent.h>

#include "exchange.h"

int main(int argc, char **argv)
{
    char path[4096], text[300], number[300];
    uint8_t cell[512], value[512];
    size_t len, cell_len;
    if (argc != 3)
        return 2;
    const char *folder = argv[1], *place = argv[2];

    tenantseal_keyring *keys;
    tenantseal_tenant *tenant;
    tenantseal_field *name;
    snprintf(path, sizeof path, "%s/keys.ts", folder);
    check(tenantseal_keyring_open(BYTES(path), BYTES("correct horse battery"), &keys), "key file");
    check(tenantseal_keyring_tenant(keys, BYTES("t-1001"), &tenant), "tenant");
    check(tenantseal_tenant_field(tenant, BYTES("member.name"), &name), "field");
    snprintf(text, sizeof text, "from %s", place);
    check(tenantseal_field_seal_text_i64(name, atoll(place), BYTES(text), cell, sizeof cell, &len), "seal");
    snprintf(path, sizeof path, "%s/%s.cell", folder, place);
    FILE *file = fopen(path, "wb");
    must(file && fwrite(cell, 1, len, file) == len && fclose(file) == 0, path);

    tenantseal_vault *vault;
    tenantseal_tenant_vault *rows;
    tenantseal_fields *fields;
    int64_t id;
    snprintf(path, sizeof path, "%s/vault.db", folder);
    check(tenantseal_vault_open(BYTES(path), keys, &vault), "vault");
    check(tenantseal_vault_tenant(vault, BYTES("t-1001"), &rows), "rows");
    check(tenantseal_fields_new(&fields), "fields");
    snprintf(number, sizeof number, "1380013800%s", place);
    check(tenantseal_fields_set_text(fields, BYTES("mobile"), BYTES(number)), "mobile");
    check(tenantseal_fields_set_text(fields, BYTES("name"), BYTES(text)), "name");
    check(tenantseal_tenant_vault_insert(rows, BYTES("member"), fields, &id), "insert");

    int opened = 0;
    DIR *directory = opendir(folder);
    must(directory != NULL, folder);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char *end = strstr(entry->d_name, ".cell");
        if (!end)
            continue;
        *end = '\0';
        const char *other = entry->d_name;
        snprintf(path, sizeof path, "%s/%s.cell", folder, other);
        snprintf(text, sizeof text, "from %s", other);
        file = fopen(path, "rb");
        must(file != NULL, path);
        cell_len = fread(cell, 1, sizeof cell, file);
        fclose(file);
        check(tenantseal_field_open_i64(name, atoll(other), cell, cell_len, value, sizeof value, &len), other);
        must(len == strlen(text) && memcmp(value, text, len) == 0, other);

        tenantseal_rows *found;
        size_t count;
        snprintf(number, sizeof number, "+86 1380013800%s", other);
        check(tenantseal_tenant_vault_find(rows, BYTES("member.mobile"), BYTES("exact"), BYTES(number), &found), other);
        check(tenantseal_rows_count(found, &count), other);
        must(count > 0, other);
        for (size_t row = 0; row < count; row++) {
            check(tenantseal_rows_value(found, row, BYTES("name"), value, sizeof value, &len), other);
            must(len == strlen(text) && memcmp(value, text, len) == 0, other);
        }
        check(tenantseal_rows_free(found), "free");
        opened++;
    }
    closedir(directory);
    check(tenantseal_fields_free(fields), "free");
    check(tenantseal_tenant_vault_free(rows), "free");
    check(tenantseal_vault_free(vault), "free");
    check(tenantseal_field_free(name), "free");
    check(tenantseal_tenant_free(tenant), "free");
    check(tenantseal_keyring_free(keys), "free");
    printf("c opened %d\n", opened);
    return 0;
}
