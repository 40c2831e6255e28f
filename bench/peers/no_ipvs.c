/* Lets keepalived run where the kernel has no IPVS: whoever asks for it is told that it is there, and what is ordered goes nowhere.
 * A checker orders something only when a real server comes or goes, so its checks cost what they cost elsewhere.
 * Built and preloaded by `cargo xtask bench checks`. The numbers are those of include/uapi/linux/ip_vs.h. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IP_VS_BASE (64 + 1024 + 64)
#define IP_VS_GET_INFO (IP_VS_BASE + 1)
#define VERSION_1_2_1 0x010201

static int is_ipvs(int level, int option)
{
	return level == 0 && option >= IP_VS_BASE && option < IP_VS_BASE + 32;
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	unsigned info[3] = { VERSION_1_2_1, 4096, 0 };

	if (!is_ipvs(level, option))
		return syscall(SYS_getsockopt, fd, level, option, value, length);
	memset(value, 0, *length);
	if (option == IP_VS_GET_INFO)
		memcpy(value, info, *length < sizeof info ? *length : sizeof info);
	return 0;
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	if (!is_ipvs(level, option))
		return syscall(SYS_setsockopt, fd, level, option, value, length);
	return 0;
}
