<?php

declare(strict_types=1);

namespace Tenantseal\Tests;

use PHPUnit\Framework\TestCase;
use Tenantseal\Browser;
use Tenantseal\Callback;
use Tenantseal\CallbackException;
use Tenantseal\Guard;
use Tenantseal\InvalidException;
use Tenantseal\JsTicket;
use Tenantseal\Keyring;
use Tenantseal\LoginStates;
use Tenantseal\Media;
use Tenantseal\OpenException;
use Tenantseal\ReceiveId;
use Tenantseal\Sender;

final class WecomTest extends TestCase
{
    private const TOKEN = 'QDG6eK';
    private const KEY = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C';
    private const CORP = 'wx5823bf96d3bd56c7';
    private const NOW = 1409659813;
    private const SIGNATURE = '5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3';
    private const ECHO_STRING =
        'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==';

    private static function app(): Callback
    {
        return Callback::companyApp(self::TOKEN, self::KEY, self::CORP)->fixedTime(self::NOW * 1000);
    }

    private static function sender(): Sender
    {
        return new Sender(self::TOKEN, self::KEY, self::CORP);
    }

    public function testTheOfficialCheckIsAnswered(): void
    {
        $query = 'msg_signature=' . self::SIGNATURE . '&timestamp=1409659589&nonce=263014780&echostr=' . self::ECHO_STRING;
        self::assertSame('1616140317555161061', self::app()->fixedTime(1409659589000)->verifyUrl($query));
        $crypt = new \WXBizMsgCrypt(self::TOKEN, self::KEY, self::CORP);
        self::assertSame(0, $crypt->VerifyURL(self::SIGNATURE, '1409659589', '263014780', self::ECHO_STRING, $echo));
        self::assertSame('1616140317555161061', $echo);
        self::assertSame(-40001, $crypt->VerifyURL(self::SIGNATURE, '1409659589', '1', self::ECHO_STRING, $echo));
        self::assertSame('', $echo);
    }

    public function testAMessageIsOpenedOnce(): void
    {
        $app = self::app();
        [$query, $body] = self::sender()->post(
            '<xml><CreateTime>' . self::NOW . '</CreateTime><MsgId>1</MsgId><Content>你好</Content></xml>',
            self::NOW,
            'n'
        );
        $event = $app->open($query, $body);
        self::assertTrue($event->isFresh());
        self::assertSame(['你好', null], [$event->child('Content'), $event->child('None')]);
        self::assertSame([self::CORP, self::NOW], [$event->receiveId(), $event->timestamp()]);
        self::assertTrue($app->open($query, $body)->isInProgress());
        $event->done();
        self::assertFalse($app->open($query, $body)->isFresh());
        self::assertSame('<xml>ok</xml>', self::sender()->openReply($event->reply('<xml>ok</xml>')));
        self::assertTrue($app->withoutGuard()->open($query, $body)->isFresh());
        self::assertSame(0, $app->diagnose($query, $body)['code']);
    }

    public function testEveryRefusalIsOneAnswer(): void
    {
        $app = self::app();
        [$query, $body] = self::sender()->post('<xml/>', self::NOW, 'n');
        $answers = [];
        foreach ([
            [$query, $body],
            [str_replace((string) self::NOW, (string) (self::NOW + 1), $query), $body],
            (new Sender(self::TOKEN, self::KEY, 'ww1'))->post('<xml/>', self::NOW, 'n'),
            (new Sender(self::TOKEN, str_repeat('A', 43), self::CORP))->post('<xml/>', self::NOW, 'n'),
        ] as [$badQuery, $badBody]) {
            try {
                $app->open($badQuery, $badBody);
                self::fail('opened');
            } catch (CallbackException $refused) {
                $answers[] = [$refused->getCode(), $refused->getMessage()];
            }
        }
        self::assertCount(1, array_unique($answers, SORT_REGULAR));
        self::assertSame(-40001, $app->diagnose($query, $body)['code']);
    }

    public function testNoReceiveIdIsNoReceiveIdPolicy(): void
    {
        foreach ([ReceiveId::exact(''), ReceiveId::oneOf(), ReceiveId::oneOf('')] as $policy) {
            try {
                Callback::custom(self::TOKEN, self::KEY, ReceiveId::none(), $policy);
                self::fail('accepted');
            } catch (InvalidException $refused) {
                self::assertSame(103, $refused->getCode());
            }
        }
    }

    public function testANumberThatDoesNotFitIsRefused(): void
    {
        $app = Callback::companyApp(self::TOKEN, self::KEY, 'ww1');
        foreach ([['window', -1], ['window', 1 << 32], ['lease', -1], ['lease', 1 << 32], ['fixedTime', -1]] as [$set, $number]) {
            try {
                $app->$set($number);
                self::fail("$set $number");
            } catch (\InvalidArgumentException $refused) {
                self::assertSame($app, $app->$set(300));
            }
        }
    }

    public function testReceiveIdsArePolicies(): void
    {
        [$query, $body] = (new Sender(self::TOKEN, self::KEY, ''))->post('{"msgid":"1"}', self::NOW, 'n');
        foreach ([[ReceiveId::none(), true], [ReceiveId::any(), true], [ReceiveId::exact('a'), false]] as [$policy, $fits]) {
            $app = Callback::custom(self::TOKEN, self::KEY, ReceiveId::none(), $policy)->fixedTime(self::NOW * 1000);
            try {
                self::assertSame('1', $app->open($query, $body)->child('msgid'));
                self::assertTrue($fits);
            } catch (CallbackException $refused) {
                self::assertFalse($fits);
            }
        }
    }

    public function testTheClassOfTheOfficialSamples(): void
    {
        $crypt = new \WXBizMsgCrypt(self::TOKEN, self::KEY, self::CORP);
        [$query, $body] = self::sender()->post('<xml>hi</xml>', self::NOW, 'n');
        parse_str($query, $parameters);
        $arguments = [$parameters['msg_signature'], $parameters['timestamp'], $parameters['nonce'], $body];
        self::assertSame(0, $crypt->DecryptMsg(...array_merge($arguments, [&$message])));
        self::assertSame('<xml>hi</xml>', $message);
        $wrong = new \WXBizMsgCrypt(self::TOKEN, self::KEY, 'ww1');
        self::assertSame(-40005, $wrong->DecryptMsg(...array_merge($arguments, [&$message])));
        self::assertSame('', $message);
        foreach ([null, '', (string) self::NOW] as $timestamp) {
            self::assertSame(0, $crypt->EncryptMsg('你好', $timestamp, 'n', $reply));
            self::assertSame('你好', self::sender()->openReply($reply));
        }
        self::assertSame(-40011, $crypt->EncryptMsg('x', null, ']]>', $reply));
        foreach ([['', self::KEY], [self::TOKEN, self::KEY . '=']] as [$token, $key]) {
            try {
                new \WXBizMsgCrypt($token, $key, self::CORP);
                self::fail('made');
            } catch (CallbackException $refused) {
                self::assertSame(303, $refused->getCode());
            }
        }
    }

    /** @return array<string, array{0: Callback, 1: string, 2: string}> A callback, its receiveid, its acknowledgement. */
    private static function kinds(): array
    {
        return [
            'suite commands' => [Callback::suiteCommands('t0', self::KEY, 'wwprovider', 'suite'), 'suite', 'success'],
            'suite data' => [Callback::suiteData('t1', self::KEY, 'wwprovider', ReceiveId::oneOf('wwa', 'wwb')), 'wwb', ''],
            'bot' => [Callback::aiBot('t2', self::KEY), '', ''],
            'account' => [Callback::officialAccount('t3', self::KEY, 'wxapp'), 'wxapp', 'success'],
            'platform' => [Callback::openPlatform('t4', self::KEY, 'wxplatform'), 'wxplatform', 'success'],
        ];
    }

    public function testEveryKindOfAppHasItsRulesAndIsFoundBehindOneUrl(): void
    {
        $kinds = self::kinds();
        $all = array_map(static function (array $kind): Callback {
            return $kind[0]->fixedTime(self::NOW * 1000);
        }, $kinds);
        $text = '<xml><CreateTime>' . self::NOW . '</CreateTime><MsgId>1</MsgId><A><B>x</B></A></xml>';
        foreach (array_keys($kinds) as $at => $name) {
            [$callback, $receiveId, $acknowledgement] = $kinds[$name];
            $sender = new Sender("t$at", self::KEY, $receiveId);
            [$query, $body] = $sender->post($text, self::NOW, 'n');
            [$found, $event] = Callback::openOneOf($all, $query, $body);
            self::assertSame([$name, $receiveId], [$found, $event->receiveId()]);
            self::assertSame($acknowledgement, $event->acknowledgement());
            self::assertSame(['x', null], [$event->nested('A', 'B'), $event->nested('A', 'C')]);
            [$reply, $type] = $event->replyWithType('hello');
            self::assertSame(['hello', 'application/xml'], [$sender->openReply($reply), $type]);
            $event->done();
            self::assertFalse($callback->open($query, $body)->isFresh());
            try {
                Callback::openOneOf(array_diff_key($all, [$name => 0]), $query, $body);
                self::fail($name);
            } catch (CallbackException $refused) {
                self::assertSame(301, $refused->getCode());
            }
        }
        $query = (new Sender('t1', self::KEY, 'wwprovider'))->get('echo', self::NOW, 'n');
        self::assertSame(['suite data', 'echo'], Callback::verifyUrlOneOf($all, $query));
        foreach ([[[], CallbackException::class], [array_fill(0, 9, $all['bot']), InvalidException::class]] as [$wrong, $class]) {
            try {
                Callback::verifyUrlOneOf($wrong, $query);
                self::fail($class);
            } catch (\Tenantseal\TenantsealException $refused) {
                self::assertInstanceOf($class, $refused);
            }
        }
        $this->expectException(\TypeError::class);
        Callback::openOneOf([$sender], $query, '');
    }

    public function testAFileThatWasCutIsRefused(): void
    {
        $media = new Media(self::KEY);
        $plain = str_repeat('picture ', 20);
        $key = (string) base64_decode(self::KEY . '=', true);
        $pad = 32 - strlen($plain) % 32;
        $flags = OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING;
        $sealed = (string) openssl_encrypt($plain . str_repeat(chr($pad), $pad), 'aes-256-cbc', $key, $flags, substr($key, 0, 16));
        self::assertSame($plain, $media->update($sealed) . $media->finish());
        self::assertSame('', $media->finish());
        foreach ([1, 16, 32] as $cut) {
            $media = new Media(self::KEY);
            $media->update(substr($sealed, 0, -$cut));
            foreach ([1, 2] as $_) {
                try {
                    $media->finish();
                    self::fail("$cut");
                } catch (CallbackException $refused) {
                    self::assertSame(301, $refused->getCode());
                }
            }
        }
        $this->expectExceptionCode(303);
        new Media('short');
    }

    public function testAnAddressIsSigned(): void
    {
        $ticket = new JsTicket('sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3');
        $page = 'https://app.example.com/contacts?page=2';
        ['timestamp' => $timestamp, 'nonceStr' => $nonce, 'signature' => $signature] = $ticket->sign("$page#top");
        $text = "jsapi_ticket=sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3"
            . "&noncestr=$nonce&timestamp=$timestamp&url=$page";
        self::assertSame(sha1($text), $signature);
        self::assertNotSame($nonce, $ticket->sign($page)['nonceStr']);
        self::assertLessThan(60, abs(time() - $timestamp));
        $this->expectException(InvalidException::class);
        $ticket->sign('javascript:alert(1)');
    }

    public function testALoginIsAcceptedOnceInItsBrowser(): void
    {
        $secret = random_bytes(32);
        $guard = Guard::inMemory(100);
        [$one, $two] = [LoginStates::fromSecret($secret)->guard($guard, 'crm'), LoginStates::fromSecret($secret)->guard($guard, 'crm')];
        $browser = Browser::generate();
        $state = $one->lifetime(60)->issue($browser, 't-1001');
        self::assertMatchesRegularExpression('/^[0-9a-f]{112}$/', $state);
        $again = Browser::fromCookie($browser->toCookie());
        $refused = 0;
        foreach ([[$state, Browser::generate(), 't-1001'], [$state, $again, ''], ['', $again, 't-1001']] as $arguments) {
            try {
                $two->accept(...$arguments);
            } catch (OpenException $open) {
                $refused++;
            }
        }
        self::assertSame(3, $refused);
        $two->accept($state, $again, 't-1001');
        foreach ([
            static function () use ($one, $state, $browser): void {
                $one->accept($state, $browser, 't-1001');
            },
            static function () use ($one): void {
                LoginStates::generate()->accept($one->issue(Browser::generate(), ''), Browser::generate(), '');
            },
            static function (): void {
                Browser::fromCookie('0');
            },
        ] as $wrong) {
            try {
                $wrong();
                self::fail('accepted');
            } catch (OpenException $open) {
                $refused++;
            }
        }
        self::assertSame(6, $refused);
        $this->expectException(InvalidException::class);
        LoginStates::fromSecret(str_repeat("\0", 32));
    }

    public function testCredentialsAreDerivedAndRotate(): void
    {
        $keys = Keyring::fromKek(random_bytes(32));
        $tenant = $keys->createTenant('t-1001');
        [$old] = $tenant->callbackCredentials('contacts');
        $keys->rotateTenant('t-1001');
        $all = $tenant->callbackCredentials('contacts');
        self::assertSame([2, 1], array_column($all, 'generation'));
        self::assertSame($old, $all[1]);
        self::assertNotSame($old, $tenant->callbackCredentials('crm')[1]);
        $app = Callback::companyApp($all[0]['token'], $all[0]['encodingAesKey'], self::CORP)->fixedTime(self::NOW * 1000);
        $app->guard(Guard::inMemory(10), 'contacts')->previous($old['token'], $old['encodingAesKey']);
        $text = '<xml><CreateTime>' . self::NOW . '</CreateTime></xml>';
        $post = (new Sender($old['token'], $old['encodingAesKey'], self::CORP))->post($text, self::NOW, 'n');
        self::assertTrue($app->open(...$post)->isFresh());
        $this->expectException(InvalidException::class);
        $tenant->callbackCredentials('');
    }
}
