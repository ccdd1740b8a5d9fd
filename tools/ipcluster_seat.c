//  ipcluster-seat: what mpiexec starts for each rank of a world (launch/mpi.h). It hands over
//  what MPI has told it in its environment, and keeps the rank's place until who asked for it
//  hangs up. argv[1] is the cluster's directory, in which somebody listens at "m".
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static int connect_to(const char *directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/m", directory);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (length < 0 || (size_t) length >= sizeof address.sun_path || fd < 0)
        return -1;
    return connect(fd, (struct sockaddr *) &address, sizeof address) ? -1 : fd;
}

//  With the zero behind it.
static int say(int fd, const char *text)
{
    const size_t size = strlen(text) + 1;
    return send(fd, text, size, MSG_NOSIGNAL) == (ssize_t) size ? 0 : -1;
}

int main(int argc, char **argv)
{
    static const char *const prefixes[] = {"OMPI_", "PMIX_"};
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (argc != 2) {
        fputs("ipcluster-seat is started by 'ipcluster start --engines mpi'\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); // where mpiexec is killed, nobody needs its seats
    const int fd = connect_to(argv[1]);
    if (fd < 0 || say(fd, rank ? rank : "none")) {
        perror("cannot reach the cluster");
        return 1;
    }
    for (char **at = environ; *at; at++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            if (!strncmp(*at, prefixes[i], strlen(prefixes[i])) && say(fd, *at))
                return 1;
    shutdown(fd, SHUT_WR);
    char byte;
    return read(fd, &byte, 1) == 0 ? 0 : 1;
}
