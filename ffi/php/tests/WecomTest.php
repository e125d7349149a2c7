<?php

declare(strict_types=1);

namespace Tenantseal\Tests;

use PHPUnit\Framework\TestCase;
use Tenantseal\Callback;
use Tenantseal\CallbackException;
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
            } catch (\Tenantseal\InvalidException $refused) {
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
}
