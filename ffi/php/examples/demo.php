<?php

declare(strict_types=1);

// From a WeCom callback to a sealed, searchable contact: the steps of `make demo`, from PHP. A real HTTP server and client on
// loopback, an SQLite file, two tenants. Every step says what it expects and what it got; the exit code is 1 if one differs.

require __DIR__ . '/../src/autoload.php';
require __DIR__ . '/shared.php';

use Tenantseal\OpenException;
use Tenantseal\Sender;
use Tenantseal\Vault;

$failed = 0;

/**
 * @param mixed $expected
 * @param mixed $got
 */
function step(string $what, $expected, $got): void
{
    global $failed;
    $same = $expected === $got;
    $failed += $same ? 0 : 1;
    $show = static function ($value): string {
        return json_encode($value, JSON_UNESCAPED_UNICODE | JSON_PARTIAL_OUTPUT_ON_ERROR);
    };
    printf("%s %-58s %s%s\n", $same ? 'ok  ' : 'FAIL', $what, $show($got), $same ? '' : ', not ' . $show($expected));
}

/** @return array{0: int, 1: string} */
function ask(string $url, ?string $body = null, int $time = Demo\NOW): array
{
    $http = ['ignore_errors' => true, 'header' => "X-Demo-Time: $time\r\n", 'timeout' => 10];
    if ($body !== null) {
        $http += ['method' => 'POST', 'content' => $body];
        $http['header'] .= "Content-Type: text/xml\r\n";
    }
    $answer = (string) file_get_contents($url, false, stream_context_create(['http' => $http]));

    return [(int) explode(' ', $http_response_header[0])[1], $answer];
}

function createUser(string $name, string $mobile): string
{
    $now = Demo\NOW;

    return "<xml><CreateTime>$now</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>"
        . "<ChangeType>create_user</ChangeType><UserID><![CDATA[u" . substr($mobile, -4) . "]]></UserID><Name><![CDATA[$name]]></Name>"
        . "<Mobile>$mobile</Mobile><Email><![CDATA[$mobile@example.com]]></Email></xml>";
}

/** @return resource */
function serve(int $port, string $settings)
{
    // The key goes by the environment here so that the demo is one file; a service reads it from its key file.
    $command = [PHP_BINARY, '-d', 'ffi.enable=true', '-S', "127.0.0.1:$port", __DIR__ . '/server.php'];
    $server = proc_open($command, [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes, null, ['DEMO' => $settings] + getenv());
    for ($try = 0; $try < 100 && !@fsockopen('127.0.0.1', $port); $try++) {
        usleep(50000);
    }

    return $server;
}

$folder = sys_get_temp_dir() . '/tenantseal-' . bin2hex(random_bytes(6));
mkdir($folder, 0700);
$kek = random_bytes(32);
$first = Tenantseal\Keyring::fromKek($kek);
foreach (array_keys(Demo\CLIENTS) as $client) {
    $first->createTenant($client);
}
$settings = ['kek' => base64_encode($kek), 'records' => base64_encode($first->records()), 'database' => "$folder/contacts.db"];
$keys = Demo\keys($settings['kek'], $settings['records']);
$vault = Vault::open($settings['database'], $keys);

$socket = stream_socket_server('tcp://127.0.0.1:0');
$port = (int) substr(strrchr(stream_socket_get_name($socket, false), ':'), 1);
fclose($socket);
$server = serve($port, json_encode($settings));
$base = "http://127.0.0.1:$port";

$get = 'msg_signature=5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3&timestamp=1409659589&nonce=263014780'
    . '&echostr=P9nAzCzyDtyTWESHep1vC5X9xho%2FqYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp%2B4RPcs8TgAE7OaBO%2BFZXvnaqQ%3D%3D';
$official = '<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA['
    . 'RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvu'
    . 'JTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwG'
    . 'c2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9'
    . 'EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0'
    . 'lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==]]></Encrypt><AgentID><![CDATA[218]]></AgentID></xml>';
step('official sample, URL check', [200, '1616140317555161061'], ask("$base/official?$get", null, 1409659589));
$post = 'msg_signature=477715d11cdb4164915debcba66cb864d751f3e6&timestamp=1409659813&nonce=1372623149';
step('official sample, message', [200, 'hello'], ask("$base/official?$post", $official, 1409659813));
step('the same, years later', [403, ''], ask("$base/official?$get"));

$posts = [];
foreach (['t-1001' => ['张三', '13800138000'], 't-2002' => ['李四', '13900139000']] as $client => [$name, $mobile]) {
    $sender = new Sender(...Demo\CLIENTS[$client]);
    $posts[$client] = $sender->post(createUser($name, $mobile), Demo\NOW, '1372623149');
    [$status, $reply] = ask("$base/$client?{$posts[$client][0]}", $posts[$client][1]);
    step("create_user for $client", 200, $status);
    step('its passive reply, opened as Tencent would', '<xml><Content>welcome</Content></xml>', $sender->openReply($reply));
}

[$acme, $other] = [$vault->tenant('t-1001'), $vault->tenant('t-2002')];
// In a process of its own: one that has a vault open must not open the vault's files in any other way.
$read = 'echo (int) (strpos(implode("", array_map("file_get_contents", glob("$argv[1]*"))), "13800138000") !== false),'
    . ' bin2hex((new PDO("sqlite:$argv[1]"))->query("SELECT mobile FROM member WHERE id = 1")->fetchColumn());';
$look = (string) shell_exec(implode(' ', array_map('escapeshellarg', [PHP_BINARY, '-r', $read, $settings['database']])));
$raw = (string) hex2bin(substr($look, 1));
step('the raw row starts as a cell does', 'f801', bin2hex(substr($raw, 0, 2)));
step('no number is in the database or its log', '0', $look[0]);
step('masked listing', '138****8000', $acme->listMasked('member')[0]->get('mobile'));
$found = $acme->find('member.mobile', 'exact', '+86 138 0013 8000');
step('found by mobile, in another spelling', '张三', $found[0]->get('name'));
step('the other tenant finds nothing', [], $other->find('member.mobile', 'exact', '13800138000'));
try {
    $keys->tenant('t-2002')->field('member.mobile')->open($raw, 1);
    step('the other tenant opens a stolen row', OpenException::class, 'opened');
} catch (OpenException $refused) {
    step('the other tenant opens a stolen row', OpenException::class, get_class($refused));
}

[$query, $body] = $posts['t-1001'];
preg_match('/<Encrypt><!\[CDATA\[(.*?)\]/', $body, $match);
$encrypt = $match[1];
$refusals = [
    'tampered' => [$query, str_replace($encrypt, "AAAA$encrypt", $body)],
    'spliced' => [$query . rawurlencode(substr($encrypt, 0, 64)), str_replace($encrypt, substr($encrypt, 64), $body)],
    'swapped' => [str_replace([Demo\NOW, '1372623149', '#'], ['#', Demo\NOW, '1372623149'], $query), $body],
    'of another client' => $posts['t-2002'],
];
foreach ($refusals as $how => [$badQuery, $badBody]) {
    step("$how: refused with one answer", [403, ''], ask("$base/t-1001?$badQuery", $badBody));
}
step('POST replayed as GET: refused with that answer', [403, ''], ask("$base/t-1001?$query&echostr=" . rawurlencode($encrypt)));
step('a byte-for-byte replay is known', [200, 'known'], ask("$base/t-1001?$query", $body));
$acmeSender = new Sender(...Demo\CLIENTS['t-1001']);
$second = $acmeSender->post(createUser('王五', '13700137000'), Demo\NOW, '98');
$answer = ask("$base/t-1001?$second[0]", $second[1]);
step('another create_user of that second', '<xml><Content>welcome</Content></xml>', $acmeSender->openReply($answer[1]));
step('contacts of t-1001', 2, count($acme->listMasked('member')));

proc_terminate($server);
$vault->close();
array_map('unlink', glob("$folder/*"));
rmdir($folder);
echo $failed > 0 ? "\n$failed steps differ\n" : "\nevery step as expected\n";
exit($failed > 0 ? 1 : 0);
