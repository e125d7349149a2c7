//! Policy documents: what loads, what may follow, and their stored form.

use tenantseal::{
    Error, PolicyRule,
    tenant::{Policy, Suite},
};

use crate::fixture::{alterations, keyring, keyring_of, policy, policy_json};

fn one(field: &str) -> Result<Policy, Error> {
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[{field}]}}"#);
    Policy::from_json(json.as_bytes())
}

fn rule(field: &str) -> PolicyRule {
    match one(field) {
        Err(Error::Policy { rule, .. }) => rule,
        other => panic!("{field}: {other:?}"),
    }
}

const GOOD: &str = r#"{"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell",
    "class":["personal"],"bind":"row","compartments":["hr"],"mask":{"kind":"mobile_cn","class":"internal"},
    "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":15}]}"#;

#[test]
fn each_rule_is_held() {
    assert!(one(GOOD).is_ok());
    for (from, to, broken) in [
        (r#""content":"mobile_cn""#, r#""content":"id_card""#, PolicyRule::Class),
        (r#""storage":"cell""#, r#""storage":"plain""#, PolicyRule::Storage),
        (r#"["personal"]"#, r#"["internal"]"#, PolicyRule::Class),
        (r#"["personal"]"#, "[]", PolicyRule::Class),
        (r#"["personal"]"#, r#"["personal","sensitive","personal"]"#, PolicyRule::Class),
        (r#""storage":"cell""#, r#""storage":"deterministic""#, PolicyRule::Domain),
        (r#""bind":"row""#, r#""bind":"row","domain":"phones""#, PolicyRule::Domain),
        (r#""bind":"row""#, r#""bind":{"natural":["absent"]}"#, PolicyRule::Binding),
        (r#""bind":"row""#, r#""bind":{"natural":[]}"#, PolicyRule::Binding),
        (r#""bind":"row""#, r#""bind":{"natural":["mobile"]}"#, PolicyRule::Binding),
        (r#"["hr"]"#, r#"["board"]"#, PolicyRule::Compartment),
        (r#"["hr"]"#, r#"["hr","hr"]"#, PolicyRule::Compartment),
        (r#""class":"internal""#, r#""class":"sensitive""#, PolicyRule::Mask),
        (r#""bits":15"#, r#""bits":7"#, PolicyRule::Index),
        (r#""bits":15"#, r#""bits":64"#, PolicyRule::Index),
        (r#""label":"exact""#, r#""label":"Exact""#, PolicyRule::Label),
        (r#""column":"mobile""#, r##""column":"mobile#mask""##, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"mo.bile""#, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"""#, PolicyRule::Label),
        (r#""type":"text""#, r#""type":"i64""#, PolicyRule::Type),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"tomorrow""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-13-01""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","unheard_of":1"#, PolicyRule::Syntax),
        (r#""bind":"row""#, r#""bind":"row","bind":"unbound""#, PolicyRule::Syntax),
        (r#""kind":"exact""#, r#""kind":"fuzzy""#, PolicyRule::Syntax),
        (r#"mobile_cn/1"#, r#"mobile_cn/2"#, PolicyRule::Syntax),
    ] {
        let changed = GOOD.replacen(from, to, 1);
        assert_ne!(changed, GOOD, "{from}");
        assert_eq!(rule(&changed), broken, "{to}");
    }
    assert_eq!(rule(&format!("{GOOD},{GOOD}")), PolicyRule::Duplicate);
    let long = "x".repeat(64);
    assert_eq!(rule(&GOOD.replacen("mobile\"", &format!("{long}\""), 1)), PolicyRule::Label);
    assert!(one(&GOOD.replacen("\"mobile\"", &format!("\"{}\"", &long[..63]), 1)).is_ok());
}

#[test]
fn an_identity_card_number_is_never_plain() {
    for class in ["public", "internal", "personal", "sensitive"] {
        let field = format!(
            r#"{{"table":"m","column":"id_no","type":"text","content":"id_card","storage":"plain","class":["{class}"],
            "bind":"row"}}"#
        );
        assert!(matches!(rule(&field), PolicyRule::Class | PolicyRule::Storage));
    }
}

#[test]
fn a_broken_rule_names_its_field() {
    let bad = GOOD.replacen("\"mobile\"", "\"phone\"", 1).replacen(":15", ":7", 1);
    assert_eq!(
        one(&format!("{GOOD},{bad}")).err(),
        Some(Error::Policy { field: Some(1), rule: PolicyRule::Index })
    );
    let text = one(&format!("{GOOD},{bad}")).unwrap_err().to_string();
    assert!(text.contains("policy field 1") && text.contains("8 to 63 bits"), "{text}");
}

#[test]
fn a_successor_keeps_what_is_permanent() {
    let keys = keyring();
    let personal = r#"["internal","personal"]"#;
    let next = |json: &str| keys.install_policy(Policy::from_json(json.as_bytes()).unwrap());
    let continuity = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Policy { rule: PolicyRule::Continuity, .. })), "{result:?}");
    };
    continuity(next(&policy_json(1, personal)));
    continuity(next(&policy_json(2, r#"["personal"]"#)));
    continuity(next(&policy_json(2, personal).replace("\"note\"", "\"remark\"")));
    continuity(next(&policy_json(2, personal).replace(":63", ":62")));
    continuity(next(&policy_json(2, personal).replace(r#""bind":"unbound""#, r#""bind":"row""#)));
    continuity(next(
        &policy_json(2, personal)
            .replace(r#""storage":"cell","class":["public"]"#, r#""storage":"plain","class":["public"]"#),
    ));
    // An index that is dropped, a compartment that rows may be in already.
    continuity(next(&policy_json(2, personal).replace(r#""label":"short""#, r#""label":"other""#)));
    continuity(next(
        &policy_json(2, personal)
            .replace(r#""compartments":["board"],"#, r#""compartments":["board","hr"],"#),
    ));
    let grown = policy_json(2, r#"["internal","personal","sensitive"]"#)
        .replace(r#""compartments":["board"],"#, r#""compartments":["board","legal"],"#)
        .replace(
            r#""compartments":["board","hr"],"fields""#,
            r#""compartments":["board","hr","legal"],"fields""#,
        );
    next(&grown).unwrap();
    assert_eq!(keys.policy().unwrap().version(), 2);
}

#[test]
fn every_alteration_of_a_stored_policy_is_refused() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let small = one(GOOD).unwrap();
        let stored = keys.policy_to_bytes(&small).unwrap();
        assert_eq!(keys.policy_from_bytes(&stored).unwrap(), small);
        let mut count = 0;
        for altered in alterations(&stored) {
            assert!(keys.policy_from_bytes(&altered).is_err());
            count += 1;
        }
        println!("{suite:?}: {count} alterations of a stored policy, 0 accepted");
        assert!(count > 4_000);
        let other =
            tenantseal::tenant::Keyring::in_memory(&tenantseal::tenant::Kek::generate().unwrap()).unwrap();
        assert_eq!(other.policy_from_bytes(&stored).err(), Some(Error::UnknownKey));
    }
}

#[test]
fn a_policy_that_would_not_be_read_again_is_refused() {
    let field = |number: usize| {
        format!(
            r#"{{"table":"t","column":"c{number}","type":"text","storage":"cell","class":["public"],"bind":"row"}}"#
        )
    };
    let fields: Vec<String> = (0..6_000).map(field).collect();
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    assert!(json.len() < Policy::MAX_LEN);
    assert_eq!(Policy::from_json(json.as_bytes()).err(), Some(Error::TooLong));
}

#[test]
fn the_canonical_form_reads_back_the_same() {
    let json = policy().to_json();
    assert_eq!(Policy::from_json(json.as_bytes()).unwrap(), policy());
    assert_eq!(Policy::from_json(json.as_bytes()).unwrap().to_json(), json);
    assert!(
        !json.contains(": ")
            && json.starts_with(r#"{"compartments":["board","hr"],"fields":[{"bind":"row","#)
    );
}

#[test]
fn the_schema_and_the_reader_agree() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../schema/policy-v1.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let fits = |json: &str| schema.is_valid(&serde_json::from_str(json).unwrap());
    for json in [policy().to_json(), policy_json(7, r#"["sensitive"]"#), one(GOOD).unwrap().to_json()] {
        assert!(fits(&json), "{json}");
    }
    let document = |field: &str| {
        format!(r#"{{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[{field}]}}"#)
    };
    // What the schema alone can see; the rest is the reader's.
    for (from, to) in [
        (r#""content":"mobile_cn""#, r#""content":"phone""#),
        (r#""storage":"cell""#, r#""storage":"sealed""#),
        (r#"["personal"]"#, "[]"),
        (r#"["personal"]"#, r#"["secret"]"#),
        (r#""bits":15"#, r#""bits":64"#),
        (r#""column":"mobile""#, r##""column":"mobile#mask""##),
        (r#""bind":"row""#, r#""bind":"row","unheard_of":1"#),
        (r#""bind":"row""#, r#""bind":{"natural":[]}"#),
        (r#""type":"text""#, r#""type":"string""#),
    ] {
        let bad = document(&GOOD.replacen(from, to, 1));
        assert!(!fits(&bad) && Policy::from_json(bad.as_bytes()).is_err(), "{to}");
    }
}
