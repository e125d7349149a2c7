#!/usr/bin/env bash
# Usage: java.sh test|demo|bench. Compiles the Java classes for Java 8 with Maven, and runs what is asked for.
set -euo pipefail
source "$(dirname "$0")/library.sh"
need "the Java $1" javac mvn

if ! scripts/java_library.py --check; then
    echo "run make header-c" >&2
    exit 1
fi
cd ffi/java
run() {
    mvn -q -B compile dependency:build-classpath -Dmdep.outputFile=target/classpath -DincludeScope=runtime
    java -cp "target/classes:$(cat target/classpath)" "$@"
}
case $1 in
test)
    mkdir -p target
    mvn -B test >target/test.log || { cat target/test.log >&2; exit 1; }
    grep "Tests run:" target/test.log
    run -ea examples/Column.java ../../examples/contacts.policy.json
    # The page shows what was run.
    diff <(sed -n '/^\/\/ examples/,/^```/p' README.md | sed '1d;$d') \
        <(sed -n '/\/\/ README$/,/\/\/ end$/p' examples/Column.java | sed '1d;$d; s/^        //')
    ;;
demo) run examples/Demo.java ../../examples/contacts.policy.json ;;
bench) run benches/Crossing.java ../../examples/contacts.policy.json ;;
*)
    echo "usage: java.sh test|demo|bench" >&2
    exit 2
    ;;
esac
