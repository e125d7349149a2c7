//! How often this library asks for memory, for one message.

use allocation_counter::measure;
use tenantseal::wecom::Binding;

use crate::{
    bench::SIZES,
    ours::{NOW, Subject, callback, decrypt_msg, posts},
};

/// As many as are opened, so that what a guard allocates now and then is spread.
const COUNT: usize = 1_000;

pub fn print(label: &str) -> Result<(), String> {
    for (size, content) in SIZES {
        for subject in Subject::ALL {
            let count = if content > 1_000 { COUNT / 20 } else { COUNT };
            let posts = posts(count, NOW, content).map_err(|error| error.to_string())?;
            let app = callback().map_err(|error| error.to_string())?;
            let app = match subject {
                Subject::Open => app.binding(Binding::Off).without_guard(),
                _ => app,
            };
            let mut outcome = Ok(());
            let (query, body) = posts.first().ok_or("no message")?;
            let mut call = decrypt_msg(query, body)?;
            let info = measure(|| {
                for (query, body) in &posts {
                    outcome = match subject {
                        Subject::DecryptMsg => call(),
                        _ => app.open(query, body).map(drop).map_err(|error| error.to_string()),
                    };
                    if outcome.is_err() {
                        break;
                    }
                }
            });
            outcome?;
            let count = u64::try_from(count).map_err(|error| error.to_string())?;
            println!(
                "{size:<8} {:<46} {:>5}.{} allocations {:>9} bytes",
                format!("{}, {label}", subject.name()),
                info.count_total / count,
                info.count_total * 10 / count % 10,
                info.bytes_total / count
            );
        }
    }
    Ok(())
}
