//! What a plan predicts is what real tokens do, and real tokens are those of FORMAT.md.

use std::{collections::HashMap, fs};

use serde_json::Value as Json;
use tenantseal::{
    field::{BlindIndex, Plan, Rows},
    tenant::{Keyring, KeyringOptions, Policy},
};

use super::{of_bits, planner_of, spec, statistics::chi_square_survival};
use crate::fixture::kek;

/// Records that were written once: the roots under them are the same in every run.
fn records() -> Vec<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/fields_v1.json");
    let vectors: Json = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    vectors["records"].as_array().unwrap().iter().map(|hex| bytes(hex.as_str().unwrap())).collect()
}

fn indexes(policy: Policy) -> impl Fn(&str) -> BlindIndex {
    let keys = Keyring::from_records(&kek(), records(), &KeyringOptions::new()).unwrap();
    keys.install_policy(policy).unwrap();
    let field = keys.tenant("t-1001").unwrap().field("t.c").unwrap();
    move |label| field.index(label).unwrap()
}

#[test]
fn tokens_of_every_width_are_those_of_the_specification() {
    let record = records().into_iter().find(|record| record[5] == 2).unwrap();
    let mut kek = [0x5a; 32];
    kek[31] = 1;
    let root = spec::root(&kek, &record);
    let index = indexes(of_bits(8..=63));
    // How often the first 8 bits of two widths agree: were the bits not in the key, always.
    let (mut agreeing, mut compared) = (0, 0);
    for bits in 8..=63 {
        let label = format!("b{bits}");
        let key = spec::index_key(&root, "t-1001", 3, ["t", "c", &label], "none/1", bits);
        let (index, widest) = (index(&label), index("b63"));
        let mut top = 0;
        for number in 0..100 {
            let value = format!("value {number}");
            let token = index.token(&value).unwrap();
            assert_eq!(token, spec::token(&key, 0, value.as_bytes(), bits), "{bits} {value}");
            assert_eq!(token >> bits, 0, "{bits}");
            top |= token >> (bits - 1);
            if bits < 63 {
                compared += 1;
                agreeing += usize::from(token >> (bits - 8) == widest.token(&value).unwrap() >> 55);
            }
        }
        assert_eq!(top, 1, "the first of {bits} bits is used");
    }
    // 5,500 comparisons that agree by chance once in 256: 21 of them, give or take 5.
    assert_eq!(compared, 5_500);
    assert!((1..50).contains(&agreeing), "{agreeing}");
}

const DISTINCT: usize = 30_000;

/// How many rows each of [`DISTINCT`] values has.
fn distributions() -> [(&'static str, Vec<u64>); 3] {
    let wide = |at: usize| u64::try_from(at).unwrap();
    let zipf = (0..DISTINCT).map(|at| (20_000 / (wide(at) + 1)).max(1)).collect();
    let mut heavy = vec![2; DISTINCT];
    heavy[7] = 20_000;
    [("uniform", vec![3; DISTINCT]), ("zipf", zipf), ("heavy", heavy)]
}

/// What the tokens of one index do, and how probable that is by what a plan says of it.
struct Measured {
    /// Of how many tokens no value has, one value, two values, and so on.
    occupancy: f64,
    /// Of how many values each of the 2^b tokens has.
    evenness: f64,
    /// Of the false candidates of a search, each value equally likely.
    false_per_value: f64,
    /// Of the candidates of a search, each row equally likely.
    per_row: f64,
    /// The entropy of a random row's token.
    entropy: f64,
}

impl Measured {
    fn new(tokens: &[i64], bits: u8, counts: &[u64], plan: &Plan, label: &str) -> Self {
        let predicted = plan.indexes.iter().find(|index| index.label == label).unwrap();
        let counts: Vec<f64> = counts.iter().map(|count| float(usize::try_from(*count).unwrap())).collect();
        let (rows, distinct) = (counts.iter().sum::<f64>(), float(counts.len()));
        // Values and rows of each token.
        let mut held: HashMap<i64, (f64, f64)> = HashMap::new();
        for (token, count) in tokens.iter().zip(&counts) {
            let (values, rows) = held.entry(*token).or_default();
            *values += 1.0;
            *rows += count;
        }
        let others = |token: &i64, count: &f64| held[token].1 - count;
        let pairs = || tokens.iter().zip(&counts);
        let false_per_value = pairs().map(|(token, count)| others(token, count)).sum::<f64>() / distinct;
        let per_row =
            pairs().map(|(token, count)| count * (count + others(token, count))).sum::<f64>() / rows;
        let entropy = -held.values().map(|(_, own)| own / rows * (own / rows).log2()).sum::<f64>();

        // How probable it is, by the plan, that a row of another value shares a token.
        let shared = predicted.candidates.false_per_value / (rows - rows / distinct);
        let tokens = f64::from(bits).exp2();
        let expected = distinct * shared;
        let empty = tokens - float(held.len());
        let squares = held.values().map(|(values, _)| (values - expected).powi(2)).sum::<f64>();
        let evenness = (squares + empty * expected.powi(2)) / expected;
        let mut occupied: HashMap<usize, f64> = HashMap::from([(0, empty)]);
        for token in held.values() {
            *occupied.entry((1..).find(|values| float(*values) >= token.0).unwrap()).or_default() += 1.0;
        }
        let occupancy = occupancy(&occupied, tokens, counts.len(), shared);

        // Two values share a token independently of any other two: the variance is a sum over pairs.
        let power = |exponent| counts.iter().map(|count| count.powi(exponent)).sum::<f64>();
        let chance = shared * (1.0 - shared);
        let of_false = ((distinct - 2.0) * power(2) + rows * rows) / (distinct * distinct) * chance;
        let of_row = 2.0 * (power(2).powi(2) - power(4)) / (rows * rows) * chance;
        let likely = |measured: f64, predicted: f64, variance: f64| {
            chi_square_survival((measured - predicted).powi(2) / variance, 1.0)
        };
        Self {
            occupancy,
            evenness: chi_square_survival(evenness, tokens - 1.0),
            false_per_value: likely(false_per_value, predicted.candidates.false_per_value, of_false),
            per_row: likely(per_row, predicted.candidates.per_row, of_row),
            entropy,
        }
    }
}

/// How probable these numbers of tokens are that have no value, one, two and so on, if each of `distinct` values has a
/// token with the probability `shared`. Numbers that are expected fewer than 5 times are put together with the next.
fn occupancy(occupied: &HashMap<usize, f64>, tokens: f64, distinct: usize, shared: f64) -> f64 {
    let mut binomial = (float(distinct) * (-shared).ln_1p()).exp();
    let (mut statistic, mut classes, mut found, mut expected) = (0.0, 0.0, 0.0, 0.0);
    let (mut all_found, mut all_expected) = (0.0, 0.0);
    for values in 0..distinct {
        found += occupied.get(&values).copied().unwrap_or_default();
        expected += tokens * binomial;
        if expected >= 5.0 && tokens - all_expected - expected >= 5.0 {
            statistic += (found - expected).powi(2) / expected;
            classes += 1.0;
            (all_found, all_expected) = (all_found + found, all_expected + expected);
            (found, expected) = (0.0, 0.0);
        }
        binomial *= float(distinct - values) / float(values + 1) * shared / (1.0 - shared);
    }
    let (found, expected) = (tokens - all_found, tokens - all_expected);
    statistic += (found - expected).powi(2) / expected;
    assert!(classes >= 1.0);
    chi_square_survival(statistic, classes)
}

#[test]
fn predictions_are_what_real_tokens_do() {
    let policy = of_bits(8..=20);
    let planner = planner_of(&policy);
    let index = indexes(policy.clone());
    let tokens: Vec<Vec<i64>> = (8..=18)
        .map(|bits| {
            let index = index(&format!("b{bits}"));
            (0..DISTINCT).map(|number| index.token(&format!("value {number}")).unwrap()).collect()
        })
        .collect();
    for (name, counts) in distributions() {
        let labels: Vec<String> = (8..=20).map(|bits| format!("b{bits}")).collect();
        let given = labels.iter().map(|label| (label.as_str(), counts.iter().copied()));
        let plan = planner.plan_counts(Rows::Whole, given).unwrap();
        for (bits, tokens) in (8..).zip(&tokens) {
            let label = format!("b{bits}");
            let found = Measured::new(tokens, bits, &counts, &plan, &label);
            let probable = [found.occupancy, found.evenness, found.false_per_value, found.per_row];
            println!("{name} {bits} bits: p = {probable:.4?}, {:.4} bits of entropy", found.entropy);
            assert!(probable.iter().all(|p| *p > 1e-6), "{name} {bits}: {probable:?}");
            // Too regular to be chance would be no function of the value alone.
            assert!(found.evenness < 1.0 - 1e-6, "{name} {bits}");
            let leak = &plan.indexes.iter().find(|index| index.label == label).unwrap().leak;
            assert!(
                (leak.at_least - 0.01..=leak.at_most + 1e-9).contains(&found.entropy),
                "{name} {bits}: {leak:?}"
            );

            // A prediction for one bit more or less is seen to be wrong by the same test.
            for other in [bits - 1, bits + 1] {
                if let Some(label) = labels.iter().find(|label| **label == format!("b{other}")) {
                    let wrong = Measured::new(tokens, bits, &counts, &plan, label);
                    assert!(wrong.occupancy < 1e-6, "{name} {bits} as {other}: {}", wrong.occupancy);
                    if name == "uniform" {
                        assert!(wrong.false_per_value < 1e-6, "{bits} as {other}: {}", wrong.false_per_value);
                    }
                }
            }
        }
    }
}

/// 20,000 rows of 5,000 values over 4 partitions, half of them of an earlier index epoch.
#[test]
fn a_search_asks_for_every_epoch_and_partition() {
    let (bits, rows, distinct) = (12, 20_000_u32, 5_000);
    let policy = of_bits([bits]);
    let planner = planner_of(&policy).epochs(2).unwrap().partitions("b12", 4).unwrap();
    let counts = vec![u64::from(rows / distinct); usize::try_from(distinct).unwrap()];
    let plan = planner.plan_counts(Rows::Whole, [("b12", counts)]).unwrap();
    let predicted = &plan.indexes[0];
    assert_eq!((predicted.tokens, predicted.partitions), (8, 4));

    let keys = [[7; 32], [8; 32]];
    let token = |epoch: usize, partition: u16, value: u32| {
        spec::token(&keys[epoch], partition, &value.to_be_bytes(), bits)
    };
    let mut stored: HashMap<i64, Vec<u32>> = HashMap::new();
    for row in 0..rows {
        // Of the rows of one value, every one is in a partition and epoch of its own.
        let (value, copy) = (row % distinct, row / distinct);
        let partition = u16::try_from(copy % 4).unwrap();
        stored.entry(token(usize::try_from(row % 2).unwrap(), partition, value)).or_default().push(value);
    }
    let (mut opened, mut found) = (0, 0);
    for value in 0..2_000 {
        let mut asked: Vec<i64> = (0..2)
            .flat_map(|epoch| (0..4).map(move |partition| (epoch, partition)))
            .map(|(e, p)| token(e, p, value))
            .collect();
        asked.sort_unstable();
        asked.dedup();
        let candidates: Vec<u32> =
            asked.iter().filter_map(|token| stored.get(token)).flatten().copied().collect();
        opened += candidates.len();
        found += candidates.iter().filter(|candidate| **candidate == value).count();
    }
    assert_eq!(found, 2_000 * 4, "no row is missed");
    let measured = float(opened) / 2_000.0;
    // A row is opened for nothing 39 times a search, so the mean of 2,000 is right within one hundredth.
    let error = (measured / predicted.candidates.per_value - 1.0).abs();
    assert!(error < 0.02, "{measured} {:?}", predicted.candidates);
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
