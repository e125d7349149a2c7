<?php

declare(strict_types=1);

// For php-fpm: `opcache.preload` is this file, and `ffi.preload` the header that `php header.php` prints. FFI is then allowed to
// this package's files, and to no page script.
require_once __DIR__ . '/src/autoload.php';
foreach (glob(__DIR__ . '/src/[A-Z]*.php') as $source) {
    $name = basename($source, '.php');
    class_exists($name === 'WXBizMsgCrypt' ? $name : "Tenantseal\\$name");
}
