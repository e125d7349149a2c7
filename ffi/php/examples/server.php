<?php

declare(strict_types=1);

// The service of the demo: what a provider writes. PHP's own web server runs it, one request at a time.

require __DIR__ . '/../src/autoload.php';
require __DIR__ . '/shared.php';

use Tenantseal\Callback;
use Tenantseal\CallbackException;

/** @var array<string, string> $settings */
$settings = json_decode((string) getenv('DEMO'), true);
[$path, $rawQuery] = [strtok($_SERVER['REQUEST_URI'], '?'), $_SERVER['QUERY_STRING'] ?? ''];

if ($path === '/official') {
    $app = Callback::companyApp(...Demo\OFFICIAL)->fixedTime(1000 * (int) $_SERVER['HTTP_X_DEMO_TIME']);
    try {
        echo $_SERVER['REQUEST_METHOD'] === 'GET'
            ? $app->verifyUrl($rawQuery)
            : $app->open($rawQuery, (string) file_get_contents('php://input'))->child('Content');
    } catch (CallbackException $refused) {
        http_response_code(403);
    }
    exit;
}

$client = basename($path);
$app = Callback::companyApp(...Demo\CLIENTS[$client])->fixedTime(1000 * Demo\NOW);
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    try {
        echo $app->verifyUrl($rawQuery);
    } catch (CallbackException $refused) {
        http_response_code(403);
    }
    exit;
}
try {
    $event = $app->open($rawQuery, (string) file_get_contents('php://input'));
} catch (CallbackException $refused) {
    http_response_code(403);
    exit;
}
// Each request is a process of its own here, so the guard forgets; the user's id, which is unique, recognises a retry.
$keys = Demo\keys($settings['kek'], $settings['records']);
$rows = Tenantseal\Vault::open($settings['database'], $keys)->tenant($client);
$transaction = $rows->begin();
if ($transaction->find('member.mobile', 'exact', (string) $event->child('Mobile')) !== []) {
    echo 'known';
    exit;
}
$transaction->insert('member', [
    'userid' => $event->child('UserID'),
    'name' => $event->child('Name'),
    'mobile' => $event->child('Mobile'),
    'email' => $event->child('Email'),
]);
$event->done();
$transaction->commit();
echo $event->reply('<xml><Content>welcome</Content></xml>');
