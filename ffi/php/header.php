<?php

declare(strict_types=1);

// Prints the header for `ffi.preload`: the declarations, and which library they are of.
require __DIR__ . '/src/Native.php';

echo "#define FFI_SCOPE \"TENANTSEAL\"\n#define FFI_LIB \"", \Tenantseal\Native::library(), "\"\n";
echo \Tenantseal\Native::declarations();
