"""Seals a cell and a row, and opens those of every language that was here before. Usage: exchange.py FOLDER PLACE"""

import pathlib
import sys

import tenantseal
from tenantseal.store import Vault

folder, place = pathlib.Path(sys.argv[1]), int(sys.argv[2])
keys = tenantseal.Keyring.open(folder / "keys.ts", "correct horse battery")
name = keys.tenant("t-1001").field("member.name")
(folder / f"{place}.cell").write_text(name.seal_text(f"from {place}", row=place))
with Vault.open(folder / "vault.db", keys) as vault:
    rows = vault.tenant("t-1001")
    rows.insert("member", {"mobile": f"1380013800{place}", "name": f"from {place}"})
    for cell in folder.glob("*.cell"):
        assert name.open(cell.read_text(), row=int(cell.stem)) == f"from {cell.stem}"
        found = rows.find("member.mobile", "exact", f"+86 1380013800{cell.stem}")
        assert [row["name"] for row in found] == [f"from {cell.stem}"] * len(found) and found
print("python opened", len(list(folder.glob("*.cell"))))
