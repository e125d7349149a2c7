/* What the programs of this folder in C share: they end at the first thing that is not as it must be. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tenantseal.h"

#define BYTES(text) (const uint8_t *)(text), strlen(text)

static void check(tenantseal_status status, const char *what)
{
    if (status != TENANTSEAL_OK) {
        fprintf(stderr, "c: %s: %s\n", what, tenantseal_status_message(status));
        exit(1);
    }
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "c: failed: %s\n", what);
        exit(1);
    }
}

#endif
