<?php

declare(strict_types=1);

namespace Tenantseal\Tests;

use PHPUnit\Framework\TestCase;
use Tenantseal\Field;
use Tenantseal\Keyring;
use Tenantseal\Media;
use Tenantseal\Row;
use Tenantseal\TenantsealException;

/** The frozen vectors that every language of tenantseal runs. */
final class VectorsTest extends TestCase
{
    private const FOLDER = __DIR__ . '/../../../tests/vectors/';

    /** @return array<string, mixed> */
    private static function read(string $name): array
    {
        return json_decode((string) file_get_contents(self::FOLDER . $name), true, 512, JSON_THROW_ON_ERROR);
    }

    /** @param array<string, mixed> $frozen */
    private static function keys(array $frozen): Keyring
    {
        $records = '';
        foreach ($frozen['records'] as $record) {
            $bytes = (string) hex2bin($record);
            $records .= pack('N', strlen($bytes)) . $bytes;
        }
        $keys = Keyring::fromKek((string) hex2bin($frozen['kek']), $records);
        $stored = (string) hex2bin($frozen['policy']);
        $keys->installPolicy(substr($stored, 28, unpack('N', substr($stored, 24, 4))[1]));

        return $keys;
    }

    /** @param array<string, mixed> $vector */
    private static function field(Keyring $keys, array $vector): Field
    {
        $field = $keys->tenant('t-1001')->field($vector['field']);

        return ($vector['compartment'] ?? '') === '' ? $field : $field->compartment($vector['compartment']);
    }

    public function testCellsOpen(): void
    {
        $frozen = self::read('frozen_v1.json');
        $keys = self::keys($frozen);
        self::assertGreaterThanOrEqual(8, count($frozen['cells']));
        foreach ($frozen['cells'] as $cell) {
            $field = self::field($keys, $cell);
            $column = $cell['what'] === 'mask' ? $field->mask() : $field;
            self::assertSame($cell['value'], $column->open((string) hex2bin($cell['bytes']), $cell['row']));
        }
        foreach (['natural' => Row::natural($frozen['natural']['keys']), 'unbound' => Row::unbound()] as $name => $row) {
            $vector = $frozen[$name];
            $opened = self::field($keys, $vector)->open((string) hex2bin($vector['bytes']), $row);
            self::assertSame(hex2bin($vector['value']), $opened);
        }
    }

    public function testTokensAreTheSame(): void
    {
        $frozen = self::read('frozen_v1.json');
        $mobile = self::keys($frozen)->tenant('t-1001')->field('member.mobile');
        $tokens = $frozen['tokens'];
        self::assertSame($tokens['exact'][0], $mobile->index('exact')->token($tokens['value']));
        self::assertSame($tokens['short'], $mobile->index('short')->token($tokens['value']));
        self::assertSame([], array_diff($tokens['exact'], $mobile->index('exact')->lookup($tokens['value'])));
    }

    public function testTheKeyFileOpens(): void
    {
        $file = self::read('frozen_v1.json')['key_file'];
        // A folder of its own: one that others may write to is refused.
        $folder = sys_get_temp_dir() . '/tenantseal-' . bin2hex(random_bytes(6));
        mkdir($folder, 0700);
        $path = "$folder/keys.ts";
        file_put_contents($path, hex2bin($file['bytes']));
        try {
            $keys = Keyring::open($path, $file['passphrase']);
            $cell = $file['cell'];
            $mobile = $keys->tenantByAlias($file['alias'])->field($cell['field']);
            self::assertSame($cell['value'], $mobile->open((string) hex2bin($cell['bytes']), $cell['row']));
        } finally {
            unlink($path);
            rmdir($folder);
        }
    }

    public function testWhatMustBeRefusedIsRefusedWithItsCode(): void
    {
        $keys = self::keys(self::read('frozen_v1.json'));
        $cells = self::read('refused_v1.json')['cells'];
        self::assertGreaterThanOrEqual(20, count($cells));
        foreach ($cells as $cell) {
            try {
                self::field($keys, $cell)->open((string) hex2bin($cell['bytes']), $cell['row']);
                self::fail($cell['what']);
            } catch (TenantsealException $refused) {
                self::assertSame($cell['code'], $refused->getCode(), $cell['what']);
            }
        }
    }

    public function testCallbacksComeOutAsStated(): void
    {
        $opened = $refused = 0;
        foreach (self::read('wecom_own_keys.json')['callbacks'] as $vector) {
            if (in_array($vector['kind'], ['signature_3_tokens', 'encrypt_fixed_random_json_reply'], true)) {
                continue;
            }
            $crypt = new \WXBizMsgCrypt($vector['token'], $vector['encoding_aes_key'], $vector['receive_id']);
            $body = $vector['envelope'] ?? "<xml><Encrypt>{$vector['encrypt']}</Encrypt></xml>";
            $ret = $crypt->DecryptMsg($vector['msg_signature'], $vector['timestamp'], $vector['nonce'], $body, $message);
            if (($vector['expect'] ?? 'ok') === 'ok') {
                self::assertSame([0, $vector['plaintext']], [$ret, $message], $vector['kind']);
                $opened++;
            } else {
                self::assertLessThan(0, $ret, $vector['kind']);
                self::assertSame('', $message);
                $refused++;
            }
        }
        self::assertSame([52, 31], [$opened, $refused]);
    }

    public function testMediaOpensInPieces(): void
    {
        $opened = 0;
        foreach (self::read('wecom_own_keys.json')['media'] as $vector) {
            $sealed = (string) base64_decode($vector['ciphertext_b64'], true);
            foreach ([31, 32, 1000, 1 << 20] as $step) {
                $media = new Media($vector['aeskey']);
                $file = implode('', array_map([$media, 'update'], str_split($sealed, $step)));
                $file .= $media->finish();
                self::assertSame($vector['plaintext_len'], strlen($file));
                self::assertSame($vector['plaintext_sha256'], hash('sha256', $file));
            }
            $opened++;
        }
        self::assertGreaterThanOrEqual(10, $opened);
    }
}
