<?php

declare(strict_types=1);

// What a call from PHP costs, beside the platform's own AES-GCM and WeCom's algorithm written in PHP. Everything runs in turn,
// several rounds, in this one process; the table has the median of each row and its ratio to its peer. `make bench-php`.

require __DIR__ . '/../src/autoload.php';

use Tenantseal\Callback;
use Tenantseal\Keyring;
use Tenantseal\Sender;

const TOKEN = 'QDG6eK';
const KEY = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C';
const CORP = 'wx5823bf96d3bd56c7';
const NOW = 1409659813;
const MANY = 10000;
const ROUNDS = 15;

/** The published algorithm: sort, SHA-1, base64, AES-CBC, cut. None of our checks but the receiveid. */
function published(string $body, string $signature, string $timestamp, string $nonce): string
{
    $xml = new DOMDocument();
    $xml->loadXML($body);
    $encrypt = $xml->getElementsByTagName('Encrypt')->item(0)->nodeValue;
    $parts = [$encrypt, TOKEN, $timestamp, $nonce];
    sort($parts, SORT_STRING);
    if (sha1(implode('', $parts)) !== $signature) {
        throw new RuntimeException('signature');
    }
    $key = base64_decode(KEY . '=');
    $flags = OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING;
    $plain = openssl_decrypt(base64_decode($encrypt), 'aes-256-cbc', $key, $flags, substr($key, 0, 16));
    $plain = substr($plain, 16, -ord(substr($plain, -1)));
    $length = unpack('N', substr($plain, 0, 4))[1];
    if (substr($plain, 4 + $length) !== CORP) {
        throw new RuntimeException('receiveid');
    }

    return substr($plain, 4, $length);
}

function gcm(string $key, string $value): string
{
    $nonce = random_bytes(12);
    $ciphertext = openssl_encrypt($value, 'aes-256-gcm', $key, OPENSSL_RAW_DATA, $nonce, $tag, '42');

    return $nonce . $ciphertext . $tag;
}

function ungcm(string $key, string $sealed): string
{
    return openssl_decrypt(substr($sealed, 12, -16), 'aes-256-gcm', $key, OPENSSL_RAW_DATA, substr($sealed, 0, 12), substr($sealed, -16), '42');
}

$keys = Keyring::fromKek(random_bytes(32));
$keys->installPolicy((string) file_get_contents(__DIR__ . '/../../../examples/contacts.policy.json'));
$mobile = $keys->createTenant('t-1001')->field('member.mobile');
$index = $mobile->index('exact');
$key = random_bytes(32);
$value = '13800138000';
$values = array_fill(0, MANY, $value);
$rows = range(0, MANY - 1);
$sealed = $mobile->seal($value, 42);
$cells = $mobile->sealMany($values, $rows);
$peer = gcm($key, $value);
$now = NOW;
$text = "<xml><CreateTime>$now</CreateTime><MsgId>1</MsgId><Content>" . str_repeat('h', 180) . '</Content></xml>';
[$query, $body] = (new Sender(TOKEN, KEY, CORP))->post($text, NOW, '1372623149');
parse_str($query, $parameters);
[$signature, $timestamp, $nonce] = [$parameters['msg_signature'], $parameters['timestamp'], $parameters['nonce']];
$app = Callback::companyApp(TOKEN, KEY, CORP)->fixedTime(NOW * 1000)->withoutGuard();
$crypt = new WXBizMsgCrypt(TOKEN, KEY, CORP);
assert(published($body, $signature, $timestamp, $nonce) === $text);

$table = [
    ['openssl aes-256-gcm encrypt, random nonce', 1, function () use ($key, $value) { gcm($key, $value); }, null],
    ['Field::seal', 1, function () use ($mobile, $value) { $mobile->seal($value, 42); }, 0],
    ['openssl aes-256-gcm decrypt', 1, function () use ($key, $peer) { ungcm($key, $peer); }, null],
    ['Field::open', 1, function () use ($mobile, $sealed) { $mobile->open($sealed, 42); }, 2],
    ['openssl aes-256-gcm in a loop', MANY, function () use ($key, $values) { foreach ($values as $one) { gcm($key, $one); } }, null],
    ['Field::sealMany', MANY, function () use ($mobile, $values, $rows) { $mobile->sealMany($values, $rows); }, 4],
    ['Field::openMany', MANY, function () use ($mobile, $cells, $rows) { $mobile->openMany($cells, $rows); }, 4],
    ['BlindIndex::token', 1, function () use ($index, $value) { $index->token($value); }, null],
    ['the published algorithm in PHP', 1, function () use ($body, $signature, $timestamp, $nonce) {
        published($body, $signature, $timestamp, $nonce);
    }, null],
    ['WXBizMsgCrypt::DecryptMsg', 1, function () use ($crypt, $body, $signature, $timestamp, $nonce) {
        $crypt->DecryptMsg($signature, $timestamp, $nonce, $body, $message);
    }, 8],
    ['Callback::open and message', 1, function () use ($app, $query, $body) { $app->open($query, $body)->message(); }, 8],
];
$times = array_fill(0, count($table), []);
for ($round = 0; $round < ROUNDS; $round++) {
    foreach ($table as $number => [, $count, $call]) {
        $repeat = max(1, intdiv(5000, $count));
        $start = hrtime(true);
        for ($turn = 0; $turn < $repeat; $turn++) {
            $call();
        }
        $times[$number][] = (hrtime(true) - $start) / $repeat / $count;
    }
}
echo "| call | ns per value | ratio to its peer |\n|---|---:|---:|\n";
$medians = array_map(static function (array $rounds) {
    sort($rounds);
    return $rounds[intdiv(count($rounds), 2)];
}, $times);
foreach ($table as $number => [$name, , , $other]) {
    $ratio = $other === null ? '' : sprintf('%.2f', $medians[$number] / $medians[$other]);
    printf("| %s | %s | %s |\n", $name, number_format($medians[$number]), $ratio);
}
