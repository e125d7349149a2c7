<?php

declare(strict_types=1);

namespace Tenantseal;

/**
 * The native library: one for the whole process, and the only place that calls it.
 *
 * It is looked for where the environment variable TENANTSEAL_LIBRARY points to, then in the package's folder `lib`, then
 * where the system looks for libraries. Under php-fpm FFI is for preloaded files only: README.md says how.
 *
 * @internal
 */
final class Native
{
    /** The status of a buffer that is too small, and of what is not there: tenantseal.h. */
    private const BUFFER_TOO_SMALL = 2;
    private const ABSENT = 5;

    /** What is written goes through this buffer, which is kept: to make one costs more than most calls. */
    private const ROOM = 16384;

    /** @var \FFI|null */
    private static $ffi;
    /** @var array{0: \FFI\CData, 1: \FFI\CData}|null That buffer and its length, while no call uses them. */
    private static $kept;

    /** The process that loaded the library. */
    public static function ffi(): \FFI
    {
        if (self::$ffi === null) {
            self::$ffi = self::load();
        }

        return self::$ffi;
    }

    /**
     * The declarations in the form that FFI::cdef takes. Inputs become `const char *`, so that PHP passes its strings as
     * they are, without a copy. Handles become numbers: they point nowhere, and PHP follows a pointer when it shows one, as
     * print_r() and every logger does with the arguments in a stack trace.
     */
    public static function declarations(): string
    {
        foreach ([__DIR__ . '/../lib', __DIR__ . '/../../include'] as $folder) {
            if (is_file("$folder/tenantseal_ffi.h")) {
                $header = (string) file_get_contents("$folder/tenantseal_ffi.h");
                $header = str_replace('const uint8_t *', 'const char *', $header);

                return (string) preg_replace('/(const )?\btenantseal_\w+ \*/', 'uintptr_t ', $header);
            }
        }
        throw new \RuntimeException('tenantseal_ffi.h is not in the package');
    }

    /** Where the library is. */
    public static function library(): string
    {
        $named = getenv('TENANTSEAL_LIBRARY');
        if ($named !== false && $named !== '') {
            return $named;
        }
        $bundled = __DIR__ . '/../lib/libtenantseal.so.0';

        return is_file($bundled) ? (string) realpath($bundled) : 'libtenantseal.so.0';
    }

    /**
     * Calls a function and throws unless it succeeds. A string becomes its pointer and its length.
     *
     * @param mixed ...$arguments
     */
    public static function call(
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ): void {
        self::check(self::status($function, $arguments));
    }

    /**
     * Calls a function that stores one number of that C type.
     *
     * @param mixed ...$arguments
     * @return int|float
     */
    public static function number(
        string $type,
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ) {
        $number = self::ffi()->new($type);
        self::call($function, ...array_merge($arguments, [\FFI::addr($number)]));

        return $number->cdata;
    }

    /**
     * Calls a function that writes bytes, with room for $capacity at first.
     *
     * @param mixed ...$arguments
     */
    public static function bytes(
        int $capacity,
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ): string {
        $bytes = self::bytesOrStatus($capacity, $function, $arguments, $status);
        self::check($status);

        return $bytes;
    }

    /**
     * As bytes(), with null for what is not there.
     *
     * @param mixed ...$arguments
     */
    public static function optional(
        int $capacity,
        string $function,
        #[\SensitiveParameter]
        ...$arguments
    ): ?string {
        $bytes = self::bytesOrStatus($capacity, $function, $arguments, $status);
        if ($status === self::ABSENT) {
            return null;
        }
        self::check($status);

        return $bytes;
    }

    /**
     * As bytes(), for functions whose status is the answer.
     *
     * @param array<mixed> $arguments
     */
    public static function bytesOrStatus(
        int $capacity,
        string $function,
        #[\SensitiveParameter]
        array $arguments,
        ?int &$status
    ): string {
        $room = max($capacity, self::ROOM);
        if ($room === self::ROOM && self::$kept !== null) {
            // Taken away while in use: a signal handler or a destructor may call, too, before the result is read.
            [$out, $len] = self::$kept;
            self::$kept = null;
        } else {
            [$out, $len] = [self::ffi()->new("uint8_t[$room]"), self::ffi()->new('size_t')];
        }
        $status = self::status($function, array_merge($arguments, [$out, $room, \FFI::addr($len)]));
        $needed = $len->cdata;
        $bytes = '';
        if ($status === 0) {
            $bytes = \FFI::string($out, $needed);
            \FFI::memset($out, 0, $needed);
        }
        if ($room === self::ROOM) {
            self::$kept = [$out, $len];
        }
        if ($status === self::BUFFER_TOO_SMALL && $needed > $room) {
            return self::bytesOrStatus($needed, $function, $arguments, $status);
        }

        return $bytes;
    }

    /** An array of 64-bit numbers, from a list. @param array<int> $numbers */
    public static function numbers(string $type, array $numbers): \FFI\CData
    {
        $count = max(count($numbers), 1);
        $array = self::ffi()->new("{$type}[$count]");
        if ($numbers !== []) {
            \FFI::memcpy($array, pack('q*', ...$numbers), 8 * count($numbers));
        }

        return $array;
    }

    /** A number that has no sign in C: FFI would make another number of one that does not fit. */
    public static function unsigned(int $number, int $most = 0xffffffff): int
    {
        if ($number < 0 || $number > $most) {
            throw new \InvalidArgumentException('the number is negative or too large');
        }

        return $number;
    }

    /** Throws what a status stands for. */
    public static function check(int $status): void
    {
        if ($status !== 0) {
            throw TenantsealException::of($status);
        }
    }

    /** @param array<mixed> $arguments */
    private static function status(
        string $function,
        #[\SensitiveParameter]
        array $arguments
    ): int {
        // A string is a pointer and a length.
        $expanded = [];
        foreach ($arguments as $argument) {
            $expanded[] = $argument;
            if (is_string($argument)) {
                $expanded[] = strlen($argument);
            }
        }

        return self::ffi()->$function(...$expanded);
    }

    private static function load(): \FFI
    {
        if (!class_exists(\FFI::class)) {
            throw new \RuntimeException('the PHP extension ffi is not there');
        }
        try {
            return \FFI::scope('TENANTSEAL');
        } catch (\FFI\Exception $notPreloaded) {
        }
        try {
            return \FFI::cdef(self::declarations(), self::library());
        } catch (\FFI\Exception $missing) {
            throw new \RuntimeException(
                self::library() . ' cannot be loaded: run make install-c, or set TENANTSEAL_LIBRARY; under php-fpm, preload',
                0,
                $missing
            );
        }
    }
}
