<?php

declare(strict_types=1);

// For programs that do not use Composer.
spl_autoload_register(static function (string $class): void {
    $name = $class === 'WXBizMsgCrypt' ? $class : null;
    if (strpos($class, 'Tenantseal\\') === 0) {
        $name = str_replace('\\', '/', substr($class, strlen('Tenantseal\\')));
    }
    if ($name !== null && is_file(__DIR__ . "/$name.php")) {
        require __DIR__ . "/$name.php";
    }
});
