//! Handshakes of snow: as it ships, and with this build's primitives.

use super::resolver;

const NAME: &str = "Noise_IKpsk0+psk2_25519_AESGCM_SHA256";

/// Both sides of snow's, with a packet that confirms.
pub fn snow_pair(builder: fn() -> snow::Builder<'static>) -> (snow::TransportState, snow::TransportState) {
    let (phone, laptop) = (KEYS.0, KEYS.1);
    let ready = |builder: snow::Builder<'static>| {
        builder.psk(0, &[1; 32]).unwrap().psk(2, &[2; 32]).unwrap().prologue(&[3; 64]).unwrap()
    };
    let mut initiator = ready(builder())
        .local_private_key(phone)
        .unwrap()
        .remote_public_key(laptop_public())
        .unwrap()
        .build_initiator()
        .unwrap();
    let mut responder = ready(builder()).local_private_key(laptop).unwrap().build_responder().unwrap();
    let (mut message, mut payload) = ([0; 300], [0; 300]);
    let len = initiator.write_message(&[4; 60], &mut message).unwrap();
    responder.read_message(&message[..len], &mut payload).unwrap();
    let len = responder.write_message(&[4; 40], &mut message).unwrap();
    initiator.read_message(&message[..len], &mut payload).unwrap();
    let (mut initiator, mut responder) =
        (initiator.into_transport_mode().unwrap(), responder.into_transport_mode().unwrap());
    let len = initiator.write_message(b"", &mut message).unwrap();
    responder.read_message(&message[..len], &mut payload).unwrap();
    (initiator, responder)
}

static KEYS: (&[u8; 32], &[u8; 32]) = (&[5; 32], &[6; 32]);

fn laptop_public() -> &'static [u8; 32] {
    static PUBLIC: std::sync::OnceLock<[u8; 32]> = std::sync::OnceLock::new();
    PUBLIC.get_or_init(|| *resolver::Key::new(KEYS.1).public())
}

pub fn shipped() -> snow::Builder<'static> {
    snow::Builder::new(NAME.parse().unwrap())
}

pub fn over_ours() -> snow::Builder<'static> {
    snow::Builder::with_resolver(NAME.parse().unwrap(), Box::new(resolver::Resolver))
}
