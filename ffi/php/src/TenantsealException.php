<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * Anything that tenantseal refuses or cannot do. getCode() is the number that every language of tenantseal knows it by;
 * the message holds no key, no value and no tenant's name.
 */
class TenantsealException extends \RuntimeException
{
    /** @var int|null In a bulk call, the position of the value that failed, counted from 0. */
    private $position;

    public static function of(int $status, ?int $position = null): self
    {
        // The hundreds of a number are its kind: error.rs in the Rust library.
        $kinds = [1 => InvalidException::class, 2 => OpenException::class, 3 => CallbackException::class, 4 => StoreException::class];
        $class = $kinds[intdiv($status, 100)] ?? self::class;
        $exception = new $class(Native::ffi()->tenantseal_status_message($status), $status);
        $exception->position = $position;

        return $exception;
    }

    /** In a bulk call, the position of the value that failed, counted from 0. */
    public function getPosition(): ?int
    {
        return $this->position;
    }
}
