from __future__ import annotations

import json
import sys
import time

import pytest

import tenantseal
from tenantseal.wecom import ANY_RECEIVE_ID, Callback, MemoryGuard, Sender, WXBizMsgCrypt

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
