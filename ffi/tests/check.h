/* What the C tests share. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenantseal.h>

static size_t checks;

/* Counts a check, and ends the test at the first that does not hold. */
#define CHECK(condition)                                                                    \
    do {                                                                                    \
        checks++;                                                                           \
        if (!(condition)) {                                                                 \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);  \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

/* Checks the status of a call. */
#define STATUS(expected, call)                                                              \
    do {                                                                                    \
        tenantseal_status got_ = (call);                                                    \
        checks++;                                                                           \
        if (got_ != (expected)) {                                                           \
            fprintf(stderr, "%s:%d: %s: expected %s, got %s\n", __FILE__, __LINE__, #call,  \
                    tenantseal_status_name(expected), tenantseal_status_name(got_));        \
            exit(1);                                                                        \
        }                                                                                   \
    } while (0)

#define OK(call) STATUS(TENANTSEAL_OK, call)

/* A text as pointer and length. */
#define TEXT(text) (const uint8_t *)(text), strlen(text)

/* A buffer as pointer, capacity and where its length goes. */
#define OUT(buffer, length) (uint8_t *)(buffer), sizeof(buffer), &(length)

/* Whether a buffer holds a text. */
static inline int is_text(const void *buffer, size_t length, const char *text) {
    return length == strlen(text) && memcmp(buffer, text, length) == 0;
}

/* A key for tests; a real one comes from a generator. */
static const uint8_t TEST_KEK[TENANTSEAL_KEK_LEN] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

#define TEST_POLICY                                                                                            \
    "{\"tenantseal_policy\": 1, \"version\": 1, \"compartments\": [\"board\"], \"fields\": ["                  \
    "{\"table\": \"member\", \"column\": \"userid\", \"type\": \"text\", \"storage\": \"plain\","              \
    " \"class\": [\"internal\"], \"bind\": \"row\"},"                                                          \
    "{\"table\": \"member\", \"column\": \"age\", \"type\": \"i64\", \"storage\": \"plain\","                  \
    " \"class\": [\"internal\"], \"bind\": \"row\"},"                                                          \
    "{\"table\": \"member\", \"column\": \"mobile\", \"type\": \"text\", \"content\": \"mobile_cn\","          \
    " \"storage\": \"cell\", \"class\": [\"personal\"], \"bind\": \"row\", \"compartments\": [\"board\"],"     \
    " \"mask\": {\"kind\": \"mobile_cn\", \"class\": \"internal\"},"                                           \
    " \"indexes\": [{\"label\": \"exact\", \"kind\": \"exact\", \"normaliser\": \"mobile_cn/1\", \"bits\": 15}]}," \
    "{\"table\": \"member\", \"column\": \"photo\", \"type\": \"bytes\", \"storage\": \"cell\","               \
    " \"class\": [\"personal\"], \"bind\": \"unbound\"},"                                                      \
    "{\"table\": \"member\", \"column\": \"note\", \"type\": \"text\", \"storage\": \"cell\","                 \
    " \"class\": [\"personal\"], \"bind\": {\"natural\": [\"userid\", \"age\"]}}]}"

/* Tencent's documented sample, developer.work.weixin.qq.com/document/path/90968. */
#define SAMPLE_TOKEN "QDG6eK"
#define SAMPLE_KEY "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
#define SAMPLE_CORP "wx5823bf96d3bd56c7"
#define SAMPLE_GET_TIME 1409659589
#define SAMPLE_GET                                                                                       \
    "msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780"       \
    "&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZ"     \
    "XvnaqQ%3D%3D"
#define SAMPLE_ECHO "1616140317555161061"
#define SAMPLE_POST_TIME 1409659813
#define SAMPLE_POST "msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149"
#define SAMPLE_ENCRYPT                                                                                                  \
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3Qczc"                          \
    "dCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLj"                          \
    "vd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMn"                          \
    "vw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k"                          \
    "22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2Yoy"                          \
    "yH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
#define SAMPLE_BODY                                                                                        \
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[" SAMPLE_ENCRYPT        \
    "]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>"

#endif
