<?php

declare(strict_types=1);

namespace Tenantseal;

/** A blind index of a field: equal values share a token. */
final class BlindIndex extends Handle
{
    protected const TYPE = 'index';

    /** @internal @param mixed ...$arguments */
    public function __construct(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        parent::__construct($function, ...$arguments);
    }

    /** The token to store beside a sealed value. */
    public function token(
        #[\SensitiveParameter]
        string $value
    ): int {
        return Native::number('int64_t', 'tenantseal_index_token', $this->native(), $value);
    }

    /**
     * Every token that rows with this value may have, for `WHERE column IN (...)`. Open what is found and compare.
     *
     * @return array<int>
     */
    public function lookup(
        #[\SensitiveParameter]
        string $value
    ): array {
        $ffi = Native::ffi();
        $len = $ffi->new('size_t');
        $room = 16;
        do {
            $capacity = $room;
            $tokens = $ffi->new("int64_t[$capacity]");
            $status = $ffi->tenantseal_index_lookup($this->native(), $value, strlen($value), $tokens, $capacity, \FFI::addr($len));
            $room = $len->cdata;
        } while ($status !== 0 && $room > $capacity);
        Native::check($status);
        $found = [];
        for ($number = 0; $number < $len->cdata; $number++) {
            $found[] = $tokens[$number];
        }

        return $found;
    }

    /** Whether two values are the same to this index. */
    public function matches(
        #[\SensitiveParameter]
        string $left,
        #[\SensitiveParameter]
        string $right
    ): bool {
        return Native::number('int32_t', 'tenantseal_index_matches', $this->native(), $left, $right) === 1;
    }
}
