/* What of the kernel's interface is used, by its numbers (linux/bpf.h, linux/pkt_cls.h): nothing is included from elsewhere, so that
 * the object depends on this folder and the compiler alone. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define INLINE static __attribute__((always_inline)) inline
#define NOT_INLINE static __attribute__((noinline))

/* The compiler leaves out a comparison whose outcome it knows, and takes a number for bounded where it was bounded before it was kept on
 * the stack; the verifier wants to see it where the number is used. That of Linux 6.1 learns nothing from a comparison with zero: where a
 * length must not be nothing, what is one less is compared. */
#define UNKNOWN(number) asm volatile("" : "+r"(number))

#define UINT(name, value) int (*name)[value]
#define TYPE(name, value) value *name
#define MAP(name, kind, key_type, value_type, entries) \
	struct {                                       \
		UINT(type, kind);                      \
		UINT(max_entries, entries);            \
		TYPE(key, key_type);                   \
		TYPE(value, value_type);               \
	} name SEC(".maps")

enum map_type {
	MAP_ARRAY = 2,
	MAP_PROGRAMS = 3,
	MAP_PERCPU_ARRAY = 6,
	MAP_LPM_TRIE = 11,
	MAP_DEVMAP = 14,
	MAP_RINGBUF = 27,
};
#define NO_PREALLOC 1

enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
#define REDIRECT_BROADCAST (1ull << 3)

/* What an XDP program is given. */
struct xdp_md {
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

/* What a TC program is given, up to what is used. */
struct __sk_buff {
	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol;
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	u32 tc_index;
	u32 cb[5];
	u32 hash;
	u32 tc_classid;
	u32 data;
	u32 data_end;
};
#define TC_NEXT (-1)
#define TC_DROP 2

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static u32 (*const random_number)(void) = (void *)7;
static long (*const tail_call)(void *context, void *programs, u32 index) = (void *)12;
/* Becomes a load of the kernel's variable: no call. */
static u64 (*const jiffies)(void) = (void *)118;
static u64 (*const clock_coarse_ns)(void) = (void *)160;
static long (*const redirect)(u32 ifindex, u64 flags) = (void *)23;
static long (*const redirect_map)(void *map, u64 key, u64 flags) = (void *)51;
static long (*const clone_redirect)(struct __sk_buff *skb, u32 ifindex, u64 flags) = (void *)13;
static long (*const l4_csum_replace)(struct __sk_buff *skb, u32 offset, u64 from, u64 to, u64 flags) = (void *)11;
static long (*const skb_store_bytes)(struct __sk_buff *skb, u32 offset, const void *from, u32 len, u64 flags) = (void *)9;
static long (*const skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)26;
static long (*const skb_change_tail)(struct __sk_buff *skb, u32 len, u64 flags) = (void *)38;
static long (*const skb_pull_data)(struct __sk_buff *skb, u32 len) = (void *)39;
static long (*const xdp_adjust_tail)(struct xdp_md *xdp, int delta) = (void *)65;
static u64 (*const xdp_length)(struct xdp_md *xdp) = (void *)188;
static long (*const xdp_store_bytes)(struct xdp_md *xdp, u32 offset, void *from, u32 len) = (void *)190;
static long (*const xdp_load_bytes)(struct xdp_md *xdp, u32 offset, void *to, u32 len) = (void *)189;
static void *(*const ringbuf_reserve)(void *ringbuf, u64 size, u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *data, u64 flags) = (void *)132;
static void (*const ringbuf_discard)(void *data, u64 flags) = (void *)133;
