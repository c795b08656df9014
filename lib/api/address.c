/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define WEIGHT_MAX 1000

static const char PORT_WRONG[] = "the port is a number from 1 to 65535, as in host:11211";

static int
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int
is_name_byte(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* A decimal number of at most `most`; -1 when it is none. */
static long
small_number(const char *text, size_t len, long most)
{
    long number = 0;
    if (len == 0 || len > 9)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number <= most ? number : -1;
}

/* Takes `/?weight` off the end. */
static const char *
cut_weight(mcp__address *address, const char *text, size_t *len)
{
    address->weight = 1;
    for (size_t i = *len; i >= 2; i--) {
        if (text[i - 2] != '/' || text[i - 1] != '?')
            continue;
        long weight = small_number(text + i, *len - i, WEIGHT_MAX);
        if (weight < 0)
            return "the weight behind /? is a number from 1 to 1000";
        address->has_weight = 1;
        address->weight = (uint32_t)weight;
        *len = i - 2;
        break;
    }
    return NULL;
}

/* Well-formed UTF-8 (RFC 3629, section 4) without control characters: it can be shown and can go
 * into JSON as it is. Length of the character at `text`, 0 if it is none. */
static size_t
utf8_length(const char *text, size_t len)
{
    const unsigned char *c = (const unsigned char *)text;
    if (c[0] < 0x80)
        return c[0] >= 0x20 && c[0] != 0x7f ? 1 : 0;
    size_t n = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    int overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    int surrogate = c[0] == 0xed && c[1] > 0x9f;
    int control = c[0] == 0xc2 && c[1] < 0xa0;
    int too_high = c[0] == 0xf4 && c[1] > 0x8f;
    return overlong || surrogate || control || too_high ? 0 : n;
}

static const char *
parse_unix(mcp__address *address, const char *path, size_t len)
{
    if (len == 0 || path[0] != '/')
        return "a unix socket is written with its whole path, unix:/path";
    if (path[len - 1] == '/')
        return "the path of a unix socket names a file, as in unix:/run/memcached.sock";
    if (len > MCP__ADDRESS_UNIX_MAX)
        return "the path of a unix socket has at most 107 bytes";
    for (size_t i = 0; i < len;) {
        size_t n = utf8_length(path + i, len - i);
        if (n == 0)
            return "the path holds a byte that is no printable text";
        i += n;
    }
    address->host = path;
    address->host_len = len;
    address->is_unix = 1;
    return NULL;
}

/* Inside the brackets: an IPv6 address, perhaps with %scope (RFC 4007, section 11). */
static const char *
check_v6(const char *text, size_t len)
{
    static const char wrong[] = "what stands in [] is no IPv6 address";
    char literal[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    const char *percent = memchr(text, '%', len);
    size_t literal_len = percent != NULL ? (size_t)(percent - text) : len;
    if (literal_len == 0 || literal_len >= sizeof literal)
        return wrong;
    memcpy(literal, text, literal_len);
    literal[literal_len] = '\0';
    if (inet_pton(AF_INET6, literal, &ignored) != 1)
        return wrong;
    if (percent == NULL)
        return NULL;
    size_t scope_len = len - literal_len - 1;
    if (scope_len == 0 || scope_len > 15) /* IFNAMSIZ - 1, net/if.h */
        return "the scope behind % is the name or number of an interface";
    for (size_t i = 1; i <= scope_len; i++) {
        if (!is_name_byte(percent[i]) && percent[i] != '.')
            return "the scope behind % is the name or number of an interface";
    }
    return NULL;
}

static const char *
parse_port(mcp__address *address, const char *text, size_t len)
{
    long port = small_number(text, len, 65535);
    if (port < 1)
        return PORT_WRONG;
    address->port = (uint16_t)port;
    return NULL;
}

static const char *
parse_bracketed(mcp__address *address, const char *text, size_t len)
{
    const char *close = memchr(text, ']', len);
    if (close == NULL)
        return "the ] is missing, as in [::1]:11211";
    address->host = text + 1;
    address->host_len = (size_t)(close - text) - 1;
    address->is_v6 = 1;
    const char *wrong = check_v6(address->host, address->host_len);
    if (wrong != NULL)
        return wrong;
    size_t rest = len - address->host_len - 2;
    if (rest == 0)
        return NULL;
    if (close[1] != ':')
        return "behind the ] only :port and /?weight may follow";
    return parse_port(address, close + 2, rest - 1);
}

static int
looks_numeric(const char *label, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(label[i]))
            return 0;
    }
    return len > 0;
}

static int
is_ipv4(const char *text, size_t len)
{
    char literal[INET_ADDRSTRLEN];
    struct in_addr ignored;
    if (len >= sizeof literal)
        return 0;
    memcpy(literal, text, len);
    literal[len] = '\0';
    return inet_pton(AF_INET, literal, &ignored) == 1;
}

/*
 * Labels of 1 to 63 bytes, 253 in all (RFC 1035, section 2.3.4), `_` allowed as in practice, one
 * dot at the end allowed. A name whose last label is a number can only be meant as an IPv4
 * address, and must then be a whole one.
 */
int
mcp__address_is_host(const char *text, size_t len)
{
    int dotted = len > 1 && text[len - 1] == '.';
    if (dotted)
        len--;
    if (len == 0 || len > 253 || text[0] == '-')
        return 0;
    size_t label = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '.') {
            if (!is_name_byte(text[i]))
                return 0;
            continue;
        }
        if (i == label || i - label > 63)
            return 0;
        if (i < len)
            label = i + 1;
    }
    return !looks_numeric(text + label, len - label) || (!dotted && is_ipv4(text, len));
}

static const char *
parse_host(mcp__address *address, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    size_t host_len = colon != NULL ? (size_t)(colon - text) : len;
    if (colon != NULL && memchr(colon + 1, ':', len - host_len - 1) != NULL)
        return "an IPv6 address stands in brackets, as in [::1]:11211";
    if (len > 0 && text[0] == '/')
        return "a unix socket is written unix:/path";
    if (host_len > 0 && looks_numeric(text, host_len) && colon == NULL)
        return "a host is missing; a server is written host:port";
    if (host_len > 0 && memchr(text, '/', host_len) != NULL)
        return "behind the host only :port and /?weight may follow";
    if (!mcp__address_is_host(text, host_len))
        return "that is no host name (letters, digits, - . _) and no whole IPv4 address";
    address->host = text;
    address->host_len = host_len;
    return colon == NULL ? NULL : parse_port(address, colon + 1, len - host_len - 1);
}

const char *
mcp__address_parse(mcp__address *address, const char *text, size_t len)
{
    *address = (mcp__address){.port = MCP__ADDRESS_PORT};
    const char *wrong = cut_weight(address, text, &len);
    if (wrong != NULL)
        return wrong;
    if (len == 0)
        return "a server is missing; write host, host:port, [v6]:port or unix:/path";
    if (text[0] == '[')
        return parse_bracketed(address, text, len);
    if (len < 5 || memcmp(text, "unix:", 5) != 0)
        return parse_host(address, text, len);
    address->port = 0;
    return parse_unix(address, text + 5, len - 5);
}

size_t
mcp__address_canonical(const mcp__address *address, char *out)
{
    int host_len = (int)address->host_len;
    int n;
    if (address->is_unix)
        n = snprintf(out, MCP__ADDRESS_SIZE, "unix:%.*s", host_len, address->host);
    else
        n = snprintf(out, MCP__ADDRESS_SIZE, address->is_v6 ? "[%.*s]:%u" : "%.*s:%u", host_len,
                     address->host, (unsigned)address->port);
    return (size_t)n;
}
