/* SPDX-License-Identifier: BSD-3-Clause */
#include "io/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "io/sock.h"

/* The most that one record holds (RFC 8446 5.1). Small pieces are put together, so that a command
 * and its value are one record. */
#define RECORD_MAX 16384

/* Longer names are none (RFC 1035 2.3.4). */
#define HOST_SIZE 256

struct mcp__tls {
    SSL_CTX *context;
    BIO_METHOD *method; /* how OpenSSL reaches our sockets */
    const mcp__mem *mem;
    const mcp__server_spec *specs;
    SSL_SESSION **tickets; /* per server: what it gave us for a short handshake; NULL: nothing */
    size_t n;
    const char *name;
    int verifies;
};

struct mcp__tls_session {
    mcp__tls *tls;
    SSL *ssl;
    uint32_t server;
    int fd;
    int os_error;  /* of the socket, positive */
    int read_want; /* SSL_ERROR_WANT_... of the last receive, */
    int write_want;
    uint8_t is_shaking;
    uint8_t has_ended;  /* the peer has closed the socket */
    uint8_t has_heard;  /* a byte came */
    uint8_t is_foreign; /* and it was not TLS */
    uint8_t is_broken;  /* nothing may be asked of it any more */
    uint8_t has_ticket; /* the handshake is a short one */
    char host[HOST_SIZE];
    char why[88];
    uint8_t record[RECORD_MAX];
};

int
mcp__tls_is_built(void)
{
    return 1;
}

/* ---- OpenSSL's way to our sockets ---- */

static int
write_socket(BIO *bio, const char *bytes, int len)
{
    mcp__tls_session *session = BIO_get_data(bio);
    mcp__span span = {bytes, (size_t)len};
    BIO_clear_retry_flags(bio);
    ssize_t n = mcp__sock_send(session->fd, &span, 1);
    if (n >= 0)
        return (int)n;
    if (n == -EAGAIN || n == -EINTR)
        BIO_set_retry_write(bio);
    else
        session->os_error = (int)-n;
    return -1;
}

/* The first byte of TLS is the type of a record: 20 to 23 (RFC 8446 5.1). */
static void
look_at_first(mcp__tls_session *session, const uint8_t *bytes)
{
    if (!session->has_heard)
        session->is_foreign = bytes[0] < 20 || bytes[0] > 23;
    session->has_heard = 1;
}

static int
read_socket(BIO *bio, char *room, int len)
{
    mcp__tls_session *session = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = mcp__sock_receive_now(session->fd, room, (size_t)len);
    if (n > 0)
        look_at_first(session, (uint8_t *)room);
    if (n == 0)
        session->has_ended = 1;
    if (n >= 0)
        return (int)n;
    if (n == -EAGAIN || n == -EINTR)
        BIO_set_retry_read(bio);
    else
        session->os_error = (int)-n;
    return -1;
}

static long
control_socket(BIO *bio, int command, long number, void *pointer)
{
    const mcp__tls_session *session = BIO_get_data(bio);
    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF)
        return session->has_ended;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *
new_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "mcproxy");
    if (method != NULL && BIO_meth_set_write(method, write_socket) == 1 &&
        BIO_meth_set_read(method, read_socket) == 1 &&
        BIO_meth_set_ctrl(method, control_socket) == 1)
        return method;
    BIO_meth_free(method);
    return NULL;
}

/* ---- what all connections share ---- */

/* OpenSSL's reason, in its words. */
static const char *
reason(void)
{
    unsigned long code = ERR_peek_error(); /* the first: nearest to the cause */
    const char *words = NULL;
    if (ERR_GET_LIB(code) == ERR_LIB_SYS)
        words = strerrordesc_np(ERR_GET_REASON(code));
    else if (code != 0)
        words = ERR_reason_error_string(code);
    return words != NULL ? words : "unknown error";
}

static mcp_status
bad_file(const char *option, const char *path, mcp__err *err)
{
    char quoted[120];
    mcp__err_quote(quoted, sizeof quoted, path, strlen(path));
    return mcp__err_set(err, MCP_BAD_ARGUMENT, "%s=%s: %s", option, quoted, reason());
}

static mcp_status
load_trust(SSL_CTX *context, const mcp__tls_options *options, mcp__err *err)
{
    if (!options->verifies)
        return MCP_OK;
    if (options->ca == NULL)
        return SSL_CTX_set_default_verify_paths(context) == 1
                   ? MCP_OK
                   : mcp__err_set(err, MCP_BAD_ARGUMENT, "tls: the system's certificates: %s",
                                  reason());
    return SSL_CTX_load_verify_locations(context, options->ca, NULL) == 1
               ? MCP_OK
               : bad_file("tls_ca", options->ca, err);
}

/* A key that asks for a password is refused: there is nobody to ask. */
static int
no_password(char *room, int size, int writes, void *context)
{
    (void)room, (void)size, (void)writes, (void)context;
    return -1;
}

static mcp_status
load_own(SSL_CTX *context, const mcp__tls_options *options, mcp__err *err)
{
    const char *key = options->key != NULL ? options->key : options->cert;
    if (options->cert == NULL)
        return MCP_OK;
    SSL_CTX_set_default_passwd_cb(context, no_password);
    if (SSL_CTX_use_certificate_chain_file(context, options->cert) != 1)
        return bad_file("tls_cert", options->cert, err);
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return bad_file(options->key != NULL ? "tls_key" : "tls_cert", key, err);
    return MCP_OK;
}

/* What a server gives for next time replaces what it gave before. */
static int
keep_ticket(SSL *ssl, SSL_SESSION *ticket)
{
    mcp__tls_session *session = SSL_get_app_data(ssl);
    SSL_SESSION **kept = &session->tls->tickets[session->server];
    SSL_SESSION_free(*kept);
    *kept = ticket;
    return 1; /* it is ours */
}

static mcp_status
set_up(mcp__tls *tls, const mcp__tls_options *options, mcp__err *err)
{
    SSL_CTX *context = tls->context;
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        return mcp__err_set(err, MCP_UNSUPPORTED, "OpenSSL here has no TLS 1.2");
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_verify(context, options->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_ticket);
    mcp_status status = load_trust(context, options, err);
    return status == MCP_OK ? load_own(context, options, err) : status;
}

mcp__tls *
mcp__tls_new(const mcp__tls_options *options, const mcp__server_spec *specs, size_t n,
             const mcp__mem *mem, mcp__err *err)
{
    mcp__tls *tls = mcp__mem_new_zeroed(mem, 1, sizeof *tls);
    mcp__err_set(err, MCP_NO_MEMORY, "no memory for TLS");
    if (tls == NULL)
        return NULL;
    tls->mem = mem;
    tls->specs = specs;
    tls->n = n;
    tls->name = options->name;
    tls->verifies = options->verifies;
    ERR_clear_error();
    tls->tickets = mcp__mem_new_zeroed(mem, n, sizeof *tls->tickets);
    tls->context = SSL_CTX_new(TLS_client_method());
    tls->method = new_method();
    if (tls->tickets != NULL && tls->context != NULL && tls->method != NULL &&
        set_up(tls, options, err) == MCP_OK) {
        mcp__err_clear(err);
        return tls;
    }
    ERR_clear_error();
    mcp__tls_free(tls);
    return NULL;
}

void
mcp__tls_free(mcp__tls *tls)
{
    if (tls == NULL)
        return;
    for (size_t i = 0; tls->tickets != NULL && i < tls->n; i++)
        SSL_SESSION_free(tls->tickets[i]);
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    mcp__mem_free(tls->mem, tls->tickets);
    mcp__mem_free(tls->mem, tls);
}

/* ---- one connection ---- */

/* The name that its certificate must bear: no dot at the end, no scope. */
static void
host_of(const mcp__tls *tls, uint32_t server, char host[HOST_SIZE])
{
    snprintf(host, HOST_SIZE, "%s", tls->name != NULL ? tls->name : tls->specs[server].host);
    host[strcspn(host, "%")] = '\0';
    size_t len = strlen(host);
    if (len > 1 && host[len - 1] == '.')
        host[len - 1] = '\0';
}

static int
is_ip(const char *host)
{
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static int
set_host(SSL *ssl, const char *host)
{
    if (is_ip(host)) /* which is not to be told in the greeting (RFC 6066 3) */
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int
prepare(mcp__tls_session *session)
{
    const mcp__tls *tls = session->tls;
    session->ssl = SSL_new(tls->context);
    BIO *bio = BIO_new(tls->method);
    if (session->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return -1;
    }
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_app_data(session->ssl, session);
    SSL_set_connect_state(session->ssl);
    if (set_host(session->ssl, session->host) != 1)
        return -1;
    SSL_SESSION *ticket = tls->tickets[session->server];
    session->has_ticket = ticket != NULL && SSL_set_session(session->ssl, ticket) == 1;
    return 0;
}

mcp__tls_session *
mcp__tls_start(mcp__tls *tls, uint32_t server, int fd)
{
    mcp__tls_session *session = mcp__mem_new(tls->mem, sizeof *session);
    if (session == NULL)
        return NULL;
    memset(session, 0, offsetof(mcp__tls_session, record));
    session->tls = tls;
    session->server = server;
    session->fd = fd;
    session->is_shaking = 1;
    session->write_want = session->read_want = SSL_ERROR_NONE;
    host_of(tls, server, session->host);
    ERR_clear_error();
    if (prepare(session) == 0)
        return session;
    ERR_clear_error();
    mcp__tls_drop(session);
    return NULL;
}

/* ---- what went wrong ---- */

static void
explain_certificate(mcp__tls_session *session, long result)
{
    if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH)
        snprintf(session->why, sizeof session->why, "its certificate is not for %s", session->host);
    else
        snprintf(session->why, sizeof session->why, "its certificate: %s",
                 X509_verify_cert_error_string(result));
}

static void
explain(mcp__tls_session *session)
{
    const char *words = NULL;
    int code = ERR_GET_REASON(ERR_peek_error());
    long verified = session->tls->verifies ? SSL_get_verify_result(session->ssl) : X509_V_OK;
    if (session->is_shaking && code == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
        explain_certificate(session, verified);
        return;
    }
    if (session->is_foreign)
        words = "it does not speak TLS: is this its plain port?";
    else if (code == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)
        words = "it wants a certificate from us: tls_cert=";
    else if (code == SSL_R_TLSV1_ALERT_UNKNOWN_CA)
        words = "it does not trust our certificate (unknown CA)";
    else
        words = ERR_reason_error_string(ERR_peek_error());
    snprintf(session->why, sizeof session->why, "%s", words != NULL ? words : "unknown error");
}

/* After a call that did not say 1: what became of it. */
static int
outcome(mcp__tls_session *session, int error)
{
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    session->is_broken = 1;
    if (session->os_error != 0)
        return -session->os_error;
    /* An end without a goodbye: replies say themselves where they end. */
    if (session->has_ended && !session->is_foreign)
        return session->is_shaking ? -ECONNRESET : 0;
    explain(session);
    ERR_clear_error();
    return -EPROTO;
}

const char *
mcp__tls_why(const mcp__tls_session *session)
{
    return session->why;
}

/* ---- the handshake ---- */

int
mcp__tls_shake(mcp__tls_session *session)
{
    if (session->is_broken)
        return -ENOTCONN;
    ERR_clear_error();
    int done = SSL_do_handshake(session->ssl);
    if (done == 1) {
        session->is_shaking = 0;
        session->read_want = SSL_ERROR_NONE; /* more may have come behind it */
        return 1;
    }
    session->read_want = SSL_get_error(session->ssl, done);
    int result = outcome(session, session->read_want);
    if (result != -EAGAIN && session->has_ticket) { /* it may be what it did not like */
        SSL_SESSION_free(session->tls->tickets[session->server]);
        session->tls->tickets[session->server] = NULL;
    }
    return result == 0 ? -ECONNRESET : result;
}

/* ---- bytes ---- */

/* The first RECORD_MAX bytes of all that is to be sent, in one piece. */
static mcp__span
gather(mcp__tls_session *session, const mcp__span *spans, size_t n)
{
    size_t len = 0;
    if (n == 1 || spans[0].len >= RECORD_MAX)
        return (mcp__span){spans[0].bytes,
                           spans[0].len < RECORD_MAX ? spans[0].len : (size_t)RECORD_MAX};
    for (size_t i = 0; i < n && len < RECORD_MAX; i++) {
        size_t part = spans[i].len < RECORD_MAX - len ? spans[i].len : RECORD_MAX - len;
        memcpy(session->record + len, spans[i].bytes, part);
        len += part;
    }
    return (mcp__span){session->record, len};
}

ssize_t
mcp__tls_send(mcp__tls_session *session, const mcp__span *spans, size_t n)
{
    size_t sent = 0;
    mcp__span piece = gather(session, spans, n);
    if (session->is_broken)
        return -ENOTCONN;
    ERR_clear_error();
    int done = SSL_write_ex(session->ssl, piece.bytes, piece.len, &sent);
    session->write_want = done == 1 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, done);
    if (done == 1)
        return (ssize_t)sent;
    int result = outcome(session, session->write_want);
    return result == 0 ? -EPIPE : result;
}

ssize_t
mcp__tls_receive(mcp__tls_session *session, void *room, size_t room_len)
{
    size_t came = 0;
    if (session->is_broken)
        return -ENOTCONN;
    ERR_clear_error();
    int done = SSL_read_ex(session->ssl, room, room_len, &came);
    session->read_want = done == 1 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, done);
    return done == 1 ? (ssize_t)came : outcome(session, session->read_want);
}

int
mcp__tls_peek(mcp__tls_session *session)
{
    uint8_t byte;
    size_t came = 0;
    if (session->is_broken)
        return -ENOTCONN;
    ERR_clear_error();
    int done = SSL_peek_ex(session->ssl, &byte, 1, &came);
    session->read_want = done == 1 ? SSL_ERROR_NONE : SSL_get_error(session->ssl, done);
    if (done == 1)
        return MCP__SOCK_DATA;
    int result = outcome(session, session->read_want);
    if (result == -EAGAIN)
        return MCP__SOCK_NOTHING;
    return result == 0 ? MCP__SOCK_EOF : result;
}

int
mcp__tls_has_unread(const mcp__tls_session *session)
{
    /* After a "want" all that had come was looked at: there may be half a record left. */
    return !session->is_shaking && !session->is_broken && session->read_want == SSL_ERROR_NONE &&
           SSL_has_pending(session->ssl);
}

short
mcp__tls_events(const mcp__tls_session *session, int receives, int sends)
{
    int reads = receives, writes = sends;
    if (session->is_shaking)
        return session->read_want == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
    if (receives && session->read_want == SSL_ERROR_WANT_WRITE)
        writes = 1;
    if (sends && session->write_want == SSL_ERROR_WANT_READ) {
        reads = 1;
        writes = receives && session->read_want == SSL_ERROR_WANT_WRITE;
    }
    return (short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
}

int
mcp__tls_is_crossed(const mcp__tls_session *session)
{
    return session->read_want == SSL_ERROR_WANT_WRITE || session->write_want == SSL_ERROR_WANT_READ;
}

/* ---- the end ---- */

void
mcp__tls_drop(mcp__tls_session *session)
{
    if (session == NULL)
        return;
    if (session->ssl != NULL) {
        SSL_set_quiet_shutdown(session->ssl, 1);
        if (!session->is_shaking && !session->is_broken)
            (void)SSL_shutdown(session->ssl); /* else its ticket would be thrown away */
        SSL_free(session->ssl);
    }
    ERR_clear_error();
    const mcp__mem *mem = session->tls->mem;
    OPENSSL_cleanse(session, sizeof *session);
    mcp__mem_free(mem, session);
}

void
mcp__tls_close(mcp__tls_session *session)
{
    if (session != NULL && !session->is_shaking && !session->is_broken) {
        ERR_clear_error();
        (void)SSL_shutdown(session->ssl);
    }
    mcp__tls_drop(session);
}
