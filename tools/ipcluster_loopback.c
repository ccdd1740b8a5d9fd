//  ipcluster-loopback.so: is loaded into the mpiexec that 'ipcluster start --engines mpi' starts, with LD_PRELOAD. Open
//  MPI 4 listens for the daemons of other hosts on all interfaces, and no parameter of its own says otherwise; here the
//  world is on one host, and what would listen on all listens on the loopback interface alone. What mpiexec starts is
//  left alone: it has for LD_PRELOAD what IPC_MPI_LD_PRELOAD says, which may be missing.
#undef _GNU_SOURCE // with which bind() takes another type of address
#define _DEFAULT_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

//  In place: a shell has functions of its own for its environment, which do nothing yet.
__attribute__((constructor)) static void leave_children_alone(void)
{
    static const char own[] = "LD_PRELOAD=", before[] = "IPC_MPI_LD_PRELOAD=";
    char **to = environ;
    for (char **from = environ; *from; from++)
        if (!strncmp(*from, before, strlen(before)))
            *to++ = *from + strlen(before) - strlen(own);
        else if (strncmp(*from, own, strlen(own)))
            *to++ = *from;
    *to = NULL;
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
