#!/bin/bash
#  Programs used wrongly on purpose: each says so in one sentence on stderr that names the thing, and exits with
#  1 or 2 within five seconds. All cases are tried; the end lists those that went wrong.
#
#      misuse.sh FOLDER    the build folder
set -uo pipefail
build=$1
ipcluster=$build/tools/ipcluster ipheat=$build/tools/ipheat ipx=$build/tools/ipx hello=$build/examples/example-hello
ipcd=$build/controller/ipcd ipengine=$build/engine/ipengine worker=$build/engine/ipengine-worker
folder=$(mktemp -d /tmp/ipc-test.XXXXXX)
export XDG_RUNTIME_DIR=$folder/run IPC_CLUSTER_ID=misuse
unset IPC_PROFILE IPC_CONNECTION_FILE IPC_SHM
trap '"$ipcluster" stop >/dev/null 2>&1; rm -rf "$folder" "/dev/shm/ipc-$(id -u)-${folder##*/}"' EXIT
trap 'exit 1' INT TERM
mkdir -m 700 "$XDG_RUNTIME_DIR"
cd "$folder" || exit 1
wrong=0

#  expect STATUS TEXT PROGRAM OPTION…: the program's one sentence holds the text.
expect()
{
    local wanted=$1 text=$2 status=0 reason=
    shift 2
    timeout 5 "$@" >stdout 2>stderr </dev/null || status=$?
    if [ "$status" -eq 124 ]; then
        reason='was not through after 5 s'
    elif [ "$status" -ne "$wanted" ]; then
        reason="exited with $status, not $wanted"
    elif [ "$(wc -l <stderr)" -ne 1 ]; then
        reason="wrote $(wc -l <stderr) lines to stderr, not one sentence"
    elif ! grep -qF -e "$text" stderr; then
        reason="did not say '$text'"
    elif [ -s stdout ]; then
        reason='wrote to stdout, too'
    fi
    if [ -n "$reason" ]; then
        wrong=$((wrong + 1))
        echo "WRONG: ${*/#"$build"\//} $reason:"
        sed 's/^/    /' stdout stderr | head -8
    fi
}

#  --- Command lines --------------------------------------------------------------------------------------------

expect 2 'no command' "$ipcluster"
expect 2 '--foo' "$ipcluster" --foo
expect 2 '"foo"' "$ipcluster" foo
expect 2 '--foo' "$ipcluster" start --foo
expect 2 '-n needs' "$ipcluster" start -n
for count in 0 -1 x 1.5 1025 99999999999999999999 ''; do
    expect 2 "\"$count\"" "$ipcluster" start -n "$count"
done
expect 2 '--gpus needs' "$ipcluster" start --gpus
for devices in 0 x 0,,1 1,1 99; do
    expect 2 'ipcluster --help' "$ipcluster" start --gpus "$devices"
done
CUDA_VISIBLE_DEVICES='' expect 1 '--gpus 2: CUDA_VISIBLE_DEVICES is empty' "$ipcluster" start -n 1 --gpus 2
expect 2 '--gpu-number' "$ipengine" --id 0 --gpu 0 --gpu-number 64
expect 2 '--gpus' "$ipcluster" engines -n 1 --gpus auto
expect 2 '--profile needs' "$ipcluster" start -n 1 --profile
expect 2 '--cluster-id needs' "$ipcluster" stop --cluster-id
expect 2 '../x' "$ipcluster" start -n 1 --cluster-id ../x
expect 2 'a/b' "$ipcluster" start -n 1 --profile a/b
expect 2 'extra' "$ipcluster" list extra
expect 2 'extra' "$ipcluster" stop extra
expect 2 '"foo"' "$ipcluster" tasks --state foo
expect 2 '"x"' "$ipcluster" tasks --engine x
expect 2 '"1,"' "$ipcluster" tasks --engine 1,
expect 2 '"done,foo"' "$ipcluster" tasks --state done,foo
expect 2 '"0"' "$ipcluster" tasks --id 0
expect 2 '"5,-3"' "$ipcluster" tasks --id 5,-3
expect 2 'at most 64' "$ipcluster" tasks --id "$(seq -s, 65)"
expect 2 '"me"' "$ipcluster" tasks --client me
expect 2 '"yesterday"' "$ipcluster" tasks --submitted-from yesterday
expect 2 '"@"' "$ipcluster" tasks --submitted-before @
expect 2 '--sql needs' "$ipcluster" tasks --sql
expect 2 'takes no --sql' "$ipcluster" list --sql 'SELECT 1'
expect 1 'no cluster is running' "$ipcluster" tasks --sql 'SELECT 1'
expect 2 '"10y"' "$ipcluster" tasks --since 10y
expect 2 '"0"' "$ipcluster" tasks --limit 0
expect 2 '--state needs' "$ipcluster" tasks --state
expect 2 'takes the id' "$ipcluster" explain
expect 2 '"-1"' "$ipcluster" explain -- -1
expect 2 'either -n N or --remove ID' "$ipcluster" engines
expect 2 '"x"' "$ipcluster" engines --remove x
expect 2 '"-3"' "$ipcluster" restart -- -3
expect 2 'needs a signal' "$ipcluster" signal
expect 2 '"FOO"' "$ipcluster" signal FOO
expect 1 'no cluster is running' "$ipcluster" engines -n 2
expect 1 'no cluster is running' "$ipcluster" restart
expect 1 'no cluster is running' "$ipcluster" signal INT
expect 2 '"snyc"' "$ipcluster" start -n 1 --journal=snyc
expect 2 '"0"' "$ipcluster" start -n 1 --journal=size=0
expect 2 'at least' "$ipcluster" start -n 1 --journal=sync,size=1K
expect 2 '"5m"' "$ipcluster" start -n 1 --journal=age=5m
expect 2 'takes no --journals' "$ipcluster" start -n 1 --journals
expect 2 'takes no --journal' "$ipcluster" stop --journal
HOME= XDG_STATE_HOME= expect 1 'XDG_STATE_HOME' "$ipcluster" start -n 1 --journal
expect 2 '--owner takes' "$ipcluster" start -n 1 --owner x
expect 1 'cannot watch process' "$ipcluster" start -n 1 --owner 2147483647

expect 2 '--foo' "$ipheat" --foo
expect 2 '--n needs' "$ipheat" --n
expect 2 "'-3'" "$ipheat" --n -3
expect 2 'euler' "$ipheat" --method euler

expect 2 '--foo' "$ipx" --foo
expect 2 '-t needs' "$ipx" -t
expect 2 "'color'" "$ipx" --group-outputs color '1'
expect 2 "'NOSIGNAL'" "$ipx" --signal-on-interrupt NOSIGNAL '1'
expect 2 "'2'" "$ipx" '1' '2'
expect 2 'a/b' "$ipx" --profile a/b '1'

expect 2 '--directory' "$ipcd"
expect 2 '--foo' "$ipcd" --foo
expect 2 '--directory' "$ipcd" --directory
expect 2 'extra' "$ipcd" --directory "$folder" extra
expect 2 "'x'" "$ipcd" --directory "$folder" --ready-fd x
expect 2 "'x'" "$ipcd" --directory "$folder" --supervisor x
expect 2 "'lur'" "$ipcd" --directory "$folder" --scheme lur
expect 2 '"snyc"' "$ipcd" --directory "$folder" --journal "$folder/journal.db" --journal-terms snyc
expect 2 "'1000001'" "$ipcd" --directory "$folder" --hwm 1000001
expect 1 '/nowhere/client.json' "$ipcd" --directory /nowhere

expect 2 '--id' "$ipengine"
expect 2 '--foo' "$ipengine" --foo
expect 2 '--id' "$ipengine" --id
expect 2 "'x'" "$ipengine" --id x --directory "$folder"
expect 2 "'-1'" "$ipengine" --id -1 --directory "$folder"
expect 2 'extra' "$ipengine" --id 0 extra
expect 1 "$folder/engine.json" "$ipengine" --id 0 --directory "$folder"

expect 2 '--directory' "$worker"
expect 2 '--foo' "$worker" --foo
expect 2 '--id' "$worker" --directory "$folder"
expect 2 "'x'" "$worker" --directory "$folder" --id x
expect 1 '/nowhere/engine.json' "$worker" --directory /nowhere --id 0

#  --- No cluster -------------------------------------------------------------------------------------------------

for program in "$hello" "$ipheat" "$ipx 1" "$ipx" "$ipcluster stop" "$ipcluster status" "$ipcluster tasks" "$ipcluster explain 7"; do
    expect 1 "no cluster is running" $program
    IPC_PROFILE=nobody expect 1 'nobody' $program
done
IPC_PROFILE=a/b expect 1 'a/b' "$hello"
IPC_CLUSTER_ID=.. expect 1 '..' "$hello"
XDG_RUNTIME_DIR=$folder/missing expect 1 'no cluster is running' "$hello"
mkdir -m 755 -p "$folder/open/ipc"
XDG_RUNTIME_DIR=$folder/open expect 1 "$folder/open/ipc" "$hello"

#  --- Connection files ---------------------------------------------------------------------------------------------

#  The client programs, with IPC_CONNECTION_FILE.
refuses()
{
    local file=$1 text=$2
    IPC_CONNECTION_FILE=$file expect 1 "$text" "$hello"
    IPC_CONNECTION_FILE=$file expect 1 "$text" "$ipheat" --n 16
    IPC_CONNECTION_FILE=$file expect 1 "$text" "$ipx" 1
}

#  file NAME: makes a private file of what comes in.
file()
{
    (umask 077; cat >"$1")
}

"$ipcluster" start -n 1 --daemonize >start.out 2>&1 || { cat start.out; exit 1; }
live=$(echo "$XDG_RUNTIME_DIR"/ipc/*/client.json)
expect 1 'misuse' "$ipcluster" start -n 1 # it runs already
expect 1 'no task of this id' "$ipcluster" explain 7
cp "$live" good.json
chmod 600 good.json
IPC_CONNECTION_FILE=$folder/good.json "$hello" >stdout 2>stderr || { echo 'WRONG: a good file is refused'; wrong=1; }

refuses "$folder/none.json" "no cluster is running there: there is no file $folder/none.json"
refuses "$folder" "$folder"
refuses /dev/null /dev/null
mkfifo -m 600 pipe.json
refuses "$folder/pipe.json" 'pipe.json'
for mode in 644 640 606 660 666; do
    cp good.json open.json
    chmod $mode open.json
    refuses "$folder/open.json" 'open.json'
done
if [ "$(id -u)" -eq 0 ]; then
    cp good.json foreign.json
    chmod 600 foreign.json
    chown 65534 foreign.json
    refuses "$folder/foreign.json" 'foreign.json'
else
    cp good.json unreadable.json
    chmod 000 unreadable.json
    refuses "$folder/unreadable.json" 'unreadable.json'
fi
size=$(stat -c %s good.json)
for part in 0 1 20 $((size / 2)) $((size - 3)); do
    head -c $part good.json | file cut.json
    refuses "$folder/cut.json" 'cut.json'
done
echo '[]' | file list.json
refuses "$folder/list.json" 'list.json'
head -c 100000 /dev/zero | file zeros.json
refuses "$folder/zeros.json" 'zeros.json'
for field in endpoint token directory shm supervisor; do
    sed "s/\"$field\"/\"else\"/" good.json | file lacks.json
    refuses "$folder/lacks.json" "$field"
done
sed 's/"version": 1/"version": 7/' good.json | file version.json
refuses "$folder/version.json" 'version 7'
sed 's/"endpoint": "[^"]*"/"endpoint": "nonsense"/' good.json | file nonsense.json
refuses "$folder/nonsense.json" 'nonsense'
mkdir -m 700 nonsense
cp -p nonsense.json nonsense/client.json
cp -p nonsense.json nonsense/engine.json
expect 1 'nonsense' "$ipcd" --directory "$folder/nonsense"
sed 's/"token": "..../"token": "zzzz/' good.json | file token.json
refuses "$folder/token.json" 'connection file'

#  --- Output that nobody can have ------------------------------------------------------------------------------

full=(sh -c 'exec "$@" >/dev/full' sh)
expect 1 'cannot write to standard output' "${full[@]}" "$ipcluster" status
expect 1 'ipx: cannot write to standard output' "${full[@]}" "$ipx" 1
expect 1 'ipheat: cannot write to standard output' "${full[@]}" "$ipheat" --help

"$ipcluster" stop >stop.out 2>&1 || { cat stop.out; wrong=1; }
refuses "$folder/good.json" "$folder/good.json"

[ "$wrong" -eq 0 ] || echo "$wrong cases went wrong"
[ "$wrong" -eq 0 ]
