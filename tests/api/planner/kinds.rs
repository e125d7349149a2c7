//! Compound, bucketed, partitioned and unique indexes, and deterministic cells, in a plan.

use tenantseal::{
    Error,
    field::{Finding, Language, Plan, Planner, Rows, Severity, Value},
    tenant::Policy,
};

use super::has;

fn policy() -> Policy {
    let json = r#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"t","column":"city","type":"text","storage":"cell","class":["personal"],"bind":"row","indexes":[
            {"label":"with_age","kind":{"compound":[{"column":"age","normaliser":"none/1"}]},"normaliser":"none/1","bits":9}]},
        {"table":"t","column":"age","type":"i64","storage":"cell","class":["personal"],"bind":"row","indexes":[
            {"label":"decade","kind":{"bucket":{"units":10}},"normaliser":"none/1","bits":8},
            {"label":"spread","kind":"exact","normaliser":"none/1","bits":8,"partitions":4}]},
        {"table":"t","column":"mobile","type":"text","storage":"cell","class":["personal"],"bind":"row","indexes":[
            {"label":"once","kind":"unique","normaliser":"none/1","bits":128},
            {"label":"exact","kind":"exact","normaliser":"none/1","bits":8}]},
        {"table":"t","column":"phone","type":"text","storage":"deterministic","class":["internal","personal"],"bind":"unbound","domain":"phones"},
        {"table":"t","column":"member","type":"bool","storage":"cell","class":["personal"],"bind":"row","indexes":[
            {"label":"with_mobile","kind":{"compound":[{"column":"mobile","normaliser":"none/1"}]},"normaliser":"none/1","bits":8}]}]}"#;
    Policy::from_json(json.as_bytes()).unwrap()
}

fn index<'p>(plan: &'p Plan, label: &str) -> &'p tenantseal::field::IndexPlan {
    plan.indexes.iter().find(|index| index.label == label).unwrap()
}

#[test]
fn a_compound_index_counts_what_its_columns_are_together() {
    let policy = policy();
    let planner = Planner::new(&policy, "t.city").unwrap();
    let mut sample = planner.sample();
    for row in 0..6_000_i64 {
        let city = ["a", "b", "c"][usize::try_from(row % 3).unwrap()];
        sample.add_row(city, &[("age", Value::I64(row / 3 % 500))]).unwrap();
    }
    assert_eq!(sample.add("a").err(), Some(Error::WrongIndex));
    assert_eq!(sample.add_row("a", &[("age", Value::Text("1"))]).err(), Some(Error::WrongType));
    let plan = sample.plan(Rows::Whole).unwrap();
    assert_eq!(plan.rows, 6_000.0);
    let compound = index(&plan, "with_age");
    assert!((compound.distinct - 1_500.0).abs() < 1e-9, "three cities alone would be few");
    assert!(plan.is_acceptable(), "{plan}");
    // A bool that nobody should index by itself.
    let planner = Planner::new(&policy, "t.member").unwrap();
    let mut sample = planner.sample();
    for row in 0..2_000 {
        sample.add_row(row % 2 == 0, &[("mobile", Value::Text(&format!("{}", row / 2)))]).unwrap();
    }
    assert!(!has(&sample.plan(Rows::Whole).unwrap(), |f| matches!(f, Finding::FewDistinct { .. })));
}

#[test]
fn buckets_and_the_policys_partitions_are_counted() {
    let policy = policy();
    let planner = Planner::new(&policy, "t.age").unwrap();
    let mut sample = planner.sample();
    (0..10_000_i64).for_each(|row| sample.add(row % 1_000).unwrap());
    let plan = sample.plan(Rows::Whole).unwrap();
    assert!((index(&plan, "decade").distinct - 100.0).abs() < 1e-9);
    assert!((index(&plan, "spread").distinct - 1_000.0).abs() < 1e-9);
    assert_eq!((index(&plan, "spread").partitions, index(&plan, "spread").tokens), (4, 4));
    let other = planner.clone().partitions("spread", 1).unwrap();
    let mut sample = other.sample();
    (0..10_000_i64).for_each(|row| sample.add(row % 1_000).unwrap());
    assert_eq!(index(&sample.plan(Rows::Whole).unwrap(), "spread").tokens, 1);
}

#[test]
fn what_shows_equal_values_as_such_says_so_and_is_in_no_sum() {
    let policy = policy();
    let planner = Planner::new(&policy, "t.mobile").unwrap();
    let mut sample = planner.sample();
    (0..4_000).for_each(|row| sample.add(&format!("{row}")).unwrap());
    let plan = sample.plan(Rows::Whole).unwrap();
    assert!(plan.is_acceptable(), "{plan}");
    assert!(has(&plan, |f| matches!(f, Finding::Equality { index } if index == "once")));
    let said = plan.findings.iter().find(|f| matches!(f, Finding::Equality { .. })).unwrap();
    assert_eq!(said.severity(), Severity::Warn);
    assert!((plan.leaked_bits - 8.0).abs() < 1e-9, "the token alone");
    assert!(plan.anonymity.unwrap().alone < 0.1);
    assert!(plan.to_string().contains("Its bits are fixed."));
    assert!(plan.to_text(Language::Chinese).contains("位数是固定的。"));
    assert_eq!(plan.proposed_bits("once"), Ok(None));
}

#[test]
fn deterministic_cells_are_planned_under_their_domain() {
    let policy = policy();
    let planner = Planner::new(&policy, "t.phone").unwrap();
    let plan = planner.plan_counts(Rows::Whole, [("phones", vec![1; 5_000])]).unwrap();
    assert!(plan.is_acceptable() && has(&plan, |f| matches!(f, Finding::Equality { .. })));
    assert_eq!(index(&plan, "phones").tokens, 1, "a domain has no classes");
    let few = planner.plan_counts(Rows::Whole, [("phones", vec![500; 10])]).unwrap();
    assert!(!few.is_acceptable() && has(&few, |f| matches!(f, Finding::FewDistinct { .. })));
    let heavy =
        planner.plan_counts(Rows::Whole, [("phones", [vec![5_000], vec![1; 5_000]].concat())]).unwrap();
    assert!(has(&heavy, |f| matches!(f, Finding::HeavyValue { .. })));
    assert_eq!(Planner::new(&policy, "t.absent").err(), Some(Error::UnknownField));
}
