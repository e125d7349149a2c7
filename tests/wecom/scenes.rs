//! Every kind of app: which receiveid, which envelope, which echo, which reply.

use std::{io::Read as _, time::Duration};

use serde_json::Value;
use tenantseal::{
    Error,
    wecom::{
        Callback, Claim, ReceiveId,
        media::MediaReader,
        sender::{Sender, encrypt_media},
    },
};

use super::{CORP, Clock, KEY, NOW, OTHER_KEY, TOKEN, claim, text, xml};

const SUITE: &str = "ww4asffe99e54c0f4c";

fn sender_to(receive_id: &str) -> Sender {
    Sender::new(TOKEN, KEY, receive_id).unwrap()
}

fn at(clock: &Clock, app: Result<Callback, Error>) -> Callback {
    app.unwrap().clock(clock.read())
}

/// Who of these receiveids gets an echo, and who a message.
fn reach(app: &Callback) -> (Vec<&'static str>, Vec<&'static str>) {
    let ids = ["", CORP, SUITE, "wwclient1", "wwclient2"];
    let check = |id: &&&str| app.verify_url(&sender_to(id).get("1", NOW, "n").unwrap()).is_ok();
    let open = |id: &&&str| {
        let message = text(NOW, id, "a");
        let (query, body) = sender_to(id).post(message.as_bytes(), NOW, "n").unwrap();
        let event = app.open(&query, &body);
        assert!(event.is_ok() || event.as_ref().err() == Some(&Error::Callback));
        event.is_ok_and(|event| event.receive_id() == id.as_bytes())
    };
    (ids.iter().filter(check).copied().collect(), ids.iter().filter(open).copied().collect())
}

#[test]
fn every_preset_reaches_whom_it_is_for() {
    let clock = Clock::at(NOW);
    let (corp, suite) = (vec![CORP], vec![SUITE]);
    let preset = |app| reach(&at(&clock, app));
    assert_eq!(preset(Callback::company_app(TOKEN, KEY, CORP)), (corp.clone(), corp.clone()));
    assert_eq!(preset(Callback::suite_commands(TOKEN, KEY, CORP, SUITE)), (corp.clone(), suite.clone()));
    let clients = ReceiveId::OneOf(vec!["wwclient1".into(), "wwclient2".into()]);
    assert_eq!(
        preset(Callback::suite_data(TOKEN, KEY, CORP, clients)),
        (corp.clone(), vec!["wwclient1", "wwclient2"])
    );
    assert_eq!(preset(Callback::ai_bot(TOKEN, KEY)), (vec![""], vec![""]));
    // Their URL check has another form.
    assert_eq!(preset(Callback::official_account(TOKEN, KEY, CORP)), (vec![], corp.clone()));
    assert_eq!(preset(Callback::open_platform(TOKEN, KEY, SUITE)), (suite.clone(), suite));
    for unfilled in [
        Callback::suite_commands(TOKEN, KEY, "", SUITE),
        Callback::suite_commands(TOKEN, KEY, CORP, ""),
        Callback::suite_data(TOKEN, KEY, "", ReceiveId::Any),
        Callback::official_account(TOKEN, KEY, ""),
        Callback::open_platform(TOKEN, KEY, ""),
    ] {
        assert_eq!(unfilled.err(), Some(Error::Value));
    }
}

#[test]
fn xml_presets_require_a_time_and_commands_state_theirs() {
    let clock = Clock::at(NOW);
    let ticket = |time: &str| {
        format!("<xml><SuiteId>{SUITE}</SuiteId><InfoType>suite_ticket</InfoType>{time}</xml>").into_bytes()
    };
    let app = at(&clock, Callback::suite_commands(TOKEN, KEY, CORP, SUITE));
    let open = |message: &[u8], nonce: &str| {
        let (query, body) = sender_to(SUITE).post(message, NOW, nonce).unwrap();
        app.open(&query, &body).map(|event| event.acknowledgement())
    };
    assert_eq!(open(&ticket(&format!("<TimeStamp>{NOW}</TimeStamp>")), "a"), Ok("success"));
    assert_eq!(open(&ticket("<TimeStamp>1409000000</TimeStamp>"), "b"), Err(Error::Callback));
    assert_eq!(open(&ticket(""), "c"), Err(Error::Callback));
    let bot = at(&clock, Callback::ai_bot(TOKEN, KEY));
    let open = |message: &str, nonce: &str| {
        let (query, body) = sender_to("").post_json(message.as_bytes(), NOW, nonce).unwrap();
        bot.open(&query, &body).map(|event| event.acknowledgement())
    };
    assert_eq!(open("{\"msgid\":\"1\",\"msgtype\":\"text\"}", "a"), Ok(""));
    assert_eq!(open(&format!("{{\"msgid\":\"2\",\"create_time\":{NOW}}}"), "b"), Ok(""));
    assert_eq!(open("{\"msgid\":\"3\",\"create_time\":1409000000}", "c"), Err(Error::Callback));
}

#[test]
fn a_bots_reply_repeats_the_nonce() {
    let clock = Clock::at(NOW);
    let bot = at(&clock, Callback::ai_bot(TOKEN, KEY));
    let (query, body) = sender_to("").post_json(b"{\"msgid\":\"1\"}", NOW, "nonce-7").unwrap();
    let reply = bot.open(&query, &body).unwrap().reply("{\"msgtype\":\"text\"}".as_bytes()).unwrap();
    assert_eq!(reply.content_type(), "application/json");
    let json: Value = serde_json::from_str(&reply.to_body()).unwrap();
    assert_eq!((&json["nonce"], &json["timestamp"]), (&"nonce-7".into(), &NOW.into()));
    assert!(json["encrypt"].is_string() && json["msgsignature"].is_string());
    assert_eq!(
        sender_to("").open_reply(&reply.to_body()).unwrap().expose_secret(),
        b"{\"msgtype\":\"text\"}"
    );
}

// --- Official Accounts ---------------------------------------------------------------------------------------------

/// Token, AppID, timestamp, nonce, signature, echo: the worked examples of Tencent's documents on message encryption.
const CLEAR_CHECKS: [(&str, u64, &str, &str, &str); 3] = [
    ("spamtest", 1_409_735_669, "1320562132", "16120ec1b8dbb870f510d87ce6bc2463eae6ca1a", "shr5ch"),
    ("AAAAA", 1_714_036_504, "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696", "4375120948345356249"),
    ("AAAAA", 1_714_037_059, "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78", "1"),
];

#[test]
fn an_official_accounts_check_is_in_clear() {
    for (token, time, nonce, signature, echo) in CLEAR_CHECKS {
        let clock = Clock::at(time);
        let app = at(&clock, Callback::official_account(token, KEY, "wx1"));
        let check = |signature: &str, echo: &str, nonce: &str| {
            let query = format!("signature={signature}&echostr={echo}&timestamp={time}&nonce={nonce}");
            let outcome = app.verify_url(&query).map(|found| found.as_bytes() == echo.as_bytes());
            assert_eq!(app.diagnose(&query, b"").code() == 0, outcome.is_ok());
            outcome
        };
        assert_eq!(check(signature, echo, nonce), Ok(true));
        assert_eq!(check(&signature.replace(&signature[..1], "0"), echo, nonce), Err(Error::Callback));
        assert_eq!(check(&signature.to_uppercase(), echo, nonce), Err(Error::Callback));
        assert_eq!(check(signature, echo, &nonce[1..]), Err(Error::Callback));
        for bad in ["", "%3Cscript%3E", "a%20b", &"1".repeat(65)] {
            assert_eq!(check(signature, bad, nonce), Err(Error::Callback), "{bad}");
        }
        let other = at(&clock, Callback::official_account("other", KEY, "wx1"));
        let query = format!("signature={signature}&echostr={echo}&timestamp={time}&nonce={nonce}");
        assert_eq!(other.verify_url(&query).err(), Some(Error::Callback));
        assert!(other.previous(token, OTHER_KEY).unwrap().verify_url(&query).is_ok());
        // A digit that moves leaves the signature as it was.
        let (head, last) = query.split_once(&format!("timestamp={time}")).unwrap();
        let digit = time % 10;
        let moved =
            format!("{head}timestamp={}{}", time / 10, last.replace("nonce=", &format!("nonce={digit}")));
        assert_eq!(app.verify_url(&moved).err(), Some(Error::Callback), "{moved}");
        // A WeCom app takes no check in clear, and an account none without its signature.
        let wecom = at(&clock, Callback::company_app(token, KEY, "wx1"));
        assert_eq!(wecom.verify_url(&query).err(), Some(Error::CallbackFormat));
        let renamed = query.replace("signature", "msg_signature");
        assert_eq!(app.verify_url(&renamed).err(), Some(Error::CallbackFormat));
        for millis in [time * 1000 + 300_000, time * 1000 - 300_000] {
            clock.set(millis);
            assert!(app.verify_url(&query).is_ok());
        }
        for millis in [time * 1000 + 300_001, time * 1000 - 300_001] {
            clock.set(millis);
            assert_eq!(app.verify_url(&query).err(), Some(Error::Callback));
        }
    }
}

#[test]
fn an_official_accounts_message_needs_the_signature_over_its_body() {
    let clock = Clock::at(NOW);
    let app = at(&clock, Callback::official_account(TOKEN, KEY, CORP));
    let message = text(NOW, "1", "a");
    let (query, body) = sender_to(CORP).post(message.as_bytes(), NOW, "n").unwrap();
    let clear = sender_to(CORP).get_clear("1", NOW, "n");
    let signature = clear.split('&').next().unwrap();
    // Both signatures, as the servers send them, and a plaintext beside the ciphertext.
    let both = format!("{signature}&openid=o1&encrypt_type=aes&{query}");
    let beside =
        String::from_utf8(body.clone()).unwrap().replace("<Encrypt>", "<Content>no</Content><Encrypt>");
    let event = app.open(&both, beside.as_bytes()).unwrap();
    assert_eq!((event.inner().unwrap().get("Content"), event.acknowledgement()), (Some("a"), "success"));
    // Without msg_signature, or with the other in its place, there is nothing that covers the body.
    let downgraded = format!("{signature}&timestamp={NOW}&nonce=n");
    assert_eq!(app.open(&downgraded, &body).err(), Some(Error::CallbackFormat));
    assert_eq!(
        app.open(&downgraded, b"<xml><Content>forged</Content></xml>").err(),
        Some(Error::CallbackFormat)
    );
    let misplaced = downgraded.replace("signature", "msg_signature");
    assert_eq!(app.open(&misplaced, &body).err(), Some(Error::Callback));
    assert!(app.diagnose(&misplaced, &body).cause().contains("does not cover the body"));
}

#[test]
fn an_official_accounts_published_json_opens_and_its_reply_has_that_form() {
    // developers.weixin.qq.com, message encryption, secure mode.
    let (token, key, app_id) = ("AAAAA", "A".repeat(43), "wxba5fad812f8e6fb9");
    let encrypt = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDp\
        VzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4\
        M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
    let query = "signature=6c5c811b55cc85e0e1b54100749188c20beb3f5d&timestamp=1714112445&nonce=415670741\
        &openid=o9AgO5Kd5ggOC-bXrbNODIiE3bGY&encrypt_type=aes&msg_signature=046e02f8204d34f8ba5fa3b1db94908f3df2e9b3";
    let body = format!("{{\"ToUserName\": \"gh_97417a04a28d\", \"Encrypt\": \"{encrypt}\"}}");
    let clock = Clock::at(1_714_112_445);
    let app = at(&clock, Callback::official_account(token, &key, app_id));
    let event = app.open(query, body.as_bytes()).unwrap();
    assert_eq!(event.inner().unwrap().get("debug_str"), Some("hello world"));
    let reply = event.reply(b"{\"demo_resp\":\"good luck\"}").unwrap();
    let json: Value = serde_json::from_str(&reply.to_body()).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4);
    assert!(["Encrypt", "MsgSignature", "Nonce"].iter().all(|name| json[name].is_string()));
    assert_eq!(json["TimeStamp"], 1_714_112_445);
    let theirs = Sender::new(token, &key, app_id).unwrap();
    assert_eq!(
        theirs.open_reply(&reply.to_body()).unwrap().expose_secret(),
        b"{\"demo_resp\":\"good luck\"}"
    );
    assert_eq!(theirs.open_reply(&reply.to_xml()).unwrap().expose_secret(), b"{\"demo_resp\":\"good luck\"}");
    // The reply of the same documents.
    let published = "{\"Encrypt\":\"ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32t\
        mxSQ==\",\"MsgSignature\":\"1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1\",\"TimeStamp\":1713424427,\"Nonce\":\"41567\
        0741\"}";
    assert_eq!(theirs.open_reply(published).unwrap().expose_secret(), b"{\"demo_resp\":\"good luck\"}");
}

// --- several callbacks behind one URL ------------------------------------------------------------------------------

#[test]
fn one_of_several_candidates_opens() {
    let clock = Clock::at(NOW);
    let apps: Vec<Callback> = (0..8)
        .map(|n| at(&clock, Callback::company_app(&format!("token{n}"), KEY, &format!("ww{n}"))))
        .collect();
    let candidates: Vec<&Callback> = apps.iter().collect();
    for (n, app) in apps.iter().enumerate() {
        let from = Sender::new(&format!("token{n}"), KEY, &format!("ww{n}")).unwrap();
        let (query, body) = from.post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
        let (place, event) = Callback::open_one_of(&candidates, &query, &body).unwrap();
        assert_eq!((place, event.is_fresh()), (n, true));
        assert_eq!(event.receive_id(), format!("ww{n}").as_bytes());
        assert_eq!(from.open_reply(&event.reply(b"r").unwrap().to_body()).unwrap().expose_secret(), b"r");
        // It went through the guard of the one that opened it.
        assert_eq!(claim(app, &query, &body), Ok(Claim::InProgress));
        let check = from.get("17", NOW, "n").unwrap();
        let (place, echo) = Callback::verify_url_one_of(&candidates, &check).unwrap();
        assert_eq!((place, echo.as_bytes()), (n, &b"17"[..]));
        let without: Vec<&Callback> =
            candidates.iter().copied().filter(|other| !core::ptr::eq(*other, app)).collect();
        assert_eq!(Callback::open_one_of(&without, &query, &body).err(), Some(Error::Callback));
        assert_eq!(Callback::verify_url_one_of(&without, &check).err(), Some(Error::Callback));
    }
    assert_eq!(
        Callback::open_one_of(&[], "msg_signature=a&timestamp=b&nonce=c", &xml("A")).err(),
        Some(Error::Callback)
    );
}

#[test]
fn candidates_that_differ_in_their_receiveid_alone_are_told_apart() {
    // A suite's two URLs have one token and one key; here they are one URL.
    let clock = Clock::at(NOW);
    let commands = at(&clock, Callback::suite_commands(TOKEN, KEY, CORP, SUITE));
    let data = at(&clock, Callback::suite_data(TOKEN, KEY, CORP, ReceiveId::Exact("wwclient1".into())));
    for (id, place) in [(SUITE, 0), ("wwclient1", 1)] {
        let (query, body) = sender_to(id).post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
        assert_eq!(Callback::open_one_of(&[&commands, &data], &query, &body).unwrap().0, place);
    }
    // What two of them open is nobody's.
    let (query, body) = sender_to(SUITE).post(text(NOW, "2", "a").as_bytes(), NOW, "n").unwrap();
    let twice = Callback::open_one_of(&[&commands, &data, &commands], &query, &body);
    assert_eq!(twice.err(), Some(Error::Callback));
    let check = sender_to(CORP).get("17", NOW, "n").unwrap();
    assert_eq!(Callback::verify_url_one_of(&[&commands, &data], &check).err(), Some(Error::Callback));
    assert!(commands.open(&query, &body).unwrap().is_fresh());
}

#[test]
fn candidates_are_bounded() {
    let clock = Clock::at(NOW);
    let app = at(&clock, Callback::company_app(TOKEN, KEY, CORP));
    let (query, body) = sender_to("ww2").post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    let open = |candidates: &[&Callback]| Callback::open_one_of(candidates, &query, &body).err();
    assert_eq!(open(&[&app; 8]), Some(Error::Callback));
    assert_eq!(open(&[&app; 9]), Some(Error::Value));
    assert_eq!(Callback::verify_url_one_of(&[&app; 9], &query).err(), Some(Error::Value));
    let twice = app.clone().previous("t2", KEY).unwrap();
    assert_eq!(open(&[&twice; 8]), Some(Error::Callback));
    let thrice = twice.clone().previous("t3", KEY).unwrap();
    assert_eq!(open(&[&twice, &twice, &twice, &twice, &twice, &twice, &twice, &thrice]), Some(Error::Value));
}

// --- media ---------------------------------------------------------------------------------------------------------

#[test]
fn media_vectors_come_out_as_stated() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/wecom_own_keys.json")).unwrap();
    let media = vectors["media"].as_array().unwrap();
    for case in media {
        let field = |name: &str| case[name].as_str();
        let decode = |text: &str| base64_simd::STANDARD.decode_to_vec(text).unwrap();
        let ciphertext = decode(field("ciphertext_b64").unwrap());
        let mut plain = Vec::new();
        MediaReader::new(&ciphertext[..], field("aeskey").unwrap()).unwrap().read_to_end(&mut plain).unwrap();
        assert_eq!(plain.len(), usize::try_from(case["plaintext_len"].as_u64().unwrap()).unwrap());
        // The longest states only a digest of its plaintext.
        assert_eq!(plain, field("plaintext_b64").map_or_else(|| plain.clone(), decode));
        assert_eq!(encrypt_media(field("aeskey").unwrap(), &plain).unwrap(), ciphertext);
    }
    assert_eq!(media.len(), 11);
}

#[test]
fn windows_and_leases_of_a_preset_can_be_set() {
    let clock = Clock::at(NOW + 900);
    let app = at(&clock, Callback::suite_commands(TOKEN, KEY, CORP, SUITE)).window(Duration::from_secs(900));
    let (query, body) = sender_to(SUITE).post(text(NOW, "1", "a").as_bytes(), NOW, "n").unwrap();
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
}
