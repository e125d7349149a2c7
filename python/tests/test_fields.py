from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

import tenantseal
from tenantseal import UNBOUND, Keyring, store, wecom

NUMBER = "13800138000"


def test_a_value_opens_in_its_own_place_alone(keys: Keyring) -> None:
    mobile = keys.tenant("t-1001").field("member.mobile")
    sealed = mobile.seal(NUMBER, row=42)
    assert len(sealed) == 64 + len(NUMBER)
    for form in (sealed, bytearray(sealed), memoryview(sealed), mobile.seal_text(NUMBER, row=42)):
        assert mobile.open(form, row=42) == NUMBER
    assert mobile.open_masked(sealed, row=42) == "138****8000"
    for wrong in (43, "42", b"42"):
        with pytest.raises(tenantseal.OpenError) as raised:
            mobile.open(sealed, row=wrong)
        assert raised.value.code == 201
    with pytest.raises(tenantseal.OpenError) as raised:
        keys.tenant("t-2002").field("member.mobile").open(sealed, row=42)
    assert raised.value.code == 202
    with pytest.raises(tenantseal.OpenError):
        mobile.compartment("board").open(sealed, row=42)
    assert tenantseal.cell_header(sealed)[:2] == (1, 1)


def test_values_of_other_types_go_and_come_in_their_text_form(kek: bytes) -> None:
    kinds = {
        "i64": ("-42", "4.2"),
        "f64": ("0.1", "NaN"),
        "bool": ("true", "yes"),
        "decimal": ("-12.50", "1e3"),
        "date": ("1990-02-28", "1990-02-30"),
        "timestamp": ("2025-06-15T15:06:40Z", "yesterday"),
        "json": ('{"a": 1}', "{"),
    }
    fields = ",".join(
        f'{{"table":"t","column":"c_{kind}","type":"{kind}","storage":"cell","class":["personal"],"bind":"row"}}'
        for kind in kinds
    )
    keys = Keyring.from_kek(kek)
    keys.install_policy(f'{{"tenantseal_policy":1,"version":1,"fields":[{fields}]}}')
    tenant = keys.create_tenant("t")
    for kind, (good, bad) in kinds.items():
        field = tenant.field(f"t.c_{kind}")
        assert field.open(field.seal(good, row=1), row=1) == good
        assert field.open_many(field.seal_many([good, None], rows=[1, 2]), rows=[1, 2]) == [good, None]
        with pytest.raises(tenantseal.InvalidValueError):
            field.seal(bad, row=1)
        with pytest.raises(tenantseal.WrongTypeError):
            field.seal(good.encode(), row=1)


def test_rows_of_every_kind(keys: Keyring) -> None:
    tenant = keys.tenant("t-1001")
    note, free = tenant.field("member.note"), tenant.field("asset.free")
    assert note.open(note.seal("x", row=("zhang", 7)), row=("zhang", 7)) == "x"
    assert free.open(free.seal(b"\0\xff", row=UNBOUND), row=UNBOUND) == b"\0\xff"
    for field, row in ((note, 7), (note, ("zhang",)), (free, 7), (note, UNBOUND)):
        with pytest.raises(tenantseal.InvalidValueError) as raised:
            field.seal("x" if field is note else b"x", row=row)
        assert raised.value.code == 104


def test_many_values_in_one_call(keys: Keyring) -> None:
    mobile = keys.tenant("t-1001").field("member.mobile")
    values = [f"138{n:08}" if n % 7 else None for n in range(1000)]
    cells = mobile.seal_many(values, rows=range(1000))
    assert [cell is None for cell in cells] == [value is None for value in values]
    assert mobile.open_many(cells, rows=range(1000)) == values
    assert mobile.open(cells[1] or b"", row=1) == values[1]
    index = mobile.index("exact")
    tokens = index.token_many(values)
    assert tokens[1] == index.token("13800000001") and tokens[0] is None
    assert tokens[1] in index.lookup("+86 138 0000 0001")
    assert index.matches("13800000001", "+86 138 0000 0001") and not index.matches(NUMBER, "x")
    cells[5] = cells[6]
    with pytest.raises(tenantseal.OpenError) as raised:
        mobile.open_many(cells, rows=range(1000))
    assert raised.value.position == 5
    with pytest.raises(tenantseal.WrongTypeError) as wrong:
        mobile.seal_many([None, "a", b"b"], rows=[0, 1, 2])
    assert wrong.value.position == 2
    with pytest.raises(ValueError, match="as many rows"):
        mobile.seal_many(["a"], rows=[])


def test_masks_are_sealed_apart(keys: Keyring) -> None:
    mobile = keys.tenant("t-1001").field("member.mobile")
    mask = mobile.mask()
    sealed = mask.seal(NUMBER, row=1)
    assert mask.open(sealed, row=1) == "138****8000"
    with pytest.raises(tenantseal.OpenError):
        mobile.open(sealed, row=1)


def test_what_is_no_value_or_row_is_refused(keys: Keyring) -> None:
    mobile = keys.tenant("t-1001").field("member.mobile")
    for value in (None, 1, 1.5, ["x"], object()):
        with pytest.raises(TypeError):
            mobile.seal(value, row=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        mobile.seal("\ud800", row=1)
    no_rows: list[Any] = [None, True, 1.5, [1], {}, (1, None)]
    for row in no_rows:
        with pytest.raises(TypeError):
            mobile.seal(NUMBER, row=row)
    for key in (1 << 63, -(1 << 63) - 1, "\ud800"):
        with pytest.raises(ValueError):
            mobile.seal(NUMBER, row=key)
    with pytest.raises(TypeError):
        mobile.seal(NUMBER, 1)  # type: ignore[call-arg]
    for many in ("abc", b"abc", 5, None):
        with pytest.raises(TypeError):
            mobile.seal_many(many, rows=[1, 2, 3])  # type: ignore[arg-type]
    for sealed in (b"", b"\xf8", "ts1.", "ts1.é", b"\xf8" * 100):
        with pytest.raises(tenantseal.OpenError):
            mobile.open(sealed, row=1)
    with pytest.raises(tenantseal.NotFoundError):
        keys.tenant("nobody")
    with pytest.raises(LookupError):
        keys.tenant("t-1001").field("member.none")


def test_what_a_callers_object_raises_or_states_is_not_believed_or_hidden(
    tmp_path: Path, keys: Keyring, kek: bytes
) -> None:
    class Key:
        def __index__(self) -> int:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.tenant("t-1001").field("member.mobile").seal(NUMBER, row=Key())

    class Long(list[Any]):
        def __len__(self) -> int:
            return 1 << 40

    records = Long(keys.records())
    assert tenantseal.Keyring.from_kek(kek, records).tenant_ids() == keys.tenant_ids()
    store.Vault.open(tmp_path / "vault.db", keys, names=Long([("member", "people")])).close()
    token, key = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
    wecom.Callback.custom(token, key, url_check="", messages=Long(["ww1"]), previous=Long([(token, key)]))
    with pytest.raises(TypeError) as raised:
        keys.tenant("t-1001").field("member.mobile").seal_many([NUMBER, float("nan")], rows=[1, 2])  # type: ignore[list-item]
    assert raised.value.__notes__ == ["at position 1"]
    for many in ("ab", b"ab", 5):
        with pytest.raises(TypeError):
            tenantseal.Keyring.from_kek(kek, many)  # type: ignore[arg-type]


def test_a_broken_policy_names_its_field() -> None:
    with pytest.raises(tenantseal.PolicyError) as raised:
        tenantseal.check_policy(
            '{"tenantseal_policy":1,"version":1,"fields":[{"table":"m","column":"id_card","type":"text",'
            '"content":"id_card","storage":"plain","class":["public"],"bind":"row"}]}'
        )
    assert (raised.value.code, raised.value.field) == (130, 0)
    assert isinstance(raised.value, ValueError)


def test_nothing_secret_is_shown_and_nothing_pickles(keys: Keyring, kek: bytes) -> None:
    tenant = keys.tenant("t-1001")
    mobile = tenant.field("member.mobile")
    for secret in (keys, tenant, mobile, mobile.index("exact"), mobile.mask()):
        assert kek.hex() not in repr(secret) and NUMBER not in repr(secret)
        for copying in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                copying(secret)
    assert pickle.loads(pickle.dumps(UNBOUND)) == UNBOUND
    with pytest.raises(tenantseal.OpenError) as raised:
        mobile.open(mobile.seal(NUMBER, row=1), row=2)
    assert NUMBER not in str(raised.value) + repr(raised.value)


def test_records_make_the_same_keyring_again(keys: Keyring, kek: bytes) -> None:
    sealed = keys.tenant("t-1001").field("member.mobile").seal(NUMBER, row=1)
    again = Keyring.from_kek(kek, keys.records())
    again.install_policy(keys.policy())
    assert again.tenant("t-1001").field("member.mobile").open(sealed, row=1) == NUMBER
    assert again.tenant_ids() == [b"t-1001", b"t-2002"]
    assert (again.rotate_tenant("t-1001"), again.rotate_index("t-1001")) == (2, 2)
    again.add_alias("ww1", "t-1001")
    assert again.tenant_by_alias("ww1").id == b"t-1001"
    with pytest.raises(tenantseal.OpenError):
        Keyring.from_kek(bytes(31) + b"\x01", keys.records())
    for bad in (b"", bytes(32), bytes(31)):
        with pytest.raises(tenantseal.InvalidValueError):
            Keyring.from_kek(bad)


def test_threads_share_a_field(keys: Keyring) -> None:
    mobile = keys.tenant("t-1001").field("member.mobile")
    cells: list[list[bytes | None]] = []
    work = threading.Barrier(4)

    def seal() -> None:
        work.wait()
        cells.append(mobile.seal_many([NUMBER] * 500, rows=range(500)))

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({cell for some in cells for cell in some}) == 2000
