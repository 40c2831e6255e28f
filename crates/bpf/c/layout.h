/* What the programs and user space share: the forms of keys and values of maps. `../src/layout.rs` says the same in Rust; both sides
 * assert sizes and offsets, and a test compares them with those that the object has. Everything is in the machine's own byte order but what is said
 * to be in the network's. */
#pragma once

/* Bytes of one segment: fits a packet of 1280 bytes, the least that IPv6 promises (RFC 8200, section 5), so that neither path MTU nor
 * clamped MSS ever matters. */
#define SEGMENT 1220
/* What whoever is to get a page of several segments must have room for, in bytes. */
#define LEAST_WINDOW 4096
/* The most segments of one page: an initial window of ten (RFC 6928). */
#define SEGMENTS 10
/* Retry-After as different clients hear it. */
#define VARIANTS 8
/* Keys, and versions of pages that belong to them. */
#define SLOTS 2
/* Copies of what changes each second, so that none is written while it is read. */
#define EDITIONS 2

/* Which answer. */
enum kind {
	KIND_PAGE,      /* to everybody else */
	KIND_HEAD,      /* to HEAD */
	KIND_PREFLIGHT, /* to OPTIONS of a browser that asks before it asks */
	KIND_JSON,      /* to whoever mentions application/json early */
	KIND_PREFACE,   /* to HTTP/2 with prior knowledge */
	KINDS,
};

enum mode {
	MODE_OFF,   /* everything passes */
	MODE_ON,    /* new connections are answered */
	MODE_DRAIN, /* those that are answered already still are */
};

/* Only acknowledgement numbers that we can have caused prove a connection, not every one within the page. */
#define VIP_STRICT 1u

/* Value of `vips`. */
struct vip {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned short port;       /* network order */
	unsigned short zero;
	unsigned int mode;
	unsigned int page;
	unsigned int flags;
};

/* How many addresses there may be, and how `vips` is looked into: a place of `places` has the numbers, from 1 on, of up to four of them, 16
 * bits each from the lowest on, without gaps. It is the kernel's hash map done by hand, since asking that would be a quarter of what an acknowledgement
 * costs: calls are dear where returns are guarded. */
#define VIPS 256
#define PLACES 4096
#define PLACE_OF(high, low, port) \
	((((high) ^ ((low) + (port)) * 0x9e3779b97f4a7c15ull) * 0x9e3779b97f4a7c15ull) >> 52)

/* The one value of `settings`. */
struct config {
	unsigned long long key[SLOTS][2];
	unsigned int current;      /* the slot of new connections */
	unsigned int lists;        /* whether `list4` and `list6` have entries: bits 0 and 1 */
	unsigned long long lease;  /* until when anything is answered, in ns of CLOCK_MONOTONIC; 0: without end */
	unsigned long long cost;   /* of one segment, in ns of a bucket's time; 0: no limit */
	unsigned long long burst;  /* how far ahead a bucket's time may be, in ns */
	unsigned long long sample; /* of 2^32 requests so many are told of */
	unsigned long long tick;   /* of the kernel's clock that buckets have, in ns (jiffies) */
	unsigned short mss4;       /* network order */
	unsigned short mss6;       /* network order */
	unsigned int behind;       /* whether the program at the traffic control hook says pages of several segments for the one at the driver */
};

/* Value of `pages`, by page x SLOTS + slot. */
struct page {
	unsigned int segments;
	unsigned int edition;       /* which heads count */
	unsigned int ends[KINDS];   /* bytes of each answer; 0: there is none, the page is given */
	unsigned int zero;
};

/* Value of `heads` and `tails`. */
struct segment {
	unsigned short length;
	unsigned short sum;       /* of the data, folded, not inverted (RFC 1071) */
	unsigned int zero;
	unsigned char data[SEGMENT];
	unsigned int end;
};

#define HEAD_INDEX(page, slot, edition, kind, variant) \
	(((((page) * SLOTS + (slot)) * EDITIONS + (edition)) * KINDS + (kind)) * VARIANTS + (variant))
#define TAIL_INDEX(page, slot, segment) \
	(((page) * SLOTS + (slot)) * (SEGMENTS - 1) + (segment) - 1)

/* Values of the lists. */
#define LIST_DENY 1u  /* dropped */
#define LIST_ALLOW 2u /* left to user space */
struct prefix4 {
	unsigned int length;
	unsigned char address[4];
};
struct prefix6 {
	unsigned int length;
	unsigned char address[16];
};
/* Whether a list may know an address: a bit for each of its first 16 bits. */
#define MARKS 1024

#define BUCKETS 65536

/* What is counted, per processor and page. */
enum count {
	COUNT_SYN,        /* SYNs answered */
	COUNT_SYN_PASSED, /* SYNs left to user space, since they are odd, or we drain */
	COUNT_DENIED,     /* SYNs dropped by the list */
	COUNT_ALLOWED,    /* SYNs left to user space by the list */
	COUNT_HANDSHAKE,  /* acknowledgements that need no answer */
	COUNT_PAGE,       /* questions answered, by kind */
	COUNT_HEAD,
	COUNT_PREFLIGHT,
	COUNT_JSON,
	COUNT_PREFACE,
	COUNT_RESENT,     /* single segments sent again into a gap */
	COUNT_ACK,        /* bare acknowledgements sent */
	COUNT_RESET,      /* RSTs of our connections, swallowed */
	COUNT_FOREIGN,    /* packets that prove nothing, passed */
	COUNT_LIMITED,    /* questions over the limit of their network, dropped */
	COUNT_SEGMENT,    /* segments with data sent */
	COUNT_CLONED,     /* answers sent as copies, since the packet could not grow */
	COUNT_FAILED,     /* answers that could not be sent */
	COUNT_UNTOLD,     /* requests that should have been told of, and were not */
	COUNTS,
};
struct counters {
	unsigned long long count[COUNTS];
};

/* What `samples` tells of a request. */
#define SAMPLE_BYTES 512
struct sample {
	unsigned char client[16];
	unsigned int page;
	unsigned short kind;
	unsigned short length; /* of what follows that is there */
	unsigned char head[SAMPLE_BYTES];
};

/* Value of `clones`: what a segment needs to know that is made of a copy of the template. */
#define CLONES 64
struct clone {
	unsigned int nonce;   /* which template */
	unsigned int next;    /* the segment that is made next */
	unsigned int end;     /* the one that is not made any more */
	unsigned int last;    /* the one that ends the connection's data */
	unsigned int page;
	unsigned int slot;
	unsigned int head;    /* index of segment 0 in `heads` */
	unsigned int seq;     /* of segment 0, machine order */
};

#define SAME(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#define AT(type, field, offset) _Static_assert(__builtin_offsetof(struct type, field) == (offset), #type "." #field)
SAME(vip, 32);
AT(vip, port, 16);
AT(vip, mode, 20);
AT(vip, page, 24);
AT(vip, flags, 28);
SAME(config, 88);
AT(config, current, 32);
AT(config, lists, 36);
AT(config, lease, 40);
AT(config, cost, 48);
AT(config, burst, 56);
AT(config, sample, 64);
AT(config, tick, 72);
AT(config, mss4, 80);
AT(config, mss6, 82);
AT(config, behind, 84);
SAME(page, 32);
AT(page, edition, 4);
AT(page, ends, 8);
SAME(segment, 1232);
AT(segment, sum, 2);
AT(segment, data, 8);
SAME(prefix4, 8);
SAME(prefix6, 20);
SAME(counters, 152);
SAME(sample, 536);
AT(sample, page, 16);
AT(sample, kind, 20);
AT(sample, length, 22);
AT(sample, head, 24);
SAME(clone, 32);
