from __future__ import annotations

from pathlib import Path

import pytest

import tenantseal
from conftest import POLICY

ROOT = Path(__file__).parents[2]


def test_a_key_file_opens_again_with_its_passphrase_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.ts"
    keys = tenantseal.Keyring.create(path, "correct horse battery")
    keys.install_policy(POLICY)
    keys.create_tenant("t-1001")
    assert path.stat().st_mode & 0o777 == 0o600
    again = tenantseal.Keyring.open(str(path), b"correct horse battery")
    assert again.tenant("t-1001").id == b"t-1001"
    with pytest.raises(tenantseal.KeyFileError):
        tenantseal.Keyring.open(path, "another passphrase")
    with pytest.raises(tenantseal.AlreadyExistsError):
        tenantseal.Keyring.create(path, "correct horse battery")
    with pytest.raises(OSError):
        tenantseal.Keyring.open(tmp_path / "none", "correct horse battery")
    with pytest.raises(ValueError):
        tenantseal.Keyring.create(tmp_path / "new", "short")


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_python_of_the_readme_runs(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = (ROOT / page).read_text().split("```python\n")[1:]
    assert blocks
    for block in blocks:
        exec(compile(block.split("```")[0], page, "exec"), {})  # noqa: S102
