<?php

declare(strict_types=1);

// What php-fpm serves in the test of preloading: the package works, FFI itself does not.

$keys = Tenantseal\Keyring::fromKek(random_bytes(32));
$keys->installPolicy((string) file_get_contents(__DIR__ . '/../../../examples/contacts.policy.json'));
$mask = $keys->createTenant('t-1001')->field('member.mobile')->mask();
echo $mask->open($mask->seal('13800138000', 1), 1), ', and a page ';
try {
    FFI::cdef('int getpid(void);')->getpid();
    echo 'may use FFI';
} catch (FFI\Exception $restricted) {
    echo 'may not use FFI';
}
