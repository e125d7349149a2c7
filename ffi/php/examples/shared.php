<?php

declare(strict_types=1);

namespace Demo;

use Tenantseal\Keyring;

const NOW = 1750000000;
const OFFICIAL = ['QDG6eK', 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C', 'wx5823bf96d3bd56c7'];
const CLIENTS = [
    't-1001' => ['zTokenOfAcme', 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG', 'ww1000000000000001'],
    't-2002' => ['aTokenOfOther', 'GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba', 'ww2000000000000002'],
];

/** The keyring of the demo, from its key and records in base64. */
function keys(string $kek, string $records): Keyring
{
    $keys = Keyring::fromKek((string) base64_decode($kek), (string) base64_decode($records));
    $keys->installPolicy((string) file_get_contents(__DIR__ . '/../../../examples/contacts.policy.json'));

    return $keys;
}
