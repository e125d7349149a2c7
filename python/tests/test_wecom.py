from __future__ import annotations

import base64
import hashlib
import io
import json
import pickle
import secrets
import shutil
import sys
import threading
import time

import pytest

import tenantseal
from tenantseal.wecom import (
    ANY_RECEIVE_ID,
    Browser,
    Callback,
    JsTicket,
    LoginStates,
    MediaReader,
    MemoryGuard,
    Sender,
    WXBizMsgCrypt,
)

TOKEN, KEY, CORP = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = {
    "msg_signature": "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "timestamp": "1409659589",
    "nonce": "263014780",
    "echostr": "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
}
NOW = 1_409_659_813


def app() -> Callback:
    return Callback.company_app(TOKEN, KEY, CORP, clock=lambda: NOW)


def post(content: str, message_id: str = "1") -> tuple[str, bytes]:
    text = f"<xml><CreateTime>{NOW}</CreateTime><MsgId>{message_id}</MsgId><Content>{content}</Content></xml>"
    return Sender(TOKEN, KEY, CORP).post(text, NOW, "1372623149")


def test_the_official_check_is_answered() -> None:
    raw_query = "&".join(f"{name}={value}" for name, value in ECHO.items())
    then = Callback.company_app(TOKEN, KEY, CORP, clock=lambda: 1_409_659_589.0)
    assert then.verify_url(raw_query) == b"1616140317555161061"
    with pytest.raises(tenantseal.CallbackError):
        Callback.company_app(TOKEN, KEY, CORP).verify_url(raw_query)


def test_a_message_is_opened_once() -> None:
    callback = app()
    query, body = post("hi")
    event = callback.open(query, body)
    assert event.is_fresh and event.claim == "fresh"
    assert (event.get("Content"), event.get("None"), event.timestamp) == ("hi", None, NOW)
    assert event.children()[1] == ("MsgId", "1") and event.receive_id == CORP.encode()
    assert callback.open(query, bytearray(body)).claim == "in_progress"
    event.done()
    assert callback.open(query, body).claim == "done"
    with pytest.raises(tenantseal.ClaimExpiredError):
        callback.open(query, body).done()
    reply = event.reply("<xml>你好</xml>")
    assert Sender(TOKEN, KEY, CORP).open_reply(reply).decode() == "<xml>你好</xml>"


def test_every_refusal_is_one_answer() -> None:
    callback = app()
    query, body = post("hi")
    answers = set()
    for bad_query, bad_body in (
        (query.replace("1409659813", "1409659814"), body),
        (query, body.replace(b"Encrypt><![CDATA[", b"Encrypt><![CDATA[AAAA")),
        Sender(TOKEN, KEY, "ww1").post("<xml/>", NOW, "n"),
        Sender(TOKEN, "A" * 43, CORP).post("<xml/>", NOW, "n"),
    ):
        with pytest.raises(tenantseal.CallbackError) as raised:
            callback.open(bad_query, bad_body)
        answers.add((type(raised.value), str(raised.value), raised.value.code))
    assert len(answers) == 1
    refused = callback.diagnose(*Sender(TOKEN, KEY, "ww1").post("<xml/>", NOW, "n"))
    assert (refused.code, refused.receive_id) == (-40005, b"ww1")
    assert str(refused).startswith("-40005: ") and refused.cause in repr(refused)
    assert callback.diagnose(query, body).code == 0


def test_guards_are_shared_or_absent() -> None:
    guard = MemoryGuard(10)
    query, body = post("hi")
    first = Callback.company_app(TOKEN, KEY, CORP, clock=lambda: NOW, guard=(guard, "a"))
    second = Callback.company_app(TOKEN, KEY, CORP, clock=lambda: NOW, guard=(guard, "a"))
    first.open(query, body).done()
    assert second.open(query, body).claim == "done" and len(guard) == 2
    none = Callback.company_app(TOKEN, KEY, CORP, clock=lambda: NOW, guard=False)
    assert none.open(query, body).is_fresh and none.open(query, body).is_fresh


def test_receive_ids_are_policies() -> None:
    query, body = Sender(TOKEN, KEY, "").post('{"msgid":"1"}', NOW, "n", json=True)
    for messages, fits in (("", True), (ANY_RECEIVE_ID, True), (["a", ""], True), ("a", False), (["a"], False)):
        callback = Callback.custom(TOKEN, KEY, url_check="", messages=messages, clock=lambda: NOW)
        if fits:
            assert callback.open(query, body).get("msgid") == "1"
        else:
            with pytest.raises(tenantseal.CallbackError):
                callback.open(query, body)
    with pytest.raises(TypeError):
        Callback.custom(TOKEN, KEY, url_check=1, messages="")  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        Callback.custom(TOKEN, KEY, url_check="", messages="", binding="never")  # type: ignore[arg-type]


def test_a_clock_that_fails_lets_nothing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> float:
        raise RuntimeError("no time")

    told: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: told.append(str(raised.exc_value)))
    callback = Callback.company_app(TOKEN, KEY, CORP, clock=broken)
    with pytest.raises(tenantseal.CallbackError):
        callback.open(*post("hi"))
    assert told == ["no time"]


def test_credentials_are_checked() -> None:
    for token, key in (("", KEY), ("t t", KEY), (TOKEN, KEY[1:]), (TOKEN, KEY + "=")):
        with pytest.raises(tenantseal.CredentialsError) as raised:
            Callback.company_app(token, key, CORP)
        assert isinstance(raised.value, ValueError) and raised.value.code == 303
    rotated = Callback.company_app("new", "A" * 43, CORP, previous=[(TOKEN, KEY)], clock=lambda: NOW)
    assert rotated.open(*post("hi")).is_fresh


def test_the_class_of_the_official_samples() -> None:
    crypt = WXBizMsgCrypt(TOKEN, KEY, CORP)
    assert crypt.VerifyURL(**ECHO) == (0, b"1616140317555161061")
    assert crypt.VerifyURL(**{**ECHO, "nonce": "263014781"}) == (-40001, None)
    query, body = post("hi")
    parameters = dict(part.split("=") for part in query.split("&"))
    ret, message = crypt.DecryptMsg(body, **parameters)
    assert ret == 0 and message is not None and b"hi" in message
    assert crypt.DecryptMsg(body.decode(), **parameters)[0] == 0
    assert WXBizMsgCrypt(TOKEN, KEY, "ww1").DecryptMsg(body, **parameters) == (-40005, None)
    assert crypt.DecryptMsg(b"<xml/>", **parameters) == (-40002, None)
    for timestamp in (None, "1409659813", NOW):
        ret, reply = crypt.EncryptMsg("你好", "n", timestamp)
        assert ret == 0 and reply is not None
        assert Sender(TOKEN, KEY, CORP).open_reply(reply.decode()).decode() == "你好"
        if timestamp is None:
            stated = int(reply.split(b"<TimeStamp>")[1].split(b"<")[0])
            assert abs(stated - time.time()) < 60
    ret, reply = crypt.EncryptMsg("x", "n", json=True)
    assert ret == 0 and reply is not None and json.loads(reply)["nonce"] == "n"
    assert crypt.EncryptMsg("x", "]]>") == (-40011, None)
    assert "samples" in str(WXBizMsgCrypt.__doc__) and KEY not in repr(crypt)


def clock() -> float:
    return NOW


def test_every_kind_of_app_has_its_rules_and_is_found_behind_one_url() -> None:
    kinds = [
        (Callback.suite_commands("t0", KEY, "wwprovider", "suite", clock=clock), "suite", "success"),
        (Callback.suite_data("t1", KEY, "wwprovider", ["wwa", "wwb"], clock=clock), "wwb", ""),
        (Callback.ai_bot("t2", KEY, clock=clock), "", ""),
        (Callback.official_account("t3", KEY, "wxapp", clock=clock), "wxapp", "success"),
        (Callback.open_platform("t4", KEY, "wxplatform", clock=clock), "wxplatform", "success"),
    ]
    candidates = [callback for callback, *_ in kinds]
    text = f"<xml><CreateTime>{NOW}</CreateTime><MsgId>1</MsgId><A><B>x</B><B>y</B></A></xml>"
    for place, (callback, receive_id, acknowledgement) in enumerate(kinds):
        sender = Sender(f"t{place}", KEY, receive_id)
        query, body = sender.post('{"a": {"b": "x"}}' if place == 2 else text, NOW, "n", json=place == 2)
        found, event = Callback.open_one_of(candidates, query, body)
        assert (found, event.acknowledgement) == (place, acknowledgement)
        assert event.nested("a" if place == 2 else "A") == ([("b", "x")] if place == 2 else [("B", "x"), ("B", "y")])
        with pytest.raises(tenantseal.CallbackError) as raised:
            event.nested("MsgId")
        assert raised.value.code == 302
        reply, content_type = event.reply_with_type("hello")
        assert content_type == ("application/json" if place == 2 else "application/xml")
        assert sender.open_reply(reply) == b"hello"
        event.done()
        assert callback.open(query, body).claim == "done"
        others = candidates[:place] + candidates[place + 1 :]
        with pytest.raises(tenantseal.CallbackError):
            Callback.open_one_of(iter(others), query, body)
    query = Sender("t1", KEY, "wwprovider").get("echo", NOW, "n")
    assert Callback.verify_url_one_of(candidates, query) == (1, b"echo")
    with pytest.raises(tenantseal.CallbackError):
        Callback.verify_url_one_of([], query)
    with pytest.raises(ValueError):
        Callback.verify_url_one_of(candidates[:1] * 9, query)
    with pytest.raises(TypeError):
        Callback.open_one_of(["x"], query, b"")  # type: ignore[list-item]
    with pytest.raises(ValueError):
        Callback.suite_data("t", KEY, "", "ww1")
    old = Callback.ai_bot("new", KEY, previous=[("t2", KEY)], window=300, lease=4, guard=False, clock=clock)
    assert old.open(*Sender("t2", KEY, "").post("{}", NOW, "n", json=True)).is_fresh


MEDIA_KEY = "xwrUChN7xkADQnjhIGzsu2/8tv9KtLJZjXSRthNQjCg"
MEDIA_SEALED = base64.b64decode(
    "bC/VVMJSoDW7NGTL+XT8Kmcb5jm55I1sKPMNMx6q3OWlk5NPx5MMsz6TajDWPbzsX9KLl52P87PBNgOelpODlA=="
)
MEDIA_FILE = base64.b64decode("reqn/rMdZtIRTDKZ+FJCEXp1Nnz0C2Pj00GC/Ckhw7Tp")


def test_a_media_reader_is_a_file() -> None:
    out = io.BytesIO()
    shutil.copyfileobj(MediaReader(io.BytesIO(MEDIA_SEALED), MEDIA_KEY + "="), out)
    assert out.getvalue() == MEDIA_FILE
    with io.BufferedReader(MediaReader(io.BytesIO(MEDIA_SEALED), MEDIA_KEY)) as buffered:
        assert buffered.peek(1)[:1] == MEDIA_FILE[:1] and buffered.read() == MEDIA_FILE
    file = io.BytesIO(MEDIA_SEALED)
    with MediaReader(file, MEDIA_KEY) as media:
        room = bytearray(40)
        assert media.readable() and media.readinto(room) == 32 and room[:32] == MEDIA_FILE[:32]
        assert media.read(0) == b"" and media.read(5) == MEDIA_FILE[32:] and media.read() == b""
        with pytest.raises(TypeError):
            media.readinto(b"fixed")
        assert KEY not in repr(media)
    assert media.closed and not file.closed
    with pytest.raises(ValueError):
        media.read(1)
    with pytest.raises(TypeError):
        pickle.dumps(media)


def test_a_media_file_that_was_cut_is_refused() -> None:
    for cut in (1, 16, 32, len(MEDIA_SEALED)):
        media = MediaReader(io.BytesIO(MEDIA_SEALED[:-cut]), MEDIA_KEY)
        for _ in range(2):
            with pytest.raises(tenantseal.CallbackError) as raised:
                media.read()
            assert raised.value.code == 301
    with pytest.raises(tenantseal.CallbackError):
        MediaReader(io.BytesIO(MEDIA_SEALED), KEY).read()
    for key in ("", KEY[1:], KEY + "=="):
        with pytest.raises(tenantseal.CredentialsError):
            MediaReader(io.BytesIO(), key)


def test_what_a_media_files_source_does_wrong_is_told() -> None:
    class Source:
        def __init__(self, *answers: object) -> None:
            self.answers = list(answers)

        def read(self, size: int, /) -> bytes:
            answer = self.answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer  # type: ignore[return-value]

    # What the source raises is passed on as it is, and reading goes on after it; None is a file that would block.
    reset = ConnectionResetError("gone")
    media = MediaReader(Source(MEDIA_SEALED[:40], reset, None, bytearray(MEDIA_SEALED[40:]), b""), MEDIA_KEY)
    assert media.read(100) == MEDIA_FILE[:32]
    with pytest.raises(ConnectionResetError) as raised:
        media.read(100)
    assert raised.value is reset
    with pytest.raises(BlockingIOError):
        media.read(100)
    assert media.read(100) == MEDIA_FILE[32:] and media.read(100) == b""
    with pytest.raises(KeyboardInterrupt):
        MediaReader(Source(KeyboardInterrupt()), MEDIA_KEY).read()
    for wrong in ("text", 1, bytes(65_537)):
        with pytest.raises(TypeError):
            MediaReader(Source(wrong), MEDIA_KEY).read()
    with pytest.raises(AttributeError):
        MediaReader(object(), MEDIA_KEY).read()  # type: ignore[arg-type]

    # A source that reads its own reader, and threads that share one: an error, and nobody waits for ever.
    class Loop:
        def read(self, size: int, /) -> bytes:
            return media.read(1) or b""

    media = MediaReader(Loop(), MEDIA_KEY)
    with pytest.raises(ValueError):
        media.read(1)
    entered, leave = threading.Event(), threading.Event()

    class Slow:
        def read(self, size: int, /) -> bytes:
            entered.set()
            assert leave.wait(60)
            return b""

    shared = MediaReader(Slow(), MEDIA_KEY)
    told: list[BaseException] = []

    def use() -> None:
        try:
            shared.read(1)
        except tenantseal.CallbackError as error:
            told.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    assert entered.wait(60)
    with pytest.raises(ValueError):
        shared.read(1)
    leave.set()
    thread.join()
    assert len(told) == 1


def test_an_address_is_signed() -> None:
    secret = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3"
    ticket = JsTicket(secret)
    config = ticket.sign("https://app.example.com/contacts?page=2#top")
    text = (
        f"jsapi_ticket={secret}&noncestr={config.nonce_str}&timestamp={config.timestamp}"
        "&url=https://app.example.com/contacts?page=2"
    )
    assert config.signature == hashlib.sha1(text.encode()).hexdigest()
    assert abs(config.timestamp - time.time()) < 60 and secret not in repr(ticket)
    assert config.signature in repr(config) and ticket.sign("https://a/").nonce_str != config.nonce_str
    for wrong in ("javascript:alert(1)", "https://a b", ""):
        with pytest.raises(ValueError):
            ticket.sign(wrong)
    for wrong in ("", "a=b", "a" * 513):
        with pytest.raises(ValueError):
            JsTicket(wrong)


def test_a_login_is_accepted_once_in_its_browser() -> None:
    secret, guard = secrets.token_bytes(32), MemoryGuard(100)
    one, two = (LoginStates.from_secret(secret, guard=(guard, "crm")) for _ in range(2))
    browser = Browser.generate()
    again = Browser.from_cookie(browser.to_cookie())
    state = one.issue(browser, "t-1001")
    assert len(state) == 112 and browser.to_cookie() not in repr(browser)
    for wrong in (
        (state, Browser.generate(), "t-1001"),
        (state, again, b""),
        (state[:-1], again, "t-1001"),
        (one.issue(browser, "t-1001")[:-1] + "g", again, "t-1001"),
    ):
        with pytest.raises(tenantseal.OpenError):
            two.accept(*wrong)
    two.accept(state, again, b"t-1001")
    with pytest.raises(tenantseal.OpenError):
        one.accept(state, browser, "t-1001")
    expired = LoginStates.generate(lifetime=0)
    state = expired.issue(browser, "")
    time.sleep(0.01)
    with pytest.raises(tenantseal.OpenError):
        expired.accept(state, browser, "")
    with pytest.raises(tenantseal.OpenError):
        Browser.from_cookie(browser.to_cookie().upper() + "0")
    for bad in (bytes(32), secret[1:]):
        with pytest.raises(ValueError):
            LoginStates.from_secret(bad)
    with pytest.raises(ValueError):
        LoginStates.generate(lifetime=-1)
    with pytest.raises(ValueError):
        LoginStates.generate(guard=(guard, ""))
    with pytest.raises(TypeError):
        LoginStates.generate(guard=(one, "crm"))  # type: ignore[arg-type]
    for secretive in (one, browser):
        with pytest.raises(TypeError):
            pickle.dumps(secretive)


def test_credentials_are_derived_and_rotate() -> None:
    keys = tenantseal.Keyring.from_kek(secrets.token_bytes(32))
    tenant = keys.create_tenant("t-1001")
    ((_, token, key),) = tenant.callback_credentials("contacts")
    keys.rotate_tenant("t-1001")
    newest, old = tenant.callback_credentials("contacts")
    assert newest[0] == 2 and old == (1, token, key) and newest[1:] != old[1:]
    assert tenant.callback_credentials("crm")[1] != old
    app = Callback.company_app(*newest[1:], CORP, previous=[old[1:]], clock=clock)
    assert app.open(*Sender(token, key, CORP).post(f"<xml><CreateTime>{NOW}</CreateTime></xml>", NOW, "n")).is_fresh
    for wrong in ("", "a" * 129):
        with pytest.raises(ValueError):
            tenant.callback_credentials(wrong)
