#!/bin/sh
# Runs the tests of the C++ core under AddressSanitizer and UndefinedBehaviorSanitizer; stops at the first finding.
#     scripts/sanitize.sh [pytest options]        PYTHON=… and CXX=… choose others; needs gcc, pybind11 and [test]
# Builds in a temporary copy. Tests that fork or spawn are left out: children are not what this looks at.
set -eu

cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
cxx=${CXX:-g++}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r cws tests setup.cfg "$copy"
cd "$copy"
rm -f cws/_native*.so

suffix=$("$python" -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
flags="-std=c++17 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -fPIC
    -fvisibility=hidden -Wall -Wextra -Wno-psabi $("$python" -m pybind11 --includes)"
find cws/native -name '*.cpp' | xargs -P "$(nproc)" -I FILE "$cxx" $flags -Icws/native -c FILE -o FILE.o
"$cxx" -shared -fsanitize=address,undefined $(find cws/native -name '*.o') -o "cws/_native$suffix"

# Python itself leaks on purpose, and its allocator would hide what happens after the ends of strings.
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export PYTHONMALLOC=malloc PYTHONDONTWRITEBYTECODE=1
preload="$("$cxx" -print-file-name=libasan.so) $("$cxx" -print-file-name=libubsan.so) $("$cxx" -print-file-name=libstdc++.so)"
LD_PRELOAD="$preload" "$python" -m pytest -q -p no:cacheprovider --capture=sys tests/labelers tests/test_segmenter.py \
    tests/decode tests/compat tests/lexicon tests/user_dictionary tests/units \
    -k "not child_processes and not fork and not racing_threads and not other_processes and not nothing_is_printed and not torch and not tensor and not its_memory" "$@"
