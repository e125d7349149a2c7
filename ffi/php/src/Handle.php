<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * An object of the native library. It is released with this one, or earlier by close(); it is not copied, stored or shown.
 *
 * @internal
 */
abstract class Handle
{
    /** The name of the type in C, without its prefix. */
    protected const TYPE = '';

    /** @var int|null */
    private $handle;

    /** @param mixed ...$arguments */
    protected function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        $this->handle = Native::number('uintptr_t', $function, ...$arguments);
    }

    public function __destruct()
    {
        $this->close();
    }

    /** Releases it. Calls after this one throw; closing it again does nothing. */
    public function close(): void
    {
        $handle = $this->handle;
        $this->handle = null;
        if ($handle !== null) {
            Native::ffi()->{'tenantseal_' . static::TYPE . '_free'}($handle);
        }
    }

    /** @return array<string, string> */
    public function __debugInfo(): array
    {
        return ['tenantseal' => static::TYPE];
    }

    /** @return array<mixed> */
    public function __serialize(): array
    {
        throw new \LogicException('a tenantseal ' . static::TYPE . ' is not stored: make it in each process');
    }

    /** @param array<mixed> $data */
    public function __unserialize(array $data): void
    {
        throw new \LogicException('a tenantseal ' . static::TYPE . ' is not stored: make it in each process');
    }

    private function __clone()
    {
    }

    /** The native handle, for the next call. */
    protected function native(): int
    {
        if ($this->handle === null) {
            throw new \LogicException('this tenantseal ' . static::TYPE . ' is closed');
        }

        return $this->handle;
    }
}
