//  ipcluster-loopback.so: is loaded into the mpiexec that 'ipcluster start --engines mpi' starts, with LD_PRELOAD. Open
//  MPI 4 listens for the daemons of other hosts on all interfaces, and no parameter of its own says otherwise; here the
//  world is on one host, and what would listen on all listens on the loopback interface alone. What mpiexec starts is
//  left alone: it has for LD_PRELOAD what IPC_MPI_PRELOAD says, which may be missing.
#undef _GNU_SOURCE // with which bind() takes another type of address
#define _DEFAULT_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_children_alone(void)
{
    const char *before = getenv("IPC_MPI_PRELOAD");
    if (before)
        setenv("LD_PRELOAD", before, 1);
    else
        unsetenv("LD_PRELOAD");
    unsetenv("IPC_MPI_PRELOAD");
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    if (address && address->sa_family == AF_INET && size >= sizeof ipv4) {
        memcpy(&ipv4, address, sizeof ipv4);
        if (ipv4.sin_addr.s_addr == htonl(INADDR_ANY))
            ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return (int) syscall(SYS_bind, fd, &ipv4, sizeof ipv4);
    }
    if (address && address->sa_family == AF_INET6 && size >= sizeof ipv6) {
        memcpy(&ipv6, address, sizeof ipv6);
        if (IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr))
            ipv6.sin6_addr = in6addr_loopback;
        if (syscall(SYS_bind, fd, &ipv6, sizeof ipv6) == 0)
            return 0;
        if (errno != EADDRNOTAVAIL) // else the host has no such loopback address
            return -1;
    }
    return (int) syscall(SYS_bind, fd, address, size);
}
