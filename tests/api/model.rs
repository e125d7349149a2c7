//! Caches, generations, life cycle and KEKs against a plain map, over a long random walk.

use core::ops::ControlFlow;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    field::Field,
    tenant::{Kek, Keyring, KeyringOptions, MemoryStore, NoGrants, RecordStore, Suite, TenantState},
};

use crate::fixture::{options, policy};

/// xorshift64*, Vigna 2016: what is drawn is printed by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % bound
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Active,
    Suspended,
    Shredded,
}

impl State {
    /// What the keys of a tenant in this state say.
    fn refusal(self) -> Option<Error> {
        match self {
            Self::Absent => Some(Error::UnknownTenant),
            Self::Active => None,
            Self::Suspended => Some(Error::Suspended),
            Self::Shredded => Some(Error::Shredded),
        }
    }
}

/// What is known of a tenant without any cache.
struct Model {
    state: State,
    generation: u32,
    epoch: u32,
    cells: Vec<(i64, u64, Vec<u8>)>,
    alias: bool,
}

const FIELDS: [&str; 3] = ["member.name", "member.mobile", "customer.note"];
const TENANTS: usize = 24;

#[test]
fn a_long_random_walk_agrees_with_a_plain_map() {
    let steps = if std::env::var_os("TENANTSEAL_SOAK").is_some() { 1_000_000 } else { 100_000 };
    let seed = 0x7465_6e61_6e74_0001;
    let mut random = Random(seed);
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let keks: Vec<Kek> = (0..40).map(|_| Kek::generate().unwrap()).collect();
    // So few tenants are cached that every other use misses; one keyring asks each time, the other when it is told to.
    let options = |within| {
        let options = options(Suite::default()).cache(6, Duration::from_secs(3600)).staleness(within, within);
        keks[1..].iter().fold(options, |options: KeyringOptions, kek| options.older_kek(kek).unwrap())
    };
    let asks = Keyring::over(&keks[0], store.clone(), &options(Duration::ZERO)).unwrap();
    let told = Keyring::over(&keks[0], store, &options(Duration::from_secs(3600))).unwrap();
    asks.install_policy(policy()).unwrap();
    let mut lives = [0u32; TENANTS];
    let mut kek = 0;
    let mut model: Vec<Model> = (0..TENANTS).map(|_| absent()).collect();
    let mut kept: HashMap<(usize, bool), Field> = HashMap::new();
    let (mut opened, mut refused) = (0u64, 0u64);
    for step in 0..steps {
        let number = random.below(TENANTS);
        let name = format!("t-{number}-{}", lives[number]);
        let told_turn = random.below(2) == 0;
        let keys = if told_turn { &told } else { &asks };
        if told_turn {
            told.refresh().unwrap();
        }
        let state = model[number].state;
        let context = format!("seed {seed:x}, step {step}, {name}");
        match random.below(1_000) {
            0..400 => {
                // Open one of its cells, in its place or another, by a fresh handle or a kept one.
                let label = FIELDS[0];
                let fresh = || keys.tenant(name.as_str()).and_then(|tenant| tenant.field(label));
                let handle = match kept.get(&(number, told_turn)) {
                    Some(field) if random.below(2) == 0 => Ok(field.clone()),
                    _ => fresh(),
                };
                let Ok(field) = handle else {
                    assert_eq!(fresh().err(), state.refusal(), "{context}");
                    continue;
                };
                kept.insert((number, told_turn), field.clone());
                let owner = if random.below(4) == 0 { random.below(TENANTS) } else { number };
                let cells = &model[owner].cells;
                if cells.is_empty() {
                    continue;
                }
                let (row, value, cell) = &cells[random.below(cells.len())];
                let result = field.open(*row, cell).map(|opened| opened.text().unwrap().to_owned());
                match (state.refusal(), owner == number) {
                    (Some(refusal), _) => assert_eq!(result, Err(refusal), "{context}"),
                    (None, false) => assert_eq!(result, Err(Error::UnknownKey), "{context}"),
                    (None, true) => {
                        assert_eq!(result, Ok(value.to_string()), "{context}");
                        assert_eq!(field.open(row + 1, cell).err(), Some(Error::Open), "{context}");
                        opened += 1;
                        continue;
                    }
                }
                refused += 1;
            }
            400..700 => {
                let field = keys.tenant(name.as_str()).and_then(|tenant| tenant.field(FIELDS[0]));
                let row = i64::try_from(random.below(1_000)).unwrap();
                let value = u64::try_from(random.below(1_000_000)).unwrap();
                match field.and_then(|field| field.seal(row, value.to_string().as_str())) {
                    Ok(cell) => {
                        assert_eq!(state.refusal(), None, "{context}");
                        let header = tenantseal::field::CellHeader::parse(&cell).unwrap();
                        assert_eq!(header.generation.to_u32(), model[number].generation, "{context}");
                        let cells = &mut model[number].cells;
                        let position = random.below(50);
                        match cells.get_mut(position) {
                            Some(cell_at) => *cell_at = (row, value, cell),
                            None => cells.push((row, value, cell)),
                        }
                    }
                    Err(error) => assert_eq!(Some(error), state.refusal(), "{context}"),
                }
            }
            700..850 => {
                let label = FIELDS[random.below(2)];
                let index = keys
                    .tenant(name.as_str())
                    .and_then(|tenant| tenant.field(label))
                    .and_then(|field| field.index("exact"));
                match index.and_then(|index| index.lookup("13800138000")) {
                    Ok(tokens) => {
                        assert_eq!(state.refusal(), None, "{context}");
                        let classes = if label == "member.mobile" { 2 } else { 1 };
                        let epochs = usize::try_from(model[number].epoch).unwrap();
                        assert_eq!(tokens.len(), epochs * classes, "{context}");
                    }
                    Err(error) => assert_eq!(Some(error), state.refusal(), "{context}"),
                }
            }
            850..900 => {
                let expected = match state {
                    State::Absent => None,
                    State::Shredded => Some(Error::Shredded),
                    _ => Some(Error::AlreadyExists),
                };
                assert_eq!(keys.create_tenant(name.as_str()).err(), expected, "{context}");
                if expected.is_none() {
                    model[number] = Model { state: State::Active, generation: 1, epoch: 1, ..absent() };
                }
            }
            900..915 if model[number].generation < 12 => {
                assert_eq!(keys.rotate_tenant(name.as_str()).err(), state.refusal(), "{context}");
                model[number].generation += u32::from(state == State::Active);
            }
            915..925 if model[number].epoch < 8 => {
                assert_eq!(keys.rotate_index(name.as_str()).err(), state.refusal(), "{context}");
                model[number].epoch += u32::from(state == State::Active);
            }
            925..945 => {
                let until = (random.below(2) == 0).then_some(UNIX_EPOCH + Duration::from_secs(1));
                let expected = match state {
                    State::Active | State::Suspended => None,
                    _ => state.refusal(),
                };
                assert_eq!(keys.suspend_tenant(name.as_str(), until).err(), expected, "{context}");
                if expected.is_none() {
                    model[number].state = State::Suspended;
                    let expected = Ok(TenantState::Suspended { until });
                    assert_eq!(keys.tenant_state(name.as_str()), expected, "{context}");
                }
            }
            945..970 => {
                let expected = match state {
                    State::Suspended => None,
                    State::Active => Some(Error::State),
                    _ => state.refusal(),
                };
                assert_eq!(keys.restore_tenant(name.as_str()).err(), expected, "{context}");
                if expected.is_none() {
                    model[number].state = State::Active;
                }
            }
            970 => {
                let due = keys.tenants_due(UNIX_EPOCH + Duration::from_secs(2)).unwrap();
                let due = due.iter().any(|id| id.as_bytes() == name.as_bytes());
                let result = keys.shred_tenant(name.as_str(), &NoGrants);
                match state {
                    State::Shredded => assert!(result.is_ok(), "{context}"),
                    State::Suspended if due => {
                        assert!(result.is_ok(), "{context}");
                        (model[number].state, model[number].alias) = (State::Shredded, false);
                    }
                    State::Absent => assert_eq!(result.err(), Some(Error::UnknownTenant), "{context}"),
                    _ => assert_eq!(result.err(), Some(Error::State), "{context}"),
                }
            }
            971..990 => {
                let alias = format!("ww{number}");
                let known = keys.tenant_by_alias(&alias).map(|tenant| tenant.id().clone());
                let expected = if model[number].alias { state.refusal() } else { Some(Error::UnknownTenant) };
                assert_eq!(known.err(), expected, "{context}");
                let alive = matches!(state, State::Active | State::Suspended);
                if model[number].alias {
                    keys.remove_alias(&alias).unwrap();
                    model[number].alias = false;
                } else if alive {
                    keys.add_alias(&alias, name.as_str()).unwrap();
                    model[number].alias = true;
                }
            }
            990 if kek + 1 < keks.len() && random.below(20) == 0 => {
                kek += 1;
                keys.rotate_kek(&keks[kek], |_| ControlFlow::Continue(())).unwrap();
            }
            991..995 => {
                let alive = model.iter().filter(|m| matches!(m.state, State::Active | State::Suspended));
                assert_eq!(keys.tenant_ids().unwrap().len(), alive.count(), "{context}");
                // One that is gone makes room for one whose id was never used.
                if state == State::Shredded {
                    lives[number] += 1;
                    model[number] = absent();
                    kept.retain(|(other, _), _| *other != number);
                }
            }
            _ => {}
        }
    }
    println!("{steps} steps, seed {seed:x}: {opened} cells opened, {refused} refused, {kek} KEKs");
    assert!(opened > steps / 10 && refused > 1_000 && kek > 0 && lives.iter().sum::<u32>() > 5);
}

fn absent() -> Model {
    Model { state: State::Absent, generation: 0, epoch: 0, cells: Vec::new(), alias: false }
}
