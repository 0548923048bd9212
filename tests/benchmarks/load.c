/* A cheap load: sends sound and pictures as browsers do, takes in what comes, and counts.
 *
 * `load.py` builds it and calls it. A line is one UDP socket with the two SRTP sessions of a handshake that was made in
 * Python. libsrtp is the one that Python has loaded, given as pointers to its functions. One thread, one turn a
 * millisecond; sockets are polled, never waited on, so that no packet of the server pays for waking us up.
 *
 * A packet's last eight bytes are the moment of its sending. The kernel notes when it arrived: what lies between is the
 * server's, and two crossings of the loopback; how late we look does not count.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET 1600   /* room for a packet with its tag */
#define KEPT 256      /* sent video packets that a NACK may still ask for */
#define SOURCES 8     /* SSRCs a line receives */
#define MISSING 128   /* gaps a line remembers */
#define ASKED_MOST 5  /* NACKs for one packet */
#define ASK_AGAIN 0.06
#define AT_ONCE 32
#define TURNS_A_LOOK 4 /* sockets are read every fourth turn */
#define REPORT_EVERY 1.0
#define FEEDBACK_EVERY 0.1 /* transport-wide feedback: Chromium's is between 0.05 and 0.25 s */
#define PLI_EVERY 5.0
#define SAMPLES (4u << 20)
#define REPLAYED 9    /* srtp_err_status_replay_fail */

enum { VIDEO, AUDIO };
enum { OPUS = 111, VP8 = 96, RTX = 97, TRANSPORT_WIDE_ID = 3 };

typedef struct { /* how much is sent; the same fields in load.py */
  double frames_a_second, packets_a_frame, video_bytes, sounds_a_second, sound_bytes;
  double trailer_bytes; /* end-to-end encryption adds so many to each frame */
  double loss;          /* share of packets lost, on the way up and on the way down */
  double has_rtcp;
} shape_t;

typedef struct { /* the same fields in load.py */
  uint64_t sent, received, bytes, refused, repeated, not_sent, lost_up, lost_down, missed, repaired, given_up;
  uint64_t nacks_sent, nacks_heard, resent, plis_sent, plis_heard, reports_sent, reports_heard, feedback_sent;
  uint64_t feedback_heard;
} counts_t;

typedef struct {
  uint32_t ssrc, timestamp, packets, octets;
  uint16_t number;
  double next_at;
  uint8_t (*kept)[PACKET];
  int *kept_length;
} up_t;

typedef struct {
  uint32_t ssrc, first, highest, received, expected_before, received_before, report;
  uint8_t type;
  double report_at;
} down_t;

typedef struct {
  uint16_t number;
  int asked;
  double asked_at;
} gap_t;

typedef struct {
  int socket;
  struct sockaddr_in server;
  void *sending, *receiving;
  uint32_t own; /* sender SSRC of the feedback */
  int is_sender;
  int is_reduced; /* feedback may come without a report before it (RFC 5506) */
  up_t up[2];
  down_t down[SOURCES];
  int downs, gaps;
  gap_t gap[MISSING];
  uint16_t wide_number; /* next transport-wide number */
  int wide_heard;
  uint16_t wide_first, wide_last;
  uint8_t feedbacks;
  double report_at, feedback_at, pli_at;
} line_t;

typedef int (*crypt_t)(void *session, void *packet, int *length);
static crypt_t protect, unprotect, protect_rtcp, unprotect_rtcp;
static line_t *lines;
static int count, room;
static counts_t counted;
static shape_t shape;
static float *samples;
static uint32_t sampled;
static volatile int is_stopped;
static uint64_t dice = 88172645463325252ull;

static double since(clockid_t which) {
  struct timespec at;
  clock_gettime(which, &at);
  return at.tv_sec + at.tv_nsec * 1e-9;
}

static double share(void) { /* xorshift: the same losses in every run */
  dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
  return (dice >> 11) * (1.0 / 9007199254740992.0);
}

static void put16(uint8_t *at, uint32_t value) { at[0] = value >> 8, at[1] = value; }
static void put32(uint8_t *at, uint32_t value) { put16(at, value >> 16), put16(at + 2, value); }
static uint32_t get16(const uint8_t *at) { return at[0] << 8 | at[1]; }
static uint32_t get32(const uint8_t *at) { return get16(at) << 16 | get16(at + 2); }

/* ---- lines ---- */

void load_init(void *a, void *b, void *c, void *d) {
  protect = (crypt_t)a, unprotect = (crypt_t)b, protect_rtcp = (crypt_t)c, unprotect_rtcp = (crypt_t)d;
  if (!samples) samples = malloc(SAMPLES * sizeof *samples);
}

void load_reset(void) {
  for (int i = 0; i < count; i++) free(lines[i].up[VIDEO].kept), free(lines[i].up[VIDEO].kept_length);
  count = 0, sampled = 0, memset(&counted, 0, sizeof counted);
}

/* One more line; without SSRCs it only receives. The socket stays its owner's. */
int load_add(int socket, const char *host, int port, void *sending, void *receiving, int is_reduced, uint32_t video, uint32_t audio, int video_number, int audio_number) {
  if (count == room) {
    room = room ? 2 * room : 64;
    if (!(lines = realloc(lines, room * sizeof *lines))) return -1;
  }
  line_t *line = memset(&lines[count++], 0, sizeof *lines);
  int size = 4 << 20, yes = 1;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size)) setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) return -1;
  line->socket = socket, line->sending = sending, line->receiving = receiving;
  line->server.sin_family = AF_INET, line->server.sin_port = htons(port);
  if (inet_pton(AF_INET, host, &line->server.sin_addr) != 1) return -1;
  line->is_reduced = is_reduced, line->is_sender = video != 0, line->own = video ? video : 1;
  line->up[VIDEO].ssrc = video, line->up[AUDIO].ssrc = audio;
  line->up[VIDEO].number = video_number, line->up[AUDIO].number = audio_number;
  for (int kind = 0; kind < 2; kind++) line->up[kind].timestamp = share() * 4e9;
  if (video) {
    line->up[VIDEO].kept = calloc(KEPT, PACKET), line->up[VIDEO].kept_length = calloc(KEPT, sizeof(int));
    if (!line->up[VIDEO].kept || !line->up[VIDEO].kept_length) return -1;
  }
  return 0;
}

static void emit(line_t *line, const void *packet, int length) {
  if (sendto(line->socket, packet, length, MSG_DONTWAIT, (struct sockaddr *)&line->server, sizeof line->server) != length) counted.not_sent++;
}

/* ---- media up ---- */

static void send_media(line_t *line, int kind, int size, int is_first, int is_last) {
  uint8_t packet[PACKET];
  up_t *track = &line->up[kind];
  int length = size + (is_last ? shape.trailer_bytes : 0);
  packet[0] = 0x90, packet[1] = (kind == VIDEO ? VP8 : OPUS) | (kind == VIDEO && is_last ? 0x80 : 0);
  put16(packet + 2, track->number), put32(packet + 4, track->timestamp), put32(packet + 8, track->ssrc);
  put32(packet + 12, 0xBEDE0001), packet[16] = TRANSPORT_WIDE_ID << 4 | 1, put16(packet + 17, line->wide_number++), packet[19] = 0;
  memset(packet + 20, 0x5a, length - 20);
  if (kind == VIDEO) packet[20] = is_first ? 0x10 : 0, packet[21] = 0x01; /* VP8: start of a frame; P bit: no key frame */
  double now = since(CLOCK_REALTIME);
  memcpy(packet + length - 8, &now, 8);
  track->packets++, track->octets += length - 20;
  uint16_t number = track->number++;
  if (protect(line->sending, packet, &length)) {
    counted.refused++;
    return;
  }
  if (kind == VIDEO && shape.loss > 0) memcpy(track->kept[number % KEPT], packet, length), track->kept_length[number % KEPT] = length;
  if (shape.loss > 0 && share() < shape.loss) {
    counted.lost_up++;
    return;
  }
  counted.sent++;
  emit(line, packet, length);
}

static void send_due(line_t *line, double now) {
  up_t *video = &line->up[VIDEO], *audio = &line->up[AUDIO];
  while (video->next_at <= now) {
    int packets = shape.packets_a_frame;
    video->timestamp += 90000 / shape.frames_a_second;
    for (int i = 0; i < packets; i++) send_media(line, VIDEO, shape.video_bytes, i == 0, i == packets - 1);
    video->next_at += 1 / shape.frames_a_second;
  }
  while (audio->next_at <= now) {
    audio->timestamp += 48000 / shape.sounds_a_second;
    send_media(line, AUDIO, shape.sound_bytes, 1, 1);
    audio->next_at += 1 / shape.sounds_a_second;
  }
}

/* ---- RTCP ---- */

static void send_rtcp(line_t *line, uint8_t *packet, int length) {
  if (protect_rtcp(line->sending, packet, &length)) counted.refused++;
  else emit(line, packet, length);
}

static int head(uint8_t *at, int number, int type, int length) {
  at[0] = 0x80 | number, at[1] = type, put16(at + 2, length / 4 - 1);
  return length;
}

static int put_names(uint8_t *at, uint32_t ssrc) {
  put32(at + 4, ssrc), memcpy(at + 8, "\1\4load\0\0", 8);
  return head(at, 1, 202, 16);
}

/* now 0: said beside something else; the interval goes on. */
static int put_block(uint8_t *at, down_t *track, double now) {
  uint32_t expected = track->highest - track->first + 1, more = expected - track->expected_before;
  uint32_t came = track->received - track->received_before, lost = expected > track->received ? expected - track->received : 0;
  put32(at, track->ssrc);
  put32(at + 4, (more > came ? (more - came) * 256 / more : 0) << 24 | (lost & 0xFFFFFF));
  put32(at + 8, track->highest), put32(at + 12, 90);
  put32(at + 16, track->report), put32(at + 20, track->report && now ? (now - track->report_at) * 65536 : 0);
  if (now) track->expected_before = expected, track->received_before = track->received;
  return 24;
}

/* Reports as browsers write them: one a track that is sent, with what is received of that kind; SDES after each. */
static void send_reports(line_t *line, double now) {
  uint8_t packet[PACKET];
  for (int kind = line->is_sender ? VIDEO : AUDIO; kind <= AUDIO; kind++) {
    int length = 8, blocks = 0;
    put32(packet + 4, line->is_sender ? line->up[kind].ssrc : line->own);
    if (line->is_sender) {
      double wall = since(CLOCK_REALTIME) + 2208988800.0;
      put32(packet + 8, wall), put32(packet + 12, (wall - (uint64_t)wall) * 4294967296.0);
      put32(packet + 16, line->up[kind].timestamp), put32(packet + 20, line->up[kind].packets), put32(packet + 24, line->up[kind].octets);
      length = 28;
    }
    for (int i = 0; i < line->downs; i++) {
      int type = line->down[i].type;
      if (type == RTX || (line->is_sender && type != (kind == VIDEO ? VP8 : OPUS))) continue;
      length += put_block(packet + length, &line->down[i], now), blocks++;
    }
    if (!line->is_sender && !blocks) return;
    head(packet, blocks, line->is_sender ? 200 : 201, length);
    length += put_names(packet + length, get32(packet + 4));
    counted.reports_sent++;
    send_rtcp(line, packet, length);
  }
}

/* Feedback leaves alone; where that was not agreed, after a report on the same track, as browsers send it. */
static void send_feedback(line_t *line, int format, int type, const uint8_t *body, int length) {
  uint8_t packet[PACKET];
  int before = 0;
  if (!line->is_reduced) {
    int blocks = 0;
    before = 8;
    for (int i = 0; i < line->downs; i++)
      if (line->down[i].ssrc == get32(body)) before += put_block(packet + before, &line->down[i], 0), blocks++;
    put32(packet + 4, line->own);
    before = head(packet, blocks, 201, before);
    before += put_names(packet + before, line->own);
  }
  put32(packet + before + 4, line->own);
  memcpy(packet + before + 8, body, length);
  send_rtcp(line, packet, before + head(packet + before, format, type, 8 + length));
}

static down_t *picture(line_t *line) {
  for (int i = 0; i < line->downs; i++)
    if (line->down[i].type == VP8) return &line->down[i];
  return NULL;
}

static void send_transport_wide(line_t *line) {
  uint8_t body[PACKET / 2] = {0};
  int packets = (uint16_t)(line->wide_last - line->wide_first) + 1;
  if (!line->wide_heard || packets > 500 || !line->downs) return;
  put32(body, line->down[0].ssrc), put16(body + 4, line->wide_first), put16(body + 6, packets);
  body[11] = line->feedbacks++;
  put16(body + 12, 1 << 13 | packets); /* a run: all received, small deltas, which follow, a byte each */
  memset(body + 14, 4, packets);
  line->wide_heard = 0, counted.feedback_sent++;
  send_feedback(line, 15, 205, body, (14 + packets + 3) / 4 * 4);
}

static void send_pli(line_t *line) {
  uint8_t body[4];
  down_t *track = picture(line);
  if (!track) return;
  put32(body, track->ssrc), counted.plis_sent++;
  send_feedback(line, 1, 206, body, 4);
}

static void send_nacks(line_t *line, double now) {
  uint8_t body[4 + 4 * MISSING];
  int length = 4, left = 0;
  down_t *track = picture(line);
  for (int i = 0; i < line->gaps; i++) {
    gap_t *gap = &line->gap[i];
    if (gap->asked == ASKED_MOST && now >= gap->asked_at + ASK_AGAIN) {
      counted.given_up++;
      continue;
    }
    if (!gap->asked || now >= gap->asked_at + ASK_AGAIN) {
      put16(body + length, gap->number), put16(body + length + 2, 0), length += 4;
      gap->asked++, gap->asked_at = now, counted.nacks_sent++;
    }
    line->gap[left++] = *gap;
  }
  line->gaps = left;
  if (!track || length == 4) return;
  put32(body, track->ssrc);
  send_feedback(line, 1, 205, body, length);
}

static void resend(line_t *line, uint16_t number) {
  up_t *track = &line->up[VIDEO];
  const uint8_t *packet = track->kept ? track->kept[number % KEPT] : NULL;
  counted.nacks_heard++;
  if (!packet || !track->kept_length[number % KEPT] || get16(packet + 2) != number) return;
  if (share() < shape.loss) {
    counted.lost_up++;
    return;
  }
  counted.resent++, counted.sent++;
  emit(line, packet, track->kept_length[number % KEPT]);
}

static void hear_rtcp(line_t *line, uint8_t *packet, int length, double now) {
  if (unprotect_rtcp(line->receiving, packet, &length)) {
    counted.refused++;
    return;
  }
  for (int at = 0, size; at + 8 <= length; at += size) {
    const uint8_t *one = packet + at;
    size = 4 * (get16(one + 2) + 1);
    if (at + size > length) return;
    int format = one[0] & 31, type = one[1];
    counted.reports_heard += type == 200 || type == 201;
    counted.feedback_heard += type == 205 && format == 15;
    if (type == 200 && size >= 28) {
      for (int i = 0; i < line->downs; i++)
        if (line->down[i].ssrc == get32(one + 4)) line->down[i].report = get32(one + 10), line->down[i].report_at = now;
    } else if (type == 205 && format == 1) {
      for (int entry = 12; entry + 4 <= size; entry += 4) {
        uint32_t first = get16(one + entry), mask = get16(one + entry + 2);
        resend(line, first);
        for (int bit = 0; bit < 16; bit++)
          if (mask >> bit & 1) resend(line, first + bit + 1);
      }
    } else if (type == 206 && format == 1) {
      counted.plis_heard++;
    }
  }
}

/* ---- media down ---- */

static down_t *find(line_t *line, uint32_t ssrc, int type, uint16_t number) {
  for (int i = 0; i < line->downs; i++)
    if (line->down[i].ssrc == ssrc) return &line->down[i];
  if (line->downs == SOURCES) return NULL;
  down_t *track = memset(&line->down[line->downs++], 0, sizeof *line->down);
  track->ssrc = ssrc, track->type = type;
  track->first = 0x10000u + number, track->highest = track->first - 1;
  return track;
}

static void fill(line_t *line, uint16_t number) {
  for (int i = 0; i < line->gaps; i++)
    if (line->gap[i].number == number) {
      line->gap[i] = line->gap[--line->gaps];
      counted.repaired++;
      return;
    }
}

static void hear_media(line_t *line, uint8_t *packet, int length, double arrived_at) {
  counted.received++, counted.bytes += length;
  if (shape.loss > 0 && share() < shape.loss) {
    counted.lost_down++;
    return;
  }
  int wrong = unprotect(line->receiving, packet, &length);
  if (wrong) {
    if (wrong == REPLAYED) counted.repeated++;
    else counted.refused++;
    return;
  }
  uint16_t number = get16(packet + 2);
  int body = 12, type = packet[1] & 0x7f;
  down_t *track = find(line, get32(packet + 8), type, number);
  if (!track) return;
  if (packet[0] & 0x10) {
    int words = get16(packet + 14);
    for (int at = 16, end = 16 + 4 * words; at + 2 < end && at + 2 < length;) {
      int size = (packet[at] & 15) + 1;
      if (packet[at] >> 4 == TRANSPORT_WIDE_ID && size == 2) {
        uint16_t wide = get16(packet + at + 1);
        if (!line->wide_heard) line->wide_first = line->wide_last = wide, line->wide_heard = 1;
        else if ((uint16_t)(wide - line->wide_last) < 0x8000) line->wide_last = wide;
      }
      at += packet[at] ? size + 1 : 1;
    }
    body += 4 + 4 * words;
  }
  track->received++;
  if (type == RTX) {
    if (length >= body + 2) fill(line, get16(packet + body));
    return;
  }
  uint16_t ahead = number - track->highest;
  if (!ahead || ahead >= 0x8000) { /* it comes again, or late */
    if (type == VP8) fill(line, number);
    return;
  }
  for (uint16_t missing = track->highest + 1; missing != number; missing++) {
    counted.missed++;
    if (type == VP8 && shape.has_rtcp && line->gaps < MISSING) line->gap[line->gaps++] = (gap_t){missing, 0, 0};
  }
  track->highest += ahead;
  double sent_at;
  memcpy(&sent_at, packet + length - 8, 8);
  if (sampled < SAMPLES && arrived_at > sent_at && arrived_at < sent_at + 10) samples[sampled++] = arrived_at - sent_at;
}

static double arrival(struct msghdr *message) {
  for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one))
    if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_TIMESTAMPNS) {
      struct timespec at;
      memcpy(&at, CMSG_DATA(one), sizeof at);
      return at.tv_sec + at.tv_nsec * 1e-9;
    }
  return 0;
}

static void look(line_t *line, double now) {
  static uint8_t data[AT_ONCE][PACKET], notes[AT_ONCE][64];
  static struct mmsghdr message[AT_ONCE];
  static struct iovec parts[AT_ONCE];
  int got;
  do {
    for (int i = 0; i < AT_ONCE; i++) {
      parts[i] = (struct iovec){data[i], PACKET};
      message[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = notes[i], .msg_controllen = sizeof notes[i]};
    }
    got = recvmmsg(line->socket, message, AT_ONCE, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
      uint8_t *packet = data[i];
      int length = message[i].msg_len;
      if (length < 12 || packet[0] >> 6 != 2) continue; /* STUN and DTLS: Python's checks go on, their answers do not matter */
      if (packet[1] >= 192 && packet[1] <= 223) hear_rtcp(line, packet, length, now);
      else hear_media(line, packet, length, arrival(&message[i].msg_hdr));
    }
  } while (got == AT_ONCE);
}

static void send_rtcp_due(line_t *line, double now) {
  if (now >= line->report_at) send_reports(line, now), line->report_at += REPORT_EVERY;
  if (now >= line->feedback_at) send_transport_wide(line), line->feedback_at += FEEDBACK_EVERY;
  if (now >= line->pli_at) send_pli(line), line->pli_at += PLI_EVERY;
  if (line->gaps) send_nacks(line, now);
}

/* Send for so long, each line in a phase of its own; then take in what is still on its way. */
void load_run(double seconds, const shape_t *given) {
  double tick = 0.001, began = since(CLOCK_MONOTONIC), ends = began + seconds, next = began;
  shape = *given, is_stopped = 0;
  for (int i = 0; i < count; i++) {
    line_t *line = &lines[i];
    line->up[VIDEO].next_at = began + share() / shape.frames_a_second;
    line->up[AUDIO].next_at = began + share() / shape.sounds_a_second;
    line->report_at = began + share() * REPORT_EVERY;
    line->feedback_at = began + share() * FEEDBACK_EVERY;
    line->pli_at = began + share() * PLI_EVERY;
    line->gaps = line->wide_heard = 0;
  }
  for (int turn = 0;; turn++) {
    double now = since(CLOCK_MONOTONIC);
    if (now >= ends + 0.3 || is_stopped) break;
    for (int i = 0; i < count && now < ends; i++)
      if (lines[i].is_sender) send_due(&lines[i], now);
    if (turn % TURNS_A_LOOK == TURNS_A_LOOK - 1)
      for (int i = 0; i < count; i++) {
        look(&lines[i], now);
        if (shape.has_rtcp && now < ends) send_rtcp_due(&lines[i], now);
      }
    next += tick, now = since(CLOCK_MONOTONIC);
    if (next < now) next = now;
    struct timespec until = {(time_t)next, (long)((next - (time_t)next) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
}

/* End a run from another thread. */
void load_stop(void) { is_stopped = 1; }

void load_counts(counts_t *into) { *into = counted; }

/* The ways of packets since the last call, in seconds; how many. */
uint32_t load_samples(float *into, uint32_t most) {
  uint32_t taken = sampled < most ? sampled : most;
  if (into) memcpy(into, samples, taken * sizeof *samples);
  sampled = into ? 0 : sampled;
  return taken;
}
