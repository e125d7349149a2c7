//! The planner: what it says and what it refuses. `predictions` holds its numbers against real tokens.

mod kinds;
mod predictions;
mod spec;
mod statistics;

use proptest::prelude::*;
use tenantseal::{
    Error,
    field::{Finding, Language, Plan, Planner, Rows, Severity},
    tenant::Policy,
};

/// A field of text, or of another type, with these indexes: label, kind, normaliser, bits.
fn policy(content: &str, value_type: &str, indexes: &[(String, &str, &str, u8)]) -> Policy {
    let indexes: Vec<String> = indexes
        .iter()
        .map(|(label, kind, normaliser, bits)| {
            format!(r#"{{"label":"{label}","kind":{kind},"normaliser":"{normaliser}","bits":{bits}}}"#)
        })
        .collect();
    let mask = if content == "mobile_cn" { r#","mask":{"kind":"mobile_cn","class":"internal"}"# } else { "" };
    let json = format!(
        r#"{{"tenantseal_policy":1,"version":1,"fields":[{{"table":"t","column":"c","type":"{value_type}",
            "content":"{content}","storage":"cell","class":["personal"],"bind":"row","indexes":[{}]{mask}}}]}}"#,
        indexes.join(",")
    );
    Policy::from_json(json.as_bytes()).unwrap()
}

const EXACT: &str = r#""exact""#;

/// An exact index of each of these widths, `b8` and so on.
fn of_bits(bits: impl IntoIterator<Item = u8>) -> Policy {
    let indexes: Vec<_> = bits.into_iter().map(|bits| (format!("b{bits}"), EXACT, "none/1", bits)).collect();
    policy("none", "text", &indexes)
}

fn mobile(bits: u8, last_four: Option<u8>) -> Policy {
    let mut indexes = vec![("exact".to_owned(), EXACT, "mobile_cn/1", bits)];
    indexes.extend(last_four.map(|bits| ("last4".to_owned(), r#"{"last":4}"#, "mobile_cn/1", bits)));
    policy("mobile_cn", "text", &indexes)
}

fn planner_of(policy: &Policy) -> Planner {
    Planner::new(policy, "t.c").unwrap()
}

fn has(plan: &Plan, is: impl Fn(&Finding) -> bool) -> bool {
    plan.findings.iter().any(is)
}

fn mobiles(planner: &Planner, numbers: u32, rows: Rows) -> Plan {
    let mut sample = planner.sample();
    for number in 0..numbers {
        // Scattered, so that what is drawn has all last digits.
        let number = u64::from(number) * 7_654_321 % 100_000_000;
        sample.add(&format!("138 {number:08}")).unwrap();
    }
    sample.plan(rows).unwrap()
}

#[test]
fn of_200_000_mobiles_9_to_16_bits_are_safe_and_15_open_6_rows_for_nothing() {
    for bits in 8..=24 {
        let policy = mobile(bits, None);
        let plan = planner_of(&policy).plan_counts(Rows::Whole, [("exact", vec![1; 200_000])]).unwrap();
        assert_eq!(plan.proposed_bits("exact"), Ok(Some(15)), "{bits}");
        assert_eq!(plan.is_acceptable(), bits <= 16, "{bits}");
        assert_eq!(plan.findings.is_empty(), (9..=16).contains(&bits), "{bits}: {:?}", plan.findings);
        let few = has(&plan, |finding| matches!(finding, Finding::BitsFew { at_least: 9, .. }));
        let many = has(&plan, |finding| matches!(finding, Finding::BitsMany { at_most: Some(16), .. }));
        assert_eq!((few, many), (bits == 8, bits > 16), "{bits}");
    }
    let policy = mobile(15, None);
    let plan = mobiles(&planner_of(&policy), 200_000, Rows::Whole);
    println!("{plan}\n{}", plan.to_text(Language::Chinese));
    let index = &plan.indexes[0];
    assert_eq!((index.distinct, index.refused, index.tokens), (200_000.0, 0, 1));
    assert!((index.candidates.false_per_value - 6.1).abs() < 0.01, "{:?}", index.candidates);
    assert!((index.shannon_entropy - 200_000_f64.log2()).abs() < 1e-6);
    // -log2(1 / 200,000 + 1 / 2^15)
    assert!((index.leak.at_least - 14.7811).abs() < 1e-3 && index.leak.at_most == 15.0, "{:?}", index.leak);
    let anonymity = plan.anonymity.unwrap();
    assert!((6.0..=9.0).contains(&anonymity.median) && anonymity.alone < 0.01, "{anonymity:?}");
    assert!(plan.is_acceptable() && plan.findings.is_empty(), "{:?}", plan.findings);
    assert_eq!(plan.proposed_bits("absent"), Err(Error::UnknownIndex));
}

#[test]
fn the_last_four_digits_beside_it_single_out_rows() {
    let policy = mobile(15, Some(12));
    let plan = mobiles(&planner_of(&policy), 200_000, Rows::Whole);
    println!("{plan}\n{}", plan.to_text(Language::Chinese));
    assert!(!plan.is_acceptable());
    assert_eq!((plan.indexes[0].distinct, plan.indexes[1].distinct), (200_000.0, 10_000.0));
    assert!((26.9..27.1).contains(&plan.leaked_bits) && plan.identifying_bits < 17.7);
    let refused = |finding: &Finding| finding.severity() == Severity::Refuse;
    assert!(
        plan.findings
            .iter()
            .filter(|finding| refused(finding))
            .all(|finding| { matches!(finding, Finding::RowsIdentified { .. }) })
    );
    assert!(has(&plan, |finding| matches!(finding, Finding::RowsAlone { share } if *share > 0.9)));
    assert_eq!((plan.proposed_bits("exact"), plan.proposed_bits("last4")), (Ok(Some(15)), Ok(None)));
    // Each by itself may be built.
    let policy = mobile(15, None);
    assert!(mobiles(&planner_of(&policy), 200_000, Rows::Whole).is_acceptable());
    // Of a million rows there are bits for both.
    let policy = mobile(15, Some(12));
    let planner = planner_of(&policy);
    let counts = [("exact", vec![1; 1_000_000]), ("last4", vec![100; 10_000])];
    let plan = planner.plan_counts(Rows::Whole, counts).unwrap();
    let proposed = ["exact", "last4"].map(|label| plan.proposed_bits(label).unwrap().unwrap());
    assert_eq!(proposed, [10, 8]);
    let policy = mobile(10, Some(8));
    let counts = [("exact", vec![1; 1_000_000]), ("last4", vec![100; 10_000])];
    let plan = planner_of(&policy).plan_counts(Rows::Whole, counts).unwrap();
    assert!(plan.is_acceptable(), "{plan}");
}

#[test]
fn of_4_096_values_a_token_has_fewer_than_half_and_with_partitions_fewer_than_half_of_their_product() {
    for (partitions, most) in [(1, 10), (4, 12)] {
        for bits in 8..=14 {
            let policy = of_bits([bits]);
            let label = format!("b{bits}");
            let planner = planner_of(&policy).partitions(&label, partitions).unwrap();
            let plan = planner.plan_counts(Rows::Whole, [(label.as_str(), vec![50; 4_096])]).unwrap();
            assert_eq!(plan.is_acceptable(), bits <= most, "{bits} {partitions}");
            assert_eq!(plan.proposed_bits(&label), Ok(Some(most)), "{bits} {partitions}");
        }
    }
}

#[test]
fn a_mask_in_clear_counts_as_much_as_an_index() {
    let policy = mobile(15, None);
    let planner = planner_of(&policy).clear_mask().unwrap();
    let plan = mobiles(&planner, 200_000, Rows::Whole);
    assert!(!plan.is_acceptable());
    assert!((13.2..13.4).contains(&plan.clear_mask_bits.unwrap()), "10,000 masks");
    assert!(has(&plan, |finding| matches!(finding, Finding::ClearMask { .. })));
    assert!(has(&plan, |finding| matches!(finding, Finding::RowsIdentified { .. })));
    assert_eq!(plan.proposed_bits("exact"), Ok(None), "no index fits beside it");
    let counts = [("exact", vec![1; 200_000]), (Planner::MASK, vec![20; 10_000])];
    let counted = planner.plan_counts(Rows::Whole, counts).unwrap();
    assert!((counted.clear_bits - plan.clear_bits).abs() < 1e-9 && counted.anonymity.is_none());
    let text = of_bits([15]);
    assert_eq!(planner_of(&text).clear_mask().err(), Some(Error::UnknownField));
}

#[test]
fn rows_that_look_the_same_have_the_same_tokens_and_masks() {
    let anonymity = |planner: &Planner| {
        let mut sample = planner.sample();
        for number in 0..4_000 {
            // 400 numbers of 10 rows each.
            sample.add(&format!("138{:08}", number % 400)).unwrap();
        }
        sample.plan(Rows::Whole).unwrap().anonymity.unwrap()
    };
    let policy = mobile(63, None);
    let planner = planner_of(&policy);
    let whole = anonymity(&planner);
    assert_eq!((whole.least, whole.fifth_percentile, whole.median, whole.alone), (10.0, 10.0, 10.0, 0.0));
    // 5,000 partitions leave rows of one number hardly ever together.
    let parted = anonymity(&planner.clone().partitions("exact", 5_000).unwrap());
    assert!(parted.alone > 0.95 && parted.median == 1.0, "{parted:?}");
    // 256 tokens bring numbers together; a mask in clear tells them apart.
    let policy = mobile(8, None);
    let planner = planner_of(&policy);
    assert!(anonymity(&planner).median > 10.0);
    assert_eq!(anonymity(&planner.clear_mask().unwrap()), whole);
}

#[test]
fn a_column_in_clear_counts_towards_the_sum() {
    let policy = mobile(15, None);
    let plan = |distinct| {
        let planner = planner_of(&policy).clear_column(distinct);
        planner.plan_counts(Rows::Whole, [("exact", vec![1; 200_000])]).unwrap()
    };
    // 15 bits and log2(3) are 16.585; half of 200,000 rows are 16.610.
    assert!(plan(1).is_acceptable() && plan(3).is_acceptable() && !plan(4).is_acceptable());
    let eight = plan(8);
    assert!(!eight.is_acceptable() && (eight.leaked_bits - 18.0).abs() < 1e-9);
    assert_eq!(eight.proposed_bits("exact"), Ok(Some(13)));
}

// What is refused, and what is said.

#[test]
fn few_values_are_refused_whatever_the_bits() {
    for bits in [8, 20, 63] {
        let policy = of_bits([bits]);
        let label = format!("b{bits}");
        let plan = |counts: Vec<u64>| {
            planner_of(&policy).plan_counts(Rows::Whole, [(label.as_str(), counts)]).unwrap()
        };
        for counts in [vec![100_000], vec![50_000, 50_000], vec![10; 15]] {
            let plan = plan(counts);
            assert!(has(&plan, |finding| matches!(finding, Finding::FewDistinct { .. })), "{plan}");
            assert_eq!((plan.is_acceptable(), plan.proposed_bits(&label)), (false, Ok(None)));
        }
        assert!(!has(&plan(vec![10; 16]), |finding| matches!(finding, Finding::FewDistinct { .. })));
    }
    let policy = policy("none", "bool", &[("yes".to_owned(), EXACT, "none/1", 8)]);
    let planner = planner_of(&policy);
    let mut sample = planner.sample();
    sample.add(true).unwrap();
    assert!(!sample.plan(Rows::Whole).unwrap().is_acceptable(), "a bool, however few rows there are");
}

#[test]
fn a_small_tenant_is_told_that_equality_shows() {
    let policy = of_bits([8]);
    let plan = |rows| planner_of(&policy).plan_counts(Rows::Whole, [("b8", vec![1; rows])]).unwrap();
    let small = |finding: &Finding| matches!(finding, Finding::TenantSmall { .. });
    let unavoidable = |finding: &Finding| matches!(finding, Finding::BitsMany { at_most: None, .. });
    for (rows, is_small, is_unavoidable) in
        [(1, true, false), (15, true, false), (16, false, true), (511, false, true), (513, false, false)]
    {
        let plan = plan(rows);
        assert_eq!((has(&plan, small), has(&plan, unavoidable)), (is_small, is_unavoidable), "{rows}");
        assert!(plan.is_acceptable(), "{plan}");
        assert_eq!(plan.proposed_bits("b8"), Ok((rows == 513).then_some(8)), "{rows}");
    }
}

#[test]
fn a_value_that_stands_out_is_told_with_the_partitions_that_hide_it() {
    let policy = of_bits([12]);
    let mut counts = vec![1; 100_000];
    counts.push(2_000);
    let plan = |partitions| {
        let planner = planner_of(&policy).partitions("b12", partitions).unwrap();
        planner.plan_counts(Rows::Whole, [("b12", counts.clone())]).unwrap()
    };
    let heavy = |plan: &Plan| {
        plan.findings.iter().find_map(|finding| match finding {
            Finding::HeavyValue { partitions, share, .. } => Some((*partitions, *share)),
            _ => None,
        })
    };
    let (partitions, share) = heavy(&plan(1)).unwrap();
    assert_eq!((partitions, share), (Some(16), 2_000.0 / 102_000.0));
    let candidates = plan(1).indexes[0].candidates;
    assert!((candidates.p99 - 25.9).abs() < 0.1 && (candidates.most - 2_024.4).abs() < 0.1, "{candidates:?}");
    // Two of the 12 bits are the partition's.
    let leak = plan(4).indexes[0].leak;
    assert!((leak.at_least - 9.95).abs() < 0.1 && leak.at_most == 12.0, "{leak:?}");
    assert!(heavy(&plan(8)).is_some() && heavy(&plan(16)).is_none());
    let wide = of_bits([16]);
    let plan = planner_of(&wide).plan_counts(Rows::Whole, [("b16", counts)]).unwrap();
    assert_eq!(heavy(&plan), Some((None, share)), "64 are not enough");
    // Equally frequent values do not stand out, though some are in a sample of 2,000 rows more often than others.
    for distinct in [1_000, 20_000, 200_000] {
        let mut state = 1_u64;
        let mut counts = vec![0; distinct];
        for _ in 0..2_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            counts[usize::try_from(state >> 33).unwrap() % distinct] += 1;
        }
        let planner = planner_of(&policy);
        let plan = planner.plan_counts(Rows::Sampled(200_000), [("b12", counts)]).unwrap();
        assert!(heavy(&plan).is_none(), "{plan}");
    }
}

#[test]
fn searches_that_ask_or_open_much_are_told() {
    let policy = of_bits([8]);
    let planner = planner_of(&policy).epochs(65).unwrap();
    let plan = planner.plan_counts(Rows::Whole, [("b8", vec![200; 1_000])]).unwrap();
    assert!(has(&plan, |finding| matches!(finding, Finding::ManyTokens { tokens: 65, .. })));
    assert!(has(&plan, |finding| matches!(finding, Finding::SearchLarge { .. })));
    assert!(plan.is_acceptable());
}

#[test]
fn a_search_asks_for_every_class_and_compartment() {
    let policy = crate::fixture::policy();
    let planner = Planner::new(&policy, "member.mobile").unwrap();
    let counts = [("exact", vec![1; 100]), ("short", vec![1; 100])];
    let plan = planner.plan_counts(Rows::Whole, counts).unwrap();
    assert_eq!(plan.indexes[0].tokens, 6, "two classes in three compartments");
}

#[test]
fn refused_values_are_counted_and_left_out() {
    let policy = mobile(8, Some(8));
    let planner = planner_of(&policy);
    let mut sample = planner.sample();
    for number in 0..900 {
        sample.add(&format!("138{number:08}")).unwrap();
    }
    for _ in 0..100 {
        sample.add("not a number").unwrap();
    }
    assert_eq!(sample.add(b"13800138000").err(), Some(Error::WrongType));
    let plan = sample.plan(Rows::Sampled(10_000)).unwrap();
    assert_eq!((plan.seen, plan.rows), (900, 9_000.0));
    assert!(plan.indexes.iter().all(|index| index.refused == 100));
    assert!(has(&plan, |finding| matches!(finding, Finding::Refused { values: 100, .. })));
    assert!(has(&plan, |finding| matches!(finding, Finding::Sampled { seen: 900, .. })));
}

#[test]
fn nothing_is_no_ground_to_build_on() {
    let policy = mobile(15, Some(12));
    let planner = planner_of(&policy).clear_mask().unwrap();
    for rows in [Rows::Whole, Rows::Sampled(0), Rows::Sampled(1_000_000)] {
        let plan = planner.sample().plan(rows).unwrap();
        assert_eq!(plan.findings, [Finding::NoRows]);
        assert!(!plan.is_acceptable());
        check_numbers(&plan);
    }
    let mut sample = planner.sample();
    sample.add("junk").unwrap();
    let plan = sample.plan(Rows::Whole).unwrap();
    assert_eq!((plan.findings.first(), plan.findings.len()), (Some(&Finding::NoRows), 3), "{plan}");
}

#[test]
fn what_does_not_add_up_is_an_error() {
    let policy = mobile(15, Some(12));
    let planner = planner_of(&policy);
    let mut sample = planner.sample();
    sample.add("13800138000").unwrap();
    sample.add("junk").unwrap();
    assert_eq!(sample.plan(Rows::Sampled(1)).err(), Some(Error::Value), "refused values are rows too");
    let refused = |counts: &[(&str, &[u64])], rows| {
        planner.plan_counts(rows, counts.iter().map(|(label, counts)| (*label, counts.to_vec()))).err()
    };
    let (exact, last) = (("exact", &[1, 2][..]), ("last4", &[3][..]));
    assert_eq!(refused(&[exact, last], Rows::Sampled(3)), None);
    // Counts of a whole are not scaled, though another index has more rows.
    let fewer = [("exact", vec![1; 100]), ("last4", vec![1; 50])];
    assert_eq!(planner.plan_counts(Rows::Whole, fewer).unwrap().indexes[1].distinct, 50.0);
    assert_eq!(refused(&[exact, last], Rows::Sampled(2)), Some(Error::Value));
    assert_eq!(refused(&[exact], Rows::Whole), Some(Error::Value));
    assert_eq!(refused(&[exact, last, exact], Rows::Whole), Some(Error::Value));
    assert_eq!(refused(&[exact, ("other", &[3])], Rows::Whole), Some(Error::UnknownIndex));
    assert_eq!(
        refused(&[exact, (Planner::MASK, &[3])], Rows::Whole),
        Some(Error::UnknownIndex),
        "it is sealed"
    );
    assert_eq!(refused(&[exact, ("last4", &[u64::MAX, 1])], Rows::Whole), Some(Error::Value));
    assert_eq!(planner.clone().epochs(0).err(), Some(Error::Value));
    assert_eq!(planner.clone().partitions("exact", 0).err(), Some(Error::Value));
    assert_eq!(planner.partitions("other", 2).err(), Some(Error::UnknownIndex));
}

#[test]
fn a_sample_tells_of_all_rows_nearly_what_they_tell_themselves() {
    let policy = mobile(15, None);
    let planner = planner_of(&policy);
    let (sampled, whole) =
        (mobiles(&planner, 4_000, Rows::Sampled(200_000)), mobiles(&planner, 200_000, Rows::Whole));
    let near = |a: f64, b: f64, within: f64| assert!((a / b - 1.0).abs() < within, "{a} {b}");
    near(sampled.indexes[0].distinct, whole.indexes[0].distinct, 1e-6);
    near(sampled.indexes[0].candidates.per_row, whole.indexes[0].candidates.per_row, 1e-6);
    near(sampled.anonymity.unwrap().median, whole.anonymity.unwrap().median, 0.35);
    assert!(sampled.is_acceptable() && sampled.proposed_bits("exact") == Ok(Some(15)));
    let small = mobiles(&planner, 99, Rows::Sampled(200_000));
    assert!(has(&small, |finding| matches!(finding, Finding::SampleSmall { seen: 99 })));
}

#[test]
fn no_text_shows_a_value() {
    let policy = mobile(15, Some(12));
    let planner = planner_of(&policy).clear_mask().unwrap();
    let mut sample = planner.sample();
    for _ in 0..3 {
        sample.add("13912345678").unwrap();
    }
    sample.add("classified").unwrap();
    let mut texts = format!("{planner:?} {sample:?}");
    let plan = sample.plan(Rows::Sampled(50)).unwrap();
    texts += &format!("{plan:?} {plan} {}", plan.to_text(Language::Chinese));
    for part in ["139", "12345678", "5678", "classified"] {
        assert!(!texts.contains(part), "{part}: {texts}");
    }
}

fn check_numbers(plan: &Plan) {
    let sound =
        |name: &str, number: f64| assert!(number.is_finite() && number >= 0.0, "{name} {number}: {plan:?}");
    for (name, number) in [
        ("rows", plan.rows),
        ("leaked", plan.leaked_bits),
        ("clear", plan.clear_bits),
        ("identifying", plan.identifying_bits),
    ] {
        sound(name, number);
    }
    for index in &plan.indexes {
        let candidates = index.candidates;
        for (name, number) in [
            ("distinct", index.distinct),
            ("top share", index.top_share),
            ("shannon", index.shannon_entropy),
            ("min", index.min_entropy),
            ("false", candidates.false_per_value),
            ("per row", candidates.per_row),
            ("per value", candidates.per_value),
            ("p99", candidates.p99),
            ("most", candidates.most),
            ("at least", index.leak.at_least),
            ("at most", index.leak.at_most),
        ] {
            sound(name, number);
        }
        let slack = 1.0 + 1e-9;
        assert!(index.min_entropy <= index.shannon_entropy * slack + 1e-6, "{index:?}");
        assert!(index.leak.at_least <= index.leak.at_most && index.top_share <= slack, "{index:?}");
        assert!(
            candidates.p99 <= candidates.most * slack && candidates.most <= plan.rows * slack,
            "{index:?}"
        );
        assert!(index.proposed_bits.is_none_or(|bits| (8..=63).contains(&bits)));
    }
    if let Some(anonymity) = plan.anonymity {
        sound("alone", anonymity.alone);
        assert!(
            anonymity.least <= anonymity.fifth_percentile && anonymity.fifth_percentile <= anonymity.median
        );
    }
    for text in [plan.to_string(), plan.to_text(Language::Chinese)] {
        assert!(!text.contains("NaN") && !text.contains("inf ") && !text.contains("-0"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn counts_give_sound_numbers(
        first in prop::collection::vec(0..200_u64, 0..60),
        second in prop::collection::vec(0..200_u64, 0..60),
        huge in prop::option::of(0..u64::MAX / 2),
        more in prop_oneof![Just(0), 0..1_000_u64, 0..u64::MAX / 4],
        bits in (8..=63_u8, 8..=63_u8),
        many in (1..=u32::MAX, 1..=u16::MAX, 1..u64::MAX),
    ) {
        let policy = mobile(bits.0, Some(bits.1));
        let (epochs, partitions, column) = many;
        let planner = planner_of(&policy).epochs(epochs).unwrap();
        let planner = planner.partitions("last4", partitions).unwrap().clear_column(column);
        let first: Vec<u64> = first.into_iter().chain(huge).collect();
        let total = first.iter().sum::<u64>().max(second.iter().sum());
        for rows in [Rows::Whole, Rows::Sampled(total + more)] {
            check_numbers(&planner.plan_counts(rows, [("exact", first.clone()), ("last4", second.clone())]).unwrap());
        }
    }

    #[test]
    fn values_give_sound_numbers(
        values in prop::collection::vec("(138[0-9]{8}|1380013800[0-9]|.{0,3})", 0..60),
        more in prop_oneof![Just(0), 0..1_000_u64, 0..u64::MAX / 4],
        bits in (8..=63_u8, 8..=63_u8),
        partitions in 1..=u16::MAX,
    ) {
        let policy = mobile(bits.0, Some(bits.1));
        let planner = planner_of(&policy).clear_mask().unwrap().partitions("exact", partitions).unwrap();
        for rows in [Rows::Whole, Rows::Sampled(u64::try_from(values.len()).unwrap() + more)] {
            let mut sample = planner.sample();
            for value in &values {
                sample.add(value).unwrap();
            }
            check_numbers(&sample.plan(rows).unwrap());
        }
    }
}
