//! Streams over a connection that keeps order, and what can be done to it on the way.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
    sync::Mutex,
    thread,
    time::Duration,
};

use tenantseal::{
    Error,
    session::{Load, Stream},
};
use tenantseal_harness::Random;

use crate::sessions::{PATTERNS, Pattern, World, source};

/// Both ends of a stream over a pair of sockets.
fn pair(pattern: Pattern) -> (Stream<UnixStream>, Stream<UnixStream>) {
    let (near, far) = UnixStream::pair().unwrap();
    over(pattern, near, far)
}

fn over(pattern: Pattern, near: UnixStream, far: UnixStream) -> (Stream<UnixStream>, Stream<UnixStream>) {
    of(World::new(), pattern, near, far)
}

fn of(
    world: World,
    pattern: Pattern,
    near: UnixStream,
    far: UnixStream,
) -> (Stream<UnixStream>, Stream<UnixStream>) {
    let initiator = world.initiate(pattern);
    let listener = Mutex::new(world.listener);
    thread::scope(|scope| {
        let called = scope.spawn(|| Stream::accept(far, &listener, source()).unwrap());
        let calling = Stream::connect(near, initiator).unwrap();
        (calling, called.join().unwrap())
    })
}

fn inner(error: &std::io::Error) -> Option<Error> {
    error.get_ref()?.downcast_ref::<Error>().copied()
}

#[test]
fn bytes_arrive_as_they_were_written_and_the_end_is_seen() {
    for pattern in PATTERNS {
        let (mut near, mut far) = pair(pattern);
        assert_eq!((near.peer().as_bytes(), far.peer().as_bytes()), (&b"laptop"[..], &b"phone"[..]));
        let mut random = Random::new(30);
        let data: Vec<u8> = (0..1_000_000).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut rest = &data[..];
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(random.below(40_000).min(rest.len()));
                    near.write_all(piece).unwrap();
                    if random.once_in(5) {
                        near.flush().unwrap();
                    }
                    rest = after;
                }
                near.finish().unwrap();
                near.finish().unwrap();
                assert_eq!(inner(&near.write(b"more").unwrap_err()), Some(Error::State));
                let mut answer = Vec::new();
                near.read_to_end(&mut answer).unwrap();
                assert_eq!(answer, "收到".as_bytes());
                assert_eq!(near.read(&mut [0; 1]).unwrap(), 0, "and again");
            });
            let mut got = Vec::new();
            far.read_to_end(&mut got).unwrap();
            assert!(got == data);
            far.write_all("收到".as_bytes()).unwrap();
            far.finish().unwrap();
        });
    }
}

#[test]
fn a_stream_of_nothing_ends() {
    let (mut near, mut far) = pair(Pattern::Kk);
    near.finish().unwrap();
    assert_eq!(far.read(&mut [0; 8]).unwrap(), 0);
    // Reading nothing takes nothing.
    far.write_all(b"x").unwrap();
    far.flush().unwrap();
    assert_eq!(near.read(&mut []).unwrap(), 0);
    assert_eq!(near.read(&mut [0; 8]).unwrap(), 1);
}

#[test]
fn a_connection_that_closes_before_the_end_was_cut() {
    let (mut near, mut far) = pair(Pattern::Kk);
    near.write_all(b"so far").unwrap();
    near.flush().unwrap();
    near.write_all(b"never sent").unwrap();
    drop(near);
    let mut got = Vec::new();
    let error = far.read_to_end(&mut got).unwrap_err();
    assert_eq!((error.kind(), inner(&error)), (ErrorKind::UnexpectedEof, Some(Error::Truncated)));
    assert_eq!(got, b"so far");
    assert_eq!(inner(&far.read(&mut [0; 1]).unwrap_err()), Some(Error::Truncated), "and again");
}

/// What goes nowhere is not taken without end.
#[test]
fn a_connection_that_takes_nothing_stops_the_writer() {
    let (mut near, mut far) = pair(Pattern::Kk);
    near.get_ref().set_nonblocking(true).unwrap();
    let (mut taken, mut refused) = (0, 0);
    while refused < 100 {
        match near.write(&[7; 16_384]) {
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(taken < 10_000_000, "{taken}");
    near.get_ref().set_nonblocking(false).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| near.finish().unwrap());
        let mut data = Vec::new();
        far.read_to_end(&mut data).unwrap();
        assert!(data.len() == taken && data.iter().all(|byte| *byte == 7));
    });
}

#[test]
fn a_stream_outlives_an_outage() {
    let (store, world) = World::over_store(Duration::ZERO);
    let (near, far) = UnixStream::pair().unwrap();
    let (mut near, mut far) = of(world, Pattern::Kk, near, far);
    near.write_all(b"before, and ").unwrap();
    near.flush().unwrap();
    store.fail(true);
    let mut data = [0; 12];
    for _ in 0..2 {
        assert_eq!(far.read(&mut data).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(
            near.write_all(b"after").and_then(|()| near.flush()).unwrap_err().kind(),
            ErrorKind::TimedOut
        );
    }
    store.fail(false);
    far.read_exact(&mut data).unwrap();
    assert_eq!(&data, b"before, and ");
    near.finish().unwrap();
    let mut rest = Vec::new();
    far.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"afterafter");
}

#[test]
fn cookies_work_over_a_connection() {
    let mut world = World::new();
    let initiator = world.initiate(Pattern::Kk);
    world.listener = world.listener.load(Load::new().cookies_after(0));
    let listener = Mutex::new(world.listener);
    let (near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| Stream::accept(far, &listener, source()).unwrap());
        Stream::connect(near, initiator).unwrap();
    });
}

#[test]
fn who_is_not_expected_is_hung_up_on() {
    let (world, stranger) = (World::new(), World::new());
    let listener = Mutex::new(world.listener);
    let (near, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        let called = scope.spawn(|| Stream::accept(far, &listener, source()).err());
        assert_eq!(Stream::connect(near, stranger.initiate(Pattern::Kk)).err(), Some(Error::Truncated));
        assert_eq!(called.join().unwrap(), Some(Error::Open));
    });
}

/// A packet with its length before it, as it goes over the connection.
fn frame(io: &mut impl Read) -> Option<Vec<u8>> {
    let mut frame = vec![0; 2];
    io.read_exact(&mut frame).ok()?;
    let len = u16::from_be_bytes([frame[0], frame[1]]);
    frame.resize(2 + usize::from(len), 0);
    io.read_exact(&mut frame[2..]).ok()?;
    Some(frame)
}

/// What is read at the other end when somebody in between changes the records of `pieces`, the end included.
fn with_changed(pieces: &[&[u8]], change: impl FnOnce(&mut Vec<Vec<u8>>) + Send) -> (Vec<u8>, Option<Error>) {
    let (near, mut left) = UnixStream::pair().unwrap();
    let (mut right, far) = UnixStream::pair().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            // The handshake passes as it is: two packets from the one that calls, one from the other.
            right.write_all(&frame(&mut left).unwrap()).unwrap();
            left.write_all(&frame(&mut right).unwrap()).unwrap();
            right.write_all(&frame(&mut left).unwrap()).unwrap();
            let mut records: Vec<_> = std::iter::from_fn(|| frame(&mut left)).collect();
            change(&mut records);
            for record in records {
                // The reader may have hung up.
                if right.write_all(&record).is_err() {
                    break;
                }
            }
            right.shutdown(Shutdown::Write).unwrap();
        });
        let (mut near, mut far) = over(Pattern::Kk, near, far);
        for piece in pieces {
            near.write_all(piece).unwrap();
            near.flush().unwrap();
        }
        near.finish().unwrap();
        drop(near);
        let mut got = Vec::new();
        let error = far.read_to_end(&mut got).err();
        (got, error.map(|error| inner(&error).unwrap()))
    })
}

#[test]
fn what_is_changed_on_the_way_ends_the_stream_where_it_was_changed() {
    let pieces: [&[u8]; 3] = [b"first ", b"second ", b"third"];
    assert_eq!(with_changed(&pieces, |_| ()), (b"first second third".to_vec(), None));
    // The record before it was read, and nothing after.
    let first =
        |result: (Vec<u8>, Option<Error>), error| assert_eq!(result, (b"first ".to_vec(), Some(error)));
    first(with_changed(&pieces, |records| records.swap(1, 2)), Error::Open);
    first(with_changed(&pieces, |records| drop(records.remove(1))), Error::Open);
    first(with_changed(&pieces, |records| records.insert(1, records[0].clone())), Error::Open);
    first(with_changed(&pieces, |records| records.truncate(1)), Error::Truncated);
    first(with_changed(&pieces, |records| records[1].truncate(20)), Error::Open);
    let len = 2 + 32 + 1 + pieces[1].len();
    for at in 0..len {
        for bit in [1, 0x80] {
            let (got, error) = with_changed(&pieces, |records| {
                assert_eq!(records[1].len(), len);
                records[1][at] ^= bit;
            });
            // A length that grew takes bytes of what follows, and may ask for more than comes.
            assert!(matches!(error, Some(Error::Open | Error::Truncated)), "{at}: {error:?}");
            assert_eq!(got, b"first ", "{at}");
        }
    }
    // The end alone taken away, or another record made the end.
    let (got, error) = with_changed(&pieces, |records| drop(records.pop()));
    assert_eq!((&got[..], error), (&b"first second third"[..], Some(Error::Truncated)));
    // What stands after the end is not the stream's.
    let (got, error) = with_changed(&pieces, |records| records.push(vec![0; 40]));
    assert_eq!((&got[..], error), (&b"first second third"[..], None));
}

#[cfg(feature = "tokio")]
#[test]
fn over_tokio_it_is_the_same_stream() {
    use tenantseal::session::AsyncStream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for pattern in PATTERNS {
        let world = World::new();
        let initiator = world.initiate(pattern);
        let listener = Mutex::new(world.listener);
        // A connection that takes little at a time.
        let (near, far) = tokio::io::duplex(1000);
        let data: Vec<u8> = (0..200_000u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
        let expected = data.clone();
        runtime.block_on(async move {
            let calling = tokio::spawn(async move {
                let mut near = AsyncStream::connect(near, initiator).await.unwrap();
                assert_eq!(near.peer().as_bytes(), b"laptop");
                near.write_all(&data).await.unwrap();
                near.shutdown().await.unwrap();
                let mut answer = Vec::new();
                let error = near.read_to_end(&mut answer).await.unwrap_err();
                (answer, error)
            });
            let mut far = AsyncStream::accept(far, &listener, source()).await.unwrap();
            let mut got = Vec::new();
            far.read_to_end(&mut got).await.unwrap();
            assert!(got == expected);
            far.write_all(b"got it").await.unwrap();
            far.flush().await.unwrap();
            // No end: the other side is told.
            drop(far);
            let (answer, error) = calling.await.unwrap();
            assert_eq!((&answer[..], inner(&error)), (&b"got it"[..], Some(Error::Truncated)));
        });
    }
}
