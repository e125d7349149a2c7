<?php

declare(strict_types=1);

namespace Tenantseal\Tests;

use PHPUnit\Framework\TestCase;
use Tenantseal\InvalidException;
use Tenantseal\Keyring;
use Tenantseal\OpenException;
use Tenantseal\Row;
use Tenantseal\StoreException;
use Tenantseal\Tenant;
use Tenantseal\TenantsealException;
use Tenantseal\Vault;

final class FieldsTest extends TestCase
{
    private const NUMBER = '13800138000';

    private static function keys(?string $kek = null): Keyring
    {
        $keys = Keyring::fromKek($kek ?? random_bytes(32));
        $keys->installPolicy((string) file_get_contents(__DIR__ . '/../../../examples/contacts.policy.json'));

        return $keys;
    }

    private static function acme(): Tenant
    {
        return self::keys()->createTenant('t-1001');
    }

    /** @param class-string<\Throwable> $class */
    private static function assertThrows(string $class, callable $call, ?int $code = null): \Throwable
    {
        try {
            $call();
        } catch (\Throwable $thrown) {
            self::assertInstanceOf($class, $thrown);
            if ($code !== null) {
                self::assertSame($code, $thrown->getCode());
            }

            return $thrown;
        }
        self::fail("no $class");
    }

    public function testAValueOpensInItsOwnPlaceAlone(): void
    {
        $keys = self::keys();
        $mobile = $keys->createTenant('t-1001')->field('member.mobile');
        $sealed = $mobile->seal(self::NUMBER, 42);
        self::assertSame(64 + 11, strlen($sealed));
        self::assertSame(self::NUMBER, $mobile->open($sealed, 42));
        self::assertSame(self::NUMBER, $mobile->open($mobile->sealText(self::NUMBER, 'id-42'), 'id-42'));
        foreach ([43, '42', Row::bytes('42')] as $row) {
            self::assertThrows(OpenException::class, static function () use ($mobile, $sealed, $row): void {
                $mobile->open($sealed, $row);
            }, 201);
        }
        $other = $keys->createTenant('t-2002')->field('member.mobile');
        self::assertThrows(OpenException::class, static function () use ($other, $sealed): void {
            $other->open($sealed, 42);
        }, 202);
        $index = $mobile->index('exact');
        self::assertContains($index->token(self::NUMBER), $index->lookup('+86 138 0013 8000'));
        self::assertTrue($index->matches(self::NUMBER, '+86 138 0013 8000'));
        self::assertFalse($index->matches(self::NUMBER, '13900139000'));
        self::assertSame('138****8000', $mobile->mask()->open($mobile->mask()->seal(self::NUMBER, 1), 1));
    }

    public function testManyValuesInOneCall(): void
    {
        $mobile = self::acme()->field('member.mobile');
        $values = [];
        for ($n = 0; $n < 500; $n++) {
            $values[] = $n % 7 === 0 ? null : sprintf('138%08d', $n);
        }
        $cells = $mobile->sealMany($values, range(0, 499));
        self::assertSame($values, $mobile->openMany($cells, range(0, 499)));
        self::assertSame($values[1], $mobile->open($cells[1], 1));
        $cells[8] = $cells[9];
        $failed = self::assertThrows(OpenException::class, static function () use ($mobile, $cells): void {
            $mobile->openMany($cells, range(0, 499));
        });
        self::assertSame(8, $failed->getPosition());
        self::assertSame([], $mobile->sealMany([], []));
        self::assertSame([null], $mobile->sealMany([null], [1]));
    }

    public function testWhatIsNoValueOrRowIsRefused(): void
    {
        $mobile = self::acme()->field('member.mobile');
        foreach ([null, 1, 1.5, true, [], new \stdClass()] as $value) {
            self::assertThrows(\TypeError::class, static function () use ($mobile, $value): void {
                $mobile->seal($value, 1);
            });
        }
        foreach ([null, 1.5, true, [], new \stdClass()] as $row) {
            self::assertThrows(\TypeError::class, static function () use ($mobile, $row): void {
                $mobile->seal(self::NUMBER, $row);
            });
        }
        foreach (["\xff", "\xed\xa0\x80"] as $text) {
            self::assertThrows(TenantsealException::class, static function () use ($mobile, $text): void {
                $mobile->seal($text, 1);
            });
            self::assertThrows(TenantsealException::class, static function () use ($mobile, $text): void {
                $mobile->seal(self::NUMBER, $text);
            });
        }
        foreach (['', "\xf8", 'ts1.', str_repeat("\xf8", 100), "\0"] as $sealed) {
            self::assertThrows(OpenException::class, static function () use ($mobile, $sealed): void {
                $mobile->open($sealed, 1);
            });
        }
        foreach ([[['a'], [1, 2]], [[1], [1]], [['a'], ['1']]] as [$values, $rows]) {
            self::assertThrows(\Throwable::class, static function () use ($mobile, $values, $rows): void {
                $mobile->sealMany($values, $rows);
            });
        }
        self::assertThrows(InvalidException::class, static function (): void {
            self::keys()->tenant('nobody');
        }, 120);
        self::assertThrows(InvalidException::class, static function (): void {
            self::acme()->field('member.none');
        }, 121);
        self::assertThrows(InvalidException::class, static function (): void {
            Keyring::fromKek('short');
        }, 103);
        self::assertThrows(InvalidException::class, static function (): void {
            self::keys()->createTenant(str_repeat('x', 129));
        });
    }

    public function testWhatIsClosedThrowsAndClosesAgain(): void
    {
        $mobile = self::acme()->field('member.mobile');
        $mobile->close();
        $mobile->close();
        self::assertThrows(\LogicException::class, static function () use ($mobile): void {
            $mobile->seal(self::NUMBER, 1);
        });
        $index = self::acme()->field('member.mobile')->index('exact');
        gc_collect_cycles();
        self::assertIsInt($index->token(self::NUMBER));
    }

    public function testNothingSecretIsShownStoredOrCopied(): void
    {
        $kek = str_repeat('classified-kek--', 2);
        $keys = self::keys($kek);
        $field = $keys->createTenant('t-1001')->field('member.mobile');
        foreach ([$keys, $field, $field->index('exact'), $field->mask()] as $object) {
            ob_start();
            var_dump($object);
            self::assertStringNotContainsString('classified', (string) ob_get_clean() . print_r($object, true));
            self::assertThrows(\LogicException::class, static function () use ($object): void {
                serialize($object);
            });
            self::assertThrows(\Error::class, static function () use ($object): void {
                clone $object;
            });
            // What a debugger does. A pointer would be followed here, and a handle points nowhere.
            self::assertStringNotContainsString('classified', print_r((array) $object, true));
            $class = get_class($object);
            self::assertThrows(\LogicException::class, static function () use ($class): void {
                unserialize(sprintf('O:%d:"%s":0:{}', strlen($class), $class));
            });
        }
        // Production's php.ini leaves arguments out of traces; a development machine's does not.
        ini_set('zend.exception_ignore_args', '0');
        ini_set('zend.exception_string_param_max_len', '100');
        $thrown = self::assertThrows(TenantsealException::class, static function () use ($field): void {
            $field->seal("classified \xff", 1);
        });
        if (PHP_VERSION_ID >= 80200) {
            self::assertStringNotContainsString('classified', print_r($thrown->getTrace(), true));
        }
        self::assertStringNotContainsString('classified', (string) $thrown);
        self::assertNotSame([], $thrown->getTrace()[1]['args'], 'the arguments are there');
        $thrown = self::assertThrows(TenantsealException::class, static function (): void {
            Keyring::fromKek('classified');
        });
        if (PHP_VERSION_ID >= 80200) {
            self::assertStringNotContainsString('classified', print_r($thrown->getTrace(), true) . $thrown);
        }
    }

    public function testASignalHandlerMayCallInTheMiddleOfACall(): void
    {
        if (!function_exists('pcntl_fork')) {
            self::markTestSkipped('no pcntl');
        }
        $field = self::acme()->field('member.mobile');
        $one = $field->seal(self::NUMBER, 1);
        $other = $field->seal('13900139000', 2);
        pcntl_async_signals(true);
        $handled = 0;
        pcntl_signal(SIGUSR1, static function () use ($field, $other, &$handled): void {
            $handled += $field->open($other, 2) === '13900139000' ? 1 : 0;
        });
        $parent = getmypid();
        $child = pcntl_fork();
        if ($child === 0) {
            while (posix_getppid() === $parent && posix_kill($parent, SIGUSR1)) {
                usleep(20);
            }
            posix_kill(getmypid(), SIGKILL);
        }
        try {
            for ($until = microtime(true) + 0.5; microtime(true) < $until;) {
                self::assertSame(self::NUMBER, $field->open($one, 1));
            }
        } finally {
            posix_kill($child, SIGKILL);
            pcntl_waitpid($child, $status);
            pcntl_signal(SIGUSR1, SIG_DFL);
            pcntl_async_signals(false);
        }
        self::assertGreaterThan(100, $handled);
    }

    public function testRowsOfAVault(): void
    {
        $path = tempnam(sys_get_temp_dir(), 'vault');
        unlink($path);
        $keys = self::keys();
        $keys->createTenant('t-1001');
        $keys->createTenant('t-2002');
        $vault = Vault::open($path, $keys);
        [$acme, $other] = [$vault->tenant('t-1001'), $vault->tenant('t-2002')];
        $row = $acme->insert('member', ['mobile' => self::NUMBER, 'name' => '张三', 'userid' => 'zhang', 'email' => null]);
        $record = $acme->get('member', $row);
        self::assertSame([$row, '', '张三', 'zhang', null], [
            $record->id(), $record->compartment(), $record->get('name'), $record->get('userid'), $record->get('email'),
        ]);
        self::assertSame($row, $acme->find('member.mobile', 'exact', '+86 138 0013 8000')[0]->id());
        self::assertSame([], $other->find('member.mobile', 'exact', self::NUMBER));
        self::assertNull($other->get('member', $row));
        self::assertSame('138****8000', $acme->listMasked('member')[0]->get('mobile'));
        $transaction = $acme->begin();
        self::assertTrue($transaction->update('member', $row, ['mobile' => '13900139000']));
        $transaction->commit();
        $transaction = $acme->begin();
        self::assertTrue($transaction->delete('member', $row));
        $transaction->rollback();
        self::assertSame('13900139000', $acme->get('member', $row)->get('mobile'));
        foreach ([['mobile' => 1], ['mobile' => ['bytes' => 'x']]] as $values) {
            self::assertThrows(InvalidException::class, static function () use ($acme, $values): void {
                $acme->insert('member', $values);
            }, 105);
        }
        self::assertThrows(\TypeError::class, static function () use ($acme): void {
            $acme->insert('member', ['mobile' => new \stdClass()]);
        });
        $vault->close();
        self::assertThrows(\LogicException::class, static function () use ($vault): void {
            $vault->tenant('t-1001');
        });
        [$acme, $other, $transaction] = [null, null, null];
        $files = '';
        foreach (glob("$path*") as $file) {
            $files .= file_get_contents($file);
        }
        self::assertStringNotContainsString(self::NUMBER, $files);
        array_map('unlink', glob("$path*"));
    }

    public function testAfterAForkKeysWorkAndAVaultIsRefused(): void
    {
        if (!function_exists('pcntl_fork')) {
            self::markTestSkipped('no pcntl');
        }
        $path = tempnam(sys_get_temp_dir(), 'vault');
        unlink($path);
        $keys = self::keys();
        $mobile = $keys->createTenant('t-1001')->field('member.mobile');
        $rows = Vault::open($path, $keys)->tenant('t-1001');
        $mobile->seal(self::NUMBER, 0);
        $nonces = [];
        for ($child = 0; $child < 64; $child++) {
            $pair = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
            if (pcntl_fork() === 0) {
                $sent = '';
                for ($row = 0; $row < 50; $row++) {
                    $sent .= substr($mobile->seal(self::NUMBER, $row), 24, 24);
                }
                try {
                    $rows->get('member', 1);
                } catch (TenantsealException $refused) {
                    fwrite($pair[1], $refused->getCode() === 503 ? $sent : '');
                }
                // No destructors and no reports of the parent's.
                posix_kill(posix_getpid(), SIGKILL);
            }
            fclose($pair[1]);
            $nonces = array_merge($nonces, str_split((string) stream_get_contents($pair[0]), 24));
        }
        while (pcntl_wait($status) > 0) {
        }
        array_map('unlink', glob("$path*"));
        self::assertCount(64 * 50, array_unique($nonces));
    }

    public function testAClosedStoreIsAStoreException(): void
    {
        $this->expectException(StoreException::class);
        $keys = self::keys();
        Vault::open('/nonexistent/vault.db', $keys);
    }
}
