/* segments.c: datagrams that go to one receiver pass the network's layers together (udp(7), UDP_SEGMENT) and leave one by one.
 * Touches sendmmsg and a control message. All of a run have the length of the first, but the last may be shorter; who receives sees no difference. */
#include "platform/linux/segments.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "platform/posix/system.h"

/* linux/udp.h; a C library may not know it yet. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { MOST_BYTES = 65000 /* of a run: the network's layers take it for one datagram */ };

typedef struct control_room {
    _Alignas(struct cmsghdr) unsigned char bytes[CMSG_SPACE(sizeof(uint16_t))];
} control_room;

typedef struct batch {
    struct mmsghdr messages[EDDYI_MOST_AT_ONCE];
    uint32_t datagrams[EDDYI_MOST_AT_ONCE]; /* in each message */
    control_room rooms[EDDYI_MOST_AT_ONCE];
} batch;

static bool same_receiver(const eddyi_op *op, uint32_t a, uint32_t b)
{
    const eddyi_address *to = op->address;
    return to == NULL || (to[a].size == to[b].size && memcmp(to[a].bytes, to[b].bytes, to[a].size) == 0);
}

/* How many from `first` on can go together. */
static uint32_t run_from(const eddyi_op *op, uint32_t first, uint32_t end)
{
    size_t size = op->buffers[first].size, bytes = size;
    uint32_t at = first + 1;
    while (at < end && op->buffers[at].size > 0 && op->buffers[at].size <= size &&
           same_receiver(op, first, at)) {
        bytes += op->buffers[at].size;
        if (bytes > MOST_BYTES)
            break;
        if (op->buffers[at++].size < size)
            break;
    }
    return at - first;
}

static void say_size(struct msghdr *message, control_room *room, size_t size)
{
    uint16_t each = (uint16_t)size;
    memset(room, 0, sizeof *room); /* what aligns it is copied, too */
    message->msg_control = room->bytes;
    message->msg_controllen = sizeof room->bytes;
    struct cmsghdr *control = CMSG_FIRSTHDR(message);
    control->cmsg_level = IPPROTO_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof each);
    memcpy(CMSG_DATA(control), &each, sizeof each);
}

static uint32_t fill(batch *out, const eddyi_op *op, uint32_t end, bool together)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < end; i += out->datagrams[count++]) {
        struct msghdr *message = &out->messages[count].msg_hdr;
        memset(&out->messages[count], 0, sizeof out->messages[count]);
        out->datagrams[count] = together ? run_from(op, i, end) : 1;
        message->msg_iov = (struct iovec *)(void *)&op->buffers[i];
        message->msg_iovlen = (__typeof__(message->msg_iovlen))out->datagrams[count]; /* of no one type */
        if (op->address != NULL && op->address[i].size != 0) {
            message->msg_name = op->address[i].bytes;
            message->msg_namelen = (socklen_t)op->address[i].size;
        }
        if (out->datagrams[count] > 1)
            say_size(message, &out->rooms[count], op->buffers[i].size);
    }
    return count;
}

/* An old kernel, and a socket that is not UDP's, would take the size for nothing and a run for one datagram: both refuse this question. */
static bool has_segments(int fd)
{
    int size;
    socklen_t length = sizeof size;
    if (__BYTE_ORDER__ !=
        __ORDER_LITTLE_ENDIAN__) /* emulators (qemu-user) hand the size on in the wrong order */
        return false;
    return EDDYI_CALL(getsockopt, -1, (fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length)) == 0;
}

/* What a network interface, or a socket without checksums, says of runs but not of single datagrams; so does a path for smaller ones. */
static bool asks_for_single_ones(int error)
{
    return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

int eddyi_send_many(const eddyi_op *op, uint32_t end)
{
    batch out;
    int fd = (int)op->descriptor->fd, n;
    uint32_t count = fill(&out, op, end, true);
    bool together = count < end;
    if (together && !has_segments(fd)) {
        count = fill(&out, op, end, false);
        together = false;
    }
    for (;;) {
        n = EDDYI_CALL_AS(sendmsg, sendmmsg, -1, (fd, out.messages, count, MSG_NOSIGNAL));
        if (n >= 0)
            break;
        if (together && out.datagrams[0] > 1 && asks_for_single_ones(errno)) {
            count = fill(&out, op, end, false);
            together = false;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    int sent = 0;
    for (int i = 0; i < n; i++)
        sent += (int)out.datagrams[i];
    return sent;
}
