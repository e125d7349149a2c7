//! Policy documents: what loads, what may follow, and their stored form.

use tenantseal::{
    Error, PolicyRule,
    tenant::{Keyring, Policy, Suite},
};

use crate::fixture::{alterations, kek, keyring, keyring_of, policy, policy_json};

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
        (r#""bits":15"#, r#""bits":15,"salt":1"#, PolicyRule::Syntax),
        (r#""class":"internal""#, r#""class":"internal","clear":true"#, PolicyRule::Syntax),
        (r#""table":"member""#, r#""table":"Member""#, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"moBile""#, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"1mobile""#, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"_mobile""#, PolicyRule::Label),
        (r#""column":"mobile""#, r#""column":"mo-bile""#, PolicyRule::Label),
        (r#""content":"mobile_cn""#, r#""content":"bank_card""#, PolicyRule::Class),
        (r#""content":"mobile_cn""#, r#""content":"name""#, PolicyRule::Mask),
        (r#""type":"text""#, r#""type":"bytes""#, PolicyRule::Index),
        (
            r#""bits":15}"#,
            r#""bits":15},{"label":"exact","kind":"exact","normaliser":"none/1","bits":15}"#,
            PolicyRule::Duplicate,
        ),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-00-01""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-12-00""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-12-32""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-12-31-1""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"+027-12-31""#, PolicyRule::Migration),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-1-1""#, PolicyRule::Migration),
    ] {
        let changed = GOOD.replacen(from, to, 1);
        assert_ne!(changed, GOOD, "{from}");
        assert_eq!(rule(&changed), broken, "{to}");
    }
    assert_eq!(rule(&format!("{GOOD},{GOOD}")), PolicyRule::Duplicate);
    for normaliser in ["email/1", "id_card/1", "nfkc_fold/1"] {
        let other = GOOD.replacen("mobile_cn/1", normaliser, 1);
        assert!(one(&other).is_ok());
        assert_eq!(rule(&other.replacen(r#""type":"text""#, r#""type":"bytes""#, 1)), PolicyRule::Index);
    }
    let kind = |kind: &str| GOOD.replacen(r#""kind":"exact""#, &format!(r#""kind":{kind}"#), 1);
    for good in [r#"{"last":1}"#, r#"{"last":32}"#] {
        assert!(one(&kind(good)).is_ok(), "{good}");
    }
    for bad in [r#"{"last":0}"#, r#"{"last":33}"#, r#"{"prefix":3}"#] {
        assert_eq!(rule(&kind(bad)), PolicyRule::Index, "{bad}");
    }
    for bad in
        [r#""last""#, r#"{"last":256}"#, r#"{"last":-1}"#, r#"{"last":4,"prefix":3}"#, r#"{"exact":1}"#, "{}"]
    {
        assert_eq!(rule(&kind(bad)), PolicyRule::Syntax, "{bad}");
    }
    let text = kind(r#"{"prefix":3}"#).replacen("mobile_cn/1", "none/1", 1);
    assert!(one(&text).is_ok());
    for content in ["name", "email", "id_card", "bank_card"] {
        let sensitive = GOOD.replace(r#""content":"mobile_cn""#, &format!(r#""content":"{content}""#));
        let sensitive = sensitive.replace(r#""personal"]"#, r#""personal","sensitive"]"#);
        assert_eq!(rule(&sensitive), PolicyRule::Mask, "{content}");
        let own = sensitive.replace(r#""kind":"mobile_cn""#, &format!(r#""kind":"{content}""#));
        assert!(one(&own).is_ok(), "{own}");
    }
    let long = "x".repeat(64);
    assert_eq!(rule(&GOOD.replacen("mobile\"", &format!("{long}\""), 1)), PolicyRule::Label);
    assert!(one(&GOOD.replacen("\"mobile\"", &format!("\"{}\"", &long[..63]), 1)).is_ok());
}

#[test]
fn a_document_is_objects_and_names_as_the_schema_has_them() {
    let field =
        r#"{"table":"t","column":"c","type":"text","storage":"cell","class":["personal"],"bind":"row"}"#;
    assert!(one(field).is_ok());
    for (name, object) in [
        (r#""row""#, r#"{"row":null}"#),
        (r#""personal""#, r#"{"personal":null}"#),
        (r#""cell""#, r#"{"cell":null}"#),
    ] {
        assert_eq!(rule(&field.replace(name, object)), PolicyRule::Syntax, "{object}");
    }
    let list = r#"["row",["personal"],"c",[],"none",null,[],null,null,"cell","t","text"]"#;
    assert_eq!(rule(list), PolicyRule::Syntax);
    let indexed = |index: &str| field.replace("\"bind\"", &format!("\"indexes\":[{index}],\"bind\""));
    assert!(one(&indexed(r#"{"label":"i","kind":"exact","normaliser":"none/1","bits":8}"#)).is_ok());
    assert_eq!(rule(&indexed(r#"[8,"exact","i","none/1"]"#)), PolicyRule::Syntax);
    let syntax = Err(Error::Policy { field: None, rule: PolicyRule::Syntax });
    assert_eq!(Policy::from_json(format!("[[],[{field}],1,1]").as_bytes()), syntax);
}

#[test]
fn what_stands_at_a_bound_is_taken() {
    for (from, to) in [
        (r#""bits":15"#, r#""bits":8"#),
        (r#""bits":15"#, r#""bits":63"#),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-12-31""#),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-01-01""#),
        (r#""class":"internal""#, r#""class":"personal""#),
        (r#"["personal"]"#, r#"["public","internal","sensitive","personal"]"#),
    ] {
        let changed = GOOD.replacen(from, to, 1);
        assert!(changed != GOOD && one(&changed).is_ok(), "{to}");
    }
}

#[test]
fn a_document_has_a_version_and_compartments_that_are_labels() {
    let document = |head: &str| {
        let json = format!(r#"{{{head},"fields":[{GOOD}]}}"#);
        Policy::from_json(json.as_bytes()).err()
    };
    let broken = |rule| Some(Error::Policy { field: None, rule });
    assert_eq!(document(r#""tenantseal_policy":1,"version":1,"compartments":["hr"]"#), None);
    for (head, rule) in [
        (r#""tenantseal_policy":2,"version":1,"compartments":["hr"]"#, PolicyRule::Syntax),
        (r#""tenantseal_policy":1,"version":0,"compartments":["hr"]"#, PolicyRule::Syntax),
        (r#""tenantseal_policy":1,"version":1,"compartments":["hr"],"more":1"#, PolicyRule::Syntax),
        (r#""tenantseal_policy":1,"version":1,"compartments":["hr","hr"]"#, PolicyRule::Compartment),
        (r#""tenantseal_policy":1,"version":1,"compartments":["hr",""]"#, PolicyRule::Label),
        (r#""tenantseal_policy":1,"version":1,"compartments":["hr","HR"]"#, PolicyRule::Label),
    ] {
        assert_eq!(document(head), broken(rule), "{head}");
    }
}

#[test]
fn contents_and_storage_hold_a_class_to_its_floor() {
    let field = |content: &str, storage: &str, class: &str, more: &str| {
        one(&format!(
            r#"{{"table":"m","column":"c","type":"text","content":"{content}","storage":"{storage}",
               "class":["{class}"],"bind":"{}"{more}}}"#,
            if storage == "deterministic" { "unbound" } else { "row" }
        ))
        .err()
    };
    let broken = |rule| Some(Error::Policy { field: Some(0), rule });
    let classes = ["public", "internal", "personal", "sensitive"];
    for (content, lowest) in
        [("none", 0), ("email", 2), ("mobile_cn", 2), ("name", 2), ("bank_card", 3), ("id_card", 3)]
    {
        for (position, class) in classes.iter().enumerate() {
            let expected = if position < lowest { broken(PolicyRule::Class) } else { None };
            assert_eq!(field(content, "cell", class, ""), expected, "{content} {class}");
        }
    }
    for (class, expected) in [
        ("public", None),
        ("internal", None),
        ("personal", broken(PolicyRule::Storage)),
        ("sensitive", broken(PolicyRule::Storage)),
    ] {
        assert_eq!(field("none", "plain", class, ""), expected, "plain {class}");
    }
    let domain = r#","domain":"phones""#;
    assert_eq!(field("none", "plain", "internal", domain), broken(PolicyRule::Domain));
    assert_eq!(field("name", "deterministic", "personal", domain), None);
    assert_eq!(field("name", "deterministic", "sensitive", domain), broken(PolicyRule::Storage));
    assert_eq!(
        field("name", "deterministic", "personal", r#","domain":"Phones""#),
        broken(PolicyRule::Label)
    );
    let index = r#","indexes":[{"label":"i","kind":"exact","normaliser":"none/1","bits":8}]"#;
    assert_eq!(field("none", "plain", "internal", index), broken(PolicyRule::Index));
    let migrating = r#","migrating_until":"2027-12-31""#;
    assert_eq!(field("none", "plain", "internal", migrating), broken(PolicyRule::Migration));
    let mask = r#","mask":{"kind":"mobile_cn","class":"internal"}"#;
    assert_eq!(
        field("mobile_cn", "deterministic", "personal", &format!("{domain}{mask}")),
        broken(PolicyRule::Mask)
    );
    let bytes = |more: &str| {
        one(&format!(
            r#"{{"table":"m","column":"c","type":"bytes","content":"mobile_cn","storage":"cell",
               "class":["personal"],"bind":"row"{more}}}"#
        ))
        .err()
    };
    assert_eq!(bytes(""), None);
    assert_eq!(bytes(mask), broken(PolicyRule::Mask));
    assert_eq!(bytes(migrating), broken(PolicyRule::Migration), "bytes cannot be told from a cell");
}

#[test]
fn natural_keys_are_up_to_eight_plain_columns_of_the_same_table() {
    let bound = |table: &str, storage: &str, value_type: &str, keys: usize| {
        one(&format!(
            r#"{{"table":"{table}","column":"k","type":"{value_type}","storage":"{storage}","class":["internal"],
               "bind":"row"}},
               {{"table":"m","column":"c","type":"text","storage":"cell","class":["personal"],
               "bind":{{"natural":[{}]}}}}"#,
            vec![r#""k""#; keys].join(",")
        ))
        .err()
    };
    let broken = Some(Error::Policy { field: Some(1), rule: PolicyRule::Binding });
    for value_type in ["bytes", "i64", "text"] {
        assert_eq!(bound("m", "plain", value_type, 1), None);
    }
    for value_type in ["bool", "date", "decimal", "f64", "json", "timestamp"] {
        assert_eq!(bound("m", "plain", value_type, 1), broken, "{value_type}");
    }
    assert_eq!(bound("m", "cell", "text", 1), broken);
    assert_eq!(bound("other", "plain", "text", 1), broken);
    assert_eq!(bound("m", "plain", "text", 8), None);
    assert_eq!(bound("m", "plain", "text", 9), broken);
}

#[test]
fn each_part_of_a_field_that_a_successor_may_not_change_is_kept() {
    let policy = |version: u32, field: &str| {
        let json = format!(
            r#"{{"tenantseal_policy":1,"version":{version},"compartments":["hr"],"fields":[
               {{"table":"member","column":"userid","type":"text","storage":"plain","class":["internal"],"bind":"row"}},
               {{"table":"member","column":"dom","type":"text","storage":"deterministic","class":["personal"],
               "bind":"unbound","domain":"one"}},{field}]}}"#
        );
        Policy::from_json(json.as_bytes()).unwrap()
    };
    let current = policy(1, GOOD);
    let allowed = |next: &Policy| match current.check_successor(next) {
        Ok(()) => true,
        Err(Error::Policy { rule: PolicyRule::Continuity, .. }) => false,
        Err(error) => panic!("{error}"),
    };
    assert!(allowed(&policy(2, GOOD)) && !allowed(&policy(1, GOOD)));
    let mask = r#""mask":{"kind":"mobile_cn","class":"internal"},"#;
    let bare = GOOD.replace(mask, "");
    for (from, to, fits) in [
        (r#""content":"mobile_cn""#, r#""content":"name""#, false),
        (r#""type":"text""#, r#""type":"bytes""#, false),
        (r#""bind":"row""#, r#""bind":"unbound""#, false),
        (r#""bind":"row""#, r#""bind":{"natural":["userid"]}"#, false),
        (r#"["personal"]"#, r#"["personal","sensitive"]"#, true),
        (r#"["personal"]"#, r#"["sensitive"]"#, false),
        (r#"["personal"]"#, r#"["sensitive","personal"]"#, false),
        (r#""compartments":["hr"],"#, "", false),
        (r#""bind":"row""#, r#""bind":"row","migrating_until":"2027-12-31""#, true),
        (
            r#""bits":15}]"#,
            r#""bits":15},{"label":"more","kind":"exact","normaliser":"none/1","bits":8}]"#,
            true,
        ),
        (r#""bits":15"#, r#""bits":16"#, false),
        (r#""mobile_cn/1""#, r#""none/1""#, false),
    ] {
        // Without a mask, which holds content and type by itself.
        let changed = bare.replacen(from, to, 1);
        let fields = if to.contains("bytes") {
            (bare.replace("mobile_cn/1", "none/1"), changed.replace("mobile_cn/1", "none/1"))
        } else {
            (bare.clone(), changed)
        };
        assert_ne!(fields.0, fields.1, "{to}");
        assert_eq!(policy(1, &fields.0).check_successor(&policy(2, &fields.1)).is_ok(), fits, "{to}");
    }
    assert!(!allowed(&policy(2, &bare)), "a mask is not taken away");
    assert!(!allowed(&policy(2, &GOOD.replacen(r#""class":"internal""#, r#""class":"personal""#, 1))));
    assert!(policy(1, &bare).check_successor(&policy(2, GOOD)).is_ok(), "and may be added");
    let json = |version: u32, from: &str, to: &str| {
        let json = policy(version, GOOD).to_json();
        let changed = json.replacen(from, to, 1);
        assert_ne!(json, changed, "{to}");
        Policy::from_json(changed.as_bytes()).unwrap()
    };
    assert!(!allowed(&json(2, r#""domain":"one""#, r#""domain":"two""#)));
    let unread = json(2, r#""storage":"plain""#, r#""storage":"cell""#);
    assert!(!allowed(&unread), "what is there in clear must be read");
    let sealed = unread.to_json().replacen(
        r#""migrating_until":null,"storage":"cell","table":"member","type":"text""#,
        r#""migrating_until":"2999-12-31","storage":"cell","table":"member","type":"text""#,
        1,
    );
    let sealed = Policy::from_json(sealed.as_bytes()).unwrap();
    assert!(allowed(&sealed), "what was plain may become sealed");
    assert!(sealed.check_successor(&policy(3, GOOD)).is_err(), "and not plain again");
    let undeclared = r#"{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[]}"#;
    let dropped = undeclared.replace(r#"["hr"]"#, "[]").replace(r#""version":1"#, r#""version":2"#);
    let [one, two] = [undeclared, &dropped].map(|json| Policy::from_json(json.as_bytes()).unwrap());
    assert!(one.check_successor(&two).is_err(), "a compartment is not dropped");
}

#[test]
fn a_document_past_the_limit_is_not_read() {
    let json = policy_json(1, r#"["personal"]"#);
    let pad = |len: usize| json.clone() + &" ".repeat(len - json.len());
    assert!(Policy::from_json(pad(Policy::MAX_LEN).as_bytes()).is_ok());
    assert_eq!(Policy::from_json(pad(Policy::MAX_LEN + 1).as_bytes()).err(), Some(Error::TooLong));
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
fn the_policy_in_force_may_be_installed_at_every_start() {
    let recorder = std::sync::Arc::new(tenantseal::tenant::EventRecorder::default());
    let options = crate::fixture::options(Suite::default()).event_sink(recorder.clone());
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options).unwrap();
    let text = policy_json(1, r#"["personal"]"#);
    for source in [text.clone(), text.clone(), format!(" {text}\n")] {
        keys.install_policy(Policy::from_json(source.as_bytes()).unwrap()).unwrap();
    }
    assert_eq!(recorder.events().len(), 1, "once");
    let later = Policy::from_json(policy_json(2, r#"["personal"]"#).as_bytes()).unwrap();
    keys.install_policy(later).unwrap();
    let older = keys.install_policy(Policy::from_json(text.as_bytes()).unwrap());
    assert!(matches!(older, Err(Error::Policy { rule: PolicyRule::Continuity, .. })), "{older:?}");
    assert_eq!(keys.policy().unwrap().version(), 2);
}

#[test]
fn a_successor_keeps_what_is_permanent() {
    let keys = keyring();
    let personal = r#"["internal","personal"]"#;
    let next = |json: &str| keys.install_policy(Policy::from_json(json.as_bytes()).unwrap());
    let continuity = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::Policy { rule: PolicyRule::Continuity, .. })), "{result:?}");
    };
    continuity(next(&policy_json(1, r#"["internal","personal","sensitive"]"#)));
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
        let other = Keyring::in_memory(&tenantseal::tenant::Kek::generate().unwrap()).unwrap();
        assert_eq!(other.policy_from_bytes(&stored).err(), Some(Error::UnknownKek));
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
    let padded = |padding: &str, mask: &str| {
        GOOD.replacen(r#""bind":"row""#, &format!(r#""bind":"row","padding":{padding}"#), 1).replacen(
            r#""kind":"mobile_cn""#,
            &format!(r#""kind":{{"custom":{mask}}}"#),
            1,
        )
    };
    let kinds = Policy::from_json(crate::index_kinds::POLICY.as_bytes()).unwrap();
    for json in [
        policy().to_json(),
        policy_json(7, r#"["sensitive"]"#),
        kinds.to_json(),
        one(GOOD).unwrap().to_json(),
        one(&padded(r#""padme""#, r#"{"first":1,"last":0}"#)).unwrap().to_json(),
        one(&padded(r#"{"block":4096}"#, r#"{"first":8,"last":8}"#)).unwrap().to_json(),
    ] {
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
        (r#""kind":"exact""#, r#""kind":{"bucket":{"units":0}}"#),
        (r#""kind":"exact""#, r#""kind":{"bucket":{"weeks":1}}"#),
        (r#""kind":"exact""#, r#""kind":{"compound":[]}"#),
        (r#""kind":"exact""#, r#""kind":{"compound":[{"column":"c"}]}"#),
        (r#""bits":15"#, r#""bits":15,"partitions":1"#),
        (r#""bits":15"#, r#""bits":15,"partitions":257"#),
        (r#""bind":"row""#, r#""bind":"row","padding":null"#),
        (r#""bind":"row""#, r#""bind":"row","padding":{"block":4097}"#),
        (r#""bind":"row""#, r#""bind":"row","padding":{"block":1}"#),
        (r#""kind":"mobile_cn""#, r#""kind":{"custom":{"first":9,"last":0}}"#),
        (r#""kind":"mobile_cn""#, r#""kind":{"custom":{"first":1}}"#),
        (r#""kind":"mobile_cn""#, r#""kind":{"custom":{"first":1,"last":1,"middle":1}}"#),
    ] {
        let bad = document(&GOOD.replacen(from, to, 1));
        assert_ne!(bad, document(GOOD), "{from}");
        assert!(!fits(&bad) && Policy::from_json(bad.as_bytes()).is_err(), "{to}");
    }
}
