//! What one message of a run is: credentials, heading and text, all from the seed and the message's number.

use tenantseal_harness::Random;

#[derive(Clone)]
pub struct Case {
    pub token: String,
    pub key: String,
    pub receive_id: String,
    pub timestamp: u64,
    pub nonce: String,
    pub text: String,
    /// Whether the text states a time of its own, which is then `timestamp`.
    pub states_time: bool,
    /// What a URL check asks for.
    pub echo: String,
    /// Whether one digit of every ciphertext is changed on its way, and which.
    pub altered: Option<u64>,
}

impl Case {
    pub const MAX_TEXT: usize = 64 << 10;

    pub fn new(seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let random = &mut random;
        let receive_id = receive_id(random);
        let timestamp = 1_000_000_000 + random.next_number() % 9_000_000_000;
        let len = text_len(random, index, receive_id.len());
        let (text, states_time) = text(random, len, &receive_id, timestamp);
        Self {
            token: one_of_len(random, LETTERS_AND_DIGITS, 1, 32),
            key: key(random),
            receive_id,
            timestamp,
            nonce: nonce(random),
            text,
            states_time,
            echo: if random.once_in(4) {
                one_of_len(random, WORD, 1, 64)
            } else {
                characters(random, DIGITS, 19)
            },
            altered: random.once_in(16).then(|| random.next_number()),
        }
    }

    pub fn with_receive_id(&self, receive_id: String) -> Self {
        Self { receive_id, ..self.clone() }
    }

    /// How many bytes of padding the text needs.
    pub fn padding(&self) -> usize {
        32 - (HEAD + self.text.len() + self.receive_id.len()) % 32
    }
}

/// 43 digits. The last carries two bits that are not part of the key: mostly not zero, as the console makes them.
fn key(random: &mut Random) -> String {
    let alphabet = if random.once_in(8) { BASE64 } else { LETTERS_AND_DIGITS };
    let mut key = characters(random, alphabet, 42);
    let spare = 1 + random.below(3);
    let last = if random.once_in(8) { 4 * random.below(16) } else { 4 * random.below(16) + spare };
    key.push(char::from(BASE64.as_bytes()[last]));
    key
}

fn nonce(random: &mut Random) -> String {
    match random.below(4) {
        0 => one_of_len(random, DIGITS, 1, 19),
        1 => one_of_len(random, WORD, 1, 32),
        _ => characters(random, DIGITS, 10),
    }
}

/// CorpIDs, old ones, suite ids, a bot's empty one, and words of any length.
fn receive_id(random: &mut Random) -> String {
    let hex = |random: &mut Random, head: &str| head.to_owned() + &characters(random, "0123456789abcdef", 16);
    match random.below(8) {
        0 => String::new(),
        1 => hex(random, "wx"),
        2 => hex(random, "tj"),
        3 => one_of_len(random, WORD, 1, 64),
        _ => hex(random, "ww"),
    }
}

/// Every padding in turn, nothing, what most messages have, and the most.
fn text_len(random: &mut Random, index: u64, receive_id_len: usize) -> usize {
    let turn = usize::try_from(index / 8 % 256).unwrap_or(0);
    match index % 8 {
        0 => {
            let (padding, blocks) = (1 + turn % 32, 5 + random.below(4));
            32 * blocks - padding - HEAD - receive_id_len
        }
        1 if turn % 2 == 0 => 0,
        2 if turn % 8 == 0 => Case::MAX_TEXT,
        2 if turn % 8 == 4 => random.below(Case::MAX_TEXT + 1),
        3 | 4 => 250 + random.below(100),
        _ => random.below(2_048),
    }
}

/// Text of exactly that many bytes.
fn text(random: &mut Random, len: usize, receive_id: &str, timestamp: u64) -> (String, bool) {
    let id = random.next_number();
    let (head, tail) = match random.below(4) {
        0 => (
            format!(
                "<xml><ToUserName><![CDATA[{receive_id}]]></ToUserName>\n<CreateTime>{timestamp}</CreateTime>\n\
                 <MsgType><![CDATA[text]]></MsgType>\n<MsgId>{id}</MsgId>\n<Content><![CDATA["
            ),
            "]]></Content>\n</xml>",
        ),
        1 => (format!("{{\"msgid\":\"{id}\",\"CreateTime\":{timestamp},\"text\":{{\"content\":\""), "\"}}"),
        _ => (String::new(), ""),
    };
    let kind = random.below(6);
    match len.checked_sub(head.len() + tail.len()) {
        Some(room) => (format!("{head}{}{tail}", fill(random, kind, room)), !head.is_empty()),
        None => (fill(random, kind, len), false),
    }
}

fn fill(random: &mut Random, kind: usize, len: usize) -> String {
    let mut text = String::with_capacity(len);
    loop {
        let piece = piece(random, kind);
        if text.len() + piece.len() > len {
            break;
        }
        text.push_str(&piece);
    }
    text.extend(core::iter::repeat_n('.', len - text.len()));
    text
}

fn piece(random: &mut Random, kind: usize) -> String {
    let scalar = |random: &mut Random, first: usize, count: usize| {
        let value = u32::try_from(first + random.below(count)).unwrap_or(0);
        // The numbers of surrogates are no characters.
        char::from_u32(value).unwrap_or('\u{fffd}').to_string()
    };
    match kind {
        0 => scalar(random, 0x20, 0x5f),
        1 => scalar(random, 0x4e00, 0x51a6),
        2 => EMOJI[random.below(EMOJI.len())].to_owned(),
        3 => MARKUP[random.below(MARKUP.len())].to_owned(),
        4 => scalar(random, 0, 0x11_0000),
        _ => scalar(random, 0, 0x800),
    }
}

fn one_of_len(random: &mut Random, alphabet: &str, least: usize, most: usize) -> String {
    let len = least + random.below(most - least + 1);
    characters(random, alphabet, len)
}

fn characters(random: &mut Random, alphabet: &str, len: usize) -> String {
    (0..len).map(|_| char::from(alphabet.as_bytes()[random.below(alphabet.len())])).collect()
}

/// 16 random bytes and a length.
const HEAD: usize = 20;

const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const DIGITS: &str = "0123456789";

const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

const EMOJI: [&str; 8] = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🇨🇳", "❤️", "🀄", "1️⃣", "🏴\u{e0067}\u{e007f}"];

const MARKUP: [&str; 16] = [
    "]]>",
    "<![CDATA[",
    "]]]]><![CDATA[>",
    "&amp;",
    "&",
    "<",
    ">",
    "\"",
    "\\",
    "\\u4e2d",
    "\r\n",
    "\t",
    "</xml>",
    "{}",
    "%s",
    "\u{feff}",
];
