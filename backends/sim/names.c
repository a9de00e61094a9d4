/* names.c: addresses of the simulated network: numbers as everywhere, names by a rule.
 * Touches nothing of the system.
 * "localhost" is ::1 and 127.0.0.1; what ends in ".invalid" does not exist (RFC 2606); numbers with commas between are a host that has all these
 * addresses, in that order; any other name has an address in 10.0.0.0/8 that follows from its letters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim/inside.h"
#include "core/base/host.h"

enum { MOST_ADDRESSES = 8 };

sim_address eddyi_sim_address_get(const eddyi_address *address)
{
    sim_address found;
    _Static_assert(sizeof found == 20, "no padding");
    memcpy(&found, address->bytes, sizeof found);
    return found;
}

void eddyi_sim_address_put(eddyi_address *out, const sim_address *address)
{
    out->size = sizeof *address;
    memcpy(out->bytes, address, sizeof *address);
}

static bool parse_ipv4(const char *text, sim_address *out)
{
    uint8_t host[4];
    for (int i = 0; i < 4; i++) {
        char *end;
        unsigned long part = strtoul(text, &end, 10);
        if (*text < '0' || *text > '9' || part > 255 || *end != (i < 3 ? '.' : '\0'))
            return false;
        host[i] = (uint8_t)part;
        text = end + 1;
    }
    out->family = SIM_IPV4;
    memcpy(out->host, host, sizeof host);
    return true;
}

/* Groups of a run of hexadecimal numbers with colons between; returns how many, -1 for anything else. */
static int parse_groups(const char *text, size_t length, uint16_t *groups)
{
    int count = 0;
    const char *end = text + length;
    while (text < end) {
        char *after;
        unsigned long value = strtoul(text, &after, 16);
        if (after == text || after > end || after - text > 4 || count == 8)
            return -1;
        groups[count++] = (uint16_t)value;
        if (after < end && *after++ != ':')
            return -1;
        text = after;
    }
    return count;
}

static bool parse_ipv6(const char *text, sim_address *out)
{
    uint16_t head[8], tail[8], all[8] = {0};
    const char *gap = strstr(text, "::");
    if (strspn(text, "0123456789abcdefABCDEF:") != strlen(text) || strchr(text, ':') == NULL)
        return false;
    int before = parse_groups(text, gap != NULL ? (size_t)(gap - text) : strlen(text), head);
    int after = gap != NULL ? parse_groups(gap + 2, strlen(gap + 2), tail) : 0;
    if (before < 0 || after < 0 || (gap == NULL ? before != 8 : before + after > 7))
        return false;
    memcpy(all, head, (size_t)before * sizeof all[0]);
    memcpy(all + 8 - after, tail, (size_t)after * sizeof all[0]);
    out->family = SIM_IPV6;
    for (size_t i = 0; i < 8; i++) {
        out->host[2 * i] = (uint8_t)(all[i] >> 8);
        out->host[2 * i + 1] = (uint8_t)all[i];
    }
    return true;
}

static sim_address loopback(uint8_t family)
{
    sim_address address = {.family = family};
    if (family == SIM_IPV4)
        memcpy(address.host, "\x7f\0\0\1", 4);
    else
        address.host[15] = 1;
    return address;
}

static unsigned char lower(char letter)
{
    return (unsigned char)(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
}

/* Names differ by their letters, not by their case, nor by a dot at the end (RFC 4343). */
static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end), i = 0;
    if (length > 0 && text[length - 1] == '.')
        length--;
    while (i < tail && i < length && lower(text[length - 1 - i]) == lower(end[tail - 1 - i]))
        i++;
    return i == tail;
}

static bool is_name(const char *text, const char *name)
{
    size_t length = strlen(name);
    return ends_with(text, name) && (text[length] == '\0' || strcmp(text + length, ".") == 0);
}

static sim_address from_letters(const char *host)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = host; *c != '\0' && strcmp(c, ".") != 0; c++)
        hash = (hash ^ lower(*c)) * 16777619u;
    sim_address address = {.family = SIM_IPV4,
                           .host = {10, (uint8_t)(hash >> 16), (uint8_t)(hash >> 8), (uint8_t)hash}};
    return address;
}

/* What no system asks a resolver for, and what no resolver knows. */
static int check_name(const char *host)
{
    int rc = eddyi_check_host(host);
    for (const char *c = host; rc == 0 && *c != '\0'; c++)
        if ((unsigned char)*c > 0x7f)
            rc = EDDY_ENOHOST;
    return rc;
}

/* "100::1,127.0.0.1". 0: the name is of another kind, or has too many. */
static int parse_list(const char *host, sim_address *found)
{
    char number[64];
    int count = 0;
    while (count < MOST_ADDRESSES) {
        size_t length = strcspn(host, ",");
        if (length >= sizeof number)
            return 0;
        memcpy(number, host, length);
        number[length] = '\0';
        found[count] = (sim_address){0};
        if (!parse_ipv4(number, &found[count]) && !parse_ipv6(number, &found[count]))
            return 0;
        count++;
        if (host[length] == '\0')
            return count;
        host += length + 1;
    }
    return 0;
}

/* How many of the at most MOST_ADDRESSES of a host. */
static int find_host(const char *host, int flags, sim_address *found)
{
    if (host == NULL || *host == '\0') {
        found[0] = (flags & EDDYI_RESOLVE_PASSIVE) ? (sim_address){.family = SIM_IPV4} : loopback(SIM_IPV6);
        found[1] = (flags & EDDYI_RESOLVE_PASSIVE) ? (sim_address){.family = SIM_IPV6} : loopback(SIM_IPV4);
        return 2;
    }
    found[0] = (sim_address){0};
    int rc = check_name(host);
    if (rc < 0)
        return rc;
    if (parse_ipv4(host, &found[0]) || parse_ipv6(host, &found[0]))
        return 1;
    if ((flags & EDDYI_RESOLVE_NUMERIC) || ends_with(host, ".invalid"))
        return EDDY_ENOHOST;
    if (is_name(host, "localhost") || ends_with(host, ".localhost")) { /* RFC 6761, section 6.3 */
        found[0] = loopback(SIM_IPV6);
        found[1] = loopback(SIM_IPV4);
        return 2;
    }
    int listed = parse_list(host, found);
    if (listed > 0)
        return listed;
    found[0] = from_letters(host);
    return 1;
}

static const struct {
    const char *name;
    int port;
} known[] = {{"domain", 53}, {"http", 80}, {"https", 443}};

static int find_service(const char *service)
{
    if (service == NULL)
        return 0;
    if (service[strspn(service, "0123456789")] == '\0') {
        unsigned long port = strtoul(service, NULL, 10);
        return port <= LAST_PORT ? (int)port : EDDY_EINVAL;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(service, known[i].name) == 0)
            return known[i].port;
    return *service == '-' || *service == '+' || *service <= ' ' ? EDDY_EINVAL : EDDY_ENOHOST;
}

int eddyi_sim_resolve(eddyi_backend *sim, const char *host, const char *service, enum eddyi_family family,
                      enum eddyi_socket_type type, int flags, eddyi_address *out, int room)
{
    sim_address found[MOST_ADDRESSES];
    int count = 0;
    int hosts = find_host(host, flags, found);
    int port = find_service(service);
    (void)sim;
    (void)type;
    if (family == EDDYI_FAMILY_UNIX)
        return EDDY_EAFNOSUPPORT;
    if (hosts < 0 || port < 0)
        return hosts < 0 ? hosts : port;
    for (int i = 0; i < hosts; i++) {
        if ((family == EDDYI_FAMILY_IPV4 && found[i].family != SIM_IPV4) ||
            (family == EDDYI_FAMILY_IPV6 && found[i].family != SIM_IPV6))
            continue;
        found[i].port = (uint16_t)port;
        if (count < room)
            eddyi_sim_address_put(&out[count], &found[i]);
        count++;
    }
    return count > 0 ? count : EDDY_ENOHOST;
}

enum eddyi_family eddyi_sim_family(const eddyi_address *address)
{
    return eddyi_sim_address_get(address).family == SIM_IPV4 ? EDDYI_FAMILY_IPV4 : EDDYI_FAMILY_IPV6;
}

int eddyi_sim_port(const eddyi_address *address)
{
    return eddyi_sim_address_get(address).port;
}

/* RFC 5952: the longest run of zero groups, of at least two, becomes "::". */
static void format_ipv6(const uint8_t *host, char *text, size_t size)
{
    int best = -1, best_length = 1;
    unsigned group[8];
    size_t length = 0;
    for (size_t i = 0; i < 8; i++)
        group[i] = (unsigned)(host[2 * i] << 8 | host[2 * i + 1]);
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && group[i + run] == 0)
            run++;
        if (run > best_length) {
            best = i;
            best_length = run;
        }
    }
    text[0] = '\0';
    for (int i = 0; i < 8 && length < size; i++) {
        if (i == best) {
            length += (size_t)snprintf(text + length, size - length, "::");
            i += best_length - 1;
            continue;
        }
        bool colon = i > 0 && i != best + (best >= 0 ? best_length : 0);
        length += (size_t)snprintf(text + length, size - length, colon || (i > 0 && best < 0) ? ":%x" : "%x",
                                   group[i]);
    }
}

static void format_host(const sim_address *address, char *text, size_t size)
{
    const uint8_t *host = address->host;
    if (address->family == SIM_IPV4)
        (void)snprintf(text, size, "%u.%u.%u.%u", host[0], host[1], host[2], host[3]);
    else
        format_ipv6(host, text, size);
}

int eddyi_sim_format(const eddyi_address *from, char *text, size_t size)
{
    char host[48];
    sim_address address = eddyi_sim_address_get(from);
    format_host(&address, host, sizeof host);
    const char *form = address.family == SIM_IPV4 ? "%s:%u" : "[%s]:%u";
    int length = snprintf(text, size, form, host, address.port);
    return length < 0 || (size_t)length >= size ? EDDY_EINVAL : length;
}

static bool is_loopback(const sim_address *address)
{
    sim_address ours = loopback(address->family);
    return memcmp(ours.host, address->host, sizeof ours.host) == 0;
}

/* Only this machine has a name. */
int eddyi_sim_name(eddyi_backend *sim, const eddyi_address *from, char *host, size_t host_size, char *service,
                   size_t service_size, int flags)
{
    char number[48], port[8];
    const char *name = number, *called = port;
    sim_address address = eddyi_sim_address_get(from);
    (void)sim;
    format_host(&address, number, sizeof number);
    (void)snprintf(port, sizeof port, "%u", address.port);
    if (!(flags & EDDYI_NAME_NUMERIC_HOST) && is_loopback(&address))
        name = "localhost";
    else if (flags & EDDYI_NAME_REQUIRED)
        return EDDY_ENOHOST;
    for (size_t i = 0; i < sizeof known / sizeof known[0] && !(flags & EDDYI_NAME_NUMERIC_SERVICE); i++)
        if (known[i].port == address.port)
            called = known[i].name;
    if (strlen(name) >= host_size || strlen(called) >= service_size)
        return EDDY_EOVERFLOW;
    memcpy(host, name, strlen(name) + 1);
    memcpy(service, called, strlen(called) + 1);
    return 0;
}
