/* The maps, which all programs share. User space gives those whose sizes depend on the configuration their sizes when it loads them. */
#pragma once
#include "kernel.h"
#include "layout.h"

MAP(settings, MAP_ARRAY, u32, struct config, 1);
MAP(vips, MAP_ARRAY, u32, struct vip, VIPS);
MAP(places, MAP_ARRAY, u32, u64, PLACES);
MAP(pages, MAP_ARRAY, u32, struct page, SLOTS);
MAP(heads, MAP_ARRAY, u32, struct segment, SLOTS * EDITIONS * KINDS * VARIANTS);
MAP(tails, MAP_ARRAY, u32, struct segment, SLOTS * (SEGMENTS - 1));
MAP(counts, MAP_PERCPU_ARRAY, u32, struct counters, 1);
MAP(marks4, MAP_ARRAY, u32, u64, MARKS);
MAP(marks6, MAP_ARRAY, u32, u64, MARKS);
MAP(buckets, MAP_ARRAY, u32, u64, BUCKETS);
MAP(clones, MAP_PERCPU_ARRAY, u32, struct clone, CLONES);
MAP(nonces, MAP_PERCPU_ARRAY, u32, u32, 1);

#define LIST(name, prefix)                 \
	struct {                           \
		UINT(type, MAP_LPM_TRIE);  \
		UINT(max_entries, 16384);  \
		UINT(map_flags, NO_PREALLOC); \
		TYPE(key, struct prefix);  \
		TYPE(value, u32);          \
	} name SEC(".maps")

LIST(list4, prefix4);
LIST(list6, prefix6);

struct {
	UINT(type, MAP_RINGBUF);
	UINT(max_entries, 1 << 20);
} samples SEC(".maps");

/* Each names the one device as often as there are copies to make; the last entry gets the packet itself. */
#define COPIES(n)                         \
	struct {                          \
		UINT(type, MAP_DEVMAP);   \
		UINT(max_entries, n);     \
		UINT(key_size, 4);        \
		UINT(value_size, 8);      \
	} copies##n SEC(".maps")

COPIES(2);
COPIES(3);
COPIES(4);
COPIES(5);
COPIES(6);
COPIES(7);
COPIES(8);
COPIES(9);
COPIES(10);
COPIES(11);
