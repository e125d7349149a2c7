# Sourced by the scripts of the languages that call C: builds the library, installs it under target/c-release and says where it
# is. `need WHAT COMMAND...` ends the script if a command is missing: as a failure with CI=true, else with a line of its own.

need() {
    local what=$1
    shift
    for tool in "$@"; do
        if ! command -v "$tool" >/dev/null; then
            echo "SKIPPED $what: $tool is missing"
            [ "${CI:-}" != true ] || exit 1
            exit 0
        fi
    done
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
need "the languages that call C" cc readelf
cargo build --quiet --release -p tenantseal-ffi
scripts/install_c.sh target/release "$PWD/target/c-release"
export TENANTSEAL_LIBRARY=$PWD/target/c-release/lib/libtenantseal.so
