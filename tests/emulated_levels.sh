#!/bin/sh
# Runs the kernels' unit tests on processors that this machine does not have, by user-mode emulation:
# 64-bit ARM (cross-compiled), and x86 processors without AVX-512, without AVX, and without SSE4.
#
#   tests/emulated_levels.sh BUILD_DIRECTORY [KERNELS_TEST]
#
# KERNELS_TEST is one built for this machine, Release; where it is not there, one is built. LANNER_JOBS (2) runs go at once.
#
# Wants cmake, doctest, qemu-user, and for ARM a cross compiler (Debian: doctest-dev qemu-user g++-aarch64-linux-gnu).
# What is missing is said and skipped; a test that fails makes the script fail.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 BUILD_DIRECTORY [KERNELS_TEST]" >&2
    exit 2
fi
source_directory=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd)
built=${2:-}
jobs=${LANNER_JOBS:-2}

has() { command -v "$1" >/dev/null 2>&1; }
skip() { echo "SKIPPED: $1: $2"; }

doctest=
for directory in ${LANNER_DOCTEST_INCLUDE_DIR:-} /usr/include /usr/local/include /opt/homebrew/include; do
    if [ -z "$doctest" ] && [ -f "$directory/doctest/doctest.h" ]; then doctest=$directory; fi
done
if [ -z "$doctest" ]; then
    skip "all emulated levels" "doctest/doctest.h is not installed"
    exit 0
fi
if ! has cmake; then
    skip "all emulated levels" "cmake is not installed"
    exit 0
fi
# A folder of its own: the system's would bring headers of the wrong processor into a cross build.
mkdir -p "$build/include"
cp -R "$doctest/doctest" "$build/include/"

# build_tests DIRECTORY [CMAKE OPTION...]: builds kernels_test and sets `program`.
build_tests() {
    directory=$1
    shift
    cmake -S "$source_directory" -B "$directory" -DCMAKE_BUILD_TYPE=Release -DLANNER_BUILD_TESTS=ON \
        -DLANNER_DOCTEST_INCLUDE_DIR="$build/include" "$@" >"$directory.log" 2>&1 &&
        cmake --build "$directory" --target kernels_test -j "$jobs" >>"$directory.log" 2>&1 ||
        { cat "$directory.log" >&2; echo "FAILED: the build in $directory" >&2; exit 1; }
    program=$(find "$directory" -type f -name kernels_test | head -n 1)
}

# The runs that go on, oldest first: NUMBER:PROCESS, each with its output in a file of its own.
started=0
running=
failed=0

# finish_one: waits for the oldest run and shows what it said.
finish_one() {
    oldest=${running%% *}
    running=${running#"$oldest"}
    running=${running# }
    wait "${oldest#*:}" || failed=1
    cat "$build/run.${oldest%%:*}.log"
}

# emulate NAME LEVELS EMULATOR...: starts kernels_test, which must find just these levels.
emulate() {
    name=$1
    levels=$2
    shift 2
    # shellcheck disable=SC2086
    if [ "$(set -- $running && echo $#)" -ge "$jobs" ]; then finish_one; fi
    started=$((started + 1))
    (
        echo "$name: expecting $levels"
        env -u LANNER_ISA LANNER_EXPECT_LEVELS="$levels" "$@" "$program" || { echo "FAILED: $name"; exit 1; }
    ) >"$build/run.$started.log" 2>&1 &
    running="${running:+$running }$started:$!"
}

if ! has qemu-aarch64; then
    skip "64-bit ARM" "qemu-aarch64 is not installed"
elif ! has aarch64-linux-gnu-g++; then
    skip "64-bit ARM" "aarch64-linux-gnu-g++ is not installed"
else
    build_tests "$build/aarch64" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++
    emulate "64-bit ARM" "neon scalar" qemu-aarch64 -L /usr/aarch64-linux-gnu
fi

if [ "$(uname -m)" != x86_64 ]; then
    skip "older x86 processors" "this machine is $(uname -m)"
elif ! has qemu-x86_64; then
    skip "older x86 processors" "qemu-x86_64 is not installed"
else
    if [ -x "$built" ]; then program=$built; else build_tests "$build/x86_64"; fi
    emulate "x86 without SSE4 (Conroe)" "scalar" qemu-x86_64 -cpu Conroe
    emulate "x86 without AVX (Nehalem)" "sse4 scalar" qemu-x86_64 -cpu Nehalem
    # Emulators before 7.2 know no AVX; they say so of this processor, and nothing of it would be tested.
    if qemu-x86_64 -cpu Haswell "$program" --list-test-cases 2>&1 | grep -q "doesn't support requested feature.*\.avx2"; then
        skip "x86 without AVX-512 (Haswell)" "this qemu-x86_64 does not emulate AVX2"
    else
        # QEMU 7.2 reads all of a masked load, also what the mask leaves out: no guard pages here.
        emulate "x86 without AVX-512 (Haswell)" "avx2 sse4 scalar" env LANNER_NO_GUARD_PAGES=1 qemu-x86_64 -cpu Haswell
    fi
fi

while [ -n "$running" ]; do finish_one; done
exit $failed
