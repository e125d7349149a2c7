/* Prefork servers: everything is made and used once, then children go on with it, also while other threads work. */
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { CHILDREN = 64, CELLS = 50, NONCE = 24, NONCE_AT = 24 };

static tenantseal_keyring *keyring;
static tenantseal_tenant *tenant;
static tenantseal_field *field;
static tenantseal_callback *callback;
static tenantseal_vault *vault;
static tenantseal_tenant_vault *rows;

static void make(const char *folder) {
    char path[4096];
    snprintf(path, sizeof path, "%s/fork.db", folder);
    OK(tenantseal_keyring_from_kek(TEST_KEK, sizeof TEST_KEK, &keyring));
    OK(tenantseal_keyring_install_policy(keyring, TEXT(TEST_POLICY)));
    OK(tenantseal_keyring_create_tenant(keyring, TEXT("t-1"), &tenant));
    OK(tenantseal_tenant_field(tenant, TEXT("member.mobile"), &field));
    OK(tenantseal_callback_company_app(TEXT(SAMPLE_TOKEN), TEXT(SAMPLE_KEY), TEXT(SAMPLE_CORP), &callback));
    OK(tenantseal_vault_open(TEXT(path), keyring, &vault));
    OK(tenantseal_vault_tenant(vault, TEXT("t-1"), &rows));
}

static void seal(uint8_t *nonce) {
    uint8_t cell[128];
    size_t len;
    OK(tenantseal_field_seal_i64(field, 1, TEXT("13800138000"), OUT(cell, len)));
    memcpy(nonce, cell + NONCE_AT, NONCE);
}

/* What a worker does: seals, opens, makes and releases objects of its own, answers a callback. */
static void work(int out, const char *folder) {
    uint8_t nonces[CELLS][NONCE], text[128];
    size_t len;
    for (int i = 0; i < CELLS; i++) {
        seal(nonces[i]);
    }
    tenantseal_tenant *another;
    OK(tenantseal_keyring_tenant(keyring, TEXT("t-1"), &another));
    OK(tenantseal_tenant_free(another));
    OK(tenantseal_callback_set_fixed_time(callback, SAMPLE_GET_TIME * 1000ull));
    OK(tenantseal_callback_verify_url(callback, TEXT(SAMPLE_GET), OUT(text, len)));

    tenantseal_tenant_vault *refused;
    tenantseal_rows *none;
    STATUS(TENANTSEAL_ERROR_FORKED, tenantseal_vault_tenant(vault, TEXT("t-1"), &refused));
    STATUS(TENANTSEAL_ERROR_FORKED, tenantseal_tenant_vault_get(rows, TEXT("member"), 1, &none));
    OK(tenantseal_tenant_vault_free(rows));
    OK(tenantseal_vault_free(vault));
    tenantseal_vault *own;
    char path[4096];
    snprintf(path, sizeof path, "%s/fork.db", folder);
    OK(tenantseal_vault_open(TEXT(path), keyring, &own));
    OK(tenantseal_vault_tenant(own, TEXT("t-1"), &rows));
    OK(tenantseal_tenant_vault_get(rows, TEXT("member"), 1, &none));
    OK(tenantseal_rows_free(none));
    OK(tenantseal_tenant_vault_free(rows));
    OK(tenantseal_vault_free(own));
    CHECK(write(out, nonces, sizeof nonces) == sizeof nonces);
}

static int by_bytes(const void *left, const void *right) { return memcmp(left, right, NONCE); }

static void children_draw_nonces_of_their_own(const char *folder) {
    static uint8_t nonces[CHILDREN * CELLS + 1][NONCE];
    int pipes[CHILDREN][2];
    seal(nonces[CHILDREN * CELLS]);
    for (int i = 0; i < CHILDREN; i++) {
        CHECK(pipe(pipes[i]) == 0);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            work(pipes[i][1], folder);
            _exit(0);
        }
        close(pipes[i][1]);
        /* Eight at a time, so that they do not wait for the database for too long. */
        if (i % 8 == 7) {
            while (wait(NULL) > 0) {
            }
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        CHECK(read(pipes[i][0], nonces[i * CELLS], sizeof nonces[0] * CELLS) == sizeof nonces[0] * CELLS);
        close(pipes[i][0]);
    }
    qsort(nonces, CHILDREN * CELLS + 1, NONCE, by_bytes);
    for (int i = 0; i < CHILDREN * CELLS; i++) {
        CHECK(memcmp(nonces[i], nonces[i + 1], NONCE) != 0);
    }
    printf("fork: %d children, %d cells, %d nonces all distinct\n", CHILDREN, CHILDREN * CELLS, CHILDREN * CELLS + 1);
}

static volatile int stop;

/* Keeps the handle table busy. */
static void *churn(void *nothing) {
    tenantseal_fields *fields;
    while (!stop) {
        if (tenantseal_fields_new(&fields) != TENANTSEAL_OK || tenantseal_fields_free(fields) != TENANTSEAL_OK) {
            abort();
        }
    }
    return nothing;
}

/* A child of a process whose other threads were just using the table must not wait for them: they are not there. */
static void the_table_is_never_locked_in_a_child(void) {
    enum { THREADS = 3, FORKS = 300 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, churn, NULL) == 0);
    }
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            uint8_t nonce[NONCE];
            alarm(20);
            tenantseal_fields *fields;
            OK(tenantseal_fields_new(&fields));
            OK(tenantseal_fields_free(fields));
            STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_fields_free(fields));
            seal(nonce);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    printf("fork: %d forks beside %d busy threads\n", FORKS, THREADS);
}

/* What a child made is not taken for what its parent made, though both are in the same place of their tables. */
static void a_childs_handle_is_none_of_the_parents(void) {
    int ends[2];
    pid_t child;
    tenantseal_fields *fields, *theirs;
    CHECK(pipe(ends) == 0);
    /* A handle tells processes apart whose numbers differ in their last seven bits. */
    while ((child = fork()) > 0 && child % 128 == getpid() % 128) {
        CHECK(waitpid(child, NULL, 0) == child);
    }
    CHECK(child >= 0);
    if (child == 0 && getpid() % 128 == getppid() % 128) {
        _exit(0);
    }
    OK(tenantseal_fields_new(&fields));
    if (child == 0) {
        CHECK(write(ends[1], &fields, sizeof fields) == sizeof fields);
        _exit(0);
    }
    CHECK(read(ends[0], &theirs, sizeof theirs) == sizeof theirs);
    CHECK(waitpid(child, NULL, 0) == child);
    STATUS(TENANTSEAL_ERROR_HANDLE, tenantseal_fields_free(theirs));
    OK(tenantseal_fields_free(fields));
    close(ends[0]);
    close(ends[1]);
}

/* `fork FOLDER` */
int main(int argc, char **argv) {
    CHECK(argc > 1);
    make(argv[1]);
    children_draw_nonces_of_their_own(argv[1]);
    the_table_is_never_locked_in_a_child();
    a_childs_handle_is_none_of_the_parents();
    /* The parent's own vault still works. */
    tenantseal_rows *none;
    OK(tenantseal_tenant_vault_get(rows, TEXT("member"), 1, &none));
    OK(tenantseal_rows_free(none));
    OK(tenantseal_tenant_vault_free(rows));
    OK(tenantseal_vault_free(vault));
    OK(tenantseal_callback_free(callback));
    OK(tenantseal_field_free(field));
    OK(tenantseal_tenant_free(tenant));
    OK(tenantseal_keyring_free(keyring));
    printf("fork: %zu checks in the parent\n", checks);
    return 0;
}
