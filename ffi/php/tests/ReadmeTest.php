<?php

declare(strict_types=1);

namespace Tenantseal\Tests;

use PHPUnit\Framework\TestCase;
use Tenantseal\Keyring;

final class ReadmeTest extends TestCase
{
    public function testTheReadmeRuns(): void
    {
        $folder = sys_get_temp_dir() . '/tenantseal-' . bin2hex(random_bytes(6));
        mkdir($folder, 0700);
        $before = (string) getcwd();
        chdir($folder);
        try {
            $keys = Keyring::create('keys.ts', 'correct horse battery');
            $keys->installPolicy((string) file_get_contents(__DIR__ . '/../../../examples/contacts.policy.json'));
            $keys->createTenant('t-1001');
            putenv('TS_PASS=correct horse battery');
            [$number, $id, $numbers, $ids] = ['13800138000', 42, ['13800138000', null], [1, 2]];
            $page = (string) file_get_contents(__DIR__ . '/../README.md');
            self::assertSame(1, preg_match('/```php\n(.*?)```/s', $page, $match));
            // Composer's autoloader is the bootstrap here.
            eval(preg_replace('/^require .*$/m', '', $match[1]));
            self::assertNull($cells[1]);
        } finally {
            chdir($before);
            array_map('unlink', glob("$folder/*"));
            rmdir($folder);
        }
    }
}
