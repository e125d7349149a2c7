//! A sample of every kind of message, in the form of WeCom's documents.

use tenantseal::{
    Error,
    wecom::{
        Inner,
        message::{ChangeContact, Message},
    },
};

const HEAD: &str = "<ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName>\
    <CreateTime>1750000000</CreateTime>";

fn xml(children: &str) -> String {
    format!("<xml>{HEAD}{children}<AgentID>1000002</AgentID></xml>")
}

fn event(name: &str, children: &str) -> String {
    xml(&format!("<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>{children}"))
}

fn command(name: &str, children: &str) -> String {
    format!(
        "<xml><SuiteId><![CDATA[wwsuite]]></SuiteId><InfoType><![CDATA[{name}]]></InfoType>\
         <TimeStamp>1750000000</TimeStamp>{children}</xml>"
    )
}

/// Every sample must be read, must keep what it does not know, and must miss each field that it cannot do without.
fn check(message: &str, required: &[&str], look: impl Fn(&Message<'_>)) {
    let inner = Inner::parse(message.as_bytes()).unwrap();
    look(&inner.message().unwrap());
    for name in required {
        let cut = message.replace(&format!("<{name}>"), "<Gone>").replace(&format!("</{name}>"), "</Gone>");
        assert_ne!(cut, message, "{name}");
        let inner = Inner::parse(cut.as_bytes()).unwrap();
        assert_eq!(inner.message().err(), Some(Error::CallbackFormat), "{name}");
    }
}

macro_rules! is {
    ($kind:ident, $found:ident => $look:block) => {
        |message: &Message<'_>| {
            let Message::$kind($found) = message else { panic!("{message:?}") };
            $look
        }
    };
}

#[test]
fn messages_of_members_are_read() {
    let text = "<MsgType>text</MsgType><Content><![CDATA[你好 <b>&]]></Content><MsgId>4561255354251345929</MsgId>\
        <Extra>kept</Extra>";
    check(
        &xml(text),
        &["Content"],
        is!(Text, text => {
            assert_eq!(text.content, "你好 <b>&");
            assert_eq!(text.other().collect::<Vec<_>>(), [("Extra", "kept")]);
        }),
    );
    let image =
        "<MsgType>image</MsgType><PicUrl><![CDATA[https://p.example/a]]></PicUrl><MediaId>m1</MediaId>";
    check(
        &xml(image),
        &["MediaId"],
        is!(Image, image => {
            assert_eq!((image.media_id, image.pic_url), ("m1", Some("https://p.example/a")));
        }),
    );
    let voice = "<MsgType>voice</MsgType><MediaId>m1</MediaId><Format>amr</Format>";
    check(
        &xml(voice),
        &["MediaId"],
        is!(Voice, voice => {
            assert_eq!((voice.media_id, voice.format), ("m1", Some("amr")));
        }),
    );
    let video = "<MsgType>video</MsgType><MediaId>m1</MediaId><ThumbMediaId>m2</ThumbMediaId>";
    check(
        &xml(video),
        &["MediaId"],
        is!(Video, video => {
            assert_eq!((video.media_id, video.thumb_media_id), ("m1", Some("m2")));
        }),
    );
    let place = "<MsgType>location</MsgType><Location_X>23.134</Location_X><Location_Y>113.358</Location_Y>\
        <Scale>20</Scale><Label><![CDATA[广州]]></Label><AppType>wxwork</AppType>";
    check(
        &xml(place),
        &["Location_X", "Location_Y"],
        is!(Location, place => {
            assert!((place.latitude - 23.134).abs() < 1e-9 && (place.longitude - 113.358).abs() < 1e-9);
            assert_eq!((place.scale, place.label, place.app_type), (Some(20), Some("广州"), Some("wxwork")));
        }),
    );
    for bad in ["NaN", "inf", "", "1,5", "x"] {
        let place = xml(&place.replace("23.134", bad));
        assert_eq!(
            Inner::parse(place.as_bytes()).unwrap().message().err(),
            Some(Error::CallbackFormat),
            "{bad}"
        );
    }
    let link = "<MsgType>link</MsgType><Title>t</Title><Description>d</Description><Url>https://a.example</Url>\
        <PicUrl>p</PicUrl>";
    check(
        &xml(link),
        &["Url"],
        is!(Link, link => {
            assert_eq!((link.title, link.description), (Some("t"), Some("d")));
            assert_eq!((link.url, link.pic_url), ("https://a.example", Some("p")));
        }),
    );
}

#[test]
fn events_of_the_application_are_read() {
    let key = "<EventKey><![CDATA[key]]></EventKey>";
    check(&event("subscribe", ""), &[], is!(Subscribe, menu => { assert_eq!(menu.event_key, None); }));
    check(&event("unsubscribe", ""), &[], is!(Unsubscribe, menu => { assert_eq!(menu.event_key, None); }));
    check(
        &event("enter_agent", "<EventKey/>"),
        &[],
        is!(EnterAgent, menu => {
            assert_eq!(menu.event_key, Some(""));
        }),
    );
    check(&event("click", key), &[], is!(Click, menu => { assert_eq!(menu.event_key, Some("key")); }));
    check(&event("CLICK", key), &[], is!(Click, menu => { assert_eq!(menu.event_key, Some("key")); }));
    check(&event("view", key), &[], is!(View, menu => { assert_eq!(menu.event_key, Some("key")); }));
    check(&event("VIEW", key), &[], is!(View, menu => { assert_eq!(menu.event_key, Some("key")); }));
    let job = "<BatchJob><JobId><![CDATA[j1]]></JobId><JobType><![CDATA[sync_user]]></JobType><ErrCode>0</ErrCode>\
        <ErrMsg><![CDATA[ok]]></ErrMsg></BatchJob>";
    check(
        &event("batch_job_result", job),
        &[],
        is!(BatchJobResult, batch => {
            let job = batch.job().unwrap();
            assert_eq!((&*job.job_id, &*job.job_type, job.err_code, &*job.err_msg), ("j1", "sync_user", 0, "ok"));
        }),
    );
    for name in ["BatchJob", "JobId", "JobType", "ErrCode", "ErrMsg"] {
        let cut = job.replace(&format!("{name}>"), "Gone>");
        check(
            &event("batch_job_result", &cut),
            &[],
            is!(BatchJobResult, batch => {
                assert_eq!(batch.job().err(), Some(Error::CallbackFormat), "{name}");
            }),
        );
    }
    // What a member wrote is not taken for children.
    let written = "<BatchJob><![CDATA[<JobId>j</JobId><JobType>t</JobType><ErrCode>0</ErrCode><ErrMsg>m</ErrMsg>]]></BatchJob>";
    check(
        &event("batch_job_result", written),
        &[],
        is!(BatchJobResult, batch => {
            assert_eq!(batch.job().err(), Some(Error::CallbackFormat));
        }),
    );
}

#[test]
fn every_change_of_the_address_book_is_read() {
    let change = |kind: &str, children: &str| {
        event("change_contact", &format!("<ChangeType><![CDATA[{kind}]]></ChangeType>{children}"))
    };
    let member = "<UserID>zhangsan</UserID><NewUserID>zhangsan001</NewUserID><Name>张三</Name><Department>1,2,3</Department>\
        <MainDepartment>1</MainDepartment><IsLeaderInDept>1,0,0</IsLeaderInDept><DirectLeader>lisi,wangwu</DirectLeader>\
        <Position>工程师</Position><Mobile>13800138000</Mobile><Gender>1</Gender><Email>z@a.example</Email>\
        <BizMail>z@b.example</BizMail><Status>1</Status><Avatar>https://a.example/0</Avatar><Alias>z3</Alias>\
        <Telephone>020-123456</Telephone><Address>广州市</Address>\
        <ExtAttr><Item><Name>爱好</Name><Type>0</Type><Text><Value>旅游</Value></Text></Item></ExtAttr>";
    for kind in ["create_user", "update_user"] {
        check(
            &change(kind, member),
            &["UserID"],
            is!(ChangeContact, change => {
                let member = match change {
                    ChangeContact::CreateUser(member) if kind == "create_user" => member,
                    ChangeContact::UpdateUser(member) if kind == "update_user" => member,
                    other => panic!("{other:?}"),
                };
                assert_eq!((member.user_id, member.new_user_id), ("zhangsan", Some("zhangsan001")));
                assert_eq!((member.name, member.mobile), (Some("张三"), Some("13800138000")));
                assert_eq!((&member.department[..], member.main_department), (&["1", "2", "3"][..], Some(1)));
                assert_eq!((&member.is_leader_in_dept[..], &member.direct_leader[..]), (&["1", "0", "0"][..], &["lisi", "wangwu"][..]));
                assert_eq!((member.gender, member.status, member.alias), (Some(1), Some(1), Some("z3")));
                assert_eq!((member.email, member.biz_mail), (Some("z@a.example"), Some("z@b.example")));
                assert_eq!((member.position, member.telephone), (Some("工程师"), Some("020-123456")));
                assert_eq!((member.avatar, member.address), (Some("https://a.example/0"), Some("广州市")));
                let other: Vec<_> = member.other().collect();
                assert_eq!(other.len(), 1);
                assert!(other[0].0 == "ExtAttr" && other[0].1.contains("旅游"));
            }),
        );
    }
    let inner = change("create_user", member);
    let inner = Inner::parse(inner.as_bytes()).unwrap();
    let attributes = inner.nested("ExtAttr").unwrap();
    let item = attributes.nested("Item").unwrap();
    assert_eq!((item.get("Name"), item.nested("Text").unwrap().get("Value")), (Some("爱好"), Some("旅游")));
    assert_eq!(inner.nested("Name").err(), Some(Error::CallbackFormat));
    check(
        &change("delete_user", "<UserID>zhangsan</UserID>"),
        &["UserID"],
        is!(ChangeContact, change => {
            let ChangeContact::DeleteUser(member) = change else { panic!("{change:?}") };
            assert_eq!((member.user_id, member.name, member.department.len()), ("zhangsan", None, 0));
        }),
    );
    let party = "<Id>2</Id><Name>研发</Name><ParentId>1</ParentId><Order>1</Order>";
    check(
        &change("create_party", party),
        &["Id"],
        is!(ChangeContact, change => {
            let ChangeContact::CreateParty(party) = change else { panic!("{change:?}") };
            assert_eq!((party.id, party.name, party.parent_id, party.order), (2, Some("研发"), Some("1"), Some(1)));
        }),
    );
    check(
        &change("update_party", "<Id>2</Id><Name>研</Name>"),
        &["Id"],
        is!(ChangeContact, change => {
            let ChangeContact::UpdateParty(party) = change else { panic!("{change:?}") };
            assert_eq!((party.id, party.name, party.order), (2, Some("研"), None));
        }),
    );
    check(
        &change("delete_party", "<Id>2</Id>"),
        &["Id"],
        is!(ChangeContact, change => {
            let ChangeContact::DeleteParty(party) = change else { panic!("{change:?}") };
            assert_eq!(party.id, 2);
        }),
    );
    let tag = "<TagId>1</TagId><AddUserItems><![CDATA[a,b]]></AddUserItems><DelUserItems><![CDATA[c]]></DelUserItems>\
        <AddPartyItems>1,2</AddPartyItems><DelPartyItems/>";
    check(
        &change("update_tag", tag),
        &["TagId"],
        is!(ChangeContact, change => {
            let ChangeContact::UpdateTag(tag) = change else { panic!("{change:?}") };
            assert_eq!((tag.tag_id, &tag.add_user_items[..], &tag.del_user_items[..]), (1, &["a", "b"][..], &["c"][..]));
            assert_eq!((&tag.add_party_items[..], tag.del_party_items.len()), (&["1", "2"][..], 0));
        }),
    );
    check(
        &change("later_kind", ""),
        &["ChangeType"],
        is!(ChangeContact, change => {
            assert!(matches!(change, ChangeContact::Other("later_kind")));
        }),
    );
    // A suite's command says the same of a client company.
    let commanded = command(
        "change_contact",
        "<AuthCorpId>wwclient</AuthCorpId><ChangeType>delete_user</ChangeType><UserID>z</UserID>",
    );
    check(
        &commanded,
        &["UserID"],
        is!(ChangeContact, change => {
            assert!(matches!(change, ChangeContact::DeleteUser(member) if member.user_id == "z"));
        }),
    );
    let inner = Inner::parse(commanded.as_bytes()).unwrap();
    let header = inner.header().unwrap();
    assert_eq!(
        (header.suite_id, header.auth_corp_id, header.time_stamp),
        (Some("wwsuite"), Some("wwclient"), Some(1_750_000_000))
    );
}

#[test]
fn external_contacts_are_read() {
    for kind in [
        "add_external_contact",
        "edit_external_contact",
        "add_half_external_contact",
        "del_external_contact",
        "del_follow_user",
        "transfer_fail",
    ] {
        let children = format!(
            "<ChangeType>{kind}</ChangeType><UserID>zhangsan</UserID><ExternalUserID>wo1</ExternalUserID><State>s</State>\
             <WelcomeCode>w</WelcomeCode><Source>DELETE_BY_TRANSFER</Source><FailReason>customer_refused</FailReason>"
        );
        for message in
            [event("change_external_contact", &children), command("change_external_contact", &children)]
        {
            check(
                &message,
                &["ChangeType", "UserID", "ExternalUserID"],
                is!(ChangeExternalContact, contact => {
                    assert_eq!((contact.change_type, contact.user_id, contact.external_user_id), (kind, "zhangsan", "wo1"));
                    assert_eq!((contact.state, contact.welcome_code), (Some("s"), Some("w")));
                    assert_eq!((contact.source, contact.fail_reason), (Some("DELETE_BY_TRANSFER"), Some("customer_refused")));
                }),
            );
        }
    }
}

#[test]
fn commands_of_a_suite_are_read() {
    check(
        &command("suite_ticket", "<SuiteTicket><![CDATA[t]]></SuiteTicket>"),
        &["SuiteTicket"],
        is!(SuiteTicket, ticket => {
            assert_eq!(ticket.suite_ticket, "t");
        }),
    );
    let code = "<AuthCode><![CDATA[c]]></AuthCode><State><![CDATA[s]]></State>";
    check(
        &command("create_auth", code),
        &["AuthCode"],
        is!(CreateAuth, auth => {
            assert_eq!((auth.auth_code, auth.state), ("c", Some("s")));
        }),
    );
    check(
        &command("reset_permanent_code", code),
        &["AuthCode"],
        is!(ResetPermanentCode, auth => {
            assert_eq!(auth.auth_code, "c");
        }),
    );
    let corp = "<AuthCorpId><![CDATA[wwclient]]></AuthCorpId><State>s</State>";
    check(
        &command("change_auth", corp),
        &["AuthCorpId"],
        is!(ChangeAuth, auth => {
            assert_eq!((auth.auth_corp_id, auth.state), ("wwclient", Some("s")));
        }),
    );
    check(
        &command("cancel_auth", corp),
        &["AuthCorpId"],
        is!(CancelAuth, auth => {
            assert_eq!(auth.auth_corp_id, "wwclient");
        }),
    );
}

#[test]
fn customer_service_cards_and_approvals_are_read() {
    check(
        &event("kf_msg_or_event", "<Token>t</Token><OpenKfId>wk1</OpenKfId>"),
        &["Token", "OpenKfId"],
        is!(KfMsgOrEvent, kf => {
            assert_eq!((kf.token, kf.open_kf_id), ("t", "wk1"));
        }),
    );
    let card = "<EventKey>k</EventKey><TaskId>t1</TaskId><CardType>vote_interaction</CardType><ResponseCode>r</ResponseCode>\
        <SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>o1</OptionId><OptionId>o2</OptionId>\
        </OptionIds></SelectedItem><SelectedItem><QuestionKey>q2</QuestionKey><OptionIds><OptionId>o3</OptionId></OptionIds>\
        </SelectedItem></SelectedItems>";
    check(
        &event("template_card_event", card),
        &["TaskId"],
        is!(TemplateCardEvent, card => {
            assert_eq!((card.task_id, card.event_key), ("t1", Some("k")));
            assert_eq!((card.card_type, card.response_code), (Some("vote_interaction"), Some("r")));
            let answer = |key: &str, ids: &[&str]| (key.to_owned(), ids.iter().map(ToString::to_string).collect());
            assert_eq!(card.selected().unwrap(), [answer("q1", &["o1", "o2"]), answer("q2", &["o3"])]);
        }),
    );
    check(
        &event("template_card_event", &card.replace("QuestionKey", "Key")),
        &[],
        is!(TemplateCardEvent, card => {
            assert_eq!(card.selected().err(), Some(Error::CallbackFormat));
        }),
    );
    check(
        &event("template_card_event", "<TaskId>t1</TaskId>"),
        &[],
        is!(TemplateCardEvent, card => {
            assert_eq!(card.selected().unwrap(), []);
        }),
    );
    let approval = "<ApprovalInfo><SpNo>202506150001</SpNo><SpName><![CDATA[请假]]></SpName><SpStatus>2</SpStatus>\
        <TemplateId>tpl</TemplateId><ApplyTime>1750000000</ApplyTime><Applyer><UserId>lisi</UserId><Party>1</Party></Applyer>\
        <SpRecord><SpStatus>1</SpStatus></SpRecord><StatuChangeEvent>2</StatuChangeEvent></ApprovalInfo>";
    check(
        &event("sys_approval_change", approval),
        &[],
        is!(SysApprovalChange, approval => {
            let info = approval.info().unwrap();
            assert_eq!((&*info.number, info.status, info.change), ("202506150001", 2, Some(2)));
            assert_eq!((info.name.as_deref(), info.template_id.as_deref()), (Some("请假"), Some("tpl")));
            assert_eq!((info.applyer.as_deref(), info.apply_time), (Some("lisi"), Some(1_750_000_000)));
        }),
    );
    for (from, to) in
        [("SpNo", "No"), ("<SpStatus>2</SpStatus>", ""), (">2<", ">x<"), ("ApprovalInfo", "Info")]
    {
        check(
            &event("sys_approval_change", &approval.replace(from, to)),
            &[],
            is!(SysApprovalChange, approval => {
                assert_eq!(approval.info().err(), Some(Error::CallbackFormat), "{from}");
            }),
        );
    }
}

#[test]
fn what_a_bot_receives_is_read() {
    let text = r#"{"msgid":"CAIQ1","aibotid":"AIBOT","chatid":"c1","chattype":"group","from":{"userid":"u"},
        "response_url":"https://q.example","msgtype":"text","text":{"content":"@bot 你好"}}"#;
    let inner = Inner::parse(text.as_bytes()).unwrap();
    let Message::Bot(bot) = inner.message().unwrap() else { panic!() };
    assert_eq!((bot.msg_id, bot.bot_id, bot.kind), (Some("CAIQ1"), Some("AIBOT"), "text"));
    assert_eq!(
        (bot.chat_id, bot.chat_type, bot.response_url),
        (Some("c1"), Some("group"), Some("https://q.example"))
    );
    assert_eq!(inner.nested(bot.kind).unwrap().get("content"), Some("@bot 你好"));
    assert_eq!(inner.nested("from").unwrap().get("userid"), Some("u"));
    assert_eq!(inner.nested("msgid").err(), Some(Error::CallbackFormat));
    assert_eq!(bot.other().map(|(name, _)| name).collect::<Vec<_>>(), ["from", "text"]);
    let event = r#"{"msgid":"2","create_time":1750000000,"aibotid":"A","msgtype":"event","event":{"eventtype":"enter_chat"}}"#;
    let inner = Inner::parse(event.as_bytes()).unwrap();
    let Message::Bot(bot) = inner.message().unwrap() else { panic!() };
    assert_eq!((bot.create_time, bot.kind), (Some(1_750_000_000), "event"));
    // An array has no children with names, whatever a member has written into it; nor has XML that spells JSON.
    let mixed = r#"{"msgtype":"mixed","mixed":{"msg_item":[{"text":{"content":"<image><url>x</url></image><from>boss</from>"}}]}}"#;
    let inner = Inner::parse(mixed.as_bytes()).unwrap();
    let mixed = inner.nested("mixed").unwrap();
    assert!(mixed.get("msg_item").unwrap().starts_with('['));
    assert_eq!(mixed.nested("msg_item").err(), Some(Error::CallbackFormat));
    assert_eq!(Inner::parse(b"{\"a\":[1,2]}").unwrap().nested("a").err(), Some(Error::CallbackFormat));
    let spelled = Inner::parse(b"<xml><A>{\"SpNo\":\"<b/>\",\"SpStatus\":2}</A></xml>").unwrap();
    assert_eq!(spelled.nested("A").unwrap().get("SpNo"), None);
    // A mini-program sends the same names as XML has.
    let json = r#"{"ToUserName":"gh","FromUserName":"o","CreateTime":1750000000,"MsgType":"text","Content":"c","MsgId":1}"#;
    let inner = Inner::parse(json.as_bytes()).unwrap();
    assert!(matches!(inner.message().unwrap(), Message::Text(text) if text.content == "c"));
    let header = inner.header().unwrap();
    assert_eq!(
        (header.msg_id, header.create_time, header.from_user_name),
        (Some("1"), Some(1_750_000_000), Some("o"))
    );
}

#[test]
fn other_kinds_keep_their_name_and_no_kind_is_an_error() {
    check(&event("open_approval_change", ""), &["Event"], |message| {
        assert!(matches!(message, Message::Other("open_approval_change")));
    });
    check(&xml("<MsgType>miniprogrampage</MsgType>"), &["MsgType"], |message| {
        assert!(matches!(message, Message::Other("miniprogrampage")));
    });
    check(&command("share_agent_change", ""), &["InfoType"], |message| {
        assert!(matches!(message, Message::Other("share_agent_change")));
    });
    let late = xml("<MsgType>text</MsgType><Content>c</Content>").replace("1750000000", "soon");
    let inner = Inner::parse(late.as_bytes()).unwrap();
    assert!(inner.message().is_ok());
    assert_eq!(inner.header().err(), Some(Error::CallbackFormat));
    assert!(!format!("{:?}", inner.message().unwrap()).contains('c'));
}
