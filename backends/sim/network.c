/* network.c: connections: how they are made, what is under way on them, how they end.
 * Touches sockets and timers, never the allocator. Whatever travels takes its time; nothing overtakes on one way but a reset.
 *
 * Kernels differ in what a reset leaves, and so do sockets here, by the seed. After a soft one, as on Linux and the BSDs, what had arrived can still be
 * read, the error is told once, and then there is the end, or EDDY_EPIPE. After a hard one, as on Windows, all is lost and every op hears of it. */
#include <string.h>

#include "backends/sim/inside.h"

/* A listener that is full does not answer; the client asks again after 1, 2, 4 ... seconds (RFC 6298, section 5.5). */
static const uint64_t FIRST_RETRY = 1000000000, ANSWERLESS = 3000000000, NOBODY_THERE = 127000000000;
enum { MOST_KNOCKS = 6 };

static void wake_later(sim_socket *s, eddyi_timer *timer, void (*fire)(eddyi_timer *), uint64_t delay)
{
    timer->fire = fire;
    eddyi_timers_add(&s->sim->timers, timer, s->sim->now + delay);
}

/* ---- bytes and the end ---- */

static void arrived(eddyi_timer *timer)
{
    sim_socket *s = EDDYI_CONTAINER(timer, sim_socket, arrival);
    s->incoming.visible = s->arriving;
    eddyi_sim_note(s->sim, SIM_EVENT_ARRIVED, (uint64_t)s->number ^ s->incoming.visible);
    if (s->incoming.visible < s->incoming.written)
        eddyi_sim_make_visible_later(s);
    else if (s->end_written)
        s->end_visible = true;
    eddyi_sim_pump(s);
}

void eddyi_sim_make_visible_later(sim_socket *s)
{
    if (s->state == SIM_CONNECTING || eddyi_timer_pending(&s->arrival))
        return;
    s->arriving = s->incoming.written;
    wake_later(s, &s->arrival, arrived, eddyi_sim_delay(s->sim));
}

void eddyi_sim_send_end(sim_socket *s)
{
    if (s->end_sent)
        return;
    s->end_sent = true;
    if (s->peer == NULL)
        return;
    s->peer->end_written = true;
    eddyi_sim_make_visible_later(s->peer);
}

/* ---- resets ---- */

static void break_now(sim_socket *s)
{
    sim_ring *ring = &s->incoming;
    eddyi_sim_note(s->sim, SIM_EVENT_RESET, (uint64_t)s->number);
    s->state = SIM_RESET;
    eddyi_timers_remove(&s->sim->timers, &s->arrival);
    eddyi_timers_remove(&s->sim->timers, &s->farewell);
    if (s->hard)
        ring->visible = ring->read;
    ring->written = ring->visible; /* what was under way is lost */
    eddyi_sim_pump(s);
}

static void reset_arrived(eddyi_timer *timer)
{
    sim_socket *s = EDDYI_CONTAINER(timer, sim_socket, farewell);
    if (s->state == SIM_CONNECTING) /* the answer to the connect was sent before */
        wake_later(s, &s->farewell, reset_arrived, eddyi_sim_delay(s->sim));
    else if (s->state == SIM_CONNECTED)
        break_now(s);
}

/* The other side is gone for `s`, which learns of it when the reset arrives. */
static void send_reset_to(sim_socket *s, uint64_t delay)
{
    s->peer = NULL;
    if (!eddyi_timer_pending(&s->farewell))
        wake_later(s, &s->farewell, reset_arrived, delay);
}

void eddyi_sim_break(sim_socket *s)
{
    sim_socket *peer = s->peer;
    s->peer = NULL;
    if (peer != NULL)
        send_reset_to(peer, eddyi_sim_delay(s->sim));
    break_now(s);
}

void eddyi_sim_refuse_more(sim_socket *s)
{
    if (!eddyi_timer_pending(&s->farewell)) /* there and back */
        send_reset_to(s, eddyi_sim_delay(s->sim) + eddyi_sim_delay(s->sim));
}

int eddyi_sim_take_reset(sim_socket *s)
{
    if (s->state == SIM_BROKEN)
        return 0;
    if (!s->hard)
        s->state = SIM_BROKEN;
    return EDDY_ECONNRESET;
}

/* As TCP: bytes that were not read, or a wish for it, make a close a reset (RFC 2525, section 2.17). */
void eddyi_sim_part(sim_socket *s)
{
    sim_socket *peer = s->peer;
    eddyi_sim_connect_abandon(s);
    if (s->peer == NULL)
        return;
    s->peer = NULL;
    if (s->linger_reset || s->incoming.written > s->incoming.read) {
        send_reset_to(peer, eddyi_sim_delay(s->sim));
        return;
    }
    peer->peer = NULL;
    if (!s->end_sent) {
        peer->end_written = true;
        eddyi_sim_make_visible_later(peer);
    }
}

/* ---- connecting: a knock, an answer, and nothing is known before the answer is there ---- */

static void answer_arrived(eddyi_timer *timer)
{
    sim_socket *s = EDDYI_CONTAINER(timer, sim_socket, arrival);
    s->told = true;
    eddyi_sim_pump(s);
}

static void come_to(sim_socket *s, int verdict, uint64_t delay)
{
    s->verdict = verdict;
    wake_later(s, &s->arrival, answer_arrived, delay);
}

static void join(sim_socket *client, sim_socket *listener)
{
    sim_socket *server = client->twin;
    client->twin = NULL;
    client->peer = server;
    server->peer = client;
    server->local = client->remote;
    server->remote = client->local;
    server->bound = true;
    server->state = SIM_CONNECTED;
    eddyi_list_append(&listener->backlog, &server->link);
    listener->waiting++;
    come_to(client, 0, eddyi_sim_delay(client->sim));
    eddyi_sim_pump(listener);
}

static void knock(eddyi_timer *timer)
{
    sim_socket *s = EDDYI_CONTAINER(timer, sim_socket, arrival);
    eddyi_backend *sim = s->sim;
    sim_socket *listener = eddyi_sim_find_listener(sim, &s->remote);
    eddyi_sim_note(sim, SIM_EVENT_KNOCKED, (uint64_t)s->number);
    if (listener == NULL || (listener->waiting >= listener->most_waiting && eddyi_sim_fault(sim, 1)))
        come_to(s, EDDY_ECONNREFUSED, eddyi_sim_delay(sim));
    else if (listener->waiting < listener->most_waiting)
        join(s, listener);
    else if (s->knocks == MOST_KNOCKS)
        come_to(s, EDDY_ETIMEDOUT, 0);
    else
        wake_later(s, &s->arrival, knock, FIRST_RETRY << s->knocks++);
}

/* 100::/64 and 192.0.2.0/24 are where nobody answers (RFC 6666, RFC 5737). */
static bool is_black_hole(const sim_address *to)
{
    static const uint8_t prefix[8] = {1};
    static const uint8_t net[3] = {192, 0, 2};
    return to->family == SIM_IPV6 ? memcmp(to->host, prefix, sizeof prefix) == 0
                                  : memcmp(to->host, net, sizeof net) == 0;
}

void eddyi_sim_connect_begin(sim_socket *s, const sim_address *to)
{
    static const uint8_t any[16];
    s->state = SIM_CONNECTING;
    s->told = false;
    s->knocks = 0;
    s->remote = *to;
    if (memcmp(s->local.host, any, sizeof any) == 0) /* the nearest of our addresses is the one we speak to */
        memcpy(s->local.host, to->host, sizeof any);
    if (is_black_hole(to))
        come_to(s, EDDY_ETIMEDOUT, NOBODY_THERE);
    else if (!eddyi_sim_fault(s->sim, 2))
        wake_later(s, &s->arrival, knock, eddyi_sim_delay(s->sim));
    else if (eddyi_sim_chance(s->sim, 50))
        come_to(s, EDDY_ECONNREFUSED, eddyi_sim_delay(s->sim) + eddyi_sim_delay(s->sim));
    else
        come_to(s, EDDY_ETIMEDOUT, ANSWERLESS);
}

/* Nobody waits for the answer any more. A server that has heard of us learns that we are gone. */
void eddyi_sim_connect_abandon(sim_socket *s)
{
    if (s->state != SIM_CONNECTING)
        return;
    eddyi_timers_remove(&s->sim->timers, &s->arrival);
    eddyi_timers_remove(&s->sim->timers, &s->farewell);
    if (s->peer != NULL)
        send_reset_to(s->peer, eddyi_sim_delay(s->sim));
    s->peer = NULL;
    s->state = SIM_FRESH;
    s->end_written = false;
    s->incoming.written = s->incoming.visible = s->incoming.read;
}
