//! What else a signed text can be read as: random requests under the genuine signature that are not the genuine one.

use tenantseal::{
    Error,
    wecom::{Callback, Claim, sender::Sender},
};

use super::{Clock, NOW, claim, text, xml};

/// xorshift64*: the same cases in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound as u64).unwrap()
    }

    fn word(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }
}

const DIGITS: &[u8] = b"0123456789";
const WORD: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Another timestamp, nonce and ciphertext whose sorted text with the token is the same, if the cuts make one.
fn malleate(numbers: &mut Numbers, token: &str, genuine: [&str; 3]) -> Option<[String; 3]> {
    let sorted = |parts: [&str; 3]| {
        let mut all = [token, parts[0], parts[1], parts[2]];
        all.sort_unstable();
        all.concat()
    };
    let signed = sorted(genuine);
    // The token is taken out where it stands in the text, and what is left is cut twice, most often near a place where
    // it was joined or at the length of a timestamp.
    let mut order = [token, genuine[0], genuine[1], genuine[2]];
    order.sort_unstable();
    let starts: Vec<usize> = order
        .iter()
        .scan(0, |at, part| {
            let start = *at;
            *at += part.len();
            Some(start)
        })
        .collect();
    let token_at = starts[order.iter().position(|part| *part == token)?];
    let rest = format!("{}{}", &signed[..token_at], &signed[token_at + token.len()..]);
    let roles = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]][numbers.below(6)];
    let cuts = if numbers.below(4) == 0 {
        let mut cuts = [0, 0].map(|_| {
            let near = [starts[1], starts[2], starts[3], numbers.below(rest.len())][numbers.below(4)];
            let offset = [0, 0, 1, 2, 10, 16, 32, 42, 64, 128][numbers.below(10)];
            let cut = if numbers.below(2) == 0 { near.saturating_sub(offset) } else { near + offset };
            cut.min(rest.len())
        });
        cuts.sort_unstable();
        cuts
    } else {
        // Lengths that the grammars let pass.
        let lengths = [10, genuine[1].len(), genuine[2].len()];
        let at = |role: usize| lengths[roles.iter().position(|place| *place == role).unwrap()];
        [at(0), at(0) + at(1)]
    };
    let pieces = [&rest[..cuts[0]], &rest[cuts[0]..cuts[1]], &rest[cuts[1]..]];
    let parts = roles.map(|role| pieces[role]);
    (parts != genuine && sorted(parts) == signed).then(|| parts.map(str::to_owned))
}

#[test]
fn ten_thousand_malleations_are_refused_and_the_genuine_one_works_after_each() {
    const WANTED: usize = 10_000;
    let mut numbers = Numbers(0x7365_616c);
    let (mut tried, mut hashed, mut requests) = (0usize, 0usize, 0usize);
    while tried < WANTED {
        requests += 1;
        let token_len = 1 + numbers.below(32);
        let token = numbers.word(WORD, token_len);
        let key = numbers.word(WORD, 43);
        let near = (NOW + 601 + numbers.below(40_000) as u64).to_string();
        // Most nonces are digits, some a time by themselves: these leave the most room.
        let nonce = match numbers.below(4) {
            0 => near,
            1 => {
                let len = 1 + numbers.below(32);
                numbers.word(WORD, len)
            }
            _ => {
                let len = 1 + numbers.below(32);
                numbers.word(DIGITS, len)
            }
        };
        let clock = Clock::at(NOW);
        let app = || Callback::company_app(&token, &key, "ww1").unwrap().clock(clock.read());
        let sender = Sender::new(&token, &key, "ww1").unwrap();
        let content = "x".repeat(numbers.below(100));
        let (query, body) = sender.post(text(NOW, "1", &content).as_bytes(), NOW, &nonce).unwrap();
        let signature = super::parameter(&query, "msg_signature").to_owned();
        let encrypt = tenantseal::wecom::Envelope::parse(&body).unwrap().encrypt().to_owned();
        for _ in 0..60 {
            let time = NOW.to_string();
            let Some([timestamp, nonce, encrypt]) = malleate(&mut numbers, &token, [&time, &nonce, &encrypt])
            else {
                continue;
            };
            tried += 1;
            let forged =
                format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}").replace('+', "%2B");
            // At its own time, so that the window is not what refuses it.
            let moment = timestamp.parse::<u64>().ok().filter(|time| *time < 1 << 40);
            clock.set(moment.unwrap_or(NOW) * 1000);
            let app = app();
            let outcome = claim(&app, &forged, &xml(&encrypt));
            assert!(
                matches!(outcome, Err(Error::Callback | Error::CallbackFormat | Error::TooLong)),
                "{outcome:?}: {token} {forged} {encrypt}"
            );
            let is_hashed =
                timestamp.len() == 10 && (1..=32).contains(&nonce.len()) && encrypt.len() % 4 == 0;
            hashed += usize::from(is_hashed);
            clock.set(NOW * 1000);
            assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh), "{token} {query}");
        }
    }
    println!(
        "{tried} malleations of {requests} requests, 0 accepted; {hashed} of them have parts of usable lengths"
    );
    assert!(hashed > 1_000);
}

/// Where the nonce is a time within the window, the two may change places and the message is what it was: that is one
/// request in two spellings, and it counts once.
#[test]
fn a_nonce_that_is_a_time_within_the_window_makes_no_second_event() {
    let clock = Clock::at(NOW);
    let app = Callback::company_app(super::TOKEN, super::KEY, super::CORP).unwrap().clock(clock.read());
    let (query, body) =
        super::sender().post(text(NOW, "1", "a").as_bytes(), NOW, &(NOW + 300).to_string()).unwrap();
    assert_eq!(claim(&app, &super::swapped(&query), &body), Ok(Claim::Fresh));
    assert_eq!(claim(&app, &query, &body), Ok(Claim::InProgress));
    let (query, body) =
        super::sender().post(text(NOW, "2", "a").as_bytes(), NOW, &(NOW + 301).to_string()).unwrap();
    assert_eq!(claim(&app, &super::swapped(&query), &body), Err(Error::Callback));
    assert_eq!(claim(&app, &query, &body), Ok(Claim::Fresh));
}
