#!/bin/bash
#  A bundle (scripts/bundle) works where nothing else is: moved to another path, in a root folder that has the C library
#  and the bundle alone, a cluster starts, a program that was compiled against the bundle runs functions on it and
#  solves the heat equation, and the cluster stops. Skipped where no such root can be had.
#
#      bundle.sh SOURCE FOLDER    the source, the build folder
set -euo pipefail
source=$1 build=$2
[ -n "${IPC_LONG_TESTS-}" ] || { echo 'it takes long: IPC_LONG_TESTS=1 runs it'; exit 77; }
command -v patchelf >/dev/null || { echo 'there is no patchelf'; exit 77; }
if unshare -m true 2>/dev/null; then
    apart='unshare -m'
elif unshare -rm true 2>/dev/null; then
    apart='unshare -rm'
else
    echo 'no namespace for mounts can be had'
    exit 77
fi
folder=$(mktemp -d /tmp/ipc-test.XXXXXX)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
host=$folder/host

"$source/scripts/bundle" --build "$build" --no-cuda "$folder/made-here/bundle"
mkdir -p "$host"/{opt,home,proc,dev,tmp} && mkdir -m 700 "$host/run"
mv "$folder/made-here/bundle" "$host/opt/moved"
rmdir "$folder/made-here"

#  The C library: what a program of its own needs, and what is loaded of it later.
interpreter=$(readelf -l "$host/opt/moved/bin/ipcluster" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
c_library=$(ldd "$host/opt/moved/bin/ipcluster" | awk '/libc.so.6 =>/ { print $3 }')
mkdir -p "$host${interpreter%/*}" "$host${c_library%/*}"
cp -L "$interpreter" "$host$interpreter"
for part in c m dl rt pthread resolv; do cp -L "${c_library%/*}/lib$part.so."[0-9] "$host${c_library%/*}/"; done

flags=$(PKG_CONFIG_PATH=$(dirname "$(find "$host/opt/moved" -name ipclient.pc)") pkg-config --cflags --libs ipclient)
#  shellcheck disable=SC2086
cc -std=c11 "$source/tests/tools/bundle_program.c" $flags -o "$host/home/program"
#  It finds libipclient by the bundle's path, which is another one within the root.
patchelf --set-rpath "$(patchelf --print-rpath "$host/home/program" | sed "s|$host||")" "$host/home/program"

cat >"$folder/run" <<'END'
set -euo pipefail
host=$1 chroot=$(command -v chroot)
mount --rbind /proc "$host/proc"
mount --rbind /dev "$host/dev"
inside()
{
    env -i HOME=/home XDG_RUNTIME_DIR=/run IPC_CLUSTER_ID=bundle PATH=/opt/moved/bin "$chroot" "$host" "$@"
}
trap 'inside ipcluster stop --all || true' EXIT
inside ipcluster start -n 2 --daemonize
inside /home/program
inside ipheat --n 64 --steps 10 --method fd >/dev/null
inside ipcluster start -n 1 --cluster-id other --gpus auto --daemonize
inside ipcluster stop --cluster-id other
trap - EXIT
inside ipcluster stop
END
output=$($apart bash "$folder/run" "$host" 2>&1) || { echo "$output"; exit 1; }
echo "$output"
[[ $output == *'2 engines ready'*'[3, 3]'*'heat: 64 x 64'*'start without GPUs'*'stopped the cluster'* ]]
