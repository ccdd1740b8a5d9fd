#!/bin/bash
#  ipheat from outside: what wrong usage says, and a run on a cluster of its own.
#
#      ipheat.sh FOLDER CAIRO GIF HEAT    the folder of ipheat and ipcluster; whether there is cairo, giflib, a heat
#                                         module
set -euo pipefail
ipheat=$1/ipheat ipcluster=$1/ipcluster cairo=$2 gif=$3 heat=$4
folder=$(mktemp -d /tmp/ipc-test.XXXXXX)
export XDG_RUNTIME_DIR=$folder IPC_CLUSTER_ID=ipheat-$$ # another run on this host has the same /dev/shm
unset IPC_PROFILE IPC_CONNECTION_FILE
trap '"$ipcluster" stop >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"

fail()
{
    echo "FAILED: $*"
    cat stdout stderr
    exit 1
}

#  expect STATUS TEXT OPTION…: runs ipheat; an error is one line, on stderr, and holds the text.
expect()
{
    local wanted=$1 text=$2 status=0
    shift 2
    "$ipheat" "$@" >stdout 2>stderr || status=$?
    [ "$status" -eq "$wanted" ] || fail "ipheat $* gave $status, not $wanted"
    if [ "$wanted" -eq 0 ]; then
        grep -qF -e "$text" stdout || fail "ipheat $* did not print '$text'"
    else
        [ "$(wc -l <stderr)" -eq 1 ] || fail "ipheat $* did not print one sentence"
        grep -qF -e "$text" stderr || fail "ipheat $* did not say '$text'"
    fi
}

expect 0 'Usage: ipheat' --help
[ "$(wc -l <stdout)" -le 60 ] || fail '--help is longer than a screen'
expect 0 'ipheat ' --version
expect 2 "'--foo' is no option" --foo
expect 2 "'foo' is no option" foo
expect 2 '--n needs a value' --n
expect 2 "--n takes a number over 0, not '0'" --n 0
expect 2 "not '1.5'" --n 1.5
expect 2 "--t takes a number, not 'nan'" --t nan
expect 2 "--dt takes a number, not '0.1x'" --dt 0.1x
expect 2 'give one of them' --t 1 --steps 2
expect 2 'give one of them' --n 16 --shape 16x16
expect 2 'fd|fft|cn, both or all' --method euler
expect 2 'fd twice' --method fd,cn,fd
expect 2 'a value is missing' --method fd,
expect 2 'fixed|periodic|insulated' --boundary open
expect 2 'continuous|discrete' --laplacian five
expect 2 'float64|float32' --dtype int
expect 2 'auto|cpu|cuda' --device gpu
expect 2 '1 to 4096' --threads 0
for shape in 16x 0x4 16x16x16x16 x 4y4 16X16; do
    expect 2 "such as 512x1024, not '$shape'" --shape $shape
done
expect 2 'disc|square' --initial dots
expect 2 '.npy or .png' --source 3
expect 2 'No such file' --initial none.npy
expect 2 'none.npy' --alpha none.npy
echo nonsense >nonsense.npy
expect 2 'does not begin as such a file does' --initial nonsense.npy
expect 2 "not of 'beta'" --sweep beta=1:2:3
expect 2 'such as alpha=0.1:2:20' --sweep alpha=1:2
expect 2 'value 2 of' --sweep n=10:20:4
expect 2 "not 'shut'" --sweep boundary=fixed,shut
expect 2 '1 to 1024 values' --sweep t=0:1:1025
expect 2 'more than 1024 jobs' --sweep t=0:1:30 --sweep alpha=1:2:30
expect 2 'so --t cannot too' --sweep t=0:1:2 --t 3
expect 2 'two of --sweep are of t' --sweep t=0:1:2 --sweep t=3,4
expect 2 '4 times' --sweep t=1,2 --sweep n=16,32 --sweep alpha=1,2 --sweep lx=1,2 --sweep ly=1,2
expect 2 'give one of them' --sweep t=0:1:2 --steps 3
expect 2 '--frames takes' --frames 0
expect 2 'from 50 to 2000' --size 10
expect 2 'from 1 to 50' --fps 60
expect 2 'which --out FILE.gif writes' --frames 10
expect 2 'LOW:HIGH' --range 1
expect 2 'LOW:HIGH' --range 2:1
expect 2 'viridis|' --colour-map jet
expect 2 '.png, .gif or .npy' --out heat.jpg
expect 2 'of 2 jobs' --out u.npy
expect 2 '{beta}' --out 'u-{beta}.npy'
expect 2 'no --lx' --out 'u-{lx}.npy'
expect 2 'brace' --out 'u-{alpha.npy'
expect 2 'two jobs would write u-1.npy' --out 'u-{alpha}.npy'
expect 1 'cannot be written' --method fd --out nowhere/u.npy
expect 1 'no cluster' --n 16
if $cairo; then
    expect 1 'cannot be written' --out nowhere/heat.png
    expect 2 'cannot be read as PNG' --source nonsense.png
    mkdir folder.png
    expect 1 'directory' --out folder.png
    expect 2 'room for 256' --method fd --sweep t=0:1:257 --out sheet.png
else
    expect 2 'without cairo' --out heat.png
fi
if $gif; then
    expect 2 'from 2 to 1000' --frames 1 --out heat.gif
    expect 1 'cannot be written' --out nowhere/heat.gif
else
    expect 2 'without giflib' --out heat.gif
fi
$heat || exit 0

"$ipcluster" start -n 2 --daemonize >stdout 2>stderr || fail 'no cluster'
expect 0 'finite differences' --n 64 --t 10
expect 0 'spectral' --n 64 --steps 5 --dt 0.2 --alpha 0.5 --dtype float32 --device cpu --threads 1
awk '/^spectral/ { found = ($NF + 0 < 0.1 && $NF + 0 > 0) } END { exit !found }' stdout \
    || fail 'the two methods are too far apart, or the same'
expect 0 'Crank-Nicolson' --n 64 --t 10 --dt 0.01 --method all --boundary insulated --laplacian discrete
awk '/^(spectral|Crank)/ { found += ($NF + 0 < 1e-3 && $NF + 0 > 0) } END { exit found != 2 }' stdout \
    || fail 'not two methods that are close to the first one'
expect 0 '1.05' --n 32 --sweep alpha=0.1:2:3 --method fft
[ "$(grep -c spectral stdout)" -eq 3 ] || fail 'not one line for each value'
expect 1 '1/4' --n 64 --t 3 --dt 0.3 --method fd
expect 1 'no cluster' --cluster-id another --n 16

#  interrupted OPTION…: Ctrl-C while ipheat waits ends it, of the signal, and its jobs.
interrupted()
{
    python3 - "$ipheat" "$@" >stdout 2>stderr <<'END' || fail "Ctrl-C in ipheat $*"
import os, signal, subprocess, sys, time

def keeps(pid):
    """Whether it keeps Ctrl-C until it asks: it has a descriptor for that."""
    folder = f"/proc/{pid}/fd"
    try:
        return any(os.readlink(f"{folder}/{fd}") == "anon_inode:[signalfd]" for fd in os.listdir(folder))
    except FileNotFoundError:  # closed in between
        return False

ipheat = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
end = time.monotonic() + 20
while not keeps(ipheat.pid) and ipheat.poll() is None and time.monotonic() < end:
    time.sleep(0.001)
ipheat.send_signal(signal.SIGINT)
sys.exit(ipheat.wait(20) != -signal.SIGINT)
END
    grep -q 'its jobs are aborted' stderr || fail "ipheat $* did not say that it aborts its jobs"
}
interrupted --n 2048 --steps 1000000000 --dt 0.1 --method fd
interrupted --n 1024 --steps 1000000000 --dt 0.1 --method fd --sweep alpha=1:2:9
expect 0 'finite differences' --n 64 --t 10 # both engines are free again
if $cairo; then
    expect 0 'wrote heat.png' --n 64 --t 10 --out heat.png
    expect 0 'wrote sheet.png' --n 32 --sweep t=1:10:7 --out sheet.png
    for picture in heat.png sheet.png; do
        [ "$(head -c 4 "$picture" | tail -c 3)" = PNG ] || fail "$picture is no PNG"
    done
fi
"$ipcluster" stop >stdout 2>stderr || fail 'the cluster did not stop'
