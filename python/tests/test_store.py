from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tenantseal
from tenantseal import Keyring, aio
from tenantseal.store import Vault

NUMBER = "13800138000"


def test_a_row_is_sealed_found_listed_changed_and_deleted(tmp_path: Path, keys: Keyring) -> None:
    path = tmp_path / "vault.db"
    with Vault.open(path, keys) as vault:
        acme, other = vault.tenant("t-1001"), vault.tenant("t-2002")
        row = acme.insert(
            "member",
            {"mobile": NUMBER, "photo": b"\0\xff", "userid": "zhang", "age": 41, "note": None},
            compartment="board",
        )
        record = acme.get("member", row)
        assert record is not None and (record.id, record.compartment) == (row, "board")
        assert (record["mobile"], record["photo"], record["age"]) == (NUMBER, b"\0\xff", 41)
        assert dict(record) == {"mobile": NUMBER, "photo": b"\0\xff", "userid": "zhang", "age": 41}
        assert list(record) == record.keys() and record.items() == list(dict(record).items())
        assert record.values() == list(dict(record).values())
        assert record.get("note", "none") == "none" and "note" not in record and len(record) == 4
        with pytest.raises(KeyError):
            record["note"]
        assert NUMBER not in repr(record)
        assert [r.id for r in acme.find("member.mobile", "exact", "+86 138 0013 8000")] == [row]
        assert other.find("member.mobile", "exact", NUMBER) == [] and other.get("member", row) is None
        listed = acme.list_masked("member")
        assert listed[0]["mobile"] == "138****8000" and listed[0].get("photo") == "****"
        assert list(listed[0]) == listed[0].keys() and dict(listed[0].items()) == dict(listed[0])
        assert listed[0].values() == list(dict(listed[0]).values())
        assert acme.update("member", row, {"mobile": "13900139000"})
        assert not other.update("member", row, {"mobile": NUMBER}) and not other.delete("member", row)
        assert acme.find("member.mobile", "exact", NUMBER) == []
        assert acme.delete("member", row) and not acme.delete("member", row)
    raw = path.read_bytes()
    assert NUMBER.encode() not in raw and b"13900139000" not in raw


def test_transactions_are_all_or_nothing(tmp_path: Path, keys: Keyring) -> None:
    with Vault.open(tmp_path / "vault.db", keys) as vault:
        acme = vault.tenant("t-1001")
        with acme.begin() as two:
            first = two.insert("member", {"mobile": NUMBER})
            assert two.find("member.mobile", "exact", NUMBER)[0].id == first
            assert acme.get("member", first) is None
        assert acme.get("member", first) is not None
        with pytest.raises(RuntimeError, match="stop"), acme.begin() as two:
            two.delete("member", first)
            raise RuntimeError("stop")
        assert acme.get("member", first) is not None
        with pytest.raises(tenantseal.StoreError):
            two.insert("member", {})
        gone = acme.begin()
        gone.insert("member", {"mobile": NUMBER})
        gone.rollback()
        gone.rollback()
        with pytest.raises(tenantseal.StoreError):
            gone.commit()
        assert len(acme.list_masked("member")) == 1


def test_what_is_closed_or_wrong_is_refused(tmp_path: Path, keys: Keyring) -> None:
    vault = Vault.open(tmp_path / "vault.db", keys)
    acme = vault.tenant("t-1001")
    wrong_types: list[Any] = [
        {"mobile": 1},
        {"mobile": b"x"},
        {"age": "x"},
        {"age": 1.5},
        {"mobile": []},
        {1: "x"},
        [("mobile", "x")],
    ]
    for values in wrong_types:
        with pytest.raises(TypeError):
            acme.insert("member", values)
    wrong_values: list[Any] = [{"mobile": "x"}, {"age": 1 << 64}, {"mobile": "\ud800"}]
    for values in wrong_values:
        with pytest.raises(ValueError):
            acme.insert("member", values)
    with pytest.raises(tenantseal.NotFoundError):
        acme.insert("member", {"none": "x"})
    with pytest.raises(tenantseal.NotFoundError):
        vault.tenant("nobody")
    assert acme.list_masked("member") == []
    vault.close()
    vault.close()
    for call in (
        lambda: acme.get("member", 1),
        lambda: acme.insert("member", {}),
        lambda: vault.tenant("t-1001"),
        acme.begin,
    ):
        with pytest.raises(tenantseal.StoreError) as raised:
            call()
        assert raised.value.code == 401
    with pytest.raises(TypeError):
        Vault.open(tmp_path / "vault.db", object())  # type: ignore[arg-type]


def test_threads_write_without_losing_rows(tmp_path: Path, keys: Keyring) -> None:
    with Vault.open(tmp_path / "vault.db", keys) as vault:
        acme = vault.tenant("t-1001")
        threads = [
            threading.Thread(target=lambda: [acme.insert("member", {"mobile": NUMBER}) for _ in range(20)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(acme.find("member.mobile", "exact", NUMBER)) == 80


def test_the_async_face_is_the_same(tmp_path: Path, keys: Keyring) -> None:
    async def run() -> None:
        async with await aio.Vault.open(tmp_path / "vault.db", keys) as vault:
            acme = await vault.tenant("t-1001")
            row = await acme.insert("member", {"mobile": NUMBER})
            record = await acme.get("member", row)
            assert record is not None and record["mobile"] == NUMBER
            assert [r.id for r in await acme.find("member.mobile", "exact", NUMBER)] == [row]
            async with acme.begin() as two:
                assert await two.update("member", row, {"mobile": "13900139000"})
                assert (await two.find("member.mobile", "exact", NUMBER)) == []
            with pytest.raises(RuntimeError, match="stop"):
                async with acme.begin() as two:
                    await two.delete("member", row)
                    raise RuntimeError("stop")
            assert [m["mobile"] for m in await acme.list_masked("member")] == ["139****9000"]
            assert await acme.delete("member", row)
            with pytest.raises(RuntimeError, match="async with"):
                await acme.begin().get("member", row)

    asyncio.run(run())


def turns_of_another_thread_at_the_end(vault: Vault) -> int:
    """How often another thread has its turn while a transaction's end waits for a long call of its own."""
    two = vault.tenant("t-1001").begin()
    long = threading.Thread(target=two.insert, args=("member", {"photo": bytes(1 << 27)}))
    ending, ended = threading.Event(), threading.Event()
    turns: list[None] = []

    def turn() -> None:
        ending.wait()
        while not ended.wait(0.001):
            turns.append(None)

    other = threading.Thread(target=turn)
    other.start()
    long.start()
    time.sleep(0.02)
    ending.set()
    two.__exit__(ValueError)  # A rollback, which is quick where a commit may be long.
    ended.set()
    for thread in (long, other):
        thread.join()
    return len(turns)


def test_the_end_of_a_transaction_waits_without_the_interpreter(tmp_path: Path, keys: Keyring) -> None:
    # Were the interpreter held, the other thread could have a turn before the end and one after it, never ten. The
    # end may also come before or after the long call, on a busy machine; hence more than one attempt.
    with Vault.open(tmp_path / "vault.db", keys) as vault:
        assert any(turns_of_another_thread_at_the_end(vault) >= 10 for _ in range(5))


def test_async_writers_wait_without_taking_the_threads_of_the_transaction(tmp_path: Path, keys: Keyring) -> None:
    async def run() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2))
        async with await aio.Vault.open(tmp_path / "vault.db", keys) as vault:
            acme = await vault.tenant("t-1001")

            async def both() -> None:
                async with acme.begin() as two:
                    await two.insert("member", {"mobile": NUMBER})
                    await two.insert("member", {"mobile": NUMBER})
                with pytest.raises(tenantseal.StoreError):
                    await two.insert("member", {"mobile": NUMBER})

            await asyncio.gather(*(both() for _ in range(8)), *(acme.insert("member", {}) for _ in range(8)))
            assert len(await acme.list_masked("member")) == 24

    asyncio.run(run())


def test_an_async_transaction_that_is_cancelled_leaves_nothing(tmp_path: Path, keys: Keyring) -> None:
    async def run() -> None:
        async with await aio.Vault.open(tmp_path / "vault.db", keys) as vault:
            acme = await vault.tenant("t-1001")
            kept = []

            async def much() -> None:
                async with acme.begin() as two:
                    kept.append(two)
                    while True:
                        await two.insert("member", {"photo": bytes(1 << 20)})

            for wait in range(20):
                task = asyncio.create_task(much())
                await asyncio.sleep(wait / 1000)
                # Once in the transaction, and once more while it is taken back.
                for _ in range(3):
                    task.cancel()
                    await asyncio.sleep(0)
                with pytest.raises(asyncio.CancelledError):
                    await task
                await acme.insert("member", {"mobile": NUMBER})
            assert len(await acme.list_masked("member")) == 20

    asyncio.run(run())


def test_columns_that_change_while_they_are_read_are_those_of_the_call(tmp_path: Path, keys: Keyring) -> None:
    values: dict[str, Any] = {}

    class Photo:
        def __buffer__(self, flags: int) -> memoryview:
            values["mobile"] = NUMBER
            return memoryview(b"photo")

    values["photo"] = Photo()
    with Vault.open(tmp_path / "vault.db", keys) as vault:
        acme = vault.tenant("t-1001")
        try:
            row = acme.insert("member", values)
        except TypeError:
            assert sys.version_info < (3, 12), "classes have no buffers before"
        else:
            record = acme.get("member", row)
            assert record is not None and dict(record) == {"photo": b"photo"}


def test_a_patience_of_any_length_is_taken(tmp_path: Path, keys: Keyring) -> None:
    for seconds in (0, 0.5, 1e10, 1.8e19):
        Vault.open(tmp_path / "vault.db", keys, busy_timeout=seconds).close()
    for seconds in (-1, float("nan"), float("inf"), 1e20):
        with pytest.raises(ValueError):
            Vault.open(tmp_path / "vault.db", keys, busy_timeout=seconds)


def test_after_a_fork_keys_work_and_a_vault_is_refused(tmp_path: Path, keys: Keyring) -> None:
    vault = Vault.open(tmp_path / "vault.db", keys)
    acme = vault.tenant("t-1001")
    mobile = keys.tenant("t-1001").field("member.mobile")
    mobile.seal(NUMBER, row=0)
    mobile.seal(NUMBER, row=0)
    forking = multiprocessing.get_context("fork")
    results = forking.SimpleQueue()

    def work() -> None:
        cells = [mobile.seal(NUMBER, row=row) for row in range(100)]
        assert mobile.open(cells[7], row=7) == NUMBER
        try:
            acme.get("member", 1)
        except tenantseal.ForkedError as error:
            results.put([cell[24:48] for cell in cells] if error.code == 503 else [])

    children = [forking.Process(target=work) for _ in range(64)]
    nonces: set[bytes] = set()
    for child in children:
        child.start()
        nonces.update(results.get())
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert len(nonces) == 6400
    vault.close()
