/*
 * tenantseal: per-tenant keys, WeCom callbacks and sealed, searchable database fields.
 *
 * docs/c.md is the guide. What holds for every function:
 *
 * - Inputs are a pointer and a length; NULL and 0 are the empty input. Nothing is kept after the call.
 * - Outputs are your own memory: a pointer, its capacity, and where to store the length. If it is too small, nothing is
 *   written to it, the length that is needed is stored, and the status is TENANTSEAL_ERROR_BUFFER_TOO_SMALL. After any
 *   other failure the stored length is 0, a stored number 0, a stored handle NULL, and the buffer is as it was.
 * - Outputs may overlap inputs, for inputs are read to the end first; outputs may not overlap each other.
 * - Handles are pointers to opaque types. They are numbers and not addresses: a wrong, stale or released one is answered with
 *   TENANTSEAL_ERROR_HANDLE. Each is released once, by the free function of its type; releasing NULL does nothing.
 * - Every function that returns a status can return, beside what stands at it, TENANTSEAL_OK,
 *   TENANTSEAL_ERROR_ARGUMENT, TENANTSEAL_ERROR_HANDLE, TENANTSEAL_ERROR_INTERNAL, and where there is a buffer
 *   TENANTSEAL_ERROR_BUFFER_TOO_SMALL. Statuses stand there without their prefix.
 *
 * This file is generated. Change ffi/src and run `make header-c`.
 */

#ifndef TENANTSEAL_H
#define TENANTSEAL_H

#include <stddef.h>
#include <stdint.h>

#ifndef TENANTSEAL_API
#define TENANTSEAL_API extern
#endif

#if defined(__GNUC__) || defined(__clang__)
#define TENANTSEAL_MUST_CHECK __attribute__((warn_unused_result))
#else
#define TENANTSEAL_MUST_CHECK
#endif

/** The version of this header. */
#define TENANTSEAL_VERSION_MAJOR 0
#define TENANTSEAL_VERSION_MINOR 1
#define TENANTSEAL_VERSION_PATCH 0
#define TENANTSEAL_ABI_VERSION 0

/** Success. */
#define TENANTSEAL_OK 0
/** A pointer is NULL, a length too large, outputs overlap, or a number is undefined. */
#define TENANTSEAL_ERROR_ARGUMENT 1
/** The output does not fit; its length was stored. */
#define TENANTSEAL_ERROR_BUFFER_TOO_SMALL 2
/** This handle is of no live object of that type in this process. */
#define TENANTSEAL_ERROR_HANDLE 3
/** A fault in the library was caught; please report it. */
#define TENANTSEAL_ERROR_INTERNAL 4
/** There is nothing of that name or number. */
#define TENANTSEAL_ERROR_ABSENT 5
/** Already exists; nothing was changed. */
#define TENANTSEAL_ERROR_ALREADY_EXISTS 101
/** The input is longer than its stated limit. */
#define TENANTSEAL_ERROR_TOO_LONG 102
/** The value is not of the form that this call accepts; it is not set, empty, too short, out of range, or a key of equal bytes. */
#define TENANTSEAL_ERROR_VALUE 103
/** The row is bound in another way than the field's policy says. */
#define TENANTSEAL_ERROR_WRONG_BINDING 104
/** The value is of another type than the field's. */
#define TENANTSEAL_ERROR_WRONG_TYPE 105
/** Not for this kind of store of keys; only a key file has a passphrase, and only a database is moved in batches. */
#define TENANTSEAL_ERROR_WRONG_STORE 106
/** Not for this kind of index; a compound one takes a value for each column and one with partitions the row (token_of), a range is of a bucketed one, and 16 bytes are of a unique one. */
#define TENANTSEAL_ERROR_WRONG_INDEX 107
/** No tenant of that id or alias exists here. */
#define TENANTSEAL_ERROR_UNKNOWN_TENANT 120
/** No policy is installed, or it has no field or table of that label. */
#define TENANTSEAL_ERROR_UNKNOWN_FIELD 121
/** The field has no index of that label. */
#define TENANTSEAL_ERROR_UNKNOWN_INDEX 122
/** No compartment of that label is declared for this field. */
#define TENANTSEAL_ERROR_UNKNOWN_COMPARTMENT 123
/** The tenant has no principal of that id. */
#define TENANTSEAL_ERROR_UNKNOWN_PRINCIPAL 124
/** A policy document breaks a rule; tenantseal_policy_explain() says which. */
#define TENANTSEAL_ERROR_POLICY 130
/** The tenant is under a legal hold; nothing of it is destroyed until lift_hold. */
#define TENANTSEAL_ERROR_HELD 142
/** The present state does not allow this; it is so already, another step comes first, or a date has not come. */
#define TENANTSEAL_ERROR_STATE 143
/** The tenant's keys are derived from a seed that others share; destroying its records would not destroy them. */
#define TENANTSEAL_ERROR_NOT_SHREDDABLE 144
/** The sealed data does not open here. */
#define TENANTSEAL_ERROR_OPEN 201
/** A key that is named or needed is not here; it is another place's, gone, newer than what is known, or not made yet. */
#define TENANTSEAL_ERROR_UNKNOWN_KEY 202
/** The stored bytes are not in the expected format. */
#define TENANTSEAL_ERROR_MALFORMED 203
/** Made by a newer version or by an algorithm that this build does not have. */
#define TENANTSEAL_ERROR_UNSUPPORTED 204
/** The passphrase is wrong or the key file was altered. */
#define TENANTSEAL_ERROR_PASSPHRASE 205
/** An older copy of the keys was put back; put the newer one back, or restore this one on purpose and then open it anew in every process. */
#define TENANTSEAL_ERROR_ROLLED_BACK 206
/** The keys are under another key-encryption key; give that one, or both while they are moved. */
#define TENANTSEAL_ERROR_UNKNOWN_KEK 207
/** The tenant or principal is suspended; restore it first. */
#define TENANTSEAL_ERROR_SUSPENDED 210
/** The tenant's keys are destroyed. */
#define TENANTSEAL_ERROR_SHREDDED 211
/** Keys that were destroyed are here again; an older copy of the store of keys was put back. */
#define TENANTSEAL_ERROR_KEYS_REMAIN 212
/** The principal was removed, for good. */
#define TENANTSEAL_ERROR_REMOVED 213
/** The callback is refused. */
#define TENANTSEAL_ERROR_CALLBACK 301
/** The callback's query or body cannot be parsed. */
#define TENANTSEAL_ERROR_CALLBACK_FORMAT 302
/** The token or the encoding AES key is malformed: expected 1 to 32 letters and digits, and 43 letters and digits copied whole from the console. */
#define TENANTSEAL_ERROR_CALLBACK_CREDENTIALS 303
/** The replay guard is full; answer 503 and raise its capacity. */
#define TENANTSEAL_ERROR_GUARD_FULL 304
/** The claim on this event has expired; do not commit its effects. */
#define TENANTSEAL_ERROR_CLAIM_EXPIRED 305
/** The database refused a statement, or its schema does not fit. */
#define TENANTSEAL_ERROR_STORE 401
/** The operating system refused a read or a write. */
#define TENANTSEAL_ERROR_IO 501
/** The operating system gave no random bytes. */
#define TENANTSEAL_ERROR_RANDOM 502
/** This handle was made before a fork; open a new one in this process. */
#define TENANTSEAL_ERROR_FORKED 503
/** The folder is writable by others; take the group's and others' right to write away. */
#define TENANTSEAL_ERROR_INSECURE_FOLDER 504
/** Stopped on request; what was done stays, and the same call goes on. */
#define TENANTSEAL_ERROR_INTERRUPTED 505
/** The session has reached a limit, or its handshake was not completed in time; make a new one. */
#define TENANTSEAL_ERROR_SESSION_EXPIRED 601
/** The stream ended without its end; what was read is genuine and not all. */
#define TENANTSEAL_ERROR_TRUNCATED 602


/**
 * The size of a key-encryption key, in bytes.
 */
#define TENANTSEAL_KEK_LEN 32

/**
 * The length of a token that is derived, in bytes.
 */
#define TENANTSEAL_CALLBACK_TOKEN_LEN 32

/**
 * The length of an EncodingAESKey, in bytes.
 */
#define TENANTSEAL_CALLBACK_KEY_LEN 43

/**
 * A person.
 */
#define TENANTSEAL_PRINCIPAL_MEMBER 1

/**
 * A device or program of a member, with keys of its own.
 */
#define TENANTSEAL_PRINCIPAL_CLIENT 2

/**
 * A program of the operator or of the tenant.
 */
#define TENANTSEAL_PRINCIPAL_SERVICE 3

/**
 * It may act.
 */
#define TENANTSEAL_PRINCIPAL_STATE_ACTIVE 1

/**
 * It may not act until it is restored.
 */
#define TENANTSEAL_PRINCIPAL_STATE_SUSPENDED 2

/**
 * It may never act again.
 */
#define TENANTSEAL_PRINCIPAL_STATE_REMOVED 3

/**
 * How much longer a sealed value is than the value, in bytes.
 */
#define TENANTSEAL_SEALED_OVERHEAD 64

/**
 * The size of a key commitment, in bytes.
 */
#define TENANTSEAL_KEY_COMMITMENT_LEN 16

/**
 * Any receiveid. Look at tenantseal_event_receive_id() before acting: another company's message
 * opens too.
 */
#define TENANTSEAL_RECEIVE_ID_ANY 1

/**
 * The receiveid must be there and empty, as an AI bot's is.
 */
#define TENANTSEAL_RECEIVE_ID_EMPTY 2

/**
 * The receiveid must be this one.
 */
#define TENANTSEAL_RECEIVE_ID_EXACT 3

/**
 * The receiveid must be one of these.
 */
#define TENANTSEAL_RECEIVE_ID_ONE_OF 4

/**
 * A message that states a time must be near it; others pass.
 */
#define TENANTSEAL_BINDING_IF_PRESENT 1

/**
 * The message's time is not looked at.
 */
#define TENANTSEAL_BINDING_OFF 2

/**
 * A message that states no time is refused.
 */
#define TENANTSEAL_BINDING_REQUIRED 3

/**
 * The longest echo, in bytes.
 */
#define TENANTSEAL_ECHO_MAX_LEN 64

/**
 * It was settled before. Answer 200.
 */
#define TENANTSEAL_CLAIM_DONE 1

/**
 * This worker holds it for the length of the lease: act on it, then call tenantseal_event_done().
 */
#define TENANTSEAL_CLAIM_FRESH 2

/**
 * Another worker holds it. Answer 503; the sender comes back.
 */
#define TENANTSEAL_CLAIM_IN_PROGRESS 3

/**
 * A reply in the format that the request came in.
 */
#define TENANTSEAL_REPLY_SAME 1

/**
 * A reply in XML.
 */
#define TENANTSEAL_REPLY_XML 2

/**
 * A reply in JSON, as an AI bot's is.
 */
#define TENANTSEAL_REPLY_JSON 3

/**
 * The longest media type of a reply, in bytes.
 */
#define TENANTSEAL_CONTENT_TYPE_MAX_LEN 32

/**
 * The length of a `nonceStr`, in bytes.
 */
#define TENANTSEAL_JS_NONCE_LEN 32

/**
 * The length of a `signature`, in bytes.
 */
#define TENANTSEAL_JS_SIGNATURE_LEN 40

/**
 * The length of the secret that processes share, in bytes.
 */
#define TENANTSEAL_LOGIN_SECRET_LEN 32

/**
 * The length of a state, in bytes.
 */
#define TENANTSEAL_LOGIN_STATE_LEN 112

/**
 * The length of a cookie's value, in bytes.
 */
#define TENANTSEAL_BROWSER_COOKIE_LEN 32

/**
 * The size of a private key, in bytes.
 */
#define TENANTSEAL_PRIVATE_KEY_LEN 32

/**
 * The size of a public key, in bytes.
 */
#define TENANTSEAL_PUBLIC_KEY_LEN 32

/**
 * The size of a ticket's key, in bytes.
 */
#define TENANTSEAL_TICKET_KEY_LEN 32

/**
 * A packet is to be sent, and the handshake goes on.
 */
#define TENANTSEAL_HANDSHAKE_SEND 1

/**
 * The session is there.
 */
#define TENANTSEAL_HANDSHAKE_ESTABLISHED 2

/**
 * The longest packet of a handshake, in bytes. One of an endpoint without a certificate has some 300.
 */
#define TENANTSEAL_HANDSHAKE_MAX_LEN 17408

/**
 * The size of a channel binding, in bytes.
 */
#define TENANTSEAL_CHANNEL_BINDING_LEN 32

/**
 * How much longer a packet is than what is in it, in bytes.
 */
#define TENANTSEAL_SESSION_OVERHEAD 32

/**
 * The longest packet, in bytes: what a UDP datagram can be at most.
 */
#define TENANTSEAL_SESSION_PACKET_MAX_LEN 65507

/**
 * Verifies, decrypts and encrypts as Tencent's samples do. Times meet no clock and nothing is
 * remembered: a recorded request is accepted again. New code uses tenantseal_callback. Share it
 * freely between threads.
 */
typedef struct tenantseal_biz_msg_crypt tenantseal_biz_msg_crypt;

/**
 * One browser, known again by a cookie. It is secret; a new login may keep it. Immutable, share it
 * freely between threads.
 */
typedef struct tenantseal_browser tenantseal_browser;

/**
 * One callback URL: its credentials, whom it is for, and what it remembers. Set it up first, then
 * share it freely between threads: a call that sets something acts on the calls after it.
 */
typedef struct tenantseal_callback tenantseal_callback;

/**
 * One principal of one tenant that has sessions for one purpose. Set it up first, then share it freely
 * between threads: what is set acts on the calls after it.
 */
typedef struct tenantseal_endpoint tenantseal_endpoint;

/**
 * A message from WeCom: authentic, of its time, for this receiver, and claimed by this worker if
 * it is new. Share it freely between threads. The message is wiped when the handle is released.
 */
typedef struct tenantseal_event tenantseal_event;

/**
 * A field of one tenant, in one compartment. Share it freely between threads. It notices when keys
 * or policy change.
 */
typedef struct tenantseal_field tenantseal_field;

/**
 * The columns to write to a row, by their permanent labels. One thread at a time. Writing does not
 * use it up. Values are wiped when the handle is released.
 */
typedef struct tenantseal_fields tenantseal_fields;

/**
 * A memory of callbacks, so that each event is acted on once. Share it freely between threads and
 * callbacks.
 */
typedef struct tenantseal_guard tenantseal_guard;

/**
 * A blind index of one field in one compartment. Share it freely between threads.
 */
typedef struct tenantseal_index tenantseal_index;

/**
 * A handshake that waits for the answer. If none comes within some seconds, make a new one. One thread
 * at a time.
 */
typedef struct tenantseal_initiator tenantseal_initiator;

/**
 * A ticket of WeCom's JS-SDK, which signs addresses of pages. It is secret: the page gets signatures,
 * never the ticket. Share it freely between threads.
 */
typedef struct tenantseal_js_ticket tenantseal_js_ticket;

/**
 * The keys of every tenant under one key-encryption key. Share it freely between threads.
 */
typedef struct tenantseal_keyring tenantseal_keyring;

/**
 * Answers the handshakes of others, for any number of endpoints. One thread at a time; the sessions that
 * it gives out share nothing with it.
 */
typedef struct tenantseal_listener tenantseal_listener;

/**
 * Issues the states of logins, and accepts each once: in the browser and the context that it was
 * issued for, and for ten minutes. Set it up first, then share it freely between threads.
 */
typedef struct tenantseal_login_states tenantseal_login_states;

/**
 * The mask of a field: a column of its own, with its own key. Share it freely between threads.
 */
typedef struct tenantseal_mask tenantseal_mask;

/**
 * A file that is being decrypted. One thread at a time. What it holds is wiped when it fails and when
 * the handle is released.
 */
typedef struct tenantseal_media tenantseal_media;

/**
 * An endpoint whose static key is known beforehand. Set it up first, then share it freely between
 * threads.
 */
typedef struct tenantseal_peer tenantseal_peer;

/**
 * Rows that were read, none, one or several. Share it freely between threads. Values are wiped
 * when the handle is released.
 */
typedef struct tenantseal_rows tenantseal_rows;

/**
 * Sends as WeCom does, to one callback. A service needs none of it. Share it freely between
 * threads.
 */
typedef struct tenantseal_sender tenantseal_sender;

/**
 * A session between two endpoints: each has proved to the other who it is, and nobody else can read it.
 * One thread at a time. tenantseal_session_split() gives its halves; after that every other call is
 * STATE.
 */
typedef struct tenantseal_session tenantseal_session;

/**
 * Opens datagrams of a session, each once. What does not open changes nothing but a count. One thread at
 * a time.
 */
typedef struct tenantseal_session_receiver tenantseal_session_receiver;

/**
 * Seals datagrams of a session. Packets may be lost, reordered or repeated on the way; each is opened at
 * most once. Share it freely between threads.
 */
typedef struct tenantseal_session_sender tenantseal_session_sender;

/**
 * One tenant's keys: everything that is sealed or opened starts here. Share it freely between
 * threads.
 */
typedef struct tenantseal_tenant tenantseal_tenant;

/**
 * One tenant's rows of a vault: every call sees and changes rows of this tenant alone. Share it
 * freely between threads.
 */
typedef struct tenantseal_tenant_vault tenantseal_tenant_vault;

/**
 * A transaction: what it wrote is seen by it alone until it is committed. One thread at a time.
 * Released before that, it leaves nothing.
 */
typedef struct tenantseal_transaction tenantseal_transaction;

/**
 * A vault of sealed rows on an SQLite file. Share it freely between threads. After a fork the
 * child opens one of its own.
 */
typedef struct tenantseal_vault tenantseal_vault;

/**
 * 0 is success; every other number is a TENANTSEAL_ERROR_*.
 */
typedef int32_t tenantseal_status;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * What a status means, in one sentence. Static text that holds nothing of the call; never NULL.
 *
 * @param status  what a function returned
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK const char *tenantseal_status_message(tenantseal_status status);

/**
 * The name of a status without its prefix, such as `BUFFER_TOO_SMALL`. Static text; never NULL.
 *
 * @param status  what a function returned
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK const char *tenantseal_status_name(tenantseal_status status);

/**
 * The version of the library, as in `0.1.0`. Static text; never NULL.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK const char *tenantseal_version(void);

/**
 * The number of the ABI, which is also the soname's: raised when a symbol goes or changes, not when one is added.
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
uint32_t tenantseal_abi_version(void);

/**
 * Makes a new key file, readable by its owner alone. It takes a tenth of a second or more, and
 * some memory, on purpose.
 *
 * @param path, path_len  where: a file system path, not text
 * @param passphrase, passphrase_len  12 bytes or more
 * @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
 * @return ALREADY_EXISTS if anything stands at the path; VALUE for a short passphrase; IO; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_create(const uint8_t *path,
                                            size_t path_len,
                                            const uint8_t *passphrase,
                                            size_t passphrase_len,
                                            tenantseal_keyring **out_keyring);

/**
 * Opens a key file.
 *
 * @param path, path_len  where: a file system path, not text
 * @param passphrase, passphrase_len  the passphrase
 * @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
 * @return PASSPHRASE if it is wrong or the file was altered; MALFORMED; UNSUPPORTED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_open(const uint8_t *path,
                                          size_t path_len,
                                          const uint8_t *passphrase,
                                          size_t passphrase_len,
                                          tenantseal_keyring **out_keyring);

/**
 * Makes a keyring that is stored nowhere. Its records are yours to keep:
 * tenantseal_keyring_records().
 *
 * @param kek, kek_len  TENANTSEAL_KEK_LEN bytes from a generator, never from a word that a person
 *     chose
 * @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
 * @return VALUE unless it has that length and is not one byte repeated
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_from_kek(const uint8_t *kek,
                                              size_t kek_len,
                                              tenantseal_keyring **out_keyring);

/**
 * Makes a keyring from records that you kept.
 *
 * @param kek, kek_len  TENANTSEAL_KEK_LEN bytes, those that the records were made under
 * @param records, records_len  what tenantseal_keyring_records() wrote
 * @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
 * @return MALFORMED; UNSUPPORTED; UNKNOWN_KEK if they are another key's; ALREADY_EXISTS for one
 *     that is there twice; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_from_records(const uint8_t *kek,
                                                  size_t kek_len,
                                                  const uint8_t *records,
                                                  size_t records_len,
                                                  tenantseal_keyring **out_keyring);

/**
 * Writes every record of the keyring: for each, its length as 4 bytes, most significant first,
 * then its bytes. The roots in them are wrapped.
 *
 * @param keyring  the keyring
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_records(const tenantseal_keyring *keyring,
                                             uint8_t *out,
                                             size_t out_cap,
                                             size_t *out_len);

/**
 * Creates a tenant with fresh keys.
 *
 * @param keyring  the keyring
 * @param id, id_len  your own permanent id of it, 1 to 128 bytes, never a CorpID
 * @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
 * @return ALREADY_EXISTS; VALUE for an empty id; TOO_LONG; RANDOM; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_create_tenant(tenantseal_keyring *keyring,
                                                   const uint8_t *id,
                                                   size_t id_len,
                                                   tenantseal_tenant **out_tenant);

/**
 * Gives the keys of a tenant.
 *
 * @param keyring  the keyring
 * @param id, id_len  the id it was created with
 * @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
 * @return UNKNOWN_TENANT; OPEN if its records were altered; VALUE; TOO_LONG; PASSPHRASE,
 *     ROLLED_BACK or IO from reading a replaced key file
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_tenant(const tenantseal_keyring *keyring,
                                            const uint8_t *id,
                                            size_t id_len,
                                            tenantseal_tenant **out_tenant);

/**
 * Gives the keys of the tenant that has an alias.
 *
 * @param keyring  the keyring
 * @param alias, alias_len  the alias, UTF-8
 * @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
 * @return UNKNOWN_TENANT; VALUE for what is not UTF-8; PASSPHRASE, ROLLED_BACK or IO from reading
 *     a replaced key file
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_tenant_by_alias(const tenantseal_keyring *keyring,
                                                     const uint8_t *alias,
                                                     size_t alias_len,
                                                     tenantseal_tenant **out_tenant);

/**
 * Gives a tenant another name: a CorpID, a suite id, an open id. No key changes.
 *
 * @param keyring  the keyring
 * @param alias, alias_len  the alias, UTF-8
 * @param id, id_len  the tenant's id
 * @return ALREADY_EXISTS; UNKNOWN_TENANT; VALUE; TOO_LONG; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_add_alias(tenantseal_keyring *keyring,
                                               const uint8_t *alias,
                                               size_t alias_len,
                                               const uint8_t *id,
                                               size_t id_len);

/**
 * Takes a name away. No key changes.
 *
 * @param keyring  the keyring
 * @param alias, alias_len  the alias, UTF-8
 * @return UNKNOWN_TENANT if no tenant has it; VALUE; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_remove_alias(tenantseal_keyring *keyring,
                                                  const uint8_t *alias,
                                                  size_t alias_len);

/**
 * Gives a tenant a new root. What older generations sealed still opens.
 *
 * @param keyring  the keyring
 * @param id, id_len  the tenant's id
 * @param out_generation  the generation of new cells; 0 after a failure
 * @return UNKNOWN_TENANT; RANDOM; IO; VALUE; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_rotate_tenant(tenantseal_keyring *keyring,
                                                   const uint8_t *id,
                                                   size_t id_len,
                                                   uint32_t *out_generation);

/**
 * Gives a tenant a new index root. Lookups ask for the tokens of every epoch.
 *
 * @param keyring  the keyring
 * @param id, id_len  the tenant's id
 * @param out_epoch  the epoch of new tokens; 0 after a failure
 * @return UNKNOWN_TENANT; RANDOM; IO; VALUE; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_rotate_index(tenantseal_keyring *keyring,
                                                  const uint8_t *id,
                                                  size_t id_len,
                                                  uint32_t *out_epoch);

/**
 * Puts a policy in force for every tenant. The one that is in force may be put again, which changes
 * nothing.
 *
 * @param keyring  the keyring
 * @param json, json_len  the document
 * @return POLICY if it breaks a rule or cannot follow the one in force:
 *     tenantseal_policy_explain(); TOO_LONG; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_install_policy(tenantseal_keyring *keyring,
                                                    const uint8_t *json,
                                                    size_t json_len);

/**
 * Writes the policy in force, in its canonical form.
 *
 * @param keyring  the keyring
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return UNKNOWN_FIELD if there is none
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_policy(const tenantseal_keyring *keyring,
                                            uint8_t *out,
                                            size_t out_cap,
                                            size_t *out_len);

/**
 * Writes the policy in force in its stored form: canonical JSON, authenticated under this
 * keyring's key.
 *
 * @param keyring  the keyring
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return UNKNOWN_FIELD if there is none
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_stored_policy(const tenantseal_keyring *keyring,
                                                   uint8_t *out,
                                                   size_t out_cap,
                                                   size_t *out_len);

/**
 * Puts a policy in force that tenantseal_keyring_stored_policy() wrote.
 *
 * @param keyring  the keyring
 * @param stored, stored_len  what it wrote
 * @return OPEN if it was altered; UNKNOWN_KEK if another key made it; MALFORMED; UNSUPPORTED;
 *     POLICY if it cannot follow the one in force; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_install_stored_policy(tenantseal_keyring *keyring,
                                                           const uint8_t *stored,
                                                           size_t stored_len);

/**
 * Writes every tenant's id: for each, its length as 4 bytes, most significant first, then its
 * bytes.
 *
 * @param keyring  the keyring
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_keyring_tenant_ids(const tenantseal_keyring *keyring,
                                                uint8_t *out,
                                                size_t out_cap,
                                                size_t *out_len);

/**
 * Reads the key file again, so that what other processes changed is seen. Nothing to do for a
 * keyring without one.
 *
 * @param keyring  the keyring
 * @return PASSPHRASE if it was altered; ROLLED_BACK if it is older than what was read before; IO
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK tenantseal_status tenantseal_keyring_reload(tenantseal_keyring *keyring);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param keyring  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_keyring_free(tenantseal_keyring *keyring);

/**
 * TENANTSEAL_KEK_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_kek_len(void);

/**
 * Checks a policy document.
 *
 * @param json, json_len  the document
 * @param out_field  after POLICY the position in `fields` of the field that breaks a rule, counted
 *     from 0; -1 for the document itself and otherwise
 * @return POLICY: tenantseal_policy_explain() has the rule; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_policy_check(const uint8_t *json,
                                          size_t json_len,
                                          int64_t *out_field);

/**
 * Says what is wrong with a policy document, in one sentence for its author: empty if nothing is.
 *
 * @param json, json_len  the document
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_policy_explain(const uint8_t *json,
                                            size_t json_len,
                                            uint8_t *out,
                                            size_t out_cap,
                                            size_t *out_len);

/**
 * Writes a policy document in its canonical form: what is stored and compared.
 *
 * @param json, json_len  the document
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return POLICY; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_policy_canonical(const uint8_t *json,
                                              size_t json_len,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Writes the tenant's id.
 *
 * @param tenant  the tenant
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_id(const tenantseal_tenant *tenant,
                                       uint8_t *out,
                                       size_t out_cap,
                                       size_t *out_len);

/**
 * Gives a field, in the default compartment.
 *
 * @param tenant  the tenant
 * @param label, label_len  its permanent label in the policy, `table.column`
 * @param out_field  the new handle, for tenantseal_field_free(); NULL after a failure
 * @return UNKNOWN_FIELD if the policy has none; UNSUPPORTED if it is not stored as cells; VALUE
 *     for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_field(const tenantseal_tenant *tenant,
                                          const uint8_t *label,
                                          size_t label_len,
                                          tenantseal_field **out_field);

/**
 * Writes the newest credentials of one application's callback below a generation. They are derived from
 * the tenant's root, rotate with it, and are stored nowhere. Begin with UINT32_MAX, and go on with the
 * generation that was stored: what the console still has after a rotation is among the older ones, for
 * tenantseal_callback_add_previous().
 *
 * @param tenant  the tenant
 * @param application, application_len  your own permanent name for it, 1 to 128 bytes of UTF-8
 * @param below  the generation that theirs must be below
 * @param out_generation  the generation of the tenant's root; 0 after a failure
 * @param out_token, out_token_cap, out_token_len  the token, TENANTSEAL_CALLBACK_TOKEN_LEN bytes
 * @param out_key, out_key_cap, out_key_len  the EncodingAESKey,
 *     TENANTSEAL_CALLBACK_KEY_LEN bytes
 * @return ABSENT if there is no such generation; VALUE; UNKNOWN_TENANT, SUSPENDED or SHREDDED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_callback_credentials(const tenantseal_tenant *tenant,
                                                         const uint8_t *application,
                                                         size_t application_len,
                                                         uint32_t below,
                                                         uint32_t *out_generation,
                                                         uint8_t *out_token,
                                                         size_t out_token_cap,
                                                         size_t *out_token_len,
                                                         uint8_t *out_key,
                                                         size_t out_key_cap,
                                                         size_t *out_key_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param tenant  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_tenant_free(tenantseal_tenant *tenant);

/**
 * TENANTSEAL_CALLBACK_TOKEN_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_callback_token_len(void);

/**
 * TENANTSEAL_CALLBACK_KEY_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_callback_key_len(void);

/**
 * Makes a principal of a tenant known, and active: nobody has a session whom the tenant does not know.
 *
 * @param tenant  the tenant
 * @param kind  one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  your own id of it, 1 to 128 bytes
 * @return ALREADY_EXISTS; VALUE or TOO_LONG for the id; UNKNOWN_TENANT; SUSPENDED; SHREDDED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_add_principal(const tenantseal_tenant *tenant,
                                                  int32_t kind,
                                                  const uint8_t *id,
                                                  size_t id_len);

/**
 * Takes everything away from a principal at once; its sessions end. Suspending again sets another
 * date.
 *
 * @param tenant  the tenant
 * @param kind  one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  your own id of it, 1 to 128 bytes
 * @param until  when to look at it again, in seconds since 1970; 0 for no date
 * @return UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT; SUSPENDED; SHREDDED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_suspend_principal(const tenantseal_tenant *tenant,
                                                      int32_t kind,
                                                      const uint8_t *id,
                                                      size_t id_len,
                                                      uint64_t until);

/**
 * Gives a suspended principal everything back, but for its sessions.
 *
 * @param tenant  the tenant
 * @param kind  one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  your own id of it, 1 to 128 bytes
 * @return STATE if it is active; UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT;
 *     SUSPENDED; SHREDDED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_restore_principal(const tenantseal_tenant *tenant,
                                                      int32_t kind,
                                                      const uint8_t *id,
                                                      size_t id_len);

/**
 * Removes a suspended principal for good. Its id stays known, so that nobody else gets it.
 *
 * @param tenant  the tenant
 * @param kind  one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  your own id of it, 1 to 128 bytes
 * @return STATE if it is not suspended; UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT;
 *     SUSPENDED; SHREDDED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_remove_principal(const tenantseal_tenant *tenant,
                                                     int32_t kind,
                                                     const uint8_t *id,
                                                     size_t id_len);

/**
 * Says where in its life a principal is.
 *
 * @param tenant  the tenant
 * @param kind  one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  your own id of it, 1 to 128 bytes
 * @param out_state  one of TENANTSEAL_PRINCIPAL_STATE_*
 * @return UNKNOWN_PRINCIPAL; VALUE; TOO_LONG; UNKNOWN_TENANT; SUSPENDED for the tenant; SHREDDED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_principal_state(const tenantseal_tenant *tenant,
                                                    int32_t kind,
                                                    const uint8_t *id,
                                                    size_t id_len,
                                                    int32_t *out_state);

/**
 * Gives the same field in a compartment of the policy: other keys, and what one seals the other
 * cannot open.
 *
 * @param field  the field
 * @param label, label_len  the compartment's label
 * @param out_field  the new handle, for tenantseal_field_free(); NULL after a failure
 * @return UNKNOWN_COMPARTMENT; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_compartment(const tenantseal_field *field,
                                               const uint8_t *label,
                                               size_t label_len,
                                               tenantseal_field **out_field);

/**
 * Gives a blind index of the field.
 *
 * @param field  the field
 * @param label, label_len  the index's label
 * @param out_index  the new handle, for tenantseal_index_free(); NULL after a failure
 * @return UNKNOWN_INDEX; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_index(const tenantseal_field *field,
                                         const uint8_t *label,
                                         size_t label_len,
                                         tenantseal_index **out_index);

/**
 * Gives the mask of the field: a sealed column of its own.
 *
 * @param field  the field
 * @param out_mask  the new handle, for tenantseal_mask_free(); NULL after a failure
 * @return UNKNOWN_FIELD if the policy gives it none
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_mask(const tenantseal_field *field,
                                        tenantseal_mask **out_mask);

/**
 * Seals a value for a row with an integer id.
 *
 * @param field  the field
 * @param row  the row's id
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out, out_cap, out_len  the cell: tenantseal_sealed_len() says how long
 * @return WRONG_BINDING if the policy wants another kind of row; VALUE for text that is not UTF-8;
 *     TOO_LONG; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_seal_i64(const tenantseal_field *field,
                                            int64_t row,
                                            const uint8_t *value,
                                            size_t value_len,
                                            uint8_t *out,
                                            size_t out_cap,
                                            size_t *out_len);

/**
 * Seals a value for any kind of row.
 *
 * @param field  the field
 * @param row, row_len  the row, as the tenantseal_row_* functions write it
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out, out_cap, out_len  the cell: tenantseal_sealed_len() says how long
 * @return WRONG_BINDING if the policy wants another kind of row; MALFORMED for a row that was not
 *     written so; VALUE for text that is not UTF-8; TOO_LONG; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_seal(const tenantseal_field *field,
                                        const uint8_t *row,
                                        size_t row_len,
                                        const uint8_t *value,
                                        size_t value_len,
                                        uint8_t *out,
                                        size_t out_cap,
                                        size_t *out_len);

/**
 * As tenantseal_field_seal_i64(), in the text form `ts1.`, for columns that hold only text.
 *
 * @param field  the field
 * @param row  the row's id
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out, out_cap, out_len  the cell as ASCII: tenantseal_sealed_text_len() says how long
 * @return as tenantseal_field_seal_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_seal_text_i64(const tenantseal_field *field,
                                                 int64_t row,
                                                 const uint8_t *value,
                                                 size_t value_len,
                                                 uint8_t *out,
                                                 size_t out_cap,
                                                 size_t *out_len);

/**
 * As tenantseal_field_seal(), in the text form `ts1.`, for columns that hold only text.
 *
 * @param field  the field
 * @param row, row_len  the row, as the tenantseal_row_* functions write it
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out, out_cap, out_len  the cell as ASCII: tenantseal_sealed_text_len() says how long
 * @return as tenantseal_field_seal()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_seal_text(const tenantseal_field *field,
                                             const uint8_t *row,
                                             size_t row_len,
                                             const uint8_t *value,
                                             size_t value_len,
                                             uint8_t *out,
                                             size_t out_cap,
                                             size_t *out_len);

/**
 * Opens a cell, in either form, that was sealed for a row with an integer id.
 *
 * @param field  the field
 * @param row  the row's id
 * @param sealed, sealed_len  the cell
 * @param out, out_cap, out_len  the value: tenantseal_opened_len() says how long at most
 * @return UNKNOWN_KEY if it is another tenant's, field's or compartment's; OPEN if it was altered
 *     or is of another row; MALFORMED; UNSUPPORTED; WRONG_BINDING
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_open_i64(const tenantseal_field *field,
                                            int64_t row,
                                            const uint8_t *sealed,
                                            size_t sealed_len,
                                            uint8_t *out,
                                            size_t out_cap,
                                            size_t *out_len);

/**
 * Opens a cell, in either form, that was sealed for any kind of row.
 *
 * @param field  the field
 * @param row, row_len  the row, as the tenantseal_row_* functions write it
 * @param sealed, sealed_len  the cell
 * @param out, out_cap, out_len  the value: tenantseal_opened_len() says how long at most
 * @return as tenantseal_field_open_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_open(const tenantseal_field *field,
                                        const uint8_t *row,
                                        size_t row_len,
                                        const uint8_t *sealed,
                                        size_t sealed_len,
                                        uint8_t *out,
                                        size_t out_cap,
                                        size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param field  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_field_free(tenantseal_field *field);

/**
 * TENANTSEAL_SEALED_OVERHEAD, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_sealed_overhead(void);

/**
 * The length of a sealed value; 0 if it would not fit in size_t.
 *
 * @param value_len  the length of the value
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_sealed_len(size_t value_len);

/**
 * The length of a sealed value in its text form; 0 if it would not fit in size_t.
 *
 * @param value_len  the length of the value
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_sealed_text_len(size_t value_len);

/**
 * The most that an opened value can have, in bytes. The exact length is known when it is open.
 *
 * @param sealed_len  the length of the cell, in either form
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_opened_len(size_t sealed_len);

/**
 * Seals many values, each for a row with an integer id. Each cell is complete by itself. All or
 * nothing.
 *
 * @param field  the field
 * @param rows  `count` row ids
 * @param count  how many values there are
 * @param values, values_len  the values, UTF-8 text or bytes as the field's type is
 * @param offsets  `count` + 1 offsets into `values`
 * @param out, out_cap, out_len  the cells: tenantseal_seal_many_len() says how long
 * @param out_offsets  room for `count` + 1 offsets into `out`
 * @param out_position  the value that failed, counted from 0; SIZE_MAX if none or not one in
 *     particular
 * @return ARGUMENT for offsets that go back or beyond the values; as tenantseal_field_seal_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_seal_many_i64(const tenantseal_field *field,
                                                 const int64_t *rows,
                                                 size_t count,
                                                 const uint8_t *values,
                                                 size_t values_len,
                                                 const uint64_t *offsets,
                                                 uint8_t *out,
                                                 size_t out_cap,
                                                 size_t *out_len,
                                                 uint64_t *out_offsets,
                                                 size_t *out_position);

/**
 * Opens many cells, in either form, each sealed for a row with an integer id. All or nothing.
 *
 * @param field  the field
 * @param rows  `count` row ids
 * @param count  how many cells there are
 * @param sealed, sealed_len  the cells
 * @param offsets  `count` + 1 offsets into `sealed`
 * @param out, out_cap, out_len  the values: as long as `sealed` at most
 * @param out_offsets  room for `count` + 1 offsets into `out`
 * @param out_position  the cell that failed, counted from 0; SIZE_MAX if none or not one in
 *     particular
 * @return ARGUMENT for offsets that go back or beyond the cells; as tenantseal_field_open_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_field_open_many_i64(const tenantseal_field *field,
                                                 const int64_t *rows,
                                                 size_t count,
                                                 const uint8_t *sealed,
                                                 size_t sealed_len,
                                                 const uint64_t *offsets,
                                                 uint8_t *out,
                                                 size_t out_cap,
                                                 size_t *out_len,
                                                 uint64_t *out_offsets,
                                                 size_t *out_position);

/**
 * The length of many sealed values together; 0 if it would not fit in size_t.
 *
 * @param values_len  the length of the values together
 * @param count       how many there are
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_seal_many_len(size_t values_len, size_t count);

/**
 * Reads the header of a cell in its binary form. No key is needed and nothing is authenticated.
 *
 * @param cell, cell_len  the cell
 * @param out_suite  the number of the suite
 * @param out_generation  the generation of the tenant's root
 * @param out_commitment, out_commitment_cap, out_commitment_len  the commitment of the key,
 *     TENANTSEAL_KEY_COMMITMENT_LEN bytes
 * @return MALFORMED if it is no cell; UNSUPPORTED for a suite, flag or kind that this build does
 *     not have
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_cell_header(const uint8_t *cell,
                                         size_t cell_len,
                                         uint32_t *out_suite,
                                         uint32_t *out_generation,
                                         uint8_t *out_commitment,
                                         size_t out_commitment_cap,
                                         size_t *out_commitment_len);

/**
 * TENANTSEAL_KEY_COMMITMENT_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_key_commitment_len(void);

/**
 * Gives the token to store beside a sealed value.
 *
 * @param index  the index
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out_token  the token, never negative
 * @return VALUE if the normaliser has no spelling for it
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_index_token(const tenantseal_index *index,
                                         const uint8_t *value,
                                         size_t value_len,
                                         int64_t *out_token);

/**
 * Gives every token that rows with this value may have, for `WHERE column IN (...)`. A row that is
 * found is a candidate: open it and compare, with tenantseal_index_matches().
 *
 * @param index  the index
 * @param value, value_len  UTF-8 text or bytes, as the field's type is
 * @param out, out_cap, out_len  where to write, and capacity and length, counted in items
 * @return VALUE if the normaliser has no spelling for it
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_index_lookup(const tenantseal_index *index,
                                          const uint8_t *value,
                                          size_t value_len,
                                          int64_t *out,
                                          size_t out_cap,
                                          size_t *out_len);

/**
 * Tells whether two values are the same to this index. A value without a spelling is the same as
 * none.
 *
 * @param index  the index
 * @param left, left_len  UTF-8 text or bytes, as the field's type is
 * @param right, right_len  as `left`
 * @param out_matches  1 if they are, 0 if not and after a failure
 * @return VALUE for text that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_index_matches(const tenantseal_index *index,
                                           const uint8_t *left,
                                           size_t left_len,
                                           const uint8_t *right,
                                           size_t right_len,
                                           int32_t *out_matches);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param index  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_index_free(tenantseal_index *index);

/**
 * Masks a value and seals the result, for a row with an integer id.
 *
 * @param mask  the mask
 * @param row  the row's id
 * @param value, value_len  the value in full
 * @param out, out_cap, out_len  the cell; tenantseal_sealed_len() of the value's length, or of 16
 *     if that is more, is always enough
 * @return WRONG_BINDING; VALUE for what is not UTF-8; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_mask_seal_i64(const tenantseal_mask *mask,
                                           int64_t row,
                                           const uint8_t *value,
                                           size_t value_len,
                                           uint8_t *out,
                                           size_t out_cap,
                                           size_t *out_len);

/**
 * Masks a value and seals the result, for any kind of row.
 *
 * @param mask  the mask
 * @param row, row_len  the row, as the tenantseal_row_* functions write it
 * @param value, value_len  the value in full
 * @param out, out_cap, out_len  the cell; tenantseal_sealed_len() of the value's length, or of 16
 *     if that is more, is always enough
 * @return WRONG_BINDING; MALFORMED for a row that was not written so; VALUE for what is not UTF-8;
 *     RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_mask_seal(const tenantseal_mask *mask,
                                       const uint8_t *row,
                                       size_t row_len,
                                       const uint8_t *value,
                                       size_t value_len,
                                       uint8_t *out,
                                       size_t out_cap,
                                       size_t *out_len);

/**
 * Opens a sealed mask, for display, of a row with an integer id.
 *
 * @param mask  the mask
 * @param row  the row's id
 * @param sealed, sealed_len  the cell
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return as tenantseal_field_open_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_mask_open_i64(const tenantseal_mask *mask,
                                           int64_t row,
                                           const uint8_t *sealed,
                                           size_t sealed_len,
                                           uint8_t *out,
                                           size_t out_cap,
                                           size_t *out_len);

/**
 * Opens a sealed mask, for display, of any kind of row.
 *
 * @param mask  the mask
 * @param row, row_len  the row, as the tenantseal_row_* functions write it
 * @param sealed, sealed_len  the cell
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return as tenantseal_field_open_i64()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_mask_open(const tenantseal_mask *mask,
                                       const uint8_t *row,
                                       size_t row_len,
                                       const uint8_t *sealed,
                                       size_t sealed_len,
                                       uint8_t *out,
                                       size_t out_cap,
                                       size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param mask  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_mask_free(tenantseal_mask *mask);

/**
 * Writes the row with an integer id. The functions that end in _i64 do without.
 *
 * @param id  the id
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_i64(int64_t id,
                                     uint8_t *out,
                                     size_t out_cap,
                                     size_t *out_len);

/**
 * Writes the row with a text as its id. The same digits as an integer are another row.
 *
 * @param id, id_len  the id
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return VALUE for what is not UTF-8; TOO_LONG over 65,534 bytes
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_text(const uint8_t *id,
                                      size_t id_len,
                                      uint8_t *out,
                                      size_t out_cap,
                                      size_t *out_len);

/**
 * Writes the row with bytes as its id.
 *
 * @param id, id_len  the id
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return TOO_LONG over 65,534 bytes
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_bytes(const uint8_t *id,
                                       size_t id_len,
                                       uint8_t *out,
                                       size_t out_cap,
                                       size_t *out_len);

/**
 * Writes no row at all, for fields whose policy says `unbound`.
 *
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_unbound(uint8_t *out,
                                         size_t out_cap,
                                         size_t *out_len);

/**
 * Adds an integer to a row's natural keys, in the policy's order.
 *
 * @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
 *     and 0 to begin with
 * @param key  the value of the next key
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return MALFORMED if `keys` was not written so
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_natural_i64(const uint8_t *keys,
                                             size_t keys_len,
                                             int64_t key,
                                             uint8_t *out,
                                             size_t out_cap,
                                             size_t *out_len);

/**
 * Adds a text to a row's natural keys, in the policy's order.
 *
 * @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
 *     and 0 to begin with
 * @param next, next_len  the value of the next key
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return MALFORMED if `keys` was not written so; VALUE for what is not UTF-8; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_natural_text(const uint8_t *keys,
                                              size_t keys_len,
                                              const uint8_t *next,
                                              size_t next_len,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Adds bytes to a row's natural keys, in the policy's order.
 *
 * @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
 *     and 0 to begin with
 * @param next, next_len  the value of the next key
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return MALFORMED if `keys` was not written so; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_row_natural_bytes(const uint8_t *keys,
                                               size_t keys_len,
                                               const uint8_t *next,
                                               size_t next_len,
                                               uint8_t *out,
                                               size_t out_cap,
                                               size_t *out_len);

/**
 * Makes the callback of a company's own app: XML, its CorpID as the receiveid, a message must
 * state its own time, a window of 300 seconds, the system's clock, and a guard of its own in this
 * process.
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param corp_id, corp_id_len  the CorpID
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS unless the token is 1 to 32 letters and digits and the key 43
 *     base64 digits; VALUE for an empty CorpID and for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_company_app(const uint8_t *token,
                                                  size_t token_len,
                                                  const uint8_t *encoding_aes_key,
                                                  size_t encoding_aes_key_len,
                                                  const uint8_t *corp_id,
                                                  size_t corp_id_len,
                                                  tenantseal_callback **out_callback);

/**
 * Makes the callback of any other kind of app. A message that states its own time must be near it;
 * the rest is as in tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param url_check  which receiveids the URL check accepts: a TENANTSEAL_RECEIVE_ID_*
 * @param url_check_ids, url_check_ids_len  the receiveid for EXACT, one on each line for ONE_OF,
 *     else nothing
 * @param messages  which receiveids messages may have: a TENANTSEAL_RECEIVE_ID_*
 * @param message_ids, message_ids_len  as `url_check_ids`
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return ARGUMENT for a number that is no policy, or ids with one that takes none;
 *     CALLBACK_CREDENTIALS; VALUE, also for EXACT and ONE_OF without an id
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_custom(const uint8_t *token,
                                             size_t token_len,
                                             const uint8_t *encoding_aes_key,
                                             size_t encoding_aes_key_len,
                                             int32_t url_check,
                                             const uint8_t *url_check_ids,
                                             size_t url_check_ids_len,
                                             int32_t messages,
                                             const uint8_t *message_ids,
                                             size_t message_ids_len,
                                             tenantseal_callback **out_callback);

/**
 * Adds a pair that was in use before, so that what is still on its way opens.
 *
 * @param callback  the callback
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @return CALLBACK_CREDENTIALS; VALUE for more than eight pairs in all
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_add_previous(tenantseal_callback *callback,
                                                   const uint8_t *token,
                                                   size_t token_len,
                                                   const uint8_t *encoding_aes_key,
                                                   size_t encoding_aes_key_len);

/**
 * Sets whether a message must state its own time, near that of the query.
 *
 * @param callback  the callback
 * @param binding  a TENANTSEAL_BINDING_*
 * @return ARGUMENT for a number that is none
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_set_binding(tenantseal_callback *callback,
                                                  int32_t binding);

/**
 * Sets how far a timestamp may be from the clock, and a message's own time from the timestamp. 300
 * seconds unless set.
 *
 * @param callback  the callback
 * @param seconds  how far
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_set_window(tenantseal_callback *callback,
                                                 uint32_t seconds);

/**
 * Sets how long a claim on an event is held. 4000 milliseconds unless set: the sender waits for 5
 * seconds.
 *
 * @param callback  the callback
 * @param milliseconds  how long
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_set_lease(tenantseal_callback *callback,
                                                uint32_t milliseconds);

/**
 * Stops the callback's clock at a time. For tests and replayed samples, never for a service:
 * everything of that time is accepted again. Events that were opened since the first such call go
 * by the new time too.
 *
 * @param callback  the callback
 * @param milliseconds  since 1970-01-01T00:00:00Z
 * @return ARGUMENT for UINT64_MAX
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_set_fixed_time(tenantseal_callback *callback,
                                                     uint64_t milliseconds);

/**
 * Shares a guard with other callbacks.
 *
 * @param callback  the callback
 * @param guard  the guard
 * @param callback_id, callback_id_len  your own name for this callback, 1 to 255 bytes of UTF-8,
 *     which never changes: current and previous keys use the same
 * @return VALUE for another length
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_set_guard(tenantseal_callback *callback,
                                                const tenantseal_guard *guard,
                                                const uint8_t *callback_id,
                                                size_t callback_id_len);

/**
 * Remembers nothing: every event is fresh. Retries, replays and reflected replies are then yours
 * to recognise.
 *
 * @param callback  the callback
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_remove_guard(tenantseal_callback *callback);

/**
 * Verifies, decrypts and recognises a message. Answer 200 when the event is settled, 503 when it
 * is in progress.
 *
 * @param callback  the callback
 * @param query, query_len  the query string as it came, without the `?`, not decoded
 * @param body, body_len  the request's body as it came
 * @param out_event  the new handle, for tenantseal_event_free(); NULL after a failure
 * @return CALLBACK, CALLBACK_FORMAT, TOO_LONG or VALUE: answer these with 403, all alike;
 *     GUARD_FULL: answer with 503
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_open(const tenantseal_callback *callback,
                                           const uint8_t *query,
                                           size_t query_len,
                                           const uint8_t *body,
                                           size_t body_len,
                                           tenantseal_event **out_event);

/**
 * Verifies and decrypts the echo of the console's URL check. Answer 200 with it as the body.
 *
 * @param callback  the callback
 * @param query, query_len  the query string as it came, without the `?`, not decoded
 * @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
 * @return CALLBACK, CALLBACK_FORMAT, TOO_LONG or VALUE: answer these with 403, all alike
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_verify_url(const tenantseal_callback *callback,
                                                 const uint8_t *query,
                                                 size_t query_len,
                                                 uint8_t *out,
                                                 size_t out_cap,
                                                 size_t *out_len);

/**
 * Says for your log why a request is refused. Never send it to the peer. The guard is neither
 * asked nor changed.
 *
 * @param callback  the callback
 * @param query, query_len  the query string as it came
 * @param body, body_len  the body as it came; nothing for a URL check
 * @param out_code  0, or Tencent's code, -40001 to -40011
 * @param out_cause, out_cause_cap, out_cause_len  the likely cause, one sentence in English that
 *     holds nothing of the request
 * @return VALUE for a query that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_diagnose(const tenantseal_callback *callback,
                                               const uint8_t *query,
                                               size_t query_len,
                                               const uint8_t *body,
                                               size_t body_len,
                                               int32_t *out_code,
                                               uint8_t *out_cause,
                                               size_t out_cause_cap,
                                               size_t *out_cause_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param callback  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_callback_free(tenantseal_callback *callback);

/**
 * TENANTSEAL_ECHO_MAX_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_echo_max_len(void);

/**
 * Makes the callback of a third-party suite's command URL: suite tickets, authorisations, changes of
 * contacts. The URL check is for the provider's CorpID, messages are for the suite id, and an answer
 * that says nothing is `success`. The rest is as in tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param provider_corp_id, provider_corp_id_len  the provider's CorpID
 * @param suite_id, suite_id_len  the suite id
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE for an empty id and for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_suite_commands(const uint8_t *token,
                                                     size_t token_len,
                                                     const uint8_t *encoding_aes_key,
                                                     size_t encoding_aes_key_len,
                                                     const uint8_t *provider_corp_id,
                                                     size_t provider_corp_id_len,
                                                     const uint8_t *suite_id,
                                                     size_t suite_id_len,
                                                     tenantseal_callback **out_callback);

/**
 * Makes the callback of a third-party suite's data URL: what the members of every client company send.
 * The URL check is for the provider's CorpID, messages are for the clients. The rest is as in
 * tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param provider_corp_id, provider_corp_id_len  the provider's CorpID
 * @param clients  which receiveids messages may have: a TENANTSEAL_RECEIVE_ID_*, ONE_OF the
 *     clients' CorpIDs, or ANY if you look the CorpID up among your tenants
 * @param client_ids, client_ids_len  the receiveid for EXACT, one on each line for ONE_OF, else
 *     nothing
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return ARGUMENT for a number that is no policy, or ids with one that takes none;
 *     CALLBACK_CREDENTIALS; VALUE for an empty CorpID, for EXACT and ONE_OF without an id, and for
 *     what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_suite_data(const uint8_t *token,
                                                 size_t token_len,
                                                 const uint8_t *encoding_aes_key,
                                                 size_t encoding_aes_key_len,
                                                 const uint8_t *provider_corp_id,
                                                 size_t provider_corp_id_len,
                                                 int32_t clients,
                                                 const uint8_t *client_ids,
                                                 size_t client_ids_len,
                                                 tenantseal_callback **out_callback);

/**
 * Makes the callback of an AI bot in API mode: JSON, an empty receiveid, a message that states its own
 * time must be near it, and replies that repeat the request's nonce. The rest is as in
 * tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_ai_bot(const uint8_t *token,
                                             size_t token_len,
                                             const uint8_t *encoding_aes_key,
                                             size_t encoding_aes_key_len,
                                             tenantseal_callback **out_callback);

/**
 * Makes the callback of a WeChat Official Account or mini-program, in secure or compatible mode: XML or
 * JSON, its AppID as the receiveid, and `success` as the answer that says nothing. The echo of its URL
 * check comes in clear. In compatible mode the message in clear is never read. The rest is as in
 * tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param app_id, app_id_len  the AppID
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE for an empty AppID and for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_official_account(const uint8_t *token,
                                                       size_t token_len,
                                                       const uint8_t *encoding_aes_key,
                                                       size_t encoding_aes_key_len,
                                                       const uint8_t *app_id,
                                                       size_t app_id_len,
                                                       tenantseal_callback **out_callback);

/**
 * Makes the callback of a third-party platform of WeChat's: tickets and authorisations, and what the
 * accounts that it serves receive. Its own AppID is the receiveid, and an answer that says nothing is
 * `success`. The rest is as in tenantseal_callback_company_app().
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param component_app_id, component_app_id_len  the platform's AppID
 * @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE for an empty AppID and for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_open_platform(const uint8_t *token,
                                                    size_t token_len,
                                                    const uint8_t *encoding_aes_key,
                                                    size_t encoding_aes_key_len,
                                                    const uint8_t *component_app_id,
                                                    size_t component_app_id_len,
                                                    tenantseal_callback **out_callback);

/**
 * Verifies, decrypts and recognises a message for which exactly one of several callbacks may be meant:
 * as tenantseal_callback_open(). Choose the candidates by the path; each costs a hash of the body.
 *
 * @param callbacks  `count` callbacks
 * @param count  how many there are: eight at most, with at most 16 pairs together
 * @param query, query_len  the query string as it came, without the `?`, not decoded
 * @param body, body_len  the request's body as it came
 * @param out_place  which of them opened it, counted from 0; 0 after a failure
 * @param out_event  the new handle, for tenantseal_event_free(); NULL after a failure
 * @return as tenantseal_callback_open(), CALLBACK also if none or more than one opens it; VALUE also
 *     for too many
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_open_one_of(const tenantseal_callback *const *callbacks,
                                                  size_t count,
                                                  const uint8_t *query,
                                                  size_t query_len,
                                                  const uint8_t *body,
                                                  size_t body_len,
                                                  size_t *out_place,
                                                  tenantseal_event **out_event);

/**
 * Verifies and decrypts the echo of a URL check for which exactly one of several callbacks may be
 * meant: as tenantseal_callback_verify_url().
 *
 * @param callbacks  `count` callbacks
 * @param count  how many there are: eight at most, with at most 16 pairs together
 * @param query, query_len  the query string as it came, without the `?`, not decoded
 * @param out_place  which of them opened it, counted from 0; 0 after a failure
 * @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
 * @return as tenantseal_callback_verify_url(), CALLBACK also if none or more than one opens it; VALUE
 *     also for too many
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_callback_verify_url_one_of(const tenantseal_callback *const *callbacks,
                                                        size_t count,
                                                        const uint8_t *query,
                                                        size_t query_len,
                                                        size_t *out_place,
                                                        uint8_t *out,
                                                        size_t out_cap,
                                                        size_t *out_len);

/**
 * Writes the decrypted message as it was sent: XML, JSON, or whatever it is.
 *
 * @param event  the event
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_message(const tenantseal_event *event,
                                           uint8_t *out,
                                           size_t out_cap,
                                           size_t *out_len);

/**
 * Writes the text of a child of the message: an XML element below the root, or a JSON key, the
 * first of that name.
 *
 * @param event  the event
 * @param name, name_len  the exact name
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return ABSENT if there is none; CALLBACK_FORMAT if the message is neither XML nor JSON; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_child(const tenantseal_event *event,
                                         const uint8_t *name,
                                         size_t name_len,
                                         uint8_t *out,
                                         size_t out_cap,
                                         size_t *out_len);

/**
 * Writes the text of a child of a nested element: of an XML element below the root, or of a JSON
 * object, the first of either name that has children.
 *
 * @param event  the event
 * @param element, element_len  the exact name of the element
 * @param name, name_len  the exact name of its child
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return ABSENT if the element has no such child; CALLBACK_FORMAT if there is no such element, if it
 *     is text or an array, or if the message is neither XML nor JSON; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_nested_child(const tenantseal_event *event,
                                                const uint8_t *element,
                                                size_t element_len,
                                                const uint8_t *name,
                                                size_t name_len,
                                                uint8_t *out,
                                                size_t out_cap,
                                                size_t *out_len);

/**
 * Writes whom the message is for: the receiveid that was accepted.
 *
 * @param event  the event
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_receive_id(const tenantseal_event *event,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Gives the timestamp of the request.
 *
 * @param event  the event
 * @param out_seconds  since 1970-01-01T00:00:00Z; 0 after a failure
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_timestamp(const tenantseal_event *event,
                                             uint64_t *out_seconds);

/**
 * Tells who holds the event, as of when it was opened.
 *
 * @param event  the event
 * @param out_claim  a TENANTSEAL_CLAIM_*: act on FRESH alone; 0 after a failure
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_claim(const tenantseal_event *event,
                                         int32_t *out_claim);

/**
 * Writes the body of an answer of 200 that says nothing: `success` where the product wants to read
 * that, else nothing.
 *
 * @param event  the event
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_acknowledgement(const tenantseal_event *event,
                                                   uint8_t *out,
                                                   size_t out_cap,
                                                   size_t *out_len);

/**
 * Settles the event: it will not be fresh again. Call it after its effects are safe, best in the
 * same transaction.
 *
 * @param event  the event
 * @return CLAIM_EXPIRED if the lease ran out or it was never this worker's: take the effects back
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK tenantseal_status tenantseal_event_done(const tenantseal_event *event);

/**
 * Encrypts a passive reply, to be sent as the response's body. It is remembered, so that it is
 * refused if somebody sends it back as a request.
 *
 * @param event  the event
 * @param plaintext, plaintext_len  the reply, 1 MiB at most
 * @param format  a TENANTSEAL_REPLY_*: SAME as the request, or one of the two
 * @param out, out_cap, out_len  the body; the capacity must be tenantseal_event_reply_len() at
 *     least, or nothing is encrypted or remembered
 * @return ARGUMENT for a number that is no format; TOO_LONG; RANDOM; GUARD_FULL: do not send it
 *     then
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_reply(const tenantseal_event *event,
                                         const uint8_t *plaintext,
                                         size_t plaintext_len,
                                         int32_t format,
                                         uint8_t *out,
                                         size_t out_cap,
                                         size_t *out_len);

/**
 * Encrypts a passive reply in the format of the request, as tenantseal_event_reply(), and writes the
 * media type that the response has then.
 *
 * @param event  the event
 * @param plaintext, plaintext_len  the reply, 1 MiB at most
 * @param out, out_cap, out_len  the body; the capacity must be tenantseal_event_reply_len() at
 *     least, or nothing is encrypted or remembered
 * @param out_type, out_type_cap, out_type_len  the value of Content-Type; the capacity must be
 *     TENANTSEAL_CONTENT_TYPE_MAX_LEN at least, or nothing is encrypted or remembered
 * @return TOO_LONG; RANDOM; GUARD_FULL: do not send it then
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_event_reply_with_type(const tenantseal_event *event,
                                                   const uint8_t *plaintext,
                                                   size_t plaintext_len,
                                                   uint8_t *out,
                                                   size_t out_cap,
                                                   size_t *out_len,
                                                   uint8_t *out_type,
                                                   size_t out_type_cap,
                                                   size_t *out_type_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param event  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_event_free(tenantseal_event *event);

/**
 * TENANTSEAL_CONTENT_TYPE_MAX_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_content_type_max_len(void);

/**
 * The room that a reply needs, in bytes, whatever its format; 0 if it would not fit in size_t.
 *
 * @param plaintext_len  the length of the reply
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_event_reply_len(size_t plaintext_len);

/**
 * Makes a guard in the memory of this process. It forgets when the process ends, and a child of a
 * fork has its own copy.
 *
 * @param capacity  how many entries may be live: an event takes two, a retry or a reply one
 * @param out_guard  the new handle, for tenantseal_guard_free(); NULL after a failure
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_guard_in_memory(size_t capacity,
                                             tenantseal_guard **out_guard);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param guard  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_guard_free(tenantseal_guard *guard);

/**
 * Takes a `jsapi_ticket`, or the ticket of type `agent_config`, as WeCom's API gives it out.
 *
 * @param ticket, ticket_len  the ticket: 1 to 512 letters, digits, - or _
 * @param out_js_ticket  the new handle, for tenantseal_js_ticket_free(); NULL after a failure
 * @return VALUE for another form
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_js_ticket_new(const uint8_t *ticket,
                                           size_t ticket_len,
                                           tenantseal_js_ticket **out_js_ticket);

/**
 * Signs the address of a page, for now and with a nonce of its own: what the page passes to
 * `wx.config` or `wx.agentConfig`. Sign only addresses of your own pages.
 *
 * @param js_ticket  the ticket
 * @param url, url_len  the address as the page's `location.href` gives it; what follows the # is left
 *     out here
 * @param out_timestamp  `timestamp`, in seconds since 1970; 0 after a failure
 * @param out_nonce, out_nonce_cap, out_nonce_len  `nonceStr`, TENANTSEAL_JS_NONCE_LEN bytes
 * @param out_signature, out_signature_cap, out_signature_len  `signature`,
 *     TENANTSEAL_JS_SIGNATURE_LEN bytes
 * @return VALUE unless the address starts with `https://` or `http://` and is printable ASCII without
 *     spaces; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_js_ticket_sign(const tenantseal_js_ticket *js_ticket,
                                            const uint8_t *url,
                                            size_t url_len,
                                            uint64_t *out_timestamp,
                                            uint8_t *out_nonce,
                                            size_t out_nonce_cap,
                                            size_t *out_nonce_len,
                                            uint8_t *out_signature,
                                            size_t out_signature_cap,
                                            size_t *out_signature_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param js_ticket  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_js_ticket_free(tenantseal_js_ticket *js_ticket);

/**
 * TENANTSEAL_JS_NONCE_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_js_nonce_len(void);

/**
 * TENANTSEAL_JS_SIGNATURE_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_js_signature_len(void);

/**
 * Makes states of this process alone, under a random key.
 *
 * @param out_login_states  the new handle, for tenantseal_login_states_free(); NULL after a failure
 * @return RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_generate(tenantseal_login_states **out_login_states);

/**
 * Makes states of every process that has the same secret. Without a guard that all of them share, a
 * state is good once in each.
 *
 * @param secret, secret_len  TENANTSEAL_LOGIN_SECRET_LEN random bytes that serve nothing else
 * @param out_login_states  the new handle, for tenantseal_login_states_free(); NULL after a failure
 * @return VALUE for another length, and for equal bytes: a secret that nobody filled
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_from_secret(const uint8_t *secret,
                                                      size_t secret_len,
                                                      tenantseal_login_states **out_login_states);

/**
 * Sets for how long a state is good. 600 seconds unless set.
 *
 * @param login_states  the login states
 * @param seconds  how long
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_set_lifetime(tenantseal_login_states *login_states,
                                                       uint32_t seconds);

/**
 * Shares a guard with other processes or objects.
 *
 * @param login_states  the login states
 * @param guard  the guard
 * @param name, name_len  your own name for these states, 1 to 255 bytes of UTF-8, which never changes
 *     and is no callback's
 * @return VALUE for another length
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_set_guard(tenantseal_login_states *login_states,
                                                    const tenantseal_guard *guard,
                                                    const uint8_t *name,
                                                    size_t name_len);

/**
 * Makes a state for a browser, for the `state` of the address that the browser is sent to.
 *
 * @param login_states  the login states
 * @param browser  the browser
 * @param context, context_len  what else must be the same when the browser comes back, such as the
 *     tenant and the page to return to: 65,535 bytes at most. It is not in the state
 * @param out, out_cap, out_len  the state, TENANTSEAL_LOGIN_STATE_LEN hexadecimal digits
 * @return TOO_LONG; RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_issue(const tenantseal_login_states *login_states,
                                                const tenantseal_browser *browser,
                                                const uint8_t *context,
                                                size_t context_len,
                                                uint8_t *out,
                                                size_t out_cap,
                                                size_t *out_len);

/**
 * Accepts a state that came back, for the browser and the context that it was issued for, once.
 *
 * @param login_states  the login states
 * @param state, state_len  the parameter `state`, UTF-8
 * @param browser  the browser
 * @param context, context_len  the same as when it was issued
 * @return OPEN for every state that is not accepted: begin the login anew; GUARD_FULL: answer with
 *     503; VALUE for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_login_states_accept(const tenantseal_login_states *login_states,
                                                 const uint8_t *state,
                                                 size_t state_len,
                                                 const tenantseal_browser *browser,
                                                 const uint8_t *context,
                                                 size_t context_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param login_states  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_login_states_free(tenantseal_login_states *login_states);

/**
 * Makes a browser that was not seen before.
 *
 * @param out_browser  the new handle, for tenantseal_browser_free(); NULL after a failure
 * @return RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_browser_generate(tenantseal_browser **out_browser);

/**
 * Reads the value of a browser's cookie.
 *
 * @param value, value_len  the value, UTF-8
 * @param out_browser  the new handle, for tenantseal_browser_free(); NULL after a failure
 * @return OPEN unless it is TENANTSEAL_BROWSER_COOKIE_LEN lowercase hexadecimal digits; VALUE for what
 *     is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_browser_from_cookie(const uint8_t *value,
                                                 size_t value_len,
                                                 tenantseal_browser **out_browser);

/**
 * Writes the value of the browser's cookie. Set it Secure, HttpOnly and SameSite=Lax, under a name that
 * starts with `__Host-`.
 *
 * @param browser  the browser
 * @param out, out_cap, out_len  TENANTSEAL_BROWSER_COOKIE_LEN hexadecimal digits
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_browser_to_cookie(const tenantseal_browser *browser,
                                               uint8_t *out,
                                               size_t out_cap,
                                               size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param browser  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_browser_free(tenantseal_browser *browser);

/**
 * TENANTSEAL_LOGIN_SECRET_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_login_secret_len(void);

/**
 * TENANTSEAL_LOGIN_STATE_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_login_state_len(void);

/**
 * TENANTSEAL_BROWSER_COOKIE_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_browser_cookie_len(void);

/**
 * Starts to decrypt a file. The format has no signature: fetch the file over TLS, from the address in
 * a message that was verified.
 *
 * @param key, key_len  the callback's EncodingAESKey, or the `aeskey` beside the address: 43 base64
 *     digits, or 44 with the `=`
 * @param out_media  the new handle, for tenantseal_media_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS for another form of key; VALUE for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_media_new(const uint8_t *key,
                                       size_t key_len,
                                       tenantseal_media **out_media);

/**
 * Decrypts the next piece of the file. The last 32 bytes are kept back until
 * tenantseal_media_finish(), without which what was written is worth nothing: the file may have been
 * cut.
 *
 * @param media  the file
 * @param input, input_len  the piece, of any length
 * @param out, out_cap, out_len  what could be decrypted; the capacity must be
 *     tenantseal_media_update_len() at least, or the piece is not taken
 * @return ARGUMENT after the end; TOO_LONG over 100 MiB; after a failure always the same one
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_media_update(tenantseal_media *media,
                                          const uint8_t *input,
                                          size_t input_len,
                                          uint8_t *out,
                                          size_t out_cap,
                                          size_t *out_len);

/**
 * Ends the file: looks at every byte of the padding, and writes what was kept back.
 *
 * @param media  the file
 * @param out, out_cap, out_len  the end of the file; the capacity must be
 *     tenantseal_media_update_len() of 0 at least
 * @return CALLBACK for what is not such a file, one that was cut or another key included; TOO_LONG;
 *     a second time nothing is written, or the same failure returned
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_media_finish(tenantseal_media *media,
                                          uint8_t *out,
                                          size_t out_cap,
                                          size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param media  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_media_free(tenantseal_media *media);

/**
 * The room that decrypting a piece needs, in bytes: its length and 32; 0 if it would not fit in
 * size_t. Ending the file needs that of 0.
 *
 * @param input_len  the length of the piece
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_media_update_len(size_t input_len);

/**
 * Takes a callback's credentials.
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param receive_id, receive_id_len  which receiveid every message must have; nothing for an AI
 *     bot
 * @param out_crypt  the new handle, for tenantseal_biz_msg_crypt_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_biz_msg_crypt_new(const uint8_t *token,
                                               size_t token_len,
                                               const uint8_t *encoding_aes_key,
                                               size_t encoding_aes_key_len,
                                               const uint8_t *receive_id,
                                               size_t receive_id_len,
                                               tenantseal_biz_msg_crypt **out_crypt);

/**
 * `VerifyURL`: writes the echo to answer the console with. Parameters are split and decoded.
 *
 * @param crypt  the biz msg crypt
 * @param msg_signature, msg_signature_len  the parameter of that name
 * @param timestamp, timestamp_len  the parameter of that name
 * @param nonce, nonce_len  the parameter of that name
 * @param echostr, echostr_len  the parameter of that name
 * @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
 * @return 0; Tencent's code, -40001 to -40010, for your log and never for the peer; or a
 *     TENANTSEAL_ERROR_*
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_biz_msg_crypt_verify_url(const tenantseal_biz_msg_crypt *crypt,
                                                      const uint8_t *msg_signature,
                                                      size_t msg_signature_len,
                                                      const uint8_t *timestamp,
                                                      size_t timestamp_len,
                                                      const uint8_t *nonce,
                                                      size_t nonce_len,
                                                      const uint8_t *echostr,
                                                      size_t echostr_len,
                                                      uint8_t *out,
                                                      size_t out_cap,
                                                      size_t *out_len);

/**
 * `DecryptMsg`: writes the message. Parameters are split and decoded.
 *
 * @param crypt  the biz msg crypt
 * @param body, body_len  the request's body, XML or JSON
 * @param msg_signature, msg_signature_len  the parameter of that name
 * @param timestamp, timestamp_len  the parameter of that name
 * @param nonce, nonce_len  the parameter of that name
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return 0; Tencent's code, -40001 to -40010, for your log and never for the peer; or a
 *     TENANTSEAL_ERROR_*
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_biz_msg_crypt_decrypt_msg(const tenantseal_biz_msg_crypt *crypt,
                                                       const uint8_t *body,
                                                       size_t body_len,
                                                       const uint8_t *msg_signature,
                                                       size_t msg_signature_len,
                                                       const uint8_t *timestamp,
                                                       size_t timestamp_len,
                                                       const uint8_t *nonce,
                                                       size_t nonce_len,
                                                       uint8_t *out,
                                                       size_t out_cap,
                                                       size_t *out_len);

/**
 * `EncryptMsg`: writes a reply.
 *
 * @param crypt  the biz msg crypt
 * @param reply, reply_len  the reply, 1 MiB at most
 * @param nonce, nonce_len  1 to 32 letters, digits, - or _
 * @param timestamp, timestamp_len  10 digits; NULL and 0 for now
 * @param format  TENANTSEAL_REPLY_XML or TENANTSEAL_REPLY_JSON
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return 0; -40006 for a reply that is too long; -40011 for another nonce or timestamp; or a
 *     TENANTSEAL_ERROR_*
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_biz_msg_crypt_encrypt_msg(const tenantseal_biz_msg_crypt *crypt,
                                                       const uint8_t *reply,
                                                       size_t reply_len,
                                                       const uint8_t *nonce,
                                                       size_t nonce_len,
                                                       const uint8_t *timestamp,
                                                       size_t timestamp_len,
                                                       int32_t format,
                                                       uint8_t *out,
                                                       size_t out_cap,
                                                       size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param biz_msg_crypt  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_biz_msg_crypt_free(tenantseal_biz_msg_crypt *biz_msg_crypt);

/**
 * Makes a sender.
 *
 * @param token, token_len  the token, UTF-8
 * @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
 * @param receive_id, receive_id_len  to whom: a CorpID, a suite id, or nothing
 * @param out_sender  the new handle, for tenantseal_sender_free(); NULL after a failure
 * @return CALLBACK_CREDENTIALS; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_sender_new(const uint8_t *token,
                                        size_t token_len,
                                        const uint8_t *encoding_aes_key,
                                        size_t encoding_aes_key_len,
                                        const uint8_t *receive_id,
                                        size_t receive_id_len,
                                        tenantseal_sender **out_sender);

/**
 * Writes a message as query string and XML body. The nonce is not checked.
 *
 * @param sender  the sender
 * @param plaintext, plaintext_len  the message, 1 MiB at most
 * @param timestamp  seconds since 1970
 * @param nonce, nonce_len  the nonce, UTF-8
 * @param out_query, out_query_cap, out_query_len  the query string, 256 bytes and three for each
 *     of the nonce at most
 * @param out_body, out_body_cap, out_body_len  the body: twice the message and 1024 bytes are
 *     enough
 * @return TOO_LONG; RANDOM; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_sender_post(const tenantseal_sender *sender,
                                         const uint8_t *plaintext,
                                         size_t plaintext_len,
                                         uint64_t timestamp,
                                         const uint8_t *nonce,
                                         size_t nonce_len,
                                         uint8_t *out_query,
                                         size_t out_query_cap,
                                         size_t *out_query_len,
                                         uint8_t *out_body,
                                         size_t out_body_cap,
                                         size_t *out_body_len);

/**
 * Writes a message as query string and the JSON body of an AI bot. The nonce is not checked.
 *
 * @param sender  the sender
 * @param plaintext, plaintext_len  the message, 1 MiB at most
 * @param timestamp  seconds since 1970
 * @param nonce, nonce_len  the nonce, UTF-8
 * @param out_query, out_query_cap, out_query_len  the query string, 256 bytes and three for each
 *     of the nonce at most
 * @param out_body, out_body_cap, out_body_len  the body: twice the message and 1024 bytes are
 *     enough
 * @return TOO_LONG; RANDOM; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_sender_post_json(const tenantseal_sender *sender,
                                              const uint8_t *plaintext,
                                              size_t plaintext_len,
                                              uint64_t timestamp,
                                              const uint8_t *nonce,
                                              size_t nonce_len,
                                              uint8_t *out_query,
                                              size_t out_query_cap,
                                              size_t *out_query_len,
                                              uint8_t *out_body,
                                              size_t out_body_cap,
                                              size_t *out_body_len);

/**
 * Writes the query string of a URL check. The nonce is not checked.
 *
 * @param sender  the sender
 * @param echo, echo_len  the echo, UTF-8
 * @param timestamp  seconds since 1970
 * @param nonce, nonce_len  the nonce, UTF-8
 * @param out_query, out_query_cap, out_query_len  the query string, of another length each time:
 *     1024 bytes, and four for each of echo, receiveid and nonce, are enough
 * @return TOO_LONG; RANDOM; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_sender_get(const tenantseal_sender *sender,
                                        const uint8_t *echo,
                                        size_t echo_len,
                                        uint64_t timestamp,
                                        const uint8_t *nonce,
                                        size_t nonce_len,
                                        uint8_t *out_query,
                                        size_t out_query_cap,
                                        size_t *out_query_len);

/**
 * Verifies and decrypts a reply's body, XML or JSON.
 *
 * @param sender  the sender
 * @param body, body_len  the body, UTF-8
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return CALLBACK_FORMAT; CALLBACK; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_sender_open_reply(const tenantseal_sender *sender,
                                               const uint8_t *body,
                                               size_t body_len,
                                               uint8_t *out,
                                               size_t out_cap,
                                               size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param sender  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_sender_free(tenantseal_sender *sender);

/**
 * Opens the SQLite file, makes it if it is not there, and adds what the keyring's policy needs.
 *
 * @param path, path_len  where: a file system path, not text
 * @param keyring  the keyring
 * @param out_vault  the new handle, for tenantseal_vault_free(); NULL after a failure
 * @return UNKNOWN_FIELD if the keyring has no policy; STORE; VALUE for `:memory:`
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_vault_open(const uint8_t *path,
                                        size_t path_len,
                                        const tenantseal_keyring *keyring,
                                        tenantseal_vault **out_vault);

/**
 * Gives one tenant's rows.
 *
 * @param vault  the vault
 * @param id, id_len  the tenant's id
 * @param out_tenant_vault  the new handle, for tenantseal_tenant_vault_free(); NULL after a
 *     failure
 * @return UNKNOWN_TENANT; FORKED; VALUE; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_vault_tenant(const tenantseal_vault *vault,
                                          const uint8_t *id,
                                          size_t id_len,
                                          tenantseal_tenant_vault **out_tenant_vault);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param vault  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_vault_free(tenantseal_vault *vault);

/**
 * Makes an empty set of columns.
 *
 * @param out_fields  the new handle, for tenantseal_fields_free(); NULL after a failure
 * @return OK
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK tenantseal_status tenantseal_fields_new(tenantseal_fields **out_fields);

/**
 * Sets a column of type text; also a plain one of type decimal, date, timestamp or json, in its
 * text form.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @param value, value_len  the value, UTF-8
 * @return VALUE for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_text(tenantseal_fields *fields,
                                             const uint8_t *column,
                                             size_t column_len,
                                             const uint8_t *value,
                                             size_t value_len);

/**
 * Sets a column of type bytes.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @param value, value_len  the value
 * @return VALUE for a label that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_bytes(tenantseal_fields *fields,
                                              const uint8_t *column,
                                              size_t column_len,
                                              const uint8_t *value,
                                              size_t value_len);

/**
 * Sets a plain column of type i64.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @param value  the number
 * @return VALUE for a label that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_i64(tenantseal_fields *fields,
                                            const uint8_t *column,
                                            size_t column_len,
                                            int64_t value);

/**
 * Sets a plain column of type f64.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @param value  the number
 * @return VALUE for a label that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_f64(tenantseal_fields *fields,
                                            const uint8_t *column,
                                            size_t column_len,
                                            double value);

/**
 * Sets a plain column of type bool.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @param value  0 for false, everything else is true
 * @return VALUE for a label that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_bool(tenantseal_fields *fields,
                                             const uint8_t *column,
                                             size_t column_len,
                                             int32_t value);

/**
 * Leaves a column empty: NULL, with no mask and no token.
 *
 * @param fields  the fields
 * @param column, column_len  the permanent label, without the table's
 * @return VALUE for a label that is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_null(tenantseal_fields *fields,
                                             const uint8_t *column,
                                             size_t column_len);

/**
 * Puts a new row into a compartment of the policy. A row keeps the one that it was inserted with.
 *
 * @param fields  the fields
 * @param label, label_len  the compartment's label
 * @return VALUE for what is not UTF-8
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_fields_set_compartment(tenantseal_fields *fields,
                                                    const uint8_t *label,
                                                    size_t label_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param fields  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_fields_free(tenantseal_fields *fields);

/**
 * Tells how many rows there are.
 *
 * @param rows  the rows
 * @param out_count  where to write it; 0 after a failure
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_count(const tenantseal_rows *rows,
                                        size_t *out_count);

/**
 * Gives a row's id.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param out_id  where to write it; 0 after a failure
 * @return ABSENT if there are not so many
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_id(const tenantseal_rows *rows,
                                     size_t number,
                                     int64_t *out_id);

/**
 * Writes a row's compartment; empty for the default one.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return ABSENT if there are not so many
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_compartment(const tenantseal_rows *rows,
                                              size_t number,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Writes the text or bytes of a column: of a row that was opened its value, of a listing what may
 * be shown.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param column, column_len  the permanent label, without the table's
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became
 * @return ABSENT if there is no such row or the column is NULL or none of it; WRONG_TYPE for a
 *     number; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_value(const tenantseal_rows *rows,
                                        size_t number,
                                        const uint8_t *column,
                                        size_t column_len,
                                        uint8_t *out,
                                        size_t out_cap,
                                        size_t *out_len);

/**
 * Gives the number in a plain column of type i64.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param column, column_len  the permanent label, without the table's
 * @param out_value  where to write it; 0 after a failure
 * @return ABSENT; WRONG_TYPE; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_i64(const tenantseal_rows *rows,
                                      size_t number,
                                      const uint8_t *column,
                                      size_t column_len,
                                      int64_t *out_value);

/**
 * Gives the number in a plain column of type f64.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param column, column_len  the permanent label, without the table's
 * @param out_value  where to write it; 0 after a failure
 * @return ABSENT; WRONG_TYPE; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_f64(const tenantseal_rows *rows,
                                      size_t number,
                                      const uint8_t *column,
                                      size_t column_len,
                                      double *out_value);

/**
 * Gives the truth value in a plain column of type bool.
 *
 * @param rows  the rows
 * @param number  which row, counted from 0
 * @param column, column_len  the permanent label, without the table's
 * @param out_value  1 or 0; 0 after a failure
 * @return ABSENT; WRONG_TYPE; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_rows_bool(const tenantseal_rows *rows,
                                       size_t number,
                                       const uint8_t *column,
                                       size_t column_len,
                                       int32_t *out_value);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param rows  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_rows_free(tenantseal_rows *rows);

/**
 * Inserts a row.
 *
 * @param tenant_vault  the tenant vault
 * @param table, table_len  the table's permanent label
 * @param fields  the fields
 * @param out_id  the row's id, which is never used again; 0 after a failure
 * @return UNKNOWN_FIELD; UNKNOWN_COMPARTMENT; WRONG_TYPE; VALUE if an index has no spelling for a
 *     value; STORE; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_insert(const tenantseal_tenant_vault *tenant_vault,
                                                 const uint8_t *table,
                                                 size_t table_len,
                                                 const tenantseal_fields *fields,
                                                 int64_t *out_id);

/**
 * Reads and opens the row of an id: none or one.
 *
 * @param tenant_vault  the tenant vault
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
 * @return OPEN or UNKNOWN_KEY if a cell of it was altered or moved; UNKNOWN_FIELD; STORE; FORKED;
 *     VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_get(const tenantseal_tenant_vault *tenant_vault,
                                              const uint8_t *table,
                                              size_t table_len,
                                              int64_t id,
                                              tenantseal_rows **out_rows);

/**
 * Reads and opens the rows of which a field has a value.
 *
 * @param tenant_vault  the tenant vault
 * @param field, field_len  the field's permanent label, `table.column`
 * @param index, index_len  the label of one of its indexes
 * @param value, value_len  the value, UTF-8
 * @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
 * @return UNKNOWN_FIELD; UNKNOWN_INDEX; VALUE if the index has no spelling for it; OPEN;
 *     UNKNOWN_KEY; STORE; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_find(const tenantseal_tenant_vault *tenant_vault,
                                               const uint8_t *field,
                                               size_t field_len,
                                               const uint8_t *index,
                                               size_t index_len,
                                               const uint8_t *value,
                                               size_t value_len,
                                               tenantseal_rows **out_rows);

/**
 * Reads rows as a listing may show them, in the order of their ids: masks are opened, values are
 * not.
 *
 * @param tenant_vault  the tenant vault
 * @param table, table_len  the table's permanent label
 * @param after  the id of the last row of the page before; 0 to begin with
 * @param limit  how many at most
 * @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
 * @return OPEN; UNKNOWN_KEY; UNKNOWN_FIELD; STORE; FORKED; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_list_masked(const tenantseal_tenant_vault *tenant_vault,
                                                      const uint8_t *table,
                                                      size_t table_len,
                                                      int64_t after,
                                                      uint32_t limit,
                                                      tenantseal_rows **out_rows);

/**
 * Changes columns of a row; those that are not named stay.
 *
 * @param tenant_vault  the tenant vault
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param fields  the fields
 * @param out_there  1 if the row is there, 0 if not and after a failure
 * @return as tenantseal_tenant_vault_insert(); WRONG_BINDING for a column that cells of the row
 *     are bound to
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_update(const tenantseal_tenant_vault *tenant_vault,
                                                 const uint8_t *table,
                                                 size_t table_len,
                                                 int64_t id,
                                                 const tenantseal_fields *fields,
                                                 int32_t *out_there);

/**
 * Deletes a row.
 *
 * @param tenant_vault  the tenant vault
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param out_there  1 if the row was there, 0 if not and after a failure
 * @return UNKNOWN_FIELD; STORE; FORKED; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_delete(const tenantseal_tenant_vault *tenant_vault,
                                                 const uint8_t *table,
                                                 size_t table_len,
                                                 int64_t id,
                                                 int32_t *out_there);

/**
 * Starts a transaction. While it is open every other write to this vault waits, those of the
 * thread that holds it for ever: write through the transaction.
 *
 * @param tenant_vault  the tenant vault
 * @param out_transaction  the new handle, for tenantseal_transaction_free(); NULL after a failure
 * @return STORE if another process writes for too long; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_tenant_vault_begin(const tenantseal_tenant_vault *tenant_vault,
                                                tenantseal_transaction **out_transaction);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param tenant_vault  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_tenant_vault_free(tenantseal_tenant_vault *tenant_vault);

/**
 * Inserts a row.
 *
 * @param transaction  the transaction
 * @param table, table_len  the table's permanent label
 * @param fields  the fields
 * @param out_id  the row's id, which is never used again; 0 after a failure
 * @return UNKNOWN_FIELD; UNKNOWN_COMPARTMENT; WRONG_TYPE; VALUE if an index has no spelling for a
 *     value; STORE; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_insert(tenantseal_transaction *transaction,
                                                const uint8_t *table,
                                                size_t table_len,
                                                const tenantseal_fields *fields,
                                                int64_t *out_id);

/**
 * Reads and opens the row of an id: none or one.
 *
 * @param transaction  the transaction
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
 * @return OPEN or UNKNOWN_KEY if a cell of it was altered or moved; UNKNOWN_FIELD; STORE; FORKED;
 *     VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_get(tenantseal_transaction *transaction,
                                             const uint8_t *table,
                                             size_t table_len,
                                             int64_t id,
                                             tenantseal_rows **out_rows);

/**
 * Reads and opens the rows of which a field has a value.
 *
 * @param transaction  the transaction
 * @param field, field_len  the field's permanent label, `table.column`
 * @param index, index_len  the label of one of its indexes
 * @param value, value_len  the value, UTF-8
 * @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
 * @return UNKNOWN_FIELD; UNKNOWN_INDEX; VALUE if the index has no spelling for it; OPEN;
 *     UNKNOWN_KEY; STORE; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_find(tenantseal_transaction *transaction,
                                              const uint8_t *field,
                                              size_t field_len,
                                              const uint8_t *index,
                                              size_t index_len,
                                              const uint8_t *value,
                                              size_t value_len,
                                              tenantseal_rows **out_rows);

/**
 * Changes columns of a row; those that are not named stay.
 *
 * @param transaction  the transaction
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param fields  the fields
 * @param out_there  1 if the row is there, 0 if not and after a failure
 * @return as tenantseal_transaction_insert(); WRONG_BINDING for a column that cells of the row are
 *     bound to
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_update(tenantseal_transaction *transaction,
                                                const uint8_t *table,
                                                size_t table_len,
                                                int64_t id,
                                                const tenantseal_fields *fields,
                                                int32_t *out_there);

/**
 * Deletes a row.
 *
 * @param transaction  the transaction
 * @param table, table_len  the table's permanent label
 * @param id  the row's id
 * @param out_there  1 if the row was there, 0 if not and after a failure
 * @return UNKNOWN_FIELD; STORE; FORKED; VALUE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_delete(tenantseal_transaction *transaction,
                                                const uint8_t *table,
                                                size_t table_len,
                                                int64_t id,
                                                int32_t *out_there);

/**
 * Makes everything that was written durable, all at once. The transaction is closed then, also
 * after a failure.
 *
 * @param transaction  the transaction
 * @return STORE: nothing was written then; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_transaction_commit(tenantseal_transaction *transaction);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param transaction  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_transaction_free(tenantseal_transaction *transaction);

/**
 * Makes a private key: the static key of one endpoint. Store it sealed; whoever has it can pass for
 * its owner.
 *
 * @param out, out_cap, out_len  the key, TENANTSEAL_PRIVATE_KEY_LEN bytes
 * @return RANDOM
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_private_key_generate(uint8_t *out,
                                                  size_t out_cap,
                                                  size_t *out_len);

/**
 * Computes the public key of a private key: what the others know the endpoint by.
 *
 * @param private_key, private_key_len  TENANTSEAL_PRIVATE_KEY_LEN bytes
 * @param out, out_cap, out_len  the public key, TENANTSEAL_PUBLIC_KEY_LEN bytes
 * @return VALUE for another length, and for equal bytes: a key that nobody set
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_private_key_public(const uint8_t *private_key,
                                                size_t private_key_len,
                                                uint8_t *out,
                                                size_t out_cap,
                                                size_t *out_len);

/**
 * TENANTSEAL_PRIVATE_KEY_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_private_key_len(void);

/**
 * TENANTSEAL_PUBLIC_KEY_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_public_key_len(void);

/**
 * Names an endpoint and its key, from where nobody could put in another one.
 *
 * @param kind  what it is: one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  who it is, 1 to 128 bytes
 * @param public_key, public_key_len  TENANTSEAL_PUBLIC_KEY_LEN bytes
 * @param out_peer  the new handle, for tenantseal_peer_free(); NULL after a failure
 * @return VALUE for another length of the key or an empty id; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_peer_new(int32_t kind,
                                      const uint8_t *id,
                                      size_t id_len,
                                      const uint8_t *public_key,
                                      size_t public_key_len,
                                      tenantseal_peer **out_peer);

/**
 * Sets the ticket that both sides have: a secret for their handshakes, handed out by a key server.
 *
 * @param peer  the peer
 * @param id, id_len  by which both name it, 1 to 64 bytes; no secret
 * @param key, key_len  TENANTSEAL_TICKET_KEY_LEN random bytes
 * @return VALUE for another length of the key or an empty id; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_peer_set_ticket(tenantseal_peer *peer,
                                             const uint8_t *id,
                                             size_t id_len,
                                             const uint8_t *key,
                                             size_t key_len);

/**
 * Sets the ticket that a session leaves for the next one of the same two: whoever has had no part in
 * that session can have none in the next, even with both static keys. Both sides make the same one;
 * it is to be used once.
 *
 * @param peer  the peer
 * @param session  the session, before it is split
 * @return STATE after tenantseal_session_split(); SUSPENDED, REMOVED or SHREDDED if the session was ended;
 *     FORKED; IO; STORE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_peer_set_resumption(tenantseal_peer *peer,
                                                 const tenantseal_session *session);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param peer  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_peer_free(tenantseal_peer *peer);

/**
 * TENANTSEAL_TICKET_KEY_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_ticket_key_len(void);

/**
 * Makes an endpoint. Two endpoints meet only if tenant, purpose and context are the same on both sides.
 *
 * @param tenant  the tenant
 * @param kind  what the principal is: one of TENANTSEAL_PRINCIPAL_*
 * @param id, id_len  the principal, which the tenant knows: tenantseal_tenant_add_principal()
 * @param private_key, private_key_len  its static key, TENANTSEAL_PRIVATE_KEY_LEN bytes
 * @param purpose, purpose_len  your own permanent name for what the sessions are for, 1 to 64 bytes of
 *     UTF-8: two purposes share no key
 * @param out_endpoint  the new handle, for tenantseal_endpoint_free(); NULL after a failure
 * @return VALUE; TOO_LONG; UNKNOWN_PRINCIPAL; SUSPENDED; REMOVED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_new(const tenantseal_tenant *tenant,
                                          int32_t kind,
                                          const uint8_t *id,
                                          size_t id_len,
                                          const uint8_t *private_key,
                                          size_t private_key_len,
                                          const uint8_t *purpose,
                                          size_t purpose_len,
                                          tenantseal_endpoint **out_endpoint);

/**
 * Sets what else both sides must have in common for a session to come about, such as the fingerprint
 * of the connection below. It is not sent. Set it before the endpoint is added to a listener: there it
 * goes by tenant, id, key, purpose and context.
 *
 * @param endpoint  the endpoint
 * @param context, context_len  1,024 bytes at most
 * @return TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_set_context(tenantseal_endpoint *endpoint,
                                                  const uint8_t *context,
                                                  size_t context_len);

/**
 * Sets what the endpoint shows to prove that its key is its principal's, to one that does not know it
 * beforehand. It is sent encrypted. One of more than some 1,000 bytes makes packets that do not fit
 * every network.
 *
 * @param endpoint  the endpoint
 * @param certificate, certificate_len  1 to 16,384 bytes
 * @return VALUE if it is empty; TOO_LONG
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_set_certificate(tenantseal_endpoint *endpoint,
                                                      const uint8_t *certificate,
                                                      size_t certificate_len);

/**
 * Sets when a key phase ends. A limit can be lowered, and neither raised nor switched off; one that is
 * out of range is taken as the nearest that is in it.
 *
 * @param endpoint  the endpoint
 * @param packets  after so many packets; 2^28 unless set, 65,536 at least
 * @param bytes  after so many bytes; 64 GiB unless set, 64 MiB at least
 * @param seconds  after so long; 60 unless set, 10 at least
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_set_phase(tenantseal_endpoint *endpoint,
                                                uint64_t packets,
                                                uint64_t bytes,
                                                uint64_t seconds);

/**
 * Sets when a session ends, as tenantseal_endpoint_set_phase(). A new handshake is due after half of the
 * packets or two thirds of the time.
 *
 * @param endpoint  the endpoint
 * @param packets  after so many packets in one direction; 2^29 unless set
 * @param seconds  after so long; 180 unless set
 * @param failures  after so many packets that did not open; 2^36 unless set
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_set_session(tenantseal_endpoint *endpoint,
                                                  uint64_t packets,
                                                  uint64_t seconds,
                                                  uint64_t failures);

/**
 * Sets how many packets before the latest may still arrive: 1,024 to 8,192, in steps of 64.
 *
 * @param endpoint  the endpoint
 * @param packets  how many; 2,048 unless set
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_set_window(tenantseal_endpoint *endpoint,
                                                 size_t packets);

/**
 * Adds a key of a principal to those that the endpoint believes, where it does not know the other side
 * beforehand: tenantseal_endpoint_initiate_xx(), and what others do to it with that or with
 * tenantseal_endpoint_initiate_ik(). Until the first one it has no session of these kinds. Add that
 * one before the endpoint is added to a listener; later ones act at once.
 *
 * @param endpoint  the endpoint
 * @param peer  the principal and its key; a ticket is not looked at
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_know(tenantseal_endpoint *endpoint,
                                           const tenantseal_peer *peer);

/**
 * Calls a peer that expects it: each side knows the other's static key. Nobody on the way learns who
 * speaks with whom. Send tenantseal_initiator_packet().
 *
 * @param endpoint  the endpoint
 * @param peer  whom
 * @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
 * @return UNKNOWN_PRINCIPAL, SUSPENDED or REMOVED for either side; OPEN for a key that contributes
 *     nothing; RANDOM; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_initiate(const tenantseal_endpoint *endpoint,
                                               const tenantseal_peer *peer,
                                               tenantseal_initiator **out_initiator);

/**
 * Calls a peer that does not know this endpoint's static key, and is told it encrypted.
 *
 * @param endpoint  the endpoint
 * @param peer  whom
 * @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
 * @return as tenantseal_endpoint_initiate()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_initiate_ik(const tenantseal_endpoint *endpoint,
                                                  const tenantseal_peer *peer,
                                                  tenantseal_initiator **out_initiator);

/**
 * Calls somebody whose static key is not known: each side sends its own, encrypted, and looks for the
 * other's among those that it knows. Nobody else learns who calls.
 *
 * @param endpoint  the endpoint
 * @param kind  a TENANTSEAL_PRINCIPAL_ constant
 * @param id, id_len  whom; NULL and 0 for whoever of those answers, when `kind` is not looked at
 * @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
 * @return STATE without a tenantseal_endpoint_know(); as tenantseal_endpoint_initiate()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_endpoint_initiate_xx(const tenantseal_endpoint *endpoint,
                                                  int32_t kind,
                                                  const uint8_t *id,
                                                  size_t id_len,
                                                  tenantseal_initiator **out_initiator);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param endpoint  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_endpoint_free(tenantseal_endpoint *endpoint);

/**
 * Writes the packet to send now: the first one; after TENANTSEAL_HANDSHAKE_SEND the same with a cookie;
 * after TENANTSEAL_HANDSHAKE_ESTABLISHED the one that the other side waits for.
 *
 * @param initiator  the initiator
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became.
 *     TENANTSEAL_HANDSHAKE_MAX_LEN bytes are enough
 * @return FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_initiator_packet(const tenantseal_initiator *initiator,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Writes the number in the packets that answer this one: tenantseal_receiver_index().
 *
 * @param initiator  the initiator
 * @param out_index  the number
 * @return ABSENT once the session is there; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_initiator_index(const tenantseal_initiator *initiator,
                                             uint32_t *out_index);

/**
 * Reads a packet that came back. One that is refused changes nothing.
 *
 * @param initiator  the initiator
 * @param packet, packet_len  the packet
 * @param out_progress  TENANTSEAL_HANDSHAKE_SEND or TENANTSEAL_HANDSHAKE_ESTABLISHED: in both cases send
 *     tenantseal_initiator_packet() at once
 * @param out_session  the session if it is there, for tenantseal_session_free(); else NULL
 * @return OPEN if it is not the genuine answer: drop it silently, and go on waiting; SESSION_EXPIRED
 *     after 15 seconds; SUSPENDED, REMOVED or UNKNOWN_PRINCIPAL for either side; FORKED; RANDOM; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_initiator_receive(tenantseal_initiator *initiator,
                                               const uint8_t *packet,
                                               size_t packet_len,
                                               int32_t *out_progress,
                                               tenantseal_session **out_session);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param initiator  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_initiator_free(tenantseal_initiator *initiator);

/**
 * TENANTSEAL_HANDSHAKE_MAX_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_handshake_max_len(void);

/**
 * Makes a listener for tenants of a keyring.
 *
 * @param keyring  the keyring
 * @param out_listener  the new handle, for tenantseal_listener_free(); NULL after a failure
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_new(const tenantseal_keyring *keyring,
                                          tenantseal_listener **out_listener);

/**
 * Sets from when on cookies are asked for, and when packets are dropped: for one endpoint, in each
 * second. What is there stays.
 *
 * @param listener  the listener
 * @param cookies_after  after how many first packets the next ones have to bring a cookie; 64 unless
 *     set, 0 for always
 * @param most  how many first packets are looked at, past those that brought no cookie; 4,096 unless set
 * @param per_peer  how many handshakes of one peer are answered; 32 unless set
 * @return FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_set_load(tenantseal_listener *listener,
                                               uint32_t cookies_after,
                                               uint32_t most,
                                               uint32_t per_peer);

/**
 * Answers for an endpoint: those that it expects, and, after tenantseal_endpoint_know(), those that it
 * knows.
 *
 * @param listener  the listener
 * @param endpoint  the endpoint, as it is now
 * @return ALREADY_EXISTS if it is there, or another of the same tenant, purpose and context knows peers:
 *     who calls without knowing anybody would not say which; VALUE for a tenant of another keyring;
 *     SUSPENDED; SHREDDED; IO; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_add(tenantseal_listener *listener,
                                          const tenantseal_endpoint *endpoint);

/**
 * No longer answers for an endpoint, and forgets whom it expected. Its handshakes that are not confirmed
 * end; sessions that are there go on.
 *
 * @param listener  the listener
 * @param endpoint  the endpoint
 * @return UNKNOWN_PRINCIPAL if it was not added
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_remove(tenantseal_listener *listener,
                                             const tenantseal_endpoint *endpoint);

/**
 * Has an endpoint expect a peer, with the ticket that both have, if there is one. The same peer may be
 * expected under several.
 *
 * @param listener  the listener
 * @param endpoint  the endpoint
 * @param peer  whom
 * @return UNKNOWN_PRINCIPAL if the endpoint was not added; as tenantseal_listener_add()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_expect(tenantseal_listener *listener,
                                             const tenantseal_endpoint *endpoint,
                                             const tenantseal_peer *peer);

/**
 * Has an endpoint no longer expect a peer under that key and ticket. Handshakes of that key that are not
 * confirmed end; sessions that are there go on.
 *
 * @param listener  the listener
 * @param endpoint  the endpoint
 * @param peer  whom
 * @return UNKNOWN_PRINCIPAL if the endpoint was not added or the peer was not expected; as
 *     tenantseal_listener_add()
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_forget(tenantseal_listener *listener,
                                             const tenantseal_endpoint *endpoint,
                                             const tenantseal_peer *peer);

/**
 * Says how many handshakes are answered and not confirmed.
 *
 * @param listener  the listener
 * @param out_count  how many
 * @return FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_pending(const tenantseal_listener *listener,
                                              size_t *out_count);

/**
 * How much room tenantseal_listener_receive() wants: TENANTSEAL_HANDSHAKE_MAX_LEN, or as much as the
 * packet if that is more.
 *
 * @param packet_len  the length of the packet
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_listener_receive_len(size_t packet_len);

/**
 * Takes a packet that is of no session that you know: tenantseal_receiver_index() finds those that you
 * do.
 *
 * @param listener  the listener
 * @param address, address_len  where it came from, as in `struct in_addr` or `in6_addr`: 4 or 16 bytes.
 *     Behind a proxy the client's, not the proxy's
 * @param port  the port there
 * @param packet, packet_len  the packet
 * @param out_progress  TENANTSEAL_HANDSHAKE_SEND: send what was written to where the packet came from.
 *     TENANTSEAL_HANDSHAKE_ESTABLISHED: the session is there, and what was written is the packet's
 *     content: nothing, unless the packet that confirms was lost
 * @param out_session  the session if it is there, for tenantseal_session_free(); else NULL. It takes the
 *     place of an older one with the same peer
 * @param out, out_cap, out_len  where to write, its capacity, and what its length became. It wants the
 *     room of tenantseal_listener_receive_len(), before anything is done
 * @return OPEN for whatever is not to be answered: drop it silently; RANDOM or IO, which are silence to
 *     the sender too; VALUE for another address; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_listener_receive(tenantseal_listener *listener,
                                              const uint8_t *address,
                                              size_t address_len,
                                              uint32_t port,
                                              const uint8_t *packet,
                                              size_t packet_len,
                                              int32_t *out_progress,
                                              tenantseal_session **out_session,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param listener  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_listener_free(tenantseal_listener *listener);

/**
 * Writes who is on the other side.
 *
 * @param session  the session
 * @param out_kind  what it is: one of TENANTSEAL_PRINCIPAL_*
 * @param out, out_cap, out_len  its id, 128 bytes at most
 * @return STATE after tenantseal_session_split(); FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_peer(const tenantseal_session *session,
                                          int32_t *out_kind,
                                          uint8_t *out,
                                          size_t out_cap,
                                          size_t *out_len);

/**
 * Writes the static key of the other side.
 *
 * @param session  the session
 * @param out, out_cap, out_len  the public key, TENANTSEAL_PUBLIC_KEY_LEN bytes
 * @return STATE after tenantseal_session_split(); FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_peer_key(const tenantseal_session *session,
                                              uint8_t *out,
                                              size_t out_cap,
                                              size_t *out_len);

/**
 * Writes the number in the packets for this session: tenantseal_receiver_index().
 *
 * @param session  the session
 * @param out_index  the number
 * @return STATE after tenantseal_session_split(); FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_index(const tenantseal_session *session,
                                           uint32_t *out_index);

/**
 * Writes what a layer above binds itself to: the same on both sides and of this session alone. No
 * secret.
 *
 * @param session  the session
 * @param out, out_cap, out_len  TENANTSEAL_CHANNEL_BINDING_LEN bytes
 * @return STATE after tenantseal_session_split(); FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_channel_binding(const tenantseal_session *session,
                                                     uint8_t *out,
                                                     size_t out_cap,
                                                     size_t *out_len);

/**
 * Derives a secret for something else, the same on both sides.
 *
 * @param session  the session
 * @param label, label_len  what for, UTF-8, not empty
 * @param context, context_len  what else it depends on
 * @param length  how long it shall be: 1 to 8,160 bytes
 * @param out, out_cap, out_len  the secret, `length` bytes
 * @return VALUE; TOO_LONG; STATE after tenantseal_session_split(); SUSPENDED, REMOVED or SHREDDED if it was
 *     ended; FORKED; IO; STORE
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_export(const tenantseal_session *session,
                                            const uint8_t *label,
                                            size_t label_len,
                                            const uint8_t *context,
                                            size_t context_len,
                                            size_t length,
                                            uint8_t *out,
                                            size_t out_cap,
                                            size_t *out_len);

/**
 * Gives the halves of a session for datagrams, once.
 *
 * @param session  the session, which is still to be released
 * @param out_sender  the new handle, for tenantseal_session_sender_free(); NULL after a failure
 * @param out_receiver  the new handle, for tenantseal_session_receiver_free(); NULL after a failure
 * @return STATE the second time; FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_split(tenantseal_session *session,
                                           tenantseal_session_sender **out_sender,
                                           tenantseal_session_receiver **out_receiver);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param session  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_session_free(tenantseal_session *session);

/**
 * Reads the number that a packet's receiver gave to its session, by which a program with many sessions
 * finds the right one. Nothing is authenticated yet.
 *
 * @param packet, packet_len  the packet
 * @param out_index  the number
 * @return ABSENT for the first packet of a handshake, which a listener takes, and for what is no packet
 *     of a session
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_receiver_index(const uint8_t *packet,
                                            size_t packet_len,
                                            uint32_t *out_index);

/**
 * TENANTSEAL_CHANNEL_BINDING_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_channel_binding_len(void);

/**
 * How much room tenantseal_session_receiver_open() wants: as much as can be in the packet.
 *
 * @param packet_len  the length of the packet
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_session_receiver_open_len(size_t packet_len);

/**
 * Opens a datagram. It wants the room of tenantseal_session_receiver_open_len() before it does anything.
 *
 * @param receiver  the receiver
 * @param packet, packet_len  the packet
 * @param out, out_cap, out_len  what is in it: nothing in a packet that only says that the other side is
 *     there
 * @return OPEN if it is not genuine, was opened before, or is too old: drop it silently; SESSION_EXPIRED
 *     when the session has reached a limit; SUSPENDED, REMOVED or SHREDDED when it was ended; FORKED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_receiver_open(tenantseal_session_receiver *receiver,
                                                   const uint8_t *packet,
                                                   size_t packet_len,
                                                   uint8_t *out,
                                                   size_t out_cap,
                                                   size_t *out_len);

/**
 * Says what became of the packets so far.
 *
 * @param receiver  the receiver
 * @param out_opened  they were genuine, and opened
 * @param out_refused  they were no packets of this session, or altered
 * @param out_repeated  they had been opened before, or were older than the window
 * @return FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_receiver_counts(const tenantseal_session_receiver *receiver,
                                                     uint64_t *out_opened,
                                                     uint64_t *out_refused,
                                                     uint64_t *out_repeated);

/**
 * Writes the number in the packets for this session: tenantseal_receiver_index().
 *
 * @param receiver  the receiver
 * @param out_index  the number
 * @return FORKED
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_receiver_index(const tenantseal_session_receiver *receiver,
                                                    uint32_t *out_index);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param receiver  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_session_receiver_free(tenantseal_session_receiver *receiver);

/**
 * The length of a packet: TENANTSEAL_SESSION_OVERHEAD more than what is in it. 0 if that is more than a
 * packet can have.
 *
 * @param plaintext_len  the length of what is in it
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_session_sender_seal_len(size_t plaintext_len);

/**
 * Seals a datagram. It wants the room of tenantseal_session_sender_seal_len() before it takes a number.
 *
 * @param sender  the sender
 * @param plaintext, plaintext_len  what is in it, which may be nothing
 * @param out, out_cap, out_len  the packet, tenantseal_session_sender_seal_len() bytes
 * @return TOO_LONG over TENANTSEAL_SESSION_PACKET_MAX_LEN; SESSION_EXPIRED when the session has reached a
 *     limit: make a new one; SUSPENDED, REMOVED or SHREDDED when it was ended; FORKED; IO
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_sender_seal(const tenantseal_session_sender *sender,
                                                 const uint8_t *plaintext,
                                                 size_t plaintext_len,
                                                 uint8_t *out,
                                                 size_t out_cap,
                                                 size_t *out_len);

/**
 * Says whether it is time for a new handshake. This session goes on until the new one is there, or it
 * has expired.
 *
 * @param sender  the sender
 * @param out_due  1 if it is, else 0
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_sender_rekey_due(const tenantseal_session_sender *sender,
                                                      int32_t *out_due);

/**
 * Says how many packets were sealed.
 *
 * @param sender  the sender
 * @param out_count  how many
 * @return OK
 */
TENANTSEAL_API
TENANTSEAL_MUST_CHECK
tenantseal_status tenantseal_session_sender_sealed(const tenantseal_session_sender *sender,
                                                   uint64_t *out_count);

/**
 * Releases a handle. NULL is accepted; calls that use the object now go on to their end.
 *
 * @param sender  the handle, which is of no use afterwards
 * @return HANDLE if it is no live handle of this type, as after a first release
 */
TENANTSEAL_API tenantseal_status tenantseal_session_sender_free(tenantseal_session_sender *sender);

/**
 * TENANTSEAL_SESSION_OVERHEAD, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_session_overhead(void);

/**
 * TENANTSEAL_SESSION_PACKET_MAX_LEN, for callers that cannot read macros.
 */
TENANTSEAL_API TENANTSEAL_MUST_CHECK size_t tenantseal_session_packet_max_len(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TENANTSEAL_H */
