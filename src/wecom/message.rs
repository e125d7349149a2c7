//! The messages and events that WeCom documents, by their kinds.
//!
//! [`Inner::message`] tells which one a decrypted message is. A field that the documents call optional is an
//! [`Option`]; one that is missing although a message of its kind makes no sense without it is an error, and
//! [`Inner`] still has everything. What a type does not know is kept: `other()` gives it. Kinds that are not here are
//! [`Message::Other`].
//!
//! # Example
//!
//! ```
//! use tenantseal::wecom::{Inner, message::{ChangeContact, Message}};
//!
//! let inner = Inner::parse(
//!     b"<xml><ToUserName>ww1</ToUserName><CreateTime>1403610513</CreateTime><MsgType>event</MsgType>\
//!       <Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>zhangsan</UserID>\
//!       <Mobile>13800138000</Mobile><Nickname>z3</Nickname></xml>",
//! )?;
//! let Message::ChangeContact(ChangeContact::CreateUser(member)) = inner.message()? else { panic!() };
//! assert_eq!((member.user_id, member.mobile), ("zhangsan", Some("13800138000")));
//! assert_eq!(member.other().collect::<Vec<_>>(), [("Nickname", "z3")]);
//! # Ok::<(), tenantseal::Error>(())
//! ```

use core::fmt;

use super::{inner::Inner, query::seconds};
use crate::error::Error;

/// A decrypted message by its kind.
#[derive(Debug)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A member has talked to an AI bot, or an event has happened to it.
    Bot(Bot<'a>),
    /// An asynchronous job has ended.
    BatchJobResult(BatchJob<'a>),
    /// A client company has ended its authorisation.
    CancelAuth(Auth<'a>),
    /// A client company has changed its authorisation.
    ChangeAuth(Auth<'a>),
    /// The address book has changed.
    ChangeContact(ChangeContact<'a>),
    /// An external contact was won, changed or lost.
    ChangeExternalContact(ExternalContact<'a>),
    /// A member has chosen a menu entry.
    Click(Menu<'a>),
    /// A client company has authorised a suite.
    CreateAuth(AuthCode<'a>),
    /// A member has opened the application.
    EnterAgent(Menu<'a>),
    /// An image.
    Image(Image<'a>),
    /// A customer has written to a customer service account, or something has happened there: ask for it.
    KfMsgOrEvent(KfMsgOrEvent<'a>),
    /// A link.
    Link(Link<'a>),
    /// A place that a member has sent.
    Location(Location<'a>),
    /// Another kind, whose name this is: `MsgType`, `Event` or `InfoType`.
    Other(&'a str),
    /// The secret of an application that a provider develops was reset.
    ResetPermanentCode(AuthCode<'a>),
    /// A member has begun to follow the application.
    Subscribe(Menu<'a>),
    /// The ticket of a suite, every ten minutes.
    SuiteTicket(SuiteTicket<'a>),
    /// An approval has changed its state.
    SysApprovalChange(Approval<'a>),
    /// A member has pressed a button of a card.
    TemplateCardEvent(TemplateCard<'a>),
    /// A text.
    Text(Text<'a>),
    /// A member has ended following the application.
    Unsubscribe(Menu<'a>),
    /// A video.
    Video(Video<'a>),
    /// A member has followed a menu entry's link.
    View(Menu<'a>),
    /// A voice message.
    Voice(Voice<'a>),
}

/// What has changed in the address book.
#[derive(Debug)]
#[non_exhaustive]
pub enum ChangeContact<'a> {
    /// A department was made.
    CreateParty(Department<'a>),
    /// A member was added.
    CreateUser(Member<'a>),
    /// A department was removed.
    DeleteParty(Department<'a>),
    /// A member was removed.
    DeleteUser(Member<'a>),
    /// Another change, whose `ChangeType` this is.
    Other(&'a str),
    /// A department was changed.
    UpdateParty(Department<'a>),
    /// Who has a tag was changed.
    UpdateTag(Tag<'a>),
    /// A member was changed: only what has changed is there.
    UpdateUser(Member<'a>),
}

impl<'i> Inner<'i> {
    /// What the message is.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if it states no kind, if a field is missing without which its kind makes no sense, or
    /// if a number is none.
    pub fn message(&self) -> Result<Message<'_>, Error> {
        if let Some(kind) = self.get("InfoType") {
            return self.command(kind);
        }
        match self.get("MsgType") {
            Some("event") => self.event(self.get("Event").ok_or(Error::CallbackFormat)?),
            Some("image") => Image::read(self).map(Message::Image),
            Some("link") => Link::read(self).map(Message::Link),
            Some("location") => Location::read(self).map(Message::Location),
            Some("text") => Text::read(self).map(Message::Text),
            Some("video") => Video::read(self).map(Message::Video),
            Some("voice") => Voice::read(self).map(Message::Voice),
            Some(kind) => Ok(Message::Other(kind)),
            None if self.get("msgtype").is_some() => Bot::read(self).map(Message::Bot),
            None => Err(Error::CallbackFormat),
        }
    }

    /// Who has sent what to whom, and when: what messages of every kind may state.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if a time is none.
    pub fn header(&self) -> Result<Header<'_>, Error> {
        Header::read(self)
    }

    /// What is inside a child that has children: of an XML element its elements, of a JSON object its keys.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if there is no such child, which [`Inner::get`] tells, or if it is text or an array.
    pub fn nested(&self, name: &str) -> Result<Inner<'_>, Error> {
        self.source(name).ok_or(Error::CallbackFormat).and_then(Inner::parse_nested)
    }

    fn command<'a>(&'a self, kind: &'a str) -> Result<Message<'a>, Error> {
        Ok(match kind {
            "cancel_auth" => Message::CancelAuth(Auth::read(self)?),
            "change_auth" => Message::ChangeAuth(Auth::read(self)?),
            "change_contact" => Message::ChangeContact(self.change_contact()?),
            "change_external_contact" => Message::ChangeExternalContact(ExternalContact::read(self)?),
            "create_auth" => Message::CreateAuth(AuthCode::read(self)?),
            "reset_permanent_code" => Message::ResetPermanentCode(AuthCode::read(self)?),
            "suite_ticket" => Message::SuiteTicket(SuiteTicket::read(self)?),
            _ => Message::Other(kind),
        })
    }

    fn event<'a>(&'a self, event: &'a str) -> Result<Message<'a>, Error> {
        // An Official Account's menus spell theirs in capitals.
        Ok(match event {
            "batch_job_result" => Message::BatchJobResult(BatchJob::read(self)?),
            "change_contact" => Message::ChangeContact(self.change_contact()?),
            "change_external_contact" => Message::ChangeExternalContact(ExternalContact::read(self)?),
            "click" | "CLICK" => Message::Click(Menu::read(self)?),
            "enter_agent" => Message::EnterAgent(Menu::read(self)?),
            "kf_msg_or_event" => Message::KfMsgOrEvent(KfMsgOrEvent::read(self)?),
            "subscribe" => Message::Subscribe(Menu::read(self)?),
            "sys_approval_change" => Message::SysApprovalChange(Approval::read(self)?),
            "template_card_event" => Message::TemplateCardEvent(TemplateCard::read(self)?),
            "unsubscribe" => Message::Unsubscribe(Menu::read(self)?),
            "view" | "VIEW" => Message::View(Menu::read(self)?),
            _ => Message::Other(event),
        })
    }

    fn change_contact(&self) -> Result<ChangeContact<'_>, Error> {
        Ok(match self.get("ChangeType").ok_or(Error::CallbackFormat)? {
            "create_party" => ChangeContact::CreateParty(Department::read(self)?),
            "create_user" => ChangeContact::CreateUser(Member::read(self)?),
            "delete_party" => ChangeContact::DeleteParty(Department::read(self)?),
            "delete_user" => ChangeContact::DeleteUser(Member::read(self)?),
            "update_party" => ChangeContact::UpdateParty(Department::read(self)?),
            "update_tag" => ChangeContact::UpdateTag(Tag::read(self)?),
            "update_user" => ChangeContact::UpdateUser(Member::read(self)?),
            other => ChangeContact::Other(other),
        })
    }
}

/// How a field is read: as what, and whether it may be missing. An empty optional text is there, an empty optional
/// number is not.
macro_rules! field {
    (text) => { &'a str };
    (maybe_text) => { Option<&'a str> };
    (maybe_integer) => { Option<i64> };
    (integer) => { i64 };
    (real) => { f64 };
    (maybe_time) => { Option<u64> };
    (list) => { Vec<&'a str> };
    (text, $inner:expr, $name:literal) => { $inner.get($name).ok_or(Error::CallbackFormat)? };
    (maybe_text, $inner:expr, $name:literal) => { $inner.get($name) };
    (maybe_integer, $inner:expr, $name:literal) => { number($inner.get($name))? };
    (integer, $inner:expr, $name:literal) => { number($inner.get($name))?.ok_or(Error::CallbackFormat)? };
    (real, $inner:expr, $name:literal) => { real($inner.get($name))? };
    (maybe_time, $inner:expr, $name:literal) => { time($inner.get($name))? };
    (list, $inner:expr, $name:literal) => { list($inner.get($name)) };
}

/// A struct for each kind: its fields, and the names under which a message has them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident { $($(#[$field_doc:meta])* $field:ident: $how:ident $name:literal,)* })*) => {$(
        $(#[$doc])*
        #[non_exhaustive]
        pub struct $kind<'a> {
            $($(#[$field_doc])* pub $field: field!($how),)*
            inner: &'a Inner<'a>,
        }

        impl<'a> $kind<'a> {
            fn read(inner: &'a Inner<'a>) -> Result<Self, Error> {
                Ok(Self { $($field: field!($how, inner, $name),)* inner })
            }

            /// What the message has beside this and the [`Header`], as name and text.
            pub fn other(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
                const KNOWN: &[&str] = &[$($name),*];
                self.inner.iter().filter(|(name, _)| !KNOWN.contains(name) && !is_header(name))
            }
        }

        impl fmt::Debug for $kind<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($kind)).finish_non_exhaustive()
            }
        }
    )*};
}

kinds! {
    /// What messages of every kind may state.
    Header {
        /// The application.
        agent_id: maybe_text "AgentID",
        /// The client company that a suite's command is about.
        auth_corp_id: maybe_text "AuthCorpId",
        /// In seconds since 1970.
        create_time: maybe_time "CreateTime",
        /// The member's userid, or `sys`.
        from_user_name: maybe_text "FromUserName",
        /// Known again when it is sent again.
        msg_id: maybe_text "MsgId",
        /// The suite that a command is for.
        suite_id: maybe_text "SuiteId",
        /// Of a suite's command, in seconds since 1970.
        time_stamp: maybe_time "TimeStamp",
        /// The company's CorpID, or what the product has in its place.
        to_user_name: maybe_text "ToUserName",
    }

    /// A text, document/path/90239.
    Text {
        /// At most 2,048 bytes.
        content: text "Content",
    }

    /// An image, document/path/90239.
    Image {
        /// Where it is. Fetch it from WeCom's hosts only.
        pic_url: maybe_text "PicUrl",
        /// For the API, for three days.
        media_id: text "MediaId",
    }

    /// A voice message, document/path/90239.
    Voice {
        /// `amr`, `speex` or another.
        format: maybe_text "Format",
        /// For the API, for three days.
        media_id: text "MediaId",
    }

    /// A video, document/path/90239.
    Video {
        /// For the API, for three days.
        media_id: text "MediaId",
        /// The still image, for the API.
        thumb_media_id: maybe_text "ThumbMediaId",
    }

    /// A place, document/path/90239.
    Location {
        /// `wxwork` if it was sent from the application's menu.
        app_type: maybe_text "AppType",
        /// Its name.
        label: maybe_text "Label",
        /// In degrees.
        latitude: real "Location_X",
        /// In degrees.
        longitude: real "Location_Y",
        /// Of the map.
        scale: maybe_integer "Scale",
    }

    /// A link, document/path/90239.
    Link {
        /// What it says below the title.
        description: maybe_text "Description",
        /// A picture for it.
        pic_url: maybe_text "PicUrl",
        /// Its title.
        title: maybe_text "Title",
        /// Where it leads, as the sender says.
        url: text "Url",
    }

    /// Something that a member did with the application or its menu, document/path/90240.
    Menu {
        /// Which entry: its key, or its address.
        event_key: maybe_text "EventKey",
    }

    /// An asynchronous job, document/path/90973: `job()` has its result.
    BatchJob {}

    /// A member of the address book, document/path/90970. Of a change, what has not changed is missing.
    Member {
        /// Where they are reached by post.
        address: maybe_text "Address",
        /// The other name.
        alias: maybe_text "Alias",
        /// The picture's address.
        avatar: maybe_text "Avatar",
        /// The address at the company's domain.
        biz_mail: maybe_text "BizMail",
        /// Ids of the departments.
        department: list "Department",
        /// The userids of whom they report to.
        direct_leader: list "DirectLeader",
        /// The mail address.
        email: maybe_text "Email",
        /// 1 male, 2 female.
        gender: maybe_integer "Gender",
        /// For each department, 1 for who leads it.
        is_leader_in_dept: list "IsLeaderInDept",
        /// The id of the department that comes first.
        main_department: maybe_integer "MainDepartment",
        /// The mobile number.
        mobile: maybe_text "Mobile",
        /// The name.
        name: maybe_text "Name",
        /// The userid from now on, if it was changed.
        new_user_id: maybe_text "NewUserID",
        /// The position.
        position: maybe_text "Position",
        /// 1 active, 2 disabled, 4 not activated.
        status: maybe_integer "Status",
        /// The desk telephone.
        telephone: maybe_text "Telephone",
        /// Who it is; of a change, under the old name.
        user_id: text "UserID",
    }

    /// A department, document/path/90971.
    Department {
        /// Which it is.
        id: integer "Id",
        /// Its name.
        name: maybe_text "Name",
        /// Its place among its siblings.
        order: maybe_integer "Order",
        /// The department above it.
        parent_id: maybe_text "ParentId",
    }

    /// Who has a tag, document/path/90972. Only what has changed is there.
    Tag {
        /// Ids of the departments that got it.
        add_party_items: list "AddPartyItems",
        /// The userids of who got it.
        add_user_items: list "AddUserItems",
        /// Ids of the departments that lost it.
        del_party_items: list "DelPartyItems",
        /// The userids of who lost it.
        del_user_items: list "DelUserItems",
        /// Which it is.
        tag_id: integer "TagId",
    }

    /// An external contact, document/path/92130.
    ExternalContact {
        /// `add_external_contact`, `edit_external_contact`, `add_half_external_contact`, `del_external_contact`,
        /// `del_follow_user`, `transfer_fail`, or a later one.
        change_type: text "ChangeType",
        /// Who it is.
        external_user_id: text "ExternalUserID",
        /// Why a transfer failed.
        fail_reason: maybe_text "FailReason",
        /// How it was lost.
        source: maybe_text "Source",
        /// By which way it was won, as the application named it.
        state: maybe_text "State",
        /// Whose contact it is.
        user_id: text "UserID",
        /// Lets the application greet it, for 20 seconds. Secret.
        welcome_code: maybe_text "WelcomeCode",
    }

    /// A suite's ticket, document/path/90628.
    SuiteTicket {
        /// For the API, for 30 minutes. Secret.
        suite_ticket: text "SuiteTicket",
    }

    /// A new authorisation, or a new secret, document/path/90642.
    AuthCode {
        /// Exchange it for the permanent code, within 10 minutes. Secret.
        auth_code: text "AuthCode",
        /// What the installation link carried.
        state: maybe_text "State",
    }

    /// An authorisation that was changed or ended, document/path/90642.
    Auth {
        /// Whose it is.
        auth_corp_id: text "AuthCorpId",
        /// What the installation link carried.
        state: maybe_text "State",
    }

    /// Something at a customer service account, document/path/94670.
    KfMsgOrEvent {
        /// The account.
        open_kf_id: text "OpenKfId",
        /// Reads what has come, for 10 minutes. Secret.
        token: text "Token",
    }

    /// A button of a card, document/path/90240: `selected()` has what was chosen.
    TemplateCard {
        /// The card's kind.
        card_type: maybe_text "CardType",
        /// The button.
        event_key: maybe_text "EventKey",
        /// Updates the card, once, within 72 hours.
        response_code: maybe_text "ResponseCode",
        /// The card.
        task_id: text "TaskId",
    }

    /// An approval, document/path/91815: `info()` has it.
    Approval {}

    /// What an AI bot receives, document/path/100719: JSON, whose object of the name in `kind` is at
    /// [`Inner::nested`].
    Bot {
        /// The bot.
        bot_id: maybe_text "aibotid",
        /// The group, if it was said in one.
        chat_id: maybe_text "chatid",
        /// `single` or `group`.
        chat_type: maybe_text "chattype",
        /// In seconds since 1970; events have it.
        create_time: maybe_time "create_time",
        /// `text`, `image`, `mixed`, `voice`, `file`, `stream`, `event`, or a later one.
        kind: text "msgtype",
        /// Known again when it is sent again.
        msg_id: maybe_text "msgid",
        /// Where to send messages of one's own.
        response_url: maybe_text "response_url",
    }
}

/// How an asynchronous job has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobResult {
    /// 0 if it was done.
    pub err_code: i64,
    /// What the code means.
    pub err_msg: String,
    /// Which it was.
    pub job_id: String,
    /// `sync_user`, `replace_user`, `invite_user`, `replace_party`, or a later one.
    pub job_type: String,
}

impl BatchJob<'_> {
    /// How it has ended.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if it is not all there.
    pub fn job(&self) -> Result<JobResult, Error> {
        let job = self.inner.nested("BatchJob")?;
        let text = |name| job.get(name).map(str::to_owned).ok_or(Error::CallbackFormat);
        Ok(JobResult {
            err_code: number(job.get("ErrCode"))?.ok_or(Error::CallbackFormat)?,
            err_msg: text("ErrMsg")?,
            job_id: text("JobId")?,
            job_type: text("JobType")?,
        })
    }
}

/// An approval's number, kind and state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApprovalInfo {
    /// The userid of who has asked.
    pub applyer: Option<String>,
    /// When it was asked for, in seconds since 1970.
    pub apply_time: Option<u64>,
    /// What has changed: `StatuChangeEvent`, 1 asked for, 2 passed, 3 refused, 4 forwarded, 5 urged, 6 withdrawn, 8 withdrawn
    /// after it passed, 10 commented.
    pub change: Option<i64>,
    /// Its name.
    pub name: Option<String>,
    /// Its number, `SpNo`.
    pub number: String,
    /// `SpStatus`: 1 pending, 2 passed, 3 refused, 4 withdrawn, 6 withdrawn after it passed, 7 deleted, 10 paid.
    pub status: i64,
    /// The template.
    pub template_id: Option<String>,
}

impl Approval<'_> {
    /// The approval. What this leaves out is in [`Inner::nested`] of `ApprovalInfo`.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] without a number and a state.
    pub fn info(&self) -> Result<ApprovalInfo, Error> {
        let info = self.inner.nested("ApprovalInfo")?;
        let text = |name| info.get(name).map(str::to_owned);
        let applyer = info.nested("Applyer").ok();
        Ok(ApprovalInfo {
            applyer: applyer.and_then(|applyer| applyer.get("UserId").map(str::to_owned)),
            apply_time: time(info.get("ApplyTime"))?,
            change: number(info.get("StatuChangeEvent"))?,
            name: text("SpName"),
            number: text("SpNo").ok_or(Error::CallbackFormat)?,
            status: number(info.get("SpStatus"))?.ok_or(Error::CallbackFormat)?,
            template_id: text("TemplateId"),
        })
    }
}

impl TemplateCard<'_> {
    /// What was chosen: each question's key, with the ids of its answers. Empty if the card has no questions.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if it is not of that form.
    pub fn selected(&self) -> Result<Vec<(String, Vec<String>)>, Error> {
        let Some(source) = self.inner.source("SelectedItems") else { return Ok(Vec::new()) };
        let items = Inner::parse_nested(source)?;
        let items = items.sources("SelectedItem").map(|item| {
            let item = Inner::parse_nested(item)?;
            let key = item.get("QuestionKey").ok_or(Error::CallbackFormat)?.to_owned();
            let options = item.source("OptionIds").map(Inner::parse_nested).transpose()?;
            let options = options.iter().flat_map(Inner::iter).filter(|(name, _)| *name == "OptionId");
            Ok((key, options.map(|(_, id)| id.to_owned()).collect()))
        });
        items.collect()
    }
}

/// The names of [`Header`], and those that state the kind.
fn is_header(name: &str) -> bool {
    matches!(
        name,
        "AgentID"
            | "AuthCorpId"
            | "ChangeType"
            | "CreateTime"
            | "Event"
            | "FromUserName"
            | "InfoType"
            | "MsgId"
            | "MsgType"
            | "SuiteId"
            | "TimeStamp"
            | "ToUserName"
    )
}

fn number(text: Option<&str>) -> Result<Option<i64>, Error> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Error::CallbackFormat),
    }
}

fn time(text: Option<&str>) -> Result<Option<u64>, Error> {
    match text {
        None | Some("") => Ok(None),
        Some(text) => seconds(text.as_bytes()).map(Some).ok_or(Error::CallbackFormat),
    }
}

fn real(text: Option<&str>) -> Result<f64, Error> {
    let number: Option<f64> = text.and_then(|text| text.parse().ok());
    number.filter(|number| number.is_finite()).ok_or(Error::CallbackFormat)
}

/// What stands between commas.
fn list(text: Option<&str>) -> Vec<&str> {
    text.into_iter().flat_map(|text| text.split(',')).filter(|item| !item.is_empty()).collect()
}
