<?php

declare(strict_types=1);

// Seals a cell and a row, and opens those of every language that was here before. Usage: exchange.php FOLDER PLACE

require __DIR__ . '/../../ffi/php/src/autoload.php';

[, $folder, $place] = $argv;
$keys = Tenantseal\Keyring::open("$folder/keys.ts", 'correct horse battery');
$name = $keys->tenant('t-1001')->field('member.name');
file_put_contents("$folder/$place.cell", $name->sealText("from $place", (int) $place));
$rows = Tenantseal\Vault::open("$folder/vault.db", $keys)->tenant('t-1001');
$rows->insert('member', ['mobile' => "1380013800$place", 'name' => "from $place"]);
$cells = glob("$folder/*.cell");
foreach ($cells as $cell) {
    $other = basename($cell, '.cell');
    $found = $rows->find('member.mobile', 'exact', "+86 1380013800$other");
    $names = array_map(static function ($row) { return $row->get('name'); }, $found);
    if ($name->open((string) file_get_contents($cell), (int) $other) !== "from $other" || array_unique($names) !== ["from $other"]) {
        fwrite(STDERR, "php does not open $other\n");
        exit(1);
    }
}
echo 'php opened ', count($cells), "\n";
