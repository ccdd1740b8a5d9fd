#!/bin/bash
#  ipheat from outside: what wrong usage says, and a run on a cluster of its own.
#
#      ipheat.sh FOLDER CAIRO HEAT    the folder of ipheat and ipcluster; whether there is cairo, a heat module
set -euo pipefail
ipheat=$1/ipheat ipcluster=$1/ipcluster cairo=$2 heat=$3
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
expect 0 'ipheat ' --version
expect 2 "'--foo' is no option" --foo
expect 2 "'foo' is no option" foo
expect 2 '--n needs a value' --n
expect 2 "--n takes a number over 0, not '0'" --n 0
expect 2 "not '1.5'" --n 1.5
expect 2 "--t takes a number, not 'nan'" --t nan
expect 2 "--dt takes a number, not '0.1x'" --dt 0.1x
expect 2 'give one of them' --t 1 --steps 2
expect 2 'fd|fft|both|cn|all' --method euler
expect 2 'fixed|periodic|insulated' --boundary open
expect 2 'continuous|discrete' --laplacian five
expect 2 'float64|float32' --dtype int
expect 2 'auto|cpu|cuda' --device gpu
expect 2 '1 to 4096' --threads 0
expect 2 "not of 'beta'" --sweep beta=1:2:3
expect 2 'such as alpha=0.1:2:20' --sweep alpha=1:2
expect 2 'value 2 of' --sweep n=10:20:4
expect 2 '1 to 256 values' --sweep t=0:1:257
expect 2 'so --t cannot too' --sweep t=0:1:2 --t 3
expect 1 'no cluster' --n 16
if $cairo; then
    expect 2 'end it in .png' --out heat.gif
    expect 1 'cannot be written' --out nowhere/heat.png
else
    expect 1 'without cairo' --out heat.png
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
import re, signal, subprocess, sys, time

def caught(pid):
    mask = int(re.search(r"SigCgt:\s*(\w+)", open(f"/proc/{pid}/status").read())[1], 16)
    return mask >> (signal.SIGINT - 1) & 1

ipheat = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
end = time.monotonic() + 20
while not caught(ipheat.pid) and ipheat.poll() is None and time.monotonic() < end:
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
