#!/usr/bin/env bash
# Usage: php.sh test|demo|bench. Runs what is asked for with the command line's PHP; the tests also under php-fpm, preloaded.
set -euo pipefail
source "$(dirname "$0")/library.sh"
need "the PHP $1" php

case $1 in
test)
    need "the PHP test" phpunit
    for source in ffi/php/*.php ffi/php/*/*.php; do
        php -l "$source" >/dev/null
    done
    phpunit --do-not-cache-result --bootstrap ffi/php/src/autoload.php ffi/php/tests
    fpm=$(compgen -c php-fpm | sort | head -n 1 || true)
    need "PHP under php-fpm" "${fpm:-php-fpm}" cgi-fcgi
    folder=$(mktemp -d)
    trap '[ ! -f "$folder/pid" ] || kill "$(cat "$folder/pid")"; rm -rf "$folder"' EXIT
    user=$(id -un)
    cat >"$folder/fpm.conf" <<CONF
[global]
pid = $folder/pid
error_log = $folder/log
[www]
listen = $folder/socket
user = $user
pm = static
pm.max_children = 2
clear_env = no
CONF
    php ffi/php/header.php >"$folder/tenantseal.h"
    "$fpm" -R -y "$folder/fpm.conf" -d opcache.enable=1 -d "opcache.preload=$PWD/ffi/php/preload.php" \
        -d "opcache.preload_user=$user" -d "ffi.preload=$folder/tenantseal.h"
    SCRIPT_FILENAME=$PWD/ffi/php/tests/page.php REQUEST_METHOD=GET cgi-fcgi -bind -connect "$folder/socket" >"$folder/answer"
    grep -qx "138\*\*\*\*8000, and a page may not use FFI" "$folder/answer" || { cat "$folder/answer" "$folder/log" >&2; exit 1; }
    echo "php-fpm: preloaded"
    ;;
demo) php ffi/php/examples/demo.php ;;
bench) php ffi/php/benches/crossing.php ;;
*)
    echo "usage: php.sh test|demo|bench" >&2
    exit 2
    ;;
esac
