#!/bin/bash
#  ipcluster start --gpus, with a stand-in for the CUDA driver and without one.
#
#      gpus.sh FOLDER DRIVER    the build folder; the folder of the stand-ins
set -uo pipefail
build=$1 driver=$2
ipcluster=$build/tools/ipcluster ipx=$build/tools/ipx
folder=$(mktemp -d /tmp/ipc-test.XXXXXX)
export XDG_RUNTIME_DIR=$folder/run XDG_CACHE_HOME=$folder/cache IPC_CLUSTER_ID=gpus
unset IPC_PROFILE IPC_CONNECTION_FILE IPC_SHM CUDA_VISIBLE_DEVICES IPC_ENGINE_HAS
trap '"$ipcluster" stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
mkdir -m 700 "$XDG_RUNTIME_DIR"
libraries=${LD_LIBRARY_PATH:-}
wrong=0

with_driver()
{
    LD_LIBRARY_PATH=$driver${libraries:+:$libraries} "$@"
}

#  A host without a driver: a file that is no library, so that none is found behind it either.
without_driver()
{
    mkdir -p "$folder/none"
    : >"$folder/none/libcuda.so.1"
    LD_LIBRARY_PATH=$folder/none${libraries:+:$libraries} "$@"
}

#  expect TEXT WHAT PROGRAM OPTION…: it succeeds and its output holds the text.
expect()
{
    local text=$1 what=$2 output
    shift 2
    if ! output=$("$@" 2>&1 </dev/null) || [[ $output != *"$text"* ]]; then
        wrong=$((wrong + 1))
        echo "WRONG: $what: no '$text' in:"
        echo "$output" | sed 's/^/    /'
    fi
}

cores_of()
{
    local pid
    pid=$("$ipcluster" status | sed -n "s/^engine $1: pid \([0-9]*\),.*/\1/p")
    sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$pid/status"
}

expect 'warning: the engines start without GPUs: the CUDA driver cannot be loaded (' 'no driver' \
    without_driver "$ipcluster" start -n 1 --gpus auto --daemonize
"$ipcluster" stop >/dev/null

expect 'no device: CUDA_ERROR_NO_DEVICE (' 'no device' \
    env CUDA_STAND_IN_DEVICES=0 LD_LIBRARY_PATH="$driver${libraries:+:$libraries}" "$ipcluster" start -n 1 --gpus auto --daemonize
"$ipcluster" stop >/dev/null

export CUDA_STAND_IN_DEVICES=3
expect '1 engine ready' 'GPUs hidden' with_driver "$ipcluster" start -n 1 --gpus none --daemonize
expect 'Out[0:1]: ""' 'GPUs hidden from the engine' "$ipx" 'getenv("CUDA_VISIBLE_DEVICES")'
"$ipcluster" stop >/dev/null

#  One core is near device 2, another one near device 1, where there are several.
allowed=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
first=${allowed%%[-,]*} last=${allowed##*[-,]}
for device in "0b $first" "0c $last"; do
    mkdir -p "$folder/sys/bus/pci/devices/0000:${device% *}:00.0"
    echo "${device#* }" >"$folder/sys/bus/pci/devices/0000:${device% *}:00.0/local_cpulist"
done
export IPC_SYSFS=$folder/sys
expect '2 engines ready' 'an engine for each of two devices' with_driver "$ipcluster" start --gpus 2,1 --daemonize
expect 'engine 2 is ready' 'one more' with_driver "$ipcluster" engines -n 1
expect 'GPU 2: stand-in 2' 'the next device again' bash -c "'$ipcluster' status | grep '^engine 2:'"
expect "Out[1:1]: \"1\"" 'the second device' "$ipx" -t 1 'getenv("CUDA_VISIBLE_DEVICES")'
expect "$last" 'cores near the first device' cores_of 0
expect "$first" 'cores near the second device' cores_of 1
"$ipcluster" stop >/dev/null
[ "$wrong" -eq 0 ]
