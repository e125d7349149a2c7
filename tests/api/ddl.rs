//! The SQL of a policy's columns; the databases themselves run it in the store's tests.

use tenantseal::{
    Error, PolicyRule,
    field::{Ddl, Dialect},
    tenant::{Keyring, Policy},
};

use crate::fixture::kek;

fn policy(table: &str, column: &str) -> Policy {
    let json = format!(
        r#"{{"tenantseal_policy":1,"version":1,"fields":[
        {{"table":"{table}","column":"{column}","type":"text","content":"name","storage":"cell","class":["personal"],"bind":"row",
        "mask":{{"kind":"name","class":"internal"}},
        "indexes":[{{"label":"exact","kind":"exact","normaliser":"nfkc_fold/1","bits":15}}]}},
        {{"table":"{table}","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
        "domain":"phones","padding":{{"block":16}}}}]}}"#
    );
    Policy::from_json(json.as_bytes()).unwrap()
}

#[test]
fn columns_are_as_wide_as_the_longest_cell() {
    let policy = policy("member", "name");
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(policy.clone()).unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    let (name, phone) = (tenant.field("member.name").unwrap(), tenant.field("member.phone").unwrap());
    for len in [1, 40, 900, 2_000] {
        for is_text in [false, true] {
            let mut ddl = Ddl::new(&policy, Dialect::MySql)
                .value_len("member.name", len)
                .value_len("member.phone", len);
            if is_text {
                ddl = ddl.text_form();
            }
            let sql = ddl.create_tables().unwrap().join(";");
            for (column, field) in [("name", &name), ("phone", &phone)] {
                let width = if is_text { field.text_len(len) } else { field.sealed_len(len) }.unwrap();
                let expected = match (width <= 1_024, is_text) {
                    (true, false) => format!("`{column}` VARBINARY({width})"),
                    (true, true) => {
                        format!("`{column}` VARCHAR({width}) CHARACTER SET ascii COLLATE ascii_bin")
                    }
                    (false, false) => format!("`{column}` LONGBLOB"),
                    (false, true) => format!("`{column}` LONGTEXT CHARACTER SET ascii COLLATE ascii_bin"),
                };
                assert!(sql.contains(&expected), "{expected}: {sql}");
            }
        }
    }
}

#[test]
fn what_no_database_would_take_is_refused() {
    let long = "x".repeat(63);
    let fits = policy(&long, &"y".repeat(63 - "__ix_exact".len()));
    for dialect in [Dialect::MySql, Dialect::PostgreSql, Dialect::Sqlite] {
        let ddl = Ddl::new(&fits, dialect);
        let mark = if dialect == Dialect::MySql { '`' } else { '"' };
        let sql = ddl.create_tables().unwrap().join(";").replace("COLLATE \"C\"", "");
        let names: Vec<&str> = sql.split(mark).skip(1).step_by(2).collect();
        assert!(names.len() > 10 && names.iter().all(|name| name.len() <= 63), "{names:?}");
        let too_long = policy("t", &"y".repeat(63 - "__ix_exact".len() + 1));
        assert_eq!(Ddl::new(&too_long, dialect).create_tables().err(), Some(Error::TooLong));
        let absent = ddl.clone().value_len("t.absent", 1);
        assert_eq!(absent.create_tables().err(), Some(Error::UnknownField));
        assert_eq!(absent.add_field("t.absent").err(), Some(Error::UnknownField));
        assert_eq!(ddl.add_field("t.absent").err(), Some(Error::UnknownField));
        let label = format!("{long}.phone");
        let none = Ddl::new(&fits, dialect).value_len(&label, usize::MAX).create_tables();
        assert_eq!(none.err(), Some(Error::TooLong), "no cell is that long");
    }
}

#[test]
fn a_field_of_its_own_is_added_to_a_table_that_is_there() {
    let policy = policy("member", "name");
    let sql = Ddl::new(&policy, Dialect::PostgreSql).add_field("member.name").unwrap();
    assert_eq!(
        sql,
        [
            r#"ALTER TABLE "member" ADD COLUMN "name" BYTEA"#,
            r#"ALTER TABLE "member" ADD COLUMN "name__mask" BYTEA"#,
            r#"ALTER TABLE "member" ADD COLUMN "name__ix_exact" BIGINT"#,
            r#"CREATE INDEX "tenantseal_member.name.exact" ON "member" ("tenant", "name__ix_exact")"#,
        ]
    );
}

#[test]
fn a_name_that_is_taken_is_refused() {
    let field = |table: &str, column: &str, more: &str| {
        format!(
            r#"{{"table":"{table}","column":"{column}","type":"text","content":"name","storage":"cell","class":["personal"],
                "bind":"row"{more}}}"#
        )
    };
    let mask = r#","mask":{"kind":"name","class":"internal"}"#;
    let index = r#","indexes":[{"label":"x","kind":"exact","normaliser":"none/1","bits":8}]"#;
    let tenant = |fields: &[String]| {
        let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
        Policy::from_json(json.as_bytes()).unwrap()
    };
    for (position, fields) in [
        (0, vec![field("t", "id", "")]),
        (0, vec![field("t", "tenant", "")]),
        (0, vec![field("sqlite_t", "a", "")]),
        (0, vec![field("tenantseal_unique", "a", "")]),
        (1, vec![field("t", "a", mask), field("t", "a__mask", "")]),
        (1, vec![field("t", "a__mask", ""), field("t", "a", mask)]),
        (1, vec![field("t", "a", index), field("t", "a__ix_x", "")]),
    ] {
        let policy = tenant(&fields);
        let broken = Error::Policy { field: Some(position), rule: PolicyRule::Duplicate };
        assert_eq!(Ddl::new(&policy, Dialect::Sqlite).create_tables().err(), Some(broken), "{fields:?}");
        let label = policy.fields()[0].label();
        assert_eq!(Ddl::new(&policy, Dialect::Sqlite).add_field(&label).err(), Some(broken));
    }
    let apart = tenant(&[field("t", "a", mask), field("u", "a__mask", ""), field("t", "a__masks", index)]);
    assert!(Ddl::new(&apart, Dialect::Sqlite).create_tables().is_ok());
}
