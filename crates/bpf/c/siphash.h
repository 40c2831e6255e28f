/* SipHash-2-4 (Aumasson and Bernstein, 2012) of a connection's four addresses, for the two lengths that there are. */
#pragma once
#include "kernel.h"

#define ROTATE(x, bits) (((x) << (bits)) | ((x) >> (64 - (bits))))
#define SIP_ROUND                                                                  \
	do {                                                                       \
		v0 += v1; v1 = ROTATE(v1, 13); v1 ^= v0; v0 = ROTATE(v0, 32);      \
		v2 += v3; v3 = ROTATE(v3, 16); v3 ^= v2;                           \
		v0 += v3; v3 = ROTATE(v3, 21); v3 ^= v0;                           \
		v2 += v1; v1 = ROTATE(v1, 17); v1 ^= v2; v2 = ROTATE(v2, 32);      \
	} while (0)
#define SIP_WORD(m)                 \
	do {                        \
		u64 word = (m);     \
		v3 ^= word;         \
		SIP_ROUND;          \
		SIP_ROUND;          \
		v0 ^= word;         \
	} while (0)
#define SIP_BEGIN(key)                                \
	u64 v0 = 0x736f6d6570736575ull ^ (key)[0];    \
	u64 v1 = 0x646f72616e646f6dull ^ (key)[1];    \
	u64 v2 = 0x6c7967656e657261ull ^ (key)[0];    \
	u64 v3 = 0x7465646279746573ull ^ (key)[1]
#define SIP_END                  \
	do {                     \
		v2 ^= 0xff;      \
		SIP_ROUND;       \
		SIP_ROUND;       \
		SIP_ROUND;       \
		SIP_ROUND;       \
	} while (0)

/* Of source, destination and both ports, twelve bytes as they stand in the packet. */
INLINE u32 siphash4(const u64 *key, u64 addresses, u32 ports)
{
	SIP_BEGIN(key);
	SIP_WORD(addresses);
	SIP_WORD(12ull << 56 | ports);
	SIP_END;
	return (u32)(v0 ^ v1 ^ v2 ^ v3);
}

/* The same of 36 bytes. */
INLINE u32 siphash6(const u64 *key, const u64 *addresses, u32 ports)
{
	SIP_BEGIN(key);
	SIP_WORD(addresses[0]);
	SIP_WORD(addresses[1]);
	SIP_WORD(addresses[2]);
	SIP_WORD(addresses[3]);
	SIP_WORD(36ull << 56 | ports);
	SIP_END;
	return (u32)(v0 ^ v1 ^ v2 ^ v3);
}
