#!/usr/bin/env bash
# Usage: install_c.sh BUILT PREFIX. Installs the C library that cargo has built in the folder BUILT (target/release)
# under PREFIX: shared and static library, headers, and a pkg-config file that finds its tree by itself.
set -euo pipefail

built=$1
prefix=$2
here=$(cd "$(dirname "$0")/.." && pwd)
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$here/Cargo.toml")
soname=$(readelf -d "$built/libtenantseal_ffi.so" | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')

mkdir -p "$prefix/lib/pkgconfig" "$prefix/include"
# Cargo's name has the crate's in it; the installed name is what users link with.
install -m 755 "$built/libtenantseal_ffi.so" "$prefix/lib/libtenantseal.so.$version"
ln -sf "libtenantseal.so.$version" "$prefix/lib/$soname"
ln -sf "$soname" "$prefix/lib/libtenantseal.so"
install -m 644 "$built/libtenantseal_ffi.a" "$prefix/lib/libtenantseal.a"
install -m 644 "$here/ffi/include/tenantseal.h" "$here/ffi/include/tenantseal_ffi.h" "$prefix/include/"
sed "s/@VERSION@/$version/" "$here/ffi/tenantseal.pc.in" >"$prefix/lib/pkgconfig/tenantseal.pc"
